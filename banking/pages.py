"""Pages of one statement, in one file, as the one statement they are.

A page ends at a balance that is not the day's last (``:62M:``, ``ITBD``), and the next begins at
that same balance (``:60M:``, ``ITBD``): then no money lies between them.
"""

from collections.abc import Iterable
from dataclasses import replace

from banking.lines import BankLine, BankStatement, Unreadable


def joined_pages(
    read: Iterable[BankStatement | Unreadable],
) -> tuple[BankStatement | Unreadable, ...]:
    """The same statements, pages that follow one another joined; the first page's number stays."""
    whole: list[BankStatement | Unreadable] = []
    for page in read:
        before = whole[-1] if whole else None
        if (
            isinstance(before, BankStatement)
            and isinstance(page, BankStatement)
            and _follows(before, page)
        ):
            whole[-1] = _joined(before, page)
        else:
            whole.append(page)
    return tuple(whole)


def _follows(before: BankStatement, page: BankStatement) -> bool:
    ended, begins = before.closing, page.opening
    return (
        ended is not None
        and begins is not None
        and before.opening is not None
        and page.closing is not None
        and ended.kind == begins.kind == "interim"
        and (before.iban, ended.amount) == (page.iban, begins.amount)
    )


def _joined(before: BankStatement, page: BankStatement) -> BankStatement:
    behind = 1 + max((line.place for line in _all(before)), default=-1)

    def moved(lines: tuple[BankLine, ...]) -> tuple[BankLine, ...]:
        return tuple(replace(line, place=line.place + behind) for line in lines)

    days = [day for day in (before.first_day, page.first_day) if day]
    ends = [day for day in (before.last_day, page.last_day) if day]
    return replace(
        before,
        first_day=min(days, default=None),
        last_day=max(ends, default=None),
        closing=page.closing,
        lines=before.lines + moved(page.lines),
        pending=before.pending + moved(page.pending),
        notes=before.notes + moved(page.notes),
    )


def _all(statement: BankStatement) -> tuple[BankLine, ...]:
    return statement.lines + statement.pending + statement.notes
