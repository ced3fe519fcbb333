"""What staff do at the kiosk, with the keyboard alone."""

from functools import reduce

import pytest
from screen_stage import Stage, perform
from screen_states import AT, CHILDREN, KITCHEN, READY, STAFF, TODAY

from accounts.charge import Choice, OverrideReason, Refusal, VoidReason
from cards.reader import UnreadReason
from kiosk.commands import (
    AskBalance,
    AskCounts,
    AskWhy,
    ChooseTray,
    Command,
    FindChild,
    KeepSignedIn,
    ServeAnyway,
    ServeFound,
    ServeUnassigned,
    SignIn,
    SignOut,
    VoidLast,
)
from kiosk.messages import (
    CardNotRead,
    Found,
    NothingToVoid,
    Outcome,
    Refused,
    Served,
    SignedOut,
    Voided,
    Why,
)
from kiosk.screens.held_keys import Key
from kiosk.screens.staff import Mode, Staff, hear
from kiosk.screens.staff_keys import press

NAMED = {name: Key(name) for name in ("enter", "escape", "up", "down", "backspace", "f1", "f2")}
FOUND = Found("mu", CHILDREN, more=False)


def play(*steps: Outcome | str, start: Staff | None = None) -> tuple[Staff, list[Command]]:
    """The staff's side after outcomes and keys, and what was sent besides KeepSignedIn."""
    sent: list[Command] = []

    def step(staff: Staff, it: Outcome | str) -> Staff:
        if not isinstance(it, str):
            return hear(staff, it)
        staff, commands = press(staff, NAMED.get(it, Key(it, it)))
        sent.extend(command for command in commands if command != KeepSignedIn())
        return staff

    return reduce(step, steps, start or hear(Staff(), TODAY)), sent


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        (("1", "2", "enter"), ChooseTray((Choice(2),))),
        (("1", "3", "2", "1", "enter"), ChooseTray((Choice(1), Choice(3)))),
        (("1", "1", "3", "+", "+", "enter"), ChooseTray((Choice(3, 3),))),
        (("1", "down", "down", "+", "+", "-", "enter"), ChooseTray((Choice(1), Choice(3)))),
        (("1", "down", "+", "+", "enter"), ChooseTray((Choice(2),))),
        (("1", "down", "down", " ", "enter"), ChooseTray((Choice(1), Choice(3)))),
        (("2", "2"), VoidLast(VoidReason.NOT_TAKEN)),
        (("2", "down", "down", "enter"), VoidLast(VoidReason.WRONG_PERSON)),
        (("2", "up", "enter"), VoidLast(VoidReason.WRONG_ITEM)),
        (("3", "4"), ServeAnyway(OverrideReason.NO_FUNDS)),
        (("4", "m", "u", "enter"), FindChild("mu")),
        (("5", "5"), ServeUnassigned(OverrideReason.OTHER)),
        (("6",), AskWhy()),
        (("7",), AskCounts()),
        (("g",), AskBalance()),
        (("0",), SignOut()),
    ],
)
def test_signed_in_staff_reach_everything_by_keys(keys: tuple[str, ...], command: Command) -> None:
    _, sent = play(KITCHEN, *keys)
    assert sent == [command]


@pytest.mark.parametrize("key", [*"0123456789", "enter", "escape", "down", "z"])
def test_without_signing_in_no_key_reaches_any_of_it(key: str) -> None:
    staff, sent = play(key, key, key)
    assert sent == []
    assert staff.mode is Mode.CLOSED


def test_anybody_may_ask_for_the_balance_of_their_card() -> None:
    assert play("g", "G", "b")[1] == [AskBalance()] * 3


def test_a_pin_is_sent_once_and_kept_nowhere() -> None:
    staff, sent = play("f1", "4", "7", "x", "9", "backspace", "1", "1", "enter")
    assert sent == [SignIn("4711")]
    assert staff.typed == ""
    assert "4711" not in repr(sent)
    assert play("f1", "4", "7", "escape")[0].typed == ""
    assert play("f1", "enter")[1] == []


