"""The bank's books: accounts with dated bookings, and what they come to on a day.

A balance is never kept, only summed: the opening amount plus every booked line up to the day. So
the balances the bank states agree with its lines, except where it was told to lie.
All amounts are whole cents, plus is money coming in; days are the bank's.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """One payment within a batch booking."""

    cents: int
    name: str = ""
    iban: str = ""
    purpose: str = ""
    end_to_end: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """One line of an account, as the bank shows it today."""

    id: int
    day: dt.date
    cents: int
    purpose: str = ""
    name: str = ""
    """The other side's."""
    iban: str = ""
    bic: str = ""
    value_day: dt.date | None = None
    """None where it is the booking day."""
    end_to_end: str = ""
    mandate: str = ""
    creditor: str = ""
    structured: str = ""
    """An ISO 11649 reference in its own field (camt only)."""
    gvc: str = "166"
    """The business code of German banks: 166 a transfer, 168 an instant one, 159 a return."""
    text: str = "GUTSCHR. UEBERWEISUNG"
    bank_id: str = ""
    """The bank's own reference of the line; "" where this bank gives none."""
    reversal: bool = False
    """Written as RC or RD in MT940 and with RvslInd in camt; the sign of cents is the truth."""
    return_reason: str = ""
    pending: bool = False
    parts: tuple[Part, ...] = ()
    """Of a batch; their sum is cents."""


@dataclass(slots=True)
class Account:
    """An account of one user, its name and everything booked on it."""

    number: str
    iban: str
    holder: str = "Schulamt Musterstadt"
    opening: int = 100_000
    """Cents before the first booking."""
    bookings: list[Booking] = field(default_factory=list)

    def booked(self, first: dt.date, last: dt.date) -> list[Booking]:
        """The booked lines of these days, in the order of the days, then of their coming."""
        return sorted(
            (line for line in self.bookings if not line.pending and first <= line.day <= last),
            key=lambda line: (line.day, line.id),
        )

    def pending(self) -> list[Booking]:
        """The lines that are announced and not booked."""
        return sorted((line for line in self.bookings if line.pending), key=lambda line: line.id)

    def balance(self, day: dt.date) -> int:
        """Cents at the end of the day."""
        lines = self.bookings
        return self.opening + sum(x.cents for x in lines if not x.pending and x.day <= day)

    def balances(self) -> dict[dt.date, int]:
        """Cents at the end of every day that has a booked line."""
        days = sorted({line.day for line in self.bookings if not line.pending})
        return {day: self.balance(day) for day in days}

    def change(self, booking: int, values: Mapping[str, Any]) -> Booking:
        """Put other values in a line. Raises KeyError for an unknown line."""
        place = self._place(booking)
        self.bookings[place] = read_booking({**booking_values(self.bookings[place]), **values})
        return self.bookings[place]

    def remove(self, booking: int) -> None:
        """Let a line vanish, as banks do with pending ones. Raises KeyError if there is none."""
        del self.bookings[self._place(booking)]

    def _place(self, booking: int) -> int:
        for place, line in enumerate(self.bookings):
            if line.id == booking:
                return place
        raise KeyError(booking)


def read_account(values: Mapping[str, Any]) -> Account:
    """An account from JSON's values. Raises TypeError or ValueError for anything else."""
    lines = [read_booking(line) for line in values.get("bookings", ())]
    known = {key: value for key, value in values.items() if key != "bookings"}
    return Account(**known, bookings=lines)


def account_values(account: Account) -> dict[str, Any]:
    """What read_account takes."""
    values = {f.name: getattr(account, f.name) for f in fields(account) if f.name != "bookings"}
    return {**values, "bookings": [booking_values(line) for line in account.bookings]}


def read_booking(values: Mapping[str, Any]) -> Booking:
    """A line from JSON's values: days as YYYY-MM-DD, parts as objects."""
    days = {
        key: dt.date.fromisoformat(values[key]) for key in ("day", "value_day") if values.get(key)
    }
    parts = tuple(Part(**part) for part in values.get("parts", ()))
    made = Booking(**{**values, **days, "parts": parts})
    if type(made.cents) is not int or made.cents == 0:
        raise ValueError("a line has whole cents, and not none")
    if parts and sum(part.cents for part in parts) != made.cents:
        raise ValueError("a batch's parts come to its amount")
    return made


def booking_values(booking: Booking) -> dict[str, Any]:
    """What read_booking takes."""
    values = asdict(booking)
    values["day"] = booking.day.isoformat()
    values["value_day"] = booking.value_day.isoformat() if booking.value_day else None
    return values


@dataclass(frozen=True, slots=True)
class Sheet:
    """A run of booked lines between two balances: what a statement is written from.

    ``whole_start`` and ``whole_end`` say whether the run begins and ends with a day; a page of a
    longer answer may cut a day. ``first`` and ``last`` are its days, also where no line is.
    """

    account: Account
    lines: tuple[Booking, ...]
    first: dt.date
    last: dt.date
    opening: int
    closing: int
    whole_start: bool = True
    whole_end: bool = True
    number: int = 1
    pending: tuple[Booking, ...] = ()


def sheets(
    account: Account,
    lines: list[Booking],
    start: int,
    end: int,
    *,
    per_day: bool,
) -> list[Sheet]:
    """The lines from start to end (excluded) of the list, as one sheet or one for each day."""
    opening = account.balance(lines[0].day - dt.timedelta(days=1))
    opening += sum(line.cents for line in lines[:start])
    made: list[Sheet] = []
    for first, last in _runs(lines, start, end, per_day=per_day):
        run = lines[first:last]
        closing = opening + sum(line.cents for line in run)
        made.append(
            Sheet(
                account,
                tuple(run),
                run[0].day,
                run[-1].day,
                opening,
                closing,
                whole_start=first == 0 or lines[first - 1].day != run[0].day,
                whole_end=last == len(lines) or lines[last].day != run[-1].day,
                number=run[0].day.timetuple().tm_yday,
            )
        )
        opening = closing
    return made


def lie(sheet: Sheet, cents: int) -> Sheet:
    """The sheet with a closing balance that is wrong by so many cents."""
    return replace(sheet, closing=sheet.closing + cents)


def _runs(
    lines: list[Booking], start: int, end: int, *, per_day: bool
) -> Iterable[tuple[int, int]]:
    first = start
    for place in range(start + 1, end + 1):
        if place == end or (per_day and lines[place].day != lines[first].day):
            yield first, place
            first = place
