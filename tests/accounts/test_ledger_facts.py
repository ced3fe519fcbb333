"""Facts of a kiosk: priced by the ledger, booked once, never refused for money."""

from datetime import timedelta

from builders import MONDAY, NOON, School, add_child, eur
from sqlalchemy import select

from accounts.charge import OverrideReason
from accounts.facts import Fact
from accounts.intake import FactBooked, book_facts
from accounts.ledger import balance
from accounts.money import Money
from accounts.tables import journal, kiosks, meals


def take(school: School, *facts: Fact, origin: int | None = None) -> tuple[FactBooked, ...]:
    with school.database.write() as db:
        return book_facts(
            db, origin or school.kiosk.origin_id, facts, now=NOON + timedelta(minutes=10)
        )


def held_by(school: School, pupil: int) -> Money:
    with school.database.read() as db:
        return balance(db, pupil)


def sum_of(school: School, account: str) -> int:
    with school.database.read() as db:
        rows = db.exec_driver_sql(
            "SELECT coalesce(sum(p.cents), 0) FROM posting p JOIN account a"
            f" ON a.id = p.account_id WHERE a.name = '{account}'"
        )
        return int(rows.scalar_one())


def test_a_lunch_is_priced_by_the_ledger_and_debited_once(school: School) -> None:
    school.pay_in(school.payer, eur("20"))
    fact = school.kiosk.charge(school.payer, school.lunch)
    first = take(school, fact)
    again = take(school, fact)
    assert first == again == (FactBooked(1, 1),)
    assert held_by(school, school.payer) == eur("15,80")
    assert sum_of(school, f"revenue:{school.operator}:6") == 420


def test_a_funded_lunch_costs_the_child_nothing_and_the_body_the_rest(school: School) -> None:
    take(school, school.kiosk.charge(school.guest_of_the_state, school.lunch))
    assert held_by(school, school.guest_of_the_state) == eur("0")
    assert sum_of(school, f"receivable:{school.body}") == -420


def test_funding_covers_one_lunch_a_day_and_never_a_drink(school: School) -> None:
    child = school.guest_of_the_state
    school.pay_in(child, eur("20"))
    pen = school.kiosk
    take(
        school,
        pen.charge(child, school.drink, school.lunch),
        pen.charge(child, school.lunch, override=OverrideReason.SECOND_HELPING),
    )
    assert held_by(school, child) == eur("20") - eur("1,00") - eur("4,20")
    assert sum_of(school, f"receivable:{school.body}") == -420


def test_an_empty_balance_never_stops_a_fact(school: School) -> None:
    outcome = take(school, school.kiosk.charge(school.payer, school.lunch))
    assert outcome == (FactBooked(1, 1),)
    assert held_by(school, school.payer) == eur("-4,20")


def test_a_void_takes_the_charge_back_to_the_cent(school: School) -> None:
    pen = school.kiosk
    eaten = pen.charge(school.payer, school.lunch, school.drink)
    take(school, eaten, pen.void(eaten))
    assert held_by(school, school.payer) == eur("0")
    assert sum_of(school, f"revenue:{school.operator}:6") == 0


def test_after_a_void_the_funded_child_may_eat_its_lunch(school: School) -> None:
    pen = school.kiosk
    wrong = pen.charge(school.guest_of_the_state, school.lunch)
    take(school, wrong, pen.void(wrong), pen.charge(school.guest_of_the_state, school.veggie))
    assert held_by(school, school.guest_of_the_state) == eur("0")
    assert sum_of(school, f"receivable:{school.body}") == -400


def quarantined(school: School, *facts: Fact) -> list[str | None]:
    return [outcome.quarantined for outcome in take(school, *facts)]


def test_what_no_honest_kiosk_sends_waits_in_quarantine_and_the_rest_is_booked(
    school: School,
) -> None:
    pen = school.kiosk
    with school.database.write() as db:
        elsewhere = add_child(db, school.id, "Fremd")
        db.exec_driver_sql(
            f"UPDATE membership SET valid_to = '2026-08-31' WHERE pupil_id = {elsewhere}"
        )
    ok = pen.charge(school.payer, school.lunch)
    reasons = quarantined(
        school,
        ok,
        pen.charge(school.payer, school.veggie),
        pen.charge(None, school.lunch),
        pen.charge(elsewhere, school.lunch),
        pen.charge(school.payer, 999),
        pen.charge(school.payer, school.drink, at=NOON + timedelta(hours=2)),
        pen.charge(school.payer, school.drink, at=NOON - timedelta(days=101)),
        pen.void(ok, at=NOON + timedelta(minutes=5, seconds=1)),
        pen.void(ok),
        pen.void(ok),
        pen.charge(school.payer, school.snack),
    )
    assert reasons == [
        None,
        "second_lunch",
        "unassigned",
        "not_member",
        "unpriced",
        "ahead",
        "before_enrolment",
        "too_late",
        None,
        "already_reversed",
        None,
    ]
    assert held_by(school, school.payer) == eur("-1,50")


def test_a_kiosk_that_charges_beyond_the_daily_cap_is_believed_no_longer(school: School) -> None:
    pen = school.kiosk
    facts = [pen.charge(school.payer, school.snack, school.snack) for _ in range(11)]
    assert quarantined(school, *facts) == [None] * 10 + ["pupil_cap"]


def test_the_same_key_with_other_content_is_an_alarm_and_changes_nothing(school: School) -> None:
    take(school, school.kiosk.charge(school.payer, school.lunch))
    school.kiosk.seq = 0
    outcome = take(school, school.kiosk.charge(school.payer, school.veggie))
    assert outcome == (FactBooked(1, 1, alarm=True),)
    assert held_by(school, school.payer) == eur("-4,20")
    with school.database.read() as db:
        assert db.execute(select(kiosks.alarm.c.kind)).scalars().all() == ["key_reused"]


def test_an_entry_stores_what_was_eaten_at_the_price_and_tax_of_the_day(school: School) -> None:
    take(school, school.kiosk.charge(school.guest_of_the_state, school.lunch, school.drink))
    with school.database.read() as db:
        rows = db.execute(
            select(
                journal.line.c.item_class,
                journal.line.c.price_cents,
                journal.line.c.share_cents,
                journal.line.c.tax_key,
            ).order_by(journal.line.c.no)
        ).all()
    assert [tuple(r) for r in rows] == [("lunch", 420, 0, 6), ("drink", 100, 100, 6)]


def test_equal_trays_of_one_set_are_priced_each_by_what_its_child_had_before(
    school: School,
) -> None:
    first, second = school.guest_of_the_state, school.payer
    with school.database.write() as db:
        told = {"pupil_id": second, "tariff_id": school.funded, "valid_from": MONDAY}
        db.execute(meals.entitlement.insert(), told)
    pen = school.kiosk
    take(school, pen.charge(first, school.lunch))
    again = OverrideReason.SECOND_HELPING
    take(
        school,
        pen.charge(first, school.lunch, override=again),
        pen.charge(second, school.lunch, override=again),
        pen.charge(second, school.lunch, override=again),
    )
    assert held_by(school, first) == held_by(school, second) == eur("-4,20")
    assert sum_of(school, f"receivable:{school.body}") == -840
