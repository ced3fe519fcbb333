-- What the bank says, what became of it, and what goes back.

CREATE TABLE bank_fetch (
    id BIGSERIAL NOT NULL,
    access TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    ended_us BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    detail TEXT NOT NULL,
    actor TEXT NOT NULL,
    CONSTRAINT pk_bank_fetch PRIMARY KEY (id),
    CONSTRAINT ck_bank_fetch_outcome CHECK (outcome IN ('done', 'failed')),
    CONSTRAINT ck_bank_fetch_failed_says_why CHECK ((outcome = 'failed') = (reason IS NOT NULL))
);

CREATE INDEX ix_bank_fetch_access_id ON bank_fetch (access, id);

CREATE TABLE bank_file (
    id BIGSERIAL NOT NULL,
    at_us BIGINT NOT NULL,
    source TEXT NOT NULL,
    format TEXT,
    size BIGINT NOT NULL,
    fingerprint BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    CONSTRAINT pk_bank_file PRIMARY KEY (id),
    CONSTRAINT ck_bank_file_source CHECK (source IN ('fints', 'file', 'folder')),
    CONSTRAINT ck_bank_file_size CHECK (size >= 0),
    CONSTRAINT ck_bank_file_fingerprint CHECK (length(fingerprint) = 32),
    CONSTRAINT ck_bank_file_digest CHECK (length(digest) = 32),
    CONSTRAINT uq_bank_file_fingerprint UNIQUE (fingerprint)
);

CREATE TABLE household (
    id BIGSERIAL NOT NULL,
    since_us BIGINT NOT NULL,
    until_us BIGINT,
    CONSTRAINT pk_household PRIMARY KEY (id)
);

CREATE TABLE payment_run (
    id BIGSERIAL NOT NULL,
    message_id TEXT NOT NULL,
    count BIGINT NOT NULL,
    cents BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    actor TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    CONSTRAINT pk_payment_run PRIMARY KEY (id),
    CONSTRAINT ck_payment_run_count CHECK (count >= 1),
    CONSTRAINT ck_payment_run_cents CHECK (cents >= 1),
    CONSTRAINT ck_payment_run_digest CHECK (length(digest) = 32),
    CONSTRAINT uq_payment_run_message_id UNIQUE (message_id)
);

CREATE TABLE tan_question (
    id BIGSERIAL NOT NULL,
    access TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    until_us BIGINT NOT NULL,
    challenge TEXT NOT NULL,
    decoupled BIGINT NOT NULL,
    answer TEXT,
    ended TEXT,
    CONSTRAINT pk_tan_question PRIMARY KEY (id),
    CONSTRAINT ck_tan_question_flag CHECK (decoupled IN (0, 1))
);

CREATE TABLE bank_raw (
    file_id BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    CONSTRAINT pk_bank_raw PRIMARY KEY (file_id),
    CONSTRAINT fk_bank_raw_file_id FOREIGN KEY(file_id) REFERENCES bank_file (id)
);

CREATE TABLE household_member (
    household_id BIGINT NOT NULL,
    pupil_id BIGINT NOT NULL,
    share BIGINT NOT NULL,
    CONSTRAINT pk_household_member PRIMARY KEY (household_id, pupil_id),
    CONSTRAINT ck_household_member_share CHECK (share >= 1),
    CONSTRAINT fk_household_member_household_id FOREIGN KEY(household_id) REFERENCES household (id),
    CONSTRAINT fk_household_member_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id)
);

CREATE INDEX ix_household_member_pupil_id ON household_member (pupil_id);

CREATE TABLE payment_run_raw (
    run_id BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    CONSTRAINT pk_payment_run_raw PRIMARY KEY (run_id),
    CONSTRAINT fk_payment_run_raw_run_id FOREIGN KEY(run_id) REFERENCES payment_run (id)
);

CREATE TABLE reference (
    id BIGSERIAL NOT NULL,
    pupil_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    CONSTRAINT pk_reference PRIMARY KEY (id),
    CONSTRAINT ck_reference_six_symbols CHECK (length(code) = 6),
    CONSTRAINT uq_reference_pupil_id UNIQUE (pupil_id),
    CONSTRAINT fk_reference_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT uq_reference_code UNIQUE (code)
);

