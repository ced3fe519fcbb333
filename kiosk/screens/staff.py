"""The staff's side of the screen: one value that only outcomes and keys change.

What outcomes do is here, what keys do in `kiosk.screens.staff_keys`. A PIN and names are held only while
their own mode is open: leaving it by any way forgets them.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from accounts.charge import Choice, OverrideReason, VoidReason
from kiosk.messages import (
    CardNotRead,
    Child,
    Counts,
    Found,
    NeedsStaff,
    NothingToVoid,
    Outcome,
    Refused,
    Served,
    SignedIn,
    SignedOut,
    SignInRefused,
    Today,
    Voided,
    Why,
)


class Mode(enum.Enum):
    """What the keys mean at the moment."""

    CLOSED = "closed"
    PIN = "pin"
    MENU = "menu"
    OFFERS = "offers"
    VOID = "void"
    ANYWAY = "anyway"
    SEARCH = "search"
    PICKED = "picked"
    UNASSIGNED = "unassigned"
    COUNTS = "counts"
    QUIT = "quit"


Note = Voided | NothingToVoid | Why | SignInRefused | NeedsStaff | Served | CardNotRead

NOTHING_TODAY = Today((), ())
"""What is known before the worker has said what is sold."""


@dataclass(frozen=True, slots=True)
class Staff:
    """The staff's side of the screen."""

    mode: Mode = Mode.CLOSED
    label: str | None = None
    """Who is signed in; None where nobody is."""
    typed: str = field(default="", repr=False)
    cursor: int = 0
    note: Note | None = None
    today: Today = NOTHING_TODAY
    draft: tuple[Choice, ...] = ()
    found: Found | None = field(default=None, repr=False)
    picked: Child | None = field(default=None, repr=False)
    counts: Counts | None = None
    serving: bool = False
    """Staff have asked to serve someone anyway, and nothing came of it yet."""
    leaving: bool = False
    """Staff confirmed that the kiosk is to end."""


def menu(staff: Staff, note: Note | None = None) -> Staff:
    """Everything closed and forgotten but who is signed in and what is sold."""
    mode = Mode.CLOSED if staff.label is None else Mode.MENU
    return Staff(mode=mode, label=staff.label, today=staff.today, note=note)


def hear(staff: Staff, outcome: Outcome) -> Staff:
    """Return the staff's side after an outcome; what does not concern staff changes nothing."""
    match outcome:
        case SignedIn(label=label):
            signed_in = replace(staff, label=label)
            return menu(signed_in) if staff.label is None else signed_in
        case SignedOut():
            return Staff(today=staff.today)
        case SignInRefused():
            return replace(staff, mode=Mode.PIN, typed="", note=outcome)
        case NeedsStaff():
            return Staff(mode=Mode.PIN, today=staff.today, note=outcome)
        case Today():
            return replace(staff, today=outcome)
        case Found() if staff.mode is Mode.SEARCH and outcome.text == staff.typed:
            return replace(staff, found=outcome, cursor=0)
        case Counts() if staff.mode is Mode.COUNTS:
            return replace(staff, counts=outcome)
        case Voided() | NothingToVoid() | Why() | CardNotRead() if staff.label is not None:
            return replace(staff, note=outcome)
        case Served() | Refused() if staff.label is not None:
            return replace(staff, note=_said_of(outcome, staff), serving=False)
        case _:
            return staff


def _said_of(outcome: Served | Refused, staff: Staff) -> Note | None:
    """What stands under a card's outcome; nothing of the card before it."""
    if isinstance(outcome, Served):
        return outcome if outcome.left_out else None
    # Why a card was refused is told to who asked: by a key, or by serving it anyway.
    return Why(outcome.reason, outcome.detail) if staff.serving else None


def reasons(mode: Mode) -> Sequence[OverrideReason] | Sequence[VoidReason]:
    """The reasons a mode offers, in the order of their digits; none where it asks for none."""
    if mode is Mode.VOID:
        return tuple(VoidReason)
    return tuple(OverrideReason) if mode in {Mode.ANYWAY, Mode.PICKED, Mode.UNASSIGNED} else ()


def quantity(tray: tuple[Choice, ...], offer_id: int) -> int:
    """How many of an offer lie on the tray."""
    return sum(choice.quantity for choice in tray if choice.offer_id == offer_id)
