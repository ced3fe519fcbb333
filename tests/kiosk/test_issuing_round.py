"""A round at a reader that answers at once: what its patience is, whatever the reader says."""

from dataclasses import dataclass

import pytest
from issuing_stage import KINDS, PureBook, Torn, blank, tools

from accounts.texts import Language, texts
from cards.reader import TroubleReason, UnreadReason
from cards.station import CardUnreadable, LaidCard
from kiosk.issuing_terms import Done, Wanted
from kiosk.office.issuing_list import Task
from kiosk.office.issuing_round import AtHand, Halt, Round, issue_all

PATIENCE = 60.0
UNREADABLE = CardUnreadable(UnreadReason.UNREADABLE, b"")


@dataclass(slots=True)
class Faltering:
    """A reader that says at once that it cannot, from the second card on, for so many seconds.

    It is its own clock: only what is slept passes.
    """

    says: TroubleReason | CardUnreadable
    for_seconds: float
    now: float = 0.0
    cards: int = 0
    lying: Torn | None = None

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def wait(self, _seconds: float) -> LaidCard | CardUnreadable | TroubleReason | None:
        if self.lying is None:
            if self.cards == 1 and self.now < self.for_seconds:
                return self.says
            uid = bytes([4, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, self.cards])
            self.lying = Torn(blank(KINDS[1], uid))
            self.cards += 1
        return LaidCard(self.lying.image.uid, b"", "reader")

    def wait_for_removal(self, _seconds: float) -> bool:
        self.lying = None
        return True

    def transmit(self, apdu: bytes) -> bytes:
        assert self.lying is not None
        return self.lying.transmit(apdu)

    def reset(self) -> None:
        assert self.lying is not None
        self.lying.reset()


def round_at(reader: Faltering) -> Round:
    tasks = tuple(Task(Wanted(1, pupil_id=who), str(who), str(who)) for who in (7, 8))
    at_hand = AtHand(
        reader=reader,
        book=PureBook(),
        tools=tools(),
        speech=texts(Language.ENGLISH),
        say=lambda _line: None,
        typed=lambda: None,
        patience=PATIENCE,
        sleep=reader.sleep,
    )
    return issue_all(at_hand, tasks, who_is=str)


@pytest.mark.parametrize("says", [TroubleReason.NO_READER, TroubleReason.CRASHED, UNREADABLE])
def test_a_reader_that_comes_back_within_the_patience_goes_on(
    says: TroubleReason | CardUnreadable,
) -> None:
    made = round_at(Faltering(says, PATIENCE - 1))
    assert [isinstance(done, Done) for _, done in made.done] == [True, True]
    assert made.halt is None


@pytest.mark.parametrize("says", [TroubleReason.NO_READER, TroubleReason.CRASHED, UNREADABLE])
def test_a_reader_that_stays_away_ends_the_round_when_the_patience_is_over(
    says: TroubleReason | CardUnreadable,
) -> None:
    reader = Faltering(says, 10 * PATIENCE)
    made = round_at(reader)
    assert made.halt is Halt.NOBODY
    assert len(made.done) == 1
    assert PATIENCE - 1 < reader.now < PATIENCE + 1
