"""The test bank's statements: what its books say, in the shape that banks send."""

import datetime as dt
import itertools
import re

import pytest
from bank_stage import forged_purpose
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from banking.camt import read_camt
from banking.lines import BankStatement
from banking.testbank.books import Account, Booking, Part, Sheet, lie, read_booking, sheets
from banking.testbank.camt_writer import VERSIONS, Manner, empty_camt, write_camt
from banking.testbank.mt940_writer import write_mt940, write_pending

DAY = dt.date(2026, 3, 5)
TODAY = dt.date(2026, 3, 9)
BIC = "TESTDEFFXXX"
IBAN = "DE87123456781234567890"
PAYER = "DE02120300000000202051"

# The order of the schema's elements (ISO 20022 camt.052.001.02 and .08, those used here).
_ORDER = {
    "Rpt": ["Id", "ElctrncSeqNb", "CreDtTm", "Acct", "Bal", "Ntry"],
    "Acct": ["Id", "Ccy", "Ownr", "Svcr"],
    "Bal": ["Tp", "Amt", "CdtDbtInd", "Dt"],
    "Ntry": [
        "Amt",
        "CdtDbtInd",
        "RvslInd",
        "Sts",
        "BookgDt",
        "ValDt",
        "AcctSvcrRef",
        "BkTxCd",
        "NtryDtls",
        "AddtlNtryInf",
    ],
    "NtryDtls": ["Btch", "TxDtls"],
    "Btch": ["NbOfTxs", "TtlAmt"],
    "TxDtls": ["Refs", "Amt", "CdtDbtInd", "AmtDtls", "RltdPties", "RltdAgts", "RmtInf", "RtrInf"],
    "Refs": ["EndToEndId", "MndtId", "Prtry"],
    "RltdPties": ["Dbtr", "DbtrAcct", "Cdtr", "CdtrAcct"],
    "RmtInf": ["Ustrd", "Strd"],
}

words = st.text("abcÄöß ?:'+&<>0123456789", min_size=1, max_size=80).map(str.strip)
bookings = st.builds(
    lambda day, cents, purpose, name: {
        "day": day,
        "cents": cents,
        "purpose": purpose,
        "name": name,
    },
    st.dates(dt.date(2026, 2, 26), TODAY),
    st.integers(-99_999_99, 99_999_99).filter(bool),
    words,
    words,
)


def account_of(*lines: dict[str, object]) -> Account:
    """An account with these lines, numbered in their order."""
    booked = [read_booking({"id": at, **line}) for at, line in enumerate(lines, 1)]
    return Account("1234567890", IBAN, bookings=booked)


def all_sheets(account: Account, size: int = 0, *, per_day: bool = True) -> list[list[Sheet]]:
    """The whole account in pages of so many lines."""
    lines = account.booked(dt.date.min, dt.date.max)
    steps = range(0, len(lines), size or len(lines))
    return [
        sheets(account, lines, at, min(len(lines), at + (size or len(lines))), per_day=per_day)
        for at in steps
    ]


def document(account: Account, manner: Manner | None = None, **more: bool) -> etree._Element:
    (page,) = all_sheets(account, **more)
    return etree.fromstring(write_camt(page, manner=manner or Manner(), bic=BIC, today=TODAY))


def read(raw: bytes) -> list[BankStatement]:
    """What the product's reader makes of it; every statement must be readable."""
    found = read_camt(raw)
    assert all(isinstance(one, BankStatement) for one in found), found
    return [one for one in found if isinstance(one, BankStatement)]


@given(
    lines=st.lists(bookings, min_size=1, max_size=12), size=st.integers(0, 4), per_day=st.booleans()
)
def test_pages_hold_every_line_once_and_each_sheet_closes(
    lines: list[dict[str, object]], size: int, *, per_day: bool
) -> None:
    plain = [{**line, "day": str(line["day"])} for line in lines]
    account = account_of(*plain)
    pages = list(itertools.chain.from_iterable(all_sheets(account, size, per_day=per_day)))
    assert [line for page in pages for line in page.lines] == account.booked(
        dt.date.min, dt.date.max
    )
    for page in pages:
        assert page.opening + sum(line.cents for line in page.lines) == page.closing
    assert all(one.closing == two.opening for one, two in itertools.pairwise(pages))
    assert pages[-1].closing == account.balance(dt.date.max)


