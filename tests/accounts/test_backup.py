"""A backup is the ledger of one moment, and what is restored of it serves only when it is proved."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON, eur
from ledgers import ENGINES, Ledger, fresh, lived, plain_postgresql, plain_sqlite
from postgresql_server import Server

from accounts import backup, copying, incarnations, postgresql_programs, restoring
from accounts.backup import back_up, look_through
from accounts.backup_file import BackupBroken, BackupFault, read_header, seal_into
from accounts.clock import FixedClock
from accounts.database import Database, NotServing, check_schema, open_database
from accounts.intake import book_facts
from accounts.postgresql_programs import ProgramMissing, find_program, sign_in
from accounts.restoring import NotRestored, Restored, RestoreRefusal, Wish, restore
from accounts.seals import make_seal, newest_seal
from accounts.tables import metadata
from accounts.verify import verify

KEY = bytes(range(32))
CLOCK = FixedClock(NOON)
WISH = Wish(actor="office:test")


def silent(_what: str, _done: int, _of: int) -> None:
    pass


@dataclass(slots=True)
class Vault:
    """A sealed ledger with a history, where its backup lies, and how an empty place is made."""

    ledger: Ledger
    folder: Path
    server: Server | None
    places: list[Database]

    @property
    def database(self) -> Database:
        return self.ledger.database

    @property
    def file(self) -> Path:
        return self.folder / "backup"

    def keep(self, path: Path | None = None) -> backup.Kept:
        return back_up(self.database, path or self.file, key=KEY, clock=CLOCK, progress=silent)

    def bring(
        self, target: Database, *, wish: Wish = WISH, key: bytes = KEY
    ) -> Restored | NotRestored:
        return restore(self.file, target, wish, key=key, clock=CLOCK, progress=silent)

    def place(self) -> Database:
        """Another empty place."""
        if self.server is None:
            folder = self.folder / f"place{len(self.places)}"
            folder.mkdir()
            made = open_database(f"sqlite:///{folder / 'ledger.db'}")
        else:
            made = open_database(self.server.url(self.server.create()))
        self.places.append(made)
        return made


@pytest.fixture(params=ENGINES)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vault]:
    database = fresh(request, request.param, tmp_path)
    ledger = lived(database)
    make_seal(database, actor="nightly", clock=CLOCK)
    server = None if database.is_sqlite else request.getfixturevalue("postgresql")
    vault = Vault(ledger, tmp_path, server, [])
    yield vault
    for opened in (database, *vault.places):
        opened.close()


def everything(database: Database, *, but: str = "") -> dict[str, copying.TableDigest]:
    with database.read() as db:
        return {
            table.name: copying.digest_of(db, table, progress=silent)
            for table in metadata.sorted_tables
            if table.name != but
        }


def test_what_is_restored_is_what_was_kept_and_another_life(kept: Vault) -> None:
    before = everything(kept.database, but="incarnation")
    with kept.database.read() as db:
        seal, life = newest_seal(db), incarnations.current(db)
    made = kept.keep()
    assert seal is not None
    assert (made.header.seal_no, made.header.seal) == (seal.no, seal.hash.hex())
    assert made.header.entries == before["entry"].rows
    assert made.header.incarnation == life
    assert look_through(kept.file, key=KEY) == made
    place = kept.place()
    restored = kept.bring(place)
    assert isinstance(restored, Restored)
    assert restored.header == made.header
    check_schema(place)
    assert everything(place, but="incarnation") == before
    with place.read() as db:
        assert verify(db).holds
        assert incarnations.current(db) == restored.incarnation != life


def test_a_restored_ledger_goes_on_booking(kept: Vault) -> None:
    kept.keep()
    place = kept.place()
    kept.bring(place)
    school = kept.ledger.school
    school.database = place
    school.pay_in(school.payer, eur("3"))
    with place.write() as db:
        news = [school.kiosk.charge(school.payer, school.drink, at=NOON + timedelta(minutes=2))]
        answers = book_facts(db, school.kiosk.origin_id, news, now=NOON + timedelta(minutes=3))
        assert [answer.quarantined for answer in answers] == [None]
    with place.read() as db:
        assert verify(db).holds


def test_a_backup_is_its_owners_alone_and_holds_nothing_in_clear(kept: Vault) -> None:
    kept.keep()
    assert kept.file.stat().st_mode & 0o777 == 0o600
    raw = kept.file.read_bytes()
    for secret in ("Beispiel", "Gesamtschule Probe", "CREATE TABLE", "SQLite format"):
        assert secret.encode() not in raw
    assert sorted(path.name for path in kept.folder.iterdir() if "backup" in path.name) == [
        "backup"
    ]


def test_a_name_that_is_taken_is_left_alone(kept: Vault) -> None:
    kept.file.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        kept.keep()
    assert kept.file.read_bytes() == b"precious"


def test_tills_book_while_a_backup_is_made_and_it_holds_the_moment_of_its_beginning(
    kept: Vault,
) -> None:
    school = kept.ledger.school
    entries = []

    def meanwhile(_what: str, _done: int, _of: int) -> None:
        school.pay_in(school.payer, eur("1"))
        entries.append(1)

    with kept.database.read() as db:
        stood = copying.count(db, metadata.tables["entry"])
    made = back_up(kept.database, kept.file, key=KEY, clock=CLOCK, progress=meanwhile)
    assert entries
    assert made.header.entries == stood
    place = kept.place()
    restored = kept.bring(place)
    assert isinstance(restored, Restored)
    with place.read() as db:
        assert copying.count(db, metadata.tables["entry"]) == stood


def test_a_backup_ends_although_tills_never_stop_writing(kept: Vault) -> None:
    school = kept.ledger.school
    enough = threading.Event()

    def write() -> None:
        while not enough.is_set():
            school.pay_in(school.payer, eur("0,01"))

    till = threading.Thread(target=write)
    till.start()
    try:
        made = kept.keep()
    finally:
        enough.set()
        till.join()
    assert isinstance(kept.bring(kept.place()), Restored)
    assert made.header.entries >= 9


def nothing_serves(place: Database) -> None:
    if place.is_sqlite:
        path = Path(str(place.url.database))
        assert list(path.parent.iterdir()) == []
        return
    with place.read() as db:
        assert copying.is_empty(db)
    with pytest.raises(Exception, match="None"):
        check_schema(place)


def test_a_wrong_key_and_a_file_that_is_not_whole_restore_nothing(kept: Vault) -> None:
    kept.keep()
    place = kept.place()
    whole = kept.file.read_bytes()
    half = bytearray(whole)
    half[len(whole) // 2] ^= 1
    for raw, key, fault in (
        (whole, bytes(32), BackupFault.WRONG_KEY),
        (bytes(half), KEY, BackupFault.DAMAGED),
        (whole[:-1], KEY, BackupFault.CUT_SHORT),
        (b"something else", KEY, BackupFault.NO_BACKUP),
    ):
        kept.file.write_bytes(raw)
        for act in (
            lambda key=key: kept.bring(place, key=key),
            lambda key=key: look_through(kept.file, key=key),
        ):
            with pytest.raises(BackupBroken) as broken:
                act()
            if raw is not half:
                assert broken.value.fault in {fault, BackupFault.CUT_SHORT}
        nothing_serves(place)


def test_a_place_that_holds_anything_is_refused(kept: Vault) -> None:
    made = kept.keep()
    before = everything(kept.database)
    assert kept.bring(kept.database) == NotRestored(RestoreRefusal.NOT_EMPTY, made.header)
    assert everything(kept.database) == before


def test_a_lost_ledgers_log_is_not_played_into_the_restored_one(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = fresh(request, "sqlite", tmp_path)
    lived(database)
    back_up(database, tmp_path / "backup", key=KEY, clock=CLOCK, progress=silent)
    (tmp_path / "lost.db-wal").write_bytes(b"what was left of the other")
    target = open_database(f"sqlite:///{tmp_path / 'lost.db'}")
    answer = restore(tmp_path / "backup", target, WISH, key=KEY, clock=CLOCK, progress=silent)
    assert isinstance(answer, NotRestored)
    assert answer.why is RestoreRefusal.NOT_EMPTY
    assert not (tmp_path / "lost.db").exists()
    database.close()


def break_a_balance(database: Database) -> None:
    door = plain_sqlite if database.is_sqlite else plain_postgresql
    where = "" if database.is_sqlite else " ON balance"
    with door(database) as plain:
        plain.execute(f"DROP TRIGGER balance_follows{where}")
        plain.execute("UPDATE balance SET cents = cents + 1")


def test_a_backup_of_a_ledger_that_does_not_hold_is_not_let_serve(kept: Vault) -> None:
    break_a_balance(kept.database)
    kept.keep()
    place = kept.place()
    answer = kept.bring(place)
    assert isinstance(answer, NotRestored)
    assert answer.why is RestoreRefusal.BROKEN
    assert answer.proof is not None
    assert not answer.proof.balanced
    nothing_serves(place)


def test_a_seal_somebody_has_noted_has_to_be_in_it(kept: Vault) -> None:
    made = kept.keep()
    assert made.header.seal is not None
    place = kept.place()
    answer = kept.bring(place, wish=replace(WISH, seal="ab" * 32))
    assert answer == NotRestored(RestoreRefusal.NO_SUCH_SEAL, made.header)
    nothing_serves(place)
    assert isinstance(kept.bring(place, wish=replace(WISH, seal=made.header.seal)), Restored)


def test_a_copy_that_is_not_what_the_header_says_is_not_let_serve(kept: Vault) -> None:
    kept.keep()
    with kept.file.open("rb") as file:
        header, content = read_header(file, key=KEY)
        told = b"".join(content)
    with kept.file.open("wb") as file:
        seal_into(file, replace(header, entries=header.entries + 1), [told], key=KEY)
    place = kept.place()
    answer = kept.bring(place)
    assert isinstance(answer, NotRestored)
    assert answer.why is RestoreRefusal.OTHER_HEADER
    nothing_serves(place)


@pytest.mark.postgresql
def test_a_backup_goes_back_to_the_engine_it_came_from(kept: Vault, postgresql: Server) -> None:
    made = kept.keep()
    other = (
        open_database(postgresql.url(postgresql.create()))
        if kept.database.is_sqlite
        else open_database(f"sqlite:///{kept.folder / 'other.db'}")
    )
    assert kept.bring(other) == NotRestored(RestoreRefusal.OTHER_ENGINE, made.header)
    other.close()


TORN = """
    import os, signal, sys
    from pathlib import Path
    from accounts import restoring
    from accounts.clock import SystemClock
    from accounts.database import open_database

    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    where, file, url = sys.argv[1:]
    if where == "proving":
        restoring.verify = die
    else:
        restoring.incarnations.begin = lambda *_, **__: die()
    restoring.restore(
        Path(file), open_database(url), restoring.Wish("office:test"), key=bytes(range(32)),
        clock=SystemClock(), progress=lambda *_: None,
    )
