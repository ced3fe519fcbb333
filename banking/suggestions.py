"""Whose a line may be by the names and classes in its words: for the office's queue only.

A name never decides: of published school payments every fourth named no child, a musical was
called like one, and the payer's surname is often another. So each suggestion says how alike the
words are, and a first name alone, or a surname alone, is none.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from accounts.bank_text import LineText
from accounts.money import Money
from banking.evidence import Reason, Suggestion
from banking.folding import classes_of, words_of

MOST = 5
"""Names are suggested so many at most; what fits more children than that fits none."""
_LEAST_LIKE = 80.0
_SHORT = 4
_LEAST_SCORE = 0.5
_FIRST, _LAST, _CLASS = 0.40, 0.35, 0.20
_FIELDS = ("purpose", "name", "additional", "end_to_end")


@dataclass(frozen=True, slots=True)
class Named:
    """A child as its school knows it; personal data, for comparing only."""

    pupil_id: int
    first_name: str
    last_name: str
    class_name: str = ""


@dataclass(frozen=True, slots=True)
class NameIndex:
    """All names of the city, folded, and whose they are."""

    first: Mapping[str, frozenset[int]]
    last: Mapping[str, frozenset[int]]
    classes: Mapping[int, frozenset[str]]

    @classmethod
    def of(cls, people: Iterable[Named]) -> "NameIndex":
        """The index of these people."""
        first: dict[str, set[int]] = defaultdict(set)
        last: dict[str, set[int]] = defaultdict(set)
        classes: dict[int, frozenset[str]] = {}
        for person in people:
            for word in words_of(person.first_name):
                first[word].add(person.pupil_id)
            for word in words_of(person.last_name):
                last[word].add(person.pupil_id)
            classes[person.pupil_id] = classes_of(person.class_name)
        return cls(_frozen(first), _frozen(last), classes)


def by_name(text: LineText, amount: Money, index: NameIndex) -> tuple[Suggestion, ...]:
    """The children whose names the words are like, the likeliest first; ``amount`` is the line's."""
    words = words_of(*(getattr(text, field) for field in _FIELDS))
    first = _alike(words, index.first)
    last = _alike(words, index.last)
    classes = classes_of(text.purpose, text.additional)
    found: list[Suggestion] = []
    for pupil_id in first.keys() | last.keys():
        with_class = not classes.isdisjoint(index.classes[pupil_id])
        one, other = first.get(pupil_id, 0.0), last.get(pupil_id, 0.0)
        score = _FIRST * one + _LAST * other + _CLASS * with_class
        if score < _LEAST_SCORE or not one:
            continue
        reason = (
            Reason.FIRST_NAME_AND_CLASS
            if not other
            else Reason.NAME_AND_CLASS
            if with_class
            else Reason.NAME
        )
        evidence = {"first": round(one, 2), "last": round(other, 2), "class": with_class}
        found.append(Suggestion(f"pupil:{pupil_id}", amount, reason, round(score, 3), evidence))
    found.sort(key=lambda it: (-it.score, it.target))
    return tuple(_few(found))


def _few(found: list[Suggestion]) -> list[Suggestion]:
    """The best ones; where more are equal than can be shown, none of the equal ones."""
    if len(found) <= MOST:
        return found
    bar = found[MOST].score
    return [it for it in found[:MOST] if it.score > bar]


def _alike(words: Iterable[str], names: Mapping[str, frozenset[int]]) -> dict[int, float]:
    """By child, how alike (0 to 1) the best of the words is to one of its names."""
    known = list(names)
    best: dict[int, float] = {}
    for word in words:
        if word in names:
            likes = [(word, 100.0)]
        elif len(word) < _SHORT:
            continue
        else:
            likes = [
                (name, score)
                for name, score, _ in process.extract(
                    word, known, scorer=fuzz.ratio, score_cutoff=_LEAST_LIKE, limit=MOST
                )
            ]
        for name, score in likes:
            for pupil_id in names[name]:
                best[pupil_id] = max(best.get(pupil_id, 0.0), score / 100)
    return best


def _frozen(names: Mapping[str, set[int]]) -> dict[str, frozenset[int]]:
    return {name: frozenset(pupils) for name, pupils in names.items()}
