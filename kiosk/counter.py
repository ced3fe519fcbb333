"""The counter: a tap in, a finished outcome out. No screen, no reader, no network.

- Every charge and every void is durable in the kiosk's journal before its outcome is returned.
- A card that has a key is taken when it has proved it and in no other way; what a card with
  nothing but a number may spend a day is limited, and staff are not signed in by it.
- It decides on what the kiosk knows now (``kiosk.known``); without any snapshot it knows nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.charge import (
    Charge,
    Choice,
    ItemClass,
    Menu,
    OverrideReason,
    Refusal,
    decide,
    refused_card,
)
from accounts.clock import Clock, school_day
from accounts.facts import Fact, FactKind
from accounts.snapshot import CardRow, Snapshot, standing_of
from cards.reader import CardFault, Proof, Tap
from kiosk import messages as say
from kiosk.journal import Item, Journal
from kiosk.key_book import KeyShelf
from kiosk.known import Known, known
from kiosk.session import StaffSession
from kiosk.sightings import Sightings

VOID_WITHIN = timedelta(minutes=5)
BALANCE_WAITS = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class _Turned:
    """Who was refused last: the pupil if the card may be charged at all, and why."""

    pupil_id: int | None
    reason: Refusal
    at: datetime
    detail: CardFault | say.ProofLack | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    """The card on the reader: its hash, whether it proved no more than its number, and when."""

    card: str
    number_only: bool
    seen_ns: int


class Counter:
    """What cards can do at one kiosk; ``kiosk.staffed`` adds what staff can. Of one thread."""

    def __init__(
        self, journal: Journal, *, clock: Clock, card_hash: Callable[[str], str],
        staff: StaffSession, keys: KeyShelf | None = None,
    ) -> None:  # fmt: skip
        self._journal = journal
        self._clock = clock
        self._card_hash = card_hash
        self._staff = staff
        self._keys = keys or KeyShelf((), card_hash=card_hash)
        self._sightings = Sightings(journal)
        self._known: Known | None = None
        self._chosen: tuple[Choice, ...] | None = None
        self._turned: _Turned | None = None
        self._balance_until: datetime | None = None

    # --- what the ledger says -----------------------------------------------------------

    def learn(self, snapshot: Snapshot) -> say.Today:
        """Decide by this snapshot from now on."""
        rows = self._journal.recent.values()
        self._keys.learn(snapshot)
        self._known = known(snapshot, rows)
        marks = dict(snapshot.marks)
        earliest = self._clock.now() - VOID_WITHIN
        self._journal.forget(
            [
                row.key
                for row in rows
                if row.fact.seq <= marks.get(row.fact.epoch, 0) and row.fact.occurred_at < earliest
            ]
        )
        return self.today()

    def today(self) -> say.Today:
        """The day's offers and what a tap buys."""
        menu = self._menu()
        offers = sorted(menu.offers.values(), key=lambda o: o.code) if menu else []
        return say.Today(
            offers=tuple(say.MenuItem(o.id, o.code, o.title, o.item_class) for o in offers),
            tray=self._tray(menu) if menu else (),
        )

    # --- taps ---------------------------------------------------------------------------

    def tap(self, tap: Tap) -> say.Outcome:
        """A card was put on the reader."""
        now = self._clock.now()
        if self._known is None:
            return self._refuse(Refusal.UNKNOWN, None, now, tap.seen_ns)
        shown = _Shown(self._card_hash(tap.card), tap.proof is not Proof.AES, tap.seen_ns)
        card = self._known.cards.get(shown.card)
        problem = refused_card(standing_of(card) if card else None, proven=self._proven(tap, card))
        if problem is not None or card is None:
            return self._turn_away(tap, shown.card, problem or Refusal.UNKNOWN, now)
        if card.staff_id is not None:
            return self._staff.welcome(self._known.staff[card.staff_id], now)
        assert card.pupil_id is not None  # a card has a pupil or a member of staff  # noqa: S101
        if self._balance_until is not None and self._balance_until - BALANCE_WAITS <= now <= (
            self._balance_until
        ):
            return self._show_balance(card.pupil_id, now)
        return self._charge(card.pupil_id, now, shown=shown)

    def ask_balance(self) -> say.Outcome:
        """The next tap within some seconds shows its own balance and buys nothing."""
        self._balance_until = self._clock.now() + BALANCE_WAITS
        return say.BalanceArmed(int(BALANCE_WAITS.total_seconds()))

    # --- inside -------------------------------------------------------------------------

    def _proven(self, tap: Tap, card: CardRow | None) -> bool:
        """Whether the card brought what this school wants of it; a number opens no staff session."""
        if tap.proof is Proof.AES:
            return True
        if card is None or card.staff_id is not None or self._known is None:
            return False
        if tap.fault is not None or self._keys.book.must_prove(card.hash):
            return False
        return tap.proof.value in self._known.snapshot.school.accepts

    def _turn_away(self, tap: Tap, card: str, problem: Refusal, now: datetime) -> say.Refused:
        """Refuse a card for itself, and have the office hear of it where there is reason."""
        if problem is not Refusal.PROOF:
            self._sightings.refused(card, problem, now)
            return self._refuse(problem, None, now, tap.seen_ns)
        if tap.fault is not None:
            self._sightings.fault(card, tap.fault, now)
        detail = tap.fault or self._keys.book.lack(card)
        return self._refuse(problem, None, now, tap.seen_ns, detail)

    def _menu(self) -> Menu | None:
        return self._known.menu(school_day(self._clock.now())) if self._known else None

    def _tray(self, menu: Menu) -> tuple[Choice, ...]:
        """What staff chose as far as it is offered today, else the day's first lunch."""
        chosen = tuple(c for c in self._chosen or () if c.offer_id in menu.offers)
        if chosen:
            return chosen
        lunches = sorted(
            (o for o in menu.offers.values() if o.item_class is ItemClass.LUNCH),
            key=lambda o: o.code,
        )
        return (Choice(lunches[0].id),) if lunches else ()

    def _charge(
        self,
        pupil_id: int,
        now: datetime,
        *,
        override: OverrideReason | None = None,
        shown: _Shown | None = None,
    ) -> say.Outcome:
        day, seen_ns = school_day(now), shown.seen_ns if shown else None
        menu = self._menu()
        holder = self._known.holder(pupil_id, day) if self._known else None
        if holder is None or menu is None:
            return self._refuse(Refusal.WRONG_SCHOOL, None, now, seen_ns)
        number_only = shown is not None and shown.number_only
        decision = decide(
            holder, self._tray(menu), menu, override=override, number_only=number_only
        )
        if isinstance(decision, Refusal):
            if decision is Refusal.ALREADY_EATEN and shown is not None:
                self._sightings.eaten(shown.card, pupil_id, day, now)
            return self._refuse(decision, pupil_id, now, seen_ns)
        return self._serve(pupil_id, decision, now, override, seen_ns)

    def _serve(
        self,
        pupil_id: int | None,
        charge: Charge,
        now: datetime,
        override: OverrideReason | None,
        seen_ns: int | None,
    ) -> say.Served:
        who = self._staff.who() if override else None
        fact = Fact(
            epoch=0,
            seq=0,
            kind=FactKind.CHARGE,
            occurred_at=now,
            pupil_id=pupil_id,
            items=tuple(Choice(line.offer.id, line.quantity) for line in charge.lines),
            staff_id=who.id if who else None,
            reason=override.value if override else None,
        )
        items = tuple(
            Item(line.offer.id, line.offer.item_class.value, line.quantity, line.share.cents)
            for line in charge.lines
        )
        self._write(fact, items)
        self._turned = None
        menu = self._menu()
        return say.Served(
            at=now,
            greeting=self._greeting(pupil_id),
            items=tuple(line.offer.title for line in charge.lines),
            left_out=tuple(menu.offers[c.offer_id].title for c in charge.left_out) if menu else (),
            seen_ns=seen_ns,
        )

    def _write(self, fact: Fact, items: tuple[Item, ...]) -> None:
        row = self._journal.record(fact, items)
        self._sightings.add(row)
        if self._known:
            self._known.add(row)

    def _refuse(
        self,
        reason: Refusal,
        pupil_id: int | None,
        now: datetime,
        seen_ns: int | None,
        detail: CardFault | say.ProofLack | None = None,
    ) -> say.Refused:
        self._turned = _Turned(pupil_id, reason, now, detail)
        return say.Refused(now, reason, seen_ns, detail)

    def _show_balance(self, pupil_id: int, now: datetime) -> say.Outcome:
        self._balance_until = None
        holder = self._known.holder(pupil_id, school_day(now)) if self._known else None
        if holder is None:
            return self._refuse(Refusal.WRONG_SCHOOL, None, now, None)
        return say.BalanceShown(now, holder.balance)

    def _greeting(self, pupil_id: int | None) -> str | None:
        if self._known is None or pupil_id is None:
            return None
        if not self._known.snapshot.school.shows_first_name:
            return None
        return self._known.people[pupil_id].first_name or None
