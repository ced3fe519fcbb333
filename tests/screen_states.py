"""Every state of the kiosk's screen: the outcomes and keys that lead there, in order."""

from datetime import UTC, datetime

from accounts.charge import Choice, ItemClass, Refusal
from accounts.money import Money
from cards.reader import CardFault, TroubleReason, UnreadReason
from kiosk.messages import (
    BalanceArmed,
    BalanceShown,
    CardKeys,
    CardNotRead,
    Child,
    Counts,
    Found,
    MenuItem,
    NeedsStaff,
    OfferCount,
    Outcome,
    ProofLack,
    ReaderDown,
    ReaderUp,
    Refused,
    Served,
    SignedIn,
    SignInRefused,
    Status,
    Today,
    Voided,
    Why,
)

AT = datetime(2026, 11, 23, 11, 5, tzinfo=UTC)
TODAY = Today(
    (
        MenuItem(1, "m1", "Menü 1: Nudeln mit Soße", ItemClass.LUNCH),
        MenuItem(2, "m2", "Menü 2: Linseneintopf", ItemClass.LUNCH),
        MenuItem(3, "as", "Apfelschorle", ItemClass.DRINK),
    ),
    (Choice(1),),
)
READY: tuple[Outcome, ...] = (TODAY, ReaderUp("Theke"), Status(4, 0, ledger_reachable=True))
CHILDREN = (
    Child(11, "Yılmaz, Änne", "5a"),  # noqa: RUF001 a name as it is written
    Child(12, "Kowalska [Zoë]", "6c"),
    Child(13, "Müller-Őry, Jörg", "10b"),
)
KITCHEN = SignedIn("Küche", 120)

FACES: dict[str, tuple[Outcome, ...]] = {
    "idle": (),
    "served": (Served(AT),),
    "greeted": (Served(AT, greeting="Änne"),),
    "refused": (Refused(AT, Refusal.BALANCE),),
    "again": (CardNotRead(AT, UnreadReason.UNREADABLE),),
    "wrong-card": (CardNotRead(AT, UnreadReason.RANDOM_UID),),
    "trouble": (ReaderDown("Theke", TroubleReason.NO_READER),),
    "armed": (BalanceArmed(),),
    "balance": (BalanceShown(AT, Money(2000)),),
    "loading": (Status(None, 0, ledger_reachable=True),),
    "offline": (Status(780, 3, ledger_reachable=False),),
}
STAFF: dict[str, tuple[Outcome | str, ...]] = {
    "pin": ("f1", "4", "7", "1"),
    "pin-wrong": ("f1", "4", "enter", SignInRefused(0)),
    "pin-locked": ("f1", SignInRefused(30)),
    "needs-staff": (NeedsStaff(),),
    "menu": (KITCHEN,),
    "menu-served": (KITCHEN, Served(AT, left_out=("Apfelschorle",))),
    "offers": (KITCHEN, "1", "3"),
    "void": (KITCHEN, "2"),
    "voided": (KITCHEN, "2", "1", Voided(AT, ("Menü 1: Nudeln mit Soße",))),
    "anyway": (KITCHEN, Refused(AT, Refusal.BALANCE), "3"),
    "search": (KITCHEN, "4", "m", "u", Found("mu", CHILDREN, more=True), "down"),
    "picked": (KITCHEN, "4", "m", "u", Found("mu", CHILDREN, more=True), "enter"),
    "nobody": (KITCHEN, "4", "x", "y", Found("xy", (), more=False)),
    "unassigned": (KITCHEN, "5"),
    "why": (KITCHEN, Refused(AT, Refusal.BALANCE), "6", Why(Refusal.BALANCE)),
    "why-copy": (
        KITCHEN,
        Refused(AT, Refusal.PROOF, detail=CardFault.WRONG_KEY),
        "6",
        Why(Refusal.PROOF, CardFault.WRONG_KEY),
    ),
    "keys-missing": (
        KITCHEN,
        Status(4, 0, ledger_reachable=True, keys=CardKeys.MISSING),
        Refused(AT, Refusal.PROOF, detail=ProofLack.NO_KEYS),
        "6",
        Why(Refusal.PROOF, ProofLack.NO_KEYS),
    ),
    "counts": (
        KITCHEN,
        "7",
        Counts(
            AT,
            (
                OfferCount("m1", "Menü 1: Nudeln mit Soße", 128),
                OfferCount("m2", "Menü 2: Linseneintopf", 43),
                OfferCount("as", "Apfelschorle", 7),
            ),
        ),
    ),
    "quit": (KITCHEN, "9"),
}
