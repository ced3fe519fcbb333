"""A world: schools that live on one ledger, step by step from a seed, with a model beside it.

Every step draws from a generator of its own, made of the seed and the step's number. Anything
asked may die under way and is asked again with the same key; it must then have ended once.
``Violation`` says what was broken; its notes tell the seed and the last steps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from world_asks import Desk
from world_attacks import attacks
from world_bank import Bank
from world_checks import Violation
from world_council import Council
from world_places import (
    Pen,
    add_kiosk,
    add_office,
    add_person,
    add_school,
    entitle,
    first_of_next_month,
    found_city,
    move_pupil,
    noon,
    open_day,
    revoke,
)
from world_raw import Scene

from accounts.clock import FixedClock
from accounts.closings import Refusal, close_month

ACTS = {
    "kiosk_drains": 40,
    "office_asks": 34,
    "attacked": 10,
    "bank_says": 4,
    "money_assigned": 6,
    "money_taken_back": 2,
    "asked_again": 8,
    "time_passes": 3,
    "people_change": 2,
    "kiosk_out_of_turn": 2,
    "image_restored": 1,
    "months_close": 1,
}
"""What happens in a world, and how often beside the others."""
LIFE = 800
"""Steps until schools make place for new ones, so that nobody's history grows long."""


@dataclass(slots=True, kw_only=True)
class World(Bank):
    """One ledger that lives."""

    seed: int = 1
    acts: Mapping[str, int] = field(default_factory=lambda: ACTS)
    size: int = 3
    """Schools at a time."""
    today: date = date(2026, 9, 1)
    steps: int = 0
    council: Council = field(init=False)

    def __post_init__(self) -> None:
        self.begin()
        self.now = noon(self.today)
        self.city = found_city(self.database, self.model)
        self.council = Council(self.database, self.model, self.city.bank)
        self.settle(Random(f"{self.seed}:settle"))

    def run(self, things: int, *, whole_every: int = 2500) -> None:
        """Live until so many things were asked, and prove the whole at the end.

        Raises Violation, with the seed and the tale of the last steps.
        """
        try:
            while self.things < things:
                self.step(self.steps)
                if self.steps % whole_every == 0:
                    self.watch.in_full(self.held())
            self.watch.in_full(self.held())
        except Exception as fault:
            fault.add_note(
                f"seed {self.seed}, step {self.steps}, {self.things} things asked, on"
                f" {self.database.url.get_backend_name()}"
            )
            fault.add_note("\n".join(self.told))
            raise

    def step(self, number: int) -> None:
        """One step of the seed's."""
        rng = Random(f"{self.seed}:{number}")
        if self.steps and self.steps % LIFE == 0:
            self.settle(rng)
        name = rng.choices(list(self.acts), list(self.acts.values()))[0]
        self.act(name, rng)

    def act(self, name: str, rng: Random) -> None:
        """One act; then everything that is cheap to ask is asked."""
        self.told.append(f"{self.steps} {name}")
        self.steps += 1
        self.things += 1
        self.deaths, self.between = 0, []
        before = self.watch.tops
        getattr(self, name)(rng)
        self.counts[name] += 1
        for tops in self.between:
            if tops[:3] not in (before[:3], self.watch.tops[:3]):
                raise Violation("half_there", f"{before} {tops} {self.watch.tops}")

    # Acts.

    def attacked(self, rng: Random) -> None:
        """Plain SQL tries what nobody may; it is refused, and nothing changed."""
        school = rng.choice(self.desk.schools)
        pupil, other = rng.sample(school.pupils, 2)
        self.watch.learn_accounts(self.held())
        scene = Scene(
            self.watch, rng, self.now, self.desk.office, pupil, other, school.id,
            school.pens[0].kiosk.origin_id, self.council.undecided, self.council.asker,
            self.council.watcher, self.city.bank,
        )  # fmt: skip
        attack = rng.choice(list(attacks(scene)))
        self.tell(attack.name)
        code = self.refused(attack.attempt, undo=not attack.codes)
        self.counts[f"attack: {attack.name}"] += 1
        if code is None and attack.codes:
            raise Violation(f"accepted: {attack.name}", sorted(attack.codes))
        if code is not None and code not in attack.codes:
            raise Violation(f"refused as {code}: {attack.name}", sorted(attack.codes))
        self.watch.after_step(self.held(), rng)

    def time_passes(self, rng: Random) -> None:
        """Minutes go by, or a night, or the rest of the month."""
        how = rng.random()
        if how < 0.6:
            self.now += timedelta(minutes=rng.randint(1, 20))
            return
        self.today += timedelta(days=1)
        if how > 0.92:
            self.today = first_of_next_month(self.today)
        self.now = noon(self.today)
        for school in self.desk.schools:
            open_day(self.database, self.model, self.city, school, self.today)

    def people_change(self, rng: Random) -> None:
        """Children come, move and get other tariffs; a kiosk is sent away, another comes."""
        school, target = rng.choice(self.desk.schools), rng.choice(self.desk.schools)
        pupil = rng.choice(school.pupils)
        day = self.today + timedelta(days=rng.randint(-5, 1))
        tomorrow = self.today + timedelta(days=1)
        with self.database.write() as db:
            match rng.randint(0, 3):
                case 0:
                    school.pupils.append(add_person(db, self.model, self.city, school.id, rng))
                case 1:
                    move_pupil(db, self.model, pupil, target.id, tomorrow)
                case 2:
                    tariff = self.city.tariffs[rng.choice("BH")]
                    last = rng.choice((None, day + timedelta(days=rng.randint(0, 20))))
                    if self.model.people[pupil].kind == "pupil":
                        entitle(db, self.model, pupil, tariff, first=day, last=last)
                case _:
                    pen = rng.choice(school.pens)
                    if pen.told:
                        revoke(db, self.model, pen, self.now)
                        new = add_kiosk(db, self.model, school.id, self.today, rng)
                        school.pens.append(Pen(new, school.id))

    def months_close(self, rng: Random) -> None:
        """Somebody closes a month for ever, or tries to."""
        attempt = self.council.draw(rng, self.now)
        clock = FixedClock(self.now)
        expected = attempt.expected

        def close() -> str:
            answer = close_month(
                self.database, month=attempt.month, actor="office", clock=clock, software="0",
                request_id=attempt.request_id,
            )  # fmt: skip
            return answer.why.value if isinstance(answer, Refusal) else "closed"

        answer = self.insist(close, rng)
        self.tell(f"{attempt} -> {answer}")
        if answer != expected and not (
            self.deaths and (expected, answer) == ("closed", "already_closed")
        ):
            raise Violation(f"closing_{answer}", attempt)
        if expected == "closed":
            self.model.open_from = first_of_next_month(date.fromisoformat(f"{attempt.month}-01"))
        self.counts[f"month: {answer}"] += 1
        self.watch.after_step(self.held(), rng)

    # How things are asked.

    def settle(self, rng: Random) -> None:
        """New schools and an office; the old ones are left in peace."""
        office = add_office(self.database, self.model, f"office {self.steps}")
        schools = [
            add_school(self.database, self.model, self.city, rng, self.today)
            for _ in range(self.size)
        ]
        days = [self.today - timedelta(days=n) for n in (40, 20, 2, 1, 0)]
        for school in schools:
            for day in days:
                open_day(self.database, self.model, self.city, school, day)
        self.desk = Desk(self.model, self.city, office, schools, [], self.council.decide)
        self.asked = []
