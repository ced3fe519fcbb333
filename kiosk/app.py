"""The kiosk's screen as an application: outcomes in, commands out, nothing decided here.

Every charge is durable before its outcome arrives, so nothing that happens to this
application undoes one. It has one screen that is never replaced; nothing is mounted or
removed while it runs. It holds the last outcome only until its time is over.
"""

import contextlib
import logging
import threading
from collections.abc import Callable
from time import monotonic_ns

from textual.app import App
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from accounts.texts import Language, texts
from cards.reader import CardUnread, Tap, TroubleReason
from kiosk.commands import Command
from kiosk.messages import Outcome, ReaderDown, ReaderUp, Status
from kiosk.screens import held_keys, staff_keys
from kiosk.screens.counter import CounterScreen
from kiosk.screens.faces import SECOND_NS, Face, face_of, stay_ns, tone_of, words
from kiosk.screens.held_keys import HeldKeys, Key
from kiosk.screens.posts import Delivered, Finish, Pressed
from kiosk.screens.staff import Mode, Staff, hear, menu
from kiosk.sounds import Play, Tone, silent
from kiosk.widgets.panel import keys, panel, status_line

log = logging.getLogger(__name__)

LANGUAGE_NS = 60 * SECOND_NS
"""So long after it was chosen the other language goes back to the kiosk's own."""
PIN_NS = 20 * SECOND_NS
"""A PIN that nobody goes on typing is forgotten."""

Wedge = Callable[[str, str | None, int], Tap | CardUnread | None]
"""`cards.wedge.Wedge.press`: told every key, it answers with the card a key completed."""


