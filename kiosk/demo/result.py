"""What a demo showed: the steps as they came, the balances, and the ledger's own proof."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from accounts.card_matters import Matter, card_matters
from accounts.clock import Clock, school_day
from accounts.ledger import balance, count_entries
from accounts.money import Money
from accounts.proof import CheckName, Proof
from accounts.pupils import known_people
from accounts.texts import Language, texts
from accounts.verify import verify
from kiosk.demo import bank_told
from kiosk.demo.bank import BankDay, top_ups
from kiosk.demo.stage import Stage
from kiosk.proving import told
from kiosk.sentences_alerts import MATTERS


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the card's printed number, who it was, what came and why.

    ``detail`` says more of a card that did not prove itself.
    """

    card: str
    part: str
    outcome: str
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Steps, balances by part, entries in the ledger, facts that still wait, the proof.

    ``alerts`` are what the office should look into about cards, oldest first; ``bank`` is what
    came in by transfer.
    """

    steps: tuple[Step, ...]
    balances: dict[str, Money]
    entries: int
    waiting: int
    proof: Proof
    alerts: tuple[Matter, ...]
    bank: BankDay

    @property
    def holds(self) -> bool:
        """Whether the proof holds, the ledger has heard of everything, and it equals the bank."""
        proved = self.proof.holds and self.proof.balanced
        return proved and self.waiting == 0 and self.bank.holds


def result_of(theatre: Stage, steps: tuple[Step, ...], clock: Clock) -> Result:
    """Drain what waits, fetch from the bank, then prove the ledger.

    Raises ``kiosk.demo.bank.BankTrouble`` where the bank's day went otherwise than told.
    """
    theatre.parts.sync.once()
    world = theatre.world
    with world.database.read() as db:
        day = school_day(clock.now())
        people = known_people(db, school_id=world.school_id, day=day)
    pupils = {number: person.id for person in people for number in person.numbers}
    others = {child.number: pupils[child.number] for child in world.children if not child.part}
    bank = top_ups(world.database, world.pepper, world.journal.parent, others, clock)
    with world.database.read() as db:
        return Result(
            steps=steps,
            balances={
                part: balance(db, pupils[child.number]) for part, child in world.cast.items()
            },
            entries=count_entries(db),
            waiting=theatre.parts.journal.count_waiting(),
            proof=verify(db),
            alerts=card_matters(db, since=None)[::-1],
            bank=bank,
        )


def as_json(result: Result) -> str:
    """One object: ``taps``, ``outcomes``, ``balances`` (euro), ``entries``, ``alerts``, ``bank``, ``proof``."""
    return json.dumps(
        {
            "taps": [
                {
                    "card": step.card,
                    "part": step.part,
                    "outcome": step.outcome,
                    "reason": step.reason,
                    "detail": step.detail,
                }
                for step in result.steps
            ],
            "outcomes": sorted({step.outcome for step in result.steps}),
            "balances": {part: str(money) for part, money in result.balances.items()},
            "entries": result.entries,
            "alerts": [
                {"alert": it.ref, "kind": it.kind.value, "kiosk": it.kiosk, "card": it.printed_no}
                for it in result.alerts
            ],
            "bank": bank_told.fields(result.bank),
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
    why = ": ".join(word for word in (step.reason, step.detail) if word)
    reason = f" ({why})" if why else ""
    return f"  {step.part:<34} {step.card:<10} {step.outcome}{reason}"


def summary(result: Result) -> Iterator[str]:
    """Balances and proof, as lines for a terminal."""
    german = texts(Language.GERMAN)
    yield ""
    yield "Kontostände / balances"
    for part, money in result.balances.items():
        yield f"  {part:<34} {german.money(money):>12}"
    yield ""
    yield "Fürs Büro / for the office (mensa card alerts)"
    for alert in result.alerts:
        yield f"  {alert.printed_no or '-':<10} {german.say(MATTERS[alert.kind])}"
    yield ""
    yield from bank_told.lines(result.bank)
    yield ""
    yield f"Buchungen / entries: {result.entries}    offen / waiting: {result.waiting}"
    yield from told(result.proof)
    zero = result.proof.check(CheckName.ZERO_SUM)
    yield ""
    verdict = "stimmt / holds" if result.holds else "STIMMT NICHT / DOES NOT HOLD"
    yield f"Beweis über {zero.counted} Konten / proof over {zero.counted} accounts: {verdict}"
