"""``mensa bank pull`` and ``mensa bank tan``: what the office types, and what it is told to do."""

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pexpect
import pytest
from bank_stage import IBAN, PIN, TAN, USER, BankStage, open_bank
from desk import PEPPER, Answer, Office, open_office
from fetch_stage import PLAIN, PRODUCT, TODAY

import kiosk.office.bank_pull
from accounts.clock import FixedClock
from accounts.texts import Language, texts
from banking.asking import GaveUp, Question, Reply
from banking.asking_office import Office as AsksOffice
from banking.fetch_troubles import FetchTrouble
from kiosk.cli import main
from kiosk.office.asking_terminal import Terminal
from kiosk.office.bank_pull_words import of_failure
from kiosk.sentences_fetch import FETCH

DEPLOY = Path(__file__).parents[2] / "deploy"
AT = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)
LINES = ((3, 3500), (2, 2000), (1, 2000))


@pytest.fixture(scope="module")
def one_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankStage]:
    with open_bank(tmp_path_factory.mktemp("bank")) as bank:
        bank.today(TODAY)
        bank.book_all([{"day": TODAY - timedelta(days=no), "cents": cents} for no, cents in LINES])
        yield bank


@pytest.fixture
def bank(one_bank: BankStage) -> Iterator[BankStage]:
    one_bank.manners(**PLAIN)
    yield one_bank
    one_bank.behave()
    one_bank.unlock()


def _account(office: Office) -> None:
    office.done("bank", "account", "add", IBAN, "Stadt Musterstadt")


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    bank: BankStage,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    office = open_office(empty_sqlite, tmp_path, capsys, monkeypatch, _account)
    office.clock = FixedClock(AT)
    monkeypatch.setattr(kiosk.office.bank_pull, "SystemClock", lambda: office.clock)
    monkeypatch.setattr(kiosk.office.desk, "SystemClock", lambda: office.clock)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    _settings(office, bank)
    return office


