"""What became of statements that were brought, in sentences: one a statement, with its reason.

Who reads it is a treasurer: days, counts, balances and what to do; never a payer's words.
"""

from collections.abc import Iterator, Sequence

from accounts.bank_files import Outcome
from accounts.texts import Texts, mark
from banking.crediting import Credited
from banking.kept import Kept
from banking.lines import Trouble
from banking.standing import Unkept
from kiosk.office.bank_words import said_reason
from kiosk.sentences_bank import RULES, WHYS


def bad(kept: Sequence[Kept]) -> bool:
    """Whether something that was brought now was not taken."""
    return any(it.outcome is Outcome.QUARANTINED and not it.again for it in kept)


def told(speech: Texts, kept: Kept) -> str:
    """What became of one statement, or of a file as a whole."""
    where = _where(speech, kept)
    if kept.outcome is Outcome.KEPT:
        return speech.say(
            mark("{where}: taken, {span}, {lines} lines, {new} of them new; balance {closing}"),
            where=where,
            span=_span(speech, kept),
            lines=speech.number(kept.lines),
            new=speech.number(kept.new_lines),
            closing="-" if kept.closing is None else speech.money(kept.closing),
        )
    if kept.outcome is Outcome.KNOWN:
        return speech.say(mark("{where}: known already, nothing changed"), where=where)
    sentence = {
        Outcome.WAITING: mark("{where}: waits. {why}"),
        Outcome.QUARANTINED: mark("{where}: NOT taken, nothing of it is booked. {why}"),
        Outcome.NOTHING: mark("{where}: nothing to take. {why}"),
    }[kept.outcome]
    word = None if kept.reason is None else kept.reason.value
    why = said_reason(speech, word, kept.detail, Trouble, Unkept)
    return speech.say(sentence, where=where, why=why)


def lines(speech: Texts, kept: Sequence[Kept]) -> Iterator[str]:
    """One sentence a statement; lines the bank now words otherwise are counted below it."""
    for it in kept:
        yield told(speech, it)
        if it.new_lines and it.outcome is not Outcome.KEPT:
            yield "  " + speech.say(
                mark("Of it were taken so far: {new} lines"), new=speech.number(it.new_lines)
            )
        if it.amended:
            yield "  " + speech.say(
                mark("The bank words {count} known lines otherwise now; nothing is booked for it"),
                count=speech.number(it.amended),
            )


def credited_lines(speech: Texts, credited: Credited) -> Iterator[str]:
    """How many lines found their place by which rule, and how many wait for a person and why."""
    if credited.posted:
        rules = ", ".join(
            f"{speech.number(count)} {speech.say(RULES[rule.value])}"
            for rule, count in credited.posted.items()
        )
        yield speech.say(
            mark("Assigned by themselves: {rules}; {amount}"),
            rules=rules, amount=speech.money(credited.amount),
        )  # fmt: skip
    if credited.asked:
        yield speech.say(
            mark("{count} wait for a person (mensa bank open):"),
            count=speech.number(sum(credited.asked.values())),
        )
        for why, count in credited.asked.items():
            yield f"  {speech.number(count)}  {speech.say(WHYS[why])}"


def fields(kept: Sequence[Kept], credited: Credited | None) -> dict[str, object]:
    """The same for programs."""
    return {
        "statements": [
            {
                "name": it.name,
                "file": it.file_id,
                "statement": it.no,
                "outcome": it.outcome.value,
                "reason": None if it.reason is None else it.reason.value,
                "detail": it.detail,
                "account": it.account,
                "first_day": it.first_day and it.first_day.isoformat(),
                "last_day": it.last_day and it.last_day.isoformat(),
                "closing": None if it.closing is None else str(it.closing),
                "lines": it.lines,
                "new_lines": it.new_lines,
                "amended": it.amended,
                "again": it.again,
            }
            for it in kept
        ],
        "credited": None
        if credited is None
        else {
            "posted": {rule.value: count for rule, count in credited.posted.items()},
            "asked": {why.value: count for why, count in credited.asked.items()},
            "amount": str(credited.amount),
        },
    }


def _where(speech: Texts, kept: Kept) -> str:
    name = kept.name or speech.say(mark("file {file}"), file=kept.file_id)
    if kept.again:
        name = speech.say(mark("file {file} from before"), file=kept.file_id)
    if not kept.no:
        return name
    return speech.say(mark("{name}, statement {no}"), name=name, no=kept.no)


def _span(speech: Texts, kept: Kept) -> str:
    if kept.first_day is None or kept.last_day is None:
        return "-"
    days = dict.fromkeys((kept.first_day, kept.last_day))
    return " - ".join(speech.day(day) for day in days)
