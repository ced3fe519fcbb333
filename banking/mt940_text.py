"""What a booking's ``:86:`` says of the other side and of what the money is for."""

from collections.abc import Sequence
from dataclasses import dataclass

from banking.lines import LineText
from banking.mt940_purpose import Purpose, joined, read_purpose
from banking.mt940_subfields import Subfields, subfields, unwrapped
from banking.proof import bare_account, given

_NAME_WIDTH = 27


@dataclass(frozen=True, slots=True)
class Said:
    """The code of business, the key that extends it (of a return: why), and the words."""

    gvc: str
    extension: str
    text: LineText


def read_text(lines: Sequence[str], more: str) -> Said:
    """The words of a ``:86:``; ``more`` is what its ``:61:`` added."""
    if not lines:
        return Said("", "", LineText(additional=more))
    found = subfields(unwrapped(lines))
    if found is None:
        return _unstructured(lines, more)
    parts = found.parts
    purpose = read_purpose([value for code, value in parts if code[0] in "26"])
    name = ""
    for code, value in parts:
        if code in {"32", "33"}:
            glued = not name or len(name) % _NAME_WIDTH == 0
            name += value if glued else " " + value
    return Said(
        gvc=found.gvc,
        extension=_one(found, "34"),
        text=LineText(
            name=" ".join(name.split()),
            iban=_account(found, purpose, "31", "IBAN"),
            bic=_account(found, purpose, "30", "BIC"),
            purpose=purpose.words,
            end_to_end=given(purpose.named.get("EREF", "")),
            mandate=given(purpose.named.get("MREF", "")),
            additional="; ".join(_additional(found, purpose, more)),
        ),
    )


def _unstructured(lines: Sequence[str], more: str) -> Said:
    head = lines[0]
    gvc = head[:3] if head[:3].isdigit() and head[:3].isascii() and head[3:4] in {"", " "} else ""
    purpose = read_purpose([head[len(gvc) :], *lines[1:]])
    return Said(
        gvc,
        "",
        LineText(
            purpose=purpose.words,
            end_to_end=given(purpose.named.get("EREF", "")),
            mandate=given(purpose.named.get("MREF", "")),
            additional=more,
        ),
    )


def _one(found: Subfields, code: str) -> str:
    return " ".join(joined([value for own, value in found.parts if own == code])[0].split())


def _account(found: Subfields, purpose: Purpose, code: str, name: str) -> str:
    if not found.account_sure:
        return ""
    said = "".join(value for own, value in found.parts if own == code)
    return bare_account(said) or bare_account(purpose.named.get(name, ""))


def _additional(found: Subfields, purpose: Purpose, more: str) -> list[str]:
    said = [_one(found, "00")]
    said += [purpose.named[name] for name in ("ABWA", "ABWE") if name in purpose.named]
    if given(purpose.named.get("KREF", "")):
        said.append(f"KREF+{purpose.named['KREF']}")
    return list(dict.fromkeys(filter(None, [*said, more])))
