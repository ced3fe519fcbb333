"""A stolen kiosk: plain SQL by its own role. What it tries is refused, and nothing has changed.

docs/attacks.md lists every attack of this file once; a test compares the two.
"""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from builders import Kiosk, add_child, add_offer, eur, row
from fortress import fortify, login, set_clock
from ledgers import fresh, lived
from proven_cards import proven_card, uid
from sqlalchemy import text
from stolen_kiosk import SQL, Connection, Prey
from stolen_words import DOOR, LATER, NOT_BELIEVED, alert, alerts, amount, facts, lunch

from accounts.clock import microseconds
from accounts.facts import to_json
from accounts.tables import people
from accounts.verify import verify

pytestmark = pytest.mark.postgresql
DOCS = Path(__file__).parents[2] / "docs" / "attacks.md"


@pytest.fixture(scope="module")
def prey(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prey]:
    """One ledger for all attacks: none of them may change it."""
    database = fresh(request, "postgresql", tmp_path_factory.mktemp("prey"))
    ledger = lived(database)
    fortify(database, at=LATER)
    with database.write() as db:
        other = row(db, people.school, number="165001", name="Andere Schule")
        child = add_child(db, other, "Fremdes Kind")
        at_work = row(db, people.staff, school_id=ledger.school.id, label="Küche")
        not_at_work = row(db, people.staff, school_id=other, label="Andere Küche")
        add_offer(db, replace(ledger.school, id=other), "1", "lunch", 100)
        proven_card(db, "own", ledger.school.id, pupil_id=ledger.third)
        proven_card(db, "theirs", other, pupil_id=child)
    ledger.school.pay_in(child, eur("50"))
    a, b = ledger.school.kiosk.origin_id, ledger.school.other_kiosk.origin_id
    yield Prey(ledger, login(database, a), login(database, b), child, other, at_work, not_at_work)
    database.close()


@pytest.mark.parametrize("name", SQL)
def test_plain_sql_of_a_stolen_kiosk_is_refused(name: str, prey: Prey) -> None:
    _, statements, state = SQL[name]
    before = prey.contents()
    words = prey.words()
    with closing(prey.connect()) as connection:
        for statement in statements:
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(statement.format(**words))
            allowed = {state, "42710"} if name == "create-function" else {state}
            assert refused.value.sqlstate in allowed, f"{statement}: {refused.value}"
            connection.rollback()
    assert prey.contents() == before


def ask(connection: Connection, words: dict[str, Any], function: str = "kiosk_drain") -> Any:
    asked = f"SELECT {function}(%s::jsonb)"
    found = connection.execute(asked, (json.dumps(words),)).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize("name", DOOR)
def test_false_words_at_the_door_are_refused_whole(name: str, prey: Prey) -> None:
    _, make, refusal = DOOR[name]
    before = prey.contents()
    with closing(prey.connect()) as connection:
        assert ask(connection, make(prey)) == {"version": 1, "refused": refusal}
    assert prey.contents() == before


@pytest.mark.parametrize("name", NOT_BELIEVED)
def test_lies_about_meals_are_kept_unbooked_for_the_office(name: str, prey: Prey) -> None:
    _, make, reason = NOT_BELIEVED[name]
    epoch = 5000 + list(NOT_BELIEVED).index(name)
    lies = make(prey, Kiosk(prey.school.kiosk.origin_id, epoch=epoch))
    before = prey.contents(but=("fact", "quarantine"))
    with closing(prey.connect()) as connection:
        answer = ask(connection, facts(prey, *lies))
    assert answer["answers"] == [[epoch, lies[0].seq, f"quarantined:{reason}"]]
    assert prey.contents(but=("fact", "quarantine")) == before


# --- one by one -----------------------------------------------------------------------------

BY_ITSELF: dict[str, str] = {
    "own-past": "change what it said before",
    "old-view": "book into a closed month by an old view of the ledger",
    "names": "say that it is another, by application_name, words or settings",
    "settings": "have the door read its words otherwise, by settings of its session",
    "activity": "read what others are asking",
    "endless": "ask something that never ends",
    "held-transaction": "keep a transaction open, so that others wait",
    "connections": "take all connections",
    "notify": "send a notification with content, or listen",
    "own-password": "change its own password",
    "other-card-keys": "be told another school's card keys, or what the issuing station keeps",
    "other-alert": "tell of another school's card, or in another kiosk's name",
    "alert-ahead": "tell of a card that will be shown one day",
    "alert-flood": "flood the office with alerts",
}


