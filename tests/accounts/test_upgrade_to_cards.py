"""A sealed ledger of the schema before cards had keys is upgraded, and proves itself as before."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from builders import NOON, eur, open_school
from ledgers import ENGINES
from postgresql_server import Server
from proven_cards import proven_card
from sqlalchemy import text

from accounts import stretches
from accounts.clock import FixedClock
from accounts.database import Database, open_database, upgrade
from accounts.proof import CheckName
from accounts.seals import find_seal, make_seal
from accounts.tables import metadata, people
from accounts.verify import verify

NEW = {"card_alert", "card_alert_seen", "card_issue", "card_secret", "card_step"}
CLOCK = FixedClock(NOON)


def older(database: Database) -> None:
    """The schema of the release before, with its school and money in it."""
    with database.write() as db:
        config = Config()
        config.set_main_option("script_location", "accounts:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes.update(connection=db, metadata=metadata)
        command.upgrade(config, "0002")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_sealed_ledger_of_the_release_before_holds_after_its_upgrade(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
) -> None:
    if engine == "sqlite":
        database = open_database(f"sqlite:///{tmp_path / 'old.db'}")
    else:
        server: Server = request.getfixturevalue("postgresql")
        database = open_database(server.url(server.create()))
    older(database)
    school = open_school(database)
    school.pay_in(school.payer, eur("7"))
    with monkeypatch.context() as before:
        grown = tuple(one for one in stretches.GROWN if one.name not in NEW)
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
    with database.write() as db:
        proven_card(db, "first", school.id, pupil_id=school.payer)
        db.execute(people.school.update().values(uid_day_limit_cents=0))
    make_seal(database, actor="test", clock=CLOCK)
    with database.read() as db:
        assert verify(db).holds
        sealed = db.execute(text("SELECT name FROM stretch WHERE seal_id = 2 AND rows > 0"))
        assert {"card_issue", "card_secret", "card_step"} <= set(sealed.scalars())
    database.close()
