-- Seals, and the history of master data. The rows' form is that of accounts/rows.py.

CREATE TRIGGER history_no_update BEFORE UPDATE ON history
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER history_no_delete BEFORE DELETE ON history
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER incarnation_no_update BEFORE UPDATE ON incarnation
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER incarnation_no_delete BEFORE DELETE ON incarnation
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER seal_no_update BEFORE UPDATE ON seal
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER seal_no_delete BEFORE DELETE ON seal
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER stretch_no_update BEFORE UPDATE ON stretch
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER stretch_no_delete BEFORE DELETE ON stretch
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

-- REPLACE would delete without a word to the triggers above.
CREATE TRIGGER history_no_replace BEFORE INSERT ON history WHEN EXISTS (
  SELECT 1 FROM history WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER incarnation_no_replace BEFORE INSERT ON incarnation WHEN EXISTS (
  SELECT 1 FROM incarnation WHERE id = NEW.id OR number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

-- A seal follows the one before it, and its stretches begin where that one's ended.
CREATE TRIGGER seal_follows BEFORE INSERT ON seal BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only')
    WHERE EXISTS (SELECT 1 FROM seal WHERE id = NEW.id OR hash = NEW.hash);
  SELECT RAISE(ABORT, 'mensa:seal_gap')
    WHERE NEW.id IS NOT 1 + (SELECT coalesce(max(id), 0) FROM seal)
    OR EXISTS (SELECT 1 FROM seal WHERE id = NEW.id - 1 AND hash <> NEW.before);
END;

CREATE TRIGGER stretch_follows BEFORE INSERT ON stretch BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only')
    WHERE EXISTS (SELECT 1 FROM stretch WHERE seal_id = NEW.seal_id AND name = NEW.name);
  SELECT RAISE(ABORT, 'mensa:seal_gap')
    WHERE NEW.seal_id IS NOT (SELECT max(id) FROM seal)
    OR NEW.after_id <> coalesce((SELECT last_id FROM stretch
                                 WHERE seal_id = NEW.seal_id - 1 AND name = NEW.name), 0);
END;

-- An image of every change of what may change, with its actor and the database's clock
-- (milliseconds here). identity and school_number have none: they must be erasable for good.

CREATE TRIGGER school_history_insert AFTER INSERT ON school BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'school', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.number AS BLOB)) || ':'
      || NEW.number, '~') || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':' || NEW.name,
      '~') || ',' || printf('%s,%s,%s', NEW.floor_cents, NEW.pupil_day_cap_cents,
      NEW.kiosk_day_cap_cents) || ',' || coalesce(length(CAST(NEW.accepts AS BLOB)) || ':'
      || NEW.accepts, '~') || ',' || printf('%s', NEW.shows_first_name) || ','
      || coalesce(length(CAST(NEW.language AS BLOB)) || ':' || NEW.language, '~');
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
      || coalesce(length(CAST(NEW.language AS BLOB)) || ':' || NEW.language, '~');
END;

CREATE TRIGGER school_history_delete AFTER DELETE ON school BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'school', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER closed_day_history_insert AFTER INSERT ON closed_day BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'closed_day', printf('%s,%s', NEW.school_id, NEW.day),
      printf('%s,%s', NEW.school_id, NEW.day) || ',' || coalesce(length(CAST(NEW.why AS BLOB))
      || ':' || NEW.why, '~');
END;

CREATE TRIGGER closed_day_history_update AFTER UPDATE ON closed_day BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'closed_day', printf('%s,%s', OLD.school_id, OLD.day),
      NULL
    WHERE OLD.school_id IS NOT NEW.school_id OR OLD.day IS NOT NEW.day;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'closed_day', printf('%s,%s', NEW.school_id, NEW.day),
      printf('%s,%s', NEW.school_id, NEW.day) || ',' || coalesce(length(CAST(NEW.why AS BLOB))
      || ':' || NEW.why, '~');
END;

CREATE TRIGGER closed_day_history_delete AFTER DELETE ON closed_day BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'closed_day', printf('%s,%s', OLD.school_id, OLD.day),
      NULL;
END;

