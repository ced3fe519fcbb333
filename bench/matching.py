"""Matching on made payments: per class of error how much is posted, rightly, and how much is asked.

40,000 children, 83,527 codes issued. 20,000 payments and 100,000 purposes without a code; with
``--long`` 200,000 and 1,000,000. Every row says its own precision: what was posted rightly of all
that was posted; not one may be wrong.
"""

import random
from collections import Counter, defaultdict
from time import perf_counter

from builders import eur
from foreign_purposes import foreign_texts
from payments import DAY, City, Payment, city, payments

from banking.evidence import Ask, Decision, Post
from banking.matching import Unmatched, match
from banking.spotting import Manner, spot
from bench.figures import Figure

CHILDREN, ISSUED = 40_000, 83_527
SEED = 20_261_120


def run(*, long: bool = False) -> list[Figure]:
    """The table's rows."""
    count, foreign = (200_000, 1_000_000) if long else (20_000, 100_000)
    town = city(random.Random(SEED), children=CHILDREN, issued=ISSUED)
    return [*_by_class(town, count), *_foreign(town, foreign)]


def _by_class(town: City, count: int) -> list[Figure]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    seconds = 0.0
    for payment in payments(random.Random(SEED + 1), town, count):
        begun = perf_counter()
        decision = match(payment.line, town.index)
        seconds += perf_counter() - begun
        outcome = _outcome(payment, decision)
        for row in (payment.kind, f"damage: {payment.damage or 'none'}", "all"):
            counts[row].update(("n", outcome, *_found(payment, decision)))
    figures = [_row(name, counts[name]) for name in sorted(counts)]
    return [*figures, Figure("payments decided", count / seconds, "/s", note=f"{count} payments")]


def _outcome(payment: Payment, decision: Decision) -> str:
    if isinstance(decision, Ask):
        return "asked"
    got = {int(new.target.removeprefix("pupil:")): new.amount.cents for new in decision.allocations}
    return "right" if got == payment.truth else "wrong"


def _found(payment: Payment, decision: Decision) -> tuple[str, ...]:
    """Whether what is asked has all children that were meant among its suggestions."""
    if isinstance(decision, Post) or not payment.truth:
        return ()
    targets = {it.target for it in decision.suggestions}
    return ("suggested",) if targets >= {f"pupil:{it}" for it in payment.truth} else ()


def _row(name: str, seen: Counter[str]) -> Figure:
    posted = seen["right"] + seen["wrong"]
    assert not seen["wrong"], f"{name}: {seen['wrong']} posted to the wrong child"
    precision = "" if not posted else f"precision {100 * seen['right'] / posted:.0f} %, "
    note = (
        f"{precision}queue {100 * seen['asked'] / seen['n']:.1f} %, of it"
        f" {100 * seen['suggested'] / max(seen['asked'], 1):.0f} % with the child suggested by"
        f" code or account; {seen['n']} lines"
    )
    return Figure(name, 100 * seen["right"] / seen["n"], "% posted", note=note)


def _foreign(town: City, count: int) -> list[Figure]:
    posted = printed = loose = 0
    for text in foreign_texts(random.Random(SEED + 2), count):
        line = Unmatched(id=1, account_id=1, day=DAY, amount=eur("30"), text=text)
        posted += isinstance(match(line, town.index), Post)
        manners = {hit.manner for hit in spot(text, town.index.codes).hits}
        printed += Manner.PRINTED in manners
        loose += Manner.LOOSE in manners
    assert not posted, f"{posted} of {count} purposes without a code were posted"
    note = f"{count} purposes; a code as printed seen in {printed}, inside something in {loose}"
    return [Figure("posted of purposes without a code", posted, "lines", note=note)]
