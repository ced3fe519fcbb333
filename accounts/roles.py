"""Who may do what in a PostgreSQL ledger: three group roles, named after the database.

- ``NAME_auditor`` reads every table and executes nothing that could write.
- ``NAME_office`` reads every table and writes master data; into the journal it comes only by
  ``book``. It changes and deletes nothing there and makes nothing in the schema.
- ``NAME_kiosk`` executes ``kiosk_drain`` and ``kiosk_news`` and may nothing else, not even make a
  temporary table or take an advisory lock.

The ledger's owner owns everything and is nobody's daily login. Granting is repeated at every
upgrade and takes back whatever else was granted to these roles or to everybody.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import text

from accounts.database import Database, Session

GROUPS = ("office", "kiosk", "auditor")
KIOSK_FUNCTIONS = ("kiosk_drain(jsonb)", "kiosk_news(jsonb)")
OFFICE_FUNCTIONS = ("book", "enrol_login", "revoke_login", "end_stuck_kiosks", "holds_right")
"""Those that write. Whatever cannot write (immutable, stable) every role but a kiosk's may ask."""

_INSERT = frozenset(
    {
        *("school", "closed_day", "origin", "change"),
        *("pupil", "identity", "school_number", "membership", "account", "balance"),
        *("staff", "card", "card_event", "access_log", "alarm"),
        *("card_issue", "card_step", "card_secret", "card_key", "card_alert_seen"),
        *("operator", "funding_body", "tariff", "entitlement", "offer", "price", "tax_rule"),
        *("seal", "stretch", "closing", "closing_sum"),
        *("office_user", "office_role", "sign_in", "request", "decision", "office_session"),
        *("reference", "bank_account", "bank_file", "bank_raw", "bank_reading", "bank_day"),
        *("bank_line", "bank_line_text", "line_mark", "allocation", "bank_fetch", "tan_question"),
        *("household", "household_member", "go_live"),
        *("refund", "refund_payee", "payment_run", "payment_run_raw", "refund_attempt"),
    }
)
_UPDATE: dict[str, str] = {
    **dict.fromkeys(
        (
            *("school", "pupil", "identity", "school_number", "membership", "staff"),
            *("entitlement", "tax_rule", "office_role", "office_user", "office_session"),
        ),
        "",
    ),
    "card": "state",
    "card_key": "key_id, sealed, at_us",
    "origin": "revoked_us",
    "bank_account": "until_us",
    "household": "until_us",
    "tan_question": "answer, ended",
}
"""The columns where not all may be changed."""
_DELETE = frozenset(
    {
        *("closed_day", "price", "office_session", "tan_question"),
        # Personal data, sealed: erased, never changed.
        *("bank_raw", "bank_line_text", "refund_payee", "payment_run_raw"),
    }
)

# Everybody may call these in any PostgreSQL. A kiosk could hold up a closing with a lock, fill
# the disk with large objects, or sleep on a connection.
_DANGEROUS = """
    SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
      AND (p.proname ~ '^pg_(try_)?advisory' OR p.proname ~ '^pg_sleep'
           OR p.proname ~ '^lo_' OR p.proname IN ('lowrite', 'loread', 'pg_notify'))
    ORDER BY 1"""
_OURS = """
    SELECT p.oid::regprocedure::text, p.proname, p.provolatile
    FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f'
      AND p.prorettype <> 'trigger'::regtype
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    ORDER BY 1"""
_LOGINS = """
    SELECT k.login FROM origin k JOIN pg_roles r ON r.rolname = k.login
    WHERE k.revoked_us IS NULL ORDER BY 1"""
_SELF = """
    SELECT current_user::text AS name, current_database()::text AS database, r.rolsuper,
           r.rolcreaterole OR r.rolsuper AS makes_roles,
           pg_has_role(d.datdba, 'USAGE') AS owns_database,
           pg_has_role((SELECT relowner FROM pg_class WHERE oid = 'entry'::regclass), 'USAGE')
             AS owns_ledger
    FROM pg_roles r, pg_database d
    WHERE r.rolname = current_user AND d.datname = current_database()"""


@dataclass(frozen=True, slots=True)
class RoleNames:
    """The names of a ledger's group roles."""

    office: str
    kiosk: str
    auditor: str


