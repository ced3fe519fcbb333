"""Every table of the ledger, one metadata, on SQLite and PostgreSQL alike.

What is true of all of them:

- A moment is a whole number of microseconds since 1970 UTC, a day is a date, an amount is a
  whole number of cents, a flag is 0 or 1. Both engines compute with the same numbers, so one
  SQL text serves both.
- On SQLite every table is STRICT: a text in a number's column is refused, not kept.
- The rules that keep the journal true are triggers and functions made by the migrations;
  the tables alone promise keys, ranges and references.
"""

from accounts.tables import bank, cards, journal, kiosks, meals, people, proofs, rights
from accounts.tables.types import metadata

__all__ = ["bank", "cards", "journal", "kiosks", "meals", "metadata", "people", "proofs", "rights"]
