"""A bank's life, told in every awkward way: what is proved is right, nothing is lost or doubled.

Days with 15 % twins, and lines with and without the bank's own numbers; fetches of random windows
that overlap and end within a day; statements of parts of a day; files that come late, three times
and shuffled; other words for known lines; MT940 first and camt later; statements that do not
close, that open with another balance, or without a balance at all.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from keeping_stage import Desk, on, open_desk
from paper_bank import DAY, Booked, PaperBank, paper
from postgresql_server import Server

from accounts.bank_files import Outcome, waiting
from accounts.database import open_database
from accounts.money import Money
from banking.lines import Family

DAYS = 14


def a_bank(rng: Random) -> PaperBank:
    truth = PaperBank(on(0), Money(rng.randrange(-5000, 100_000)))
    for day in range(DAYS):
        lines: list[Booked] = []
        for _ in range(rng.choice((0, 1, 3, 8, 12))):
            if lines and rng.random() < 0.15:
                lines.append(rng.choice(lines))
                continue
            number = f"N{rng.randrange(10**6)}" if rng.random() < 0.3 else ""
            cents = rng.choice((2000, 3500, 5000, -1500))
            lines.append(
                Booked(cents, rng.choice(("Essen", "Mensa", "K7M-4XP")), payer(rng), number)
            )
        truth.days[on(day)] = lines
    return truth


def payer(rng: Random) -> str:
    return f"DE{rng.randrange(6):02d}512108001245126199"


class Post:
    """What the bank sends by the time it is, most of it true."""

    def __init__(self, rng: Random, truth: PaperBank) -> None:
        self.rng, self.truth = rng, truth
        self.cut_over = rng.randrange(2, DAYS)
        self.sent: list[bytes] = []
        """What was brought already: it may come again."""

    def write(self, today: int) -> list[list[bytes]]:
        """Some files, written on that day at noon; the parts of a day come together."""
        rng = self.rng
        post = [[self._window(today)] for _ in range(rng.randrange(3))]
        if rng.random() < 0.5:
            post.append(self._parts(rng.randrange(max(1, today)), today))
        if rng.random() < 0.3:
            post.append([self._nonsense(today)])
        if self.sent and rng.random() < 0.5:
            post.append(rng.sample(self.sent, min(3, len(self.sent))))
        rng.shuffle(post)
        return post

    def _family(self, today: int) -> Family:
        return Family.CAMT if today >= self.cut_over else Family.MT940

    def _window(self, today: int) -> bytes:
        """Whole days, and of the last one what is booked by noon."""
        rng = self.rng
        first = max(0, today - rng.randrange(10))
        some = len(self.truth.days[on(today)])
        told = self.truth.tell(
            on(first),
            on(today),
            upto=rng.randrange(some + 1),
            family=self._family(today),
            balances=rng.choice(("both", "both", "both", "opening", "none")),
            interim=True,
        )
        if rng.random() < 0.3:
            reword(told, rng, before=on(today))
        return paper(told, salt=rng.randrange(1000))

    def _parts(self, day: int, today: int) -> list[bytes]:
        """One day in two statements."""
        cut = self.rng.randrange(len(self.truth.days[on(day)]) + 1)
        family = self._family(today)
        return [
            paper(self.truth.tell(on(day), on(day), upto=cut, family=family)),
            paper(self.truth.tell(on(day), on(day), skip=cut, family=family)),
        ]

    def _nonsense(self, today: int) -> bytes:
        told = self.truth.tell(on(max(0, today - 2)), on(today), family=self._family(today))
        shift = self.rng.choice((1, -2000, 500))
        told["closing"] = int(str(told["closing"])) + shift
        if self.rng.random() < 0.5:
            told["opening"] = int(str(told["opening"])) + shift
        return paper(told)


def reword(told: dict[str, object], rng: Random, *, before: object) -> None:
    """One line of a finished day in other words."""
    lines = [line for line in told["lines"] if line[0] < str(before)]  # type: ignore[attr-defined]
    if lines:
        rng.choice(lines)[2] += " gez."


@contextmanager
def ledger(request: pytest.FixtureRequest, engine: str, folder: Path) -> Iterator[Desk]:
    if engine == "sqlite":
        path = folder / "ledger.db"
        shutil.copy(request.getfixturevalue("empty_sqlite"), path)
        database = open_database(f"sqlite:///{path}")
    else:
        server: Server = request.getfixturevalue("postgresql")
        template: str = request.getfixturevalue("empty_postgresql")
        database = open_database(server.url(server.create(template)))
    try:
        yield open_desk(database)
    finally:
        database.close()


def live(desk: Desk, rng: Random) -> None:
    truth = a_bank(rng)
    post = Post(rng, truth)
    begun = paper(truth.tell(on(0), on(0), family=post._family(0)))
    desk.on(1).bring(begun)
    late: list[bytes] = []
    for today in range(1, DAYS):
        brought: list[bytes] = []
        for files in post.write(today):
            (late if rng.random() < 0.2 else brought).extend(files)
        if late and rng.random() < 0.3:
            brought += late
            late.clear()
        rng.shuffle(brought)
        desk.on(today).bring(*brought)
        post.sent += brought
        desk.agrees_with(truth)

    desk.on(DAYS + 1).bring(*late)
    post.sent += late
    desk.agrees_with(truth)
    families = (Family.MT940, Family.CAMT)
    everything = [paper(truth.tell(on(0), on(DAYS - 1), family=one), salt=5000) for one in families]
    desk.bring(*everything)

    assert max(desk.proved()) == on(DAYS - 1)
    desk.agrees_with(truth)
    before = desk.lines()
    for _ in range(3):
        rng.shuffle(post.sent)
        kept = desk.bring(*post.sent, *everything)
        assert not any(one.new_lines for one in kept)
        assert not any(one.outcome is Outcome.KEPT for one in kept)
    assert desk.lines() == before
    with desk.database.read() as db:
        assert {it.last_day for it in waiting(db)} <= {on(DAYS - 1), on(DAYS - 1) + DAY}


@pytest.mark.parametrize("seed", range(8))
def test_a_life_on_sqlite(request: pytest.FixtureRequest, tmp_path: Path, seed: int) -> None:
    with ledger(request, "sqlite", tmp_path) as desk:
        live(desk, Random(seed))


@pytest.mark.postgresql
@pytest.mark.parametrize("seed", range(100, 102))
def test_a_life_on_postgresql(request: pytest.FixtureRequest, tmp_path: Path, seed: int) -> None:
    with ledger(request, "postgresql", tmp_path) as desk:
        live(desk, Random(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1300))
def test_many_lives(request: pytest.FixtureRequest, tmp_path: Path, seed: int) -> None:
    with ledger(request, "sqlite", tmp_path) as desk:
        live(desk, Random(seed))
