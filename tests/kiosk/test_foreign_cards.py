"""Whatever is held to the reader: a whole kiosk serves the card it issued and nothing else.

Reader loop, proof, worker, counter and journal are the real ones; the chips are laid down in
this process, so that thousands of answers can be changed on their way.
"""

import logging
import queue
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from builders import School, open_school
from canteen import KEY, PEPPER, ShiftedClock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keyed_cards import MEDIA, SCHOOL_KEY, HandReader, Keyed, keyed_card
from till import set_school

from accounts.charge import Refusal
from accounts.database import open_database
from accounts.door import DirectDoor
from accounts.holdings import card_hash
from cards.reader import CardFault, UnreadReason
from cards.virtual.image import Image, Kind, copied, factory
from kiosk import messages as say
from kiosk.compose import Parts, assemble
from kiosk.journal import open_journal
from kiosk.school_keys import keep_key

PATIENCE = 60
UIDS = {kind: f"04{number:012X}" for number, kind in enumerate(MEDIA)}
Change = Callable[[int, bytes], bytes | None]


@dataclass
class Counter:
    """A running kiosk, the hand at its reader, and a card of each kind with a key."""

    school: School
    parts: Parts
    hand: HandReader
    cards: dict[Kind, Keyed]
    heard: "queue.SimpleQueue[say.Outcome]"

    def lay(self, image: Image, between: Change = lambda _, it: it) -> say.Outcome:
        """What the screen is told of this chip before it is told that it is gone."""
        self.hand.lay(image, between)
        verdict = self.next()
        assert isinstance(self.next(), say.CardGone)
        return verdict

    def next(self) -> say.Outcome:
        while True:
            outcome = self.heard.get(timeout=PATIENCE)
            if not isinstance(outcome, say.Today | say.Status | say.ReaderUp):
                return outcome


@pytest.fixture
def counter(empty_sqlite: Path, tmp_path: Path) -> Iterator[Counter]:
    shutil.copy(empty_sqlite, tmp_path / "ledger.db")
    database = open_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    school = open_school(database)
    set_school(school, accepts="aes,uid")
    cards = {
        kind: keyed_card(
            database,
            uid,
            hashed=card_hash(PEPPER, uid),
            school_id=school.id,
            pupil_id=_child(school, kind),
            kind=kind,
        )
        for kind, uid in UIDS.items()
    }
    clock = ShiftedClock()
    journal = open_journal(tmp_path / "journal.db", origin_id=school.kiosk.origin_id, key=KEY)
    keep_key(journal, SCHOOL_KEY)
    hand = HandReader("till", clock.now)
    heard: queue.SimpleQueue[say.Outcome] = queue.SimpleQueue()
    door = DirectDoor(database, school.kiosk.origin_id, clock)
    parts = assemble(door, journal, [hand], pepper=PEPPER, clock=clock, deliver=heard.put)
    parts.sync.once()
    parts.worker.start()  # without the drain beside it: what is refused must not reach it
    yield Counter(school, parts, hand, cards, heard)
    parts.close()
    database.close()


def _child(school: School, kind: Kind) -> int:
    from builders import add_child

    with school.database.write() as db:
        return add_child(db, school.id, f"Kind {kind.name}")


def believed(outcome: say.Outcome) -> bool:
    """Whether the kiosk took the card for the child's own."""
    eaten = isinstance(outcome, say.Refused) and outcome.reason is Refusal.ALREADY_EATEN
    return isinstance(outcome, say.Served) or eaten


@pytest.mark.parametrize("kind", MEDIA)
def test_a_card_that_was_issued_is_served_once(counter: Counter, kind: Kind) -> None:
    image = counter.cards[kind].image
    assert isinstance(counter.lay(image), say.Served)
    again = counter.lay(image)
    assert isinstance(again, say.Refused)
    assert again.reason is Refusal.ALREADY_EATEN


