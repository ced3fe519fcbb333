"""Master keys by command: made for two people, changed by two, and handed on to the schools."""

import errno
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest
from desk import SCHOOL, Office
from key_station import BOTH, OTHER, WORDS, by, issue, make, masters_of, open_station, typed

from accounts.texts import Language, texts
from cards.holders import KeyFault
from cards.key_file import create, open_key_file
from cards.masters import Masters, fresh_masters
from cards.school_key import SchoolKeyFile, open_sealed, read_school_key
from kiosk.office.answers import Refused
from kiosk.office.key_holders import OpenFile, put_back
from kiosk.sentences_keys import KEYS

UIDS = ("04A1B2C3D4E5F6", "04A1B2C3D4E5F7")
PUPILS = ("1001", "1002")


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    return open_station(empty_sqlite, tmp_path, capsys, monkeypatch)


def test_master_keys_are_made_for_their_holders_alone(office: Office) -> None:
    words = ["card", "keys", "init", office.folder / "masters", "--holder", "Leitung",
             "--holder", "Kasse"]  # fmt: skip
    said = office.done(*words, *typed(office, *BOTH))
    path = office.folder / "masters"
    assert path.stat().st_mode & 0o777 == 0o600
    assert masters_of(path, *BOTH).newest == 1
    assert "Leitung, Kasse" in said
    assert f'keys = "{path}"' in said
    assert all(passphrase not in said for passphrase in WORDS.values())
    before = path.read_bytes()
    assert office.reason(*words, *typed(office, *BOTH)) == "unwritable"
    assert path.read_bytes() == before


