"""Who sits in the office, what they may do, and what took two of them.

A role is granted for one school or for all. A request (Antrag) says exactly what is asked for; a
decision about it is another person's, who has the right; an approved request is used once, by the
row that names it. The matrix of acts and roles is part of the schema, so the database can judge.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, text

from accounts.tables.types import Bytes, Instant, Number, table

ROLES = "'kitchen', 'school_office', 'treasury', 'auditor', 'administrator'"

office_user = table(
    "office_user",
    Column("id", Number, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),  # Argon2id, PHC form
    Column("since_us", Instant, nullable=False),
    Column("until_us", Instant),
    CheckConstraint("length(name) >= 1", name="name"),
)

office_role = table(
    "office_role",
    Column("id", Number, primary_key=True),
    Column("user_id", ForeignKey("office_user.id"), nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("school_id", ForeignKey("school.id")),  # none: for every school
    Column("since_us", Instant, nullable=False),
    Column("until_us", Instant),
    CheckConstraint(f"role IN ({ROLES})", name="role"),
)

# Every attempt, so that a lock after failures is worked out and never stored.
sign_in = table(
    "sign_in",
    Column("id", Number, primary_key=True),
    Column("user_id", ForeignKey("office_user.id"), nullable=False),
    Column("at_us", Instant, nullable=False),
    Column("good", Number, nullable=False),
    CheckConstraint("good IN (0, 1)", name="flag"),
    Index("ix_sign_in_user_id_id", "user_id", "id"),
)

# Who is signed in at a desk; no part of the books, so its rows change and go.
office_session = table(
    "office_session",
    Column("token_hash", Bytes, primary_key=True),  # SHA-256 of the token
    Column("user_id", ForeignKey("office_user.id"), nullable=False, index=True),
    Column("since_us", Instant, nullable=False),
    Column("used_us", Instant, nullable=False),
    Column("until_us", Instant),
    CheckConstraint("length(token_hash) = 32", name="sha256"),
)

permission = table(
    "permission",
    Column("act", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("may", Text, nullable=False),
    CheckConstraint(f"role IN ({ROLES})", name="role"),
    CheckConstraint("may IN ('do', 'request', 'approve', 'request_and_approve')", name="may"),
)

request = table(
    "request",
    Column("id", Number, primary_key=True),
    Column("act", Text, nullable=False),
    Column("school_id", ForeignKey("school.id")),
    Column("pupil_id", ForeignKey("pupil.id")),
    # For acts that move money: just this transfer.
    Column("debit_id", ForeignKey("account.id")),
    Column("credit_id", ForeignKey("account.id")),
    Column("cents", Number),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=text("'{}'")),  # JSON, for other acts
    Column("requester_id", ForeignKey("office_user.id"), nullable=False),
    Column("at_us", Instant, nullable=False),
    CheckConstraint("cents > 0", name="positive"),
    CheckConstraint(
        "(cents IS NULL) = (debit_id IS NULL) AND (cents IS NULL) = (credit_id IS NULL)",
        name="one_transfer",
    ),
)

decision = table(
    "decision",
    # A number of its own, because a decision may come after later requests': seals need it.
    Column("id", Number, primary_key=True),
    Column("request_id", ForeignKey("request.id"), nullable=False, unique=True),
    Column("approver_id", ForeignKey("office_user.id"), nullable=False),
    Column("approved", Number, nullable=False),
    Column("reason", Text),  # why it was rejected
    Column("at_us", Instant, nullable=False),
    CheckConstraint("approved IN (0, 1)", name="flag"),
    CheckConstraint("approved = 1 OR reason IS NOT NULL", name="rejection_says_why"),
)