def role_names(db: Session) -> RoleNames:
    """The names this ledger's group roles have or would have."""
    office, kiosk, auditor = (
        str(db.execute(text("SELECT ledger_role(:part)"), {"part": part}).scalar_one())
        for part in GROUPS
    )
    return RoleNames(office, kiosk, auditor)


def install_roles(database: Database) -> tuple[str, ...]:
    """Make the group roles where they are missing, and grant each just what it needs.

    Returns the statements that somebody with more rights has to run for it to be whole: as a
    role that may make roles, as the database's owner, or as a superuser. Nothing is made or
    granted on SQLite, nor by anybody but the ledger's owner. Call it after every upgrade and after
    a restore.
    """
    if database.is_sqlite:
        return ()
    hints: list[str] = []
    with database.write() as db:
        me = db.execute(text(_SELF)).one()
        if not me.owns_ledger:
            return ()
        names = role_names(db)
        known = set(db.execute(text("SELECT rolname FROM pg_roles")).scalars())
        wanted = [name for name in (names.office, names.kiosk, names.auditor) if name not in known]
        making = [f"CREATE ROLE {quoted(name)} NOLOGIN" for name in wanted]
        if making and not me.makes_roles:
            return (*making, "-- and then again: mensa db upgrade")
        _run(db, making)
        _run(db, _grants(db, names))
        for may, statements in (
            (me.owns_database or me.rolsuper, list(_on_database(me.database, names))),
            (me.rolsuper, list(_on_catalogue(db, names, owner=me.name))),
        ):
            if may:
                _run(db, statements)
            else:
                hints += statements
    return tuple(hints)


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def _run(db: Session, statements: Iterable[str]) -> None:
    for statement in statements:
        db.exec_driver_sql(statement.replace("%", "%%"))


def _on_database(database: str, names: RoleNames) -> Iterator[str]:
    every = ", ".join(map(quoted, (names.office, names.kiosk, names.auditor)))
    yield f"REVOKE ALL ON DATABASE {quoted(database)} FROM PUBLIC"
    yield f"GRANT CONNECT ON DATABASE {quoted(database)} TO {every}"
    yield "REVOKE ALL ON SCHEMA public FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA public TO {every}"


def _on_catalogue(db: Session, names: RoleNames, *, owner: str) -> Iterator[str]:
    dangerous = ", ".join(db.execute(text(_DANGEROUS)).scalars())
    locks = ", ".join(
        one
        for one in db.execute(text(_DANGEROUS)).scalars()
        if one.startswith(("pg_advisory", "pg_try_advisory"))
    )
    yield f"REVOKE EXECUTE ON FUNCTION {dangerous} FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION {locks} TO {quoted(names.office)}, {quoted(owner)}"


def _grants(db: Session, names: RoleNames) -> Iterator[str]:
    office, kiosk, auditor = map(quoted, (names.office, names.kiosk, names.auditor))
    every = f"PUBLIC, {office}, {kiosk}, {auditor}"
    for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        yield f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM {every}"
    yield "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC"
    yield f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {office}, {auditor}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {office}"
    yield f"GRANT INSERT ON {', '.join(map(quoted, sorted(_INSERT)))} TO {office}"
    yield f"GRANT DELETE ON {', '.join(map(quoted, sorted(_DELETE)))} TO {office}"
    for table, columns in sorted(_UPDATE.items()):
        which = f" ({columns})" if columns else ""
        yield f"GRANT UPDATE{which} ON {quoted(table)} TO {office}"
    for signature, name, volatile in db.execute(text(_OURS)).all():
        if signature in KIOSK_FUNCTIONS:
            yield f"GRANT EXECUTE ON FUNCTION {signature} TO {kiosk}"
        elif volatile != "v":
            yield f"GRANT EXECUTE ON FUNCTION {signature} TO {office}, {auditor}"
        elif name in OFFICE_FUNCTIONS:
            yield f"GRANT EXECUTE ON FUNCTION {signature} TO {office}"
    for login in db.execute(text(_LOGINS)).scalars().all():
        yield f"GRANT {kiosk} TO {quoted(login)}"
