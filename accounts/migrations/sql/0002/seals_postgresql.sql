-- Seals, and the history of master data. The rows' form is that of accounts/rows.py.

CREATE TRIGGER history_no_change BEFORE UPDATE OR DELETE ON history
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER history_no_truncate BEFORE TRUNCATE ON history
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER incarnation_no_change BEFORE UPDATE OR DELETE ON incarnation
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER incarnation_no_truncate BEFORE TRUNCATE ON incarnation
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER seal_no_change BEFORE UPDATE OR DELETE ON seal
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER seal_no_truncate BEFORE TRUNCATE ON seal
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER stretch_no_change BEFORE UPDATE OR DELETE ON stretch
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER stretch_no_truncate BEFORE TRUNCATE ON stretch
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- A seal follows the one before it, and its stretches begin where that one's ended.
CREATE FUNCTION seal_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id IS DISTINCT FROM 1 + (SELECT coalesce(max(id), 0) FROM seal)
     OR EXISTS (SELECT 1 FROM seal WHERE id = NEW.id - 1 AND hash <> NEW.before)
  THEN RAISE EXCEPTION 'mensa:seal_gap'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER seal_follows BEFORE INSERT ON seal FOR EACH ROW EXECUTE FUNCTION seal_follows();

CREATE FUNCTION stretch_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.seal_id IS DISTINCT FROM (SELECT max(id) FROM seal)
     OR NEW.after_id <> coalesce((SELECT last_id FROM stretch
                                  WHERE seal_id = NEW.seal_id - 1 AND name = NEW.name), 0)
  THEN RAISE EXCEPTION 'mensa:seal_gap'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER stretch_follows BEFORE INSERT ON stretch
  FOR EACH ROW EXECUTE FUNCTION stretch_follows();

-- An image of every change of what may change, with its actor and the database's clock.
-- identity and school_number have none: they must be erasable for good. Whoever may change a
-- row writes its image by its owner's right and cannot write another.

CREATE FUNCTION school_history() RETURNS trigger LANGUAGE plpgsql
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
        '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER school_history AFTER INSERT OR UPDATE OR DELETE ON school
  FOR EACH ROW EXECUTE FUNCTION school_history();
