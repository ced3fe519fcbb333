"""aqbanking, a FinTS client in C by others, set up in a folder of its own and asked for lines.

It asks whether to trust the bank's certificate at every call, and for the TAN; both are answered
as a person would, at its prompts.
"""

import csv
import datetime as dt
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pexpect
from bank_stage import NUMBER, PIN, TAN, USER, BankStage

_ACCOUNT = "2"
"""aqbanking's own number of the first account it is told of."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line as aqbanking has it."""

    day: dt.date
    cents: int
    name: str
    iban: str
    purpose: str
    end_to_end: str


@dataclass(frozen=True, slots=True)
class Aqbanking:
    """One installation, in ``folder``, for one bank."""

    folder: Path
    bank: BankStage

    def set_up(self, *, camt: bool = False) -> None:
        """Add the user and learn the bank's parameters and accounts."""
        self.folder.mkdir()
        (self.folder / "pins").write_text(f'PIN_{self.bank.blz}_{USER} = "{PIN}"\n')
        who = ["-u", USER, "-c", USER, "-N", "Schulamt", "-b", self.bank.blz]
        how = ["-t", "pintan", "--context=1", "-s", self.bank.url, "--hbciversion=300"]
        self._tool("adduser", *how, *who)
        self._tool("getbankinfo", "-u", "1")
        self._tool("getsysid", "-u", "1")
        self._tool("setitanmode", "-u", "1", "-m", "6930")
        self._tool("getaccounts", "-u", "1")
        if camt:  # it decides at getaccounts what can be asked of an account
            self._tool("addaccountflags", "-a", _ACCOUNT, "-f", "preferCamtDownload")
            self._tool("getaccounts", "-u", "1")

    def fetch(self, first: dt.date) -> list[Row]:
        """The lines from that day on, in its own order."""
        kept = f"lines-{first:%Y%m%d}.ctx"
        where = ["-b", self.bank.blz, "-a", NUMBER]
        what = ["--transactions", "--balance", "-c", kept, f"--fromdate={first:%Y%m%d}"]
        self._run("aqbanking-cli", "-D", "config", "-P", "pins", "request", *where, *what)
        words = ["export", "-c", kept, "--exporter=csv", "--profile=full"]
        told = subprocess.run(
            ["aqbanking-cli", "-D", "config", *words],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            check=True,
        ).stdout.decode()
        return [_row(values) for values in csv.DictReader(told.splitlines(), delimiter=";")]

    def _tool(self, *words: str) -> None:
        self._run("aqhbci-tool4", "-D", "config", "-P", "pins", *words)

    def _run(self, program: str, *words: str) -> None:
        said = []
        talk = pexpect.spawn(
            program,
            list(words),
            cwd=str(self.folder),
            env=self._environment(),
            encoding="utf-8",
            codec_errors="replace",
            timeout=60,
        )
        while True:
            asked = talk.expect(["Please enter your choice:", "Input:", pexpect.EOF])
            said.append(talk.before or "")
            if asked == 2:
                break
            talk.sendline(["1", TAN][asked])
        talk.close()
        assert talk.exitstatus == 0, f"{program} {words[4]}: {''.join(said)[-2000:]}"

    def _environment(self) -> "os._Environ[str]":
        quiet = dict.fromkeys(("AQBANKING_LOGLEVEL", "AQHBCI_LOGLEVEL", "GWEN_LOGLEVEL"), "error")
        return {**os.environ, **quiet, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}  # type: ignore[return-value]  # pexpect's stub wants the very class


def _row(values: dict[str, str]) -> Row:
    numerator, _, denominator = values["value_value"].partition("/")
    pieces = [values["purpose"], *(values[f"purpose{at}"] for at in range(1, 12))]
    return Row(
        dt.date.fromisoformat(values["date"].replace("/", "-")),
        int(numerator) * 100 // int(denominator or 1),
        values["remoteName"],
        values["remoteIban"],
        " ".join(piece for piece in pieces if piece),
        values["endToEndReference"],
    )
