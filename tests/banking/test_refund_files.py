"""Files of transfers: read back by a reader of the tests' own, and held to the schema by libxml2.

The reader is Python's ElementTree and walks the file by position, as ISO 20022 orders it; the
product builds it with sepaxml and lxml.
"""

import re
import string
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from accounts.money import Money, total
from banking.refunds import Debtor, Payment, in_sepa, payable_iban, payable_name, payment_file
from banking.sepa_text import is_sepa_text, says_something, sepa_text

CITY = Debtor("Stadt Beispielstadt - Stadtkasse", "DE89 3704 0044 0532 0130 00")
PARENT = "DE02120300000000202051"
OTHER = "FR1420041010050500013M02606"
AT = datetime(2026, 11, 23, 11, tzinfo=UTC)
DAY = date(2026, 11, 24)
SEPA = set(string.ascii_letters + string.digits + "/-?:().,'+ ")
NAMESPACE = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"
XSD = etree.XMLSchema(
    etree.fromstring(files("sepaxml").joinpath("schemas", "pain.001.001.09.xsd").read_bytes())
)


def payment(no: int = 1, cents: int = 1250, **changes: str) -> Payment:
    told = {"name": "Jürgen Groß", "iban": PARENT, "purpose": f"Erstattung Essensgeld {no}"}
    return Payment(end_to_end=f"ERSTATTUNG-{no}-7", amount=Money(cents), **(told | changes))


def made(*payments: Payment, debtor: Debtor = CITY, message_id: str = "MENSA-1") -> bytes:
    return payment_file(debtor, payments, message_id=message_id, made_at=AT, execute_on=DAY)


def told(raw: bytes) -> tuple[dict[str, str], list[tuple[str, str, str, str, str]]]:
    """The header's and the block's facts, and each transfer's: id, amount, name, IBAN, purpose."""
    (root,) = ET.fromstring(raw)  # noqa: S314  # our own file
    header, block, *more = root
    assert not more
    facts = {f"header {it.tag.removeprefix(NAMESPACE)}": it.text or "" for it in header}
    found: list[tuple[str, str, str, str, str]] = []
    for it in block:
        tag = it.tag.removeprefix(NAMESPACE)
        if tag == "CdtTrfTxInf":
            ids, amount, payee, account, purpose = it
            assert amount[0].attrib == {"Ccy": "EUR"}
            texts = (ids[0].text, amount[0].text, payee[0].text, account[0][0].text,
                     purpose[0].text)  # fmt: skip
            found.append(tuple(text or "" for text in texts))  # type: ignore[arg-type]
        else:
            facts[tag] = "".join(it.itertext())
    return facts, found


def test_a_file_says_who_pays_whom_how_much_and_when() -> None:
    raw = made(payment(1, 5), payment(2, 123456, name="Amélie Dupont", iban=OTHER))
    facts, found = told(raw)
    assert facts == {
        "header MsgId": "MENSA-1",
        "header CreDtTm": "2026-11-23T12:00:00",
        "header NbOfTxs": "2",
        "header CtrlSum": "1234.61",
        "header InitgPty": "",
        "PmtInfId": "MENSA-1",
        "PmtMtd": "TRF",
        "BtchBookg": "false",
        "NbOfTxs": "2",
        "CtrlSum": "1234.61",
        "PmtTpInf": "SEPA",
        "ReqdExctnDt": "2026-11-24",
        "Dbtr": "Stadt Beispielstadt - Stadtkasse",
        "DbtrAcct": "DE89370400440532013000",
        "DbtrAgt": "NOTPROVIDED",
        "ChrgBr": "SLEV",
    }
    assert found == [
        ("ERSTATTUNG-1-7", "0.05", "Juergen Gross", PARENT, "Erstattung Essensgeld 1"),
        ("ERSTATTUNG-2-7", "1234.56", "Amelie Dupont", OTHER, "Erstattung Essensgeld 2"),
    ]


def test_the_same_transfers_give_the_same_bytes() -> None:
    assert made(payment(1), payment(2)) == made(payment(1), payment(2))


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("Mia Kowalczyk", "Mia Kowalczyk"),
        ("O'Neill, Sean (Dr.)", "O'Neill, Sean (Dr.)"),
        ("Jürgen Groß", "Juergen Gross"),
        ("MÜLLER-LÜDENSCHEIDT ÄNNE", "MUELLER-LUEDENSCHEIDT AENNE"),
        ("Öz Ü", "Oez Ue"),
        ("Mu\u0308ller", "Mueller"),
        ("Łukasz Øster, İnci Y\u0131lmaz", "Lukasz Oster, Inci Yilmaz"),
        ("Meyer & Söhne GmbH", "Meyer + Soehne GmbH"),
        ("Anna\u00a0  Maria\nZwei", "Anna Maria Zwei"),
        ("/Anna//Maria/", "Anna/Maria"),
        ("Анна", "...."),
        ("", ""),
    ],
)
def test_names_come_into_the_set_of_the_sepa(written: str, taken: str) -> None:
    assert sepa_text(written, longest=70) == taken


