CREATE TABLE history (
    id BIGSERIAL NOT NULL,
    at_us BIGINT NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    image TEXT,
    CONSTRAINT pk_history PRIMARY KEY (id)
);

CREATE INDEX ix_history_name_key_id ON history (name, key, id);

CREATE TABLE incarnation (
    id BIGSERIAL NOT NULL,
    number BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    why TEXT NOT NULL,
    actor TEXT NOT NULL,
    CONSTRAINT pk_incarnation PRIMARY KEY (id),
    CONSTRAINT ck_incarnation_why CHECK (why IN ('made', 'restored', 'moved')),
    CONSTRAINT uq_incarnation_number UNIQUE (number)
);

CREATE TABLE office_user (
    id BIGSERIAL NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    since_us BIGINT NOT NULL,
    until_us BIGINT,
    CONSTRAINT pk_office_user PRIMARY KEY (id),
    CONSTRAINT ck_office_user_name CHECK (length(name) >= 1),
    CONSTRAINT uq_office_user_name UNIQUE (name)
);

CREATE TABLE permission (
    act TEXT NOT NULL,
    role TEXT NOT NULL,
    may TEXT NOT NULL,
    CONSTRAINT pk_permission PRIMARY KEY (act, role),
    CONSTRAINT ck_permission_role CHECK (role IN ('kitchen', 'school_office', 'treasury', 'auditor', 'administrator')),
    CONSTRAINT ck_permission_may CHECK (may IN ('do', 'request', 'approve', 'request_and_approve'))
);

CREATE TABLE seal (
    id BIGSERIAL NOT NULL,
    at_us BIGINT NOT NULL,
    actor TEXT NOT NULL,
    before BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT pk_seal PRIMARY KEY (id),
    CONSTRAINT ck_seal_before CHECK (length(before) = 32),
    CONSTRAINT ck_seal_hash CHECK (length(hash) = 32),
    CONSTRAINT uq_seal_hash UNIQUE (hash)
);

CREATE TABLE office_role (
    id BIGSERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    school_id BIGINT,
    since_us BIGINT NOT NULL,
    until_us BIGINT,
    CONSTRAINT pk_office_role PRIMARY KEY (id),
    CONSTRAINT ck_office_role_role CHECK (role IN ('kitchen', 'school_office', 'treasury', 'auditor', 'administrator')),
    CONSTRAINT fk_office_role_user_id FOREIGN KEY(user_id) REFERENCES office_user (id),
    CONSTRAINT fk_office_role_school_id FOREIGN KEY(school_id) REFERENCES school (id)
);

CREATE INDEX ix_office_role_user_id ON office_role (user_id);

CREATE TABLE sign_in (
    id BIGSERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    good BIGINT NOT NULL,
    CONSTRAINT pk_sign_in PRIMARY KEY (id),
    CONSTRAINT ck_sign_in_flag CHECK (good IN (0, 1)),
    CONSTRAINT fk_sign_in_user_id FOREIGN KEY(user_id) REFERENCES office_user (id)
);

CREATE INDEX ix_sign_in_user_id_id ON sign_in (user_id, id);

CREATE TABLE office_session (
    token_hash BYTEA NOT NULL,
    user_id BIGINT NOT NULL,
    since_us BIGINT NOT NULL,
    used_us BIGINT NOT NULL,
    until_us BIGINT,
    CONSTRAINT pk_office_session PRIMARY KEY (token_hash),
    CONSTRAINT ck_office_session_sha256 CHECK (length(token_hash) = 32),
    CONSTRAINT fk_office_session_user_id FOREIGN KEY(user_id) REFERENCES office_user (id)
);

CREATE INDEX ix_office_session_user_id ON office_session (user_id);

CREATE TABLE stretch (
    seal_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    after_id BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    rows BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    CONSTRAINT pk_stretch PRIMARY KEY (seal_id, name),
    CONSTRAINT ck_stretch_span CHECK (last_id >= after_id),
    CONSTRAINT ck_stretch_rows CHECK (rows >= 0),
    CONSTRAINT ck_stretch_digest CHECK (length(digest) = 32),
    CONSTRAINT fk_stretch_seal_id FOREIGN KEY(seal_id) REFERENCES seal (id)
);

