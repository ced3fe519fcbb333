"""The staff's lines: what is open, what is waiting, and which keys do what.

Everything is made anew from the staff's side of the screen, so what that has forgotten is not
on the screen either. Text from outside (names, titles) is never read as markup.
"""

from collections.abc import Iterable

from textual.content import Content

from accounts.charge import OverrideReason, VoidReason
from accounts.texts import Texts, mark
from cards.reader import TroubleReason
from kiosk.messages import (
    CardKeys,
    CardNotRead,
    NeedsStaff,
    NothingToVoid,
    Served,
    SignInRefused,
    Status,
    Voided,
    Why,
)
from kiosk.screens.staff import Mode, Note, Staff, quantity, reasons
from kiosk.sentences import OVERRIDES, REFUSALS, TROUBLES, UNPROVEN, UNREAD, VOIDS
from kiosk.widgets.key_line import Pairs

ROWS = 6
"""So many rows of a list are shown at once."""
_POINTED = "#000000 on #aaaaaa"
_HOUR = 3600
_AGES = (
    (mark("data up to date"), mark("data {minutes} min old"), mark("data {hours} h old")),
    (
        mark("data and keys up to date"),
        mark("data and keys {minutes} min old"),
        mark("data and keys {hours} h old"),
    ),
)

_TITLES = {
    Mode.PIN: mark("Staff: enter PIN"),
    Mode.OFFERS: mark("What a tap buys"),
    Mode.VOID: mark("Take back the last meal: why?"),
    Mode.ANYWAY: mark("Serve the refused card anyway: why?"),
    Mode.SEARCH: mark("Find a child: name or class"),
    Mode.UNASSIGNED: mark("Serve without a name: why?"),
    Mode.COUNTS: mark("Served today"),
    Mode.QUIT: mark("End the kiosk? Enter ends it, any other key does not."),
}
_BACK = ("Esc", mark("back"))
_LIST = (("1-9", mark("choose")), ("Enter", mark("confirm")), _BACK)
_KEYS = {
    Mode.CLOSED: (("F1", mark("Staff")), ("G", mark("Balance")), ("F2", mark("Deutsch"))),
    Mode.PIN: (("0-9", mark("PIN")), ("Enter", mark("sign in")), _BACK),
    Mode.MENU: (
        ("1", mark("offers")),
        ("2", mark("void")),
        ("3", mark("anyway")),
        ("4", mark("find")),
        ("5", mark("nameless")),
        ("6", mark("why")),
        ("7", mark("counts")),
        ("9", mark("quit")),
        ("0", mark("sign out")),
    ),
    Mode.OFFERS: (
        ("1-9", mark("on or off")),
        ("+ -", mark("how many")),
        ("Enter", mark("confirm")),
        _BACK,
    ),
    Mode.VOID: _LIST,
    Mode.ANYWAY: _LIST,
    Mode.SEARCH: (("Enter", mark("find, choose")), (mark("Arrows"), mark("move")), _BACK),
    Mode.PICKED: _LIST,
    Mode.UNASSIGNED: _LIST,
    Mode.COUNTS: (_BACK,),
    Mode.QUIT: (("Enter", mark("end")), _BACK),
}


def keys(mode: Mode, texts: Texts, *, may_quit: bool) -> Pairs:
    """Which keys do what at the moment."""
    pairs = _KEYS[mode] + ((("Q", mark("quit")),) if may_quit and mode is Mode.CLOSED else ())
    return tuple((texts.say(key), texts.say(label)) for key, label in pairs)


def panel(staff: Staff, texts: Texts) -> Content:
    """What is open at the moment: a title, a list or a field, and the last answer."""
    lines: list[Content] = []
    if staff.mode is Mode.PICKED and staff.picked is not None:
        child = f"{staff.picked.name}, {staff.picked.class_name}"
        lines.append(Content(texts.say(mark("Serve {child}: why?"), child=child)))
    elif staff.mode in _TITLES:
        lines.append(Content(texts.say(_TITLES[staff.mode])))
    lines += _body(staff, texts)
    if staff.note is not None:
        lines.append(Content(_note(staff.note, texts)))
    return Content("\n").join(lines)


def status_line(
    staff: Staff, status: Status | None, troubles: dict[str, TroubleReason], texts: Texts
) -> str:
    """The staff's line: who is signed in, what a tap buys, how the kiosk stands."""
    parts: list[str] = []
    if staff.label is not None:
        parts.append(texts.say(mark("Signed in: {label}"), label=staff.label))
    for reader, reason in troubles.items():
        parts.append(f"{reader}: {texts.say(TROUBLES[reason])}")
    if status is not None:
        parts += _standing(status, texts)
    tray = [
        (f"{n} x {offer.title}" if n > 1 else offer.title)
        for offer in staff.today.offers
        if (n := quantity(staff.today.tray, offer.offer_id))
    ]
    if tray:
        parts.append(", ".join(tray))
    return " | ".join(parts)


