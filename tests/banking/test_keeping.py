"""What a bank tells is kept once, proved or not at all, however often and in whatever order."""

from dataclasses import replace

import pytest
from builders import NOON
from keeping_stage import VAULT, Desk, bank_with, on, open_desk, outcomes, week
from paper_bank import DAY, Booked, paper, read_paper
from sqlalchemy import func, select

from accounts.bank_accounts import add_bank_account
from accounts.bank_book import book_opening
from accounts.bank_files import (
    Outcome,
    Source,
    erase_file,
    quarantined,
    raw_of,
    readings,
    texts_of,
    waiting,
)
from accounts.database import Database
from accounts.money import Money
from accounts.tables import bank
from banking.keeping import Incoming, Unkept, keep
from banking.lines import Family, Trouble
from banking.taking import AT_ONCE


@pytest.fixture
def desk(database: Database) -> Desk:
    return open_desk(database)


def test_a_statement_is_kept_and_its_days_are_proved(desk: Desk) -> None:
    truth = week()

    (kept,) = desk.bring(paper(truth.tell(on(0), on(4))))

    assert (kept.outcome, kept.lines, kept.new_lines) == (Outcome.KEPT, 7, 7)
    assert set(desk.proved()) == {on(day) for day in range(-1, 5)}
    desk.agrees_with(truth)


def test_told_again_nothing_changes_however_it_is_cut(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(4))))
    before = desk.lines(), desk.proved()

    again = desk.bring(
        paper(truth.tell(on(0), on(4))),
        paper(truth.tell(on(0), on(4)), salt=1),
        paper(truth.tell(on(1), on(2))),
        paper(truth.tell(on(0), on(0), skip=1)),
        paper(truth.tell(on(0), on(0), skip=1, upto=2)),
        paper(truth.tell(on(0), on(3), skip=2, upto=1)),
        paper(truth.tell(on(3), on(3), upto=1)),
        paper(truth.tell(on(2), on(2))),
    )

    assert set(outcomes(again)) == {Outcome.KNOWN}
    assert (desk.lines(), desk.proved()) == before


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_a_day_in_several_statements_is_kept_in_any_order(
    desk: Desk, order: tuple[int, ...]
) -> None:
    truth = bank_with([Booked(100)], [Booked(2000 + n // 2) for n in range(6)], [Booked(100)])
    desk.bring(paper(truth.tell(on(0), on(0))))
    parts = [
        paper(truth.tell(on(1), on(1), upto=2)),
        paper(truth.tell(on(1), on(1), skip=2, upto=4)),
        paper(truth.tell(on(1), on(2), skip=4)),
    ]

    for place in order:
        desk.bring(parts[place])

    assert len(desk.lines()) == 8
    desk.agrees_with(truth)


def test_a_part_with_nothing_but_twins_is_taken_when_the_next_balance_says_so(desk: Desk) -> None:
    truth = bank_with([Booked(2000), Booked(2000)], [Booked(100)])
    desk.bring(paper(truth.tell(on(0), on(0), upto=1)))

    (kept,) = desk.bring(paper(truth.tell(on(0), on(0), skip=1)))
    assert (kept.outcome, kept.reason) == (Outcome.WAITING, Unkept.AGAIN_OR_MORE)
    desk.bring(paper(truth.tell(on(1), on(1))))

    assert len(desk.lines()) == 3
    desk.agrees_with(truth)


def test_a_part_told_again_that_opens_where_the_day_ended_is_not_taken_twice(desk: Desk) -> None:
    truth = bank_with([Booked(50), Booked(-50), Booked(50)], [Booked(100)])
    desk.bring(paper(truth.tell(on(0), on(0))))

    desk.bring(paper(truth.tell(on(0), on(0), skip=1, upto=2)))
    desk.bring(paper(truth.tell(on(1), on(1))))

    assert len(desk.lines()) == 4
    desk.agrees_with(truth)
    with desk.database.read() as db:
        assert not waiting(db)


def test_hourly_parts_of_a_day_are_kept_once_the_next_day_proves_them(desk: Desk) -> None:
    truth = bank_with([Booked(100)], [Booked(2000), Booked(2000), Booked(300)], [Booked(100)])
    desk.bring(paper(truth.tell(on(0), on(0))))

    for hour, skip in enumerate(range(3), start=9):
        desk.on(1, hour).bring(paper(truth.tell(on(1), on(1), skip=skip, upto=skip + 1)))
    assert max(desk.proved()) == on(0)
    desk.on(2).bring(paper(truth.tell(on(2), on(2))))

    assert max(desk.proved()) == on(1)
    desk.agrees_with(truth)


def test_the_first_import_begins_with_its_earliest_statement(desk: Desk) -> None:
    truth = week()

    desk.bring(
        paper(truth.tell(on(3), on(4))),
        paper(truth.tell(on(0), on(0), skip=1)),
        paper(truth.tell(on(1), on(2))),
        paper(truth.tell(on(0), on(0), upto=1)),
    )

    assert min(desk.proved()) == on(-1)
    assert len(desk.lines()) == 7
    desk.agrees_with(truth)


def test_what_is_before_the_first_statement_is_nothing_to_keep(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(3), on(4))))

    (early,) = desk.bring(paper(truth.tell(on(0), on(2))))
    (over_it,) = desk.bring(paper(truth.tell(on(1), on(4))))

    assert (early.outcome, early.reason) == (Outcome.NOTHING, Unkept.BEFORE_BEGINNING)
    assert over_it.outcome is Outcome.KNOWN
    desk.agrees_with(truth)


def test_a_statement_behind_a_gap_waits_for_it_and_names_it(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(0))))

    (late,) = desk.bring(paper(truth.tell(on(4), on(4))))

    assert (late.outcome, late.reason) == (Outcome.WAITING, Unkept.DAYS_MISSING)
    assert late.detail == "03.11.2026 - 05.11.2026: 45,00 ≠ 120,00"
    assert max(desk.proved()) == on(0)

    filling = desk.bring(paper(truth.tell(on(1), on(3))))

    assert [(one.outcome, one.again) for one in filling] == [
        (Outcome.KEPT, True),
        (Outcome.KEPT, False),
    ]
    desk.agrees_with(truth)


