"""Why the office's word about a bank line means nothing, or cannot be done."""

import enum


class TargetFault(enum.Enum):
    """Why a word means nobody."""

    NO_TARGET = "no_target"
    NO_SUGGESTION = "no_suggestion"
    MISTYPED = "mistyped_reference"
    NOT_ISSUED = "unknown_reference"
    UNKNOWN_BODY = "unknown_body"
    UNKNOWN_OPERATOR = "unknown_operator"
    UNKNOWN_PUPIL = "unknown_pupil"


class DecisionFault(enum.Enum):
    """Why nothing was decided."""

    UNKNOWN_LINE = "unknown_line"
    NOTHING_LEFT = "nothing_left"
    TOO_MUCH = "more_than_rest"
    NO_AMOUNT = "no_amount"
    TWO_RESTS = "two_without_amount"
    NOTHING_TO_UNDO = "nothing_to_undo"
    NOT_SET_ASIDE = "not_set_aside"
    SET_ASIDE_ALREADY = "set_aside_already"
    OTHER_SECRET = "other_secret"  # noqa: S105  # the texts were sealed under another one
