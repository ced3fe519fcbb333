"""What pupils see."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from screen_stage import Stage, perform
from screen_states import AT, FACES, READY, STAFF

from accounts.charge import Refusal
from accounts.money import Money
from accounts.texts import Language
from cards.reader import CardFault, TroubleReason
from kiosk.messages import (
    BalanceArmed,
    BalanceShown,
    CardGone,
    CardKeys,
    Outcome,
    ProofLack,
    ReaderDown,
    ReaderUp,
    Refused,
    Served,
    Status,
)
from kiosk.screens.faces import Face
from kiosk.sounds import Tone

Golden = Callable[..., None]
DOCS = Path(__file__).parents[2] / "docs"
SENTENCES = {
    "idle": ("Bitte Karte auflegen", "Please place your card"),
    "served": ("Guten Appetit!", "Enjoy your lunch!"),
    "greeted": ("Guten Appetit, Änne!", "Enjoy your lunch, Änne!"),
    "refused": ("Bitte beim Personal melden", "Please see the canteen staff"),
    "again": ("Bitte Karte noch einmal auflegen", "Please place your card again"),
    "wrong-card": ("Bitte nur die Mensakarte auflegen", "Please place nothing but your meal card"),
    "trouble": ("Leser nicht bereit", "Reader not ready"),
    "loading": ("Kasse lädt ihre Daten", "The kiosk is loading its data"),
    "armed": ("Karte auflegen und Guthaben sehen", "Place your card to see its balance"),
    "balance": ("Guthaben dieser Karte: 20,00 €", "Balance of this card: €20.00"),
    "offline": ("Bitte Karte auflegen", "Please place your card"),
}


def shown(*outcomes: Outcome, **options: Any) -> Stage:
    """The stage, with text and picture of what is shown after these outcomes."""

    async def script(stage: Stage) -> None:
        await stage.hear(*READY, *outcomes)
        stage.seen = (stage.text(), stage.picture())

    return perform(script, **options)


@pytest.mark.parametrize("name", FACES)
def test_every_face_looks_as_it_was_approved(name: str, golden: Golden) -> None:
    golden(f"kiosk-{name}", shown(*FACES[name]).seen[1])


@pytest.mark.parametrize("name", STAFF)
def test_every_state_of_the_staffs_side_looks_as_it_was_approved(name: str, golden: Golden) -> None:
    async def script(stage: Stage) -> None:
        await stage.act(*READY, *STAFF[name])
        golden(f"staff-{name}", stage.picture())

    perform(script)


@pytest.mark.parametrize("name", ["idle", "served", "refused", "balance"])
def test_the_faces_look_right_on_a_console_with_the_large_font(name: str, golden: Golden) -> None:
    golden(f"kiosk-{name}-64x24", shown(*FACES[name], size=(64, 24)).seen[1])


def test_the_picture_in_the_readme_is_the_screen_of_today(golden: Golden) -> None:
    width, height, gap = 994, 660, 20
    parts = []
    for n, name in enumerate(("idle", "served")):
        picture = shown(*FACES[name]).seen[1].replace("terminal-", f"{name}-")
        size = f'x="{n * (width + gap)}" width="{width}" height="{height}"'
        parts.append(picture.replace("<svg ", f"<svg {size} ", 1).strip())
    box = f'viewBox="0 0 {2 * width + gap} {height}" xmlns="http://www.w3.org/2000/svg"'
    golden("kiosk", "\n".join([f"<svg {box}>", *parts, "</svg>", ""]), DOCS)


@pytest.mark.parametrize("name", FACES)
def test_every_face_says_its_sentence_in_both_languages_at_every_size(name: str) -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(*READY, *FACES[name])
        for size in ((80, 25), (64, 24), (44, 12), (160, 50)):
            await stage.resize(size)
            for sentence in SENTENCES[name]:
                assert sentence in stage.text()

    perform(script)


@pytest.mark.parametrize("name", FACES)
def test_every_face_has_its_sign_and_large_words_on_the_sizes_kiosks_have(name: str) -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(*READY, *FACES[name])
        for width, height in ((80, 25), (64, 24)):
            await stage.resize((width, height))
            inked = [row for row in stage.rows() if "██" in row]
            assert len(inked) >= 10
            assert max(len(row.strip()) for row in inked) >= width / 3

    perform(script)


def test_a_kiosk_that_speaks_english_says_english_first() -> None:
    text = shown(Served(AT), language=Language.ENGLISH).seen[0]
    assert text.index("Enjoy your lunch!") < text.index("Guten Appetit!")


def test_every_refusal_looks_and_sounds_the_same() -> None:
    details = [Refused(AT, Refusal.PROOF, detail=one) for one in (*CardFault, *ProofLack)]
    refusals = [*(Refused(AT, reason) for reason in Refusal), *details]
    stages = [shown(refused) for refused in refusals]
    assert len({stage.seen[1] for stage in stages}) == 1
    assert [stage.tones for stage in stages] == [[Tone.PROBLEM]] * len(refusals)


def test_children_who_differ_only_in_who_pays_look_and_sound_the_same() -> None:
    # What the screen is told of a charge besides the greeting is for the staff alone.
    paying = shown(Served(AT, "Änne", items=("Menü 1", "Apfelschorle"), seen_ns=1))
    funded = shown(Served(AT, "Änne", items=("Menü 1",), left_out=("Apfelschorle",)))
    assert paying.seen == funded.seen
    assert paying.tones == funded.tones == [Tone.OK]


def test_the_balance_is_on_the_screen_only_when_it_was_asked_for() -> None:
    for name, outcomes in FACES.items():
        assert ("€" in shown(*outcomes).seen[0]) == (name == "balance")


def test_each_face_is_told_apart_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    seen = {}
    for name in SENTENCES.keys() - {"offline", "greeted"}:
        text = shown(*FACES[name]).seen[0]
        inked = "\n".join(row for row in text.splitlines() if "██" in row)
        seen[name] = inked
    assert len(set(seen.values())) == len(seen)


def test_a_result_goes_back_to_idle_after_three_seconds_and_forgets_the_name() -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(*READY, Served(AT, greeting="Änne"))
        await stage.later(2.9)
        assert stage.face() is Face.SERVED
        await stage.later(0.2)
        assert stage.face() is Face.IDLE
        assert "Bitte Karte auflegen" in stage.text()
        assert "Änne" not in stage.text()

    perform(script)


def test_a_new_result_replaces_the_old_one_at_once_and_has_its_own_three_seconds() -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(*READY, Refused(AT, Refusal.UNKNOWN))
        await stage.later(2)
        await stage.hear(Served(AT))
        assert "Guten Appetit!" in stage.text()
        assert "Personal melden" not in stage.text()
        await stage.later(2)
        assert stage.face() is Face.SERVED
        await stage.later(1.1)
        assert stage.face() is Face.IDLE

    perform(script)


def test_a_card_that_is_taken_away_or_left_lying_changes_nothing() -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(*READY, Served(AT), CardGone())
        assert stage.face() is Face.SERVED
        await stage.later(60)
        assert stage.face() is Face.IDLE
        assert stage.tones == [Tone.OK]

    perform(script)


def test_a_reader_that_fails_is_said_until_it_works_again() -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(*READY, ReaderDown("Theke", TroubleReason.NO_SERVICE))
        await stage.later(600)
        assert "Leser nicht bereit" in stage.text()
        assert "Theke: Der Kartendienst (pcscd) läuft nicht" in stage.text()
        await stage.hear(ReaderDown("Theke", TroubleReason.HUNG))
        assert "Theke: Der Leser antwortet nicht" in stage.text()
        await stage.hear(ReaderUp("Theke"))
        assert stage.face() is Face.IDLE
        assert "Theke:" not in stage.text()
        assert stage.tones == [Tone.PROBLEM]

    perform(script)


def test_one_reader_of_two_that_fails_leaves_the_kiosk_open() -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(*READY, ReaderUp("Zweite"), ReaderDown("Theke", TroubleReason.NO_READER))
        assert stage.face() is Face.IDLE
        assert "Theke: Kein Leser angeschlossen" in stage.text()

    perform(script)


def test_a_result_is_seen_to_its_end_although_the_reader_fails_meanwhile() -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(*READY, Served(AT), ReaderDown("Theke", TroubleReason.NO_READER))
        assert stage.face() is Face.SERVED
        await stage.later(3)
        assert stage.face() is Face.TROUBLE

    perform(script)


def test_the_language_key_changes_the_language_and_a_minute_changes_it_back() -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(*READY)
        await stage.press("f2")
        text = stage.text()
        assert text.index("Please place your card") < text.index("Bitte Karte auflegen")
        assert "F2 Deutsch" in text
        await stage.later(60)
        text = stage.text()
        assert text.index("Bitte Karte auflegen") < text.index("Please place your card")
        assert "F2 English" in text

    perform(script)


def test_asking_for_the_balance_shows_how_and_ends_by_itself() -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(*READY)
        await stage.press("g")
        await stage.hear(BalanceArmed(seconds=8))
        assert "Karte auflegen und Guthaben sehen" in stage.text()
        await stage.later(7.9)
        assert stage.face() is Face.ARMED
        await stage.later(0.2)
        assert stage.face() is Face.IDLE

    stage = perform(script)
    assert [type(command).__name__ for command in stage.sent] == ["AskBalance"]
    assert stage.tones == []


@pytest.mark.parametrize(
    ("cents", "amount"), [(2000, "20,00 €"), (-1500, "-15,00 €"), (123456, "1.234,56 €")]
)
def test_the_balance_is_shown_in_german_form(cents: int, amount: str) -> None:
    assert amount in shown(BalanceShown(AT, Money(cents))).seen[0]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (Status(4, 0, ledger_reachable=True), "Daten aktuell"),
        (Status(59, 1, ledger_reachable=True), "1 Buchung wartet | Daten aktuell"),
        (Status(780, 3, ledger_reachable=True), "3 Buchungen warten | Daten 13 min alt"),
        (
            Status(7300, 1200, ledger_reachable=False),
            "ohne Netz, Ausgabe läuft weiter | 1.200 Buchungen warten | Daten 2 h alt",
        ),
        (Status(None, 0, ledger_reachable=False), "noch keine Daten"),
        (Status(4, 0, ledger_reachable=True, keys=CardKeys.HELD), "Daten und Schlüssel aktuell"),
        (
            Status(780, 0, ledger_reachable=True, keys=CardKeys.HELD),
            "Daten und Schlüssel 13 min alt",
        ),
        (
            Status(7300, 0, ledger_reachable=True, keys=CardKeys.MISSING),
            "Kartenschlüssel fehlen | Daten 2 h alt",
        ),
    ],
)
def test_the_staffs_line_says_how_the_kiosk_stands(status: Status, sentence: str) -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(status)
        assert sentence in stage.rows()[-1]

    perform(script, size=(110, 25))


def test_a_kiosk_that_knows_nobody_yet_invites_no_card() -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(Status(None, 0, ledger_reachable=True))
        assert stage.face() is Face.LOADING
        await stage.hear(Status(1, 0, ledger_reachable=True))
        assert stage.face() is Face.IDLE

    perform(script)


def test_outcomes_that_come_before_the_screen_are_shown_once_it_is_there() -> None:
    async def script(stage: Stage) -> None:
        await stage.pilot.pause()
        assert stage.face() is Face.TROUBLE

    perform(script, early=(ReaderDown("Theke", TroubleReason.NO_READER),))


def test_outcomes_that_come_after_the_end_are_nothing() -> None:
    async def script(stage: Stage) -> None:
        await stage.hear(*READY)

    perform(script).app.deliver(Served(AT))


def test_the_kiosk_ends_when_it_is_asked_to_from_another_thread() -> None:
    async def script(stage: Stage) -> None:
        asker = threading.Thread(target=stage.app.finish)
        asker.start()
        asker.join()
        await stage.pilot.pause()
        assert not stage.app.is_running

    assert perform(script).app.return_code == 0
