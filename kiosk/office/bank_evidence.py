"""What spoke for a decision, in words: the evidence a rule kept, as the office reads it.

What this software does not know (any more) is shown as it stands in the ledger.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from accounts import reference
from accounts.texts import Texts, mark
from kiosk.sentences_bank import REASONS

FIELDS: Mapping[str, str] = {
    "purpose": mark("in the text"),
    "name": mark("in the payer's name"),
    "end_to_end": mark("in the end-to-end reference"),
    "structured": mark("in the creditor reference"),
    "additional": mark("in what the bank added"),
}
_OF_REASON = {it.value: said for it, said in REASONS.items()}


Evidence = Mapping[str, object]
_NUMBERS: Mapping[str, str] = {
    "healed": mark("{value} sign read as the one it looks like"),
    "gvc": mark("GVC {value}"),
    "line": mark("line {value}"),
    "times": mark("{value} times before"),
}
_LEFT_OUT = frozenset({"shares", "slip", "children", "first", "last", "class"})
"""What another piece says already, or what only the score was made of."""


def told_evidence(speech: Texts, evidence: Evidence) -> Iterator[str]:
    """Each piece of it in a few words."""
    for key, value in evidence.items():
        told = _words(speech, key, value, evidence)
        if told:
            yield told


def _words(speech: Texts, key: str, value: object, evidence: Evidence) -> str | None:
    if key in _LEFT_OUT or (key == "healed" and not value):
        return None
    if key in _NUMBERS:
        return speech.say(_NUMBERS[key], value=value)
    if key == "code":
        return speech.say(mark("reference {code}"), code=reference.format(str(value)))
    if key == "day":
        return speech.say(mark("of {day}"), day=speech.day(date.fromisoformat(str(value))))
    if key == "share" and "shares" in evidence:
        return speech.say(mark("share {share} of {shares}"), share=value, shares=evidence["shares"])
    if key == "score" and isinstance(value, float):
        return f"{round(100 * value)} %"
    sentence = FIELDS.get(str(value)) if key == "field" else _OF_REASON.get(str(value))
    return f"{key} {value}" if sentence is None else speech.say(sentence)
