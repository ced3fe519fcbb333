"""The loop of one PC/SC reader: it waits for cards, has them prove themselves, outlives pcscd.

The loop ends only when told to. Whatever goes wrong with the service or the reader is told
once as `ReaderTrouble`; the loop then tries again until it can tell `ReaderReady`. What lay
in the field is remembered over such a gap, so that a card left lying there is not tapped
again, and one that is gone is told as taken.

A card is asked for its number, and, where its secret is known, for the proof of it, while it is
held once. Only reading commands are sent, so a card that is torn away has lost nothing.

PC/SC stands behind `Stack` and `Session`. Each of their calls may block without limit, since
PC/SC knows no time-outs; ``alive`` is therefore called between the calls at least once a
second while none of them blocks, and who watches the loop concludes from its absence.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, monotonic_ns
from typing import Protocol, TypeAlias, TypeVar

from cards.channel import CardGone, Channel
from cards.field import (
    Field,
    Report,
    Seen,
    emptied,
    identify,
    is_placing,
    is_ticket,
    placed,
)
from cards.prove import prove
from cards.reader import (
    Proof,
    ReaderReady,
    ReaderSetting,
    ReaderTrouble,
    Sink,
    TroubleReason,
    UnreadReason,
    choose,
)
from cards.secret import CardSecret

WAIT = 1.0
"""Seconds after which a wait returns with nothing new: the loop's heartbeat."""

SETTLE = 1.0
"""Seconds a reader that came back may take to find the card that lay on it when it went."""

GONE_WITHIN = 0.5
"""Seconds a reader may take to notice that a card it could not read has left."""


PROVE_WITHIN = 3.0
"""Seconds a card may take to prove itself. At 25 ms a command it takes 0.15; what is slower by
far is broken, or is asked by way of somebody else's reader. Less than a watcher's patience."""

Answer: TypeAlias = Callable[[str], CardSecret | UnreadReason | None]
"""The secret of the card with this UID, None where none is known, or why there was no answer."""

T = TypeVar("T")


class Session(Protocol):
    """One connection to the PC/SC service."""

    def readers(self) -> list[str] | TroubleReason:
        """Return the names of all readers present."""

    def wait(self, reader: str, last: Report | None, seconds: float) -> Report | TroubleReason:
        """Return the next report that differs from the last, or the last after ``seconds``."""

    def wait_for_readers(self, seconds: float) -> TroubleReason | None:
        """Return when a reader was plugged in or out, or after ``seconds``."""

    def read_card(self, reader: str, judge: Callable[[bytes, Channel], T]) -> T | UnreadReason:
        """Return what ``judge`` says of the card in the field while it is held.

        It is given the UID as the reader delivers it and a way to the card. A card that stops
        answering (`CardGone`) is asked again, and judged anew, before it counts as not read.
        """


class Stack(Protocol):
    """The PC/SC service."""

    def open(self) -> AbstractContextManager[Session | TroubleReason]:
        """Return a new connection, released at the end of the block."""


@dataclass(slots=True)
class Loop:
    """One reader's loop and what it knows of its field between two connections."""

    setting: ReaderSetting
    admit_virtual: bool
    now: Callable[[], datetime]
    tell: Sink
    alive: Callable[[], None]
    secret_of: Answer
    field: Field
    told: TroubleReason | ReaderReady | None = None

    def run(self, stack: Stack, pause: Callable[[], bool]) -> None:
        """Attend to the reader over and over, until ``pause``, called between two tries, is False."""
        before: TroubleReason | None = None
        while True:
            self.alive()
            with stack.open() as session:
                opened = session if isinstance(session, TroubleReason) else None
                reason = self._attend(session) if not isinstance(session, TroubleReason) else opened
            # A daemon that dies while it is spoken to looks like one that refuses (libpcsclite
            # answers both with a security violation). One that refuses does so at the opening,
            # and at the next one too.
            denied = reason is TroubleReason.DENIED
            doubtful = denied and not (opened is before is TroubleReason.DENIED)
            self._trouble(TroubleReason.NO_SERVICE if doubtful or reason is None else reason)
            before = opened
            if not pause():
                return

    def _attend(self, session: Session) -> TroubleReason:
        """Serve with this connection as long as it carries; return what ended it."""
        while True:
            self.alive()
            names = session.readers()
            if isinstance(names, TroubleReason):
                return names
            name = choose(names, self.setting, admit_virtual=self.admit_virtual)
            if isinstance(name, str):
                return self._serve(session, name)
            self._trouble(name)
            ended = session.wait_for_readers(WAIT)
            if ended is not None:
                return ended

    def _serve(self, session: Session, name: str) -> TroubleReason:
        """Tell what happens in the field of this reader until it or the service is gone."""
        self.field = self.field.in_new_context()
        while True:
            self.alive()
            report = session.wait(name, self.field.last, WAIT)
            seen_ns = monotonic_ns()
            if isinstance(report, TroubleReason):
                return report
            self._ready()
            if self.field.last is None and self.field.occupied and not report.present:
                report = session.wait(name, report, SETTLE)
                if isinstance(report, TroubleReason):
                    return report
            if is_placing(self.field, report):
                self._read(session, name, report, seen_ns)
            elif report.present:
                self.field = Field(report, self.field.occupied, self.field.card)
            else:
                self.field, events = emptied(self.field, report, self.setting.label)
                for event in events:
                    self.tell(event)

    def _read(self, session: Session, name: str, report: Report, seen_ns: int) -> None:
        if is_ticket(report):
            self._place(report, UnreadReason.TICKET, seen_ns)
            return
        until = monotonic() + PROVE_WITHIN
        seen = session.read_card(name, lambda raw, card: self._judge(raw, card, until))
        after = session.wait(name, report, GONE_WITHIN if seen is UnreadReason.UNREADABLE else 0)
        if isinstance(after, Report) and after.count != report.count:
            if after.present:
                # Swapped between the report and the reading: this number would tap now and
                # again with the next report. It is left to that one.
                return
            if seen is UnreadReason.UNREADABLE:
                seen = UnreadReason.PULLED
        self._place(report, seen, seen_ns)

    def _place(self, report: Report, seen: Seen | UnreadReason, seen_ns: int) -> None:
        self.field, events = placed(
            self.field,
            report,
            seen,
            reader=self.setting.label,
            at=self.now(),
            seen_ns=seen_ns,
        )
        for event in events:
            self.tell(event)

    def _judge(self, raw: bytes, channel: Channel, until: float) -> Seen | UnreadReason:
        """Return whose card it is and whether it proved it. Raises CardGone."""
        card = identify(raw, self.setting)
        if isinstance(card, UnreadReason):
            return card
        secret = self.secret_of(card)
        if isinstance(secret, UnreadReason):
            return secret
        if secret is None:
            return Seen(card)
        fault = prove(_Paced(channel, self.alive, until), secret=secret)
        return Seen(card, Proof.AES if fault is None else Proof.UID, fault)

    def _ready(self) -> None:
        if not isinstance(self.told, ReaderReady):
            self.told = ReaderReady(self.setting.label)
            self.tell(self.told)

    def _trouble(self, reason: TroubleReason) -> None:
        if self.told is not reason:
            self.told = reason
            self.tell(ReaderTrouble(self.setting.label, reason))


@dataclass(frozen=True, slots=True)
class _Paced:
    """A channel that gives a sign of life with each command, and an end to a card that drags."""

    channel: Channel
    alive: Callable[[], None]
    until: float

    def transmit(self, apdu: bytes) -> bytes:
        self.alive()
        if monotonic() > self.until:
            raise CardGone("the card takes too long")
        return self.channel.transmit(apdu)
