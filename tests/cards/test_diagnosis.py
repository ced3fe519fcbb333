"""What is said of a card that lies there: its kind, its use, and whether it is one of ours."""

import pytest

from cards.channel import CardGone
from cards.diagnosis import Diagnosis, Ours, Use, diagnose
from cards.diagnosis import Kind as Named
from cards.layout import AID, CONTENT_LENGTH
from cards.virtual.image import ATRS, Image, Kind, factory, issued
from cards.virtual.in_process import InProcess
from cards.virtual.manners import Deed

UID = bytes.fromhex("04A1B2C3D4E5F6")
PROVING = [
    (Kind.EV1, Named.DESFIRE_EV1),
    (Kind.EV2, Named.DESFIRE_EV2),
    (Kind.EV3, Named.DESFIRE_EV3),
    (Kind.NTAG424, Named.NTAG424),
]


def looked_at(image: Image, *, aid: bytes = AID) -> Diagnosis:
    card = InProcess(image)
    return diagnose(card, number=card.uid, atr=ATRS[image.kind], aid=aid)


def ours(kind: Kind, *, generation: int = 1) -> Image:
    return issued(kind, UID, keys={}, content=bytes(CONTENT_LENGTH), generation=generation, aid=AID)


@pytest.mark.parametrize(("kind", "named"), PROVING)
def test_a_blank_chip_is_named_and_can_be_issued(kind: Kind, named: Named) -> None:
    seen = looked_at(factory(kind, UID))
    assert (seen.kind, seen.use, seen.ours) == (named, Use.PROVES, Ours.NO)
    assert (seen.uid_length, seen.generation) == (7, None)
    assert seen.storage is not None


@pytest.mark.parametrize("kind", [kind for kind, _ in PROVING])
def test_a_card_of_ours_tells_the_generation_of_its_keys(kind: Kind) -> None:
    seen = looked_at(ours(kind, generation=7))
    assert (seen.ours, seen.generation) == (Ours.YES, 7)


def test_another_city_s_card_is_not_ours() -> None:
    assert looked_at(ours(Kind.EV2), aid=bytes.fromhex("F51010")).ours is Ours.NO


@pytest.mark.parametrize(
    ("kind", "named", "use"),
    [
        (Kind.CLASSIC, Named.CLASSIC_1K, Use.NUMBER),
        (Kind.NTAG213, Named.ULTRALIGHT, Use.NUMBER),
        (Kind.NUMBER, Named.OTHER, Use.NUMBER),
        (Kind.TICKET, Named.TICKET, Use.NOTHING),
    ],
)
def test_a_card_without_keys_is_a_number_at_best(kind: Kind, named: Named, use: Use) -> None:
    seen = looked_at(factory(kind, UID))
    assert (seen.kind, seen.use, seen.ours) == (named, use, Ours.NO)


def test_nothing_is_asked_of_a_ticket() -> None:
    card = InProcess(factory(Kind.TICKET, UID))
    diagnose(card, number=UID, atr=ATRS[Kind.TICKET], aid=AID)
    assert card.told == []


def test_a_number_that_is_another_each_time_is_of_no_use() -> None:
    card = InProcess(factory(Kind.EV2, UID, random_uid=True))
    seen = diagnose(card, number=bytes.fromhex("08C0FFEE"), atr=ATRS[Kind.EV2], aid=AID)
    assert (seen.random_uid, seen.use, seen.uid_length) == (True, Use.NOTHING, 4)


def test_the_card_is_as_it_was_before() -> None:
    for image in (factory(Kind.EV1, UID), ours(Kind.EV3), ours(Kind.NTAG424)):
        card = InProcess(image)
        diagnose(card, number=UID, atr=ATRS[image.kind], aid=AID)
        assert card.image == image


@pytest.mark.parametrize("after", range(6))
def test_garbage_at_any_command_is_a_finding_and_no_fault(after: int) -> None:
    card = InProcess(ours(Kind.EV2), deed=Deed.GARBAGE, after=after)
    assert isinstance(diagnose(card, number=UID, atr=ATRS[Kind.EV2], aid=AID), Diagnosis)


def test_a_card_that_leaves_is_gone() -> None:
    card = InProcess(ours(Kind.EV2))
    card.tear()
    with pytest.raises(CardGone):
        diagnose(card, number=UID, atr=ATRS[Kind.EV2], aid=AID)
