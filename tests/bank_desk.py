"""An office whose bank has shown a week: lines that went by themselves, and some that wait.

Today is the tests' Monday. The statement is of the days before it; its lines by number:

1 Mia's code (35,00), 2 and 3 Emir's code twice (20,00), 4 two children's codes (50,00),
5 a mistyped code of Mia's (25,00), 6 Karl-Friedrich by name and class (40,00), 7 thanks from
somebody (10,00), 8 Mia's code with far too much (3.500,00), 9 a fee (-3,50), 10 the Jobcenter
(1.234,56), 11 the caterer is paid (-200,00), 12 the first one comes back (-35,00).
"""

from pathlib import Path

import pytest
from bank_paper import FATHER, HOLDER, IBAN, Paper
from builders import MONDAY, NOON
from desk import SCHOOL, Office, Stage, add_prices, add_pupils, open_office

import kiosk.office.bank_decisions
import kiosk.office.bank_import
import kiosk.office.entitled
import kiosk.office.nightly
from accounts.clock import FixedClock

MIA, EMIR, JONAS, LOTTA, KARL = "1001", "1002", "1003", "1004", "1005"
GRANDMA = "DE89370400440532013000"
CITY = "DE21500500009876543210"
STILL_OPEN = [4, 5, 6, 7, 8, 9, 10, 11]


def codes(office: Office) -> dict[str, str]:
    """Each child's reference as it is printed, by the school's number."""
    people = office.told("pupils", "list", "--school", SCHOOL)["people"]
    return {it["number"]: it["reference"] for it in people}


def mistyped(code: str) -> str:
    """The reference with another letter in it."""
    place = next(at for at, symbol in enumerate(code) if symbol.isalpha())
    return code[:place] + ("K" if code[place] != "K" else "L") + code[place + 1 :]


def week(office: Office) -> Paper:
    """What the bank has booked; see the module."""
    code, paper = codes(office), Paper(MONDAY)
    paper.book(3500, f"Mensa {code[MIA]}", ago=5)
    paper.book(2000, code[EMIR], ago=4, iban=FATHER, name="Karl Muster")
    paper.book(2000, code[EMIR], ago=4, iban=FATHER, name="Karl Muster")
    paper.book(5000, f"{code[JONAS]}, {code[LOTTA]}", ago=4, iban=CITY, name="Familie Yilmaz")
    paper.book(2500, mistyped(code[MIA]), ago=4, iban=GRANDMA, name="Oma Erna")
    paper.book(
        4000, "Essensgeld Karl-Friedrich von der Heide 6a", ago=3, iban=GRANDMA, name="Oma Erna"
    )
    paper.book(1000, "Danke", ago=3, iban="DE02500105170137075030", name="M. Unbekannt")
    paper.book(350_000, code[MIA], ago=3)
    paper.book(-350, "Kontofuehrung", ago=3, iban="", name="", gvc="805", text="ENTGELT")
    paper.book(123_456, "BuT 10/2026", ago=3, iban="DE02300209000106531065", name="Jobcenter")
    paper.book(-20_000, "Essen", ago=3, iban="DE12500105170648489890", name="Kochloeffel GmbH")
    paper.book(-3500, f"Mensa {code[MIA]}", ago=2, reversal=True, gvc="159")
    return paper


def add_bank(office: Office) -> None:
    """The city's account at the bank, and who is paid."""
    office.done("bank", "account", "add", IBAN, HOLDER)
    office.done("operator", "add", "Kochlöffel GmbH", "--kind", "commercial", "--settled-as",
                "payable")  # fmt: skip


def add_week(office: Office) -> None:
    """The week, imported."""
    raw = week(office).camt()
    office.done("bank", "import", week(office).file(office.folder, "week.xml", raw))


@pytest.fixture
def bare(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    """An office with the account and nothing from the bank yet."""
    return _office(empty_sqlite, tmp_path, capsys, monkeypatch)


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    """An office after the week's statement."""
    return _office(empty_sqlite, tmp_path, capsys, monkeypatch, add_week)


def _office(
    empty_sqlite: Path,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *more: Stage,
) -> Office:
    clock = FixedClock(NOON)
    for module in (
        kiosk.office.bank_decisions,
        kiosk.office.bank_import,
        kiosk.office.entitled,
        kiosk.office.nightly,
    ):
        monkeypatch.setattr(module, "SystemClock", lambda: clock)
    made = open_office(
        empty_sqlite, folder, capsys, monkeypatch, add_prices, add_pupils, add_bank, *more
    )
    made.clock = clock
    return made
