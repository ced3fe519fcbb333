CREATE TABLE history (
    id INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    "key" TEXT NOT NULL,
    image TEXT,
    CONSTRAINT pk_history PRIMARY KEY (id)
) STRICT;

CREATE INDEX ix_history_name_key_id ON history (name, "key", id);

CREATE TABLE incarnation (
    id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    why TEXT NOT NULL,
    actor TEXT NOT NULL,
    CONSTRAINT pk_incarnation PRIMARY KEY (id),
    CONSTRAINT ck_incarnation_why CHECK (why IN ('made', 'restored', 'moved')),
    CONSTRAINT uq_incarnation_number UNIQUE (number)
) STRICT;

CREATE TABLE office_user (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    until_us INTEGER,
    CONSTRAINT pk_office_user PRIMARY KEY (id),
    CONSTRAINT ck_office_user_name CHECK (length(name) >= 1),
    CONSTRAINT uq_office_user_name UNIQUE (name)
) STRICT;

CREATE TABLE permission (
    act TEXT NOT NULL,
    role TEXT NOT NULL,
    may TEXT NOT NULL,
    CONSTRAINT pk_permission PRIMARY KEY (act, role),
    CONSTRAINT ck_permission_role CHECK (role IN ('kitchen', 'school_office', 'treasury', 'auditor', 'administrator')),
    CONSTRAINT ck_permission_may CHECK (may IN ('do', 'request', 'approve', 'request_and_approve'))
) STRICT;

CREATE TABLE seal (
    id INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    "before" BLOB NOT NULL,
    hash BLOB NOT NULL,
    CONSTRAINT pk_seal PRIMARY KEY (id),
    CONSTRAINT ck_seal_before CHECK (length(before) = 32),
    CONSTRAINT ck_seal_hash CHECK (length(hash) = 32),
    CONSTRAINT uq_seal_hash UNIQUE (hash)
) STRICT;

CREATE TABLE office_role (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    school_id INTEGER,
    since_us INTEGER NOT NULL,
    until_us INTEGER,
    CONSTRAINT pk_office_role PRIMARY KEY (id),
    CONSTRAINT ck_office_role_role CHECK (role IN ('kitchen', 'school_office', 'treasury', 'auditor', 'administrator')),
    CONSTRAINT fk_office_role_user_id FOREIGN KEY(user_id) REFERENCES office_user (id),
    CONSTRAINT fk_office_role_school_id FOREIGN KEY(school_id) REFERENCES school (id)
) STRICT;

CREATE INDEX ix_office_role_user_id ON office_role (user_id);

CREATE TABLE sign_in (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    good INTEGER NOT NULL,
    CONSTRAINT pk_sign_in PRIMARY KEY (id),
    CONSTRAINT ck_sign_in_flag CHECK (good IN (0, 1)),
    CONSTRAINT fk_sign_in_user_id FOREIGN KEY(user_id) REFERENCES office_user (id)
) STRICT;

CREATE INDEX ix_sign_in_user_id_id ON sign_in (user_id, id);

CREATE TABLE office_session (
    token_hash BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    since_us INTEGER NOT NULL,
    used_us INTEGER NOT NULL,
    until_us INTEGER,
    CONSTRAINT pk_office_session PRIMARY KEY (token_hash),
    CONSTRAINT ck_office_session_sha256 CHECK (length(token_hash) = 32),
    CONSTRAINT fk_office_session_user_id FOREIGN KEY(user_id) REFERENCES office_user (id)
) STRICT;

CREATE INDEX ix_office_session_user_id ON office_session (user_id);

CREATE TABLE stretch (
    seal_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    after_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    digest BLOB NOT NULL,
    CONSTRAINT pk_stretch PRIMARY KEY (seal_id, name),
    CONSTRAINT ck_stretch_span CHECK (last_id >= after_id),
    CONSTRAINT ck_stretch_rows CHECK (rows >= 0),
    CONSTRAINT ck_stretch_digest CHECK (length(digest) = 32),
    CONSTRAINT fk_stretch_seal_id FOREIGN KEY(seal_id) REFERENCES seal (id)
) STRICT;

