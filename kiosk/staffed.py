"""What staff can do at the counter: choose, take back, serve anyway, find, ask.

Every act needs a staff card or a PIN first, and carries who it was. Whoever is looked up by
name leaves a note of who looked. Without a name the lunch is still served, and the office
assigns it later.
"""

from datetime import datetime, timedelta

from accounts.charge import Charge, Choice, Line, OverrideReason, Refusal, VoidReason
from accounts.clock import microseconds, school_day
from accounts.facts import Fact, FactKind
from accounts.money import ZERO
from accounts.snapshot import StaffRow
from kiosk import messages as say
from kiosk.counter import VOID_WITHIN, Counter
from kiosk.journal import Item, Row

SERVE_REFUSED_WITHIN = timedelta(minutes=2)


class StaffedCounter(Counter):
    """One kiosk's counter with its staff."""

    def sign_in(self, pin: str) -> say.Outcome:
        """Staff give their PIN."""
        return self._staff.sign_in(pin, tuple(self._known.staff.values()) if self._known else ())

    def choose(self, tray: tuple[Choice, ...]) -> say.Outcome:
        """From now on a tap buys this; an empty tray goes back to the day's first lunch."""
        if self._staff.who() is None:
            return say.NeedsStaff()
        self._chosen = tray or None
        return self.today()

    def void_last(self, reason: VoidReason) -> say.Outcome:
        """Take back the newest charge of this kiosk, within five minutes."""
        who = self._staff.who()
        if who is None:
            return say.NeedsStaff()
        now = self._clock.now()
        target = self._newest_charge(now)
        if target is None:
            return say.NothingToVoid()
        fact = Fact(
            epoch=0,
            seq=0,
            kind=FactKind.VOID,
            occurred_at=now,
            pupil_id=target.fact.pupil_id,
            voids=target.key,
            staff_id=who.id,
            reason=reason.value,
        )
        self._write(fact, target.items)
        return say.Voided(now, self._titles(target.items))

    def serve_anyway(self, reason: OverrideReason) -> say.Outcome:
        """Charge whoever was refused last; a card that may not be charged stays unassigned."""
        if self._staff.who() is None:
            return say.NeedsStaff()
        now = self._clock.now()
        turned = self._turned
        if turned is None or now - turned.at > SERVE_REFUSED_WITHIN:
            return say.Why(None)
        if turned.pupil_id is None:
            return self.serve_unassigned(reason)
        return self._charge(turned.pupil_id, now, override=reason)

    def find(self, text: str) -> say.Outcome:
        """Search by name or class; written down as somebody's look at children's names."""
        who = self._staff.who()
        if who is None:
            return say.NeedsStaff()
        self._note(who, None, "search")
        hits, more = self._known.search(text) if self._known else ([], False)
        return say.Found(
            text,
            tuple(
                say.Child(p.id, f"{p.first_name} {p.last_name}".strip(), p.class_name) for p in hits
            ),
            more,
        )

    def serve_found(self, pupil_id: int, reason: OverrideReason) -> say.Outcome:
        """Charge a child found by name."""
        who = self._staff.who()
        if who is None:
            return say.NeedsStaff()
        self._note(who, pupil_id, f"serve {reason.value}")
        return self._charge(pupil_id, self._clock.now(), override=reason)

    def serve_unassigned(self, reason: OverrideReason) -> say.Outcome:
        """Somebody eats; the office finds out who."""
        who = self._staff.who()
        if who is None:
            return say.NeedsStaff()
        now = self._clock.now()
        menu = self._menu()
        tray = self._tray(menu) if menu else ()
        if menu is None or not tray:
            return self._refuse(Refusal.NOT_OFFERED, None, now, None)
        lines = tuple(Line(menu.offers[c.offer_id], c.quantity, ZERO) for c in tray)
        return self._serve(None, Charge(lines), now, reason, None)

    def why(self) -> say.Outcome:
        """Why the last card was refused."""
        if self._staff.who() is None:
            return say.NeedsStaff()
        turned = self._turned
        return say.Why(turned.reason, turned.detail) if turned else say.Why(None)

    def counts(self) -> say.Outcome:
        """The day's count per offer for the kitchen."""
        if self._staff.who() is None:
            return say.NeedsStaff()
        now = self._clock.now()
        menu = self._menu()
        counted = self._known.counts(school_day(now)) if self._known else {}
        offers = sorted(menu.offers.values(), key=lambda o: o.code) if menu else []
        return say.Counts(
            now, tuple(say.OfferCount(o.code, o.title, counted.get(o.id, 0)) for o in offers)
        )

    def _newest_charge(self, now: datetime) -> Row | None:
        rows = list(self._journal.recent.values())
        voided = {row.fact.voids for row in rows if row.fact.kind is FactKind.VOID}
        for row in reversed(rows):
            if row.fact.kind is FactKind.CHARGE and row.key not in voided:
                age = now - row.fact.occurred_at
                return row if timedelta(0) <= age <= VOID_WITHIN else None
        return None

    def _titles(self, items: tuple[Item, ...]) -> tuple[str, ...]:
        titles = {o.id: o.title for o in self._known.snapshot.offers} if self._known else {}
        return tuple(titles.get(item.offer_id, "?") for item in items)

    def _note(self, who: StaffRow, pupil_id: int | None, purpose: str) -> None:
        self._journal.write_note(
            at_us=microseconds(self._clock.now()),
            actor=f"staff:{who.id}",
            pupil_id=pupil_id,
            purpose=purpose,
        )
