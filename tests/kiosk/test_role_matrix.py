"""Who may do what, through the commands themselves: every job, every role, here and elsewhere.

The table below is written down once more on purpose, so that a slip in the matrix of the ledger
is a difference and not a new rule. What is refused for want of a right has changed nothing.
"""

import argparse
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from builders import NOON, eur
from desk import SCHOOL, Office, add_prices, open_office
from key_station import BOTH, make, quick_argon
from offices import hire

from accounts.card_alerts import Alert, keep_alerts
from accounts.cash import ask_cash
from accounts.city import open_city_accounts
from accounts.rights import Act, Role
from accounts.schools import find_school
from accounts.sessions import open_session
from kiosk.cli import _parser
from kiosk.jobs.words import OWN, Need
from kiosk.office.signing_in import keep_token

OTHER = "199992"
K, S, T, P, A = Role  # kitchen, school office, treasury, auditor (Prüfung), administrator
UIDS = {SCHOOL: "04A1B2C3D4E5F6", OTHER: "04A1B2C3D4E5F7"}
NEW_UIDS = {SCHOOL: "04A1B2C3D4E5F8", OTHER: "04A1B2C3D4E5F9"}
HERE, EVERYWHERE, ANYWHERE = "here", "everywhere", "anywhere"

FREE = {
    "demo",
    "doctor",
    "kiosk",
    "kiosk serve",
    "kiosk enrol",
    "kiosk keys",
    "db key",
    "card doctor",
    "card keys init",
    "card keys rotate",
    "card keys show",
    "card keys holders add",
    "card keys holders change",
    "card keys holders remove",
}
"""Jobs of a machine, not of the office: they open no ledger, or as a kiosk that has its own key.

The master keys' file is none of the ledger's either: two of its holders are the right to it.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """Who may run these words, and for which schools a right for one school is good."""

    place: str
    may: tuple[Role, ...]
    words: tuple[str, ...]
    typed: str = ""


AT = ("--school", "{school}")
SELLER = ("--kind", "public", "--settled-as", "revenue")
OFFER = ("--day", "24.11.2026", "--code", "9", "--title", "Reis", "--class", "lunch",
         "--operator", "Küche", "--price", "V=4,20")  # fmt: skip
PASSWORD = ("--new-password-file", "{folder}/new")
KEYS = ("--keys", "{folder}/masters", "--passphrase-file", "{folder}/passphrase-Kasse",
        "--passphrase-file", "{folder}/passphrase-Leitung")  # fmt: skip
TABLE: dict[str, Row] = {
    "school add": Row(EVERYWHERE, (A,), ("177777", "Neu")),
    "school list": Row(ANYWHERE, (K, S, T, P, A), ()),
    "school set": Row(HERE, (A,), ("{school}", "--first-name", "on")),
    "school close": Row(HERE, (S, A), ("{school}", "24.12.2026", "Ferien")),
    "school open": Row(HERE, (S, A), ("{school}", "24.12.2026")),
    "operator add": Row(EVERYWHERE, (A,), ("Koch", *SELLER)),
    "operator list": Row(ANYWHERE, (K, S, T, P, A), ()),
    "body add": Row(EVERYWHERE, (A,), ("Sozialamt",)),
    "body list": Row(ANYWHERE, (K, S, T, P, A), ()),
    "tariff add": Row(EVERYWHERE, (A,), ("X", "Extra", "--kind", "pupil")),
    "tariff list": Row(ANYWHERE, (K, S, T, P, A), ()),
    "entitle": Row(HERE, (S, T), ("@{pupil}", *AT, "--tariff", "B", "--from", "1.8.2026")),
    "offer add": Row(HERE, (K, S), (*AT, *OFFER)),
    "offer list": Row(HERE, (K, S, T, P, A), AT),
    "offer import": Row(HERE, (K, S), ("{folder}/menu.csv", *AT)),
    "go-live": Row(HERE, (T,), ("{folder}/open-{school}.csv", "--total", "1,00")),
    "pupils import": Row(HERE, (S,), ("{folder}/pupils.csv", *AT, "--apply")),
    "pupils list": Row(HERE, (S, T, P), AT),
    "pupils reference": Row(HERE, (S, T, P), ("@{pupil}", *AT)),
    "pupils limit": Row(HERE, (S,), ("@{pupil}", *AT, "--day-limit", "5,00")),
    "staff add": Row(HERE, (S, A), ("Theke", *AT, "--pin-stdin"), "2468\n"),
    "staff dismiss": Row(HERE, (S, A), ("Koch", *AT)),
    "staff pin": Row(HERE, (S, A), ("Koch", *AT, "--pin-stdin"), "8642\n"),
    "staff list": Row(HERE, (S, P, A), AT),
    "card assign": Row(HERE, (S,), ("{new_uid}", *AT, "--pupil", "@{pupil}")),
    "card block": Row(HERE, (S,), ("{card}",)),
    "card unblock": Row(HERE, (S,), ("{card}",)),
    "card replace": Row(HERE, (S,), ("{card}", "{new_uid}")),
    "card issue": Row(HERE, (S,), (*AT, "--pupil", "@{pupil}")),
    "card show": Row(HERE, (S, T, P), ("{card}",)),
    "card alerts": Row(HERE, (S, P, A), AT),
    "card seen": Row(HERE, (S, A), ("{alert}", "--note", "Uhr falsch")),
    "card keys export-school": Row(HERE, (A,), (*AT, "school.key", *KEYS)),
    "card keys seal": Row(EVERYWHERE, (A,), KEYS),
    "kiosk-device add": Row(HERE, (A,), ("Hof {school}", *AT)),
    "kiosk-device list": Row(ANYWHERE, (S, T, P, A), ()),
    "kiosk-device renew": Row(HERE, (A,), ("Kasse {school}", "--out", "renewed.json")),
    "kiosk-device salvage": Row(
        HERE, (A,), ("Kasse {school}", "{folder}/menu.csv", "--passphrase-file", "{folder}/new")
    ),
    "kiosk-device revoke": Row(HERE, (S, A), ("Kasse {school}",)),
    "month list": Row(EVERYWHERE, (T, P, A), ()),
    "credit": Row(HERE, (S, T), ("@{pupil}", "5,00", *AT, "--reason", "kalt")),
    "approve": Row(ANYWHERE, (S, T, P), ()),
    "refund request": Row(HERE, (S, T), ("@{pupil}", *AT, "--reason", "zieht weg")),
    "refund list": Row(ANYWHERE, (S, T, P), ()),
    "refund leavers": Row(HERE, (S, T), (*AT, "--class", "1a", "--apply")),
    "refund cancel": Row(EVERYWHERE, (T,), ("1", "--reason", "falsch")),
    "topup": Row(HERE, (S, T), ("@{pupil}", "5,00", *AT)),
    "receipt": Row(HERE, (S, T), ("{cash}",)),
    "household add": Row(HERE, (S, T), ("@{pupil}", "@999", *AT)),
    "household list": Row(HERE, (S, T), AT),
    "household end": Row(HERE, (S, T), ("{household}",)),
    "user add": Row(EVERYWHERE, (A,), ("neu", "--role", "auditor", *PASSWORD)),
    "user grant": Row(EVERYWHERE, (A,), ("leaver", "--role", "auditor")),
    "user revoke": Row(EVERYWHERE, (A,), ("leaver",)),
    "user reset": Row(EVERYWHERE, (A,), ("leaver", *PASSWORD)),
    "bank tan": Row(EVERYWHERE, (T,), ()),
    "bank account add": Row(EVERYWHERE, (A,), ("DE02120300000000202051", "Stadt")),
    "bank account list": Row(EVERYWHERE, (T, P, A), ()),
    "bank files": Row(EVERYWHERE, (T, P, A), ()),
    "bank open": Row(EVERYWHERE, (T, P), ()),
    "bank show": Row(EVERYWHERE, (T, P), ("1",)),
    "bank status": Row(EVERYWHERE, (T, P, A), ()),
    "bank assign": Row(EVERYWHERE, (T,), ("1", "fees")),
    "bank split": Row(EVERYWHERE, (T,), ("1", "fees=1,00")),
    "bank ignore": Row(EVERYWHERE, (T,), ("1", "--reason", "unklar")),
    "bank undo": Row(EVERYWHERE, (T,), ("1", "--reason", "falsch")),
    "user list": Row(EVERYWHERE, (P, A), ()),
}


def jobs_of(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every job of the command with the words that lead to it."""
    for action in parser._actions:  # argparse has no other way to look
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from jobs_of(below, f"{path} {word}".strip())
    job: Callable[..., int] | None = parser.get_default("job")
    if job is not None:
        yield path, job


