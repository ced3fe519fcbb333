"""aqbanking and the product fetch from the same bank and have the same lines.

aqbanking knows MT940 and camt.052.001.02. Both ask for every line with a TAN, in pages. A reversal
here has no name: aqbanking looks for it on the wrong side in camt.
"""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from aqbanking import Aqbanking, Row
from bank_stage import BankStage
from fetch_stage import TODAY, Fetcher, typing

from banking.lines import BankLine, BankStatement, plain
from banking.reading import read

pytestmark = pytest.mark.aqbanking

PAYER = "DE02120300000000202051"
FIRST = TODAY - dt.timedelta(days=30)

LINES: list[tuple[int, int, str, dict[str, Any]]] = [
    (5, 3500, "K7M-4XP Lena", {"name": "Müller, Sabine und Michael von der Weide", "iban": PAYER}),
    (5, 2000, "twin", {"name": "Yildiz Gül", "iban": "DE89370400440532013000"}),
    (5, 2000, "twin", {"name": "Yildiz Gül", "iban": "DE89370400440532013000"}),
    (4, -1500, "Rückzahlung", {"name": "Schmidt", "gvc": "177", "iban": PAYER}),
    (4, 5000, "FÜR EMIL + ANNA: K7M-4XP, XWP-T9C je zur Hälfte", {"end_to_end": "OMA-1"}),
    (3, 1234567, "Kostenträger & Co. <Bescheid 12/26>", {"name": "Jobcenter", "bank_id": "B17"}),
    (3, 168, "instant", {"gvc": "168", "text": "ECHTZEIT-GUTSCHRIFT", "name": "Wei"}),
    (2, -3500, "Ruecklastschrift", {"reversal": True, "gvc": "159"}),
    (1, 1, "ein Text, der so lang ist, dass er in vielen Feldern steht " * 3, {"name": "L"}),
]


@pytest.mark.parametrize("family", ["mt940", "camt"])
def test_aqbanking_and_the_product_have_the_same_lines(
    bank: BankStage, tmp_path: Path, family: str
) -> None:
    bank.today(TODAY)
    for days, cents, purpose, more in LINES:
        bank.book(TODAY - dt.timedelta(days=days), cents, purpose.strip(), **more)
    bank.manners(formats=[family], camt_versions=["camt.052.001.02"], page=3, sca="statement")
    theirs = Aqbanking(tmp_path / "aqbanking", bank)
    theirs.set_up(camt=family == "camt")
    rows = theirs.fetch(FIRST)
    ours = _product(bank, family)
    assert len(rows) == len(LINES)
    for row, line in zip(rows, ours, strict=True):
        assert _plain_row(row) == _plain_line(line)
    assert sum(line.amount.cents for line in ours) == sum(line["cents"] for line in bank.lines())


def _product(bank: BankStage, family: str) -> list[BankLine]:
    fetched = Fetcher(bank).fetch(typing("123456"), first=FIRST)
    assert fetched.failure is None
    (statements,) = fetched.statements
    assert statements.family == family
    read_ones = [one for page in statements.pages for one in read(page)]
    assert all(isinstance(one, BankStatement) for one in read_ones), read_ones
    return [line for one in read_ones if isinstance(one, BankStatement) for line in one.lines]


def _plain_row(row: Row) -> tuple[object, ...]:
    end_to_end = "" if row.end_to_end == "NOTPROVIDED" else row.end_to_end
    return row.day, row.cents, row.name, row.iban, " ".join(row.purpose.split()), end_to_end


def _plain_line(line: BankLine) -> tuple[object, ...]:
    text = line.text
    end_to_end = "" if text.end_to_end == "NOTPROVIDED" else text.end_to_end
    purpose = " ".join(plain(text.purpose).split())
    return line.day, line.amount.cents, text.name, text.iban, purpose, end_to_end
