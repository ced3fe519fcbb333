"""Business orders: accounts, balances, booked lines, TAN media.

Each is answered from the books as they are at that moment, so what is booked between two
requests is seen by the second. An order that names an unknown account is refused.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from banking.testbank.answers import OK, Answer
from banking.testbank.books import Account, Booking, Sheet, lie, sheets
from banking.testbank.camt_writer import NAMESPACE, empty_camt, write_camt
from banking.testbank.codec import Segment
from banking.testbank.dialogs import User
from banking.testbank.faults import Fault, Rule
from banking.testbank.manners import Manners
from banking.testbank.mt940_writer import write_mt940, write_pending
from banking.testbank.pages import Page, cut, turn
from banking.testbank.parameters import BIC, BLZ


@dataclass(frozen=True, slots=True)
class Desk:
    """What an order is carried out with."""

    user: User
    manners: Manners
    today: dt.date
    fault: Rule | None

    def suffers(self, fault: Fault) -> bool:
        """Whether the order meets this fault."""
        return self.fault is not None and self.fault.fault is fault


Order: TypeAlias = Callable[[Segment, Answer, Desk], None]


def carry_out(order: Segment, answer: Answer, desk: Desk) -> None:
    """Answer one order; what is unknown or misses its form is refused."""
    if desk.fault is not None and desk.fault.fault is Fault.CODE:
        answer.say(order.number, (desk.fault.code, "Auftrag abgelehnt"))
        return
    known = ORDERS.get((order.code, order.version))
    if known is None:
        answer.say(order.number, ("9010", "Geschaeftsvorfall wird nicht unterstuetzt"))
        return
    known(order, answer, desk)


def _accounts(order: Segment, answer: Answer, desk: Desk) -> None:
    answer.say(order.number, OK)
    listed = [("J", a.iban, BIC, a.number, "", "280", BLZ) for a in desk.user.accounts]
    answer.give("HISPA", 1, order.number, *listed)


def _media(order: Segment, answer: Answer, desk: Desk) -> None:
    answer.say(order.number, OK)
    named = [("M", "1", *[""] * 10, name) for name in desk.manners.media]
    answer.give("HITAB", 4, order.number, "1", *named)


def _balance(order: Segment, answer: Answer, desk: Desk) -> None:
    account = _account(order, answer, desk)
    if account is None:
        return
    answer.say(order.number, OK)
    cents = account.balance(desk.today)
    # HBCI numbers have no zeros behind their last digit: 10 euro are "10,".
    amount = f"{abs(cents) // 100},{abs(cents) % 100:02d}".rstrip("0")
    booked = ("C" if cents >= 0 else "D", amount, "EUR", f"{desk.today:%Y%m%d}")
    where = _where(account, international=order.version == 7)
    answer.give("HISAL", order.version, order.number, where, "Girokonto", "EUR", booked)


def _swift(order: Segment, answer: Answer, desk: Desk) -> None:
    """HKKAZ: groups are account, all accounts, from, to, at most, where to go on."""
    account = _account(order, answer, desk)
    if account is None:
        return
    if "mt940" not in desk.manners.formats:
        answer.say(order.number, ("9010", "HKKAZ wird nicht mehr unterstuetzt"))
        return
    page = _page(order, account, desk, first_group=3, storage=desk.manners.storage_mt940)
    waiting = account.pending()
    if isinstance(page, str):
        answer.say(order.number, (page, "Aufsetzpunkt oder Zeitraum ungueltig"))
        return
    if not (page.lines or page.more or waiting):
        answer.say(order.number, _NOTHING)
        return
    answer.say(order.number, *_more(page, desk))
    if desk.suffers(Fault.MORE_WITHOUT_DATA):
        return
    text = b"\r\n-\r\n" if desk.suffers(Fault.EMPTY_DOCUMENT) else _swift_text(page, account, desk)
    groups = [text]
    if waiting and page.first:
        groups.append(write_pending(account, waiting, blz=BLZ))
    answer.give("HIKAZ", order.version, order.number, *groups)


def _swift_text(page: Page, account: Account, desk: Desk) -> bytes:
    utf8 = desk.suffers(Fault.UTF8)
    if not desk.manners.cut_statements:
        return write_mt940(_sheets(page, account, desk), blz=BLZ, utf8=utf8) if page.lines else b""
    whole = Page(page.every, 0, len(page.every), more=False)
    text = write_mt940(_sheets(whole, account, desk), blz=BLZ, utf8=utf8)
    return cut(text, page)


def _camt(order: Segment, answer: Answer, desk: Desk) -> None:
    """HKCAZ: groups are account, formats, all accounts, from, to, at most, where to go on."""
    account = _account(order, answer, desk)
    if account is None:
        return
    manners = desk.manners
    offered = [NAMESPACE + version for version in manners.camt_versions]
    named = order.groups[1] if len(order.groups) > 1 else ()
    wished = [name for name in named if isinstance(name, str)]
    common = [name for name in offered if name in wished]
    refused = not common or (manners.strict_formats and set(wished) - set(offered))
    if "camt" not in manners.formats or refused:
        answer.say(order.number, ("9210", "camt-Format wird nicht unterstuetzt"))
        return
    page = _page(order, account, desk, first_group=4, storage=manners.storage_camt)
    if isinstance(page, str):
        answer.say(order.number, (page, "Aufsetzpunkt oder Zeitraum ungueltig"))
        return
    waiting = account.pending()
    if not (page.lines or page.more or waiting) and manners.empty_day != "document":
        answer.say(order.number, _NOTHING)
        return
    answer.say(order.number, *_more(page, desk))
    if desk.suffers(Fault.MORE_WITHOUT_DATA):
        return
    manner = manners.camt(common[0].removeprefix(NAMESPACE))
    made = _sheets(page, account, desk) if page.lines else []
    if waiting and page.first and manners.pending_inside:
        made.append(_announced(account, waiting, desk.today))
    documents = [write_camt([sheet], manner=manner, bic=BIC, today=desk.today) for sheet in made]
    if desk.suffers(Fault.EMPTY_DOCUMENT) or not documents:
        documents = [empty_camt(account, manner=manner, bic=BIC, today=desk.today)]
    groups: list[str | bytes | list[bytes]] = [documents]
    if waiting and page.first and not manners.pending_inside:
        announced = _announced(account, waiting, desk.today)
        bare = type(manner)(manner.version, balances=False)
        groups.append(write_camt([announced], manner=bare, bic=BIC, today=desk.today))
    where = _where(account, international=True)
    answer.give("HICAZ", 1, order.number, where, common[0], *groups)


_NOTHING = ("3010", "Es liegen keine Umsaetze vor")


def _more(page: Page, desk: Desk) -> list[tuple[str, ...]]:
    if desk.suffers(Fault.ENDLESS_PAGES) or desk.suffers(Fault.MORE_WITHOUT_DATA):
        return [("3040", "Es liegen weitere Informationen vor", str(page.start))]
    if page.more:
        return [("3040", "Es liegen weitere Informationen vor", page.mark)]
    return [OK]


def _announced(account: Account, waiting: list[Booking], today: dt.date) -> Sheet:
    cents = account.balance(today)
    return Sheet(account, (), today, today, cents, cents, whole_end=False, pending=tuple(waiting))


def _sheets(page: Page, account: Account, desk: Desk) -> list[Sheet]:
    made = sheets(account, page.every, page.shown_from, page.shown_to, per_day=desk.manners.per_day)
    if desk.suffers(Fault.LOST_LINE):
        made[-1] = replace(made[-1], lines=made[-1].lines[:-1])
    if desk.fault is not None and desk.suffers(Fault.UNBALANCED):
        made[-1] = lie(made[-1], desk.fault.cents)
    return made


def _page(
    order: Segment, account: Account, desk: Desk, *, first_group: int, storage: int
) -> Page | str:
    """The page the order asks for, or the code it is refused with."""
    days: list[dt.date | None] = []
    for group in (first_group, first_group + 1):
        text = order.text(group)
        if not text:
            days.append(None)
            continue
        try:
            days.append(dt.datetime.strptime(text, "%Y%m%d").date())  # noqa: DTZ007 (a day)
        except ValueError:
            return "9210"
    oldest = desk.today - dt.timedelta(days=storage)
    first = max(days[0] or oldest, oldest)
    # Up to today means all there is: that is how lines dated ahead reach a client.
    last = days[1] if days[1] is not None and days[1] < desk.today else dt.date.max
    lines = account.booked(first, last)
    return turn(lines, order.text(first_group + 3), size=desk.manners.page, rule=desk.fault)


def _account(order: Segment, answer: Answer, desk: Desk) -> Account | None:
    # The first element is the IBAN in the international form, the number in the national one.
    account = desk.user.account(order.text(1, 0)) or desk.user.account(order.text(1, 2))
    if account is None:
        answer.say(order.number, ("9210", "Unbekannte Kontoverbindung"))
    return account


def _where(account: Account, *, international: bool) -> tuple[str, ...]:
    national = (account.number, "", "280", BLZ)
    return (account.iban, BIC, *national) if international else national


ORDERS: dict[tuple[str, int], Order] = {
    ("HKSPA", 1): _accounts,
    ("HKTAB", 4): _media,
    **{("HKSAL", version): _balance for version in (5, 6, 7)},
    **{("HKKAZ", version): _swift for version in (5, 6, 7)},
    ("HKCAZ", 1): _camt,
}
