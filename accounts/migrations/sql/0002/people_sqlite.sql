-- Rights, requests and decisions on SQLite. Who may what is in accounts/rights.py too.

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

CREATE TRIGGER permission_no_insert BEFORE INSERT ON permission
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER permission_no_update BEFORE UPDATE ON permission
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER permission_no_delete BEFORE DELETE ON permission
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

-- A user and a role are ended once and stay; of a user only the password may be another.
CREATE TRIGGER office_user_no_replace BEFORE INSERT ON office_user WHEN EXISTS (
  SELECT 1 FROM office_user WHERE id = NEW.id OR name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER office_user_stays BEFORE UPDATE ON office_user
WHEN NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.since_us <> OLD.since_us
  OR (OLD.until_us IS NOT NULL AND (NEW.until_us IS NOT OLD.until_us
                                    OR NEW.password_hash <> OLD.password_hash))
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER office_user_no_delete BEFORE DELETE ON office_user
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER office_role_no_replace BEFORE INSERT ON office_role WHEN EXISTS (
  SELECT 1 FROM office_role WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER office_role_stays BEFORE UPDATE ON office_role
WHEN NEW.id <> OLD.id OR NEW.user_id <> OLD.user_id OR NEW.role <> OLD.role
  OR NEW.school_id IS NOT OLD.school_id OR NEW.since_us <> OLD.since_us
  OR (OLD.until_us IS NOT NULL AND NEW.until_us IS NOT OLD.until_us)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER office_role_no_delete BEFORE DELETE ON office_role
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

-- Without an administrator for all schools nobody could ever be given a right again.
CREATE TRIGGER office_user_last AFTER UPDATE ON office_user
WHEN OLD.until_us IS NULL AND NEW.until_us IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM office_role r JOIN office_user u ON u.id = r.user_id
  WHERE r.role = 'administrator' AND r.school_id IS NULL AND r.until_us IS NULL
    AND u.until_us IS NULL)
BEGIN SELECT RAISE(ABORT, 'mensa:last_administrator'); END;

CREATE TRIGGER office_role_last AFTER UPDATE ON office_role
WHEN OLD.until_us IS NULL AND NEW.until_us IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM office_role r JOIN office_user u ON u.id = r.user_id
  WHERE r.role = 'administrator' AND r.school_id IS NULL AND r.until_us IS NULL
    AND u.until_us IS NULL)
BEGIN SELECT RAISE(ABORT, 'mensa:last_administrator'); END;

CREATE TRIGGER sign_in_no_replace BEFORE INSERT ON sign_in WHEN EXISTS (
  SELECT 1 FROM sign_in WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER sign_in_no_update BEFORE UPDATE ON sign_in
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER sign_in_no_delete BEFORE DELETE ON sign_in
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

-- Who asks is there and may ask this for that school.
CREATE TRIGGER request_fits BEFORE INSERT ON request BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only') WHERE EXISTS (
    SELECT 1 FROM request WHERE id = NEW.id);
  SELECT RAISE(ABORT, 'mensa:no_right') WHERE NOT EXISTS (
    SELECT 1 FROM office_user u JOIN office_role r ON r.user_id = u.id
    JOIN permission p ON p.role = r.role AND p.act = NEW.act
    WHERE u.id = NEW.requester_id AND u.since_us <= NEW.at_us AND u.until_us IS NULL
      AND r.since_us <= NEW.at_us AND r.until_us IS NULL
      AND (r.school_id IS NULL OR r.school_id = NEW.school_id)
      AND p.may IN ('request', 'request_and_approve'));
  SELECT RAISE(ABORT, 'mensa:request_amount') WHERE
    NEW.act IN ('credit.manual', 'write_off', 'refund') AND (
      NEW.cents IS NULL OR NEW.cents <= 0 OR NEW.pupil_id IS NULL OR NEW.school_id IS NULL
      OR 1 <> (SELECT count(*) FROM account a WHERE a.id IN (NEW.debit_id, NEW.credit_id)
               AND a.kind = 'pupil' AND a.pupil_id = NEW.pupil_id));
END;

CREATE TRIGGER request_no_update BEFORE UPDATE ON request
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER request_no_delete BEFORE DELETE ON request
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

