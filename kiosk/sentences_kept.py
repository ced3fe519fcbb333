"""Sentences for the reasons for which a readable statement waits or is not taken.

The lower floor adds days, and two balances: the ledger's, then the statement's.
"""

import enum
from collections.abc import Mapping

from accounts.texts import mark
from banking.standing import Unkept

KEPT: Mapping[enum.Enum, str] = {
    Unkept.UNREAD: mark("It was brought and not read to its end. The next import reads it."),
    Unkept.INTERRUPTED: mark(
        "Its lines are being written, or were when something broke off. The next import goes on."
    ),
    Unkept.UNKNOWN_ACCOUNT: mark(
        "The ledger keeps no account at the bank that ends in {detail}. To have it: "
        "mensa bank account add IBAN HOLDER"
    ),
    Unkept.DAY_NOT_OVER: mark(
        "It was made before its last days were over: they are taken once a later statement shows them."
    ),
    Unkept.DAYS_MISSING: mark(
        "Something before it is missing. It is taken when the statements of these days are here: "
        "{detail} (ledger ≠ statement)"
    ),
    Unkept.NO_BALANCE: mark(
        "It has no balances that would prove its lines. It waits for the bank's balance or for the "
        "next statement."
    ),
    Unkept.AGAIN_OR_MORE: mark(
        "Its lines look like some that are kept: told again, or more of the same. The next balance "
        "decides."
    ),
    Unkept.REST_IN_OTHER_FORMAT: mark(
        "It goes on with a day that is known from the other format. Bring the whole day in the "
        "format it began in."
    ),
    Unkept.OTHER_OPENING: mark(
        "It begins with another balance than the ledger has from the bank: {detail} "
        "(ledger ≠ statement). Fetch these days again; if it stays so, show it to the bank."
    ),
    Unkept.OTHER_CLOSING: mark(
        "A day that was proved ends with another balance here: {detail} (ledger ≠ statement). "
        "Fetch these days again; if it stays so, show it to the bank."
    ),
    Unkept.DAY_CHANGED: mark(
        "A day that was proved has other lines here. Fetch these days again; if it stays so, show "
        "it to the bank."
    ),
    Unkept.FORMATS_DIFFER: mark(
        "A day has other amounts here than in the other format: {detail} (ledger ≠ statement). "
        "Fetch it again in the format it was taken in."
    ),
    Unkept.LEDGER_DIFFERS: mark(
        "With it the ledger would not show the bank's balance: {detail} (ledger ≠ statement). "
        "Nothing was taken; ask those who look after this software."
    ),
    Unkept.NOT_BOOKABLE: mark(
        "The ledger refuses to book it ({detail}). Nothing was taken; ask those who look after "
        "this software."
    ),
    Unkept.NO_STATEMENT: mark("There is no statement in it."),
    Unkept.NO_DAYS: mark("It names no day and has no line."),
    Unkept.BEFORE_BEGINNING: mark(
        "It is from before the first statement: its money is in the balance the account began with."
    ),
    Unkept.ERASED: mark("Its words were erased before it was taken."),
}
