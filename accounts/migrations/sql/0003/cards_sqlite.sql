-- Cards that prove a key: tables, guards, rights, and images of what may change.

CREATE TABLE card_alert (
    id INTEGER NOT NULL,
    origin_id INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    heard_us INTEGER NOT NULL,
    kind TEXT NOT NULL,
    card_id INTEGER,
    CONSTRAINT pk_card_alert PRIMARY KEY (id),
    CONSTRAINT ck_card_alert_seq CHECK (seq >= 1),
    CONSTRAINT ck_card_alert_kind CHECK (length(kind) BETWEEN 1 AND 40),
    CONSTRAINT uq_card_alert_origin_id_epoch_seq UNIQUE (origin_id, epoch, seq),
    CONSTRAINT fk_card_alert_origin_id FOREIGN KEY(origin_id) REFERENCES origin (id),
    CONSTRAINT fk_card_alert_card_id FOREIGN KEY(card_id) REFERENCES card (id)
) STRICT;

CREATE INDEX ix_card_alert_heard_us ON card_alert (heard_us);

CREATE INDEX ix_card_alert_origin_id_heard_us ON card_alert (origin_id, heard_us);

CREATE TABLE card_issue (
    id INTEGER NOT NULL,
    uid_hmac BLOB NOT NULL,
    pupil_id INTEGER,
    staff_id INTEGER,
    replaces INTEGER,
    reason TEXT,
    medium TEXT NOT NULL,
    generation INTEGER NOT NULL,
    issue_no INTEGER NOT NULL,
    escrow BLOB NOT NULL,
    actor TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    CONSTRAINT pk_card_issue PRIMARY KEY (id),
    CONSTRAINT ck_card_issue_sha256 CHECK (length(uid_hmac) = 32),
    CONSTRAINT ck_card_issue_one_holder CHECK ((pupil_id IS NULL) <> (staff_id IS NULL)),
    CONSTRAINT ck_card_issue_replacing_says_why CHECK ((replaces IS NULL) = (reason IS NULL)),
    CONSTRAINT ck_card_issue_medium CHECK (medium IN ('ev1', 'ev2', 'ntag424')),
    CONSTRAINT ck_card_issue_generation CHECK (generation BETWEEN 1 AND 254),
    CONSTRAINT ck_card_issue_issue_no CHECK (issue_no BETWEEN 1 AND 255),
    CONSTRAINT ck_card_issue_escrow CHECK (length(escrow) >= 1),
    CONSTRAINT fk_card_issue_pupil_id FOREIGN KEY(pupil_id) REFERENCES pupil (id),
    CONSTRAINT fk_card_issue_staff_id FOREIGN KEY(staff_id) REFERENCES staff (id),
    CONSTRAINT fk_card_issue_replaces FOREIGN KEY(replaces) REFERENCES card (id)
) STRICT;

CREATE INDEX ix_card_issue_pupil_id ON card_issue (pupil_id);

CREATE INDEX ix_card_issue_staff_id ON card_issue (staff_id);

CREATE INDEX ix_card_issue_uid_hmac ON card_issue (uid_hmac);

CREATE TABLE card_alert_seen (
    id INTEGER NOT NULL,
    alert_id INTEGER,
    fact_id INTEGER,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    note TEXT NOT NULL,
    CONSTRAINT pk_card_alert_seen PRIMARY KEY (id),
    CONSTRAINT ck_card_alert_seen_one_matter CHECK ((alert_id IS NULL) <> (fact_id IS NULL)),
    CONSTRAINT ck_card_alert_seen_note CHECK (length(note) BETWEEN 1 AND 500),
    CONSTRAINT uq_card_alert_seen_alert_id UNIQUE (alert_id),
    CONSTRAINT fk_card_alert_seen_alert_id FOREIGN KEY(alert_id) REFERENCES card_alert (id),
    CONSTRAINT uq_card_alert_seen_fact_id UNIQUE (fact_id),
    CONSTRAINT fk_card_alert_seen_fact_id FOREIGN KEY(fact_id) REFERENCES fact (id)
) STRICT;

CREATE TABLE card_secret (
    id INTEGER NOT NULL,
    card_id INTEGER NOT NULL,
    issue_id INTEGER NOT NULL,
    medium TEXT NOT NULL,
    generation INTEGER NOT NULL,
    escrow BLOB NOT NULL,
    CONSTRAINT pk_card_secret PRIMARY KEY (id),
    CONSTRAINT uq_card_secret_card_id UNIQUE (card_id),
    CONSTRAINT fk_card_secret_card_id FOREIGN KEY(card_id) REFERENCES card (id),
    CONSTRAINT uq_card_secret_issue_id UNIQUE (issue_id),
    CONSTRAINT fk_card_secret_issue_id FOREIGN KEY(issue_id) REFERENCES card_issue (id)
) STRICT;

