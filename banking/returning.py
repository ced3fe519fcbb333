"""Money that comes back, and money that leaves: which earlier line or refund it belongs to.

- What comes back belongs where the line went that it gives back: the same amount the other way,
  the same account on the other side or the same end-to-end id, booked earlier, not given back yet.
  Where one of the two is the same and the other is another, a person decides.
- Two such lines are the same to us where they went to the same places; else a person decides.
- A refund of ours is known by its own end-to-end id, when it leaves and when it comes back.
- Any other money that leaves is asked about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from accounts.allocations import NewAllocation, Rule
from accounts.bank_book import Nature
from accounts.given_back import Earlier
from accounts.money import ZERO, Money
from accounts.payers import Remembered
from banking.evidence import Ask, Decision, Post, Reason, Suggestion, Why

TRANSIT = "refunds"
"""Where money is that is on its way back."""
_FEES = frozenset({"805", "806", "808", "809", "810", "811", "812", "813"})
_INTEREST = frozenset({"814", "815"})
"""Business transaction codes of the bank's own closings, fees and interest (DFÜ-Abkommen, Anlage 3)."""


@dataclass(frozen=True, slots=True)
class InTransit:
    """A refund's attempt that a payment file carried: its amount, and its debit once it is there."""

    attempt_id: int
    amount: Money
    debit_line: int | None = None


class Line(Protocol):
    """What has to be known of a line here (``matching.Unmatched``)."""

    @property
    def id(self) -> int: ...  # noqa: D102  # the words say it
    @property
    def account_id(self) -> int: ...  # noqa: D102  # as above
    @property
    def day(self) -> date: ...  # noqa: D102  # as above
    @property
    def amount(self) -> Money: ...  # noqa: D102  # as above
    @property
    def nature(self) -> Nature: ...  # noqa: D102  # as above
    @property
    def gvc(self) -> str | None: ...  # noqa: D102  # as above
    @property
    def payer(self) -> bytes | None: ...  # noqa: D102  # as above
    @property
    def end_to_end(self) -> bytes | None: ...  # noqa: D102  # as above


Known = Mapping[tuple[bytes, int], tuple[Earlier, ...]]
"""Earlier lines by the hash of payer or end-to-end id, and by cents."""


def returned(line: Line, refunds: Mapping[bytes, InTransit], earlier: Known) -> Decision | None:
    """What a refund of ours or a return belongs to; None for any other line."""
    ours = refunds.get(line.end_to_end) if line.end_to_end is not None else None
    if ours is not None and abs(line.amount.cents) == ours.amount.cents:
        paid = line.amount < ZERO
        if paid and ours.debit_line is None:
            return _transit(line, Rule.REFUND_PAID, ours, None)
        if not paid and ours.debit_line is not None:
            return _transit(line, Rule.REFUND_RETURNED, ours, ours.debit_line)
    if line.nature is not Nature.RETURN:
        return None
    found = candidates(line, earlier, sure=True)
    if not found:
        return Ask(Why.NO_ORIGINAL, _gives_back(line, candidates(line, earlier)))
    if len({it.went for it in found}) > 1:
        return Ask(Why.SEVERAL_ORIGINALS, _gives_back(line, found))
    original = found[-1]
    if original.untouched:
        evidence = {"line": original.id, "day": original.day.isoformat()}
        both = (
            NewAllocation(original.id, TRANSIT, original.amount, Rule.RETURN, {"line": line.id}),
            NewAllocation(line.id, TRANSIT, line.amount, Rule.RETURN, evidence, original.id),
        )
        return Post(both, Rule.RETURN, evidence)
    if original.rest:
        return Ask(Why.ORIGINAL_DIVIDED, _gives_back(line, found))
    return _mirrored(line, original)


def candidates(line: Line, earlier: Known, *, sure: bool = False) -> tuple[Earlier, ...]:
    """The lines it can give back, the oldest first; those of the same end-to-end id alone if any.

    ``sure``: without those of which the payer or the end-to-end id is known to be another.
    """
    for known in (line.end_to_end, line.payer):
        if known is None:
            continue
        found = tuple(
            it
            for it in earlier.get((known, -line.amount.cents), ())
            if it.account_id == line.account_id
            and it.id < line.id
            and it.day <= line.day
            and not (sure and _of_another(line, it))
        )
        if found:
            return found
    return ()


def still_so(post: Post, lines: Mapping[int, Earlier]) -> bool:
    """Whether what it gives back, if anything, lies where it lay; ``lines`` are as they are now."""
    parts: dict[int, list[tuple[str, int]]] = {}
    for new in post.allocations:
        if new.of_line is not None:
            parts.setdefault(new.of_line, []).append((new.target, -new.amount.cents))
    own = {new.line_id for new in post.allocations}
    return all(
        number in lines and _lies(lines[number], told, post.rule, untouched=number in own)
        for number, told in parts.items()
    )


def _lies(line: Earlier, parts: Sequence[tuple[str, int]], rule: Rule, *, untouched: bool) -> bool:
    if untouched:
        return line.untouched
    if rule is Rule.REFUND_RETURNED:  # its attempt's part, whatever else the line was
        return set(parts) <= set(line.went)
    return tuple(sorted(parts)) == line.went


def _of_another(line: Line, original: Earlier) -> bool:
    pairs = ((line.payer, original.payer), (line.end_to_end, original.end_to_end))
    return any(one is not None and it is not None and one != it for one, it in pairs)


def money_out(line: Line, known: Remembered | None, earlier: Known) -> Ask:
    """What may be the answer where money left."""
    suggestions: list[Suggestion] = []
    if line.gvc in _FEES:
        suggestions.append(Suggestion("fees", line.amount, Reason.BANK_FEE, 0.9, {"gvc": line.gvc}))
    if line.gvc in _INTEREST:
        suggestions.append(
            Suggestion("interest", line.amount, Reason.INTEREST, 0.9, {"gvc": line.gvc})
        )
    if known is not None:
        for name, times in sorted(known.accounts.items(), key=lambda it: (-it[1], it[0])):
            evidence = {"times": times}
            suggestions.append(Suggestion(name, line.amount, Reason.PAYER_ACCOUNT, 0.85, evidence))
    suggestions += _gives_back(line, candidates(line, earlier))
    return Ask(Why.MONEY_OUT, tuple(sorted(suggestions, key=lambda it: (-it.score, it.target))))


def _transit(line: Line, rule: Rule, ours: InTransit, of_line: int | None) -> Post:
    evidence: dict[str, object] = {"attempt": ours.attempt_id}
    new = NewAllocation(line.id, TRANSIT, line.amount, rule, evidence, of_line, ours.attempt_id)
    return Post((new,), rule, evidence)


def _mirrored(line: Line, original: Earlier) -> Post:
    evidence = {"line": original.id, "day": original.day.isoformat()}
    ours = next((it.attempt_id for it in original.parts if it.attempt_id is not None), None)
    rule = Rule.RETURN if ours is None else Rule.REFUND_RETURNED
    news = tuple(
        NewAllocation(
            line.id, it.target, -it.amount, rule, evidence, original.id, it.attempt_id
        )
        for it in original.parts
    )  # fmt: skip
    return Post(news, rule, evidence)


def _gives_back(line: Line, found: tuple[Earlier, ...]) -> tuple[Suggestion, ...]:
    return tuple(
        Suggestion(
            part.target,
            -part.amount,
            Reason.GIVES_BACK,
            0.8 if line.nature is Nature.RETURN else 0.5,
            {"line": it.id, "day": it.day.isoformat()},
            it.id,
            part.attempt_id,
        )
        for it in reversed(found)
        for part in it.parts
    )
