"""What a demo showed: the steps as they came, the balances, and the ledger's own proof."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from accounts.clock import Clock, school_day
from accounts.ledger import balance, count_entries
from accounts.money import Money
from accounts.proof import CheckName, Proof
from accounts.pupils import known_people
from accounts.texts import Language, texts
from accounts.verify import verify
from kiosk.demo.stage import Stage
from kiosk.proving import told


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the card's printed number, who it was, what came and why."""

    card: str
    part: str
    outcome: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Steps, balances by part, entries in the ledger, facts that still wait, the proof."""

    steps: tuple[Step, ...]
    balances: dict[str, Money]
    entries: int
    waiting: int
    proof: Proof

    @property
    def holds(self) -> bool:
        """Whether the proof holds and the ledger has heard of everything."""
        return self.proof.holds and self.proof.balanced and self.waiting == 0


def result_of(theatre: Stage, steps: tuple[Step, ...], clock: Clock) -> Result:
    """Drain what waits, then prove the ledger."""
    theatre.parts.sync.once()
    world = theatre.world
    with world.database.read() as db:
        day = school_day(clock.now())
        people = known_people(db, school_id=world.school_id, day=day)
        pupils = {number: person.id for person in people for number in person.numbers}
        return Result(
            steps=steps,
            balances={
                part: balance(db, pupils[child.number]) for part, child in world.cast.items()
            },
            entries=count_entries(db),
            waiting=theatre.parts.journal.count_waiting(),
            proof=verify(db),
        )


def as_json(result: Result) -> str:
    """One object: ``taps``, ``outcomes``, ``balances`` (euro, as text), ``entries``, ``proof``."""
    return json.dumps(
        {
            "taps": [
                {
                    "card": step.card,
                    "part": step.part,
                    "outcome": step.outcome,
                    "reason": step.reason,
                }
                for step in result.steps
            ],
            "outcomes": sorted({step.outcome for step in result.steps}),
            "balances": {part: str(money) for part, money in result.balances.items()},
            "entries": result.entries,
            "proof": {
                "balanced": result.proof.balanced,
                "holds": result.holds,
                "waiting": result.waiting,
                "checked": {check.name.value: check.counted for check in result.proof.checks},
                "failures": [
                    f"{failure.what}: {failure.where}"
                    for check in result.proof.checks
                    for failure in check.failures
                ],
            },
        },
        ensure_ascii=False,
    )


def step_line(step: Step) -> str:
    """One step as a line of the table."""
    reason = f" ({step.reason})" if step.reason else ""
    return f"  {step.part:<34} {step.card:<10} {step.outcome}{reason}"


def summary(result: Result) -> Iterator[str]:
    """Balances and proof, as lines for a terminal."""
    german = texts(Language.GERMAN)
    yield ""
    yield "Kontostände / balances"
    for part, money in result.balances.items():
        yield f"  {part:<34} {german.money(money):>12}"
    yield ""
    yield f"Buchungen / entries: {result.entries}    offen / waiting: {result.waiting}"
    yield from told(result.proof)
    zero = result.proof.check(CheckName.ZERO_SUM)
    yield ""
    verdict = "stimmt / holds" if result.holds else "STIMMT NICHT / DOES NOT HOLD"
    yield f"Beweis über {zero.counted} Konten / proof over {zero.counted} accounts: {verdict}"
