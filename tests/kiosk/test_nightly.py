"""The night: verify, seal, backup, and the morning's report; a step that fails stops no other."""

import configparser
import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON, School
from desk import Office, add_prices, open_office

import kiosk.office.nightly
from accounts.backup import look_through
from accounts.backup_file import make_key, read_key
from accounts.clock import FixedClock
from accounts.intake import book_facts
from accounts.seals import newest_seal
from accounts.settings import NightlySettings
from accounts.tables import kiosks
from accounts.texts import Language, texts
from kiosk.nightly import Outcome, Step, backup_name, remove_old, spend
from kiosk.office.nightly import STEPS, fields, lines

UNITS = ("mensa-nightly.service", "mensa-nightly.timer")
DEPLOY = Path(__file__).parents[2] / "deploy"
NIGHT = NOON + timedelta(hours=14, minutes=30)


@pytest.fixture
def settings(tmp_path: Path) -> NightlySettings:
    (tmp_path / "backups").mkdir()
    make_key(tmp_path / "key")
    return NightlySettings(tmp_path / "backups", tmp_path / "key", keep_days=10)


@pytest.fixture
def lived(school: School) -> School:
    with school.database.write() as db:
        pen = school.kiosk
        facts = [pen.charge(school.payer, school.lunch), pen.charge(school.payer, 999)]
        book_facts(db, pen.origin_id, facts, now=NOON)
    return school


def report(night: object) -> str:
    return "\n".join(lines(texts(Language.GERMAN), night))  # type: ignore[arg-type]  # a Night


def test_a_good_night_proves_seals_saves_and_tells(
    lived: School, settings: NightlySettings
) -> None:
    night = spend(lived.database, settings=settings, clock=FixedClock(NIGHT))
    assert night.why == {}
    assert night.good
    assert set(night.outcomes.values()) == {Outcome.DONE}
    with lived.database.read() as db:
        assert newest_seal(db) == night.seal
    assert night.backup == settings.backup / "mensa-20261124T013000Z.backup"
    kept = look_through(night.backup, key=read_key(settings.key_file))
    assert kept.header.entries == 1
    said = report(night)
    assert "Das Hauptbuch stimmt" in said
    assert "unpriced 1 (insgesamt 1)" in said
    assert "Von der Kasse kiosk a war noch nie etwas zu hören" in said
    assert json.dumps(fields(night))


def test_the_second_night_tells_only_what_is_new(lived: School, settings: NightlySettings) -> None:
    spend(lived.database, settings=settings, clock=FixedClock(NIGHT))
    with lived.database.write() as db:
        book_facts(db, lived.kiosk.origin_id, [lived.kiosk.charge(lived.payer, 998)],
                   now=NIGHT + timedelta(hours=9))  # fmt: skip
    night = spend(lived.database, settings=settings, clock=FixedClock(NIGHT + timedelta(days=1)))
    assert night.notices is not None
    assert sum(night.notices.quarantined.values()) == 1
    assert night.notices.in_quarantine == 2
    night = spend(lived.database, settings=settings, clock=FixedClock(NIGHT + timedelta(days=2)))
    assert night.notices is not None
    assert night.notices.quarantined == {}


def test_months_that_could_be_closed_are_told(lived: School, settings: NightlySettings) -> None:
    night = spend(lived.database, settings=settings, clock=FixedClock(NIGHT + timedelta(days=40)))
    assert "Abgeschlossen werden könnte: 2026-11, 2026-12" in report(night)


@pytest.mark.parametrize(("hours", "named"), [(0, False), (2, True)])
def test_a_kiosk_that_cannot_bring_its_facts_is_named(
    lived: School, settings: NightlySettings, hours: int, *, named: bool
) -> None:
    """For an hour after its newest fact came in there may just be more on the way."""
    seen = {"origin_id": lived.kiosk.origin_id, "at_us": NOON + timedelta(hours=hours),
            "waiting": 3, "software": "1"}  # fmt: skip
    with lived.database.write() as db:
        db.execute(kiosks.kiosk_seen.insert().values(seen))
    night = spend(lived.database, settings=settings, clock=FixedClock(NIGHT))
    said = "Kasse kiosk a kann 3 Vorgänge nicht übertragen: davor fehlen Nummern."
    assert (said in report(night)) is named
    due = fields(night)["due"]
    assert isinstance(due, dict)
    assert [it["name"] for it in due["stuck_kiosks"]] == (["kiosk a"] if named else [])


def broken(school: School) -> None:
    """A balance is changed behind the guards' back."""
    with school.database.engine.connect() as db:
        if school.database.is_sqlite:
            db.exec_driver_sql("DROP TRIGGER balance_follows")
        else:
            db.exec_driver_sql("SET session_replication_role = replica")
        db.exec_driver_sql("UPDATE balance SET cents = cents + 1")
        db.commit()
        db.invalidate()


