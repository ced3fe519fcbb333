"""The virtual chip behaves as a real one would where that decides over a card's fate."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.channel import CardGone
from cards.desfire import NEVER, Card
from cards.layout import AID, PICC, Medium
from cards.ntag424 import Tag
from cards.secure_messaging import CommMode
from cards.status import CardRefused, ProtocolBroken, Status
from cards.virtual.chip import Chip
from cards.virtual.image import (
    NTAG_NAME,
    Application,
    File,
    Guard,
    Image,
    Key,
    Kind,
    Suite,
    copied,
    factory,
    issued,
)
from cards.virtual.in_process import InProcess
from cards.virtual.manners import Deed, Tape
from cards.virtual.tearing import half_written

UID = bytes.fromhex("04A1B2C3D4E5F6")
ZERO, KEY, OTHER = bytes(16), b"K" * 16, b"k" * 16
OLD, NEW = b"o" * 16, b"N" * 16
MEDIA = {
    Kind.EV1: Medium.EV1,
    Kind.EV2: Medium.EV2,
    Kind.EV3: Medium.EV2,
    Kind.NTAG424: Medium.NTAG424,
}
ASK_UID = bytes.fromhex("FFCA000000")


def card_of(kind: Kind) -> Image:
    """Return an issued card that KEY opens for writing and OTHER for reading."""
    medium = MEDIA[kind]
    keys = {0: KEY, medium.write_key: KEY, medium.read_key: OTHER}
    return issued(kind, UID, keys=keys, content=OLD, aid=AID)


def opened(channel: InProcess, number: int, key: bytes) -> Card | Tag:
    """Go into our application and prove a key."""
    kind = channel.image.kind
    if kind is Kind.NTAG424:
        tag = Tag(channel)
        tag.select()
        tag.authenticate(number, key)
        return tag
    card = Card(channel)
    card.select(AID)
    card.authenticate(MEDIA[kind], number, key)
    return card


def read(channel: InProcess) -> bytes:
    """Return our content as a kiosk reads it."""
    medium = MEDIA[channel.image.kind]
    return opened(channel, medium.read_key, OTHER).read(medium.file, 0, 16, CommMode.FULL)


def write(channel: InProcess) -> None:
    """Write new content as an issuing station does."""
    medium = MEDIA[channel.image.kind]
    opened(channel, medium.write_key, KEY).write(medium.file, 0, NEW, CommMode.FULL)


@pytest.mark.parametrize("kind", MEDIA)
def test_a_card_pulled_before_a_write_keeps_what_it_had(kind: Kind) -> None:
    channel = InProcess(card_of(kind), deed=Deed.PULLED, after=3)

    with pytest.raises(CardGone):
        write(channel)

    channel.lay_again()
    assert read(channel) == OLD


@pytest.mark.parametrize("kind", MEDIA)
def test_a_card_torn_away_before_its_answer_has_written_all_the_same(kind: Kind) -> None:
    channel = InProcess(card_of(kind), deed=Deed.TORN, after=3)

    with pytest.raises(CardGone):
        write(channel)

    channel.lay_again()
    assert read(channel) == NEW


@pytest.mark.parametrize("kind", MEDIA)
def test_power_lost_in_a_write_halves_a_desfires_file_and_spares_an_ntags(kind: Kind) -> None:
    channel = InProcess(card_of(kind), deed=Deed.HALF, after=3)

    with pytest.raises(CardGone):
        write(channel)

    channel.lay_again()
    assert read(channel) == (OLD if kind is Kind.NTAG424 else NEW[:8] + OLD[8:])


@pytest.mark.parametrize("kind", MEDIA)
def test_power_lost_in_a_change_of_keys_leaves_the_old_key(kind: Kind) -> None:
    medium = MEDIA[kind]
    channel = InProcess(card_of(kind), deed=Deed.HALF, after=3)
    with pytest.raises(CardGone):
        opened(channel, 0, KEY).change_key(medium.read_key, NEW, version=2, old=OTHER)

    channel.lay_again()

    assert read(channel) == OLD


@pytest.mark.parametrize("kind", [Kind.EV1, Kind.EV2])
def test_an_application_half_made_is_not_there(kind: Kind) -> None:
    channel = InProcess(factory(kind, UID), deed=Deed.HALF, after=1)
    card = Card(channel)
    card.select(PICC)

    with pytest.raises(CardGone):
        card.create_application(AID, keys=2)

    assert channel.image == factory(kind, UID)


def test_a_torn_card_is_gone_until_it_is_laid_down_again() -> None:
    channel = InProcess(card_of(Kind.EV2))
    assert channel.transmit(ASK_UID) == UID + b"\x90\x00"

    channel.tear()

    for _ in range(2):
        with pytest.raises(CardGone):
            channel.transmit(ASK_UID)
    channel.lay_again()
    assert read(channel) == OLD


@pytest.mark.parametrize("kind", MEDIA)
def test_leaving_the_field_ends_the_session(kind: Kind) -> None:
    medium = MEDIA[kind]
    channel = InProcess(card_of(kind))
    card = opened(channel, medium.read_key, OTHER)

    channel.lay_again()

    with pytest.raises((CardRefused, ProtocolBroken)):
        card.read(medium.file, 0, 16, CommMode.FULL)


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize("wrong", ["9051000001FF00", "9064000001FF00", "9099000000", "90AF000000"])
def test_any_error_ends_the_session(kind: Kind, wrong: str) -> None:
    medium = MEDIA[kind]
    channel = InProcess(card_of(kind))
    card = opened(channel, medium.read_key, OTHER)

    assert channel.transmit(bytes.fromhex(wrong))[-2:] != b"\x91\x00"

    with pytest.raises(CardRefused) as refused:
        card.read(medium.file, 0, 16, CommMode.FULL)
    assert refused.value.status is Status.AUTHENTICATION_ERROR


@pytest.mark.parametrize("kind", MEDIA)
def test_another_command_in_the_middle_of_a_proof_ends_it(kind: Kind) -> None:
    channel = InProcess(card_of(kind))
    select = bytes.fromhex("00A4040C07") + NTAG_NAME + b"\0"
    channel.transmit(select if kind is Kind.NTAG424 else b"\x90\x5a\0\0\x03" + AID + b"\0")
    begin = "90AA00000101 00" if kind is Kind.EV1 else "9071000002020000"
    if kind in {Kind.EV2, Kind.EV3}:
        begin = "9071000002010000"
    assert channel.transmit(bytes.fromhex(begin))[-1] == 0xAF

    assert channel.transmit(bytes.fromhex("9060000000")) == b"\x91\xca"
    assert channel.transmit(bytes.fromhex("90AF000020") + bytes(33)) == b"\x91\x1c"


def test_a_key_of_one_kind_is_not_proved_by_the_other_kinds_command() -> None:
    fresh = Card(InProcess(factory(Kind.EV2, UID)))
    fresh.select(PICC)
    with pytest.raises(CardRefused) as aes:
        fresh.authenticate(Medium.EV2, 0, ZERO)
    ours = Card(InProcess(issued(Kind.EV2, UID, keys={}, content=OLD, master=ZERO)))
    ours.select(PICC)
    with pytest.raises(CardRefused) as des:
        ours.authenticate_factory()

    assert {aes.value.status, des.value.status} == {Status.AUTHENTICATION_ERROR}


def test_ev1_does_not_know_what_came_after_it() -> None:
    channel = InProcess(card_of(Kind.EV1))

    for code in ("71", "AD", "8D"):
        assert channel.transmit(bytes.fromhex(f"90{code}0000020000 00")) == b"\x91\x1c"


def test_an_ntag_424_has_nothing_to_create_select_or_format() -> None:
    channel = InProcess(factory(Kind.NTAG424, UID))

    for code in ("5A", "CA", "CD", "FC", "AA", "1A", "BD", "3D"):
        assert channel.transmit(bytes.fromhex(f"90{code}000000")) == b"\x91\x1c"


def test_a_fresh_card_needs_a_key_for_nothing_but_its_own_change() -> None:
    channel = InProcess(factory(Kind.EV2, UID))
    card = Card(channel)
    card.select(PICC)
    card.create_application(AID, keys=1, settings=0x0F)
    card.select(AID)
    card.create_file(1, size=16, mode=CommMode.FULL, read=0, write=0, read_write=NEVER, change=0)
    card.select(PICC)

    assert channel.transmit(b"\x90\xc4\0\0\x01\x80\0") == b"\x91\xae"


@pytest.mark.parametrize(
    ("proved", "rights", "refused"),
    [
        (1, 0x1FF0, None),
        (1, 0xFF1F, None),
        (1, 0xE2F0, None),
        (0, 0x1FF0, Status.AUTHENTICATION_ERROR),
        (2, 0x12F0, Status.AUTHENTICATION_ERROR),
        (0, 0xF0F0, Status.PERMISSION_DENIED),
    ],
)
@pytest.mark.parametrize("kind", [Kind.EV1, Kind.EV2])
def test_a_file_is_read_by_the_key_its_rights_name_and_by_no_other(
    kind: Kind, proved: int, rights: int, refused: Status | None
) -> None:
    keys = tuple(Key(Suite.AES, bytes((n,)) * 16, 1) for n in range(3))
    file = File(1, Guard.FULL, rights, OLD)
    channel = InProcess(factory(kind, UID).keeping(Application(AID, 0x09, keys, (file,))))
    card = opened(channel, proved, bytes((proved,)) * 16)
    free = 0xE in {rights >> 12, rights >> 4 & 0xF}

    if refused is None:
        mode = CommMode.PLAIN if free else CommMode.FULL
        assert card.read(1, 0, 16, mode) == OLD
    else:
        with pytest.raises(CardRefused) as told:
            card.read(1, 0, 16, CommMode.FULL)
        assert told.value.status is refused


@pytest.mark.parametrize("settings", [0x08, 0xF9])
def test_a_frozen_key_is_not_changed_by_anybody(settings: int) -> None:
    keys = (Key(Suite.AES, KEY, 1),) * 2
    image = factory(Kind.EV2, UID).keeping(Application(AID, settings, keys))
    card = opened(InProcess(image), 0, KEY)

    with pytest.raises(CardRefused) as refused:
        card.change_key(0 if settings == 0x08 else 1, NEW, version=2, old=KEY)

    assert refused.value.status is Status.PERMISSION_DENIED


@pytest.mark.parametrize(("settings", "number"), [(0x19, 1), (0xE9, 2), (0xE9, 1)])
def test_keys_may_be_changed_by_the_key_the_settings_name(settings: int, number: int) -> None:
    keys = tuple(Key(Suite.AES, bytes((n,)) * 16, 1) for n in range(3))
    image = factory(Kind.EV2, UID).keeping(Application(AID, settings, keys))
    channel = InProcess(image)
    target = 2 if settings == 0x19 else number

    opened(channel, number, bytes((number,)) * 16).change_key(
        target, NEW, version=7, old=bytes((target,)) * 16
    )

    changed = channel.image.application(AID)
    assert changed is not None
    assert changed.keys[target] == Key(Suite.AES, NEW, 7)
    with pytest.raises(CardRefused):
        opened(channel, 0, bytes(16)).change_key(1, KEY, version=7, old=bytes((1,)) * 16)


def test_a_card_of_random_numbers_tells_its_own_only_to_who_proves_a_key() -> None:
    image = issued(Kind.EV2, UID, keys={1: OTHER}, content=OLD, aid=AID)
    channel = InProcess(Image(image.kind, image.uid, image.applications, random_uid=True))
    first = channel.transmit(ASK_UID)
    channel.lay_again()
    second = channel.transmit(ASK_UID)

    assert first != second
    assert {(len(told), told[:1]) for told in (first, second)} == {(6, b"\x08")}
    card = Card(channel)
    assert card.version().uid == b""
    card.select(AID)
    assert channel.transmit(bytes.fromhex("9051000000")) == b"\x91\xae"
    assert read(channel) == OLD


@pytest.mark.parametrize("kind", [Kind.NUMBER, Kind.CLASSIC, Kind.NTAG213, Kind.TICKET])
@given(apdu=st.binary(min_size=2, max_size=60))
@settings(max_examples=20, deadline=None)
def test_a_card_without_keys_tells_its_number_and_nothing_else(kind: Kind, apdu: bytes) -> None:
    chip = Chip(factory(kind, UID))

    assert chip.answer(ASK_UID) == UID + b"\x90\x00"
    assert apdu == ASK_UID or len(chip.answer(apdu)) == 2


def test_a_ticket_is_told_by_its_greeting() -> None:
    assert Chip(factory(Kind.TICKET, UID)).atr[4:] == b"ZCVDVY"
    assert Chip(factory(Kind.EV2, UID)).atr == Chip(factory(Kind.NTAG424, UID)).atr


def test_a_mute_card_and_one_of_garbage_end_as_such() -> None:
    with pytest.raises(CardGone):
        read(InProcess(card_of(Kind.EV2), deed=Deed.MUTE, after=2))
    with pytest.raises(ProtocolBroken):
        read(InProcess(card_of(Kind.EV2), deed=Deed.GARBAGE, after=2))


@pytest.mark.parametrize("after", range(1, 4))
@pytest.mark.parametrize("kind", MEDIA)
def test_a_mangled_answer_is_never_read_as_the_content(kind: Kind, after: int) -> None:
    channel = InProcess(card_of(kind), deed=Deed.MANGLED, after=after)

    with pytest.raises((CardRefused, ProtocolBroken)):
        read(channel)


def test_a_copy_has_the_number_and_the_content_and_no_key() -> None:
    original = card_of(Kind.EV2)
    copy = copied(original)

    assert (copy.uid, copy.applications[1].files) == (UID, original.applications[1].files)
    with pytest.raises(CardRefused):
        read(InProcess(copy))


def test_a_tape_says_what_was_said_and_then_nothing_more() -> None:
    tape = Tape(UID, [b"\x91\x00"], atr=b"")

    said = [tape.answer(apdu) for apdu in (ASK_UID, b"\x90", b"\x90")]

    assert said == [UID + b"\x90\x00", b"\x91\x00", b"\x6f\x00"]


KEYS = st.builds(
    Key, st.sampled_from(Suite), st.binary(min_size=16, max_size=16), st.integers(0, 255)
)
FILES = st.builds(
    File,
    st.integers(0, 31),
    st.sampled_from(Guard),
    st.integers(0, 0xFFFF),
    st.binary(min_size=1, max_size=40),
)
APPLICATIONS = st.builds(
    Application,
    st.binary(min_size=3, max_size=7),
    st.integers(0, 255),
    st.lists(KEYS, max_size=3).map(tuple),
    st.lists(FILES, max_size=3).map(tuple),
)
IMAGES = st.builds(
    Image,
    st.sampled_from(Kind),
    st.binary(max_size=10),
    st.lists(APPLICATIONS, max_size=3, unique_by=lambda one: one.name).map(tuple),
    st.booleans(),
)


@given(IMAGES)
def test_an_image_goes_to_bytes_and_back(image: Image) -> None:
    assert Image.from_bytes(image.to_bytes()) == image
    assert half_written(image, image) == image


@given(IMAGES)
def test_an_images_printed_form_tells_no_key_and_no_content(image: Image) -> None:
    for application in image.applications:
        for secret in (*application.keys, *application.files):
            assert "value=" not in repr(secret)
            assert "content=" not in repr(secret)
    assert "uid=b" not in repr(image)


@pytest.mark.parametrize("told", [b"", b"{}", b"[]", b"null", b'{"kind":"ev9"}', b"\xff"])
def test_bytes_that_are_no_image_are_a_value_error(told: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Image.from_bytes(told)


PERSONALISING = [
    bytes.fromhex("905A00000300000000"),
    bytes.fromhex("905A00000300000100"),
    bytes.fromhex("901A0000010000"),
    bytes.fromhex("90AA0000010000"),
    bytes.fromhex("9071000002000000"),
    bytes.fromhex("90AF000020") + bytes(33),
    bytes.fromhex("90AF000000"),
    bytes.fromhex("90CA000005000001 0F82 00"),
    bytes.fromhex("90CD000007 01 00 EEEE 100000 00"),
    bytes.fromhex("908D000017 01 000000 100000") + bytes(17),
    bytes.fromhex("90AD000007 01 000000 100000 00"),
    bytes.fromhex("90C4000021 80") + bytes(33),
    bytes.fromhex("9060000000"),
    bytes.fromhex("00A4040C07D276000085010100"),
]
"""Whole commands, so that chance gets further than the envelope."""


@pytest.mark.parametrize("kind", MEDIA)
@given(
    apdus=st.lists(
        st.one_of(
            st.sampled_from(PERSONALISING),
            st.builds(
                lambda whole, at, byte: whole[:at] + bytes((byte,)) + whole[at + 1 :],
                st.sampled_from(PERSONALISING),
                st.integers(0, 40),
                st.integers(0, 255),
            ),
            st.binary(max_size=80),
        ),
        max_size=25,
    )
)
@settings(max_examples=60, deadline=None)
def test_whatever_a_card_hears_it_answers_in_form(kind: Kind, apdus: list[bytes]) -> None:
    chip = Chip(factory(kind, UID))

    for apdu in apdus:
        assert len(chip.answer(apdu)) >= 2

    assert Image.from_bytes(chip.image.to_bytes()) == chip.image


@pytest.mark.parametrize("kind", MEDIA)
@given(apdus=st.lists(st.sampled_from(PERSONALISING) | st.binary(max_size=60), max_size=25))
@settings(max_examples=40, deadline=None)
def test_who_knows_no_key_changes_nothing_of_ours(kind: Kind, apdus: list[bytes]) -> None:
    card = card_of(kind)
    chip = Chip(card)
    ours = NTAG_NAME if kind is Kind.NTAG424 else AID

    answers = [chip.answer(apdu) for apdu in apdus]

    after, before = chip.image.application(ours), card.application(ours)
    assert after is not None
    assert before is not None
    assert after.keys == before.keys
    assert chip.image.applications[0].keys == card.applications[0].keys
    assert [file for file in after.files if file.number != 2] == [
        file for file in before.files if file.number != 2
    ]
    assert not any(OLD in answer for answer in answers)