"""


@pytest.mark.parametrize("where", ["proving", "at the last act"])
def test_a_restore_that_is_killed_serves_nobody_and_can_be_made_again(
    kept: Vault, where: str
) -> None:
    kept.keep()
    place = kept.place()
    url = place.url.render_as_string(hide_password=False)
    dead = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(TORN), where, str(kept.file), url],
        check=False,
        cwd=Path(restoring.__file__).parents[1],
        env=os.environ,
    )
    assert dead.returncode == -signal.SIGKILL
    if place.is_sqlite:
        assert not Path(str(place.url.database)).exists()
    else:
        with pytest.raises(NotServing):
            check_schema(place)
        school = kept.ledger.school
        with pytest.raises(Exception, match="does not exist"), place.write() as db:
            book_facts(db, school.kiosk.origin_id, [], now=NOON)
    assert isinstance(kept.bring(place), Restored)
    check_schema(place)
    if place.is_sqlite:
        assert list(Path(str(place.url.database)).parent.glob("*restoring*")) == []


def test_a_backup_that_is_killed_leaves_no_file_under_its_name_and_nothing_in_clear(
    kept: Vault,
) -> None:
    script = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from accounts import backup
        from accounts.clock import SystemClock
        from accounts.database import open_database

        backup.seal_into = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
        backup.back_up(
            open_database(sys.argv[1]), Path(sys.argv[2]), key=bytes(32), clock=SystemClock(),
            progress=lambda *_: None,
        )
    """)
    url = kept.database.url.render_as_string(hide_password=False)
    dead = subprocess.run(
        [sys.executable, "-c", script, url, str(kept.file)],
        check=False,
        cwd=Path(restoring.__file__).parents[1],
        env=os.environ,
    )
    assert dead.returncode == -signal.SIGKILL
    assert not kept.file.exists()
    for path in kept.folder.iterdir():
        if path.is_file() and not path.name.startswith("ledger.db"):
            assert b"Beispiel" not in path.read_bytes()
    kept.keep()
    assert [path.name for path in kept.folder.iterdir() if ".part" in path.name] == []


