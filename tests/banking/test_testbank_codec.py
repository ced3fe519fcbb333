"""The test bank's FinTS syntax and its patience with anything that is none."""

import datetime as dt
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banking.testbank.bank import Bank
from banking.testbank.codec import Malformed, Segment, encode, encode_all, make, parse
from banking.testbank.control import fill
from banking.testbank.envelope import open_request, seal_answer

TODAY = dt.date(2026, 3, 9)
NOW = dt.datetime(2026, 3, 9, 9, tzinfo=dt.UTC)

latin1 = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=12)
syntax = st.text("?+:'@09aÄ\r\n ", max_size=12)
elements = st.one_of(latin1, syntax, st.binary(max_size=12))
segments = st.builds(
    lambda code, number, version, groups, refers: make(
        code, version, *groups, number=number, refers=refers
    ),
    st.text("ABCHIKNSTVZ", min_size=1, max_size=6),
    st.integers(0, 999),
    st.integers(0, 99),
    st.lists(st.lists(elements, min_size=1, max_size=4), max_size=5),
    st.one_of(st.none(), st.integers(0, 999)),
)


@given(st.lists(segments, max_size=5))
def test_what_is_encoded_is_parsed_to_the_same(several: list[Segment]) -> None:
    assert parse(encode_all(several)) == tuple(several)


@given(st.lists(segments, max_size=4), st.integers(0, 400))
def test_a_message_cut_short_is_malformed_or_fewer_segments(
    several: list[Segment], place: int
) -> None:
    data = encode_all(several)
    try:
        left = parse(data[:place])
    except Malformed:
        return
    assert left == tuple(several)[: len(left)]


@given(st.one_of(st.binary(max_size=200), syntax.map(lambda text: text.encode("latin-1"))))
def test_any_bytes_are_segments_or_malformed(data: bytes) -> None:
    try:
        parsed = parse(data)
    except Malformed:
        return
    assert parse(encode_all(parsed)) == parsed


@pytest.mark.parametrize(
    ("data", "group", "element", "value"),
    [
        (b"HNHBK:1:3+000000000123+300+0+1'", 2, 0, "300"),
        (b"HKIDN:3:2+280:12345678+schule+0+1'", 1, 1, "12345678"),
        (b"HKKAZ:3:7+a?+b?:c?'d?@e??f'", 1, 0, "a+b:c'd@e?f"),
        (b"HNVSD:999:1+@9@HKE:1:1+''", 1, 0, b"HKE:1:1+'"),
        ("HIKAZ:3:7+Käse'".encode("latin-1"), 1, 0, "Käse"),
    ],
)
def test_segments_as_the_specification_writes_them(
    data: bytes, group: int, element: int, value: str | bytes
) -> None:
    (segment,) = parse(data)
    held = segment.binary(group, element) or segment.text(group, element)
    assert held == value
    assert encode(segment) == data


@pytest.mark.parametrize(
    "data",
    [
        b"HKIDN:3:2+280",
        b"HKIDN:3'",
        b"HKIDN:x:2'",
        b"HKIDN:3:2+@5@abc'",
        b"HKIDN:3:2+@3@abcd'",
        b"HKIDN:3:2+a@3@abc'",
        b"HKIDN:3:2+?",
        b"HKIDN:3:2+@99999999@'",
        b"@2@ab:1:1'",
    ],
)
def test_what_is_no_segment_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


def message(*inner: Segment, dialog: str = "0", number: int = 1, pin: str = "12345") -> bytes:
    """A request as a client would send it, sealed and signed with one step."""
    head = make("HNSHK", 4, ("PIN", "1"), "999", "1", number=2)
    foot = make("HNSHA", 2, "1", "", pin, number=90)
    return seal_answer(
        [head, *inner, foot], dialog=dialog, number=number, blz="12345678", function="999"
    )


def enter(user: str = "schule") -> tuple[Segment, ...]:
    identity = make("HKIDN", 2, ("280", "12345678"), user, "0", "1")
    return identity, make("HKVVB", 3, "0", "0", "0", "TEST", "1")


@pytest.fixture
def bare_bank() -> Bank:
    """A bank without a door."""
    made = Bank("https://localhost/fints", lambda: NOW, lambda: TODAY)
    account = {"number": "1234567890", "iban": "DE87123456781234567890"}
    fill(made, {"users": [{"name": "schule", "pin": "12345", "accounts": [account]}]})
    return made


