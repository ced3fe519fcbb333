"""The steps that make a blank chip a card of ours, one chip at a time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from issuing_stage import KINDS, MASTERS, UID, Torn, blank

from cards.card_keys import Keys, keys_of
from cards.layout import AID, Content, Medium
from cards.personalise import Fault, Plan, Step, identify, personalise, survey, wipe
from cards.prove import prove
from cards.reader import CardFault
from cards.secret import CardSecret
from cards.virtual.image import Image, Kind

TOKEN = bytes(range(12))
DESFIRE_STEPS = [
    Step.PICC_KEY, Step.APPLICATION, Step.KEYS, Step.FILE, Step.CONTENT, Step.APPLICATION_KEY,
]  # fmt: skip
NTAG_STEPS = [*[Step.KEYS] * 4, Step.CONTENT, Step.APPLICATION_KEY]


def medium_of(kind: Kind) -> Medium:
    found = identify(Torn(blank(kind)), uid=UID)
    assert isinstance(found, Medium)
    return found


def keys_for(kind: Kind, uid: bytes = UID, generation: int = 1) -> Keys:
    return keys_of(MASTERS, uid=uid, medium=medium_of(kind), aid=AID, generation=generation)


def plan_for(kind: Kind, token: bytes = TOKEN) -> Plan:
    return Plan(keys_for(kind), Content(city=1, issue_no=1, token=token))


def written(kind: Kind) -> Image:
    hand = Torn(blank(kind))
    list(personalise(hand, plan_for(kind)))
    return hand.image


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_written_before_its_step_is_told(kind: Kind) -> None:
    hand = Torn(blank(kind))
    steps, images = [], []
    for step in personalise(hand, plan_for(kind)):
        steps.append(step)
        images.append(hand.image)
    assert steps == (NTAG_STEPS if kind is Kind.NTAG424 else DESFIRE_STEPS)
    assert images[0] == blank(kind)
    assert len({image.to_bytes() for image in images}) == len(steps)


@pytest.mark.parametrize("kind", KINDS)
def test_a_chip_that_is_done_is_left_as_it_is(kind: Kind) -> None:
    image = written(kind)
    hand = Torn(image)
    assert list(personalise(hand, plan_for(kind))) == []
    assert hand.image == image


@pytest.mark.parametrize("kind", KINDS)
def test_looking_at_a_chip_changes_nothing(kind: Kind) -> None:
    for image in (blank(kind), written(kind)):
        hand = Torn(image)
        assert identify(hand, uid=UID) is medium_of(kind)
        assert survey(hand, keys_for(kind)) is None
        assert hand.image == image


@pytest.mark.parametrize("kind", KINDS)
def test_a_chip_given_up_gets_another_content_and_no_other_keys(kind: Kind) -> None:
    image = written(kind)
    hand = Torn(image)
    assert list(personalise(hand, plan_for(kind, bytes(12)))) == [Step.CONTENT]
    assert [one.keys for one in hand.image.applications] == [one.keys for one in image.applications]


@pytest.mark.parametrize("kind", KINDS)
def test_no_key_of_the_factory_is_left(kind: Kind) -> None:
    keys = [key for one in written(kind).applications for key in one.keys]
    assert keys
    assert all(key.value != bytes(16) and key.version == 1 for key in keys)
    assert len({key.value for key in keys}) == len(keys)


@pytest.mark.parametrize("kind", KINDS)
def test_with_our_keys_a_card_proves_itself_and_with_anothers_it_does_not(kind: Kind) -> None:
    image, medium = written(kind), medium_of(kind)
    ours = keys_for(kind).read
    theirs = keys_for(kind, bytes(reversed(UID))).read
    assert prove(Torn(image), secret=CardSecret(medium, AID, ours, TOKEN, 1)) is None
    wrong = CardSecret(medium, AID, theirs, TOKEN, 1)
    assert prove(Torn(image), secret=wrong) is CardFault.WRONG_KEY


@pytest.mark.parametrize("kind", KINDS[:3])
def test_wiping_takes_the_applications_and_leaves_the_chips_own_key(kind: Kind) -> None:
    hand = Torn(written(kind))
    top = hand.image.applications[0]
    assert wipe(hand, keys_for(kind)) is None
    assert hand.image.applications == (top,)
    hand.reset()
    steps = list(personalise(hand, plan_for(kind)))
    assert steps == DESFIRE_STEPS[1:]


def test_an_ntag_has_nothing_to_wipe() -> None:
    hand = Torn(written(Kind.NTAG424))
    assert wipe(hand, keys_for(Kind.NTAG424)) is Fault.FOREIGN_KEYS


@given(
    uid=st.binary(min_size=7, max_size=7).filter(any),
    kind=st.sampled_from(KINDS),
    city=st.integers(0, 2**16 - 1),
    number=st.integers(1, 255),
    token=st.binary(min_size=12, max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_whatever_its_number_a_chip_becomes_a_card_that_proves_itself(
    uid: bytes, kind: Kind, city: int, number: int, token: bytes
) -> None:
    hand = Torn(blank(kind, uid))
    medium = identify(hand, uid=uid)
    assert isinstance(medium, Medium)
    keys = keys_of(MASTERS, uid=uid, medium=medium, aid=AID, generation=1)
    list(personalise(hand, Plan(keys, Content(city=city, issue_no=number, token=token))))
    hand.reset()
    assert prove(hand, secret=CardSecret(medium, AID, keys.read, token, number)) is None


def test_no_key_is_in_what_is_printed_of_them() -> None:
    keys = keys_for(Kind.EV2)
    shown = repr(Plan(keys, Content(city=1, issue_no=1, token=TOKEN)))
    assert not any(key.hex() in shown or repr(key) in shown for key in (keys.picc, keys.read, UID))
