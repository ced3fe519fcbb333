"""Sentences for the reasons for which nothing of a bank's file or statement is taken.

The lower floor adds where: tags with the numbers of lines, days, amounts. No payer's word is there.
"""

import enum
from collections.abc import Mapping

from accounts.texts import mark
from banking.lines import Trouble

STATEMENTS: Mapping[enum.Enum, str] = {
    Trouble.EMPTY: mark("The file is empty."),
    Trouble.TOO_BIG: mark(
        "The file, or what is packed in it, is too big. Let the bank's software export fewer days."
    ),
    Trouble.NOT_A_STATEMENT: mark(
        "This is no bank statement. camt.052, camt.053 and MT940 are read; not camt.054, CSV or PDF."
    ),
    Trouble.NOTHING_IN_IT: mark("The bank's file is in order and has no statement in it."),
    Trouble.BROKEN_ZIP: mark(
        "The packed file cannot be opened: it is damaged, has a password, or holds another packed one."
    ),
    Trouble.BROKEN_XML: mark(
        "The file is torn off or damaged from line {detail} on. Fetch or export it again."
    ),
    Trouble.FORBIDDEN_XML: mark(
        "The file brings instructions that no bank statement has, and was not opened. "
        "Ask where it comes from."
    ),
    Trouble.BROKEN_MT940: mark(
        "This place of the file cannot be understood. Fetch or export it again; if it stays so, "
        "ask the bank for camt."
    ),
    Trouble.DOES_NOT_CLOSE: mark(
        "Opening balance and lines do not make the closing balance: {detail}. A line is missing, "
        "doubled, or has another sign. Fetch it again; if it stays so, show it to the bank."
    ),
    Trouble.AMBIGUOUS_LINE: mark(
        "Here a payer's text looks like a line of the bank, and the balances do not tell which it "
        "is. Get these days as camt."
    ),
    Trouble.REVERSAL_UNPROVED: mark(
        "It has a reversal, and without balances nobody can say whether that brought money or took "
        "it. Get these days with their balances (camt.053)."
    ),
    Trouble.OTHER_CURRENCY: mark("The account or a line is not in euro."),
    Trouble.NO_ACCOUNT: mark("The statement does not say whose account it is."),
    Trouble.NO_AMOUNT: mark("Here an amount is missing or is none in whole cents."),
    Trouble.NO_DIRECTION: mark("Here it is not said whether money came or went."),
    Trouble.NO_DATE: mark("Here a line has no day, and none can be concluded."),
    Trouble.IMPOSSIBLE_DATE: mark("Here stands a day that does not exist."),
    Trouble.UNKNOWN_STATUS: mark(
        "Here stands a word that is neither booked nor announced. Nothing was guessed."
    ),
    Trouble.BATCH_WITHOUT_AMOUNTS: mark(
        "Here several payments are one line, and their single amounts are missing. Ask the bank "
        "to book them singly or to send the details."
    ),
    Trouble.BATCH_DOES_NOT_ADD_UP: mark(
        "Here several payments are one line, and their amounts do not make its amount. Show it "
        "to the bank."
    ),
}
"""By reason."""
