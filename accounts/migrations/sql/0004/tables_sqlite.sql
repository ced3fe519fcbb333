-- What the bank says, what became of it, and what goes back.

CREATE TABLE bank_fetch (
    id INTEGER NOT NULL,
    access TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    ended_us INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    detail TEXT NOT NULL,
    actor TEXT NOT NULL,
    CONSTRAINT pk_bank_fetch PRIMARY KEY (id),
    CONSTRAINT ck_bank_fetch_outcome CHECK (outcome IN ('done', 'failed')),
    CONSTRAINT ck_bank_fetch_failed_says_why CHECK ((outcome = 'failed') = (reason IS NOT NULL))
)
 STRICT;

CREATE INDEX ix_bank_fetch_access_id ON bank_fetch (access, id);

CREATE TABLE bank_file (
    id INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    source TEXT NOT NULL,
    format TEXT,
    size INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    digest BLOB NOT NULL,
    CONSTRAINT pk_bank_file PRIMARY KEY (id),
    CONSTRAINT ck_bank_file_source CHECK (source IN ('fints', 'file', 'folder')),
    CONSTRAINT ck_bank_file_size CHECK (size >= 0),
    CONSTRAINT ck_bank_file_fingerprint CHECK (length(fingerprint) = 32),
    CONSTRAINT ck_bank_file_digest CHECK (length(digest) = 32),
    CONSTRAINT uq_bank_file_fingerprint UNIQUE (fingerprint)
)
 STRICT;

CREATE TABLE household (
    id INTEGER NOT NULL,
    since_us INTEGER NOT NULL,
    until_us INTEGER,
    CONSTRAINT pk_household PRIMARY KEY (id)
)
 STRICT;

CREATE TABLE payment_run (
    id INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    count INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    digest BLOB NOT NULL,
    actor TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    CONSTRAINT pk_payment_run PRIMARY KEY (id),
    CONSTRAINT ck_payment_run_count CHECK (count >= 1),
    CONSTRAINT ck_payment_run_cents CHECK (cents >= 1),
    CONSTRAINT ck_payment_run_digest CHECK (length(digest) = 32),
    CONSTRAINT uq_payment_run_message_id UNIQUE (message_id)
)
 STRICT;

CREATE TABLE tan_question (
    id INTEGER NOT NULL,
    access TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    until_us INTEGER NOT NULL,
    challenge TEXT NOT NULL,
    decoupled INTEGER NOT NULL,
    answer TEXT,
    ended TEXT,
    CONSTRAINT pk_tan_question PRIMARY KEY (id),
    CONSTRAINT ck_tan_question_flag CHECK (decoupled IN (0, 1))
)
 STRICT;

CREATE TABLE bank_raw (
    file_id INTEGER NOT NULL,
    salt BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    CONSTRAINT pk_bank_raw PRIMARY KEY (file_id),
    CONSTRAINT fk_bank_raw_file_id FOREIGN KEY(file_id) REFERENCES bank_file (id)
)
 STRICT;

CREATE TABLE household_member (
    household_id INTEGER NOT NULL,
    pupil_id INTEGER NOT NULL,
    share INTEGER NOT NULL,
    CONSTRAINT pk_household_member PRIMARY KEY (household_id, pupil_id),
    CONSTRAINT ck_household_member_share CHECK (share >= 1),
    CONSTRAINT fk_household_member_household_id FOREIGN KEY(household_id) REFERENCES household (id),
    CONSTRAINT fk_household_member_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id)
)
 STRICT;

CREATE INDEX ix_household_member_pupil_id ON household_member (pupil_id);

CREATE TABLE payment_run_raw (
    run_id INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    CONSTRAINT pk_payment_run_raw PRIMARY KEY (run_id),
    CONSTRAINT fk_payment_run_raw_run_id FOREIGN KEY(run_id) REFERENCES payment_run (id)
)
 STRICT;

