"""What makes a bank line the same line when it is told again.

- The bank's own number of a line, where it gives one, with day, amount and part: numbers repeat.
  Else day, value day, amount, and the other side's account, name and purpose reduced to their
  letters A to Z and digits, for blanks, breaks and accents change from one telling to the next.
- Lines that are equal in that are told apart by counting: the second of three twins of one day
  is the second in every telling of that day.
- Nothing of it is kept in clear: what comes out are keyed hashes (``accounts.bank_vault``).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from accounts.bank_text import LineText
from accounts.bank_vault import BankVault
from banking.lines import BankLine

_OTHER = re.compile(r"[^A-Z0-9]+")
_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NONREF"})


@dataclass(frozen=True, slots=True)
class Seen:
    """A booked line as it was told, and by what it is known again.

    ``alike`` is the same for twins, ``payer`` is none where the bank names no account.
    """

    line: BankLine
    alike: bytes
    payer: bytes | None
    end_to_end: bytes | None
    text_digest: bytes


def see(vault: BankVault, lines: Iterable[BankLine]) -> Iterator[Seen]:
    """The lines with what they are known again by, in their order."""
    for line in lines:
        told = _folded(line.text)
        reference = line.text.end_to_end.strip()
        yield Seen(
            line,
            _alike(vault, line, told),
            vault.blind_iban(line.text.iban) if line.text.iban else None,
            None if fold(reference) in _NO_REFERENCE else vault.blind_end_to_end(reference),
            vault.text_digest(told),
        )


def identity(vault: BankVault, alike: bytes, count: int) -> bytes:
    """The identity of the ``count``-th (from 1) of a day's lines that are alike, 32 bytes."""
    return vault.identity(alike.hex(), count)


def fold(words: str) -> str:
    """What is left of words when blanks, marks, accents and small letters are taken away."""
    if not words.isascii():
        words = unicodedata.normalize("NFKD", words)
    return _OTHER.sub("", words.upper())


def _alike(vault: BankVault, line: BankLine, told: LineText) -> bytes:
    day, cents = line.day.isoformat(), line.amount.cents
    if line.bank_ids:
        return vault.identity("number", line.bank_ids[0], day, cents, line.part)
    valued = line.value_day.isoformat()
    return vault.identity("words", day, valued, cents, told.iban, told.name, told.purpose)


def _folded(told: LineText) -> LineText:
    # What the bank adds of its own is no part of it: it is worded anew with every release.
    return LineText(
        name=fold(told.name),
        iban=fold(told.iban),
        purpose=fold(told.purpose),
        end_to_end=fold(told.end_to_end),
        structured=fold(told.structured),
    )