def test_days_on_which_nothing_moved_need_no_statement(desk: Desk) -> None:
    truth = bank_with([Booked(100)], [], [], [Booked(200)])
    desk.bring(paper(truth.tell(on(0), on(0))))

    desk.bring(paper(truth.tell(on(3), on(3))))

    assert set(desk.proved()) == {on(day) for day in range(-1, 4)}
    desk.agrees_with(truth)


def test_days_of_which_another_statement_tells_lines_did_not_stand_still(desk: Desk) -> None:
    truth = bank_with([Booked(100)], [Booked(2000)], [Booked(300)])
    desk.on(1).bring(paper(truth.tell(on(0), on(0))))
    desk.on(1).bring(paper(truth.tell(on(1), on(1), interim=True)))
    wrong = truth.tell(on(2), on(2))
    for balance in ("opening", "closing"):
        wrong[balance] = int(str(wrong[balance])) - 2000

    desk.on(3).bring(paper(wrong))
    assert max(desk.proved()) == on(0)

    desk.bring(paper(truth.tell(on(0), on(2))))
    assert max(desk.proved()) == on(2)
    desk.agrees_with(truth)


def test_a_noon_balance_that_equals_the_mornings_proves_nothing(desk: Desk) -> None:
    truth = bank_with([Booked(100)], [Booked(2000), Booked(-2000, "Rückgabe"), Booked(700)])
    desk.on(1).bring(paper(truth.tell(on(0), on(1), upto=2, interim=True)))

    desk.on(2).bring(
        paper(truth.tell(on(1), on(1), skip=1)), paper(truth.tell(on(1), on(1), upto=1))
    )

    assert max(desk.proved()) == on(1)
    desk.agrees_with(truth)


def test_lines_of_a_day_that_is_not_over_wait_for_the_whole_day(desk: Desk) -> None:
    truth = week()
    noon = paper(truth.tell(on(0), on(3), upto=1))

    (early,) = desk.on(3).bring(noon)

    assert (early.outcome, early.reason, early.new_lines) == (
        Outcome.WAITING,
        Unkept.DAY_NOT_OVER,
        4,
    )
    assert max(desk.proved()) == on(2)

    desk.on(4).bring(paper(truth.tell(on(0), on(4), upto=0)))

    assert max(desk.proved()) == on(3)
    with desk.database.read() as db:
        assert not waiting(db)
    desk.agrees_with(truth)


def test_a_day_told_before_it_ended_is_proved_by_what_the_next_one_opens_with(desk: Desk) -> None:
    truth = week()
    desk.on(0, hour=20).bring(paper(truth.tell(on(0), on(0))))
    desk.on(1, hour=20).bring(paper(truth.tell(on(1), on(1))))

    desk.on(2).bring()

    assert max(desk.proved()) == on(0)
    desk.agrees_with(truth)