def test_a_disk_that_is_full_leaves_no_file(kept: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "seal_into", full)
    before = sorted(kept.folder.iterdir())
    with pytest.raises(OSError, match="No space"):
        kept.keep()
    assert [p for p in sorted(kept.folder.iterdir()) if p not in before] == []


@pytest.mark.postgresql
def test_a_dump_that_fails_is_no_backup(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = fresh(request, "postgresql", tmp_path)
    failing = tmp_path / "pg_dump"
    failing.write_text("#!/bin/sh\necho half a dump\necho 'server went away' >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(backup, "find_program", lambda *_, **__: failing)
    with pytest.raises(Exception, match="server went away"):
        back_up(database, tmp_path / "backup", key=KEY, clock=CLOCK, progress=silent)
    assert not (tmp_path / "backup").exists()
    database.close()


def test_a_program_of_the_servers_version_is_taken_else_a_newer_one_and_never_an_older(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in (13, 15, 17):
        program = tmp_path / str(version) / "bin" / "pg_dump"
        program.parent.mkdir(parents=True)
        program.touch()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    found = {
        asked: find_program("pg_dump", version=asked, folder=tmp_path).parts[-3]
        for asked in (13, 14, 15, 16, 17)
    }
    assert found == {13: "13", 14: "15", 15: "15", 16: "17", 17: "17"}
    with pytest.raises(ProgramMissing) as missing:
        find_program("pg_dump", version=18, folder=tmp_path)
    assert (missing.value.program, missing.value.version) == ("pg_dump", 18)
    assert postgresql_programs._version_of("/bin/false") == 0


def test_a_password_is_in_the_childs_environment_and_in_no_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MENSA_SOMETHING", "else")
    way = sign_in(open_database("postgresql://kasse:Geheim%2F1@db.example/ledger?sslmode=require"))
    assert "Geheim" not in way.word
    assert "sslmode=require" in way.word
    assert way.environment["PGPASSWORD"] == "Geheim/1"
    assert "MENSA_SOMETHING" not in way.environment


def test_the_restored_file_is_its_owners_alone_and_keeps_what_it_acknowledges(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = fresh(request, "sqlite", tmp_path)
    lived(database)
    back_up(database, tmp_path / "backup", key=KEY, clock=CLOCK, progress=silent)
    target = open_database(f"sqlite:///{tmp_path / 'again.db'}")
    assert isinstance(
        restore(tmp_path / "backup", target, WISH, key=KEY, clock=CLOCK, progress=silent),
        Restored,
    )
    assert (tmp_path / "again.db").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(tmp_path / "again.db")) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()
    target.close()
