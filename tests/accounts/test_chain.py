"""Rows have one byte form, and a chain holds only in its own order, content and writer."""

import hashlib
import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accounts import chain
from accounts.charge import Choice
from accounts.facts import Fact, FactKind, from_json, to_json

values = st.none() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.lists(st.integers())
rows = st.dictionaries(st.text(), values, max_size=6)
# Hypothesis takes naive bounds and gives moments in the zone it is told.
moments = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001  # a bound
    datetime(2100, 1, 1),  # noqa: DTZ001  # a bound
    timezones=st.just(UTC),
)
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    number = st.integers(1, 2**40)
    common: dict[str, Any] = {
        "epoch": draw(number),
        "seq": draw(number),
        "occurred_at": draw(moments),
        "pupil_id": draw(st.none() | number),
        "staff_id": draw(st.none() | number),
    }
    if draw(st.booleans()):
        items = draw(st.lists(st.builds(Choice, number, st.integers(1, 9)), min_size=1, max_size=4))
        return Fact(
            kind=FactKind.CHARGE, items=tuple(items), reason=draw(st.none() | st.text()), **common
        )
    voids = (draw(number), draw(number))
    return Fact(kind=FactKind.VOID, voids=voids, reason=draw(st.text()), **common)


@given(rows)
def test_the_order_of_keys_does_not_matter_and_the_bytes_are_plain(row: dict[str, Any]) -> None:
    turned = dict(reversed(list(row.items())))
    assert chain.canonical(row) == chain.canonical(turned)
    assert chain.canonical(row).isascii()
    assert json.loads(chain.canonical(row)) == row
    assert chain.digest(row) == hashlib.sha256(chain.canonical(row)).digest()


@given(rows, rows)
def test_other_content_has_another_digest(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (chain.digest(one) == chain.digest(other)) == (one == other)


def test_the_form_is_fixed_for_ever() -> None:
    """A chain of today must be recomputed in ten years: these bytes may never change."""
    row = {"b": [1, None], "a": "Änne"}
    assert chain.canonical(row) == b'{"a":"\\u00c4nne","b":[1,null]}'
    assert chain.genesis(origin_id=3, epoch=2) == chain.digest(
        {"chain": "mensakasse", "epoch": 2, "origin": 3}
    )
    fact = Fact(1, 1, FactKind.CHARGE, NOON, 5, (Choice(7, 2),))
    assert chain.canonical(fact.row(3)) == (
        b'{"day":"2026-11-23","epoch":1,"items":"[[7,2]]","kind":"charge",'
        b'"occurred":1795431600000000,"origin":3,"pupil":5,"reason":null,"seq":1,"staff":null,'
        b'"voids_epoch":null,"voids_seq":null}'
    )


def test_a_float_that_is_no_number_cannot_be_said() -> None:
    with pytest.raises(ValueError, match="float"):
        chain.canonical({"a": float("nan")})


@given(facts())
def test_a_fact_comes_back_from_its_json(fact: Fact) -> None:
    linked = fact.linked(origin_id=3, before=chain.genesis(origin_id=3, epoch=fact.epoch))
    there = json.loads(json.dumps(to_json(linked, 3)))
    assert from_json(there) == linked


@given(facts(), facts())
def test_the_link_covers_every_field(fact: Fact, other: Fact) -> None:
    before = chain.genesis(origin_id=3, epoch=1)
    linked = fact.linked(origin_id=3, before=before)
    for field in fields(Fact):
        if field.name == "chain" or getattr(fact, field.name) == getattr(other, field.name):
            continue
        changed = replace(fact, **{field.name: getattr(other, field.name)})
        assert changed.linked(origin_id=3, before=before).chain != linked.chain
    assert fact.linked(origin_id=4, before=before).chain != linked.chain
    elsewhere = chain.genesis(origin_id=3, epoch=2)
    assert fact.linked(origin_id=3, before=elsewhere).chain != linked.chain


@given(st.lists(facts(), min_size=2, max_size=5), st.data())
def test_rows_that_changed_places_break_the_chain(told: list[Fact], data: st.DataObject) -> None:
    def ends(facts: list[Fact]) -> bytes:
        last = chain.genesis(origin_id=1, epoch=1)
        for fact in facts:
            last = fact.linked(origin_id=1, before=last).chain
        return last

    turned = data.draw(st.permutations(told))
    assume(turned != told)
    assert ends(turned) != ends(told)
    assert ends(told[:-1]) != ends(told)


def test_two_moments_a_microsecond_apart_are_two_facts() -> None:
    one = Fact(1, 1, FactKind.CHARGE, NOON, 5, (Choice(7),))
    other = replace(one, occurred_at=NOON + timedelta(microseconds=1))
    assert one.row(1) != other.row(1)
