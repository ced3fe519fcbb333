"""What is written straight into bytes is what the canonical form says of the same content."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from accounts import chain, spelled

NUMBERS = st.integers(-(2**63), 2**63 - 1)
MAYBE = st.none() | NUMBERS
TEXTS = st.text() | st.sampled_from(["", '"', "\\", "[[1,1]]", "Änne", "\u2028", "\0", "🍝"])
DAYS = st.dates() | TEXTS  # PostgreSQL gives a date, SQLite a text


@given(
    st.tuples(
        NUMBERS, NUMBERS, NUMBERS, TEXTS, MAYBE, DAYS, NUMBERS, TEXTS, MAYBE, MAYBE, MAYBE,
        st.none() | TEXTS,
    )
)  # fmt: skip
def test_a_fact_is_spelled_as_its_canonical_form(
    row: tuple[int, int, int, str, int, date, int, str, int, int, int, str],
) -> None:
    names = (
        "origin", "epoch", "seq", "kind", "pupil", "day", "occurred", "items", "voids_epoch",
        "voids_seq", "staff", "reason",
    )  # fmt: skip
    content = {**dict(zip(names, row, strict=True)), "day": str(row[5])}
    assert spelled.fact(row) == chain.canonical(content)


@given(
    st.tuples(
        NUMBERS, NUMBERS, NUMBERS, TEXTS, MAYBE, MAYBE, DAYS, NUMBERS, TEXTS, st.none() | TEXTS
    ),
    st.none() | st.tuples(NUMBERS, NUMBERS, NUMBERS),
    MAYBE,
    st.lists(st.tuples(st.none() | TEXTS, st.none() | TEXTS, NUMBERS), max_size=3),
    st.lists(
        st.tuples(NUMBERS, NUMBERS, TEXTS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
        max_size=3,
    ),
)
def test_an_entry_is_spelled_as_its_canonical_form(
    row: tuple[object, ...],
    of: tuple[int, int, int] | None,
    request: int | None,
    transfers: list[tuple[str | None, str | None, int]],
    lines: list[tuple[int, int, str, int, int, int, int, int]],
) -> None:
    names = (
        "origin", "epoch", "seq", "kind", "school", "pupil", "day", "occurred", "actor", "reason",
    )  # fmt: skip
    content = {
        **dict(zip(names, row, strict=True)),
        "day": str(row[6]),
        "reverses": list(of) if of else None,
        "transfers": transfers,
        "lines": lines,
    }
    if request is not None:
        content["request"] = request
    told = spelled.entry((*row, *(of or (None, None, None)), request), transfers=transfers,
                         lines=lines)  # fmt: skip
    assert told == chain.canonical(content)