def test_a_day_told_too_early_is_not_proved_by_another_balance(desk: Desk) -> None:
    truth = week()
    desk.on(0).bring(paper(truth.tell(on(0), on(0), upto=1)))

    desk.on(2).bring(paper(truth.tell(on(1), on(1))))

    assert desk.lines() == [(on(1), 3500)] or not desk.lines()


def test_a_stale_telling_of_the_newest_day_grows_when_the_whole_of_it_comes(desk: Desk) -> None:
    truth = week()
    desk.on(5).bring(paper(truth.tell(on(0), on(3), upto=1)))
    assert len(desk.lines()) == 5

    desk.bring(paper(truth.tell(on(1), on(4))))

    assert len(desk.lines()) == 7
    desk.agrees_with(truth)


def test_lines_dated_ahead_wait_for_their_day(desk: Desk) -> None:
    truth = week()

    (kept,) = desk.on(3).bring(paper(truth.tell(on(0), on(4))))

    assert (kept.outcome, kept.new_lines) == (Outcome.WAITING, 4)
    assert max(desk.proved()) == on(2)


def test_without_balances_lines_wait_until_the_bank_answers(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(1))))

    (kept,) = desk.bring(paper(truth.tell(on(1), on(3), balances="none")))
    assert (kept.outcome, kept.reason) == (Outcome.WAITING, Unkept.NO_BALANCE)

    answer = {on(3): truth.closing(on(3))}
    told = desk.bring(paper(truth.tell(on(1), on(3), balances="none"), salt=1), balances=answer)

    assert [one.new_lines for one in told] == [0, 2]
    desk.agrees_with(truth)
    assert max(desk.proved()) == on(3)


def test_a_wrong_balance_proves_nothing(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(1))))

    answer = {on(3): truth.closing(on(3)) + Money(1)}
    (kept,) = desk.bring(paper(truth.tell(on(1), on(3), balances="none")), balances=answer)

    assert (kept.outcome, kept.reason) == (Outcome.WAITING, Unkept.NO_BALANCE)
    assert max(desk.proved()) == on(1)


@pytest.mark.parametrize("which", ["none", "opening"])
def test_without_a_closing_balance_the_next_opening_proves_it(desk: Desk, which: str) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(1))))
    desk.bring(paper(truth.tell(on(2), on(3), balances=which)))
    assert max(desk.proved()) < on(3)

    desk.bring(paper(truth.tell(on(4), on(4))))

    assert max(desk.proved()) == on(4)
    desk.agrees_with(truth)


def test_a_closing_balance_alone_proves_a_statement_that_fits(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(1))))

    desk.bring(paper(truth.tell(on(1), on(4), balances="closing")))

    assert max(desk.proved()) == on(4)
    desk.agrees_with(truth)


def test_an_account_may_begin_with_the_banks_answer(desk: Desk) -> None:
    truth = week()
    told = paper(truth.tell(on(0), on(4), balances="none"))

    (kept,) = desk.bring(told, balances={on(4): truth.closing(on(4))})

    assert kept.outcome is Outcome.KEPT
    desk.agrees_with(truth)


@pytest.mark.parametrize("number", ["", "N1"])
def test_other_words_for_a_known_line_are_marked_once_and_not_booked(
    desk: Desk, number: str
) -> None:
    truth = bank_with([Booked(2000, "Essen", number=number), Booked(2000, "Lena")])
    desk.bring(paper(truth.tell(on(0), on(0))))
    reworded = bank_with([Booked(2000, "Essen für Mai", number=number), Booked(2000, "Lena")])

    kept = desk.bring(
        paper(reworded.tell(on(0), on(0))),
        paper(reworded.tell(on(0), on(0)), salt=1),
    )

    assert len(desk.lines()) == 2
    assert [one.amended for one in kept] == [1, 0]
    with desk.database.read() as db:
        marks = db.execute(select(bank.line_mark.c.line_id, bank.line_mark.c.mark)).all()
    assert [tuple(one) for one in marks] == [(desk.line_ids()[0], "amended")]


def test_blanks_and_accents_make_no_other_line(desk: Desk) -> None:
    desk.bring(paper(bank_with([Booked(2000, "Essen für Lena")]).tell(on(0), on(0))))

    (kept,) = desk.bring(paper(bank_with([Booked(2000, "ESSEN FUR\nLENA ")]).tell(on(0), on(0))))

    assert (kept.outcome, kept.amended) == (Outcome.KNOWN, 0)


