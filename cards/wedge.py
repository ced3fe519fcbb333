"""Readers that type the card's number as if they were a keyboard.

A burst is what no hand types: at least eight characters, six for decimal numbers, each less
than 100 ms after the one before, ended by Enter or Tab. What a person typed before it, with
a pause, is not part of it. Whatever is no burst is nothing; it stays with the kiosk's keys.

A wedge proves a UID at best. It never says that a card was taken away, so a number that
comes again within two seconds of its last burst is the same card still lying there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cards import uid
from cards.field import unread_reason
from cards.reader import CardUnread, Proof, ReaderSetting, Tap
from cards.uid import Radix, UidForm

GAP_NS = 100_000_000
LYING_NS = 2_000_000_000
LONGEST = 32
_ENDS = frozenset({"enter", "tab"})


@dataclass(frozen=True, slots=True)
class Burst:
    """The characters that came fast enough so far, and when the last one did."""

    text: str = ""
    last_ns: int = 0


def shortest(form: UidForm) -> int:
    """Return how many characters a burst of this form has at least.

    Some decimal readers drop leading zeros; fewer than six digits come from one card in
    forty thousand, and from a person's hands every day.
    """
    return 6 if form.radix is Radix.DECIMAL else 8


def press(
    burst: Burst, *, key: str, character: str | None, now_ns: int, form: UidForm
) -> tuple[Burst, str | None]:
    """Return the burst after this key, and its text where the key ended one.

    ``key`` is the key's name in lower case as Textual has it, ``character`` what it prints,
    ``now_ns`` a monotonic time.
    """
    if now_ns - burst.last_ns >= GAP_NS:
        burst = Burst()
    if key in _ENDS:
        whole = shortest(form) <= len(burst.text) <= LONGEST
        return Burst(), burst.text if whole else None
    if character is None or len(character) != 1 or not character.isprintable():
        return Burst(), None
    return Burst(burst.text + character, now_ns), None


class Wedge:
    """One keyboard reader: give it every key, it answers with what a key completed."""

    def __init__(self, setting: ReaderSetting, now: Callable[[], datetime]) -> None:
        self.setting = setting
        self._now = now
        self._burst = Burst()
        self._last: str | uid.UidFault | None = None
        self._last_ns = 0

    def press(self, key: str, character: str | None, now_ns: int) -> Tap | CardUnread | None:
        """Return the tap this key completed, the refusal of one, or None; see `press`."""
        form = self.setting.uid_form
        self._burst, text = press(
            self._burst, key=key, character=character, now_ns=now_ns, form=form
        )
        if text is None:
            return None
        seen = uid.read(text, form)
        lying = seen == self._last and now_ns - self._last_ns < LYING_NS
        self._last, self._last_ns = seen, now_ns
        if lying:
            return None
        if isinstance(seen, uid.UidFault):
            return CardUnread(self.setting.label, unread_reason(seen))
        return Tap(seen, Proof.UID, self.setting.label, self._now(), now_ns)
