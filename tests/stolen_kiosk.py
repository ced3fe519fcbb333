"""What a stolen kiosk wants, and the plain SQL it tries; see test_attacks.py."""

from dataclasses import dataclass
from typing import Any

import psycopg
from builders import Kiosk, School
from ledgers import Ledger
from sqlalchemy import text

from accounts.database import Database
from accounts.tables import metadata

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(slots=True)
class Prey:
    """A ledger of two schools, the stolen kiosk's role, and what it could want."""

    ledger: Ledger
    role: str
    other_role: str
    elsewhere: int
    """A child of the other school."""
    other_school: int
    staff: int
    other_staff: int

    @property
    def database(self) -> Database:
        return self.ledger.database

    @property
    def school(self) -> School:
        return self.ledger.school

    @property
    def pen(self) -> Kiosk:
        """The stolen kiosk's pen, in an epoch nobody has used."""
        return Kiosk(self.school.kiosk.origin_id, epoch=4711)

    def connect(self, role: str | None = None) -> Connection:
        url = self.database.url.set(drivername="postgresql", username=role or self.role)
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)

    def words(self) -> dict[str, object]:
        return {
            **self.ledger.words(),
            "role": self.role,
            "other_role": self.other_role,
            "owner": self.database.url.username,
            "database": self.database.url.database,
            "elsewhere": self.elsewhere,
            "other_school": self.other_school,
        }

    def contents(self, *, but: tuple[str, ...] = ()) -> dict[str, list[Any]]:
        """Every row of every table, and every role with its rights."""
        names = [name for name in metadata.tables if name not in {"kiosk_seen", *but}]
        with self.database.read() as db:
            found = {
                name: list(db.execute(text(f"SELECT * FROM {name} t ORDER BY t::text")))
                for name in names
            }
            found["roles"] = list(db.execute(text("SELECT * FROM pg_authid ORDER BY rolname")))
        return found


