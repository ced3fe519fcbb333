"""Events cross the pipe unchanged."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards import wire
from cards.layout import AID, Medium
from cards.reader import (
    CardFault,
    CardTaken,
    CardUnread,
    Proof,
    ReaderEvent,
    ReaderReady,
    ReaderTrouble,
    Tap,
    TroubleReason,
    UnreadReason,
)
from cards.secret import CardSecret

AT = datetime(2026, 3, 2, 11, 30, tzinfo=UTC)

cards = st.text("0123456789ABCDEF", min_size=8, max_size=20)
events = st.one_of(
    st.builds(
        Tap,
        card=cards,
        proof=st.sampled_from(Proof),
        reader=st.just("till"),
        at=st.just(AT),
        seen_ns=st.integers(min_value=0, max_value=2**63),
        fault=st.none() | st.sampled_from(CardFault),
    ),
    st.builds(CardTaken, reader=st.just("till"), card=st.none() | cards),
    st.builds(CardUnread, reader=st.just("till"), reason=st.sampled_from(UnreadReason)),
    st.builds(ReaderTrouble, reader=st.just("till"), reason=st.sampled_from(TroubleReason)),
    st.just(ReaderReady("till")),
)


@given(events)
def test_what_is_written_is_read(event: ReaderEvent) -> None:
    line = wire.encode(event)

    assert line.count(b"\n") == 1
    assert wire.decode(line, reader="till", at=AT) == event


def test_a_sign_of_life_is_no_event() -> None:
    assert wire.decode(wire.ALIVE, reader="till", at=AT) is None


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Failed to dlopen",
        b"[]",
        b"7",
        b"{}",
        b'{"event":"tap","card":"04A1B2C3","proof":"UID"}',
        b'{"event":"tap","card":"04A1B2C3","proof":"HOPE","seen_ns":1,"fault":null}',
        b'{"event":"tap","card":"04A1B2C3","proof":"UID","seen_ns":1,"fault":"BAD"}',
        b'{"event":"ask","card":"04A1B2C3"}',
        b'{"event":"unread","reason":"BORED"}',
        b'{"event":"dance"}',
        b"\xff\xfe",
    ],
)
def test_any_other_line_is_a_fault(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        wire.decode(line, reader="till", at=AT)


@given(events)
def test_a_card_number_is_not_in_the_printed_form_of_an_event(event: ReaderEvent) -> None:
    card = getattr(event, "card", None)

    assert card is None or card not in repr(event)


secrets = st.builds(
    CardSecret,
    medium=st.sampled_from(Medium),
    aid=st.just(AID),
    read_key=st.binary(min_size=16, max_size=16),
    token=st.binary(min_size=12, max_size=12),
    issue_no=st.integers(1, 255),
)


@given(st.integers(1), cards, st.none() | secrets)
def test_a_question_is_heard_and_its_answer_too(
    number: int, card: str, secret: CardSecret | None
) -> None:
    question = wire.decode(wire.encode(wire.Question(number, card)), reader="till", at=AT)

    assert question == wire.Question(number, card)
    assert card not in repr(question)
    assert isinstance(question, wire.Question)
    line = wire.encode_answer(question, secret)
    assert line.count(b"\n") == 1
    assert wire.decode_answer(line) == (number, secret)


@pytest.mark.parametrize(
    "line", [b"", b"7", b"[]", b"{}", b'{"number":1}', b'{"number":1,"secret":"00"}', b"\xff\xfe"]
)
def test_any_other_answer_is_a_fault_that_tells_nothing_of_it(line: bytes) -> None:
    with pytest.raises(ValueError, match="is no answer"):
        wire.decode_answer(line)
