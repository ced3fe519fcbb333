"""The journal: accounts, entries, transfers, lines eaten, and the balances kept for limits.

A transfer (one ledger row) moves a positive amount from a debit account to a credit account,
so it balances by construction. An entry (Buchung) is a header with 1..n transfers that stand
or fall together: the header names how many there are, each is numbered from 1, and a deferred
reference to the last of them lets a transaction commit only when all are there. The lines eaten
are counted and held in the same way. A balance row
exists only for pupils, where limits are enforced; its cents are credits less debits.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
)

from accounts.tables.types import Bytes, Day, Instant, Number, table

ACCOUNT_KINDS = (
    "'pupil', 'bank', 'suspense', 'refunds', 'revenue', 'payable', 'receivable', "
    "'fees', 'interest', 'opening', 'write_off'"
)
ENTRY_KINDS = "'charge', 'reversal', 'opening', 'topup', 'refund', 'correction'"

account = table(
    "account",
    Column("id", Number, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("pupil_id", ForeignKey("pupil.id"), unique=True),
    Column("operator_id", ForeignKey("operator.id")),
    Column("tax_key", Number),
    Column("funding_body_id", ForeignKey("funding_body.id"), unique=True),
    CheckConstraint(f"kind IN ({ACCOUNT_KINDS})", name="kind"),
    CheckConstraint("(kind = 'pupil') = (pupil_id IS NOT NULL)", name="pupil"),
    CheckConstraint(
        "(kind IN ('revenue', 'payable')) = (operator_id IS NOT NULL)", name="operator"
    ),
    CheckConstraint("(kind = 'receivable') = (funding_body_id IS NOT NULL)", name="body"),
    CheckConstraint("(kind = 'revenue') = (tax_key IS NOT NULL)", name="tax"),
    UniqueConstraint("operator_id", "tax_key"),
)

entry = table(
    "entry",
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("origin_id", ForeignKey("origin.id"), nullable=False),
    Column("epoch", Number, nullable=False),
    Column("seq", Number, nullable=False),
    Column("kind", Text, nullable=False),
    Column("school_id", ForeignKey("school.id")),
    Column("pupil_id", ForeignKey("pupil.id")),
    Column("day", Day, nullable=False),
    Column("occurred_us", Instant, nullable=False),
    Column("recorded_us", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    Column("reverses", ForeignKey("entry.id"), unique=True),
    Column("transfers", Number, nullable=False),
    Column("lines", Number),  # none for an entry that is no meal
    # SHA-256 of what the writer asked for: tells a repeated request from a reused key.
    Column("content", Bytes, nullable=False),
    # The day it is booked on where its month was closed before it came; none: on its own day.
    Column("late_on", Day),
    Column("request_id", ForeignKey("request.id")),  # what two people decided
    CheckConstraint(f"kind IN ({ENTRY_KINDS})", name="kind"),
    CheckConstraint("late_on > day", name="late_on"),
    CheckConstraint("seq >= 1", name="seq"),
    CheckConstraint("transfers >= 1", name="transfers"),
    CheckConstraint("lines >= 1", name="lines"),
    CheckConstraint("(kind = 'reversal') = (reverses IS NOT NULL)", name="reversal_names_target"),
    CheckConstraint(
        "kind <> 'charge' OR (pupil_id IS NOT NULL AND school_id IS NOT NULL AND lines IS NOT NULL)",
        name="charge_is_a_meal",
    ),
    CheckConstraint("length(content) = 32", name="sha256"),
    UniqueConstraint("origin_id", "epoch", "seq"),
    ForeignKeyConstraint(
        ["id", "transfers"],
        ["transfer.entry_id", "transfer.no"],
        name="fk_entry_last_transfer",
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    ),
    ForeignKeyConstraint(
        ["id", "lines"],
        ["line.entry_id", "line.no"],
        name="fk_entry_last_line",
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    ),
    Index("uq_entry_request_id", "request_id", unique=True),
    Index("ix_entry_pupil_id_day", "pupil_id", "day"),
    Index("ix_entry_school_id_id", "school_id", "id"),
)

transfer = table(
    "transfer",
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("entry_id", ForeignKey("entry.id"), nullable=False),
    Column("no", Number, nullable=False),
    Column("debit_id", ForeignKey("account.id"), nullable=False),
    Column("credit_id", ForeignKey("account.id"), nullable=False),
    Column("cents", Number, nullable=False),
    CheckConstraint("cents > 0", name="positive"),
    CheckConstraint("debit_id <> credit_id", name="two_accounts"),
    CheckConstraint("no >= 1", name="no"),
    UniqueConstraint("entry_id", "no"),
    Index("ix_transfer_debit_id_id", "debit_id", "id"),
    Index("ix_transfer_credit_id_id", "credit_id", "id"),
)

# One line eaten: the price, the share and the tax are those of that day, kept as they were.
line = table(
    "line",
    Column("entry_id", ForeignKey("entry.id"), primary_key=True),
    Column("no", Number, primary_key=True),
    Column("offer_id", ForeignKey("offer.id"), nullable=False, index=True),
    Column("tariff_id", ForeignKey("tariff.id"), nullable=False),
    Column("item_class", Text, nullable=False),
    Column("quantity", Number, nullable=False),
    Column("price_cents", Number, nullable=False),  # for one
    Column("share_cents", Number, nullable=False),  # the pupil's part of one
    Column("tax_key", Number, nullable=False),
    Column("rate_permille", Number, nullable=False),
    CheckConstraint("quantity >= 1", name="quantity"),
    CheckConstraint("price_cents > 0", name="price"),
    CheckConstraint("share_cents >= 0 AND share_cents <= price_cents", name="share"),
)

balance = table(
    "balance",
    Column("account_id", ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("cents", Number, nullable=False),
    # The transfer that last moved it; the guard lets a row change by just that transfer.
    Column("transfer_id", Number, nullable=False),
)
