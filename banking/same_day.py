"""One day, told twice: which lines are new, which were told with other words, which are missing.

Two tellings of a line pair by identity; else by amount and payer, else by amount, and then only
where as many are left over on both sides: where more were told than are kept, nobody could say
which of them is the new one.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass

from banking.identity import Seen
from banking.known_days import Name, New, Stored


@dataclass(frozen=True, slots=True)
class Compared:
    """What a telling adds to a day, which kept lines it words anew, and which it leaves out."""

    extra: tuple[New, ...] = ()
    amended: tuple[int, ...] = ()
    missing: tuple[Stored, ...] = ()


def compare(told: Sequence[Seen], kept: Sequence[Stored], name: Name) -> Compared:
    """A day that is told from its beginning, beside what is kept of it."""
    by_identity = {stored.identity: stored for stored in kept}
    extra: list[New] = []
    amended: list[int] = []
    for new in named(told, name):
        stored = by_identity.pop(new.identity, None)
        if stored is None:
            extra.append(new)
        elif stored.text_digest != new.seen.text_digest:
            amended.append(stored.id)
    missing = list(by_identity.values())
    for by_new, by_stored in (
        (_payer_told, _payer_kept),
        (_amount_told, _amount_kept),
    ):
        amended += _paired(extra, missing, by_new, by_stored)
    return Compared(tuple(extra), tuple(amended), tuple(missing))


def compare_rest(told: Sequence[Seen], kept: Sequence[Stored], name: Name) -> Compared:
    """A part of a day that is told after what is kept of it: all of it is new."""
    return Compared(tuple(named(told, name, {stored.identity for stored in kept})))


def same_amounts(told: Sequence[Seen], kept: Sequence[Stored], *, in_part: bool) -> bool:
    """Whether a telling in the other family of formats has the same amounts, or some of them."""
    ours = Counter(stored.amount for stored in kept)
    theirs = Counter(seen.line.amount for seen in told)
    return theirs <= ours if in_part else theirs == ours


def named(told: Iterable[Seen], name: Name, taken: Collection[bytes] = ()) -> list[New]:
    """The lines with their identities, counted where they are alike, past those that are taken."""
    counted: Counter[bytes] = Counter()
    lines = []
    for seen in told:
        counted[seen.alike] += 1
        while (identity := name(seen.alike, counted[seen.alike])) in taken:
            counted[seen.alike] += 1
        lines.append(New(identity, seen))
    return lines


def _paired(
    extra: list[New],
    missing: list[Stored],
    by_new: Callable[[New], Hashable],
    by_stored: Callable[[Stored], Hashable],
) -> list[int]:
    """Take the pairs out of both lists; the numbers of the kept lines among them."""
    told: dict[Hashable, list[New]] = defaultdict(list)
    kept: dict[Hashable, list[Stored]] = defaultdict(list)
    for new in extra:
        told[by_new(new)].append(new)
    for stored in missing:
        kept[by_stored(stored)].append(stored)
    even = {key for key, some in kept.items() if len(some) == len(told.get(key, ()))}
    amended = [stored.id for key in even for stored in kept[key]]
    extra[:] = [new for new in extra if by_new(new) not in even]
    missing[:] = [stored for stored in missing if by_stored(stored) not in even]
    return amended


def _payer_told(new: New) -> Hashable:
    return new.seen.line.amount, new.seen.payer


def _payer_kept(stored: Stored) -> Hashable:
    return stored.amount, stored.payer


def _amount_told(new: New) -> Hashable:
    return new.seen.line.amount


def _amount_kept(stored: Stored) -> Hashable:
    return stored.amount