CREATE TRIGGER school_history_whole BEFORE TRUNCATE ON school
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION closed_day_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.school_id <> NEW.school_id OR OLD.day <> NEW.day) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'closed_day', concat(OLD.school_id, ',', replace(to_char(OLD.day, 'YYYY-MM-DD AD'), ' AD', '')),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'closed_day', concat(NEW.school_id, ',', replace(to_char(NEW.day, 'YYYY-MM-DD AD'), ' AD', '')),
        concat(NEW.school_id, ',', replace(to_char(NEW.day, 'YYYY-MM-DD AD'), ' AD', ''), ',',
        coalesce(octet_length(NEW.why) || ':' || NEW.why, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER closed_day_history AFTER INSERT OR UPDATE OR DELETE ON closed_day
  FOR EACH ROW EXECUTE FUNCTION closed_day_history();
CREATE TRIGGER closed_day_history_whole BEFORE TRUNCATE ON closed_day
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION pupil_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'pupil', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'pupil', concat(NEW.id),
        concat(NEW.id, ',', coalesce(octet_length(NEW.kind) || ':' || NEW.kind, '~'), ',',
        coalesce((NEW.day_limit_cents)::text, '~'), ',',
        coalesce(octet_length(NEW.blocked_classes) || ':' || NEW.blocked_classes, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER pupil_history AFTER INSERT OR UPDATE OR DELETE ON pupil
  FOR EACH ROW EXECUTE FUNCTION pupil_history();
CREATE TRIGGER pupil_history_whole BEFORE TRUNCATE ON pupil
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION membership_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'membership', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'membership', concat(NEW.id),
        concat(NEW.id, ',', NEW.pupil_id, ',', NEW.school_id, ',',
        coalesce(octet_length(NEW.class_name) || ':' || NEW.class_name, '~'), ',',
        replace(to_char(NEW.valid_from, 'YYYY-MM-DD AD'), ' AD', ''), ',',
        coalesce((replace(to_char(NEW.valid_to, 'YYYY-MM-DD AD'), ' AD', ''))::text, '~'), ',',
        coalesce((replace(to_char(NEW.missing_since, 'YYYY-MM-DD AD'), ' AD', ''))::text, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER membership_history AFTER INSERT OR UPDATE OR DELETE ON membership
  FOR EACH ROW EXECUTE FUNCTION membership_history();
CREATE TRIGGER membership_history_whole BEFORE TRUNCATE ON membership
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION card_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'card', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'card', concat(NEW.id),
        concat(NEW.id, ',', encode(NEW.uid_hmac, 'hex'), ',', coalesce((NEW.pupil_id)::text,
        '~'), ',', coalesce((NEW.staff_id)::text, '~'), ',', NEW.issue_no, ',',
        coalesce(octet_length(NEW.printed_no) || ':' || NEW.printed_no, '~'), ',',
        coalesce(octet_length(NEW.state) || ':' || NEW.state, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER card_history AFTER INSERT OR UPDATE OR DELETE ON card
  FOR EACH ROW EXECUTE FUNCTION card_history();
CREATE TRIGGER card_history_whole BEFORE TRUNCATE ON card
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION staff_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'staff', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'staff', concat(NEW.id),
        concat(NEW.id, ',', NEW.school_id, ',', coalesce(octet_length(NEW.label) || ':'
        || NEW.label, '~'), ',', coalesce((encode(sha256(convert_to(NEW.pin_hash, 'UTF8')),
        'hex'))::text, '~'), ',', NEW.active));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER staff_history AFTER INSERT OR UPDATE OR DELETE ON staff
  FOR EACH ROW EXECUTE FUNCTION staff_history();
CREATE TRIGGER staff_history_whole BEFORE TRUNCATE ON staff
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION operator_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'operator', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'operator', concat(NEW.id),
        concat(NEW.id, ',', coalesce(octet_length(NEW.name) || ':' || NEW.name, '~'), ',',
        coalesce(octet_length(NEW.kind) || ':' || NEW.kind, '~'), ',',
        coalesce(octet_length(NEW.settled_as) || ':' || NEW.settled_as, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER operator_history AFTER INSERT OR UPDATE OR DELETE ON operator
  FOR EACH ROW EXECUTE FUNCTION operator_history();
CREATE TRIGGER operator_history_whole BEFORE TRUNCATE ON operator
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION funding_body_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'funding_body', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'funding_body', concat(NEW.id),
        concat(NEW.id, ',', coalesce(octet_length(NEW.name) || ':' || NEW.name, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER funding_body_history AFTER INSERT OR UPDATE OR DELETE ON funding_body
  FOR EACH ROW EXECUTE FUNCTION funding_body_history();
CREATE TRIGGER funding_body_history_whole BEFORE TRUNCATE ON funding_body
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION tariff_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'tariff', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'tariff', concat(NEW.id),
        concat(NEW.id, ',', coalesce(octet_length(NEW.code) || ':' || NEW.code, '~'), ',',
        coalesce(octet_length(NEW.name) || ':' || NEW.name, '~'), ',',
        coalesce(octet_length(NEW.person_kind) || ':' || NEW.person_kind, '~'), ',', NEW.base,
        ',', coalesce((NEW.funding_body_id)::text, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tariff_history AFTER INSERT OR UPDATE OR DELETE ON tariff
  FOR EACH ROW EXECUTE FUNCTION tariff_history();
CREATE TRIGGER tariff_history_whole BEFORE TRUNCATE ON tariff
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION entitlement_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'entitlement', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'entitlement', concat(NEW.id),
        concat(NEW.id, ',', NEW.pupil_id, ',', NEW.tariff_id, ',',
        replace(to_char(NEW.valid_from, 'YYYY-MM-DD AD'), ' AD', ''), ',',
        coalesce((replace(to_char(NEW.valid_to, 'YYYY-MM-DD AD'), ' AD', ''))::text, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER entitlement_history AFTER INSERT OR UPDATE OR DELETE ON entitlement
  FOR EACH ROW EXECUTE FUNCTION entitlement_history();
CREATE TRIGGER entitlement_history_whole BEFORE TRUNCATE ON entitlement
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION offer_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'offer', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'offer', concat(NEW.id),
        concat(NEW.id, ',', NEW.school_id, ',', replace(to_char(NEW.day, 'YYYY-MM-DD AD'),
        ' AD', ''), ',', coalesce(octet_length(NEW.code) || ':' || NEW.code, '~'), ',',
        coalesce(octet_length(NEW.title) || ':' || NEW.title, '~'), ',',
        coalesce(octet_length(NEW.item_class) || ':' || NEW.item_class, '~'), ',',
        NEW.operator_id, ',', coalesce(octet_length(NEW.service) || ':' || NEW.service, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER offer_history AFTER INSERT OR UPDATE OR DELETE ON offer
  FOR EACH ROW EXECUTE FUNCTION offer_history();
CREATE TRIGGER offer_history_whole BEFORE TRUNCATE ON offer
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION price_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.offer_id <> NEW.offer_id OR OLD.tariff_id <> NEW.tariff_id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'price', concat(OLD.offer_id, ',', OLD.tariff_id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'price', concat(NEW.offer_id, ',', NEW.tariff_id),
        concat(NEW.offer_id, ',', NEW.tariff_id, ',', NEW.price_cents, ',', NEW.share_cents));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER price_history AFTER INSERT OR UPDATE OR DELETE ON price
  FOR EACH ROW EXECUTE FUNCTION price_history();
CREATE TRIGGER price_history_whole BEFORE TRUNCATE ON price
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION tax_rule_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.operator_kind <> NEW.operator_kind OR OLD.person_kind <> NEW.person_kind
    OR OLD.item_class <> NEW.item_class OR OLD.service <> NEW.service
    OR OLD.valid_from <> NEW.valid_from) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'tax_rule', concat(coalesce(octet_length(OLD.operator_kind) || ':' || OLD.operator_kind, '~'), ',',
        coalesce(octet_length(OLD.person_kind) || ':' || OLD.person_kind, '~'), ',',
        coalesce(octet_length(OLD.item_class) || ':' || OLD.item_class, '~'), ',',
        coalesce(octet_length(OLD.service) || ':' || OLD.service, '~'), ',',
        replace(to_char(OLD.valid_from, 'YYYY-MM-DD AD'), ' AD', '')),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'tax_rule', concat(coalesce(octet_length(NEW.operator_kind) || ':' || NEW.operator_kind, '~'), ',',
        coalesce(octet_length(NEW.person_kind) || ':' || NEW.person_kind, '~'), ',',
        coalesce(octet_length(NEW.item_class) || ':' || NEW.item_class, '~'), ',',
        coalesce(octet_length(NEW.service) || ':' || NEW.service, '~'), ',',
        replace(to_char(NEW.valid_from, 'YYYY-MM-DD AD'), ' AD', '')),
        concat(coalesce(octet_length(NEW.operator_kind) || ':' || NEW.operator_kind, '~'), ',',
        coalesce(octet_length(NEW.person_kind) || ':' || NEW.person_kind, '~'), ',',
        coalesce(octet_length(NEW.item_class) || ':' || NEW.item_class, '~'), ',',
        coalesce(octet_length(NEW.service) || ':' || NEW.service, '~'), ',',
        replace(to_char(NEW.valid_from, 'YYYY-MM-DD AD'), ' AD', ''), ',', NEW.tax_key, ',',
        NEW.rate_permille, ',', coalesce(octet_length(NEW.exemption) || ':' || NEW.exemption,
        '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tax_rule_history AFTER INSERT OR UPDATE OR DELETE ON tax_rule
  FOR EACH ROW EXECUTE FUNCTION tax_rule_history();
CREATE TRIGGER tax_rule_history_whole BEFORE TRUNCATE ON tax_rule
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION origin_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'origin', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'origin', concat(NEW.id),
        concat(NEW.id, ',', coalesce(octet_length(NEW.kind) || ':' || NEW.kind, '~'), ',',
        coalesce(octet_length(NEW.name) || ':' || NEW.name, '~'), ',',
        coalesce((NEW.school_id)::text, '~'), ',', NEW.enrolled_us, ',',
        coalesce((NEW.revoked_us)::text, '~'), ',', coalesce(octet_length(NEW.login) || ':'
        || NEW.login, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER origin_history AFTER INSERT OR UPDATE OR DELETE ON origin
  FOR EACH ROW EXECUTE FUNCTION origin_history();
CREATE TRIGGER origin_history_whole BEFORE TRUNCATE ON origin
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION office_user_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'office_user', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'office_user', concat(NEW.id),
        concat(NEW.id, ',', coalesce(octet_length(NEW.name) || ':' || NEW.name, '~'), ',',
        encode(sha256(convert_to(NEW.password_hash, 'UTF8')), 'hex'), ',', NEW.since_us, ',',
        coalesce((NEW.until_us)::text, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER office_user_history AFTER INSERT OR UPDATE OR DELETE ON office_user
  FOR EACH ROW EXECUTE FUNCTION office_user_history();
CREATE TRIGGER office_user_history_whole BEFORE TRUNCATE ON office_user
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION office_role_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.id <> NEW.id) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'office_role', concat(OLD.id),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'office_role', concat(NEW.id),
        concat(NEW.id, ',', NEW.user_id, ',', coalesce(octet_length(NEW.role) || ':'
        || NEW.role, '~'), ',', coalesce((NEW.school_id)::text, '~'), ',', NEW.since_us, ',',
        coalesce((NEW.until_us)::text, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER office_role_history AFTER INSERT OR UPDATE OR DELETE ON office_role
  FOR EACH ROW EXECUTE FUNCTION office_role_history();
CREATE TRIGGER office_role_history_whole BEFORE TRUNCATE ON office_role
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION permission_history() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (
    OLD.act <> NEW.act OR OLD.role <> NEW.role) THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'permission', concat(coalesce(octet_length(OLD.act) || ':' || OLD.act, '~'), ',',
        coalesce(octet_length(OLD.role) || ':' || OLD.role, '~')),
        NULL);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO history (at_us, actor, name, key, image)
      VALUES ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'),
        'permission', concat(coalesce(octet_length(NEW.act) || ':' || NEW.act, '~'), ',',
        coalesce(octet_length(NEW.role) || ':' || NEW.role, '~')),
        concat(coalesce(octet_length(NEW.act) || ':' || NEW.act, '~'), ',',
        coalesce(octet_length(NEW.role) || ':' || NEW.role, '~'), ',',
        coalesce(octet_length(NEW.may) || ':' || NEW.may, '~')));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER permission_history AFTER INSERT OR UPDATE OR DELETE ON permission
  FOR EACH ROW EXECUTE FUNCTION permission_history();
CREATE TRIGGER permission_history_whole BEFORE TRUNCATE ON permission
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- What stood before there was a history.

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'school',
    concat(x.id),
    concat(x.id, ',', coalesce(octet_length(x.number) || ':' || x.number, '~'), ',',
    coalesce(octet_length(x.name) || ':' || x.name, '~'), ',', x.floor_cents, ',',
    x.pupil_day_cap_cents, ',', x.kiosk_day_cap_cents, ',', coalesce(octet_length(x.accepts)
    || ':' || x.accepts, '~'), ',', x.shows_first_name, ',', coalesce(octet_length(x.language)
    || ':' || x.language, '~'))
  FROM school x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'closed_day',
    concat(x.school_id, ',', replace(to_char(x.day, 'YYYY-MM-DD AD'), ' AD', '')),
    concat(x.school_id, ',', replace(to_char(x.day, 'YYYY-MM-DD AD'), ' AD', ''), ',',
    coalesce(octet_length(x.why) || ':' || x.why, '~'))
  FROM closed_day x ORDER BY x.school_id, x.day;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'pupil',
    concat(x.id),
    concat(x.id, ',', coalesce(octet_length(x.kind) || ':' || x.kind, '~'), ',',
    coalesce((x.day_limit_cents)::text, '~'), ',', coalesce(octet_length(x.blocked_classes)
    || ':' || x.blocked_classes, '~'))
  FROM pupil x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'membership',
    concat(x.id),
    concat(x.id, ',', x.pupil_id, ',', x.school_id, ',', coalesce(octet_length(x.class_name)
    || ':' || x.class_name, '~'), ',', replace(to_char(x.valid_from, 'YYYY-MM-DD AD'), ' AD',
    ''), ',', coalesce((replace(to_char(x.valid_to, 'YYYY-MM-DD AD'), ' AD', ''))::text, '~'),
    ',', coalesce((replace(to_char(x.missing_since, 'YYYY-MM-DD AD'), ' AD', ''))::text, '~'))
  FROM membership x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'card',
    concat(x.id),
    concat(x.id, ',', encode(x.uid_hmac, 'hex'), ',', coalesce((x.pupil_id)::text, '~'), ',',
    coalesce((x.staff_id)::text, '~'), ',', x.issue_no, ',', coalesce(octet_length(x.printed_no)
    || ':' || x.printed_no, '~'), ',', coalesce(octet_length(x.state) || ':' || x.state, '~'))
  FROM card x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'staff',
    concat(x.id),
    concat(x.id, ',', x.school_id, ',', coalesce(octet_length(x.label) || ':' || x.label, '~'),
    ',', coalesce((encode(sha256(convert_to(x.pin_hash, 'UTF8')), 'hex'))::text, '~'), ',',
    x.active)
  FROM staff x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'operator',
    concat(x.id),
    concat(x.id, ',', coalesce(octet_length(x.name) || ':' || x.name, '~'), ',',
    coalesce(octet_length(x.kind) || ':' || x.kind, '~'), ',',
    coalesce(octet_length(x.settled_as) || ':' || x.settled_as, '~'))
  FROM operator x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'funding_body',
    concat(x.id),
    concat(x.id, ',', coalesce(octet_length(x.name) || ':' || x.name, '~'))
  FROM funding_body x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'tariff',
    concat(x.id),
    concat(x.id, ',', coalesce(octet_length(x.code) || ':' || x.code, '~'), ',',
    coalesce(octet_length(x.name) || ':' || x.name, '~'), ',',
    coalesce(octet_length(x.person_kind) || ':' || x.person_kind, '~'), ',', x.base, ',',
    coalesce((x.funding_body_id)::text, '~'))
  FROM tariff x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'entitlement',
    concat(x.id),
    concat(x.id, ',', x.pupil_id, ',', x.tariff_id, ',', replace(to_char(x.valid_from,
    'YYYY-MM-DD AD'), ' AD', ''), ',', coalesce((replace(to_char(x.valid_to, 'YYYY-MM-DD AD'),
    ' AD', ''))::text, '~'))
  FROM entitlement x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'offer',
    concat(x.id),
    concat(x.id, ',', x.school_id, ',', replace(to_char(x.day, 'YYYY-MM-DD AD'), ' AD', ''),
    ',', coalesce(octet_length(x.code) || ':' || x.code, '~'), ',',
    coalesce(octet_length(x.title) || ':' || x.title, '~'), ',',
    coalesce(octet_length(x.item_class) || ':' || x.item_class, '~'), ',', x.operator_id, ',',
    coalesce(octet_length(x.service) || ':' || x.service, '~'))
  FROM offer x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'price',
    concat(x.offer_id, ',', x.tariff_id),
    concat(x.offer_id, ',', x.tariff_id, ',', x.price_cents, ',', x.share_cents)
  FROM price x ORDER BY x.offer_id, x.tariff_id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'tax_rule',
    concat(coalesce(octet_length(x.operator_kind) || ':' || x.operator_kind, '~'), ',',
    coalesce(octet_length(x.person_kind) || ':' || x.person_kind, '~'), ',',
    coalesce(octet_length(x.item_class) || ':' || x.item_class, '~'), ',',
    coalesce(octet_length(x.service) || ':' || x.service, '~'), ',',
    replace(to_char(x.valid_from, 'YYYY-MM-DD AD'), ' AD', '')),
    concat(coalesce(octet_length(x.operator_kind) || ':' || x.operator_kind, '~'), ',',
    coalesce(octet_length(x.person_kind) || ':' || x.person_kind, '~'), ',',
    coalesce(octet_length(x.item_class) || ':' || x.item_class, '~'), ',',
    coalesce(octet_length(x.service) || ':' || x.service, '~'), ',',
    replace(to_char(x.valid_from, 'YYYY-MM-DD AD'), ' AD', ''), ',', x.tax_key, ',',
    x.rate_permille, ',', coalesce(octet_length(x.exemption) || ':' || x.exemption, '~'))
  FROM tax_rule x ORDER BY x.operator_kind, x.person_kind, x.item_class, x.service, x.valid_from;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'origin',
    concat(x.id),
    concat(x.id, ',', coalesce(octet_length(x.kind) || ':' || x.kind, '~'), ',',
    coalesce(octet_length(x.name) || ':' || x.name, '~'), ',', coalesce((x.school_id)::text,
    '~'), ',', x.enrolled_us, ',', coalesce((x.revoked_us)::text, '~'), ',',
    coalesce(octet_length(x.login) || ':' || x.login, '~'))
  FROM origin x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'office_user',
    concat(x.id),
    concat(x.id, ',', coalesce(octet_length(x.name) || ':' || x.name, '~'), ',',
    encode(sha256(convert_to(x.password_hash, 'UTF8')), 'hex'), ',', x.since_us, ',',
    coalesce((x.until_us)::text, '~'))
  FROM office_user x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'office_role',
    concat(x.id),
    concat(x.id, ',', x.user_id, ',', coalesce(octet_length(x.role) || ':' || x.role, '~'),
    ',', coalesce((x.school_id)::text, '~'), ',', x.since_us, ',', coalesce((x.until_us)::text,
    '~'))
  FROM office_role x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, key, image)
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    coalesce(nullif(current_setting('mensa.actor', true), ''), 'system'), 'permission',
    concat(coalesce(octet_length(x.act) || ':' || x.act, '~'), ',',
    coalesce(octet_length(x.role) || ':' || x.role, '~')),
    concat(coalesce(octet_length(x.act) || ':' || x.act, '~'), ',',
    coalesce(octet_length(x.role) || ':' || x.role, '~'), ',', coalesce(octet_length(x.may)
    || ':' || x.may, '~'))
  FROM permission x ORDER BY x.act, x.role;