JOBS = dict(jobs_of(_parser()))


def test_every_job_names_its_act() -> None:
    acts = {act.value for act in Act} | {OWN}
    for name, job in JOBS.items():
        need: Need | None = getattr(job, "need", None)
        assert (need is None) == (name in FREE), name
        assert need is None or need.act in acts, name


def test_every_job_of_the_desk_is_in_the_table() -> None:
    at_desk = {
        name
        for name, job in JOBS.items()
        if hasattr(job, "deeds") and job.need is not None and job.need.act != OWN
    }
    assert at_desk == set(TABLE)


def _city(office: Office) -> None:
    """A second school; in each a child, a cook, a card and a kiosk."""
    add_prices(office)
    office.done("school", "add", OTHER, "Grundschule am Wald")
    for school, uid in UIDS.items():
        pupils = office.write(f"{school}.csv", f"Nachname;Vorname;Klasse\nWeber;Ida{school};1a\n")
        office.done("pupils", "import", pupils, "--school", school, "--apply")
        office.done("staff", "add", "Koch", "--school", school, "--pin-stdin", typed="2468\n")
        office.done("kiosk-device", "add", f"Kasse {school}", "--school", school)
        ((pupil,),) = office.rows(
            "SELECT m.pupil_id FROM membership m JOIN school s ON s.id = m.school_id"
            f" WHERE s.number = '{school}'"
        )
        office.done("card", "assign", uid, "--school", school, "--pupil", f"@{pupil}")