def test_its_own_past_stands_and_an_alarm_tells(prey: Prey) -> None:
    changed = replace(prey.pen.charge(prey.ledger.third, prey.school.snack), epoch=1, seq=1).linked(
        origin_id=prey.pen.origin_id, before=bytes(32)
    )
    before = prey.contents(but=("alarm",))
    with closing(prey.connect()) as connection:
        assert ask(connection, facts(prey, changed))["answers"] == [[1, 1, "alarm"]]
    assert prey.contents(but=("alarm",)) == before
    with prey.database.read() as db:
        told = db.execute(text("SELECT kind, origin_id, epoch, seq FROM alarm")).all()
    assert told == [("key_reused", prey.pen.origin_id, 1, 1)]


def test_an_old_view_of_the_ledger_books_nothing(prey: Prey) -> None:
    before = prey.contents()
    with closing(prey.connect()) as connection:
        for level in ("REPEATABLE READ", "SERIALIZABLE"):
            connection.execute(f"BEGIN ISOLATION LEVEL {level}")
            assert ask(connection, facts(prey, lunch(prey)))["refused"] == "isolation"
            connection.execute("ROLLBACK")
    assert prey.contents() == before


def test_who_asks_is_the_role_whatever_it_says(prey: Prey) -> None:
    with closing(prey.connect()) as connection:
        connection.execute("SET application_name = 'kiosk b'")
        connection.execute("SET mensa.actor = 'office:leitung'")
        connection.execute("SET search_path = pg_temp")
        other = prey.school.other_kiosk.origin_id
        words = {"version": 1, "origin": other, "school": prey.other_school, "origin_id": other}
        news = ask(connection, words, "public.kiosk_news")
    assert news["origin"] == prey.school.kiosk.origin_id
    assert news["snapshot"]["school"][0] == prey.school.id
    assert "Fremdes" not in json.dumps(news, ensure_ascii=False)
    assert "Beispiel" in json.dumps(news, ensure_ascii=False)


def test_settings_of_a_session_change_nothing_the_door_reads(prey: Prey) -> None:
    words = {"version": 1, "wants": True, "epochs": [1]}
    with closing(prey.connect()) as connection:
        plain = ask(connection, words, "kiosk_news")
    with closing(prey.connect()) as connection:
        for setting in (
            "datestyle = 'German'",
            "standard_conforming_strings = off",
            "timezone = 'Pacific/Kiritimati'",
            "bytea_output = 'escape'",
            "extra_float_digits = -15",
            "mensa.holds_balances = 'yes'",
            "enable_seqscan = off",
            "lock_timeout = 1",
        ):
            connection.execute(f"SET {setting}")
        assert ask(connection, words, "kiosk_news") == plain
        before = prey.contents()
        assert ask(connection, amount(prey))["refused"] == "broken"
    assert prey.contents() == before


def test_what_others_ask_is_not_shown(prey: Prey) -> None:
    with prey.database.read() as db, closing(prey.connect()) as connection:
        db.execute(text("SELECT 'a secret' FROM pupil")).all()
        seen = connection.execute(
            "SELECT query FROM pg_stat_activity WHERE usename <> current_user"
        ).fetchall()
    assert seen
    assert {query for (query,) in seen} <= {"<insufficient privilege>", ""}


def test_what_never_ends_is_ended_by_the_server(prey: Prey) -> None:
    with prey.database.write() as db:
        db.exec_driver_sql(f'ALTER ROLE "{prey.role}" SET statement_timeout = 100')
    try:
        with (
            closing(prey.connect()) as connection,
            pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"),
        ):
            connection.execute("SELECT count(*) FROM generate_series(1, 1e12)")
    finally:
        with prey.database.write() as db:
            db.exec_driver_sql(f"""ALTER ROLE "{prey.role}" SET statement_timeout = '15s'""")


def test_the_roles_sessions_have_limits(prey: Prey) -> None:
    with closing(prey.connect()) as connection:
        for setting, limit in (
            ("statement_timeout", "15s"),
            ("idle_in_transaction_session_timeout", "5s"),
        ):
            assert connection.execute(f"SHOW {setting}").fetchone() == (limit,)


def test_who_keeps_a_transaction_open_is_ended_when_another_has_to_wait(prey: Prey) -> None:
    school = prey.school
    mine = Kiosk(school.kiosk.origin_id, epoch=6000)
    held = facts(prey, mine.charge(prey.ledger.third, school.drink))
    set_clock(prey.database, timedelta(days=1))  # whatever is open was open for long
    theirs = Kiosk(school.other_kiosk.origin_id, epoch=6000).charge(prey.ledger.third, school.drink)
    waiting = {"version": 1, "facts": [to_json(theirs, school.other_kiosk.origin_id)]}
    before = prey.contents()
    try:
        with closing(prey.connect()) as thief, closing(prey.connect(prey.other_role)) as honest:
            thief.execute("SET idle_in_transaction_session_timeout = 0")
            thief.execute("SET statement_timeout = 0")
            thief.execute("BEGIN")
            ask(thief, held)
            assert ask(honest, waiting)["refused"] == "busy"
            with pytest.raises(psycopg.OperationalError):
                thief.execute("COMMIT")
            assert prey.contents() == before
            assert "answers" in ask(honest, waiting)
    finally:
        set_clock(prey.database, LATER)


