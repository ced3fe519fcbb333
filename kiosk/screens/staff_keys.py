"""What the staff's keys do, as a function of the staff's side and a key.

Whoever is not signed in can ask for a balance and give a PIN. Whoever is signed in reaches
everything by digits, arrows, Enter and Escape, so a number pad goes far.
"""

from dataclasses import replace

from accounts.charge import Choice, ItemClass, OverrideReason, VoidReason
from kiosk.commands import (
    AskBalance,
    AskCounts,
    AskWhy,
    ChooseTray,
    Command,
    FindChild,
    KeepSignedIn,
    ServeAnyway,
    ServeFound,
    ServeUnassigned,
    SignIn,
    SignOut,
    VoidLast,
)
from kiosk.messages import MenuItem
from kiosk.screens.held_keys import Key
from kiosk.screens.staff import Mode, Staff, menu, quantity, reasons

LONGEST_PIN = 12
LONGEST_SEARCH = 30
SHORTEST_SEARCH = 2
BALANCE_KEYS = frozenset("gGbB")
"""Guthaben, balance."""

_OPENS = {
    "1": Mode.OFFERS,
    "2": Mode.VOID,
    "3": Mode.ANYWAY,
    "4": Mode.SEARCH,
    "5": Mode.UNASSIGNED,
    "7": Mode.COUNTS,
    "9": Mode.QUIT,
}
Pressed = tuple[Staff, tuple[Command, ...]]


def press(staff: Staff, key: Key) -> Pressed:
    """Return the staff's side after this key, and what is to be sent to the worker."""
    after, commands = _PRESS[staff.mode](staff, key)
    if staff.label is not None and SignOut() not in commands:
        commands = (KeepSignedIn(), *commands)
    return after, commands


def _closed(staff: Staff, key: Key) -> Pressed:
    if key.name == "f1":
        return replace(staff, mode=Mode.PIN, typed="", note=None), ()
    if key.character in BALANCE_KEYS:
        return staff, (AskBalance(),)
    return staff, ()


def _pin(staff: Staff, key: Key) -> Pressed:
    if key.name == "escape":
        return menu(staff), ()
    if key.name == "backspace":
        return replace(staff, typed=staff.typed[:-1]), ()
    if key.name == "enter" and staff.typed:
        return replace(staff, typed="", note=None), (SignIn(staff.typed),)
    if key.character in set("0123456789") and len(staff.typed) < LONGEST_PIN:
        return replace(staff, typed=staff.typed + key.character, note=None), ()
    return staff, ()


def _menu(staff: Staff, key: Key) -> Pressed:
    if key.character == "0":
        return staff, (SignOut(),)
    if key.character == "6":
        return replace(staff, note=None), (AskWhy(),)
    if key.character in BALANCE_KEYS:
        return staff, (AskBalance(),)
    mode = _OPENS.get(key.character or "")
    if mode is None:
        return replace(staff, note=None), ()
    opened = replace(menu(staff), mode=mode, draft=staff.today.tray)
    return opened, (AskCounts(),) if mode is Mode.COUNTS else ()


def _offers(staff: Staff, key: Key) -> Pressed:
    offers = staff.today.offers
    if key.name == "escape":
        return menu(staff), ()
    if key.name == "enter":
        return (menu(staff), (ChooseTray(staff.draft),)) if staff.draft else (staff, ())
    cursor, hit = _point(staff, key, len(offers))
    staff = replace(staff, cursor=cursor)
    if not offers:
        return staff, ()
    many = quantity(staff.draft, offers[cursor].offer_id)
    if hit or key.character == " ":
        many = 0 if many else 1
    elif key.character == "+":
        many = min(9, many + 1)
    elif key.character == "-":
        many = max(0, many - 1)
    else:
        return staff, ()
    return replace(staff, draft=_with(staff, offers[cursor], many)), ()


def _with(staff: Staff, item: MenuItem, many: int) -> tuple[Choice, ...]:
    """The draft with so many of an item, in the menu's order.

    A tray has one lunch: with two on it every child would be refused as having eaten already.
    """
    is_lunch = item.item_class is ItemClass.LUNCH
    wanted: dict[int, int] = {}
    for offer in staff.today.offers:
        if offer == item:
            wanted[offer.offer_id] = min(many, 1) if is_lunch else many
        elif not (is_lunch and many and offer.item_class is ItemClass.LUNCH):
            wanted[offer.offer_id] = quantity(staff.draft, offer.offer_id)
    return tuple(Choice(offer_id, count) for offer_id, count in wanted.items() if count)


def _reason(staff: Staff, key: Key) -> Pressed:
    if key.name == "escape":
        if staff.mode is Mode.PICKED:
            return replace(staff, mode=Mode.SEARCH, cursor=0, picked=None), ()
        return menu(staff), ()
    options = reasons(staff.mode)
    cursor, hit = _point(staff, key, len(options))
    if not hit and key.name != "enter":
        return replace(staff, cursor=cursor), ()
    served = isinstance(options[cursor], OverrideReason)
    return replace(menu(staff), serving=served), (_with_reason(staff, options[cursor]),)


def _with_reason(staff: Staff, reason: OverrideReason | VoidReason) -> Command:
    if isinstance(reason, VoidReason):
        return VoidLast(reason)
    if staff.mode is Mode.ANYWAY:
        return ServeAnyway(reason)
    if staff.picked is not None:
        return ServeFound(staff.picked.pupil_id, reason)
    return ServeUnassigned(reason)


def _search(staff: Staff, key: Key) -> Pressed:
    children = staff.found.children if staff.found else ()
    if key.name == "escape":
        return menu(staff), ()
    if key.name == "enter":
        if children:
            picked = children[staff.cursor]
            return replace(staff, mode=Mode.PICKED, picked=picked, cursor=0), ()
        if len(staff.typed.strip()) >= SHORTEST_SEARCH:
            return staff, (FindChild(staff.typed),)
        return staff, ()
    if key.name in {"up", "down"}:
        cursor, _ = _point(staff, key, len(children))
        return replace(staff, cursor=cursor), ()
    if key.name == "backspace":
        return replace(staff, typed=staff.typed[:-1], found=None, cursor=0), ()
    if key.prints and len(staff.typed) < LONGEST_SEARCH:
        return replace(staff, typed=f"{staff.typed}{key.character}", found=None, cursor=0), ()
    return staff, ()


def _counts(staff: Staff, key: Key) -> Pressed:
    return (menu(staff), ()) if key.name in {"escape", "enter"} else (staff, ())


def _quit(staff: Staff, key: Key) -> Pressed:
    return (replace(staff, leaving=True), ()) if key.name == "enter" else (menu(staff), ())


def _point(staff: Staff, key: Key, count: int) -> tuple[int, bool]:
    """The row pointed at after this key, and whether a digit named it."""
    if key.character in set("123456789") and int(key.character) <= count:
        return int(key.character) - 1, True
    step = {"up": -1, "down": 1}.get(key.name, 0)
    return max(0, min(count - 1, staff.cursor + step)), False


_PRESS = {
    Mode.CLOSED: _closed,
    Mode.PIN: _pin,
    Mode.MENU: _menu,
    Mode.OFFERS: _offers,
    Mode.VOID: _reason,
    Mode.ANYWAY: _reason,
    Mode.SEARCH: _search,
    Mode.PICKED: _reason,
    Mode.UNASSIGNED: _reason,
    Mode.COUNTS: _counts,
    Mode.QUIT: _quit,
}
