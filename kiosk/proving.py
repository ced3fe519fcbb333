"""``mensa verify``: the ledger proves itself, and a person reads what was proved."""

import json
from collections.abc import Iterator
from typing import TextIO

from accounts.database import Database
from accounts.proof import CheckName, Proof
from accounts.verify import verify

DONE, FAILED = 0, 1

_WORDS: dict[CheckName, tuple[str, str]] = {
    CheckName.BALANCES: ("Guthaben = Summe der Buchungen", "balances are their transfers"),
    CheckName.ZERO_SUM: ("Summe aller Konten ist null", "all accounts sum to zero"),
    CheckName.TRANSFERS: ("Buchungen vollständig", "entries have all their transfers"),
    CheckName.LINES: ("Verzehrzeilen vollständig", "entries have all their lines"),
    CheckName.CHARGES: ("Beträge = verzehrte Zeilen", "amounts are the lines eaten"),
    CheckName.REVERSALS: ("Stornos spiegeln, einmal", "reversals mirror, once"),
    CheckName.PUPILS: ("ein Kind je Buchung", "one pupil per entry, of the school"),
    CheckName.NUMBERS: ("Nummern lückenlos", "numbers without a gap"),
    CheckName.DIGESTS: ("gebucht wie verlangt", "entries are as they were asked for"),
    CheckName.FACTS: ("jede Meldung gebucht oder in Klärung", "facts booked or quarantined"),
    CheckName.CHAINS: ("Ketten der Kassen", "the kiosks' chains"),
    CheckName.KIOSK_DAYS: ("Tagessummen der Kassen", "the kiosks' sums of the day"),
    CheckName.DAYS: ("Tag = Kalendertag", "days are calendar days"),
    CheckName.REFERENCES: ("Verweise führen zu Zeilen", "references lead to rows"),
    CheckName.GUARDS: ("Wächter vollzählig", "all guards are in place"),
    CheckName.STORAGE: ("Datei unversehrt", "the file is sound"),
    CheckName.ALARMS: ("Alarme (nur gezählt)", "alarms (counted only)"),
}


def told(proof: Proof) -> Iterator[str]:
    """What was proved, one line a check with its count; failures below it."""
    for check in proof.checks:
        german, english = _WORDS[check.name]
        mark = "ok   " if check.holds else "FEHLT"
        yield f"  {mark} {check.counted:>9}  {german} / {english}"
        for failure in check.failures:
            yield f"                    {failure.where}: {failure.what}"


def main(database: Database, *, as_json: bool, out: TextIO) -> int:
    """Prove the ledger; returns 0, or 1 where a promise is broken."""
    with database.read() as db:
        proof = verify(db)
    if as_json:
        row = {
            "balanced": proof.balanced,
            "holds": proof.holds,
            "checks": {
                check.name.value: {
                    "counted": check.counted,
                    "failures": [[failure.what, failure.where] for failure in check.failures],
                }
                for check in proof.checks
            },
        }
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
    else:
        out.write("\n".join(told(proof)) + "\n")
        out.write(
            "Das Hauptbuch stimmt. / The ledger holds.\n"
            if proof.holds
            else "Das Hauptbuch stimmt NICHT. / The ledger does NOT hold.\n"
        )
    return DONE if proof.holds else FAILED
