"""What a revoked kiosk had served and never brought, booked from its journal at the office's desk."""

import argparse
from collections import Counter
from collections.abc import Sequence

from accounts.guards import JournalRefused
from accounts.registers import EnrolledKiosk, enrolled_kiosks
from accounts.salvaging import Salvaged, Stop, may_salvage, salvage
from accounts.texts import Texts, mark
from kiosk.journal import JournalBroken
from kiosk.journal_copy import waiting_facts
from kiosk.office.answers import unreadable
from kiosk.office.desk import Answer, Desk, Refused, Said, ask_hidden
from kiosk.office.signing_in import secret_from
from kiosk.vault import KEY_BYTES, WrongKey

STOPS = {
    Stop.GAP: mark(
        "Epoch {epoch}: {left} facts from number {at} on stay where they are. The ledger has the "
        "numbers up to {last}; what lies between is in neither."
    ),
    Stop.BROKEN_CHAIN: mark(
        "Epoch {epoch}: {left} facts from number {at} on stay where they are. Number {at} is not "
        "linked to the one before it, so somebody changed this journal."
    ),
}


def ask_key(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """What opens the journal; it is left in ``asked.opens``."""
    try:
        with asked.file.open("rb"):
            pass
        if asked.key_file is not None:
            key = asked.key_file.read_bytes()
            if len(key) != KEY_BYTES:
                sentence = mark("{path} holds no key of a kiosk: that has 32 bytes.")
                return Refused("bad_key_file", (speech.say(sentence, path=asked.key_file),))
            asked.opens = {"key": key}
            return None
    except OSError as error:
        return unreadable(error.filename or asked.file, error, speech)
    given = secret_from(asked.passphrase_file, asked.passphrase_fd, speech)
    if isinstance(given, Refused):
        return given
    if given is None:
        given = ask_hidden(speech.say("The kiosk's passphrase: "))
    asked.opens = {"passphrase": given}
    return None


def book(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa kiosk-device salvage``."""
    kiosk = next((it for it in enrolled_kiosks(desk.db) if it.name == asked.name.strip()), None)
    stopped = _not_now(desk, asked, kiosk)
    if kiosk is None or stopped is not None:
        return stopped or Refused("unknown_kiosk", ())
    try:
        facts = waiting_facts(asked.file, origin_id=kiosk.origin_id, **asked.opens)
    except OSError as error:
        return unreadable(asked.file, error, desk.texts)
    except WrongKey:
        sentence = mark(
            "This opens no journal of the kiosk {name}: another key, or another kiosk's file."
        )
        return Refused("wrong_key", (desk.say(sentence, name=kiosk.name),))
    except JournalBroken as error:
        sentence = mark("{path} is no kiosk's journal that could be read: {why}")
        return Refused("no_journal", (desk.say(sentence, path=asked.file, why=error),))
    desk.look(f"salvage of kiosk {kiosk.origin_id}")
    try:
        done = salvage(desk.db, origin_id=kiosk.origin_id, facts=facts, now=desk.at)
    except JournalRefused as error:
        sentence = mark("The ledger's guards refuse this journal: {code}. Nothing was booked.")
        return Refused("impossible", (desk.say(sentence, code=error.code),))
    return _told(desk, kiosk, done)


def _not_now(desk: Desk, asked: argparse.Namespace, kiosk: EnrolledKiosk | None) -> Refused | None:
    if kiosk is None:
        sentence = mark("No kiosk is called {name}. All kiosks: mensa kiosk-device list")
        return Refused("unknown_kiosk", (desk.say(sentence, name=asked.name),))
    if kiosk.revoked_at is None:
        sentence = mark(
            "The kiosk {name} is not revoked and brings its facts itself. If it never will again: "
            "mensa kiosk-device revoke {name}"
        )
        return Refused("not_revoked", (desk.say(sentence, name=kiosk.name),))
    if not may_salvage(desk.db):
        sentence = mark(
            "On PostgreSQL this is for the ledger's owner: name the database as for "
            "mensa db upgrade."
        )
        return Refused("not_owner", (desk.say(sentence),))
    return None


def _told(desk: Desk, kiosk: EnrolledKiosk, done: Sequence[Salvaged]) -> Said:
    reasons: Counter[str] = Counter()
    for epoch in done:
        reasons.update(epoch.quarantined)
    counts = {
        "booked": sum(epoch.booked for epoch in done),
        "quarantined": reasons.total(),
        "known": sum(epoch.known for epoch in done),
        "alarms": sum(epoch.alarms for epoch in done),
        "left": sum(epoch.left for epoch in done),
    }
    lines = [
        desk.say(
            "Kiosk {name}: {booked} facts booked, {quarantined} put into quarantine, {known} known "
            "already.",
            name=kiosk.name,
            **counts,
        )
    ]
    lines += [f"  {reason}: {count}" for reason, count in sorted(reasons.items())]
    if counts["alarms"]:
        sentence = mark(
            "Under {alarms} numbers the ledger holds other facts; each is an alarm now."
        )
        lines.append(desk.say(sentence, **counts))
    lines += [
        desk.say(STOPS[it.stopped], epoch=it.epoch, left=it.left, at=it.at, last=it.last)
        for it in done
        if it.stopped is not None
    ]
    fields = {
        "origin": kiosk.origin_id,
        **counts,
        "reasons": dict(reasons),
        "stopped": [
            {"epoch": it.epoch, "why": it.stopped.value, "at": it.at, "last": it.last,
             "left": it.left}
            for it in done
            if it.stopped is not None
        ],
    }  # fmt: skip
    return Said(tuple(lines), fields)
