"""What proves the journal: seals, closings, the history of master data, the ledger's own life.

A seal (Siegel) covers a closed stretch of rows of every table that only grows, and hangs on the
seal before it. A closing (Festschreibung) ends a month for ever. History keeps an image of every
change of master data, so a price or a tariff cannot be changed unseen. An incarnation is one
life of this ledger: a restore begins another, and kiosks then bring again what may be missing.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text

from accounts.tables.types import Bytes, Day, Instant, Number, table

incarnation = table(
    "incarnation",
    Column("id", Number, primary_key=True),
    Column("number", Number, nullable=False, unique=True),  # 62 random bits
    Column("at_us", Instant, nullable=False),
    Column("why", Text, nullable=False),
    Column("actor", Text, nullable=False),
    CheckConstraint("why IN ('made', 'restored', 'moved')", name="why"),
)

seal = table(
    "seal",
    Column("id", Number, primary_key=True),  # counts from 1 without a gap
    Column("at_us", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("before", Bytes, nullable=False),  # the hash of the seal before it
    Column("hash", Bytes, nullable=False, unique=True),
    CheckConstraint("length(before) = 32", name="before"),
    CheckConstraint("length(hash) = 32", name="hash"),
)

# Of each table the rows above ``after_id`` up to ``last_id``, as they stood when they were sealed.
stretch = table(
    "stretch",
    Column("seal_id", ForeignKey("seal.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("after_id", Number, nullable=False),
    Column("last_id", Number, nullable=False),
    Column("rows", Number, nullable=False),
    Column("digest", Bytes, nullable=False),
    CheckConstraint("last_id >= after_id", name="span"),
    CheckConstraint("rows >= 0", name="rows"),
    CheckConstraint("length(digest) = 32", name="digest"),
)

history = table(
    "history",
    Column("id", Number, primary_key=True),
    Column("at_us", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("name", Text, nullable=False),  # the table
    Column("key", Text, nullable=False),
    Column("image", Text),  # the row after the change; none: it was deleted
    Index("ix_history_name_key_id", "name", "key", "id"),
)

closing = table(
    "closing",
    Column("id", Number, primary_key=True),
    Column("month", Text, nullable=False, unique=True),  # 2026-11
    Column("open_from", Day, nullable=False),  # the first day that is still open
    Column("at_us", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    # The approved request by which two people closed it although something was still open.
    Column("request_id", ForeignKey("request.id"), unique=True),
    Column("warnings", Text, nullable=False),  # what was still open, as JSON
    Column("software", Text, nullable=False),
    Column("seal_id", ForeignKey("seal.id"), nullable=False),
    Column("last_entry_id", Number, nullable=False),  # later entries are of the open month
    Column("entries", Number, nullable=False),  # of the month itself
    Column("transfers", Number, nullable=False),
    Column("cents", Number, nullable=False),
    # The newest account: every one up to it has a sum, none after it.
    Column("last_account_id", Number, nullable=False),
    CheckConstraint("length(month) = 7", name="month"),
    CheckConstraint("entries >= 0 AND transfers >= 0 AND cents >= 0", name="counts"),
)

# What every account stood at when the month was closed: credits less debits since the first day.
# The database writes these rows itself.
closing_sum = table(
    "closing_sum",
    Column("closing_id", ForeignKey("closing.id"), primary_key=True),
    Column("account_id", ForeignKey("account.id"), primary_key=True),
    Column("cents", Number, nullable=False),
)
