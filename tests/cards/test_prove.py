"""A card that was issued proves itself; whatever else comes is told apart, or not believed."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.channel import CardGone
from cards.layout import AID, Content, Medium
from cards.prove import prove
from cards.reader import CardFault
from cards.secret import CardSecret
from cards.virtual.chip import Chip
from cards.virtual.image import Image, Kind, copied, factory, issued

UID = bytes.fromhex("04A1B2C3D4E5F6")
KEY, TOKEN = bytes(range(16)), bytes(range(100, 112))
KINDS = {
    Kind.EV1: Medium.EV1,
    Kind.EV2: Medium.EV2,
    Kind.EV3: Medium.EV2,
    Kind.NTAG424: Medium.NTAG424,
}


def secret_of(kind: Kind, *, issue_no: int = 3) -> CardSecret:
    return CardSecret(KINDS[kind], AID, KEY, TOKEN, issue_no)


def card(kind: Kind, *, token: bytes = TOKEN, issue_no: int = 3) -> Image:
    content = Content(city=7, issue_no=issue_no, token=token).to_bytes()
    return with_content(kind, content)


def with_content(kind: Kind, content: bytes) -> Image:
    return issued(kind, UID, keys={KINDS[kind].read_key: KEY}, content=content, aid=AID)


@dataclass
class Field:
    """The reader's field with a chip in it; ``between`` may change or swallow an answer."""

    chip: Chip
    between: Callable[[int, bytes], bytes] = lambda _, answer: answer
    said: list[tuple[bytes, bytes]] = field(default_factory=list)

    def transmit(self, apdu: bytes) -> bytes:
        assert len(self.said) < 50, "a tap without an end"
        answer = self.between(len(self.said), self.chip.answer(apdu))
        self.said.append((apdu, answer))
        return answer


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_was_issued_proves_itself_and_is_not_changed(kind: Kind) -> None:
    chip = Chip(card(kind))
    before = chip.image

    assert prove(Field(chip), secret=secret_of(kind)) is None
    assert chip.image == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_proves_itself_again_and_again_without_leaving_the_field(kind: Kind) -> None:
    here = Field(Chip(card(kind)))

    assert [prove(here, secret=secret_of(kind)) for _ in range(3)] == [None] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_number_and_content_without_the_key_is_told(kind: Kind) -> None:
    copy = copied(card(kind))

    assert prove(Field(Chip(copy)), secret=secret_of(kind)) is CardFault.WRONG_KEY


@pytest.mark.parametrize("kind", KINDS)
def test_another_token_another_issue_and_another_form_are_told_apart(kind: Kind) -> None:
    for image, fault in (
        (card(kind, token=bytes(12)), CardFault.WRONG_CONTENT),
        (card(kind, issue_no=2), CardFault.OLD_ISSUE),
        (card(kind, issue_no=4), CardFault.WRONG_CONTENT),
        (with_content(kind, b"\x02" + bytes(15)), CardFault.WRONG_CONTENT),
    ):
        assert prove(Field(Chip(image)), secret=secret_of(kind)) is fault


@pytest.mark.parametrize("kind", [*KINDS, Kind.NUMBER, Kind.CLASSIC, Kind.NTAG213])
@pytest.mark.parametrize("medium", Medium)
def test_a_card_with_nothing_of_ours_is_told(kind: Kind, medium: Medium) -> None:
    secret = replace(secret_of(Kind.EV2), medium=medium)

    fault = prove(Field(Chip(factory(kind, UID))), secret=secret)

    # A fresh NTAG 424 has its application and a key, which is not ours.
    fresh = kind is Kind.NTAG424 and medium is Medium.NTAG424
    assert fault is (CardFault.WRONG_KEY if fresh else CardFault.NO_APPLICATION)


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_torn_away_at_any_command_has_lost_nothing(kind: Kind) -> None:
    chip = Chip(card(kind))
    whole = Field(chip)
    prove(whole, secret=secret_of(kind))
    before = chip.image

    for torn in range(len(whole.said)):

        def tear(n: int, answer: bytes, *, at: int = torn) -> bytes:
            if n == at:
                raise CardGone
            return answer

        chip.reset()
        with pytest.raises(CardGone):
            prove(Field(chip, between=tear), secret=secret_of(kind))
        assert chip.image == before
    chip.reset()
    assert prove(Field(chip), secret=secret_of(kind)) is None


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_answers_prove_nothing_in_another_tap(kind: Kind) -> None:
    recorded = Field(Chip(card(kind)))
    assert prove(recorded, secret=secret_of(kind)) is None
    tape = [answer for _, answer in recorded.said]

    played = Field(Chip(card(kind)), between=lambda n, _: tape[n] if n < len(tape) else b"")

    assert prove(played, secret=secret_of(kind)) is not None


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_commands_open_nothing_in_the_card(kind: Kind) -> None:
    recorded = Field(Chip(card(kind)))
    assert prove(recorded, secret=secret_of(kind)) is None

    chip = Chip(card(kind))
    answers = [chip.answer(apdu) for apdu, _ in recorded.said]

    select, challenge, proof, *reading = answers
    assert select[-1] == 0
    assert challenge != recorded.said[1][1]
    assert proof == b"\x91\xae"
    assert all(len(answer) == 2 for answer in reading)


@given(
    kind=st.sampled_from([*KINDS]),
    at=st.integers(0, 4),
    how=st.one_of(
        st.binary(max_size=70).map(lambda made: lambda _: made),
        st.integers(0, 559).map(lambda n: lambda answer: flipped(answer, n)),
        st.integers(0, 70).map(lambda n: lambda answer: answer[:n]),
        st.binary(min_size=2, max_size=2).map(lambda word: lambda answer: answer[:-2] + word),
        st.just(lambda answer: answer + answer),
    ),
)
def test_a_changed_answer_is_never_believed(
    kind: Kind, at: int, how: Callable[[bytes], bytes]
) -> None:
    changed = []

    def between(n: int, answer: bytes) -> bytes:
        given = how(answer) if n == at else answer
        changed.append(given != answer)
        return given

    try:
        fault = prove(Field(Chip(card(kind)), between=between), secret=secret_of(kind))
    except CardGone:  # "leave me alone for a while" is an answer
        return
    assert (fault is None) == (True not in changed)


def flipped(answer: bytes, bit: int) -> bytes:
    """The answer with one bit turned."""
    at = bit // 8 % len(answer)
    return answer[:at] + bytes([answer[at] ^ 1 << bit % 8]) + answer[at + 1 :]


def test_a_secret_keeps_its_form_and_is_not_in_words() -> None:
    for kind in KINDS:
        secret = secret_of(kind, issue_no=255)
        assert CardSecret.from_bytes(secret.to_bytes()) == secret
        assert len(secret.to_bytes()) == 34
        assert KEY.hex() not in repr(secret)
        assert repr(KEY) not in repr(secret)
        assert repr(TOKEN) not in repr(secret)
    form = secret.to_bytes()
    for other in (b"", form[:-1], form + b"\0", b"\x02" + form[1:], form[:1] + b"\x09" + form[2:]):
        with pytest.raises(ValueError, match="secret"):
            CardSecret.from_bytes(other)
