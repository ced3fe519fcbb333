"""Every reason the office can be told no for has a sentence."""

import enum
import string

import pytest

from accounts.approvals import ApprovalRefusal
from accounts.card_matters import MatterKind, MatterRefusal
from accounts.card_numbers import NumberFault
from accounts.entries import No
from accounts.holdings import CardRefusal
from accounts.households import HouseholdRefusal
from accounts.meals import MealRefusal
from accounts.opening import OpeningRefusal
from accounts.operators import OperatorRefusal
from accounts.passwords import PasswordFault
from accounts.refunds import RefundRefusal
from accounts.roster_files import ProblemKind
from accounts.roster_import import RosterRefusal
from accounts.roster_matching import Doubt
from accounts.schools import SchoolRefusal
from accounts.sign_ins import SignInRefusal
from accounts.staff import StaffRefusal
from accounts.tariffs import TariffRefusal
from accounts.texts import Language, texts
from accounts.users import UserRefusal
from banking.payees import Unpayable
from cards.uid import UidFault
from kiosk.sentences_alerts import MATTERS
from kiosk.sentences_office import SENTENCES

REASONS: tuple[type[enum.Enum], ...] = (
    ApprovalRefusal,
    CardRefusal,
    Doubt,
    HouseholdRefusal,
    MatterRefusal,
    MealRefusal,
    No,
    NumberFault,
    OpeningRefusal,
    OperatorRefusal,
    PasswordFault,
    ProblemKind,
    RefundRefusal,
    RosterRefusal,
    SchoolRefusal,
    SignInRefusal,
    StaffRefusal,
    TariffRefusal,
    UidFault,
    Unpayable,
    UserRefusal,
)


@pytest.mark.parametrize("reasons", REASONS, ids=lambda reasons: reasons.__name__)
def test_every_reason_has_a_sentence_in_both_languages(reasons: type[enum.Enum]) -> None:
    for reason in reasons:
        english = SENTENCES[reason]
        names = {name for _, name, _, _ in string.Formatter().parse(english) if name}
        values = dict.fromkeys(names, "x")
        german = texts(Language.GERMAN).say(english, **values)
        assert german != texts(Language.ENGLISH).say(english, **values), reason


def test_no_sentence_is_left_from_a_reason_that_is_gone() -> None:
    assert {type(reason) for reason in SENTENCES} == set(REASONS)


def test_whatever_is_noticed_of_a_card_has_a_sentence_in_both_languages() -> None:
    for kind in MatterKind:
        english = MATTERS[kind]
        assert texts(Language.GERMAN).say(english) != texts(Language.ENGLISH).say(english)