def test_a_broken_ledger_is_not_sealed_and_is_saved_under_another_name(
    lived: School, settings: NightlySettings
) -> None:
    good = spend(lived.database, settings=settings, clock=FixedClock(NIGHT))
    broken(lived)
    later = FixedClock(NIGHT + timedelta(days=30))
    night = spend(lived.database, settings=settings, clock=later)
    assert not night.good
    assert night.seal is None
    assert night.outcomes == {
        Step.VERIFY: Outcome.DONE,
        Step.SEAL: Outcome.LEFT_OUT,
        Step.BACKUP: Outcome.DONE,
        Step.OLD_BACKUPS: Outcome.LEFT_OUT,
        Step.NOTICES: Outcome.DONE,
    }
    with lived.database.read() as db:
        assert newest_seal(db) == good.seal
    assert sorted(path.name for path in settings.backup.iterdir()) == [
        "mensa-20261124T013000Z.backup", "mensa-20261224T013000Z-unproved.backup",
    ]  # fmt: skip
    said = report(night)
    assert "stimmt NICHT" in said
    assert "balance_differs" in said
    assert fields(night)["failures"]


def test_a_step_that_fails_keeps_no_other_from_being_done(
    lived: School, settings: NightlySettings
) -> None:
    settings.key_file.unlink()
    night = spend(lived.database, settings=settings, clock=FixedClock(NIGHT))
    assert not night.good
    assert night.proved
    assert night.seal is not None
    assert night.notices is not None
    assert night.outcomes[Step.BACKUP] is Outcome.FAILED
    assert night.outcomes[Step.OLD_BACKUPS] is Outcome.LEFT_OUT
    assert list(settings.backup.iterdir()) == []
    assert "Sicherung: MISSLUNGEN (FileNotFoundError" in report(night)


def test_without_a_folder_for_backups_the_night_says_so(lived: School) -> None:
    night = spend(lived.database, settings=None, clock=FixedClock(NIGHT))
    assert night.good
    assert "Sicherung: keine eingerichtet" in report(night)


def test_old_backups_go_and_the_newest_good_one_stays(settings: NightlySettings) -> None:
    def made(days: int, *, proved: bool = True) -> str:
        name = backup_name(NIGHT - timedelta(days=days), proved=proved)
        (settings.backup / name).write_bytes(b"")
        return name

    made(40), made(20), made(12, proved=False)
    newest, kept = made(11), made(9, proved=False)
    (settings.backup / "mensa.backup").write_bytes(b"")
    gone = remove_old(settings, at=NIGHT)
    assert len(gone) == 3
    assert {path.name for path in settings.backup.iterdir()} == {newest, kept, "mensa.backup"}
    made(0)
    assert [path.name for path in remove_old(settings, at=NIGHT)] == [newest]


def test_every_step_is_named_in_both_languages() -> None:
    assert set(STEPS) == set(Step)
    for word in STEPS.values():
        assert texts(Language.GERMAN).say(word) != word


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    made = open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_prices)
    monkeypatch.setattr(kiosk.office.nightly, "SystemClock", lambda: FixedClock(NIGHT))
    return made


def test_the_command_ends_with_the_nights_outcome(
    office: Office, settings: NightlySettings
) -> None:
    office.write(
        "mensa.toml",
        f'[nightly]\nbackup = "{settings.backup}"\nkey_file = "{settings.key_file}"\n',
    )
    assert "Nachtlauf" in office.done("nightly")
    with office.database().engine.connect() as db:
        db.exec_driver_sql("DROP TRIGGER balance_follows")
        db.commit()
        db.invalidate()
    answer = office.run("nightly", "--json")
    told = json.loads(answer.out)
    assert (answer.code, told["holds"], told["good"]) == (1, False, False)
    assert told["failures"] == [["guards", "guard_missing", "trigger balance_follows"]]
    assert told["steps"]["seal"] == "left_out"
    assert told["backup"].endswith("-unproved.backup")


def test_the_units_run_the_job_as_its_own_user_in_the_german_night() -> None:
    service, timer = configparser.RawConfigParser(), configparser.RawConfigParser()
    service.read(DEPLOY / "mensa-nightly.service", "utf-8")
    timer.read(DEPLOY / "mensa-nightly.timer", "utf-8")
    assert service["Service"]["ExecStart"] == "/opt/mensakasse/mensa nightly"
    assert (service["Service"]["Type"], service["Service"]["User"]) == ("oneshot", "mensakasse")
    assert timer["Timer"]["OnCalendar"] == "*-*-* 02:30:00 Europe/Berlin"
    assert timer["Timer"]["Persistent"] == "true"


if shutil.which("systemd-analyze"):  # systemd's own word, where it is

    @pytest.mark.parametrize("unit", UNITS)
    def test_systemd_takes_the_units(tmp_path: Path, unit: str) -> None:
        program = tmp_path / "mensa"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        for source in UNITS:
            text = (DEPLOY / source).read_text("utf-8")
            text = text.replace("/opt/mensakasse/mensa", str(program))
            # The manual page named there is not installed where this test runs.
            text = re.sub("^Documentation=.*\n", "", text, flags=re.MULTILINE)
            (tmp_path / source).write_text(text, encoding="utf-8")
        said = subprocess.run(
            ["systemd-analyze", "verify", "--recursive-errors=no", tmp_path / unit],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (said.returncode, said.stderr) == (0, "")
