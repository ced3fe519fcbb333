"""Sentences for the reasons for which the office is told no: what is wrong, and what to do.

Every member of every reason has one; the German form stands in ``accounts/locale/de.po``. The
words in braces are filled in by whoever asked.
"""

import enum
from collections.abc import Mapping

from accounts.card_numbers import NumberFault
from accounts.holdings import CardRefusal
from accounts.meals import MealRefusal
from accounts.operators import OperatorRefusal
from accounts.roster_files import ProblemKind
from accounts.roster_import import RosterRefusal
from accounts.roster_matching import Doubt
from accounts.schools import SchoolRefusal
from accounts.staff import StaffRefusal
from accounts.tariffs import TariffRefusal
from accounts.texts import mark
from cards.uid import UidFault
from kiosk.sentences_alerts import MATTER_REFUSALS
from kiosk.sentences_people import PEOPLE
from kiosk.sentences_refunds import REFUNDS

_NO_NAME = mark("The name is empty.")
_NO_SCHOOL = mark("There is no school {number}. All schools: mensa school list")
_NOT_AT_SCHOOL = mark(
    "The school {school} knows nobody as {number}. All numbers: mensa pupils list --school {school}"
)

_CITY: Mapping[enum.Enum, str] = {
    SchoolRefusal.BAD_NUMBER: mark(
        "{number} is no school number: it has six digits and does not begin with 0."
    ),
    SchoolRefusal.NUMBER_TAKEN: mark(
        "The school {number} is there already. To change it: mensa school set {number}"
    ),
    SchoolRefusal.NAME_MISSING: _NO_NAME,
    SchoolRefusal.NAME_TAKEN: mark("Something is called {name} already. Choose another name."),
    SchoolRefusal.UNKNOWN_SCHOOL: _NO_SCHOOL,
    SchoolRefusal.BAD_SETTING: mark(
        "So it cannot be set: the floor is 0,00 or below, limits are 0,00 or above, "
        "a name is not empty."
    ),
    OperatorRefusal.NAME_MISSING: _NO_NAME,
    OperatorRefusal.NAME_TAKEN: mark(
        "The operator {name} is there already. All operators: mensa operator list"
    ),
    StaffRefusal.UNKNOWN_SCHOOL: _NO_SCHOOL,
    StaffRefusal.UNKNOWN_STAFF: mark(
        "Nobody of the staff is called {label}. All of them: mensa staff list --school {school}"
    ),
    StaffRefusal.LABEL_MISSING: _NO_NAME,
    StaffRefusal.LABEL_TAKEN: mark(
        "Somebody of the staff is called {label} already. Choose another label."
    ),
    StaffRefusal.BAD_PIN: mark("A PIN has four to twelve digits and nothing else."),
}

