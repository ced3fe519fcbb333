"""Cards that prove a key: how each was issued, what opens it, and what kiosks noticed of cards.

No key lies here in clear: ``escrow`` is sealed for the issuing station, ``sealed`` for one
school's kiosks, and neither opener is in this database. An issue is open until its last step
ends it; only a done one has a card. What a kiosk noticed is its own word, kept as it came.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, UniqueConstraint, text

from accounts.tables.types import Bytes, Instant, Number, table

ENDS = "'done', 'lost', 'abandoned'"
MEDIA = "'ev1', 'ev2', 'ntag424'"

card_issue = table(
    "card_issue",
    Column("id", Number, primary_key=True),
    Column("uid_hmac", Bytes, nullable=False, index=True),
    Column("pupil_id", ForeignKey("pupil.id"), index=True),
    Column("staff_id", ForeignKey("staff.id"), index=True),
    Column("replaces", ForeignKey("card.id")),
    Column("reason", Text),  # why the old card is replaced
    Column("medium", Text, nullable=False),
    Column("generation", Number, nullable=False),  # of the master keys
    Column("issue_no", Number, nullable=False),
    # Keys and token for the issuing station, sealed; here before the card hears the first of them.
    Column("escrow", Bytes, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at_us", Instant, nullable=False),
    CheckConstraint("length(uid_hmac) = 32", name="sha256"),
    CheckConstraint("(pupil_id IS NULL) <> (staff_id IS NULL)", name="one_holder"),
    CheckConstraint("(replaces IS NULL) = (reason IS NULL)", name="replacing_says_why"),
    CheckConstraint(f"medium IN ({MEDIA})", name="medium"),
    CheckConstraint("generation BETWEEN 1 AND 254", name="generation"),
    # One byte on the card.
    CheckConstraint("issue_no BETWEEN 1 AND 255", name="issue_no"),
    CheckConstraint("length(escrow) >= 1", name="escrow"),
)

card_step = table(
    "card_step",
    Column("id", Number, primary_key=True),
    Column("issue_id", ForeignKey("card_issue.id"), nullable=False, index=True),
    Column("step", Text, nullable=False),
    Column("reason", Text),  # of an end without a card
    Column("actor", Text),  # none: who began the issue
    Column("at_us", Instant, nullable=False),
    CheckConstraint("length(step) BETWEEN 1 AND 40", name="step"),
    CheckConstraint("(step IN ('lost', 'abandoned')) = (reason IS NOT NULL)", name="end_says_why"),
    Index(
        "uq_card_step_end",
        "issue_id",
        unique=True,
        sqlite_where=text(f"step IN ({ENDS})"),
        postgresql_where=text(f"step IN ({ENDS})"),
    ),
)

card_secret = table(
    "card_secret",
    Column("id", Number, primary_key=True),
    Column("card_id", ForeignKey("card.id"), nullable=False, unique=True),
    Column("issue_id", ForeignKey("card_issue.id"), nullable=False, unique=True),
    Column("medium", Text, nullable=False),
    Column("generation", Number, nullable=False),
    Column("escrow", Bytes, nullable=False),
)

# What a school's kiosks need to let the card prove itself, sealed under that school's key.
card_key = table(
    "card_key",
    Column("card_id", ForeignKey("card_secret.card_id"), primary_key=True, autoincrement=False),
    Column("school_id", ForeignKey("school.id"), primary_key=True, autoincrement=False),
    Column("key_id", Bytes, nullable=False),  # which of the school's keys opens it
    Column("sealed", Bytes, nullable=False),
    Column("at_us", Instant, nullable=False),
    CheckConstraint("length(key_id) >= 1 AND length(sealed) >= 1", name="sealed"),
    Index("ix_card_key_school_id", "school_id"),
)

card_alert = table(
    "card_alert",
    Column("id", Number, primary_key=True),
    Column("origin_id", ForeignKey("origin.id"), nullable=False),
    Column("epoch", Number, nullable=False),
    Column("seq", Number, nullable=False),
    Column("at_us", Instant, nullable=False),  # by the kiosk's clock
    Column("heard_us", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    # None: no card that ever was of that kiosk's school.
    Column("card_id", ForeignKey("card.id")),
    CheckConstraint("seq >= 1", name="seq"),
    CheckConstraint("length(kind) BETWEEN 1 AND 40", name="kind"),
    UniqueConstraint("origin_id", "epoch", "seq"),
    Index("ix_card_alert_origin_id_heard_us", "origin_id", "heard_us"),
    Index("ix_card_alert_heard_us", "heard_us"),
)

# That the office looked into it: an alert, or the later of two facts that were too close.
card_alert_seen = table(
    "card_alert_seen",
    Column("id", Number, primary_key=True),
    Column("alert_id", ForeignKey("card_alert.id"), unique=True),
    Column("fact_id", ForeignKey("fact.id"), unique=True),
    Column("at_us", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("note", Text, nullable=False),
    CheckConstraint("(alert_id IS NULL) <> (fact_id IS NULL)", name="one_matter"),
    CheckConstraint("length(note) BETWEEN 1 AND 500", name="note"),
)
