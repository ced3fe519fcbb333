"""The thread between readers and screen: everything in its order, and nothing ends it."""

import logging
import queue
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from builders import open_school
from till import PIN, Till, add_staff, give_card, set_school

from accounts.charge import Choice, OverrideReason, Refusal, VoidReason
from accounts.database import open_database
from cards.reader import (
    CardUnread,
    ReaderTrouble,
    ScriptedReader,
    TroubleReason,
    UnreadReason,
)
from kiosk import commands
from kiosk import messages as say
from kiosk.worker import Worker

PATIENCE = 60
PAYER, POOR = "04AAAAAAAAAAAA", "04BBBBBBBBBBBB"
Kind = TypeVar("Kind")


@dataclass
class Shift:
    """A till with a worker and a scripted reader, and what came of it."""

    till: Till
    reader: ScriptedReader
    worker: Worker
    heard: "queue.SimpleQueue[say.Outcome]"
    faults: list[Exception] = field(default_factory=list)
    written: list[int] = field(default_factory=list)

    def next(self) -> say.Outcome:
        return self.heard.get(timeout=PATIENCE)

    def next_is(self, kind: type[Kind]) -> Kind:
        outcome = self.next()
        assert isinstance(outcome, kind), outcome
        return outcome

    def command(self, command: commands.Command) -> say.Outcome:
        self.worker.send(command)
        return self.next()


@pytest.fixture
def shift(empty_sqlite: Path, tmp_path: Path) -> Iterator[Shift]:
    shutil.copy(empty_sqlite, tmp_path / "ledger.db")
    database = open_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    school = open_school(database)
    give_card(school, school.payer, PAYER)
    give_card(school, school.guest_of_the_state, POOR)
    set_school(school, accepts="uid")
    add_staff(school)
    till = Till(school, school.kiosk.origin_id, tmp_path / "journal.db")
    till.sync.once()
    reader = ScriptedReader("Ausgabe", till.clock.now)
    heard: queue.SimpleQueue[say.Outcome] = queue.SimpleQueue()
    faults: list[Exception] = []
    written: list[int] = []

    def deliver(outcome: say.Outcome) -> None:
        heard.put(outcome)
        if faults:
            raise faults.pop()

    worker = Worker(
        till.counter,
        till.session,
        [reader],
        clock=till.clock,
        deliver=deliver,
        written=lambda: written.append(till.journal.count_waiting()),
    )
    made = Shift(till, reader, worker, heard, faults, written)
    worker.start()
    assert made.next() == say.ReaderUp("Ausgabe")
    yield made
    worker.close()
    till.switch_off()
    database.close()


def test_outcomes_come_in_the_order_of_what_happened(shift: Shift) -> None:
    shift.reader.insert(PAYER)
    shift.reader.remove()
    shift.reader.insert(PAYER)
    shift.reader.say(ReaderTrouble("Ausgabe", TroubleReason.NO_SERVICE))
    shift.reader.say(CardUnread("Ausgabe", UnreadReason.RANDOM_UID))
    assert isinstance(shift.next(), say.Served)
    assert shift.next() == say.CardGone()
    assert shift.next_is(say.Refused).reason is Refusal.ALREADY_EATEN
    assert shift.next() == say.ReaderDown("Ausgabe", TroubleReason.NO_SERVICE)
    assert shift.next_is(say.CardNotRead).reason is UnreadReason.RANDOM_UID


def test_the_drain_is_woken_only_after_the_charge_is_durable(shift: Shift) -> None:
    shift.reader.insert(PAYER)
    shift.next_is(say.Served)
    shift.reader.insert(PAYER)
    shift.next_is(say.Refused)
    assert shift.written == [1]


def test_every_command_has_an_answer(shift: Shift) -> None:
    said = [
        shift.command(command)
        for command in (
            commands.AskWhy(),
            commands.SignIn(PIN),
            commands.ChooseTray((Choice(shift.till.school.drink),)),
            commands.ChooseTray(()),
            commands.AskBalance(),
            commands.FindChild("Beispiel"),
            commands.ServeFound(shift.till.school.payer, OverrideReason.CARD_FORGOTTEN),
            commands.ServeUnassigned(OverrideReason.OTHER),
            commands.ServeAnyway(OverrideReason.OTHER),
            commands.VoidLast(VoidReason.MISTAKE),
            commands.AskCounts(),
            commands.SignOut(),
        )
    ]
    assert [type(outcome) for outcome in said] == [
        say.NeedsStaff,
        say.SignedIn,
        say.Today,
        say.Today,
        say.BalanceArmed,
        say.Found,
        say.Served,
        say.Served,
        say.Why,
        say.Voided,
        say.Counts,
        say.SignedOut,
    ]


def test_a_fault_with_one_card_asks_to_try_again_and_the_next_is_served(
    shift: Shift, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as full:
        full.setattr(shift.till.journal, "record", broken)
        shift.reader.insert(PAYER)
        assert shift.next_is(say.CardNotRead).reason is UnreadReason.UNREADABLE
    assert "could not handle Tap" in caplog.text
    assert PAYER not in caplog.text
    shift.reader.remove()
    shift.next_is(say.CardGone)
    shift.reader.insert(PAYER)
    shift.next_is(say.Served)


def test_a_screen_that_fails_does_not_end_the_service(
    shift: Shift, caplog: pytest.LogCaptureFixture
) -> None:
    shift.faults.append(RuntimeError("the screen is gone"))
    shift.reader.insert(PAYER)
    shift.next_is(say.Served)
    shift.reader.insert(POOR)
    shift.next_is(say.Served)
    assert "could not show Served" in caplog.text


def test_a_snapshot_that_cannot_be_learned_is_no_matter_for_the_screen(
    shift: Shift, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    learn: Callable[[object], None] = lambda _: (_ for _ in ()).throw(KeyError("a row"))  # noqa: E731  # raises
    with monkeypatch.context() as broken:
        broken.setattr(shift.till.counter, "learn", learn)
        shift.worker.send(shift.till.learned[-1])
        shift.reader.insert(PAYER)
        shift.next_is(say.Served)
    assert "could not handle Snapshot" in caplog.text


def test_idle_staff_are_signed_out_and_the_screen_is_told(shift: Shift) -> None:
    assert isinstance(shift.command(commands.SignIn(PIN)), say.SignedIn)
    shift.till.clock.move(timedelta(seconds=61))
    assert shift.next() == say.SignedOut()


def test_keeping_signed_in_says_nothing(shift: Shift) -> None:
    shift.command(commands.SignIn(PIN))
    shift.till.clock.move(timedelta(seconds=50))
    shift.worker.send(commands.KeepSignedIn())
    assert isinstance(shift.command(commands.AskWhy()), say.Why)
    shift.till.clock.move(timedelta(seconds=50))
    assert isinstance(shift.command(commands.AskWhy()), say.Why)


def test_what_was_in_the_queue_is_finished_before_the_end(shift: Shift) -> None:
    shift.reader.insert(PAYER)
    shift.reader.insert(POOR)
    shift.worker.close()
    assert [type(shift.next()) for _ in range(2)] == [say.Served, say.Served]


def test_a_worker_that_was_never_started_can_be_closed(shift: Shift) -> None:
    idle = Worker(
        shift.till.counter, shift.till.session, [], clock=shift.till.clock,
        deliver=shift.heard.put, written=lambda: None,
    )  # fmt: skip
    idle.close()
