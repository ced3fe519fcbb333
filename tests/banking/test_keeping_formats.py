"""Real formats on their way into the ledger: MT940, then camt, a zip, and the same again."""

import io
import zipfile

import pytest
from keeping_stage import LATER, VAULT, Desk, open_desk
from paper_bank import IBAN

from accounts.bank_files import Outcome, Source, texts_of
from accounts.clock import FixedClock
from accounts.database import Database
from banking.keeping import Incoming, Kept, keep

MT940 = f"""\r
:20:STARTUMSE\r
:25:{IBAN}\r
:28C:00001/001\r
:60F:C261101EUR100,00\r
:61:2611021102CR20,00N166NONREF\r
:86:166?00GUTSCHRIFT?20SVWZ+K7M-4XP Lena?31DE75512108001245126199?32Oma Ilse\r
:61:2611021102CR20,00N166NONREF\r
:86:166?00GUTSCHRIFT?20SVWZ+K7M-4XP Lena?31DE75512108001245126199?32Oma Ilse\r
:62F:C261102EUR140,00\r
-\r
"""


def entry(day: str, cents: int, text: str, number: str) -> str:
    amount = f'<Amt Ccy="EUR">{abs(cents) // 100}.{abs(cents) % 100:02d}</Amt>'
    sign = "CRDT" if cents > 0 else "DBIT"
    return (
        f"<Ntry>{amount}<CdtDbtInd>{sign}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
        f"<AcctSvcrRef>{number}</AcctSvcrRef><NtryDtls><TxDtls>{amount}"
        f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def balance(code: str, day: str, cents: int) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{cents // 100}.{cents % 100:02d}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


CAMT = (
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
    f"<Id>1</Id><Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    + balance("OPBD", "2026-11-02", 10000)
    + balance("CLBD", "2026-11-03", 17500)
    + entry("2026-11-02", 2000, "K7M-4XP Lena", "A1")
    + entry("2026-11-02", 2000, "K7M-4XP Lena", "A2")
    + entry("2026-11-03", 3500, "Essen", "A3")
    + "</Stmt></BkToCstmrStmt></Document>"
).encode()


@pytest.fixture
def desk(database: Database) -> Desk:
    return open_desk(database)


def bring(desk: Desk, *raws: bytes) -> tuple[Kept, ...]:
    files = [Incoming(Source.FILE, raw) for raw in raws]
    return keep(desk.database, VAULT, files, actor="office:1", clock=FixedClock(LATER))


def zipped(**files: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.xml", content)
    return whole.getvalue()


def test_mt940_then_camt_of_the_same_days_keeps_every_line_once(desk: Desk) -> None:
    (first,) = bring(desk, MT940.encode())
    (then,) = bring(desk, CAMT)

    assert (first.outcome, first.new_lines) == (Outcome.KEPT, 2)
    assert (then.outcome, then.new_lines, then.amended) == (Outcome.KEPT, 1, 0)
    assert [cents for _, cents in desk.lines()] == [2000, 2000, 3500]
    again = bring(desk, zipped(one=CAMT), CAMT + b"\n", MT940.encode() + b"\r\n")
    assert {one.outcome for one in again} == {Outcome.KNOWN}
    assert len(desk.lines()) == 3
    with desk.database.read() as db:
        said = texts_of(db, VAULT, desk.line_ids())
    assert [(it.name, it.purpose) for it in said.values()] == [
        ("Oma Ilse", "K7M-4XP Lena"),
        ("Oma Ilse", "K7M-4XP Lena"),
        ("", "Essen"),
    ]


def test_bytes_that_are_no_statement_are_kept_and_named(desk: Desk) -> None:
    (kept,) = bring(desk, b"%PDF-1.7 nothing of a bank")

    assert (kept.no, kept.outcome) == (0, Outcome.QUARANTINED)
    assert desk.lines() == []