CREATE TABLE kiosk_seen (
    origin_id INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    software TEXT NOT NULL,
    CONSTRAINT pk_kiosk_seen PRIMARY KEY (origin_id),
    CONSTRAINT ck_kiosk_seen_waiting CHECK (waiting >= 0),
    CONSTRAINT fk_kiosk_seen_origin_id FOREIGN KEY(origin_id) REFERENCES origin (id)
) STRICT;

CREATE TABLE request (
    id INTEGER NOT NULL,
    act TEXT NOT NULL,
    school_id INTEGER,
    pupil_id INTEGER,
    debit_id INTEGER,
    credit_id INTEGER,
    cents INTEGER,
    reason TEXT NOT NULL,
    detail TEXT DEFAULT '{}' NOT NULL,
    requester_id INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    CONSTRAINT pk_request PRIMARY KEY (id),
    CONSTRAINT ck_request_positive CHECK (cents > 0),
    CONSTRAINT ck_request_one_transfer CHECK ((cents IS NULL) = (debit_id IS NULL) AND (cents IS NULL) = (credit_id IS NULL)),
    CONSTRAINT fk_request_school_id FOREIGN KEY(school_id) REFERENCES school (id),
    CONSTRAINT fk_request_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT fk_request_debit_id FOREIGN KEY(debit_id) REFERENCES account (id),
    CONSTRAINT fk_request_credit_id FOREIGN KEY(credit_id) REFERENCES account (id),
    CONSTRAINT fk_request_requester_id FOREIGN KEY(requester_id) REFERENCES office_user (id)
) STRICT;

CREATE TABLE closing (
    id INTEGER NOT NULL,
    month TEXT NOT NULL,
    open_from TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    request_id INTEGER,
    warnings TEXT NOT NULL,
    software TEXT NOT NULL,
    seal_id INTEGER NOT NULL,
    last_entry_id INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    transfers INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    last_account_id INTEGER NOT NULL,
    CONSTRAINT pk_closing PRIMARY KEY (id),
    CONSTRAINT ck_closing_month CHECK (length(month) = 7),
    CONSTRAINT ck_closing_counts CHECK (entries >= 0 AND transfers >= 0 AND cents >= 0),
    CONSTRAINT uq_closing_month UNIQUE (month),
    CONSTRAINT uq_closing_request_id UNIQUE (request_id),
    CONSTRAINT fk_closing_request_id FOREIGN KEY(request_id) REFERENCES request (id),
    CONSTRAINT fk_closing_seal_id FOREIGN KEY(seal_id) REFERENCES seal (id)
) STRICT;

CREATE TABLE decision (
    id INTEGER NOT NULL,
    request_id INTEGER NOT NULL,
    approver_id INTEGER NOT NULL,
    approved INTEGER NOT NULL,
    reason TEXT,
    at_us INTEGER NOT NULL,
    CONSTRAINT pk_decision PRIMARY KEY (id),
    CONSTRAINT uq_decision_request_id UNIQUE (request_id),
    CONSTRAINT ck_decision_flag CHECK (approved IN (0, 1)),
    CONSTRAINT ck_decision_rejection_says_why CHECK (approved = 1 OR reason IS NOT NULL),
    CONSTRAINT fk_decision_request_id FOREIGN KEY(request_id) REFERENCES request (id),
    CONSTRAINT fk_decision_approver_id FOREIGN KEY(approver_id) REFERENCES office_user (id)
) STRICT;

CREATE TABLE closing_sum (
    closing_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    CONSTRAINT pk_closing_sum PRIMARY KEY (closing_id, account_id),
    CONSTRAINT fk_closing_sum_closing_id FOREIGN KEY(closing_id) REFERENCES closing (id),
    CONSTRAINT fk_closing_sum_account_id FOREIGN KEY(account_id) REFERENCES account (id)
) STRICT;

ALTER TABLE entry ADD COLUMN late_on TEXT CONSTRAINT ck_entry_late_on CHECK (late_on > day);

ALTER TABLE entry ADD COLUMN request_id INTEGER CONSTRAINT fk_entry_request_id REFERENCES request (id);

CREATE UNIQUE INDEX uq_entry_request_id ON entry (request_id);

ALTER TABLE origin ADD COLUMN login TEXT;

CREATE UNIQUE INDEX uq_origin_login ON origin (login);
