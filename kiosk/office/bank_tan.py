"""``mensa bank tan``: what the bank asks while a pull waits, and the office's answer to it.

The TAN is typed unseen or comes from an open file, and lies sealed in the ledger until the pull
takes it. The bank's question may name an account; nobody's payments are in it.
"""

import argparse

from accounts.bank_fetches import TanAnswer, TanQuestion, answer_tan, tan_questions
from accounts.texts import Texts
from banking.asking_office import sealed_answer
from kiosk import sentences_fetch as words
from kiosk.office.answers import Refused, ask_hidden
from kiosk.office.bank_pull_words import printable
from kiosk.office.bank_words import open_vault, refuse
from kiosk.office.desk import Answer, Desk, Said
from kiosk.office.signing_in import secret_from


def ask(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """Have the TAN typed before the ledger is locked; sealed in ``asked.answer``."""
    if asked.number is None:
        return None
    if asked.give_up:
        asked.answer = TanAnswer(None)
        return None
    lacking = open_vault(asked, speech)
    if lacking is not None:
        return lacking
    given = secret_from(None, asked.tan_fd, speech)
    if isinstance(given, Refused):
        return given
    # In the app there is nothing to type: an empty answer says that it was released there.
    tan = ask_hidden(speech.say(words.TYPE_TAN)) if given is None else given
    asked.tan_given = bool(tan.strip())
    asked.answer = sealed_answer(tan.strip(), asked.vault)
    return None


def answer(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa bank tan``, and ``mensa bank tan NUMBER``."""
    questions = tan_questions(desk.db, at=desk.at)
    if asked.number is None:
        return _list(desk, questions)
    by_tan = any(it.id == asked.number and not it.decoupled for it in questions)
    if by_tan and not asked.give_up and not asked.tan_given:
        return Refused("no_tan", (desk.say(words.TAN_EMPTY),))
    refusal = answer_tan(desk.db, asked.number, asked.answer, at=desk.at)
    if refusal is not None:
        return refuse(desk.texts, refusal)
    told = words.TAN_UP if asked.give_up else words.TAN_SENT
    return Said((desk.say(told),), {"number": asked.number, "given_up": asked.give_up})


def _list(desk: Desk, questions: tuple[TanQuestion, ...]) -> Answer:
    fields = {
        "questions": [
            {
                "number": it.id,
                "access": it.access,
                "challenge": it.challenge,
                "decoupled": it.decoupled,
                "until": it.until.isoformat(),
            }
            for it in questions
        ]
    }
    if not questions:
        return Said((desk.say(words.NO_QUESTION),), fields)
    lines = []
    for it in questions:
        asks = words.ASKS_APP if it.decoupled else words.ASKS_TAN
        told = desk.say(asks, challenge=printable(it.challenge))
        lines.append(f"{it.id}  {it.access}  {desk.texts.moment(it.until)}  {told}")
    return Said((*lines, desk.say(words.HOW_TAN)), fields)
