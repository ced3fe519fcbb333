"""The demo's day at the bank: a test bank on loopback, one fetch, and what became of each line.

The fetch is the city's own: a FinTS dialogue over TLS in a process of its own, the statement kept
whole and proved by the bank's balances, each line assigned by itself or left to a person. One
line is then assigned the way the office does it, by its first suggestion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from accounts import reference
from accounts.allocations import AllocationRefusal, NewAllocation, Rule, allocate
from accounts.bank_accounts import BankAccountRefusal, add_bank_account
from accounts.bank_files import Source
from accounts.bank_state import BankState, bank_state
from accounts.bank_vault import BankVault
from accounts.clock import Clock, school_day
from accounts.database import Database, Session
from accounts.households import HouseholdRefusal, add_household
from accounts.line_story import LineStory, story_of
from accounts.settings_bank import FintsSettings
from banking.advice import advise
from banking.asking import Nobody
from banking.crediting import credit
from banking.fetching import Fetched
from banking.keeping import keep
from banking.kept import Incoming
from banking.pull import pull
from banking.testbank.process import RunningBank, run_bank

ACTOR = "bank:demo"
_CLERK = "office:demo"
IBAN, HOLDER = "DE87123456781234567890", "Stadtkasse Musterstadt"
_USER, _PIN, _PRODUCT = "schule", "12345", "DEMO0000000000000000DEMO0"
_MOTHER, _FATHER = "DE02120300000000202051", "DE75512108001245126199"
_GRANDMA, _STRANGER = "DE89370400440532013000", "DE02500105170137075030"
_FAMILY, _UNCLE = "DE12500105170648489890", "DE02300209000106531065"
_FIRST_DAYS = 10
_SIBLINGS = (2, 3)
MISTYPED = "reference mistyped"


class BankTrouble(Exception):  # noqa: N818  # it names what happened
    """The day at the bank went otherwise than told; the message says how."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A line as it is written at the bank: ``ago`` days ago, signed cents; ``codes`` are children."""

    part: str
    cents: int
    purpose: str
    codes: tuple[int, ...] = ()
    name: str = "Eva Beispiel"
    iban: str = _MOTHER
    ago: int = 1
    back: bool = False


_DAY = (
    Payment("reference as printed", 3500, "Mensa {0}", (0,), ago=2),
    Payment("the same money comes back", -3500, "Mensa {0}", (0,), back=True),
    Payment("twins: the same transfer twice", 2000, "{0}", (1,), "Karl Muster", _FATHER),
    Payment("twins: the same transfer twice", 2000, "{0}", (1,), "Karl Muster", _FATHER),
    Payment("siblings in one transfer", 5000, "{0} und {1}", _SIBLINGS, "Familie Yilmaz", _FAMILY),
    Payment(MISTYPED, 2500, "{0}", (4,), "Oma Erna", _GRANDMA),
    Payment("nobody knows whose", 1500, "Essensgeld, vielen Dank", (), "M. Unbekannt", _STRANGER),
    Payment("reference as printed", 4000, "{0} Essensgeld Dezember", (5,), "Ali Demir", _UNCLE),
)
"""The day: numbers are places among the children who have no part at the counter."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What became of a line: its part in the demo, and the line with all that was decided."""

    part: str
    line: LineStory
    why: str | None = None


@dataclass(frozen=True, slots=True)
class BankDay:
    """The lines as they came in, and how ledger and bank stood to each other in the end.

    ``banner`` is the test bank's own word for itself, ``pupils`` the children's numbers at school.
    """

    banner: str
    lines: tuple[Shown, ...]
    state: BankState
    pupils: Mapping[int, str]

    @property
    def holds(self) -> bool:
        """Whether the bank's balance was proved, and the ledger's equals it on every day."""
        return self.state.holds and all(it.days for it in self.state.accounts)


