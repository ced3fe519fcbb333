"""What the office's words at the command line mean: days, amounts, prices, decisions.

Each reader takes one word and raises ArgumentTypeError for one that could mean two things; the
command then says so and ends with 2, before anything was opened.
"""

import argparse
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from accounts.charge import PersonKind, Price
from accounts.money import Money, read_money
from accounts.roster import read_date
from accounts.texts import Language, Texts, mark, texts

PROOFS = ("aes", "uid")
ON_OFF = {"on": True, "off": False, "an": True, "aus": False}
_LONGEST_SPAN = 1000
_DIGITS = 12
_DESCRIPTORS = 1_000_000
MOST = Money(999_999_999)
"""The highest amount that is taken from a person's hand or a list: 9 999 999,99 euro."""
KINDS = tuple(kind.value for kind in PersonKind)

Job = Callable[[argparse.Namespace], int]
OWN = "own"
"""No act of the matrix: what everybody who is signed in may do, for themselves."""
EVERY, ANY, SCHOOL = "*", "?", "school"
"""Where a right has to be for: all schools, whichever school, the one named by --school."""


def spoken() -> Texts:
    """The language the office is spoken to: German, or what MENSA_LANGUAGE says (de, en)."""
    wanted = os.environ.get("MENSA_LANGUAGE", "de")
    return texts(Language.ENGLISH if wanted == "en" else Language.GERMAN)


@dataclass(frozen=True, slots=True)
class Need:
    """The right a job needs: an act of ``accounts.rights``, and where it is done.

    ``about`` is EVERY, ANY, the word of the command line that holds the school's number, or
    "module:function" in ``kiosk.office`` for a job whose school only the ledger knows.
    """

    act: str
    about: str


def at_desk(
    deed: str,
    *,
    first: str | None,
    reads: bool,
    act: str,
    about: str = SCHOOL,
) -> Job:
    """The job that does one deed of the office: "module:function" in ``kiosk.office``.

    ``first`` names what is asked or read before the ledger is locked, so that no till waits for
    a person who types. The modules are imported only when the job is run.
    """
    need = Need(act, about)

    def job(asked: argparse.Namespace) -> int:
        from kiosk.office.desk import carry_out  # noqa: PLC0415  # it opens the ledger

        return carry_out(asked, deed=deed, first=first, reads=reads, need=need)

    job.deeds = (deed, first)  # type: ignore[attr-defined]  # for the test that finds them all
    job.need = need  # type: ignore[attr-defined]  # as above
    return job


def by_right(job: Job, *, act: str, unattended: bool = False) -> Job:
    """A job that does not sit at the desk, and yet needs a right for all schools.

    Who acts is left in ``asked.actor``. What is ``unattended`` is run by a timer, where nobody
    can type a password: whoever may open the ledger may run it, as it books nothing and shows
    nobody's data.
    """

    def allowed(asked: argparse.Namespace) -> int:
        from kiosk.office.entitled import actor_or_exit  # noqa: PLC0415  # it opens the ledger

        asked.actor = "system"
        if not unattended:
            told = actor_or_exit(asked, Need(act, EVERY))
            if isinstance(told, int):
                return told
            asked.actor = told
        return job(asked)

    allowed.need = Need(act, EVERY)  # type: ignore[attr-defined]  # for the test that finds them all
    return allowed


def job_of(
    parsers: "argparse._SubParsersAction[Any]",
    name: str,
    summary: str,
    deed: str,
    *,
    act: str,
    about: str = SCHOOL,
    first: str | None = None,
    reads: bool = False,
) -> argparse.ArgumentParser:
    """A job's own parser, which knows --json and takes "-15,00" for an amount.

    ``act`` is the right it needs (``accounts.rights.Act``), or OWN for what everybody signed in
    may do; ``about`` is where, by default the school named by --school.
    """
    parser: argparse.ArgumentParser = parsers.add_parser(name, help=summary, description=summary)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    add_user_words(parser)
    parser.set_defaults(job=at_desk(deed, first=first, reads=reads, act=act, about=about))
    # argparse takes "-15" for a number and "-15,00" for an unknown option; the pattern has been
    # this private attribute since Python 2.3.
    parser._negative_number_matcher = re.compile(r"-\d[\d.,]*$")  # noqa: SLF001
    return parser


