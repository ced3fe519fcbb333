"""A card's own keys and the 16 bytes of its content."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.block_cipher import aes, crc32, rotated, triple_des
from cards.keys import SYSTEM, card_key, diversify
from cards.layout import AID, CONTENT_LENGTH, GENERATIONS, PICC, Content, Medium

MASTER = bytes(range(16))
UID = bytes.fromhex("04A1B2C3D4E5F6")

masters = st.binary(min_size=16, max_size=16)
uids = st.binary(min_size=7, max_size=7)
contents = st.builds(
    Content,
    city=st.integers(0, 0xFFFF),
    issue_no=st.integers(1, 255),
    token=st.binary(min_size=12, max_size=12),
)


def key(**changed: object) -> bytes:
    told = {"master": MASTER, "uid": UID, "aid": AID, "key_no": 1, "generation": 1} | changed
    return card_key(told.pop("master"), **told)  # type: ignore[arg-type]


def test_a_cards_key_is_diversified_by_everything_that_tells_it_apart() -> None:
    told = UID + AID + b"\x01\x02" + SYSTEM

    assert key(generation=2) == diversify(MASTER, told)
    assert len(told) >= 16  # beyond the inputs that AN10922 and a plain CMAC disagree about


def test_every_part_of_a_cards_key_changes_it() -> None:
    others = [
        key(master=MASTER[::-1]),
        key(uid=UID[::-1]),
        key(aid=PICC),
        key(key_no=0),
        key(generation=2),
    ]

    assert len({key(), *others}) == 6


@given(masters, uids, st.integers(0, 13), st.sampled_from(GENERATIONS))
def test_a_cards_key_is_the_same_every_time(
    master: bytes, uid: bytes, key_no: int, generation: int
) -> None:
    once = key(master=master, uid=uid, key_no=key_no, generation=generation)

    assert once == key(master=master, uid=uid, key_no=key_no, generation=generation)
    assert len(once) == 16


@pytest.mark.parametrize(
    "wrong",
    [
        {"master": bytes(15)},
        {"uid": UID[:4]},
        {"uid": UID + b"\0\0\0"},
        {"aid": AID + b"\0"},
        {"key_no": 14},
        {"generation": 0},
        {"generation": 255},
    ],
)
def test_a_key_of_parts_out_of_form_is_not_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"key|number|UID"):
        key(**wrong)


@pytest.mark.parametrize("told", [b"", bytes(32)])
def test_nothing_is_diversified_by_too_little_or_too_much(told: bytes) -> None:
    with pytest.raises(ValueError, match="1 to 31"):
        diversify(MASTER, told)


@given(contents)
def test_a_content_read_is_the_content_written(content: Content) -> None:
    raw = content.to_bytes()

    assert len(raw) == CONTENT_LENGTH
    assert Content.from_bytes(raw) == content


def test_a_content_lies_on_the_card_in_its_documented_order() -> None:
    content = Content(city=0x0102, issue_no=3, token=bytes(range(12)))

    assert content.to_bytes().hex() == "01010203" + "000102030405060708090a0b"
    assert "0001" not in repr(content)
    assert "token" not in repr(content)


@given(st.binary(max_size=40))
def test_any_other_bytes_are_no_content(raw: bytes) -> None:
    content = Content.from_bytes(raw)

    assert content is None or content.to_bytes() == raw


@pytest.mark.parametrize(
    "wrong",
    [
        {"city": 1 << 16, "issue_no": 1, "token": bytes(12)},
        {"city": -1, "issue_no": 1, "token": bytes(12)},
        {"city": 1, "issue_no": 0, "token": bytes(12)},
        {"city": 1, "issue_no": 256, "token": bytes(12)},
        {"city": 1, "issue_no": 1, "token": bytes(11)},
        {"city": 1, "issue_no": 1, "token": bytes(12), "version": 2},
    ],
)
def test_a_content_out_of_form_is_not_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"city|issue|token|version"):
        Content(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("medium", Medium)
def test_keys_for_reading_and_writing_are_among_the_mediums_keys(medium: Medium) -> None:
    assert 0 < medium.read_key < medium.key_count
    assert 0 <= medium.write_key < medium.key_count
    assert medium.read_key != medium.write_key


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=80), st.binary(max_size=80))
def test_macs_of_different_data_differ(secret: bytes, one: bytes, other: bytes) -> None:
    for cipher in (aes(secret), triple_des(secret)):
        assert (cipher.cmac(one) == cipher.cmac(other)) == (one == other)


@given(st.binary(min_size=16, max_size=16), st.integers(0, 5), st.data())
def test_what_is_decrypted_is_what_was_encrypted(
    secret: bytes, blocks: int, data: st.DataObject
) -> None:
    for cipher in (aes(secret), triple_des(secret)):
        plain = data.draw(st.binary(min_size=blocks * cipher.block, max_size=blocks * cipher.block))
        iv = data.draw(st.binary(min_size=cipher.block, max_size=cipher.block))
        assert cipher.decrypt(cipher.encrypt(plain, iv), iv) == plain


def test_cmac_of_aes_is_that_of_nist() -> None:
    """NIST SP 800-38B, appendix D.1: the empty message, one block, 40 bytes, four blocks."""
    cipher = aes(bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"))
    message = bytes.fromhex(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    )

    assert cipher.cmac(b"").hex() == "bb1d6929e95937287fa37d129b756746"
    assert cipher.cmac(message[:16]).hex() == "070a16b46b4d4144f79bdd9dd04a287c"
    assert cipher.cmac(message[:40]).hex() == "dfa66747de9ae63030ca32611497c827"
    assert cipher.cmac(message).hex() == "51f0bebf7e3b9d92fc49741779363cfe"


def test_cmac_of_two_key_triple_des_is_that_of_nist() -> None:
    """NIST SP 800-38B, appendix D.4 (two-key TDEA): the empty message and one block."""
    cipher = triple_des(bytes.fromhex("4cf15134a2850dd58a3d10ba80570d38"))
    message = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a57")

    assert cipher.cmac(b"").hex() == "bd2ebf9a3ba00361"
    assert cipher.cmac(message[:8]).hex() == "4ff2ab813c53ce83"
    assert cipher.cmac(message).hex() == "62dd1b471902bd4e"


def test_a_rotation_moves_the_first_byte_to_the_end() -> None:
    assert rotated(b"\x01\x02\x03") == b"\x02\x03\x01"


def test_the_checksum_is_the_usual_one_without_its_last_inversion() -> None:
    """The check value of CRC-32/JAMCRC in Greg Cook's catalogue, least byte first."""
    assert crc32(b"123456789") == bytes.fromhex("340BC6D9")[::-1]
