"""The golden pictures of the screen."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures do not depend on the settings of whoever runs the tests."""
    for name in ("NO_COLOR", "COLORTERM", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Compare a picture with the one kept under its name; --update-golden keeps it instead."""

    def compare(name: str, picture: str, folder: Path = GOLDEN) -> None:
        kept = folder / f"{name}.svg"
        if request.config.getoption("--update-golden"):
            kept.write_text(picture, encoding="utf-8")
        assert kept.exists(), f"no picture {kept.name}; look at it and use --update-golden"
        new = kept.with_suffix(".new.svg")
        if picture != kept.read_text(encoding="utf-8"):
            new.write_text(picture, encoding="utf-8")
            pytest.fail(f"{kept.name} looks different; see {new}", pytrace=False)
        new.unlink(missing_ok=True)

    return compare
