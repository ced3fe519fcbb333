CREATE TABLE school (
    id INTEGER NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    floor_cents INTEGER DEFAULT (-1500) NOT NULL,
    pupil_day_cap_cents INTEGER DEFAULT 3000 NOT NULL,
    kiosk_day_cap_cents INTEGER DEFAULT 1000000 NOT NULL,
    accepts TEXT DEFAULT 'aes' NOT NULL,
    shows_first_name INTEGER DEFAULT 0 NOT NULL,
    language TEXT DEFAULT 'de' NOT NULL,
    CONSTRAINT pk_school PRIMARY KEY (id),
    CONSTRAINT ck_school_six_digits CHECK (length(number) = 6),
    CONSTRAINT ck_school_floor CHECK (floor_cents <= 0),
    CONSTRAINT ck_school_flag CHECK (shows_first_name IN (0, 1)),
    CONSTRAINT uq_school_number UNIQUE (number)
) STRICT;

CREATE TABLE pupil (
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    day_limit_cents INTEGER,
    blocked_classes TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_pupil PRIMARY KEY (id),
    CONSTRAINT ck_pupil_kind CHECK (kind IN ('pupil', 'staff', 'guest')),
    CONSTRAINT ck_pupil_limit CHECK (day_limit_cents >= 0)
) STRICT;

CREATE TABLE operator (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    settled_as TEXT NOT NULL,
    CONSTRAINT pk_operator PRIMARY KEY (id),
    CONSTRAINT ck_operator_kind CHECK (kind IN ('public', 'nonprofit', 'commercial')),
    CONSTRAINT ck_operator_settled_as CHECK (settled_as IN ('revenue', 'payable')),
    CONSTRAINT uq_operator_name UNIQUE (name)
) STRICT;

CREATE TABLE funding_body (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT pk_funding_body PRIMARY KEY (id),
    CONSTRAINT uq_funding_body_name UNIQUE (name)
) STRICT;

CREATE TABLE tax_rule (
    operator_kind TEXT NOT NULL,
    person_kind TEXT NOT NULL,
    item_class TEXT NOT NULL,
    service TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    tax_key INTEGER NOT NULL,
    rate_permille INTEGER NOT NULL,
    exemption TEXT,
    CONSTRAINT pk_tax_rule PRIMARY KEY (operator_kind, person_kind, item_class, service, valid_from),
    CONSTRAINT ck_tax_rule_tax_key CHECK (tax_key IN (1, 2, 5, 6, 7)),
    CONSTRAINT ck_tax_rule_rate CHECK (rate_permille BETWEEN 0 AND 1000)
) STRICT;

CREATE TABLE account (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    pupil_id INTEGER,
    operator_id INTEGER,
    tax_key INTEGER,
    funding_body_id INTEGER,
    CONSTRAINT pk_account PRIMARY KEY (id),
    CONSTRAINT ck_account_kind CHECK (kind IN ('pupil', 'bank', 'suspense', 'refunds', 'revenue', 'payable', 'receivable', 'fees', 'interest', 'opening', 'write_off')),
    CONSTRAINT ck_account_pupil CHECK ((kind = 'pupil') = (pupil_id IS NOT NULL)),
    CONSTRAINT ck_account_operator CHECK ((kind IN ('revenue', 'payable')) = (operator_id IS NOT NULL)),
    CONSTRAINT ck_account_body CHECK ((kind = 'receivable') = (funding_body_id IS NOT NULL)),
    CONSTRAINT ck_account_tax CHECK ((kind = 'revenue') = (tax_key IS NOT NULL)),
    CONSTRAINT uq_account_operator_id_tax_key UNIQUE (operator_id, tax_key),
    CONSTRAINT uq_account_name UNIQUE (name),
    CONSTRAINT uq_account_pupil_id UNIQUE (pupil_id),
    CONSTRAINT fk_account_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT fk_account_operator_id FOREIGN KEY(operator_id) REFERENCES operator (id),
    CONSTRAINT uq_account_funding_body_id UNIQUE (funding_body_id),
    CONSTRAINT fk_account_funding_body_id FOREIGN KEY(funding_body_id) REFERENCES funding_body (id)
) STRICT;

