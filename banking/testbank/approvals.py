"""HKTAN: when a TAN is asked, and what a TAN or a word in the app sets free.

The reply that follows a TAN is about the order's own segment number, not about HKTAN's; codes
about the TAN itself are about HKTAN. (FinTS 3.0, PIN/TAN, chapter B.4, process 2.)
"""

import datetime as dt
import secrets

from banking.testbank import NAME
from banking.testbank.answers import Answer, Code
from banking.testbank.codec import Segment
from banking.testbank.dialogs import Approval, Dialog
from banking.testbank.manners import DECOUPLED, Manners, Sca, Stranger

_OLD = dt.timedelta(days=90)
_STATEMENTS = {"HKKAZ": 3, "HKCAZ": 4}
"""The orders that may want a TAN, and the group of their first day."""


def wants_tan_at_login(dialog: Dialog, manners: Manners) -> bool:
    """Whether this login does not stand without a TAN."""
    trusted = dialog.user is not None and dialog.system in dialog.user.trusted
    return manners.sca is Sca.LOGIN or (manners.stranger is Stranger.TAN and not trusted)


def wants_tan(order: Segment, dialog: Dialog, manners: Manners, today: dt.date) -> bool:
    """Whether this order does not stand without a TAN in this dialog."""
    if dialog.proved or order.code not in _STATEMENTS:
        return False
    if manners.sca is Sca.STATEMENT:
        return True
    first = order.text(_STATEMENTS[order.code])
    return manners.sca is Sca.OLD and first < f"{today - _OLD:%Y%m%d}"


def waive(tan: Segment, answer: Answer) -> None:
    """Say that no TAN is needed (3076)."""
    answer.say(tan.number, ("3076", "Starke Kundenauthentifizierung nicht notwendig"))
    answer.give("HITAN", tan.version, tan.number, "4", "", "noref", "nochallenge")


def ask(
    tan: Segment,
    order: Segment | None,
    answer: Answer,
    dialog: Dialog,
    manners: Manners,
    *,
    function: str,
    now: dt.datetime,
) -> None:
    """Hold the order, or the login, and ask for its TAN."""
    if manners.media and tan.text(11) not in manners.media:
        answer.say(tan.number, ("9210", "TAN-Medium fehlt oder ist unbekannt"))
        return
    decoupled = function == DECOUPLED
    reference = secrets.token_hex(8)
    user = dialog.user.name if dialog.user else ""
    polls = manners.polls if decoupled else None
    dialog.approvals[reference] = Approval(
        reference, user, order.code if order else "HKIDN", order, now, decoupled, polls
    )
    if decoupled:
        more: list[Code] = [("0030", "Auftrag empfangen")] if manners.with_0030 else []
        other = ("3955", "Sicherheitsfreigabe erfolgt ueber anderen Kanal")
        answer.say(tan.number, *more, other)
        challenge = f"{NAME}: bitte in der App freigeben"
    else:
        answer.say(tan.number, ("0030", "Auftrag empfangen - Sicherheitsfreigabe erforderlich"))
        challenge = f"{NAME}: die TAN ist {dialog.user.tan if dialog.user else ''}"
    answer.give("HITAN", tan.version, tan.number, "4", "", reference, challenge)


def settle(tan: Segment, answer: Answer, dialog: Dialog, *, given: str | None) -> Approval | None:
    """What a TAN (process 2) or a question about it (process S) has set free, if anything."""
    approval = dialog.approvals.get(tan.text(5))
    if approval is None:
        answer.say(tan.number, ("9210", "Auftragsreferenz ist unbekannt"))
        return None
    asked_again = tan.text(1) == "S"
    if asked_again and _undecided(approval):
        answer.say(tan.number, ("3956", "Starke Kundenauthentifizierung noch ausstehend"))
        answer.give("HITAN", tan.version, tan.number, "S", "", approval.reference)
        return None
    del dialog.approvals[approval.reference]
    refusal = _refusal(approval, dialog, given, asked_again=asked_again)
    if refusal:
        answer.say(tan.number, ("9941", refusal))
        return None
    answer.give("HITAN", tan.version, tan.number, tan.text(1), "", approval.reference)
    return approval


def _undecided(approval: Approval) -> bool:
    if not approval.decoupled or approval.expired or approval.verdict is not None:
        return False
    if approval.polls_left is None:
        return True
    if approval.polls_left == 0:
        return False
    approval.polls_left -= 1
    return True


def _refusal(
    approval: Approval, dialog: Dialog, given: str | None, *, asked_again: bool
) -> str | None:
    if approval.expired:
        return "TAN ungueltig: die Zeit ist abgelaufen"
    if approval.decoupled and asked_again:
        return "Freigabe in der App abgelehnt" if approval.verdict is False else None
    if dialog.user is None or given != dialog.user.tan:
        return "TAN ungueltig"
    return None
