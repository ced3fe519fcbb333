"""One message of MT940, field by field: its balances, its bookings with their words."""

import re
from dataclasses import dataclass
from datetime import date

from banking.gvc import is_return_code
from banking.lines import (
    Balance,
    BankLine,
    BankStatement,
    Family,
    Nature,
    Trouble,
    Unreadable,
)
from banking.mt940_booking import Booking, read_amount, read_balance_day, read_booking
from banking.mt940_tags import Field
from banking.mt940_text import read_text
from banking.proof import folded

CLOSINGS = frozenset({"62", "62F", "62M"})
OPENINGS = frozenset({"60", "60F", "60M"})

_BALANCE = re.compile(r"(?P<mark>[CD])(?P<day>\d{6})(?P<currency>[A-Z]{3})(?P<amount>[\d,]+)")
_INTERIM = frozenset({"13", "13D", "34F", "90C", "90D"})


@dataclass(slots=True)
class Message:
    """The fields of a message, its account without blanks, and where it ends.

    ``behind`` is the number of the first line that is not of it; ``as_text`` are the numbers of
    lines that look like a field and were found to be a payer's text.
    """

    fields: list[Field]
    account: str
    behind: int
    as_text: frozenset[int]

    def has(self, tags: frozenset[str]) -> bool:
        """Whether any of these tags stands in it."""
        return any(field.tag in tags for field in self.fields)


@dataclass(frozen=True, slots=True)
class Booked:
    """A ``:61:``, what it says, and the lines of its ``:86:``."""

    field: Field
    booking: Booking
    words: list[str]


def read_message(message: Message, no: int) -> tuple[BankStatement, list[Booked]] | Unreadable:
    """The statement as it stands there, not proved, with its bookings in order."""
    balances: dict[str, tuple[Balance, str]] = {}
    booked: list[Booked] = []
    before = ""
    for field in message.fields:
        here = _place(field)
        if field.tag in OPENINGS | CLOSINGS:
            role = "opening" if field.tag in OPENINGS else "closing"
            balance = _balance(field, role)
            if isinstance(balance, Trouble) or role in balances:
                trouble = balance if isinstance(balance, Trouble) else Trouble.BROKEN_MT940
                return Unreadable(trouble, here, no)
            balances[role] = balance
        elif field.tag == "61":
            booking = read_booking(field.text)
            if isinstance(booking, Trouble):
                return Unreadable(booking, here, no)
            booked.append(Booked(field, booking, []))
        elif field.tag == "86" and before == "61":
            booked[-1].words.extend(field.lines)
        before = field.tag
    currencies = {currency for _, currency in balances.values()}
    if currencies - {"EUR"}:
        return Unreadable(Trouble.OTHER_CURRENCY, "/".join(sorted(currencies)), no)
    if not message.account:
        return Unreadable(Trouble.NO_ACCOUNT, no=no)
    return _built(message, no, balances, booked), booked


def _place(field: Field) -> str:
    """Tag, number of the line, and the days in it: nothing a payer wrote."""
    days = re.match(r"[CD]?(\d{6}(?:\d{4})?)", field.lines[0], re.ASCII)
    return f":{field.tag}: ({field.number})" + (f" {days[1]}" if days else "")


def _balance(field: Field, role: str) -> tuple[Balance, str] | Trouble:
    found = _BALANCE.fullmatch(field.text.upper())
    if found is None or not field.text.isascii():
        return Trouble.BROKEN_MT940
    amount = read_amount(found["amount"])
    if amount is None:
        return Trouble.NO_AMOUNT
    day = read_balance_day(found["day"])
    if day is None:
        return Trouble.IMPOSSIBLE_DATE
    kind = "interim" if field.tag.endswith("M") else role
    return Balance(day, -amount if found["mark"] == "D" else amount, kind), found["currency"]


def _built(
    message: Message,
    no: int,
    balances: dict[str, tuple[Balance, str]],
    booked: list[Booked],
) -> BankStatement:
    opening = balances["opening"][0] if "opening" in balances else None
    closing = balances["closing"][0] if "closing" in balances else None
    announced = not balances and message.has(_INTERIM)
    last = closing.day if closing else None
    read = [_line(one, place, last, pending=announced) for place, one in enumerate(booked)]
    lines, notes = folded([] if announced else read)
    days = [line.day for line in lines]
    number = next((f.text for f in message.fields if f.tag in {"28", "28C"}), "")
    return BankStatement(
        family=Family.MT940,
        version="mt942" if announced else "mt940",
        no=no,
        iban=message.account,
        currency="EUR",
        number=number,
        first_day=min(days, default=last),
        last_day=max([*days, *([last] if last else [])], default=None),
        opening=opening,
        closing=closing,
        lines=lines,
        pending=tuple(read) if announced else (),
        notes=notes,
    )


def _line(booked: Booked, place: int, last: date | None, *, pending: bool) -> BankLine:
    booking = booked.booking
    said = read_text(booked.words, booking.more)
    gvc = said.gvc or (booking.code if re.fullmatch(r"1\d\d", booking.code, re.ASCII) else "")
    returned = booking.reversal or is_return_code(gvc)
    day = booking.day or min(booking.value_day, last or booking.value_day)
    return BankLine(
        day=day,
        value_day=booking.value_day,
        amount=booking.amount,
        nature=Nature.RETURN if returned else Nature.PAYMENT,
        text=said.text,
        bank_ids=booking.bank_ids,
        gvc=gvc,
        return_reason=said.extension if returned else "",
        place=place,
        pending=pending,
    )