CREATE TABLE reference (
    id INTEGER NOT NULL,
    pupil_id INTEGER NOT NULL,
    code TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    CONSTRAINT pk_reference PRIMARY KEY (id),
    CONSTRAINT ck_reference_six_symbols CHECK (length(code) = 6),
    CONSTRAINT uq_reference_pupil_id UNIQUE (pupil_id),
    CONSTRAINT fk_reference_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT uq_reference_code UNIQUE (code)
)
 STRICT;

CREATE TABLE bank_account (
    id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    origin_id INTEGER NOT NULL,
    iban TEXT NOT NULL,
    holder TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    until_us INTEGER,
    CONSTRAINT pk_bank_account PRIMARY KEY (id),
    CONSTRAINT ck_bank_account_iban CHECK (length(iban) BETWEEN 15 AND 34),
    CONSTRAINT ck_bank_account_holder CHECK (length(holder) BETWEEN 1 AND 70),
    CONSTRAINT uq_bank_account_account_id UNIQUE (account_id),
    CONSTRAINT fk_bank_account_account_id FOREIGN KEY(account_id) REFERENCES account (id),
    CONSTRAINT uq_bank_account_origin_id UNIQUE (origin_id),
    CONSTRAINT fk_bank_account_origin_id FOREIGN KEY(origin_id) REFERENCES origin (id),
    CONSTRAINT uq_bank_account_iban UNIQUE (iban)
)
 STRICT;

CREATE TABLE bank_reading (
    id INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    no INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    detail TEXT NOT NULL,
    bank_account_id INTEGER,
    first_day TEXT,
    last_day TEXT,
    opening_cents INTEGER,
    closing_cents INTEGER,
    lines INTEGER NOT NULL,
    new_lines INTEGER NOT NULL,
    CONSTRAINT pk_bank_reading PRIMARY KEY (id),
    CONSTRAINT ck_bank_reading_no CHECK (no >= 0),
    CONSTRAINT ck_bank_reading_outcome CHECK (outcome IN ('kept', 'known', 'waiting', 'quarantined', 'nothing')),
    CONSTRAINT ck_bank_reading_span CHECK (last_day >= first_day),
    CONSTRAINT ck_bank_reading_counts CHECK (new_lines >= 0 AND lines >= new_lines),
    CONSTRAINT fk_bank_reading_file_id FOREIGN KEY(file_id) REFERENCES bank_file (id),
    CONSTRAINT fk_bank_reading_bank_account_id FOREIGN KEY(bank_account_id) REFERENCES bank_account (id)
)
 STRICT;

CREATE INDEX ix_bank_reading_file_id_no_id ON bank_reading (file_id, no, id);

CREATE TABLE go_live (
    id INTEGER NOT NULL,
    request_id INTEGER NOT NULL,
    digest BLOB NOT NULL,
    count INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    actor TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    CONSTRAINT pk_go_live PRIMARY KEY (id),
    CONSTRAINT ck_go_live_digest CHECK (length(digest) = 32),
    CONSTRAINT ck_go_live_count CHECK (count >= 0),
    CONSTRAINT uq_go_live_request_id UNIQUE (request_id),
    CONSTRAINT fk_go_live_request_id FOREIGN KEY(request_id) REFERENCES request (id),
    CONSTRAINT uq_go_live_at_us UNIQUE (at_us)
)
 STRICT;

CREATE TABLE bank_day (
    id INTEGER NOT NULL,
    bank_account_id INTEGER NOT NULL,
    day TEXT NOT NULL,
    closing_cents INTEGER NOT NULL,
    family TEXT NOT NULL,
    reading_id INTEGER NOT NULL,
    CONSTRAINT pk_bank_day PRIMARY KEY (id),
    CONSTRAINT ck_bank_day_family CHECK (family IN ('mt940', 'camt')),
    CONSTRAINT fk_bank_day_bank_account_id FOREIGN KEY(bank_account_id) REFERENCES bank_account (id),
    CONSTRAINT fk_bank_day_reading_id FOREIGN KEY(reading_id) REFERENCES bank_reading (id)
)
 STRICT;

