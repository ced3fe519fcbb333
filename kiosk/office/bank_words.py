"""What the jobs about the bank share: the keys to a bank's words, and how a line is told.

Words of a payer are shown to the office and to nobody else; whoever calls ``told_line`` writes
the look down first. Amounts in JSON are euro as text ("-3.50"), days are ISO 8601.
"""

import argparse
import enum
from collections.abc import Iterator

from accounts.bank_text import LineText
from accounts.bank_vault import BankVault
from accounts.money import Money
from accounts.settings import SettingsError
from accounts.settings_bank import BankSettings
from accounts.texts import Texts
from banking.lines import plain
from kiosk.compose import read_pepper
from kiosk.jobs.common import settings_of
from kiosk.office.answers import Refused
from kiosk.sentences_bank import BANK


def open_vault(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """Read the city's secret before the ledger is opened.

    The vault is left in ``asked.vault``, the amount above which is asked in ``asked.cap``.
    """
    settings = settings_of(asked)
    asked.cap = Money((settings.bank or BankSettings()).cap_cents)
    try:
        asked.vault = BankVault(read_pepper(settings.pepper_file))
    except SettingsError as error:
        lacking = speech.say("What a bank says is sealed under the city's secret: {why}", why=error)
        how = speech.say(
            "It is the secret that card numbers are kept under, too (docs/office.md); "
            'in the settings: pepper_file = "FILE"'
        )
        return Refused("no_pepper", (lacking, how))
    return None


def refuse(speech: Texts, reason: enum.Enum, /, **values: object) -> Refused:
    """The refusal with this reason's sentence."""
    return Refused(str(reason.value), (speech.say(BANK[reason], **values),))


def in_fours(iban: str) -> str:
    """An IBAN as it is printed, in groups of four."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def said_reason(speech: Texts, reason: str | None, detail: str, *kinds: type[enum.Enum]) -> str:
    """The sentence of a reason of these kinds that the ledger keeps by its word, with its details.

    A word that this software does not know (any more) stands for itself.
    """
    known = (said for why, said in BANK.items() if isinstance(why, kinds) and why.value == reason)
    sentence = next(known, None)
    if sentence is not None and "{detail}" in sentence:
        return speech.say(sentence, detail=detail)
    said = speech.say(sentence) if sentence is not None else reason or ""
    return f"{said} [{detail}]" if detail else said


def words_of(speech: Texts, text: LineText | None) -> Iterator[str]:
    """What a payer wrote, one line a sort of thing; where it was erased, that it was."""
    if text is None:
        yield speech.say("(what the bank said of it was erased)")
        return
    said = " ".join(f"{plain(text.purpose)} {text.structured}".split()) or text.additional
    yield said or speech.say("(no text)")
