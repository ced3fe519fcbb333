"""Fetching from a bank, without a ledger: what comes in, who is asked, and what goes wrong.

Each test talks to the test bank over TLS; what the bank says of itself is what the fetch is
compared with.
"""

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bank_stage import IBAN, OPENING, PIN, TAN, USER, BankStage, open_bank
from fetch_stage import PLAIN, PRODUCT, TODAY, Fetcher, Person, children, silent, typing
from fints.dialog import FinTSDialog
from fints.formals import Response
from fints.segments.dialog import HIRMG2
from fints.types import SegmentSequence

from banking.asking import GaveUp, Reply
from banking.fetch_pipe import Order, Wanted
from banking.fetch_troubles import FetchTrouble
from banking.fetching import Fetched, Limits
from banking.fints_client import ONE_STEP, BankRefused, Client

LINES = 5


@pytest.fixture(scope="module")
def one_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankStage]:
    with open_bank(tmp_path_factory.mktemp("bank")) as bank:
        bank.today(TODAY)
        bank.book_all(
            [
                {
                    "day": TODAY - timedelta(days=LINES + 1 - no),
                    "cents": 100 * no,
                    "purpose": f"P{no}",
                }
                for no in range(1, LINES + 1)
            ]
        )
        yield bank


@pytest.fixture(scope="module")
def known_state(one_bank: BankStage) -> bytes:
    """What a first fetch leaves: the others need not be introduced to the bank again."""
    one_bank.manners(**PLAIN)
    fetcher = Fetcher(one_bank)
    assert fetcher.fetch().failure is None
    assert fetcher.state is not None
    return fetcher.state


@pytest.fixture
def bank(one_bank: BankStage) -> Iterator[BankStage]:
    one_bank.manners(**PLAIN)
    yield one_bank
    one_bank.behave()
    one_bank.unlock()


@pytest.fixture
def fetcher(bank: BankStage, known_state: bytes) -> Fetcher:
    return Fetcher(bank, known_state)


def _pages(fetched: Fetched) -> tuple[bytes, ...]:
    assert fetched.failure is None, fetched.failure
    assert fetched.refused == {}
    (statements,) = fetched.statements
    assert statements.iban == IBAN
    return statements.pages


def _booked(fetched: Fetched) -> int:
    """How many lines the documents hold."""
    return sum(page.count(b"<Ntry>") for page in _pages(fetched))


def _trouble(fetched: Fetched) -> FetchTrouble:
    """Why it failed; nothing came in."""
    assert fetched.statements == []
    failure = fetched.failure or next(iter(fetched.refused.values()))
    return failure.trouble


def _orders(bank: BankStage, since: int) -> list[str]:
    return [order["code"] for order in bank.orders(since)]


def _now(bank: BankStage) -> int:
    return len(bank.log())


def test_every_line_of_the_bank_comes_in_as_camt(fetcher: Fetcher) -> None:
    fetched = fetcher.fetch()
    assert fetched.accepted
    assert fetched.statements[0].family == "camt"
    assert _booked(fetched) == LINES


def test_a_second_fetch_is_known_to_the_bank(bank: BankStage) -> None:
    fetcher = Fetcher(bank)
    since = _now(bank)
    for _ in range(2):
        assert _booked(fetcher.fetch()) == LINES
    introduced = [entry for entry in bank.log(since) if "HKSYN" in str(entry["segments"])]
    assert len(introduced) == 1


def test_all_pages_come_in(bank: BankStage, fetcher: Fetcher) -> None:
    bank.manners(page=2)
    since = _now(bank)
    assert _booked(fetcher.fetch()) == LINES
    assert len(_orders(bank, since)) == 3


def test_mt940_is_asked_for_where_there_is_no_camt(bank: BankStage, fetcher: Fetcher) -> None:
    bank.manners(formats=["mt940"], page=2, cut_statements=True, per_day=False)
    fetched = fetcher.fetch()
    (text,) = _pages(fetched)
    assert fetched.statements[0].family == "mt940"
    assert text.count(b"\r\n:61:") == LINES
    assert (text.count(b"\r\n:60F:"), text.count(b"\r\n:62F:")) == (1, 1)


def test_the_settings_can_ask_for_mt940(fetcher: Fetcher) -> None:
    assert fetcher.fetch(statements="mt940").statements[0].family == "mt940"


def test_one_camt_version_is_asked_for_and_the_best(bank: BankStage, fetcher: Fetcher) -> None:
    bank.manners(camt_versions=["camt.052.001.02", "camt.052.001.08"], strict_formats=True)
    (page, *_) = _pages(fetcher.fetch())
    assert b"camt.052.001.08" in page


