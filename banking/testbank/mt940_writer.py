"""MT940 as German banks send it: SWIFT's tags, the DK's structured :86:, cut where they cut it.

Texts are cut into subfields of 27 characters, lines at 65, wherever that falls: within a word,
beside a blank, before a colon. (DK, Anlage 3 of the DFÜ-Abkommen, chapter 8.) Latin-1; damage is
what the bank was told to do.
"""

import datetime as dt
from collections.abc import Sequence

from banking.testbank.books import Account, Booking, Sheet

_SUBFIELDS = [*range(20, 30), *range(60, 64)]
_WIDTH = 27
_LINE = 65


def write_mt940(sheets: Sequence[Sheet], *, blz: str, utf8: bool = False) -> bytes:
    """The sheets one after the other; with ``utf8`` the umlauts as UTF-8, where Latin-1 is due."""
    lines: list[str] = []
    for sheet in sheets:
        opening = "60F" if sheet.whole_start else "60M"
        closing = "62F" if sheet.whole_end else "62M"
        lines += [
            "",
            ":20:STARTUMS",
            f":25:{blz}/{sheet.account.number}",
            f":28C:{sheet.number:05d}/{1 if sheet.whole_start else 2:03d}",
            f":{opening}:{_balance(sheet.opening, sheet.first)}",
        ]
        for booking in sheet.lines:
            lines += _entry(booking)
        lines += [f":{closing}:{_balance(sheet.closing, sheet.last)}", "-"]
    return ("\r\n".join([*lines, ""])).encode("utf-8" if utf8 else "iso-8859-1", "replace")


def write_pending(account: Account, lines: Sequence[Booking], *, blz: str) -> bytes:
    """What is not booked, as MT942 (DK, chapter 8.4)."""
    floor = [":20:STARTDISP", f":25:{blz}/{account.number}", ":28C:00000/001", ":34F:EUR0,00"]
    written = ["", *floor, ":13D:2601011200+0100"]
    for booking in lines:
        written += _entry(booking)
    return ("\r\n".join([*written, "-", ""])).encode("iso-8859-1", "replace")


def _balance(cents: int, day: dt.date) -> str:
    return f"{'C' if cents >= 0 else 'D'}{day:%y%m%d}EUR{_amount(cents)}"


def _amount(cents: int) -> str:
    return f"{abs(cents) // 100},{abs(cents) % 100:02d}"


def _entry(booking: Booking) -> list[str]:
    value = booking.value_day or booking.day
    # RC takes a credit back and so lowers the balance; RD raises it (SWIFT MT940, field 61).
    plus, minus = ("RD", "RC") if booking.reversal else ("C", "D")
    mark = plus if booking.cents > 0 else minus
    reference = booking.bank_id or "NONREF"
    head = f":61:{value:%y%m%d}{booking.day:%m%d}{mark}R{_amount(booking.cents)}NTRF{reference}"
    detail = f":86:{_details(booking)}"
    return [head, *(detail[at : at + _LINE] for at in range(0, len(detail), _LINE))]


def _details(booking: Booking) -> str:
    tagged = [
        f"EREF+{booking.end_to_end}" if booking.end_to_end else "",
        f"MREF+{booking.mandate}" if booking.mandate else "",
        f"CRED+{booking.creditor}" if booking.creditor else "",
        f"SVWZ+{booking.purpose}",
    ]
    pieces = [piece for text in tagged for piece in _cut(text)]
    fields = [f"?{number}{piece}" for number, piece in zip(_SUBFIELDS, pieces, strict=False)]
    names = [f"?{32 + at}{piece}" for at, piece in enumerate(_cut(booking.name)[:2])]
    bank = [f"?30{booking.bic}"] if booking.bic else []
    iban = [f"?31{booking.iban}"] if booking.iban else []
    returned = [f"?34{booking.return_reason}"] if booking.return_reason.isdigit() else []
    return "".join(
        [f"{booking.gvc}?00{booking.text}", "?109249", *fields, *bank, *iban, *names, *returned]
    )


def _cut(text: str) -> list[str]:
    return [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]
