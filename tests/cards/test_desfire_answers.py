"""Answers out of form, from a card that knows the keys: nothing of them is taken."""

import contextlib
from collections.abc import Iterator

import pytest
from recorded_cards import Recorded

from cards.block_cipher import aes, crc32, rotated
from cards.channel import Channel
from cards.desfire import Card
from cards.layout import AID, PICC, Medium
from cards.ntag424 import APPLICATION, Tag
from cards.secure_messaging import CommMode, NoSession
from cards.secure_messaging_ev1 import Ev1Session
from cards.secure_messaging_ev2 import Ev2Session, authenticate_first
from cards.status import CardRefused, ProtocolBroken, Status
from cards.version import Generation, Version

h = bytes.fromhex
KEY = bytes(range(16))
RND_A, RND_B = bytes(range(32, 48)), bytes(range(64, 80))
TI = b"\x01\x02\x03\x04"
VERSION = "04010112001805 04010102011805 04A1B2C3D4E5F6 CAFE012345 01 26"


class Scripted:
    """A channel that answers with these, whatever it is sent."""

    def __init__(self, *answers: str) -> None:
        self._answers: Iterator[bytes] = map(h, answers)
        self.sent: list[bytes] = []

    def transmit(self, apdu: bytes) -> bytes:
        self.sent.append(apdu)
        return next(self._answers)


def ev2(commands: int = 0) -> Ev2Session:
    return Ev2Session(enc_key=KEY, mac_key=KEY[::-1], ti=TI, key_no=0, commands=commands)


def signed_ev2(data: bytes) -> bytes:
    """Return the data with the MAC of the first answer of a session."""
    return data + ev2(commands=1)._short_mac(b"\0", data)


def encrypted_ev2(padded: bytes) -> bytes:
    card = ev2(commands=1)
    return signed_ev2(card._enc.encrypt(padded, card._iv(b"\x5a\xa5")))


def opened_ev2(answer: bytes, length: int) -> bytes:
    session = ev2()
    session.protect(0xAD, bytes(7), b"", CommMode.FULL)
    return session.open(answer, CommMode.FULL, length)


def test_an_answer_in_form_is_taken() -> None:
    """What the others here are measured by."""
    assert opened_ev2(encrypted_ev2(b"lunch".ljust(5) + b"\x80" + bytes(10)), 5) == b"lunch"
    assert opened_ev2(signed_ev2(b""), 0) == b""


@pytest.mark.parametrize(
    "padded",
    [
        pytest.param(bytes(16), id="no padding"),
        pytest.param(b"lunch".ljust(16, b"x"), id="no end"),
        pytest.param(b"lunch" + b"\x80" + bytes(10) + bytes(16), id="a block too much"),
        pytest.param(b"lunc" + b"\x80" + bytes(11), id="a byte too few"),
        pytest.param(b"lunch!" + b"\x80" + bytes(9), id="a byte too many"),
    ],
)
def test_ev2_takes_no_encrypted_answer_with_another_padding_or_length(padded: bytes) -> None:
    with pytest.raises(ProtocolBroken):
        opened_ev2(encrypted_ev2(padded), 5)


def test_ev2_takes_no_encrypted_answer_of_broken_blocks() -> None:
    with pytest.raises(ProtocolBroken, match="whole blocks"):
        opened_ev2(signed_ev2(bytes(15)), 5)


def test_ev2_takes_no_answer_of_the_command_before_or_after() -> None:
    session = ev2()
    session.protect(0xAD, bytes(7), b"", CommMode.MAC)
    first = signed_ev2(b"lunch")
    assert session.open(first, CommMode.MAC, 5) == b"lunch"

    session.protect(0xAD, bytes(7), b"", CommMode.MAC)
    with pytest.raises(ProtocolBroken, match="MAC"):
        session.open(first, CommMode.MAC, 5)


def test_ev2_sends_nothing_when_its_commands_are_counted_out() -> None:
    session = ev2(commands=0xFFFE)
    session.protect(0xAD, b"", b"", CommMode.PLAIN)
    session.open(b"", CommMode.PLAIN, 0)

    for mode in CommMode:
        with pytest.raises(ProtocolBroken, match="too many"):
            session.protect(0xAD, b"", b"data", mode)