CREATE TRIGGER pupil_history_insert AFTER INSERT ON pupil BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'pupil', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.kind AS BLOB)) || ':'
      || NEW.kind, '~') || ',' || printf('%s',
      CASE WHEN NEW.day_limit_cents IS NULL THEN '~' ELSE NEW.day_limit_cents END) || ','
      || coalesce(length(CAST(NEW.blocked_classes AS BLOB)) || ':' || NEW.blocked_classes, '~');
END;

CREATE TRIGGER pupil_history_update AFTER UPDATE ON pupil BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'pupil', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'pupil', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.kind AS BLOB)) || ':'
      || NEW.kind, '~') || ',' || printf('%s',
      CASE WHEN NEW.day_limit_cents IS NULL THEN '~' ELSE NEW.day_limit_cents END) || ','
      || coalesce(length(CAST(NEW.blocked_classes AS BLOB)) || ':' || NEW.blocked_classes, '~');
END;

CREATE TRIGGER pupil_history_delete AFTER DELETE ON pupil BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'pupil', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER membership_history_insert AFTER INSERT ON membership BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'membership', printf('%s', NEW.id),
      printf('%s,%s,%s', NEW.id, NEW.pupil_id, NEW.school_id) || ','
      || coalesce(length(CAST(NEW.class_name AS BLOB)) || ':' || NEW.class_name, '~') || ','
      || printf('%s,%s,%s', NEW.valid_from,
      CASE WHEN NEW.valid_to IS NULL THEN '~' ELSE NEW.valid_to END,
      CASE WHEN NEW.missing_since IS NULL THEN '~' ELSE NEW.missing_since END);
END;

CREATE TRIGGER membership_history_update AFTER UPDATE ON membership BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'membership', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'membership', printf('%s', NEW.id),
      printf('%s,%s,%s', NEW.id, NEW.pupil_id, NEW.school_id) || ','
      || coalesce(length(CAST(NEW.class_name AS BLOB)) || ':' || NEW.class_name, '~') || ','
      || printf('%s,%s,%s', NEW.valid_from,
      CASE WHEN NEW.valid_to IS NULL THEN '~' ELSE NEW.valid_to END,
      CASE WHEN NEW.missing_since IS NULL THEN '~' ELSE NEW.missing_since END);
END;

CREATE TRIGGER membership_history_delete AFTER DELETE ON membership BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'membership', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER card_history_insert AFTER INSERT ON card BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'card', printf('%s', NEW.id),
      printf('%s,%s,%s,%s,%s', NEW.id, lower(hex(NEW.uid_hmac)),
      CASE WHEN NEW.pupil_id IS NULL THEN '~' ELSE NEW.pupil_id END,
      CASE WHEN NEW.staff_id IS NULL THEN '~' ELSE NEW.staff_id END, NEW.issue_no) || ','
      || coalesce(length(CAST(NEW.printed_no AS BLOB)) || ':' || NEW.printed_no, '~') || ','
      || coalesce(length(CAST(NEW.state AS BLOB)) || ':' || NEW.state, '~');
END;

CREATE TRIGGER card_history_update AFTER UPDATE ON card BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'card', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'card', printf('%s', NEW.id),
      printf('%s,%s,%s,%s,%s', NEW.id, lower(hex(NEW.uid_hmac)),
      CASE WHEN NEW.pupil_id IS NULL THEN '~' ELSE NEW.pupil_id END,
      CASE WHEN NEW.staff_id IS NULL THEN '~' ELSE NEW.staff_id END, NEW.issue_no) || ','
      || coalesce(length(CAST(NEW.printed_no AS BLOB)) || ':' || NEW.printed_no, '~') || ','
      || coalesce(length(CAST(NEW.state AS BLOB)) || ':' || NEW.state, '~');
END;

CREATE TRIGGER card_history_delete AFTER DELETE ON card BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'card', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER staff_history_insert AFTER INSERT ON staff BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'staff', printf('%s', NEW.id),
      printf('%s,%s', NEW.id, NEW.school_id) || ',' || coalesce(length(CAST(NEW.label AS BLOB))
      || ':' || NEW.label, '~') || ',' || printf('%s,%s',
      CASE WHEN NEW.pin_hash IS NULL THEN '~' ELSE sha256_hex(NEW.pin_hash) END, NEW.active);
