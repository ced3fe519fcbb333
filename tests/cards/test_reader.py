"""A kiosk takes only readers on its allow-list."""

from datetime import UTC, datetime

import pytest

from cards.reader import (
    CardTaken,
    Proof,
    ReaderEvent,
    ReaderReady,
    ReaderSetting,
    ScriptedReader,
    Tap,
    TroubleReason,
    choose,
)

NOW = datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
ACS = "ACS ACR1252 1S CL Reader [ACR1252 PICC] 00 00"
SAM = "ACS ACR1252 1S CL Reader [ACR1252 SAM] 01 00"
OMNIKEY = "HID OMNIKEY 5022 CL 00 00"


def test_a_reader_that_matches_is_taken_among_others() -> None:
    setting = ReaderSetting("till", match="OMNIKEY")

    assert choose([ACS, OMNIKEY, SAM], setting, admit_virtual=False) == OMNIKEY


def test_of_several_that_match_the_first_by_name_is_taken() -> None:
    setting = ReaderSetting("till", match="ACR1252")

    assert choose([SAM, ACS], setting, admit_virtual=False) == ACS


def test_a_reader_that_is_not_on_the_list_is_never_taken() -> None:
    setting = ReaderSetting("till", match="PICC")

    assert choose([OMNIKEY], setting, admit_virtual=True) is TroubleReason.NO_READER


@pytest.mark.parametrize("name", ["Virtual PCD 00 00", "Virtual Reader A 00 00", "A VIRTUAL one"])
def test_a_virtual_reader_is_taken_only_where_admitted(name: str) -> None:
    setting = ReaderSetting("till", match=".")

    assert choose([name], setting, admit_virtual=False) is TroubleReason.NOT_ALLOWED
    assert choose([name], setting, admit_virtual=True) == name


def test_a_virtual_reader_does_not_stand_before_a_real_one() -> None:
    setting = ReaderSetting("till", match=".")

    assert choose(["A virtual one", OMNIKEY], setting, admit_virtual=False) == OMNIKEY


@pytest.mark.parametrize(("label", "match"), [("", "ACR"), ("till", ""), ("till", "(")])
def test_a_setting_that_names_no_reader_does_not_exist(label: str, match: str) -> None:
    with pytest.raises(ValueError, match="reader"):
        ReaderSetting(label, match=match)


def test_a_scripted_reader_says_what_it_is_told_until_it_is_closed() -> None:
    heard: list[ReaderEvent] = []
    reader = ScriptedReader("till", lambda: NOW)
    reader.insert("04A1B2C3")

    reader.start(heard.append)
    reader.insert("04A1B2C4", Proof.AES)
    reader.remove()
    reader.close()
    reader.insert("04A1B2C5")

    ready, tap, taken = heard
    assert ready == ReaderReady("till")
    assert isinstance(tap, Tap)
    assert (tap.card, tap.proof, tap.at) == ("04A1B2C4", Proof.AES, NOW)
    assert taken == CardTaken("till", "04A1B2C4")
