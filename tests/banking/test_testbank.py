"""The test bank as a process, met over TLS by python-fints: dialogs, TANs, pages, faults.

python-fints is here the foreigner that judges the bank; what the product makes of it is tested
beside `banking.fetching`.
"""

import base64
import contextlib
import datetime as dt
import json
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
import requests
from bank_stage import IBAN, NUMBER, OPENING, PIN, TAN, USER, BankStage, open_bank
from fints.client import FinTS3PinTanClient, NeedTANResponse
from fints.exceptions import FinTSClientPINError, FinTSClientTemporaryAuthError, FinTSError

from banking.testbank.codec import make, parse
from banking.testbank.envelope import open_request, seal_answer
from banking.testbank.process import run_bank

TODAY = dt.date(2026, 3, 9)
FIRST = TODAY - dt.timedelta(days=30)
DAY = dt.date(2026, 3, 5)


@pytest.fixture
def bank(bank: BankStage) -> BankStage:
    """A bank on a fixed day with five lines on three days."""
    bank.today(TODAY)
    for cents, days in ((3500, 4), (2000, 4), (2000, 4), (-1500, 3), (50, 1)):
        bank.book(TODAY - dt.timedelta(days=days), cents, "K7M-4XP", name="Müller")
    return bank


def client(bank: BankStage, pin: str = PIN, kept: bytes | None = None) -> FinTS3PinTanClient:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = FinTS3PinTanClient(bank.blz, USER, pin, bank.url, product_id="TEST", from_data=kept)
    session = made.connection.session
    session.trust_env, session.verify = False, str(bank.ca_file)
    session.mount("https://", _Impatient())
    return made


class _Impatient(requests.adapters.HTTPAdapter):
    """Gives up after a second where the bank was told to be silent."""

    seconds = 20.0

    def send(self, request: Any, **more: Any) -> requests.Response:  # type: ignore[override]  # wider
        return super().send(request, **{**more, "timeout": self.seconds})


class Fetch:
    """One fetch: how many lines, and every code the bank said."""

    def __init__(self, bank: BankStage, *, tan: str = TAN, kept: bytes | None = None) -> None:
        self.codes: list[str] = []
        self.challenges: list[str] = []
        self._tan = tan
        made = client(bank, kept=kept)
        made.add_response_callback(lambda _, response: self.codes.append(response.code))
        made.fetch_tan_mechanisms()
        mechanism = bank.manners()["mechanisms"][0]
        made.set_tan_mechanism(mechanism)
        if bank.manners()["media"]:
            made.set_tan_medium(made.get_tan_media()[1][0])
        with made:
            self._through(made, made.init_tan_response)
            account = made.get_sepa_accounts()[0]
            balance = made.get_balance(account)
            self.balance = balance.amount.amount if balance else None
            self.lines = self._lines(made, account, bank)
        self.kept = made.deconstruct(including_private=True)

    def _lines(self, made: FinTS3PinTanClient, account: Any, bank: BankStage) -> int:
        if "camt" in bank.manners()["formats"]:
            got = made.get_transactions_xml(account, FIRST, TODAY)
            got = self._through(made, got)
            return sum(raw.count(b"<Ntry>") for raw in got[0]) if got else 0
        got = self._through(made, made.get_transactions(account, FIRST, TODAY))
        return len(got)

    def _through(self, made: FinTS3PinTanClient, answer: Any) -> Any:
        for _ in range(8):
            if not isinstance(answer, NeedTANResponse):
                break
            self.challenges.append(answer.challenge)
            answer = made.send_tan(answer, self._tan)
        return answer


@pytest.mark.parametrize(
    ("formats", "page", "sca"),
    [
        (["camt"], 0, "never"),
        (["camt", "mt940"], 2, "statement"),
        (["mt940"], 0, "statement"),
        (["mt940"], 2, "never"),
    ],
)
def test_every_line_is_fetched_whatever_the_format_the_pages_and_the_tan(
    bank: BankStage, formats: list[str], page: int, sca: str
) -> None:
    bank.manners(formats=formats, page=page, sca=sca)
    fetched = Fetch(bank)
    assert fetched.lines == 5
    assert len(fetched.challenges) == (sca == "statement")
    assert fetched.balance is not None
    assert int(fetched.balance * 100) == OPENING + 6050


