"""``[bank]`` in the settings: an access is whole or an error in words."""

from pathlib import Path
from typing import Any

import pytest

from accounts.settings import SettingsError
from accounts.settings_bank import BankSettings, FintsSettings, read_bank

ACCESS = {
    "url": "https://bank.example/fints",
    "blz": "12345678",
    "user": "schule",
    "product": "0123456789",
    "state": "/var/lib/mensakasse/bank.state",
}


def test_an_access_is_read() -> None:
    told = read_bank({**ACCESS, "ibans": ["de87 1234 5678 1234 5678 90"], "ca_file": "/ca.pem"})
    assert told.fints == FintsSettings(
        **{**ACCESS, "state": Path(ACCESS["state"])},  # type: ignore[arg-type]  # told by name
        ibans=("DE87123456781234567890",),
        ca_file=Path("/ca.pem"),
    )


def test_a_folder_alone_is_enough() -> None:
    assert read_bank({"folder": "/srv/sfirm"}) == BankSettings(folder=Path("/srv/sfirm"))


def test_the_user_is_not_shown() -> None:
    assert "schule" not in repr(read_bank(dict(ACCESS)))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"product": ""}, "Kreditwirtschaft"),
        ({"product": "X" * 26}, "25"),
        ({"url": "http://bank.example/fints"}, "https"),
        ({"url": "ftp://localhost/fints"}, "https"),
        ({"blz": "1234567"}, "eight"),
        ({"user": ""}, "user"),
        ({"statements": "pdf"}, "statements"),
        ({"overlap_days": 9}, "overlap_days"),
        ({"tan_minutes": 0}, "tan_minutes"),
        ({"ibans": [1]}, "ibans"),
        ({"pin": "12345"}, "pin"),
        ({"cap_cents": 0}, "cap_cents"),
        ({"url": 7}, "url"),
    ],
)
def test_what_cannot_be_an_access_is_an_error_in_words(change: dict[str, Any], word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        read_bank({**ACCESS, **change})


def test_a_test_bank_beside_us_needs_no_tls() -> None:
    assert read_bank({**ACCESS, "url": "http://127.0.0.1:3111/"}).fints is not None
