"""Writers that ask until they are answered: kiosks that drain, offices that book.

Each has a database of its own, as machines have. What it was told is booked it writes down; a
question without an answer is asked again, word for word. ``survived`` compares the two.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from time import monotonic

from builders import NOON, Kiosk, School, add_child, open_school, row
from ledgers import by_hand
from sqlalchemy import text

from accounts.database import Database, DatabaseUnavailable, open_database
from accounts.facts import Fact
from accounts.intake import book_facts
from accounts.ledger import Booked, Key, book
from accounts.tables import kiosks, people
from accounts.verify import verify

NOW = NOON + timedelta(minutes=1)
_BREATH_SECONDS = 0.02


@dataclass(slots=True)
class Writer:
    """One of them. ``ask`` is one question: it returns the keys that were booked by it."""

    database: Database
    origin_id: int
    ask: Callable[[], list[Key]]
    acknowledged: list[Key] = field(default_factory=list)
    unanswered: int = 0
    repeated: int = 0
    """Answers that said it had been booked before."""
    longest_seconds: float = 0.0
    fault: BaseException | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Return after the answer to the last question. Raises what went wrong."""
        self._stop.set()
        assert self._thread is not None
        self._thread.join(60)
        assert not self._thread.is_alive(), "a writer got no answer"
        self.database.close()
        if self.fault is not None:
            raise self.fault

    def _run(self) -> None:
        asked: Callable[[], list[Key]] | None = None
        answered = monotonic()
        try:
            while not (self._stop.is_set() and asked is None):
                asked = self.ask
                try:
                    self.acknowledged += asked()
                except DatabaseUnavailable:
                    self.unanswered += 1
                    self._stop.wait(_BREATH_SECONDS)
                    continue
                asked = None
                self.longest_seconds = max(self.longest_seconds, monotonic() - answered)
                answered = monotonic()
        except BaseException as fault:  # noqa: BLE001  # told where the thread is joined
            self.fault = fault


def draining(url: str, school: School, origin_id: int, pupils: list[int]) -> Writer:
    """A kiosk: sets of one to five drinks."""
    database = open_database(url)
    pen = Kiosk(origin_id)
    waiting: list[Fact] = []
    turns = count()

    def ask() -> list[Key]:
        turn = next(turns)
        while len(waiting) <= turn % 5:
            waiting.append(pen.charge(pupils[turn % len(pupils)], school.drink))
        with database.write() as db:
            answers = book_facts(db, origin_id, waiting, now=NOW)
        assert not any(one.quarantined or one.alarm for one in answers), answers
        waiting.clear()
        return [Key(origin_id, one.epoch, one.seq) for one in answers]

    return Writer(database, origin_id, ask)


def booking(url: str, school: School, origin_id: int, pupil: int) -> Writer:
    """An office: lunches charged by hand, each a statement that commits by itself."""
    database = open_database(url)
    numbers = [1]

    def ask() -> list[Key]:
        key = Key(origin_id, 1, numbers[0])
        with database.held() as db:
            answer = book(db, by_hand(school, pupil, key), now=NOW)
        assert isinstance(answer, Booked), answer
        writer.repeated += answer.repeated
        numbers[0] += 1
        return [key]

    writer = Writer(database, origin_id, ask)
    return writer


def unlimited(database: Database) -> None:
    """Let them eat and drink all they can: no cap is meant to be met."""
    caps = dict.fromkeys(("pupil_day_cap_cents", "kiosk_day_cap_cents"), 10**12)
    with database.write() as db:
        db.execute(people.school.update().values(**caps))


@dataclass(frozen=True, slots=True)
class Staff:
    """The writers of one school."""

    school: School
    writers: tuple[Writer, ...]

    def acknowledged(self) -> list[Key]:
        """All that was acknowledged so far."""
        return [key for writer in self.writers for key in writer.acknowledged]

    def answered(self, more: int) -> Callable[[], bool]:
        """Whether so many more entries than now were acknowledged."""
        enough = len(self.acknowledged()) + more
        return lambda: len(self.acknowledged()) >= enough

    def all_answered(self) -> Callable[[], bool]:
        """Whether every writer was answered since now."""
        before = [len(writer.acknowledged) for writer in self.writers]
        return lambda: all(
            len(writer.acknowledged) > known
            for writer, known in zip(self.writers, before, strict=True)
        )


@contextmanager
def at_work(url: str, *, tills: int = 4, offices: int = 2) -> Iterator[Staff]:
    """A school in an empty ledger, its writers at work until the block ends."""
    database = open_database(url)
    school = open_school(database)
    unlimited(database)
    with database.write() as db:
        pupils = [add_child(db, school.id, f"Kind{n} Muster") for n in range(8)]
        enrolled = NOON - timedelta(days=100)
        places = [("kiosk", school.id)] * tills + [("office", None)] * offices
        origins = [
            row(
                db, kiosks.origin, kind=kind, name=f"{kind} {number}", school_id=school_id,
                enrolled_us=enrolled,
            )
            for number, (kind, school_id) in enumerate(places)
        ]  # fmt: skip
    database.close()
    writers = (
        *(draining(url, school, origin, pupils) for origin in origins[:tills]),
        *(
            booking(url, school, origin, pupils[number])
            for number, origin in enumerate(origins[tills:])
        ),
    )
    for writer in writers:
        writer.start()
    staff = Staff(school, writers)
    try:
        yield staff
    finally:
        for writer in writers:
            writer.end()


@dataclass(frozen=True, slots=True)
class Survival:
    """What a ledger holds of what was acknowledged."""

    acknowledged: int
    lost: int
    doubled: int
    holds: bool


def survived(database: Database, staff: Staff) -> Survival:
    """Compare, after the block: every question has been answered by then."""
    told = staff.acknowledged()
    origins = {writer.origin_id for writer in staff.writers}
    with database.read() as db:
        rows = db.execute(text("SELECT origin_id, epoch, seq FROM entry")).all()
        proof = verify(db)
    kept = [Key(*one) for one in rows if one[0] in origins]
    return Survival(
        acknowledged=len(told),
        lost=len(set(told) - set(kept)),
        doubled=len(kept) - len(set(told)) + len(set(told) - set(kept)),
        holds=proof.holds and len(told) == len(set(told)),
    )
