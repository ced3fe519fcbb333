"""Which keys a person pressed and which a keyboard reader typed.

A reader's burst ends in Enter or Tab and is typed faster than by hand. Keys are therefore
held until a pause shows that they were a person's; a burst is swallowed whole, so no letter
of a card's number is ever taken for a command. Keys that print nothing (F1, Escape, arrows)
end what was typed before them, since no reader sends them.
"""

from dataclasses import dataclass

PAUSE_NS = 100_000_000
"""A person's next key comes later than this; a reader's never does (see `cards.wedge`)."""
_SHORTEST_BURST = 6
_ENDS = frozenset({"enter", "tab"})


@dataclass(frozen=True, slots=True)
class Key:
    """One key press: its name as Textual has it, and what it prints."""

    name: str
    character: str | None = None

    @property
    def prints(self) -> bool:
        """Whether the key is a letter, a digit or the like."""
        return self.character is not None and self.character.isprintable()


@dataclass(frozen=True, slots=True)
class HeldKeys:
    """The keys nobody has judged yet, and when the last one came."""

    keys: tuple[Key, ...] = ()
    last_ns: int = 0


def take(
    held: HeldKeys, key: Key, now_ns: int, *, is_burst: bool = False
) -> tuple[HeldKeys, tuple[Key, ...]]:
    """Return what is held after this key, and the keys that are now known to be a person's.

    ``is_burst`` says that the wedge took this key for the end of a card's number.
    """
    freed: tuple[Key, ...] = ()
    if held.keys and now_ns - held.last_ns >= PAUSE_NS:
        freed, held = held.keys, HeldKeys()
    if is_burst:
        return HeldKeys(), freed
    if key.name in _ENDS and len(held.keys) >= _SHORTEST_BURST:
        # The wedge says nothing to a number that lies there still; it is a burst all the same.
        return HeldKeys(), freed
    if not key.prints:
        return HeldKeys(), (*freed, *held.keys, key)
    return HeldKeys((*held.keys, key), now_ns), freed


def release(held: HeldKeys, now_ns: int) -> tuple[HeldKeys, tuple[Key, ...]]:
    """Return what is held still, and the keys that a pause has shown to be a person's."""
    if held.keys and now_ns - held.last_ns >= PAUSE_NS:
        return HeldKeys(), held.keys
    return held, ()