_MONEY: Mapping[enum.Enum, str] = {
    TariffRefusal.NAME_MISSING: mark("The code or the name is empty."),
    TariffRefusal.NAME_TAKEN: mark(
        "The funding body {name} is there already. All of them: mensa body list"
    ),
    TariffRefusal.CODE_TAKEN: mark(
        "The tariff {code} is there already. All tariffs: mensa tariff list"
    ),
    TariffRefusal.BASE_TAKEN: mark(
        "There is a base tariff for these people already (mensa tariff list). "
        "Leave --base out: this one is then given to single people by mensa entitle."
    ),
    TariffRefusal.BASE_IS_FUNDED: mark(
        "A base tariff is everybody's and has no funding body. Leave out --base or --body."
    ),
    TariffRefusal.UNKNOWN_BODY: mark(
        "There is no funding body {name}. Add it first: mensa body add '{name}'"
    ),
    TariffRefusal.UNKNOWN_TARIFF: mark("There is no tariff {code}. All tariffs: mensa tariff list"),
    TariffRefusal.UNKNOWN_PUPIL: _NOT_AT_SCHOOL,
    TariffRefusal.UNKNOWN_ENTITLEMENT: mark("There is no such entitlement."),
    TariffRefusal.BASE_IS_FOR_ALL: mark(
        "{code} is a base tariff: everybody has it without being given it."
    ),
    TariffRefusal.WRONG_KIND: mark(
        "The tariff {code} is for another kind of person (mensa tariff list shows which)."
    ),
    TariffRefusal.ENDS_BEFORE_IT_BEGINS: mark("The last day lies before the first."),
    MealRefusal.NAME_MISSING: mark("The code or the title is empty."),
    MealRefusal.CODE_TAKEN: mark(
        "On {day} the school has another offer {code}. Choose another code "
        "(mensa offer list --school {school} --day {day})."
    ),
    MealRefusal.UNKNOWN_SCHOOL: _NO_SCHOOL,
    MealRefusal.UNKNOWN_OPERATOR: mark(
        "There is no operator {operator}. All operators: mensa operator list"
    ),
    MealRefusal.UNKNOWN_OFFER: mark("There is no such offer."),
    MealRefusal.UNKNOWN_TARIFF: mark("There is no tariff {code}. All tariffs: mensa tariff list"),
    MealRefusal.NOT_POSITIVE: mark("A price is above 0,00, and the parents' part not below it."),
    MealRefusal.SHARE_ABOVE_PRICE: mark("The parents' part is more than the price."),
    MealRefusal.NOBODY_PAYS_THE_REST: mark(
        "The parents' part is less than the price, but no funding body stands behind the tariff."
    ),
    MealRefusal.FUNDED_IS_LUNCH_ONLY: mark(
        "A tariff with a funding body pays for lunches only. Leave its price out: "
        "these people pay the base tariff here."
    ),
    MealRefusal.BASE_PRICE_MISSING: mark(
        "The price by the base tariff is missing: a second lunch costs that much "
        "(mensa tariff list shows which it is)."
    ),
    MealRefusal.NO_TAX_RULE: mark(
        "There is no tax rule for this day: the rules begin with 2024, for pupils with 2020."
    ),
    MealRefusal.ALREADY_EATEN: mark("Some of it was eaten already; its price stays."),
}

_CARDS: Mapping[enum.Enum, str] = {
    CardRefusal.KNOWN_CARD: mark(
        "This card is or was somebody's already. A card never changes its holder: take another."
    ),
    CardRefusal.HOLDS_A_CARD: mark(
        "There is a card already. Replace it: mensa card replace {printed}"
    ),
    CardRefusal.UNKNOWN_HOLDER: _NOT_AT_SCHOOL,
    CardRefusal.UNKNOWN_CARD: mark("No card has the number {printed}."),
    CardRefusal.ALREADY_BLOCKED: mark("The card {printed} is blocked already."),
    CardRefusal.NOT_BLOCKED: mark("The card {printed} is not blocked."),
    CardRefusal.REPLACED: mark(
        "The card {printed} was replaced by another and is never good again. Destroy it."
    ),
    CardRefusal.ISSUE_OPEN: mark(
        "A card is being issued to the same person, or this card to another. "
        "Finish that first, or give it up."
    ),
    CardRefusal.NO_OPEN_ISSUE: mark("This card is not being issued any more."),
    CardRefusal.OTHERS_CARD: mark(
        "The card that is to be replaced is not the newest one of this person."
    ),
    CardRefusal.TOO_MANY_CARDS: mark(
        "This person has had 255 cards, and a card counts no further."
    ),
    NumberFault.FOREIGN_CHARACTER: mark(
        "{printed} is no card number: it has nine digits, as printed on the card."
    ),
    NumberFault.WRONG_LENGTH: mark(
        "{printed} is no card number: it has nine digits, as printed on the card."
    ),
    NumberFault.WRONG_CHECK_DIGIT: mark(
        "{printed} is mistyped: its last digit does not fit the others. Compare it with the card."
    ),
    UidFault.EMPTY: mark("No card was read. Place it on the reader again."),
    UidFault.FOREIGN_CHARACTER: mark(
        "That is no number of a card: readers write it in digits and A to F."
    ),
    UidFault.WRONG_LENGTH: mark(
        "That is no number of a card: it has 4, 7 or 10 bytes, so 8, 14 or 20 characters."
    ),
    UidFault.RANDOM: mark(
        "That is a phone or an identity card: it shows another number each time. Take a meal card."
    ),
    UidFault.CUT_SHORT: mark(
        "The number is cut short: the reader has to be set to send all 7 bytes."
    ),
}

