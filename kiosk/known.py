"""What the kiosk knows now: the newest snapshot, less what it wrote itself since.

A row of the kiosk's own journal counts exactly as long as the snapshot's marks do not reach
it, so nothing is missed and nothing is counted twice. A void counts as the undoing of its
charge. Looked up by card and by pupil in constant time; made anew with each snapshot.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from accounts.charge import (
    NUMBER_LIMIT,
    Holder,
    ItemClass,
    Menu,
    Offer,
    PersonKind,
    Price,
)
from accounts.facts import FactKind
from accounts.money import Money
from accounts.snapshot import CardRow, PersonRow, Snapshot, StaffRow
from kiosk.journal import Row

SEARCH_AT_MOST = 20


@dataclass(slots=True)
class Known:
    """Use ``known(...)`` to make it and ``add`` for each row the kiosk writes after."""

    snapshot: Snapshot
    people: dict[int, PersonRow]
    cards: dict[str, CardRow]
    staff: dict[int, StaffRow]
    prices: dict[tuple[int, int], Price]
    own: dict[int | None, list[Row]] = field(default_factory=lambda: defaultdict(list))
    voided: set[tuple[int, int]] = field(default_factory=set)

    def add(self, row: Row) -> None:
        """Count in a row that the snapshot does not contain."""
        if row.fact.kind is FactKind.VOID and row.fact.voids is not None:
            self.voided.add(row.fact.voids)
        self.own[row.fact.pupil_id].append(row)

    def holder(self, pupil_id: int, day: date) -> Holder | None:
        """The account holder as of now; None for nobody of this school."""
        person = self.people.get(pupil_id)
        if person is None:
            return None
        same_day = day == self.snapshot.day
        lunches = person.lunches if same_day else 0
        spent = person.spent_cents if same_day else 0
        balance = person.balance_cents
        for row, sign in self._own_of(pupil_id):
            for item in row.items if sign > 0 else reversed(row.items):
                balance -= sign * item.share_cents * item.quantity
                if row.fact.day != day:
                    continue
                is_lunch = item.item_class == ItemClass.LUNCH.value
                before = lunches
                lunches += sign * item.quantity if is_lunch else 0
                # The first lunch counts as no spending, when it is eaten and when it is undone.
                free = 1 if is_lunch and min(before, lunches) == 0 else 0
                spent += sign * item.share_cents * (item.quantity - free)
        return Holder(
            pupil_id=person.id,
            kind=PersonKind(person.kind),
            tariff_id=person.tariff_id,
            base_tariff_id=person.base_tariff_id,
            funded=person.funded,
            balance=Money(balance),
            lunches=max(lunches, 0),
            spent=Money(max(spent, 0)),
            day_limit=None if person.day_limit_cents is None else Money(person.day_limit_cents),
            blocked_classes=frozenset(ItemClass(name) for name in person.blocked_classes),
        )

    def menu(self, day: date) -> Menu:
        """What is offered that day."""
        limit = self.snapshot.uid_day_limit_cents
        offers = {
            row.id: Offer(row.id, row.code, row.title, ItemClass(row.item_class))
            for row in self.snapshot.offers
            if row.day == day.isoformat()
        }
        return Menu(
            offers=offers,
            prices=self.prices,
            closed=day.isoformat() in self.snapshot.closed,
            floor=Money(self.snapshot.school.floor_cents),
            number_limit=NUMBER_LIMIT if limit is None else Money(limit),
        )

    def counts(self, day: date) -> dict[int, int]:
        """How many of each offer went out that day, as far as this kiosk knows."""
        counted: dict[int, int] = defaultdict(int)
        if day == self.snapshot.day:
            counted.update(dict(self.snapshot.counts))
        for pupil in list(self.own):
            for row, sign in self._own_of(pupil):
                if row.fact.day == day:
                    for item in row.items:
                        counted[item.offer_id] += sign * item.quantity
        return counted

    def search(self, text: str) -> tuple[list[PersonRow], bool]:
        """People whose name or class begins with each word; and whether there are more.

        Marks above and through letters count neither here nor in the order: "celik" finds Çelik.
        """
        words = _plain(text).split()
        hits = [person for person in self.people.values() if words and _matches(person, words)]
        hits.sort(key=lambda p: (_plain(p.last_name), _plain(p.first_name), p.id))
        return hits[:SEARCH_AT_MOST], len(hits) > SEARCH_AT_MOST

    def _own_of(self, pupil_id: int | None) -> Iterable[tuple[Row, int]]:
        """Own charges with +1; a void of a charge the snapshot contains undoes it with -1."""
        marks = dict(self.snapshot.marks)
        for row in self.own.get(pupil_id, ()):
            if row.fact.kind is FactKind.CHARGE and row.key not in self.voided:
                yield row, 1
            elif row.fact.kind is FactKind.VOID and row.fact.voids is not None:
                epoch, seq = row.fact.voids
                if marks.get(epoch, 0) >= seq:
                    yield row, -1


def known(snapshot: Snapshot, own: Iterable[Row]) -> Known:
    """What follows from a snapshot and the kiosk's own rows, of which the newer ones count."""
    made = Known(
        snapshot=snapshot,
        people={person.id: person for person in snapshot.people},
        cards={card.hash: card for card in snapshot.cards},
        staff={one.id: one for one in snapshot.staff},
        prices={
            (offer, tariff): Price(Money(price), Money(share))
            for offer, tariff, price, share in snapshot.prices
        },
    )
    marks = dict(snapshot.marks)
    for row in own:
        if row.fact.seq > marks.get(row.fact.epoch, 0):
            made.add(row)
    return made


_STROKES = str.maketrans("łøđı", "lodi")
"""Letters that Unicode does not take apart."""


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c)).translate(_STROKES)


def _matches(person: PersonRow, words: list[str]) -> bool:
    parts = _plain(f"{person.first_name} {person.last_name} {person.class_name}").split()
    parts += [piece for part in parts for piece in part.split("-")[1:]]
    return all(any(part.startswith(word) for part in parts) for word in words)