def _standing(status: Status, texts: Texts) -> Iterable[str]:
    if status.revoked:
        yield texts.say(mark("this kiosk is not enrolled: tell the office"))
    if not status.ledger_reachable:
        yield texts.say(mark("offline, serving goes on"))
    if status.waiting:
        yield texts.say_many("{count} booking waits", "{count} bookings wait", status.waiting)
    if status.keys is CardKeys.MISSING:
        yield texts.say(mark("card keys are missing"))
    age = status.snapshot_age_seconds
    if age is None:
        yield texts.say(mark("no data yet"))
        return
    # The keys come with the data: a card blocked since then is still taken here.
    fresh, minutes, hours = _AGES[status.keys is CardKeys.HELD]
    if age < 60:
        yield texts.say(fresh)
    elif age < _HOUR:
        yield texts.say(minutes, minutes=age // 60)
    else:
        yield texts.say(hours, hours=age // _HOUR)


def _body(staff: Staff, texts: Texts) -> list[Content]:
    match staff.mode:
        case Mode.PIN:
            return [Content("> " + "*" * len(staff.typed) + "_")]
        case Mode.OFFERS:
            rows = [
                f"[{_tick(quantity(staff.draft, offer.offer_id))}] {offer.title}"
                for offer in staff.today.offers
            ]
            return _listed(rows, staff.cursor)
        case Mode.SEARCH:
            return [Content(f"> {staff.typed}_"), *_hits(staff, texts)]
        case Mode.COUNTS:
            return _counts(staff, texts)
        case _:
            rows = [texts.say(_reason(reason)) for reason in reasons(staff.mode)]
            return _listed(rows, staff.cursor)


def _tick(many: int) -> str:
    return str(many) if many > 1 else "x" if many else " "


def _reason(reason: OverrideReason | VoidReason) -> str:
    return VOIDS[reason] if isinstance(reason, VoidReason) else OVERRIDES[reason]


def _hits(staff: Staff, texts: Texts) -> list[Content]:
    if staff.found is None:
        return []
    if not staff.found.children:
        return [Content(texts.say(mark("Nobody by that name")))]
    rows = [f"{child.name}, {child.class_name}" for child in staff.found.children]
    lines = _listed(rows, staff.cursor, numbered=False)
    if staff.found.more:
        lines.append(Content(texts.say(mark("There are more; type more letters"))))
    return lines


def _counts(staff: Staff, texts: Texts) -> list[Content]:
    if staff.counts is None:
        return [Content("...")]
    if not staff.counts.rows:
        return [Content(texts.say(mark("Nothing yet")))]
    return [Content(f"{texts.number(row.count):>6}  {row.title}") for row in staff.counts.rows]


def _listed(rows: list[str], cursor: int, *, numbered: bool = True) -> list[Content]:
    """The rows around the one pointed at."""
    first = max(0, min(cursor - ROWS // 2, len(rows) - ROWS))
    lines = []
    for n, row in enumerate(rows[first : first + ROWS], start=first):
        number = f"{n + 1} " if numbered else ""
        line = f"{'>' if n == cursor else ' '} {number}{row} "
        lines.append(Content.styled(line, _POINTED) if n == cursor else Content(line))
    return lines


def _why(why: Why) -> str:
    if why.reason is None:
        return mark("No card was refused")
    return REFUSALS[why.reason] if why.detail is None else UNPROVEN[why.detail]


def _note(note: Note, texts: Texts) -> str:
    match note:
        case Voided(items=items):
            return texts.say(mark("Taken back: {items}"), items=", ".join(items))
        case NothingToVoid():
            return texts.say(mark("Nothing to take back from the last five minutes"))
        case Why():
            return texts.say(_why(note))
        case CardNotRead(reason=unread):
            return texts.say(UNREAD[unread])
        case SignInRefused(wait_seconds=seconds) if seconds > 0:
            return texts.say(mark("Locked; try again in {seconds} s"), seconds=seconds)
        case SignInRefused():
            return texts.say(mark("Wrong PIN"))
        case NeedsStaff():
            return texts.say(mark("That takes a staff card or PIN"))
        case Served(left_out=left_out):
            return texts.say(mark("Not enough money for: {items}"), items=", ".join(left_out))
        case _:
            return ""
