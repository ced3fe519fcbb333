"""The chip's commands about keys: proving one, asking its version, changing it."""

from dataclasses import replace

from cards.virtual.blocks import chain, unchain
from cards.virtual.image import DESFIRES, Key, Suite
from cards.virtual.sessions import LENGTH, OK, Abort, Session, cipher_of, ev1_session, ev2_session
from cards.virtual.state import (
    DENIED,
    FREE,
    MAY_CHANGE_MASTER,
    MORE,
    NEVER,
    NOT_AUTHENTICATED,
    PARAMETER,
    Reply,
    State,
)

EV2_FIRST, EV1_AES, EV1_DES, CHANGE, VERSION = 0x71, 0xAA, 0x1A, 0xC4, 0x64


def key_version(state: State, code: int, data: bytes) -> Reply:
    """Tell the version byte of a key; nobody needs to prove anything for it."""
    told = state.parameters(code, data, 1)
    return state.done(bytes((state.key(told[0]).version,)))


def challenge(state: State, code: int, data: bytes) -> Reply:
    """Send a random, enciphered, and take the answer in the next frame.

    EV1 chains through the messages of an authentication, EV2 begins each anew.
    """
    state.session = None
    ev2 = code == EV2_FIRST
    if not data or len(data) != _challenge_length(data, ev2=ev2):
        raise Abort(LENGTH)
    number, capabilities = data[0], data[2:]
    key = state.key(number)
    if key.suite is not (Suite.DES if code == EV1_DES else Suite.AES):
        raise Abort(NOT_AUTHENTICATED)
    cipher = cipher_of(key.suite, key.value)
    size, zeros = cipher.size, bytes(cipher.size)
    ours = state.entropy(size)
    sent = chain(cipher, ours, zeros)

    def prove(told: bytes) -> Reply:
        if len(told) != 2 * size:
            raise Abort(LENGTH)
        text = unchain(cipher, told, zeros if ev2 else sent)
        theirs, turned = text[:size], text[size:]
        if turned != ours[1:] + ours[:1]:
            raise Abort(NOT_AUTHENTICATED)
        proof = theirs[1:] + theirs[:1]
        if not ev2:
            state.session = ev1_session(number, key.suite, key.value, theirs, ours)
            return OK, chain(cipher, proof, told[-size:])
        identifier = state.entropy(4)
        state.session = ev2_session(number, key.value, theirs, ours, identifier)
        answer = identifier + proof + bytes(6) + capabilities.ljust(6, b"\0")
        return OK, chain(cipher, answer, zeros)

    state.then = prove
    return MORE, sent


def _challenge_length(data: bytes, *, ev2: bool) -> int:
    """EV2's host tells up to six bytes of what it can do, and how many."""
    if not ev2:
        return 1
    return 2 + data[1] if len(data) > 1 and data[1] <= 6 else -1


def change_key(state: State, code: int, data: bytes) -> Reply:
    """Change a key of the selected application; its own key's change ends the session.

    The number of a DESFire's own key carries its new kind in the upper two bits; this chip
    becomes an AES one and no other.
    """
    if not data:
        raise Abort(LENGTH)
    session, here = state.session, state.here
    if session is None:
        raise Abort(NOT_AUTHENTICATED)
    number = data[0]
    if state.at_top:
        if number & 0xC0 != 0x80:
            raise Abort(PARAMETER)
        number &= 0x3F
    old = state.key(number)
    _check_right(state, session, number)
    own = number == session.key_no
    made = session.new_key(code, data[:1], data[1:], None if own else old.value)
    changed = Key(Suite.AES, made[:16], made[16])
    state.keep(replace(here, keys=(*here.keys[:number], changed, *here.keys[number + 1 :])))
    if own:
        state.session = None
    return state.done()


def _check_right(state: State, session: Session, number: int) -> None:
    """Raise `Abort` where the settings (upper half: who changes keys) do not allow it."""
    settings, wanted = state.here.settings, 0
    if state.image.kind in DESFIRES:
        who = settings >> 4
        if who == NEVER if number else not settings & MAY_CHANGE_MASTER:
            raise Abort(DENIED)
        if number:
            wanted = number if who == FREE else who
    if session.key_no != wanted:
        raise Abort(NOT_AUTHENTICATED)