CREATE INDEX ix_bank_day_bank_account_id_day_id ON bank_day (bank_account_id, day, id);

CREATE TABLE bank_line (
    id INTEGER NOT NULL,
    bank_account_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    reading_id INTEGER NOT NULL,
    day TEXT NOT NULL,
    value_day TEXT NOT NULL,
    cents INTEGER NOT NULL,
    nature TEXT NOT NULL,
    identity BLOB NOT NULL,
    payer BLOB,
    end_to_end BLOB,
    gvc TEXT,
    text_digest BLOB NOT NULL,
    recorded_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    content BLOB NOT NULL,
    CONSTRAINT pk_bank_line PRIMARY KEY (id),
    CONSTRAINT ck_bank_line_seq CHECK (seq >= 1),
    CONSTRAINT ck_bank_line_cents CHECK (cents <> 0),
    CONSTRAINT ck_bank_line_nature CHECK (nature IN ('payment', 'return')),
    CONSTRAINT ck_bank_line_identity CHECK (length(identity) = 32),
    CONSTRAINT ck_bank_line_payer CHECK (length(payer) = 32),
    CONSTRAINT ck_bank_line_end_to_end CHECK (length(end_to_end) = 32),
    CONSTRAINT ck_bank_line_text_digest CHECK (length(text_digest) = 32),
    CONSTRAINT ck_bank_line_sha256 CHECK (length(content) = 32),
    CONSTRAINT uq_bank_line_bank_account_id_seq UNIQUE (bank_account_id, seq),
    CONSTRAINT uq_bank_line_identity_bank_account_id UNIQUE (identity, bank_account_id),
    CONSTRAINT fk_bank_line_bank_account_id FOREIGN KEY(bank_account_id) REFERENCES bank_account (id),
    CONSTRAINT fk_bank_line_reading_id FOREIGN KEY(reading_id) REFERENCES bank_reading (id)
)
 STRICT;

CREATE INDEX ix_bank_line_day ON bank_line (day, bank_account_id, cents);

CREATE INDEX ix_bank_line_payer ON bank_line (payer);

CREATE TABLE bank_line_text (
    line_id INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    CONSTRAINT pk_bank_line_text PRIMARY KEY (line_id),
    CONSTRAINT fk_bank_line_text_line_id FOREIGN KEY(line_id) REFERENCES bank_line (id)
)
 STRICT;

CREATE TABLE line_mark (
    id INTEGER NOT NULL,
    line_id INTEGER NOT NULL,
    mark TEXT NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    CONSTRAINT pk_line_mark PRIMARY KEY (id),
    CONSTRAINT ck_line_mark_mark CHECK (mark IN ('set_aside', 'taken_up', 'amended')),
    CONSTRAINT fk_line_mark_line_id FOREIGN KEY(line_id) REFERENCES bank_line (id)
)
 STRICT;

CREATE INDEX ix_line_mark_line_id_id ON line_mark (line_id, id);

CREATE TABLE refund (
    id INTEGER NOT NULL,
    request_id INTEGER NOT NULL,
    pupil_id INTEGER,
    line_id INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    actor TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    CONSTRAINT pk_refund PRIMARY KEY (id),
    CONSTRAINT ck_refund_cents CHECK (cents > 0),
    CONSTRAINT uq_refund_request_id UNIQUE (request_id),
    CONSTRAINT fk_refund_request_id FOREIGN KEY(request_id) REFERENCES request (id),
    CONSTRAINT fk_refund_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT fk_refund_line_id FOREIGN KEY(line_id) REFERENCES bank_line (id)
)
 STRICT;

CREATE INDEX ix_refund_line_id ON refund (line_id);

