"""An office that is an issuing station: two holders of master keys, and their words."""

import os
from contextlib import closing
from pathlib import Path

import pytest
from builders import NOON
from desk import PEPPER, Office, add_pupils, open_office

from accounts.card_issuing import Issue, begin, finish
from accounts.card_register import Card
from accounts.holdings import card_hash
from cards import holders
from cards.key_file import open_key_file
from cards.layout import AID, Medium
from cards.masters import Masters
from cards.secret import CardSecret

OTHER = "199992"
WORDS = {
    "Leitung": "rosa elefant am see",
    "Kasse": "sieben blaue stühle",
    "Vertretung": "der vierte am tisch",
}
BOTH = ("Leitung", "Kasse")


def _second_school(office: Office) -> None:
    office.done("school", "add", OTHER, "Grundschule am Wald")


def quick_argon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small Argon2id for the master keys: the tests of the file itself prove what it costs."""
    monkeypatch.setattr(holders, "MEMORY_KIB", 64)
    monkeypatch.setattr(holders, "PASSES", 1)


def open_station(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    """An office that is an issuing station, with two schools and no cards."""
    quick_argon(monkeypatch)
    office = open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_pupils, _second_school)
    with (tmp_path / "mensa.toml").open("a") as settings:
        settings.write(f'[station]\nkeys = "{tmp_path / "masters"}"\n')
    return office


def typed(office: Office, *names: str) -> list[object]:
    """The words that open files with these people's passphrases."""
    words: list[object] = []
    for name in names:
        path = office.write(f"passphrase-{name}", WORDS[name] + "\n")
        path.chmod(0o600)
        words += ["--passphrase-file", path]
    return words


def make(office: Office, *names: str) -> Path:
    """Master keys of these holders, where the station's settings say."""
    path = office.folder / "masters"
    holders = [word for name in names for word in ("--holder", name)]
    office.done("card", "keys", "init", path, *holders, *typed(office, *names))
    return path


def masters_of(path: Path, *names: str) -> Masters:
    """The keys themselves, opened by these two."""
    masters = open_key_file(path.read_bytes(), {name: WORDS[name] for name in names})
    assert isinstance(masters, Masters), masters
    return masters


def by(office: Office, *names: str) -> list[object]:
    """The words by which these two open the master keys."""
    return [word for name in names for word in ("--by", name)] + typed(office, *names)


def issue(office: Office, masters: Masters, number: str, uid: str) -> tuple[bytes, CardSecret]:
    """A card of the child with that number at its school, as the station leaves it in the ledger.

    Its hash there and its secret; sealed for no school yet.
    """
    card, raw = card_hash(PEPPER.encode(), uid), bytes.fromhex(uid)
    key = masters.read_key(uid=raw, aid=AID, key_no=1, generation=1)
    secret = CardSecret(Medium.EV2, AID, key, os.urandom(12), 1)
    with closing(office.database()) as database, database.write() as db:
        (pupil,) = db.exec_driver_sql(
            f"SELECT pupil_id FROM school_number WHERE number = '{number}'"
        ).one()
        begun = begin(
            db, uid_hmac=card, pupil_id=pupil, staff_id=None, replaces=None, medium="ev2",
            generation=1, escrow=masters.escrow(raw, secret, card), actor="office:system", at=NOON,
        )  # fmt: skip
        assert isinstance(begun, Issue)
        made = finish(db, begun.id, sealed={}, actor="office:system", at=NOON)
        assert isinstance(made, Card)
    return card, secret
