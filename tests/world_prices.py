"""What is sold and what it costs: how a tray becomes lines, and lines become transfers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from world_words import Dish, Line, Transfer

from accounts.charge import Choice


@dataclass(slots=True)
class Prices:
    """Dishes, tariffs, taxes, and who is paid."""

    dishes: dict[int, Dish] = field(default_factory=dict)
    base: dict[str, int] = field(default_factory=dict)  # kind of person: tariff
    bodies: dict[int, int] = field(default_factory=dict)  # tariff: who pays the rest
    taxes: dict[tuple[int, str, str], tuple[int, int]] = field(default_factory=dict)
    settled: dict[int, str] = field(default_factory=dict)  # operator: revenue or payable

    def price(
        self,
        items: Iterable[Choice],
        *,
        at: tuple[int | None, date],
        kind: str,
        own: int,
        lunches_before: int,
    ) -> list[Line] | None:
        """The lines of a tray; None where one thing on it is not sold ``at`` that school and day.

        ``kind`` is the person's and ``own`` the tariff that counts for them that day.
        """
        base, before = self.base[kind], lunches_before
        lines: list[Line] = []
        for choice in items:
            dish = self.dishes.get(choice.offer_id)
            if dish is None or (dish.school, dish.day) != at:
                return None
            lunch = dish.item_class == "lunch"
            covered = own not in self.bodies or (lunch and choice.quantity == 1 and before == 0)
            before += lunch  # the tray's first is the first, however many it is of
            tariff = own if covered and own in dish.prices else base
            tax = self.taxes.get((dish.operator, kind, dish.item_class))
            if not 1 <= choice.quantity <= 10**6 or tariff not in dish.prices or tax is None:
                return None
            price, share = dish.prices[tariff]
            if share < price and tariff not in self.bodies:
                return None
            lines.append(
                (choice.offer_id, tariff, dish.item_class, choice.quantity, price, share, *tax)
            )
        return lines

    def moves(self, pupil: int | None, lines: Iterable[Line]) -> tuple[Transfer, ...]:
        """What the lines move: a share from the child, the rest from the tariff's body."""
        sums: defaultdict[tuple[str, str], int] = defaultdict(int)
        for offer, tariff, _, quantity, price, share, tax, _ in lines:
            operator = self.dishes[offer].operator
            credit = f"{self.settled[operator]}:{operator}"
            credit += f":{tax}" if self.settled[operator] == "revenue" else ""
            sums[f"pupil:{pupil}", credit] += quantity * share
            if share < price:
                sums[f"receivable:{self.bodies[tariff]}", credit] += quantity * (price - share)
        return tuple(sorted((*pair, cents) for pair, cents in sums.items() if cents))
