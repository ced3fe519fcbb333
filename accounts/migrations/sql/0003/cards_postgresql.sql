-- Cards that prove a key: tables, guards, rights, and images of what may change.

CREATE TABLE card_alert (
    id BIGSERIAL NOT NULL,
    origin_id BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    heard_us BIGINT NOT NULL,
    kind TEXT NOT NULL,
    card_id BIGINT,
    CONSTRAINT pk_card_alert PRIMARY KEY (id),
    CONSTRAINT ck_card_alert_seq CHECK (seq >= 1),
    CONSTRAINT ck_card_alert_kind CHECK (length(kind) BETWEEN 1 AND 40),
    CONSTRAINT uq_card_alert_origin_id_epoch_seq UNIQUE (origin_id, epoch, seq),
    CONSTRAINT fk_card_alert_origin_id FOREIGN KEY(origin_id) REFERENCES origin (id),
    CONSTRAINT fk_card_alert_card_id FOREIGN KEY(card_id) REFERENCES card (id)
);

CREATE INDEX ix_card_alert_heard_us ON card_alert (heard_us);

CREATE INDEX ix_card_alert_origin_id_heard_us ON card_alert (origin_id, heard_us);

CREATE TABLE card_issue (
    id BIGSERIAL NOT NULL,
    uid_hmac BYTEA NOT NULL,
    pupil_id BIGINT,
    staff_id BIGINT,
    replaces BIGINT,
    reason TEXT,
    medium TEXT NOT NULL,
    generation BIGINT NOT NULL,
    issue_no BIGINT NOT NULL,
    escrow BYTEA NOT NULL,
    actor TEXT NOT NULL,
    at_us BIGINT NOT NULL,
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
);

CREATE INDEX ix_card_issue_pupil_id ON card_issue (pupil_id);

CREATE INDEX ix_card_issue_staff_id ON card_issue (staff_id);

CREATE INDEX ix_card_issue_uid_hmac ON card_issue (uid_hmac);

CREATE TABLE card_alert_seen (
    id BIGSERIAL NOT NULL,
    alert_id BIGINT,
    fact_id BIGINT,
    at_us BIGINT NOT NULL,
    actor TEXT NOT NULL,
    note TEXT NOT NULL,
    CONSTRAINT pk_card_alert_seen PRIMARY KEY (id),
    CONSTRAINT ck_card_alert_seen_one_matter CHECK ((alert_id IS NULL) <> (fact_id IS NULL)),
    CONSTRAINT ck_card_alert_seen_note CHECK (length(note) BETWEEN 1 AND 500),
    CONSTRAINT uq_card_alert_seen_alert_id UNIQUE (alert_id),
    CONSTRAINT fk_card_alert_seen_alert_id FOREIGN KEY(alert_id) REFERENCES card_alert (id),
    CONSTRAINT uq_card_alert_seen_fact_id UNIQUE (fact_id),
    CONSTRAINT fk_card_alert_seen_fact_id FOREIGN KEY(fact_id) REFERENCES fact (id)
);

CREATE TABLE card_secret (
    id BIGSERIAL NOT NULL,
    card_id BIGINT NOT NULL,
    issue_id BIGINT NOT NULL,
    medium TEXT NOT NULL,
    generation BIGINT NOT NULL,
    escrow BYTEA NOT NULL,
    CONSTRAINT pk_card_secret PRIMARY KEY (id),
    CONSTRAINT uq_card_secret_card_id UNIQUE (card_id),
    CONSTRAINT fk_card_secret_card_id FOREIGN KEY(card_id) REFERENCES card (id),
    CONSTRAINT uq_card_secret_issue_id UNIQUE (issue_id),
    CONSTRAINT fk_card_secret_issue_id FOREIGN KEY(issue_id) REFERENCES card_issue (id)
);

