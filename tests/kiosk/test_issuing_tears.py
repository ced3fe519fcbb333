"""A card torn away at any command of its issuing: it can always be laid down again."""

import random
from dataclasses import replace

import pytest
from issuing_stage import (
    KINDS,
    MASTERS,
    UID,
    PureBook,
    Tear,
    Torn,
    blank,
    proves,
    tools,
    with_uid,
)

from accounts.card_register import CardState
from cards.masters import Masters, fresh_masters
from cards.virtual.chip import Chip
from cards.virtual.image import Image, Kind
from kiosk.issuing import lay
from kiosk.issuing_terms import Done, Open, Outcome, Trouble, Wanted

TEARS = 10_000
ALL = 200
"""More commands than an issuing has."""
OTHER_UID = bytes.fromhex("04B1B2C3D4E5F6")
CHILD = Wanted(school_id=1, pupil_id=7)
ROTATED = MASTERS.rotate()


def laid(book: PureBook, hand: Torn, masters: Masters = MASTERS) -> Outcome:
    return lay(tools(masters), book, CHILD, uid=hand.image.uid, laid=hand)


def is_sound(book: PureBook, image: Image, masters: Masters = MASTERS) -> bool:
    """Whether no card is active that does not prove itself by what the ledger keeps."""
    return all(
        card.state is CardState.ACTIVE and proves(image, sealed, issue.uid_hmac, masters)
        for card, issue, sealed in book.cards.values()
    )


def commands_of(kind: Kind) -> int:
    hand = Torn(blank(kind))
    assert isinstance(laid(PureBook(), hand), Done)
    return hand.sent


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", Tear)
def test_torn_once_at_any_command_a_card_is_finished_when_it_is_laid_down_again(
    kind: Kind, how: Tear
) -> None:
    for at in range(commands_of(kind)):
        book, hand = PureBook(), Torn(blank(kind), at, how)
        assert laid(book, hand) == Open(Trouble.GONE, next(iter(book.issues.values()), None))
        assert book.cards == {}, at
        again = Torn(hand.image)
        assert isinstance(laid(book, again), Done), at
        assert len(book.issues) == 1, at
        assert is_sound(book, again.image), at


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", Tear)
def test_torn_at_any_command_and_given_up_a_chip_becomes_a_card_of_the_next_generation(
    kind: Kind, how: Tear
) -> None:
    for at in range(commands_of(kind)):
        book, hand = PureBook(), Torn(blank(kind), at, how)
        laid(book, hand)
        book.abandon()
        again = Torn(hand.image)
        assert isinstance(laid(book, again, ROTATED), Done), at
        assert is_sound(book, again.image, ROTATED), at
        keys = [key for one in again.image.applications for key in one.keys]
        assert {key.version for key in keys} == {ROTATED.newest}, at


@pytest.mark.parametrize("kind", KINDS)
def test_a_chip_torn_and_given_up_in_each_of_three_generations_becomes_a_card_of_the_last(
    kind: Kind,
) -> None:
    rng = random.Random(f"generations {kind.value}")
    third = ROTATED.rotate()
    for _ in range(40):
        book, image = PureBook(), blank(kind)
        for masters in (MASTERS, ROTATED, third):
            hand = Torn(image, rng.randrange(commands_of(kind)), rng.choice(tuple(Tear)))
            laid(book, hand, masters)
            book.abandon()
            image = hand.image
        last = Torn(image)
        assert isinstance(laid(book, last, third), Done)
        assert is_sound(book, last.image, third)


class Swapped(Torn):
    """A hand that lays down another chip while the field is away for that time, from 1."""

    def __init__(self, image: Image, other: Image, at_reset: int) -> None:
        super().__init__(image)
        self.other = other
        self.at_reset = at_reset
        self.first = image

    def reset(self) -> None:
        super().reset()
        if self.resets == self.at_reset:
            self.first, self.chip = self.image, Chip(self.other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at_reset", [1, 2])
def test_a_chip_laid_down_in_the_place_of_another_is_not_written_on(
    kind: Kind, at_reset: int
) -> None:
    other = blank(kind, OTHER_UID)
    book, hand = PureBook(), Swapped(blank(kind), other, at_reset)
    outcome = lay(tools(), book, CHILD, uid=UID, laid=hand)
    assert outcome == Open(Trouble.GONE, book.issues[1])
    assert hand.image == other
    assert book.cards == {}
    again = Torn(hand.first)
    assert isinstance(laid(book, again), Done)
    assert is_sound(book, again.image)


def test_a_chip_that_nobody_confirmed_is_not_wiped_in_the_place_of_another() -> None:
    theirs = Torn(blank(Kind.EV2))
    lay(tools(fresh_masters()), PureBook(), CHILD, uid=UID, laid=theirs)
    top = blank(Kind.EV2).applications[0]
    image = replace(theirs.image, applications=(top, theirs.image.applications[1]))
    other = with_uid(image, OTHER_UID)
    book, hand = PureBook(), Swapped(image, other, 1)
    wanted = replace(CHILD, may_wipe=True)
    assert lay(tools(), book, wanted, uid=UID, laid=hand) == Open(Trouble.GONE)
    assert hand.image == other


@pytest.mark.parametrize("kind", KINDS)
def test_however_often_it_is_torn_a_card_ends_active_or_can_be_laid_down_again(
    kind: Kind,
) -> None:
    rng = random.Random(f"tears {kind.value}")
    most, torn = commands_of(kind), 0
    places: set[tuple[int, Tear]] = set()
    while torn < TEARS // len(KINDS):
        book, image = PureBook(), blank(kind)
        while not book.cards:
            at, how = rng.randrange(most + most // 4), rng.choice(tuple(Tear))
            hand = Torn(image, at, how)
            outcome = laid(book, hand)
            image = hand.image
            assert isinstance(outcome, (Done, Open)), (at, how, outcome)
            assert isinstance(outcome, Done) == bool(book.cards)
            if isinstance(outcome, Open):
                torn += 1
                places.add((at, how))
        assert is_sound(book, image)
        assert laid(book, Torn(image)) == Done(next(iter(book.cards.values()))[0], before=True)
    assert {at for at, _ in places} >= set(range(most)), "a command was never torn"


def test_what_is_sealed_for_the_kiosks_opens_with_the_schools_key_alone() -> None:
    book, hand = PureBook(), Torn(blank(Kind.EV2))
    laid(book, hand)
    ((_card, issue, sealed),) = book.cards.values()
    assert proves(hand.image, sealed, issue.uid_hmac)
    assert not proves(hand.image, sealed, issue.uid_hmac, MASTERS.renew_school("199991"))