CREATE TABLE bank_account (
    id BIGSERIAL NOT NULL,
    account_id BIGINT NOT NULL,
    origin_id BIGINT NOT NULL,
    iban TEXT NOT NULL,
    holder TEXT NOT NULL,
    since_us BIGINT NOT NULL,
    until_us BIGINT,
    CONSTRAINT pk_bank_account PRIMARY KEY (id),
    CONSTRAINT ck_bank_account_iban CHECK (length(iban) BETWEEN 15 AND 34),
    CONSTRAINT ck_bank_account_holder CHECK (length(holder) BETWEEN 1 AND 70),
    CONSTRAINT uq_bank_account_account_id UNIQUE (account_id),
    CONSTRAINT fk_bank_account_account_id FOREIGN KEY(account_id) REFERENCES account (id),
    CONSTRAINT uq_bank_account_origin_id UNIQUE (origin_id),
    CONSTRAINT fk_bank_account_origin_id FOREIGN KEY(origin_id) REFERENCES origin (id),
    CONSTRAINT uq_bank_account_iban UNIQUE (iban)
);

CREATE TABLE bank_reading (
    id BIGSERIAL NOT NULL,
    file_id BIGINT NOT NULL,
    no BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    detail TEXT NOT NULL,
    bank_account_id BIGINT,
    first_day DATE,
    last_day DATE,
    opening_cents BIGINT,
    closing_cents BIGINT,
    lines BIGINT NOT NULL,
    new_lines BIGINT NOT NULL,
    CONSTRAINT pk_bank_reading PRIMARY KEY (id),
    CONSTRAINT ck_bank_reading_no CHECK (no >= 0),
    CONSTRAINT ck_bank_reading_outcome CHECK (outcome IN ('kept', 'known', 'waiting', 'quarantined', 'nothing')),
    CONSTRAINT ck_bank_reading_span CHECK (last_day >= first_day),
    CONSTRAINT ck_bank_reading_counts CHECK (new_lines >= 0 AND lines >= new_lines),
    CONSTRAINT fk_bank_reading_file_id FOREIGN KEY(file_id) REFERENCES bank_file (id),
    CONSTRAINT fk_bank_reading_bank_account_id FOREIGN KEY(bank_account_id) REFERENCES bank_account (id)
);

CREATE INDEX ix_bank_reading_file_id_no_id ON bank_reading (file_id, no, id);

CREATE TABLE go_live (
    id BIGSERIAL NOT NULL,
    request_id BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    count BIGINT NOT NULL,
    cents BIGINT NOT NULL,
    actor TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    CONSTRAINT pk_go_live PRIMARY KEY (id),
    CONSTRAINT ck_go_live_digest CHECK (length(digest) = 32),
    CONSTRAINT ck_go_live_count CHECK (count >= 0),
    CONSTRAINT uq_go_live_request_id UNIQUE (request_id),
    CONSTRAINT fk_go_live_request_id FOREIGN KEY(request_id) REFERENCES request (id),
    CONSTRAINT uq_go_live_at_us UNIQUE (at_us)
);

CREATE TABLE bank_day (
    id BIGSERIAL NOT NULL,
    bank_account_id BIGINT NOT NULL,
    day DATE NOT NULL,
    closing_cents BIGINT NOT NULL,
    family TEXT NOT NULL,
    reading_id BIGINT NOT NULL,
    CONSTRAINT pk_bank_day PRIMARY KEY (id),
    CONSTRAINT ck_bank_day_family CHECK (family IN ('mt940', 'camt')),
    CONSTRAINT fk_bank_day_bank_account_id FOREIGN KEY(bank_account_id) REFERENCES bank_account (id),
    CONSTRAINT fk_bank_day_reading_id FOREIGN KEY(reading_id) REFERENCES bank_reading (id)
);

CREATE INDEX ix_bank_day_bank_account_id_day_id ON bank_day (bank_account_id, day, id);

CREATE TABLE bank_line (
    id BIGSERIAL NOT NULL,
    bank_account_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    reading_id BIGINT NOT NULL,
    day DATE NOT NULL,
    value_day DATE NOT NULL,
    cents BIGINT NOT NULL,
    nature TEXT NOT NULL,
    identity BYTEA NOT NULL,
    payer BYTEA,
    end_to_end BYTEA,
    gvc TEXT,
    text_digest BYTEA NOT NULL,
    recorded_us BIGINT NOT NULL,
    actor TEXT NOT NULL,
    content BYTEA NOT NULL,
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
);

CREATE INDEX ix_bank_line_day ON bank_line (day, bank_account_id, cents);

CREATE INDEX ix_bank_line_payer ON bank_line (payer);

