"""docs/office.md says only what can be run: its commands are run, in its order."""

import re
import shlex
from pathlib import Path

import pytest
from desk import Office

PAGE = Path(__file__).parents[2] / "docs" / "office.md"
FENCES = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_offices_page_leads_from_nothing_to_a_ledger_that_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, capsys, monkeypatch)
    # A PIN twice; then four passwords twice each when they are made, and once at each sign-in.
    office.sit_down("2468", "2468", *["rosa elefant am see"] * 16)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    for kind, name, text in FENCES.findall(PAGE.read_text("utf-8")):
        if name:
            office.write(name, text)
        elif kind == "sh":
            for line in text.splitlines():
                command, *words = shlex.split(line, comments=True)
                assert command == "mensa"
                said.append(office.done(*words))
    assert len(said) > 20
    assert "Das Hauptbuch stimmt." in said[-1]
