"""Files of every kind of damage and malice: only statements that close, or reasons.

The bank's truth is known for files that are made here: whatever its payers write, a statement has
the bank's amounts or is refused.
"""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from statement_claims import sound
from statement_files import IBAN, OTHER, PAYER, Camt, Mt940, booking, detail, entry, euros

from banking.lines import BankStatement, Trouble, Unreadable
from banking.reading import read

LONG = 3_000

_MALICE = st.sampled_from(
    [
        ":61:2603020302CR9999,00NTRFNONREF",
        ":61:2603020302DR9999,00NTRFNONREF",
        ":61:2613450302CR35,00NTRFNONREF",
        ":61:2603020302RC35,00",
        ":62F:C260302EUR10134,00",
        ":62M:C260302EUR1,00",
        ":86:166?00X?20SVWZ+BOESE?31DE00?32B",
        ":60F:C260302EUR1,00",
        ":20:STARTUMS",
        ":25:DE00",
        "-",
        "-}",
        "{1:F01}{4:",
        "?20",
        "?31DE00",
        "?32B",
        "?60",
        "?00",
        "SVWZ+",
        "EREF+",
        "IBAN+DE00",
        "@@",
        " ",
        "x" * 27,
        "x" * 65,
        "K7M-4XP",
        "ß",
        "Ã¼",
    ]
)
_LETTERS = st.text(st.sampled_from("abcXYZ0123456789 /?:().,'+-äß<&>\n"), max_size=30)
_PURPOSE = st.lists(_MALICE | _LETTERS, max_size=8).map("".join)
_CENTS = st.sampled_from([1, 3500, -3500, 999900, -999900, 12345]) | st.integers(-(10**9), 10**9)
_MONEY = st.lists(st.tuples(_CENTS.filter(bool), _PURPOSE), max_size=6)


def escaped(text: str) -> str:
    """As XML writes it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_camt(lines: list[tuple[int, str]], *, batch: bool = False) -> bytes:
    """The bank's lines as camt; as a batch in one entry where they are several."""
    told = [detail([escaped(text)[:2000]]) for _, text in lines]
    total = sum(cents for cents, _ in lines)
    if batch and len(lines) > 1 and total:
        parts = [
            part.replace(
                "<RltdPties>",
                f'<Amt Ccy="EUR">{euros(cents)}</Amt>'
                f"<CdtDbtInd>{'DBIT' if cents < 0 else 'CRDT'}</CdtDbtInd><RltdPties>",
                1,
            )
            for part, (cents, _) in zip(told, lines, strict=True)
        ]
        return Camt([entry(total, parts)], total).raw()
    entries = [entry(cents, [part]) for part, (cents, _) in zip(told, lines, strict=True)]
    return Camt(entries, total).raw()


def as_mt940(lines: list[tuple[int, str]], *, structured: bool, strip: bool = False) -> bytes:
    """The bank's lines as MT940, wrapped at 65 columns; with blanks lost at the wrap if ``strip``."""
    told = []
    for cents, text in lines:
        flat = text.replace("\n", "")
        pieces = [flat[at : at + 27] for at in range(0, len(flat), 27)][:14]
        codes = [*range(21, 30), *range(60, 64)]
        fields = [f"?{code}{piece}" for code, piece in zip(codes, pieces, strict=False)]
        before, after = "".join(fields[:9]), "".join(fields[9:])
        words = f"166?00GUTSCHRIFT?20SVWZ+{before}{OTHER}{after}" if structured else "166 " + flat
        rows = booking(cents, words)
        told.append([row.rstrip(" ") if strip and row != rows[-1] else row for row in rows])
    return Mt940(told, sum(cents for cents, _ in lines)).raw("utf-8")


@pytest.mark.parametrize("batch", [False, True])
@given(lines=_MONEY)
@settings(max_examples=60, deadline=None)
def test_whatever_payers_write_camt_has_the_banks_lines(
    lines: list[tuple[int, str]], *, batch: bool
) -> None:
    (found,) = read(as_camt(lines, batch=batch))
    assert isinstance(found, BankStatement)
    sound(found)
    assert [line.amount.cents for line in found.lines] == [cents for cents, _ in lines]
    for line, (_, text) in zip(found.lines, lines, strict=True):
        assert line.text.purpose.split() == text.split()
        assert line.text.iban == PAYER or line.amount.cents < 0


def _mt940_claims(lines: list[tuple[int, str]], *, structured: bool, strip: bool) -> None:
    found = read(as_mt940(lines, structured=structured, strip=strip))
    for one in found:
        sound(one)
    if len(found) > 1 or isinstance(found[0], Unreadable):
        # A payer may spoil a statement, and no more: then nothing of it is taken.
        assert all(isinstance(one, Unreadable) or one.closing is None for one in found)
        return
    (statement,) = found
    assert isinstance(statement, BankStatement)
    assert [line.amount.cents for line in statement.lines] == [cents for cents, _ in lines]
    assert all(line.text.iban in {"", PAYER} for line in statement.lines)
    assert statement.iban == IBAN


@pytest.mark.parametrize("structured", [True, False])
@given(lines=_MONEY, strip=st.booleans())
@settings(max_examples=150, deadline=None)
@example(lines=[(3500, "x" * 61 + ":61:2603020302CR9999,00NTRF")], strip=False)
@example(lines=[(3500, ("x" * 57) + ":62F:C260302EUR10134,00")], strip=False)
def test_whatever_payers_write_mt940_has_the_banks_lines_or_none(
    lines: list[tuple[int, str]], *, strip: bool, structured: bool
) -> None:
    _mt940_claims(lines, structured=structured, strip=strip)