END;

CREATE TRIGGER staff_history_update AFTER UPDATE ON staff BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'staff', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'staff', printf('%s', NEW.id),
      printf('%s,%s', NEW.id, NEW.school_id) || ',' || coalesce(length(CAST(NEW.label AS BLOB))
      || ':' || NEW.label, '~') || ',' || printf('%s,%s',
      CASE WHEN NEW.pin_hash IS NULL THEN '~' ELSE sha256_hex(NEW.pin_hash) END, NEW.active);
END;

CREATE TRIGGER staff_history_delete AFTER DELETE ON staff BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'staff', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER operator_history_insert AFTER INSERT ON operator BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'operator', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':'
      || NEW.name, '~') || ',' || coalesce(length(CAST(NEW.kind AS BLOB)) || ':' || NEW.kind,
      '~') || ',' || coalesce(length(CAST(NEW.settled_as AS BLOB)) || ':' || NEW.settled_as,
      '~');
END;

CREATE TRIGGER operator_history_update AFTER UPDATE ON operator BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'operator', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'operator', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':'
      || NEW.name, '~') || ',' || coalesce(length(CAST(NEW.kind AS BLOB)) || ':' || NEW.kind,
      '~') || ',' || coalesce(length(CAST(NEW.settled_as AS BLOB)) || ':' || NEW.settled_as,
      '~');
END;

CREATE TRIGGER operator_history_delete AFTER DELETE ON operator BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'operator', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER funding_body_history_insert AFTER INSERT ON funding_body BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'funding_body', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':'
      || NEW.name, '~');
END;

CREATE TRIGGER funding_body_history_update AFTER UPDATE ON funding_body BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'funding_body', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'funding_body', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':'
      || NEW.name, '~');
END;

CREATE TRIGGER funding_body_history_delete AFTER DELETE ON funding_body BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'funding_body', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER tariff_history_insert AFTER INSERT ON tariff BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'tariff', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.code AS BLOB)) || ':'
      || NEW.code, '~') || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':' || NEW.name,
      '~') || ',' || coalesce(length(CAST(NEW.person_kind AS BLOB)) || ':' || NEW.person_kind,
      '~') || ',' || printf('%s,%s', NEW.base,
      CASE WHEN NEW.funding_body_id IS NULL THEN '~' ELSE NEW.funding_body_id END);
END;

CREATE TRIGGER tariff_history_update AFTER UPDATE ON tariff BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'tariff', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'tariff', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.code AS BLOB)) || ':'
      || NEW.code, '~') || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':' || NEW.name,
      '~') || ',' || coalesce(length(CAST(NEW.person_kind AS BLOB)) || ':' || NEW.person_kind,
      '~') || ',' || printf('%s,%s', NEW.base,
      CASE WHEN NEW.funding_body_id IS NULL THEN '~' ELSE NEW.funding_body_id END);
END;

CREATE TRIGGER tariff_history_delete AFTER DELETE ON tariff BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'tariff', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER entitlement_history_insert AFTER INSERT ON entitlement BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'entitlement', printf('%s', NEW.id),
      printf('%s,%s,%s,%s,%s', NEW.id, NEW.pupil_id, NEW.tariff_id, NEW.valid_from,
      CASE WHEN NEW.valid_to IS NULL THEN '~' ELSE NEW.valid_to END);
END;

CREATE TRIGGER entitlement_history_update AFTER UPDATE ON entitlement BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'entitlement', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'entitlement', printf('%s', NEW.id),
      printf('%s,%s,%s,%s,%s', NEW.id, NEW.pupil_id, NEW.tariff_id, NEW.valid_from,
      CASE WHEN NEW.valid_to IS NULL THEN '~' ELSE NEW.valid_to END);
END;