def test_a_stolen_kiosk_takes_a_few_connections_and_no_more(prey: Prey) -> None:
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(closing(prey.connect()))
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            prey.connect()


def test_notifications_reach_nobody_and_change_nothing(prey: Prey) -> None:
    before = prey.contents()
    with closing(prey.connect()) as connection:
        connection.execute("LISTEN mensa")
        connection.execute("NOTIFY mensa, 'a name'")
    assert prey.contents() == before
    for path in (Path(__file__).parents[2] / "accounts").rglob("*.py"):
        assert not re.search(r"\bLISTEN\b", path.read_text("utf-8")), path


def test_its_own_password_is_its_own(prey: Prey) -> None:
    with closing(prey.connect()) as connection:
        connection.execute("ALTER ROLE CURRENT_USER PASSWORD 'another'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"ALTER ROLE \"{prey.other_role}\" PASSWORD 'another'")


def test_another_schools_card_keys_and_the_stations_are_never_told(prey: Prey) -> None:
    words = {"version": 2, "school": prey.other_school, "origin": prey.school.other_kiosk.origin_id}
    with closing(prey.connect()) as connection:
        news = ask(connection, words, "kiosk_news")
    own = f"own at {prey.school.id}".encode().hex()
    assert news["snapshot"]["keys"] == [[uid("own").hex(), "ev2", own]]
    whole = json.dumps(news)
    for secret in (b"theirs", b"escrow", b"key-1"):
        assert secret.hex() not in whole


def test_an_alert_stands_in_its_own_name_and_names_no_card_of_others(prey: Prey) -> None:
    before = prey.contents(but=("card_alert",))
    other = prey.school.other_kiosk.origin_id
    told = [alert(seq=1, card=uid("theirs").hex(), origin=other, origin_id=other),
            alert(seq=2, card="cd" * 32)]  # fmt: skip
    with closing(prey.connect()) as connection:
        assert ask(connection, alerts(*told)) == {"version": 1, "answers": []}
    assert prey.contents(but=("card_alert",)) == before
    with prey.database.read() as db:
        kept = db.execute(text("SELECT origin_id, card_id FROM card_alert ORDER BY seq")).all()
    assert kept == [(prey.school.kiosk.origin_id, None)] * 2


def test_an_alert_of_days_to_come_is_of_when_it_was_heard(prey: Prey) -> None:
    before = prey.contents(but=("card_alert",))
    told = alert(epoch=8, at=microseconds(LATER + timedelta(days=7000)))
    with closing(prey.connect()) as connection:
        assert ask(connection, alerts(told)) == {"version": 1, "answers": []}
    assert prey.contents(but=("card_alert",)) == before
    with prey.database.read() as db:
        query = "SELECT at_us = heard_us FROM card_alert WHERE epoch = 8"
        assert db.execute(text(query)).scalars().all() == [True]


def test_a_flood_of_alerts_is_cut_off_and_an_alarm_tells(prey: Prey) -> None:
    before = prey.contents(but=("card_alert", "alarm"))
    with closing(prey.connect()) as connection:
        for start in range(0, 1400, 200):
            told = [alert(epoch=9, seq=start + number) for number in range(1, 201)]
            assert ask(connection, alerts(*told)) == {"version": 1, "answers": []}
    assert prey.contents(but=("card_alert", "alarm")) == before
    with prey.database.read() as db:
        kept = db.execute(text("SELECT count(*) FROM card_alert")).scalar_one()
        alarms = db.execute(
            text("SELECT count(*) FROM alarm WHERE kind = 'alerts_dropped'")
        ).scalar_one()
    assert (kept, alarms) == (1000, 1)


def test_after_all_attacks_the_ledger_still_proves_itself(prey: Prey) -> None:
    with prey.database.read() as db:
        proof = verify(db)
    assert proof.holds, [check for check in proof.checks if not check.holds]


def test_the_documents_list_every_attack_once() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", DOCS.read_text("utf-8"), flags=re.MULTILINE)
    tried = [*SQL, *DOOR, *NOT_BELIEVED, *BY_ITSELF]
    assert len(tried) == len(set(tried)) >= 25
    assert sorted(listed) == sorted(tried)
