"""Where a code stands as printed, and where it only may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.bank_text import LineText
from accounts.reference import to_rf
from banking.near import Slip, left_over
from banking.spotting import Manner, spot

CODES = {"K7MNWJ": 1, "R3TB3C": 2, "LF7XDC": 3}


def manners(purpose: str, **fields: str) -> dict[str, Manner]:
    """Every code that is found, and in what manner."""
    found = spot(LineText(purpose=purpose, **fields), CODES)
    return {hit.code: hit.manner for hit in found.hits}


@pytest.mark.parametrize(
    "purpose",
    [
        "K7M-NWJ",
        "K7MNWJ",
        "k7m nwj",
        "Essensgeld K7M-NWJ Lena",
        "Essensgeld,K7M-NWJ;Lena",
        "(K7M-NWJ)",
        "K7M\u2013NWJ.",
        "Lena\nK7M-NWJ\n5b",
        "Nr.K7MNWJ",
        "Kl. 12b K7M-NWJ",
        "12b K7M NWJ 13c",
        "K7M\u00a0NWJ",
        "Essen fuer Lena, Kl.5b, K7M\n-NWJ",  # 27 columns full: the bank cut it
        "Mensageld Lena Mustermann \nK7M-NWJ",
        "Essensgeld Schule Mittagess\nK7M-NWJ",  # a word stands before the cut, no number
        "K7M-NWJ/Lena",
    ],
)
def test_a_code_stands_as_printed_between_blanks_punctuation_breaks_and_ends(purpose: str) -> None:
    assert manners(purpose) == {"K7MNWJ": Manner.PRINTED}


@pytest.mark.parametrize(
    "purpose",
    [
        "LenaK7MNWJ",
        "K7MNWJLena",
        "KD-K7MNWJ9",
        "12-K7M-NWJ-99",
        "4711/K7MNWJ",
        "K7M.NWJ",
        "K7M  NWJ",
        "K7 MN WJ",
        "123 K7M NWJ 456",
        "äK7MNWJ",
        "2K7MNWJ",
        "Rechnung fuer 12345678901 2\nK7MNWJ",  # the bank may have cut a longer number there
        "x" * 133 + " K7MNWJ",  # 140: the field ends there, the run perhaps not
    ],
)
def test_a_code_inside_of_something_longer_is_never_taken_as_printed(purpose: str) -> None:
    assert manners(purpose) == {"K7MNWJ": Manner.LOOSE}


@pytest.mark.parametrize(
    ("purpose", "manner"),
    [
        ("1F7XDC", Manner.PRINTED),  # 1 for L
        ("LF7XOC", Manner.PRINTED),  # O for D
        ("1F7XOC", None),  # two of them
        ("LF7-X0C", Manner.PRINTED),
        ("R3T83C", Manner.PRINTED),
    ],
)
def test_one_lookalike_is_healed_and_two_are_not(purpose: str, manner: Manner | None) -> None:
    assert list(manners(purpose).values()) == ([] if manner is None else [manner])


def test_a_word_is_never_healed_into_a_code() -> None:
    found = spot(LineText(purpose="Familie Schulz, Hirsch"), {"SCHVLZ": 1, "HLRSCH": 2})
    assert all(hit.manner is Manner.LOOSE for hit in found.hits)


def test_a_number_behind_letters_is_never_healed_into_a_code() -> None:
    found = spot(LineText(purpose="BLZ 370 501 98, RGK371"), {"BLZ37D": 1, "RGK37L": 2})
    assert all(hit.manner is Manner.LOOSE for hit in found.hits)


def test_an_account_number_cut_apart_by_the_bank_is_no_code() -> None:
    made = "GB29NWBK60161331926819"
    for cut in range(1, len(made)):
        said = f"{made[:cut]} {made[cut:]}"
        for part in (made[:cut], made[cut:]):
            if len(part) == 6:
                code = part.replace("2", "Z")
                found = spot(LineText(purpose=said), {code: 1})
                assert all(hit.manner is Manner.LOOSE for hit in found.hits), said


def test_the_name_and_the_reference_field_are_searched_too() -> None:
    assert manners("", name="Lena Muster K7M-NWJ") == {"K7MNWJ": Manner.PRINTED}
    assert manners("", structured="K7MNWJ") == {"K7MNWJ": Manner.PRINTED}
    assert manners("", end_to_end="K7M-NWJ") == {"K7MNWJ": Manner.PRINTED}
    assert manners("", bic="K7MNWJ", iban="K7MNWJ", mandate="K7MNWJ") == {}


def test_a_creditor_reference_is_taken_where_creditor_references_stand() -> None:
    assert manners("", structured=to_rf("K7MNWJ")) == {"K7MNWJ": Manner.PRINTED}
    assert manners("", structured=to_rf("K7MNWJ")[:-1] + "K") == {}


def test_two_codes_are_both_found_however_they_stand() -> None:
    assert manners("K7M-NWJ und r3tb3c") == dict.fromkeys(("K7MNWJ", "R3TB3C"), Manner.PRINTED)
    assert manners("K7M-NWJ LenaR3TB3C") == {"K7MNWJ": Manner.PRINTED, "R3TB3C": Manner.LOOSE}


@given(st.text(max_size=80))
def test_whatever_is_written_it_is_read_without_a_fault(said: str) -> None:
    text = LineText(purpose=said, name=said, end_to_end=said, structured=said, additional=said)
    spotted = spot(text, CODES)
    left_over(spotted.rest, CODES)
    assert len(spotted.rest.purpose) == len(said)


@pytest.mark.parametrize(
    ("typed", "slip"),
    [
        ("K7MNWH", Slip.KEY),  # H beside J
        ("K7NNWJ", Slip.KEY),
        ("7KMNWJ", Slip.SWAPPED),
        ("K7MNJ", Slip.LEFT_OUT),
        ("K7MMNWJ", Slip.DOUBLED),
        ("K7MNXWJ", Slip.TOO_MANY),
        ("K7MNWC", Slip.OTHER),
        ("1F7XOC", Slip.LOOKALIKE),
    ],
)
def test_a_slip_leads_back_to_the_code_and_says_what_it_was(typed: str, slip: Slip) -> None:
    near = left_over(LineText(purpose=f"Essensgeld {typed} Lena"), CODES).near
    assert [(it.code, it.slip) for it in near] in (
        [("K7MNWJ", slip)],
        [("LF7XDC", slip)],
    )


@pytest.mark.parametrize(
    "purpose",
    [
        "Essensgeld November26",
        "Kl.5b",
        "Tim 5b 30EUR",
        "Klasse 10b Max",
        "Q1 Tim 13d",
        "01.11.2026",
    ],
)
def test_what_parents_write_beside_a_code_is_no_broken_one(purpose: str) -> None:
    assert not left_over(LineText(purpose=purpose), CODES).broken


@pytest.mark.parametrize(
    "purpose", ["X7M-NWK", "HVW-FWN", "x7mnwk", "XRK-DYXEssen", "a1b2c3d4e5", "R3 T-BF7"]
)
def test_what_looks_like_a_code_and_is_none_is_told(purpose: str) -> None:
    assert left_over(LineText(purpose=purpose), CODES).broken
