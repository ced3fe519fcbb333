"""What the bank says, what became of it, and what goes back: lines, allocations, refunds.

Every booked line of an account is here once, and its entry stands beside it: a line cannot be
without having moved its bank account against suspense, and an allocation not without having
moved that amount on from suspense. No name, IBAN or text lies here in clear: what tells payers
apart is a keyed hash (``accounts.bank_vault``), and the texts are sealed in tables of their own
whose rows can be erased; no figure and no proof depends on them.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, UniqueConstraint, text

from accounts.tables.types import Bytes, Day, Instant, Number, table

SOURCES = "'fints', 'file', 'folder'"
OUTCOMES = "'kept', 'known', 'waiting', 'quarantined', 'nothing'"
FAMILIES = "'mt940', 'camt'"
NATURES = "'payment', 'return'"
MARKS = "'set_aside', 'taken_up', 'amended'"
MOVES = "'topup', 'refund', 'correction'"
RULES = (
    "'code', 'household', 'payer', 'return', 'refund_paid', 'refund_returned', "
    "'suggested', 'by_hand'"
)

# What parents write into a transfer: one for a whole school life, never issued again.
reference = table(
    "reference",
    Column("id", Number, primary_key=True),
    Column("pupil_id", ForeignKey("pupil.id"), nullable=False, unique=True),
    Column("code", Text, nullable=False, unique=True),
    Column("at_us", Instant, nullable=False),
    CheckConstraint("length(code) = 6", name="six_symbols"),
)

bank_account = table(
    "bank_account",
    Column("id", Number, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False, unique=True),
    Column("origin_id", ForeignKey("origin.id"), nullable=False, unique=True),
    Column("iban", Text, nullable=False, unique=True),
    Column("holder", Text, nullable=False),  # as the bank has it: payers' banks compare it
    Column("since_us", Instant, nullable=False),
    Column("until_us", Instant),
    CheckConstraint("length(iban) BETWEEN 15 AND 34", name="iban"),
    CheckConstraint("length(holder) BETWEEN 1 AND 70", name="holder"),
)

bank_file = table(
    "bank_file",
    Column("id", Number, primary_key=True),
    Column("at_us", Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("format", Text),  # none: nobody could tell
    Column("size", Number, nullable=False),
    Column("fingerprint", Bytes, nullable=False, unique=True),  # HMAC: the same file comes twice
    Column("digest", Bytes, nullable=False),  # salted SHA-256 of the bytes
    CheckConstraint(f"source IN ({SOURCES})", name="source"),
    CheckConstraint("size >= 0", name="size"),
    CheckConstraint("length(fingerprint) = 32", name="fingerprint"),
    CheckConstraint("length(digest) = 32", name="digest"),
)

# The bytes themselves. Personal data: erased with their key, never changed.
bank_raw = table(
    "bank_raw",
    Column("file_id", ForeignKey("bank_file.id"), primary_key=True, autoincrement=False),
    Column("salt", Bytes, nullable=False),
    Column("wrapped_key", Bytes, nullable=False),
    Column("sealed", Bytes, nullable=False),
)

# What reading a statement of a file came to. The newest of a file and number is how it stands.
bank_reading = table(
    "bank_reading",
    Column("id", Number, primary_key=True),
    Column("file_id", ForeignKey("bank_file.id"), nullable=False),
    Column("no", Number, nullable=False),  # the statement's place in the file; 0: the whole file
    Column("at_us", Instant, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text, nullable=False),  # days and amounts; never a name or a text
    Column("bank_account_id", ForeignKey("bank_account.id")),
    Column("first_day", Day),
    Column("last_day", Day),
    Column("opening_cents", Number),
    Column("closing_cents", Number),
    Column("lines", Number, nullable=False),
    Column("new_lines", Number, nullable=False),
    CheckConstraint("no >= 0", name="no"),
    CheckConstraint(f"outcome IN ({OUTCOMES})", name="outcome"),
    CheckConstraint("last_day >= first_day", name="span"),
    CheckConstraint("new_lines >= 0 AND lines >= new_lines", name="counts"),
    Index("ix_bank_reading_file_id_no_id", "file_id", "no", "id"),
)

# A finished day whose closing balance was proved. The newest of an account and day counts.
bank_day = table(
    "bank_day",
    Column("id", Number, primary_key=True),
    Column("bank_account_id", ForeignKey("bank_account.id"), nullable=False),
    Column("day", Day, nullable=False),
    Column("closing_cents", Number, nullable=False),
    Column("family", Text, nullable=False),
    Column("reading_id", ForeignKey("bank_reading.id"), nullable=False),
    CheckConstraint(f"family IN ({FAMILIES})", name="family"),
    Index("ix_bank_day_bank_account_id_day_id", "bank_account_id", "day", "id"),
)

bank_line = table(
    "bank_line",
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("bank_account_id", ForeignKey("bank_account.id"), nullable=False),
    Column("seq", Number, nullable=False),
    Column("reading_id", ForeignKey("bank_reading.id"), nullable=False),
    Column("day", Day, nullable=False),  # Buchungstag
    Column("value_day", Day, nullable=False),  # Wertstellung
    Column("cents", Number, nullable=False),  # above zero: money came in
    Column("nature", Text, nullable=False),
    Column("identity", Bytes, nullable=False),
    Column("payer", Bytes),  # HMAC of the other side's IBAN
    Column("end_to_end", Bytes),  # HMAC of the end-to-end id
    Column("gvc", Text),  # Geschäftsvorfallcode
    Column("text_digest", Bytes, nullable=False),
    Column("recorded_us", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("content", Bytes, nullable=False),
    CheckConstraint("seq >= 1", name="seq"),
    CheckConstraint("cents <> 0", name="cents"),
    CheckConstraint(f"nature IN ({NATURES})", name="nature"),
    CheckConstraint("length(identity) = 32", name="identity"),
    CheckConstraint("length(payer) = 32", name="payer"),
    CheckConstraint("length(end_to_end) = 32", name="end_to_end"),
    CheckConstraint("length(text_digest) = 32", name="text_digest"),
    CheckConstraint("length(content) = 32", name="sha256"),
    # An account's number leads but one index: whoever asks for a line by its number finds it by that
    # one, whatever a planner knows of a young table.
    UniqueConstraint("bank_account_id", "seq"),
    UniqueConstraint("identity", "bank_account_id"),
    # What an account stood at is summed from it alone.
    Index("ix_bank_line_day", "day", "bank_account_id", "cents"),
    Index("ix_bank_line_payer", "payer"),
)

bank_line_text = table(
    "bank_line_text",
    Column("line_id", ForeignKey("bank_line.id"), primary_key=True, autoincrement=False),
    Column("sealed", Bytes, nullable=False),
)

# Aside: looked at, and nobody's for now. Amended: the bank now tells it with another text.
line_mark = table(
    "line_mark",
    Column("id", Number, primary_key=True),
    Column("line_id", ForeignKey("bank_line.id"), nullable=False),
    Column("mark", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at_us", Instant, nullable=False),
    CheckConstraint(f"mark IN ({MARKS})", name="mark"),
    Index("ix_line_mark_line_id_id", "line_id", "id"),
)

household = table(
    "household",
    Column("id", Number, primary_key=True),
    Column("since_us", Instant, nullable=False),
    Column("until_us", Instant),
)

household_member = table(
    "household_member",
    Column("household_id", ForeignKey("household.id"), primary_key=True, autoincrement=False),
    Column("pupil_id", ForeignKey("pupil.id"), primary_key=True, autoincrement=False),
    Column("share", Number, nullable=False),  # parts of the whole
    CheckConstraint("share >= 1", name="share"),
    Index("ix_household_member_pupil_id", "pupil_id"),
)

refund = table(
    "refund",
    Column("id", Number, primary_key=True),
    Column("request_id", ForeignKey("request.id"), nullable=False, unique=True),
    Column("pupil_id", ForeignKey("pupil.id")),
    Column("line_id", ForeignKey("bank_line.id"), nullable=False),  # whose payer gets the money
    Column("cents", Number, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at_us", Instant, nullable=False),
    CheckConstraint("cents > 0", name="cents"),
    Index("ix_refund_line_id", "line_id"),
    Index("ix_refund_pupil_id", "pupil_id"),
)

refund_payee = table(
    "refund_payee",
    Column("refund_id", ForeignKey("refund.id"), primary_key=True, autoincrement=False),
    Column("sealed", Bytes, nullable=False),
)

payment_run = table(
    "payment_run",
    Column("id", Number, primary_key=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("count", Number, nullable=False),
    Column("cents", Number, nullable=False),
    Column("digest", Bytes, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at_us", Instant, nullable=False),
    CheckConstraint("count >= 1", name="count"),
    CheckConstraint("cents >= 1", name="cents"),
    CheckConstraint("length(digest) = 32", name="digest"),
)

payment_run_raw = table(
    "payment_run_raw",
    Column("run_id", ForeignKey("payment_run.id"), primary_key=True, autoincrement=False),
    Column("sealed", Bytes, nullable=False),
)

refund_attempt = table(
    "refund_attempt",
    Column("id", Number, primary_key=True),
    Column("refund_id", ForeignKey("refund.id"), nullable=False, index=True),
    Column("run_id", ForeignKey("payment_run.id"), nullable=False, index=True),
    Column("end_to_end", Text, nullable=False, unique=True),
    Column("at_us", Instant, nullable=False),
    CheckConstraint("length(end_to_end) BETWEEN 1 AND 35", name="end_to_end"),
)

# A part of a line and where it belongs. It stands until its entry is reversed.
allocation = table(
    "allocation",
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("bank_account_id", ForeignKey("bank_account.id"), nullable=False),
    Column("seq", Number, nullable=False),
    Column("line_id", ForeignKey("bank_line.id"), nullable=False),
    Column("no", Number, nullable=False),
    Column("cents", Number, nullable=False),  # signed as the line's
    Column("pupil_id", ForeignKey("pupil.id")),
    Column("school_id", ForeignKey("school.id")),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("kind", Text, nullable=False),  # of its entry
    Column("rule", Text, nullable=False),
    Column("evidence", Text, nullable=False, server_default=text("'{}'")),  # JSON, nobody's data
    Column("of_line_id", ForeignKey("bank_line.id"), index=True),  # the line a return gives back
    Column("attempt_id", ForeignKey("refund_attempt.id"), index=True),
    Column("actor", Text, nullable=False),
    Column("at_us", Instant, nullable=False),
    Column("content", Bytes, nullable=False),
    CheckConstraint("seq >= 1", name="seq"),
    CheckConstraint("no >= 1", name="no"),
    CheckConstraint("cents <> 0", name="cents"),
    CheckConstraint(f"kind IN ({MOVES})", name="kind"),
    CheckConstraint("kind <> 'topup' OR cents > 0", name="topup_comes_in"),
    CheckConstraint(f"rule IN ({RULES})", name="rule"),
    CheckConstraint("length(content) = 32", name="sha256"),
    UniqueConstraint("bank_account_id", "seq"),
    UniqueConstraint("line_id", "no"),
    Index("ix_allocation_pupil_id", "pupil_id"),
)

# What pupils had before: a list that two people agreed on, with its count and its sum.
go_live = table(
    "go_live",
    Column("id", Number, primary_key=True),
    Column("request_id", ForeignKey("request.id"), nullable=False, unique=True),
    Column("digest", Bytes, nullable=False),
    Column("count", Number, nullable=False),
    Column("cents", Number, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at_us", Instant, nullable=False, unique=True),  # its entries are recorded at it
    CheckConstraint("length(digest) = 32", name="digest"),
    CheckConstraint("count >= 0", name="count"),
)

bank_fetch = table(
    "bank_fetch",
    Column("id", Number, primary_key=True),
    Column("access", Text, nullable=False),
    Column("at_us", Instant, nullable=False),
    Column("ended_us", Instant, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text, nullable=False),
    Column("actor", Text, nullable=False),
    CheckConstraint("outcome IN ('done', 'failed')", name="outcome"),
    CheckConstraint("(outcome = 'failed') = (reason IS NOT NULL)", name="failed_says_why"),
    Index("ix_bank_fetch_access_id", "access", "id"),
)

# A question of the bank that somebody answers while the fetch waits; no part of the books.
tan_question = table(
    "tan_question",
    Column("id", Number, primary_key=True),
    Column("access", Text, nullable=False),
    Column("at_us", Instant, nullable=False),
    Column("until_us", Instant, nullable=False),
    Column("challenge", Text, nullable=False),
    Column("decoupled", Number, nullable=False),
    Column("answer", Text),
    Column("ended", Text),
    CheckConstraint("decoupled IN (0, 1)", name="flag"),
)
