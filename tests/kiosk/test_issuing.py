"""Issuing on the ledger itself: what stands in it after each way a card can go."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from builders import NOON, School, add_child, eur, row
from issuing_stage import (
    KINDS,
    MASTERS,
    PEPPER,
    UID,
    Tear,
    Torn,
    blank,
    proves,
    tools,
)

from accounts.card_issues import IssueEnd, issues_of, steps
from accounts.card_issuing import Issue, open_issue_of
from accounts.card_keys import secrets_to_seal
from accounts.card_register import Card, CardState, card_of, holder_of
from accounts.clock import FixedClock
from accounts.database import Database
from accounts.holdings import BlockReason, CardRefusal, block_card, card_hash, issue_card
from accounts.ledger import balance
from accounts.office_charge import ChargeRefusal
from accounts.schools import School as OfficeSchool
from accounts.schools import find_school
from accounts.tables.cards import card_key, card_secret, card_step
from accounts.tables.people import staff
from cards.card_keys import keys_of
from cards.channel import CardGone
from cards.layout import AID, Content, Medium
from cards.masters import Masters, fresh_masters
from cards.personalise import Fault, Plan, Step, personalise
from cards.reader import CardFault
from cards.virtual.image import Image, Kind, copied
from kiosk.issuing import lay
from kiosk.issuing_book import LedgerBook
from kiosk.issuing_terms import Done, Lost, NotBegun, Open, Outcome, Tools, Trouble, Wanted
from kiosk.office.signing_in import Acting

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What is the chip's part or Python's is the same on the other engine, which takes ten times as long."""
SECOND = bytes.fromhex("04A1B2C3D4E5F7")


class Bench:
    """A station on a test's ledger."""

    def __init__(self, school: School, masters: Masters = MASTERS, name: str = "anna") -> None:
        self.school = school
        self.tools: Tools = tools(masters)
        self.book = LedgerBook(school.database, FixedClock(NOON), Acting(name), self._school())

    def _school(self) -> OfficeSchool:
        with self.school.database.read() as db:
            found = find_school(db, number="165000")
        assert found is not None
        return found

    def charging(self, code: str) -> "Bench":
        self.book = replace(self.book, fee=code)
        return self

    def lay(self, hand: Torn, *, pupil: int | None = None, **wanted: Any) -> Outcome:
        who = Wanted(self.school.id, pupil_id=pupil or self.school.payer, **wanted)
        return lay(self.tools, self.book, who, uid=hand.image.uid, laid=hand)

    def issued(self, image: Image, **wanted: Any) -> tuple[Card, Image]:
        hand = Torn(image)
        outcome = self.lay(hand, **wanted)
        assert isinstance(outcome, Done), outcome
        return outcome.card, hand.image

    def is_good(self, image: Image) -> bool:
        """Whether the chip proves itself by what lies in the ledger for the school's kiosks."""
        card = card_hash(PEPPER, image.uid.hex().upper())
        with self.school.database.read() as db:
            held = holder_of(db, uid_hmac=card)
            assert held is not None
            sealed = db.execute(
                card_key.select().where(card_key.c.card_id == held.id)
            ).one()  # fmt: skip
        key = self.tools.masters.school_key("165000")
        assert bytes(sealed.key_id) == key.id
        return proves(image, bytes(sealed.sealed), card, self.tools.masters, "165000")


@pytest.fixture
def bench(school: School) -> Bench:
    return Bench(school)


def noted(database: Database) -> list[str]:
    with database.read() as db:
        return [one.step for one in db.execute(card_step.select().order_by(card_step.c.id))]


@on_sqlite
@pytest.mark.parametrize("kind", KINDS)
def test_a_blank_chip_becomes_somebodys_active_card(bench: Bench, kind: Kind) -> None:
    card, image = bench.issued(blank(kind))
    assert (card.pupil_id, card.issue_no, card.state) == (bench.school.payer, 1, CardState.ACTIVE)
    assert bench.is_good(image)
    assert noted(bench.school.database)[-2:] == ["verify", "done"]


