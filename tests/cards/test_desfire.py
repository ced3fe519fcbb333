"""The host's commands against a chip of software, and against answers no card should give."""

import contextlib
import itertools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.channel import CardGone, Channel
from cards.desfire import NEVER, Card
from cards.keys import card_key
from cards.layout import AID, CONTENT_LENGTH, PICC, Content, Medium
from cards.ntag424 import Tag
from cards.secure_messaging import CommMode, NoSession
from cards.status import CardRefused, ProtocolBroken, Status
from cards.version import Generation
from cards.virtual.chip import Chip
from cards.virtual.image import Kind, factory

UID = bytes.fromhex("04A1B2C3D4E5F6")
ZERO = bytes(16)
CONTENT = Content(city=1, issue_no=1, token=bytes(range(12))).to_bytes()
KINDS = {Kind.EV1: Medium.EV1, Kind.EV2: Medium.EV2, Kind.EV3: Medium.EV2}

Command = Callable[[Channel], object]


class Field:
    """A chip of software in a field, and what went over the air."""

    def __init__(self, kind: Kind) -> None:
        self.chip = Chip(factory(kind, UID))
        self.sent: list[bytes] = []
        self.mangle: Callable[[bytes], bytes] = lambda answer: answer

    def transmit(self, apdu: bytes) -> bytes:
        self.sent.append(apdu)
        answer = self.chip.answer(apdu)
        assert answer is not None
        return self.mangle(answer)


class Answering:
    """A channel that answers with whatever comes next, and then leaves."""

    def __init__(self, answers: Iterator[bytes]) -> None:
        self._answers = answers
        self.asked: list[bytes] = []

    def transmit(self, apdu: bytes) -> bytes:
        self.asked.append(apdu)
        try:
            return next(self._answers)
        except StopIteration:
            raise CardGone from None


def key(aid: bytes, key_no: int, generation: int = 1) -> bytes:
    return card_key(bytes(range(16)), uid=UID, aid=aid, key_no=key_no, generation=generation)


def personalise(field: Field, medium: Medium) -> Card:
    card = Card(field)
    card.select(PICC)
    card.authenticate_factory()
    card.change_key(0, key(PICC, 0), version=1)
    card.authenticate(medium, 0, key(PICC, 0))
    card.create_application(AID, keys=2)
    card.select(AID)
    card.authenticate(medium, 0, ZERO)
    card.change_key(1, key(AID, 1), version=1, old=ZERO)
    card.create_file(
        1, size=CONTENT_LENGTH, mode=CommMode.FULL, read=1, write=0, read_write=NEVER, change=0
    )
    card.write(1, 0, CONTENT, CommMode.FULL)
    card.change_key(0, key(AID, 0), version=1)
    return card


@pytest.mark.parametrize(("kind", "medium"), KINDS.items())
def test_a_card_is_personalised_and_read_with_the_read_key_only(kind: Kind, medium: Medium) -> None:
    field = Field(kind)
    card = personalise(field, medium)
    field.chip.reset()

    card.select(AID)
    assert [card.key_version(number) for number in (0, 1)] == [1, 1]
    card.authenticate(medium, 1, key(AID, 1))
    assert card.read(1, 0, CONTENT_LENGTH, CommMode.FULL) == CONTENT
    assert card.key_version(1) == 1
    with pytest.raises(CardRefused) as refused:
        card.write(1, 0, CONTENT, CommMode.FULL)
    assert refused.value.status is Status.AUTHENTICATION_ERROR


def test_an_ntag_424_changes_all_its_keys_and_is_read_with_the_read_key_only() -> None:
    field = Field(Kind.NTAG424)
    medium = Medium.NTAG424
    tag = Tag(field)
    assert tag.version().generation.medium is medium
    tag.select()
    tag.authenticate(0, ZERO)
    for number in range(1, medium.key_count):
        tag.change_key(number, key(AID, number), version=1, old=ZERO)
    tag.change_key(0, key(AID, 0), version=1)
    tag.authenticate(medium.write_key, key(AID, medium.write_key))
    tag.write(medium.file, 0, CONTENT, CommMode.FULL)
    field.chip.reset()

    tag.select()
    assert [tag.key_version(number) for number in range(5)] == 5 * [1]
    tag.authenticate(medium.read_key, key(AID, medium.read_key))
    assert tag.read(medium.file, 0, CONTENT_LENGTH, CommMode.FULL) == CONTENT
    with pytest.raises(CardRefused):
        tag.write(medium.file, 0, CONTENT, CommMode.FULL)


