"""PC/SC as pyscard offers it, in the terms of `cards.loop`; the only import of smartcard.

Every call may block for ever and none may be made in the process that paints the screen:
pyscard loads libpcsclite at import and, where that fails, prints to stdout and answers every
call as if pcscd did not run. `cards.watched` gives all of this a process of its own.

A card is held only while its number is read, exclusively, and left powered as it was:
pyscard's usual disconnect resets the card under everybody else's feet.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from smartcard import scard

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
        )

    def wait_for_readers(self, seconds: float) -> TroubleReason | None:
        """See `cards.loop.Session`."""
        result, _ = scard.SCardGetStatusChange(
            self._context, round(seconds * 1000), [(_PLUG_AND_PLAY, scard.SCARD_STATE_UNAWARE)]
        )
        return (
            None if result in {scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT} else _trouble(result)
        )

    def read_uid(self, reader: str) -> bytes | UnreadReason:
        """See `cards.loop.Session`."""
        reason = UnreadReason.UNREADABLE
        for attempt in range(TRIES):
            if attempt:
                time.sleep(TRY_AGAIN_AFTER)
            answer = self._try_read_uid(reader)
            if isinstance(answer, bytes):
                return answer
            reason = answer
        return reason

    def _try_read_uid(self, reader: str) -> bytes | UnreadReason:
        result, card, protocol = scard.SCardConnect(
            self._context,
            reader,
            scard.SCARD_SHARE_EXCLUSIVE,
            scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
        )
        if result != scard.SCARD_S_SUCCESS:
            return _unread(result)
        try:
            result, answer = scard.SCardTransmit(
                card,
                scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1,
                list(GET_UID),
            )
        finally:
            scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
        if result != scard.SCARD_S_SUCCESS:
            return _unread(result)
        *number, sw1, sw2 = answer if len(answer) >= 2 else (0, 0)
        return bytes(number) if (sw1, sw2) == (0x90, 0x00) else UnreadReason.UNREADABLE


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