CREATE TABLE kiosk_seen (
    origin_id BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    software TEXT NOT NULL,
    CONSTRAINT pk_kiosk_seen PRIMARY KEY (origin_id),
    CONSTRAINT ck_kiosk_seen_waiting CHECK (waiting >= 0),
    CONSTRAINT fk_kiosk_seen_origin_id FOREIGN KEY(origin_id) REFERENCES origin (id)
);

CREATE TABLE request (
    id BIGSERIAL NOT NULL,
    act TEXT NOT NULL,
    school_id BIGINT,
    pupil_id BIGINT,
    debit_id BIGINT,
    credit_id BIGINT,
    cents BIGINT,
    reason TEXT NOT NULL,
    detail TEXT DEFAULT '{}' NOT NULL,
    requester_id BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    CONSTRAINT pk_request PRIMARY KEY (id),
    CONSTRAINT ck_request_positive CHECK (cents > 0),
    CONSTRAINT ck_request_one_transfer CHECK ((cents IS NULL) = (debit_id IS NULL) AND (cents IS NULL) = (credit_id IS NULL)),
    CONSTRAINT fk_request_school_id FOREIGN KEY(school_id) REFERENCES school (id),
    CONSTRAINT fk_request_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT fk_request_debit_id FOREIGN KEY(debit_id) REFERENCES account (id),
    CONSTRAINT fk_request_credit_id FOREIGN KEY(credit_id) REFERENCES account (id),
    CONSTRAINT fk_request_requester_id FOREIGN KEY(requester_id) REFERENCES office_user (id)
);

CREATE TABLE closing (
    id BIGSERIAL NOT NULL,
    month TEXT NOT NULL,
    open_from DATE NOT NULL,
    at_us BIGINT NOT NULL,
    actor TEXT NOT NULL,
    request_id BIGINT,
    warnings TEXT NOT NULL,
    software TEXT NOT NULL,
    seal_id BIGINT NOT NULL,
    last_entry_id BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    transfers BIGINT NOT NULL,
    cents BIGINT NOT NULL,
    last_account_id BIGINT NOT NULL,
    CONSTRAINT pk_closing PRIMARY KEY (id),
    CONSTRAINT ck_closing_month CHECK (length(month) = 7),
    CONSTRAINT ck_closing_counts CHECK (entries >= 0 AND transfers >= 0 AND cents >= 0),
    CONSTRAINT uq_closing_month UNIQUE (month),
    CONSTRAINT uq_closing_request_id UNIQUE (request_id),
    CONSTRAINT fk_closing_request_id FOREIGN KEY(request_id) REFERENCES request (id),
    CONSTRAINT fk_closing_seal_id FOREIGN KEY(seal_id) REFERENCES seal (id)
);

CREATE TABLE decision (
    id BIGSERIAL NOT NULL,
    request_id BIGINT NOT NULL,
    approver_id BIGINT NOT NULL,
    approved BIGINT NOT NULL,
    reason TEXT,
    at_us BIGINT NOT NULL,
    CONSTRAINT pk_decision PRIMARY KEY (id),
    CONSTRAINT uq_decision_request_id UNIQUE (request_id),
    CONSTRAINT ck_decision_flag CHECK (approved IN (0, 1)),
    CONSTRAINT ck_decision_rejection_says_why CHECK (approved = 1 OR reason IS NOT NULL),
    CONSTRAINT fk_decision_request_id FOREIGN KEY(request_id) REFERENCES request (id),
    CONSTRAINT fk_decision_approver_id FOREIGN KEY(approver_id) REFERENCES office_user (id)
);

CREATE TABLE closing_sum (
    closing_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    cents BIGINT NOT NULL,
    CONSTRAINT pk_closing_sum PRIMARY KEY (closing_id, account_id),
    CONSTRAINT fk_closing_sum_closing_id FOREIGN KEY(closing_id) REFERENCES closing (id),
    CONSTRAINT fk_closing_sum_account_id FOREIGN KEY(account_id) REFERENCES account (id)
);

ALTER TABLE entry ADD COLUMN late_on DATE CONSTRAINT ck_entry_late_on CHECK (late_on > day);

ALTER TABLE entry ADD COLUMN request_id BIGINT CONSTRAINT fk_entry_request_id REFERENCES request (id);

CREATE UNIQUE INDEX uq_entry_request_id ON entry (request_id);

ALTER TABLE origin ADD COLUMN login TEXT;

CREATE UNIQUE INDEX uq_origin_login ON origin (login);