def _alerts(office: Office) -> None:
    """Something noticed at each school's kiosk, once for every role that may look into it."""
    database = office.database()
    with database.write() as db:
        for (kiosk,) in db.exec_driver_sql("SELECT id FROM origin WHERE kind = 'kiosk'").all():
            told = [Alert(1, seq, NOON, "wrong_key", bytes(32)) for seq in range(1, 10)]
            keep_alerts(db, kiosk, told, now=NOON)
    database.close()


def _money(office: Office) -> None:
    """Cash that was asked for and a household, at each school."""
    database = office.database()
    with database.write() as db:
        open_city_accounts(db)
        (treasurer,) = db.exec_driver_sql(
            "SELECT id FROM office_user WHERE name = 'treasury-all'"
        ).one()
        for pupil, school in db.exec_driver_sql("SELECT pupil_id, school_id FROM membership").all():
            ask_cash(
                db, pupil_id=pupil, school_id=school, amount=eur("5"), requester_id=treasurer,
                reason="bar", at=NOON,
            )  # fmt: skip
            db.exec_driver_sql(f"INSERT INTO household (id, since_us) VALUES ({pupil}, 1)")
            db.exec_driver_sql(
                "INSERT INTO household_member (household_id, pupil_id, share)"
                f" VALUES ({pupil}, {pupil}, 1)"
            )
    database.close()


