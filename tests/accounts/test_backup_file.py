"""A sealed file: read by its key alone, and whatever is changed or missing in it is found."""

import io
import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import backup_file
from accounts.backup_file import (
    CHUNK,
    BackupBroken,
    BackupFault,
    Header,
    make_key,
    read_header,
    read_key,
    seal_into,
)

KEY = bytes(range(32))
HEADER = Header(
    engine="sqlite",
    revision="0002",
    at_us=1_000_000,
    entries=12,
    seal_no=3,
    seal="ab" * 32,
    incarnation=2**62,
    software="0.1.0",
)
SEALED = CHUNK + 16


def sealed(content: bytes, header: Header = HEADER, key: bytes = KEY) -> bytes:
    file = io.BytesIO()
    assert seal_into(file, header, [content], key=key) == len(content)
    return file.getvalue()


def opened(raw: bytes, key: bytes = KEY) -> tuple[Header, bytes]:
    header, content = read_header(io.BytesIO(raw), key=key)
    return header, b"".join(content)


def fault_of(raw: bytes, key: bytes = KEY) -> BackupFault:
    with pytest.raises(BackupBroken) as broken:
        opened(raw, key)
    return broken.value.fault


def head_length(raw: bytes) -> int:
    magic = len(backup_file._MAGIC)
    return magic + 4 + int.from_bytes(raw[magic : magic + 4])


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_what_was_sealed_is_read_whole(size: int) -> None:
    content = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    assert opened(sealed(content)) == (HEADER, content)


@settings(max_examples=50, deadline=None)
@given(parts=st.lists(st.binary(max_size=90), max_size=12))
def test_it_does_not_matter_in_which_pieces_it_comes(parts: list[bytes]) -> None:
    file = io.BytesIO()
    seal_into(file, HEADER, parts, key=KEY)
    assert opened(file.getvalue()) == (HEADER, b"".join(parts))


def test_two_backups_of_the_same_content_share_no_byte_of_it() -> None:
    content = bytes(CHUNK)
    one, other = sealed(content), sealed(content)
    body = head_length(one)
    assert one[body:] != other[body:]
    assert bytes(64) not in one


def test_another_key_is_named_as_such() -> None:
    assert fault_of(sealed(b"x"), bytes(32)) is BackupFault.WRONG_KEY


def test_a_file_of_another_kind_is_no_backup() -> None:
    assert fault_of(b"") is BackupFault.NO_BACKUP
    assert fault_of(b"SQLite format 3\0" * 100) is BackupFault.NO_BACKUP
    assert fault_of(sealed(b"x").replace(b"backup 1\n", b"backup 9\n", 1)) is BackupFault.NO_BACKUP


def test_wherever_one_bit_is_flipped_the_file_is_refused() -> None:
    raw = sealed(b"a little content")
    for place in range(len(raw)):
        bad = bytearray(raw)
        bad[place] ^= 1
        with pytest.raises(BackupBroken):
            opened(bytes(bad))


def test_wherever_it_is_cut_the_file_is_refused() -> None:
    raw = sealed(b"b" * (2 * CHUNK + 5))
    body = head_length(raw)
    for end in [*range(body), *range(body, len(raw), 997), body + SEALED, len(raw) - 1]:
        with pytest.raises(BackupBroken):
            opened(raw[:end])
    assert fault_of(raw[: body + SEALED]) is BackupFault.CUT_SHORT
    assert fault_of(raw[: body + 2 * SEALED]) is BackupFault.CUT_SHORT
    assert fault_of(raw[:-1]) is BackupFault.CUT_SHORT


def test_chunks_that_are_swapped_doubled_left_out_or_added_are_found() -> None:
    raw = sealed(b"".join(bytes([n]) * CHUNK for n in range(4)))
    body = head_length(raw)
    chunks = [raw[at : at + SEALED] for at in range(body, len(raw), SEALED)]
    assert len(chunks) == 4
    for order in itertools.chain(
        itertools.permutations(range(4)), [(0, 0, 1, 2, 3), (0, 2, 3), (1, 2, 3), (0, 1, 2, 3, 3)]
    ):
        bad = raw[:body] + b"".join(chunks[n] for n in order)
        if bad != raw:
            with pytest.raises(BackupBroken):
                opened(bad)


def test_a_chunk_of_another_backup_under_the_same_key_does_not_fit() -> None:
    one, other = sealed(b"1" * CHUNK), sealed(b"2" * CHUNK)
    mixed = one[: head_length(one)] + other[head_length(other) :]
    assert fault_of(mixed) is BackupFault.DAMAGED


def test_a_header_of_another_backup_does_not_fit() -> None:
    one = sealed(b"same")
    other = sealed(b"same", replace(HEADER, entries=13))
    mixed = other[: head_length(other)] + one[head_length(one) :]
    assert fault_of(mixed) is not None


def test_nothing_is_given_out_of_a_chunk_that_is_damaged() -> None:
    raw = bytearray(sealed(b"1" * (3 * CHUNK)))
    raw[head_length(bytes(raw)) + SEALED + 5] ^= 1
    _, content = read_header(io.BytesIO(bytes(raw)), key=KEY)
    assert next(content) == b"1" * CHUNK
    with pytest.raises(BackupBroken):
        next(content)


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    name = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    key = read_key(path)
    assert len(key) == 32
    assert backup_file.fingerprint(key) == name
    assert name not in key.hex()
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        make_key(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"abcd", b"g" * 64, b"\xff" * 32, b"ab" * 33])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(BackupBroken) as broken:
        read_key(tmp_path / "key")
    assert broken.value.fault is BackupFault.BAD_KEY_FILE
