"""Households (Haushalte): children whose parents pay for all of them in one transfer.

- A household has two members at least, each with a share of one part or more. What comes in for
  it is divided by these parts to the cent: nothing is left over and nothing is made.
- A child is in one household at a time. A household is never changed, only ended; what was
  divided under it stays as it was.
"""

import enum
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from accounts.money import ZERO, Money
from accounts.tables.bank import household, household_member
from accounts.tables.people import pupil


class HouseholdRefusal(enum.Enum):
    """Why a household was not made or not ended."""

    TOO_FEW = "too_few_members"
    NAMED_TWICE = "named_twice"
    BAD_SHARES = "bad_shares"
    HAS_HOUSEHOLD = "has_household"
    UNKNOWN_HOUSEHOLD = "unknown_household"
    ENDED = "household_ended"
    UNKNOWN_PUPIL = "unknown_pupil"


@dataclass(frozen=True, slots=True)
class Household:
    """A household that stands; ``shares`` is each child's part, by the child's number."""

    id: int
    shares: Mapping[int, int]
    since: datetime


def households(db: Connection) -> dict[int, Household]:
    """Every household that stands, by its number."""
    found = (
        select(household.c.id, household.c.since_us, household_member)
        .join(household_member, household_member.c.household_id == household.c.id)
        .where(household.c.until_us.is_(None))
        .order_by(household.c.id, household_member.c.pupil_id)
    )
    shares: dict[int, dict[int, int]] = defaultdict(dict)
    since: dict[int, datetime] = {}
    for row in db.execute(found):
        shares[row.id][row.pupil_id] = row.share
        since[row.id] = row.since_us
    return {number: Household(number, theirs, since[number]) for number, theirs in shares.items()}


def add_household(
    db: Connection, shares: Mapping[int, int], *, at: datetime
) -> Household | HouseholdRefusal:
    """Make these children one household; ``shares`` is each one's part. ``at`` is now, in UTC."""
    if len(shares) < 2:  # one child alone is no household
        return HouseholdRefusal.TOO_FEW
    if any(share < 1 for share in shares.values()):
        return HouseholdRefusal.BAD_SHARES
    # Held till the end, so that nobody else puts one of them into another household meanwhile.
    them = select(pupil.c.id).where(pupil.c.id.in_(shares)).order_by(pupil.c.id).with_for_update()
    if set(db.execute(them).scalars()) != set(shares):
        return HouseholdRefusal.UNKNOWN_PUPIL
    taken = (
        select(household_member.c.pupil_id)
        .join(household, household.c.id == household_member.c.household_id)
        .where(household.c.until_us.is_(None), household_member.c.pupil_id.in_(shares))
    )
    if db.execute(taken.limit(1)).first() is not None:
        return HouseholdRefusal.HAS_HOUSEHOLD
    made = insert(household).values(since_us=at).returning(household.c.id)
    number = int(db.execute(made).scalar_one())
    db.execute(
        insert(household_member),
        [
            {"household_id": number, "pupil_id": pupil_id, "share": share}
            for pupil_id, share in sorted(shares.items())
        ],
    )
    return Household(number, dict(sorted(shares.items())), at)


def end_household(db: Connection, number: int, *, at: datetime) -> HouseholdRefusal | None:
    """From now on a transfer is nobody's of them by being the household's."""
    this = household.c.id == number
    found = db.execute(select(household.c.until_us).where(this)).one_or_none()
    if found is None:
        return HouseholdRefusal.UNKNOWN_HOUSEHOLD
    if found.until_us is not None:
        return HouseholdRefusal.ENDED
    db.execute(update(household).where(this).values(until_us=at))
    return None


def divided(amount: Money, shares: Mapping[int, int]) -> dict[int, Money]:
    """The amount by parts, each child's in whole cents; their sum is the amount.

    Cents that do not go up go one by one to the largest remainders, of equal ones to the child
    with the smaller number. Raises ValueError without a part above zero or below one cent.
    """
    parts = sum(shares.values())
    if not shares or min(shares.values()) < 1 or amount <= ZERO:
        raise ValueError("an amount above zero is divided by parts of one or more")
    cents = {number: amount.cents * share // parts for number, share in shares.items()}
    left = amount.cents - sum(cents.values())
    by_rest = sorted(shares, key=lambda number: (-(amount.cents * shares[number] % parts), number))
    for number in by_rest[:left]:
        cents[number] += 1
    return {number: Money(cents[number]) for number in shares}