@pytest.mark.parametrize("version", VERSIONS)
@given(st.lists(bookings, min_size=1, max_size=6))
def test_the_product_reads_from_camt_what_the_books_say(
    version: str, lines: list[dict[str, object]]
) -> None:
    account = account_of(*[{**line, "day": str(line["day"])} for line in lines])
    (page,) = all_sheets(account)
    got = read(write_camt(page, manner=Manner(version), bic=BIC, today=TODAY))
    told = [(line.day, line.amount.cents, line.text.name) for one in got for line in one.lines]
    meant = [(x.day, x.cents, " ".join(x.name.split())) for one in page for x in one.lines]
    assert [(day, cents) for day, cents, _ in told] == [(day, cents) for day, cents, _ in meant]
    assert [" ".join(name.split()) for _, _, name in told] == [name for _, _, name in meant]


@pytest.mark.parametrize("version", VERSIONS)
def test_camt_keeps_the_schemas_order_and_its_versions_ways(version: str) -> None:
    parts = [{"cents": 100, "name": "a"}, {"cents": 200, "name": "b", "iban": PAYER}]
    account = account_of(
        {
            "day": str(DAY),
            "cents": 3500,
            "purpose": "K7M-4XP & <Lena>",
            "name": "Müller",
            "iban": PAYER,
            "bic": BIC,
            "structured": "RF18539007547034",
            "mandate": "M",
        },
        {"day": str(DAY), "cents": 300, "parts": parts},
        {"day": str(DAY), "cents": -500, "reversal": True, "return_reason": "AC04"},
    )
    for place in ("AcctSvcrRef", "FI-UMSATZ-ID"):
        root = document(account, Manner(version, id_place=place))
        for element in root.iter():
            order = _ORDER.get(etree.QName(element).localname)
            if order is not None:
                places = [order.index(etree.QName(child).localname) for child in element]
                assert places == sorted(places), etree.QName(element).localname
                assert places or element.text
    new = version.endswith("08")
    assert bool(root.findall(".//{*}Pty/{*}Nm")) is new
    assert bool(root.findall(".//{*}Sts/{*}Cd")) is new
    assert bool(root.findall(".//{*}BICFI")) is new
    assert root.nsmap[None] == f"urn:iso:std:iso:20022:tech:xsd:{version}"


def test_a_finished_day_closes_and_today_does_not() -> None:
    account = account_of({"day": str(DAY), "cents": 5}, {"day": str(TODAY), "cents": 7})
    codes = [element.text for element in document(account).findall(".//{*}Bal//{*}Cd")]
    assert codes == ["OPBD", "CLBD", "OPBD", "ITBD"]


def test_a_wrong_balance_is_refused_by_the_reader() -> None:
    account = account_of({"day": str(DAY), "cents": 5})
    ((page,),) = all_sheets(account)
    raw = write_camt([lie(page, 1)], manner=Manner(), bic=BIC, today=TODAY)
    assert not any(isinstance(one, BankStatement) for one in read_camt(raw))


def test_an_empty_document_has_neither_lines_nor_balances() -> None:
    raw = empty_camt(Account("1", IBAN), manner=Manner(), bic=BIC, today=TODAY)
    root = etree.fromstring(raw)
    assert root.findall(".//{*}Rpt")
    assert not root.findall(".//{*}Ntry")
    assert not root.findall(".//{*}Bal")


def test_a_long_purpose_is_repeated_in_camt_and_cut_in_mt940() -> None:
    account = account_of({"day": str(DAY), "cents": 5, "purpose": "0123456789" * 40})
    texts = [element.text or "" for element in document(account).findall(".//{*}Ustrd")]
    assert "".join(texts) == "0123456789" * 40
    assert max(map(len, texts)) == 140
    (page,) = all_sheets(account)
    written = write_mt940(page, blz="12345678").decode("latin-1")
    assert "?63" in written
    assert written.replace("\r\n", "").count("0123456789") < 40