CREATE TABLE origin (
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    school_id INTEGER,
    enrolled_us INTEGER NOT NULL,
    revoked_us INTEGER,
    CONSTRAINT pk_origin PRIMARY KEY (id),
    CONSTRAINT ck_origin_kind CHECK (kind IN ('kiosk', 'bank', 'office')),
    CONSTRAINT ck_origin_kiosk_has_school CHECK ((kind = 'kiosk') = (school_id IS NOT NULL)),
    CONSTRAINT uq_origin_name UNIQUE (name),
    CONSTRAINT fk_origin_school_id FOREIGN KEY(school_id) REFERENCES school (id)
) STRICT;

CREATE TABLE change (
    id INTEGER NOT NULL,
    school_id INTEGER,
    at_us INTEGER NOT NULL,
    what TEXT NOT NULL,
    CONSTRAINT pk_change PRIMARY KEY (id),
    CONSTRAINT fk_change_school_id FOREIGN KEY(school_id) REFERENCES school (id)
) STRICT;

CREATE INDEX ix_change_school_id_id ON change (school_id, id);

CREATE TABLE closed_day (
    school_id INTEGER NOT NULL,
    day TEXT NOT NULL,
    why TEXT NOT NULL,
    CONSTRAINT pk_closed_day PRIMARY KEY (school_id, day),
    CONSTRAINT fk_closed_day_school_id FOREIGN KEY(school_id) REFERENCES school (id)
) STRICT;

CREATE TABLE identity (
    pupil_id INTEGER NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    born TEXT,
    CONSTRAINT pk_identity PRIMARY KEY (pupil_id),
    CONSTRAINT fk_identity_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id)
) STRICT;

CREATE TABLE school_number (
    school_id INTEGER NOT NULL,
    number TEXT NOT NULL,
    pupil_id INTEGER NOT NULL,
    CONSTRAINT pk_school_number PRIMARY KEY (school_id, number),
    CONSTRAINT fk_school_number_school_id FOREIGN KEY(school_id) REFERENCES school (id),
    CONSTRAINT fk_school_number_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id)
) STRICT;

CREATE INDEX ix_school_number_pupil_id ON school_number (pupil_id);

CREATE TABLE membership (
    id INTEGER NOT NULL,
    pupil_id INTEGER NOT NULL,
    school_id INTEGER NOT NULL,
    class_name TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    missing_since TEXT,
    CONSTRAINT pk_membership PRIMARY KEY (id),
    CONSTRAINT ck_membership_span CHECK (valid_to >= valid_from),
    CONSTRAINT fk_membership_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT fk_membership_school_id FOREIGN KEY(school_id) REFERENCES school (id)
) STRICT;

CREATE INDEX ix_membership_pupil_id_valid_from ON membership (pupil_id, valid_from);

CREATE INDEX ix_membership_school_id ON membership (school_id);

CREATE TABLE staff (
    id INTEGER NOT NULL,
    school_id INTEGER NOT NULL,
    label TEXT NOT NULL,
    pin_hash TEXT,
    active INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT pk_staff PRIMARY KEY (id),
    CONSTRAINT ck_staff_flag CHECK (active IN (0, 1)),
    CONSTRAINT uq_staff_school_id_label UNIQUE (school_id, label),
    CONSTRAINT fk_staff_school_id FOREIGN KEY(school_id) REFERENCES school (id)
) STRICT;

CREATE INDEX ix_staff_school_id ON staff (school_id);

CREATE TABLE tariff (
    id INTEGER NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    person_kind TEXT NOT NULL,
    base INTEGER NOT NULL,
    funding_body_id INTEGER,
    CONSTRAINT pk_tariff PRIMARY KEY (id),
    CONSTRAINT ck_tariff_person_kind CHECK (person_kind IN ('pupil', 'staff', 'guest')),
    CONSTRAINT ck_tariff_flag CHECK (base IN (0, 1)),
    CONSTRAINT ck_tariff_base_pays_itself CHECK (base = 0 OR funding_body_id IS NULL),
    CONSTRAINT uq_tariff_code UNIQUE (code),
    CONSTRAINT fk_tariff_funding_body_id FOREIGN KEY(funding_body_id) REFERENCES funding_body (id)
) STRICT;

