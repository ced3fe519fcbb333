"""What the screen asks of the worker: small frozen values, put into the worker's queue.

A command is a wish of the staff; what became of it comes back as an outcome
(``kiosk.messages``). What a person typed is never in a command's printed form.
"""

from dataclasses import dataclass, field

from accounts.charge import Choice, OverrideReason, VoidReason


@dataclass(frozen=True, slots=True)
class ChooseTray:
    """From now on a tap buys this. Staff only."""

    tray: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class AskBalance:
    """The next tap within some seconds shows the card's balance and buys nothing."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Staff give their PIN."""

    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignOut:
    """Staff are done."""


@dataclass(frozen=True, slots=True)
class KeepSignedIn:
    """Staff pressed a key: the idle time starts anew."""


@dataclass(frozen=True, slots=True)
class VoidLast:
    """Take back this kiosk's newest charge that is not voided and not older than five minutes."""

    reason: VoidReason


@dataclass(frozen=True, slots=True)
class ServeAnyway:
    """Charge the card that was refused last."""

    reason: OverrideReason


@dataclass(frozen=True, slots=True)
class FindChild:
    """Search by the beginning of names or class; logged."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServeFound:
    """Charge a child that was found by name."""

    pupil_id: int
    reason: OverrideReason


@dataclass(frozen=True, slots=True)
class ServeUnassigned:
    """Somebody eats whom nobody could name; the office assigns it later."""

    reason: OverrideReason


@dataclass(frozen=True, slots=True)
class AskWhy:
    """Staff ask why the last card was refused."""


@dataclass(frozen=True, slots=True)
class AskCounts:
    """Staff ask how many of each offer went out today."""


Command = (
    ChooseTray
    | AskBalance
    | SignIn
    | SignOut
    | KeepSignedIn
    | VoidLast
    | ServeAnyway
    | FindChild
    | ServeFound
    | ServeUnassigned
    | AskWhy
    | AskCounts
)
