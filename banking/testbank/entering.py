"""The first message of a dialog: who, with which device, and what has changed since.

A dialog is open for orders when its user, PIN and (where asked) TAN were right. Until then it
tells the bank's parameters and, unless a TAN is outstanding, the user's. (FinTS, Formals, C.)
"""

import secrets

from banking.testbank.answers import Answer, Code
from banking.testbank.approvals import wants_tan_at_login
from banking.testbank.codec import Segment
from banking.testbank.dialogs import ANONYMOUS, TRIES, Dialog, User
from banking.testbank.envelope import Request
from banking.testbank.manners import Manners, Stranger
from banking.testbank.parameters import bank_parameters, user_parameters

_SIGNATURE = 2
"""The number of HNSHK, which codes about PINs are about."""


def check_pin(user: User, request: Request, answer: Answer, *, code: str) -> bool:
    """Count a wrong PIN and end the dialog; a locked user is not even compared."""
    if user.locked:
        answer.say(_SIGNATURE, ("3938", "Ihr Zugang ist gesperrt - bitte PIN-Sperre aufheben"))
        answer.abort(("9050", "Die Nachricht enthaelt Fehler"))
        return False
    if request.pin is not None and user.knows(request.pin):
        user.failures = 0
        return True
    user.failures += 1
    text = "Zugang gesperrt" if user.failures >= TRIES else "Anmeldename oder PIN ist falsch"
    answer.say(_SIGNATURE, (code, text))
    answer.abort()
    return False


def introduce(
    dialog: Dialog,
    identity: Segment,
    request: Request,
    answer: Answer,
    *,
    users: dict[str, User],
    manners: Manners,
) -> bool:
    """Who speaks. False where the dialog ended with that."""
    name = identity.text(2)
    if name == ANONYMOUS:
        dialog.anonymous = True
        return True
    user = users.get(name)
    if user is None:
        answer.say(_SIGNATURE, ("9931", "Anmeldename oder PIN ist falsch"))
        answer.abort()
        return False
    if not check_pin(user, request, answer, code="9931"):
        return False
    dialog.user, dialog.system = user, identity.text(3) or "0"
    known = dialog.system == "0" or dialog.system in user.devices
    if manners.stranger is Stranger.RENEW and not known:
        answer.say(identity.number, ("9391", "Kundensystem-ID ist ungueltig, bitte erneuern"))
        answer.abort()
        return False
    return True


def prepare(
    dialog: Dialog,
    processing: Segment,
    answer: Answer,
    *,
    manners: Manners,
    version: int,
    url: str,
    asks_for_tan: bool,
) -> None:
    """HKVVB: new parameters for who has old ones, and the mechanisms a user may choose from."""
    codes: list[Code] = []
    if processing.text(1) != str(version):
        codes.append(("3050", "BPD nicht mehr aktuell, aktuelle Version enthalten"))
        answer.add(bank_parameters(manners, version=version, url=url), processing.number)
    if dialog.user is not None:
        held = wants_tan_at_login(dialog, manners)
        dialog.open = not held
        dialog.held_upd = processing.text(2) or "0"
        if not (held and asks_for_tan):
            codes += tell_user(dialog, answer, processing.number, manners=manners, version=version)
        allowed = "Zugelassene Ein- und Zwei-Schritt-Verfahren"
        codes += [("3920", allowed, *manners.mechanisms), ("0901", "PIN gueltig")]
    answer.say(processing.number, *codes, ("0020", "Dialoginitialisierung erfolgreich"))


def tell_user(
    dialog: Dialog, answer: Answer, segment: int, *, manners: Manners, version: int
) -> list[Code]:
    """UPD for who has old ones, with the code that says so."""
    if dialog.user is None or dialog.held_upd in {"", str(version)}:
        return []
    dialog.held_upd = ""
    made = user_parameters(dialog.user.name, dialog.user.accounts, manners, version=version)
    answer.add(made, segment)
    return [("3050", "UPD nicht mehr aktuell, aktuelle Version enthalten")]


def synchronise(dialog: Dialog, order: Segment, answer: Answer) -> None:
    """HKSYN: a system id of his own for the client."""
    answer.say(order.number, ("0020", "Synchronisierung durchgefuehrt"))
    if dialog.user is None:
        return
    dialog.system = "TB" + secrets.token_hex(8)
    dialog.user.devices.add(dialog.system)
    answer.give("HISYN", 4, order.number, dialog.system)
