"""The demo's issuing station: the city's own way to make a card, on chips made of software.

Master keys are drawn for one demo and kept nowhere. Every card goes through
``kiosk.issuing.lay``, which writes the chip, notes each step in the ledger and takes it for a
card only when it has proved itself. What the demo's world does is one transaction, so the book
writes into that one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from accounts.card_register import Card
from accounts.clock import Clock
from accounts.database import Database, Session
from accounts.holdings import BlockReason
from accounts.schools import School
from cards.layout import AID
from cards.masters import Masters, fresh_masters
from cards.school_key import SchoolKey
from cards.virtual.image import Image, Kind, factory
from cards.virtual.in_process import InProcess
from kiosk.issuing import lay
from kiosk.issuing_book import LedgerBook
from kiosk.issuing_terms import Done, Tools, Wanted
from kiosk.office.signing_in import Acting

_CITY = 1
_KINDS = (Kind.EV2, Kind.EV3, Kind.EV2, Kind.NTAG424, Kind.EV3, Kind.EV1)
"""What a city has in its drawers: new chips, and some of an older delivery."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A card of the register and the chip that is it."""

    card: Card
    chip: Image


class _OnTheReader(InProcess):
    """A chip on the station's reader."""

    def reset(self) -> None:
        """See `kiosk.issuing_terms.Laid`."""
        self.lay_again()


@dataclass(frozen=True, slots=True)
class _OneTransaction(Database):
    """A database in the midst of a transaction: whatever is asked of it is a part of that."""

    session: Session = field(kw_only=True)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """The transaction that is open."""
        yield self.session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """The same."""
        yield self.session


@dataclass(slots=True)
class Station:
    """Issues cards to the children of one school, kinds of chips in turn."""

    school: School
    _tools: Tools
    _book: LedgerBook
    _made: int = 0

    @property
    def pepper(self) -> bytes:
        """The installation's secret for card numbers."""
        return self._tools.pepper

    @property
    def school_key(self) -> SchoolKey:
        """What the school's kiosks have to be given."""
        return self._tools.masters.school_key(self.school.number)

    def issue(
        self,
        pupil_id: int,
        uid: bytes,
        *,
        replaces: Card | None = None,
        reason: BlockReason | None = None,
    ) -> Issued:
        """Make a blank chip with this number the child's card. Raises TypeError where it fails."""
        kind = _KINDS[self._made % len(_KINDS)]
        self._made += 1
        chip = _OnTheReader(factory(kind, uid))
        wanted = Wanted(
            self.school.id,
            pupil_id=pupil_id,
            replaces=None if replaces is None else replaces.id,
            reason=reason,
        )
        outcome = lay(self._tools, self._book, wanted, uid=uid, laid=chip)
        if not isinstance(outcome, Done):
            raise TypeError(f"the demo could not issue a card: {outcome}")
        return Issued(outcome.card, chip.image)


def open_station(
    database: Database, db: Session, clock: Clock, *, school: School, pepper: bytes
) -> Station:
    """A station with fresh master keys, that writes into the transaction ``db``."""
    masters: Masters = fresh_masters()
    book = LedgerBook(
        _OneTransaction(database.url, database.engine, session=db), clock, Acting("demo"), school
    )
    return Station(school, Tools(masters, pepper, AID, _CITY), book)
