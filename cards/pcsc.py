"""PC/SC as pyscard offers it, in the terms of `cards.loop`; the only import of smartcard.

Every call may block for ever and none may be made in the process that paints the screen:
pyscard loads libpcsclite at import and, where that fails, prints to stdout and answers every
call as if pcscd did not run. `cards.watched` gives all of this a process of its own.

A card is held only while it is read, exclusively, and left powered as it was: pyscard's usual
disconnect resets the card under everybody else's feet.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from smartcard import scard

from cards.channel import CardGone, Channel
from cards.field import Report
from cards.loop import Session
from cards.reader import TroubleReason, UnreadReason

log = logging.getLogger(__name__)

GET_UID = (0xFF, 0xCA, 0x00, 0x00, 0x00)
"""PC/SC part 3, 3.2.2.1.3; answered by the reader, not by the card."""

TRIES = 3
TRY_AGAIN_AFTER = 0.02
"""Seconds; a card that has just entered the field may not be powered yet (measured)."""

_PLUG_AND_PLAY = "\\\\?PnP?\\Notification"
_BUSY = {scard.SCARD_E_SHARING_VIOLATION, scard.SCARD_E_SERVER_TOO_BUSY}
_GONE = {scard.SCARD_E_NO_SMARTCARD, scard.SCARD_W_REMOVED_CARD}
_NO_READER = {
    scard.SCARD_E_UNKNOWN_READER,
    scard.SCARD_E_READER_UNAVAILABLE,
    scard.SCARD_E_NO_READERS_AVAILABLE,
}

T = TypeVar("T")


class PcscChannel:
    """A card that is held; see `cards.channel.Channel`."""

    def __init__(self, card: int, protocol: int) -> None:
        self._card = card
        is_t0 = protocol == scard.SCARD_PROTOCOL_T0
        self._pci = scard.SCARD_PCI_T0 if is_t0 else scard.SCARD_PCI_T1

    def transmit(self, apdu: bytes) -> bytes:
        """See `cards.channel.Channel`."""
        result, answer = scard.SCardTransmit(self._card, self._pci, list(apdu))
        if result != scard.SCARD_S_SUCCESS:
            raise _Unanswered(_unread(result))
        if not answer:  # what pcscd has of a card that left in the midst of it (measured)
            raise _Unanswered(UnreadReason.UNREADABLE)
        return bytes(answer)

    def reset(self) -> None:
        """Take the power from the card and give it back: it has forgotten every session.

        Raises CardGone where it is not there any more.
        """
        result, protocol = scard.SCardReconnect(
            self._card,
            scard.SCARD_SHARE_EXCLUSIVE,
            scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
            scard.SCARD_UNPOWER_CARD,
        )
        if result != scard.SCARD_S_SUCCESS:
            raise _Unanswered(_unread(result))
        is_t0 = protocol == scard.SCARD_PROTOCOL_T0
        self._pci = scard.SCARD_PCI_T0 if is_t0 else scard.SCARD_PCI_T1


class _Unanswered(CardGone):
    """A command that PC/SC has no answer to, and what that means for the card."""

    def __init__(self, reason: UnreadReason) -> None:
        super().__init__("PC/SC has no answer of the card")
        self.reason = reason


class PcscSession:
    """A PC/SC context."""

    def __init__(self, context: int) -> None:
        self._context = context

    def readers(self) -> list[str] | TroubleReason:
        """See `cards.loop.Session`."""
        result, names = scard.SCardListReaders(self._context, [])
        if result == scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        return list(names) if result == scard.SCARD_S_SUCCESS else _trouble(result)

    def wait(self, reader: str, last: Report | None, seconds: float) -> Report | TroubleReason:
        """See `cards.loop.Session`."""
        known = scard.SCARD_STATE_UNAWARE if last is None else last.raw
        result, states = scard.SCardGetStatusChange(
            self._context, round(seconds * 1000), [(reader, known)]
        )
        if result == scard.SCARD_E_TIMEOUT and last is not None:
            return last
        if result != scard.SCARD_S_SUCCESS:
            return _trouble(result)
        raw = states[0][1]
        if raw & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
            return TroubleReason.NO_READER
        return Report(
            raw=raw & ~scard.SCARD_STATE_CHANGED,
            present=bool(raw & scard.SCARD_STATE_PRESENT),
            count=raw >> 16 & 0xFFFF,
            atr=bytes(states[0][2]),
        )

    def wait_for_readers(self, seconds: float) -> TroubleReason | None:
        """See `cards.loop.Session`."""
        result, _ = scard.SCardGetStatusChange(
            self._context, round(seconds * 1000), [(_PLUG_AND_PLAY, scard.SCARD_STATE_UNAWARE)]
        )
        return (
            None if result in {scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT} else _trouble(result)
        )

    def read_card(self, reader: str, judge: Callable[[bytes, Channel], T]) -> T | UnreadReason:
        """See `cards.loop.Session`."""
        reason = UnreadReason.UNREADABLE
        for attempt in range(TRIES):
            if attempt:
                time.sleep(TRY_AGAIN_AFTER)
            with self.held(reader) as card:
                if isinstance(card, UnreadReason):
                    reason = card
                    continue
                try:
                    number = uid_of(card)
                    if isinstance(number, bytes):
                        return judge(number, card)
                    reason = number
                except _Unanswered as gone:
                    reason = gone.reason
                except CardGone:
                    reason = UnreadReason.UNREADABLE
        return reason

    @contextmanager
    def held(self, reader: str) -> Iterator[PcscChannel | UnreadReason]:
        """Hold the card in the field of this reader for the block, alone; or say why not."""
        result, card, protocol = scard.SCardConnect(
            self._context,
            reader,
            scard.SCARD_SHARE_EXCLUSIVE,
            scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
        )
        if result != scard.SCARD_S_SUCCESS:
            yield _unread(result)
            return
        try:
            yield PcscChannel(card, protocol)
        finally:
            scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)


def uid_of(card: Channel) -> bytes | UnreadReason:
    """Return the UID as the reader tells it, unchecked. Raises CardGone."""
    answer = card.transmit(bytes(GET_UID))
    return answer[:-2] if answer[-2:] == b"\x90\x00" else UnreadReason.UNREADABLE


class Pcsc:
    """The PC/SC service of this process: pcscd behind its socket."""

    @contextmanager
    def open(self) -> Iterator[Session | TroubleReason]:
        """See `cards.loop.Stack`."""
        result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        if result != scard.SCARD_S_SUCCESS:
            yield _trouble(result)
            return
        try:
            yield PcscSession(context)
        finally:
            scard.SCardReleaseContext(context)


def _trouble(result: int) -> TroubleReason:
    if result == scard.SCARD_W_SECURITY_VIOLATION:
        return TroubleReason.DENIED
    return TroubleReason.NO_READER if result in _NO_READER else TroubleReason.NO_SERVICE


def _unread(result: int) -> UnreadReason:
    log.info("card not read: PC/SC says 0x%08X", result & 0xFFFFFFFF)
    if result in _BUSY:
        return UnreadReason.BUSY
    return UnreadReason.PULLED if result in _GONE else UnreadReason.UNREADABLE
