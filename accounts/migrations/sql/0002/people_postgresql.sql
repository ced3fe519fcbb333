-- Rights, requests and decisions on PostgreSQL. Who may what is in accounts/rights.py too.

INSERT INTO permission (act, role, may) VALUES
  ('school.list', 'kitchen', 'do'),
  ('school.list', 'school_office', 'do'),
  ('school.list', 'treasury', 'do'),
  ('school.list', 'auditor', 'do'),
  ('school.list', 'administrator', 'do'),
  ('school.add', 'administrator', 'do'),
  ('school.set', 'administrator', 'do'),
  ('school.days', 'school_office', 'do'),
  ('school.days', 'administrator', 'do'),
  ('tariff.list', 'kitchen', 'do'),
  ('tariff.list', 'school_office', 'do'),
  ('tariff.list', 'treasury', 'do'),
  ('tariff.list', 'auditor', 'do'),
  ('tariff.list', 'administrator', 'do'),
  ('tariff.add', 'administrator', 'do'),
  ('tariff.give', 'school_office', 'do'),
  ('tariff.give', 'treasury', 'do'),
  ('tax.set', 'administrator', 'do'),
  ('offer.list', 'kitchen', 'do'),
  ('offer.list', 'school_office', 'do'),
  ('offer.list', 'treasury', 'do'),
  ('offer.list', 'auditor', 'do'),
  ('offer.list', 'administrator', 'do'),
  ('offer.add', 'kitchen', 'do'),
  ('offer.add', 'school_office', 'do'),
  ('pupils.list', 'school_office', 'do'),
  ('pupils.list', 'treasury', 'do'),
  ('pupils.list', 'auditor', 'do'),
  ('pupils.import', 'school_office', 'do'),
  ('pupils.limit', 'school_office', 'do'),
  ('card.show', 'school_office', 'do'),
  ('card.show', 'treasury', 'do'),
  ('card.show', 'auditor', 'do'),
  ('card.assign', 'school_office', 'do'),
  ('card.block', 'school_office', 'do'),
  ('card.replace', 'school_office', 'do'),
  ('staff.list', 'school_office', 'do'),
  ('staff.list', 'auditor', 'do'),
  ('staff.list', 'administrator', 'do'),
  ('staff.set', 'school_office', 'do'),
  ('staff.set', 'administrator', 'do'),
  ('kiosk.list', 'school_office', 'do'),
  ('kiosk.list', 'treasury', 'do'),
  ('kiosk.list', 'auditor', 'do'),
  ('kiosk.list', 'administrator', 'do'),
  ('kiosk.add', 'administrator', 'do'),
  ('kiosk.revoke', 'school_office', 'do'),
  ('kiosk.revoke', 'administrator', 'do'),
  ('opening.book', 'treasury', 'do'),
  ('credit.manual', 'school_office', 'request'),
  ('credit.manual', 'treasury', 'request_and_approve'),
  ('write_off', 'school_office', 'request'),
  ('write_off', 'treasury', 'request_and_approve'),
  ('refund', 'school_office', 'request'),
  ('refund', 'treasury', 'request_and_approve'),
  ('month.close', 'treasury', 'request_and_approve'),
  ('request.list', 'school_office', 'do'),
  ('request.list', 'treasury', 'do'),
  ('request.list', 'auditor', 'do'),
  ('user.list', 'auditor', 'do'),
  ('user.list', 'administrator', 'do'),
  ('user.add', 'administrator', 'do'),
  ('user.grant', 'administrator', 'do'),
  ('user.revoke', 'administrator', 'do'),
  ('ledger.verify', 'treasury', 'do'),
  ('ledger.verify', 'auditor', 'do'),
  ('ledger.verify', 'administrator', 'do'),
  ('ledger.seal', 'administrator', 'do'),
  ('ledger.nightly', 'administrator', 'do'),
  ('db.upgrade', 'administrator', 'do'),
  ('db.backup', 'administrator', 'do'),
  ('db.restore', 'administrator', 'do'),
  ('db.move', 'administrator', 'do');