CREATE TABLE card_step (
    id INTEGER NOT NULL,
    issue_id INTEGER NOT NULL,
    step TEXT NOT NULL,
    reason TEXT,
    actor TEXT,
    at_us INTEGER NOT NULL,
    CONSTRAINT pk_card_step PRIMARY KEY (id),
    CONSTRAINT ck_card_step_step CHECK (length(step) BETWEEN 1 AND 40),
    CONSTRAINT ck_card_step_end_says_why CHECK ((step IN ('lost', 'abandoned')) = (reason IS NOT NULL)),
    CONSTRAINT fk_card_step_issue_id FOREIGN KEY(issue_id) REFERENCES card_issue (id)
) STRICT;

CREATE INDEX ix_card_step_issue_id ON card_step (issue_id);

CREATE UNIQUE INDEX uq_card_step_end ON card_step (issue_id) WHERE step IN ('done', 'lost', 'abandoned');

CREATE TABLE card_key (
    card_id INTEGER NOT NULL,
    school_id INTEGER NOT NULL,
    key_id BLOB NOT NULL,
    sealed BLOB NOT NULL,
    at_us INTEGER NOT NULL,
    CONSTRAINT pk_card_key PRIMARY KEY (card_id, school_id),
    CONSTRAINT ck_card_key_sealed CHECK (length(key_id) >= 1 AND length(sealed) >= 1),
    CONSTRAINT fk_card_key_card_id FOREIGN KEY(card_id) REFERENCES card_secret (card_id),
    CONSTRAINT fk_card_key_school_id FOREIGN KEY(school_id) REFERENCES school (id)
) STRICT;

CREATE INDEX ix_card_key_school_id ON card_key (school_id);

ALTER TABLE school ADD COLUMN uid_day_limit_cents INTEGER
    CONSTRAINT ck_school_uid_day_limit CHECK (uid_day_limit_cents >= 0);

CREATE TRIGGER card_issue_no_update BEFORE UPDATE ON card_issue
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER card_issue_no_delete BEFORE DELETE ON card_issue
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER card_step_no_update BEFORE UPDATE ON card_step
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER card_step_no_delete BEFORE DELETE ON card_step
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER card_secret_no_update BEFORE UPDATE ON card_secret
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER card_secret_no_delete BEFORE DELETE ON card_secret
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER card_alert_no_update BEFORE UPDATE ON card_alert
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER card_alert_no_delete BEFORE DELETE ON card_alert
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER card_alert_seen_no_update BEFORE UPDATE ON card_alert_seen
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER card_alert_seen_no_delete BEFORE DELETE ON card_alert_seen
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

-- One open issue for a card and for a holder; a number follows the holder's newest card.
CREATE TRIGGER card_issue_fits BEFORE INSERT ON card_issue BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only')
    WHERE EXISTS (SELECT 1 FROM card_issue WHERE id = NEW.id);
  SELECT RAISE(ABORT, 'mensa:known_card')
    WHERE EXISTS (SELECT 1 FROM card WHERE uid_hmac = NEW.uid_hmac);
  SELECT RAISE(ABORT, 'mensa:issue_open')
    WHERE EXISTS (SELECT 1 FROM card_issue i
                  WHERE (i.uid_hmac = NEW.uid_hmac OR i.pupil_id = NEW.pupil_id
                         OR i.staff_id = NEW.staff_id)
                  AND NOT EXISTS (SELECT 1 FROM card_step s WHERE s.issue_id = i.id
                                  AND s.step IN ('done', 'lost', 'abandoned')));
  SELECT RAISE(ABORT, 'mensa:issue_number')
    WHERE NEW.issue_no <> 1 + coalesce((
            SELECT max(issue_no) FROM card
            WHERE pupil_id = NEW.pupil_id OR staff_id = NEW.staff_id), 0)
    OR NEW.replaces IS NOT (
            SELECT id FROM card WHERE pupil_id = NEW.pupil_id OR staff_id = NEW.staff_id
            ORDER BY issue_no DESC LIMIT 1);
END;

-- After its end an issue has no more steps, and it is done only where its card has its secret.
CREATE TRIGGER card_step_fits BEFORE INSERT ON card_step BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only')
    WHERE EXISTS (SELECT 1 FROM card_step WHERE id = NEW.id);
  SELECT RAISE(ABORT, 'mensa:issue_ended')
    WHERE EXISTS (SELECT 1 FROM card_step WHERE issue_id = NEW.issue_id
                  AND step IN ('done', 'lost', 'abandoned'));
  SELECT RAISE(ABORT, 'mensa:no_secret')
    WHERE (NEW.step = 'done') <> EXISTS (
      SELECT 1 FROM card_secret WHERE issue_id = NEW.issue_id);
END;

