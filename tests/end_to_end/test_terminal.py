"""The kiosk and the demo as people meet them: a command on a real terminal."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from canteen import assert_proof_holds
from terminal_window import Window, window

from accounts.card_register import Card, printed_card
from accounts.clock import SystemClock
from accounts.holdings import BlockReason, card_hash, replace_card
from accounts.ledger import count_entries
from accounts.schools import set_school
from kiosk.demo import world as demo_world
from kiosk.demo.world import World, build

pytestmark = pytest.mark.terminal

PASSPHRASE = "Lindenallee-7"
PEPPER = b"pepper of the tests"
PAYING, SUBSIDISED, STRANGER = "04AAAAAAAAAAAA", "04BBBBBBBBBBBB", "04F00DF00DF00D"
IDLE, SERVED, REFUSED = "Bitte Karte auflegen", "Guten Appetit!", "Bitte beim Personal melden"
FRESH = "Daten aktuell"
"""A kiosk's first start paints its screen before it has heard of anybody."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The demo's school as the ledger of a real kiosk with a keyboard reader.

    Such a reader tells numbers only, so the school takes them and two children have cards that
    are no more than that.
    """
    monkeypatch.setattr(demo_world, "PEPPER", PEPPER)
    made = build(tmp_path, SystemClock())
    by_number(made)
    (tmp_path / "pepper").write_bytes(PEPPER + b"\n")
    (tmp_path / "kiosk.toml").write_text(
        f'database = "sqlite:///{tmp_path}/ledger.db"\n'
        f'pepper_file = "{tmp_path}/pepper"\n'
        f"[kiosk]\norigin = {made.origin_id}\n"
        f'state = "{tmp_path}/state"\nsound = false\n'
        '[[kiosk.reader]]\nlabel = "Tastatur"\nkind = "wedge"\n',
        encoding="utf-8",
    )
    yield made
    made.database.close()


def by_number(world: World) -> None:
    at = SystemClock().now()
    with world.database.write() as db:
        set_school(db, school_id=world.school_id, at=at, accepts={"aes", "uid"})
        for part, uid in (("paying", PAYING), ("subsidised", SUBSIDISED)):
            old = printed_card(db, printed_no=world.cast[part].printed_no)
            assert isinstance(old, Card)
            new = replace_card(
                db, card_id=old.id, uid_hmac=card_hash(PEPPER, uid), reason=BlockReason.OTHER,
                actor="office:test", at=at,
            )  # fmt: skip
            assert isinstance(new, Card)


class Post:
    """Where a kiosk stands: each start is another window."""

    def __init__(self, folder: Path, windows: ExitStack) -> None:
        self.folder = folder
        self._windows = windows

    def start(self, *, term: str | None = None, passphrase: str = PASSPHRASE) -> Window:
        """Start the kiosk and type its passphrase."""
        opened = self._windows.enter_context(
            window(
                "--config",
                str(self.folder / "kiosk.toml"),
                "kiosk",
                size=(80, 25),
                environment={},
                term=term,
            )
        )
        opened.wait_for("passphrase:")
        opened.type(passphrase, "Enter")
        return opened

    def assert_quiet(self, opened: Window) -> None:
        """No traceback stands on the terminal or in the log."""
        assert "Traceback" not in opened.text()
        log = self.folder / "state" / "kiosk.log"
        assert "Traceback" not in log.read_text("utf-8")


@pytest.fixture
def post(world: World, tmp_path: Path) -> Iterator[Post]:
    """A kiosk's place, empty again after the test."""
    with ExitStack() as windows:
        yield Post(tmp_path, windows)


@pytest.mark.parametrize("term", [None, "linux"])
def test_a_kiosk_asks_its_passphrase_serves_refuses_and_ends_on_sigterm(
    term: str | None, post: Post, world: World
) -> None:
    opened = post.start(term=term)
    opened.wait_for(IDLE, FRESH)
    assert PASSPHRASE not in opened.text()
    opened.card(PAYING)
    opened.wait_for(SERVED)
    opened.wait_for(IDLE, absent=SERVED)
    opened.card(PAYING)
    opened.wait_for(REFUSED)
    opened.card(STRANGER)
    opened.wait_for(REFUSED)
    opened.signal(signal.SIGTERM)
    assert opened.ended() == 0
    left = opened.text()
    assert not any(words in left for words in (IDLE, SERVED, REFUSED))
    post.assert_quiet(opened)
    assert_proof_holds(world.database)


def test_a_kiosk_killed_with_a_lunch_on_the_screen_serves_on_after_its_restart(
    post: Post, world: World
) -> None:
    with world.database.read() as db:
        before = count_entries(db)
    opened = post.start()
    opened.wait_for(IDLE, FRESH)
    opened.card(PAYING)
    opened.wait_for(SERVED)
    opened.signal(signal.SIGKILL)
    assert opened.ended() == 128 + signal.SIGKILL
    again = post.start()
    again.wait_for(IDLE)
    again.card(PAYING)
    again.wait_for(REFUSED)
    again.card(SUBSIDISED)
    again.wait_for(SERVED)
    again.signal(signal.SIGTERM)
    assert again.ended() == 0
    post.assert_quiet(again)
    last = post.start()
    last.wait_for(IDLE, FRESH)
    last.signal(signal.SIGTERM)
    assert last.ended() == 0
    with world.database.read() as db:
        assert count_entries(db) == before + 2
    assert_proof_holds(world.database)


def test_a_wrong_passphrase_is_answered_with_a_sentence(post: Post) -> None:
    first = post.start()
    first.wait_for(IDLE)
    first.signal(signal.SIGTERM)
    assert first.ended() == 0
    second = post.start(passphrase="Birkenweg-9")
    assert second.ended() == 1
    text = second.wait_for("another key")
    assert "Traceback" not in text


def test_a_second_kiosk_on_one_journal_is_refused_in_words(post: Post) -> None:
    first = post.start()
    first.wait_for(IDLE)
    second = post.start()
    assert second.ended() == 1
    assert "Traceback" not in second.wait_for("does not open")
    first.signal(signal.SIGTERM)
    assert first.ended() == 0


# --- the demo ------------------------------------------------------------------------------


@pytest.mark.pcsc
@pytest.mark.parametrize(
    ("size", "term", "column"),
    [((130, 30), None, True), ((80, 25), None, False), ((80, 25), "linux", False)],
)
def test_the_demo_shows_children_tapping_and_ends_on_q_with_its_summary(
    size: tuple[int, int],
    term: str | None,
    column: bool,  # noqa: FBT001  # a parameter of pytest
) -> None:
    with window("demo", size=size, environment={}, term=term) as opened:
        opened.wait_for(IDLE, "Q beenden")
        opened.wait_for(SERVED)
        if column:
            opened.wait_for("Hauptbuch / ledger", "charge", "pupil:", "! Kopie?")
        if term is None:
            opened.wait_for(REFUSED)
        assert ("Hauptbuch / ledger" in opened.text()) is column
        opened.type("q")
        assert opened.ended() == 0
        text = opened.wait_for("served:", "mensa card alerts", "stimmt / holds")
        assert "Traceback" not in text