def test_another_closing_for_a_known_day_is_quarantined_whole(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(2))))
    other = week()
    other.days[on(1)].append(Booked(700))

    (kept,) = desk.bring(paper(other.tell(on(0), on(4))))

    assert (kept.outcome, kept.reason) == (Outcome.QUARANTINED, Unkept.OTHER_CLOSING)
    assert kept.detail == "03.11.2026: 80,00 ≠ 87,00"
    assert max(desk.proved()) == on(2)
    desk.agrees_with(truth)


def test_a_known_day_with_a_line_less_is_quarantined(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(2))))
    other = week()
    other.days[on(1)] = [Booked(3400), Booked(100)]

    (kept,) = desk.bring(paper(other.tell(on(0), on(4))))

    assert (kept.outcome, kept.reason) == (Outcome.QUARANTINED, Unkept.DAY_CHANGED)
    desk.agrees_with(truth)


def test_a_statement_that_opens_with_another_balance_is_quarantined(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(2))))
    other = replace(truth, opening=truth.opening + Money(5))

    (kept,) = desk.bring(paper(other.tell(on(1), on(4))))

    assert (kept.outcome, kept.reason) == (Outcome.QUARANTINED, Unkept.OTHER_OPENING)
    assert max(desk.proved()) == on(2)


def test_lines_that_come_to_nothing_are_found_in_a_known_day(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(4))))
    truth.days[on(1)] += [Booked(4000, "doppelt"), Booked(-4000, "Rückgabe")]

    desk.bring(paper(truth.tell(on(0), on(4))))

    assert len(desk.lines()) == 9
    desk.agrees_with(truth)


def test_days_known_in_one_format_are_only_compared_in_the_other(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(3), family=Family.MT940)))

    (kept,) = desk.bring(paper(truth.tell(on(1), on(4))))

    assert (kept.outcome, kept.new_lines, kept.amended) == (Outcome.KEPT, 1, 0)
    desk.agrees_with(truth)


def test_formats_that_tell_a_day_with_other_amounts_are_not_believed(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(3), family=Family.MT940)))
    other = week()
    other.days[on(3)] = [Booked(1000), Booked(3000)]

    (kept,) = desk.bring(paper(other.tell(on(1), on(4))))

    assert (kept.outcome, kept.reason) == (Outcome.QUARANTINED, Unkept.FORMATS_DIFFER)


def test_the_rest_of_a_day_in_another_format_waits(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(3), upto=1, family=Family.MT940)))

    (kept,) = desk.bring(paper(truth.tell(on(3), on(4), skip=1)))

    assert (kept.outcome, kept.reason) == (Outcome.WAITING, Unkept.REST_IN_OTHER_FORMAT)


def test_a_statement_that_does_not_close_is_quarantined_and_the_others_are_kept(desk: Desk) -> None:
    truth = week()
    bad = truth.tell(on(2), on(3)) | {"closing": 1}

    kept = desk.bring(paper(truth.tell(on(0), on(1)), bad, truth.tell(on(2), on(4))))

    assert outcomes(kept) == [Outcome.KEPT, Outcome.QUARANTINED, Outcome.KEPT]
    assert kept[1].reason is Trouble.DOES_NOT_CLOSE
    with desk.database.read() as db:
        assert [it.no for it in quarantined(db)] == [2]
    desk.agrees_with(truth)


def test_a_statement_of_an_unknown_account_waits_until_there_is_one(desk: Desk) -> None:
    truth, other = week(), "DE75512108001245126199"
    foreign = replace(truth, iban=other)
    (kept,) = desk.bring(paper(foreign.tell(on(0), on(4))))
    assert (kept.outcome, kept.reason) == (Outcome.WAITING, Unkept.UNKNOWN_ACCOUNT)

    with desk.database.write() as db:
        add_bank_account(db, iban=other, holder="Stadt", at=desk.clock.now())
    (kept,) = desk.bring()

    assert (kept.outcome, kept.account, kept.new_lines) == (Outcome.KEPT, "bank:2", 7)
    assert desk.lines() == []


def test_an_old_account_number_names_the_account_too(desk: Desk) -> None:
    truth = replace(week(), iban="12030000/202051")

    (kept,) = desk.bring(paper(truth.tell(on(0), on(4))))

    assert kept.outcome is Outcome.KEPT


