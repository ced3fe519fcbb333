"""Random lives of whole schools, against both engines and a model in plain Python.

The mass of the steps is drawn from one seed: ``--world SEED`` runs another or the same again,
``--long`` many. Hypothesis runs the same acts on small ledgers and shrinks what fails to the
shortest history.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from ledgers import ENGINES, fresh
from world import World

from accounts.database import Database

STEPS = 20_000


def live(database: Database, seed: int, things: int = STEPS) -> World:
    """A world that lived so long."""
    world = World(database, seed=seed)
    try:
        world.run(things)
    finally:
        world.close()
    return world


def test_twenty_thousand_steps_keep_every_promise(
    database: Database, pytestconfig: pytest.Config
) -> None:
    world = live(database, pytestconfig.getoption("--world"))
    assert world.things >= STEPS
    assert world.crashes.count > 100
    # A world in which these never happen would prove nothing about them.
    for wanted in (
        "booked", "repeated", "alarm", "floor", "already_reversed", "needs_two", "gap", "book",
        "second_lunch", "pupil_cap", "too_late", "target_quarantined", "not_member", "revoked",
        "unpriced", "unassigned", "ahead", "before_enrolment", "no_target", "month: closed",
        "attack: book into a closed month", "attack: reverse twice", "attack: write what is right",
        "line", "line kept twice", "allocation: assigned", "allocation: over_line", "undone",
        "line_stands", "not_the_bank", "bank_by_hand", "attack: assign more than is left",
    ):  # fmt: skip
        assert world.counts[wanted], f"{wanted} never happened: {world.counts}"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 110))
def test_many_lives_keep_every_promise(database: Database, seed: int) -> None:
    live(database, seed)


draws = st.integers(0, 2**32)


class Life(RuleBasedStateMachine):
    """The acts of a world as Hypothesis' rules: it picks them, and shrinks what fails."""

    def __init__(self, ledger: Callable[[], Database], crashing: float) -> None:
        super().__init__()
        self.world = World(ledger(), seed=0, crashing=crashing, size=2)

    @rule(draw=draws)
    def a_kiosk_drains(self, draw: int) -> None:
        self.world.act("kiosk_drains", Random(draw))

    @rule(draw=draws)
    def the_office_asks(self, draw: int) -> None:
        self.world.act("office_asks", Random(draw))

    @rule(draw=draws)
    def the_same_is_asked_again(self, draw: int) -> None:
        self.world.act("asked_again", Random(draw))

    @rule(draw=draws)
    def somebody_attacks(self, draw: int) -> None:
        self.world.act("attacked", Random(draw))

    @rule(draw=draws)
    def time_passes(self, draw: int) -> None:
        self.world.act("time_passes", Random(draw))

    @rule(draw=draws)
    def people_change(self, draw: int) -> None:
        self.world.act("people_change", Random(draw))

    @rule(draw=draws)
    def a_set_has_a_hole(self, draw: int) -> None:
        self.world.act("kiosk_out_of_turn", Random(draw))

    @rule(draw=draws)
    def a_kiosk_is_restored(self, draw: int) -> None:
        self.world.act("image_restored", Random(draw))

    @rule(draw=draws)
    def a_month_is_closed(self, draw: int) -> None:
        self.world.act("months_close", Random(draw))

    @rule(draw=draws)
    def the_bank_says_something(self, draw: int) -> None:
        self.world.act("bank_says", Random(draw))

    @rule(draw=draws)
    def money_is_assigned(self, draw: int) -> None:
        self.world.act("money_assigned", Random(draw))

    @rule(draw=draws)
    def money_is_taken_back(self, draw: int) -> None:
        self.world.act("money_taken_back", Random(draw))

    def teardown(self) -> None:
        """Prove the whole, and leave the ledger."""
        try:
            self.world.watch.in_full(self.world.held())
        finally:
            self.world.close()
            self.world.database.close()


def run_lives(ledger: Callable[[], Database], *, examples: int, crashing: float) -> None:
    """So many short lives, always the same ones."""
    run_state_machine_as_test(
        lambda: Life(ledger, crashing),  # type: ignore[arg-type]  # a factory will do
        settings=settings(
            max_examples=examples, stateful_step_count=40, deadline=None, derandomize=True,
            database=None, phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_any_short_life_keeps_every_promise(
    request: pytest.FixtureRequest, engine: str, tmp_path: Path
) -> None:
    def ledger() -> Database:
        shutil.rmtree(tmp_path, ignore_errors=True)
        tmp_path.mkdir()
        return fresh(request, engine, tmp_path)

    # An ended session's moment is the server's own, and Hypothesis wants the same again.
    crashing = 0.1 if engine == "sqlite" else 0.0
    examples = 100 if request.config.getoption("--long") else 5
    run_lives(ledger, examples=examples, crashing=crashing)