@pytest.mark.parametrize("challenge", [8, 15, 17, 32])
def test_ev2_takes_no_challenge_of_another_length(challenge: int) -> None:
    recorded = Recorded([("9071000002000000", challenge * "00" + "91AF")])

    with pytest.raises(ProtocolBroken, match="challenge"):
        authenticate_first(recorded, 0, KEY, rnd_a=RND_A)


@pytest.mark.parametrize("length", [16, 31, 33, 48])
def test_ev2_takes_no_proof_of_another_length(length: int) -> None:
    proof = aes(KEY).encrypt(TI + rotated(RND_A) + bytes(28))[:length]
    token = aes(KEY).encrypt(RND_A + rotated(RND_B))
    recorded = Recorded(
        [
            ("9071000002000000", aes(KEY).encrypt(RND_B).hex() + "91AF"),
            (f"90AF000020{token.hex()}00", proof.hex() + "9100"),
        ]
    )

    with pytest.raises(ProtocolBroken, match="proof"):
        authenticate_first(recorded, 0, KEY, rnd_a=RND_A)
    assert recorded.is_over()


def opened_ev1(plain: bytes, length: int) -> bytes:
    """Return what the host takes of these bytes encrypted as the answer to its first command."""
    session = Ev1Session(aes(KEY), 0)
    session.protect(0xBD, bytes(7), b"", CommMode.FULL)
    return session.open(aes(KEY).encrypt(plain, session._iv), CommMode.FULL, length)


def test_ev1_takes_an_encrypted_answer_in_form_and_none_with_another_padding_or_length() -> None:
    checked = b"lunch" + crc32(b"lunch\0")

    assert opened_ev1(checked + bytes(7), 5) == b"lunch"
    for plain in (
        checked + bytes(6) + b"\x01",
        checked + b"\x01" + bytes(6),
        checked + bytes(7 + 16),
        (b"lunch!" + crc32(b"lunch!\0")).ljust(16, b"\0"),
        (b"lunch" + crc32(b"lunch")).ljust(16, b"\0"),
    ):
        with pytest.raises(ProtocolBroken):
            opened_ev1(plain, 5)


@pytest.mark.parametrize("length", [4, 6])
def test_ev1_takes_no_answer_of_another_length_though_its_mac_holds(length: int) -> None:
    host, card = Ev1Session(aes(KEY), 0), Ev1Session(aes(KEY), 0)
    host.protect(0xBD, bytes(7), b"", CommMode.MAC)
    card.protect(0xBD, bytes(7), b"", CommMode.MAC)

    with pytest.raises(ProtocolBroken, match="length"):
        host.open(b"lunch" + card._mac(b"lunch\0"), CommMode.MAC, length)


def test_the_change_of_the_own_key_is_answered_by_nothing() -> None:
    """The session is over on either side, so an answer in it is somebody else's."""
    card = Card(Scripted("9100", 8 * "00" + "9100"))
    card.select(AID)
    card._session = ev2()

    with pytest.raises(ProtocolBroken, match="ended"):
        card.change_key(0, KEY, version=1)


@pytest.mark.parametrize("answer", ["", "91"])
def test_an_answer_without_a_status_word_is_no_refusal(answer: str) -> None:
    with pytest.raises(ProtocolBroken, match="status word"):
        Card(Scripted(answer)).select(AID)


def test_a_selection_is_answered_by_nothing() -> None:
    with pytest.raises(ProtocolBroken, match="none was asked"):
        Card(Scripted("AA9100")).select(AID)
    with pytest.raises(ProtocolBroken, match="none was asked"):
        Tag(Scripted("AA9000")).select()


def test_a_card_without_our_application_is_refused_by_name() -> None:
    for wrong in ("91A0", "6A82"):
        with pytest.raises(CardRefused) as refused:
            Tag(Scripted(wrong)).select()
        assert refused.value.status in {Status.APPLICATION_NOT_FOUND, Status.ISO_NOT_FOUND}
    assert len(APPLICATION) == 7


def has_session(card: Card | Tag) -> bool:
    try:
        card.change_key(1, KEY, version=1)
    except NoSession:
        return False
    except ValueError:
        return True
    raise AssertionError("a key was changed without its present value")