CREATE TRIGGER entitlement_history_delete AFTER DELETE ON entitlement BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'entitlement', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER offer_history_insert AFTER INSERT ON offer BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'offer', printf('%s', NEW.id),
      printf('%s,%s,%s', NEW.id, NEW.school_id, NEW.day) || ','
      || coalesce(length(CAST(NEW.code AS BLOB)) || ':' || NEW.code, '~') || ','
      || coalesce(length(CAST(NEW.title AS BLOB)) || ':' || NEW.title, '~') || ','
      || coalesce(length(CAST(NEW.item_class AS BLOB)) || ':' || NEW.item_class, '~') || ','
      || printf('%s', NEW.operator_id) || ',' || coalesce(length(CAST(NEW.service AS BLOB))
      || ':' || NEW.service, '~');
END;

CREATE TRIGGER offer_history_update AFTER UPDATE ON offer BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'offer', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'offer', printf('%s', NEW.id),
      printf('%s,%s,%s', NEW.id, NEW.school_id, NEW.day) || ','
      || coalesce(length(CAST(NEW.code AS BLOB)) || ':' || NEW.code, '~') || ','
      || coalesce(length(CAST(NEW.title AS BLOB)) || ':' || NEW.title, '~') || ','
      || coalesce(length(CAST(NEW.item_class AS BLOB)) || ':' || NEW.item_class, '~') || ','
      || printf('%s', NEW.operator_id) || ',' || coalesce(length(CAST(NEW.service AS BLOB))
      || ':' || NEW.service, '~');
END;

CREATE TRIGGER offer_history_delete AFTER DELETE ON offer BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'offer', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER price_history_insert AFTER INSERT ON price BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'price', printf('%s,%s', NEW.offer_id, NEW.tariff_id),
      printf('%s,%s,%s,%s', NEW.offer_id, NEW.tariff_id, NEW.price_cents, NEW.share_cents);
END;

CREATE TRIGGER price_history_update AFTER UPDATE ON price BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'price', printf('%s,%s', OLD.offer_id, OLD.tariff_id),
      NULL
    WHERE OLD.offer_id IS NOT NEW.offer_id OR OLD.tariff_id IS NOT NEW.tariff_id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'price', printf('%s,%s', NEW.offer_id, NEW.tariff_id),
      printf('%s,%s,%s,%s', NEW.offer_id, NEW.tariff_id, NEW.price_cents, NEW.share_cents);
END;

CREATE TRIGGER price_history_delete AFTER DELETE ON price BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'price', printf('%s,%s', OLD.offer_id, OLD.tariff_id),
      NULL;
END;

CREATE TRIGGER tax_rule_history_insert AFTER INSERT ON tax_rule BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'tax_rule', coalesce(length(CAST(NEW.operator_kind AS BLOB)) || ':' || NEW.operator_kind, '~') || ','
      || coalesce(length(CAST(NEW.person_kind AS BLOB)) || ':' || NEW.person_kind, '~') || ','
      || coalesce(length(CAST(NEW.item_class AS BLOB)) || ':' || NEW.item_class, '~') || ','
      || coalesce(length(CAST(NEW.service AS BLOB)) || ':' || NEW.service, '~') || ','
      || printf('%s', NEW.valid_from),
      coalesce(length(CAST(NEW.operator_kind AS BLOB)) || ':' || NEW.operator_kind, '~') || ','
      || coalesce(length(CAST(NEW.person_kind AS BLOB)) || ':' || NEW.person_kind, '~') || ','
      || coalesce(length(CAST(NEW.item_class AS BLOB)) || ':' || NEW.item_class, '~') || ','
      || coalesce(length(CAST(NEW.service AS BLOB)) || ':' || NEW.service, '~') || ','
      || printf('%s,%s,%s', NEW.valid_from, NEW.tax_key, NEW.rate_permille) || ','
      || coalesce(length(CAST(NEW.exemption AS BLOB)) || ':' || NEW.exemption, '~');
END;