@given(st.lists(bookings, min_size=1, max_size=6))
def test_mt940_has_no_line_beyond_65_and_the_banks_own_balances(
    lines: list[dict[str, object]],
) -> None:
    account = account_of(*[{**line, "day": str(line["day"])} for line in lines])
    (page,) = all_sheets(account)
    written = write_mt940(page, blz="12345678").decode("latin-1").split("\r\n")
    assert max(map(len, written)) <= 65
    closings = [line for line in written if line.startswith(":62F:")]
    told = [int(re.sub(r"\D", "", line[15:])) for line in closings]
    assert told == [abs(one.closing) for one in page]


@pytest.mark.parametrize(
    ("cents", "reversal", "mark"),
    [(500, False, "CR"), (-500, False, "DR"), (500, True, "RDR"), (-500, True, "RCR")],
)
def test_mt940_marks_the_direction_of_a_line(cents: int, *, reversal: bool, mark: str) -> None:
    account = account_of({"day": str(DAY), "cents": cents, "reversal": reversal})
    (page,) = all_sheets(account)
    assert f":61:2603050305{mark}5,00NTRFNONREF" in write_mt940(page, blz="1").decode()


def test_a_purpose_can_make_a_line_that_looks_like_a_booking() -> None:
    purpose = forged_purpose(DAY, 999_900)
    account = account_of({"day": str(DAY), "cents": 5, "purpose": purpose})
    written = write_mt940(all_sheets(account)[0], blz="1").decode()
    assert "\n:61:260305CR9999,00N166" in written


def test_umlauts_are_latin_1_unless_the_bank_errs() -> None:
    account = account_of({"day": str(DAY), "cents": 5, "name": "Müller"})
    (page,) = all_sheets(account)
    assert "Müller".encode("latin-1") in write_mt940(page, blz="1")
    assert "Müller".encode() in write_mt940(page, blz="1", utf8=True)


def test_a_page_that_cuts_a_day_says_so() -> None:
    account = account_of(*[{"day": str(DAY), "cents": 5}] * 3)
    written = [write_mt940(page, blz="1").decode() for page in all_sheets(account, 2)]
    assert [":60F:" in page for page in written] == [True, False]
    assert [":62F:" in page for page in written] == [False, True]
    assert all(":60" in page and ":62" in page for page in written)


def test_what_is_pending_is_no_part_of_the_balance() -> None:
    account = account_of(
        {"day": str(DAY), "cents": 5}, {"day": str(TODAY), "cents": 900, "pending": True}
    )
    assert account.balance(TODAY) == account.opening + 5
    assert b":20:STARTDISP" in write_pending(account, account.pending(), blz="1")


@pytest.mark.parametrize(
    "values",
    [
        {"id": 1, "day": "2026-03-05", "cents": 0},
        {"id": 1, "day": "2026-03-05", "cents": 1.5},
        {"id": 1, "day": "2026-03-05", "cents": True},
        {"id": 1, "day": "2026-03-05", "cents": 3, "parts": [{"cents": 2}]},
        {"id": 1, "day": "5.3.2026", "cents": 3},
        {"id": 1, "day": "2026-03-05", "cents": 3, "wrong": 1},
    ],
)
def test_a_line_that_cannot_be_is_refused(values: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_booking(values)


def test_a_batch_is_one_line_with_its_parts() -> None:
    whole = Booking(1, DAY, 300, parts=(Part(100, "a"), Part(200, "b")))
    account = Account("1", IBAN, bookings=[whole])
    (statement,) = read(write_camt(all_sheets(account)[0], manner=Manner(), bic=BIC, today=TODAY))
    assert [(line.amount.cents, line.text.name) for line in statement.lines] == [
        (100, "a"),
        (200, "b"),
    ]
