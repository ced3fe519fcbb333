"""What the log says of a request: who, what, how it went; never a PIN, a TAN or a text."""

from collections.abc import Sequence
from typing import Any

from banking.testbank.codec import Segment
from banking.testbank.dialogs import Dialog
from banking.testbank.envelope import Request
from banking.testbank.faults import Rule

_FIRST_DAYS = {"HKKAZ": 3, "HKCAZ": 4, "HKSAL": None}
"""The orders that are put down, and the group of their first day where they have one."""


def note(
    request: Request, codes: Sequence[str], dialog: Dialog | None, rule: Rule | None
) -> dict[str, Any]:
    """A request and the codes of its answer; no codes where it was not looked at."""
    said = {"3938", "9340", "9931"}.intersection(codes)
    pin = "none" if request.pin is None else ("wrong" if said else "right")
    tan = "none" if not request.tan else ("wrong" if "9941" in codes else "right")
    processing = next((s for s in request.segments if s.code == "HKVVB"), None)
    return {
        "dialog": dialog.id if dialog else request.dialog,
        "message": request.number,
        "user": dialog.user.name if dialog and dialog.user else "",
        "segments": [f"{segment.code}:{segment.version}" for segment in request.segments],
        "orders": [_order(s) for s in request.segments if s.code in _FIRST_DAYS],
        "product": processing.text(4) if processing else "",
        "pin": "locked" if "3938" in said else pin,
        "tan": tan,
        "codes": list(codes),
        "fault": rule.fault.value if rule else "",
    }


def _order(order: Segment) -> dict[str, str]:
    at = _FIRST_DAYS[order.code]
    told = {"code": order.code, "account": order.text(1, 0)}
    if at is not None:
        told |= {"from": order.text(at), "to": order.text(at + 1), "place": order.text(at + 3)}
    return told
