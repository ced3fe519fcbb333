"""What the bank tells of itself (BPD) and of a user (UPD).

HITANS 6 names the two-step mechanisms and HITANS 7 the decoupled ones only: hbci4j takes no
other arrangement. (FinTS 3.0, PIN/TAN, chapter B.5; Formals, chapter D and E.)
"""

from banking.testbank import NAME
from banking.testbank.books import Account
from banking.testbank.camt_writer import NAMESPACE
from banking.testbank.codec import Segment, make
from banking.testbank.manners import DECOUPLED, TWO_STEP, Manners, Sca

BLZ = "12345678"
BIC = "TESTDEFFXXX"
_STATEMENTS = {"HKKAZ": "mt940", "HKCAZ": "camt"}
_ALWAYS = ("HKSPA", "HKSAL", "HKTAN", "HKTAB")


def bank_parameters(manners: Manners, *, version: int, url: str) -> list[Segment]:
    """BPD of the version."""
    asked = "N" if manners.sca in {Sca.NEVER, Sca.LOGIN} else "J"
    tans = {code: asked if code in _STATEMENTS else "N" for code in _orders(manners)}
    pairs = [element for pair in tans.items() for element in pair]
    made = [
        make("HIBPA", 3, str(version), ("280", BLZ), NAME, "1", "1", "300", "9999"),
        make("HIKOM", 4, ("280", BLZ), "1", ("3", url)),
        make("HISHV", 3, "J", ("PIN", "1", "2")),
        make("HISALS", 5, "1", "1"),
        make("HISALS", 6, "1", "1", "1"),
        make("HISALS", 7, "1", "1", "1"),
        make("HISPAS", 1, "1", "1", "1", ("J", "N", "N", f"{NAMESPACE}pain.001.001.09")),
        make("HIPINS", 1, "1", "1", "1", ("5", "20", "6", "Benutzer", "", *pairs)),
        make("HITABS", 4, "1", "1", "1"),
        *_mechanisms(manners),
    ]
    if "mt940" in manners.formats:
        days = (str(manners.storage_mt940), "N", "N")
        made += [make("HIKAZS", 5, "1", "1", days)]
        made += [make("HIKAZS", version, "1", "1", "1", days) for version in (6, 7)]
    if "camt" in manners.formats:
        names = [NAMESPACE + version for version in manners.camt_versions]
        days = (str(manners.storage_camt), "N", "N")
        made += [make("HICAZS", 1, "1", "1", "1", (*days, *names))]
    return made


def user_parameters(
    user: str, accounts: list[Account], manners: Manners, *, version: int
) -> list[Segment]:
    """UPD of the user: every account with what may be asked of it."""
    allowed = [(code, "1") for code in _orders(manners)]
    return [
        make("HIUPA", 4, user, str(version), "0"),
        *(
            make(
                "HIUPD",
                6,
                (account.number, "", "280", BLZ),
                account.iban,
                user,
                "1",
                "EUR",
                account.holder[:27],
                "",
                "Girokonto",
                "",
                *allowed,
            )
            for account in accounts
        ),
    ]


def _orders(manners: Manners) -> list[str]:
    # A user is allowed what the bank can do, no more: lib-fints asks for whatever stands here.
    return [*_ALWAYS, *(code for code, kind in _STATEMENTS.items() if kind in manners.formats)]


def _mechanisms(manners: Manners) -> list[Segment]:
    media = ("2", "N", str(len(manners.media))) if manners.media else ("0", "N", "1")
    common = ("2048", "N", "1", "N", "0", "0", "N", "N", "00", *media)
    made = []
    if TWO_STEP in manners.mechanisms:
        sms = (TWO_STEP, "2", "SMS", "mobileTAN", "", "Testbank-TAN", "6", "1", "TAN")
        made.append(make("HITANS", 6, "1", "1", "1", ("N", "N", "0", *sms, *common)))
    if DECOUPLED in manners.mechanisms:
        app = (DECOUPLED, "2", "Testbank-App", "Decoupled", "", "Testbank-App", "", "", "Freigabe")
        waits = ("20", str(manners.wait), str(manners.wait), "J", "J")
        made.append(make("HITANS", 7, "1", "1", "1", ("N", "N", "0", *app, *common, *waits)))
    return made