-- Who decides is another, is there, and may approve this for that school; once, and in time.
CREATE TRIGGER decision_fits BEFORE INSERT ON decision BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only') WHERE EXISTS (
    SELECT 1 FROM decision WHERE id = NEW.id);
  SELECT RAISE(ABORT, 'mensa:already_decided') WHERE EXISTS (
    SELECT 1 FROM decision WHERE request_id = NEW.request_id);
  SELECT RAISE(ABORT, 'mensa:own_request') WHERE EXISTS (
    SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.requester_id = NEW.approver_id);
  SELECT RAISE(ABORT, 'mensa:no_right') WHERE NOT EXISTS (
    SELECT 1 FROM request q
    JOIN office_user u ON u.id = NEW.approver_id
    JOIN office_role r ON r.user_id = u.id
    JOIN permission p ON p.role = r.role AND p.act = q.act
    WHERE q.id = NEW.request_id AND u.since_us <= NEW.at_us AND u.until_us IS NULL
      AND r.since_us <= NEW.at_us AND r.until_us IS NULL
      AND (r.school_id IS NULL OR r.school_id = q.school_id)
      AND p.may IN ('approve', 'request_and_approve'));
  SELECT RAISE(ABORT, 'mensa:wrong_time') WHERE EXISTS (
    SELECT 1 FROM request q WHERE q.id = NEW.request_id AND NEW.at_us < q.at_us);
  -- 30 days in microseconds.
  SELECT RAISE(ABORT, 'mensa:request_too_old') WHERE NEW.approved = 1 AND EXISTS (
    SELECT 1 FROM request q WHERE q.id = NEW.request_id AND NEW.at_us > q.at_us + 2592000000000);
END;

CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

-- Money that takes two people: the entry names their request and is just what was asked for.
CREATE TRIGGER entry_takes_two BEFORE INSERT ON entry
WHEN NEW.kind IN ('correction', 'refund') OR NEW.request_id IS NOT NULL BEGIN
  -- Before entry_fits, whichever comes first: what was booked is answered as it was.
  SELECT RAISE(ABORT, 'mensa:key_used') WHERE EXISTS (
    SELECT 1 FROM entry WHERE origin_id = NEW.origin_id AND epoch = NEW.epoch AND seq = NEW.seq);
  SELECT RAISE(ABORT, 'mensa:needs_two') WHERE NEW.request_id IS NULL AND EXISTS (
    SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind = 'office');
  SELECT RAISE(ABORT, 'mensa:needs_two') WHERE NEW.request_id IS NOT NULL AND (
    NEW.transfers <> 1 OR EXISTS (SELECT 1 FROM entry WHERE request_id = NEW.request_id)
    OR NOT EXISTS (
      SELECT 1 FROM request q JOIN decision d ON d.request_id = q.id AND d.approved = 1
      WHERE q.id = NEW.request_id
        AND NEW.kind = CASE q.act WHEN 'credit.manual' THEN 'correction'
          WHEN 'write_off' THEN 'correction' WHEN 'refund' THEN 'refund' END
        AND q.pupil_id IS NEW.pupil_id AND q.school_id IS NEW.school_id));
END;

CREATE TRIGGER transfer_as_asked BEFORE INSERT ON transfer
WHEN (SELECT request_id FROM entry WHERE id = NEW.entry_id) IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'mensa:needs_two') WHERE NOT EXISTS (
    SELECT 1 FROM entry e JOIN request q ON q.id = e.request_id
    WHERE e.id = NEW.entry_id AND q.debit_id = NEW.debit_id AND q.credit_id = NEW.credit_id
      AND q.cents = NEW.cents);
END;

CREATE TRIGGER closing_takes_two BEFORE INSERT ON closing WHEN NEW.request_id IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'mensa:needs_two') WHERE EXISTS (
      SELECT 1 FROM closing WHERE request_id = NEW.request_id)
    OR NOT EXISTS (
      SELECT 1 FROM request q JOIN decision d ON d.request_id = q.id AND d.approved = 1
      WHERE q.id = NEW.request_id AND q.act = 'month.close'
        AND json_extract(q.detail, '$.month') = NEW.month);
END;