CREATE UNIQUE INDEX uq_tariff_base ON tariff (person_kind) WHERE base = 1;

CREATE TABLE offer (
    id INTEGER NOT NULL,
    school_id INTEGER NOT NULL,
    day TEXT NOT NULL,
    code TEXT NOT NULL,
    title TEXT NOT NULL,
    item_class TEXT NOT NULL,
    operator_id INTEGER NOT NULL,
    service TEXT DEFAULT 'dine_in' NOT NULL,
    CONSTRAINT pk_offer PRIMARY KEY (id),
    CONSTRAINT ck_offer_item_class CHECK (item_class IN ('lunch', 'snack', 'drink')),
    CONSTRAINT ck_offer_service CHECK (service IN ('dine_in', 'delivery')),
    CONSTRAINT uq_offer_school_id_day_code UNIQUE (school_id, day, code),
    CONSTRAINT fk_offer_school_id FOREIGN KEY(school_id) REFERENCES school (id),
    CONSTRAINT fk_offer_operator_id FOREIGN KEY(operator_id) REFERENCES operator (id)
) STRICT;

CREATE TABLE entry (
    id INTEGER NOT NULL,
    origin_id INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    school_id INTEGER,
    pupil_id INTEGER,
    day TEXT NOT NULL,
    occurred_us INTEGER NOT NULL,
    recorded_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT,
    reverses INTEGER,
    transfers INTEGER NOT NULL,
    lines INTEGER,
    content BLOB NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (id),
    CONSTRAINT ck_entry_kind CHECK (kind IN ('charge', 'reversal', 'opening', 'topup', 'refund', 'correction')),
    CONSTRAINT ck_entry_seq CHECK (seq >= 1),
    CONSTRAINT ck_entry_transfers CHECK (transfers >= 1),
    CONSTRAINT ck_entry_lines CHECK (lines >= 1),
    CONSTRAINT ck_entry_reversal_names_target CHECK ((kind = 'reversal') = (reverses IS NOT NULL)),
    CONSTRAINT ck_entry_charge_is_a_meal CHECK (kind <> 'charge' OR (pupil_id IS NOT NULL AND school_id IS NOT NULL AND lines IS NOT NULL)),
    CONSTRAINT ck_entry_sha256 CHECK (length(content) = 32),
    CONSTRAINT uq_entry_origin_id_epoch_seq UNIQUE (origin_id, epoch, seq),
    CONSTRAINT fk_entry_last_transfer FOREIGN KEY(id, transfers) REFERENCES transfer (entry_id, no) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_entry_last_line FOREIGN KEY(id, lines) REFERENCES line (entry_id, no) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_entry_origin_id FOREIGN KEY(origin_id) REFERENCES origin (id),
    CONSTRAINT fk_entry_school_id FOREIGN KEY(school_id) REFERENCES school (id),
    CONSTRAINT fk_entry_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT uq_entry_reverses UNIQUE (reverses),
    CONSTRAINT fk_entry_reverses FOREIGN KEY(reverses) REFERENCES entry (id)
) STRICT;

CREATE INDEX ix_entry_school_id_id ON entry (school_id, id);

CREATE INDEX ix_entry_pupil_id_day ON entry (pupil_id, day);

CREATE TABLE balance (
    account_id INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    transfer_id INTEGER NOT NULL,
    CONSTRAINT pk_balance PRIMARY KEY (account_id),
    CONSTRAINT fk_balance_account_id FOREIGN KEY(account_id) REFERENCES account (id)
) STRICT;

