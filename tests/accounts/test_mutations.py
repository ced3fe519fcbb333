"""The machine finds what is broken: one guard at a time is taken out of a fresh ledger.

The text that the migrations run is changed before it is run, so the ledger is in order but for
the one guard, and ``verify`` believes in what it finds. A short life must then end in a
violation by what the ledger did or accepted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from postgresql_server import Server
from world import ACTS, World
from world_checks import Violation

from accounts.database import open_database, upgrade
from accounts.migrations import sql

THINGS = 2500
"""How long a broken ledger may live before it must be found out."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A guard taken out: codes that are never said, and further cuts in the text of the SQL."""

    silent: tuple[str, ...] = ()
    cuts: tuple[tuple[str, str], ...] = ()
    acts: tuple[str, ...] = ()
    """What a life aimed at it does more of."""


_ENTRY_KEY = (r"CONSTRAINT uq_entry_origin_id_epoch_seq UNIQUE \(origin_id, epoch, seq\),", "")
_ANSWER = (r"known IS NOT NULL THEN", "false THEN")
_REVERSES = (r"CONSTRAINT uq_entry_reverses UNIQUE \(reverses\),", "")
_AHEAD = (r"f\.occurred_us > f\.recorded_us \+ 60000000", "1 = 0")
_KEPT = (r"RAISE EXCEPTION 'mensa:append_only';\s*END", "RETURN coalesce(NEW, OLD); END")
_LINE_KEY = (r"CONSTRAINT uq_bank_line_identity_bank_account_id UNIQUE \(\w+, \w+\),", "")
_BANK = ("bank_says", "money_assigned")

MUTATIONS = {
    "floor": Mutation(("floor",), acts=("office_asks",)),
    "reversal once": Mutation(("already_reversed",), (_REVERSES,), ("office_asks", "attacked")),
    "idempotency": Mutation(("key_used", "gap"), (_ENTRY_KEY, _ANSWER), ("asked_again",)),
    "first answer again": Mutation(("key_used",), (_ANSWER,), ("asked_again",)),
    "append only": Mutation(("append_only",), (_KEPT,), ("attacked",)),
    "closed month": Mutation(("closed_month",), acts=("attacked", "months_close")),
    "balance by hand": Mutation(("balance_by_hand",), acts=("attacked",)),
    "one pupil": Mutation(("one_pupil",), acts=("office_asks", "attacked")),
    "no gap": Mutation(("gap",), acts=("kiosk_out_of_turn", "attacked")),
    "mirror": Mutation(("not_mirrored",), acts=("attacked", "office_asks")),
    "no reversal of a reversal": Mutation(("not_reversible",), acts=("attacked", "office_asks")),
    "member of the school": Mutation(("not_member",), acts=("office_asks", "kiosk_drains")),
    "lines of a charge": Mutation(("charge_differs",), acts=("office_asks",)),
    # Wrong accounts are none of the lines' accounts either: two guards stand for one promise.
    "accounts of a charge": Mutation(("charge_accounts", "charge_differs"), acts=("office_asks",)),
    "the kiosk's own fact": Mutation(("no_fact",), acts=("attacked", "office_asks")),
    "the day": Mutation(("wrong_day",), acts=("attacked",)),
    "nothing is added later": Mutation(("not_in_entry",), acts=("attacked",)),
    "two people": Mutation(("needs_two",), acts=("office_asks",)),
    "own request": Mutation(("own_request",), acts=("office_asks", "attacked")),
    "second lunch": Mutation(("second_lunch",), acts=("kiosk_drains",)),
    "the child's cap": Mutation(("pupil_cap",), acts=("kiosk_drains",)),
    "the kiosk's cap": Mutation(("kiosk_cap",), acts=("kiosk_drains",)),
    "void in time": Mutation(("too_late",), acts=("kiosk_drains",)),
    "dated ahead": Mutation((), (_AHEAD,), ("kiosk_drains",)),
    "revoked": Mutation(("revoked",), acts=("kiosk_drains", "people_change")),
    "a line once": Mutation(("known_line",), (_LINE_KEY,), ("bank_says", "attacked")),
    "finished days": Mutation(("unfinished_day",), acts=("attacked", "bank_says")),
    "within the line": Mutation(("over_line",), acts=("attacked", *_BANK)),
    "where a line belongs": Mutation(("allocation_account",), acts=("attacked", *_BANK)),
    "the bank's own name": Mutation(("not_the_bank",), acts=("office_asks", "attacked")),
    "the bank by hand": Mutation(("bank_by_hand",), acts=("office_asks", "attacked")),
    "a line stands": Mutation(("line_stands",), acts=("office_asks", "attacked", *_BANK)),
}
BOTH_ENGINES = (
    "floor", "reversal once", "idempotency", "append only", "closed month", "balance by hand",
    "one pupil", "no gap", "two people", "lines of a charge", "a line once", "within the line",
    "the bank's own name", "the bank by hand", "a line stands",
)  # fmt: skip
CASES = [
    pytest.param(engine, name, marks=pytest.mark.postgresql if engine == "postgresql" else ())
    for engine in ("sqlite", "postgresql")
    for name in (MUTATIONS if engine == "sqlite" else BOTH_ENGINES)
]


def broken(text: str, mutation: Mutation) -> str:
    """The SQL without the guard."""
    for wanted, instead in mutation.cuts:
        text = re.sub(wanted, instead, text)
    for code in mutation.silent:
        text = re.sub(rf"RAISE\(ABORT, 'mensa:{code}'\)", "1", text)
        text = re.sub(rf"RAISE EXCEPTION 'mensa:{code}'[^;]*;", "NULL;", text)
        text = re.sub(rf"RETURN 'refused:{code}';", "NULL;", text)
        text = re.sub(rf"THEN\s+'{code}'", "THEN NULL", text)
    return text


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> list[Mutation]:
    """What is put here is broken in every ledger that is made."""
    chosen: list[Mutation] = []
    statements, whole = sql.statements, sql.text

    def broken_statements(revision: str, *names: str) -> Iterator[str]:
        for statement in statements(revision, *names):
            yield broken(statement, chosen[0])

    monkeypatch.setattr(sql, "statements", broken_statements)
    monkeypatch.setattr(sql, "text", lambda *where: broken(whole(*where), chosen[0]))
    return chosen


@pytest.mark.parametrize(("engine", "name"), CASES)
def test_a_broken_guard_is_found(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    breaking: list[Mutation],
    engine: str,
    name: str,
) -> None:
    mutation = MUTATIONS[name]
    breaking.append(Mutation())
    whole = "".join(sql.shipped(engine))
    breaking[0] = mutation
    assert "".join(sql.shipped(engine)) != whole, "the guard's words have changed: mend the test"
    if engine == "sqlite":
        database = open_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    else:
        server: Server = request.getfixturevalue("postgresql")
        database = open_database(server.url(server.create()))
    upgrade(database)
    acts = {act: often + 40 * (act in mutation.acts) for act, often in ACTS.items()}
    world = World(database, seed=1, crashing=0.02, acts=acts)
    try:
        with pytest.raises(Violation) as found:
            world.run(THINGS)
    finally:
        world.close()
        database.close()
    assert found.value.promise != "verify" or "guards" not in str(found.value)
    # Shown by -rP: the table of guards and what found them.
    print(f"{engine}: {name}: {found.value.promise} after {world.steps} steps")  # noqa: T201  # as above