def test_a_day_without_lines_is_no_failure(bank: BankStage, fetcher: Fetcher) -> None:
    assert _pages(fetcher.fetch(first=TODAY)) == ()
    bank.manners(empty_day="document")
    assert sum(page.count(b"<Ntry>") for page in _pages(fetcher.fetch(first=TODAY))) == 0


def test_the_balance_is_asked_for_where_the_statements_have_none(
    bank: BankStage, fetcher: Fetcher
) -> None:
    assert fetcher.fetch().balances == []
    bank.manners(balances=False)
    fetched = fetcher.fetch()
    assert _booked(fetched) == LINES
    (balance,) = fetched.balances
    assert (balance.iban, balance.amount.cents) == (IBAN, OPENING + 1500)


@pytest.mark.parametrize("where", ["statement", "login"])
def test_a_tan_is_asked_for_once_and_the_fetch_goes_on(
    bank: BankStage, fetcher: Fetcher, where: str
) -> None:
    bank.manners(sca=where, page=2)
    person = typing(TAN)
    assert _booked(fetcher.fetch(person)) == LINES
    (question,) = person.asked
    assert not question.decoupled
    assert question.challenge
    assert person.ended == 1


@pytest.mark.parametrize("where", ["statement", "login"])
def test_the_app_is_waited_for(bank: BankStage, where: str) -> None:
    bank.manners(sca=where, mechanisms=["946"], with_0030=where == "login", page=2)
    person = Person([])
    assert _booked(Fetcher(bank).fetch(person)) == LINES
    (question,) = person.asked
    assert question.decoupled
    assert person.ended == 1


def test_somebody_who_releases_it_in_the_app_is_heard(bank: BankStage) -> None:
    bank.manners(sca="statement", mechanisms=["946"], polls=None)
    person = Person([], then=bank.approve)
    assert _booked(Fetcher(bank).fetch(person)) == LINES


def test_a_wrong_tan_is_no_empty_account(bank: BankStage, fetcher: Fetcher) -> None:
    bank.manners(sca="statement")
    person = Person([Reply("000000"), Reply(TAN)])
    fetched = fetcher.fetch(person)
    assert _trouble(fetched) is FetchTrouble.WRONG_TAN
    assert len(person.asked) == 1
    assert fetched.accepted


def test_a_tan_that_comes_too_late_is_no_empty_account(bank: BankStage, fetcher: Fetcher) -> None:
    bank.manners(sca="statement")
    late = Person([Reply(TAN)], then=bank.expire)
    assert _trouble(fetcher.fetch(late)) is FetchTrouble.WRONG_TAN


def test_what_the_app_refuses_is_refused(bank: BankStage) -> None:
    bank.manners(sca="statement", mechanisms=["946"], polls=None)
    person = Person([], then=lambda: bank.approve(yes=False))
    assert _trouble(Fetcher(bank).fetch(person)) is FetchTrouble.APPROVAL_REFUSED


@pytest.mark.parametrize("way", ["930", "946"])
def test_a_question_that_nobody_answers_ends_the_fetch(bank: BankStage, way: str) -> None:
    bank.manners(sca="statement", mechanisms=[way], polls=None)
    fetcher = Fetcher(bank)
    nobody = silent(fetcher.clock)
    assert _trouble(fetcher.fetch(nobody)) is FetchTrouble.TAN_UNANSWERED
    assert nobody.ended == 1


def test_whoever_gives_up_ends_the_fetch(bank: BankStage, fetcher: Fetcher) -> None:
    bank.manners(sca="statement")
    assert _trouble(fetcher.fetch(Person([GaveUp.GAVE_UP]))) is FetchTrouble.TAN_GIVEN_UP
    assert _booked(fetcher.fetch(typing(TAN))) == LINES


def test_a_wrong_pin_is_sent_once(bank: BankStage, fetcher: Fetcher) -> None:
    for state in (None, fetcher.state):
        since = _now(bank)
        fetched = fetcher.fetch(pin="99999", state=state)
        assert _trouble(fetched) is FetchTrouble.WRONG_PIN
        assert not fetched.accepted
        assert bank.pin_tries(since).count("wrong") == 1
    assert _booked(fetcher.fetch()) == LINES


def test_a_locked_access_is_told_so(bank: BankStage, fetcher: Fetcher) -> None:
    told = [_trouble(fetcher.fetch(pin="99999")) for _ in range(3)]
    assert told[0] is FetchTrouble.WRONG_PIN
    assert _trouble(fetcher.fetch()) is FetchTrouble.LOCKED


