"""What is said of a card that was laid down, and whose it has become."""

from collections.abc import Callable

from accounts import card_numbers
from accounts.holdings import CardRefusal
from accounts.money import Money
from accounts.texts import Texts
from kiosk.issuing_terms import Done, Lost, NotBegun, Open, Outcome
from kiosk.office.issuing_list import Task
from kiosk.sentences_issuing import CHARGED, FINISHED_OTHER, ISSUED, ISSUED_BEFORE, ISSUING, LOST
from kiosk.sentences_office import SENTENCES


def owner_of(tasks: tuple[Task, ...], done: Done) -> Task | None:
    """Whose of the list a card has become; None where they are not on it."""
    whose = (done.card.pupil_id, done.card.staff_id)
    return next((it for it in tasks if (it.wanted.pupil_id, it.wanted.staff_id) == whose), None)


def told(
    speech: Texts,
    task: Task,
    tasks: tuple[Task, ...],
    outcome: Outcome,
    who_is: Callable[[int], str],
) -> str:
    """What is said of an outcome; ``task`` is who was called up."""
    say = speech.say
    match outcome:
        case Done():
            owner = owner_of(tasks, outcome)
            printed = card_numbers.format(outcome.card.printed_no)
            if owner is task:
                sentence = ISSUED_BEFORE if outcome.before else ISSUED
                return say(sentence, who=task.who, printed=printed) + _fee(speech, outcome)
            who = owner.who if owner else who_is(outcome.card.pupil_id or 0)
            return say(FINISHED_OTHER, who=who, printed=printed) + _fee(speech, outcome)
        case Open():
            return say(ISSUING[outcome.why])
        case Lost():
            return say(LOST, why=say(ISSUING[outcome.why]))
        case NotBegun():
            return why_not(speech, outcome)


def why_not(speech: Texts, outcome: NotBegun) -> str:
    """The sentence for a card that was not begun."""
    if isinstance(outcome.why, CardRefusal):
        printed = outcome.card.printed_no if outcome.card else "PRINTED_NO"
        named = {"printed": printed, "number": "", "school": "", "who": ""}
        return speech.say(SENTENCES[outcome.why], **named)
    return speech.say(ISSUING[outcome.why])


def _fee(speech: Texts, done: Done) -> str:
    if done.fee is None:
        return ""
    said = (
        speech.say(CHARGED, amount=speech.money(done.fee))
        if isinstance(done.fee, Money)
        else speech.say(ISSUING[done.fee])
    )
    return f" ({said})"