@pytest.mark.parametrize(
    ("kind", "generation"),
    [
        (Kind.EV1, Generation.EV1),
        (Kind.EV2, Generation.EV2),
        (Kind.EV3, Generation.EV3),
        (Kind.NTAG424, Generation.NTAG424),
    ],
)
def test_a_chip_says_which_one_it_is(kind: Kind, generation: Generation) -> None:
    version = Card(Field(kind)).version()

    assert version.generation is generation
    assert version.uid == UID
    assert "04a1" not in repr(version).lower()
    assert "uid" not in repr(version)


@pytest.mark.parametrize(("kind", "medium"), KINDS.items())
@pytest.mark.parametrize("mode", CommMode)
@pytest.mark.parametrize("length", [1, 16, 52, 59, 60, 128, 129, 300])
def test_files_of_any_length_are_read_as_they_were_written(
    kind: Kind, medium: Medium, mode: CommMode, length: int
) -> None:
    field = Field(kind)
    card = Card(field)
    card.select(PICC)
    card.create_application(AID, keys=1, settings=0x0F)
    card.select(AID)
    card.authenticate(medium, 0, ZERO)
    card.create_file(2, size=310, mode=mode, read=0, write=0, read_write=0, change=0)
    data = bytes(number % 251 for number in range(length))

    card.write(2, 10, data, mode)

    assert card.read(2, 10, length, mode) == data
    assert card.key_version(0) == 0
    assert max(map(len, field.sent)) <= 5 + 255 + 1


@pytest.mark.parametrize(("kind", "medium"), KINDS.items())
def test_the_cards_master_key_is_changed_again_under_aes(kind: Kind, medium: Medium) -> None:
    field = Field(kind)
    card = personalise(field, medium)

    card.select(PICC)
    card.authenticate(medium, 0, key(PICC, 0))
    card.change_key(0, key(PICC, 0, generation=2), version=2)
    assert card.key_version(0) == 2
    card.authenticate(medium, 0, key(PICC, 0, generation=2))


@pytest.mark.parametrize(("kind", "medium"), KINDS.items())
def test_formatting_deletes_the_application_and_keeps_the_master_key(
    kind: Kind, medium: Medium
) -> None:
    field = Field(kind)
    card = personalise(field, medium)

    card.select(PICC)
    with pytest.raises(NoSession):
        card.format_picc()
    card.authenticate(medium, 0, key(PICC, 0))
    card.format_picc()
    with pytest.raises(CardRefused) as refused:
        card.select(AID)
    assert refused.value.status is Status.APPLICATION_NOT_FOUND
    card.select(PICC)
    card.authenticate(medium, 0, key(PICC, 0))


@pytest.mark.parametrize(("kind", "medium"), KINDS.items())
def test_a_wrong_key_is_refused_by_name_and_leaves_no_session(kind: Kind, medium: Medium) -> None:
    card = personalise(Field(kind), medium)
    card.select(AID)

    with pytest.raises(CardRefused) as refused:
        card.authenticate(medium, 1, key(AID, 0))

    assert refused.value.status is Status.AUTHENTICATION_ERROR
    assert refused.value.word == 0x91AE
    with pytest.raises(NoSession):
        card.change_key(1, ZERO, version=0, old=ZERO)


@pytest.mark.parametrize(("kind", "medium"), KINDS.items())
def test_an_application_or_a_file_is_not_made_twice(kind: Kind, medium: Medium) -> None:
    card = personalise(Field(kind), medium)
    card.select(PICC)
    card.authenticate(medium, 0, key(PICC, 0))
    with pytest.raises(CardRefused) as refused:
        card.create_application(AID, keys=2)
    assert refused.value.status is Status.DUPLICATE

    card.select(AID)
    card.authenticate(medium, 0, key(AID, 0))
    with pytest.raises(CardRefused) as refused:
        card.create_file(
            1, size=16, mode=CommMode.FULL, read=1, write=0, read_write=NEVER, change=0
        )
    assert refused.value.status is Status.DUPLICATE