CREATE TRIGGER tax_rule_history_update AFTER UPDATE ON tax_rule BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'tax_rule', coalesce(length(CAST(OLD.operator_kind AS BLOB)) || ':' || OLD.operator_kind, '~') || ','
      || coalesce(length(CAST(OLD.person_kind AS BLOB)) || ':' || OLD.person_kind, '~') || ','
      || coalesce(length(CAST(OLD.item_class AS BLOB)) || ':' || OLD.item_class, '~') || ','
      || coalesce(length(CAST(OLD.service AS BLOB)) || ':' || OLD.service, '~') || ','
      || printf('%s', OLD.valid_from),
      NULL
    WHERE OLD.operator_kind IS NOT NEW.operator_kind OR OLD.person_kind IS NOT NEW.person_kind
      OR OLD.item_class IS NOT NEW.item_class OR OLD.service IS NOT NEW.service
      OR OLD.valid_from IS NOT NEW.valid_from;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'tax_rule', coalesce(length(CAST(NEW.operator_kind AS BLOB)) || ':' || NEW.operator_kind, '~') || ','
      || coalesce(length(CAST(NEW.person_kind AS BLOB)) || ':' || NEW.person_kind, '~') || ','
      || coalesce(length(CAST(NEW.item_class AS BLOB)) || ':' || NEW.item_class, '~') || ','
      || coalesce(length(CAST(NEW.service AS BLOB)) || ':' || NEW.service, '~') || ','
      || printf('%s', NEW.valid_from),
      coalesce(length(CAST(NEW.operator_kind AS BLOB)) || ':' || NEW.operator_kind, '~') || ','
      || coalesce(length(CAST(NEW.person_kind AS BLOB)) || ':' || NEW.person_kind, '~') || ','
      || coalesce(length(CAST(NEW.item_class AS BLOB)) || ':' || NEW.item_class, '~') || ','
      || coalesce(length(CAST(NEW.service AS BLOB)) || ':' || NEW.service, '~') || ','
      || printf('%s,%s,%s', NEW.valid_from, NEW.tax_key, NEW.rate_permille) || ','
      || coalesce(length(CAST(NEW.exemption AS BLOB)) || ':' || NEW.exemption, '~');
END;

CREATE TRIGGER tax_rule_history_delete AFTER DELETE ON tax_rule BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'tax_rule', coalesce(length(CAST(OLD.operator_kind AS BLOB)) || ':' || OLD.operator_kind, '~') || ','
      || coalesce(length(CAST(OLD.person_kind AS BLOB)) || ':' || OLD.person_kind, '~') || ','
      || coalesce(length(CAST(OLD.item_class AS BLOB)) || ':' || OLD.item_class, '~') || ','
      || coalesce(length(CAST(OLD.service AS BLOB)) || ':' || OLD.service, '~') || ','
      || printf('%s', OLD.valid_from),
      NULL;
END;

CREATE TRIGGER origin_history_insert AFTER INSERT ON origin BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'origin', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.kind AS BLOB)) || ':'
      || NEW.kind, '~') || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':' || NEW.name,
      '~') || ',' || printf('%s,%s,%s',
      CASE WHEN NEW.school_id IS NULL THEN '~' ELSE NEW.school_id END, NEW.enrolled_us,
      CASE WHEN NEW.revoked_us IS NULL THEN '~' ELSE NEW.revoked_us END) || ','
      || coalesce(length(CAST(NEW.login AS BLOB)) || ':' || NEW.login, '~');
END;

CREATE TRIGGER origin_history_update AFTER UPDATE ON origin BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'origin', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'origin', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.kind AS BLOB)) || ':'
      || NEW.kind, '~') || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':' || NEW.name,
      '~') || ',' || printf('%s,%s,%s',
      CASE WHEN NEW.school_id IS NULL THEN '~' ELSE NEW.school_id END, NEW.enrolled_us,
      CASE WHEN NEW.revoked_us IS NULL THEN '~' ELSE NEW.revoked_us END) || ','
      || coalesce(length(CAST(NEW.login AS BLOB)) || ':' || NEW.login, '~');
END;

CREATE TRIGGER origin_history_delete AFTER DELETE ON origin BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'origin', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER office_user_history_insert AFTER INSERT ON office_user BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'office_user', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':'
      || NEW.name, '~') || ',' || printf('%s,%s,%s', sha256_hex(NEW.password_hash),
      NEW.since_us, CASE WHEN NEW.until_us IS NULL THEN '~' ELSE NEW.until_us END);
END;

