"""The file for the bank: all refunds that can be paid, in one run, exactly once.

The run with its file's digest is written down before the file appears; when writing the file
fails, the same bytes are had again by the run's number. Nothing is sent: the treasury hands the
file to the bank with its own software, where count and sum are compared before they are released.
"""

import argparse
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

from accounts.acting import act_as
from accounts.bank_accounts import BankAccount, bank_accounts
from accounts.bank_vault import Unopenable
from accounts.clock import SystemClock, school_day
from accounts.database import Session
from accounts.files import could_be_written, written_whole
from accounts.office import Seen, note_looks, office_origin
from accounts.payment_runs import (
    ORIGIN,
    Run,
    file_of_run,
    new_end_to_end,
    new_message_id,
    record_run,
    runs,
    to_pay,
)
from accounts.refund_standing import Refund
from accounts.refunds import Payee, RefundRefusal, payees
from accounts.texts import Language, Texts, texts
from banking.refunds import Debtor, Payment, payable_iban, payment_file
from kiosk.jobs.common import database_of
from kiosk.jobs.words import spoken
from kiosk.office.answers import Refused, Said, refused
from kiosk.office.bank_words import in_fours, open_vault
from kiosk.office.desk import tell
from kiosk.office.refund_list import FOREIGN_KEY


def export(asked: argparse.Namespace) -> int:
    """``mensa refund export``: returns the exit code."""
    speech = spoken()
    stopped = open_vault(asked, speech) or _unwritable(asked.file, speech)
    if stopped is not None:
        return tell(stopped, as_json=asked.json)
    at = SystemClock().now()
    on: date = asked.on or school_day(at)
    if on < school_day(at):
        sentence = speech.say("The day of payment lies in the past.")
        return tell(Refused("past_day", (sentence,)), as_json=asked.json)
    with closing(database_of(asked)) as database:
        with database.write() as db:
            act_as(db, asked.actor)
            try:
                made = _again(db, asked, speech) if asked.again else _run(db, asked, at, on, speech)
            except Unopenable:
                made = refused(speech, RefundRefusal.PAYER_UNREADABLE, why=speech.say(FOREIGN_KEY))
            if isinstance(made, Refused):
                db.rollback()
        if isinstance(made, Refused):
            return tell(made, as_json=asked.json)
        run, content = made
        return tell(_written(asked.file, run, content, speech), as_json=asked.json)


def _run(
    db: Session, asked: argparse.Namespace, at: datetime, on: date, speech: Texts
) -> tuple[Run, bytes] | Refused:
    ready = to_pay(db, at=at)
    if not ready:
        sentence = speech.say("There is no refund to be paid. All of them: mensa refund list")
        return Refused("nothing_to_pay", (sentence,))
    account = _account(db, asked, speech)
    if isinstance(account, Refused):
        return account
    told = payees(db, asked.vault, (one.id for one in ready))
    erased = [str(one.id) for one in ready if one.id not in told]
    if erased:
        sentence = speech.say(
            "The payee of these refunds was erased: {refunds}. Cancel them (mensa refund cancel).",
            refunds=", ".join(erased),
        )
        return Refused("payee_erased", (sentence,), {"refunds": erased})
    message_id = new_message_id(at)
    attempts = [(one, new_end_to_end(one.id)) for one in ready]
    try:
        content = payment_file(
            Debtor(account.holder, account.iban),
            [_payment(one, end_to_end, told[one.id]) for one, end_to_end in attempts],
            message_id=message_id,
            made_at=at,
            execute_on=on,
        )
    except ValueError as fault:
        sentence = speech.say("No file can be made of these refunds: {why}", why=fault)
        return Refused("no_file", (sentence,))
    run = record_run(
        db,
        asked.vault,
        attempts,
        message_id=message_id,
        content=content,
        actor=asked.actor,
        at=at,
    )
    origin_id = office_origin(db, name=ORIGIN, at=at)
    seen = [Seen("refund export", one.pupil_id) for one in ready]
    note_looks(db, origin_id=origin_id, seen=seen, actor=asked.actor, at=at)
    return run, content


def _again(db: Session, asked: argparse.Namespace, speech: Texts) -> tuple[Run, bytes] | Refused:
    run = next((one for one in runs(db) if one.id == asked.again), None)
    content = file_of_run(db, asked.vault, asked.again)
    if run is None or content is None:
        sentence = speech.say("There is no run {run}, or its file was erased.", run=asked.again)
        return Refused("unknown_run", (sentence,))
    return run, content


def _payment(one: Refund, end_to_end: str, payee: Payee) -> Payment:
    # What a family reads, so it is German whatever the office speaks.
    purpose = texts(Language.GERMAN).say("Refund of meal money, no. {refund}", refund=one.id)
    return Payment(end_to_end, payee.name, payee.iban, one.amount, purpose)


def _account(db: Session, asked: argparse.Namespace, speech: Texts) -> BankAccount | Refused:
    found = [one for one in bank_accounts(db) if one.until is None]
    if asked.account is not None:
        wanted = payable_iban(asked.account)
        found = [one for one in found if one.iban == wanted]
    if len(found) == 1:
        return found[0]
    known = ", ".join(in_fours(one.iban) for one in bank_accounts(db) if one.until is None)
    sentence = speech.say(
        "From which account is it paid? --account IBAN; there are: {accounts}",
        accounts=known or "-",
    )
    return Refused("no_account", (sentence,))


def _unwritable(path: Path, speech: Texts) -> Refused | None:
    try:
        could_be_written(path)
    except OSError as error:
        sentence = speech.say("{path} cannot be written: {why}", path=path, why=error.strerror)
        return Refused("unwritable", (sentence,))
    return None


def _written(path: Path, run: Run, content: bytes, speech: Texts) -> Said | Refused:
    fields = {
        "run": run.id,
        "message_id": run.message_id,
        "count": run.count,
        "total": str(run.amount),
        "sha256": run.digest.hex(),
        "file": str(path),
    }
    try:
        with written_whole(path) as file:
            file.write(content)
    except OSError as error:
        sentence = speech.say(
            "{path} cannot be written: {why}. Run {run} is written down; its file: "
            "mensa refund export FILE --again {run}",
            path=path,
            why=error.strerror,
            run=run.id,
        )
        return Refused("unwritable", (sentence,), fields)
    told = speech.say(
        "Run {run}: {count} refunds, {total} in all, in {path}",
        run=run.id,
        count=speech.number(run.count),
        total=speech.money(run.amount),
        path=path,
    )
    hint = speech.say(
        "Compare number and sum in the bank's program before you release it; its message id is "
        "{message_id}.",
        message_id=run.message_id,
    )
    return Said((told, hint), fields)