NO_RIGHT = "42501"
CALL_ENTRY = "epoch, seq, kind, day, occurred_us, recorded_us, actor, transfers, content"
SQL: dict[str, tuple[str, tuple[str, ...], str]] = {
    "read-journal": ("read what was booked", ("SELECT * FROM entry", "TABLE transfer"), NO_RIGHT),
    "read-names": (
        "read the names of all children of the city",
        ("SELECT * FROM identity", "SELECT pin_hash FROM staff", "SELECT uid_hmac FROM card"),
        NO_RIGHT,
    ),
    "read-own-facts": ("read even its own facts", ("SELECT * FROM fact",), NO_RIGHT),
    "read-views": ("read through a view", ("SELECT * FROM posting", "TABLE fact_line"), NO_RIGHT),
    "read-proofs": (
        "read seals, passwords and who looked",
        ("TABLE seal", "TABLE office_user", "TABLE access_log", "TABLE history"),
        NO_RIGHT,
    ),
    "read-card-keys": (
        "read what opens cards, sealed for a school or for the issuing station",
        (
            "SELECT sealed FROM card_key",
            "SELECT escrow FROM card_secret",
            "TABLE card_issue",
            "SELECT kiosk_keys({other_school}, 0)",
        ),
        NO_RIGHT,
    ),
    "write-card-keys": (
        "put a key of its own under a card, or issue one",
        (
            "UPDATE card_key SET sealed = 'x'::bytea",
            (
                "INSERT INTO card_secret (card_id, issue_id, medium, generation, escrow)"
                " VALUES (1, 1, 'ev2', 1, 'x'::bytea)"
            ),
            "INSERT INTO card_step (issue_id, step, at_us) VALUES (1, 'done', 0)",
        ),
        NO_RIGHT,
    ),
    "write-alerts": (
        "write an alert in another kiosk's name, or wipe its own away",
        (
            (
                "INSERT INTO card_alert (origin_id, epoch, seq, at_us, heard_us, kind)"
                " VALUES ({b}, 1, 1, 0, 0, 'wrong_key')"
            ),
            "SELECT keep_alerts({b}, {other_school}, '[]'::jsonb, 0)",
            "DELETE FROM card_alert",
            "INSERT INTO card_alert_seen (alert_id, at_us, actor, note) VALUES (1, 0, 'x', 'x')",
        ),
        NO_RIGHT,
    ),
    "insert-entry": (
        "write an entry of its own",
        (
            (
                f"INSERT INTO entry (origin_id, {CALL_ENTRY}) VALUES ({{a}}, 1, 99, 'topup',"
                " '2026-11-23', 0, 0, 'x', 1, ''::bytea)"
            ),
        ),
        NO_RIGHT,
    ),
    "insert-fact": (
        "write a fact past the function",
        (
            (
                "INSERT INTO fact (origin_id, epoch, seq, kind, day, occurred_us, recorded_us, items,"
                " chain) VALUES ({b}, 1, 2, 'charge', '2026-11-23', 0, 0, '[[1,1]]', ''::bytea)"
            ),
        ),
        NO_RIGHT,
    ),
    "update-balance": ("give somebody money", ("UPDATE balance SET cents = 100000",), NO_RIGHT),
    "update-price": (
        "make a lunch cheap, or a cap wide",
        ("UPDATE price SET price_cents = 1", "UPDATE school SET kiosk_day_cap_cents = 1e9"),
        NO_RIGHT,
    ),
    "update-origin": (
        "become another school's kiosk, or unrevoked",
        ("UPDATE origin SET school_id = {other_school}", "UPDATE origin SET revoked_us = NULL"),
        NO_RIGHT,
    ),
    "delete": (
        "delete what it did",
        ("DELETE FROM fact", "DELETE FROM quarantine", "DELETE FROM alarm"),
        NO_RIGHT,
    ),
    "truncate": ("empty a table", ("TRUNCATE entry CASCADE", "TRUNCATE access_log"), NO_RIGHT),
    "lock-table": ("hold a table", ("BEGIN; LOCK TABLE entry IN SHARE MODE",), NO_RIGHT),
    "book": (
        "book a top-up through the office's function",
        ("SELECT book('{{}}'::jsonb, ''::bytea)",),
        NO_RIGHT,
    ),
    "book-facts": (
        "book facts as another kiosk",
        ("SELECT * FROM book_facts({b}, 0, '[]'::jsonb)",),
        NO_RIGHT,
    ),
    "other-snapshot": (
        "ask for another school's snapshot",
        ("SELECT kiosk_snapshot({b}, {other_school}, ARRAY[]::bigint[], 0)",),
        NO_RIGHT,
    ),
    "enrol": (
        "enrol a kiosk, or end another's login",
        ("SELECT enrol_login({b}, 'x')", "SELECT revoke_login({b})", "SELECT end_stuck_kiosks()"),
        NO_RIGHT,
    ),
    "sequences": (
        "burn or turn back the numbers of entries",
        (
            "SELECT nextval('entry_id_seq')",
            "SELECT setval('entry_id_seq', 1)",
            "SELECT last_value FROM transfer_id_seq",
        ),
        NO_RIGHT,
    ),
    "passwords": (
        "read other roles' passwords",
        ("SELECT rolpassword FROM pg_authid", "SELECT passwd FROM pg_shadow"),
        NO_RIGHT,
    ),
    "create-function": (
        "make a function that the ledger might call",
        (
            (
                "CREATE FUNCTION public.berlin_day(us numeric) RETURNS date LANGUAGE sql AS"
                " 'SELECT current_date'"
            ),
            "CREATE FUNCTION pg_temp.ledger_now() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'",
            (
                "CREATE OR REPLACE FUNCTION kiosk_drain(asked jsonb) RETURNS jsonb LANGUAGE sql AS"
                " 'SELECT asked'"
            ),
        ),
        NO_RIGHT,
    ),
    "create-table": (
        "make a table that stands before the ledger's",
        (
            "CREATE TEMP TABLE origin (id bigint)",
            "CREATE TABLE public.entry2 (id bigint)",
            "CREATE SCHEMA evil",
            "SELECT 1 AS x INTO TEMP evil",
        ),
        NO_RIGHT,
    ),
    "drop-guards": (
        "take a guard away",
        (
            "ALTER TABLE entry DISABLE TRIGGER ALL",
            "DROP TRIGGER entry_fits ON entry",
            "DROP FUNCTION append_only() CASCADE",
            "ALTER TABLE balance DROP CONSTRAINT pk_balance",
        ),
        NO_RIGHT,
    ),
    "replica-mode": (
        "switch triggers off for its session",
        ("SET session_replication_role = replica",),
        NO_RIGHT,
    ),
    "set-role": (
        "be somebody else",
        (
            'SET ROLE "{owner}"',
            'SET ROLE "{database}_office"',
            'SET SESSION AUTHORIZATION "{owner}"',
            'SET ROLE "{other_role}"',
        ),
        NO_RIGHT,
    ),
    "copy": (
        "carry files in or out",
        (
            "COPY entry TO STDOUT",
            "COPY (SELECT 1) TO PROGRAM 'id'",
            "COPY (SELECT 1) TO '/tmp/mensa-attack'",
            "SELECT pg_read_file('postgresql.conf')",
            "SELECT lo_import('/etc/passwd')",
        ),
        NO_RIGHT,
    ),
    "large-objects": (
        "fill the disk with large objects",
        ("SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x'::bytea)"),
        NO_RIGHT,
    ),
    "advisory-lock": (
        "hold the lock that lets a month be closed",
        (
            "SELECT pg_advisory_lock(4210001)",
            "SELECT pg_advisory_xact_lock_shared(4210001)",
            "SELECT pg_try_advisory_lock(4210001)",
        ),
        NO_RIGHT,
    ),
    "sleep": ("sleep on a connection", ("SELECT pg_sleep(3600)",), NO_RIGHT),
    "do-block": (
        "do the same inside a block",
        ("DO $$ BEGIN UPDATE balance SET cents = 0; END $$",),
        NO_RIGHT,
    ),
    "prepared-transaction": (
        "leave a transaction behind that nobody ends",
        ("BEGIN; PREPARE TRANSACTION 'evil'",),
        "55000",
    ),
    "alter-roles": (
        "change roles, its own rights, or join another",
        (
            "ALTER ROLE \"{other_role}\" PASSWORD 'x'",
            "ALTER ROLE CURRENT_USER SUPERUSER",
            "ALTER ROLE CURRENT_USER CONNECTION LIMIT 1000",
            "CREATE ROLE evil LOGIN",
            'GRANT "{database}_office" TO CURRENT_USER',
            'DROP ROLE "{other_role}"',
        ),
        NO_RIGHT,
    ),
    "kill": (
        "end other sessions",
        (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{owner}'",
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = '{owner}'",
        ),
        NO_RIGHT,
    ),
    "server": (
        "reconfigure the server",
        (
            "ALTER SYSTEM SET fsync = off",
            "SELECT pg_reload_conf()",
            'ALTER DATABASE "{database}" SET synchronous_commit = off',
            "CREATE EXTENSION dblink",
            "SELECT pg_create_physical_replication_slot('evil')",
        ),
        NO_RIGHT,
    ),
    "notify-function": (
        "send notifications by function",
        ("SELECT pg_notify('mensa', 'a name')",),
        NO_RIGHT,
    ),
    "grant": (
        "give its rights to others",
        ("GRANT EXECUTE ON FUNCTION book(jsonb, bytea) TO PUBLIC",),
        NO_RIGHT,
    ),
}
