"""`mensa demo` without a terminal: the whole lunch by script, as one object or as a table."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.pcsc

ROOT = Path(__file__).parents[2]
PATIENCE = 300


def demo(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kiosk", "demo", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def rules(line: dict[str, Any]) -> list[str]:
    return [went["rule"] for went in line["went"]]


def test_the_lunch_by_script_is_one_object_that_proves_itself() -> None:
    done = demo("--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    told = json.loads(done.stdout)
    taps = {(tap["part"], tap["outcome"], tap["reason"]) for tap in told["taps"]}
    assert {
        ("paying child", "served", None),
        ("subsidised child", "served", None),
        ("empty balance, within the floor", "served", None),
        ("empty balance, beyond the floor", "refused", "balance"),
        ("second lunch", "refused", "already_eaten"),
        ("unknown card", "refused", "unknown"),
        ("a copy: number and content, no key", "refused", "proof"),
        ("a card with nothing but a number", "refused", "proof"),
        ("a telephone", "card_not_read", "random uid"),
        ("a lost card, blocked", "refused", "blocked"),
        ("a lost card, replaced", "refused", "replaced"),
        ("the card in its place", "served", None),
        ("staff void that charge", "voided", None),
        ("balance enquiry", "balance_shown", None),
        ("the reader vanishes", "reader_down", "no service"),
        ("the reader comes back", "reader_up", None),
        ("the next child in the queue", "served", None),
    } <= taps
    for tap in told["taps"]:
        assert {"card", "outcome", "reason"} <= set(tap)
        assert isinstance(tap["card"], str)
        assert isinstance(tap["outcome"], str)
    (copy,) = (tap for tap in told["taps"] if tap["part"].startswith("a copy"))
    assert copy["detail"] == "wrong_key"
    kinds = [alert["kind"] for alert in told["alerts"]]
    assert kinds == ["wrong_key", "blocked_shown", "replaced_shown"]
    assert told["outcomes"] == sorted({tap["outcome"] for tap in told["taps"]})
    assert type(told["entries"]) is int
    assert told["proof"]["balanced"] is True
    assert told["proof"]["holds"] is True
    assert told["proof"]["waiting"] == 0
    assert told["proof"]["failures"] == []
    assert all(count >= 0 for count in told["proof"]["checked"].values())
    came = [
        (line["part"], line["amount"], rules(line), line["rest"]) for line in told["bank"]["lines"]
    ]
    assert came == [
        ("reference as printed", "35.00", ["code"], "0.00"),
        ("the same money comes back", "-35.00", ["return"], "0.00"),
        ("twins: the same transfer twice", "20.00", ["code"], "0.00"),
        ("twins: the same transfer twice", "20.00", ["code"], "0.00"),
        ("siblings in one transfer", "50.00", ["household", "household"], "0.00"),
        ("reference mistyped", "25.00", ["suggested"], "0.00"),
        ("nobody knows whose", "15.00", [], "15.00"),
        ("reference as printed", "40.00", ["code"], "0.00"),
    ]
    (account,) = told["bank"]["accounts"]
    assert account["days"] == 3
    assert account["balance"] == "1170.00"
    assert account["unequal"] == []
    assert told["bank"]["ledger_equals_bank"] is True
    assert (told["bank"]["queue"], told["bank"]["suspense"]) == (1, "15.00")
    balances = told["balances"]
    assert balances["paying"] == "20.80"
    assert balances["subsidised"] == "25.00"
    assert balances["empty balance"] == "-4.20"
    assert balances["beyond the floor"] == "-14.00"
    assert balances["lost card"] == "12.00"
    assert balances["new card"] == "14.30"
    assert balances["card by number"] == "9.00"


def test_without_json_the_same_lunch_is_a_table_for_people() -> None:
    done = demo()
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for words in (
        "second lunch",
        "Kontostände / balances",
        "Kopie?",
        "stimmt / holds",
        "Ein Tag bei der Bank",
    ):
        assert words in done.stdout