def begun(channel: Channel) -> Card:
    """Return a card in a session, its application selected by an answer of the channel."""
    card = Card(channel)
    card.select(AID)
    card._session = ev2()
    assert has_session(card)
    return card


@pytest.mark.parametrize("answer", ["9100", "91A0", "AA9100"])
def test_a_selection_ends_the_session_whatever_is_answered(answer: str) -> None:
    card = begun(Scripted("9100", answer))

    try:
        card.select(PICC)
    except (CardRefused, ProtocolBroken):
        card._session = ev2()
        with pytest.raises(NoSession, match="belongs"):
            card.change_key(0, KEY, version=1)
    else:
        assert not has_session(card)


def test_a_selection_of_an_ntag_ends_the_session_whatever_is_answered() -> None:
    for answer in ("9000", "6A82"):
        tag = Tag(Scripted(answer))
        tag._session = ev2()
        with contextlib.suppress(CardRefused):
            tag.select()
        assert not has_session(tag)


@pytest.mark.parametrize("medium", Medium)
def test_an_authentication_that_fails_leaves_no_earlier_session(medium: Medium) -> None:
    card = begun(Scripted("9100", "91AE"))

    with pytest.raises(CardRefused):
        card.authenticate(medium, 1, KEY)

    assert not has_session(card)


def test_an_authentication_by_the_factory_key_that_fails_leaves_no_earlier_session() -> None:
    card = begun(Scripted("9100", "91AE"))

    with pytest.raises(CardRefused):
        card.authenticate_factory()

    assert not has_session(card)


def test_an_authentication_of_an_ntag_that_fails_leaves_no_earlier_session() -> None:
    tag = Tag(Scripted("91AE"))
    tag._session = ev2()

    with pytest.raises(CardRefused):
        tag.authenticate(2, KEY)

    assert not has_session(tag)


def test_a_refused_command_ends_the_session() -> None:
    card = begun(Scripted("9100", "919D"))

    with pytest.raises(CardRefused) as refused:
        card.read(1, 0, 16, CommMode.FULL)

    assert refused.value.status is Status.PERMISSION_DENIED
    assert not has_session(card)


@pytest.mark.parametrize("more", ["", "1F"])
def test_a_version_has_one_of_two_lengths(more: str) -> None:
    version = Version.parse(h(VERSION) + h(more))

    assert version.generation is Generation.EV2
    assert version.storage == 4096
    assert version.uid == h("04A1B2C3D4E5F6")


@pytest.mark.parametrize("length", [0, 7, 22, 27, 30])
def test_a_version_of_another_length_is_none(length: int) -> None:
    with pytest.raises(ProtocolBroken, match="version"):
        Version.parse(h(VERSION).ljust(length, b"\0")[:length])


def test_a_chip_with_a_random_number_tells_none() -> None:
    told = bytearray(h(VERSION))
    told[14:21] = bytes(7)

    assert Version.parse(bytes(told)).uid == b""


@pytest.mark.parametrize(
    ("kind", "major", "generation", "medium"),
    [
        (0x01, 0x00, Generation.D40, None),
        (0x01, 0x01, Generation.EV1, Medium.EV1),
        (0x01, 0x12, Generation.EV2, Medium.EV2),
        (0x01, 0x22, Generation.EV2, Medium.EV2),
        (0x81, 0x42, Generation.EV2, Medium.EV2),
        (0x01, 0x33, Generation.EV3, Medium.EV2),
        (0x81, 0x43, Generation.EV3, Medium.EV2),
        (0x01, 0xA0, Generation.OTHER, None),
        (0x04, 0x30, Generation.NTAG424, Medium.NTAG424),
        (0x04, 0x10, Generation.OTHER, None),
        (0x08, 0x30, Generation.OTHER, None),
        (0x02, 0x11, Generation.OTHER, None),
    ],
)
def test_a_chip_is_known_by_its_type_and_its_hardwares_version(
    kind: int, major: int, generation: Generation, medium: Medium | None
) -> None:
    told = bytearray(h(VERSION))
    told[1], told[3] = kind, major

    version = Version.parse(bytes(told))

    assert (version.type, version.generation) == (kind, generation)
    assert generation.medium is medium