class KioskApp(App[None], inherit_bindings=False):
    """The kiosk.

    ``send`` is given every command, in the screen's thread, and must not wait. ``now_ns`` is a
    monotonic clock. With a ``wedge`` each key is shown to it first and the cards it reads go
    to ``tapped``. ``shown`` is told of each outcome, with ``now_ns``, once it is painted.
    ``side`` is a second column for wide terminals. With ``may_quit`` the key Q ends it.
    """

    CSS_PATH = "kiosk.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "Mensakasse"

    def __init__(
        self,
        send: Callable[[Command], None],
        language: Language = Language.GERMAN,
        *,
        play: Play = silent,
        now_ns: Callable[[], int] = monotonic_ns,
        wedge: Wedge | None = None,
        tapped: Callable[[Tap | CardUnread], None] | None = None,
        shown: Callable[[Outcome, int], None] | None = None,
        side: Widget | None = None,
        hint: str = "",
        may_quit: bool = False,
    ) -> None:
        super().__init__(watch_css=False)
        self.animation_level = "none"
        self._send = send
        self._own = self._language = language
        self._play = play
        self._now_ns = now_ns
        self._wedge = wedge
        self._tapped = tapped
        self._shown = shown
        self._may_quit = may_quit
        self._staff = Staff()
        self._result: Outcome | None = None
        self._status: Status | None = None
        self._readers: dict[str, TroubleReason | None] = {}
        self._held = HeldKeys()
        self._due: dict[str, int] = {}
        self._alarm: Timer | None = None
        self._early: list[Message] | None = []
        self._early_lock = threading.Lock()
        own, other = texts(language), texts(language.other)
        self.counter = CounterScreen(words(Face.IDLE, None, own, other), side=side, hint=hint)

    # --- from other threads ------------------------------------------------------------------

    def deliver(self, outcome: Outcome) -> None:
        """Show an outcome; from any thread, at any time. Once the application ends it is nothing."""
        self._hand_over(Delivered(outcome))

    def finish(self) -> None:
        """End with status 0; from any thread."""
        self._hand_over(Finish())

    def _hand_over(self, message: Message) -> None:
        with self._early_lock:
            if self._early is not None:
                self._early.append(message)
                return
        # The loop may close at this very moment; the ledger knows the outcome all the same.
        with contextlib.suppress(RuntimeError):
            self.post_message(message)

    # --- the application's own thread --------------------------------------------------------

    @property
    def face(self) -> Face:
        """The face that is shown."""
        face = None if self._result is None else face_of(self._result)
        if face is not None:
            return face
        if self._all_readers_down():
            return Face.TROUBLE
        status = self._status
        knows_nobody = status is not None and status.snapshot_age_seconds is None
        return Face.LOADING if knows_nobody else Face.IDLE

    @property
    def staff(self) -> Staff:
        """The staff's side of the screen."""
        return self._staff

    def get_default_screen(self) -> CounterScreen:
        """The one screen there is."""
        return self.counter

    def on_mount(self) -> None:
        """Show what came before there was a screen."""
        self._paint()
        with self._early_lock:
            early, self._early = self._early or [], None
        for message in early:
            self.post_message(message)

    def on_finish(self) -> None:
        """End as asked."""
        self.exit()

    def on_delivered(self, message: Delivered) -> None:
        """Take in one outcome and show what it changes."""
        outcome = message.outcome
        was_down = self._all_readers_down()
        match outcome:
            case ReaderDown(reader=reader, reason=reason):
                self._readers[reader] = reason
            case ReaderUp(reader=reader):
                self._readers[reader] = None
            case Status():
                self._status = outcome
            case _ if face_of(outcome) is not None:
                self._result = outcome
                self._due["result"] = self._now_ns() + stay_ns(outcome)
        self._staff = hear(self._staff, outcome)
        tone = tone_of(outcome)
        if self._all_readers_down() and not was_down:
            tone = Tone.PROBLEM
        if tone is not None:
            self._play(tone)
        self._after_change()
        if self._shown is not None:
            self.call_after_refresh(self._tell_shown, outcome)

    def on_pressed(self, message: Pressed) -> None:
        """Take in one key, a person's or a wedge's."""
        key, now = message.key, self._now_ns()
        pressed: tuple[Key, ...] = (key,)
        if self._wedge is not None:
            card = self._wedge(key.name, key.character, now)
            self._held, pressed = held_keys.take(self._held, key, now, is_burst=card is not None)
            if card is not None and self._tapped is not None:
                self._tapped(card)
            if self._held.keys:
                self._due["held"] = self._held.last_ns + held_keys.PAUSE_NS
        self._press(pressed)
        self._after_change()

    def tick(self) -> None:
        """Do what is due by now: back to idle, to the kiosk's own language, out of the PIN."""
        now = self._now_ns()
        due = {name for name, at in self._due.items() if at <= now}
        for name in due:
            del self._due[name]
        if "result" in due:
            self._result = None
        if "language" in due:
            self._language = self._own
        if "pin" in due and self._staff.mode is Mode.PIN:
            self._staff = menu(self._staff)
        if "held" in due:
            self._held, pressed = held_keys.release(self._held, now)
            self._press(pressed)
        self._after_change()

    def _press(self, pressed: tuple[Key, ...]) -> None:
        for key in pressed:
            if key.name == "f2":
                self._language = self._language.other
                self._due["language"] = self._now_ns() + LANGUAGE_NS
            if self._may_quit and self._staff.mode is Mode.CLOSED and key.character in {"q", "Q"}:
                self.exit()
            self._staff, commands = staff_keys.press(self._staff, key)
            for command in commands:
                self._send(command)
            if self._staff.mode is Mode.PIN:
                self._due["pin"] = self._now_ns() + PIN_NS
            if self._staff.leaving:
                log.info("ended by staff")
                self.exit()

    def _after_change(self) -> None:
        self._paint()
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None
        if self._due:
            wait_ns = max(0, min(self._due.values()) - self._now_ns())
            self._alarm = self.set_timer(wait_ns / SECOND_NS, self.tick)

    def _paint(self) -> None:
        said, other = texts(self._language), texts(self._language.other)
        troubles = {name: why for name, why in self._readers.items() if why is not None}
        self.counter.show_face(self.face, words(self.face, self._result, said, other))
        self.counter.show_staff(
            panel(self._staff, said),
            keys(self._staff.mode, said, may_quit=self._may_quit),
            status_line(self._staff, self._status, troubles, said),
            signed_in=self._staff.label is not None,
        )

    def _all_readers_down(self) -> bool:
        return bool(self._readers) and None not in self._readers.values()

    def _tell_shown(self, outcome: Outcome) -> None:
        if self._shown is not None:
            self._shown(outcome, self._now_ns())

    def _fatal_error(self) -> None:
        # Textual's own prints every local variable to the terminal, PINs and names included.
        log.critical("screen failed", exc_info=self._exception)
        self._close_messages_no_wait()
