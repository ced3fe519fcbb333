"""Who answers the bank's question while a fetch waits: somebody here, the office, or nobody.

A question is asked once and ends with the fetch. An answer is used once and is kept nowhere.
"""

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Question:
    """What the bank wants approved: by a TAN, or, ``decoupled``, in its app."""

    challenge: str
    decoupled: bool
    until: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person said: a TAN, or nothing but that the app was told."""

    tan: str = field(default="", repr=False)


class GaveUp(enum.Enum):
    """The person will not answer."""

    GAVE_UP = "gave_up"


class Asker(Protocol):
    """Puts a question to a person, and never waits for the answer."""

    def begin(self, question: Question) -> None:
        """Show the question."""

    def look(self) -> Reply | GaveUp | None:
        """The answer, once; None where there is none yet."""

    def end(self) -> None:
        """The question is over, answered or not."""


class Nobody:
    """Whom a question is put to where nobody could answer: it is given up at once."""

    def begin(self, question: Question) -> None:
        """See Asker."""

    def look(self) -> Reply | GaveUp | None:
        """See Asker."""
        return GaveUp.GAVE_UP

    def end(self) -> None:
        """See Asker."""
