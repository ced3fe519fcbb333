"""The floors hold: by the import graph, and by what a fresh interpreter really loads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("accounts", "cards", "banking", "reports", "kiosk")

_LOADS = """
import importlib, json, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if ".migrations.versions" not in module.name and not module.name.endswith(".migrations.env"):
        importlib.import_module(module.name)
print(json.dumps([package.__file__, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def loaded_by(package: str) -> tuple[Path, set[str]]:
    """Where a package lies and every top module that importing all of it loads."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _LOADS, package],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    place, modules = json.loads(done.stdout.splitlines()[-1])
    return Path(place), set(modules)


FORBIDDEN = {
    "banking": {"textual", "smartcard", "reportlab", "cards", "kiosk", "reports"},
    "reports": {"textual", "smartcard", "fints", "cards", "kiosk", "banking"},
    "accounts": {"textual", "smartcard", "fints", "reportlab", "cards", "banking", "reports",
                 "kiosk"},
    "cards": {"textual", "sqlalchemy", "alembic", "fints", "reportlab", "accounts", "banking",
              "reports", "kiosk"},
}  # fmt: skip


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_floor_loads_nothing_of_the_floors_above_or_beside_it(package: str) -> None:
    place, modules = loaded_by(package)
    assert place.parent == ROOT / package
    assert modules & FORBIDDEN[package] == set()


def test_each_of_the_five_packages_is_ours() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                "import json, accounts, cards, banking, reports, kiosk;"
                " print(json.dumps([m.__file__ for m in (accounts, cards, banking, reports, kiosk)]))"
            ),
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        timeout=120,
    )
    assert json.loads(told.stdout) == [str(ROOT / name / "__init__.py") for name in PACKAGES]


def test_the_import_contracts_hold() -> None:
    command = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
