"""Cards and staff: whose a card is, what became of it, and who may act at a kiosk."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from accounts import card_numbers
from accounts.card_register import (
    Card,
    CardState,
    card_of,
    cards_of,
    holder_of,
    printed_card,
)
from accounts.changes import newest_change
from accounts.database import Session
from accounts.holdings import (
    BlockReason,
    CardRefusal,
    block_card,
    card_hash,
    issue_card,
    issue_staff_card,
    replace_card,
    unblock_card,
)
from accounts.pupils import NewPerson, enrol
from accounts.schools import add_school
from accounts.staff import (
    StaffRefusal,
    add_staff,
    dismiss_staff,
    pin_hash,
    set_pin,
    verify_pin,
)
from accounts.tables.people import card, card_event, staff

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
PEPPER = bytes(range(32))
FIRST, SECOND, THIRD = (card_hash(PEPPER, f"04A1B2C3D4E5F{n}") for n in "678")


def anna(db: Session) -> tuple[int, int]:
    school = add_school(db, number="164512", name="Nord")
    assert isinstance(school, int)
    (pupil,) = enrol(db, school_id=school, people=[NewPerson("Müller", "Anna", "5a")], at=NOW)
    return school, pupil


def issued(db: Session, pupil: int, uid_hmac: bytes = FIRST) -> Card:
    given_card = issue_card(db, uid_hmac=uid_hmac, pupil_id=pupil, actor="office:1", at=NOW)
    assert isinstance(given_card, Card), given_card
    return given_card


def acts(db: Session, card_id: int) -> list[tuple[str, str | None]]:
    found = select(card_event).where(card_event.c.card_id == card_id).order_by(card_event.c.id)
    return [(row.act, row.reason) for row in db.execute(found)]


# --- numbers --------------------------------------------------------------------------------


def test_a_cards_hash_is_an_hmac_and_never_its_number() -> None:
    # printf 04A1B2C3D4E5F6 | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f
    expected = "3d1061e94073704b59a393fad27084d7714bda4502cbea999de2b2e7a949ae52"
    assert card_hash(PEPPER, "04A1B2C3D4E5F6").hex() == expected
    assert card_hash(bytes(32), "04A1B2C3D4E5F6").hex() != expected


@pytest.mark.parametrize("uid", ["", "04a1b2c3", "04 A1", "04A", "XYZ0"])
def test_a_number_that_is_not_canonical_is_a_fault(uid: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        card_hash(PEPPER, uid)


def test_a_short_secret_is_a_fault() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        card_hash(b"short", "04A1B2C3")


@pytest.mark.parametrize(
    ("digits", "check"),
    [
        ("00200667308", "5"),  # python-stdnum's example for MOD 11,10
        ("79462", "3"),  # another of its examples
        ("3657426180", "9"),  # German tax identification number 36 574 261 809
        ("13669597", "6"),  # German VAT number DE 136 695 976
    ],
)
def test_the_check_digit_is_that_of_iso_7064_mod_11_10(digits: str, check: str) -> None:
    assert card_numbers.check_digit(digits) == check


@given(st.integers(0, 10**8 - 1), st.integers(0, 8), st.integers(1, 9))
def test_any_one_wrong_digit_is_noticed(number: int, at: int, by: int) -> None:
    digits = f"{number:08d}"
    printed = digits + card_numbers.check_digit(digits)
    assert card_numbers.validate(card_numbers.format(printed)) == printed
    wrong = printed[:at] + str((int(printed[at]) + by) % 10) + printed[at + 1 :]
    assert card_numbers.validate(wrong) is card_numbers.NumberFault.WRONG_CHECK_DIGIT


def test_what_is_no_printed_number_says_why() -> None:
    assert card_numbers.validate("") is card_numbers.NumberFault.FOREIGN_CHARACTER
    assert card_numbers.validate("12345678") is card_numbers.NumberFault.WRONG_LENGTH
    assert card_numbers.validate("12345678x") is card_numbers.NumberFault.FOREIGN_CHARACTER


# --- cards ----------------------------------------------------------------------------------


def test_an_issued_card_leads_to_its_holder(db: Session) -> None:
    school, pupil = anna(db)
    told = newest_change(db, school_id=school)
    made = issued(db, pupil)
    assert made.pupil_id == pupil
    assert (made.issue_no, made.state) == (1, CardState.ACTIVE)
    assert card_numbers.is_valid(made.printed_no)
    assert holder_of(db, uid_hmac=FIRST) == made
    assert printed_card(db, printed_no=card_numbers.format(made.printed_no)) == made
    assert holder_of(db, uid_hmac=SECOND) is None
    assert acts(db, made.id) == [("assign", None)]
    assert newest_change(db, school_id=school) > told


def test_a_number_drawn_twice_is_drawn_again(db: Session) -> None:
    draws = itertools.cycle([7, 7, 8])
    school, pupil = anna(db)
    (other,) = enrol(db, school_id=school, people=[NewPerson("Öz", "Cem", "5a")], at=NOW)
    printed = []
    for uid_hmac, holder in ((FIRST, pupil), (SECOND, other)):
        made = issue_card(
            db,
            uid_hmac=uid_hmac,
            pupil_id=holder,
            actor="office:1",
            at=NOW,
            draw=lambda: next(draws),
        )
        assert isinstance(made, Card)
        printed.append(made.printed_no[:-1])
    assert printed == ["00000007", "00000008"]


def test_one_card_is_one_holders_and_one_holder_has_one_card(db: Session) -> None:
    school, pupil = anna(db)
    (other,) = enrol(db, school_id=school, people=[NewPerson("Öz", "Cem", "5a")], at=NOW)
    issued(db, pupil)
    known = issue_card(db, uid_hmac=FIRST, pupil_id=other, actor="office:1", at=NOW)
    assert known is CardRefusal.KNOWN_CARD
    second = issue_card(db, uid_hmac=SECOND, pupil_id=pupil, actor="office:1", at=NOW)
    assert second is CardRefusal.HOLDS_A_CARD
    nobody = issue_card(db, uid_hmac=SECOND, pupil_id=999, actor="office:1", at=NOW)
    assert nobody is CardRefusal.UNKNOWN_HOLDER


def test_a_blocked_card_can_be_found_again(db: Session) -> None:
    school, pupil = anna(db)
    made = issued(db, pupil)
    told = newest_change(db, school_id=school)
    lost = {"card_id": made.id, "reason": BlockReason.LOST, "actor": "office:1", "at": NOW}
    assert block_card(db, **lost) is None  # type: ignore[arg-type]  # one dict for two calls
    assert newest_change(db, school_id=school) > told
    again = block_card(db, **lost)  # type: ignore[arg-type]  # one dict for two calls
    assert again is CardRefusal.ALREADY_BLOCKED
    blocked = holder_of(db, uid_hmac=FIRST)
    assert blocked is not None
    assert blocked.state is CardState.BLOCKED
    assert unblock_card(db, card_id=made.id, actor="office:1", at=NOW) is None
    twice = unblock_card(db, card_id=made.id, actor="office:1", at=NOW)
    assert twice is CardRefusal.NOT_BLOCKED
    assert acts(db, made.id) == [("assign", None), ("block", "lost"), ("unblock", None)]
    missing = unblock_card(db, card_id=999, actor="office:1", at=NOW)
    assert missing is CardRefusal.UNKNOWN_CARD


def test_a_replaced_card_is_refused_for_ever(db: Session) -> None:
    school, pupil = anna(db)
    (other,) = enrol(db, school_id=school, people=[NewPerson("Öz", "Cem", "5a")], at=NOW)
    old = issued(db, pupil)
    new = replace_card(
        db,
        card_id=old.id,
        uid_hmac=SECOND,
        reason=BlockReason.DEFECTIVE,
        actor="office:1",
        at=NOW,
    )
    assert isinstance(new, Card)
    assert (new.pupil_id, new.issue_no, new.state) == (pupil, 2, CardState.ACTIVE)
    assert [held.issue_no for held in cards_of(db, pupil_id=pupil)] == [2, 1]
    gone = card_of(db, card_id=old.id)
    assert gone is not None
    assert gone.state is CardState.REPLACED
    lost = BlockReason.LOST
    refusals = [
        unblock_card(db, card_id=old.id, actor="office:1", at=NOW),
        block_card(db, card_id=old.id, reason=lost, actor="office:1", at=NOW),
        replace_card(db, card_id=old.id, uid_hmac=THIRD, reason=lost, actor="office:1", at=NOW),
    ]
    assert refusals == [CardRefusal.REPLACED] * 3
    reuse = issue_card(db, uid_hmac=FIRST, pupil_id=other, actor="office:1", at=NOW)
    assert reuse is CardRefusal.KNOWN_CARD
    assert len(db.execute(select(card)).all()) == 2


def test_a_card_is_not_replaced_by_itself(db: Session) -> None:
    _, pupil = anna(db)
    made = issued(db, pupil)
    same = replace_card(
        db,
        card_id=made.id,
        uid_hmac=FIRST,
        reason=BlockReason.LOST,
        actor="office:1",
        at=NOW,
    )
    assert same is CardRefusal.KNOWN_CARD
    assert holder_of(db, uid_hmac=FIRST) == made


# --- staff ----------------------------------------------------------------------------------


def test_a_pin_is_kept_as_an_argon2id_text_of_its_own(db: Session) -> None:
    school, _ = anna(db)
    for label in ("Kasse 1", "Kasse 2"):
        assert isinstance(add_staff(db, school_id=school, label=label, pin="482913", at=NOW), int)
    first, second = db.execute(select(staff.c.pin_hash)).scalars()
    assert first != second
    assert first.startswith("$argon2id$")
    assert verify_pin(first, "482913")
    assert not verify_pin(first, "482914")


def test_a_text_that_is_no_argon2id_is_a_fault_not_a_wrong_pin() -> None:
    with pytest.raises(ValueError, match="Argon2id"):
        verify_pin("482913", "482913")


def test_staff_need_a_label_of_their_own_and_a_pin_of_digits(db: Session) -> None:
    school, _ = anna(db)
    for pin in ("123", "12345678901234", "abcdef", "١٢٣٤"):
        bad = add_staff(db, school_id=school, label="Kasse", pin=pin, at=NOW)
        assert bad is StaffRefusal.BAD_PIN
    empty = add_staff(db, school_id=school, label=" ", pin=None, at=NOW)
    assert empty is StaffRefusal.LABEL_MISSING
    assert isinstance(add_staff(db, school_id=school, label="Kasse", pin=None, at=NOW), int)
    taken = add_staff(db, school_id=school, label="Kasse", pin=None, at=NOW)
    assert taken is StaffRefusal.LABEL_TAKEN
    nowhere = add_staff(db, school_id=999, label="Kasse", pin=None, at=NOW)
    assert nowhere is StaffRefusal.UNKNOWN_SCHOOL


def test_a_staff_card_is_the_schools_business(db: Session) -> None:
    school, _ = anna(db)
    member = add_staff(db, school_id=school, label="Kasse", pin=None, at=NOW)
    assert isinstance(member, int)
    told = newest_change(db, school_id=school)
    made = issue_staff_card(db, uid_hmac=FIRST, staff_id=member, actor="office:1", at=NOW)
    assert isinstance(made, Card)
    assert (made.staff_id, made.pupil_id) == (member, None)
    assert newest_change(db, school_id=school) > told


def test_a_new_pin_and_a_dismissal_are_told_to_the_kiosks(db: Session) -> None:
    school, _ = anna(db)
    member = add_staff(db, school_id=school, label="Kasse", pin="1111", at=NOW)
    assert isinstance(member, int)
    told = newest_change(db, school_id=school)
    assert set_pin(db, staff_id=member, pin="482913", at=NOW) is None
    kept = db.execute(select(staff.c.pin_hash)).scalar_one()
    assert verify_pin(kept, "482913")
    assert dismiss_staff(db, staff_id=member, at=NOW) is None
    assert db.execute(select(staff.c.active)).scalar_one() == 0
    assert newest_change(db, school_id=school) == told + 2
    assert set_pin(db, staff_id=999, pin="482913", at=NOW) is StaffRefusal.UNKNOWN_STAFF


def test_a_pin_hash_can_be_checked_without_a_database() -> None:
    assert verify_pin(pin_hash("2580"), "2580")
