"""``mensa bank pull``: fetch, pick up, keep, credit, and say what to do where that went wrong.

Somebody who types the PIN vouches for it; a timer does not. Whoever sits at the terminal is asked
what the bank asks; without a terminal, the office is.
"""

import argparse
import os
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from accounts.bank_vault import BankVault, Unopenable
from accounts.clock import Clock, SystemClock
from accounts.database import Database
from accounts.money import Money
from accounts.settings_bank import FintsSettings
from accounts.texts import Texts
from banking.asking import Asker
from banking.asking_office import Office
from banking.crediting import Credited, credit
from banking.fetch_troubles import LATER
from banking.fetched_files import incoming
from banking.fetching import Fetched
from banking.folder import PickedUp, pick_up
from banking.keeping import Kept, keep
from banking.pull import Pulled, pull
from kiosk import sentences_fetch as words
from kiosk.jobs.common import database_of, settings_of
from kiosk.jobs.words import spoken
from kiosk.office.answers import Refused, ask_hidden, read_file, unreadable
from kiosk.office.asking_terminal import Terminal
from kiosk.office.bank_faults import DecisionFault
from kiosk.office.bank_pull_words import answer
from kiosk.office.bank_words import open_vault, refuse
from kiosk.office.desk import tell
from kiosk.office.signing_in import secret_from

AGAIN = 75
CREDENTIAL = "bank-pin"


@dataclass(slots=True)
class Books:
    """What became of what came in."""

    database: Database
    vault: BankVault
    cap: Money
    actor: str
    clock: Clock
    kept: tuple[Kept, ...] = ()
    credited: Credited | None = None

    def take(self, fetched: Fetched) -> None:
        """Keep what a fetch brought and credit it."""
        self.kept += keep(
            self.database, self.vault, incoming(fetched), actor=self.actor, clock=self.clock
        )
        self.credit()

    def credit(self) -> None:
        """Credit what is open; what an earlier run could not decide is asked about again."""
        self.credited = credit(
            self.database,
            self.vault,
            now=self.clock.now(),
            actor=self.actor,
            cap=self.cap,
        )


def fetch(asked: argparse.Namespace) -> int:
    """Do the job; returns the exit code."""
    speech, bank = spoken(), settings_of(asked).bank
    if bank is None or (bank.fints is None and bank.folder is None):
        return tell(Refused("nothing_set_up", (speech.say(words.NOTHING_SET),)), as_json=asked.json)
    lacking = open_vault(asked, speech)
    if lacking is not None:
        return tell(lacking, as_json=asked.json)
    given = None if bank.fints is None else _given_pin(asked, speech)
    if isinstance(given, Refused):
        return tell(given, as_json=asked.json)
    with closing(database_of(asked)) as database:
        books = Books(database, asked.vault, asked.cap, asked.actor, SystemClock())
        try:
            pulled = (
                None if bank.fints is None else _pulled(asked, bank.fints, given, books, speech)
            )
            picked = None if bank.folder is None else _picked_up(bank.folder, books, speech)
        except Unopenable:
            return tell(refuse(speech, DecisionFault.OTHER_SECRET), as_json=asked.json)
        except OSError as error:
            named = error.filename or (bank.fints.state if bank.fints else "")
            return tell(unreadable(Path(str(named)), error, speech), as_json=asked.json)
    if isinstance(picked, Refused):
        return tell(picked, as_json=asked.json)
    attended = sys.stdin.isatty()
    told = answer(pulled, picked, books.kept, books.credited, speech, attended=attended)
    code = tell(told, as_json=asked.json)
    failure = None if pulled is None else pulled.failure
    return AGAIN if failure is not None and failure.trouble in LATER else code


def _pulled(
    asked: argparse.Namespace, fints: FintsSettings, given: str | None, books: Books, speech: Texts
) -> Pulled:
    sits = sys.stdin.isatty()

    def pin() -> str | None:
        return given or (_typed_pin(fints, speech) if sits else None)

    ask: Asker = Terminal(speech)
    if not sits:
        ask = Office(books.database, books.vault, fints.access, books.clock)
    return pull(
        books.database,
        books.vault,
        fints,
        pin=pin,
        vouched=asked.new_pin or (sits and given is None),
        ask=ask,
        take=books.take,
        clock=books.clock,
        actor=books.actor,
    )


def _picked_up(folder: Path, books: Books, speech: Texts) -> tuple[Path, PickedUp] | Refused:
    try:
        picked = pick_up(books.database, books.vault, folder, actor=books.actor, clock=books.clock)
    except OSError as error:
        return unreadable(folder, error, speech)
    books.kept += picked.kept
    books.credit()
    return folder, picked


def _given_pin(asked: argparse.Namespace, speech: Texts) -> str | Refused | None:
    """The PIN of an open file or of systemd's credential; None where there is neither."""
    if asked.pin_fd is not None:
        return secret_from(None, asked.pin_fd, speech)
    path = Path(os.environ.get("CREDENTIALS_DIRECTORY", "")) / CREDENTIAL
    if "CREDENTIALS_DIRECTORY" not in os.environ or not path.is_file():
        return None
    # systemd guards the folder; the file's own mode is what its access list makes of it.
    content = read_file(path, speech)
    return content.decode("utf-8", "replace").strip() if isinstance(content, bytes) else content


def _typed_pin(fints: FintsSettings, speech: Texts) -> str | None:
    prompt = speech.say(words.ASK_PIN, user=fints.user, blz=fints.blz)
    return ask_hidden(prompt).strip() or None