def add_user_words(parser: argparse.ArgumentParser) -> None:
    """Who acts, where nobody is signed in."""
    who = parser.add_argument_group("who acts (mensa sign-in spares it)")
    who.add_argument("--user", metavar="NAME", help="else MENSA_USER, else the system's user")
    how = who.add_mutually_exclusive_group()
    how.add_argument(
        "--password-file", type=Path, metavar="FILE", help="readable by its owner alone"
    )
    how.add_argument("--password-fd", type=descriptor, metavar="N", help="an open file's number")


def add_school_word(parser: argparse.ArgumentParser) -> None:
    """The school a job is about."""
    parser.add_argument("--school", required=True, metavar="NNNNNN", help="its official number")


def day(word: str) -> date:
    """A day: 31.12.2026 or 2026-12-31."""
    found = read_date(word.strip())
    if found is None:
        raise _unclear(mark("{word} is no day; write 31.12.2026 or 2026-12-31"), word)
    return found


def amount(word: str) -> Money:
    """An amount as it is written in German: 3,90 or -15,00; at most ``MOST``."""
    found = read_bounded(word)
    if found is None:
        raise _unclear(mark("{word} is no amount; write 3,90 or 1.234,50"), word)
    return found


def read_bounded(text: str) -> Money | None:
    """The amount; None for what is none or lies beyond ``MOST``."""
    found = read_money(text)
    return found if found is not None and -MOST <= found <= MOST else None


def is_number(word: str) -> bool:
    """Whether it is a number of the ledger's: digits and not too many of them."""
    return word.isascii() and word.isdigit() and len(word) <= _DIGITS


def number(word: str) -> int:
    """A number of the ledger's: a line's, a request's, a refund's."""
    if not is_number(word):
        raise _unclear(mark("{word} is no number"), word)
    return int(word)


def descriptor(word: str) -> int:
    """An open file's number."""
    found = number(word)
    if found > _DESCRIPTORS:
        raise _unclear(mark("{word} is no number"), word)
    return found


def year(word: str) -> int:
    """A year of four digits that a calendar has, with the next one: 2026."""
    if not (is_number(word) and 1900 <= int(word) < 2200):
        raise _unclear(mark("{word} is no year"), word)
    return int(word)


def read_price(text: str) -> Price | None:
    """A price: "4,20" or, with what the parents pay of it, "4,20/1,00"; None for anything else."""
    whole, slash, part = text.partition("/")
    price, share = read_bounded(whole), read_bounded(part if slash else whole)
    return None if price is None or share is None else Price(price, share)


def tariff_price(word: str) -> tuple[str, Price]:
    """A price by tariff: V=4,20 or B=4,20/0,00."""
    code, equals, text = word.partition("=")
    price = read_price(text)
    if not (equals and code.strip()) or price is None:
        raise _unclear(mark("{word} is no price by tariff; write V=4,20 or B=4,20/0,00"), word)
    return code.strip(), price


def proofs(word: str) -> frozenset[str]:
    """Which cards a school accepts: aes, uid, or both with a comma."""
    found = frozenset(part.strip() for part in word.split(","))
    if not (found and found <= set(PROOFS)):
        raise _unclear(mark("{word} is no kind of card; write aes, uid or aes,uid"), word)
    return found


def on_off(word: str) -> bool:
    """A switch: on or off, an or aus."""
    if word not in ON_OFF:
        raise _unclear(mark("{word} is neither on nor off"), word)
    return ON_OFF[word]


def numbers(word: str) -> tuple[int, ...]:
    """A number or a span of them: 7 or 7-30, a thousand at most."""
    first, dash, last = word.partition("-")
    if all(map(is_number, (first, last) if dash else (first,))):
        span = range(int(first), int(last if dash else first) + 1)
        if 1 <= len(span) <= _LONGEST_SPAN:
            return tuple(span)
    raise _unclear(mark("{word} is no number; write 7 or 7-30"), word)


def shares(word: str) -> tuple[int, ...]:
    """Parts of a whole: 2:1."""
    parts = word.split(":")
    if all(is_number(part) and int(part) for part in parts):
        return tuple(map(int, parts))
    raise _unclear(mark("{word} are no shares; write 2:1"), word)


def decision(word: str) -> tuple[int, str]:
    """Whom an ambiguous line means: 7=4101, 7=@312 (the city's number), 7=new."""
    line, equals, who = word.partition("=")
    if not (equals and is_number(line) and who.strip()):
        raise _unclear(mark("{word} is no decision; write 7=4101, 7=@312 or 7=new"), word)
    return int(line), who.strip()


def _unclear(sentence: str, word: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(spoken().say(sentence, word=f"'{word}'"))
