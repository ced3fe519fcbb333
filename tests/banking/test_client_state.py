"""What a fetch leaves for the next one: sealed, whole, for one process, and never a PIN."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.bank_vault import BankVault
from banking.client_state import Busy, ClientState, Unreadable, hold
from banking.fetch_pipe import Order, Wanted
from banking.fetch_troubles import Code, FetchTrouble, Moment, judge

VAULT = BankVault(b"the secret of a city of tests")
STATE = ClientState(b"system id and parameters", pin_refused=True, locked=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "bank.state"


def test_what_was_left_is_found_again(path: Path) -> None:
    with hold(path, VAULT, access="one") as file:
        assert file.read() == ClientState()
        file.write(STATE)
        assert file.read() == STATE
    with hold(path, VAULT, access="one") as file:
        assert file.read() == STATE


def test_it_lies_sealed_and_for_its_owner_alone(path: Path) -> None:
    with hold(path, VAULT, access="one") as file:
        file.write(STATE)
    assert b"system id" not in path.read_bytes()
    assert b"pin_refused" not in path.read_bytes()
    modes = {it.stat().st_mode & 0o077 for it in (path, path.parent)}
    assert modes == {0}


@pytest.mark.parametrize(
    ("vault", "access"), [(BankVault(b"another city's secret"), "one"), (VAULT, "two")]
)
def test_another_secret_or_access_opens_nothing(path: Path, vault: BankVault, access: str) -> None:
    with hold(path, VAULT, access="one") as file:
        file.write(STATE)
    with hold(path, vault, access=access) as file, pytest.raises(Unreadable):
        file.read()


@given(at=st.integers(min_value=0), to=st.integers(0, 255))
def test_a_changed_byte_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, at: int, to: int
) -> None:
    path = tmp_path_factory.mktemp("state") / "bank.state"
    with hold(path, VAULT, access="one") as file:
        file.write(STATE)
        raw = bytearray(path.read_bytes())
        at %= len(raw)
        changed, raw[at] = raw[at] != to, to
        path.write_bytes(raw)
        if changed:
            with pytest.raises(Unreadable):
                file.read()
        else:
            assert file.read() == STATE


def test_one_process_at_a_time_holds_it_and_its_death_lets_go(path: Path) -> None:
    words = (
        "import sys; from pathlib import Path; from accounts.bank_vault import BankVault\n"
        "from banking.client_state import hold\n"
        "with hold(Path(sys.argv[1]), BankVault(bytes(16)), access='one'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", words, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(Busy), hold(path, VAULT, access="one"):
            pass
        other.kill()
        other.wait()
        with hold(path, VAULT, access="one") as file:
            assert file.read() == ClientState()


def test_an_order_shows_neither_pin_nor_user() -> None:
    wanted = (Wanted("DE87123456781234567890", date(2026, 1, 1), date(2026, 1, 2)),)
    order = Order("https://bank", "12345678", "schule", "98765", "X", wanted, state=b"state")
    assert "98765" not in repr(order)
    assert "schule" not in repr(order)
    assert Order.from_line(order.to_line()) == order


CODES = st.from_regex("[039][0-9]{3}", fullmatch=True)


@given(codes=st.lists(CODES, max_size=5), moment=st.sampled_from(Moment))
def test_no_error_is_ever_taken_for_an_answer(codes: list[str], moment: Moment) -> None:
    said = [Code(it, "") for it in codes]
    errors = any(it.startswith("9") for it in codes)
    if moment is not Moment.END:
        assert (judge(said, moment) is not None) == (errors or bool({"3938", "3931"} & set(codes)))


@pytest.mark.parametrize(
    ("codes", "moment", "trouble"),
    [
        ("9050 9800 9931", Moment.LOGIN, FetchTrouble.WRONG_PIN),
        ("9050 9340", Moment.ORDER, FetchTrouble.WRONG_PIN),
        ("9942", Moment.TAN, FetchTrouble.WRONG_PIN),
        ("9050 9800 3938", Moment.LOGIN, FetchTrouble.LOCKED),
        ("9050 9941", Moment.TAN, FetchTrouble.WRONG_TAN),
        ("9050 9951", Moment.TAN, FetchTrouble.TAN_TOO_LATE),
        ("9800 9010 9120", Moment.POLL, FetchTrouble.TAN_TOO_LATE),
        ("9050 9210", Moment.POLL, FetchTrouble.APPROVAL_REFUSED),
        ("9050 9800 9391", Moment.LOGIN, FetchTrouble.SYSTEM_ID),
        ("3079 9078 9010 9050 9800", Moment.LOGIN, FetchTrouble.PRODUCT),
        ("9050 9075", Moment.ORDER, FetchTrouble.MECHANISM),
        ("9050 9010", Moment.LOGIN, FetchTrouble.LOGIN_REFUSED),
        ("9050 9210", Moment.ORDER, FetchTrouble.ORDER_REFUSED),
        ("3060 3010", Moment.ORDER, None),
        ("9800", Moment.END, None),
    ],
)
def test_what_banks_were_seen_to_say_means(
    codes: str, moment: Moment, trouble: FetchTrouble | None
) -> None:
    assert judge([Code(it, "") for it in codes.split()], moment) is trouble


def test_a_pin_that_is_locked_is_told_apart_by_the_banks_words() -> None:
    said = [Code("9931", "Ihr Zugang ist gesperrt.")]
    assert judge(said, Moment.LOGIN) is FetchTrouble.LOCKED


@pytest.mark.parametrize(
    ("code", "said", "trouble"),
    [
        ("9210", "Anmeldename oder PIN ist falsch.", FetchTrouble.WRONG_PIN),
        ("9010", "PIN ungültig", FetchTrouble.WRONG_PIN),
        ("9210", "Kundenkennung unbekannt", FetchTrouble.WRONG_PIN),
        ("9010", "Verarbeitung nicht möglich", FetchTrouble.LOGIN_REFUSED),
        ("9075", "Anmeldename: starke Authentifizierung nötig", FetchTrouble.MECHANISM),
    ],
)
def test_a_login_refused_in_words_of_the_pin_is_a_refused_pin(
    code: str, said: str, trouble: FetchTrouble
) -> None:
    told = [Code("9050", "Die Nachricht enthält Fehler."), Code(code, said)]
    assert judge(told, Moment.LOGIN) is trouble


def test_a_state_without_the_newest_mark_is_still_read(path: Path) -> None:
    with hold(path, VAULT, access="one") as file:
        old = {"client": None, "pin_refused": True, "locked": False}
        sealed = VAULT.seal_state(json.dumps(old).encode(), bound=b"client state of one")
        path.write_bytes(sealed)
        assert file.read() == ClientState(pin_refused=True)
