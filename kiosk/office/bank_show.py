"""``mensa bank show``: one line, what the bank says of it, where it went, by which rule and why.

What was taken back stays there and says so; who decided and when stands at each decision.
"""

import argparse
from collections.abc import Iterator

from accounts.allocations import open_line
from accounts.bank_files import Source, bank_file
from accounts.bank_text import LineText
from accounts.line_story import LineStory, Went, story_of
from kiosk.office.bank_evidence import told_evidence
from kiosk.office.bank_faults import DecisionFault
from kiosk.office.bank_files import SOURCES
from kiosk.office.bank_queue import NATURES, advised, as_fields
from kiosk.office.bank_suggestions import look_at
from kiosk.office.bank_targets import target_of
from kiosk.office.bank_words import in_fours, refuse, words_of
from kiosk.office.desk import Answer, Desk, Refused, Said
from kiosk.sentences_bank import MARKS, RULES


def show(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa bank show``."""
    story, line = story_of(desk.db, asked.line), open_line(desk.db, asked.line)
    if story is None or line is None:
        return refuse(desk.texts, DecisionFault.UNKNOWN_LINE, line=asked.line)
    looked = look_at(desk.db, asked, [line], at=desk.at, speech=desk.texts)
    if isinstance(looked, Refused):
        return looked
    pupils = [it for it in (target_of(desk, went.account).pupil_id for went in story.went) if it]
    for pupil_id in dict.fromkeys(pupils):
        desk.look("bank show", pupil_id=pupil_id)
    desk.look("bank show")
    text = looked.texts.get(line.id)
    lines = [
        *_bank(desk, story, text),
        *(one for went in story.went for one in _went(desk, went)),
        *_marks(desk, story),
        *_rest(desk, story),
        *advised(desk, line, looked),
    ]
    return Said(tuple(lines), {**as_fields(desk, line, looked), **_fields(story, text)})


def _bank(desk: Desk, story: LineStory, text: LineText | None) -> Iterator[str]:
    yield desk.say(
        "Line {line}: {amount}, booked {day}, value {value_day}, {nature}",
        line=story.id,
        amount=desk.texts.money(story.amount),
        day=desk.texts.day(story.day),
        value_day=desk.texts.day(story.value_day),
        nature=desk.say(next(said for kind, said in NATURES.items() if kind.value == story.nature)),
    ) + (f" (GVC {story.gvc})" if story.gvc else "")
    if text is not None:
        yield "  " + ", ".join(filter(None, (text.name, in_fours(text.iban))))
    yield from (f"  {words}" for words in words_of(desk.texts, text))
    if text is not None and text.end_to_end:
        yield f"  End-to-End {text.end_to_end}"
    file = bank_file(desk.db, story.file_id)
    source = Source.FILE if file is None else file.source
    yield "  " + desk.say(
        "On {iban}; statement {file}.{statement}, {source}, {at}",
        iban=in_fours(story.iban),
        file=story.file_id,
        statement=story.statement,
        source=desk.say(SOURCES[source]),
        at=desk.texts.moment(story.recorded_at),
    )


def _went(desk: Desk, went: Went) -> Iterator[str]:
    yield desk.say(
        "{amount} → {named}: {rule} ({actor}, {at})",
        amount=desk.texts.money(went.amount),
        named=target_of(desk, went.account).named,
        rule=desk.say(RULES[went.rule]),
        actor=went.actor,
        at=desk.texts.moment(went.at),
    )
    told = ", ".join(told_evidence(desk.texts, went.evidence))
    if told:
        yield "  " + desk.say("Evidence: {told}", told=told)
    if went.of_line is not None:
        yield "  " + desk.say("Gives line {line} back", line=went.of_line)
    if went.undone is not None:
        yield "  " + desk.say(
            "Taken back {at} by {actor}: {reason}",
            at=desk.texts.moment(went.undone.at),
            actor=went.undone.actor,
            reason=went.undone.reason,
        )


def _marks(desk: Desk, story: LineStory) -> Iterator[str]:
    for it in story.marks:
        yield desk.say(
            "{mark} ({actor}, {at}): {reason}",
            mark=desk.say(MARKS[it.mark]),
            actor=it.actor,
            at=desk.texts.moment(it.at),
            reason=it.reason,
        )


def _rest(desk: Desk, story: LineStory) -> Iterator[str]:
    if story.rest:
        yield desk.say("In suspense: {amount}", amount=desk.texts.money(story.rest))


def _fields(story: LineStory, text: LineText | None) -> dict[str, object]:
    return {
        "value_day": story.value_day.isoformat(),
        "gvc": story.gvc,
        "account": story.iban,
        "iban": None if text is None else text.iban,
        "file": story.file_id,
        "statement": story.statement,
        "went": [
            {
                "account": it.account,
                "amount": str(it.amount),
                "rule": it.rule,
                "evidence": dict(it.evidence),
                "of_line": it.of_line,
                "actor": it.actor,
                "at": it.at.isoformat(),
                "undone": None if it.undone is None else it.undone.reason,
            }
            for it in story.went
        ],
        "marks": [
            {"mark": it.mark, "reason": it.reason, "actor": it.actor, "at": it.at.isoformat()}
            for it in story.marks
        ],
    }