@pytest.mark.parametrize("kind", MEDIA)
def test_a_copy_of_number_and_content_is_refused_and_told(counter: Counter, kind: Kind) -> None:
    outcome = counter.lay(copied(counter.cards[kind].image))
    assert isinstance(outcome, say.Refused)
    assert outcome.detail is CardFault.WRONG_KEY
    assert [alert.kind for alert in counter.parts.journal.waiting_alerts()] == ["wrong_key"]


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize("body", [Kind.NUMBER, Kind.CLASSIC, Kind.NTAG213, Kind.EV2])
def test_the_number_on_another_chip_is_refused_and_told(
    counter: Counter, kind: Kind, body: Kind
) -> None:
    outcome = counter.lay(factory(body, bytes.fromhex(UIDS[kind])))
    assert isinstance(outcome, say.Refused)
    assert outcome.detail is CardFault.NO_APPLICATION
    assert [alert.kind for alert in counter.parts.journal.waiting_alerts()] == ["no_application"]


@pytest.mark.parametrize("kind", MEDIA)
def test_a_recorded_tap_played_again_is_refused(counter: Counter, kind: Kind) -> None:
    card = counter.cards[kind]
    tape = [answer for _, answer in counter.hand.lay(card.image)]
    assert isinstance(counter.next(), say.Served)
    assert isinstance(counter.next(), say.CardGone)

    outcome = counter.lay(card.image, lambda n, _: tape[n] if n < len(tape) else None)

    assert isinstance(outcome, say.Refused)
    assert outcome.reason is Refusal.PROOF


def test_a_ticket_and_a_phone_are_told_apart_from_a_meal_card(counter: Counter) -> None:
    ticket = counter.lay(factory(Kind.TICKET, bytes.fromhex(UIDS[Kind.EV2])))
    assert isinstance(ticket, say.CardNotRead)
    assert ticket.reason is UnreadReason.TICKET
    phone = counter.lay(replace(factory(Kind.NUMBER, b"\x08\x01\x02\x03"), random_uid=True))
    assert isinstance(phone, say.CardNotRead)
    assert phone.reason is UnreadReason.RANDOM_UID


@pytest.mark.parametrize("kind", MEDIA)
def test_a_card_pulled_at_any_command_is_served_when_it_comes_again(
    counter: Counter, kind: Kind
) -> None:
    image = counter.cards[kind].image
    for pulled in range(5):
        outcome = counter.lay(image, lambda n, it, at=pulled: None if n >= at else it)  # type: ignore[misc]  # bound now
        assert isinstance(outcome, say.CardNotRead)
    assert isinstance(counter.lay(image), say.Served)
    assert counter.parts.journal.waiting_alerts() == []


def words(answer: bytes) -> st.SearchStrategy[bytes]:
    """What may come in the place of this answer."""
    some = st.binary(min_size=2, max_size=2)
    return st.one_of(
        st.binary(max_size=300),
        some.map(lambda word: answer[:-2] + word),
        st.integers(0, len(answer)).map(lambda n: answer[:n]),
        st.integers(0, 8 * len(answer) - 1).map(lambda n: flipped(answer, n)),
        st.binary(min_size=1, max_size=20).map(lambda more: more + answer),
        st.just(b"\x91\xaf"),
        st.just(answer[:-2] + b"\x91\xaf"),
    )


def flipped(answer: bytes, bit: int) -> bytes:
    at = bit // 8
    return answer[:at] + bytes([answer[at] ^ 1 << bit % 8]) + answer[at + 1 :]


def test_a_card_with_changed_answers_is_never_served_and_ends_in_an_outcome(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(kind=st.sampled_from(list(MEDIA)), first=st.integers(1, 4), data=st.data())
    def fuzz(kind: Kind, first: int, data: st.DataObject) -> None:
        changes = []

        def between(n: int, answer: bytes) -> bytes:
            if n < first:
                return answer
            given_ = data.draw(words(answer))
            changes.append(given_ != answer)
            return given_

        outcome = counter.lay(counter.cards[kind].image, between)

        assert isinstance(outcome, say.Served | say.Refused | say.CardNotRead)
        assert believed(outcome) == (True not in changes)

    with caplog.at_level(logging.ERROR):
        fuzz()
    assert caplog.records == []