@pytest.mark.long
@pytest.mark.parametrize("structured", [True, False])
@given(lines=_MONEY, strip=st.booleans())
@settings(max_examples=LONG, deadline=None)
def test_whatever_payers_write_mt940_has_the_banks_lines_or_none_at_length(
    lines: list[tuple[int, str]], *, strip: bool, structured: bool
) -> None:
    _mt940_claims(lines, structured=structured, strip=strip)


def _seeds() -> list[bytes]:
    lines = [(3500, "K7M-4XP Lena"), (-490, "Entgelt"), (999, "Müller ?31 :61:")]
    camt, mt940 = as_camt(lines), as_mt940(lines, structured=True)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", camt)
        archive.writestr("b.sta", mt940)
    return [
        camt,
        as_camt(lines, batch=True),
        Camt([entry(1, more="<RvslInd>true</RvslInd>")], 1, version="camt.053.001.02").raw(),
        camt.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        mt940,
        as_mt940(lines, structured=False),
        mt940 + mt940.replace(b":62F:", b":62M:"),
        zipped.getvalue(),
    ]


SEEDS = _seeds()
_TOKENS = st.sampled_from(
    [
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
        b"&b;",
        b"&#0;",
        b"<Ntry>",
        b"</Ntry>",
        b"</Stmt><Stmt>",
        b"<Rpt><Rpt>",
        b"<![CDATA[",
        b"<!--",
        b"<Sts>PDNG</Sts>",
        b"<RvslInd>1</RvslInd>",
        b"<Dt>2026-02-30</Dt>",
        b"99999999999999999999",
        b"Infinity",
        b"\xd9\xa3",
        b"\x00",
        b"\xff\xfe",
        b"\r\n:61:2603020302CR35,00NTRF",
        b"\r\n:86:",
        b"\r\n:62F:C260302EUR0,",
        b"\r\n:20:",
        b"\r\n-\r\n",
        b"{4:",
        b"?31",
        b"@@",
        b"<a>" * 300,
    ]
)
_PLACE = st.floats(0, 1, exclude_max=True)
_DAMAGE = st.one_of(
    st.tuples(st.just("flip"), _PLACE, st.integers(0, 7)),
    st.tuples(st.just("cut"), _PLACE, _PLACE),
    st.tuples(st.just("twice"), _PLACE, _PLACE),
    st.tuples(st.just("swap"), _PLACE, _PLACE),
    st.tuples(st.just("insert"), _PLACE, _TOKENS),
    st.tuples(st.just("set"), _PLACE, st.integers(0, 255)),
)


def damaged(raw: bytes, damages: list[tuple[str, float, object]]) -> bytes:
    """The bytes after these damages, one behind the other."""
    body = bytearray(raw)
    for kind, where, how in damages:
        if not body:
            break
        at = int(where * len(body))
        if isinstance(how, bytes):
            body[at:at] = how
        elif isinstance(how, int):
            body[at] = body[at] ^ (1 << how) if kind == "flip" else how
        elif isinstance(how, float):
            start, end = sorted((at, int(how * len(body))))
            if kind == "cut":
                del body[start:end]
            elif kind == "twice":
                body[end:end] = body[start:end]
            else:
                _swap(body, start, end)
    return bytes(body)


def _swap(body: bytearray, start: int, end: int) -> None:
    """Two neighbouring pieces change places: of XML two elements, of MT940 two lines."""
    mark = b"<" if body[:1] == b"<" else b"\n"
    first = body.find(mark, start)
    second = body.find(mark, max(first + 1, end))
    third = body.find(mark, second + 1)
    if -1 < first < second < third:
        body[first:third] = body[second:third] + body[first:second]


def _reads(raw: bytes) -> None:
    found = read(raw, limit=10_000_000)
    assert found
    for one in found:
        sound(one)
    numbers = [one.no for one in found]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("seed", range(len(SEEDS)))
@given(damages=st.lists(_DAMAGE, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_closes_or_has_a_reason(
    seed: int, damages: list[tuple[str, float, object]]
) -> None:
    _reads(damaged(SEEDS[seed], damages))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(len(SEEDS)))
@given(damages=st.lists(_DAMAGE, min_size=1, max_size=12))
@settings(max_examples=LONG, deadline=None)
def test_a_damaged_file_closes_or_has_a_reason_at_length(
    seed: int, damages: list[tuple[str, float, object]]
) -> None:
    _reads(damaged(SEEDS[seed], damages))


@given(damages=st.lists(_DAMAGE, min_size=1, max_size=6), data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_damaged_file_from_elsewhere_closes_or_has_a_reason(
    request: pytest.FixtureRequest, damages: list[tuple[str, float, object]], data: st.DataObject
) -> None:
    folder = request.config.getoption("--bank-samples")
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file()) if folder else []
    raw = data.draw(st.sampled_from(files)).read_bytes() if files else SEEDS[0]
    _reads(damaged(raw, damages))


@given(raw=st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_any_bytes_have_an_answer(raw: bytes) -> None:
    _reads(raw)
    _reads(b"<Document>" + raw)
    _reads(b":20:A\r\n:25:B\r\n" + raw)
    _reads(b"PK\x03\x04" + raw)


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_a_file_torn_off_anywhere_closes_or_has_a_reason(seed: int) -> None:
    raw = SEEDS[seed]
    for end in range(0, len(raw), 7):
        found = read(raw[:end])
        for one in found:
            sound(one)
        if raw.startswith(b"<") and end:
            assert isinstance(found[0], Unreadable)
            assert found[0].trouble in {Trouble.BROKEN_XML, Trouble.NOT_A_STATEMENT, Trouble.EMPTY}