CREATE TABLE card_step (
    id BIGSERIAL NOT NULL,
    issue_id BIGINT NOT NULL,
    step TEXT NOT NULL,
    reason TEXT,
    actor TEXT,
    at_us BIGINT NOT NULL,
    CONSTRAINT pk_card_step PRIMARY KEY (id),
    CONSTRAINT ck_card_step_step CHECK (length(step) BETWEEN 1 AND 40),
    CONSTRAINT ck_card_step_end_says_why CHECK ((step IN ('lost', 'abandoned')) = (reason IS NOT NULL)),
    CONSTRAINT fk_card_step_issue_id FOREIGN KEY(issue_id) REFERENCES card_issue (id)
);

CREATE INDEX ix_card_step_issue_id ON card_step (issue_id);

CREATE UNIQUE INDEX uq_card_step_end ON card_step (issue_id) WHERE step IN ('done', 'lost', 'abandoned');

CREATE TABLE card_key (
    card_id BIGINT NOT NULL,
    school_id BIGINT NOT NULL,
    key_id BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    at_us BIGINT NOT NULL,
    CONSTRAINT pk_card_key PRIMARY KEY (card_id, school_id),
    CONSTRAINT ck_card_key_sealed CHECK (length(key_id) >= 1 AND length(sealed) >= 1),
    CONSTRAINT fk_card_key_card_id FOREIGN KEY(card_id) REFERENCES card_secret (card_id),
    CONSTRAINT fk_card_key_school_id FOREIGN KEY(school_id) REFERENCES school (id)
);

CREATE INDEX ix_card_key_school_id ON card_key (school_id);

ALTER TABLE school ADD COLUMN uid_day_limit_cents BIGINT
    CONSTRAINT ck_school_uid_day_limit CHECK (uid_day_limit_cents >= 0);

CREATE TRIGGER card_issue_no_change BEFORE UPDATE OR DELETE ON card_issue
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER card_issue_no_truncate BEFORE TRUNCATE ON card_issue
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER card_step_no_change BEFORE UPDATE OR DELETE ON card_step
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER card_step_no_truncate BEFORE TRUNCATE ON card_step
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER card_secret_no_change BEFORE UPDATE OR DELETE ON card_secret
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER card_secret_no_truncate BEFORE TRUNCATE ON card_secret
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER card_alert_no_change BEFORE UPDATE OR DELETE ON card_alert
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER card_alert_no_truncate BEFORE TRUNCATE ON card_alert
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER card_alert_seen_no_change BEFORE UPDATE OR DELETE ON card_alert_seen
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER card_alert_seen_no_truncate BEFORE TRUNCATE ON card_alert_seen
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- One open issue for a card and for a holder; a number follows the holder's newest card. Who
-- issues waits for whoever issues, so that of two at once the second sees the first.
CREATE FUNCTION card_issue_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4210004);
  IF EXISTS (SELECT 1 FROM card WHERE uid_hmac = NEW.uid_hmac)
  THEN RAISE EXCEPTION 'mensa:known_card'; END IF;
  IF EXISTS (SELECT 1 FROM card_issue i
             WHERE (i.uid_hmac = NEW.uid_hmac OR i.pupil_id = NEW.pupil_id
                    OR i.staff_id = NEW.staff_id)
             AND NOT EXISTS (SELECT 1 FROM card_step s WHERE s.issue_id = i.id
                             AND s.step IN ('done', 'lost', 'abandoned')))
  THEN RAISE EXCEPTION 'mensa:issue_open'; END IF;
  IF NEW.issue_no <> 1 + coalesce((
       SELECT max(issue_no) FROM card
       WHERE pupil_id = NEW.pupil_id OR staff_id = NEW.staff_id), 0)
     OR NEW.replaces IS DISTINCT FROM (
       SELECT id FROM card WHERE pupil_id = NEW.pupil_id OR staff_id = NEW.staff_id
       ORDER BY issue_no DESC LIMIT 1)
  THEN RAISE EXCEPTION 'mensa:issue_number'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER card_issue_fits BEFORE INSERT ON card_issue
  FOR EACH ROW EXECUTE FUNCTION card_issue_fits();

