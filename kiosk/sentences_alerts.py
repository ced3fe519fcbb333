"""Sentences for what the office should look into about cards."""

import enum
from collections.abc import Mapping

from accounts.card_matters import MatterKind, MatterRefusal
from accounts.texts import mark

MATTERS: Mapping[MatterKind, str] = {
    MatterKind.WRONG_KEY: mark("copy? the card has the number but not the key"),
    MatterKind.WRONG_CONTENT: mark("copy? the card has the key but another content"),
    MatterKind.OLD_ISSUE: mark("the card says it is an earlier issue"),
    MatterKind.NO_APPLICATION: mark("copy? the card has the number and nothing of ours on it"),
    MatterKind.BROKEN: mark("the card answered as no card of ours does"),
    MatterKind.BLOCKED_SHOWN: mark("a blocked card was shown"),
    MatterKind.REPLACED_SHOWN: mark("a replaced card was shown"),
    MatterKind.SEEN_ELSEWHERE: mark("shown seconds after another kiosk had served the child"),
    MatterKind.TWO_KIOSKS: mark("served at two kiosks within seconds"),
    MatterKind.OTHER: mark("something this version has no word for"),
}
"""What a kiosk noticed, or what the facts show."""

MATTER_REFUSALS: Mapping[enum.Enum, str] = {
    MatterRefusal.UNKNOWN_ALERT: mark("There is no alert {alert}. All of them: mensa card alerts"),
    MatterRefusal.ALREADY_SEEN: mark(
        "Somebody looked into the alert {alert} already: mensa card alerts --all"
    ),
    MatterRefusal.NOTE_MISSING: mark("A note is needed, in words: what came of it?"),
}
