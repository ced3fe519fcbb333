"""Whose a bank line is: decided where no doubt is left, else asked with all that speaks for it.

- By itself a line goes to a child only on the child's own code as printed (``spotting``), to
  several of one household on all of theirs, and to the one child that its payer's account has
  paid for where the school asked for that. A name never decides.
- Whatever else looks like a code in the words, be it broken or another child's, stops all of it.
- A return goes where the line went that it gives back; a refund of ours is known by its own id.
- The same line and the same index make the same decision, and a decision says its evidence.
"""

from collections.abc import Mapping

from accounts.allocations import NewAllocation, Rule
from accounts.bank_text import LineText
from accounts.households import divided
from accounts.money import ZERO, Money
from banking.evidence import Ask, Decision, Post, Reason, Suggestion, Why
from banking.folding import HARMLESS, classes_of, words_of
from banking.index import CONFIRMED, DEFAULT_CAP, Index, Unmatched
from banking.near import left_over
from banking.returning import InTransit, money_out, returned
from banking.spotting import Hit, Manner, spot
from banking.weighing import (
    as_suggestions,
    by_payer,
    of_hits,
    of_slips,
    ranked,
    seen_of,
    shared,
)

__all__ = [
    "DEFAULT_CAP",
    "Ask",
    "Decision",
    "InTransit",
    "Index",
    "Post",
    "Reason",
    "Suggestion",
    "Unmatched",
    "Why",
    "match",
]


def match(line: Unmatched, index: Index) -> Decision:
    """Whose the line is, or why that is asked and what may be the answer."""
    decision = _decide(line, index)
    if line.decided:
        suggestions = (
            as_suggestions(decision, line.id)
            if isinstance(decision, Post)
            else decision.suggestions
        )
        return Ask(Why.DECIDED_BEFORE, suggestions)
    return decision


def _decide(line: Unmatched, index: Index) -> Decision:
    back = returned(line, index.refunds, index.earlier)
    if back is not None:
        return back
    if line.amount < ZERO:
        return money_out(line, index.payers.get(line.payer or b""), index.earlier)
    if line.text is None:
        return Ask(Why.NO_TEXT, by_payer(line, index))
    spotted = spot(line.text, index.codes)
    hits = spotted.hits
    printed = {index.codes[hit.code]: hit for hit in hits if hit.manner is Manner.PRINTED}
    rest = left_over(spotted.rest, index.codes)
    slips = tuple(it for it in rest.near if index.codes[it.code] not in printed)
    others = {index.codes[hit.code] for hit in hits} - set(printed)
    others |= {index.codes[it.code] for it in slips if it.code_like}
    if printed and not others and not rest.broken:
        return _by_codes(line, printed, index)
    suggestions = (*of_hits(line, hits, index), *of_slips(line, slips, index))
    if printed or others or rest.broken:
        loose = any(hit.manner is Manner.LOOSE for hit in hits)
        several = len(printed) + len(others) > 1
        why = Why.SEVERAL_CHILDREN if several else Why.NOT_AS_PRINTED if loose else Why.MISTYPED
        return Ask(why, ranked((*suggestions, *by_payer(line, index))))
    return _by_account(line, line.text, suggestions, index)


def _by_codes(line: Unmatched, printed: Mapping[int, Hit], index: Index) -> Decision:
    if line.amount > index.cap:
        return Ask(Why.OVER_CAP, shared(line, printed, dict.fromkeys(printed, 1)))
    if len(printed) == 1:
        ((pupil_id, hit),) = printed.items()
        evidence = seen_of(hit)
        return _post(line, {pupil_id: line.amount}, Rule.CODE, {pupil_id: evidence})
    shares = index.shares.get(next(iter(printed)), {})
    if not shares.keys() >= printed.keys():
        return Ask(Why.SEVERAL_CHILDREN, shared(line, printed, dict.fromkeys(printed, 1)))
    theirs = {pupil_id: shares[pupil_id] for pupil_id in printed}
    amounts = {it: amount for it, amount in divided(line.amount, theirs).items() if amount}
    evidence_of = {
        it: {**seen_of(printed[it]), "share": theirs[it], "shares": sum(theirs.values())}
        for it in amounts
    }
    return _post(line, amounts, Rule.HOUSEHOLD, evidence_of)


def _by_account(
    line: Unmatched, text: LineText, suggestions: tuple[Suggestion, ...], index: Index
) -> Decision:
    known = index.payers.get(line.payer) if line.payer is not None else None
    every = ranked((*suggestions, *by_payer(line, index)))
    if known is None or not known.pupils:
        return Ask(Why.NO_EVIDENCE, every)
    if len(known.pupils) > 1 or known.accounts:
        return Ask(Why.SEVERAL_PAID_FOR, every)
    ((pupil_id, times),) = known.pupils.items()
    if (
        suggestions
        or times < CONFIRMED
        or pupil_id not in index.remembering
        or _may_mean_another(text, pupil_id, index)
    ):
        return Ask(Why.NOT_REMEMBERED, every)
    if line.amount > index.cap:
        return Ask(Why.OVER_CAP, every)
    return _post(line, {pupil_id: line.amount}, Rule.PAYER, {pupil_id: {"times": times}})


def _may_mean_another(text: LineText, pupil_id: int, index: Index) -> bool:
    """Whether the words say anything but what names nobody, or this very child."""
    own = index.own_words.get(pupil_id, frozenset())
    said = words_of(text.purpose) | classes_of(text.purpose)
    return not said - own <= HARMLESS - index.first_names


def _post(
    line: Unmatched,
    amounts: Mapping[int, Money],
    rule: Rule,
    evidence: Mapping[int, Mapping[str, object]],
) -> Post:
    news = tuple(
        NewAllocation(line.id, f"pupil:{pupil_id}", amount, rule, evidence[pupil_id])
        for pupil_id, amount in amounts.items()
    )
    return Post(news, rule, {str(pupil_id): told for pupil_id, told in evidence.items()})