CREATE TABLE fact (
    id INTEGER NOT NULL,
    origin_id INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    pupil_id INTEGER,
    day TEXT NOT NULL,
    occurred_us INTEGER NOT NULL,
    recorded_us INTEGER NOT NULL,
    items TEXT DEFAULT '[]' NOT NULL,
    voids_epoch INTEGER,
    voids_seq INTEGER,
    staff_id INTEGER,
    reason TEXT,
    chain BLOB NOT NULL,
    CONSTRAINT pk_fact PRIMARY KEY (id),
    CONSTRAINT ck_fact_kind CHECK (kind IN ('charge', 'void')),
    CONSTRAINT ck_fact_seq CHECK (seq >= 1),
    CONSTRAINT ck_fact_void_names_target CHECK ((kind = 'void') = (voids_seq IS NOT NULL)),
    CONSTRAINT ck_fact_void_key CHECK ((voids_seq IS NULL) = (voids_epoch IS NULL)),
    CONSTRAINT ck_fact_something_eaten CHECK (kind = 'void' OR items <> '[]'),
    CONSTRAINT ck_fact_void_has_reason CHECK (kind = 'charge' OR reason IS NOT NULL),
    CONSTRAINT ck_fact_sha256 CHECK (length(chain) = 32),
    CONSTRAINT uq_fact_origin_id_epoch_seq UNIQUE (origin_id, epoch, seq),
    CONSTRAINT fk_fact_origin_id FOREIGN KEY(origin_id) REFERENCES origin (id)
) STRICT;

CREATE INDEX ix_fact_pupil_id_day ON fact (pupil_id, day);

CREATE TABLE kiosk_day (
    origin_id INTEGER NOT NULL,
    day TEXT NOT NULL,
    cents INTEGER NOT NULL,
    CONSTRAINT pk_kiosk_day PRIMARY KEY (origin_id, day),
    CONSTRAINT fk_kiosk_day_origin_id FOREIGN KEY(origin_id) REFERENCES origin (id)
) STRICT;

CREATE TABLE alarm (
    id INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    kind TEXT NOT NULL,
    origin_id INTEGER,
    epoch INTEGER,
    seq INTEGER,
    detail TEXT NOT NULL,
    CONSTRAINT pk_alarm PRIMARY KEY (id),
    CONSTRAINT fk_alarm_origin_id FOREIGN KEY(origin_id) REFERENCES origin (id)
) STRICT;

CREATE TABLE access_log (
    id INTEGER NOT NULL,
    origin_id INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    pupil_id INTEGER,
    purpose TEXT NOT NULL,
    CONSTRAINT pk_access_log PRIMARY KEY (id),
    CONSTRAINT uq_access_log_origin_id_epoch_seq UNIQUE (origin_id, epoch, seq),
    CONSTRAINT fk_access_log_origin_id FOREIGN KEY(origin_id) REFERENCES origin (id),
    CONSTRAINT fk_access_log_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id)
) STRICT;

CREATE TABLE card (
    id INTEGER NOT NULL,
    uid_hmac BLOB NOT NULL,
    pupil_id INTEGER,
    staff_id INTEGER,
    issue_no INTEGER NOT NULL,
    printed_no TEXT NOT NULL,
    state TEXT NOT NULL,
    CONSTRAINT pk_card PRIMARY KEY (id),
    CONSTRAINT ck_card_state CHECK (state IN ('active', 'blocked', 'replaced')),
    CONSTRAINT ck_card_one_holder CHECK ((pupil_id IS NULL) <> (staff_id IS NULL)),
    CONSTRAINT ck_card_issue_no CHECK (issue_no >= 1),
    CONSTRAINT uq_card_uid_hmac UNIQUE (uid_hmac),
    CONSTRAINT fk_card_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT fk_card_staff_id FOREIGN KEY(staff_id) REFERENCES staff (id),
    CONSTRAINT uq_card_printed_no UNIQUE (printed_no)
) STRICT;

CREATE INDEX ix_card_pupil_id ON card (pupil_id);

CREATE INDEX ix_card_staff_id ON card (staff_id);

CREATE TABLE entitlement (
    id INTEGER NOT NULL,
    pupil_id INTEGER NOT NULL,
    tariff_id INTEGER NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    CONSTRAINT pk_entitlement PRIMARY KEY (id),
    CONSTRAINT ck_entitlement_span CHECK (valid_to >= valid_from),
    CONSTRAINT fk_entitlement_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT fk_entitlement_tariff_id FOREIGN KEY(tariff_id) REFERENCES tariff (id)
) STRICT;