@pytest.mark.parametrize(("kind", "medium"), KINDS.items())
@pytest.mark.parametrize("at", range(8))
def test_an_answer_changed_in_any_byte_of_its_mac_or_its_data_is_broken(
    kind: Kind, medium: Medium, at: int
) -> None:
    field = Field(kind)
    card = personalise(field, medium)
    card.select(AID)
    card.authenticate(medium, 1, key(AID, 1))
    field.mangle = lambda answer: (
        answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :] if len(answer) > 2 else answer
    )

    with pytest.raises(ProtocolBroken):
        card.read(1, 0, CONTENT_LENGTH, CommMode.FULL)
    with pytest.raises(NoSession):
        card.change_key(1, ZERO, version=0)


PROTECTED = [
    (kind, medium, mode)
    for kind, medium in KINDS.items()
    for mode in CommMode
    if medium is Medium.EV1 or mode is not CommMode.PLAIN
]


@pytest.mark.parametrize(("kind", "medium", "mode"), PROTECTED)
@given(at=st.integers(0, 41), bit=st.integers(0, 7))
def test_an_answer_changed_in_any_bit_is_not_taken_in_any_mode(
    kind: Kind, medium: Medium, mode: CommMode, at: int, bit: int
) -> None:
    """EV1 protects answers of plain files too; EV2 does not."""
    field = Field(kind)
    card = Card(field)
    card.select(PICC)
    card.create_application(AID, keys=1, settings=0x0F)
    card.select(AID)
    card.authenticate(medium, 0, ZERO)
    card.create_file(2, size=16, mode=mode, read=0, write=0, read_write=0, change=0)

    def changed(answer: bytes) -> bytes:
        place = at % (len(answer) - 2)
        return answer[:place] + bytes([answer[place] ^ 1 << bit]) + answer[place + 1 :]

    field.mangle = changed
    with pytest.raises(ProtocolBroken):
        card.read(2, 0, 16, mode)


@pytest.mark.parametrize("medium", Medium)
def test_a_card_that_claims_to_know_the_key_is_not_believed(medium: Medium) -> None:
    """It sends a challenge, says yes to whatever we prove, and proves nothing."""
    size = 16 if medium is Medium.EV1 else 32
    answers = iter([bytes(16) + b"\x91\xaf", bytes(size) + b"\x91\x00"])

    with pytest.raises(ProtocolBroken):
        Card(Answering(answers)).authenticate(medium, 1, key(AID, 1))


@pytest.mark.parametrize(("kind", "medium"), KINDS.items())
def test_a_tap_recorded_earlier_proves_nothing(kind: Kind, medium: Medium) -> None:
    field = Field(kind)
    card = personalise(field, medium)
    recorded: list[bytes] = []

    def listened(answer: bytes) -> bytes:
        recorded.append(answer)
        return answer

    card.select(AID)
    field.mangle = listened
    card.authenticate(medium, 1, key(AID, 1))
    card.read(1, 0, CONTENT_LENGTH, CommMode.FULL)

    with pytest.raises(ProtocolBroken):
        Card(Answering(iter(recorded))).authenticate(medium, 1, key(AID, 1))


def test_a_session_begun_with_its_own_random_is_another_every_time() -> None:
    field = Field(Kind.EV2)
    card = Card(field)
    card.select(PICC)
    card.create_application(AID, keys=1)
    card.select(AID)

    for _ in range(20):
        card.authenticate(Medium.EV2, 0, ZERO)

    proofs = [apdu for apdu in field.sent if apdu[1] == 0xAF]
    assert len(set(proofs)) == 20


COMMANDS: dict[str, Command] = {
    "version": lambda channel: Card(channel).version(),
    "select": lambda channel: Card(channel).select(AID),
    "key version": lambda channel: Card(channel).key_version(0),
    "read": lambda channel: Card(channel).read(1, 0, 16, CommMode.PLAIN),
    "write": lambda channel: Card(channel).write(1, 0, bytes(300), CommMode.PLAIN),
    "application": lambda channel: Card(channel).create_application(AID, keys=2),
    "factory": lambda channel: Card(channel).authenticate_factory(),
    "ev1": lambda channel: Card(channel).authenticate(Medium.EV1, 1, ZERO),
    "ev2": lambda channel: Card(channel).authenticate(Medium.EV2, 1, ZERO),
    "ntag select": lambda channel: Tag(channel).select(),
    "ntag": lambda channel: Tag(channel).authenticate(2, ZERO),
    "ntag read": lambda channel: Tag(channel).read(3, 0, 16, CommMode.PLAIN),
}
ANSWERS = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda data, status: data + b"\x91" + bytes([status]),
        st.binary(max_size=60),
        st.sampled_from([0x00, 0xAF, 0xAE, 0x1E, 0x7E, 0xA0]),
    ),
)


