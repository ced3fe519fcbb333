"""The city's accounts at banks, at the office's desk."""

import argparse

from accounts.bank_accounts import BankAccount, BankAccountRefusal, add_bank_account, bank_accounts
from banking.refunds import payable_name
from kiosk.office.bank_words import in_fours, refuse
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Said


def add(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa bank account add``; the holder has to fit into a payment order's letters."""
    if payable_name(asked.holder) is None:
        return refuse(desk.texts, BankAccountRefusal.BAD_HOLDER)
    made = add_bank_account(desk.db, iban=asked.iban, holder=asked.holder, at=desk.at)
    if isinstance(made, BankAccountRefusal):
        return refuse(desk.texts, made, iban=in_fours("".join(asked.iban.split())))
    told = desk.say(
        "Added: {iban}, {holder}. Its first statement begins the books of this account.",
        iban=in_fours(made.iban),
        holder=made.holder,
    )
    letters = desk.say(
        "Payers' banks compare the name letter by letter: try one transfer from another bank."
    )
    return Said((told, letters), {"account": _fields(made)})


def show(desk: Desk, _asked: argparse.Namespace) -> Answer:
    """``mensa bank account list``."""
    found = bank_accounts(desk.db)
    if not found:
        hint = desk.say('There is no account yet. Add one: mensa bank account add IBAN "HOLDER"')
        return Said((hint,), {"accounts": []})
    head = (desk.say("Account"), "IBAN", desk.say("Holder"))
    rows = [(it.account, in_fours(it.iban), it.holder) for it in found]
    return Said(in_columns(head, rows), {"accounts": [_fields(it) for it in found]})


def _fields(account: BankAccount) -> dict[str, object]:
    return {"account": account.account, "iban": account.iban, "holder": account.holder}