CREATE INDEX ix_entitlement_pupil_id_valid_from ON entitlement (pupil_id, valid_from);

CREATE TABLE price (
    offer_id INTEGER NOT NULL,
    tariff_id INTEGER NOT NULL,
    price_cents INTEGER NOT NULL,
    share_cents INTEGER NOT NULL,
    CONSTRAINT pk_price PRIMARY KEY (offer_id, tariff_id),
    CONSTRAINT ck_price_price CHECK (price_cents > 0),
    CONSTRAINT ck_price_share CHECK (share_cents >= 0 AND share_cents <= price_cents),
    CONSTRAINT fk_price_offer_id FOREIGN KEY(offer_id) REFERENCES offer (id),
    CONSTRAINT fk_price_tariff_id FOREIGN KEY(tariff_id) REFERENCES tariff (id)
) STRICT;

CREATE TABLE transfer (
    id INTEGER NOT NULL,
    entry_id INTEGER NOT NULL,
    no INTEGER NOT NULL,
    debit_id INTEGER NOT NULL,
    credit_id INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    CONSTRAINT pk_transfer PRIMARY KEY (id),
    CONSTRAINT ck_transfer_positive CHECK (cents > 0),
    CONSTRAINT ck_transfer_two_accounts CHECK (debit_id <> credit_id),
    CONSTRAINT ck_transfer_no CHECK (no >= 1),
    CONSTRAINT uq_transfer_entry_id_no UNIQUE (entry_id, no),
    CONSTRAINT fk_transfer_entry_id FOREIGN KEY(entry_id) REFERENCES entry (id),
    CONSTRAINT fk_transfer_debit_id FOREIGN KEY(debit_id) REFERENCES account (id),
    CONSTRAINT fk_transfer_credit_id FOREIGN KEY(credit_id) REFERENCES account (id)
) STRICT;

CREATE INDEX ix_transfer_debit_id_id ON transfer (debit_id, id);

CREATE INDEX ix_transfer_credit_id_id ON transfer (credit_id, id);

CREATE TABLE line (
    entry_id INTEGER NOT NULL,
    no INTEGER NOT NULL,
    offer_id INTEGER NOT NULL,
    tariff_id INTEGER NOT NULL,
    item_class TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    price_cents INTEGER NOT NULL,
    share_cents INTEGER NOT NULL,
    tax_key INTEGER NOT NULL,
    rate_permille INTEGER NOT NULL,
    CONSTRAINT pk_line PRIMARY KEY (entry_id, no),
    CONSTRAINT ck_line_quantity CHECK (quantity >= 1),
    CONSTRAINT ck_line_price CHECK (price_cents > 0),
    CONSTRAINT ck_line_share CHECK (share_cents >= 0 AND share_cents <= price_cents),
    CONSTRAINT fk_line_entry_id FOREIGN KEY(entry_id) REFERENCES entry (id),
    CONSTRAINT fk_line_offer_id FOREIGN KEY(offer_id) REFERENCES offer (id),
    CONSTRAINT fk_line_tariff_id FOREIGN KEY(tariff_id) REFERENCES tariff (id)
) STRICT;

CREATE INDEX ix_line_offer_id ON line (offer_id);

CREATE TABLE quarantine (
    fact_id INTEGER NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT pk_quarantine PRIMARY KEY (fact_id),
    CONSTRAINT fk_quarantine_fact_id FOREIGN KEY(fact_id) REFERENCES fact (id)
) STRICT;

CREATE TABLE card_event (
    id INTEGER NOT NULL,
    card_id INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    act TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT,
    CONSTRAINT pk_card_event PRIMARY KEY (id),
    CONSTRAINT ck_card_event_act CHECK (act IN ('assign', 'block', 'unblock', 'replace')),
    CONSTRAINT fk_card_event_card_id FOREIGN KEY(card_id) REFERENCES card (id)
) STRICT;

CREATE INDEX ix_card_event_card_id ON card_event (card_id);
