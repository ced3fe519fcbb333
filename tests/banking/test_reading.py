"""Whatever a file is, reading answers: with statements, or with a reason."""

import io
import zipfile
from pathlib import Path

import pytest
from statement_claims import sound
from statement_files import WORDS, Camt, Mt940, booking, detail, entry

from banking.lines import BankStatement, Family, Trouble, Unreadable
from banking.reading import read

CAMT = Camt([entry(3500)], 3500).raw()
MT940 = Mt940([booking(3500)], 3500).raw()


def packed(*contents: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these contents."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as archive:
        for place, content in enumerate(contents):
            archive.writestr(f"{place}.xml", content)
    return raw.getvalue()


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n  "])
def test_a_file_is_known_by_its_content(before: bytes) -> None:
    for raw, family in ((CAMT, Family.CAMT), (MT940, Family.MT940)):
        (found,) = read(before + raw)
        assert isinstance(found, BankStatement)
        assert found.family is family


@pytest.mark.parametrize(
    ("raw", "trouble", "detail"),
    [
        (b"", Trouble.EMPTY, ""),
        (b" \r\n", Trouble.EMPTY, ""),
        (b"\x00" * 99, Trouble.EMPTY, ""),
        (b"<!DOCTYPE html><html><body>Wartung</body></html>", Trouble.NOT_A_STATEMENT, "HTML"),
        (b"\n<HTML><br></HTML>", Trouble.NOT_A_STATEMENT, "HTML"),
        (b"%PDF-1.7\n", Trouble.NOT_A_STATEMENT, "PDF"),
        (b"Buchungstag;Betrag\n02.03.2026;35,00\n", Trouble.NOT_A_STATEMENT, ""),
        (b"\xff" * 300, Trouble.NOT_A_STATEMENT, ""),
        (b"<", Trouble.BROKEN_XML, "1"),
    ],
)
def test_what_is_no_statement_says_so(raw: bytes, trouble: Trouble, detail: str) -> None:
    assert read(raw) == (Unreadable(trouble, detail),)


def test_statements_in_a_zip_are_numbered_through() -> None:
    found = read(packed(CAMT, MT940 + MT940, b"%PDF-1.7", CAMT))
    assert [one.no for one in found] == [1, 2, 3, 4, 5]
    assert [isinstance(one, BankStatement) for one in found] == [True, True, True, False, True]


def test_an_empty_zip_is_empty() -> None:
    assert read(packed()) == (Unreadable(Trouble.EMPTY, "zip"),)


def test_what_grows_too_big_is_not_unpacked() -> None:
    bomb = packed(b"<" * 5_000_000)
    assert len(bomb) < 50_000
    assert read(bomb, limit=1_000_000) == (Unreadable(Trouble.TOO_BIG, "zip"),)
    many = packed(*[b" " * 300_000] * 4)
    assert read(many, limit=1_000_000) == (Unreadable(Trouble.TOO_BIG, "zip"),)
    assert read(CAMT, limit=100) == (Unreadable(Trouble.TOO_BIG),)


def test_more_members_than_any_bank_sends_are_not_unpacked() -> None:
    assert read(packed(*[b""] * 2001)) == (Unreadable(Trouble.TOO_BIG, "zip"),)


@pytest.mark.parametrize(
    "raw",
    [
        packed(packed(CAMT)),
        packed(CAMT)[:-10],
        packed(CAMT, method=zipfile.ZIP_BZIP2),
        packed(CAMT).replace(
            b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"
        ),
        packed(CAMT, method=zipfile.ZIP_STORED).replace(b"Lena", b"Lina"),
    ],
    ids=["nested", "torn", "strange method", "with a password", "wrong sum"],
)
def test_a_zip_that_cannot_be_trusted_is_not_read(raw: bytes) -> None:
    assert read(raw) == (Unreadable(Trouble.BROKEN_ZIP),)


def test_a_payers_words_are_in_no_reason() -> None:
    secret = "GEHEIM"
    bad = [
        Camt([entry(1, [detail([secret])])], 2).raw(),
        Camt(
            [entry(1, [detail([secret])], dates=f"<BookgDt><Dt>{secret}</Dt></BookgDt>")], 1
        ).raw(),
        Camt([entry(1, [detail([secret])], status=f"<Sts>{secret}</Sts>")], 1).raw(),
        Camt([entry(1, [detail([secret])])], 1).raw()[:-50],
        Mt940([booking(1, WORDS + secret)], 2).raw(),
        Mt940([booking(1, WORDS + secret, f":61:{secret}")], 1).raw(),
        Mt940([booking(1, [f":86:{secret}", f":62F:{secret}"])], 1).raw(),
    ]
    for raw in bad:
        (found,) = read(raw)
        assert isinstance(found, Unreadable)
        assert secret not in found.detail


def test_every_file_from_elsewhere_is_read_or_has_a_reason(request: pytest.FixtureRequest) -> None:
    folder = request.config.getoption("--bank-samples")
    files = [path for path in Path(folder).rglob("*") if path.is_file()] if folder else []
    for path in files:
        for raw in (path.read_bytes(), packed(path.read_bytes())):
            found = read(raw)
            assert found, path
            for one in found:
                sound(one)


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b" ", b"-", b"\n\t"])
def test_a_million_blanks_are_read(blank: bytes) -> None:
    assert read(b"x" + blank * 1_000_000 + b"x") == (Unreadable(Trouble.NOT_A_STATEMENT),)