def _settings(office: Office, bank: BankStage, **more: object) -> None:
    values: dict[str, object] = {
        "url": bank.url,
        "blz": bank.blz,
        "user": USER,
        "product": PRODUCT,
        "ca_file": str(bank.ca_file),
        "state": str(office.folder / "bank.state"),
        **more,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    pepper = office.write("pepper", PEPPER)
    office.write("mensa.toml", "\n".join([f'pepper_file = "{pepper}"', "[bank]", *lines]))


@contextmanager
def _given(secret: str) -> Iterator[int]:
    """An open file with a secret."""
    reading, writing = os.pipe()
    os.write(writing, f"{secret}\n".encode())
    os.close(writing)
    yield reading
    os.close(reading)


def _pull(office: Office, *words: str, pin: str = PIN) -> Answer:
    with _given(pin) as fd:
        return office.run("bank", "pull", "--pin-fd", fd, *words)


def _pulled(office: Office, *words: str, pin: str = PIN) -> tuple[int, dict[str, Any]]:
    answer = _pull(office, "--json", *words, pin=pin)
    told = json.loads(answer.out)
    assert isinstance(told, dict)
    return answer.code, told


def test_a_pull_says_what_came_in(office: Office) -> None:
    first = _pull(office)
    assert (first.code, first.err) == (0, "")
    assert f"{IBAN}: abgerufen vom" in first.out
    code, told = _pulled(office)
    assert (code, told["outcome"], told["reason"]) == (0, "done", None)
    assert [it["outcome"] for it in told["statements"]] == ["known"] * len(LINES)
    assert "Keine neuen Umsätze." in _pull(office).out
    assert office.rows("SELECT count(*) FROM bank_line") == [(len(LINES),)]


def test_a_refused_pin_is_told_once_and_then_kept_to_oneself(
    office: Office, bank: BankStage
) -> None:
    said = _pull(office, pin="99999")
    assert (said.code, said.out) == (1, "")
    assert "Die Bank hat die PIN abgelehnt." in said.err
    assert "9931" in said.err
    assert "Nichts ist verloren" in said.err
    tried = len(bank.log())
    code, told = _pulled(office)
    assert (code, told["refused"]) == (1, "pin_refused_before")
    assert len(bank.log()) == tried
    assert _pull(office, "--new-pin").code == 0
    assert _pull(office).code == 0


def test_what_may_pass_by_itself_is_to_be_tried_later(office: Office, bank: BankStage) -> None:
    bank.fault("http_500", on="HKCAZ")
    said = _pull(office)
    assert said.code == 75
    assert "500" in said.err
    assert _pull(office).code == 0


def test_a_statement_that_does_not_close_is_no_good_pull(office: Office, bank: BankStage) -> None:
    bank.fault("unbalanced", on="HKCAZ")
    said = _pull(office)
    assert said.code == 1
    assert "NICHT" in said.out + said.err


def test_the_credential_of_systemd_is_the_pin(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = office.folder / "credentials"
    folder.mkdir()
    (folder / "bank-pin").write_text(f"{PIN}\n")
    (folder / "bank-pin").chmod(0o440)  # how systemd leaves it, with an access list
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert office.told("bank", "pull")["outcome"] == "done"


def test_without_a_pin_nothing_is_sent(office: Office, bank: BankStage) -> None:
    tried = len(bank.log())
    assert office.reason("bank", "pull") == "no_pin"
    assert len(bank.log()) == tried


def test_whoever_types_the_pin_vouches_for_it(office: Office) -> None:
    _pull(office, pin="99999")
    office.sit_down(PIN)
    assert office.told("bank", "pull")["outcome"] == "done"


def test_where_nothing_is_set_up_it_is_said_how(office: Office) -> None:
    office.write("mensa.toml", f'pepper_file = "{office.folder / "pepper"}"')
    assert "[bank]" in office.refused("bank", "pull")


def test_without_a_registration_nothing_begins(office: Office, bank: BankStage) -> None:
    _settings(office, bank, product="")
    tried = len(bank.log())
    assert "Kreditwirtschaft" in office.misused("bank", "pull")
    assert len(bank.log()) == tried


def test_the_watched_folder_is_emptied_too(office: Office, bank: BankStage) -> None:
    assert _pull(office).code == 0
    folder = office.folder / "dropped"
    folder.mkdir()
    _settings(office, bank, folder=str(folder))
    code, told = _pulled(office)
    assert (code, told["outcome"], told["folder"]["done"]) == (0, "done", [])
    (folder / "Notiz.txt").write_text("kein Auszug")
    os.utime(folder / "Notiz.txt", (1, 1))
    bank.fault("reset", on="HKCAZ")
    code, told = _pulled(office)
    assert (code, told["reason"]) == (75, "unreachable")  # and the folder is looked at all the same
    assert told["folder"]["failed"] == ["Notiz.txt"]
    (folder / "neu.xml").write_text("<")
    assert "neu.xml" in _pull(office).out


def test_a_folder_alone_needs_no_pin(office: Office) -> None:
    folder = office.folder / "dropped"
    pepper = office.folder / "pepper"
    office.write("mensa.toml", f'pepper_file = "{pepper}"\n[bank]\nfolder = "{folder}"\n')
    assert str(folder) in office.refused("bank", "pull")
    folder.mkdir()
    assert "nichts Neues" in office.done("bank", "pull")


def _answering(answer: Callable[[], object]) -> type[AsksOffice]:
    class Answered(AsksOffice):
        """The office, which answers as soon as it is asked."""

        __slots__ = ()

        def begin(self, question: Question) -> None:
            AsksOffice.begin(self, question)
            answer()

    return Answered


def test_the_office_answers_while_the_pull_waits(
    office: Office, bank: BankStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.manners(sca="statement")
    told: list[int] = []

    def answer() -> None:
        assert main(["bank", "tan"]) == 0
        with _given(TAN) as fd:
            told.extend(main(["bank", "tan", "1", "--tan-fd", str(fd)]) for _ in range(2))

    monkeypatch.setattr(kiosk.office.bank_pull, "Office", _answering(answer))
    said = _pull(office)
    assert said.code == 0, said
    assert told == [0, 1]  # nobody answers twice
    assert "Die Bank verlangt eine TAN" in said.out
    assert office.rows("SELECT * FROM tan_question") == []
    assert office.rows("SELECT count(*) FROM bank_line") == [(len(LINES),)]


def test_the_office_gives_up(
    office: Office, bank: BankStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.manners(sca="login")
    answer = _answering(lambda: main(["bank", "tan", "1", "--give-up"]))
    monkeypatch.setattr(kiosk.office.bank_pull, "Office", answer)
    said = _pull(office)
    assert said.code == 1
    assert "neu beginnen" in said.err
    assert office.rows("SELECT * FROM tan_question") == []


def test_nobody_answers_in_time(
    office: Office, bank: BankStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.manners(sca="statement", mechanisms=["946"], polls=None)
    late = _answering(lambda: office.clock.move(timedelta(hours=1)))
    monkeypatch.setattr(kiosk.office.bank_pull, "Office", late)
    said = _pull(office)
    assert said.code == 75
    assert "niemand hat sie rechtzeitig gegeben" in said.err


def test_a_question_that_is_none_is_not_answered(office: Office) -> None:
    assert "fragt im Moment nichts" in office.done("bank", "tan")
    with _given(TAN) as fd:
        assert office.reason("bank", "tan", 7, "--tan-fd", fd) == "no_such_question"


def _at_terminal(question: Question) -> tuple[Terminal, int]:
    keyboard, screen = os.openpty()
    terminal = Terminal(texts(Language.GERMAN), os.ttyname(screen))
    terminal.begin(question)
    return terminal, keyboard


def test_a_tan_is_typed_unseen(capsys: pytest.CaptureFixture[str]) -> None:
    asked = Question("TAN\x1b[2J f\u00fcr Ums\u00e4tze", decoupled=False, until=AT)
    terminal, keyboard = _at_terminal(asked)
    assert terminal.look() is None
    os.write(keyboard, b"123456\n")
    said = None
    while said is None:
        said = terminal.look()
    terminal.end()
    assert said == Reply("123456")
    told = capsys.readouterr().err
    assert "\x1b" not in told
    assert "für Umsätze" in told
    os.set_blocking(keyboard, False)
    with pytest.raises(BlockingIOError):
        os.read(keyboard, 100)


def test_an_empty_line_gives_up(capsys: pytest.CaptureFixture[str]) -> None:
    terminal, keyboard = _at_terminal(Question("TAN", decoupled=False, until=AT))
    os.write(keyboard, b"\n")
    said = None
    while said is None:
        said = terminal.look()
    terminal.end()
    assert said is GaveUp.GAVE_UP
    assert "TAN" in capsys.readouterr().err


def test_a_person_at_a_terminal_types_pin_and_tan(office: Office, bank: BankStage) -> None:
    bank.manners(sca="statement")
    since = len(bank.log())
    words = ["-P", "-m", "kiosk", "bank", "pull"]
    with pexpect.spawn(sys.executable, words, encoding="utf-8", timeout=60) as typed:
        typed.expect("PIN von schule bei der Bank 12345678:")
        typed.sendline(PIN)
        typed.expect("Die Bank verlangt eine TAN")
        typed.expect("TAN: ")
        typed.sendline(TAN)
        typed.expect(pexpect.EOF)
        shown = typed.before or ""
    assert typed.exitstatus == 0
    assert IBAN in shown
    assert {TAN, PIN}.isdisjoint(shown.split())
    assert [entry["tan"] for entry in bank.log(since) if entry["tan"] != "none"] == ["right"]


@pytest.mark.parametrize("trouble", FetchTrouble)
def test_every_failure_says_what_to_do_in_both_languages(trouble: FetchTrouble) -> None:
    from banking.fetch_troubles import Code
    from banking.fetching import Failure

    failure = Failure(trouble, (Code("9010", "So nicht\x07"),), "detail")
    german, english = (list(of_failure(failure, texts(it), attended=True)) for it in Language)
    assert german[0] != english[0] == FETCH[trouble]
    assert len(german[0].split(".")) > 1
    assert "9010 So nicht" in german[1]
    assert "\x07" not in german[1]

    unattended = list(of_failure(failure, texts(Language.GERMAN), attended=False))
    assert unattended[0] == german[0]
    assert "9010" in unattended[1]
    assert "So nicht" not in " ".join(unattended)


def test_what_a_timer_prints_names_no_device(office: Office, bank: BankStage) -> None:
    bank.manners(sca="statement", media=["Handy Frau Muster", "Tablet"])
    said = _pull(office)
    assert said.code == 1
    assert "tan_medium" in said.err
    assert "nur am Terminal" in said.err
    assert "Muster" not in said.err + said.out
    _, told = _pulled(office)
    assert (told["refused"], told["detail"]) == ("medium", "")


UNITS = ("mensa-bank.service", "mensa-bank.timer")


def test_the_units_run_the_job_with_a_sealed_pin() -> None:
    service, timer = configparser.RawConfigParser(), configparser.RawConfigParser()
    service.read(DEPLOY / "mensa-bank.service", "utf-8")
    timer.read(DEPLOY / "mensa-bank.timer", "utf-8")
    said = service["Service"]
    assert said["ExecStart"] == "/opt/mensakasse/mensa bank pull"
    assert (said["Type"], said["User"]) == ("oneshot", "mensakasse")
    assert said["LoadCredentialEncrypted"].partition(":")[0] == kiosk.office.bank_pull.CREDENTIAL
    assert timer["Timer"]["Persistent"] == "true"


if shutil.which("systemd-analyze"):  # systemd's own word, where it is

    @pytest.mark.parametrize("unit", UNITS)
    def test_systemd_takes_the_units(tmp_path: Path, unit: str) -> None:
        program = tmp_path / "mensa"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        for source in UNITS:
            text = (DEPLOY / source).read_text("utf-8")
            text = text.replace("/opt/mensakasse/mensa", str(program))
            # The manual page named there is not installed where this test runs.
            text = re.sub("^Documentation=.*\n", "", text, flags=re.MULTILINE)
            (tmp_path / source).write_text(text, encoding="utf-8")
        said = subprocess.run(
            ["systemd-analyze", "verify", "--recursive-errors=no", tmp_path / unit],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (said.returncode, said.stderr) == (0, "")
