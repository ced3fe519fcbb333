"""The form of a row is the same on both engines, and that of the reference below."""

import hashlib
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, ColumnElement, LargeBinary, Table, cast, literal_column, select
from sqlalchemy import Text as TextType

from accounts import rows
from accounts.database import Session
from accounts.tables import metadata
from accounts.tables.types import Day, Number

TEXTS = st.sampled_from(
    ["", ",", "~", "\n", "1:a,2:b", "Ümläut, 'Quelle'", '"x"', "🍝🥗", "é", "0:", "\\x00", "%s"]
) | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**63 - 1)


def values_of(column: "Column[Any]") -> st.SearchStrategy[Any]:
    values: st.SearchStrategy[Any] = NUMBERS
    if isinstance(column.type, Day):
        values = st.dates()
    elif isinstance(column.type, LargeBinary):
        values = st.binary()
    elif isinstance(column.type, TextType):
        values = TEXTS
    return st.none() | values if column.nullable else values


def reference(table: Table, values: dict[str, Any]) -> str:
    """The form that the docstring of ``accounts.rows`` promises."""
    parts = []
    later = ""
    for name, value in values.items():
        if (table.name, name) in rows.LATER:
            empty = None if rows.LATER[table.name, name] == "IS NULL" else 0
            later += "" if value == empty else f",{name}={value}"
        elif value is None:
            parts.append("~")
        elif (table.name, name) in rows.SECRETS:
            parts.append(hashlib.sha256(value.encode()).hexdigest())
        elif isinstance(value, str):
            parts.append(f"{len(value.encode())}:{value}")
        elif isinstance(value, bytes):
            parts.append(value.hex())
        else:
            parts.append(value.isoformat() if isinstance(value, date) else str(value))
    return ",".join(parts) + later


@settings(max_examples=400, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(st.data())
def test_each_engine_says_a_row_as_the_reference_does(db: Session, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(metadata.sorted_tables))
    values = {column.name: data.draw(values_of(column)) for column in table.columns}
    given_row = select(
        *(
            # As plain numbers, so that those which are no moment in any calendar are told too.
            cast(values[c.name], c.type if isinstance(c.type, Day | LargeBinary | TextType)
                 else Number).label(c.name)
            for c in table.columns
        )
    ).subquery("x")  # fmt: skip
    asked: ColumnElement[str] = literal_column(rows.form(table, db.dialect.name, of="x"))
    assert db.execute(select(asked).select_from(given_row)).scalar_one() == reference(table, values)


def test_an_sqlite_text_that_hides_its_end_behind_a_nul_is_told_whole(db: Session) -> None:
    if db.dialect.name != "sqlite":
        return  # PostgreSQL keeps no such text
    table = metadata.tables["alarm"]
    told = [
        db.exec_driver_sql(
            f"SELECT CAST({rows.form(table, 'sqlite', of='x')} AS BLOB) FROM"
            " (SELECT 1 AS id, 2 AS at_us, 'k' AS kind, NULL AS origin_id, NULL AS epoch,"
            " NULL AS seq, ? AS detail) x",
            (text,),
        ).scalar_one()
        for text in ("a", "a\0b", "a\0c")
    ]
    assert told == [b"1,2,1:k,~,~,~,1:a", b"1,2,1:k,~,~,~,3:a\0b", b"1,2,1:k,~,~,~,3:a\0c"]