@pytest.mark.parametrize(
    ("sca", "mechanism"),
    [("login", "930"), ("login", "946"), ("statement", "946"), ("old", "930")],
)
def test_a_tan_is_asked_where_the_bank_wants_one(bank: BankStage, sca: str, mechanism: str) -> None:
    bank.manners(sca=sca, mechanisms=[mechanism], page=2)
    fetched = Fetch(bank)
    assert fetched.lines == 5
    if sca == "old":  # 30 days back are not 90
        assert fetched.challenges == []
    elif mechanism == "946":
        assert len(fetched.challenges) == 3  # asked once, answered at the third question
        assert {"3955", "3956"} <= {code for entry in bank.log() for code in entry["codes"]}
    else:
        assert len(fetched.challenges) == 1
        assert TAN in fetched.challenges[0]


def test_a_named_medium_is_wanted_where_the_user_has_some(bank: BankStage) -> None:
    bank.manners(media=["Handy Schulamt", "Handy Vertretung"], sca="statement")
    assert Fetch(bank).lines == 5


@pytest.mark.parametrize("tan", ["000000", ""])
def test_a_wrong_tan_brings_9941_and_no_lines(bank: BankStage, tan: str) -> None:
    bank.manners(sca="statement")
    fetched = Fetch(bank, tan=tan)
    assert "9941" in fetched.codes
    assert fetched.lines == 0


def test_a_tan_whose_time_is_over_is_refused(bank: BankStage) -> None:
    bank.manners(sca="statement")
    made = client(bank)
    made.fetch_tan_mechanisms()
    with made:
        account = made.get_sepa_accounts()[0]
        asked = made.get_transactions_xml(account, FIRST, TODAY)
        assert [one["what"] for one in bank.approvals()] == ["HKCAZ"]
        bank.expire()
        made.send_tan(asked, TAN)
    assert "9941" in bank.log()[-2]["codes"]


@pytest.mark.parametrize(("yes", "code"), [(True, "0020"), (False, "9941")])
def test_a_person_answers_in_the_app(bank: BankStage, *, yes: bool, code: str) -> None:
    bank.manners(sca="statement", mechanisms=["946"], polls=None)
    made = client(bank)
    made.fetch_tan_mechanisms()
    with made:
        asked = made.get_transactions_xml(made.get_sepa_accounts()[0], FIRST, TODAY)
        assert isinstance(made.send_tan(asked, ""), NeedTANResponse)
        assert bank.approve(yes=yes) == 1
        with contextlib.suppress(FinTSError):  # its word for a refusal
            made.send_tan(asked, "")
    assert code in bank.log()[-2]["codes"]
    assert bank.approvals() == []


def test_three_wrong_pins_lock_the_user_until_the_bank_unlocks_him(bank: BankStage) -> None:
    for _ in range(3):
        with pytest.raises(FinTSClientPINError):
            client(bank, "99999").fetch_tan_mechanisms()
    with pytest.raises(FinTSClientTemporaryAuthError):
        client(bank).fetch_tan_mechanisms()
    assert bank.pin_tries() == ["wrong", "wrong", "wrong", "locked"]
    bank.unlock()
    assert Fetch(bank).lines == 5


def test_a_right_pin_clears_the_count(bank: BankStage) -> None:
    for pin in ("99999", "99999", PIN, "99999", "99999", PIN):
        made = client(bank, pin)
        if pin == PIN:
            made.fetch_tan_mechanisms()
        else:
            with pytest.raises(FinTSClientPINError):
                made.fetch_tan_mechanisms()
    assert bank.running.tell("users")[USER]["failures"] == 0


def test_a_forgotten_system_id_is_refused_with_9391(bank: BankStage) -> None:
    kept = Fetch(bank).kept
    bank.manners(stranger="renew")
    assert Fetch(bank, kept=kept).lines == 5
    bank.forget_devices()
    with pytest.raises(FinTSError):
        Fetch(bank, kept=kept)
    assert any("9391" in entry["codes"] for entry in bank.log())


def test_a_device_that_passed_a_tan_is_not_asked_again(bank: BankStage) -> None:
    bank.manners(stranger="tan")
    first = Fetch(bank)
    assert len(first.challenges) == 1
    assert Fetch(bank, kept=first.kept).challenges == []
    bank.forget_devices()
    assert len(Fetch(bank, kept=first.kept).challenges) == 1


def test_bookings_appear_between_two_fetches(bank: BankStage) -> None:
    assert Fetch(bank).lines == 5
    bank.book(TODAY, 99, "instant", gvc="168", text="ECHTZEIT-GUTSCHRIFT")
    assert Fetch(bank).lines == 6
    assert bank.balances()[TODAY] == OPENING + 6050 + 99


def test_what_is_older_than_the_bank_keeps_is_not_there(bank: BankStage) -> None:
    bank.book(TODAY - dt.timedelta(days=20), 1, "old")
    bank.manners(storage_mt940=10, formats=["mt940"])
    assert Fetch(bank).lines == 5
    bank.manners(formats=["camt"])
    assert Fetch(bank).lines == 6


