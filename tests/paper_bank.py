"""A bank on paper: its truth day by day, and whatever it may tell of it, in a format of our own.

What a reader makes of real formats is tested elsewhere; here statements come as JSON, so that a
test says what was told and nothing else.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from accounts.bank_text import LineText
from accounts.money import ZERO, Money, total
from banking.lines import (
    Balance,
    BankLine,
    BankStatement,
    Family,
    Nature,
    Trouble,
    Unreadable,
)

IBAN = "DE02120300000000202051"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Booked:
    """A line as the bank has it. Equal ones are twins."""

    cents: int
    text: str = "Essen"
    payer: str = "DE75512108001245126199"
    number: str = ""  # the bank's own


@dataclass(slots=True)
class PaperBank:
    """The truth: what was booked on each day, from ``first`` on, after ``opening``."""

    first: date
    opening: Money = ZERO
    days: dict[date, list[Booked]] = field(default_factory=dict)
    iban: str = IBAN

    def closing(self, day: date) -> Money:
        """The balance at the end of a day."""
        booked = (one for at, some in self.days.items() if at <= day for one in some)
        return self.opening + total(Money(one.cents) for one in booked)

    def tell(
        self,
        first: date,
        last: date,
        *,
        family: Family = Family.CAMT,
        skip: int = 0,
        upto: int | None = None,
        balances: str = "both",
        interim: bool = False,
    ) -> dict[str, object]:
        """A statement of these days, from the first one's ``skip``-th line to the last's ``upto``-th."""
        lines = [
            (day, one, place)
            for day in sorted(self.days)
            if first <= day <= last
            for place, one in enumerate(self.days[day])
            if (day != first or place >= skip) and (day != last or upto is None or place < upto)
        ]
        opening = self.closing(first - DAY) + total(
            Money(one.cents) for one in self.days.get(first, ())[:skip]
        )
        closing = opening + total(Money(one.cents) for _, one, _ in lines)
        told: dict[str, object] = {
            "family": family.value,
            "iban": self.iban,
            "first": first.isoformat(),
            "last": last.isoformat(),
            "kind": "interim" if interim else "closing",
            "lines": [
                [day.isoformat(), one.cents, told_text(one, family), one.payer, one.number]
                for day, one, _ in lines
            ],
        }
        if balances in {"both", "opening"}:
            told["opening"] = opening.cents
        if balances in {"both", "closing"}:
            told["closing"] = closing.cents
        return told


def told_text(one: Booked, family: Family) -> str:
    """The same words in each family's own way."""
    return one.text if family is Family.CAMT else f"SVWZ+{one.text.upper()}"


def paper(*statements: dict[str, object], salt: int = 0) -> bytes:
    """Statements as a file; another ``salt`` makes other bytes of the same."""
    return json.dumps([salt, *statements]).encode()


def read_paper(raw: bytes) -> Sequence[BankStatement | Unreadable]:
    """What ``paper`` wrote; a statement that does not close is unreadable, as in every reader."""
    _, *told = json.loads(raw)
    return tuple(_read(one, no) for no, one in enumerate(told, start=1))


def _read(told: dict[str, Any], no: int) -> BankStatement | Unreadable:
    lines = tuple(
        BankLine(
            date.fromisoformat(day),
            date.fromisoformat(day),
            Money(cents),
            Nature.PAYMENT,
            LineText(iban=payer, purpose=text),
            bank_ids=(number,) if number else (),
            place=place,
        )
        for place, (day, cents, text, payer, number) in enumerate(told["lines"])
    )
    first, last = date.fromisoformat(told["first"]), date.fromisoformat(told["last"])
    opening = _balance(first - DAY, told.get("opening"), "opening")
    closing = _balance(last, told.get("closing"), told["kind"])
    if opening and closing:
        moved = total(line.amount for line in lines)
        if opening.amount + moved != closing.amount:
            return Unreadable(Trouble.DOES_NOT_CLOSE, no=no)
    return BankStatement(
        family=Family(told["family"]),
        version="paper",
        no=no,
        iban=told["iban"],
        currency="EUR",
        number=str(no),
        first_day=first,
        last_day=last,
        opening=opening,
        closing=closing,
        lines=lines,
    )


def _balance(day: date, cents: object, kind: str) -> Balance | None:
    return Balance(day, Money(cents), kind) if isinstance(cents, int) else None