CREATE TRIGGER permission_no_change BEFORE INSERT OR UPDATE OR DELETE ON permission
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER permission_no_truncate BEFORE TRUNCATE ON permission
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- A user and a role are ended once and stay; of a user only the password may be another.
CREATE FUNCTION office_user_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.since_us <> OLD.since_us
     OR (OLD.until_us IS NOT NULL AND (NEW.until_us IS DISTINCT FROM OLD.until_us
                                       OR NEW.password_hash <> OLD.password_hash))
  THEN RAISE EXCEPTION 'mensa:append_only'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER office_user_stays BEFORE UPDATE ON office_user
  FOR EACH ROW EXECUTE FUNCTION office_user_stays();
CREATE TRIGGER office_user_no_delete BEFORE DELETE ON office_user
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER office_user_no_truncate BEFORE TRUNCATE ON office_user
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION office_role_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id <> OLD.id OR NEW.user_id <> OLD.user_id OR NEW.role <> OLD.role
     OR NEW.school_id IS DISTINCT FROM OLD.school_id OR NEW.since_us <> OLD.since_us
     OR (OLD.until_us IS NOT NULL AND NEW.until_us IS DISTINCT FROM OLD.until_us)
  THEN RAISE EXCEPTION 'mensa:append_only'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER office_role_stays BEFORE UPDATE ON office_role
  FOR EACH ROW EXECUTE FUNCTION office_role_stays();
CREATE TRIGGER office_role_no_delete BEFORE DELETE ON office_role
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER office_role_no_truncate BEFORE TRUNCATE ON office_role
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Without an administrator for all schools nobody could ever be given a right again. Two who end
-- each other at once wait for each other here, and the second then sees the first.
CREATE FUNCTION administrator_remains() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.until_us IS NULL AND NEW.until_us IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(4210003);
    IF NOT EXISTS (
      SELECT 1 FROM office_role r JOIN office_user u ON u.id = r.user_id
      WHERE r.role = 'administrator' AND r.school_id IS NULL AND r.until_us IS NULL
        AND u.until_us IS NULL)
    THEN RAISE EXCEPTION 'mensa:last_administrator'; END IF;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER office_user_last AFTER UPDATE ON office_user
  FOR EACH ROW EXECUTE FUNCTION administrator_remains();
CREATE TRIGGER office_role_last AFTER UPDATE ON office_role
  FOR EACH ROW EXECUTE FUNCTION administrator_remains();