CREATE TRIGGER office_user_history_update AFTER UPDATE ON office_user BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'office_user', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'office_user', printf('%s', NEW.id),
      printf('%s', NEW.id) || ',' || coalesce(length(CAST(NEW.name AS BLOB)) || ':'
      || NEW.name, '~') || ',' || printf('%s,%s,%s', sha256_hex(NEW.password_hash),
      NEW.since_us, CASE WHEN NEW.until_us IS NULL THEN '~' ELSE NEW.until_us END);
END;

CREATE TRIGGER office_user_history_delete AFTER DELETE ON office_user BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'office_user', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER office_role_history_insert AFTER INSERT ON office_role BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'office_role', printf('%s', NEW.id),
      printf('%s,%s', NEW.id, NEW.user_id) || ',' || coalesce(length(CAST(NEW.role AS BLOB))
      || ':' || NEW.role, '~') || ',' || printf('%s,%s,%s',
      CASE WHEN NEW.school_id IS NULL THEN '~' ELSE NEW.school_id END, NEW.since_us,
      CASE WHEN NEW.until_us IS NULL THEN '~' ELSE NEW.until_us END);
END;

CREATE TRIGGER office_role_history_update AFTER UPDATE ON office_role BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'office_role', printf('%s', OLD.id),
      NULL
    WHERE OLD.id IS NOT NEW.id;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'office_role', printf('%s', NEW.id),
      printf('%s,%s', NEW.id, NEW.user_id) || ',' || coalesce(length(CAST(NEW.role AS BLOB))
      || ':' || NEW.role, '~') || ',' || printf('%s,%s,%s',
      CASE WHEN NEW.school_id IS NULL THEN '~' ELSE NEW.school_id END, NEW.since_us,
      CASE WHEN NEW.until_us IS NULL THEN '~' ELSE NEW.until_us END);
END;

CREATE TRIGGER office_role_history_delete AFTER DELETE ON office_role BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'office_role', printf('%s', OLD.id),
      NULL;
END;

CREATE TRIGGER permission_history_insert AFTER INSERT ON permission BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'permission', coalesce(length(CAST(NEW.act AS BLOB)) || ':' || NEW.act, '~') || ','
      || coalesce(length(CAST(NEW.role AS BLOB)) || ':' || NEW.role, '~'),
      coalesce(length(CAST(NEW.act AS BLOB)) || ':' || NEW.act, '~') || ','
      || coalesce(length(CAST(NEW.role AS BLOB)) || ':' || NEW.role, '~') || ','
      || coalesce(length(CAST(NEW.may AS BLOB)) || ':' || NEW.may, '~');
END;

CREATE TRIGGER permission_history_update AFTER UPDATE ON permission BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'permission', coalesce(length(CAST(OLD.act AS BLOB)) || ':' || OLD.act, '~') || ','
      || coalesce(length(CAST(OLD.role AS BLOB)) || ':' || OLD.role, '~'),
      NULL
    WHERE OLD.act IS NOT NEW.act OR OLD.role IS NOT NEW.role;
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'permission', coalesce(length(CAST(NEW.act AS BLOB)) || ':' || NEW.act, '~') || ','
      || coalesce(length(CAST(NEW.role AS BLOB)) || ':' || NEW.role, '~'),
      coalesce(length(CAST(NEW.act AS BLOB)) || ':' || NEW.act, '~') || ','
      || coalesce(length(CAST(NEW.role AS BLOB)) || ':' || NEW.role, '~') || ','
      || coalesce(length(CAST(NEW.may AS BLOB)) || ':' || NEW.may, '~');
END;

CREATE TRIGGER permission_history_delete AFTER DELETE ON permission BEGIN
  INSERT INTO history (at_us, actor, name, "key", image)
    SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(),
      'permission', coalesce(length(CAST(OLD.act AS BLOB)) || ':' || OLD.act, '~') || ','
      || coalesce(length(CAST(OLD.role AS BLOB)) || ':' || OLD.role, '~'),
      NULL;
END;