CREATE TABLE bank_line_text (
    line_id BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    CONSTRAINT pk_bank_line_text PRIMARY KEY (line_id),
    CONSTRAINT fk_bank_line_text_line_id FOREIGN KEY(line_id) REFERENCES bank_line (id)
);

CREATE TABLE line_mark (
    id BIGSERIAL NOT NULL,
    line_id BIGINT NOT NULL,
    mark TEXT NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    CONSTRAINT pk_line_mark PRIMARY KEY (id),
    CONSTRAINT ck_line_mark_mark CHECK (mark IN ('set_aside', 'taken_up', 'amended')),
    CONSTRAINT fk_line_mark_line_id FOREIGN KEY(line_id) REFERENCES bank_line (id)
);

CREATE INDEX ix_line_mark_line_id_id ON line_mark (line_id, id);

CREATE TABLE refund (
    id BIGSERIAL NOT NULL,
    request_id BIGINT NOT NULL,
    pupil_id BIGINT,
    line_id BIGINT NOT NULL,
    cents BIGINT NOT NULL,
    actor TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    CONSTRAINT pk_refund PRIMARY KEY (id),
    CONSTRAINT ck_refund_cents CHECK (cents > 0),
    CONSTRAINT uq_refund_request_id UNIQUE (request_id),
    CONSTRAINT fk_refund_request_id FOREIGN KEY(request_id) REFERENCES request (id),
    CONSTRAINT fk_refund_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT fk_refund_line_id FOREIGN KEY(line_id) REFERENCES bank_line (id)
);

CREATE INDEX ix_refund_line_id ON refund (line_id);

CREATE INDEX ix_refund_pupil_id ON refund (pupil_id);

CREATE TABLE refund_attempt (
    id BIGSERIAL NOT NULL,
    refund_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    end_to_end TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    CONSTRAINT pk_refund_attempt PRIMARY KEY (id),
    CONSTRAINT ck_refund_attempt_end_to_end CHECK (length(end_to_end) BETWEEN 1 AND 35),
    CONSTRAINT fk_refund_attempt_refund_id FOREIGN KEY(refund_id) REFERENCES refund (id),
    CONSTRAINT fk_refund_attempt_run_id FOREIGN KEY(run_id) REFERENCES payment_run (id),
    CONSTRAINT uq_refund_attempt_end_to_end UNIQUE (end_to_end)
);

CREATE INDEX ix_refund_attempt_refund_id ON refund_attempt (refund_id);

CREATE INDEX ix_refund_attempt_run_id ON refund_attempt (run_id);

CREATE TABLE refund_payee (
    refund_id BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    CONSTRAINT pk_refund_payee PRIMARY KEY (refund_id),
    CONSTRAINT fk_refund_payee_refund_id FOREIGN KEY(refund_id) REFERENCES refund (id)
);

CREATE TABLE allocation (
    id BIGSERIAL NOT NULL,
    bank_account_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    no BIGINT NOT NULL,
    cents BIGINT NOT NULL,
    pupil_id BIGINT,
    school_id BIGINT,
    account_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    rule TEXT NOT NULL,
    evidence TEXT DEFAULT '{}' NOT NULL,
    of_line_id BIGINT,
    attempt_id BIGINT,
    actor TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    content BYTEA NOT NULL,
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
);

CREATE INDEX ix_allocation_attempt_id ON allocation (attempt_id);

CREATE INDEX ix_allocation_of_line_id ON allocation (of_line_id);

CREATE INDEX ix_allocation_pupil_id ON allocation (pupil_id);

ALTER TABLE school ADD COLUMN remember_iban BIGINT DEFAULT 0 NOT NULL
    CONSTRAINT ck_school_remember_iban CHECK (remember_iban IN (0, 1));

-- What these rows name stays by guards of its own (accounts, children, schools, lines) and is looked
-- up for a whole set: as foreign keys the same questions are asked row by row.
ALTER TABLE bank_line DROP CONSTRAINT fk_bank_line_bank_account_id;
ALTER TABLE bank_line DROP CONSTRAINT fk_bank_line_reading_id;
ALTER TABLE allocation DROP CONSTRAINT fk_allocation_bank_account_id;
ALTER TABLE allocation DROP CONSTRAINT fk_allocation_line_id;
ALTER TABLE allocation DROP CONSTRAINT fk_allocation_account_id;
ALTER TABLE allocation DROP CONSTRAINT fk_allocation_pupil_id;
ALTER TABLE allocation DROP CONSTRAINT fk_allocation_school_id;
