"""``mensa verify``: the ledger proves itself, and a person reads what was proved.

Whoever noted a seal elsewhere has it looked for: where it is missing, the history was written
anew or its end was cut off, however well the rest fits together.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import TextIO

from accounts.clock import BERLIN
from accounts.database import Database
from accounts.proof import CheckName, Proof
from accounts.seals import Seal, find_seal, newest_seal, unsealed
from accounts.verify import prove

DONE, FAILED, WRONG = 0, 1, 2

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
    CheckName.SEALS: ("unter Siegel wie gesiegelt", "rows under seals, as sealed"),
    CheckName.HISTORY: ("Stammdaten wie protokolliert", "master data as its history says"),
    CheckName.CARDS: ("Karten mit Schlüssel", "cards with keys"),
    CheckName.BANK: ("Hauptbuch = Bank", "the ledger equals the bank"),
    CheckName.CLOSINGS: ("Abgeschlossene Monate", "closed months"),
    CheckName.INCARNATION: ("Leben des Hauptbuchs", "lives of the ledger"),
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


def fours(hash_: bytes) -> str:
    """A seal's hash as it is printed: hex digits in groups of four."""
    digits = hash_.hex()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def main(database: Database, *, as_json: bool, out: TextIO, seal: str | None = None) -> int:
    """Prove the ledger; ``seal`` is one that somebody noted.

    Returns 0; 1 where a promise is broken or the seal is missing; 2 where it cannot be a seal.
    """
    found: Seal | None = None
    with database.read() as db:
        try:
            found = None if seal is None else find_seal(db, seal)
        except ValueError:
            out.write(
                "Ein Siegel hat 16 bis 64 Ziffern von 0 bis f. /"
                " A seal has 16 to 64 digits from 0 to f.\n"
            )
            return WRONG
        newest, later = newest_seal(db), unsealed(db)
    proof = prove(database)
    missing = seal is not None and found is None
    if as_json:
        row = {
            "balanced": proof.balanced,
            "holds": proof.holds and not missing,
            "checks": {
                check.name.value: {
                    "counted": check.counted,
                    "failures": [[failure.what, failure.where] for failure in check.failures],
                }
                for check in proof.checks
            },
            "newest_seal": _as_row(newest),
            "not_sealed_yet": later,
        }
        if seal is not None:
            row["seal"] = _as_row(found)
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
    else:
        lines = [*told(proof), *_sealed(newest, later)]
        if seal is not None:
            lines += _looked_for(found)
        lines.append(
            "Das Hauptbuch stimmt. / The ledger holds."
            if proof.holds and not missing
            else "Das Hauptbuch stimmt NICHT. / The ledger does NOT hold."
        )
        out.write("\n".join(lines) + "\n")
    return DONE if proof.holds and not missing else FAILED


def _as_row(seal: Seal | None) -> dict[str, object] | None:
    if seal is None:
        return None
    at = seal.at.astimezone(UTC).isoformat()
    return {"no": seal.no, "at": at, "hash": seal.hash.hex()}


def _sealed(newest: Seal | None, later: Mapping[str, int]) -> Iterator[str]:
    if newest is None:
        yield "Noch kein Siegel. / No seal yet."
    else:
        at = newest.at.astimezone(BERLIN).strftime("%d.%m.%Y, %H:%M:%S")
        yield f"Neuestes Siegel, Nr. {newest.no} / newest seal, no. {newest.no} ({at}):"
        yield f"  {fours(newest.hash)}"
    if later:
        rows = ", ".join(f"{name} {count}" for name, count in sorted(later.items()))
        yield f"Noch nicht gesiegelt / not sealed yet: {rows}"


def _looked_for(found: Seal | None) -> Iterator[str]:
    if found is not None:
        yield (
            f"Das genannte Siegel ist Nr. {found.no}: Alles bis dahin ist unverändert, soweit"
            " alle Prüfungen bestanden sind. /"
        )
        yield (
            f"The seal you named is no. {found.no}: all before it is unchanged, provided"
            " every check above holds."
        )
    else:
        yield (
            "Das genannte Siegel fehlt: Die Geschichte dieses Hauptbuchs wurde neu geschrieben"
            " oder ihr Ende abgeschnitten. /"
        )
        yield (
            "The seal you named is missing: this ledger's history was rewritten or its end"
            " was cut off."
        )
