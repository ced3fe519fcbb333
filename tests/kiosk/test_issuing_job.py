"""``mensa card issue`` as it is typed: one card, a class, a list, and what is refused."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self

import pytest
from builders import NOON
from desk import SCHOOL, Office, add_prices, add_pupils, open_office
from issuing_stage import MASTERS, Torn, blank
from offices import hire

from accounts.clock import FixedClock
from accounts.rights import Role
from accounts.sessions import open_session
from cards.key_file import create
from cards.reader import TroubleReason
from cards.station import LaidCard
from cards.virtual.image import Image, Kind
from kiosk.office.key_holders import OpenFile
from kiosk.office.signing_in import keep_token

AT = ("--school", SCHOOL)


def chip(number: int, kind: Kind = Kind.EV2) -> Image:
    """A blank chip of many."""
    return blank(kind, bytes([4, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, number]))


class Laying:
    """A reader on which hands lay these, one after the other; then nobody comes any more."""

    def __init__(self, hands: Iterable[Torn | TroubleReason]) -> None:
        self.hands = list(hands)
        self.lying: Torn | None = None

    def wait(self, _seconds: float) -> LaidCard | TroubleReason | None:
        if self.lying is None and self.hands:
            hand = self.hands.pop(0)
            if isinstance(hand, TroubleReason):
                return hand
            self.lying = hand
        if self.lying is None:
            return None
        return LaidCard(self.lying.image.uid, b"", "reader")

    def wait_for_removal(self, _seconds: float) -> bool:
        self.lying = None
        return True

    def transmit(self, apdu: bytes) -> bytes:
        assert self.lying is not None
        return self.lying.transmit(apdu)

    def reset(self) -> None:
        assert self.lying is not None
        self.lying.reset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass


Lay = Callable[..., None]


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("MENSA_USER", raising=False)
    office = open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_prices, add_pupils)
    office.write(
        "mensa.toml",
        f'pepper_file = "{tmp_path / "pepper"}"\n[station]\nkeys = "{tmp_path / "keys"}"\n',
    )
    monkeypatch.setattr("kiosk.office.issuing.SystemClock", lambda: FixedClock(NOON))
    opened = OpenFile(tmp_path / "keys", MASTERS, b"")
    monkeypatch.setattr("kiosk.office.issuing.open_by_two", lambda *_words: opened)
    monkeypatch.setattr("kiosk.office.issuing.UNATTENDED_PATIENCE", 0.1)
    return office


@pytest.fixture
def lay(monkeypatch: pytest.MonkeyPatch) -> Lay:
    """What is laid down at the next job's reader."""

    def these(*hands: Torn | Image | TroubleReason) -> None:
        laid = [Torn(hand) if isinstance(hand, Image) else hand for hand in hands]
        monkeypatch.setattr("kiosk.office.issuing.open_station", lambda _settings: Laying(laid))

    return these


def test_one_person_gets_a_card_and_hears_its_number(office: Office, lay: Lay) -> None:
    lay(chip(1))
    said = office.done("card", "issue", *AT, "--pupil", "1001")
    ((printed,),) = office.rows("SELECT printed_no FROM card")
    assert "1001 Kowalczyk, Mia, 5a" in said
    assert f"{printed[:3]} {printed[3:6]} {printed[6:]}" in said
    looks = office.rows("SELECT purpose FROM access_log WHERE pupil_id IS NOT NULL")
    assert ("card issue",) in looks


def test_programs_are_told_in_one_object(office: Office, lay: Lay) -> None:
    lay(chip(1))
    told = office.told("card", "issue", *AT, "--pupil", "1001")
    ((printed,),) = office.rows("SELECT printed_no FROM card")
    assert told == {
        "cards": [{"holder": "1001", "card": printed, "issue": 1, "before": False, "fee": None}],
        "left_out": [],
        "have": 0,
    }