def test_a_name_without_a_letter_is_none_that_can_be_paid() -> None:
    assert [payable_name(name) for name in ("Анна", "  ", "./.", "Li")] == [None, None, None, "Li"]


def test_a_wrong_iban_is_none_that_can_be_paid() -> None:
    assert payable_iban("DE02 1203 0000 0000 2020 51") == PARENT
    assert payable_iban("DE02120300000000202052") is None
    assert payable_iban("") is None


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        (payment(1), payment(1)),
        (payment(1, 0),),
        (payment(1, -1),),
        (payment(1, 10**11),),
        (payment(1, 99_999_999_999), payment(2, 1)),
        (payment(1, name="Анна"),),
        (payment(1, iban="DE00"),),
        (payment(1, purpose=" "),),
        (Payment("a/b", "Li", PARENT, Money(1), "x"),),
        (Payment("A" * 36, "Li", PARENT, Money(1), "x"),),
        (Payment("MENSA-1", "Li", PARENT, Money(1), "x"),),
    ],
)
def test_what_no_bank_would_take_becomes_no_file(wrong: tuple[Payment, ...]) -> None:
    with pytest.raises(ValueError, match=r"file|transferred|no name|sum"):
        made(*wrong)


@pytest.mark.parametrize("account", [Debtor("", PARENT), Debtor("Stadt", "DE00")])
def test_an_account_that_cannot_pay_makes_no_file(account: Debtor) -> None:
    with pytest.raises(ValueError, match="account"):
        made(payment(), debtor=account)


names = st.text(min_size=1, max_size=120).filter(lambda name: payable_name(name) is not None)
amounts = st.integers(min_value=1, max_value=10_000_000)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(names, amounts, st.text(max_size=200)), min_size=1, max_size=6))
def test_whatever_names_come_the_file_keeps_to_the_schema_and_to_its_sums(
    wanted: list[tuple[str, int, str]],
) -> None:
    payments = [
        payment(no, cents, name=name, purpose=f"Erstattung {text}")
        for no, (name, cents, text) in enumerate(wanted)
    ]
    raw = made(*payments)
    XSD.assertValid(etree.fromstring(raw))
    facts, found = told(raw)
    whole = str(total(one.amount for one in payments))
    assert {facts["header CtrlSum"], facts["CtrlSum"]} == {whole}
    assert {facts["header NbOfTxs"], facts["NbOfTxs"]} == {str(len(payments))}
    assert [one[0] for one in found] == [one.end_to_end for one in payments]
    assert [one[1] for one in found] == [str(one.amount) for one in payments]
    for _id, _amount, name, _iban, purpose in found:
        assert 1 <= len(name) <= 70
        assert 1 <= len(purpose) <= 140
        assert set(name) | set(purpose) <= SEPA


@given(st.text(max_size=200), st.integers(min_value=1, max_value=140))
def test_a_text_in_the_set_is_kept_and_every_text_gets_into_it(text: str, longest: int) -> None:
    taken = sepa_text(text, longest=longest)
    assert len(taken) <= longest
    assert not taken or is_sepa_text(taken)
    assert sepa_text(taken, longest=longest) == taken


@given(st.text(alphabet=st.sampled_from(sorted(SEPA - {"/", " "})), min_size=1, max_size=70))
def test_the_exact_name_stands_in_the_file_where_it_is_in_the_set(name: str) -> None:
    assert sepa_text(name, longest=70) == name
    assert says_something(name) is any(it.isalnum() for it in name)


def test_a_namesake_of_a_markup_stays_text() -> None:
    raw = made(payment(1, name="Ida <x> & ]]> Co", purpose="<Ustrd>&amp;</Ustrd>"))
    _facts, ((_id, _amount, name, _iban, purpose),) = told(raw)
    assert re.fullmatch(r"Ida \(x\) \+ \)\)\) Co", name)
    assert purpose == "(Ustrd)+amp,(/Ustrd)"


def test_an_account_outside_the_sepa_is_none_that_can_be_paid_to() -> None:
    assert in_sepa(PARENT)
    for iban in ("TR330006100519786457841326", "SA0380000000608010167519",
                 "AE070331234567890123456", "BR1800360305000010009795493C1"):  # fmt: skip
        assert payable_iban(iban) == iban
        assert not in_sepa(iban)