def test_what_was_kept_and_never_read_is_read_the_next_time(desk: Desk) -> None:
    truth = week()

    class PowerCutError(Exception):
        pass

    def cut(_: bytes) -> tuple[()]:
        raise PowerCutError

    incoming = Incoming(source=Source.FOLDER, raw=paper(truth.tell(on(0), on(4))))
    with pytest.raises(PowerCutError):
        keep(desk.database, VAULT, [incoming], actor="office:1", clock=desk.clock, read=cut)
    with desk.database.read() as db:
        assert [it.reason for it in waiting(db)] == [Unkept.UNREAD.value]

    (kept,) = desk.bring()

    assert (kept.outcome, kept.again) == (Outcome.KEPT, True)
    desk.agrees_with(truth)


def test_an_import_that_was_cut_off_goes_on_where_it_was(desk: Desk) -> None:
    many = 5 * AT_ONCE
    truth = bank_with([Booked(100)] * many, [Booked(100, "Lena")] * many)
    raw = paper(truth.tell(on(0), on(1)))

    class PowerCutError(Exception):
        pass

    left = [7]

    def rest(_: float) -> None:
        left[0] -= 1
        if not left[0]:
            raise PowerCutError

    incoming = Incoming(source=Source.FOLDER, raw=raw)
    with pytest.raises(PowerCutError):
        keep(
            desk.database, VAULT, [incoming],
            actor="office:1", clock=desk.clock, read=read_paper, rest=rest,
        )  # fmt: skip
    assert 0 < len(desk.lines()) < 2 * many
    with desk.database.read() as db:
        assert {it.reason for it in waiting(db)} == {"unread", "interrupted"}

    (kept,) = desk.bring()

    assert kept.outcome is Outcome.KEPT
    assert len(desk.lines()) == 2 * many
    desk.agrees_with(truth)


def test_an_erased_file_breaks_nothing_but_its_words(desk: Desk) -> None:
    truth = week()
    (kept,) = desk.bring(paper(truth.tell(on(0), on(4))))
    ids = desk.line_ids()
    with desk.database.read() as db:
        assert {said.purpose for said in texts_of(db, VAULT, ids).values()} >= {"Oma", "K7M-4XP"}

    with desk.database.write() as db:
        assert erase_file(db, kept.file_id)
    with desk.database.write() as db:
        assert not erase_file(db, kept.file_id)

    with desk.database.read() as db:
        assert raw_of(db, VAULT, kept.file_id) is None
        assert texts_of(db, VAULT, ids) == {}
        assert db.execute(select(func.count()).select_from(bank.bank_line_text)).scalar() == 0
    desk.agrees_with(truth)
    (again,) = desk.bring(paper(truth.tell(on(0), on(4)), salt=1))
    assert again.outcome is Outcome.KNOWN


def test_a_file_erased_while_it_waits_has_nothing_to_keep(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(0))))
    (kept,) = desk.bring(paper(truth.tell(on(4), on(4))))
    with desk.database.write() as db:
        erase_file(db, kept.file_id)

    desk.bring(paper(truth.tell(on(1), on(3))))

    with desk.database.read() as db:
        assert not waiting(db)
    assert max(desk.proved()) == on(3)


def test_nothing_personal_lies_beside_what_is_sealed(desk: Desk) -> None:
    truth = bank_with([Booked(100, "Geheimwort", payer="DE75512108001245126199")])
    desk.bring(paper(truth.tell(on(0), on(0))))

    with desk.database.read() as db:
        for table in (t for t in bank.bank_line.metadata.sorted_tables if "bank" in t.name):
            told = repr(db.execute(select(table)).all())
            assert "Geheimwort" not in told, table.name
            assert "DE7551" not in told, table.name


def test_reading_again_leaves_no_new_readings(desk: Desk) -> None:
    truth = week()
    desk.bring(paper(truth.tell(on(0), on(0))), paper(truth.tell(on(4), on(4))))

    def noted() -> int:
        with desk.database.read() as db:
            found = db.execute(select(func.count()).select_from(bank.bank_reading)).scalar_one()
            assert len(readings(db)) == 4
        return int(found)

    before = noted()
    desk.bring()
    desk.bring(paper(truth.tell(on(4), on(4))))

    assert noted() == before


def test_an_opening_that_was_booked_by_hand_keeps_the_first_statement_out(desk: Desk) -> None:
    truth = week()
    with desk.database.write() as db:
        book_opening(db, desk.account, Money(999900), day=on(0) - DAY, actor="x", now=NOON)

    (kept,) = desk.on(2).bring(paper(truth.tell(on(0), on(1))))

    assert (kept.outcome, kept.reason) == (Outcome.QUARANTINED, Unkept.LEDGER_DIFFERS)
    assert desk.lines() == []
