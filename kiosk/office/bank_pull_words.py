"""What is said of a pull: what came in, what became of it, and, where it failed, what to do."""

from collections.abc import Iterator
from pathlib import Path

from accounts.bank_files import Outcome
from accounts.texts import Texts
from banking.crediting import Credited
from banking.fetch_troubles import FetchTrouble
from banking.fetching import Failure
from banking.folder import PickedUp
from banking.keeping import Kept
from banking.pull import Pulled
from kiosk import sentences_fetch as words
from kiosk.office import bank_kept
from kiosk.office.answers import Answer, Refused, Said

_NAMES_DEVICES = frozenset({FetchTrouble.MECHANISM, FetchTrouble.MEDIUM})


def answer(
    pulled: Pulled | None,
    picked: tuple[Path, PickedUp] | None,
    kept: tuple[Kept, ...],
    credited: Credited | None,
    speech: Texts,
    *,
    attended: bool,
) -> Answer:
    """The job's answer: refused where the fetch failed, not as it should be where one is aside.

    What the bank says in words is told only to somebody who sits there (``attended``): what a
    timer prints stays in the journal.
    """
    fields, lines = bank_kept.fields(kept, credited), list[str]()
    if pulled is not None:
        fields |= _fields(pulled, attended=attended)
        lines += _accounts(pulled, speech, attended=attended)
    if picked is not None:
        fields["folder"] = _folder_fields(picked[1])
        lines += _folder(*picked, speech)
    lines += _became(kept, credited, speech)
    failure = None if pulled is None else pulled.failure
    if failure is None:
        return Said(tuple(lines), fields, holds=not bank_kept.bad(kept))
    lines += [*of_failure(failure, speech, attended=attended), speech.say(words.SAFE)]
    return Refused(failure.trouble.value, tuple(lines), fields)


def of_failure(failure: Failure, speech: Texts, *, attended: bool) -> Iterator[str]:
    """Why, what to do, and the bank's own words; of those the codes alone where nobody sits."""
    yield speech.say(words.FETCH[failure.trouble])
    if not attended:
        yield from _in_codes(failure, speech)
        return
    if failure.codes:
        said = "; ".join(f"{it.code} {printable(it.words)}" for it in failure.codes)
        yield speech.say(words.BANK_SAYS, said=said)
    if failure.detail:
        yield speech.say(words.DETAIL, detail=printable(failure.detail))


def _in_codes(failure: Failure, speech: Texts) -> Iterator[str]:
    if failure.codes:
        codes = ", ".join(printable(it.code) for it in failure.codes)
        yield speech.say(words.BANK_CODES, codes=codes)
    if detail := _detail(failure, attended=False):
        yield speech.say(words.DETAIL, detail=printable(detail))
    if failure.codes or (failure.detail and not detail):
        yield speech.say(words.SAID_AT_TERMINAL)


def _detail(failure: Failure, *, attended: bool) -> str:
    """The detail, which may be the names that the bank gives to devices."""
    return failure.detail if attended or failure.trouble not in _NAMES_DEVICES else ""


def printable(text: str) -> str:
    """A bank's words without what a terminal would take for a command."""
    return "".join(it if it.isprintable() else " " for it in text)


def _accounts(pulled: Pulled, speech: Texts, *, attended: bool) -> Iterator[str]:
    if pulled.fetched is None:
        return
    brought = {it.iban: it.pages for it in pulled.fetched.statements}
    for wanted in pulled.wanted:
        refusal = pulled.fetched.refused.get(wanted.iban)
        if wanted.iban in brought:
            sentence = words.FETCHED if brought[wanted.iban] else words.FETCHED_EMPTY
            first, last = speech.day(wanted.first), speech.day(wanted.last)
            yield speech.say(sentence, iban=wanted.iban, first=first, last=last)
        elif refusal is not None and refusal is not pulled.failure:
            for line in of_failure(refusal, speech, attended=attended):
                yield speech.say(words.OF_ACCOUNT, iban=wanted.iban, sentence=line)


def _became(kept: tuple[Kept, ...], credited: Credited | None, speech: Texts) -> Iterator[str]:
    """Nothing of what was known already: a fetch brings the last days again each time."""
    news = [it for it in kept if it.outcome is not Outcome.KNOWN or it.amended]
    yield from bank_kept.lines(speech, news)
    if kept and not news:
        yield speech.say(words.NO_NEW)
    if credited is not None:
        yield from bank_kept.credited_lines(speech, credited)


def _folder(folder: Path, picked: PickedUp, speech: Texts) -> Iterator[str]:
    if picked.busy:
        yield speech.say(words.FOLDER_BUSY, folder=folder)
    elif not (picked.done or picked.failed or picked.growing or picked.too_big):
        yield speech.say(words.FOLDER_EMPTY, folder=folder)
    for names, sentence in ((picked.growing, words.GROWING), (picked.too_big, words.TOO_BIG)):
        for name in names:
            yield speech.say(sentence, name=printable(name))


def _folder_fields(picked: PickedUp) -> dict[str, object]:
    return {
        "done": picked.done,
        "failed": picked.failed,
        "growing": picked.growing,
        "too_big": picked.too_big,
        "busy": picked.busy,
    }


def _fields(pulled: Pulled, *, attended: bool) -> dict[str, object]:
    fetched, failure = pulled.fetched, pulled.failure
    told: dict[str, object] = {
        "access": pulled.access,
        "at": pulled.at.isoformat(),
        "outcome": "done" if failure is None else "failed",
        "reason": None if failure is None else failure.trouble.value,
        "codes": [] if failure is None else [it.code for it in failure.codes],
        "detail": "" if failure is None else _detail(failure, attended=attended),
    }
    brought = {} if fetched is None else {it.iban: it for it in fetched.statements}
    refused = {} if fetched is None else fetched.refused
    told["accounts"] = [
        {
            "iban": wanted.iban,
            "first_day": wanted.first.isoformat(),
            "last_day": wanted.last.isoformat(),
            "family": brought[wanted.iban].family if wanted.iban in brought else None,
            "pages": len(brought[wanted.iban].pages) if wanted.iban in brought else None,
            "reason": _reason(refused.get(wanted.iban)),
        }
        for wanted in pulled.wanted
    ]
    return told


def _reason(failure: Failure | None) -> str | None:
    trouble: FetchTrouble | None = None if failure is None else failure.trouble
    return None if trouble is None else trouble.value
