"""``python -m banking.testbank [--port N] [--folder DIR] [--start FILE]``: a bank until told to end.

Its first line on stdout is a JSON object with url, ca_file, blz, bic, banner and the users' names.
After that every line on stdin is a command (`banking.testbank.control`) and every further line on
stdout its answer. It ends with its stdin, so it does not outlive who started it; started from a
terminal that is Ctrl-D.

``--folder`` keeps the certificates, state.json and log.jsonl; a bank started there again knows
what the last one knew. Without it a temporary folder goes with the bank. ``--start`` is a JSON file
with users (name, pin, tan, accounts), manners and faults for a new folder; without it there is
one made-up user "schule" with PIN 12345 and TAN 123456.
"""

import argparse
import datetime as dt
import json
import sys
import tempfile
import threading
import zoneinfo
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from banking.testbank import NAME, control
from banking.testbank.bank import Bank
from banking.testbank.parameters import BIC, BLZ
from banking.testbank.server import Door
from banking.testbank.tls import make_certificates

GERMANY = zoneinfo.ZoneInfo("Europe/Berlin")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a bank on loopback; 2 where it could not start."""
    parser = argparse.ArgumentParser(prog="python -m banking.testbank", description=NAME)
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; 0 takes a free one")
    parser.add_argument("--folder", type=Path, help="keeps certificates, state and log")
    parser.add_argument("--start", type=Path, help="users, manners and faults as JSON")
    words = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="testbank-") as passing:
        return _run(words.port, words.folder or Path(passing), words.start)


def _run(port: int, folder: Path, start: Path | None) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = folder / "state.json"
    try:
        state = control.SAMPLE
        if kept.exists() or start is not None:
            state = json.loads((kept if kept.exists() else start or kept).read_text())
        if not (folder / "ca.pem").exists():
            make_certificates(folder, now=_now())
        with Door(port, folder) as door:
            bank = Bank(door.url, _now, lambda: _now().astimezone(GERMANY).date())
            control.fill(bank, state)
            door.bank = bank
            _serve(door, bank, folder)
    except (OSError, KeyError, TypeError, ValueError) as trouble:
        print(f"testbank: {trouble}", file=sys.stderr)  # noqa: T201 (a program's own word)
        return 2
    return 0


def _serve(door: Door, bank: Bank, folder: Path) -> None:
    thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        hello = {
            "url": door.url,
            "ca_file": str((folder / "ca.pem").resolve()),
            "blz": BLZ,
            "bic": BIC,
            "banner": NAME,
            "users": sorted(bank.users),
        }
        _write(sys.stdout, hello)
        _listen(sys.stdin, door, bank, folder)
    finally:
        door.released.set()
        door.shutdown()
        thread.join()
        _keep(bank, folder)


def _listen(commands: IO[str], door: Door, bank: Bank, folder: Path) -> None:
    for line in commands:
        try:
            command = json.loads(line)
        except ValueError:
            command = None
        if not isinstance(command, dict):
            _write(sys.stdout, {"error": "a command is one JSON object in one line"})
            continue
        if command.get("do") in {"behave", "reset"}:
            door.released.set()
        answer = control.obey(bank, command)
        _keep(bank, folder)
        _write(sys.stdout, answer)


def _keep(bank: Bank, folder: Path) -> None:
    with bank.lock:
        state = control.obey(bank, {"do": "keep"})["ok"]
        log = "".join(json.dumps(entry) + "\n" for entry in bank.log)
    for name, text in (("state.json", json.dumps(state, indent=1)), ("log.jsonl", log)):
        new = folder / f"{name}.new"
        new.write_text(text)
        new.replace(folder / name)


def _write(stream: IO[str], value: Mapping[str, Any]) -> None:
    stream.write(json.dumps(value) + "\n")
    stream.flush()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


if __name__ == "__main__":
    sys.exit(main())
