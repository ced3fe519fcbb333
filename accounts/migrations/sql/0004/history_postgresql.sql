-- What is written stays; what is sealed may be erased and never changed; of what may change every
-- change leaves an image.

CREATE TRIGGER reference_no_change BEFORE UPDATE OR DELETE ON reference
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER reference_no_truncate BEFORE TRUNCATE ON reference
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER bank_file_no_change BEFORE UPDATE OR DELETE ON bank_file
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER bank_file_no_truncate BEFORE TRUNCATE ON bank_file
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER bank_reading_no_change BEFORE UPDATE OR DELETE ON bank_reading
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER bank_reading_no_truncate BEFORE TRUNCATE ON bank_reading
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER bank_day_no_change BEFORE UPDATE OR DELETE ON bank_day
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER bank_day_no_truncate BEFORE TRUNCATE ON bank_day
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER bank_line_no_change BEFORE UPDATE OR DELETE ON bank_line
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER bank_line_no_truncate BEFORE TRUNCATE ON bank_line
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER line_mark_no_change BEFORE UPDATE OR DELETE ON line_mark
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER line_mark_no_truncate BEFORE TRUNCATE ON line_mark
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER refund_no_change BEFORE UPDATE OR DELETE ON refund
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER refund_no_truncate BEFORE TRUNCATE ON refund
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER payment_run_no_change BEFORE UPDATE OR DELETE ON payment_run
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER payment_run_no_truncate BEFORE TRUNCATE ON payment_run
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER refund_attempt_no_change BEFORE UPDATE OR DELETE ON refund_attempt
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER refund_attempt_no_truncate BEFORE TRUNCATE ON refund_attempt
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER allocation_no_change BEFORE UPDATE OR DELETE ON allocation
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER allocation_no_truncate BEFORE TRUNCATE ON allocation
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER go_live_no_change BEFORE UPDATE OR DELETE ON go_live
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER go_live_no_truncate BEFORE TRUNCATE ON go_live
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER bank_fetch_no_change BEFORE UPDATE OR DELETE ON bank_fetch
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER bank_fetch_no_truncate BEFORE TRUNCATE ON bank_fetch
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER bank_raw_no_change BEFORE UPDATE ON bank_raw
  FOR EACH ROW EXECUTE FUNCTION append_only();

CREATE TRIGGER bank_line_text_no_change BEFORE UPDATE ON bank_line_text
  FOR EACH ROW EXECUTE FUNCTION append_only();

CREATE TRIGGER refund_payee_no_change BEFORE UPDATE ON refund_payee
  FOR EACH ROW EXECUTE FUNCTION append_only();

CREATE TRIGGER payment_run_raw_no_change BEFORE UPDATE ON payment_run_raw
  FOR EACH ROW EXECUTE FUNCTION append_only();

-- An account of the bank and a household are ended once and stay.
CREATE FUNCTION bank_account_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id <> OLD.id OR NEW.account_id <> OLD.account_id OR NEW.origin_id <> OLD.origin_id
     OR NEW.iban <> OLD.iban OR NEW.holder <> OLD.holder OR NEW.since_us <> OLD.since_us
     OR (OLD.until_us IS NOT NULL AND NEW.until_us IS DISTINCT FROM OLD.until_us)
  THEN RAISE EXCEPTION 'mensa:append_only'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER bank_account_stays BEFORE UPDATE ON bank_account
  FOR EACH ROW EXECUTE FUNCTION bank_account_stays();
CREATE TRIGGER bank_account_no_delete BEFORE DELETE ON bank_account
  FOR EACH ROW EXECUTE FUNCTION append_only();

CREATE FUNCTION household_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id <> OLD.id OR NEW.since_us <> OLD.since_us
     OR (OLD.until_us IS NOT NULL AND NEW.until_us IS DISTINCT FROM OLD.until_us)
  THEN RAISE EXCEPTION 'mensa:append_only'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER household_stays BEFORE UPDATE ON household
  FOR EACH ROW EXECUTE FUNCTION household_stays();
CREATE TRIGGER household_no_delete BEFORE DELETE ON household
  FOR EACH ROW EXECUTE FUNCTION append_only();

CREATE FUNCTION bank_account_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'bank_account', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'bank_account', concat(NEW.id),
        concat(NEW.id, ',', NEW.account_id, ',', NEW.origin_id, ',',
        coalesce(octet_length(NEW.iban) || ':' || NEW.iban, '~'), ',',
        coalesce(octet_length(NEW.holder) || ':' || NEW.holder, '~'), ',', NEW.since_us, ',',
        coalesce((NEW.until_us)::text, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER bank_account_history AFTER INSERT OR UPDATE OR DELETE ON bank_account
  FOR EACH ROW EXECUTE FUNCTION bank_account_history();
CREATE TRIGGER bank_account_history_whole BEFORE TRUNCATE ON bank_account
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION household_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'household', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'household', concat(NEW.id),
        concat(NEW.id, ',', NEW.since_us, ',', coalesce((NEW.until_us)::text, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER household_history AFTER INSERT OR UPDATE OR DELETE ON household
  FOR EACH ROW EXECUTE FUNCTION household_history();
CREATE TRIGGER household_history_whole BEFORE TRUNCATE ON household
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION household_member_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.household_id <> NEW.household_id OR OLD.pupil_id <> NEW.pupil_id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'household_member', concat(OLD.household_id, ',', OLD.pupil_id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'household_member', concat(NEW.household_id, ',', NEW.pupil_id),
        concat(NEW.household_id, ',', NEW.pupil_id, ',', NEW.share));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER household_member_history AFTER INSERT OR UPDATE OR DELETE ON household_member
  FOR EACH ROW EXECUTE FUNCTION household_member_history();
CREATE TRIGGER household_member_history_whole BEFORE TRUNCATE ON household_member
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
        '~'), CASE WHEN NEW.uid_day_limit_cents IS NULL THEN '' ELSE ',uid_day_limit_cents=' ||
        NEW.uid_day_limit_cents END, CASE WHEN NEW.remember_iban = 0 THEN '' ELSE
        ',remember_iban=' || NEW.remember_iban END));
  END IF;
  RETURN NULL;
END $$;