def test_a_line_dated_ahead_is_shown_and_not_in_todays_balance(bank: BankStage) -> None:
    bank.book(TODAY + dt.timedelta(days=2), 700, "ahead")
    fetched = Fetch(bank)
    assert fetched.lines == 6
    assert fetched.balance is not None
    assert int(fetched.balance * 100) == OPENING + 6050


@pytest.mark.parametrize(("inside", "shown"), [(False, 5), (True, 6)])
def test_a_pending_line_is_booked_later_with_other_words(
    bank: BankStage, *, inside: bool, shown: int
) -> None:
    bank.manners(pending_inside=inside)
    number = bank.book(TODAY, 900, "VORGEMERKT", pending=True)
    assert Fetch(bank).lines == shown
    assert TODAY not in bank.balances()
    bank.change(number, pending=False, day=TODAY - dt.timedelta(days=1), purpose="K7M-4XP")
    assert Fetch(bank).lines == 6
    assert bank.balances()[TODAY - dt.timedelta(days=1)] == OPENING + 6050 + 900


def test_a_bank_may_switch_from_mt940_to_camt(bank: BankStage) -> None:
    bank.manners(formats=["mt940"])
    kept = Fetch(bank).kept
    bank.manners(formats=["camt"])
    assert Fetch(bank, kept=kept).lines == 5


def test_a_refused_order_has_the_code_that_was_wished(bank: BankStage) -> None:
    bank.fault("code", on="HKCAZ", code="9210")
    fetched = Fetch(bank)
    assert "9210" in fetched.codes
    assert fetched.lines == 0
    assert Fetch(bank).lines == 5


@pytest.mark.parametrize(
    ("fault", "lines"),
    [("repeated_page", 7), ("lost_page", 3), ("more_without_data", 5), ("lost_line", 4)],
)
def test_pages_go_wrong_once_and_then_right(bank: BankStage, fault: str, lines: int) -> None:
    bank.manners(page=2)
    bank.fault(fault, on="HKCAZ", skip=int(fault == "lost_line"))
    assert Fetch(bank).lines == lines
    assert Fetch(bank).lines == 5


@pytest.mark.parametrize(("formats", "code"), [(["camt"], "3010"), (["mt940"], "3010")])
def test_a_day_without_lines_is_3010_or_an_empty_document(
    tmp_path: Path, formats: list[str], code: str
) -> None:
    with open_bank(tmp_path / "empty") as bare:
        bare.today(TODAY)
        bare.manners(formats=formats)
        assert code in Fetch(bare).codes
        if formats == ["camt"]:
            bare.manners(empty_day="document")
            fetched = Fetch(bare)
            assert code not in fetched.codes
            assert fetched.lines == 0


LINE_FAULTS = [
    "reset",
    "reset_unheard",
    "http_500",
    "html_page",
    "truncated_body",
    "cut_short",
    "empty_body",
    "not_base64",
    "wrong_number",
    "refused_number",
    "lost_dialog",
]


@pytest.mark.filterwarnings("ignore")  # python-fints warns of what it cannot read
@pytest.mark.parametrize("fault", LINE_FAULTS)
def test_the_bank_serves_on_after_a_fault_of_the_line(bank: BankStage, fault: str) -> None:
    bank.fault(fault, on="HKCAZ")
    try:
        lines = Fetch(bank).lines
    except Exception:  # noqa: BLE001 (whatever python-fints makes of it)
        lines = 0
    assert lines in {0, 5}
    assert bank.faults_waiting() == []
    assert fault in [entry["fault"] for entry in bank.log()]
    session = requests.Session()
    session.trust_env = False
    assert session.get(bank.url, verify=str(bank.ca_file), timeout=20).ok


def test_a_silent_bank_lets_go_when_it_behaves(bank: BankStage) -> None:
    bank.fault("timeout", on="HKCAZ")
    made = client(bank)
    made.fetch_tan_mechanisms()
    with contextlib.suppress(FinTSError), made:  # its goodbye goes unheard, too
        account = made.get_sepa_accounts()[0]
        adapter = made.connection.session.get_adapter("https://")
        adapter.seconds = 0.5
        with pytest.raises(FinTSError):
            made.get_transactions_xml(account, FIRST, TODAY)
    bank.behave()
    assert Fetch(bank).lines == 5


@pytest.fixture
def say(bank: BankStage) -> Callable[[bytes], bytes]:
    """Post bytes as they are and return the body as it is."""

    def post(body: bytes) -> bytes:
        session = requests.Session()
        session.trust_env = False
        return session.post(bank.url, data=body, verify=str(bank.ca_file), timeout=20).content

    return post


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"\x00\xff" * 50, base64.b64encode(b"HNHBK:1:3+'"), b"A" * 100_001],
)
def test_nonsense_is_answered_and_kills_nothing(
    bank: BankStage, say: Callable[[bytes], bytes], body: bytes
) -> None:
    say(body)
    assert Fetch(bank).lines == 5
    assert [entry for entry in bank.log() if "mistake" in entry] == []


