"""Long work in chunks: nothing is left out, SQLite is let go of, a fault undoes one chunk."""

from itertools import count

import pytest
from builders import NOON, School, row

from accounts.database import Database, Session
from accounts.entries import Booked, Draft, EntryKind, Key, Move
from accounts.ledger import book, count_entries
from accounts.money import Money
from accounts.polite import HOLD_SECONDS, in_chunks
from accounts.tables import journal, kiosks

MANY = 200


@pytest.fixture
def bank(school: School) -> int:
    """The origin of a bank account's entries, with the accounts they move."""
    with school.database.write() as db:
        for name in ("fees", "write_off"):
            row(db, journal.account, name=name, kind=name)
        return row(db, kiosks.origin, kind="office", name="Kasse", enrolled_us=NOON)


def came_in(bank: int, seq: int) -> Draft:
    return Draft(
        key=Key(bank, 1, seq),
        kind=EntryKind.TOPUP,
        occurred_at=NOON,
        actor="office",
        moves=(Move("fees", "write_off", Money(seq)),),
    )


def post(db: Session, draft: Draft) -> None:
    assert isinstance(book(db, draft, now=NOON), Booked)


def total(database: Database) -> int:
    with database.read() as db:
        return count_entries(db)


def test_every_item_is_done_once_and_in_order(school: School, bank: int) -> None:
    asked = MANY + 7
    drafts = (came_in(bank, seq) for seq in range(1, asked + 1))
    held = list(in_chunks(school.database, drafts, post, rest=lambda _: None))
    assert sum(held) == asked
    assert total(school.database) == asked


def test_the_ledger_is_let_go_of_after_a_moment(school: School, bank: int) -> None:
    hold = HOLD_SECONDS[school.database.url.get_backend_name()]
    moments = count()
    rests: list[float] = []
    chunks = in_chunks(
        school.database,
        (came_in(bank, seq) for seq in range(1, 10)),
        post,
        rest=rests.append,
        ticks=lambda: next(moments) * hold * 0.4,  # gone between two looks
    )
    assert list(chunks) == [3, 3, 3]
    assert len(rests) == 3
    assert min(rests) > 0


def test_what_it_is_left_after_stays_and_the_rest_is_not_begun(school: School, bank: int) -> None:
    chunks = in_chunks(
        school.database,
        (came_in(bank, seq) for seq in range(1, 3 * MANY)),
        post,
        rest=lambda _: None,
    )
    first = next(chunks)
    assert total(school.database) == first


def test_a_fault_undoes_its_own_chunk_only(school: School, bank: int) -> None:
    def post_but_the_last(db: Session, draft: Draft) -> None:
        post(db, draft)
        if draft.key.seq == MANY:
            raise RuntimeError("the bank's file ends here")

    done: list[int] = []
    moments = count()
    chunks = in_chunks(
        school.database,
        (came_in(bank, seq) for seq in range(1, MANY + 1)),
        post_but_the_last,
        rest=lambda _: None,
        ticks=lambda: next(moments) / 1000,
    )
    with pytest.raises(RuntimeError):
        done.extend(chunks)
    assert 0 < sum(done) < MANY
    assert total(school.database) == sum(done)