-- What stood before there was a history.

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'school',
    printf('%s', x.id),
    printf('%s', x.id) || ',' || coalesce(length(CAST(x.number AS BLOB)) || ':' || x.number,
    '~') || ',' || coalesce(length(CAST(x.name AS BLOB)) || ':' || x.name, '~') || ','
    || printf('%s,%s,%s', x.floor_cents, x.pupil_day_cap_cents, x.kiosk_day_cap_cents) || ','
    || coalesce(length(CAST(x.accepts AS BLOB)) || ':' || x.accepts, '~') || ','
    || printf('%s', x.shows_first_name) || ',' || coalesce(length(CAST(x.language AS BLOB))
    || ':' || x.language, '~')
  FROM school x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'closed_day',
    printf('%s,%s', x.school_id, x.day),
    printf('%s,%s', x.school_id, x.day) || ',' || coalesce(length(CAST(x.why AS BLOB)) || ':'
    || x.why, '~')
  FROM closed_day x ORDER BY x.school_id, x.day;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'pupil',
    printf('%s', x.id),
    printf('%s', x.id) || ',' || coalesce(length(CAST(x.kind AS BLOB)) || ':' || x.kind, '~')
    || ',' || printf('%s',
    CASE WHEN x.day_limit_cents IS NULL THEN '~' ELSE x.day_limit_cents END) || ','
    || coalesce(length(CAST(x.blocked_classes AS BLOB)) || ':' || x.blocked_classes, '~')
  FROM pupil x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'membership',
    printf('%s', x.id),
    printf('%s,%s,%s', x.id, x.pupil_id, x.school_id) || ','
    || coalesce(length(CAST(x.class_name AS BLOB)) || ':' || x.class_name, '~') || ','
    || printf('%s,%s,%s', x.valid_from,
    CASE WHEN x.valid_to IS NULL THEN '~' ELSE x.valid_to END,
    CASE WHEN x.missing_since IS NULL THEN '~' ELSE x.missing_since END)
  FROM membership x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'card',
    printf('%s', x.id),
    printf('%s,%s,%s,%s,%s', x.id, lower(hex(x.uid_hmac)),
    CASE WHEN x.pupil_id IS NULL THEN '~' ELSE x.pupil_id END,
    CASE WHEN x.staff_id IS NULL THEN '~' ELSE x.staff_id END, x.issue_no) || ','
    || coalesce(length(CAST(x.printed_no AS BLOB)) || ':' || x.printed_no, '~') || ','
    || coalesce(length(CAST(x.state AS BLOB)) || ':' || x.state, '~')
  FROM card x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'staff',
    printf('%s', x.id),
    printf('%s,%s', x.id, x.school_id) || ',' || coalesce(length(CAST(x.label AS BLOB)) || ':'
    || x.label, '~') || ',' || printf('%s,%s',
    CASE WHEN x.pin_hash IS NULL THEN '~' ELSE sha256_hex(x.pin_hash) END, x.active)
  FROM staff x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'operator',
    printf('%s', x.id),
    printf('%s', x.id) || ',' || coalesce(length(CAST(x.name AS BLOB)) || ':' || x.name, '~')
    || ',' || coalesce(length(CAST(x.kind AS BLOB)) || ':' || x.kind, '~') || ','
    || coalesce(length(CAST(x.settled_as AS BLOB)) || ':' || x.settled_as, '~')
  FROM operator x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'funding_body',
    printf('%s', x.id),
    printf('%s', x.id) || ',' || coalesce(length(CAST(x.name AS BLOB)) || ':' || x.name, '~')
  FROM funding_body x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'tariff',
    printf('%s', x.id),
    printf('%s', x.id) || ',' || coalesce(length(CAST(x.code AS BLOB)) || ':' || x.code, '~')
    || ',' || coalesce(length(CAST(x.name AS BLOB)) || ':' || x.name, '~') || ','
    || coalesce(length(CAST(x.person_kind AS BLOB)) || ':' || x.person_kind, '~') || ','
    || printf('%s,%s', x.base,
    CASE WHEN x.funding_body_id IS NULL THEN '~' ELSE x.funding_body_id END)
  FROM tariff x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'entitlement',
    printf('%s', x.id),
    printf('%s,%s,%s,%s,%s', x.id, x.pupil_id, x.tariff_id, x.valid_from,
    CASE WHEN x.valid_to IS NULL THEN '~' ELSE x.valid_to END)
  FROM entitlement x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'offer',
    printf('%s', x.id),
    printf('%s,%s,%s', x.id, x.school_id, x.day) || ',' || coalesce(length(CAST(x.code AS BLOB))
    || ':' || x.code, '~') || ',' || coalesce(length(CAST(x.title AS BLOB)) || ':' || x.title,
    '~') || ',' || coalesce(length(CAST(x.item_class AS BLOB)) || ':' || x.item_class, '~')
    || ',' || printf('%s', x.operator_id) || ',' || coalesce(length(CAST(x.service AS BLOB))
    || ':' || x.service, '~')
  FROM offer x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'price',
    printf('%s,%s', x.offer_id, x.tariff_id),
    printf('%s,%s,%s,%s', x.offer_id, x.tariff_id, x.price_cents, x.share_cents)
  FROM price x ORDER BY x.offer_id, x.tariff_id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'tax_rule',
    coalesce(length(CAST(x.operator_kind AS BLOB)) || ':' || x.operator_kind, '~') || ','
    || coalesce(length(CAST(x.person_kind AS BLOB)) || ':' || x.person_kind, '~') || ','
    || coalesce(length(CAST(x.item_class AS BLOB)) || ':' || x.item_class, '~') || ','
    || coalesce(length(CAST(x.service AS BLOB)) || ':' || x.service, '~') || ','
    || printf('%s', x.valid_from),
    coalesce(length(CAST(x.operator_kind AS BLOB)) || ':' || x.operator_kind, '~') || ','
    || coalesce(length(CAST(x.person_kind AS BLOB)) || ':' || x.person_kind, '~') || ','
    || coalesce(length(CAST(x.item_class AS BLOB)) || ':' || x.item_class, '~') || ','
    || coalesce(length(CAST(x.service AS BLOB)) || ':' || x.service, '~') || ','
    || printf('%s,%s,%s', x.valid_from, x.tax_key, x.rate_permille) || ','
    || coalesce(length(CAST(x.exemption AS BLOB)) || ':' || x.exemption, '~')
  FROM tax_rule x ORDER BY x.operator_kind, x.person_kind, x.item_class, x.service, x.valid_from;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'origin',
    printf('%s', x.id),
    printf('%s', x.id) || ',' || coalesce(length(CAST(x.kind AS BLOB)) || ':' || x.kind, '~')
    || ',' || coalesce(length(CAST(x.name AS BLOB)) || ':' || x.name, '~') || ','
    || printf('%s,%s,%s', CASE WHEN x.school_id IS NULL THEN '~' ELSE x.school_id END,
    x.enrolled_us, CASE WHEN x.revoked_us IS NULL THEN '~' ELSE x.revoked_us END) || ','
    || coalesce(length(CAST(x.login AS BLOB)) || ':' || x.login, '~')
  FROM origin x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'office_user',
    printf('%s', x.id),
    printf('%s', x.id) || ',' || coalesce(length(CAST(x.name AS BLOB)) || ':' || x.name, '~')
    || ',' || printf('%s,%s,%s', sha256_hex(x.password_hash), x.since_us,
    CASE WHEN x.until_us IS NULL THEN '~' ELSE x.until_us END)
  FROM office_user x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'office_role',
    printf('%s', x.id),
    printf('%s,%s', x.id, x.user_id) || ',' || coalesce(length(CAST(x.role AS BLOB)) || ':'
    || x.role, '~') || ',' || printf('%s,%s,%s',
    CASE WHEN x.school_id IS NULL THEN '~' ELSE x.school_id END, x.since_us,
    CASE WHEN x.until_us IS NULL THEN '~' ELSE x.until_us END)
  FROM office_role x ORDER BY x.id;

INSERT INTO history (at_us, actor, name, "key", image)
  SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000, acting(), 'permission',
    coalesce(length(CAST(x.act AS BLOB)) || ':' || x.act, '~') || ','
    || coalesce(length(CAST(x.role AS BLOB)) || ':' || x.role, '~'),
    coalesce(length(CAST(x.act AS BLOB)) || ':' || x.act, '~') || ','
    || coalesce(length(CAST(x.role AS BLOB)) || ':' || x.role, '~') || ','
    || coalesce(length(CAST(x.may AS BLOB)) || ':' || x.may, '~')
  FROM permission x ORDER BY x.act, x.role;
