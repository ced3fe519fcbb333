"""Schools, the people who eat there, and the cards they hold.

``pupil`` is the key the ledger knows and carries no personal data. Everything personal is in
``identity``, which can be erased alone. A membership has days of validity, so an old statement
keeps the old class. "Pupil" stands for every account holder; its kind tells pupils (Schüler),
staff (Personal) and guests (Gäste) apart.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, UniqueConstraint, text

from accounts.tables.types import Bytes, Day, Instant, Number, table

PERSON_KINDS = "'pupil', 'staff', 'guest'"

school = table(
    "school",
    Column("id", Number, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    # Credit floor: the day's first lunch is served down to this balance. Cents, not above zero.
    Column("floor_cents", Number, nullable=False, server_default=text("-1500")),
    # What the ledger books from kiosks per pupil and per kiosk and day; beyond is quarantine.
    Column("pupil_day_cap_cents", Number, nullable=False, server_default=text("3000")),
    Column("kiosk_day_cap_cents", Number, nullable=False, server_default=text("1000000")),
    # Comma list of the proofs a card may bring: 'aes', 'uid'. A bare number can be copied.
    Column("accepts", Text, nullable=False, server_default=text("'aes'")),
    Column("shows_first_name", Number, nullable=False, server_default=text("0")),
    Column("language", Text, nullable=False, server_default=text("'de'")),
    # A day's limit for cards that only show a number, but for the first lunch. None: 500 cents.
    Column("uid_day_limit_cents", Number),
    # Whether a payer's account may stand for a child where the transfer names no reference.
    Column("remember_iban", Number, nullable=False, server_default=text("0")),
    CheckConstraint("length(number) = 6", name="six_digits"),
    CheckConstraint("floor_cents <= 0", name="floor"),
    CheckConstraint("shows_first_name IN (0, 1)", name="flag"),
    CheckConstraint("uid_day_limit_cents >= 0", name="uid_day_limit"),
    CheckConstraint("remember_iban IN (0, 1)", name="remember_iban"),
)

closed_day = table(
    "closed_day",
    Column("school_id", ForeignKey("school.id"), primary_key=True),
    Column("day", Day, primary_key=True),
    Column("why", Text, nullable=False),
)

pupil = table(
    "pupil",
    Column("id", Number, primary_key=True),
    Column("kind", Text, nullable=False),
    # What the parents allow: a limit a day in cents for all but the first lunch, and a comma
    # list of item classes the child may not buy.
    Column("day_limit_cents", Number),
    Column("blocked_classes", Text, nullable=False, server_default=text("''")),
    CheckConstraint(f"kind IN ({PERSON_KINDS})", name="kind"),
    CheckConstraint("day_limit_cents >= 0", name="limit"),
)

identity = table(
    "identity",
    Column("pupil_id", ForeignKey("pupil.id"), primary_key=True),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("born", Day),
)

# A school's own number for a person (SchILD's internal id, Untis' pupil number).
school_number = table(
    "school_number",
    Column("school_id", ForeignKey("school.id"), primary_key=True),
    Column("number", Text, primary_key=True),
    Column("pupil_id", ForeignKey("pupil.id"), nullable=False, index=True),
)

membership = table(
    "membership",
    Column("id", Number, primary_key=True),
    Column("pupil_id", ForeignKey("pupil.id"), nullable=False),
    Column("school_id", ForeignKey("school.id"), nullable=False),
    Column("class_name", Text, nullable=False),
    Column("valid_from", Day, nullable=False),
    Column("valid_to", Day),  # the last day, included; none while it lasts
    # Set by an import that no longer names the person; the office decides. Never deletes.
    Column("missing_since", Day),
    CheckConstraint("valid_to >= valid_from", name="span"),
    Index("ix_membership_pupil_id_valid_from", "pupil_id", "valid_from"),
    Index("ix_membership_school_id", "school_id"),
)

card = table(
    "card",
    Column("id", Number, primary_key=True),
    # HMAC-SHA-256 of the canonical UID under the installation's pepper, never the UID.
    Column("uid_hmac", Bytes, nullable=False),
    Column("pupil_id", ForeignKey("pupil.id"), index=True),
    Column("staff_id", ForeignKey("staff.id"), index=True),
    Column("issue_no", Number, nullable=False),
    Column("printed_no", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    CheckConstraint("state IN ('active', 'blocked', 'replaced')", name="state"),
    CheckConstraint("(pupil_id IS NULL) <> (staff_id IS NULL)", name="one_holder"),
    CheckConstraint("issue_no >= 1", name="issue_no"),
    UniqueConstraint("uid_hmac"),
)

card_event = table(
    "card_event",
    Column("id", Number, primary_key=True),
    Column("card_id", ForeignKey("card.id"), nullable=False, index=True),
    Column("at_us", Instant, nullable=False),
    Column("act", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    CheckConstraint("act IN ('assign', 'block', 'unblock', 'replace')", name="act"),
)

# Canteen staff who may act at a kiosk: a label, never a full name, and a PIN's Argon2id text.
staff = table(
    "staff",
    Column("id", Number, primary_key=True),
    Column("school_id", ForeignKey("school.id"), nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("pin_hash", Text),
    Column("active", Number, nullable=False, server_default=text("1")),
    CheckConstraint("active IN (0, 1)", name="flag"),
    UniqueConstraint("school_id", "label"),
)