def test_a_class_gets_its_cards_one_after_the_other(office: Office, lay: Lay) -> None:
    names = office.rows("SELECT pupil_id FROM membership WHERE class_name = '5a'")
    assert len(names) > 1
    lay(*(chip(number) for number in range(len(names))))
    said = office.done("card", "issue", *AT, "--class", "5a")
    assert f"1 von {len(names)}: " in said
    assert f"{len(names)} von {len(names)}: " in said
    assert office.rows("SELECT count(*) FROM card WHERE state = 'active'") == [(len(names),)]
    assert "hat eine Karte" in office.done("card", "issue", *AT, "--class", "5a")


def test_a_round_that_is_cut_off_goes_on_with_the_same_words(office: Office, lay: Lay) -> None:
    words = ("card", "issue", *AT, "--file", office.write("list.txt", "1001;Mia\n\n1002\n1003\n"))
    torn = Torn(chip(2), 40)
    lay(chip(1), torn)
    answer = office.run(*words, "--json")
    assert answer.code == 75
    assert [card["holder"] for card in json.loads(answer.out)["cards"]] == ["1001"]
    lay(chip(3), torn.image, chip(3))
    told = office.told(*words)
    assert {card["holder"] for card in told["cards"]} == {"1002", "1003"}
    assert office.rows("SELECT count(*) FROM card_issue") == [(3,)]


def test_a_card_begun_for_another_of_the_list_is_finished_for_that_one(
    office: Office, lay: Lay
) -> None:
    torn = Torn(chip(2), 40)
    lay(torn)
    assert office.run("card", "issue", *AT, "--pupil", "1002").code == 75
    lay(torn.image, chip(1))
    words = ("card", "issue", *AT, "--file", office.write("list.txt", "1001\n1002\n"))
    said = office.done(*words)
    assert "für 1002" in said
    holders = office.rows(
        "SELECT n.number FROM card c JOIN school_number n ON n.pupil_id = c.pupil_id"
        " ORDER BY n.number"
    )
    assert holders == [("1001",), ("1002",)]


def test_in_a_round_a_card_that_is_no_good_is_taken_away_and_another_is_laid(
    office: Office, lay: Lay
) -> None:
    lay(chip(1, Kind.NUMBER), chip(1), chip(2, Kind.CLASSIC), chip(2))
    said = office.done("card", "issue", *AT, "--file", office.write("l.txt", "1001\n1002\n"))
    assert said.count("DESFire EV1, EV2 oder EV3") == 2
    assert office.rows("SELECT count(*) FROM card") == [(2,)]


def test_a_replaced_card_is_refused_from_the_moment_the_new_one_is_good(
    office: Office, lay: Lay
) -> None:
    lay(chip(1))
    old = office.told("card", "issue", *AT, "--pupil", "1001")["cards"][0]["card"]
    lay(chip(2, Kind.NTAG424))
    new = office.told("card", "issue", *AT, "--replace", old, "--reason", "lost")["cards"][0]
    assert new["issue"] == 2
    assert office.told("card", "show", old)["state"] == "replaced"
    assert office.reason("card", "issue", *AT, "--replace", old) == "replaced"
    assert office.reason("card", "issue", *AT, "--replace", "123456788") == "unknown_card"
    said = office.refused("card", "issue", *AT, "--pupil", "1001")
    assert f"--replace {new['card']}" in said


def test_cards_by_number_are_exchanged_for_ones_that_prove_themselves(
    office: Office, lay: Lay
) -> None:
    office.done("card", "assign", "04A1B2C3D4E5FF", *AT, "--pupil", "1001")
    words = ("card", "issue", *AT, "--file", office.write("list.txt", "1001\n"))
    assert office.told(*words)["cards"] == []
    lay(chip(1))
    (card,) = office.told(*words, "--exchange")["cards"]
    assert card["issue"] == 2
    assert office.told(*words, "--exchange")["cards"] == []


def test_staff_get_cards_too(office: Office, lay: Lay) -> None:
    office.done("staff", "add", "Theke", *AT, "--card-only")
    lay(chip(1))
    assert office.told("card", "issue", *AT, "--staff", "Theke")["cards"][0]["holder"] == "Theke"
    assert office.reason("card", "issue", *AT, "--staff", "Theke") == "holds_a_card"
    assert office.reason("card", "issue", *AT, "--staff", "Niemand") == "unknown_staff"


