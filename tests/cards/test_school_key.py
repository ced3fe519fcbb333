"""A school's key opens its own cards' secrets, each for its card, and nothing else does."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from cards.layout import Medium
from cards.masters import fresh_masters
from cards.school_key import (
    SchoolKey,
    SchoolKeyFault,
    SchoolKeyFile,
    id_of,
    open_sealed,
    read_school_key,
    seal,
)
from cards.secret import CardSecret

MASTERS = fresh_masters()
HERE, THERE = MASTERS.school_key("199991"), MASTERS.school_key("199992")
FILE = SchoolKeyFile("199991", HERE)

secrets = st.builds(
    CardSecret,
    medium=st.sampled_from(Medium),
    aid=st.binary(min_size=3, max_size=3),
    read_key=st.binary(min_size=16, max_size=16),
    token=st.binary(min_size=12, max_size=12),
    issue_no=st.integers(1, 255),
)
SECRET = CardSecret(Medium.EV2, bytes.fromhex("4D4B31"), bytes(range(16)), bytes(range(12)), 1)


@given(secret=secrets, card=st.binary(max_size=40))
def test_what_is_sealed_for_a_card_opens_for_that_card(secret: CardSecret, card: bytes) -> None:
    blob = seal(HERE, secret, card=card)
    assert id_of(blob) == HERE.id
    assert open_sealed([THERE, HERE], blob, card=card) == secret
    assert open_sealed([HERE], blob, card=card + b"x") is None


def test_another_schools_key_opens_nothing_even_under_the_right_name() -> None:
    blob = seal(HERE, SECRET, card=b"card")
    assert open_sealed([], blob, card=b"card") is None
    assert open_sealed([THERE], blob, card=b"card") is None
    assert open_sealed([SchoolKey(HERE.id, THERE.key)], blob, card=b"card") is None
    renamed = THERE.id + blob[len(THERE.id) :]
    assert open_sealed([SchoolKey(THERE.id, HERE.key)], renamed, card=b"card") is None


@given(at=st.integers(0, 1000), bit=st.integers(0, 7), cut=st.integers(0, 1000))
def test_a_changed_or_cut_seal_opens_nothing(at: int, bit: int, cut: int) -> None:
    blob = bytearray(seal(HERE, SECRET, card=b"card"))
    blob[at % len(blob)] ^= 1 << bit
    assert open_sealed([HERE], bytes(blob), card=b"card") is None
    assert open_sealed([HERE], bytes(blob[: cut % len(blob)]), card=b"card") is None


def test_one_secret_is_sealed_to_other_bytes_each_time_and_tells_nothing() -> None:
    blobs = {seal(HERE, SECRET, card=b"card") for _ in range(10)}
    assert len(blobs) == 10
    assert all(SECRET.read_key not in blob and SECRET.token not in blob for blob in blobs)


def test_a_key_is_not_printed() -> None:
    said = repr(HERE) + repr(FILE)
    assert repr(HERE.key) not in said
    assert HERE.key.hex() not in said


def test_a_file_brings_the_key_it_was_written_for() -> None:
    assert read_school_key(FILE.to_bytes()) == FILE


def test_a_file_that_brings_no_key_says_why() -> None:
    content = FILE.to_bytes()
    told = json.loads(content)
    assert read_school_key(b"") is SchoolKeyFault.EMPTIED
    assert read_school_key(b"\0" * 50) is SchoolKeyFault.EMPTIED
    assert read_school_key(b"{}") is SchoolKeyFault.NONE_OF_OURS
    assert read_school_key(b"\xff\xfe") is SchoolKeyFault.NONE_OF_OURS
    assert read_school_key(content[:-9]) is SchoolKeyFault.DAMAGED
    assert read_school_key(content.replace(b"199991", b"199992")) is SchoolKeyFault.DAMAGED
    assert read_school_key(json.dumps({**told, "format": 2}).encode()) is SchoolKeyFault.NEWER
    other = base64.b64encode(THERE.key).decode()
    assert read_school_key(json.dumps({**told, "key": other}).encode()) is SchoolKeyFault.DAMAGED


@given(at=st.integers(0, 1000), bit=st.integers(0, 7))
def test_a_file_with_one_bit_turned_brings_the_same_key_or_none(at: int, bit: int) -> None:
    content = bytearray(FILE.to_bytes())
    content[at % len(content)] ^= 1 << bit
    found = read_school_key(bytes(content))
    assert found == FILE or isinstance(found, SchoolKeyFault)
