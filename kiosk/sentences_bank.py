"""Sentences about the bank: why a file is not read, why a line waits, why a decision is refused.

Every member of every reason has one; the German form stands in ``accounts/locale/de.po``. What a
payer wrote is never part of a sentence: details are tags, numbers of lines, days and amounts.
"""

import enum
from collections.abc import Mapping

from accounts.allocated import NotAllocated
from accounts.bank_accounts import BankAccountRefusal
from accounts.texts import mark
from banking.evidence import Reason, Why
from kiosk.office.bank_faults import DecisionFault, TargetFault
from kiosk.sentences_fetch import FETCH
from kiosk.sentences_kept import KEPT
from kiosk.sentences_statements import STATEMENTS

_UNKNOWN_LINE = mark("There is no line {line}. What waits: mensa bank open")
_NO_REASON = mark("A reason is needed, in words.")

_ACCOUNTS: Mapping[enum.Enum, str] = {
    BankAccountRefusal.BAD_IBAN: mark(
        "{iban} is no IBAN: its length or its check digits are wrong. Compare it with a statement."
    ),
    BankAccountRefusal.BAD_HOLDER: mark(
        "The holder's name has 1 to 70 characters, exactly as the bank has it, and Latin letters "
        "or digits among them."
    ),
    BankAccountRefusal.KNOWN_IBAN: mark("The account {iban} is there already."),
}

_DECISIONS: Mapping[enum.Enum, str] = {
    DecisionFault.UNKNOWN_LINE: _UNKNOWN_LINE,
    DecisionFault.NOTHING_LEFT: mark(
        "Line {line} is assigned already: {where}. To decide anew: "
        "mensa bank undo {line} --reason WORDS"
    ),
    DecisionFault.TOO_MUCH: mark(
        "That is {given}, and of line {line} only {rest} is left. Nothing was assigned."
    ),
    DecisionFault.NO_AMOUNT: mark("{word} has no amount; write K7M-4XP=30,00"),
    DecisionFault.TWO_RESTS: mark("Only one target may take the rest; give the others an amount."),
    DecisionFault.NOTHING_TO_UNDO: mark(
        "Nothing of line {line} is assigned: there is nothing to take back."
    ),
    DecisionFault.NOT_SET_ASIDE: mark("Line {line} is not set aside."),
    DecisionFault.SET_ASIDE_ALREADY: mark("Line {line} is set aside already."),
    DecisionFault.OTHER_SECRET: mark(
        "What the bank said was sealed under another secret than this machine has. "
        "Look whether pepper_file in the settings is the city's."
    ),
    TargetFault.NO_TARGET: mark(
        "{word} means nobody. Write the number of a suggestion, a reference as K7M-4XP, "
        "SCHOOL:NUMBER, or fees, interest, cash, refunds, receivable NAME, payable NAME"
    ),
    TargetFault.NO_SUGGESTION: mark(
        "There is no suggestion {word} for this line. A child is named by its reference or by "
        "SCHOOL:NUMBER"
    ),
    TargetFault.MISTYPED: mark(
        "{word} is no reference: its check symbols do not fit. Compare it with the letter."
    ),
    TargetFault.NOT_ISSUED: mark("The reference {word} was never issued. Compare it."),
    TargetFault.UNKNOWN_BODY: mark("There is no funding body {name}. All of them: mensa body list"),
    TargetFault.UNKNOWN_OPERATOR: mark(
        "For {name} nothing is held: only for who sells with --settled-as payable "
        "(mensa operator list)"
    ),
    TargetFault.UNKNOWN_PUPIL: mark("Nobody has the city's number {word}."),
    NotAllocated.UNKNOWN_LINE: _UNKNOWN_LINE,
    NotAllocated.UNKNOWN_ACCOUNT: mark(
        "The city's accounts are not open yet. To open them: mensa db upgrade"
    ),
    NotAllocated.WRONG_ACCOUNT: mark("No line of a bank belongs to that account."),
    NotAllocated.OVER_LINE: mark("More than is left of line {line}. Nothing was assigned."),
    NotAllocated.WRONG_RETURN: mark(
        "Line {line} cannot give back the line that was suggested: it is no earlier one, or less."
    ),
    NotAllocated.RETURNED_TWICE: mark(
        "What line {line} would give back was given back already by another line."
    ),
    NotAllocated.NOTHING_STANDS: mark(
        "Nothing of line {line} is assigned: there is nothing to take back."
    ),
    NotAllocated.NO_REASON: _NO_REASON,
    NotAllocated.REFUNDED: mark(
        "Line {line} is paid back by refund {refund}. Cancel that first: "
        "mensa refund cancel {refund} --reason WORDS"
    ),
    NotAllocated.GIVEN_BACK: mark(
        "Line {line} was given back by line {given_back_by}. Take that back first: "
        "mensa bank undo {given_back_by} --reason WORDS"
    ),
}

