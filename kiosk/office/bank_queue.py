"""``mensa bank open``: the lines of which nobody knows yet whose money it is, with suggestions.

The oldest come first. Nothing is decided here; what a suggestion rests on stands beside it, and
its number is what ``mensa bank assign`` takes.
"""

import argparse
from collections.abc import Iterator

from accounts.allocations import OpenLine, open_lines
from accounts.bank_book import Nature
from accounts.bank_text import LineText
from accounts.money import total
from accounts.texts import mark
from kiosk.office.bank_suggestions import Looked, look_at, told_suggestion
from kiosk.office.bank_targets import target_of
from kiosk.office.bank_words import words_of
from kiosk.office.desk import Answer, Desk, Refused, Said
from kiosk.sentences_bank import WHYS

NATURES = {Nature.PAYMENT: mark("payment"), Nature.RETURN: mark("return")}
_INDENT = "       "


def show(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa bank open``."""
    every = open_lines(desk.db, include_set_aside=asked.all)
    if not every:
        return Said((desk.say("Nothing waits: everything that came in is assigned."),),
                    {"lines": [], "more": 0})  # fmt: skip
    found = every[: asked.most]
    looked = look_at(desk.db, asked, found, at=desk.at, speech=desk.texts)
    if isinstance(looked, Refused):
        return looked
    desk.look("bank open")
    lines: list[str] = []
    for it in found:
        lines += [*told(desk, it, looked), ""]
    lines.append(
        desk.texts.say_many(
            "{count} line, {amount} altogether.",
            "{count} lines, {amount} altogether.",
            len(every),
            amount=desk.texts.money(total(it.rest for it in every)),
        )
    )
    if len(every) > len(found):
        lines.append(
            desk.say(
                "Shown are the oldest {shown}; more: mensa bank open --most {all}",
                shown=len(found),
                all=len(every),
            )
        )
    lines.append(
        desk.say(
            "To assign: mensa bank assign LINE 1 (the suggestion; 1 2: both), or a code, SCHOOL:NUMBER, fees, "
            "interest, cash, refunds, receivable NAME, payable NAME"
        )
    )
    lines.append(
        desk.say(
            "To divide: mensa bank split LINE 1=30,00 2 (2 takes the rest). Nobody's for now: "
            "mensa bank ignore LINE --reason WORDS"
        )
    )
    fields = [as_fields(desk, it, looked) for it in found]
    return Said(tuple(lines), {"lines": fields, "more": len(every) - len(found)})


def told(desk: Desk, line: OpenLine, looked: Looked) -> Iterator[str]:
    """A line for the one who decides: number, day, amount, payer, text, suggestions."""
    text = looked.texts.get(line.id)
    amount = desk.texts.money(line.amount)
    head = [f"{line.id:<6} {desk.texts.day(line.day)}  {amount:>12}  {_payer(text)}".rstrip()]
    if line.nature is Nature.RETURN:
        head.append(f"[{desk.say(NATURES[line.nature])}]")
    if line.rest != line.amount:
        head.append(desk.say("[{rest} of it left]", rest=desk.texts.money(line.rest)))
    if line.set_aside:
        head.append(desk.say("[set aside]"))
    yield "  ".join(head)
    for words in words_of(desk.texts, text):
        yield f"{_INDENT}{words}"
    yield from advised(desk, line, looked)


def advised(desk: Desk, line: OpenLine, looked: Looked) -> Iterator[str]:
    """Why it waits, then the suggestions with their numbers, scores and reasons."""
    advice = looked.advice.get(line.id)
    if advice is None:
        return
    yield f"{_INDENT}- {desk.say(WHYS[advice.why])}"
    for place, it in enumerate(looked.suggestions(line.id), start=1):
        named = target_of(desk, it.target).named
        part = "" if it.amount == line.rest else f"{desk.texts.money(it.amount)}: "
        yield f"{_INDENT}{place}  {part}{named} ({told_suggestion(desk, it)})"


def as_fields(desk: Desk, line: OpenLine, looked: Looked) -> dict[str, object]:
    """The same for programs."""
    text, advice = looked.texts.get(line.id), looked.advice.get(line.id)
    return {
        "line": line.id,
        "day": line.day.isoformat(),
        "amount": str(line.amount),
        "rest": str(line.rest),
        "nature": line.nature.value,
        "set_aside": line.set_aside,
        "payer": None if text is None else text.name,
        "text": None if text is None else "".join(words_of(desk.texts, text)),
        "why": None if advice is None else advice.why.value,
        "suggestions": [
            {
                "number": place,
                "account": it.target,
                "named": target_of(desk, it.target).named,
                "amount": str(it.amount),
                "score": round(it.score, 3),
                "reason": it.reason.value,
            }
            for place, it in enumerate(looked.suggestions(line.id), start=1)
        ],
    }


def _payer(text: LineText | None) -> str:
    return "" if text is None else text.name
