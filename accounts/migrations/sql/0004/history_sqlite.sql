-- What is written stays; what is sealed may be erased and never changed; of what may change every
-- change leaves an image.

CREATE TRIGGER reference_no_update BEFORE UPDATE ON reference
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER reference_no_delete BEFORE DELETE ON reference
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER reference_no_replace BEFORE INSERT ON reference WHEN EXISTS (
  SELECT 1 FROM reference WHERE id = NEW.id OR pupil_id = NEW.pupil_id OR code = NEW.code)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_file_no_update BEFORE UPDATE ON bank_file
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_file_no_delete BEFORE DELETE ON bank_file
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_file_no_replace BEFORE INSERT ON bank_file WHEN EXISTS (
  SELECT 1 FROM bank_file WHERE id = NEW.id OR fingerprint = NEW.fingerprint)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_reading_no_update BEFORE UPDATE ON bank_reading
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_reading_no_delete BEFORE DELETE ON bank_reading
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_reading_no_replace BEFORE INSERT ON bank_reading WHEN EXISTS (
  SELECT 1 FROM bank_reading WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_day_no_update BEFORE UPDATE ON bank_day
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_day_no_delete BEFORE DELETE ON bank_day
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_day_no_replace BEFORE INSERT ON bank_day WHEN EXISTS (
  SELECT 1 FROM bank_day WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_line_no_update BEFORE UPDATE ON bank_line
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_line_no_delete BEFORE DELETE ON bank_line
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER line_mark_no_update BEFORE UPDATE ON line_mark
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER line_mark_no_delete BEFORE DELETE ON line_mark
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER line_mark_no_replace BEFORE INSERT ON line_mark WHEN EXISTS (
  SELECT 1 FROM line_mark WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER refund_no_update BEFORE UPDATE ON refund
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER refund_no_delete BEFORE DELETE ON refund
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER refund_no_replace BEFORE INSERT ON refund WHEN EXISTS (
  SELECT 1 FROM refund WHERE id = NEW.id OR request_id = NEW.request_id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER payment_run_no_update BEFORE UPDATE ON payment_run
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER payment_run_no_delete BEFORE DELETE ON payment_run
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER payment_run_no_replace BEFORE INSERT ON payment_run WHEN EXISTS (
  SELECT 1 FROM payment_run WHERE id = NEW.id OR message_id = NEW.message_id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER refund_attempt_no_update BEFORE UPDATE ON refund_attempt
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER refund_attempt_no_delete BEFORE DELETE ON refund_attempt
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER refund_attempt_no_replace BEFORE INSERT ON refund_attempt WHEN EXISTS (
  SELECT 1 FROM refund_attempt WHERE id = NEW.id OR end_to_end = NEW.end_to_end)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER allocation_no_update BEFORE UPDATE ON allocation
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER allocation_no_delete BEFORE DELETE ON allocation
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER go_live_no_update BEFORE UPDATE ON go_live
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER go_live_no_delete BEFORE DELETE ON go_live
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER go_live_no_replace BEFORE INSERT ON go_live WHEN EXISTS (
  SELECT 1 FROM go_live WHERE id = NEW.id OR request_id = NEW.request_id OR at_us = NEW.at_us)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_fetch_no_update BEFORE UPDATE ON bank_fetch
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_fetch_no_delete BEFORE DELETE ON bank_fetch
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_fetch_no_replace BEFORE INSERT ON bank_fetch WHEN EXISTS (
  SELECT 1 FROM bank_fetch WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_raw_no_update BEFORE UPDATE ON bank_raw
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_raw_no_replace BEFORE INSERT ON bank_raw WHEN EXISTS (
  SELECT 1 FROM bank_raw WHERE file_id = NEW.file_id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_line_text_no_update BEFORE UPDATE ON bank_line_text
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_line_text_no_replace BEFORE INSERT ON bank_line_text WHEN EXISTS (
  SELECT 1 FROM bank_line_text WHERE line_id = NEW.line_id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER refund_payee_no_update BEFORE UPDATE ON refund_payee
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER refund_payee_no_replace BEFORE INSERT ON refund_payee WHEN EXISTS (
  SELECT 1 FROM refund_payee WHERE refund_id = NEW.refund_id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER payment_run_raw_no_update BEFORE UPDATE ON payment_run_raw
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

-- An account of the bank and a household are ended once and stay.
CREATE TRIGGER bank_account_stays BEFORE UPDATE ON bank_account
WHEN NEW.id <> OLD.id
  OR NEW.account_id <> OLD.account_id
  OR NEW.origin_id <> OLD.origin_id
  OR NEW.iban <> OLD.iban
  OR NEW.holder <> OLD.holder
  OR NEW.since_us <> OLD.since_us
  OR (OLD.until_us IS NOT NULL AND NEW.until_us IS NOT OLD.until_us)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_account_no_delete BEFORE DELETE ON bank_account
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER household_stays BEFORE UPDATE ON household
WHEN NEW.id <> OLD.id
  OR NEW.since_us <> OLD.since_us
  OR (OLD.until_us IS NOT NULL AND NEW.until_us IS NOT OLD.until_us)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER household_no_delete BEFORE DELETE ON household
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER household_no_replace BEFORE INSERT ON household WHEN EXISTS (
  SELECT 1 FROM household WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER bank_account_history_insert AFTER INSERT ON bank_account BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'bank_account', printf('%s', NEW.id),
      printf('%s,%s,%s', NEW.id, NEW.account_id, NEW.origin_id) || ',' ||
      coalesce(length(CAST(NEW.iban AS BLOB)) || ':' || NEW.iban, '~') || ',' ||
      coalesce(length(CAST(NEW.holder AS BLOB)) || ':' || NEW.holder, '~') || ',' ||
      printf('%s,%s', NEW.since_us, CASE WHEN NEW.until_us IS NULL THEN '~' ELSE NEW.until_us
      END);
END;

CREATE TRIGGER bank_account_history_update AFTER UPDATE ON bank_account BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'bank_account', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'bank_account', printf('%s', NEW.id),
      printf('%s,%s,%s', NEW.id, NEW.account_id, NEW.origin_id) || ',' ||
      coalesce(length(CAST(NEW.iban AS BLOB)) || ':' || NEW.iban, '~') || ',' ||
      coalesce(length(CAST(NEW.holder AS BLOB)) || ':' || NEW.holder, '~') || ',' ||
      printf('%s,%s', NEW.since_us, CASE WHEN NEW.until_us IS NULL THEN '~' ELSE NEW.until_us
      END);
END;

CREATE TRIGGER bank_account_history_delete AFTER DELETE ON bank_account BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'bank_account', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER household_history_insert AFTER INSERT ON household BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'household', printf('%s', NEW.id),
      printf('%s,%s,%s', NEW.id, NEW.since_us, CASE WHEN NEW.until_us IS NULL THEN '~' ELSE
      NEW.until_us END);
END;

CREATE TRIGGER household_history_update AFTER UPDATE ON household BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'household', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'household', printf('%s', NEW.id),
      printf('%s,%s,%s', NEW.id, NEW.since_us, CASE WHEN NEW.until_us IS NULL THEN '~' ELSE
      NEW.until_us END);
END;

CREATE TRIGGER household_history_delete AFTER DELETE ON household BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'household', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER household_member_history_insert AFTER INSERT ON household_member BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'household_member', printf('%s,%s', NEW.household_id, NEW.pupil_id),
      printf('%s,%s,%s', NEW.household_id, NEW.pupil_id, NEW.share);
END;

CREATE TRIGGER household_member_history_update AFTER UPDATE ON household_member BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'household_member', printf('%s,%s', OLD.household_id, OLD.pupil_id),
      NULL
    WHERE OLD.household_id IS NOT NEW.household_id OR OLD.pupil_id IS NOT NEW.pupil_id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'household_member', printf('%s,%s', NEW.household_id, NEW.pupil_id),
      printf('%s,%s,%s', NEW.household_id, NEW.pupil_id, NEW.share);
END;

CREATE TRIGGER household_member_history_delete AFTER DELETE ON household_member BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'household_member', printf('%s,%s', OLD.household_id, OLD.pupil_id),
      NULL;
END;

-- The school's image says its new column where that is not empty.
DROP TRIGGER school_history_insert;

DROP TRIGGER school_history_update;

CREATE TRIGGER school_history_insert AFTER INSERT ON school BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'school', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.number AS BLOB)) || ':' ||
      NEW.number, '~') || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':' || NEW.name,
      '~') || ',' || printf('%s,%s,%s', NEW.floor_cents, NEW.pupil_day_cap_cents,
      NEW.kiosk_day_cap_cents) || ',' || coalesce(length(CAST(NEW.accepts AS BLOB)) || ':' ||
      NEW.accepts, '~') || ',' || printf('%s', NEW.shows_first_name) || ',' ||
      coalesce(length(CAST(NEW.language AS BLOB)) || ':' || NEW.language, '~') || CASE WHEN
      NEW.uid_day_limit_cents IS NULL THEN '' ELSE ',uid_day_limit_cents=' ||
      NEW.uid_day_limit_cents END || CASE WHEN NEW.remember_iban = 0 THEN '' ELSE
      ',remember_iban=' || NEW.remember_iban END;
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
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.number AS BLOB)) || ':' ||
      NEW.number, '~') || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':' || NEW.name,
      '~') || ',' || printf('%s,%s,%s', NEW.floor_cents, NEW.pupil_day_cap_cents,
      NEW.kiosk_day_cap_cents) || ',' || coalesce(length(CAST(NEW.accepts AS BLOB)) || ':' ||
      NEW.accepts, '~') || ',' || printf('%s', NEW.shows_first_name) || ',' ||
      coalesce(length(CAST(NEW.language AS BLOB)) || ':' || NEW.language, '~') || CASE WHEN
      NEW.uid_day_limit_cents IS NULL THEN '' ELSE ',uid_day_limit_cents=' ||
      NEW.uid_day_limit_cents END || CASE WHEN NEW.remember_iban = 0 THEN '' ELSE
      ',remember_iban=' || NEW.remember_iban END;
END;
