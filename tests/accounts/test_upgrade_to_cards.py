"""A sealed ledger of an earlier schema is upgraded, and proves itself as before.

0002 is the schema before cards had keys, 0003 the one before bank lines were kept.
"""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from bank_lines import assign, keep, line, open_bank
from builders import NOON, eur, open_school
from ledgers import ENGINES
from postgresql_server import Server
from proven_cards import proven_card
from sqlalchemy import inspect, text

from accounts import stretches
from accounts.city import open_city_accounts
from accounts.clock import FixedClock
from accounts.database import Database, Session, open_database, upgrade
from accounts.guards import JournalRefused
from accounts.ledger import Booked, Draft, EntryKind, Move, book, next_key
from accounts.proof import CheckName
from accounts.seals import find_seal, make_seal
from accounts.tables import metadata, people
from accounts.verify import verify

CLOCK = FixedClock(NOON)


def older(database: Database, revision: str) -> None:
    """The schema of an earlier release."""
    with database.write() as db:
        config = Config()
        config.set_main_option("script_location", "accounts:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes.update(connection=db, metadata=metadata)
        command.upgrade(config, revision)


def by_hand(db: Session, office: int, pupil: int, account: str) -> None:
    """Money of a city's account to a child, as the office could book it before lines were kept."""
    draft = Draft(
        key=next_key(db, office),
        kind=EntryKind.TOPUP,
        occurred_at=NOON,
        actor="office",
        moves=(Move(account, f"pupil:{pupil}", eur("1")),),
        pupil_id=pupil,
    )
    assert isinstance(book(db, draft, now=NOON), Booked)


@pytest.mark.parametrize("revision", ["0002", "0003"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_sealed_ledger_of_the_release_before_holds_after_its_upgrade(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    revision: str,
) -> None:
    if engine == "sqlite":
        database = open_database(f"sqlite:///{tmp_path / 'old.db'}")
    else:
        server: Server = request.getfixturevalue("postgresql")
        database = open_database(server.url(server.create()))
    older(database, revision)
    school = open_school(database)
    school.pay_in(school.payer, eur("7"))
    with database.write() as db:
        open_city_accounts(db)
        by_hand(db, school.office, school.payer, "bank")
    with database.read() as db:
        there = set(inspect(db).get_table_names())
    with monkeypatch.context() as before:
        grown = tuple(one for one in stretches.GROWN if one.name in there)
        before.setattr(stretches, "GROWN", grown)
        noted = make_seal(database, actor="test", clock=CLOCK)
    upgrade(database)
    with database.read() as db:
        proof = verify(db)
        assert [check for check in proof.checks if not check.holds] == []
        assert proof.check(CheckName.SEALS).counted > 0
        found = find_seal(db, noted.hash.hex())
        assert found is not None
        assert found.no == noted.no
        image = "SELECT count(*) FROM history WHERE name = 'school'"
        assert db.execute(text(image)).scalar_one() == 1
    with pytest.raises(JournalRefused, match="bank_by_hand"), database.write() as db:
        by_hand(db, school.office, school.payer, "bank")
    with database.write() as db:
        account = open_bank(db)
        assert account.account == "bank:2"  # the first was moved by hand
        (kept,) = keep(db, account, line("a", 500))
        assign(db, kept, 500, f"pupil:{school.payer}")
        proven_card(db, "first", school.id, pupil_id=school.payer)
        db.execute(people.school.update().values(uid_day_limit_cents=0))
    make_seal(database, actor="test", clock=CLOCK)
    with database.read() as db:
        assert verify(db).holds
        sealed = db.execute(text("SELECT name FROM stretch WHERE seal_id = 2 AND rows > 0"))
        news = {"card_issue", "card_secret", "card_step", "bank_line", "allocation"}
        assert news <= set(sealed.scalars())
    database.close()