def test_what_would_open_the_card_lies_in_the_ledger_only_sealed(bench: Bench) -> None:
    bench.issued(blank(Kind.EV2))
    keys = keys_of(MASTERS, uid=UID, medium=Medium.EV2, aid=AID, generation=1)
    with bench.school.database.read() as db:
        kept = db.execute(card_secret.select()).one()
        escrow = bytes(kept.escrow)
        (waits,) = secrets_to_seal(db, school_id=bench.school.id, key_id=b"another")
    assert waits[2] == escrow
    assert all(key not in escrow for key in (*keys.application, keys.picc, UID))
    opened = MASTERS.from_escrow(escrow, card_hash(PEPPER, UID.hex().upper()))
    assert opened is not None
    assert (opened[0], opened[1].read_key) == (UID, keys.read)


def test_a_chip_torn_in_the_middle_is_not_active_and_is_finished_by_somebody_else(
    bench: Bench,
) -> None:
    torn = Torn(blank(Kind.EV2), 40)
    outcome = bench.lay(torn)
    assert isinstance(outcome, Open)
    assert outcome.why is Trouble.GONE
    with bench.school.database.read() as db:
        assert holder_of(db, uid_hmac=outcome.issue.uid_hmac) is None  # type: ignore[union-attr]
    later = Bench(bench.school, name="berta")
    _, image = later.issued(torn.image)
    assert later.is_good(image)
    with bench.school.database.read() as db:
        (issue,) = issues_of(db, uid_hmac=card_hash(PEPPER, UID.hex().upper()))
        assert {one.actor for one in steps(db, issue.id)} == {None, "office:berta"}


def test_of_tears_on_the_ledger_itself_none_leaves_an_active_card_that_does_not_open(
    bench: Bench,
) -> None:
    rng = random.Random("tears on a ledger")
    with bench.school.database.write() as db:
        children = [add_child(db, bench.school.id, f"Kind {number}") for number in range(6)]
    for number, child in enumerate(children):
        image = blank(KINDS[number % len(KINDS)], bytes([4, 1, 2, 3, 4, 5, number]))
        outcome: Outcome | None = None
        while not isinstance(outcome, Done):
            hand = Torn(image, rng.randrange(75), rng.choice(tuple(Tear)))
            outcome = bench.lay(hand, pupil=child)
            assert isinstance(outcome, (Done, Open)), outcome
            image = hand.image
        assert bench.is_good(image)


@on_sqlite
def test_power_that_fails_after_the_last_word_leaves_an_active_card_that_is_told_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish: Callable[..., object] = LedgerBook.finish

    def cut_off(self: LedgerBook, *words: object) -> None:
        finish(self, *words)
        raise CardGone("the station's power")

    hand = Torn(blank(Kind.EV2))
    with monkeypatch.context() as patch:
        patch.setattr(LedgerBook, "finish", cut_off)
        assert isinstance(bench.lay(hand), Open)
    again = bench.lay(Torn(hand.image))
    assert isinstance(again, Done)
    assert again.before


def test_a_card_that_is_replaced_is_good_until_the_new_one_is(bench: Bench) -> None:
    old, _ = bench.issued(blank(Kind.EV2))
    wanted: dict[str, Any] = {"replaces": old.id, "reason": BlockReason.LOST}
    torn = Torn(blank(Kind.NTAG424, SECOND), 45)
    assert isinstance(bench.lay(torn, **wanted), Open)
    assert state(bench, old) is CardState.ACTIVE
    new, image = bench.issued(torn.image, **wanted)
    assert (new.issue_no, new.pupil_id) == (2, bench.school.payer)
    assert state(bench, old) is CardState.REPLACED
    assert bench.is_good(image)


@on_sqlite
def test_a_former_card_of_the_same_child_is_not_told_as_their_card(bench: Bench) -> None:
    old, first = bench.issued(blank(Kind.EV2))
    wanted: dict[str, Any] = {"replaces": old.id, "reason": BlockReason.LOST}
    new, second = bench.issued(blank(Kind.EV2, SECOND), **wanted)
    again = bench.lay(Torn(first), replaces=new.id, reason=BlockReason.LOST)
    assert isinstance(again, NotBegun)
    assert (again.why, again.card and again.card.id) == (CardRefusal.KNOWN_CARD, old.id)
    with bench.school.database.write() as db:
        block_card(db, card_id=new.id, reason=BlockReason.LOST, actor="office", at=NOON)
    blocked = bench.lay(Torn(second))
    assert isinstance(blocked, NotBegun)
    assert (blocked.why, blocked.card and blocked.card.id) == (CardRefusal.KNOWN_CARD, new.id)


