"""Whatever a card says, it proves nothing unless it is the card that was issued.

An adversary holds anything to the reader: noise, true answers changed, cut, swapped, doubled,
or recorded at an earlier tap. Each tap ends in one of a few ways, none of them is a served
lunch, and it ends after a few commands.
"""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.channel import CardGone, Channel
from cards.desfire import Card
from cards.layout import AID, PICC, Content, Medium
from cards.ntag424 import Tag
from cards.prove import prove
from cards.reader import CardFault
from cards.secret import CardSecret
from cards.secure_messaging import CommMode
from cards.status import CardRefused, ProtocolBroken
from cards.virtual.chip import Chip
from cards.virtual.image import ATRS, Image, Kind, copied, factory, issued
from cards.virtual.in_process import InProcess
from cards.virtual.manners import Deed, Tape

UID = bytes.fromhex("04A1B2C3D4E5F6")
KEY, TOKEN, ZERO = b"K" * 16, b"T" * 12, bytes(16)
MEDIA = {Kind.EV1: Medium.EV1, Kind.EV2: Medium.EV2, Kind.NTAG424: Medium.NTAG424}
MOST = 40
"""More commands than any tap of ours takes."""


def secret_of(kind: Kind) -> CardSecret:
    return CardSecret(MEDIA[kind], AID, KEY, TOKEN, 1)


def ours(kind: Kind) -> Image:
    content = Content(city=1, issue_no=1, token=TOKEN).to_bytes()
    return issued(kind, UID, keys={MEDIA[kind].read_key: KEY}, content=content, aid=AID)


def outcome(channel: Channel, kind: Kind) -> CardFault | type[CardGone] | None:
    """Return what a tap comes to; None is a card that proved itself."""
    try:
        return prove(channel, secret=secret_of(kind))
    except CardGone:
        return CardGone


class Between:
    """Somebody between reader and card, who may change each answer."""

    def __init__(self, image: Image, change: Callable[[list[bytes], bytes], bytes]) -> None:
        self._chip = Chip(image)
        self._change = change
        self.said: list[bytes] = []
        """The card's own answers, in order."""
        self.heard: list[bytes] = []
        """What the host heard instead."""

    def transmit(self, apdu: bytes) -> bytes:
        assert len(self.said) < MOST, "a command without an end"
        true = self._chip.answer(apdu)
        told = self._change(self.said, true)
        self.said.append(true)
        self.heard.append(told)
        return told

    @property
    def changed(self) -> bool:
        """Something else was heard than was said, be it in other frames or in truth."""
        return self.heard != self.said

    @property
    def same_data(self) -> bool:
        """All data came through as it was, though perhaps cut into frames in another way."""
        return _data(self.heard) == _data(self.said)


def _data(answers: list[bytes]) -> bytes:
    return b"".join(answer[:-2] for answer in answers)


STATUS = st.one_of(
    st.sampled_from([b"\x91\x00", b"\x91\xaf", b"\x91\xae", b"\x90\x00", b"\x91\xad", b"\x6f\x00"]),
    st.binary(min_size=2, max_size=2),
)
CHANGES: list[st.SearchStrategy[Callable[[list[bytes], bytes], bytes]]] = [
    st.builds(lambda status: lambda _, true: true[:-2] + status, STATUS),
    st.builds(lambda status: lambda _said, _true: status, STATUS),
    st.builds(lambda count: lambda _, true: true[:count] + true[-2:], st.integers(0, 40)),
    st.builds(lambda count: lambda _, true: true[:count], st.integers(0, 40)),
    st.builds(lambda more: lambda _, true: more + true, st.binary(max_size=64)),
    st.builds(lambda more: lambda _, true: true[:-2] + more + true[-2:], st.binary(max_size=64)),
    st.builds(
        lambda at, bit: (
            lambda _, true: bytes(
                byte ^ (bit if index == at % len(true) else 0) for index, byte in enumerate(true)
            )
        ),
        st.integers(0, 80),
        st.sampled_from([1 << bit for bit in range(8)]),
    ),
    st.builds(
        lambda back: lambda said, true: said[-min(back, len(said))] if said else true,
        st.integers(1, 6),
    ),
    st.builds(lambda noise: lambda _said, _true: noise, st.binary(max_size=300)),
]
CHANGE = st.one_of(st.just(lambda _, true: true), *CHANGES)