CREATE TRIGGER sign_in_no_change BEFORE UPDATE OR DELETE ON sign_in
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER sign_in_no_truncate BEFORE TRUNCATE ON sign_in
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Held till the end, so that nobody is revoked between this look and the commit.
CREATE FUNCTION holds_right(
  of_user bigint, for_act text, at_school bigint, that_us bigint, ways text[]
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM office_user u JOIN office_role r ON r.user_id = u.id
    JOIN permission p ON p.role = r.role AND p.act = for_act
    WHERE u.id = of_user AND u.since_us <= that_us AND u.until_us IS NULL
      AND r.since_us <= that_us AND r.until_us IS NULL
      AND (r.school_id IS NULL OR r.school_id = at_school)
      AND p.may = ANY (ways)
    FOR SHARE OF u, r;
  RETURN FOUND;
END $$;

-- Who asks is there and may ask this for that school.
CREATE FUNCTION request_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT holds_right(NEW.requester_id, NEW.act, NEW.school_id, NEW.at_us,
                     ARRAY['request', 'request_and_approve'])
  THEN RAISE EXCEPTION 'mensa:no_right'; END IF;
  IF NEW.act IN ('credit.manual', 'write_off', 'refund') AND (
    NEW.cents IS NULL OR NEW.cents <= 0 OR NEW.pupil_id IS NULL OR NEW.school_id IS NULL
    OR 1 <> (SELECT count(*) FROM account a WHERE a.id IN (NEW.debit_id, NEW.credit_id)
             AND a.kind = 'pupil' AND a.pupil_id = NEW.pupil_id))
  THEN RAISE EXCEPTION 'mensa:request_amount'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER request_fits BEFORE INSERT ON request
  FOR EACH ROW EXECUTE FUNCTION request_fits();
CREATE TRIGGER request_no_change BEFORE UPDATE OR DELETE ON request
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER request_no_truncate BEFORE TRUNCATE ON request
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Who decides is another, is there, and may approve this for that school; once, and in time.
CREATE FUNCTION decision_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE asked request;
BEGIN
  SELECT * INTO asked FROM request WHERE id = NEW.request_id;
  IF EXISTS (SELECT 1 FROM decision WHERE request_id = NEW.request_id)
  THEN RAISE EXCEPTION 'mensa:already_decided'; END IF;
  IF asked.requester_id = NEW.approver_id THEN RAISE EXCEPTION 'mensa:own_request'; END IF;
  IF asked.id IS NULL OR NOT holds_right(NEW.approver_id, asked.act, asked.school_id, NEW.at_us,
                                         ARRAY['approve', 'request_and_approve'])
  THEN RAISE EXCEPTION 'mensa:no_right'; END IF;
  IF NEW.at_us < asked.at_us THEN RAISE EXCEPTION 'mensa:wrong_time'; END IF;
  -- 30 days in microseconds.
  IF NEW.approved = 1 AND NEW.at_us > asked.at_us + 2592000000000
  THEN RAISE EXCEPTION 'mensa:request_too_old'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER decision_fits BEFORE INSERT ON decision
  FOR EACH ROW EXECUTE FUNCTION decision_fits();
CREATE TRIGGER decision_no_change BEFORE UPDATE OR DELETE ON decision
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER decision_no_truncate BEFORE TRUNCATE ON decision
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Money that takes two people: the entry names their request and is just what was asked for.
-- The conditions are written as the server tells them, so that they can be compared.
CREATE FUNCTION entry_takes_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.request_id IS NULL THEN
    IF EXISTS (SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind = 'office')
    THEN RAISE EXCEPTION 'mensa:needs_two'; END IF;
    RETURN NEW;
  END IF;
  IF NEW.transfers <> 1 OR EXISTS (SELECT 1 FROM entry WHERE request_id = NEW.request_id)
     OR NOT EXISTS (
    SELECT 1 FROM request q JOIN decision d ON d.request_id = q.id AND d.approved = 1
    WHERE q.id = NEW.request_id
      AND NEW.kind = CASE q.act WHEN 'credit.manual' THEN 'correction'
        WHEN 'write_off' THEN 'correction' WHEN 'refund' THEN 'refund' END
      AND q.pupil_id IS NOT DISTINCT FROM NEW.pupil_id
      AND q.school_id IS NOT DISTINCT FROM NEW.school_id)
  THEN RAISE EXCEPTION 'mensa:needs_two'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER entry_takes_two BEFORE INSERT ON entry FOR EACH ROW
  WHEN (((new.kind = ANY (ARRAY['correction'::text, 'refund'::text])) OR (new.request_id IS NOT NULL)))
  EXECUTE FUNCTION entry_takes_two();

-- At the end of the transaction the one transfer is there; a second one can never come.
CREATE FUNCTION entry_as_asked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM transfer t JOIN request q ON q.id = NEW.request_id
    WHERE t.entry_id = NEW.id AND t.debit_id = q.debit_id AND t.credit_id = q.credit_id
      AND t.cents = q.cents)
  THEN RAISE EXCEPTION 'mensa:needs_two'; END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_as_asked AFTER INSERT ON entry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN ((new.request_id IS NOT NULL)) EXECUTE FUNCTION entry_as_asked();

CREATE FUNCTION closing_takes_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM request q JOIN decision d ON d.request_id = q.id AND d.approved = 1
    WHERE q.id = NEW.request_id AND q.act = 'month.close'
      AND q.detail::json ->> 'month' = NEW.month)
  THEN RAISE EXCEPTION 'mensa:needs_two'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER closing_takes_two BEFORE INSERT ON closing FOR EACH ROW
  WHEN ((new.request_id IS NOT NULL)) EXECUTE FUNCTION closing_takes_two();