BANK: Mapping[enum.Enum, str] = {**_ACCOUNTS, **_DECISIONS, **FETCH, **KEPT, **STATEMENTS}
"""By reason. Enum members of two classes are two keys, whatever they are called."""

RULES: Mapping[str, str] = {
    "code": mark("by the reference"),
    "household": mark("by the references of one household, divided by its shares"),
    "payer": mark("by the payer's account"),
    "return": mark("as the return of an earlier line"),
    "refund_paid": mark("as the payment of a refund"),
    "refund_returned": mark("as a refund that came back"),
    "suggested": mark("as suggested"),
    "by_hand": mark("by hand"),
}
"""By the ledger's word for a rule (``accounts.allocated.Rule``)."""

MARKS: Mapping[str, str] = {
    "set_aside": mark("Set aside"),
    "taken_up": mark("Back into the queue"),
    "amended": mark("The bank tells it with another text now"),
}
"""By the ledger's word for a mark (``accounts.allocated.Mark``)."""

WHYS: Mapping[Why, str] = {
    Why.NO_EVIDENCE: mark("no reference, and the payer is new"),
    Why.NO_TEXT: mark("its words were erased"),
    Why.NOT_AS_PRINTED: mark("a reference stands in it, and not as printed"),
    Why.MISTYPED: mark("something in it looks like a reference, and is none"),
    Why.SEVERAL_CHILDREN: mark("several children are meant, and no household says how to divide"),
    Why.OVER_CAP: mark("so much that it may be a typing error"),
    Why.SEVERAL_PAID_FOR: mark("no reference, and this payer has paid for several"),
    Why.NOT_REMEMBERED: mark("no reference; this payer has paid for a child before"),
    Why.NO_ORIGINAL: mark("it came back, and no line is found that it gives back"),
    Why.SEVERAL_ORIGINALS: mark("it came back, and several lines could be meant"),
    Why.ORIGINAL_DIVIDED: mark("it gives back a line of which a part is nobody's yet"),
    Why.MONEY_OUT: mark("money went out"),
    Why.NEXT_RUN: mark("nothing stands against it: the next run assigns it"),
    Why.DECIDED_BEFORE: mark("it was assigned and taken back, or a part of it is assigned"),
}
"""Why a line waits for a person."""

REASONS: Mapping[Reason, str] = {
    Reason.CODE: mark("its reference stands in the text"),
    Reason.CODE_IN_RUN: mark("its reference stands in the text, within something longer or cut"),
    Reason.SLIP_KEY: mark("its reference but for one key"),
    Reason.SLIP_LOOKALIKE: mark("its reference but for one sign that looks alike"),
    Reason.SLIP_SWAPPED: mark("its reference with two signs swapped"),
    Reason.SLIP_LEFT_OUT: mark("its reference with one sign left out"),
    Reason.SLIP_DOUBLED: mark("its reference with one sign twice"),
    Reason.SLIP_TOO_MANY: mark("its reference with one sign too many"),
    Reason.SLIP_OTHER: mark("its reference but for one sign"),
    Reason.PAYER: mark("this payer has paid for the child before"),
    Reason.PAYER_ACCOUNT: mark("lines of this payer went there before"),
    Reason.NAME_AND_CLASS: mark("name and class stand in the text"),
    Reason.NAME: mark("the name stands in the text"),
    Reason.FIRST_NAME_AND_CLASS: mark("first name and class stand in the text"),
    Reason.GIVES_BACK: mark("the same amount came from there"),
    Reason.REFUND: mark("a refund of the same amount"),
    Reason.BANK_FEE: mark("the bank calls it a fee"),
    Reason.INTEREST: mark("the bank calls it interest"),
}
"""What speaks for a suggestion; "its" is the child's."""