TORN = {
    "timeout": FetchTrouble.TIME_OUT,
    "reset": FetchTrouble.UNREACHABLE,
    "reset_unheard": FetchTrouble.UNREACHABLE,
    "http_500": FetchTrouble.HTTP_ERROR,
    "html_page": FetchTrouble.STRANGE_REPLY,
    "truncated_body": FetchTrouble.STRANGE_REPLY,
    "cut_short": FetchTrouble.UNREACHABLE,
    "empty_body": FetchTrouble.STRANGE_REPLY,
    "not_base64": FetchTrouble.STRANGE_REPLY,
}


@pytest.mark.parametrize(
    ("fault", "on"),
    [
        *((fault, "HKIDN") for fault in ("timeout", "reset", "http_500", "html_page")),
        *((fault, "HKCAZ") for fault in list(TORN)[2:]),
    ],
)
def test_a_line_that_breaks_is_no_wrong_pin(
    bank: BankStage, fetcher: Fetcher, fault: str, on: str
) -> None:
    bank.fault(fault, on=on)
    fetched = fetcher.fetch(reply_seconds=0.3)
    assert _trouble(fetched) is TORN[fault]
    assert bank.faults_waiting() == []


@pytest.mark.parametrize(
    ("fault", "more", "trouble"),
    [
        ("code", {"code": "9210"}, FetchTrouble.ORDER_REFUSED),
        ("code", {"code": "9010"}, FetchTrouble.ORDER_REFUSED),
        ("lost_dialog", {}, FetchTrouble.ORDER_REFUSED),
        ("refused_number", {}, FetchTrouble.ORDER_REFUSED),
        ("endless_pages", {"times": 0}, FetchTrouble.STRANGE_REPLY),
    ],
)
def test_a_refused_order_is_no_empty_account(
    bank: BankStage, fetcher: Fetcher, fault: str, more: dict[str, Any], trouble: FetchTrouble
) -> None:
    bank.manners(page=2)
    bank.fault(fault, on="HKCAZ", **more)
    assert _trouble(fetcher.fetch()) is trouble


def test_a_refused_order_after_the_tan_is_no_empty_account(
    bank: BankStage, fetcher: Fetcher
) -> None:
    bank.manners(sca="statement")
    bank.fault("code", on="HKCAZ", code="9210")
    assert _trouble(fetcher.fetch(typing(TAN))) is not None


@pytest.mark.parametrize(
    ("code", "trouble"),
    [("9078", FetchTrouble.PRODUCT), ("9010", FetchTrouble.LOGIN_REFUSED)],
)
def test_a_refused_login_says_why(
    bank: BankStage, fetcher: Fetcher, code: str, trouble: FetchTrouble
) -> None:
    bank.fault("code", on="HKIDN", code=code)
    fetched = fetcher.fetch()
    assert _trouble(fetched) is trouble
    assert fetched.failure is not None
    assert code in {said.code for said in fetched.failure.codes}


def test_a_system_id_that_ran_out_is_renewed_once(bank: BankStage, fetcher: Fetcher) -> None:
    bank.manners(stranger="renew")
    bank.forget_devices()
    before, since = fetcher.state, _now(bank)
    assert _booked(fetcher.fetch()) == LINES
    assert fetcher.state != before
    introduced = [entry for entry in bank.log(since) if "HKSYN" in str(entry["segments"])]
    assert len(introduced) == 1
    assert "wrong" not in bank.pin_tries(since)


def test_a_bank_that_renews_for_ever_is_not_asked_for_ever(
    bank: BankStage, fetcher: Fetcher
) -> None:
    bank.fault("code", on="HKIDN", code="9391", times=0)
    since = _now(bank)
    assert _trouble(fetcher.fetch()) is FetchTrouble.SYSTEM_ID
    assert len(bank.log(since)) == 2


def test_a_page_without_data_is_not_the_last(bank: BankStage, fetcher: Fetcher) -> None:
    bank.manners(page=2)
    bank.fault("more_without_data", on="HKCAZ")
    assert _booked(fetcher.fetch()) == LINES


def test_one_account_that_cannot_be_had_keeps_no_other(bank: BankStage, fetcher: Fetcher) -> None:
    strange = Wanted("DE02120300000000202051", TODAY, TODAY)
    ours = Wanted(IBAN, TODAY - timedelta(days=30), TODAY)
    fetched = fetcher.fetch(wanted=(strange, ours))
    assert fetched.failure is None
    assert fetched.refused[strange.iban].trouble is FetchTrouble.ACCOUNT
    assert [it.iban for it in fetched.statements] == [IBAN]


def test_an_approval_the_bank_does_not_offer_is_named(fetcher: Fetcher) -> None:
    fetched = fetcher.fetch(mechanism="902")
    assert _trouble(fetched) is FetchTrouble.MECHANISM
    assert fetched.failure is not None
    assert "930" in fetched.failure.detail