def test_what_was_begun_is_given_up_only_when_asked(office: Office, lay: Lay) -> None:
    lay(Torn(chip(1), 40))
    words = ("card", "issue", *AT, "--pupil", "1001")
    assert office.run(*words).code == 75
    lay(chip(2))
    assert office.reason(*words) == "issue_open"
    lay(chip(2))
    assert office.told(*words, "--give-up")["cards"][0]["issue"] == 1


def test_a_card_is_charged_for_where_it_costs(office: Office, lay: Lay) -> None:
    office.done("offer", "add", *AT, "--day", "23.11.2026", "--code", "K", "--title", "Karte",
                "--class", "snack", "--operator", "Küche", "--price", "V=5,00")  # fmt: skip
    lay(chip(1))
    told = office.told("card", "issue", *AT, "--pupil", "1001", "--fee", "K")
    assert told["cards"][0]["fee"] == "5.00"
    said = office.refused("card", "issue", *AT, "--pupil", "1002", "--fee", "X")
    assert "X" in said
    lay(chip(2))
    assert "5,00" in office.done("card", "issue", *AT, "--pupil", "1002", "--fee", "K")


def test_what_lies_on_a_chip_is_deleted_only_after_a_typed_word(office: Office, lay: Lay) -> None:
    other = Torn(chip(1))
    lay(other)
    office.done("card", "issue", *AT, "--pupil", "1001")
    full = Image(Kind.EV2, chip(2).uid, (chip(2).applications[0], other.image.applications[1]))
    words = ("card", "issue", *AT, "--pupil", "1002")
    lay(full)
    assert office.reason(*words) == "foreign_application"
    lay(full)
    assert office.run(*words, "--format", typed="nein\n").code == 1
    lay(full)
    assert office.run(*words, "--format", typed="LÖSCHEN\n").code == 0


def test_without_a_station_a_reader_or_a_card_nothing_is_issued(office: Office, lay: Lay) -> None:
    words = ("card", "issue", *AT, "--pupil", "1001")
    lay(TroubleReason.NO_READER)
    assert office.run(*words).code == 69
    lay()
    answer = office.run(*words)
    assert (answer.code, answer.err.strip()) == (75, "Es wurde keine Karte aufgelegt.")
    office.write("mensa.toml", f'pepper_file = "{office.folder / "pepper"}"\n')
    assert office.reason(*words) == "no_station"


def test_unknown_people_stop_a_list_before_the_first_card(office: Office) -> None:
    words = ("card", "issue", *AT)
    listed = office.write("list.txt", "1001\n9999\n")
    assert "9999" in office.refused(*words, "--file", listed)
    assert office.reason(*words, "--class", "13z") == "nobody"
    assert office.reason(*words, "--pupil", "9999") == "unknown_pupil"


def test_only_the_schools_office_issues_cards(office: Office, lay: Lay) -> None:
    database = office.database()
    with database.write() as db:
        token = open_session(db, user_id=hire(db, "koch", Role.KITCHEN), at=NOON)
    database.close()
    keep_token(office.url, token)
    lay(chip(1))
    assert office.reason("card", "issue", *AT, "--pupil", "1001") == "no_right"
    assert office.rows("SELECT count(*) FROM card_issue") == [(0,)]


def test_it_takes_two_passphrases(
    office: Office, lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kiosk.office.key_holders import open_by_two  # the fixture replaced it

    monkeypatch.setattr("kiosk.office.issuing.open_by_two", open_by_two)
    content = create({"Anna": "rosa elefant am see", "Bert": "blauer wal im zoo"})
    assert isinstance(content, bytes)
    (office.folder / "keys").write_bytes(content)
    words = ("card", "issue", *AT, "--pupil", "1001")
    lay(chip(1))
    assert office.reason(*words) == "passphrases_missing"
    office.sit_down("rosa elefant am see", "falsch und falsch")
    assert office.reason(*words) == "wrong_passphrase"
    office.sit_down("rosa elefant am see", "blauer wal im zoo")
    monkeypatch.setattr("kiosk.office.issuing._typed", lambda: None)
    office.done(*words)
