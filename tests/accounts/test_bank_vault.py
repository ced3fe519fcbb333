"""A bank's words: known again by keyed hashes, sealed by a file's key, gone with it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accounts.bank_text import LineText
from accounts.bank_vault import BankVault, Unopenable, new_salt, salted_digest

PEPPER = bytes(range(32))
VAULT = BankVault(PEPPER)
SAID = LineText(name="Şirin Müller", iban="DE02120300000000202051", purpose="K7M-4XP\nLena \x00")
words = st.text(max_size=40)


def test_one_secret_makes_the_same_hashes_in_every_process() -> None:
    again = BankVault(PEPPER)

    assert again.fingerprint(b"raw") == VAULT.fingerprint(b"raw")
    assert again.identity("a", 1) == VAULT.identity("a", 1)
    assert again.text_digest(SAID) == VAULT.text_digest(SAID)
    assert len(VAULT.identity("a", 1)) == len(VAULT.fingerprint(b"")) == 32


def test_another_secret_makes_other_hashes() -> None:
    other = BankVault(PEPPER[::-1])

    assert other.fingerprint(b"raw") != VAULT.fingerprint(b"raw")
    assert other.blind_iban(SAID.iban) != VAULT.blind_iban(SAID.iban)
    assert other.text_digest(SAID) != VAULT.text_digest(SAID)


def test_an_iban_is_the_same_however_it_is_printed() -> None:
    assert VAULT.blind_iban("de02 1203 0000 0000 2020 51") == VAULT.blind_iban(SAID.iban)
    assert VAULT.blind_end_to_end(" X-1 ") == VAULT.blind_end_to_end("X-1")


def test_what_serves_one_use_is_unknown_to_another() -> None:
    assert VAULT.blind_iban("ABC") != VAULT.blind_end_to_end("ABC") != VAULT.identity("ABC")


@given(st.lists(st.text() | st.integers()), st.lists(st.text() | st.integers()))
def test_two_lists_of_parts_have_two_identities(one: list[str | int], two: list[str | int]) -> None:
    assume(one != two)

    assert VAULT.identity(*one) != VAULT.identity(*two)


def test_a_short_secret_is_no_secret() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        BankVault(b"too short")


@given(st.builds(LineText, words, words, words, words, words, words, words, words))
def test_a_text_comes_back_as_it_was(said: LineText) -> None:
    key, _ = VAULT.new_file_key(bound=b"file")

    assert key.open_text(key.seal_text(said, bound=b"line"), bound=b"line") == said


def test_a_file_opens_with_its_wrapped_key_and_no_other() -> None:
    key, wrapped = VAULT.new_file_key(bound=b"file")
    _, others = VAULT.new_file_key(bound=b"file")
    sealed = key.seal_bytes(b":20:STARTUMSE", bound=b"file")

    assert (
        VAULT.unwrap(wrapped, bound=b"file").open_bytes(sealed, bound=b"file") == b":20:STARTUMSE"
    )
    with pytest.raises(Unopenable):
        VAULT.unwrap(others, bound=b"file").open_bytes(sealed, bound=b"file")


def test_a_wrapped_key_serves_one_secret_and_one_file() -> None:
    _, wrapped = VAULT.new_file_key(bound=b"file")

    with pytest.raises(Unopenable):
        VAULT.unwrap(wrapped, bound=b"another file")
    with pytest.raises(Unopenable):
        BankVault(PEPPER[::-1]).unwrap(wrapped, bound=b"file")
    with pytest.raises(Unopenable):
        VAULT.unwrap(b"", bound=b"file")


def test_a_text_belongs_to_its_line() -> None:
    key, _ = VAULT.new_file_key(bound=b"file")
    sealed = key.seal_text(SAID, bound=b"line 1")

    with pytest.raises(Unopenable):
        key.open_text(sealed, bound=b"line 2")
    with pytest.raises(Unopenable):
        key.open_text(sealed[:-1] + bytes([sealed[-1] ^ 1]), bound=b"line 1")


def test_nothing_of_a_key_or_a_text_is_in_what_is_printed() -> None:
    key, _ = VAULT.new_file_key(bound=b"file")

    printed = f"{VAULT!r} {VAULT} {key!r} {SAID!r} {SAID}"

    assert not any(one in printed for one in (PEPPER.hex(), str(PEPPER), "Müller", "K7M", "DE02"))


def test_a_digest_proves_the_bytes_only_to_who_has_the_salt() -> None:
    salt = new_salt()

    assert salted_digest(b"raw", salt=salt) == salted_digest(b"raw", salt=salt)
    assert salted_digest(b"raw", salt=salt) != salted_digest(b"raw", salt=new_salt())
    assert salted_digest(b"raw", salt=salt) != salted_digest(b"Raw", salt=salt)