def test_each_new_passphrase_is_typed_twice_and_by_its_holder(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("card", "keys", "init", office.folder / "masters", "--holder", "Leitung",
             "--holder", "Kasse")  # fmt: skip
    one, other = WORDS["Leitung"], WORDS["Kasse"]
    assert office.reason(*words) == "passphrases_missing"
    for lines, reason in {
        (one, one + "x"): "passphrases_differ",
        (one, one, "zu kurz", "zu kurz"): "passphrase_too_short",
        (one, one, one, one): "same_passphrase",
        ("", ""): "passphrase_too_short",
    }.items():
        office.sit_down(*lines, *("",) * 4)
        assert office.reason(*words) == reason
        assert not (office.folder / "masters").exists()
    asked: list[str] = []
    answers = iter((one, one, other, other))

    def listening(prompt: str) -> str:
        asked.append(prompt)
        return next(answers)

    monkeypatch.setattr("getpass.getpass", listening)
    office.done(*words)
    assert [
        word in prompt
        for word, prompt in zip(
            ("Leitung", "Noch einmal", "Kasse", "Noch einmal"), asked, strict=True
        )
    ] == [True] * 4
    assert masters_of(office.folder / "masters", *BOTH).names == BOTH


def test_a_file_that_others_may_read_gives_no_passphrase(office: Office) -> None:
    words = typed(office, *BOTH)
    (office.folder / "passphrase-Kasse").chmod(0o644)
    made = ("card", "keys", "init", office.folder / "masters", "--holder", "Leitung", "--holder",
            "Kasse")  # fmt: skip
    assert office.reason(*made, *words) == "unsafe_file"
    assert office.reason(*made, *words[:2]) == "passphrases_missing"
    assert office.reason(*made[:6], *words[:2]) == "too_few_holders"
    assert office.reason(*made[:6], "--holder", " Leitung", *words) == "taken_name"
    assert not (office.folder / "masters").exists()


def test_what_the_file_tells_needs_no_passphrase(office: Office) -> None:
    make(office, *BOTH)
    told = office.told("card", "keys", "show")
    assert told["holders"] == sorted(BOTH)
    assert told["newest"] == 1
    assert office.reason("card", "keys", "show", "--keys", office.folder / "none") == "unreadable"
    strange = office.write("strange", "{}")
    assert office.reason("card", "keys", "show", "--keys", strange) == "none_of_ours"
    settings = office.write("other.toml", "")
    assert office.reason("--config", settings, "card", "keys", "show") == "no_station"


def test_rotating_takes_two_and_a_wrong_passphrase_changes_nothing(office: Office) -> None:
    path = make(office, *BOTH)
    before = path.read_bytes()
    rotate = ("card", "keys", "rotate")
    assert office.reason(*rotate) == "passphrases_missing"
    assert office.reason(*rotate, *typed(office, "Leitung", "Vertretung")) == "wrong_passphrase"
    assert office.reason(*rotate, *typed(office, "Kasse", "Leitung"), "--by", "Leitung", "--by",
                         "Kasse") == "wrong_passphrase"  # fmt: skip
    assert office.reason(*rotate, "--by", "Leitung", *typed(office, "Leitung")) == "not_two"
    assert office.reason(*rotate, "--by", "Leitung", "--by", "Fremd", *typed(office, *BOTH)) == (
        "unknown_holder"
    )
    assert path.read_bytes() == before
    told = office.told(*rotate, *by(office, *BOTH))
    assert told["newest"] == 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert masters_of(path, *BOTH).generations == (1, 2)
    office.sit_down(WORDS["Kasse"], WORDS["Leitung"])  # the file's holders, by their names
    assert office.told(*rotate)["newest"] == 3


def test_two_holders_add_change_and_remove_others(office: Office) -> None:
    path = make(office, *BOTH)
    holders = ("card", "keys", "holders")
    new = office.write("new", WORDS["Vertretung"])
    new.chmod(0o600)
    named = ("--new-passphrase-file", new)
    told = office.told(*holders, "add", "Vertretung", *named, *by(office, *BOTH))
    assert told["holders"] == sorted(WORDS)
    assert masters_of(path, "Vertretung", "Leitung").newest == 1
    again = (*holders, "add", "Vertretung", *named, *by(office, *BOTH))
    assert office.reason(*again) == "taken_name"
    new.write_text("ein ganz anderer satz")
    office.done(*holders, "change", "Vertretung", *named, *by(office, *BOTH))
    changed = {"Vertretung": "ein ganz anderer satz", "Kasse": WORDS["Kasse"]}
    assert isinstance(open_key_file(path.read_bytes(), changed), Masters)
    office.done(*holders, "remove", "Vertretung", *by(office, *BOTH))
    assert office.reason(*holders, "remove", "Kasse", *by(office, *BOTH)) == "too_few_holders"
    assert office.reason(*holders, "remove", "Niemand", *by(office, *BOTH)) == "unknown_holder"
    assert masters_of(path, *BOTH).names == BOTH


def test_what_somebody_else_wrote_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    content = create({name: WORDS[name] for name in BOTH})
    assert isinstance(content, bytes)
    path = tmp_path / "masters"
    path.write_bytes(content)
    opened = OpenFile(path, masters_of(path, *BOTH), content)
    speech = texts(Language.GERMAN)
    assert put_back(opened, opened.masters.rotate(), speech) is None
    later = path.read_bytes()
    stopped = put_back(opened, opened.masters.rotate(), speech)
    assert isinstance(stopped, Refused)
    assert stopped.reason == "changed_meanwhile"
    assert path.read_bytes() == later
    assert [it.name for it in tmp_path.iterdir()] == ["masters"]


def sealed_rows(office: Office, school: str = SCHOOL) -> dict[bytes, bytes]:
    return {
        bytes(card): bytes(blob)
        for card, blob in office.rows(
            "SELECT c.uid_hmac, k.sealed FROM card_key k JOIN card c ON c.id = k.card_id"
            f" JOIN school s ON s.id = k.school_id WHERE s.number = '{school}'"
        )
    }


def exported(path: Path) -> SchoolKeyFile:
    told = read_school_key(path.read_bytes())
    assert isinstance(told, SchoolKeyFile)
    return told


def test_a_schools_key_opens_what_was_sealed_for_its_kiosks_and_another_schools_does_not(
    office: Office,
) -> None:
    masters = masters_of(make(office, *BOTH), *BOTH)
    issued = dict(issue(office, masters, *one) for one in zip(PUPILS, UIDS, strict=True))
    out = office.folder / "school.key"
    words = ("card", "keys", "export-school", "--school", SCHOOL)
    told = office.told(*words, out, *by(office, *BOTH))
    assert (told["sealed"], told["unreadable"]) == (2, 0)
    assert out.stat().st_mode & 0o777 == 0o600
    key = exported(out)
    assert key == SchoolKeyFile(SCHOOL, masters.school_key(SCHOOL))
    rows = sealed_rows(office)
    assert set(rows) == set(issued)
    for card, blob in rows.items():
        assert open_sealed([key.key], blob, card=card) == issued[card]
        assert open_sealed([masters.school_key(OTHER)], blob, card=card) is None
    assert office.told(*words, office.folder / "again", *by(office, *BOTH))["sealed"] == 0
    assert sealed_rows(office) == rows
    ledger = (office.folder / "ledger.db").read_bytes()
    for secret in (key.key.key, *(it.read_key for it in issued.values())):
        assert secret not in ledger
    assert all(bytes.fromhex(uid) not in ledger for uid in UIDS)


def test_a_key_that_cannot_be_written_seals_nothing(office: Office) -> None:
    masters = masters_of(make(office, *BOTH), *BOTH)
    issue(office, masters, PUPILS[0], UIDS[0])
    taken = office.write("taken", "something else")
    words = ("card", "keys", "export-school", "--school", SCHOOL)
    assert office.reason(*words, taken, *by(office, *BOTH)) == "unwritable"
    assert taken.read_text() == "something else"
    assert sealed_rows(office) == {}
    other = ("card", "keys", "export-school", "--school", "177777", office.folder / "x")
    assert office.reason(*other, *by(office, *BOTH)) == "unknown_school"


def test_a_renewed_key_seals_all_anew_and_the_old_one_opens_none(office: Office) -> None:
    path = make(office, *BOTH)
    card, secret = issue(office, masters_of(path, *BOTH), PUPILS[0], UIDS[0])
    words = ("card", "keys", "export-school", "--school", SCHOOL)
    first, second, third = (office.folder / name for name in ("first", "second", "third"))
    office.done(*words, first, *by(office, *BOTH))
    assert office.told(*words, second, "--renew", *by(office, *BOTH))["sealed"] == 1
    blob = sealed_rows(office)[card]
    assert open_sealed([exported(first).key], blob, card=card) is None
    assert open_sealed([exported(second).key], blob, card=card) == secret
    office.done(*words, third, *by(office, *BOTH))
    assert exported(third) == exported(second)
    assert masters_of(path, *BOTH).school_key(SCHOOL) == exported(second).key


@pytest.mark.parametrize("out", ["taken", "missing/new", "taken/new"])
def test_nothing_is_renewed_where_the_key_cannot_be_written(office: Office, out: str) -> None:
    path = make(office, *BOTH)
    issue(office, masters_of(path, *BOTH), PUPILS[0], UIDS[0])
    taken = office.write("taken", "something else")
    before = path.read_bytes()
    words = ("card", "keys", "export-school", "--school", SCHOOL, office.folder / out, "--renew")
    assert office.reason(*words, *by(office, *BOTH)) == "unwritable"
    assert path.read_bytes() == before
    assert taken.read_text() == "something else"
    assert sealed_rows(office) == {}


def test_a_renewal_whose_key_is_not_written_is_ended_without_renewing_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(office, *BOTH)
    first = masters_of(path, *BOTH).school_key(SCHOOL)
    issue(office, masters_of(path, *BOTH), PUPILS[0], UIDS[0])
    words = ("card", "keys", "export-school", "--school", SCHOOL, office.folder / "new")

    def full(path: Path) -> NoReturn:
        raise OSError(errno.ENOSPC, "full", str(path))

    with monkeypatch.context() as disk:
        disk.setattr("kiosk.office.card_sealing.written_whole", full)
        assert "ohne --renew" in office.refused(*words, "--renew", *by(office, *BOTH))
    renewed = masters_of(path, *BOTH).school_key(SCHOOL)
    assert renewed != first
    assert sealed_rows(office) == {}
    assert office.told(*words, *by(office, *BOTH))["sealed"] == 1
    assert exported(office.folder / "new").key == renewed


def test_cards_of_other_master_keys_are_counted_and_the_others_sealed(office: Office) -> None:
    masters = masters_of(make(office, *BOTH), *BOTH)
    card, _ = issue(office, masters, PUPILS[0], UIDS[0])
    issue(office, fresh_masters(), PUPILS[1], UIDS[1])
    told = office.told("card", "keys", "seal", *by(office, *BOTH))
    assert (told["sealed"], told["unreadable"]) == (1, 1)
    assert set(sealed_rows(office)) == {card}
    assert "neu ausgegeben" in office.done("card", "keys", "seal", *by(office, *BOTH))


def test_a_child_that_changed_schools_is_sealed_for_the_new_one(office: Office) -> None:
    masters = masters_of(make(office, *BOTH), *BOTH)
    card, secret = issue(office, masters, PUPILS[0], UIDS[0])
    office.done("card", "keys", "seal", *by(office, *BOTH))
    ((number, name),) = office.rows(
        "SELECT n.number, i.last_name FROM school_number n JOIN identity i"
        " ON i.pupil_id = n.pupil_id ORDER BY n.number LIMIT 1"
    )
    assert (number, name) == ("1001", "Kowalczyk")
    with closing(office.database()) as database, database.write() as db:
        db.exec_driver_sql(
            "INSERT INTO membership (pupil_id, school_id, class_name, valid_from)"
            " SELECT n.pupil_id, s.id, '1a', '2027-08-01' FROM school_number n, school s"
            f" WHERE n.number = '1001' AND s.number = '{OTHER}'"
        )
    assert sealed_rows(office, OTHER) == {}
    assert office.told("card", "keys", "seal", *by(office, *BOTH))["sealed"] == 1
    blob = sealed_rows(office, OTHER)[card]
    assert open_sealed([masters.school_key(OTHER)], blob, card=card) == secret


def test_every_fault_has_a_sentence_in_both_languages() -> None:
    assert set(KEYS) == set(KeyFault)
    for fault, english in KEYS.items():
        values = {"path": "x", "name": "y", "holders": "z"}
        german = texts(Language.GERMAN).say(english, **values)
        assert german != texts(Language.ENGLISH).say(english, **values), fault