@pytest.mark.parametrize("step", [Step.KEYS, Step.VERIFY])
def test_an_issue_given_up_elsewhere_in_the_midst_is_told_and_begun_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    note: Callable[..., None] = LedgerBook.note

    def given_up(self: LedgerBook, issue: Issue, next_step: Step) -> None:
        if next_step is step:
            self.give_up(issue, "another station")
        note(self, issue, next_step)

    hand = Torn(blank(Kind.EV2))
    with monkeypatch.context() as patch:
        patch.setattr(LedgerBook, "note", given_up)
        outcome = bench.lay(hand)
    assert isinstance(outcome, Open)
    assert outcome.why is Trouble.ENDED
    _, image = bench.issued(hand.image)
    assert bench.is_good(image)


def state(bench: Bench, card: Card) -> CardState:
    with bench.school.database.read() as db:
        found = card_of(db, card_id=card.id)
    assert found is not None
    return found.state


@on_sqlite
def test_a_card_begun_for_one_child_is_finished_for_that_child(bench: Bench) -> None:
    torn = Torn(blank(Kind.EV1), 40)
    bench.lay(torn)
    outcome = bench.lay(Torn(torn.image), pupil=bench.school.guest_of_the_state)
    assert isinstance(outcome, Done)
    assert outcome.card.pupil_id == bench.school.payer


@on_sqlite
def test_while_one_card_of_theirs_is_begun_no_other_is(bench: Bench) -> None:
    bench.lay(Torn(blank(Kind.EV1), 40))
    other = Torn(blank(Kind.EV1, SECOND))
    assert bench.lay(other) == NotBegun(CardRefusal.ISSUE_OPEN)
    assert other.image == blank(Kind.EV1, SECOND)
    with bench.school.database.read() as db:
        issue = open_issue_of(db, pupil_id=bench.school.payer)
    assert issue is not None
    bench.book.give_up(issue, "bent")
    bench.issued(other.image)


@on_sqlite
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", [20, 30, 40, 45])
def test_a_chip_that_was_given_up_half_way_can_become_another_childs(
    bench: Bench, kind: Kind, at: int
) -> None:
    torn = Torn(blank(kind), at)
    outcome = bench.lay(torn)
    assert isinstance(outcome, Open)
    assert outcome.issue is not None
    bench.book.give_up(outcome.issue, "wrong child")
    card, image = bench.issued(torn.image, pupil=bench.school.guest_of_the_state)
    assert card.pupil_id == bench.school.guest_of_the_state
    assert bench.is_good(image)


@on_sqlite
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", [30, 45, 55])
def test_a_chip_begun_before_the_keys_were_rotated_gets_the_new_ones(
    bench: Bench, kind: Kind, at: int
) -> None:
    torn = Torn(blank(kind), at)
    outcome = bench.lay(torn)
    assert isinstance(outcome, Open)
    assert outcome.issue is not None
    bench.book.give_up(outcome.issue, "rotated")
    rotated = Bench(bench.school, MASTERS.rotate())
    _, image = rotated.issued(torn.image)
    assert rotated.is_good(image)


@on_sqlite
def test_an_open_issue_keeps_its_generation_when_the_keys_were_rotated(bench: Bench) -> None:
    torn = Torn(blank(Kind.EV2), 30)
    bench.lay(torn)
    rotated = Bench(bench.school, MASTERS.rotate())
    _, image = rotated.issued(torn.image)
    assert rotated.is_good(image)
    with bench.school.database.read() as db:
        assert db.execute(card_secret.select()).one().generation == 1


@on_sqlite
def test_with_other_master_keys_an_open_issue_is_left_alone(bench: Bench) -> None:
    torn = Torn(blank(Kind.EV2), 40)
    bench.lay(torn)
    strange = Bench(bench.school, fresh_masters())
    assert strange.lay(Torn(torn.image)) == NotBegun(Trouble.OTHER_MASTERS)
    bench.issued(torn.image)


