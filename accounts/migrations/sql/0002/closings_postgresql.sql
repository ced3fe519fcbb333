-- Closed months (Festschreibung). A refusal's text begins with "mensa:" and a code.

-- Every transfer with the day on which it counts.
CREATE VIEW accounting AS
SELECT e.id AS entry_id, coalesce(e.late_on, e.day) AS day, t.no, t.debit_id, t.credit_id, t.cents
FROM entry e CROSS JOIN transfer t WHERE t.entry_id = e.id;

CREATE TRIGGER closing_no_change BEFORE UPDATE OR DELETE ON closing
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER closing_no_truncate BEFORE TRUNCATE ON closing
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE TRIGGER closing_sum_no_change BEFORE UPDATE OR DELETE ON closing_sum
  FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER closing_sum_no_truncate BEFORE TRUNCATE ON closing_sum
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- The first moment of a day in Germany, in microseconds.
CREATE FUNCTION berlin_midnight(that_day date) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT extract(epoch FROM that_day::timestamp AT TIME ZONE 'Europe/Berlin')::bigint * 1000000 $$;

CREATE FUNCTION closing_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE first_day date; first_open date; newest bigint; sealed bigint;
  month_entries bigint; month_transfers bigint; month_cents numeric;
BEGIN
  -- An older view would not see what was booked before the gate was held.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'mensa:isolation'; END IF;
  PERFORM pg_advisory_xact_lock(4210001);
  IF NEW.month !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' THEN RAISE EXCEPTION 'mensa:bad_month'; END IF;
  first_day := (NEW.month || '-01')::date;
  IF NEW.open_from IS DISTINCT FROM (first_day + interval '1 month')::date
  THEN RAISE EXCEPTION 'mensa:bad_month'; END IF;
  SELECT max(open_from), coalesce(max(id), 0) INTO first_open, newest FROM closing;
  IF first_day <> first_open OR NEW.id <> newest + 1
  THEN RAISE EXCEPTION 'mensa:month_order'; END IF;
  IF NEW.at_us < berlin_midnight(NEW.open_from)
  THEN RAISE EXCEPTION 'mensa:month_not_over'; END IF;
  IF jsonb_typeof(NEW.warnings::jsonb) <> 'array' THEN
    RAISE EXCEPTION 'mensa:bad_warnings'; END IF;
  -- kiosks_behind in accounts/closings.py asks the same.
  IF jsonb_array_length(NEW.warnings::jsonb) = 0 AND EXISTS (
    SELECT 1 FROM origin k LEFT JOIN kiosk_seen s ON s.origin_id = k.id
    WHERE k.kind = 'kiosk' AND k.enrolled_us < berlin_midnight(NEW.open_from)
      AND (k.revoked_us IS NULL OR k.revoked_us >= berlin_midnight(first_day))
      AND (s.at_us IS NULL OR s.at_us < berlin_midnight(NEW.open_from) OR s.waiting > 0))
  THEN RAISE EXCEPTION 'mensa:still_open'; END IF;
  IF jsonb_array_length(NEW.warnings::jsonb) > 0 AND NEW.request_id IS NULL
  THEN RAISE EXCEPTION 'mensa:needs_two'; END IF;
  IF NEW.request_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM request r WHERE r.id = NEW.request_id AND r.act = 'month.close'
      AND r.detail::jsonb ->> 'month' = NEW.month)
  THEN RAISE EXCEPTION 'mensa:wrong_request'; END IF;
  IF NEW.last_entry_id IS DISTINCT FROM (SELECT coalesce(max(id), 0) FROM entry)
  THEN RAISE EXCEPTION 'mensa:wrong_counts'; END IF;
  -- Accounts may be opened meanwhile; without a transfer they stand at nothing.
  IF NEW.last_account_id <> 0
       AND NOT EXISTS (SELECT 1 FROM account WHERE id = NEW.last_account_id)
     OR EXISTS (SELECT 1 FROM transfer WHERE debit_id > NEW.last_account_id)
     OR EXISTS (SELECT 1 FROM transfer WHERE credit_id > NEW.last_account_id)
  THEN RAISE EXCEPTION 'mensa:wrong_counts'; END IF;
  SELECT coalesce(max(last_id), 0) INTO sealed FROM stretch WHERE name = 'entry';
  IF NEW.seal_id IS DISTINCT FROM (SELECT max(id) FROM seal) OR sealed < NEW.last_entry_id
  THEN RAISE EXCEPTION 'mensa:not_sealed'; END IF;
  SELECT count(*) FILTER (WHERE no = 1), count(*), coalesce(sum(cents), 0)
    INTO month_entries, month_transfers, month_cents
    FROM accounting WHERE day >= first_day AND day < NEW.open_from;
  IF (NEW.entries, NEW.transfers, NEW.cents)
     IS DISTINCT FROM (month_entries, month_transfers, month_cents)
  THEN RAISE EXCEPTION 'mensa:wrong_counts'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER closing_fits BEFORE INSERT ON closing
  FOR EACH ROW EXECUTE FUNCTION closing_fits();

-- The sums are the database's own: those of the closing before and what moved since.
CREATE FUNCTION closing_sums() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO closing_sum (closing_id, account_id, cents)
    SELECT NEW.id, a.id, coalesce(moved.cents, 0) FROM account a LEFT JOIN (
      SELECT account_id, sum(cents) AS cents FROM (
      SELECT account_id, cents FROM closing_sum WHERE closing_id = NEW.id - 1
      UNION ALL
      SELECT CASE s.sign WHEN 1 THEN m.credit_id ELSE m.debit_id END, s.sign * m.cents
      FROM accounting m CROSS JOIN (SELECT 1 AS sign UNION ALL SELECT -1) s
      WHERE m.day < NEW.open_from
        AND (NEW.id = 1 OR m.day >= (NEW.month || '-01')::date)
      ) rows GROUP BY account_id) moved ON moved.account_id = a.id
    WHERE a.id <= NEW.last_account_id ORDER BY a.id;
  RETURN NULL;
END $$;
CREATE TRIGGER closing_sums AFTER INSERT ON closing
  FOR EACH ROW EXECUTE FUNCTION closing_sums();

-- A closing's sums come in one statement, up to the last one: so there is none before or after.
CREATE FUNCTION closing_sum_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM (SELECT closing_id, count(*) AS rows, max(account_id) AS last
                   FROM added GROUP BY closing_id) a
    LEFT JOIN closing c ON c.id = a.closing_id
    WHERE c.last_account_id IS DISTINCT FROM a.last
       OR a.rows <> (SELECT count(*) FROM closing_sum s WHERE s.closing_id = a.closing_id))
  THEN RAISE EXCEPTION 'mensa:not_in_closing'; END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER closing_sum_fits AFTER INSERT ON closing_sum REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION closing_sum_fits();
