"""What the loop makes of a reader's reports, with the reports scripted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.channel import CardGone, Channel
from cards.field import Field, Report
from cards.layout import AID, Content, Medium
from cards.loop import Answer, Loop, Session
from cards.reader import (
    CardFault,
    CardTaken,
    CardUnread,
    Proof,
    ReaderEvent,
    ReaderReady,
    ReaderSetting,
    ReaderTrouble,
    Tap,
    TroubleReason,
    UnreadReason,
    no_secret,
)
from cards.secret import CardSecret
from cards.virtual.chip import Chip
from cards.virtual.image import Kind, copied, issued

NOW = datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
A, B = "04A1B2C3D4E5F6", "04000000000001"
TICKET = bytes.fromhex("3B8580015A4356445659")
SECRET = CardSecret(Medium.EV2, AID, bytes(range(16)), bytes(12), 1)
T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """A report, what can be read while it holds, and what is seen right after the reading."""

    count: int
    card: str | UnreadReason | None = None
    after: "Seen | None" = None
    atr: bytes = b""

    @property
    def report(self) -> Report:
        there = self.card is not None
        return Report(raw=self.count << 16, present=there, count=self.count, atr=self.atr)


@dataclass
class Scripted:
    """A PC/SC service that reports what the script says, context by context, then ends."""

    contexts: list[list[Seen] | TroubleReason]
    names: list[str] = field(default_factory=lambda: ["Till 00 00"])
    ends_with: TroubleReason = TroubleReason.NO_SERVICE
    now: Seen | None = None
    has_read: bool = False
    unreadable: bool = False
    channel: Channel | None = None

    @contextmanager
    def open(self) -> Iterator[Session | TroubleReason]:
        context = self.contexts[0]
        yield context if isinstance(context, TroubleReason) else self

    def another(self) -> bool:
        del self.contexts[0]
        return bool(self.contexts)

    def readers(self) -> list[str] | TroubleReason:
        return self.names

    def wait(self, reader: str, last: Report | None, seconds: float) -> Report | TroubleReason:
        context = self.contexts[0]
        assert isinstance(context, list)
        assert reader in self.names
        if self.has_read:
            self.has_read = False
            assert self.now is not None
            assert last == self.now.report
            assert (seconds > 0) == self.unreadable
            return (self.now.after or self.now).report
        if not context:
            return self.ends_with
        self.now = context.pop(0)
        return self.now.report

    def wait_for_readers(self, seconds: float) -> TroubleReason | None:
        assert seconds > 0  # none would make a busy loop of it
        return self.ends_with

    def read_card(self, reader: str, judge: Callable[[bytes, Channel], T]) -> T | UnreadReason:
        assert reader in self.names
        assert self.now is not None
        assert self.now.card is not None
        self.has_read = True
        card = self.now.card
        self.unreadable = card is UnreadReason.UNREADABLE
        if isinstance(card, UnreadReason):
            return card
        assert self.channel is not None
        try:
            return judge(bytes.fromhex(card), self.channel)
        except CardGone:
            self.unreadable = True
            return UnreadReason.UNREADABLE


@dataclass
class Lying:
    """A chip that lies in the field, as a channel."""

    chip: Chip
    asked: int = 0

    def transmit(self, apdu: bytes) -> bytes:
        self.asked += 1
        return self.chip.answer(apdu)


def one_of_ours() -> Chip:
    """The card that knows ``SECRET``."""
    content = Content(city=1, issue_no=1, token=SECRET.token).to_bytes()
    return Chip(issued(Kind.EV2, bytes.fromhex(A), keys={1: SECRET.read_key}, content=content))


def told(*contexts: list[Seen] | TroubleReason, held: str | None = None) -> list[ReaderEvent]:
    """Return what the loop tells of these contexts, without what it tells of itself."""
    events = all_told(Scripted(list(contexts)), held=held)
    return [event for event in events if not isinstance(event, ReaderReady | ReaderTrouble)]


def all_told(
    stack: Scripted, *, held: str | None = None, secret_of: Answer = no_secret
) -> list[ReaderEvent]:
    """Return everything the loop tells while the script lasts."""
    events: list[ReaderEvent] = []
    stack.channel = stack.channel or Lying(one_of_ours())
    Loop(
        setting=ReaderSetting("till", match="Till"),
        admit_virtual=False,
        now=lambda: NOW,
        tell=events.append,
        alive=lambda: None,
        secret_of=secret_of,
        field=Field(None, occupied=held is not None, card=held),
    ).run(stack, stack.another)
    return events


def shape(events: list[ReaderEvent]) -> list[str]:
    """Return the events as short words."""
    words = []
    for event in events:
        match event:
            case Tap(card=card):
                words.append(f"tap {card}")
            case CardTaken(card=card):
                words.append(f"taken {card}")
            case CardUnread(reason=reason) | ReaderTrouble(reason=reason):
                words.append(reason.value)
            case ReaderReady():
                words.append("ready")
    return words


def test_a_card_is_told_when_it_comes_and_when_it_goes() -> None:
    assert shape(told([Seen(0), Seen(1, A), Seen(2)])) == [f"tap {A}", f"taken {A}"]


def test_a_card_that_lies_there_from_the_start_is_a_tap() -> None:
    assert shape(told([Seen(5, A)])) == [f"tap {A}"]


def test_a_card_left_lying_taps_once() -> None:
    assert shape(told([Seen(0), Seen(1, A), Seen(1, A), Seen(1, A)])) == [f"tap {A}"]


def test_a_swap_that_was_never_seen_as_an_absence_is_the_other_card() -> None:
    events = told([Seen(0), Seen(1, A), Seen(3, B)])

    assert shape(events) == [f"tap {A}", f"taken {A}", f"tap {B}"]


def test_the_same_card_lifted_unseen_and_put_back_is_a_second_tap() -> None:
    events = told([Seen(0), Seen(1, A), Seen(3, A)])

    assert shape(events) == [f"tap {A}", f"taken {A}", f"tap {A}"]


def test_a_card_swapped_while_it_is_read_taps_once() -> None:
    events = told([Seen(0), Seen(1, B, after=Seen(3, B)), Seen(3, B)])

    assert shape(events) == [f"tap {B}"]


def test_a_card_left_lying_over_a_restart_of_the_service_is_no_second_tap() -> None:
    assert shape(told([Seen(0), Seen(1, A)], [Seen(0, A), Seen(1)])) == [f"tap {A}", f"taken {A}"]


def test_a_reader_that_finds_the_lying_card_late_after_a_restart_does_not_tap_it_again() -> None:
    assert shape(told([Seen(1, A)], [Seen(0), Seen(1, A)])) == [f"tap {A}"]


def test_a_card_gone_after_a_restart_is_told_as_taken() -> None:
    assert shape(told([Seen(1, A)], [Seen(0), Seen(0)])) == [f"tap {A}", f"taken {A}"]


def test_another_card_after_a_restart_is_a_tap() -> None:
    assert shape(told([Seen(1, A)], [Seen(0, B)])) == [f"tap {A}", f"taken {A}", f"tap {B}"]


def test_a_card_handed_on_by_a_process_that_was_replaced_is_no_second_tap() -> None:
    assert told([Seen(7, A)], held=A) == []


def test_a_random_number_is_no_tap_and_is_told_as_taken_without_a_number() -> None:
    events = told([Seen(0), Seen(1, "08C0FFEE"), Seen(2)])

    assert events == [CardUnread("till", UnreadReason.RANDOM_UID), CardTaken("till", None)]


def test_a_card_that_cannot_be_read_says_why() -> None:
    assert shape(told([Seen(1, UnreadReason.BUSY)])) == [UnreadReason.BUSY.value]


def test_a_card_that_left_while_it_was_read_was_pulled() -> None:
    events = told([Seen(1, UnreadReason.UNREADABLE, after=Seen(2)), Seen(2)])

    assert events == [CardUnread("till", UnreadReason.PULLED), CardTaken("till", None)]


def test_a_card_that_left_after_its_number_was_read_is_a_tap() -> None:
    assert shape(told([Seen(1, A, after=Seen(2)), Seen(2)])) == [f"tap {A}", f"taken {A}"]


def tap_of(chip: Chip, secret_of: Answer) -> tuple[ReaderEvent, int]:
    """Return the event of laying this chip down, and how many commands it heard."""
    lying = Lying(chip)
    _, event, *_ = all_told(Scripted([[Seen(1, A)]], channel=lying), secret_of=secret_of)
    return event, lying.asked


def test_a_card_whose_secret_is_known_proves_itself() -> None:
    asked: list[str] = []

    def secret_of(card: str) -> CardSecret:
        asked.append(card)
        return SECRET

    tap, _ = tap_of(one_of_ours(), secret_of)

    assert isinstance(tap, Tap)
    assert (tap.card, tap.proof, tap.fault) == (A, Proof.AES, None)
    assert asked == [A]


def test_a_card_whose_secret_is_not_known_is_asked_nothing_but_its_number() -> None:
    tap, commands = tap_of(one_of_ours(), no_secret)

    assert isinstance(tap, Tap)
    assert (tap.proof, tap.fault) == (Proof.UID, None)
    assert commands == 0


def test_a_copy_is_a_tap_that_proves_a_number_and_says_what_is_wrong() -> None:
    tap, _ = tap_of(Chip(copied(one_of_ours().image)), lambda _: SECRET)

    assert isinstance(tap, Tap)
    assert (tap.proof, tap.fault) == (Proof.UID, CardFault.WRONG_KEY)


def test_a_card_about_which_there_is_no_answer_is_no_tap() -> None:
    event, commands = tap_of(one_of_ours(), lambda _: UnreadReason.NOT_TOLD)

    assert event == CardUnread("till", UnreadReason.NOT_TOLD)
    assert commands == 0


def test_a_card_that_drags_is_no_tap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cards.loop.PROVE_WITHIN", 0.0)

    event, commands = tap_of(one_of_ours(), lambda _: SECRET)

    assert event == CardUnread("till", UnreadReason.UNREADABLE)
    assert commands == 0


def test_a_ticket_is_told_by_its_greeting_and_is_not_read() -> None:
    stack = Scripted([[Seen(1, A, atr=TICKET), Seen(2)]])
    events = all_told(stack, secret_of=lambda _: pytest.fail("the ticket was read"))

    assert shape(events) == ["ready", "ticket", "taken None", "no service"]


def test_trouble_is_told_once_however_often_it_is_met() -> None:
    down = TroubleReason.NO_SERVICE
    stack = Scripted([down, down, down, [Seen(0)], down, down])

    assert shape(all_told(stack)) == ["no service", "ready", "no service"]


def test_a_reader_that_is_not_allowed_is_never_read() -> None:
    stack = Scripted([[Seen(1, A)]], names=["Other 00 00"])

    assert shape(all_told(stack)) == ["no reader", "no service"]


histories = st.lists(st.lists(st.sampled_from([None, A, B]), max_size=6), max_size=5)


@given(histories)
def test_whatever_happens_two_taps_have_the_first_card_taken_between_them(
    history: list[list[str | None]],
) -> None:
    contexts: list[list[Seen] | TroubleReason] = [
        [Seen(count, card) for count, card in enumerate(cards)] for cards in history
    ]

    lying: str | None = None
    for event in told(*contexts) if contexts else []:
        match event:
            case Tap(card=card):
                assert lying is None
                lying = card
            case CardTaken(card=gone):
                assert gone == lying
                lying = None


@given(st.lists(st.sampled_from([None, A, B]), max_size=12))
def test_within_one_context_every_placing_is_one_tap(cards: list[str | None]) -> None:
    events = told([Seen(count, card) for count, card in enumerate(cards)])

    assert [event.card for event in events if isinstance(event, Tap)] == [
        card for card in cards if card is not None
    ]