def test_which_device_is_asked_where_there_are_several(bank: BankStage) -> None:
    bank.manners(sca="statement", media=["Handy", "Tablet"])
    fetched = Fetcher(bank).fetch(typing(TAN))
    assert _trouble(fetched) is FetchTrouble.MEDIUM
    assert fetched.failure is not None
    assert fetched.failure.detail == "Handy, Tablet"
    assert _booked(Fetcher(bank).fetch(typing(TAN), medium="Tablet")) == LINES


def test_a_bank_whose_certificate_nobody_vouches_for_gets_no_pin(
    bank: BankStage, fetcher: Fetcher
) -> None:
    since = _now(bank)
    assert _trouble(fetcher.fetch(ca_file="")) is FetchTrouble.CERTIFICATE
    assert bank.log(since) == []


def test_a_bank_that_is_not_there_is_told_so(fetcher: Fetcher) -> None:
    assert _trouble(fetcher.fetch(url="https://localhost:9/fints")) is FetchTrouble.UNREACHABLE


def test_neither_pin_nor_tan_can_be_seen_from_outside(bank: BankStage, fetcher: Fetcher) -> None:
    bank.manners(sca="statement")
    seen: list[bytes] = []

    def look() -> None:
        for pid in children():
            seen.extend(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))

    person = Person([Reply(TAN)], then=look)
    assert _booked(fetcher.fetch(person)) == LINES
    assert len(seen) == 2
    everywhere = b"".join(seen) + (fetcher.state or b"") + repr(person.asked).encode()
    for secret in (PIN.encode(), TAN.encode()):
        assert secret not in b"".join(seen)
        assert base64.b64encode(secret) not in everywhere


def test_a_fetch_that_takes_too_long_is_ended(bank: BankStage, fetcher: Fetcher) -> None:
    bank.fault("timeout", on="HKCAZ")
    fetched = fetcher.fetch(limits=Limits(whole=1.5))
    assert _trouble(fetched) is FetchTrouble.TOO_LONG
    assert children() == []


def test_a_process_that_dies_is_told_so(bank: BankStage, fetcher: Fetcher) -> None:
    bank.manners(sca="statement")

    def kill() -> None:
        for pid in children():
            os.kill(pid, signal.SIGKILL)

    person = Person([], then=kill)
    assert _trouble(fetcher.fetch(person)) is FetchTrouble.FAULT
    assert person.ended == 1
    assert children() == []


def test_every_reply_of_the_bank_is_a_sign_of_life(bank: BankStage, fetcher: Fetcher) -> None:
    """So that many slow pages are no silence."""
    bank.manners(page=1)
    ours = Wanted(IBAN, TODAY - timedelta(days=30), TODAY)
    order = Order(bank.url, bank.blz, USER, PIN, PRODUCT, (ours,), ca_file=str(bank.ca_file),
                  state=fetcher.state)  # fmt: skip
    since = _now(bank)
    words = [sys.executable, "-P", "-m", "banking.fetch_process"]
    child = subprocess.run(words, input=order.to_line(), capture_output=True, check=True)
    told = [json.loads(line)["is"] for line in child.stdout.splitlines()]
    assert told[-1] == "done"
    assert len(bank.log(since)) > LINES
    assert told.count("heard") >= len(bank.log(since))
    fetching = told[told.index("accepted") : told.index("page")]
    assert fetching.count("heard") >= LINES


def test_nothing_of_the_environment_says_whom_to_trust_or_which_way_to_go(
    bank: BankStage, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bank.ca_file))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(bank.ca_file))
    since = _now(bank)
    assert _trouble(fetcher.fetch(ca_file="")) is FetchTrouble.CERTIFICATE
    assert bank.log(since) == []
    assert _booked(fetcher.fetch()) == LINES


@pytest.mark.parametrize("lock", ["3938", "3931"])
def test_a_lock_is_heard_while_the_approvals_are_learned(lock: str) -> None:
    """9075 and 9800 beside it are how a bank ends such a dialog in any case."""
    client = Client(Order("https://localhost", "1", USER, PIN, PRODUCT, ()), state=None,
                    heard=lambda: None)  # fmt: skip
    client.set_tan_mechanism(ONE_STEP)
    dialog = FinTSDialog(client)
    codes = [Response(it, None, "", []) for it in (lock, "9075", "9800")]
    reply = SegmentSequence([HIRMG2(responses=codes)])
    with pytest.raises(BankRefused) as refused:
        client.process_response_message(dialog, reply)
    assert refused.value.trouble is FetchTrouble.LOCKED
