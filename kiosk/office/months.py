"""Closed months at the office's desk: what is open is named, and two people may close all the same."""

import argparse
import enum
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from importlib.metadata import version

from accounts.approvals import ApprovalRefusal, Ask, ask
from accounts.clock import SystemClock
from accounts.closings import (
    Closed,
    ClosingRefusal,
    Refusal,
    close_month,
    closings,
    months_to_close,
    still_open,
)
from accounts.open_matters import OpenMatter, Why
from accounts.rights import Act
from accounts.seals import NotSealed
from accounts.texts import Texts, mark
from kiosk.jobs.common import database_of
from kiosk.jobs.words import spoken
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said, refused, tell

LATER = 75

SENTENCES: Mapping[enum.Enum, str] = {
    ClosingRefusal.BAD_MONTH: mark("{month} is no month; write 2026-11"),
    ClosingRefusal.NOT_OVER: mark("{month} is not over yet. A month is closed when it is over."),
    ClosingRefusal.ALREADY_CLOSED: mark("{month} is closed already."),
    ClosingRefusal.NOT_NEXT: mark(
        "Months are closed in order: {next_month} comes first (mensa month close {next_month})."
    ),
    ClosingRefusal.STILL_OPEN: mark("{month} is not closed yet, because something is still open:"),
    ClosingRefusal.REQUEST_UNUSABLE: mark(
        "Request {request} does not serve: it has to be for {month}, approved by another person, "
        "and not used yet (mensa approve). Still open is:"
    ),
}
MATTERS: Mapping[enum.Enum, str] = {
    Why.WAITING: mark("{what}: {count} meals not brought yet; last heard of {seen}"),
    Why.SILENT: mark("{what}: not heard of since the month's end; last heard of {seen}"),
    Why.NEVER_SEEN: mark("{what}: never heard of"),
    Why.UNPROVED: mark("{what}: the bank's days are proved up to {seen}, not to the month's end"),
    Why.NEVER_PROVED: mark("{what}: no day of the bank is proved yet"),
}
_TWO = mark(
    "Let the kiosks bring what they have, and revoke those that are gone (mensa kiosk-device "
    "revoke). Or two people close it all the same; the one asks: mensa month close {month} "
    "--override REASON"
)
_ASKED = mark(
    "Request {request}: to close {month} with this still open. Nothing is closed until another "
    "person approves (mensa approve {request}); then: mensa month close {month} --request {request}"
)
_CLOSED = mark(
    "{month} is closed for ever: {entries} entries, {moved} moved. Seal no. {seal}. What comes "
    "late counts from {open_from} on."
)
_BUSY = mark("Another job is sealing, or a booking does not end. Nothing was closed; try again.")


def close(asked: argparse.Namespace) -> int:
    """``mensa month close``: returns the exit code."""
    speech = spoken()
    with closing(database_of(asked)) as database:
        try:
            done = close_month(
                database,
                month=asked.month,
                actor=asked.actor,
                clock=SystemClock(),
                software=f"mensakasse {version('mensakasse')}",
                request_id=asked.request,
            )
        except NotSealed:
            tell(Refused("busy", (speech.say(_BUSY),)), as_json=asked.json)
            return LATER
    if isinstance(done, Refusal):
        return tell(_refusal(speech, asked, done), as_json=asked.json)
    told = speech.say(
        _CLOSED,
        month=done.month,
        entries=speech.number(done.entries),
        moved=speech.money(done.moved),
        seal=done.seal_no,
        open_from=speech.day(done.open_from),
    )
    return tell(Said((told, *_matters(speech, done.matters)), _fields(done)), as_json=asked.json)


def ask_override(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa month close --override``: ask for what another person has to approve."""
    found = still_open(desk.db, asked.month, at=desk.at)
    if isinstance(found, Refusal):
        return _refusal(desk.texts, asked, found)
    if not found:
        sentence = desk.say(
            "Nothing is open in {month}. To close it: mensa month close {month}", month=asked.month
        )
        return Refused("nothing_open", (sentence,))
    if desk.acting.user_id is None:
        sentence = desk.say(
            "This takes two people with rights of their own, and the ledger has no users yet: "
            "mensa user add NAME --role administrator"
        )
        return Refused("no_users", (sentence,))
    wanted = Ask(
        act=Act.MONTH_CLOSE,
        requester_id=desk.acting.user_id,
        reason=asked.override,
        detail={"month": asked.month},
    )
    made = ask(desk.db, wanted, at=desk.at)
    if isinstance(made, ApprovalRefusal):
        return refused(desk.texts, made, user=desk.acting.name, request="")
    told = desk.say(_ASKED, request=made, month=asked.month)
    fields = {"request": made, "month": asked.month, "open": [it.plain() for it in found]}
    return Said((*_matters(desk.texts, found), told), fields)


def show(desk: Desk, _asked: argparse.Namespace) -> Answer:
    """``mensa month list``."""
    closed, due = closings(desk.db), months_to_close(desk.db, at=desk.at)
    head = tuple(
        desk.say(word)
        for word in (
            mark("Month"),
            mark("Closed"),
            mark("Entries"),
            mark("Moved"),
            mark("Seal"),
            mark("By"),
            mark("Open"),
        )
    )
    rows = [
        (
            it.month,
            desk.texts.moment(it.at),
            desk.texts.number(it.entries),
            desk.texts.money(it.moved),
            str(it.seal_no),
            it.actor,
            str(len(it.matters)) if it.matters else "-",
        )
        for it in closed
    ]
    lines = in_columns(head, rows, right={2, 3, 4}) if rows else (desk.say("No month is closed."),)
    if due:
        lines += (desk.say("Could be closed: {months}", months=", ".join(due)),)
    return Said(lines, {"closed": [_fields(it) for it in closed], "due": list(due)})


def _refusal(speech: Texts, asked: argparse.Namespace, refusal: Refusal) -> Refused:
    sentence = speech.say(
        SENTENCES[refusal.why],
        month=asked.month,
        next_month=refusal.next_month,
        request=asked.request,
    )
    fields: dict[str, object] = {"month": asked.month}
    if refusal.next_month is not None:
        fields["next"] = refusal.next_month
    if not refusal.matters:
        return Refused(refusal.why.value, (sentence,), fields)
    lines = (sentence, *_matters(speech, refusal.matters), speech.say(_TWO, month=asked.month))
    fields["open"] = [it.plain() for it in refusal.matters]
    return Refused(refusal.why.value, lines, fields)


def _matters(speech: Texts, matters: Sequence[OpenMatter]) -> Iterator[str]:
    for it in matters:
        seen = speech.moment(it.last_seen) if it.last_seen else "-"
        told = speech.say(MATTERS[it.why], what=it.what, count=speech.number(it.waiting), seen=seen)
        yield f"  {told}"


def _fields(done: Closed) -> dict[str, object]:
    opened: date = done.open_from
    return {
        "month": done.month,
        "open_from": opened.isoformat(),
        "at": done.at.isoformat(),
        "by": done.actor,
        "request": done.request_id,
        "open": [it.plain() for it in done.matters],
        "software": done.software,
        "seal": done.seal_no,
        "last_entry": done.last_entry_id,
        "entries": done.entries,
        "transfers": done.transfers,
        "moved": str(done.moved),
    }
