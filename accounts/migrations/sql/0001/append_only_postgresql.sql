-- What is written stays: no update, no delete, no truncate, on any of these tables.

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'mensa:append_only'; END $$;

CREATE TRIGGER entry_no_change BEFORE UPDATE OR DELETE ON entry
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON entry
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER transfer_no_change BEFORE UPDATE OR DELETE ON transfer
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER transfer_no_truncate BEFORE TRUNCATE ON transfer
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER line_no_change BEFORE UPDATE OR DELETE ON line
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER line_no_truncate BEFORE TRUNCATE ON line
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER account_no_change BEFORE UPDATE OR DELETE ON account
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER account_no_truncate BEFORE TRUNCATE ON account
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER fact_no_change BEFORE UPDATE OR DELETE ON fact
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER fact_no_truncate BEFORE TRUNCATE ON fact
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER quarantine_no_change BEFORE UPDATE OR DELETE ON quarantine
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER quarantine_no_truncate BEFORE TRUNCATE ON quarantine
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER alarm_no_change BEFORE UPDATE OR DELETE ON alarm
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER alarm_no_truncate BEFORE TRUNCATE ON alarm
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER access_log_no_change BEFORE UPDATE OR DELETE ON access_log
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER access_log_no_truncate BEFORE TRUNCATE ON access_log
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER card_event_no_change BEFORE UPDATE OR DELETE ON card_event
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER card_event_no_truncate BEFORE TRUNCATE ON card_event
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER change_no_change BEFORE UPDATE OR DELETE ON change
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER change_no_truncate BEFORE TRUNCATE ON change
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER balance_no_change BEFORE DELETE ON balance
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER balance_no_truncate BEFORE TRUNCATE ON balance
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
