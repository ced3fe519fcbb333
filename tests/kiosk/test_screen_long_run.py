"""Thousands of taps on one screen: nothing is mounted, nothing is left over."""

import gc

from screen_stage import Stage, perform
from screen_states import AT, FACES, READY
from textual.widgets import Static

from kiosk.messages import Served
from kiosk.screens.faces import Face


def test_a_thousand_outcomes_leave_no_object_behind() -> None:
    counts: list[int] = []
    cycle = [outcome for name in FACES for outcome in FACES[name]]

    async def script(stage: Stage) -> None:
        await stage.hear(*READY)
        parts = list(stage.app.screen.walk_children())
        for _ in range(4):
            for n in range(250):
                stage.ns += 1_000_000
                stage.app.deliver(cycle[n % len(cycle)])
                if n % 10 == 0:
                    await stage.pilot.pause()
            await stage.later(60)
            stage.tones.clear()
            gc.collect()
            counts.append(len(gc.get_objects()))
        assert list(stage.app.screen.walk_children()) == parts
        assert len(stage.app.screen_stack) == 1

    perform(script)
    # The first round fills caches; after that a leak of one object a tap would show as 500.
    assert abs(counts[-1] - counts[1]) < 200


def test_a_second_column_is_there_on_wide_terminals_only_and_the_hint_on_all() -> None:
    for width, wide in ((109, False), (110, True)):

        async def script(stage: Stage, *, wide: bool = wide) -> None:
            await stage.hear(*READY, Served(AT))
            assert ("ledger: 3,90" in stage.text()) == wide
            assert "Leertaste: nächstes Kind" in stage.text()
            assert stage.face() is Face.SERVED

        side = Static("ledger: 3,90")
        perform(script, size=(width, 30), side=side, hint="Leertaste: nächstes Kind")


def test_whoever_asks_is_told_when_an_outcome_was_painted() -> None:
    painted: list[tuple[object, int]] = []
    served = Served(AT)

    async def script(stage: Stage) -> None:
        await stage.hear(*READY, served)

    stage = perform(script, shown=lambda outcome, ns: painted.append((outcome, ns)))
    assert painted[-1] == (served, stage.ns)
