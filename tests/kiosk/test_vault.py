"""The vault: what was sealed opens under its key, for its purpose, at its place, or not at all."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.vault import CREDENTIAL, WrongKey, key_from_credential, key_from_passphrase, vault

KEY = bytes(range(32))


@given(clear=st.binary(max_size=200), place=st.text(max_size=20))
def test_what_was_sealed_opens_at_its_place(clear: bytes, place: str) -> None:
    mine = vault(KEY, purpose="test")
    assert mine.open(mine.seal(clear, place=place), place=place) == clear


@given(clear=st.binary(min_size=1, max_size=60), data=st.data())
def test_one_changed_bit_and_it_does_not_open(clear: bytes, data: st.DataObject) -> None:
    mine = vault(KEY, purpose="test")
    sealed = bytearray(mine.seal(clear, place="here"))
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(WrongKey):
        mine.open(bytes(sealed), place="here")


@pytest.mark.parametrize("length", [0, 5, 12, 20])
def test_what_was_cut_short_does_not_open(length: int) -> None:
    mine = vault(KEY, purpose="test")
    with pytest.raises(WrongKey):
        mine.open(mine.seal(b"a lunch", place="here")[:length], place="here")


def test_another_place_another_purpose_another_key_do_not_open_it() -> None:
    sealed = vault(KEY, purpose="test").seal(b"a lunch", place="1:1")
    for other, place in (
        (vault(KEY, purpose="test"), "1:2"),
        (vault(KEY, purpose="other"), "1:1"),
        (vault(bytes(32), purpose="test"), "1:1"),
    ):
        with pytest.raises(WrongKey):
            other.open(sealed, place=place)


def test_the_same_words_are_never_sealed_the_same() -> None:
    mine = vault(KEY, purpose="test")
    assert len({mine.seal(b"a lunch", place="here") for _ in range(100)}) == 100


def test_a_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        vault(b"short", purpose="test")


def test_a_passphrase_gives_one_key_for_one_salt() -> None:
    first = key_from_passphrase("Königsallee", salt=bytes(16))
    assert first == key_from_passphrase("Königsallee", salt=bytes(16))
    assert first != key_from_passphrase("Königsallee", salt=bytes(15) + b"\x01")
    assert first != key_from_passphrase("Koenigsallee", salt=bytes(16))


def test_a_credential_is_taken_raw_or_as_hexadecimal_digits(tmp_path: Path) -> None:
    (tmp_path / CREDENTIAL).write_bytes(KEY)
    assert key_from_credential(str(tmp_path)) == KEY
    (tmp_path / CREDENTIAL).write_text(KEY.hex() + "\n", encoding="ascii")
    assert key_from_credential(str(tmp_path)) == KEY


def test_without_a_credential_there_is_no_key(tmp_path: Path) -> None:
    assert key_from_credential(None) is None
    assert key_from_credential("") is None
    assert key_from_credential(str(tmp_path)) is None


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33, b"zz" * 32, b"\xff" * 64])
def test_a_credential_of_another_size_or_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / CREDENTIAL).write_bytes(content)
    with pytest.raises(ValueError, match=r"\S"):
        key_from_credential(str(tmp_path))