@pytest.mark.parametrize("name", COMMANDS)
@given(answers=st.lists(ANSWERS, max_size=6))
def test_no_answer_ends_a_command_otherwise_than_documented(
    name: str, answers: list[bytes]
) -> None:
    channel = Answering(iter(answers))

    with contextlib.suppress(CardGone, CardRefused, ProtocolBroken):
        COMMANDS[name](channel)

    assert len(channel.asked) <= len(answers) + 1


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("frame", [b"", b"\x00", bytes(59)], ids=["empty", "short", "full"])
def test_frames_without_end_end(name: str, frame: bytes) -> None:
    endless = Answering(itertools.repeat(frame + b"\x91\xaf"))

    with pytest.raises(ProtocolBroken):
        COMMANDS[name](endless)
    assert len(endless.asked) < 100


@pytest.mark.parametrize("kind", [Kind.EV1, Kind.EV2])
@given(
    at=st.integers(0, 3),
    answer=st.one_of(ANSWERS, st.none()),
    cut=st.integers(0, 60),
    data=st.data(),
)
def test_a_session_told_anything_ends_as_documented_and_tells_nothing(
    kind: Kind, at: int, answer: bytes | None, cut: int, data: st.DataObject
) -> None:
    """Any one answer of a tap is replaced, or cut short by some bytes."""
    field = Field(kind)
    card = personalise(field, KINDS[kind])
    answered = itertools.count()

    def mangled(true: bytes) -> bytes:
        if next(answered) != at:
            return true
        return answer if answer is not None else true[: max(0, len(true) - cut)]

    field.mangle = mangled
    try:
        card.select(AID)
        card.authenticate(KINDS[kind], 1, key(AID, 1))
        read = card.read(1, 0, CONTENT_LENGTH, CommMode.FULL)
    except (CardRefused, ProtocolBroken):
        return
    assert read == CONTENT


WRONG: dict[str, Callable[[Card], None]] = {
    "short application": lambda card: card.select(b"\x01"),
    "no keys": lambda card: card.create_application(AID, keys=0),
    "no application": lambda card: card.create_application(b"", keys=1),
    "no such right": lambda card: card.create_file(
        1, size=1, mode=CommMode.FULL, read=16, write=0, read_write=0, change=0
    ),
    "short key": lambda card: card.authenticate(Medium.EV2, 0, bytes(15)),
    "long key": lambda card: card.authenticate(Medium.EV1, 0, bytes(24)),
    "short factory key": lambda card: card.authenticate_factory(bytes(8)),
    "short random": lambda card: card.authenticate(Medium.EV2, 0, ZERO, rnd_a=bytes(8)),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_caller_gets_wrong_is_not_sent(name: str) -> None:
    field = Field(Kind.EV2)

    with pytest.raises(ValueError, match=r"byte|right"):
        WRONG[name](Card(field))
    assert field.sent == []


def test_a_key_is_not_changed_without_knowing_where_it_belongs() -> None:
    field = Field(Kind.EV2)
    card = Card(field)
    card.authenticate_factory()

    with pytest.raises(NoSession):
        card.change_key(0, ZERO, version=0)
    card.select(PICC)
    card.authenticate_factory()
    with pytest.raises(ValueError, match="present value"):
        card.change_key(1, ZERO, version=0)
    with pytest.raises(ValueError, match="16 bytes"):
        card.change_key(0, bytes(15), version=0)


@pytest.mark.parametrize("word", [0x0000, 0x6300, 0x91FF, 0xFFFF, 0x9001])
def test_a_status_word_of_no_list_is_unknown_and_kept(word: int) -> None:
    with pytest.raises(CardRefused) as refused:
        Card(Answering(iter([word.to_bytes(2, "big")]))).select(AID)

    assert refused.value.status is Status.UNKNOWN
    assert refused.value.word == word
