-- What is written stays: no update, no delete, on any of these tables.

CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER transfer_no_update BEFORE UPDATE ON transfer
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER transfer_no_delete BEFORE DELETE ON transfer
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER line_no_update BEFORE UPDATE ON line
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER line_no_delete BEFORE DELETE ON line
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER account_no_update BEFORE UPDATE ON account
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER account_no_delete BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER fact_no_delete BEFORE DELETE ON fact
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER quarantine_no_update BEFORE UPDATE ON quarantine
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER quarantine_no_delete BEFORE DELETE ON quarantine
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER alarm_no_update BEFORE UPDATE ON alarm
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER alarm_no_delete BEFORE DELETE ON alarm
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER access_log_no_update BEFORE UPDATE ON access_log
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER card_event_no_update BEFORE UPDATE ON card_event
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER card_event_no_delete BEFORE DELETE ON card_event
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER change_no_update BEFORE UPDATE ON change
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER change_no_delete BEFORE DELETE ON change
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER account_no_replace BEFORE INSERT ON account WHEN EXISTS (
  SELECT 1 FROM account WHERE id = NEW.id OR name = NEW.name OR pupil_id = NEW.pupil_id OR funding_body_id = NEW.funding_body_id
  OR (operator_id = NEW.operator_id AND tax_key = NEW.tax_key))
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER quarantine_no_replace BEFORE INSERT ON quarantine WHEN EXISTS (
  SELECT 1 FROM quarantine WHERE fact_id = NEW.fact_id)
  OR EXISTS (SELECT 1 FROM fact f JOIN entry e ON e.origin_id = f.origin_id
             AND e.epoch = f.epoch AND e.seq = f.seq WHERE f.id = NEW.fact_id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER alarm_no_replace BEFORE INSERT ON alarm WHEN EXISTS (
  SELECT 1 FROM alarm WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER access_log_no_replace BEFORE INSERT ON access_log WHEN EXISTS (
  SELECT 1 FROM access_log WHERE id = NEW.id
  OR (origin_id = NEW.origin_id AND epoch = NEW.epoch AND seq = NEW.seq))
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER card_event_no_replace BEFORE INSERT ON card_event WHEN EXISTS (
  SELECT 1 FROM card_event WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER change_no_replace BEFORE INSERT ON change WHEN EXISTS (
  SELECT 1 FROM change WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;
