"""One card is one number, whatever form a reader sends it in."""

import doctest

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cards import uid
from cards.uid import Radix, UidFault, UidForm

lengths = st.sampled_from(uid.LENGTHS)


@st.composite
def cards(draw: st.DrawFn) -> bytes:
    """Return the UID of a card, as bytes, most significant first."""
    length = draw(lengths)
    raw = draw(st.binary(min_size=length, max_size=length))
    if length == 4 and raw[0] in {0x08, 0x88}:
        raw = b"\x04" + raw[1:]
    return raw


forms = st.builds(
    UidForm, radix=st.sampled_from(Radix), reversed=st.booleans(), length=lengths
) | st.builds(UidForm, reversed=st.booleans())


def as_sent(raw: bytes, *, radix: Radix, reverse: bool) -> str:
    """Return what a reader types that drops every leading zero."""
    number = int.from_bytes(raw, "little" if reverse else "big")
    return f"{number:x}" if radix is Radix.HEX else str(number)


@given(raw=cards(), radix=st.sampled_from(Radix), reverse=st.booleans())
@example(raw=bytes.fromhex("00000007"), radix=Radix.DECIMAL, reverse=False)
@example(raw=bytes.fromhex("04A1B2C3D4E500"), radix=Radix.HEX, reverse=True)
def test_a_card_is_the_same_card_on_readers_of_every_form(
    *, raw: bytes, radix: Radix, reverse: bool
) -> None:
    form = UidForm(radix, reverse, len(raw))

    assert uid.read(as_sent(raw, radix=radix, reverse=reverse), form) == raw.hex().upper()


@given(raw=cards(), reverse=st.booleans())
def test_bytes_and_hex_digits_of_one_card_are_the_same_card(*, raw: bytes, reverse: bool) -> None:
    form = UidForm(reversed=reverse)
    sent = raw[::-1] if reverse else raw

    assert uid.read_bytes(sent, form) == uid.read(sent.hex(), form) == raw.hex().upper()


@given(st.text(), forms)
def test_whatever_a_reader_types_is_a_card_or_a_fault(text: str, form: UidForm) -> None:
    seen = uid.read(text, form)

    assert isinstance(seen, UidFault) or uid.validate(seen) == seen


@given(st.binary(max_size=16), forms)
def test_whatever_a_reader_delivers_is_a_card_or_a_fault(raw: bytes, form: UidForm) -> None:
    seen = uid.read_bytes(raw, form)

    assert isinstance(seen, UidFault) or uid.validate(seen) == seen


@given(cards())
def test_the_printed_form_reads_back(raw: bytes) -> None:
    assert uid.validate(uid.format(raw.hex())) == raw.hex().upper()


@given(st.binary(min_size=3, max_size=3))
def test_a_four_byte_number_that_starts_with_08_is_random_in_either_order(rest: bytes) -> None:
    raw = b"\x08" + rest

    assert uid.read_bytes(raw) is UidFault.RANDOM
    assert uid.read_bytes(raw[::-1], UidForm(reversed=True)) is UidFault.RANDOM
    assert uid.read(str(int(raw.hex(), 16)), UidForm(Radix.DECIMAL, length=4)) is UidFault.RANDOM


def test_a_seven_byte_number_may_start_with_08() -> None:
    assert uid.is_valid("08A1B2C3D4E5F6")


def test_a_four_byte_number_that_starts_with_the_cascade_tag_is_cut_short() -> None:
    assert uid.validate("8804A1B2") is UidFault.CUT_SHORT


@pytest.mark.parametrize("text", ["04:a1:b2:c3", " 04 A1 B2 C3 ", "04-a1-b2-c3", "04A1B2C3"])
def test_separators_and_case_do_not_matter(text: str) -> None:
    assert uid.validate(text) == "04A1B2C3"


def test_a_seven_byte_number_padded_to_64_bits_is_the_same_card() -> None:
    assert uid.read("0004A1B2C3D4E5F6", UidForm(length=7)) == "04A1B2C3D4E5F6"


@pytest.mark.parametrize(
    ("text", "form", "fault"),
    [
        ("", UidForm(), UidFault.EMPTY),
        (" : ", UidForm(), UidFault.EMPTY),
        ("04A1B2", UidForm(), UidFault.WRONG_LENGTH),
        ("04A1B2C", UidForm(), UidFault.WRONG_LENGTH),
        ("04A1B2C3D4E5F6", UidForm(length=4), UidFault.WRONG_LENGTH),
        ("4294967296", UidForm(Radix.DECIMAL, length=4), UidFault.WRONG_LENGTH),
        ("04A1B2G3", UidForm(), UidFault.FOREIGN_CHARACTER),
        ("04A1B2C3", UidForm(Radix.DECIMAL, length=4), UidFault.FOREIGN_CHARACTER),
        ("٠٤١٢٣٤٥٦", UidForm(Radix.DECIMAL, length=4), UidFault.FOREIGN_CHARACTER),
    ],
)
def test_what_is_no_card_says_why(text: str, form: UidForm, fault: UidFault) -> None:
    assert uid.read(text, form) is fault


def test_a_reader_set_to_a_length_takes_no_other() -> None:
    assert uid.read_bytes(bytes.fromhex("04A1B2C3"), UidForm(length=7)) is UidFault.WRONG_LENGTH


def test_a_decimal_form_without_a_length_does_not_exist() -> None:
    with pytest.raises(ValueError, match="needs a length"):
        UidForm(Radix.DECIMAL)


def test_a_form_of_an_impossible_length_does_not_exist() -> None:
    with pytest.raises(ValueError, match="4, 7 or 10"):
        UidForm(length=5)


def test_the_examples_in_the_module_are_true() -> None:
    tried = doctest.testmod(uid)

    assert tried.attempted
    assert not tried.failed
