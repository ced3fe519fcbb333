"""The chip's commands about itself and its applications."""

from dataclasses import replace

from cards.virtual.image import Application, Guard, Key, Kind, Suite
from cards.virtual.sessions import LENGTH, OK, Abort
from cards.virtual.state import (
    DENIED,
    DUPLICATE,
    MAY_CREATE,
    NO_APPLICATION,
    NOT_AUTHENTICATED,
    PARAMETER,
    TOO_MANY,
    Reply,
    State,
)

_MOST_APPLICATIONS = 28
"""Of EV1; the newer ones have more room."""

_VERSIONS = {
    Kind.EV1: ("04010101001805", "04010101041805"),
    Kind.EV2: ("04010112001805", "04010102011805"),
    Kind.EV3: ("04010133001805", "04010103001805"),
    Kind.NTAG424: ("04040230001105", "04040201021105"),
}
"""Hardware and software as GetVersion tells them; the DESFires are ones of 4 kB."""

_BATCH = bytes.fromhex("CAFE0123450148")


def select(state: State, _code: int, data: bytes) -> Reply:
    """Go into an application; whatever was proved before is gone."""
    if len(data) != 3:
        raise Abort(LENGTH)
    if state.image.application(data) is None:
        raise Abort(NO_APPLICATION)
    state.forget(data)
    return OK, b""


def card_uid(state: State, code: int, data: bytes) -> Reply:
    """Tell the real number, enciphered, to whoever proved any key."""
    state.parameters(code, data, 0)
    if state.session is None:
        raise Abort(NOT_AUTHENTICATED)
    return state.done(state.image.uid, Guard.FULL)


def version(state: State, code: int, data: bytes) -> Reply:
    """Tell hardware, software and maker's data, a frame each, secured as one answer."""
    state.parameters(code, data, 0)
    hardware, software = map(bytes.fromhex, _VERSIONS[state.image.kind])
    number = bytes(7) if state.image.random_uid else state.image.uid
    body = state.sealed(hardware + software + number + _BATCH)
    return state.in_parts(body[:7], body[7:14], body[14:])


def create_application(state: State, code: int, data: bytes) -> Reply:
    """Make an application of 1 to 14 AES keys, all zero, and none of the further options."""
    told = state.parameters(code, data, 5)
    name, settings, keys = told[:3], told[3], told[4]
    if not state.at_top:
        raise Abort(DENIED)
    state.need_master(unless=MAY_CREATE)
    if keys & 0xF0 != 0x80 or not 1 <= keys & 0x0F <= 14:
        raise Abort(PARAMETER)
    if state.image.application(name) is not None:
        raise Abort(DUPLICATE)
    if len(state.image.applications) > _MOST_APPLICATIONS:
        raise Abort(TOO_MANY)
    state.keep(Application(name, settings, (Key(Suite.AES, bytes(16)),) * (keys & 0x0F)))
    return state.done()


def format_card(state: State, code: int, data: bytes) -> Reply:
    """Forget all applications; the chip's own key stays as it is."""
    state.parameters(code, data, 0)
    if not state.at_top:
        raise Abort(DENIED)
    state.need_master()
    state.image = replace(state.image, applications=(state.here,))
    return state.done()