def test_a_child_found_by_name_is_served_with_a_reason() -> None:
    staff, sent = play(KITCHEN, "4", "m", "u", FOUND, "down", "enter", "1")
    assert sent == [ServeFound(12, OverrideReason.CARD_FORGOTTEN)]
    assert staff.found is None
    assert staff.picked is None


def test_hits_of_an_older_search_are_not_shown_under_newer_letters() -> None:
    staff, _ = play(KITCHEN, "4", "m", "u", "l", FOUND)
    assert staff.found is None
    staff, _ = play(KITCHEN, "4", "m", "u", FOUND, "l")
    assert staff.found is None


def test_a_search_needs_two_letters() -> None:
    assert play(KITCHEN, "4", "m", "enter")[1] == []


def test_what_was_said_of_one_card_does_not_stand_under_the_next() -> None:
    unread = CardNotRead(AT, UnreadReason.UNREADABLE)
    assert play(KITCHEN, unread)[0].note == unread
    assert play(KITCHEN, unread, Refused(AT, Refusal.UNKNOWN))[0].note is None
    assert play(KITCHEN, unread, Served(AT))[0].note is None


@pytest.mark.parametrize(
    "keys",
    [("3", "1"), ("5", "1"), ("4", "m", "u", FOUND, "enter", "1")],
    ids=["the refused card", "without a name", "a child found by name"],
)
def test_serving_anyway_that_is_refused_says_why(keys: tuple[Outcome | str, ...]) -> None:
    refused = Refused(AT, Refusal.ALREADY_EATEN)
    staff, _ = play(KITCHEN, refused, *keys, refused)
    assert staff.note == Why(Refusal.ALREADY_EATEN)
    assert hear(staff, refused).note is None, "the next card's reason is told on request only"
    assert play(KITCHEN, refused, *keys, Served(AT), refused)[0].note is None


def test_a_tray_is_never_emptied() -> None:
    staff, sent = play(KITCHEN, "1", "1", "enter")
    assert sent == []
    assert staff.mode is Mode.OFFERS


@pytest.mark.parametrize("name", [name for name in STAFF if STAFF[name][0] == KITCHEN])
def test_signing_out_by_idleness_forgets_names_and_closes_everything(name: str) -> None:
    staff, _ = play(*STAFF[name], SignedOut())
    assert staff == Staff(today=TODAY)


@pytest.mark.parametrize("mode", ["1", "2", "3", "4", "5", "7"])
def test_escape_leads_back_to_the_menu_and_nothing_was_done(mode: str) -> None:
    staff, sent = play(KITCHEN, mode, "escape")
    assert staff == play(KITCHEN)[0]
    assert [command for command in sent if command != AskCounts()] == []


def test_the_kiosk_is_ended_by_staff_only_and_after_a_confirmation() -> None:
    assert not play("9", "enter")[0].leaving
    assert not play(KITCHEN, "9")[0].leaving
    assert not play(KITCHEN, "9", "escape", "enter")[0].leaving
    assert play(KITCHEN, "9", "enter")[0].leaving


def test_every_key_of_signed_in_staff_keeps_them_signed_in() -> None:
    keys = ("4", "m", "u", "x", "backspace", "enter", "down", "escape", "f2", "z")

    async def script(stage: Stage) -> None:
        await stage.press(*keys)
        assert KeepSignedIn() not in stage.sent
        await stage.hear(KITCHEN)
        await stage.press(*keys)

    sent = perform(script).sent
    assert sent.count(KeepSignedIn()) == len(keys)
    assert sent.count(FindChild("mu")) == 1


def test_signing_out_is_not_taken_for_activity() -> None:
    staff, _ = play(KITCHEN)
    assert press(staff, Key("0", "0"))[1] == (SignOut(),)