@on_sqlite
@pytest.mark.parametrize(
    ("kind", "uid", "why"),
    [
        (Kind.NUMBER, UID, Fault.NO_CHIP),
        (Kind.CLASSIC, UID, Fault.NO_CHIP),
        (Kind.NTAG213, UID, Fault.NO_CHIP),
        (Kind.TICKET, UID, Fault.NO_CHIP),
        (Kind.NUMBER, bytes.fromhex("08C0FFEE"), Fault.RANDOM_UID),
        (Kind.CLASSIC, bytes.fromhex("04C0FFEE"), Fault.NO_CHIP),
    ],
)
def test_what_cannot_prove_itself_is_refused_and_the_ledger_knows_nothing_of_it(
    bench: Bench, kind: Kind, uid: bytes, why: Fault
) -> None:
    assert bench.lay(Torn(blank(kind, uid))) == NotBegun(why)
    assert noted(bench.school.database) == []


@on_sqlite
def test_a_chip_that_keeps_its_number_to_itself_is_refused(bench: Bench) -> None:
    hidden = Torn(replace(blank(Kind.EV2), random_uid=True))
    outcome = lay(
        bench.tools, bench.book, Wanted(bench.school.id, pupil_id=bench.school.payer),
        uid=UID, laid=hidden,
    )  # fmt: skip
    assert outcome == NotBegun(Fault.RANDOM_UID)


def written(kind: Kind, masters: Masters, aid: bytes = AID) -> Image:
    """A chip that somebody else has made."""
    hand = Torn(blank(kind))
    medium = Medium.NTAG424 if kind is Kind.NTAG424 else Medium.EV2
    keys = keys_of(masters, uid=UID, medium=medium, aid=aid, generation=1)
    list(personalise(hand, Plan(keys, Content(city=2, issue_no=9, token=bytes(12)))))
    return hand.image


@on_sqlite
@pytest.mark.parametrize("kind", [Kind.EV2, Kind.NTAG424])
def test_another_citys_card_is_refused_unchanged(bench: Bench, kind: Kind) -> None:
    image = written(kind, fresh_masters())
    hand = Torn(image)
    assert bench.lay(hand) == NotBegun(Fault.FOREIGN_KEYS)
    assert hand.image == image
    assert bench.lay(Torn(image), may_wipe=True) == NotBegun(Fault.FOREIGN_KEYS)


@on_sqlite
def test_a_chip_with_something_in_our_place_is_wiped_only_where_a_person_says_so(
    bench: Bench,
) -> None:
    # The chip's own key is still the factory's, but our place is taken.
    theirs = written(Kind.EV2, fresh_masters())
    factory = blank(Kind.EV2)
    image = replace(factory, applications=(factory.applications[0], theirs.applications[1]))
    hand = Torn(image)
    assert bench.lay(hand) == NotBegun(Fault.FOREIGN_APPLICATION)
    assert hand.image == image
    _, made = bench.issued(image, may_wipe=True)
    assert bench.is_good(made)


@on_sqlite
def test_what_else_lies_on_a_chip_stays_there(bench: Bench) -> None:
    other = written(Kind.EV2, fresh_masters(), aid=b"BUS")
    factory = blank(Kind.EV2)
    _, made = bench.issued(
        replace(factory, applications=(factory.applications[0], other.applications[1]))
    )
    assert made.application(b"BUS") == other.application(b"BUS")


@on_sqlite
def test_somebodys_card_is_nobody_elses(bench: Bench) -> None:
    card, image = bench.issued(blank(Kind.EV2))
    outcome = bench.lay(Torn(image), pupil=bench.school.guest_of_the_state)
    assert outcome == NotBegun(CardRefusal.KNOWN_CARD, card)


@on_sqlite
def test_a_card_that_was_assigned_by_its_number_is_not_written_on(bench: Bench) -> None:
    with bench.school.database.write() as db:
        held = issue_card(
            db, uid_hmac=card_hash(PEPPER, UID.hex().upper()), pupil_id=bench.school.payer,
            actor="office", at=NOON,
        )  # fmt: skip
    assert isinstance(held, Card)
    hand = Torn(blank(Kind.EV2))
    assert bench.lay(hand) == NotBegun(CardRefusal.KNOWN_CARD, held)
    assert hand.image == blank(Kind.EV2)


