"""A card torn away at any command of its issuing: it can always be laid down again."""

import random

import pytest
from issuing_stage import KINDS, MASTERS, PureBook, Tear, Torn, blank, proves, tools

from accounts.card_register import CardState
from cards.virtual.image import Image, Kind
from kiosk.issuing import lay
from kiosk.issuing_terms import Done, Open, Outcome, Trouble, Wanted

TEARS = 10_000
ALL = 200
"""More commands than an issuing has."""
CHILD = Wanted(school_id=1, pupil_id=7)


def laid(book: PureBook, hand: Torn) -> Outcome:
    return lay(tools(), book, CHILD, uid=hand.image.uid, laid=hand)


def is_sound(book: PureBook, image: Image) -> bool:
    """Whether no card is active that does not prove itself by what the ledger keeps."""
    return all(
        card.state is CardState.ACTIVE and proves(image, sealed, issue.uid_hmac)
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
