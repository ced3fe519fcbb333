-- What takes two people since money comes by bank: cash taken at the desk, refunds to who paid in,
-- and the list of what pupils had before. Who may what is in accounts/rights.py too.

ALTER TABLE permission DISABLE TRIGGER permission_no_change;

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

ALTER TABLE permission ENABLE TRIGGER permission_no_change;

-- Money that no child had goes back without one: the request names the line in its detail.
CREATE OR REPLACE FUNCTION request_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT holds_right(NEW.requester_id, NEW.act, NEW.school_id, NEW.at_us,
                     ARRAY['request', 'request_and_approve'])
  THEN RAISE EXCEPTION 'mensa:no_right'; END IF;
  IF NEW.act IN ('credit.manual', 'write_off', 'refund', 'topup.cash')
     AND NOT (NEW.act = 'refund' AND NEW.pupil_id IS NULL AND NEW.cents IS NULL) AND (
    NEW.cents IS NULL OR NEW.cents <= 0 OR NEW.pupil_id IS NULL OR NEW.school_id IS NULL
    OR 1 <> (SELECT count(*) FROM account a WHERE a.id IN (NEW.debit_id, NEW.credit_id)
             AND a.kind = 'pupil' AND a.pupil_id = NEW.pupil_id))
  THEN RAISE EXCEPTION 'mensa:request_amount'; END IF;
  IF NEW.act = 'topup.cash' AND NEW.debit_id IS DISTINCT FROM (
    SELECT id FROM account WHERE name = 'cash')
  THEN RAISE EXCEPTION 'mensa:request_amount'; END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION entry_takes_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.request_id IS NULL THEN
    -- A ledger without users is being set up: there nobody could agree to cash yet.
    IF EXISTS (SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind = 'office')
       AND (NEW.kind <> 'topup' OR EXISTS (SELECT 1 FROM office_user))
    THEN RAISE EXCEPTION 'mensa:needs_two'; END IF;
    RETURN NEW;
  END IF;
  IF NEW.transfers <> 1 OR EXISTS (SELECT 1 FROM entry WHERE request_id = NEW.request_id)
     OR NOT EXISTS (
    SELECT 1 FROM request q JOIN decision d ON d.request_id = q.id AND d.approved = 1
    WHERE q.id = NEW.request_id
      AND NEW.kind = CASE q.act WHEN 'credit.manual' THEN 'correction'
        WHEN 'write_off' THEN 'correction' WHEN 'refund' THEN 'refund'
        WHEN 'topup.cash' THEN 'topup' END
      AND q.pupil_id IS NOT DISTINCT FROM NEW.pupil_id
      AND q.school_id IS NOT DISTINCT FROM NEW.school_id)
  THEN RAISE EXCEPTION 'mensa:needs_two'; END IF;
  RETURN NEW;
END $$;

DROP TRIGGER entry_takes_two ON entry;
CREATE TRIGGER entry_takes_two BEFORE INSERT ON entry FOR EACH ROW
  WHEN (((new.kind = ANY (ARRAY['correction'::text, 'refund'::text, 'topup'::text])) OR (new.request_id IS NOT NULL)))
  EXECUTE FUNCTION entry_takes_two();

-- A list is what two people agreed on: its bytes, how many it names, and what they come to.
CREATE FUNCTION go_live_takes_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM request q JOIN decision d ON d.request_id = q.id AND d.approved = 1
    WHERE q.id = NEW.request_id AND q.act = 'opening.book'
      AND q.detail::json ->> 'digest' = encode(NEW.digest, 'hex')
      AND q.detail::json ->> 'count' = NEW.count::text
      AND q.detail::json ->> 'cents' = NEW.cents::text)
  THEN RAISE EXCEPTION 'mensa:needs_two'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER go_live_takes_two BEFORE INSERT ON go_live
  FOR EACH ROW EXECUTE FUNCTION go_live_takes_two();

CREATE FUNCTION refund_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.act = 'refund'
      AND q.pupil_id IS NOT DISTINCT FROM NEW.pupil_id
      AND coalesce(q.cents::text, q.detail::json ->> 'cents') = NEW.cents::text)
  THEN RAISE EXCEPTION 'mensa:wrong_request'; END IF;
  -- Only to an account that has paid in.
  IF NOT EXISTS (
    SELECT 1 FROM bank_line WHERE id = NEW.line_id AND cents > 0 AND payer IS NOT NULL)
  THEN RAISE EXCEPTION 'mensa:no_payer'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refund_fits BEFORE INSERT ON refund
  FOR EACH ROW EXECUTE FUNCTION refund_fits();

CREATE FUNCTION refund_attempt_takes_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM refund f JOIN decision d ON d.request_id = f.request_id AND d.approved = 1
    WHERE f.id = NEW.refund_id)
  THEN RAISE EXCEPTION 'mensa:needs_two'; END IF;
  -- What was given back to the child, or to suspense, is not paid out as well.
  IF NOT EXISTS (
    SELECT 1 FROM refund f JOIN entry e ON e.request_id = f.request_id
    WHERE f.id = NEW.refund_id AND NOT EXISTS (SELECT 1 FROM entry r WHERE r.reverses = e.id)
  ) AND NOT EXISTS (
    SELECT 1 FROM refund f JOIN standing_allocation s ON s.line_id = f.line_id
    JOIN allocation a ON a.id = s.id
    WHERE f.id = NEW.refund_id AND f.pupil_id IS NULL
      AND a.evidence::json ->> 'request' = f.request_id::text)
  THEN RAISE EXCEPTION 'mensa:refund_not_booked'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refund_attempt_takes_two BEFORE INSERT ON refund_attempt
  FOR EACH ROW EXECUTE FUNCTION refund_attempt_takes_two();