def test_a_pin_never_stands_on_the_screen_and_is_forgotten_when_nobody_goes_on() -> None:
    async def script(stage: Stage) -> None:
        await stage.press("f1", "4", "7", "1")
        assert "> ***_" in stage.text()
        assert "471" not in stage.text()
        await stage.later(21)
        assert stage.app.staff == Staff()
        await stage.press("1", "enter")

    assert perform(script).sent == []


@pytest.mark.parametrize("leave", [SignedOut(), "escape", "0"])
def test_names_vanish_from_the_screen_when_the_search_is_left(leave: Outcome | str) -> None:
    async def script(stage: Stage) -> None:
        await stage.act(*READY, KITCHEN, "4", "m", "u", FOUND)
        assert "Kowalska [Zoë], 6c" in stage.text()
        await stage.act(*(["enter", "1"] if leave == "0" else []), leave)
        for child in CHILDREN:
            assert child.name not in stage.text()

    perform(script)


def test_cards_are_served_while_staff_search() -> None:
    async def script(stage: Stage) -> None:
        await stage.act(*READY, KITCHEN, "4", "m", "u", FOUND, Served(AT))
        assert "Guten Appetit!" in stage.text()
        assert "Kowalska" in stage.text()

    perform(script)


def test_why_a_card_was_refused_is_said_to_staff_who_ask_and_to_nobody_else() -> None:
    async def script(stage: Stage) -> None:
        await stage.act(*READY, Refused(AT, Refusal.BALANCE))
        assert "Guthaben reicht nicht" not in stage.text()
        await stage.act(KITCHEN, *STAFF["why"][-2:])
        assert "Guthaben reicht nicht" in stage.text()
        await stage.act(SignedOut())
        assert "Guthaben reicht nicht" not in stage.text()

    perform(script)


def test_staff_are_told_what_was_taken_back() -> None:
    async def script(stage: Stage) -> None:
        await stage.act(KITCHEN, "2", "1", Voided(AT, ("Menü 1", "Saft")))
        assert "Zurückgenommen: Menü 1, Saft" in stage.text()
        await stage.act("2", "1", NothingToVoid())
        assert "Nichts zum Zurücknehmen" in stage.text()

    perform(script)


def test_a_long_list_is_walked_through_row_by_row() -> None:
    many = tuple(type(CHILDREN[0])(n, f"Kind {n:02}", "5a") for n in range(20))

    async def script(stage: Stage) -> None:
        await stage.act(KITCHEN, "4", "k", "i", Found("ki", many, more=True))
        assert "Kind 00" in stage.text()
        await stage.press(*["down"] * 25)
        assert "> Kind 19" in stage.text()
        assert "Kind 00" not in stage.text()
        await stage.press("enter", "1")

    assert perform(script).sent[-1] == ServeFound(19, OverrideReason.CARD_FORGOTTEN)


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c", "ctrl+p", "ctrl+z", "ctrl+d", "q"])
def test_no_key_of_a_passer_by_ends_the_kiosk_or_opens_anything(key: str) -> None:
    async def script(stage: Stage) -> None:
        await stage.act(*READY)
        before = stage.picture()
        await stage.press(key)
        assert stage.app.is_running
        assert stage.picture() == before
        assert len(stage.app.screen_stack) == 1

    assert perform(script).sent == []


def test_a_demonstration_may_be_ended_by_its_key() -> None:
    async def script(stage: Stage) -> None:
        assert "Q beenden" in stage.text()
        await stage.press("q")
        assert not stage.app.is_running

    assert perform(script, may_quit=True).app.return_code == 0


def test_staff_end_the_kiosk_with_status_zero() -> None:
    async def script(stage: Stage) -> None:
        await stage.act(KITCHEN, "9", "enter")
        assert not stage.app.is_running

    assert perform(script).app.return_code == 0
