"""What people and kiosks ask of a ledger: mostly what is right, now and then what is not."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from world_model import Model
from world_places import City, School, noon
from world_words import Entry, mirror

from accounts.database import Session
from accounts.entries import Booked, Draft, Eaten, EntryKind, Key, Move, No
from accounts.ledger import book, reverse
from accounts.money import ZERO, Money

BookedOrNo = Booked | No


@dataclass(frozen=True, slots=True)
class Ask:
    """A draft and the way it goes in; asked again it goes the same way."""

    draft: Draft
    reversing: bool = False

    def __call__(self, db: Session, now: datetime) -> BookedOrNo:
        draft = self.draft
        if self.reversing and draft.reverses is not None:
            return reverse(
                db, key=draft.key, of=draft.reverses, reason=draft.reason or "", actor=draft.actor,
                now=draft.occurred_at,
            )  # fmt: skip
        return book(db, draft, now=now)


@dataclass(slots=True)
class Desk:
    """Where drafts are drawn: an office, the bank, and the schools they know."""

    model: Model
    city: City
    office: int
    schools: list[School]
    mine: list[Key]
    """Entries of these schools, oldest first."""
    decide: Callable[[Draft, Random], int | None]
    """Two people decide about a draft; gives the request's number."""

    def draw(self, rng: Random, now: datetime) -> Ask:
        """One ask of any kind; every sixth is twisted."""
        make = rng.choices(
            (self.topup, self.by_bank, self.charge, self.refund, self.correction, self.reversal),
            (5, 1, 3, 2, 1, 3),
        )[0]
        ask = make(rng, now)
        if rng.random() < 0.17:
            return Ask(self.twisted(ask.draft, rng))
        return ask

    def topup(self, rng: Random, now: datetime) -> Ask:
        """Cash at the office, which takes two people; an opening balance takes more than that."""
        pupil = self.pupil(rng)
        move = Move("cash", f"pupil:{pupil}", Money(rng.randint(1, 30) * 100))
        if rng.random() < 0.1:
            move = replace(move, debit="opening")
            when = self._when(rng, now)
            return Ask(self._draft(EntryKind.OPENING, when, move, pupil=pupil))
        draft = self._draft(EntryKind.TOPUP, self._when(rng, now), move, pupil=pupil)
        return Ask(self.decided(draft, rng))

    def by_bank(self, rng: Random, now: datetime) -> Ask:
        """In the bank's name, which nobody may: only its lines and what became of them are."""
        pupil = self.pupil(rng)
        amount = Money(rng.randint(1, 5000))
        move = rng.choice(
            (
                Move("bank", "suspense", amount),
                Move("suspense", f"pupil:{pupil}", amount),
                Move("fees", "bank", amount),
            )
        )
        owner = pupil if move.credit.startswith("pupil:") else None
        when = self._when(rng, now)
        return Ask(
            self._draft(EntryKind.TOPUP, when, move, pupil=owner, origin=self.city.bank.origin_id)
        )

    def charge(self, rng: Random, _now: datetime) -> Ask:
        """A lunch by hand at the full price, guarded by a floor or not."""
        school = rng.choice(self.schools)
        day = rng.choice(list(school.menus))
        pupil = rng.choice(school.pupils) if rng.random() < 0.85 else self.pupil(rng)
        offer = school.menus[day][rng.randint(0, 1)]
        dish = self.model.dishes[offer]
        price = Money(dish.prices[self.city.tariffs["V"]][0])
        quantity = rng.choice((1, 1, 2))
        line = Eaten(
            offer_id=offer, tariff_id=self.city.tariffs["V"], item_class=dish.item_class,
            quantity=quantity, price=price, share=price, tax_key=6, rate_permille=0,
        )  # fmt: skip
        move = Move(f"pupil:{pupil}", f"revenue:{dish.operator}:6", price * quantity)
        draft = self._draft(EntryKind.CHARGE, noon(day), move, pupil=pupil, school=school.id)
        floor = rng.choice((None, ZERO, Money(-1500), Money(-400)))
        return Ask(replace(draft, lines=(line,), floor=floor, reason="by hand"))

    def refund(self, rng: Random, now: datetime) -> Ask:
        """What is left goes back, and never more; two people decide."""
        pupil = self.pupil(rng)
        has = self.model.balances[f"pupil:{pupil}"]
        cents = rng.choice((max(has, 1), max(has, 1), max(has + 1, 1), rng.randint(1, 2000)))
        move = Move(f"pupil:{pupil}", "refunds", Money(cents))
        draft = self._draft(EntryKind.REFUND, self._when(rng, now), move, pupil=pupil)
        return Ask(self.decided(replace(draft, floor=ZERO), rng))

    def correction(self, rng: Random, now: datetime) -> Ask:
        """A debt is written off or a mistake made good; two people decide."""
        pupil = self.pupil(rng)
        pair = rng.sample([f"pupil:{pupil}", "write_off"], 2)
        move = Move(pair[0], pair[1], Money(rng.randint(1, 900)))
        floor = rng.choice((None, ZERO))
        draft = self._draft(EntryKind.CORRECTION, self._when(rng, now), move, pupil=pupil)
        return Ask(self.decided(replace(draft, floor=floor), rng))

    def reversal(self, rng: Random, now: datetime) -> Ask:
        """Something is taken back: often the newest, sometimes what was taken back before."""
        if not self.mine:
            return self.topup(rng, now)
        of = rng.choice(self.mine[-12:] if rng.random() < 0.7 else self.mine)
        target: Entry = self.model.entries[of]
        moves = tuple(Move(d, c, Money(n)) for d, c, n in mirror(target.transfers))
        draft = replace(
            self._draft(EntryKind.REVERSAL, now, *moves, pupil=target.pupil, school=target.school),
            reverses=of,
            reason="mistake",
        )
        return Ask(draft, reversing=len(moves) > 1 or rng.random() < 0.5)

    def decided(self, draft: Draft, rng: Random) -> Draft:
        """The draft with the number of what two people decided, or nearly."""
        draft = replace(draft, school_id=rng.choice(self.schools).id)
        if rng.random() < 0.1:
            return draft
        first = draft.moves[0]
        asked = rng.choices(
            (
                draft,
                replace(draft, moves=(replace(first, amount=first.amount + Money(1)),)),
                replace(draft, school_id=rng.choice(self.schools).id),
                replace(draft, kind=rng.choice((EntryKind.CORRECTION, EntryKind.REFUND))),
            ),
            (12, 1, 1, 1),
        )[0]
        number = self.decide(asked, rng)
        if self.model.decided and rng.random() < 0.1:
            number = rng.choice(list(self.model.decided))
        return replace(draft, request_id=number)

    def twisted(self, draft: Draft, rng: Random) -> Draft:
        """Wrong in one thing."""
        first, *rest = draft.moves
        other = f"pupil:{self.pupil(rng)}"
        paying = first.debit.startswith("pupil:")
        moves = {
            "one more pupil": (*draft.moves, Move("cash", other, Money(5))),
            "other account": (
                replace(first, debit=other) if paying else replace(first, credit=other),
                *rest,
            ),
            "nothing": (replace(first, amount=ZERO), *rest),
            "in a circle": (replace(first, credit=first.debit), *rest),
            "nowhere": (replace(first, credit="pupil:0"), *rest),
            "into the bank": (replace(first, credit="bank"), *rest),
            "too much": (replace(first, amount=first.amount + Money(1)), *rest),
            "too little": (replace(first, amount=first.amount - Money(1)), *rest),
        }
        keys = {
            "gap": replace(draft.key, seq=draft.key.seq + 1),
            "as a kiosk": Key(self.schools[0].pens[0].kiosk.origin_id, 1, 1),
        }
        if self.model.decided and rng.random() < 0.1:
            return replace(draft, request_id=rng.choice(list(self.model.decided)))
        how = rng.choice([*moves, *keys])
        if draft.kind is EntryKind.CHARGE and rng.random() < 0.7:
            how = rng.choice(("into the bank", "too much", "too little"))
        if how in keys:
            return replace(draft, key=keys[how])
        return replace(draft, moves=moves[how])

    def pupil(self, rng: Random) -> int:
        """Somebody of any school."""
        return rng.choice(rng.choice(self.schools).pupils)

    def _draft(
        self,
        kind: EntryKind,
        at: datetime,
        *moves: Move,
        pupil: int | None,
        school: int | None = None,
        origin: int | None = None,
    ) -> Draft:
        writer = self.office if origin is None else origin
        key = Key(writer, 1, self.model.ends[writer, 1] + 1)
        return Draft(
            key=key, kind=kind, occurred_at=at, actor="office", moves=moves, pupil_id=pupil,
            school_id=school,
        )  # fmt: skip

    def _when(self, rng: Random, now: datetime) -> datetime:
        return now if rng.random() < 0.8 else now - timedelta(days=rng.randint(1, 45))
