"""The cards' master keys at the station's desk: made, shown, rotated, given to other holders.

None of this opens the ledger: the right to it is two passphrases.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from accounts.files import written_whole
from accounts.texts import Texts
from cards.holders import KeyFault, plain, with_holder, with_passphrase, without_holder
from cards.key_file import create
from cards.masters import LAST, Masters
from kiosk.office.answers import Answer, Refused, Said
from kiosk.office.key_holders import (
    head_of,
    open_by_two,
    passphrases,
    put_back,
    told,
    unwritable,
)


def init(asked: argparse.Namespace, speech: Texts) -> Answer:
    """``mensa card keys init``."""
    path: Path = asked.file
    if path.exists():
        return unwritable(path, FileExistsError(17, speech.say("it is there already")), speech)
    names = tuple(plain(name) for name in asked.holder)
    if len(set(names)) < len(names):
        return told(KeyFault.TAKEN_NAME, speech, name=names[-1])
    if len(names) < 2:
        return told(KeyFault.TOO_FEW, speech)
    given = passphrases(names, asked.passphrase_file, asked.passphrase_fd, speech, twice=True)
    if isinstance(given, Refused):
        return given
    content = create(given)
    if isinstance(content, KeyFault):
        return told(content, speech)
    try:
        with written_whole(path) as file:
            file.write(content)
    except OSError as error:
        return unwritable(path, error, speech)
    lines = (
        speech.say("Master keys are made: {path}, generation 1", path=path),
        speech.say(
            "Any two of {holders} open it together, nobody alone. Whoever forgets a passphrase "
            "is replaced by two others; with fewer than two left, no card can be issued or "
            "changed any more.",
            holders=", ".join(names),
        ),
        speech.say("Keep copies of the file in two places. In the settings of this station:"),
        "",
        f'[station]\nkeys = "{path.absolute()}"',
    )
    return Said(lines, {"file": str(path), "holders": list(names), "newest": 1})


def rotate(asked: argparse.Namespace, speech: Texts) -> Answer:
    """``mensa card keys rotate``."""

    def rotated(masters: Masters) -> Masters | Refused:
        if masters.newest >= LAST:
            sentence = speech.say(
                "There is no generation left: a card counts them to {last}.", last=LAST
            )
            return Refused("no_generation_left", (sentence,))
        return masters.rotate()

    return _changed(
        asked,
        speech,
        rotated,
        lambda masters: speech.say(
            "New cards get keys of generation {newest} from now on. Cards of older generations "
            "stay good; their keys change when they are issued anew.",
            newest=masters.newest,
        ),
    )


def add_holder(asked: argparse.Namespace, speech: Texts) -> Answer:
    """``mensa card keys holders add``."""
    return _with_new_passphrase(asked, speech, with_holder)


def change_holder(asked: argparse.Namespace, speech: Texts) -> Answer:
    """``mensa card keys holders change``: another passphrase."""
    return _with_new_passphrase(asked, speech, with_passphrase)


def remove_holder(asked: argparse.Namespace, speech: Texts) -> Answer:
    """``mensa card keys holders remove``."""

    def removed(masters: Masters) -> Masters | Refused:
        made = without_holder(masters, asked.name)
        return _or_told(made, masters, asked.name, speech)

    return _changed(asked, speech, removed, lambda masters: _holders(masters, speech))


def show(asked: argparse.Namespace, speech: Texts) -> Answer:
    """``mensa card keys show``: what the file tells without a passphrase."""
    found = head_of(asked, speech)
    if isinstance(found, Refused):
        return found
    path, _content, head = found
    lines = (
        speech.say("{path}: any two of {holders}", path=path, holders=", ".join(head.holders)),
        speech.say("New cards get keys of generation {newest}.", newest=head.newest),
    )
    fields = {"file": str(path), "holders": list(head.holders), "newest": head.newest}
    return Said(lines, fields)


def _with_new_passphrase(
    asked: argparse.Namespace,
    speech: Texts,
    change: Callable[[Masters, str, str], Masters | KeyFault],
) -> Answer:
    def changed(masters: Masters) -> Masters | Refused:
        files = [asked.new_passphrase_file] if asked.new_passphrase_file else []
        fds = [] if asked.new_passphrase_fd is None else [asked.new_passphrase_fd]
        name = plain(asked.name)
        given = passphrases((name,), files, fds, speech, twice=True)
        if isinstance(given, Refused):
            return given
        return _or_told(change(masters, name, given[name]), masters, name, speech)

    return _changed(asked, speech, changed, lambda masters: _holders(masters, speech))


def _changed(
    asked: argparse.Namespace,
    speech: Texts,
    change: Callable[[Masters], Masters | Refused],
    say: Callable[[Masters], str],
) -> Answer:
    opened = open_by_two(asked, speech)
    if isinstance(opened, Refused):
        return opened
    masters = change(opened.masters)
    if isinstance(masters, Refused):
        return masters
    stopped = put_back(opened, masters, speech)
    if stopped is not None:
        return stopped
    lines = (say(masters), speech.say("Replace the copies of {path} too.", path=opened.path))
    fields = {"file": str(opened.path), "holders": sorted(masters.names), "newest": masters.newest}
    return Said(lines, fields)


def _or_told(
    made: Masters | KeyFault, before: Masters, name: str, speech: Texts
) -> Masters | Refused:
    if isinstance(made, KeyFault):
        return told(made, speech, name=name, holders=", ".join(sorted(before.names)))
    return made


def _holders(masters: Masters, speech: Texts) -> str:
    return speech.say("Any two of {holders} open it now.", holders=", ".join(sorted(masters.names)))
