"""What is claimed of everything that reading answers, whatever was read."""

import re

from accounts.money import total
from banking.lines import BankStatement, Unreadable

# Tags, numbers of lines, days, amounts, and the names of formats: never a payer's word.
_DETAIL = re.compile(
    r"|HTML|PDF|zip|DOCTYPE|[A-Z]{3}(/[A-Z]{3})*|\d+"
    r"|Bal|Ntry \d+(: \d+ TxDtls)?"
    r"|(:\d\d[A-Z]?: \(\d+\)( \d{6,10})?(, )?)+"
    r"|(camt|pain|pacs|acmt)\.\d{3}(\.\d{3}\.\d\d)?"
    r"|-?\d+,\d\d [+-] \d+,\d\d = -?\d+,\d\d ≠ -?\d+,\d\d \(-?\d+,\d\d\)"
)


def sound(one: object) -> None:
    """Fail unless it is a statement whose lines close, or a reason without a payer's words."""
    assert isinstance(one, (BankStatement, Unreadable))
    if isinstance(one, Unreadable):
        assert _DETAIL.fullmatch(one.detail), one
        return
    assert one.no >= 1
    assert one.iban
    assert one.currency == "EUR"
    if one.opening is not None and one.closing is not None:
        moved = total(line.amount for line in one.lines)
        assert one.opening.amount + moved == one.closing.amount
    assert all(line.amount and not line.pending for line in one.lines)
    assert all(line.pending for line in one.pending)
    assert not any(line.amount for line in one.notes)
    places = [(line.place, line.part) for line in one.lines]
    assert places == sorted(set(places))
    if one.lines:
        assert one.first_day is not None
        assert one.last_day is not None
        assert one.first_day <= min(line.day for line in one.lines)
        assert one.last_day >= max(line.day for line in one.lines)
