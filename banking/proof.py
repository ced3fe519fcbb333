"""Whether lines lead from one balance to the other, and how to say so in numbers."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from accounts.money import Money, total
from banking.lines import Balance, BankLine

_EARLIEST, _LATEST = 1990, 2099


def closes(opening: Balance, lines: Iterable[BankLine], closing: Balance) -> bool:
    """Whether opening and lines make the closing balance, to the cent."""
    return opening.amount + total(line.amount for line in lines) == closing.amount


def later_apart(
    opening: Balance, lines: Sequence[BankLine], closing: Balance
) -> tuple[list[BankLine], list[BankLine]] | None:
    """The lines up to the closing day, and those behind it as announced, where the first close.

    Some banks call a line booked that is dated ahead, and count it only on its day.
    """
    day = closing.day
    if day is None:
        return None
    now = [line for line in lines if line.day <= day]
    if len(now) == len(lines) or not closes(opening, now, closing):
        return None
    return now, [replace(line, pending=True) for line in lines if line.day > day]


def in_numbers(opening: Balance, moved: Money, closing: Balance) -> str:
    """What the statement says and what it should: "100,00 - 34,00 = 66,00 ≠ 65,00 (1,00)"."""
    reached = opening.amount + moved
    sign = "-" if moved.cents < 0 else "+"
    size = Money(abs(moved.cents))
    gap = euros(closing.amount - reached)
    return (
        f"{euros(opening.amount)} {sign} {euros(size)} = {euros(reached)}"
        f" ≠ {euros(closing.amount)} ({gap})"
    )


def euros(amount: Money) -> str:
    """An amount as statements print it, "-1234,50"."""
    return str(amount).replace(".", ",")


def real_day(year: int, month: int, day: int) -> date | None:
    """The day, or None where the calendar or a bank of this century has none such."""
    if not _EARLIEST <= year <= _LATEST:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def bare_account(text: str) -> str:
    """An account's number without its blanks, in capitals."""
    return re.sub(r"\s+", "", text).upper()


_NONE = frozenset(
    {"", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "NONE", "KREF+", "STARTUMS", "NULL"}
)


def given(reference: str) -> str:
    """A reference, or "" where the bank wrote one of its words for "none"."""
    return "" if reference.strip(" /+-.0").upper() in _NONE else reference


def folded(lines: list[BankLine]) -> tuple[tuple[BankLine, ...], tuple[BankLine, ...]]:
    """Lines that move money, and lines of 0.00.

    Some banks carry a purpose that is too long on in a line of 0.00 behind its own, with the same
    code and day: its words belong to the line before it.
    """
    moving: list[BankLine] = []
    notes: list[BankLine] = []
    before: BankLine | None = None
    for line in lines:
        if line.amount:
            moving.append(line)
        else:
            notes.append(line)
            if before is not None and line.text.purpose and _carries_on(before, line):
                text = replace(
                    moving[-1].text, purpose=moving[-1].text.purpose + "\n" + line.text.purpose
                )
                moving[-1] = replace(moving[-1], text=text)
                continue
        before = line if line.amount else None
    return tuple(moving), tuple(notes)


def _carries_on(before: BankLine, line: BankLine) -> bool:
    return bool(line.gvc) and (before.gvc, before.day) == (line.gvc, line.day)
