"""Sentences about refunds, cash, households and opening balances: why not, and what to do.

Every member of every reason has one; the German form stands in ``accounts/locale/de.po``.
"""

import enum
from collections.abc import Mapping

from accounts.entries import No
from accounts.households import HouseholdRefusal
from accounts.opening import OpeningRefusal
from accounts.refund_standing import Standing
from accounts.refunds import RefundRefusal
from accounts.texts import mark
from banking.payees import Unpayable

_BEFORE = mark(
    "the opening balance is in the ledger with {booked}; strike the line, "
    "a difference is corrected by an entry of its own"
)

REFUNDS: Mapping[enum.Enum, str] = {
    RefundRefusal.NO_AMOUNT: mark("An amount above 0,00 is needed; there is nothing to refund."),
    RefundRefusal.MORE_THAN_BALANCE: mark(
        "That is more than there is: {left}, less what was asked for already."
    ),
    RefundRefusal.MORE_THAN_LINE: mark(
        "So much of the line does not lie in suspense any more. It was assigned, or somebody asked "
        "for it: mensa bank show LINE, mensa refund list"
    ),
    RefundRefusal.MORE_THAN_PAID_IN: mark(
        "That account did not pay in so much for this child, less what went back to it already. "
        "The rest goes to another account that paid in, by a request of its own."
    ),
    RefundRefusal.NO_PAYER: mark(
        "Nobody has paid in for this child by bank, so there is no account to send it to. "
        "A refund in another way takes a proof of its own and no command."
    ),
    RefundRefusal.SEVERAL_PAYERS: mark(
        "Several accounts have paid in. Choose one by its line (--line):"
    ),
    RefundRefusal.NOT_THEIR_LINE: mark(
        "This line was not paid in for this child, or it went back. Leave --line out to see those "
        "that were."
    ),
    RefundRefusal.PAYER_UNREADABLE: mark("Who paid in cannot be read: {why}"),
    RefundRefusal.UNKNOWN_REFUND: mark("There is no such refund. All of them: mensa refund list"),
    RefundRefusal.NOT_BOOKED: mark(
        "This refund is not agreed on. To end it: mensa approve {request} --reject REASON"
    ),
    RefundRefusal.IN_A_RUN: mark(
        "This refund left in run {run}, and the bank may still pay it. If the bank has refused it, "
        "or the file never went there: once more with --not-paid"
    ),
    RefundRefusal.PAID: mark("This refund is paid; it ends only when the bank sends it back."),
    RefundRefusal.CANCELLED: mark("This refund is cancelled already."),
    Unpayable.ERASED: mark("what the bank told of the payer was erased"),
    Unpayable.NO_NAME: mark("the bank told no name of the payer"),
    Unpayable.BAD_IBAN: mark("the bank told no valid IBAN of the payer"),
    Unpayable.OUTSIDE_SEPA: mark("the payer's account is in a country outside the SEPA"),
    No.FLOOR: mark(
        "The balance is less by now. Reject request {request} and ask anew: "
        "mensa approve {request} --reject REASON"
    ),
    No.ALREADY_REVERSED: mark("It was taken back already."),
    No.NOT_MEMBER: mark("The child did not belong to the school on that day."),
    HouseholdRefusal.TOO_FEW: mark("A household has two children at least."),
    HouseholdRefusal.NAMED_TWICE: mark("The same child is named twice."),
    HouseholdRefusal.BAD_SHARES: mark(
        "There is one share for each child, in their order, each 1 or more: --shares 2:1"
    ),
    HouseholdRefusal.HAS_HOUSEHOLD: mark(
        "One of them is in a household already. End that one first: mensa household list"
    ),
    HouseholdRefusal.UNKNOWN_HOUSEHOLD: mark(
        "There is no household {household}. All of them: mensa household list"
    ),
    HouseholdRefusal.ENDED: mark("The household {household} has ended already."),
    HouseholdRefusal.UNKNOWN_PUPIL: mark("One of them has no account in the ledger."),
    OpeningRefusal.NAMED_TWICE: mark("the same person again; strike one of the lines"),
    OpeningRefusal.HAS_OPENING: _BEFORE,
    OpeningRefusal.NOTHING: mark("There is no amount in this file that could be booked."),
    OpeningRefusal.OTHER_TOTAL: mark(
        "The file comes to {total}, not to {typed}. Find the difference before anything is booked."
    ),
    OpeningRefusal.OTHER_FILE: mark(
        "Request {request} was approved for another file. Not one byte of it may differ."
    ),
    OpeningRefusal.OTHER_PEOPLE: mark(
        "A number in this file means somebody else than when request {request} was asked for. "
        "Ask for the list anew."
    ),
    OpeningRefusal.NOT_APPROVED: mark(
        "Request {request} does not serve: it has to be for a file of opening balances, and "
        "approved by another person (mensa approve)."
    ),
}

STANDINGS: Mapping[Standing, str] = {
    Standing.ASKED: mark("waits for approval"),
    Standing.REJECTED: mark("rejected"),
    Standing.LAPSED: mark("lapsed"),
    Standing.READY: mark("to be exported"),
    Standing.SENT: mark("at the bank"),
    Standing.PAID: mark("paid"),
    Standing.RETURNED: mark("came back"),
    Standing.CANCELLED: mark("cancelled"),
    Standing.PAID_ALL_THE_SAME: mark("cancelled, and the bank paid it all the same: clear it up"),
}