-- After its end an issue has no more steps, and it is done only where its card has its secret.
CREATE FUNCTION card_step_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4210004);
  IF EXISTS (SELECT 1 FROM card_step WHERE issue_id = NEW.issue_id
             AND step IN ('done', 'lost', 'abandoned'))
  THEN RAISE EXCEPTION 'mensa:issue_ended'; END IF;
  IF (NEW.step = 'done') <> EXISTS (
       SELECT 1 FROM card_secret WHERE issue_id = NEW.issue_id)
  THEN RAISE EXCEPTION 'mensa:no_secret'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER card_step_fits BEFORE INSERT ON card_step
  FOR EACH ROW EXECUTE FUNCTION card_step_fits();

-- A card's secret is that of the open issue it was made in.
CREATE FUNCTION card_secret_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4210004);
  IF EXISTS (SELECT 1 FROM card_step WHERE issue_id = NEW.issue_id
             AND step IN ('done', 'lost', 'abandoned'))
  THEN RAISE EXCEPTION 'mensa:issue_ended'; END IF;
  IF NOT EXISTS (
    SELECT 1 FROM card_issue i JOIN card c ON c.id = NEW.card_id AND c.uid_hmac = i.uid_hmac
      AND c.issue_no = i.issue_no AND c.pupil_id IS NOT DISTINCT FROM i.pupil_id
      AND c.staff_id IS NOT DISTINCT FROM i.staff_id AND c.state = 'active'
    WHERE i.id = NEW.issue_id AND i.medium = NEW.medium AND i.generation = NEW.generation
      AND i.escrow = NEW.escrow)
  THEN RAISE EXCEPTION 'mensa:secret_differs'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER card_secret_fits BEFORE INSERT ON card_secret
  FOR EACH ROW EXECUTE FUNCTION card_secret_fits();

CREATE FUNCTION card_alert_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind = 'kiosk')
  THEN RAISE EXCEPTION 'mensa:not_a_kiosk'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER card_alert_fits BEFORE INSERT ON card_alert
  FOR EACH ROW EXECUTE FUNCTION card_alert_fits();

CREATE FUNCTION card_key_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.card_id <> NEW.card_id OR OLD.school_id <> NEW.school_id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'card_key', concat(OLD.card_id, ',', OLD.school_id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'card_key', concat(NEW.card_id, ',', NEW.school_id),
        concat(NEW.card_id, ',', NEW.school_id, ',', encode(NEW.key_id, 'hex'), ',',
        encode(NEW.sealed, 'hex'), ',', NEW.at_us));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER card_key_history AFTER INSERT OR UPDATE OR DELETE ON card_key
  FOR EACH ROW EXECUTE FUNCTION card_key_history();
CREATE TRIGGER card_key_history_whole BEFORE TRUNCATE ON card_key
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- The school's image says its new column where that is not empty.
CREATE OR REPLACE FUNCTION school_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'school', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'school', concat(NEW.id),
        concat(NEW.id, ',', coalesce(octet_length(NEW.number) || ':' || NEW.number, '~'), ',',
        coalesce(octet_length(NEW.name) || ':' || NEW.name, '~'), ',', NEW.floor_cents, ',',
        NEW.pupil_day_cap_cents, ',', NEW.kiosk_day_cap_cents, ',',
        coalesce(octet_length(NEW.accepts) || ':' || NEW.accepts, '~'), ',',
        NEW.shows_first_name, ',', coalesce(octet_length(NEW.language) || ':' || NEW.language,
        '~'), CASE WHEN NEW.uid_day_limit_cents IS NULL THEN '' ELSE ',uid_day_limit_cents='
        || NEW.uid_day_limit_cents END));
  END IF;
  RETURN NULL;
END $$;

ALTER TABLE permission DISABLE TRIGGER permission_no_change;

INSERT INTO permission (act, role, may) VALUES
  ('card.issue', 'school_office', 'do'),
  ('card.keys', 'administrator', 'do'),
  ('card.alerts', 'school_office', 'do'),
  ('card.alerts', 'auditor', 'do'),
  ('card.alerts', 'administrator', 'do'),
  ('card.seen', 'school_office', 'do'),
  ('card.seen', 'administrator', 'do');

ALTER TABLE permission ENABLE TRIGGER permission_no_change;
