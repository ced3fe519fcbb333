"""Sentences about fetching from the bank: why a fetch failed and what to do, and its questions.

None has a placeholder for what the bank says: its words are told beside the sentence.
"""

import enum
from collections.abc import Mapping

from accounts.bank_fetches import TanRefusal
from accounts.texts import mark
from banking.fetch_troubles import FetchTrouble

FETCH: Mapping[enum.Enum, str] = {
    FetchTrouble.BUSY: mark("Another fetch with this access is running. Wait until it has ended."),
    FetchTrouble.UNREACHABLE: mark(
        "The bank cannot be reached. Try again later; if it stays so, look at this machine's "
        "network and at url in [bank]."
    ),
    FetchTrouble.CERTIFICATE: mark(
        "The server's certificate is not trusted, so no PIN was sent. Is url in [bank] right?"
        " Where your network reads along, its authority belongs into ca_file."
    ),
    FetchTrouble.TIME_OUT: mark("The bank did not answer in time. Try again later."),
    FetchTrouble.HTTP_ERROR: mark(
        "The bank's server reports a fault of its own. Try again later; if it stays so, ask "
        "the bank."
    ),
    FetchTrouble.STRANGE_REPLY: mark(
        "The answer is no answer of a bank: torn off, or a page for people. Try again later; "
        "if it stays so, ask the bank whether it is being maintained, and look at url in "
        "[bank]."
    ),
    FetchTrouble.TOO_LONG: mark(
        "The fetch took too long and was ended. Try again later; if an account has very many "
        "lines, raise limit_minutes in [bank]."
    ),
    FetchTrouble.NO_PIN: mark(
        "There is no PIN. Type it at a terminal (mensa bank pull), or give it by --pin-fd or "
        "as the systemd credential bank-pin."
    ),
    FetchTrouble.WRONG_PIN: mark(
        "The bank refused the PIN. It was tried once and is not tried again by itself: after "
        "three wrong ones the bank locks the access. Try it at the bank's own site, then type"
        " it here once: mensa bank pull"
    ),
    FetchTrouble.PIN_REFUSED_BEFORE: mark(
        "The bank refused the PIN or the login the last time, so nothing was sent. Somebody has to"
        " type the PIN once at a terminal (mensa bank pull); then renew the credential bank-pin,"
        " if there is one."
    ),
    FetchTrouble.PIN_UNANSWERED: mark(
        "An earlier pull was cut off before it was known whether the bank accepted the PIN, so "
        "nothing was sent. Somebody has to type the PIN once at a terminal: mensa bank pull"
    ),
    FetchTrouble.LOCKED: mark(
        "The bank has locked the access. Have it unlocked at the bank, then type the PIN here"
        " once: mensa bank pull"
    ),
    FetchTrouble.LOCKED_BEFORE: mark(
        "The bank has locked the access, so nothing was sent. Once the bank has unlocked it, "
        "type the PIN here once: mensa bank pull"
    ),
    FetchTrouble.WRONG_TAN: mark(
        "The bank refused the TAN: it was wrong or too old. Begin anew and take the TAN of "
        "the new question: mensa bank pull"
    ),
    FetchTrouble.TAN_TOO_LATE: mark(
        "The approval came too late for the bank. Begin anew: mensa bank pull"
    ),
    FetchTrouble.TAN_UNANSWERED: mark(
        "The bank wants an approval, and nobody gave it in time. Do it together with whoever "
        "has the device: mensa bank pull"
    ),
    FetchTrouble.TAN_GIVEN_UP: mark(
        "The bank wants an approval, and it was not given. Begin anew when the device is at "
        "hand: mensa bank pull"
    ),
    FetchTrouble.APPROVAL_REFUSED: mark(
        "The approval was refused in the bank's app. If that was by mistake, begin anew: "
        "mensa bank pull"
    ),
    FetchTrouble.MECHANISM: mark(
        "The way of approval does not fit what the bank offers this access. Set tan_mechanism"
        " in [bank] to one of those below, or have one set up at the bank."
    ),
    FetchTrouble.MEDIUM: mark(
        "There are several devices for approvals. Name one of those below as tan_medium in [bank]."
    ),
    FetchTrouble.SYSTEM_ID: mark(
        "The bank does not take this machine for a known device, even after it was registered"
        " anew. Ask the bank whether the access has too many devices."
    ),
    FetchTrouble.PRODUCT: mark(
        "The bank does not know the product's registration. Compare product in [bank] with "
        "the letter of Die Deutsche Kreditwirtschaft; a new one takes some days to reach all "
        "banks."
    ),
    FetchTrouble.LOGIN_REFUSED: mark(
        "The bank does not let this access in, and does not blame the PIN. It is not tried again "
        "by itself. Compare blz, user, customer and url in [bank] with the bank's letter, or ask "
        "the bank with the words below; then type the PIN here once: mensa bank pull"
    ),
    FetchTrouble.ORDER_REFUSED: mark(
        "The bank refused to give the statements. Ask the bank with the words below whether "
        "the access may fetch statements of this account."
    ),
    FetchTrouble.NO_ACCOUNT: mark(
        "The ledger has no account of this bank to fetch. Add it (mensa bank account add IBAN"
        " HOLDER), or look at ibans and blz in [bank]."
    ),
    FetchTrouble.ACCOUNT: mark(
        "The bank does not show this account to the access. Have the bank allow it for this "
        "user, or look at ibans in [bank]."
    ),
    FetchTrouble.NO_STATEMENTS: mark(
        "The bank offers no statements of this account by FinTS, or not in the form that "
        "statements in [bank] names. Ask the bank for camt statements (HKCAZ)."
    ),
    FetchTrouble.STATE: mark(
        "What the last fetch left cannot be opened: the file that state in [bank] names is "
        "damaged, or of another bank, user or secret. Put it aside and pull with somebody who"
        " has the device; the PIN has to be right, as what was known of it is gone."
    ),
    FetchTrouble.INTERRUPTED: mark("The fetch was interrupted. To begin anew: mensa bank pull"),
    FetchTrouble.FAULT: mark(
        "A fault of the software while fetching. Try again; if it stays so, send the line "
        "below to whoever looks after Mensakasse."
    ),
    TanRefusal.NO_SUCH_QUESTION: mark(
        "The bank does not ask that, or not any more. What it asks now: mensa bank tan"
    ),
    TanRefusal.ANSWERED_ALREADY: mark("Somebody has answered that already."),
}
SAFE = mark(
    "Nothing is lost, and nothing is booked twice: the next fetch asks for the same days again."
)
BANK_SAYS = mark("The bank says: {said}")
DETAIL = mark("In detail: {detail}")
BANK_CODES = mark("The bank's codes: {codes}")
SAID_AT_TERMINAL = mark("The bank's words are shown only at a terminal: mensa bank pull")
OF_ACCOUNT = mark("{iban}: {sentence}")
FETCHED = mark("{iban}: fetched from {first} to {last}.")
FETCHED_EMPTY = mark("{iban}: nothing booked from {first} to {last}.")
NOTHING_SET = mark(
    "Nothing is set up to fetch. In the settings: [bank] url, blz, user, product and state "
    "(FinTS), or folder (docs/bank.md)."
)
ASK_PIN = mark("PIN of {user} at the bank {blz}: ")
ASKS_TAN = mark("The bank asks for a TAN: {challenge}")
ASKS_APP = mark("The bank waits for an approval in its app: {challenge}")
UNTIL = mark("There is time until {until}. Ctrl+C gives up.")
TYPE_TAN = mark("TAN: ")
TAN_OFFICE = mark("Whoever has the device answers with: mensa bank tan")
NO_QUESTION = mark("The bank asks nothing at the moment.")
HOW_TAN = mark("To answer: mensa bank tan NUMBER; to give up: mensa bank tan NUMBER --give-up")
TAN_SENT = mark("The TAN goes to the bank; the pull says how it went.")
TAN_UP = mark("The question was given up; the pull ends.")
NO_NEW = mark("No new lines.")
GROWING = mark("{name} was written to a moment ago and is taken the next time.")
TOO_BIG = mark(
    "{name} is left lying, as it is larger than any statement: mensa bank import FILE, if it "
    "is one."
)
FOLDER_BUSY = mark("Another pull is at the folder {folder} and takes what lies there.")
FOLDER_EMPTY = mark("Nothing new lies in the folder {folder}.")
TAN_EMPTY = mark("No TAN was given. Nothing was sent.")