-- A card's secret is that of the open issue it was made in.
CREATE TRIGGER card_secret_fits BEFORE INSERT ON card_secret BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only')
    WHERE EXISTS (SELECT 1 FROM card_secret WHERE id = NEW.id OR card_id = NEW.card_id
                  OR issue_id = NEW.issue_id);
  SELECT RAISE(ABORT, 'mensa:issue_ended')
    WHERE EXISTS (SELECT 1 FROM card_step WHERE issue_id = NEW.issue_id
                  AND step IN ('done', 'lost', 'abandoned'));
  SELECT RAISE(ABORT, 'mensa:secret_differs')
    WHERE NOT EXISTS (
      SELECT 1 FROM card_issue i JOIN card c ON c.id = NEW.card_id AND c.uid_hmac = i.uid_hmac
        AND c.issue_no = i.issue_no AND c.pupil_id IS i.pupil_id AND c.staff_id IS i.staff_id
        AND c.state = 'active'
      WHERE i.id = NEW.issue_id AND i.medium = NEW.medium AND i.generation = NEW.generation
        AND i.escrow = NEW.escrow);
END;

CREATE TRIGGER card_alert_fits BEFORE INSERT ON card_alert BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only')
    WHERE EXISTS (SELECT 1 FROM card_alert WHERE id = NEW.id
                  OR (origin_id = NEW.origin_id AND epoch = NEW.epoch AND seq = NEW.seq));
  SELECT RAISE(ABORT, 'mensa:not_a_kiosk')
    WHERE NOT EXISTS (SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind = 'kiosk');
END;

CREATE TRIGGER card_alert_seen_fits BEFORE INSERT ON card_alert_seen BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only')
    WHERE EXISTS (SELECT 1 FROM card_alert_seen WHERE id = NEW.id OR alert_id = NEW.alert_id
                  OR fact_id = NEW.fact_id);
END;

CREATE TRIGGER card_key_history_insert AFTER INSERT ON card_key BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'card_key', printf('%s,%s', NEW.card_id, NEW.school_id),
      printf('%s,%s,%s,%s,%s', NEW.card_id, NEW.school_id, lower(hex(NEW.key_id)),
      lower(hex(NEW.sealed)), NEW.at_us);
END;

CREATE TRIGGER card_key_history_update AFTER UPDATE ON card_key BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'card_key', printf('%s,%s', OLD.card_id, OLD.school_id),
      NULL
    WHERE OLD.card_id IS NOT NEW.card_id OR OLD.school_id IS NOT NEW.school_id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'card_key', printf('%s,%s', NEW.card_id, NEW.school_id),
      printf('%s,%s,%s,%s,%s', NEW.card_id, NEW.school_id, lower(hex(NEW.key_id)),
      lower(hex(NEW.sealed)), NEW.at_us);
END;

CREATE TRIGGER card_key_history_delete AFTER DELETE ON card_key BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'card_key', printf('%s,%s', OLD.card_id, OLD.school_id),
      NULL;
END;

-- The school's image says its new column where that is not empty.
DROP TRIGGER school_history_insert;

DROP TRIGGER school_history_update;

CREATE TRIGGER school_history_insert AFTER INSERT ON school BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'school', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.number AS BLOB)) || ':'
      || NEW.number, '~') || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':' || NEW.name,
      '~') || ',' || printf('%s,%s,%s', NEW.floor_cents, NEW.pupil_day_cap_cents,
      NEW.kiosk_day_cap_cents) || ',' || coalesce(length(CAST(NEW.accepts AS BLOB)) || ':'
      || NEW.accepts, '~') || ',' || printf('%s', NEW.shows_first_name) || ','
      || coalesce(length(CAST(NEW.language AS BLOB)) || ':' || NEW.language, '~')
      || CASE WHEN NEW.uid_day_limit_cents IS NULL THEN '' ELSE ',uid_day_limit_cents='
      || NEW.uid_day_limit_cents END;
END;

CREATE TRIGGER school_history_update AFTER UPDATE ON school BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'school', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'school', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.number AS BLOB)) || ':'
      || NEW.number, '~') || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':' || NEW.name,
      '~') || ',' || printf('%s,%s,%s', NEW.floor_cents, NEW.pupil_day_cap_cents,
      NEW.kiosk_day_cap_cents) || ',' || coalesce(length(CAST(NEW.accepts AS BLOB)) || ':'
      || NEW.accepts, '~') || ',' || printf('%s', NEW.shows_first_name) || ','
      || coalesce(length(CAST(NEW.language AS BLOB)) || ':' || NEW.language, '~')
      || CASE WHEN NEW.uid_day_limit_cents IS NULL THEN '' ELSE ',uid_day_limit_cents='
      || NEW.uid_day_limit_cents END;
END;

DROP TRIGGER permission_no_insert;

INSERT INTO permission (act, role, may) VALUES
  ('card.issue', 'school_office', 'do'),
  ('card.keys', 'administrator', 'do'),
  ('card.alerts', 'school_office', 'do'),
  ('card.alerts', 'auditor', 'do'),
  ('card.alerts', 'administrator', 'do'),
  ('card.seen', 'school_office', 'do'),
  ('card.seen', 'administrator', 'do');

CREATE TRIGGER permission_no_insert BEFORE INSERT ON permission
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;