def test_an_answer_is_numbered_without_gaps_and_says_codes_before_data(bare_bank: Bank) -> None:
    answer = open_request(bare_bank.handle(message(*enter())).message)
    codes = [segment.code for segment in answer.segments]
    assert codes[0] == "HIRMG"
    assert codes.index("HIRMS") < codes.index("HIBPA")
    last = max(place for place, code in enumerate(codes) if code == "HIRMS")
    assert not any(code.startswith("HI") and code != "HIRMS" for code in codes[1:last])
    assert [segment.number for segment in answer.segments] == list(range(2, 2 + len(codes)))


def test_an_answer_says_how_long_it_is(bare_bank: Bank) -> None:
    answer = bare_bank.handle(message(*enter())).message
    assert int(parse(answer)[0].text(1)) == len(answer)


def test_mutated_requests_get_an_answer_and_change_nothing_of_the_books(bare_bank: Bank) -> None:
    dice = random.Random(5)
    orders = [
        make("HKSPA", 1),
        make("HKSAL", 7, ("DE87123456781234567890",), "N"),
        make("HKKAZ", 7, ("DE87123456781234567890",), "N", "20260301", "20260309"),
        make("HKCAZ", 1, ("DE87123456781234567890",), ("urn",), "N", "20260301", "20260309"),
        make("HKTAN", 6, "4", "HKKAZ"),
        make("HKTAN", 7, "S", "", "", "", "ref"),
        make("HKSYN", 3, "0"),
        make("HKTAB", 4, "0", "A"),
    ]
    for _ in range(1500):
        picked = dice.sample(orders, k=dice.randint(0, 4))
        raw = bytearray(message(*enter(dice.choice(["schule", "9999999999", ""])), *picked))
        for _ in range(dice.randint(0, 6)):
            place = dice.randrange(len(raw))
            match dice.randrange(3):
                case 0:
                    raw[place] = dice.randrange(256)
                case 1:
                    raw[place:place] = dice.choice([b"'", b"+", b":", b"?", b"@9@", b"@", b"\0"])
                case _:
                    del raw[place : place + dice.randint(1, 9)]
        bare_bank.users["schule"].failures = 0
        assert parse(bare_bank.handle(bytes(raw)).message)
    assert bare_bank.users["schule"].accounts[0].bookings == []


@given(st.data())
def test_well_formed_nonsense_gets_an_answer(data: st.DataObject) -> None:
    made = Bank("https://localhost/fints", lambda: NOW, lambda: TODAY)
    account = {"number": "1", "iban": "DE87123456781234567890"}
    line = {"id": 1, "day": "2026-03-05", "cents": 5}
    users = [{"name": "schule", "pin": "12345", "accounts": [{**account, "bookings": [line]}]}]
    fill(made, {"users": users, "manners": {"sca": data.draw(st.sampled_from(["never", "login"]))}})
    first = open_request(made.handle(message(*enter())).message)
    codes = st.sampled_from(
        ["HKSPA", "HKSAL", "HKKAZ", "HKCAZ", "HKTAN", "HKTAB", "HKSYN", "HKVVB", "HKEND", "HKXXX"]
    )
    texts = st.sampled_from(["", "4", "2", "S", "HKIDN", "HKKAZ", "20260301", "99999999", "²", "7"])
    groups = st.lists(st.lists(st.one_of(texts, st.binary(max_size=3)), min_size=1, max_size=3))
    for number in range(2, 5):
        inner = [
            make(data.draw(codes), data.draw(st.integers(0, 8)), *data.draw(groups), number=3 + at)
            for at in range(data.draw(st.integers(1, 3)))
        ]
        raw = message(*inner, dialog=first.dialog, number=number)
        assert parse(made.handle(raw).message)


def test_neither_the_log_nor_a_request_shows_pin_or_tan(bare_bank: Bank, tmp_path: Path) -> None:
    raw = message(*enter(), pin="geheim-4711")
    bare_bank.handle(raw)
    assert "geheim-4711" not in repr(bare_bank.log)
    assert "geheim-4711" not in repr(open_request(raw))
    assert "12345'" not in repr(bare_bank.users)
