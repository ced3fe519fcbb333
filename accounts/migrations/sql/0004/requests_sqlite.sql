-- What takes two people since money comes by bank: cash taken at the desk, refunds to who paid in,
-- and the list of what pupils had before. Who may what is in accounts/rights.py too.

DROP TRIGGER permission_no_insert;

DROP TRIGGER permission_no_update;

UPDATE permission SET may = 'request_and_approve' WHERE act = 'opening.book' AND role = 'treasury';

INSERT INTO permission (act, role, may) VALUES
  ('bank.account', 'administrator', 'do'),
  ('bank.import', 'treasury', 'do'),
  ('bank.pull', 'treasury', 'do'),
  ('bank.assign', 'treasury', 'do'),
  ('bank.open', 'treasury', 'do'),
  ('bank.open', 'auditor', 'do'),
  ('bank.status', 'treasury', 'do'),
  ('bank.status', 'auditor', 'do'),
  ('bank.status', 'administrator', 'do'),
  ('household.set', 'school_office', 'do'),
  ('household.set', 'treasury', 'do'),
  ('refund.export', 'treasury', 'do'),
  ('topup.cash', 'school_office', 'request'),
  ('topup.cash', 'treasury', 'request_and_approve');

CREATE TRIGGER permission_no_insert BEFORE INSERT ON permission
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER permission_no_update BEFORE UPDATE ON permission
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

-- Money that no child had goes back without one: the request names the line in its detail.
DROP TRIGGER request_fits;
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
    NEW.act IN ('credit.manual', 'write_off', 'refund', 'topup.cash')
    AND NOT (NEW.act = 'refund' AND NEW.pupil_id IS NULL AND NEW.cents IS NULL) AND (
      NEW.cents IS NULL OR NEW.cents <= 0 OR NEW.pupil_id IS NULL OR NEW.school_id IS NULL
      OR 1 <> (SELECT count(*) FROM account a WHERE a.id IN (NEW.debit_id, NEW.credit_id)
               AND a.kind = 'pupil' AND a.pupil_id = NEW.pupil_id));
  SELECT RAISE(ABORT, 'mensa:request_amount') WHERE NEW.act = 'topup.cash' AND NEW.debit_id IS NOT (
    SELECT id FROM account WHERE name = 'cash');
END;

DROP TRIGGER entry_takes_two;
CREATE TRIGGER entry_takes_two BEFORE INSERT ON entry
WHEN NEW.kind IN ('correction', 'refund', 'topup') OR NEW.request_id IS NOT NULL BEGIN
  -- Before entry_fits, whichever comes first: what was booked is answered as it was.
  SELECT RAISE(ABORT, 'mensa:key_used') WHERE EXISTS (
    SELECT 1 FROM entry WHERE origin_id = NEW.origin_id AND epoch = NEW.epoch AND seq = NEW.seq);
  -- A ledger without users is being set up: there nobody could agree to cash yet.
  SELECT RAISE(ABORT, 'mensa:needs_two') WHERE NEW.request_id IS NULL AND EXISTS (
    SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind = 'office')
    AND (NEW.kind <> 'topup' OR EXISTS (SELECT 1 FROM office_user));
  SELECT RAISE(ABORT, 'mensa:needs_two') WHERE NEW.request_id IS NOT NULL AND (
    NEW.transfers <> 1 OR EXISTS (SELECT 1 FROM entry WHERE request_id = NEW.request_id)
    OR NOT EXISTS (
      SELECT 1 FROM request q JOIN decision d ON d.request_id = q.id AND d.approved = 1
      WHERE q.id = NEW.request_id
        AND NEW.kind = CASE q.act WHEN 'credit.manual' THEN 'correction'
          WHEN 'write_off' THEN 'correction' WHEN 'refund' THEN 'refund'
          WHEN 'topup.cash' THEN 'topup' END
        AND q.pupil_id IS NEW.pupil_id AND q.school_id IS NEW.school_id));
END;

-- A list is what two people agreed on: its bytes, how many it names, and what they come to.
CREATE TRIGGER go_live_takes_two BEFORE INSERT ON go_live BEGIN
  SELECT RAISE(ABORT, 'mensa:needs_two') WHERE NOT EXISTS (
    SELECT 1 FROM request q JOIN decision d ON d.request_id = q.id AND d.approved = 1
    WHERE q.id = NEW.request_id AND q.act = 'opening.book'
      AND json_extract(q.detail, '$.digest') = lower(hex(NEW.digest))
      AND json_extract(q.detail, '$.count') = NEW.count
      AND json_extract(q.detail, '$.cents') = NEW.cents);
END;

CREATE TRIGGER refund_fits BEFORE INSERT ON refund BEGIN
  SELECT RAISE(ABORT, 'mensa:wrong_request') WHERE NOT EXISTS (
    SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.act = 'refund'
      AND q.pupil_id IS NEW.pupil_id
      AND coalesce(q.cents, json_extract(q.detail, '$.cents')) = NEW.cents);
  -- Only to an account that has paid in.
  SELECT RAISE(ABORT, 'mensa:no_payer') WHERE NOT EXISTS (
    SELECT 1 FROM bank_line WHERE id = NEW.line_id AND cents > 0 AND payer IS NOT NULL);
END;

CREATE TRIGGER refund_attempt_takes_two BEFORE INSERT ON refund_attempt BEGIN
  SELECT RAISE(ABORT, 'mensa:needs_two') WHERE NOT EXISTS (
    SELECT 1 FROM refund f JOIN decision d ON d.request_id = f.request_id AND d.approved = 1
    WHERE f.id = NEW.refund_id);
  -- What was given back to the child, or to suspense, is not paid out as well.
  SELECT RAISE(ABORT, 'mensa:refund_not_booked') WHERE NOT EXISTS (
    SELECT 1 FROM refund f JOIN entry e ON e.request_id = f.request_id
    WHERE f.id = NEW.refund_id AND NOT EXISTS (SELECT 1 FROM entry r WHERE r.reverses = e.id)
  ) AND NOT EXISTS (
    SELECT 1 FROM refund f JOIN standing_allocation s ON s.line_id = f.line_id
    JOIN allocation a ON a.id = s.id
    WHERE f.id = NEW.refund_id AND f.pupil_id IS NULL
      AND json_extract(a.evidence, '$.request') = f.request_id);
END;
