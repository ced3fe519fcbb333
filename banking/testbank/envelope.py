"""A FinTS message around its segments: head, the "encrypted" part of PIN/TAN, and end.

PIN/TAN encrypts nothing here: TLS does, and HNVSD only carries the segments as bytes. (FinTS 3.0,
PIN/TAN, chapter B.) An answer's segments are numbered without gaps, HIRMG first, then every
HIRMS, then the data: foreign clients refuse any other order.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from banking.testbank.codec import Malformed, Segment, encode, encode_all, make, parse

_NUMBER = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent. PIN and TAN are never part of its text."""

    dialog: str
    number: int
    """The message's number within its dialog, from 1."""
    segments: tuple[Segment, ...]
    """Without the envelope and the signature."""
    sealed: bool
    function: str = ""
    """The security function of the signature: 999 is one-step, another a TAN mechanism."""
    pin: str | None = field(default=None, repr=False)
    tan: str | None = field(default=None, repr=False)


def open_request(raw: bytes) -> Request:
    """The request in a message. Raises Malformed for anything that is none."""
    outer = parse(raw)
    if len(outer) < 3 or outer[0].code != "HNHBK" or outer[-1].code != "HNHBS":
        raise Malformed("no message head or end")
    number = outer[0].text(4)
    if not _NUMBER.fullmatch(number) or outer[0].text(2) != "300":
        raise Malformed("no FinTS 3.0 message head")
    inner, sealed = outer[1:-1], False
    for segment in outer:
        if segment.code == "HNVSD":
            inner, sealed = parse(segment.binary(1)), True
    function, pin, tan = "", None, None
    for segment in inner:
        if segment.code == "HNSHK":
            function = segment.text(2)
        elif segment.code == "HNSHA":
            pin, tan = segment.text(3, 0), segment.text(3, 1)
    body = tuple(segment for segment in inner if segment.code not in {"HNSHK", "HNSHA"})
    return Request(outer[0].text(3), int(number), body, sealed, function, pin, tan)


def seal_answer(
    answer: Sequence[Segment],
    *,
    dialog: str,
    number: int,
    blz: str,
    user: str = "",
    function: str | None = None,
) -> bytes:
    """The message of an answer; inside HNVSD where ``function`` names how it was asked."""
    first = [segment for segment in answer if segment.code == "HIRMG"]
    second = [segment for segment in answer if segment.code == "HIRMS"]
    rest = [segment for segment in answer if segment.code not in {"HIRMG", "HIRMS"}]
    numbered = [
        replace(segment, number=place) for place, segment in enumerate(first + second + rest, 2)
    ]
    body = encode_all(numbered)
    if function is not None:
        body = _sealed(body, blz=blz, user=user, function=function)
    count = str(number)
    end = encode(make("HNHBS", 1, count, number=len(numbered) + 2))

    def head(size: int) -> bytes:
        return encode(
            make("HNHBK", 3, f"{size:012d}", "300", dialog, count, (dialog, count), number=1)
        )

    return head(len(head(0)) + len(body) + len(end)) + body + end


def _sealed(body: bytes, *, blz: str, user: str, function: str) -> bytes:
    steps = "1" if function in {"", "999"} else "2"
    head = make(
        "HNVSK",
        3,
        ("PIN", steps),
        "998",
        "1",
        ("1", "", "0"),
        ("1", "20260101", "120000"),
        ("2", "2", "13", bytes(8), "5", "1"),
        ("280", blz, user or "0", "V", "0", "0"),
        "0",
        number=998,
    )
    return encode(head) + encode(make("HNVSD", 1, body, number=999))
