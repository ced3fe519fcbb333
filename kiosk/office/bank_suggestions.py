"""What the office is shown of open lines: the payers' words, why each waits, whose each may be.

At most three suggestions a line, the likeliest first; the same line on the same ledger has the
same ones in the same order, so that a number that was read is still the number that is meant.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.allocations import OpenLine
from accounts.bank_files import texts_of
from accounts.bank_text import LineText
from accounts.bank_vault import Unopenable
from accounts.database import Session
from accounts.texts import Texts
from banking.advice import Advice, advise
from banking.evidence import Suggestion
from kiosk.office.bank_faults import DecisionFault
from kiosk.office.bank_words import refuse
from kiosk.office.desk import Desk, Refused
from kiosk.sentences_bank import REASONS

MOST = 3


@dataclass(frozen=True, slots=True)
class Looked:
    """The words of lines (none for those that were erased) and what is to be said of them."""

    texts: Mapping[int, LineText]
    advice: Mapping[int, Advice]

    def suggestions(self, line_id: int) -> tuple[Suggestion, ...]:
        """The line's suggestions that are shown."""
        told = self.advice.get(line_id)
        return () if told is None else told.suggestions[:MOST]


def look_at(
    db: Session,
    asked: argparse.Namespace,
    lines: Sequence[OpenLine],
    *,
    at: datetime,
    speech: Texts,
) -> Looked | Refused:
    """Open the words of these lines and look whose they may be; ``at`` is now, in UTC."""
    ids = [line.id for line in lines]
    try:
        words = texts_of(db, asked.vault, ids)
        advice = advise(db, asked.vault, ids, now=at, cap=asked.cap)
    except Unopenable:
        return refuse(speech, DecisionFault.OTHER_SECRET)
    return Looked(words, advice)


def told_suggestion(desk: Desk, suggestion: Suggestion) -> str:
    """Why it is suggested, and how much speaks for it."""
    return f"{round(100 * suggestion.score)} %, {desk.say(REASONS[suggestion.reason])}"
