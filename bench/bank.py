"""A bank's lines read, kept, matched and posted: seconds, lines a second, peak memory.

camt.052.001.08 of 1,000 lines a day, as a bank sends them, for 40,000 pupils with a code each; nine in
ten lines name one as printed. 10,000 and 100,000 lines; with ``--long`` 1,000,000. Each size is a
process of its own on a ledger of its own: its peak of memory is the kernel's figure (VmHWM) and
holds the interpreter and everything it loaded. The last step is a second run that finds nothing
to do. Reading is measured once more by itself.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from postgresql_server import find_programs, run_server

from bench.figures import Figure

PUPILS = 40_000
A_DAY = 1000
FILE_DAYS = 10
FIRST = date(2026, 1, 5)
OPENING = 1_000_000
IBAN = "DE89370400440532013000"
PEPPER = b"the bench's secret for a bank's words"


def run(*, long: bool = False) -> list[Figure]:
    """Per engine and size: read, keep, match and post, all of it, memory."""
    figures: list[Figure] = []
    for engine in ("SQLite", "PostgreSQL"):
        if engine == "PostgreSQL" and find_programs() is None:
            continue
        for lines in (10_000, 100_000, *([1_000_000] if long and engine == "SQLite" else [])):
            with ExitStack() as stack:
                folder = stack.enter_context(
                    TemporaryDirectory(prefix="mensa-bench-", dir="/var/tmp")
                )
                if engine == "SQLite":
                    url = f"sqlite:///{folder}/ledger.db"
                else:
                    server = stack.enter_context(run_server("fsync=on"))
                    url = server.url(server.create())
                figures += _one(engine, lines, url, Path(folder))
    return figures


def _one(engine: str, lines: int, url: str, folder: Path) -> list[Figure]:
    _prepare(url, folder)
    _write_files(folder, lines)
    words = [sys.executable, "-m", "bench.bank", url, str(folder), str(lines)]
    root = Path(__file__).parents[1]
    found = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"}
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=found)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["lines"] == lines, told
    # A name beside the code may happen to look like a part of one: then a person is asked.
    assert 0 <= told["clean"] - told["posted"] <= lines / 10_000, told
    assert told["balance"] == told["expected"], told
    name = f"{engine}, {lines:,} lines"
    steps = ("read", "keep", "credit", "again")
    named = ("read alone", "read and kept", "matched and posted", "a second run of both")
    return [
        *(
            Figure(
                f"{name}: {label}",
                told[step],
                "s",
                note=f"{1e6 * told[step] / lines:.0f} us a line",
            )
            for step, label in zip(steps, named, strict=True)
        ),
        Figure(
            f"{name}: peak memory",
            told["peak_mb"],
            "MB",
            note=f"{told['processor']:.0f} s of a processor in all",
        ),
    ]


# --- what the bank sends -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    cents: int
    purpose: str
    name: str
    iban: str
    clean: bool


def _codes(folder: Path) -> list[str]:
    return list(json.loads((folder / "codes.json").read_text()))


def _lines(rnd: random.Random, codes: list[str], count: int) -> Iterator[_Line]:
    from foreign_purposes import german_iban  # noqa: PLC0415  # the tests' path is set by then
    from payments import FIRST as NAMES  # noqa: PLC0415  # as above
    from payments import LAST  # noqa: PLC0415  # as above

    ibans = [german_iban(rnd) for _ in range(min(count, PUPILS))]
    for _ in range(count):
        number = rnd.randrange(len(codes))
        code = codes[number]
        clean = rnd.random() < 0.9
        said = f"{code[:3]}-{code[3:]}" if clean else "x" + code
        yield _Line(
            rnd.randint(1000, 6000),
            f"Essensgeld {said} {rnd.choice(NAMES)}",
            f"{rnd.choice(NAMES)} {rnd.choice(LAST)}",
            ibans[number % len(ibans)],
            clean,
        )


def _write_files(folder: Path, count: int) -> None:
    rnd = random.Random(count)
    lines = _lines(rnd, _codes(folder), count)
    balance, number, clean = OPENING, 0, 0
    days = count // A_DAY
    for start in range(0, days, FILE_DAYS):
        reports = []
        for day in range(start, min(start + FILE_DAYS, days)):
            today = FIRST + timedelta(days=day)
            entries, before = [], balance
            for _ in range(A_DAY):
                line = next(lines)
                number += 1
                balance += line.cents
                clean += line.clean
                entries.append(_entry(line, today, number))
            reports.append(_report(today, before, balance, "".join(entries)))
        path = folder / f"camt-{start:05}.xml"
        path.write_text(_DOCUMENT.format(reports="".join(reports)), encoding="utf-8")
    (folder / "expected.json").write_text(json.dumps({"balance": balance, "clean": clean}))


_DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.052.001.08"><BkToCstmrAcctRpt>'
    "<GrpHdr><MsgId>M</MsgId><CreDtTm>2026-12-01T06:00:00</CreDtTm></GrpHdr>{reports}"
    "</BkToCstmrAcctRpt></Document>"
)


def _report(day: date, before: int, after: int, entries: str) -> str:
    return (
        f"<Rpt><Id>{day:%Y%m%d}</Id><CreDtTm>{day}T23:00:00</CreDtTm><Acct><Id><IBAN>{IBAN}</IBAN></Id>"
        f"<Ccy>EUR</Ccy></Acct>{_balance('OPBD', day, before)}{_balance('CLBD', day, after)}{entries}</Rpt>"
    )


def _balance(code: str, day: date, cents: int) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{cents / 100:.2f}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(line: _Line, day: date, number: int) -> str:
    return (
        f'<Ntry><Amt Ccy="EUR">{line.cents / 100:.2f}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
        f"<AcctSvcrRef>{number:016}</AcctSvcrRef><BkTxCd><Prtry><Cd>NTRF+166+00931</Cd>"
        "<Issr>DK</Issr></Prtry></BkTxCd><NtryDtls><TxDtls>"
        "<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
        f'<Amt Ccy="EUR">{line.cents / 100:.2f}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<RltdPties><Dbtr><Pty><Nm>{line.name}</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>{line.iban}</IBAN>"
        f"</Id></DbtrAcct></RltdPties><RmtInf><Ustrd>{line.purpose}</Ustrd></RmtInf>"
        "</TxDtls></NtryDtls></Ntry>"
    )


# --- the ledger ----------------------------------------------------------------------------------


def _prepare(url: str, folder: Path) -> None:
    """A ledger with its pupils and the account."""
    from accounts.bank_accounts import add_bank_account  # noqa: PLC0415  # as a job would
    from accounts.city import prepare  # noqa: PLC0415  # as above
    from accounts.database import open_database  # noqa: PLC0415  # as above
    from accounts.pupils import NewPerson, enrol  # noqa: PLC0415  # as above
    from accounts.reference import references  # noqa: PLC0415  # as above
    from accounts.schools import add_school  # noqa: PLC0415  # as above

    long_ago = datetime(2025, 8, 1, tzinfo=UTC)
    with closing(open_database(url)) as database:
        prepare(database)
        with database.write() as db:
            for number in range(100):
                school = add_school(db, number=f"1{number:05}", name=f"Schule {number}")
                assert isinstance(school, int)
                people = [NewPerson("Muster", f"Kind {it}", "5a") for it in range(PUPILS // 100)]
                enrol(db, school_id=school, people=people, at=long_ago)
            add_bank_account(db, iban=IBAN, holder="Stadt Beispielstadt", at=long_ago)
            codes = list(references(db))
    (folder / "codes.json").write_text(json.dumps(codes))


def _measure(url: str, folder: Path, count: int) -> dict[str, object]:
    from accounts.bank_accounts import bank_accounts  # noqa: PLC0415  # as above
    from accounts.bank_book import ledger_balance  # noqa: PLC0415  # as a job would
    from accounts.bank_files import Source  # noqa: PLC0415  # as above
    from accounts.bank_vault import BankVault  # noqa: PLC0415  # as above
    from accounts.clock import FixedClock  # noqa: PLC0415  # as above
    from accounts.database import open_database  # noqa: PLC0415  # as above
    from banking.crediting import credit  # noqa: PLC0415  # as above
    from banking.keeping import Incoming, keep  # noqa: PLC0415  # as above
    from banking.reading import read  # noqa: PLC0415  # as above

    days = count // A_DAY
    clock = FixedClock(datetime(2026, 1, 6, 6, tzinfo=UTC) + timedelta(days=days))
    paths = sorted(folder.glob("camt-*.xml"))
    expected = json.loads((folder / "expected.json").read_text())
    took: dict[str, float] = {}
    begun = perf_counter()
    for path in paths:
        read(path.read_bytes())
    took["read"] = perf_counter() - begun
    with closing(open_database(url)) as database:
        vault = BankVault(PEPPER)
        posted = kept = 0
        for step in ("keep", "credit", "again"):
            begun = perf_counter()
            if step != "credit":
                for path in paths:
                    told = keep(database, vault, [Incoming(Source.FILE, path.read_bytes())],
                                actor="bench", clock=clock)  # fmt: skip
                    kept += sum(it.new_lines for it in told)
            if step != "keep":
                done = credit(database, vault, now=clock.now(), actor="bench")
                posted += sum(done.posted.values())
            took[step] = perf_counter() - begun
        with database.read() as db:
            (account,) = bank_accounts(db)
            balance = ledger_balance(db, account, day=FIRST + timedelta(days=days))
    return {
        **took,
        "lines": kept,
        "posted": posted,
        "clean": expected["clean"],
        "balance": balance.cents,
        "expected": expected["balance"],
        "peak_mb": _peak_mb(),
        "processor": process_time(),
    }


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    (line,) = (one for one in status.splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))) + "\n")
