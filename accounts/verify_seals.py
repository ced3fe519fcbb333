"""That what was sealed stands as it was sealed: the chain of seals, and every stretch anew."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select, text

from accounts import stretches
from accounts.clock import microseconds
from accounts.database import Session
from accounts.proof import NAMED, Check, CheckName, Failure
from accounts.seals import GENESIS, seal_hash
from accounts.stretches import GROWN, Grown, Stretch
from accounts.tables import proofs


def seals(db: Session) -> Check:
    """Every seal hangs on the one before, and the rows of each stretch are those it names.

    Counted are the rows under seals. A digest does not tell which of its rows differs: table
    and stretch are named, and of each table only the first that differs.
    """
    return joined(db, [part(db) for part in parts(db)])


@dataclass(frozen=True, slots=True)
class Differs:
    """The first stretch of a table whose rows are not those that its seal names."""

    no: int
    stretch: Stretch
    rows: int


def parts(db: Session) -> list[Callable[[Session], Differs | None]]:
    """The digests of each table, to be worked out apart: those with the most rows come first."""
    columns = {grown.name: grown.table.columns for grown in GROWN}
    rows: dict[str, int] = {}
    for sealed in _told(db).values():
        for stretch in sealed:
            rows[stretch.name] = rows.get(stretch.name, 0) + stretch.rows * len(
                columns.get(stretch.name, ())
            )

    def of(grown: Grown) -> Callable[[Session], Differs | None]:
        return lambda view: _first_that_differs(view, grown)

    dearest = sorted(GROWN, key=lambda grown: -rows.get(grown.name, 0))
    return [of(grown) for grown in dearest]


def joined(db: Session, differs: Iterable[Differs | None]) -> Check:
    """What the digests say, and the chain of seals over them."""
    told = _told(db)
    counted = sum(stretch.rows for sealed in told.values() for stretch in sealed)
    failures = [*_chain(db, told), *_before_the_first(db)]
    found = sorted((one for one in differs if one), key=lambda one: (one.no, one.stretch.name))
    failures += [_differs(one.no, one.stretch, one.rows) for one in found]
    return Check(CheckName.SEALS, counted, tuple(failures[:NAMED]))


def _told(db: Session) -> dict[int, list[Stretch]]:
    rows = db.execute(select(proofs.stretch).order_by(proofs.stretch.c.seal_id))
    return {
        no: [Stretch(*row[1:]) for row in sealed] for no, sealed in groupby(rows, lambda r: r[0])
    }


def _first_that_differs(db: Session, grown: Grown) -> Differs | None:
    for no, sealed in sorted(_told(db).items()):
        for stretch in sealed:
            if stretch.name != grown.name:
                continue
            stands = stretches.digest(db, grown, after=stretch.after, last=stretch.last)
            if stands != (stretch.rows, stretch.digest):
                return Differs(no, stretch, stands[0])
    return None


def incarnations(db: Session) -> Check:
    """The ledger's lives: it was made once, first, and each has a number of its own."""
    lives = db.execute(text("SELECT id, number, why FROM incarnation ORDER BY id")).all()
    failures = []
    if not lives:
        failures.append(Failure("incarnation_missing", "incarnation"))
    numbers: set[int] = set()
    for at, (no, number, why) in enumerate(lives):
        if (at == 0) != (why == "made"):
            failures.append(Failure("incarnation_order", f"incarnation {no}"))
        if number < 1 or number in numbers:
            failures.append(Failure("incarnation_number", f"incarnation {no}"))
        numbers.add(number)
    return Check(CheckName.INCARNATION, len(lives), tuple(failures[:NAMED]))


def _chain(db: Session, told: dict[int, list[Stretch]]) -> Iterator[Failure]:
    before = GENESIS
    ended: dict[str, int] = {}
    expected = 1
    for no, at, actor, hung_on, hashed in db.execute(
        select(proofs.seal).order_by(proofs.seal.c.id)
    ):
        sealed = told.pop(no, [])
        if no != expected:
            yield Failure("seal_gap", f"seal {no}")
        if hung_on != before:
            yield Failure("seal_hangs_elsewhere", f"seal {no}")
        if hashed != seal_hash(
            no=no, at_us=microseconds(at), actor=actor, before=hung_on, closed=sealed
        ):
            yield Failure("seal_differs", f"seal {no}")
        starts = {stretch.name: stretch.after for stretch in sealed}
        for name in sorted(starts.keys() | ended.keys()):
            if starts.get(name) != ended.get(name, 0):
                yield Failure("stretch_gap", f"{name} of seal {no}")
        ended = {stretch.name: stretch.last for stretch in sealed}
        before, expected = hashed, no + 1
    for no in sorted(told):
        yield Failure("stretch_without_seal", f"seal {no}")


def _before_the_first(db: Session) -> Iterator[Failure]:
    """Numbers begin at 1; a row below would be in no stretch, ever."""
    for grown in GROWN:
        below = text(f"SELECT min({grown.number}) FROM {grown.name} WHERE {grown.number} < 1")  # noqa: S608  # our own names
        number = db.execute(below).scalar_one()
        if number is not None:
            yield Failure("number_below_one", f"{grown.name} {number}")


def _differs(no: int, stretch: Stretch, rows: int) -> Failure:
    place = f"{stretch.name} {stretch.after + 1} to {stretch.last}, seal {no}"
    if rows == stretch.rows:
        return Failure("sealed_row_differs", place)
    return Failure("sealed_row_missing" if rows < stretch.rows else "row_under_seal", place)
