"""A bank's files: kept before they are read, known again, and what became of them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from accounts.bank_files import (
    UNREAD,
    NewReading,
    Outcome,
    Source,
    bank_file,
    erase_file,
    keep_file,
    key_of,
    note_reading,
    quarantined,
    raw_of,
    readings,
    waiting,
)
from accounts.bank_vault import BankVault, Unopenable
from accounts.database import Session
from accounts.money import Money
from accounts.tables import bank

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
VAULT = BankVault(bytes(range(32)))
RAW = b":20:STARTUMSE\r\n:86:166?20K7M-4XP Lena\r\n"


def kept(db: Session, raw: bytes = RAW, source: Source = Source.FILE) -> int:
    file, _ = keep_file(db, VAULT, raw, source=source, now=NOW)
    return file.id


def test_bytes_come_back_as_they_were_and_lie_sealed(db: Session) -> None:
    file_id = kept(db)

    assert raw_of(db, VAULT, file_id) == RAW
    assert b"K7M" not in db.execute(select(bank.bank_raw.c.sealed)).scalar_one()


def test_the_same_bytes_are_one_file_and_the_first_way_counts(db: Session) -> None:
    file, new = keep_file(db, VAULT, RAW, source=Source.FOLDER, now=NOW)
    later = NOW + timedelta(days=1)

    again, twice = keep_file(db, VAULT, RAW, source=Source.FINTS, now=later)

    assert (new, twice) == (True, False)
    assert again == file == bank_file(db, file.id)
    assert (file.source, file.at, file.size) == (Source.FOLDER, NOW, len(RAW))


def test_a_file_waits_to_be_read_from_the_moment_it_is_kept(db: Session) -> None:
    file_id = kept(db)

    assert [(it.file_id, it.no, it.reason) for it in waiting(db)] == [(file_id, 0, UNREAD)]


def test_the_newest_reading_is_how_a_statement_stands(db: Session) -> None:
    file_id = kept(db)
    for outcome in (Outcome.WAITING, Outcome.QUARANTINED):
        note_reading(db, NewReading(file_id, 1, outcome, "why", "1,00"), now=NOW)
    whole = NewReading(
        file_id, 0, Outcome.KEPT,
        first_day=date(2026, 11, 2), last_day=date(2026, 11, 3),
        opening=Money(-5), closing=Money(7), lines=3, new_lines=2,
    )  # fmt: skip
    note_reading(db, whole, now=NOW)

    assert not waiting(db)
    assert [(it.no, it.reason, it.detail) for it in quarantined(db)] == [(1, "why", "1,00")]
    stands, one = readings(db, file_id=file_id)
    assert (stands.opening, stands.closing, stands.lines, stands.new_lines) == (
        Money(-5),
        Money(7),
        3,
        2,
    )
    assert (stands.first_day, one.outcome) == (date(2026, 11, 2), Outcome.QUARANTINED)
    assert readings(db, file_id=file_id + 1) == ()


def test_another_secret_opens_nothing(db: Session) -> None:
    file_id, other = kept(db), BankVault(bytes(32))

    for opening in (raw_of, key_of):
        with pytest.raises(Unopenable):
            opening(db, other, file_id)


def test_bytes_that_were_kept_are_never_changed(db: Session) -> None:
    file_id = kept(db)
    this = update(bank.bank_raw).where(bank.bank_raw.c.file_id == file_id)

    with pytest.raises(DBAPIError, match="mensa:"), db.begin_nested():
        db.execute(this.values(sealed=b"other"))

    assert raw_of(db, VAULT, file_id) == RAW


def test_an_erased_file_stays_erased_though_it_comes_again(db: Session) -> None:
    file_id = kept(db)
    assert erase_file(db, file_id)

    again, new = keep_file(db, VAULT, RAW, source=Source.FILE, now=NOW)

    assert (again.id, new) == (file_id, False)
    assert raw_of(db, VAULT, file_id) is None
    assert key_of(db, VAULT, file_id) is None