_ROSTERS: Mapping[enum.Enum, str] = {
    RosterRefusal.TOO_MANY_MISSING: mark(
        "{count} of {of} would be missing, more than a fifth: is it the whole school's file, "
        "without a filter? If they have really gone: once more with --allow-many-missing"
    ),
    ProblemKind.SPREADSHEET: mark(
        "This is a spreadsheet. In Excel or Calc: save as CSV, and take that file."
    ),
    ProblemKind.NOT_A_TABLE: mark("This is no text file. Export it as text or CSV."),
    ProblemKind.ENCODING: mark(
        "letters in two encodings; export the file anew as UTF-8 or as Windows text"
    ),
    ProblemKind.EMPTY: mark("There is nothing in this file below a header. Export it anew."),
    ProblemKind.NO_HEADER: mark(
        "no line names the columns, and it is no GPU010; it begins with '{detail}'. "
        "Export it with a header, or describe it in a profile (--profile)"
    ),
    ProblemKind.MISSING_COLUMN: mark("the column {detail} is missing; export the file with it"),
    ProblemKind.DUPLICATE_COLUMN: mark("the column {detail} is there twice; strike one of them"),
    ProblemKind.BAD_PROFILE: mark("The profile is wrong at: {detail}"),
    ProblemKind.OPEN_QUOTE: mark("a quote is opened and never closed"),
    ProblemKind.TOO_SHORT: mark("fields are missing (there are {detail})"),
    ProblemKind.TOO_LONG: mark("there are too many fields ({detail}); a separator in a name?"),
    ProblemKind.MISSING_NAME: mark("the field {detail} is empty"),
    ProblemKind.OVERLONG: mark("column {detail} holds more than a name or a number"),
    ProblemKind.GARBLED: mark("letters were lost on the way: {detail}"),
    ProblemKind.BAD_DATE: mark("no day: {detail}"),
    ProblemKind.BAD_STATUS: mark("unknown status: {detail}"),
    ProblemKind.BAD_KIND: mark("neither pupil, staff nor guest: {detail}"),
    ProblemKind.REPEATED: mark("the same person as in line {detail}; read once"),
    ProblemKind.CONTRADICTION: mark("the same person as in line {detail}, with other data"),
    ProblemKind.NOT_YET: mark("not admitted yet (status {detail}); comes in with a later file"),
    Doubt.NUMBER_OF_ANOTHER: mark("the number is that of somebody with another name"),
    Doubt.SEVERAL_CANDIDATES: mark("more than one person, or more than one line, could be meant"),
    Doubt.NAME_ALONE: mark("only the name agrees, no day of birth proves it"),
    Doubt.PERHAPS_RENAMED: mark("perhaps a new last name: first name and birth agree"),
    Doubt.PERHAPS_CORRECTED: mark("perhaps a corrected birth: the name agrees"),
    Doubt.MOVED_AWAY: mark("left for another school, and this file still names them"),
}

SENTENCES: Mapping[enum.Enum, str] = {
    **_CITY,
    **_MONEY,
    **_CARDS,
    **_ROSTERS,
    **PEOPLE,
    **MATTER_REFUSALS,
    **REFUNDS,
}
"""By reason. Enum members of two classes are two keys, whatever they are called."""

KINDS: Mapping[str, str] = {
    "pupil": mark("pupil"),
    "staff": mark("staff"),
    "guest": mark("guest"),
    "public": mark("city"),
    "nonprofit": mark("non-profit body"),
    "commercial": mark("caterer"),
    "revenue": mark("own revenue"),
    "payable": mark("held for the caterer"),
}
"""The command's own words for kinds of people and of sellers, as lists show them."""
