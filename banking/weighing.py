"""What speaks for a child or an account, as suggestions with a reason and a score.

The scores order suggestions; they are no probabilities.
"""

from collections.abc import Mapping

from accounts.allocations import Rule
from accounts.households import divided
from banking.evidence import Post, Reason, Suggestion
from banking.index import CONFIRMED, Index, Unmatched
from banking.near import Near, Slip
from banking.spotting import Hit, Manner

_SLIPS = {
    Slip.KEY: (Reason.SLIP_KEY, 0.90),
    Slip.LOOKALIKE: (Reason.SLIP_LOOKALIKE, 0.90),
    Slip.SWAPPED: (Reason.SLIP_SWAPPED, 0.90),
    Slip.DOUBLED: (Reason.SLIP_DOUBLED, 0.90),
    Slip.LEFT_OUT: (Reason.SLIP_LEFT_OUT, 0.75),
    Slip.TOO_MANY: (Reason.SLIP_TOO_MANY, 0.75),
    Slip.OTHER: (Reason.SLIP_OTHER, 0.75),
}
_MOST_NAMED = 5


def by_payer(line: Unmatched, index: Index) -> tuple[Suggestion, ...]:
    """Where earlier lines of the same account went."""
    known = index.payers.get(line.payer) if line.payer is not None else None
    if known is None:
        return ()
    children = sorted(known.pupils.items(), key=lambda it: (-it[1], it[0]))
    score = 0.8 if len(children) == 1 else 0.6 if len(children) == 2 else 0.3
    accounts = sorted(known.accounts.items(), key=lambda it: (-it[1], it[0]))
    return (
        *(
            Suggestion(name, line.amount, Reason.PAYER_ACCOUNT, 0.85, {"times": times})
            for name, times in accounts
        ),
        *(
            Suggestion(
                f"pupil:{pupil_id}",
                line.amount,
                Reason.PAYER,
                score if times >= CONFIRMED else score - 0.1,
                {"times": times, "children": len(children)},
            )
            for pupil_id, times in children[:_MOST_NAMED]
        ),
    )


def of_hits(line: Unmatched, hits: tuple[Hit, ...], index: Index) -> tuple[Suggestion, ...]:
    """The children whose codes were seen."""
    found: list[Suggestion] = []
    for hit in hits:
        sure = hit.manner is Manner.PRINTED
        reason, score = (Reason.CODE, 0.98) if sure else (Reason.CODE_IN_RUN, 0.90)
        target = f"pupil:{index.codes[hit.code]}"
        found.append(
            Suggestion(target, line.amount, reason, score - 0.1 * hit.healed, seen_of(hit))
        )
    return tuple(found)


def of_slips(line: Unmatched, slips: tuple[Near, ...], index: Index) -> tuple[Suggestion, ...]:
    """The children whose codes are one slip away."""
    found: list[Suggestion] = []
    for slip in slips:
        reason, score = _SLIPS[slip.slip]
        seen = {"code": slip.code, "field": slip.field, "slip": slip.slip.value}
        target = f"pupil:{index.codes[slip.code]}"
        likely = score if slip.code_like else score - 0.4
        found.append(Suggestion(target, line.amount, reason, likely, seen))
    return tuple(found)


def shared(
    line: Unmatched, printed: Mapping[int, Hit], shares: Mapping[int, int]
) -> tuple[Suggestion, ...]:
    """A part of the line for each child whose code was printed."""
    return tuple(
        Suggestion(f"pupil:{pupil_id}", amount, Reason.CODE, 0.98, seen_of(printed[pupil_id]))
        for pupil_id, amount in divided(line.amount, shares).items()
    )


def seen_of(hit: Hit) -> dict[str, object]:
    """What is written down of a code that was seen."""
    return {"code": hit.code, "field": hit.field, "healed": hit.healed}


def as_suggestions(post: Post, line_id: int) -> tuple[Suggestion, ...]:
    """What would have been decided about the line, for a person to take or leave."""
    reasons = {Rule.PAYER: Reason.PAYER, Rule.RETURN: Reason.GIVES_BACK}
    refunds = {Rule.REFUND_PAID, Rule.REFUND_RETURNED}
    return tuple(
        Suggestion(
            new.target,
            new.amount,
            Reason.REFUND if new.rule in refunds else reasons.get(new.rule, Reason.CODE),
            0.9,
            new.evidence,
            new.of_line,
            new.attempt_id,
        )
        for new in post.allocations
        if new.line_id == line_id
    )


def ranked(suggestions: tuple[Suggestion, ...]) -> tuple[Suggestion, ...]:
    """The likeliest first, each target once: what speaks for it twice makes it likelier."""
    best: dict[tuple[str, int | None], Suggestion] = {}
    for it in sorted(suggestions, key=lambda it: -it.score):
        key = (it.target, it.of_line)
        first = best.get(key)
        if first is None:
            best[key] = it
        elif first.reason is not it.reason:
            score = min(0.99, first.score + 0.1 * it.score)
            both = {**first.evidence, "also": it.reason.value}
            best[key] = Suggestion(
                first.target, first.amount, first.reason, score, both, first.of_line,
                first.attempt_id,
            )  # fmt: skip
    return tuple(sorted(best.values(), key=lambda it: (-it.score, it.target)))