@pytest.mark.parametrize("kind", MEDIA)
@given(changes=st.lists(CHANGE, max_size=6))
@settings(max_examples=250, deadline=None)
def test_a_tap_in_which_a_byte_of_data_was_changed_is_never_proven(
    kind: Kind, changes: list[Callable[[list[bytes], bytes], bytes]]
) -> None:
    def change(said: list[bytes], true: bytes) -> bytes:
        return changes[len(said)](said, true) if len(said) < len(changes) else true

    channel = Between(ours(kind), change)

    end = outcome(channel, kind)

    assert end is not None or channel.same_data
    assert end is None or channel.changed


@pytest.mark.parametrize("kind", MEDIA)
@given(
    at=st.integers(0, 3),
    fate=st.sampled_from(
        [Deed.PULLED, Deed.TORN, Deed.HALF, Deed.MUTE, Deed.GARBAGE, Deed.MANGLED]
    ),
)
@settings(max_examples=30, deadline=None)
def test_a_card_of_bad_manners_is_never_proven_and_not_worn(
    kind: Kind, at: int, fate: Deed
) -> None:
    channel = InProcess(ours(kind), deed=fate, after=at)

    assert outcome(channel, kind) is not None
    assert channel.image == ours(kind)
    channel.lay_again()
    assert outcome(channel, kind) is None


@pytest.mark.parametrize("kind", MEDIA)
@given(answers=st.lists(st.binary(max_size=260) | STATUS, max_size=12))
@settings(max_examples=100, deadline=None)
def test_noise_is_never_proven(kind: Kind, answers: list[bytes]) -> None:
    assert outcome(Said(answers), kind) is not None


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize("frame", [b"", b"\0", bytes(16), bytes(59), bytes(250)])
@pytest.mark.parametrize("status", ["91AF", "9100", "9000", "91AE", "91CA"])
def test_a_card_that_says_the_same_for_ever_is_heard_only_so_long(
    kind: Kind, frame: bytes, status: str
) -> None:
    said = Said(itertools.repeat(frame + bytes.fromhex(status), MOST))

    assert outcome(said, kind) is not None
    assert said.asked < MOST


class Said:
    """What answers with whatever comes next, and then is gone."""

    def __init__(self, answers: "list[bytes] | itertools.repeat[bytes]") -> None:
        self._answers = iter(answers)
        self.asked = 0

    def transmit(self, _: bytes) -> bytes:
        self.asked += 1
        try:
            return next(self._answers)
        except StopIteration:
            raise CardGone from None


def recorded(kind: Kind, image: Image | None = None) -> list[tuple[bytes, bytes]]:
    """Return every command and answer of a true tap."""
    channel = InProcess(image or ours(kind))
    assert outcome(channel, kind) is None
    return channel.told


class Played:
    """A tape at the reader."""

    def __init__(self, answers: list[bytes]) -> None:
        self._tape = Tape(UID, answers, atr=ATRS[Kind.EV2])

    def transmit(self, apdu: bytes) -> bytes:
        return self._tape.answer(apdu)


@pytest.mark.parametrize("kind", MEDIA)
def test_a_recorded_tap_played_to_the_kiosk_proves_nothing(kind: Kind) -> None:
    answers = [answer for _, answer in recorded(kind)]

    assert outcome(Played(answers), kind) is CardFault.BROKEN


