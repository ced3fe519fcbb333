"""``mensa nightly``: what the night did, as the office reads it in the morning."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta

from accounts.card_matters import MatterKind
from accounts.clock import SystemClock
from accounts.notices import Notices
from accounts.settings_bank import BankSettings
from accounts.texts import Texts, mark
from kiosk.jobs.common import database_of, settings_of
from kiosk.jobs.words import spoken
from kiosk.nightly import Night, Outcome, Step, spend
from kiosk.office import bank_due
from kiosk.proving import fours
from kiosk.proving import told as proved
from kiosk.sentences_alerts import MATTERS

DONE, FAILED = 0, 1

STEPS: Mapping[Step, str] = {
    Step.VERIFY: mark("Proof"),
    Step.SEAL: mark("Seal"),
    Step.BACKUP: mark("Backup"),
    Step.OLD_BACKUPS: mark("Old backups"),
    Step.NOTICES: mark("What is due"),
}
_FAILED = mark("{step}: FAILED ({why})")
_LEFT_OUT: Mapping[Step, str] = {
    Step.SEAL: mark("Seal: none, because the ledger did not prove itself"),
    Step.BACKUP: mark("Backup: none is set up ([nightly] in the settings)"),
}
_BROKEN = mark(
    "The ledger does NOT hold. Nothing was sealed. Stop booking by hand and look at what differs:"
)


def main(asked: argparse.Namespace) -> int:
    """Spend the night, tell what it did; returns the exit code."""
    settings = settings_of(asked)
    bank = settings.bank or BankSettings()
    with closing(database_of(asked)) as database:
        night = spend(
            database,
            settings=settings.nightly,
            clock=SystemClock(),
            bank_silence=timedelta(hours=bank.warn_hours),
        )
    if asked.json:
        sys.stdout.write(json.dumps(fields(night), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines(spoken(), night)))
    return DONE if night.good else FAILED


def lines(speech: Texts, night: Night) -> Iterator[str]:
    """The report."""
    yield speech.say(mark("Mensakasse, the night of {at}"), at=speech.moment(night.at))
    for step in Step:
        if night.outcomes[step] is Outcome.FAILED:
            yield speech.say(_FAILED, step=speech.say(STEPS[step]), why=night.why[step])
        elif night.outcomes[step] is Outcome.LEFT_OUT:
            if step in _LEFT_OUT:
                yield speech.say(_LEFT_OUT[step])
        else:
            yield from _done(speech, night, step)


def _done(speech: Texts, night: Night, step: Step) -> Iterator[str]:
    if step is Step.VERIFY and night.proof is not None:
        if night.proved:
            yield speech.say(
                mark("Proof: the ledger holds ({checks} checks)"), checks=len(night.proof.checks)
            )
        else:
            yield speech.say(_BROKEN)
            yield from proved(night.proof)
    if step is Step.SEAL and night.seal is not None:
        yield speech.say(mark("Seal: no. {seal}, {hash}"), seal=night.seal.no,
                         hash=fours(night.seal.hash))  # fmt: skip
    if step is Step.BACKUP:
        sentence = (
            mark("Backup: {file}")
            if night.proved
            else mark("Backup: {file}, of a ledger that did not prove itself; all others stay")
        )
        yield speech.say(sentence, file=night.backup)
    if step is Step.OLD_BACKUPS and night.removed:
        yield speech.say(mark("Old backups removed: {count}"), count=len(night.removed))
    if step is Step.NOTICES and night.notices is not None:
        yield from _due(speech, night.notices)


def _due(speech: Texts, due: Notices) -> Iterator[str]:
    if due.alarms:
        yield speech.say(mark("Alarms since the last night: {what}"), what=_counted(due.alarms))
    if due.cards:
        yield speech.say(mark("Cards to look into (mensa card alerts):"))
        for kind, count in due.cards.items():
            yield f"  {count}  {speech.say(MATTERS[MatterKind(kind)])}"
    if due.quarantined:
        yield speech.say(
            mark("Put aside since the last night: {what} ({all} altogether)"),
            what=_counted(due.quarantined),
            all=due.in_quarantine,
        )
    yield from _kiosks(speech, due)
    bank = () if due.bank is None else tuple(bank_due.lines(speech, due.bank))
    if bank:
        yield speech.say(mark("Bank (mensa bank status):"))
        yield from (f"  {one}" for one in bank)
    if due.requests:
        numbers = ", ".join(map(str, due.requests))
        yield speech.say(mark("Requests that wait for a second person: {numbers}"), numbers=numbers)
    if due.months:
        months = ", ".join(due.months)
        yield speech.say(mark("Could be closed: {months}"), months=months)
    parts = (due.alarms, due.cards, due.quarantined, due.silent, due.stuck, due.requests)
    if not any((*parts, due.months, bank)):
        yield speech.say(mark("Nothing is due."))


def _kiosks(speech: Texts, due: Notices) -> Iterator[str]:
    for one in due.silent:
        if one.last_seen is None:
            yield speech.say(mark("Kiosk {name} was never heard of"), name=one.name)
        else:
            seen = speech.moment(one.last_seen)
            yield speech.say(
                mark("Kiosk {name} was last heard of {seen}"), name=one.name, seen=seen
            )
    for stuck in due.stuck:
        yield speech.say(
            mark(
                "Kiosk {name} cannot bring {waiting} facts: numbers before them are missing. The "
                "newest the ledger has of it is {epoch}:{last} (docs/ledger.md)"
            ),
            name=stuck.name, waiting=stuck.waiting, epoch=stuck.epoch, last=stuck.last,
        )  # fmt: skip


def _counted(what: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in what.items())


def fields(night: Night) -> dict[str, object]:
    """The report for programs."""
    due = night.notices
    return {
        "at": night.at.isoformat(),
        "good": night.good,
        "holds": night.proved,
        "steps": {step.value: night.outcomes[step].value for step in Step},
        "why": {step.value: why for step, why in night.why.items()},
        "failures": [
            [check.name.value, failure.what, failure.where]
            for check in (night.proof.checks if night.proof else ())
            for failure in check.failures
        ],
        "seal": {"no": night.seal.no, "hash": night.seal.hash.hex()} if night.seal else None,
        "backup": str(night.backup) if night.backup else None,
        "removed": [str(path) for path in night.removed],
        "due": None
        if due is None
        else {
            "alarms": dict(due.alarms),
            "quarantined": dict(due.quarantined),
            "in_quarantine": due.in_quarantine,
            "silent_kiosks": [
                {"name": it.name, "last_seen": it.last_seen and it.last_seen.isoformat()}
                for it in due.silent
            ],
            "stuck_kiosks": [
                {"name": it.name, "waiting": it.waiting, "epoch": it.epoch, "last": it.last}
                for it in due.stuck
            ],
            "requests": list(due.requests),
            "months": list(due.months),
            "cards": dict(due.cards),
            "bank": None if due.bank is None else bank_due.fields(due.bank),
        },
    }
