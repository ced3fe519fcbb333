"""A ledger in which every table has rows, and hands that change what they may not.

Whoever owns the machine can drop the guards, change a row, and put the guards back. The hands
here do that inside a transaction which is taken back when the proof was made.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bank_lines import (
    FRIDAY,
    IBAN,
    OTHER_IBAN,
    assign,
    digest,
    keep,
    line,
    open_bank,
    reading,
)
from builders import MONDAY, NOON, eur, row
from ledgers import Ledger, lived
from proven_cards import begun, proven_card, uid
from sqlalchemy import CheckConstraint, Column, LargeBinary, Table, text
from sqlalchemy import Text as TextType
from sqlalchemy.exc import DBAPIError

from accounts import incarnations
from accounts.access import Look, log_looks
from accounts.allocations import Mark, NewAllocation, Rule, allocate, mark_line
from accounts.approvals import Ask, ask, decide
from accounts.bank_accounts import bank_accounts
from accounts.bank_book import ledger_balance, note_days
from accounts.card_alerts import Alert, keep_alerts
from accounts.card_issuing import give_up
from accounts.card_matters import note_seen
from accounts.clock import FixedClock
from accounts.closings import Closed, close_month
from accounts.database import Database, Session
from accounts.holdings import BlockReason, CardRefusal, block_card, issue_card
from accounts.intake import book_facts
from accounts.ledger import Booked, Draft, EntryKind, Move, book, next_key
from accounts.rights import Act, Role
from accounts.schools import close_day
from accounts.seals import make_seal
from accounts.sign_ins import sign_in_by_password
from accounts.staff import add_staff
from accounts.tables import bank, kiosks, meals
from accounts.tables.types import Day
from accounts.tariffs import entitle
from accounts.users import add_user

DECEMBER = datetime(2026, 12, 1, 7, 0, tzinfo=UTC)
PASSWORD = "ein langes Kennwort"

APART = {
    "identity": "Personenbezogen; muss spurlos gelöscht werden können, kein Betrag hängt daran.",
    "school_number": "Personenbezogen; muss spurlos gelöscht werden können, kein Betrag hängt daran.",
    "kiosk_seen": "Was eine Kasse zuletzt von sich sagte; kein Teil der Bücher.",
    "office_session": "Wer gerade angemeldet ist; kein Teil der Bücher.",
    "bank_raw": "Personenbezogen und verschlüsselt; löschbar, kein Betrag hängt daran.",
    "bank_line_text": "Personenbezogen und verschlüsselt; löschbar, kein Betrag hängt daran.",
    "refund_payee": "Personenbezogen und verschlüsselt; löschbar, kein Betrag hängt daran.",
    "payment_run_raw": "Personenbezogen und verschlüsselt; löschbar, kein Betrag hängt daran.",
    "tan_question": "Was die Bank gerade fragt; kein Teil der Bücher.",
}
"""Tables whose rows nothing proves, and why."""


def whole(database: Database) -> Ledger:
    """The history of ``lived`` and a row in every other table, a closed month, two seals."""
    ledger = lived(database)
    school = ledger.school
    with database.write() as db:
        users = [
            add_user(db, name=name, password=PASSWORD, role=role, school_id=where, at=NOON)
            for name, role, where in (
                ("admin", Role.ADMINISTRATOR, None),
                ("anna", Role.TREASURY, None),
                ("bert", Role.TREASURY, None),
                ("kurt", Role.KITCHEN, school.id),
            )
        ]
        assert all(isinstance(one, int) for one in users)
        _, anna, bert, _ = (int(one) for one in users if isinstance(one, int))
        _cards(db, ledger)
        number = _approved(db, ledger, anna, bert)
        entitle(db, pupil_id=ledger.third, tariff_id=school.funded, valid_from=date(2026, 12, 1),
                valid_to=date(2026, 12, 31), at=NOON)  # fmt: skip
        entitle(db, pupil_id=school.payer, tariff_id=school.funded, valid_from=date(2027, 1, 1),
                valid_to=None, at=NOON)  # fmt: skip
        for ahead, why in ((30, "Ferien"), (31, "Brückentag")):
            close_day(db, school_id=school.id, day=MONDAY + timedelta(ahead), why=why, at=NOON)
        db.execute(
            text("UPDATE pupil SET day_limit_cents = 500 WHERE id = :p"), {"p": ledger.third}
        )
        row(db, meals.tax_rule, operator_kind="commercial", person_kind="staff",
            item_class="lunch", service="dine_in", valid_from=date(2026, 1, 1), tax_key=2,
            rate_permille=70)  # fmt: skip
        row(db, meals.funding_body, name="Stiftung")
        row(db, meals.operator, name="Küche GmbH", kind="commercial", settled_as="payable")
        _by_two(db, ledger, number)
        _bank(db, ledger, anna, bert)
    with database.write() as db:
        for seq, seen in ((1, school.payer), (2, None)):
            log_looks(db, school.kiosk.origin_id, [Look(1, seq, NOON, "staff:1", seen, "balance")])
        school.kiosk.seq = 0
        for _ in range(2):
            forged = school.kiosk.charge(school.payer, school.veggie)
            assert book_facts(db, school.kiosk.origin_id, [forged], now=NOON)[0].alarm
    for password in ("falsch", PASSWORD):
        sign_in_by_password(database, name="anna", password=password, at=NOON)
    make_seal(database, actor="test", clock=FixedClock(NOON))
    _close(database, ledger)
    with database.write() as db:
        incarnations.begin(db, why=incarnations.Why.RESTORED, actor="test", at=DECEMBER)
    make_seal(database, actor="test", clock=FixedClock(DECEMBER))
    return ledger


def _cards(db: Session, ledger: Ledger) -> None:
    school = ledger.school
    for number, holder in enumerate((school.payer, ledger.third)):
        card = issue_card(db, uid_hmac=bytes([number + 1]) * 32, pupil_id=holder, actor="office",
                          at=NOON)  # fmt: skip
        assert not isinstance(card, CardRefusal)
        if number:
            block_card(db, card_id=card.id, reason=BlockReason.LOST, actor="office", at=NOON)
    for label in ("Köchin", "Aushilfe"):
        add_staff(db, school_id=school.id, label=label, pin="135790", at=NOON)
    given_up = begun(db, "given up", pupil_id=school.guest_of_the_state)
    give_up(db, given_up.id, reason="verloren", actor="office", at=NOON)
    old = proven_card(db, "old", school.id, pupil_id=school.guest_of_the_state)
    proven_card(db, "new", school.id, pupil_id=school.guest_of_the_state, replaces=old.id)
    alerts = [
        Alert(1, seq, NOON, "wrong_key", uid(name)) for seq, name in enumerate(("old", "new"), 1)
    ]
    keep_alerts(db, school.kiosk.origin_id, alerts, now=NOON)
    for ref, note in (("a1", "Kopie"), ("a2", "Kind befragt")):
        assert note_seen(db, ref, note=note, actor="office", at=NOON) is None


def _approved(db: Session, ledger: Ledger, anna: int, bert: int) -> int:
    """Two requests, the first used later; both decided, the second one first."""
    move = Move("opening", f"pupil:{ledger.third}", eur("1"))
    asked = [
        ask(db, Ask(Act.CREDIT_MANUAL, anna, why, ledger.school.id, ledger.third, move), at=NOON)
        for why in ("Kulanz", "noch einmal")
    ]
    first, second = (int(one) for one in asked if isinstance(one, int))
    for number, yes in ((second, False), (first, True)):
        told = decide(db, request_id=number, approver_id=bert, approved=yes, at=NOON,
                      reason=None if yes else "zu viel")  # fmt: skip
        assert told is None, told
    return first


def _bank(db: Session, ledger: Ledger, anna: int, bert: int) -> None:
    """Two rows in every table of the bank, each as the ledger itself would have it."""
    for number, (iban, pupil) in enumerate(
        ((IBAN, ledger.third), (OTHER_IBAN, ledger.school.payer)), 1
    ):
        account = open_bank(db, iban=iban)
        first, back, out = keep(
            db, account, line((number, "in"), 3000), line((number, "back"), -1000, end_to_end=digest("id", number)),
            line((number, "out"), -500),
        )  # fmt: skip
        assign(db, first, 2500, f"pupil:{pupil}", evidence={"code": "BCDFGH"})
        assign(db, back, -1000, f"pupil:{pupil}", rule=Rule.RETURN, of_line=first)
        note_days(
            db, account, {FRIDAY: ledger_balance(db, account, day=FRIDAY)}, family="camt",
            reading_id=reading(db, f"day {number}", account=account),
        )  # fmt: skip
        mark_line(db, line_id=first, mark=Mark.SET_ASIDE, reason="Brief", actor="office", now=NOON)
        row(db, bank.reference, pupil_id=pupil, code=f"BCDFG{number}", at_us=NOON)
        row(db, bank.bank_fetch, access=f"giro {number}", at_us=NOON, ended_us=NOON, outcome="failed",
            reason="no_answer", detail="", actor="office")  # fmt: skip
        household = row(db, bank.household, since_us=NOON, until_us=NOON if number == 1 else None)
        row(db, bank.household_member, household_id=household, pupil_id=pupil, share=number)
        move = Move(f"pupil:{pupil}", "refunds", eur("5"))
        asked = ask(db, Ask(Act.REFUND, anna, "Wegzug", ledger.school.id, pupil, move), at=NOON)
        assert isinstance(asked, int), asked
        assert decide(db, request_id=asked, approver_id=bert, approved=True, at=NOON) is None
        given = Draft(
            key=next_key(db, ledger.school.office), kind=EntryKind.REFUND, occurred_at=NOON,
            actor="office", moves=(move,), pupil_id=pupil, school_id=ledger.school.id,
            reason="Wegzug", request_id=asked,
        )  # fmt: skip
        assert isinstance(book(db, given, now=NOON), Booked)
        refund = row(db, bank.refund, request_id=asked, pupil_id=pupil, line_id=first, cents=500,
                     actor="office", at_us=NOON)  # fmt: skip
        run = row(db, bank.payment_run, message_id=f"M{number}", count=1, cents=500,
                  digest=digest("run", number), actor="office", at_us=NOON)  # fmt: skip
        attempt = row(db, bank.refund_attempt, refund_id=refund, run_id=run,
                      end_to_end=f"E{number}", at_us=NOON)  # fmt: skip
        paid = NewAllocation(out, "refunds", -eur("5"), Rule.REFUND_PAID, {}, attempt_id=attempt)
        assert isinstance(allocate(db, [paid], actor="import", now=NOON), tuple)
        _go_live(db, number, anna, bert)


def _go_live(db: Session, number: int, anna: int, bert: int) -> None:
    told = {"digest": digest("list", number).hex(), "count": 0, "cents": 0}
    asked = ask(db, Ask(Act.OPENING_BOOK, anna, "Übernahme", detail=told), at=NOON)
    assert isinstance(asked, int), asked
    assert decide(db, request_id=asked, approver_id=bert, approved=True, at=NOON) is None
    row(db, bank.go_live, request_id=asked, digest=digest("list", number), count=0, cents=0,
        actor="office", at_us=NOON + timedelta(seconds=number))  # fmt: skip


def _by_two(db: Session, ledger: Ledger, number: int) -> None:
    draft = Draft(
        key=next_key(db, ledger.school.office),
        kind=EntryKind.CORRECTION,
        occurred_at=NOON,
        actor="user:2",
        moves=(Move("opening", f"pupil:{ledger.third}", eur("1")),),
        pupil_id=ledger.third,
        school_id=ledger.school.id,
        reason="Kulanz",
        request_id=number,
    )
    assert isinstance(book(db, draft, now=NOON), Booked)


def _close(database: Database, ledger: Ledger) -> None:
    with database.write() as db:
        for origin in (ledger.school.kiosk.origin_id, ledger.school.other_kiosk.origin_id):
            seen = {"origin_id": origin, "at_us": DECEMBER, "waiting": 0, "software": "1"}
            db.execute(kiosks.kiosk_seen.insert(), seen)
        last = date(2026, 11, 30)
        for account in bank_accounts(db):
            said = reading(db, f"end {account.id}", account=account, last=last, at=DECEMBER)
            closing = ledger_balance(db, account, day=last)
            note_days(db, account, {last: closing}, family="camt", reading_id=said)
    done = close_month(database, month="2026-11", actor="user:2", clock=FixedClock(DECEMBER),
                       software="1.2.3")  # fmt: skip
    assert isinstance(done, Closed), done
    with database.write() as db:
        late = Draft(
            key=next_key(db, ledger.school.office),
            kind=EntryKind.OPENING,
            occurred_at=NOON + timedelta(hours=1),
            actor="office",
            moves=(Move("opening", "fees", eur("2")),),
        )
        assert isinstance(book(db, late, now=DECEMBER), Booked)


@contextmanager
def unguarded(database: Database, table: Table) -> Iterator[Session]:
    """A transaction in which no guard of that table fires; everything in it is taken back.

    ``restore`` must be called before the proof, so that what it finds is the row.
    """
    with database.engine.connect() as db:
        if database.is_sqlite:
            for pragma in ("foreign_keys = OFF", "ignore_check_constraints = ON"):
                db.exec_driver_sql(f"PRAGMA {pragma}")
            db.commit()
            db.execution_options(sqlite_begin="IMMEDIATE")
        with db.begin() as transaction:
            if not database.is_sqlite:
                db.execute(text("SET LOCAL session_replication_role = replica"))
                for check in table.constraints:
                    if isinstance(check, CheckConstraint):
                        db.exec_driver_sql(f"ALTER TABLE {table.name} DROP CONSTRAINT {check.name}")
                yield db
            else:
                kept = db.execute(
                    text("SELECT name, sql FROM sqlite_master"
                         " WHERE type = 'trigger' AND tbl_name = :table"),
                    {"table": table.name},
                ).all()  # fmt: skip
                for name, _ in kept:
                    db.exec_driver_sql(f"DROP TRIGGER {name}")
                db.info["kept"] = [made for _, made in kept]
                yield db
            transaction.rollback()
        db.invalidate()


def restore(db: Session) -> None:
    """Put the guards back."""
    for made in db.info.pop("kept", ()):
        db.exec_driver_sql(made)


def flips(column: "Column[Any]", was: Any) -> Iterator[Any]:
    """Other values the column could have, the likeliest first; as the database keeps them."""
    for check in column.table.constraints:
        if isinstance(check, CheckConstraint):
            said = re.match(rf"{column.name} IN \((.*)\)$", str(check.sqltext))
            if said:
                allowed = [part.strip().strip("'") for part in said[1].split(",")]
                yield from (
                    type(was)(one) for one in allowed if was is not None and one != str(was)
                )
    if isinstance(column.type, Day):
        day = date(2026, 1, 1) if was is None else was
        yield from (day + timedelta(days) for days in (1, -1, 400))
    elif isinstance(column.type, LargeBinary):
        yield bytes([was[0] ^ 1]) + was[1:]
    elif isinstance(column.type, TextType):
        yield from ("x" if was is None else f"{was}x", f"{was}"[:-1], f"{was}"[:-1] + "9")
    else:
        yield from ((1, 7) if was is None else (was + 1, was - 1, was + 1000, 1 - was))
    if was is not None:
        yield None


def plain_row(db: Session, table: Table, column: "Column[Any]") -> tuple[dict[str, Any], Any]:
    """The key of the first row in which the column says something, and what it says."""
    name = f'"{column.name}"'
    keys = [c.name for c in table.primary_key]
    found = db.execute(
        text(f"SELECT {name}, {', '.join(keys)} FROM {table.name}"
             f" ORDER BY {name} IS NULL, {', '.join(keys)} LIMIT 1")
    ).one()  # fmt: skip
    was = found[0]
    if isinstance(column.type, Day) and isinstance(was, str):
        was = date.fromisoformat(was)
    return dict(zip(keys, found[1:], strict=True)), was


def flip(db: Session, table: Table, column: "Column[Any]") -> bool:
    """Change one value of one row; False where the database takes no other value."""
    key, was = plain_row(db, table, column)
    where = " AND ".join(f"{name} = :key_{name}" for name in key)
    change = text(f'UPDATE {table.name} SET "{column.name}" = :new WHERE {where}')
    for new in flips(column, was):
        told = new.isoformat() if isinstance(new, date) and db.dialect.name == "sqlite" else new
        attempt = db.begin_nested()
        try:
            done = db.execute(change, {"new": told, **{f"key_{n}": v for n, v in key.items()}})
        except DBAPIError:
            attempt.rollback()
            continue
        attempt.commit()
        assert done.rowcount == 1
        return True
    return False
