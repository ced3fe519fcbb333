-- Closed months (Festschreibung). A refusal's text begins with "mensa:" and a code.

-- Every transfer with the day on which it counts.
CREATE VIEW accounting AS
SELECT e.id AS entry_id, coalesce(e.late_on, e.day) AS day, t.no, t.debit_id, t.credit_id, t.cents
FROM entry e CROSS JOIN transfer t WHERE t.entry_id = e.id;

CREATE TRIGGER closing_no_update BEFORE UPDATE ON closing
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER closing_no_delete BEFORE DELETE ON closing
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER closing_sum_no_update BEFORE UPDATE ON closing_sum
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER closing_sum_no_delete BEFORE DELETE ON closing_sum
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

CREATE TRIGGER closing_fits BEFORE INSERT ON closing BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only') WHERE EXISTS (
    SELECT 1 FROM closing
    WHERE id = NEW.id OR month = NEW.month OR request_id = NEW.request_id);
  SELECT RAISE(ABORT, 'mensa:bad_month')
    WHERE NEW.month IS NOT strftime('%Y-%m', NEW.month || '-01')
       OR NEW.open_from IS NOT date(NEW.month || '-01', '+1 month');
  SELECT RAISE(ABORT, 'mensa:month_order') WHERE NEW.open_from IS NOT (
    SELECT coalesce(date(max(open_from), '+1 month'), NEW.open_from) FROM closing);
  -- On the first of April to October Germany is two hours ahead of UTC, else one.
  SELECT RAISE(ABORT, 'mensa:month_not_over') WHERE NEW.at_us < 1000000 * (
    strftime('%s', NEW.open_from)
    - CASE WHEN substr(NEW.open_from, 6, 2) BETWEEN '04' AND '10' THEN 7200 ELSE 3600 END);
  SELECT RAISE(ABORT, 'mensa:bad_warnings')
    WHERE CASE WHEN json_valid(NEW.warnings) THEN json_type(NEW.warnings) END IS NOT 'array';
  -- kiosks_behind in accounts/closings.py asks the same.
  SELECT RAISE(ABORT, 'mensa:still_open') WHERE json_array_length(NEW.warnings) = 0 AND EXISTS (
    SELECT 1 FROM origin k LEFT JOIN kiosk_seen s ON s.origin_id = k.id,
      (SELECT 1000000 * (strftime('%s', NEW.month || '-01')
                - CASE WHEN substr(NEW.month, 6, 2) BETWEEN '04' AND '10'
                  THEN 7200 ELSE 3600 END) AS begins,
              1000000 * (strftime('%s', NEW.open_from)
                - CASE WHEN substr(NEW.open_from, 6, 2) BETWEEN '04' AND '10'
                  THEN 7200 ELSE 3600 END) AS ends) m
    WHERE k.kind = 'kiosk' AND k.enrolled_us < m.ends
      AND (k.revoked_us IS NULL OR k.revoked_us >= m.begins)
      AND (s.at_us IS NULL OR s.at_us < m.ends OR s.waiting > 0));
  SELECT RAISE(ABORT, 'mensa:needs_two')
    WHERE json_array_length(NEW.warnings) > 0 AND NEW.request_id IS NULL;
  SELECT RAISE(ABORT, 'mensa:wrong_request') WHERE NEW.request_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM request r WHERE r.id = NEW.request_id AND r.act = 'month.close'
      AND CASE WHEN json_valid(r.detail) THEN r.detail ->> '$.month' END = NEW.month);
  SELECT RAISE(ABORT, 'mensa:wrong_counts') WHERE NEW.last_entry_id IS NOT (
    SELECT coalesce(max(id), 0) FROM entry);
  SELECT RAISE(ABORT, 'mensa:wrong_counts') WHERE NEW.last_account_id IS NOT (
    SELECT coalesce(max(id), 0) FROM account);
  SELECT RAISE(ABORT, 'mensa:not_sealed') WHERE NEW.seal_id IS NOT (SELECT max(id) FROM seal)
    OR NEW.last_entry_id > (SELECT coalesce(max(last_id), 0) FROM stretch WHERE name = 'entry');
  SELECT RAISE(ABORT, 'mensa:wrong_counts') FROM (
    SELECT coalesce(sum(no = 1), 0) AS entries, count(*) AS transfers,
           coalesce(sum(cents), 0) AS cents
    FROM accounting WHERE day >= NEW.month || '-01' AND day < NEW.open_from) m
    WHERE m.entries IS NOT NEW.entries OR m.transfers IS NOT NEW.transfers
       OR m.cents IS NOT NEW.cents;
END;

-- The sums are the database's own: those of the closing before and what moved since.
CREATE TRIGGER closing_sums AFTER INSERT ON closing BEGIN
  SELECT RAISE(ABORT, 'mensa:month_order') WHERE NEW.id <> 1 + (
    SELECT coalesce(max(id), 0) FROM closing WHERE id <> NEW.id);
  INSERT INTO closing_sum (closing_id, account_id, cents)
    SELECT NEW.id, a.id, coalesce(moved.cents, 0) FROM account a LEFT JOIN (
      SELECT account_id, sum(cents) AS cents FROM (
      SELECT account_id, cents FROM closing_sum WHERE closing_id = NEW.id - 1
      UNION ALL
      SELECT CASE s.sign WHEN 1 THEN m.credit_id ELSE m.debit_id END, s.sign * m.cents
      FROM accounting m CROSS JOIN (SELECT 1 AS sign UNION ALL SELECT -1) s
      WHERE m.day < NEW.open_from AND (NEW.id = 1 OR m.day >= NEW.month || '-01')
      ) GROUP BY account_id) moved ON moved.account_id = a.id
    ORDER BY a.id;
END;

-- They are written in order, up to the last one: so there is none before or after.
CREATE TRIGGER closing_sum_fits BEFORE INSERT ON closing_sum BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only') WHERE EXISTS (
    SELECT 1 FROM closing_sum
    WHERE closing_id = NEW.closing_id AND account_id = NEW.account_id);
  SELECT RAISE(ABORT, 'mensa:not_in_closing') WHERE NOT EXISTS (
    SELECT 1 FROM closing WHERE id = NEW.closing_id AND last_account_id >= NEW.account_id)
    OR NEW.account_id <= (
      SELECT coalesce(max(account_id), 0) FROM closing_sum WHERE closing_id = NEW.closing_id);
END;
