"""Who writes: origins and kiosks; what kiosks said; who looked at whom; what changed.

An origin is one writer with its own gap-free numbers: a kiosk, a bank account's import, an
office user. A fact is a kiosk's own word about a meal that was eaten, kept as it came and for
ever; what of it was booked is in the journal, what could not be booked is in quarantine.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, UniqueConstraint, text

from accounts.tables.types import Bytes, Day, Instant, Number, table

origin = table(
    "origin",
    Column("id", Number, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False, unique=True),
    Column("school_id", ForeignKey("school.id")),
    # Facts dated before a kiosk was enrolled or after it was revoked are never booked.
    Column("enrolled_us", Instant, nullable=False),
    Column("revoked_us", Instant),
    # The PostgreSQL role this kiosk signs in as; none on SQLite.
    Column("login", Text),
    CheckConstraint("kind IN ('kiosk', 'bank', 'office')", name="kind"),
    CheckConstraint("(kind = 'kiosk') = (school_id IS NOT NULL)", name="kiosk_has_school"),
    Index("uq_origin_login", "login", unique=True),
)

fact = table(
    "fact",
    Column("id", Number, primary_key=True),
    Column("origin_id", ForeignKey("origin.id"), nullable=False),
    Column("epoch", Number, nullable=False),
    Column("seq", Number, nullable=False),
    Column("kind", Text, nullable=False),
    # A kiosk's word, believed only when it is judged: no references, so that one wrong number
    # never stops the facts behind it. No pupil: a lunch the office assigns later.
    Column("pupil_id", Number),
    Column("day", Day, nullable=False),
    Column("occurred_us", Instant, nullable=False),
    Column("recorded_us", Instant, nullable=False),
    # Offers and quantities as [[offer, quantity], ...], shortest form, in the tray's order.
    Column("items", Text, nullable=False, server_default=text("'[]'")),
    Column("voids_epoch", Number),
    Column("voids_seq", Number),
    Column("staff_id", Number),
    Column("reason", Text),  # why staff served anyway, or voided
    Column("chain", Bytes, nullable=False),  # the kiosk's hash over this row and the one before
    CheckConstraint("kind IN ('charge', 'void')", name="kind"),
    CheckConstraint("seq >= 1", name="seq"),
    CheckConstraint("(kind = 'void') = (voids_seq IS NOT NULL)", name="void_names_target"),
    CheckConstraint("(voids_seq IS NULL) = (voids_epoch IS NULL)", name="void_key"),
    CheckConstraint("kind = 'void' OR items <> '[]'", name="something_eaten"),
    CheckConstraint("kind = 'charge' OR reason IS NOT NULL", name="void_has_reason"),
    CheckConstraint("length(chain) = 32", name="sha256"),
    UniqueConstraint("origin_id", "epoch", "seq"),
    Index("ix_fact_pupil_id_day", "pupil_id", "day"),
)

# What each kiosk has booked a day, at full prices: kept, because the daily cap asks for it at
# every fact and a kiosk is the only writer of its row. ``verify`` sums it anew.
kiosk_day = table(
    "kiosk_day",
    Column("origin_id", ForeignKey("origin.id"), primary_key=True),
    Column("day", Day, primary_key=True),
    Column("cents", Number, nullable=False),
)

# What a kiosk last said of itself; no part of the books.
kiosk_seen = table(
    "kiosk_seen",
    Column("origin_id", ForeignKey("origin.id"), primary_key=True, autoincrement=False),
    Column("at_us", Instant, nullable=False),
    Column("waiting", Number, nullable=False),  # facts it has not brought yet
    Column("software", Text, nullable=False),
    CheckConstraint("waiting >= 0", name="waiting"),
)

quarantine = table(
    "quarantine",
    Column("fact_id", ForeignKey("fact.id"), primary_key=True),
    Column("reason", Text, nullable=False),
)

alarm = table(
    "alarm",
    Column("id", Number, primary_key=True),
    Column("at_us", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("origin_id", ForeignKey("origin.id")),
    Column("epoch", Number),
    Column("seq", Number),
    Column("detail", Text, nullable=False),
)

# Who looked at whom, when and what for (Art. 5 Abs. 2 DSGVO).
access_log = table(
    "access_log",
    Column("id", Number, primary_key=True),
    Column("origin_id", ForeignKey("origin.id"), nullable=False),
    Column("epoch", Number, nullable=False),
    Column("seq", Number, nullable=False),
    Column("at_us", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("pupil_id", ForeignKey("pupil.id")),
    Column("purpose", Text, nullable=False),
    UniqueConstraint("origin_id", "epoch", "seq"),
)

# One row for each act of the office that a kiosk's snapshot must show; its newest number
# tells a kiosk that there is something to fetch.
change = table(
    "change",
    Column("id", Number, primary_key=True),
    Column("school_id", ForeignKey("school.id")),  # none: every school's kiosks
    Column("at_us", Instant, nullable=False),
    Column("what", Text, nullable=False),
    Index("ix_change_school_id_id", "school_id", "id"),
)
