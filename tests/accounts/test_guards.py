"""The database refuses, whoever writes: plain SQL on both engines, nothing changed after it.

Three doors: SQLite as this software opens it, SQLite as any other program opens it (foreign
keys off), PostgreSQL through its own driver. What only a foreign key stops, SQLite lets in
by the second door; ``verify`` finds it there, and a test says so.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from builders import row
from ledgers import ENGINES, Ledger, copy_of, fresh, lived, plain_postgresql, plain_sqlite, state
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from accounts.guards import JournalRefused
from accounts.proof import CheckName
from accounts.tables import journal, meals
from accounts.verify import verify

DOORS = ["sqlite", "plain sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@dataclass(frozen=True, slots=True)
class Door:
    """A ledger and the way in that is tried."""

    name: str
    ledger: Ledger
    words: dict[str, int]

    def try_all(self, statements: list[str]) -> str:
        """Run the statements in one transaction; what stopped them, or "" if all went in."""
        spelled = [statement.format(**self.words) for statement in statements]
        database = self.ledger.database
        try:
            if self.name == "sqlite":
                with database.write() as db:
                    for statement in spelled:
                        db.exec_driver_sql(statement)
            elif self.name == "plain sqlite":
                with plain_sqlite(database) as raw:
                    raw.execute("BEGIN IMMEDIATE")
                    for statement in spelled:
                        raw.execute(statement)
                    raw.execute("COMMIT")
            else:
                with plain_postgresql(database) as connection, connection.transaction():
                    for statement in spelled:
                        connection.execute(statement.encode())
        except JournalRefused as refused:
            return f"mensa:{refused.code}"
        except (DBAPIError, sqlite3.Error, psycopg.Error) as error:
            return str(error)
        return ""


@pytest.fixture(scope="module", params=DOORS)
def door(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    engine = "postgresql" if request.param == "postgresql" else "sqlite"
    database = fresh(request, engine, tmp_path_factory.mktemp("guards"))
    ledger = lived(database)
    yield Door(request.param, ledger, ledger.words() | others(ledger))
    database.close()


def others(ledger: Ledger) -> dict[str, int]:
    """A second caterer and a second funding body, with their accounts."""
    with ledger.database.write() as db:
        cook = row(db, meals.operator, name="Firma", kind="commercial", settled_as="revenue")
        revenue = row(db, journal.account, name=f"revenue:{cook}:6", kind="revenue",
                      operator_id=cook, tax_key=6)  # fmt: skip
        body = row(db, meals.funding_body, name="Stiftung")
        receivable = row(db, journal.account, name=f"receivable:{body}", kind="receivable",
                         funding_body_id=body)  # fmt: skip
    return {
        "other_revenue": revenue,
        "other_receivable": receivable,
        "reduced": ledger.school.funded,
    }


AT = "1795431600000000, 1795431600000000"  # 2026-11-23 11:00 UTC, noon in Germany
H32 = "CAST('01234567890123456789012345678901' AS {bytes})"


def entry(
    kind: str = "'topup'",
    *,
    origin: str = "{office}",
    seq: str = "6",
    pupil: str = "{payer}",
    school: str = "NULL",
    day: str = "'2026-11-23'",
    reverses: str = "NULL",
    transfers: str = "1",
    lines: str = "NULL",
    number: str = "",
    late_on: str = "NULL",
) -> str:
    columns = "id, " if number else ""
    values = f"{number}, " if number else ""
    return (
        f"INSERT INTO entry ({columns}origin_id, epoch, seq, kind, school_id, pupil_id, day,"
        " occurred_us, recorded_us, actor, reverses, transfers, lines, content, late_on)"
        f" VALUES ({values}{origin}, 1, {seq}, {kind}, {school}, {pupil}, {day}, {AT}, 'x',"
        f" {reverses}, {transfers}, {lines}, {H32}, {late_on})"
    )


NEWEST = "(SELECT max(id) FROM entry)"


def transfer(
    entry_id: str = NEWEST,
    *,
    no: str = "1",
    debit: str = "{opening}",
    credit: str = "{payer_account}",
    cents: str = "100",
    number: str = "",
) -> str:
    columns = "id, " if number else ""
    values = f"{number}, " if number else ""
    return (
        f"INSERT INTO transfer ({columns}entry_id, no, debit_id, credit_id, cents)"
        f" VALUES ({values}{entry_id}, {no}, {debit}, {credit}, {cents})"
    )


def line(
    entry_id: str = NEWEST,
    *,
    no: str = "1",
    tariff: str = "{full}",
    quantity: str = "1",
    share: str = "420",
    tax: str = "6",
) -> str:
    return (
        "INSERT INTO line (entry_id, no, offer_id, tariff_id, item_class, quantity,"
        " price_cents, share_cents, tax_key, rate_permille)"
        f" VALUES ({entry_id}, {no}, {{lunch}}, {tariff}, 'lunch', {quantity}, 420, {share},"
        f" {tax}, 0)"
    )


def meal(*rows: str, transfers: str = "1", lines: str = "1") -> list[str]:
    """A charge of the payer by the office, with these transfers and lines."""
    return [entry("'charge'", school="{school}", transfers=transfers, lines=lines), *rows]


def paid(
    cents: str, *, debit: str = "{payer_account}", credit: str = "{revenue}", no: str = "1"
) -> str:
    return transfer(no=no, debit=debit, credit=credit, cents=cents)


def fact(*, seq: str = "6", origin: str = "{a}", day: str = "'2026-11-23'") -> str:
    return (
        "INSERT INTO fact (origin_id, epoch, seq, kind, pupil_id, day, occurred_us, recorded_us,"
        f" items, chain) VALUES ({origin}, 1, {seq}, 'charge', {{third}}, {day}, {AT},"
        f" '[[{{lunch}},1]]', {H32})"
    )


def at_once(*inserts: str) -> str:
    """The rows of several INSERTs into one table as one statement."""
    head, _, _ = inserts[0].partition(" VALUES ")
    rows = [insert.partition(" VALUES ")[2] for insert in inserts]
    return f"{head} VALUES {', '.join(rows)}"


GUARDED = {
    "entry": "actor = 'x'",
    "transfer": "cents = 1",
    "line": "share_cents = 0",
    "fact": "reason = 'x'",
    "account": "name = 'x'",
    "quarantine": "reason = 'x'",
}

# name: (statements of one transaction, what the refusal says). An asterisk marks what only a
# foreign key stops: the plain door of SQLite lets it in.
ATTACKS: dict[str, tuple[list[str], str]] = {
    **{f"update {t}": ([f"UPDATE {t} SET {s}"], "mensa:append_only") for t, s in GUARDED.items()},
    **{f"delete from {t}": ([f"DELETE FROM {t}"], "mensa:append_only") for t in GUARDED},
    "delete a balance": (["DELETE FROM balance"], "mensa:append_only"),
    "unbalanced: an entry without its transfer *": ([entry()], "oreign key|FOREIGN KEY"),
    "unbalanced: one transfer of two *": (
        [entry(transfers="2"), transfer()],
        "oreign key|FOREIGN KEY",
    ),
    "a charge without its lines *": (
        [
            entry("'charge'", school="{school}", lines="1"),
            transfer(debit="{payer_account}", credit="{revenue}"),
        ],
        "oreign key|FOREIGN KEY",
    ),
    "a negative transfer": (
        [entry(), transfer(cents="-100")],
        "mensa:not_positive|ck_transfer_positive",
    ),
    "a transfer of nothing": (
        [entry(), transfer(cents="0")],
        "mensa:not_positive|ck_transfer_positive",
    ),
    "a transfer to itself": (
        [entry(), transfer(debit="{payer_account}")],
        "mensa:two_accounts|ck_transfer_two_accounts|mensa:balance_by_hand",
    ),
    "money from an account that is not there": (
        [entry(), transfer(debit="9999")],
        "mensa:unknown_account|fk_transfer_debit_id",
    ),
    "a transfer of half a cent": (
        [entry(), transfer(cents="'0.5'")],
        "cannot store|invalid input syntax",
    ),
    "an entry of no transfers": ([entry(transfers="0")], "ck_entry_transfers"),
    "one more transfer on an old entry": (
        [transfer("{paid}", no="2")],
        "mensa:not_in_entry",
    ),
    "the second transfer first": (
        [entry(transfers="2"), transfer(no="2")],
        "mensa:not_in_entry",
    ),
    "the same transfer again": (
        [transfer("{paid}")],
        "mensa:append_only|mensa:not_in_entry|uq_transfer_entry_id_no",
    ),
    "one more line on an old entry": ([line("{meal}", no="3")], "mensa:not_in_entry"),
    "a line on an entry that is no meal": ([line("{paid}")], "mensa:not_in_entry"),
    "a second reversal": (
        [
            entry("'reversal'", reverses="{taken_back}", pupil="{third}"),
            transfer(debit="{payer_account}", credit="{opening}"),
        ],
        "mensa:already_reversed|uq_entry_reverses",
    ),
    "a reversal of a reversal": (
        [entry("'reversal'", reverses="{take_back}", pupil="{third}")],
        "mensa:not_reversible",
    ),
    "a reversal of nothing": ([entry("'reversal'")], "ck_entry_reversal_names_target"),
    "a reversal of an entry that is not there": (
        [entry("'reversal'", reverses="9999")],
        "mensa:not_reversible|fk_entry_reverses",
    ),
    "a reversal for another child": (
        [entry("'reversal'", reverses="{paid}", pupil="{third}")],
        "mensa:not_reversible",
    ),
    "a reversal that gives back more": (
        [
            entry("'reversal'", reverses="{paid}"),
            transfer(debit="{payer_account}", credit="{opening}", cents="2001"),
        ],
        "mensa:not_mirrored",
    ),
    "a reversal in the same direction": (
        [entry("'reversal'", reverses="{paid}"), transfer(cents="2000")],
        "mensa:not_mirrored",
    ),
    "a balance set": (["UPDATE balance SET cents = 100000"], "mensa:balance_by_hand"),
    "a balance raised by a cent": (
        ["UPDATE balance SET cents = cents + 1 WHERE account_id = {payer_account}"],
        "mensa:balance_by_hand",
    ),
    "a transfer applied once more": (
        [
            (
                "UPDATE balance SET cents = cents + 2000, transfer_id ="
                " (SELECT id FROM transfer WHERE entry_id = {paid})"
                " WHERE account_id = {payer_account}"
            )
        ],
        "mensa:balance_by_hand",
    ),
    "a balance moved by another child's transfer": (
        [
            (
                "UPDATE balance SET cents = cents + 1000, transfer_id ="
                " (SELECT max(id) FROM transfer) WHERE account_id = {poor_account}"
            )
        ],
        "mensa:balance_by_hand",
    ),
    "a balance given to another account": (
        ["UPDATE balance SET account_id = {opening} WHERE account_id = {payer_account}"],
        "mensa:balance_by_hand",
    ),
    "a balance for an account without a limit": (
        ["INSERT INTO balance (account_id, cents, transfer_id) VALUES ({opening}, 0, 0)"],
        "mensa:balance_by_hand",
    ),
    "a second balance row over the first": (
        [
            (
                "INSERT INTO balance (account_id, cents, transfer_id) VALUES ({payer_account}, 5, 0)"
                " ON CONFLICT (account_id) DO UPDATE SET cents = 100000"
            )
        ],
        "mensa:balance_by_hand",
    ),
    "two children in one entry": (
        [
            entry(transfers="2"),
            transfer(),
            transfer(no="2", debit="{payer_account}", credit="{poor_account}"),
        ],
        "mensa:one_pupil",
    ),
    "a child's money in an entry of nobody": (
        [entry(pupil="NULL"), transfer()],
        "mensa:one_pupil",
    ),
    "a meal credited to a child": (
        [
            entry("'charge'", school="{school}", lines="1"),
            transfer(debit="{receivable}"),
        ],
        "mensa:charge_accounts",
    ),
    "a charge of a child that is not at the school": (
        [entry("'charge'", school="{school}", pupil="{stranger}", lines="1")],
        "mensa:not_member",
    ),
    "a charge at another school": (
        [entry("'charge'", school="{elsewhere}", lines="1")],
        "mensa:not_member",
    ),
    "a kiosk's entry without its fact": (
        [entry("'charge'", origin="{a}", school="{school}", lines="1")],
        "mensa:no_fact",
    ),
    "a kiosk's entry for a fact in quarantine": (
        [entry("'charge'", origin="{a}", seq="5", school="{school}", lines="1")],
        "mensa:no_fact",
    ),
    "a quarantine for a booked fact": (
        [
            (
                "INSERT INTO quarantine (fact_id, reason)"
                " SELECT id, 'ahead' FROM fact WHERE origin_id = {a} AND seq = 1"
            )
        ],
        "mensa:append_only",
    ),
    "a gap in an office's numbers": ([entry(seq="7"), transfer()], "mensa:gap"),
    "a number twice": (
        [entry(seq="5"), transfer()],
        "mensa:key_used|uq_entry_origin_id_epoch_seq",
    ),
    "an entry over another": (
        [
            entry(seq="5") + " ON CONFLICT (origin_id, epoch, seq) DO UPDATE SET actor = 'y'",
        ],
        "mensa:key_used|mensa:append_only",
    ),
    "a day that is not the moment's": ([entry(day="'2026-11-24'"), transfer()], "mensa:wrong_day"),
    "a gap in a kiosk's facts": ([fact(seq="7")], "mensa:gap"),
    "a fact twice": (
        [fact(seq="5")],
        "mensa:append_only|mensa:gap|uq_fact_origin_id_epoch_seq",
    ),
    "a fact over another": (
        [fact(seq="5") + " ON CONFLICT (origin_id, epoch, seq) DO UPDATE SET pupil_id = 1"],
        "mensa:append_only|mensa:gap",
    ),
    "a fact of an office": ([fact(origin="{office}", seq="1")], "mensa:not_a_kiosk"),
    "a fact of another day": ([fact(day="'2026-11-22'")], "mensa:wrong_day"),
    "an account over another": (
        [
            (
                "INSERT INTO account (name, kind) VALUES ('opening', 'opening')"
                " ON CONFLICT (name) DO UPDATE SET kind = 'fees'"
            )
        ],
        "mensa:append_only",
    ),
}

# The same in sets: each row is wrong only beside another, or right only in sum.
ATTACKS |= {
    "entries with one number": (
        [at_once(entry(), entry())],
        "mensa:key_used|uq_entry_origin_id_epoch_seq",
    ),
    "entries with a gap among them": ([at_once(entry(), entry(seq="8"))], "mensa:gap"),
    "entries in the wrong order": ([at_once(entry(seq="7"), entry(seq="6"))], "mensa:gap"),
    "an entry taken back twice at once": (
        [
            at_once(
                entry("'reversal'", reverses="{paid}"),
                entry("'reversal'", reverses="{paid}", seq="7"),
            )
        ],
        "mensa:already_reversed|uq_entry_reverses",
    ),
    "a wrong entry behind a right one": (
        [at_once(entry(), entry(seq="7", day="'2026-11-24'"))],
        "mensa:wrong_day",
    ),
    "another child's money there and back again": (
        [
            entry(transfers="2"),
            at_once(
                transfer(credit="{poor_account}"),
                transfer(no="2", debit="{poor_account}", credit="{payer_account}"),
            ),
        ],
        "mensa:one_pupil",
    ),
    "two transfers for one": (
        [entry(), at_once(transfer(), transfer(no="2"))],
        "mensa:not_in_entry",
    ),
    "transfers with a gap among them": (
        [entry(transfers="3"), at_once(transfer(), transfer(no="3"))],
        "mensa:not_in_entry",
    ),
    "one number for two transfers": (
        [entry(transfers="2"), at_once(transfer(), transfer())],
        "mensa:append_only|mensa:not_in_entry|uq_transfer_entry_id_no",
    ),
    "a transfer on an old entry beside a new one": (
        [entry(), at_once(transfer(), transfer("{paid}", no="2"))],
        "mensa:not_in_entry",
    ),
    "a negative transfer made up for by another": (
        [entry(transfers="2"), at_once(transfer(cents="200"), transfer(no="2", cents="-100"))],
        "mensa:not_positive|ck_transfer_positive",
    ),
    "a reversal that is the mirror only in sum": (
        [
            entry(
                "'reversal'",
                reverses="{funded}",
                pupil="{poor}",
                school="{school}",
                transfers="2",
            ),
            at_once(
                transfer(debit="{revenue}", credit="{poor_account}", cents="420"),
                transfer(no="2", debit="{revenue}", credit="{receivable}", cents="100"),
            ),
        ],
        "mensa:not_mirrored",
    ),
    "a line too many": (
        [
            entry("'charge'", school="{school}", lines="1"),
            paid("420"),
            at_once(line(), line(no="2")),
        ],
        "mensa:not_in_entry",
    ),
    "facts with a gap among them": ([at_once(fact(), fact(seq="8"))], "mensa:gap"),
    "facts in the wrong order": ([at_once(fact(seq="7"), fact(seq="6"))], "mensa:gap"),
    "facts with one number": (
        [at_once(fact(), fact())],
        "mensa:append_only|mensa:gap|uq_fact_origin_id_epoch_seq",
    ),
    "a fact of an office behind a kiosk's": (
        [at_once(fact(), fact(origin="{office}", seq="1"))],
        "mensa:not_a_kiosk",
    ),
    "money moved from one balance to another": (
        [
            (
                "UPDATE balance SET cents = cents"
                " + CASE account_id WHEN {payer_account} THEN 100 ELSE -100 END"
                " WHERE account_id IN ({payer_account}, {poor_account})"
            )
        ],
        "mensa:balance_by_hand",
    ),
    "a balance's mark moved to the newest transfer": (
        [
            (
                "UPDATE balance SET transfer_id = (SELECT max(id) FROM transfer)"
                " WHERE account_id = {payer_account}"
            )
        ],
        "mensa:balance_by_hand",
    ),
    "a balance's mark moved beyond all transfers": (
        ["UPDATE balance SET transfer_id = transfer_id + 1000"],
        "mensa:balance_by_hand",
    ),
    "a balance's mark moved back": (
        ["UPDATE balance SET transfer_id = 0, cents = 0 WHERE account_id = {payer_account}"],
        "mensa:balance_by_hand",
    ),
    "a balance moved once more after its transfer": (
        [
            entry(),
            transfer(),
            "UPDATE balance SET cents = cents + 100 WHERE account_id = {payer_account}",
        ],
        "mensa:balance_by_hand",
    ),
    "an entry late although no month is closed": (
        [entry(late_on="'2026-12-01'"), transfer()],
        "mensa:closed_month",
    ),
    "an entry late before its day": (
        [entry(late_on="'2026-11-01'"), transfer()],
        "mensa:closed_month|ck_entry_late_on",
    ),
}

# A charge's transfers are its lines, cent by cent and account by account.
WRONG_MEALS: dict[str, list[str]] = {
    "a cent less": meal(paid("419"), line()),
    "a cent more": meal(paid("421"), line()),
    "for two of them": meal(paid("420"), line(quantity="2")),
    "to another tax key": meal(paid("420", credit="{revenue_full}"), line()),
    "of a tax key without an account": meal(paid("420"), line(tax="19")),
    "to the caterer of other meals": meal(paid("420", credit="{other_revenue}"), line()),
    "the body's part from the child": meal(paid("420"), line(tariff="{reduced}", share="100")),
    "the child's part from the body": meal(paid("420", debit="{receivable}"), line()),
    "the body's part left out": meal(paid("100"), line(tariff="{reduced}", share="100")),
    "the body's part from another body": meal(
        paid("100"),
        paid("320", debit="{other_receivable}", no="2"),
        line(tariff="{reduced}", share="100"),
        transfers="2",
    ),
    "a part from the body of a tariff without one": meal(
        paid("100"), paid("320", debit="{receivable}", no="2"), line(share="100"), transfers="2"
    ),
    "one transfer more than lines": meal(paid("420"), paid("1", no="2"), line(), transfers="2"),
    "one line more than transfers": meal(paid("420"), line(), line(no="2"), lines="2"),
    "two lines of one statement": meal(paid("839"), at_once(line(), line(no="2")), lines="2"),
    "its lines before its transfers": meal(line(), paid("420")),
    "its lines between its transfers": meal(
        paid("220"), line(), paid("200", no="2"), transfers="2"
    ),
}
ATTACKS |= {
    f"a charge: {name}": (told, "mensa:charge_differs") for name, told in WRONG_MEALS.items()
}
RIGHT_MEALS: dict[str, list[str]] = {
    "a full price": meal(paid("420"), line()),
    "two of them": meal(paid("840"), line(quantity="2")),
    "in two payments": meal(paid("400"), paid("20", no="2"), line(), transfers="2"),
    "child and body": meal(
        at_once(paid("100"), paid("320", debit="{receivable}", no="2")),
        line(tariff="{reduced}", share="100"),
        transfers="2",
    ),
    "nothing from the child": meal(
        paid("420", debit="{receivable}"), line(tariff="{reduced}", share="0")
    ),
    "two lines, one after the other": meal(paid("840"), line(), line(no="2"), lines="2"),
    "two tax keys": meal(
        paid("420"),
        paid("420", credit="{revenue_full}", no="2"),
        at_once(line(), line(no="2", tax="1")),
        transfers="2",
        lines="2",
    ),
}

# What a row names is there and stays, whether a foreign key or a guard asks for it. (What goes in
# by SQLite's plain door is in ``verify``'s check of references.)
ATTACKS |= {
    "an entry of an origin that is not there **": (
        [entry(origin="9999", seq="1"), transfer()],
        "mensa:reference|FOREIGN KEY",
    ),
    "an entry of a school that is not there **": (
        [entry(school="9999"), transfer()],
        "mensa:reference|FOREIGN KEY",
    ),
    "an entry of a child that is not there **": (
        [entry(pupil="9999"), transfer(debit="{opening}", credit="{revenue}")],
        "mensa:reference|FOREIGN KEY",
    ),
    "a transfer of an entry that is not there": ([transfer("9999")], "mensa:not_in_entry"),
    "a line of an entry that is not there": ([line("9999")], "mensa:not_in_entry"),
    "a line of an offer that is not there **": (
        [
            entry("'charge'", school="{school}", lines="1"),
            paid("420"),
            line().replace("{lunch}", "9999"),
        ],
        "mensa:reference|FOREIGN KEY|mensa:charge_differs",
    ),
    "a line of a tariff that is not there **": (
        [
            entry("'charge'", school="{school}", lines="1"),
            paid("420"),
            line().replace("{full}", "9999"),
        ],
        "mensa:reference|FOREIGN KEY|mensa:charge_differs",
    ),
    "a fact of an origin that is not there": ([fact(origin="9999", seq="1")], "not_a_kiosk"),
    **{
        f"{table} taken away from its rows **": (
            [f"DELETE FROM {table} WHERE id = {{{word}}}"],
            "mensa:reference|foreign key|FOREIGN KEY",
        )
        for table, word in {
            "origin": "a",
            "school": "school",
            "offer": "lunch",
            "tariff": "full",
            "pupil": "payer",
        }.items()
    },
    **{
        f"{table} renumbered away from its rows **": (
            [f"UPDATE {table} SET id = 7777 WHERE id = {{{word}}}"],
            "mensa:reference|foreign key|FOREIGN KEY",
        )
        for table, word in {
            "origin": "b",
            "school": "school",
            "offer": "lunch",
            "tariff": "full",
            "pupil": "payer",
        }.items()
    },
}

REPLACED = {
    "an entry": entry(seq="5").replace("INSERT", "INSERT OR REPLACE", 1),
    "an entry by its number": entry(number="{paid}").replace("INSERT", "INSERT OR REPLACE", 1),
    "an entry by what it reverses": entry(
        "'reversal'", reverses="{taken_back}", pupil="{third}"
    ).replace("INSERT", "INSERT OR REPLACE", 1),
    "a transfer": transfer("{paid}", cents="1").replace("INSERT", "INSERT OR REPLACE", 1),
    "a transfer by its number": transfer("{paid}", no="2", number="1").replace(
        "INSERT", "REPLACE", 1
    ),
    "a line": line("{meal}").replace("INSERT", "INSERT OR REPLACE", 1),
    "a fact": fact(seq="5").replace("INSERT", "INSERT OR REPLACE", 1),
    "an account": "REPLACE INTO account (name, kind) VALUES ('opening', 'fees')",
    "an account by its child": "REPLACE INTO account (name, kind, pupil_id)"
    " VALUES ('other', 'pupil', {payer})",
    "an account by its caterer": "REPLACE INTO account (name, kind, operator_id, tax_key)"
    " VALUES ('other', 'revenue', {operator}, 6)",
    "a balance": "REPLACE INTO balance (account_id, cents, transfer_id)"
    " VALUES ({payer_account}, 0, 0)",
    "a quarantine": "REPLACE INTO quarantine (fact_id, reason)"
    " SELECT fact_id, 'ahead' FROM quarantine",
    "an update that replaces": "UPDATE OR REPLACE entry SET seq = seq - 1 WHERE id = {meal}",
    "a balance moved over another": "UPDATE OR REPLACE balance SET account_id = {poor_account}"
    " WHERE account_id = {payer_account}",
}


def words_of(door: Door) -> Door:
    """The door with the words that only attacks need."""
    ledger = door.ledger
    binary = "bytea" if door.name == "postgresql" else "BLOB"
    numbers = {"stranger": 0, "elsewhere": 0, "operator": ledger.school.operator}
    database = ledger.database
    with database.read() as db:
        for word, query in {
            "stranger": "SELECT max(id) FROM pupil WHERE id NOT IN"
            " (SELECT pupil_id FROM membership)",
            "elsewhere": "SELECT max(id) FROM school WHERE number = '165999'",
        }.items():
            numbers[word] = int(db.execute(text(query)).scalar() or 0)
    if not numbers["stranger"]:
        with database.write() as db:
            db.execute(text("INSERT INTO pupil (kind) VALUES ('pupil')"))
            db.execute(text("INSERT INTO school (number, name) VALUES ('165999', 'Nebenan')"))
        return words_of(door)
    return Door(door.name, ledger, {**door.words, **numbers, "bytes": binary})  # type: ignore[dict-item]


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_is_refused_and_nothing_changed(door: Door, attack: str) -> None:
    if attack.endswith("*") and door.name == "plain sqlite":
        return  # a test below, or of verify's references, shows what happens there
    door = words_of(door)
    statements, expected = ATTACKS[attack]
    before = state(door.ledger.database)
    said = door.try_all(statements)
    assert any(word in said for word in expected.split("|")), said or "it went in"
    assert state(door.ledger.database) == before


@pytest.mark.parametrize("door", ["sqlite", "plain sqlite"], indirect=True)
@pytest.mark.parametrize("attack", REPLACED)
def test_sqlites_replace_deletes_nothing(door: Door, attack: str) -> None:
    door = words_of(door)
    before = state(door.ledger.database)
    said = door.try_all([REPLACED[attack]])
    assert "mensa:" in said, said or "it went in"
    assert state(door.ledger.database) == before


@pytest.mark.postgresql
@pytest.mark.parametrize("door", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", [*GUARDED, "balance", "alarm", "access_log", "change"])
def test_postgresql_truncates_nothing(door: Door, table: str) -> None:
    before = state(door.ledger.database)
    assert "mensa:append_only" in door.try_all([f"TRUNCATE {table} CASCADE"])
    assert state(door.ledger.database) == before


@pytest.mark.postgresql
@pytest.mark.parametrize("door", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", ["origin", "school", "offer", "tariff", "pupil"])
def test_postgresql_truncates_nothing_that_is_named(door: Door, table: str) -> None:
    before = state(door.ledger.database)
    assert "mensa:" in door.try_all([f"TRUNCATE {table} CASCADE"])
    assert state(door.ledger.database) == before


@pytest.mark.parametrize("attack", [name for name in ATTACKS if name.endswith(" *")])
def test_without_foreign_keys_sqlite_lets_half_an_entry_in_and_verify_names_it(
    request: pytest.FixtureRequest, tmp_path: Path, attack: str
) -> None:
    original = fresh(request, "sqlite", tmp_path)
    ledger = lived(original)
    database = copy_of(original, tmp_path / "copy.db")
    inside = Ledger(database, ledger.school, ledger.third)
    door = words_of(Door("plain sqlite", inside, inside.words()))
    assert door.try_all(ATTACKS[attack][0]) == ""
    with database.read() as db:
        proof = verify(db)
        newest = db.execute(text("SELECT max(id) FROM entry")).scalar_one()
    assert f"entry {newest}" in {
        failure.where
        for name in (CheckName.TRANSFERS, CheckName.LINES)
        for failure in proof.check(name).failures
    }
    database.close()
    original.close()


@pytest.mark.parametrize("door", ["sqlite", "plain sqlite"], indirect=True)
@pytest.mark.parametrize("number", ["-5", "0", "1000000"])
def test_sqlite_refuses_a_transfer_that_chooses_its_number(door: Door, number: str) -> None:
    door = words_of(door)
    before = state(door.ledger.database)
    assert "mensa:transfer_number" in door.try_all([entry(), transfer(number=number)])
    assert state(door.ledger.database) == before


@pytest.mark.postgresql
@pytest.mark.parametrize("door", ["postgresql"], indirect=True)
def test_postgresql_gives_a_transfer_its_own_number_whatever_it_asks_for(door: Door) -> None:
    door = words_of(door)
    with plain_postgresql(door.ledger.database) as connection, connection.transaction() as inside:
        connection.execute(entry().format(**door.words).encode())
        connection.execute(transfer(number="1000000").format(**door.words).encode())
        chosen = connection.execute("SELECT count(*) FROM transfer WHERE id = 1000000").fetchone()
        assert chosen == (0,)
        raise psycopg.Rollback(inside)


@pytest.mark.postgresql
@pytest.mark.parametrize("door", ["postgresql"], indirect=True)
@pytest.mark.parametrize("told", [entry(number="1000000"), fact().replace("(o", "(id, o", 1)])
def test_postgresql_numbers_entries_and_facts_itself(door: Door, told: str) -> None:
    told = told if "entry" in told else told.replace("VALUES (", "VALUES (1000000, ", 1)
    door = words_of(door)
    table = told.split()[2]
    with plain_postgresql(door.ledger.database) as connection, connection.transaction() as inside:
        connection.execute(told.format(**door.words).encode())
        chosen = connection.execute(f"SELECT id FROM {table} WHERE id = 1000000".encode())
        assert chosen.fetchone() is None
        raise psycopg.Rollback(inside)


@pytest.mark.postgresql
@pytest.mark.parametrize("door", ["postgresql"], indirect=True)
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("told", [entry(), fact()])
def test_postgresql_books_nothing_on_an_old_picture_of_the_ledger(
    door: Door, level: str, told: str
) -> None:
    old = f"SET TRANSACTION ISOLATION LEVEL {level}"
    before = state(door.ledger.database)
    assert "mensa:isolation" in words_of(door).try_all([old, told])
    assert state(door.ledger.database) == before


@pytest.mark.postgresql
@pytest.mark.parametrize("door", ["postgresql"], indirect=True)
@pytest.mark.parametrize("told", [entry(), fact(), "SELECT book('{{}}', '')"])
def test_postgresql_gives_no_number_while_the_gate_is_held(door: Door, told: str) -> None:
    database = door.ledger.database
    spelled = told.format(**words_of(door).words).encode()
    numbers = b"SELECT (SELECT last_value FROM entry_id_seq), (SELECT last_value FROM fact_id_seq)"
    with plain_postgresql(database) as keeper, plain_postgresql(database) as writer:
        keeper.execute("SELECT pg_advisory_lock(4210001)")
        before = keeper.execute(numbers).fetchone()
        writer.execute("SET lock_timeout = '1s'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            writer.execute(spelled)
        assert keeper.execute(numbers).fetchone() == before


@pytest.mark.postgresql
@pytest.mark.parametrize("door", ["postgresql"], indirect=True)
def test_postgresql_keeps_what_a_row_names_while_it_is_written(door: Door) -> None:
    """The guards lock it as a foreign key would."""
    words = words_of(door).words
    meal = [
        entry("'charge'", school="{school}", lines="1"),
        paid("420"),
        line().replace("{lunch}", str(door.ledger.school.veggie)),
    ]
    named = {
        "origin": words["office"],
        "school": words["school"],
        "offer": door.ledger.school.veggie,
        "tariff": words["full"],
    }
    database = door.ledger.database
    with plain_postgresql(database) as writer, plain_postgresql(database) as other:
        other.execute("SET lock_timeout = '200ms'")
        with writer.transaction() as inside:
            for statement in meal:
                writer.execute(statement.format(**words).encode())
            for table, number in named.items():
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    other.execute(f"DELETE FROM {table} WHERE id = {number}".encode())
            raise psycopg.Rollback(inside)


@pytest.mark.parametrize("told", RIGHT_MEALS.values(), ids=RIGHT_MEALS.keys())
def test_a_charge_whose_transfers_are_its_lines_goes_in(door: Door, told: list[str]) -> None:
    spelled = [statement.format(**words_of(door).words) for statement in told]
    if door.name == "postgresql":
        with plain_postgresql(door.ledger.database) as writer, writer.transaction() as inside:
            for statement in spelled:
                writer.execute(statement.encode())
            raise psycopg.Rollback(inside)
        return
    with plain_sqlite(door.ledger.database) as other:
        other.execute("BEGIN IMMEDIATE")
        for statement in spelled:
            other.execute(statement)
        other.execute("ROLLBACK")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("statements", [1, 2])
def test_an_entry_made_by_hand_goes_in_whole_and_moves_its_balance(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str, statements: int
) -> None:
    ledger = lived(fresh(request, engine, tmp_path))
    door = words_of(Door(engine, ledger, ledger.words()))
    moves = [transfer(), transfer(no="2", debit="{payer_account}", credit="{opening}", cents="30")]
    account = f"SELECT cents FROM balance WHERE account_id = {door.words['payer_account']}"
    with ledger.database.read() as db:
        had = db.execute(text(account)).scalar_one()
    assert not door.try_all(
        [entry(transfers="2"), *([at_once(*moves)] if statements == 1 else moves)]
    )
    with ledger.database.read() as db:
        assert db.execute(text(account)).scalar_one() == had + 70
        assert verify(db).check(CheckName.BALANCES).holds
    ledger.database.close()


def test_a_check_that_was_switched_off_still_lets_no_negative_amount_in(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = fresh(request, "sqlite", tmp_path)
    door = words_of(Door("plain sqlite", *_with_words(lived(database))))
    with plain_sqlite(database) as raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        raw.execute("BEGIN")
        raw.execute(entry().format(**door.words))
        with pytest.raises(sqlite3.IntegrityError, match="mensa:not_positive"):
            raw.execute(transfer(cents="-1").format(**door.words))
    database.close()


def _with_words(ledger: Ledger) -> tuple[Ledger, dict[str, int]]:
    return ledger, ledger.words()