def test_a_chip_that_became_a_strangers_in_between_is_lost_and_another_takes_its_place(
    bench: Bench,
) -> None:
    torn = Torn(blank(Kind.EV2), 50)
    bench.lay(torn)
    lost = Torn(copied(torn.image))
    assert bench.lay(lost) == Lost(Fault.FOREIGN_KEYS)
    assert lost.resets >= 3
    with bench.school.database.read() as db:
        (issue,) = issues_of(db, uid_hmac=card_hash(PEPPER, UID.hex().upper()))
        (*_, last) = steps(db, issue.id)
    assert (last.step, last.reason) == (IssueEnd.LOST.value, "foreign_keys")
    card, image = bench.issued(blank(Kind.EV2, SECOND))
    assert card.issue_no == 1
    assert bench.is_good(image)


class Mangling(Torn):
    """A chip whose answers lack a byte from some command on, also when it is asked who it is."""

    def transmit(self, apdu: bytes) -> bytes:
        answer = super().transmit(apdu)
        return answer if self.sent < 35 else answer[1:]


@on_sqlite
def test_a_chip_that_answers_nonsense_is_not_lost_but_laid_down_again(bench: Bench) -> None:
    disturbed = Mangling(blank(Kind.EV2))
    outcome = bench.lay(disturbed)
    assert isinstance(outcome, Open)
    assert outcome.why is Trouble.UNCLEAR
    _, image = bench.issued(disturbed.image)
    assert bench.is_good(image)


@on_sqlite
def test_no_card_is_active_that_does_not_prove_itself(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.issuing.prove", lambda *_words, **_named: CardFault.WRONG_KEY)
    assert bench.lay(Torn(blank(Kind.EV2))) == Lost(CardFault.WRONG_KEY)
    with bench.school.database.read() as db:
        assert holder_of(db, uid_hmac=card_hash(PEPPER, UID.hex().upper())) is None


def test_a_fee_is_charged_with_the_card_and_never_without_one(bench: Bench) -> None:
    school = bench.school
    school.pay_in(school.payer, eur("10"))
    bench.charging("S")
    torn = Torn(blank(Kind.EV2), 55)
    assert isinstance(bench.lay(torn), Open)
    with school.database.read() as db:
        assert balance(db, school.payer) == eur("10")
    outcome = bench.lay(Torn(torn.image))
    assert isinstance(outcome, Done)
    assert outcome.fee == eur("1,50")
    with school.database.read() as db:
        assert balance(db, school.payer) == eur("8,50")
    assert bench.lay(Torn(torn.image)) == Done(outcome.card, before=True)
    with school.database.read() as db:
        assert balance(db, school.payer) == eur("8,50")


@on_sqlite
@pytest.mark.parametrize(
    ("code", "why"), [("1", ChargeRefusal.IS_A_LUNCH), ("nix", ChargeRefusal.NOT_OFFERED)]
)
def test_what_cannot_be_charged_does_not_stop_the_card(
    bench: Bench, code: str, why: ChargeRefusal
) -> None:
    outcome = bench.charging(code).lay(Torn(blank(Kind.EV2)))
    assert isinstance(outcome, Done)
    assert outcome.fee is why


@on_sqlite
def test_a_fee_stops_at_the_schools_floor(bench: Bench) -> None:
    with bench.school.database.write() as db:
        poor = add_child(db, bench.school.id)
    outcome = bench.charging("S").lay(Torn(blank(Kind.EV2)), pupil=poor)
    assert isinstance(outcome, Done)
    assert outcome.fee == eur("1,50")  # down to -15.00, as for a lunch


def test_staff_get_cards_too(bench: Bench) -> None:

    with bench.school.database.write() as db:
        member = row(db, staff, school_id=bench.school.id, label="Theke", active=1)
    hand = Torn(blank(Kind.EV2))
    wanted = Wanted(bench.school.id, staff_id=member)
    outcome = lay(bench.tools, bench.book, wanted, uid=UID, laid=hand)
    assert isinstance(outcome, Done)
    assert outcome.card.staff_id == member
    assert bench.is_good(hand.image)
