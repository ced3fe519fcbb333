"""How a payer is told: in full to who may see the bank's words, by the last four signs to others."""

from accounts.refunds import Payee
from accounts.rights import Act, Scope, may
from banking.payees import PaidFrom, Unpayable
from kiosk.office.bank_words import in_fours
from kiosk.office.desk import Desk
from kiosk.sentences_office import SENTENCES


def sees_payers(desk: Desk) -> bool:
    """Whether who acts may read what the bank says of payers."""
    user_id = desk.acting.user_id
    return user_id is not None and may(
        desk.db, user_id=user_id, act=Act.BANK_OPEN, where=Scope.EVERY_SCHOOL
    )


def told_payee(desk: Desk, payee: Payee | Unpayable | None, *, in_full: bool) -> str:
    """Name and IBAN, or the IBAN's last four signs, or why there is none."""
    if payee is None:
        return desk.say(SENTENCES[Unpayable.ERASED])
    if isinstance(payee, Unpayable):
        return desk.say(SENTENCES[payee])
    if in_full:
        return f"{payee.name}, {in_fours(payee.iban)}"
    return desk.say("account ending in {last}", last=payee.iban[-4:])


def told_account(desk: Desk, one: PaidFrom, *, in_full: bool) -> str:
    """An account that paid in, by its newest line."""
    return desk.say(
        "line {line}: {payee}; {amount} in all, last on {day}",
        line=one.line_id,
        payee=told_payee(desk, one.payee, in_full=in_full),
        amount=desk.texts.money(one.amount),
        day=desk.texts.day(one.last),
    )