CREATE INDEX ix_refund_pupil_id ON refund (pupil_id);

CREATE TABLE refund_attempt (
    id INTEGER NOT NULL,
    refund_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    end_to_end TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    CONSTRAINT pk_refund_attempt PRIMARY KEY (id),
    CONSTRAINT ck_refund_attempt_end_to_end CHECK (length(end_to_end) BETWEEN 1 AND 35),
    CONSTRAINT fk_refund_attempt_refund_id FOREIGN KEY(refund_id) REFERENCES refund (id),
    CONSTRAINT fk_refund_attempt_run_id FOREIGN KEY(run_id) REFERENCES payment_run (id),
    CONSTRAINT uq_refund_attempt_end_to_end UNIQUE (end_to_end)
)
 STRICT;

CREATE INDEX ix_refund_attempt_refund_id ON refund_attempt (refund_id);

CREATE INDEX ix_refund_attempt_run_id ON refund_attempt (run_id);

CREATE TABLE refund_payee (
    refund_id INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    CONSTRAINT pk_refund_payee PRIMARY KEY (refund_id),
    CONSTRAINT fk_refund_payee_refund_id FOREIGN KEY(refund_id) REFERENCES refund (id)
)
 STRICT;

CREATE TABLE allocation (
    id INTEGER NOT NULL,
    bank_account_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    line_id INTEGER NOT NULL,
    no INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    pupil_id INTEGER,
    school_id INTEGER,
    account_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    rule TEXT NOT NULL,
    evidence TEXT DEFAULT '{}' NOT NULL,
    of_line_id INTEGER,
    attempt_id INTEGER,
    actor TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    content BLOB NOT NULL,
    CONSTRAINT pk_allocation PRIMARY KEY (id),
    CONSTRAINT ck_allocation_seq CHECK (seq >= 1),
    CONSTRAINT ck_allocation_no CHECK (no >= 1),
    CONSTRAINT ck_allocation_cents CHECK (cents <> 0),
    CONSTRAINT ck_allocation_kind CHECK (kind IN ('topup', 'refund', 'correction')),
    CONSTRAINT ck_allocation_topup_comes_in CHECK (kind <> 'topup' OR cents > 0),
    CONSTRAINT ck_allocation_rule CHECK (rule IN ('code', 'household', 'payer', 'return', 'refund_paid', 'refund_returned', 'suggested', 'by_hand')),
    CONSTRAINT ck_allocation_sha256 CHECK (length(content) = 32),
    CONSTRAINT uq_allocation_bank_account_id_seq UNIQUE (bank_account_id, seq),
    CONSTRAINT uq_allocation_line_id_no UNIQUE (line_id, no),
    CONSTRAINT fk_allocation_bank_account_id FOREIGN KEY(bank_account_id) REFERENCES bank_account (id),
    CONSTRAINT fk_allocation_line_id FOREIGN KEY(line_id) REFERENCES bank_line (id),
    CONSTRAINT fk_allocation_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT fk_allocation_school_id FOREIGN KEY(school_id) REFERENCES school (id),
    CONSTRAINT fk_allocation_account_id FOREIGN KEY(account_id) REFERENCES account (id),
    CONSTRAINT fk_allocation_of_line_id FOREIGN KEY(of_line_id) REFERENCES bank_line (id),
    CONSTRAINT fk_allocation_attempt_id FOREIGN KEY(attempt_id) REFERENCES refund_attempt (id)
)
 STRICT;

CREATE INDEX ix_allocation_attempt_id ON allocation (attempt_id);

CREATE INDEX ix_allocation_of_line_id ON allocation (of_line_id);

CREATE INDEX ix_allocation_pupil_id ON allocation (pupil_id);

ALTER TABLE school ADD COLUMN remember_iban INTEGER DEFAULT 0 NOT NULL
    CONSTRAINT ck_school_remember_iban CHECK (remember_iban IN (0, 1));
