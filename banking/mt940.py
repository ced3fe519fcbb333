"""MT940 and MT942 as German banks write them, by SWIFT, HBCI or file.

A message that begins with ``:20:``, or with ``:25:`` or ``:60F:`` after a closing balance, is a
statement of its own and stands or falls alone; it is of one account. Announced bookings (MT942) are told apart. Where a line looks like
a booking within a payer's text, the statement's balances say what it is; where they cannot, the
statement is refused.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from accounts.money import ZERO, Money, total
from banking.lines import BankStatement, Trouble, Unreadable
from banking.mt940_decode import lines_of
from banking.mt940_message import (
    CLOSINGS,
    OPENINGS,
    Booked,
    Message,
    read_message,
)
from banking.mt940_subfields import subfields, unwrapped
from banking.mt940_tags import Field, split
from banking.pages import joined_pages
from banking.proof import bare_account, closes, in_numbers, later_apart

_MOST_DOUBTS = 12
_MOST_FORGERIES = 20


def read_mt940(raw: bytes) -> tuple[BankStatement | Unreadable, ...]:
    """The statements of a file in its order, numbered from 1.

    Never raises for what is in the bytes: what is wrong is an ``Unreadable``, of the whole file
    (``no`` 0) or of one statement.
    """
    lines = lines_of(raw)
    messages = _messages(lines)
    if isinstance(messages, Unreadable):
        return (messages,)
    if not messages:
        return (Unreadable(Trouble.NOT_A_STATEMENT),)
    return joined_pages(
        _statement(lines, message, no) for no, message in enumerate(messages, start=1)
    )


def _messages(lines: Sequence[str]) -> list[Message] | Unreadable:
    """The messages. A closing balance that a second one follows was a payer's text."""
    as_text: frozenset[int] = frozenset()
    while True:
        messages = _grouped(split(lines, first=1, as_text=as_text), len(lines) + 1, as_text)
        twice = _closed_twice(messages)
        if twice is None:
            return messages
        if not twice.doubtful or len(as_text) == _MOST_FORGERIES:
            return Unreadable(Trouble.BROKEN_MT940, f":{twice.tag}: ({twice.number})")
        as_text |= {twice.number}


def _closed_twice(messages: list[Message]) -> Field | None:
    for message in messages:
        closings = [field for field in message.fields if field.tag in CLOSINGS]
        if len(closings) > 1:
            return closings[0]
    return None


def _grouped(fields: list[Field], behind: int, as_text: frozenset[int]) -> list[Message]:
    messages: list[Message] = []
    open_ = False
    account = ""
    for field in fields:
        if field.tag == "-":
            open_ = False
            continue
        again = open_ and _begins_again(field, messages[-1])
        if field.tag == "20" or again or not open_:
            if messages:
                messages[-1].behind = field.number
            messages.append(Message([], account if again else "", behind, as_text))
            open_ = True
        if field.tag == "25":
            account = messages[-1].account = _account(field.text)
        messages[-1].fields.append(field)
    return [message for message in messages if message.has(CLOSINGS | OPENINGS | {"61"})]


def _begins_again(field: Field, message: Message) -> bool:
    """Whether this begins a message without a ``:20:``."""
    if field.tag == "25":
        # Behind a closing that may be a payer's text, an account may be one, too.
        closings = [it for it in message.fields if it.tag in CLOSINGS]
        return bool(closings) and not any(it.doubtful for it in [*closings, field])
    return field.tag in OPENINGS and message.has(CLOSINGS)


def _account(text: str) -> str:
    # Some banks write the currency behind the number.
    bare = bare_account(text)
    return bare[:-3] if bare[-3:].isalpha() and bare[-4:-3].isdigit() else bare


def _read(message: Message, no: int) -> tuple[BankStatement, list[Booked]] | Unreadable:
    named = [field for field in message.fields if field.tag == "25"]
    if len({_account(field.text) for field in named}) > 1:
        return Unreadable(Trouble.BROKEN_MT940, f":25: ({named[-1].number})", no)
    return read_message(message, no)


def _statement(lines: Sequence[str], message: Message, no: int) -> BankStatement | Unreadable:
    read = _read(message, no)
    if isinstance(read, Unreadable):
        return read
    statement, booked = read
    doubts = [index for index, one in enumerate(booked) if one.field.doubtful][: _MOST_DOUBTS + 1]
    opening, closing = statement.opening, statement.closing
    if opening is None or closing is None:
        if _unsure(booked, doubts, Money(0), proved=False):
            return Unreadable(Trouble.AMBIGUOUS_LINE, _where(booked, doubts), no)
        return statement
    moved = total(one.booking.amount for one in booked)
    excess = opening.amount + moved - closing.amount
    if not excess:
        if _unsure(booked, doubts, excess, proved=True):
            return Unreadable(Trouble.AMBIGUOUS_LINE, _where(booked, doubts), no)
        return statement
    apart = later_apart(opening, statement.lines, closing)
    if apart is not None:
        days = [line.day for line in apart[0]]
        return replace(
            statement,
            lines=tuple(apart[0]),
            pending=tuple(apart[1]),
            first_day=min(days, default=closing.day),
            last_day=closing.day,
        )
    ways = _subsets(booked, doubts, excess)
    if len(ways) > 1:
        return Unreadable(Trouble.AMBIGUOUS_LINE, _where(booked, doubts), no)
    if ways:
        as_text = message.as_text | {booked[index].field.number for index in ways[0]}
        start = message.fields[0].number
        fields = split(lines[start - 1 : message.behind - 1], first=start, as_text=as_text)
        kept = [field for field in fields if field.tag != "-"]
        again = read_message(replace(message, fields=kept), no)
        if not isinstance(again, Unreadable) and closes(opening, again[0].lines, closing):
            return again[0]
    return Unreadable(Trouble.DOES_NOT_CLOSE, in_numbers(opening, moved, closing), no)


def _unsure(booked: list[Booked], doubts: list[int], excess: Money, *, proved: bool) -> bool:
    """Whether lines within a text without subfields could be left out and nobody would see it."""
    loose = [index for index in doubts if index and not _numbered(booked[index - 1].words)]
    return bool(loose) if not proved else bool(_subsets(booked, loose, excess))


def _numbered(words: Sequence[str]) -> bool:
    return bool(words) and subfields(unwrapped(words)) is not None


def _subsets(booked: list[Booked], doubts: list[int], excess: Money) -> list[tuple[int, ...]]:
    """At most two of the ways to leave doubtful lines out so that the excess is gone."""
    if len(doubts) > _MOST_DOUBTS:
        return []
    ways: list[tuple[int, ...]] = []
    for size in range(1, len(doubts) + 1):
        for some in itertools.combinations(doubts, size):
            if sum((booked[index].booking.amount for index in some), start=ZERO) == excess:
                ways.append(some)
                if len(ways) == 2:
                    return ways
    return ways


def _where(booked: list[Booked], doubts: list[int]) -> str:
    return ", ".join(f":61: ({booked[index].field.number})" for index in doubts)