@pytest.mark.parametrize("kind", MEDIA)
@given(picks=st.lists(st.integers(0, 15), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_many_recorded_taps_cut_together_prove_nothing(kind: Kind, picks: list[int]) -> None:
    answers = [answer for _ in range(4) for _, answer in recorded(kind)]

    assert outcome(Played([answers[pick] for pick in picks]), kind) is not None


@pytest.mark.parametrize("kind", MEDIA)
def test_a_recorded_kiosk_played_to_the_card_learns_nothing(kind: Kind) -> None:
    image = ours(kind)
    tap = recorded(kind, image)
    chip = Chip(image)

    answers = [chip.answer(apdu) for apdu, _ in tap]

    assert answers[0] == tap[0][1]  # selecting is no secret
    assert answers[1] != tap[1][1]  # the card draws another random
    assert {answer[-1] for answer in answers[2:]} == {0xAE}
    assert all(len(answer) == 2 for answer in answers[2:])


@pytest.mark.parametrize("kind", MEDIA)
def test_a_command_of_this_session_played_again_is_refused(kind: Kind) -> None:
    channel = InProcess(ours(kind))
    assert outcome(channel, kind) is None
    reading, told = channel.told[-1]

    again = channel.transmit(reading)

    if kind is Kind.EV1:  # EV1 sends no MAC with a reading command; its answer is another
        assert again[:-2] != told[:-2]
    else:
        assert again == b"\x91\x1e"


@pytest.mark.parametrize("kind", MEDIA)
def test_an_answer_of_this_session_played_again_is_broken(kind: Kind) -> None:
    medium = MEDIA[kind]
    repeating: list[bytes] = []
    channel = Between(ours(kind), lambda _, true: repeating[0] if repeating else true)
    card: Card | Tag = Tag(channel) if kind is Kind.NTAG424 else Card(channel)
    if isinstance(card, Tag):
        card.select()
        card.authenticate(medium.read_key, KEY)
    else:
        card.select(AID)
        card.authenticate(medium, medium.read_key, KEY)
    first = card.read(medium.file, 0, 16, CommMode.FULL)
    repeating.append(channel.said[-1])

    assert len(first) == 16
    with pytest.raises(ProtocolBroken):
        card.read(medium.file, 0, 16, CommMode.FULL)


@pytest.mark.parametrize("kind", MEDIA)
def test_a_copy_of_number_and_content_without_the_key_is_told_as_such(kind: Kind) -> None:
    assert outcome(InProcess(copied(ours(kind))), kind) is CardFault.WRONG_KEY


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize("other", Kind)
def test_a_card_of_another_kind_with_the_same_number_is_never_proven(
    kind: Kind, other: Kind
) -> None:
    assert outcome(InProcess(factory(other, UID)), kind) is not None


@pytest.mark.parametrize("kind", MEDIA)
@given(guess=st.binary(min_size=16, max_size=16))
@settings(max_examples=20, deadline=None)
def test_a_guessed_key_is_a_wrong_one(kind: Kind, guess: bytes) -> None:
    image = issued(kind, UID, keys={MEDIA[kind].read_key: guess}, content=ZERO, aid=AID)

    assert outcome(InProcess(image), kind) is (
        CardFault.WRONG_CONTENT if guess == KEY else CardFault.WRONG_KEY
    )


ISSUING: dict[str, tuple[Callable[[Card], object], object]] = {
    "version": (lambda card: card.version().uid, UID),
    "key version": (lambda card: card.key_version(0), 1),
    "application": (lambda card: card.create_application(b"NEW", keys=2), None),
    "other key": (lambda card: card.change_key(1, KEY, version=2, old=ZERO), None),
    "file": (lambda card: card.read(1, 0, 16, CommMode.FULL), ZERO),
    "format": (lambda card: card.format_picc(), None),
}


@pytest.mark.parametrize("name", ISSUING)
@pytest.mark.parametrize("kind", [Kind.EV1, Kind.EV2])
@given(changes=st.lists(st.one_of(*CHANGES), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_a_changed_answer_in_a_session_is_a_refusal_or_broken_or_changes_nothing(
    kind: Kind, name: str, changes: list[Callable[[list[bytes], bytes], bytes]]
) -> None:
    begun = False

    def change(said: list[bytes], true: bytes) -> bytes:
        at = len(said) - 3
        return changes[at](said, true) if begun and at < len(changes) else true

    keys = {0: ZERO, 1: ZERO}
    image = issued(kind, UID, keys=keys, content=ZERO, aid=AID, master=ZERO)
    channel = Between(image, change)
    card = Card(channel)
    reading = name == "file"
    card.select(AID if name in {"other key", "file"} else PICC)
    card.authenticate(MEDIA[kind], 1 if reading else 0, ZERO)
    begun = True
    act, true_answer = ISSUING[name]
    try:
        told = act(card)
    except (CardRefused, ProtocolBroken):
        assert channel.changed
    else:
        assert told == true_answer
        assert channel.same_data