def top_ups(
    database: Database,
    pepper: bytes,
    folder: Path,
    pupils: Mapping[str, int],
    clock: Clock,
) -> BankDay:
    """Write the day at the bank, fetch it, and look what became of it. Raises BankTrouble.

    ``pupils`` are the children who are paid for, by their school's number.
    """
    vault, at = BankVault(pepper), clock.now()
    children = list(pupils.values())
    with database.write() as db:
        _open(db, children, at)
        codes = reference.references_of(db, children)
    today = school_day(at)
    written = sorted(_DAY, key=lambda it: -it.ago)  # as the bank tells them: the oldest day first
    with run_bank(folder / "bank") as running:
        running.tell("book", bookings=[_booking(it, children, codes, today) for it in written])
        _fetch(database, vault, running, folder, clock)
        banner = running.banner
    mistyped = 1 + next(at for at, it in enumerate(written) if it.part == MISTYPED)
    _take_first_suggestion(database, vault, mistyped, clock)
    with database.read() as db:
        stories = [story_of(db, number) for number in range(1, len(written) + 1)]
        whys = advise(db, vault, [it.id for it in stories if it and it.rest], now=clock.now())
        state = bank_state(db, at=clock.now())
    shown: list[Shown] = []
    for told, story in zip(written, stories, strict=True):
        if story is None or story.amount.cents != told.cents:
            raise BankTrouble(f"the line {told.part!r} is not in the ledger as the bank has it")
        why = whys[story.id].why.value if story.id in whys else None
        shown.append(Shown(told.part, story, why))
    return BankDay(banner, tuple(shown), state, {it: number for number, it in pupils.items()})


def _open(db: Session, children: Sequence[int], at: datetime) -> None:
    account = add_bank_account(db, iban=IBAN, holder=HOLDER, at=at)
    family = add_household(db, {children[place]: 1 for place in _SIBLINGS}, at=at)
    for made in (account, family):
        if isinstance(made, BankAccountRefusal | HouseholdRefusal):
            raise BankTrouble(str(made))


def _booking(
    payment: Payment, children: Sequence[int], codes: Mapping[int, str], today: date
) -> dict[str, object]:
    theirs = [reference.format(codes[children[place]]) for place in payment.codes]
    if payment.part == MISTYPED:
        theirs = [_mistyped(code) for code in theirs]
    return {
        "day": (today - timedelta(days=payment.ago)).isoformat(),
        "cents": payment.cents,
        "purpose": payment.purpose.format(*theirs),
        "name": payment.name,
        "iban": payment.iban,
        "reversal": payment.back,
        "gvc": "159" if payment.back else "166",
    }


def _mistyped(code: str) -> str:
    """The reference with one letter that is another, as a finger slips."""
    place = next(at for at, symbol in enumerate(code) if symbol.isalpha())
    other = "K" if code[place] != "K" else "L"
    return code[:place] + other + code[place + 1 :]


def _fetch(
    database: Database, vault: BankVault, running: RunningBank, folder: Path, clock: Clock
) -> None:
    settings = FintsSettings(
        url=running.url,
        blz=running.blz,
        user=_USER,
        product=_PRODUCT,
        state=folder / "client-state",
        access="Testbank",
        ca_file=running.ca_file,
        first_days=_FIRST_DAYS,
    )

    def take(fetched: Fetched) -> None:
        pages = [page for one in fetched.statements for page in one.pages]
        brought = [Incoming(Source.FINTS, page) for page in pages]
        keep(database, vault, brought, actor=ACTOR, clock=clock)
        credit(database, vault, now=clock.now(), actor=ACTOR)

    pulled = pull(
        database,
        vault,
        settings,
        pin=lambda: _PIN,
        vouched=True,
        ask=Nobody(),
        take=take,
        clock=clock,
        actor=ACTOR,
    )
    if pulled.failure is not None:
        raise BankTrouble(f"the fetch failed: {pulled.failure.trouble.value}")


def _take_first_suggestion(
    database: Database, vault: BankVault, line_id: int, clock: Clock
) -> None:
    """What a clerk does by ``mensa bank assign LINE 1``."""
    with database.write() as db:
        advice = advise(db, vault, [line_id], now=clock.now()).get(line_id)
        if advice is None or not advice.suggestions:
            raise BankTrouble("nothing was suggested for the mistyped reference")
        first = advice.suggestions[0]
        evidence = {"reason": first.reason.value, "score": first.score, **first.evidence}
        new = NewAllocation(line_id, first.target, first.amount, Rule.SUGGESTED, evidence)
        done = allocate(db, [new], actor=_CLERK, now=clock.now())
        if isinstance(done, AllocationRefusal):
            raise BankTrouble(f"a suggestion could not be taken: {done.why.value}")