def _people(office: Office) -> None:
    """Each role for one school and for all."""
    database = office.database()
    with database.write() as db:
        school = find_school(db, number=SCHOOL)
        assert school is not None
        hire(db, "leaver", Role.KITCHEN)
        for role in Role:
            name = role.value.replace("_", "-")
            hire(db, f"{name}-all", role)
            hire(db, f"{name}-one", role, school.id)
    database.close()


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MENSA_USER", raising=False)
    office = open_office(
        empty_sqlite, tmp_path, capsys, monkeypatch, _city, _people, _alerts, _money
    )
    office.write("new", "rosa elefant am see").chmod(0o600)
    quick_argon(monkeypatch)
    make(office, *BOTH)
    office.write(
        "menu.csv", "Tag;Nr;Gericht;Art;Betreiber;V\n23.11.2026;1;Nudeln;Essen;Küche;4,20\n"
    )
    office.write("pupils.csv", "Nachname;Vorname;Klasse\nWeber;Ida;1a\nKurz;Jan;1b\n")
    return office


def _sign_all_in(office: Office) -> dict[str, str]:
    """A session's token for each user."""
    database = office.database()
    with database.write() as db:
        users = db.exec_driver_sql("SELECT name, id FROM office_user").all()
        tokens = {name: open_session(db, user_id=one, at=NOON) for name, one in users}
    database.close()
    return tokens


def _words(office: Office, row: Row, school: str) -> list[str]:
    values = {"school": school, "folder": str(office.folder), "new_uid": NEW_UIDS[school]}
    for key, query in {
        "pupil": "SELECT m.pupil_id FROM membership m JOIN school s ON s.id = m.school_id"
        f" WHERE s.number = '{school}' ORDER BY m.id",
        "card": "SELECT c.printed_no FROM card c JOIN membership m ON m.pupil_id = c.pupil_id"
        f" JOIN school s ON s.id = m.school_id WHERE s.number = '{school}' ORDER BY c.id",
        "alert": "SELECT 'a' || a.id FROM card_alert a JOIN origin k ON k.id = a.origin_id"
        f" JOIN school s ON s.id = k.school_id WHERE s.number = '{school}' ORDER BY a.id",
        "household": "SELECT h.household_id FROM household_member h JOIN membership m"
        f" ON m.pupil_id = h.pupil_id JOIN school s ON s.id = m.school_id"
        f" WHERE s.number = '{school}'",
        "cash": "SELECT q.id FROM request q JOIN school s ON s.id = q.school_id"
        f" WHERE s.number = '{school}' AND q.act = 'topup.cash' ORDER BY q.id",
    }.items():
        values[key] = str(office.rows(query)[0][0])
    return [word.format(**values) for word in row.words]


def _state(office: Office) -> str:
    """All rows but those about signing in."""
    digest = hashlib.sha256()
    with closing(sqlite3.connect(office.folder / "ledger.db")) as raw:
        tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master"
                                                  " WHERE type = 'table'")}  # fmt: skip
        for table in sorted(tables - {"office_session", "sign_in"}):
            digest.update(repr(raw.execute(f"SELECT * FROM {table}").fetchall()).encode())
    return digest.hexdigest()


def _expected(row: Row, role: Role, *, everywhere: bool, school: str) -> bool:
    if role not in row.may:
        return False
    if everywhere or row.place == ANYWHERE:
        return True
    return row.place == HERE and school == SCHOOL


@pytest.mark.parametrize("job", TABLE)
def test_just_these_roles_may_do_it_and_just_there(
    office: Office, monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    row = TABLE[job]
    for school in UIDS:
        office.write(f"open-{school}.csv", f"Schule;Nummer;Betrag\n{school};@1;1,00\n")
    tokens, parser = _sign_all_in(office), _parser()
    monkeypatch.setattr("kiosk.cli._parser", lambda: parser)  # it is half of a quick job's time
    for school, scope in ((SCHOOL, "one"), (OTHER, "one"), (OTHER, "all")):
        words = [*job.split(), *_words(office, row, school)]
        for role in Role:
            name = f"{role.value.replace('_', '-')}-{scope}"
            keep_token(office.url, tokens[name])
            before = _state(office)
            answer = office.run(*words, "--json", typed=row.typed)
            barred = answer.code == 1 and '"refused": "no_right"' in answer.out
            allowed = _expected(row, role, everywhere=scope == "all", school=school)
            assert barred is not allowed, (name, school, answer)
            if barred:
                assert _state(office) == before, (name, school)