def test_a_number_out_of_turn_ends_the_dialog(
    bank: BankStage, say: Callable[[bytes], bytes]
) -> None:
    def message(dialog: str, number: int) -> bytes:
        signature = make("HNSHK", 4, ("PIN", "1"), "999", number=2)
        if dialog == "0":
            inner = [make("HKIDN", 2, ("280", "1"), USER, "0", "1"), make("HKVVB", 3, "0", "0")]
        else:
            inner = [make("HKSPA", 1)]
        closing = make("HNSHA", 2, "1", "", PIN)
        sealed = seal_answer(
            [signature, *inner, closing], dialog=dialog, number=number, blz="1", function="999"
        )
        return base64.b64encode(sealed)

    first = open_request(base64.b64decode(say(message("0", 1))))
    say(message(first.dialog, 3))
    assert bank.log()[-1]["codes"] == ["9120", "9800"]
    say(message(first.dialog, 2))
    assert bank.log()[-1]["codes"] == ["9010", "9800"]


def test_a_connection_that_says_nothing_keeps_nobody_waiting(bank: BankStage) -> None:
    where = urlparse(bank.url)
    with socket.create_connection((where.hostname or "", where.port or 0)):
        assert Fetch(bank).lines == 5


def test_its_certificate_is_proved_by_its_own_authority_only(bank: BankStage) -> None:
    where = urlparse(bank.url)
    for trusted in (True, False):
        context = ssl.create_default_context(cafile=str(bank.ca_file) if trusted else None)
        raw = socket.create_connection((where.hostname or "", where.port or 0))
        try:
            if trusted:
                with context.wrap_socket(raw, server_hostname="localhost") as secured:
                    assert secured.version() in {"TLSv1.2", "TLSv1.3"}
            else:
                with pytest.raises(ssl.SSLCertVerificationError):
                    context.wrap_socket(raw, server_hostname="localhost")
        finally:
            raw.close()


def test_it_says_what_it_is(bank: BankStage) -> None:
    session = requests.Session()
    session.trust_env = False
    page = session.get(bank.url, verify=str(bank.ca_file), timeout=20)
    assert "keine Bank" in page.text
    assert "keine Bank" in page.headers["Server"]
    assert "keine Bank" in bank.running.banner


def test_a_restarted_bank_knows_its_books_and_its_customers(
    tmp_path: Path, bank: BankStage
) -> None:
    kept = Fetch(bank).kept
    folder = tmp_path / "again"
    with open_bank(folder) as first:
        first.book(DAY, 5, "one")
        first.manners(stranger="renew", page=3)
        first.today(TODAY)
        kept = Fetch(first).kept
        held, lines = first.manners(), first.lines()
    with run_bank(folder) as running:
        second = BankStage(running)
        second.today(TODAY)
        assert second.manners() == held
        assert second.lines() == lines
        assert Fetch(second, kept=kept).lines == 1
    text = (folder / "log.jsonl").read_text() + (folder / "state.json").read_text()
    assert f'"{PIN}"' not in text
    assert [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_wrong_command_is_refused_and_the_bank_goes_on(bank: BankStage) -> None:
    with pytest.raises(ValueError, match="no such command"):
        bank.running.tell("fly")
    with pytest.raises(ValueError, match="no such manner"):
        bank.manners(colour="green")
    with pytest.raises(ValueError, match="cents"):
        bank.book(DAY, 0)
    with pytest.raises(ValueError, match="KeyError"):
        bank.remove(4711)
    assert len(bank.lines()) == 5
    assert bank.lines()[0]["day"] == str(DAY)
    assert NUMBER
    assert IBAN


def test_every_answer_is_fints_syntax(bank: BankStage, say: Callable[[bytes], bytes]) -> None:
    assert [segment.code for segment in parse(base64.b64decode(say(b"aGVsbG8=")))] == [
        "HNHBK",
        "HIRMG",
        "HNHBS",
    ]


@pytest.fixture
def other_bank(tmp_path: Path) -> Iterator[BankStage]:
    """A second bank beside the first."""
    with open_bank(tmp_path / "other") as stage:
        yield stage


def test_two_banks_stand_side_by_side(bank: BankStage, other_bank: BankStage) -> None:
    assert bank.url != other_bank.url
    assert len(bank.lines()) == 5
    assert other_bank.lines() == []
