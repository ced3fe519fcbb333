"""What a person decides about a bank line: whose it is, and how it is divided.

Each decision is an entry in the decider's name, none is final (``bank_undoing``). More than is
there is never given away.
"""

import argparse
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from accounts.allocations import (
    AllocationRefusal,
    NewAllocation,
    Rule,
    allocate,
    open_line,
)
from accounts.clock import SystemClock
from accounts.ledger import balance
from accounts.line_story import LineStory, story_of
from accounts.money import ZERO, Money, total
from accounts.texts import Texts
from banking.evidence import Suggestion
from kiosk.jobs.common import database_of
from kiosk.jobs.words import is_number, read_bounded
from kiosk.office.bank_faults import DecisionFault
from kiosk.office.bank_suggestions import look_at
from kiosk.office.bank_targets import Target, meant, target_of
from kiosk.office.bank_words import open_vault, refuse
from kiosk.office.desk import Answer, Desk, Refused, Said


@dataclass(frozen=True, slots=True)
class _Part:
    """A target with its amount, signed as the line's."""

    target: Target
    amount: Money
    of_line: int | None = None
    attempt: int | None = None
    rule: Rule = Rule.BY_HAND
    evidence: Mapping[str, object] | None = None


def prepare(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """Before the ledger is locked: the vault, and what is suggested for the line where it counts.

    A suggestion counts where a number was typed, and where money goes back: then it says which
    line it gives back. Left in ``asked.suggested``.
    """
    lacking = open_vault(asked, speech)
    if lacking is not None:
        return lacking
    words: list[str] = getattr(asked, "target", None) or asked.parts
    asked.suggested = ()
    with closing(database_of(asked)) as database, database.read() as db:
        line = open_line(db, asked.line)
        typed = any(word.partition("=")[0].strip().isdigit() for word in words)
        if line is None or not (typed or line.amount < ZERO):
            return None
        looked = look_at(db, asked, [line], at=SystemClock().now(), speech=speech)
    if isinstance(looked, Refused):
        return looked
    asked.suggested = looked.suggestions(asked.line)
    return None


def assign(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa bank assign``: the whole rest or a part of it to one target, or suggestions.

    A suggestion is taken with its own amount; several of them are taken together or not at all.
    """
    line = line_to_decide(desk, asked.line)
    if isinstance(line, Refused):
        return line
    suggested: tuple[Suggestion, ...] = asked.suggested
    numbers = all(map(is_number, asked.target))
    parts: list[_Part] = []
    for words in [[word] for word in asked.target] if numbers else [asked.target]:
        target = meant(desk, words, suggested=[it.target for it in suggested])
        if isinstance(target, Refused):
            return target
        taken = target.suggestion
        amount = line.rest if taken is None else suggested[taken].amount
        if asked.amount is not None:
            amount = _signed(line, asked.amount)
        parts.append(_part(target, amount, suggested))
    return _give(desk, line, parts)


def split(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa bank split``: each target with its amount; one without takes what is left."""
    line = line_to_decide(desk, asked.line)
    if isinstance(line, Refused):
        return line
    suggested: tuple[Suggestion, ...] = asked.suggested
    named = [it.target for it in suggested]
    found: list[tuple[Target, Money | None]] = []
    for word in asked.parts:
        who, equals, much = word.rpartition("=") if "=" in word else (word, "", "")
        given = read_bounded(much) if equals else None
        if equals and not given:
            return refuse(desk.texts, DecisionFault.NO_AMOUNT, word=word)
        target = meant(desk, who.split(), suggested=named)
        if isinstance(target, Refused):
            return target
        found.append((target, None if given is None else _signed(line, given)))
    without = sum(1 for _, given in found if given is None)
    if without > 1:
        return refuse(desk.texts, DecisionFault.TWO_RESTS)
    left = line.rest - total(given for _, given in found if given is not None)
    if without and not _within(left, line.rest):
        return _too_much(desk, line, line.rest - left)
    return _give(desk, line, [_part(it, left if g is None else g, suggested) for it, g in found])


def line_to_decide(desk: Desk, line_id: int) -> LineStory | Refused:
    """The line with that number, where something of it is still in suspense."""
    line = story_of(desk.db, line_id)
    if line is None:
        return refuse(desk.texts, DecisionFault.UNKNOWN_LINE, line=line_id)
    if not line.rest:
        named = "; ".join(target_of(desk, it.account).named for it in line.standing)
        return refuse(desk.texts, DecisionFault.NOTHING_LEFT, line=line_id, where=named)
    return line


def _part(target: Target, amount: Money, suggested: Sequence[Suggestion]) -> _Part:
    if target.suggestion is None:
        # A return has to name the line it gives back, also where a person named only whose it is.
        same = next((it for it in suggested if it.target == target.account and it.of_line), None)
        of_line = None if same is None else same.of_line
        return _Part(target, amount, of_line=of_line)
    taken = suggested[target.suggestion]
    evidence = {"reason": taken.reason.value, "score": taken.score, **taken.evidence}
    return _Part(target, amount, taken.of_line, taken.attempt_id, Rule.SUGGESTED, evidence)


def _give(desk: Desk, line: LineStory, parts: Sequence[_Part]) -> Answer:
    given = total(it.amount for it in parts)
    if not all(_within(it.amount, line.rest) for it in parts) or not _within(given, line.rest):
        return _too_much(desk, line, given)
    news = [
        NewAllocation(
            line.id, it.target.account, it.amount, it.rule, it.evidence or {}, it.of_line,
            it.attempt,
        )
        for it in parts
    ]  # fmt: skip
    done = allocate(desk.db, news, actor=desk.actor, now=desk.at)
    if isinstance(done, AllocationRefusal):
        return refuse(desk.texts, done.why, line=line.id)
    lines = [_gave(desk, line, it) for it in parts]
    rest = line.rest - given
    if rest:
        lines.append(
            desk.say(
                "Line {line}: {rest} of it is still in suspense.",
                line=line.id,
                rest=desk.texts.money(rest),
            )
        )
    told = [
        {
            "account": it.target.account,
            "amount": str(it.amount),
            "balance": None if it.target.pupil_id is None else str(
                balance(desk.db, it.target.pupil_id)
            ),
        }
        for it in parts
    ]  # fmt: skip
    return Said(tuple(lines), {"line": line.id, "assigned": told, "rest": str(rest)})


def _gave(desk: Desk, line: LineStory, part: _Part) -> str:
    amount, named = desk.texts.money(part.amount), part.target.named
    if part.target.pupil_id is None:
        return desk.say("Line {line}: {amount} → {named}", line=line.id, amount=amount, named=named)
    desk.look("bank assign", pupil_id=part.target.pupil_id)
    return desk.say(
        "Line {line}: {amount} → {named}. Balance now: {balance}",
        line=line.id,
        amount=amount,
        named=named,
        balance=desk.texts.money(balance(desk.db, part.target.pupil_id)),
    )


def _signed(line: LineStory, amount: Money) -> Money:
    """As the line goes: of a debit, 5,00 and -5,00 mean the same."""
    return -amount if line.amount < ZERO < amount else amount


def _within(amount: Money, rest: Money) -> bool:
    """Whether it goes the same way as the rest and is not more than it."""
    return ZERO < amount <= rest if rest > ZERO else rest <= amount < ZERO


def _too_much(desk: Desk, line: LineStory, given: Money) -> Refused:
    money = desk.texts.money
    return refuse(
        desk.texts, DecisionFault.TOO_MUCH, line=line.id, rest=money(line.rest), given=money(given)
    )
