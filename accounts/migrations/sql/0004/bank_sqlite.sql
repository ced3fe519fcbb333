-- What the bank says moves its account, and nothing else does. A bank origin has three epochs: its
-- lines (1), what became of them (2), and what the account stood at before the first line (3).

CREATE TRIGGER bank_account_fits BEFORE INSERT ON bank_account BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only') WHERE EXISTS (
    SELECT 1 FROM bank_account WHERE id = NEW.id OR account_id = NEW.account_id
      OR origin_id = NEW.origin_id OR iban = NEW.iban);
  SELECT RAISE(ABORT, 'mensa:not_a_bank')
    WHERE NOT EXISTS (SELECT 1 FROM account WHERE id = NEW.account_id AND kind = 'bank')
       OR NOT EXISTS (SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind = 'bank');
  -- What was moved by hand before bank lines were kept would be in no statement.
  SELECT RAISE(ABORT, 'mensa:bank_by_hand')
    WHERE EXISTS (SELECT 1 FROM transfer WHERE debit_id = NEW.account_id)
       OR EXISTS (SELECT 1 FROM transfer WHERE credit_id = NEW.account_id)
       OR EXISTS (SELECT 1 FROM entry WHERE origin_id = NEW.origin_id);
END;

CREATE TRIGGER bank_line_fits BEFORE INSERT ON bank_line BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only') WHERE EXISTS (
    SELECT 1 FROM bank_line WHERE id = NEW.id
      OR (bank_account_id = NEW.bank_account_id AND seq = NEW.seq));
  SELECT RAISE(ABORT, 'mensa:known_line') WHERE EXISTS (
    SELECT 1 FROM bank_line
    WHERE bank_account_id = NEW.bank_account_id AND identity = NEW.identity);
  SELECT RAISE(ABORT, 'mensa:not_a_bank')
    WHERE NOT EXISTS (SELECT 1 FROM bank_account WHERE id = NEW.bank_account_id);
  SELECT RAISE(ABORT, 'mensa:not_positive') WHERE NEW.cents = 0;
  -- Only a finished day is final. From the last Sunday of March to that of October midnight is two
  -- hours before that of UTC, else one.
  SELECT RAISE(ABORT, 'mensa:unfinished_day') WHERE NEW.day IS NOT date(NEW.day)
    OR NEW.recorded_us < 1000000 * (strftime('%s', NEW.day, '+1 day') - CASE
      WHEN date(NEW.day, '+1 day') > date(substr(NEW.day, 1, 4) || '-03-25', 'weekday 0')
       AND date(NEW.day, '+1 day') <= date(substr(NEW.day, 1, 4) || '-10-25', 'weekday 0')
      THEN 7200 ELSE 3600 END);
  -- What the account stood at counts for the end of its day: lines come after it.
  SELECT RAISE(ABORT, 'mensa:before_opening') WHERE EXISTS (
    SELECT 1 FROM bank_account b JOIN entry e ON e.origin_id = b.origin_id AND e.epoch = 3
    WHERE b.id = NEW.bank_account_id AND e.day >= NEW.day);
  SELECT RAISE(ABORT, 'mensa:unknown_account')
    WHERE NOT EXISTS (SELECT 1 FROM account WHERE name = 'suspense');
END;

-- A day was over when a statement that reaches it was read. What lies before that statement's eve
-- stood still since the day that was known.
CREATE TRIGGER bank_day_fits BEFORE INSERT ON bank_day BEGIN
  SELECT RAISE(ABORT, 'mensa:unfinished_day') WHERE NEW.day IS NOT date(NEW.day);
  SELECT RAISE(ABORT, 'mensa:wrong_reading') WHERE NOT EXISTS (
    SELECT 1 FROM bank_reading r
    WHERE r.id = NEW.reading_id AND r.bank_account_id = NEW.bank_account_id
      AND NEW.day <= r.last_day
      AND (NEW.day >= date(r.first_day, '-1 day') OR NEW.closing_cents = (
        SELECT d.closing_cents FROM bank_day d
        WHERE d.bank_account_id = NEW.bank_account_id AND d.day = date(NEW.day, '-1 day')
        ORDER BY d.id DESC LIMIT 1)));
  SELECT RAISE(ABORT, 'mensa:unfinished_day') WHERE EXISTS (
    SELECT 1 FROM bank_reading r
    WHERE r.id = NEW.reading_id
      AND r.at_us < 1000000 * (strftime('%s', NEW.day, '+1 day') - CASE
        WHEN date(NEW.day, '+1 day') > date(substr(NEW.day, 1, 4) || '-03-25', 'weekday 0')
         AND date(NEW.day, '+1 day') <= date(substr(NEW.day, 1, 4) || '-10-25', 'weekday 0')
        THEN 7200 ELSE 3600 END));
END;

-- Kept and booked in one statement: there is no line whose money has not moved.
CREATE TRIGGER bank_line_books AFTER INSERT ON bank_line BEGIN
  INSERT INTO entry (origin_id, epoch, seq, kind, day, occurred_us, recorded_us, actor,
                     transfers, content, late_on)
    SELECT b.origin_id, 1, NEW.seq, CASE WHEN NEW.cents > 0 THEN 'topup' ELSE 'correction' END,
           NEW.day,
           -- Noon in Germany.
           1000000 * (strftime('%s', NEW.day) + CASE
             WHEN NEW.day >= date(substr(NEW.day, 1, 4) || '-03-25', 'weekday 0')
              AND NEW.day < date(substr(NEW.day, 1, 4) || '-10-25', 'weekday 0')
             THEN 36000 ELSE 39600 END),
           NEW.recorded_us, NEW.actor, 1, NEW.content,
           (SELECT max(open_from) FROM closing WHERE open_from > NEW.day)
    FROM bank_account b WHERE b.id = NEW.bank_account_id;
  INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)
    SELECT e.id, 1, CASE WHEN NEW.cents > 0 THEN b.account_id ELSE s.id END,
           CASE WHEN NEW.cents > 0 THEN s.id ELSE b.account_id END, abs(NEW.cents)
    FROM bank_account b
    JOIN entry e ON e.origin_id = b.origin_id AND e.epoch = 1 AND e.seq = NEW.seq
    JOIN account s ON s.name = 'suspense'
    WHERE b.id = NEW.bank_account_id;
END;

CREATE TRIGGER allocation_fits BEFORE INSERT ON allocation BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only') WHERE EXISTS (
    SELECT 1 FROM allocation WHERE id = NEW.id
      OR (bank_account_id = NEW.bank_account_id AND seq = NEW.seq)
      OR (line_id = NEW.line_id AND no = NEW.no));
  SELECT RAISE(ABORT, 'mensa:gap') WHERE NEW.no <> 1 + (
    SELECT coalesce(max(no), 0) FROM allocation WHERE line_id = NEW.line_id);
  SELECT RAISE(ABORT, 'mensa:no_line') WHERE NOT EXISTS (
    SELECT 1 FROM bank_line
    WHERE id = NEW.line_id AND bank_account_id = NEW.bank_account_id);
  SELECT RAISE(ABORT, 'mensa:allocation_account') WHERE NOT EXISTS (
    SELECT 1 FROM account WHERE id = NEW.account_id AND (name = 'cash' OR kind IN (
      'pupil', 'refunds', 'fees', 'interest', 'receivable', 'payable', 'write_off')));
  SELECT RAISE(ABORT, 'mensa:one_pupil') WHERE NEW.pupil_id IS NOT (
    SELECT pupil_id FROM account WHERE id = NEW.account_id);
  -- All that stands of a line goes its way and is not more than the line.
  SELECT RAISE(ABORT, 'mensa:over_line') WHERE EXISTS (
    SELECT 1 FROM bank_line l WHERE l.id = NEW.line_id AND (
      (l.cents > 0) <> (NEW.cents > 0) OR NEW.cents = 0
      OR abs(l.cents) < abs(NEW.cents) + abs(coalesce((
        SELECT sum(s.cents) FROM standing_allocation s WHERE s.line_id = l.id), 0))));
  -- A line is given back by one other at most, and not more of it than there was.
  SELECT RAISE(ABORT, 'mensa:wrong_return') WHERE NEW.of_line_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM bank_line l JOIN bank_line o ON o.id = NEW.of_line_id
      AND o.bank_account_id = l.bank_account_id AND o.seq < l.seq AND (o.cents > 0) <> (l.cents > 0)
    WHERE l.id = NEW.line_id AND abs(o.cents) >= abs(NEW.cents) + abs(coalesce((
      SELECT sum(s.cents) FROM standing_allocation s WHERE s.of_line_id = o.id), 0)));
  SELECT RAISE(ABORT, 'mensa:returned_twice') WHERE EXISTS (
    SELECT 1 FROM standing_allocation s
    WHERE s.of_line_id = NEW.of_line_id AND s.line_id <> NEW.line_id);
END;

CREATE TRIGGER allocation_books AFTER INSERT ON allocation BEGIN
  INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                     recorded_us, actor, transfers, content, late_on)
    SELECT b.origin_id, 2, NEW.seq, NEW.kind, NEW.school_id, NEW.pupil_id, d.day, NEW.at_us,
           NEW.at_us, NEW.actor, 1, NEW.content,
           (SELECT max(open_from) FROM closing WHERE open_from > d.day)
    FROM bank_account b, (
      SELECT date(NEW.at_us / 1000000 + CASE
        WHEN NEW.at_us >= 1000000 * (3600 + strftime('%s', date(
               strftime('%Y', NEW.at_us / 1000000, 'unixepoch') || '-03-25', 'weekday 0')))
         AND NEW.at_us < 1000000 * (3600 + strftime('%s', date(
               strftime('%Y', NEW.at_us / 1000000, 'unixepoch') || '-10-25', 'weekday 0')))
        THEN 7200 ELSE 3600 END, 'unixepoch') AS day) d
    WHERE b.id = NEW.bank_account_id;
  INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)
    SELECT e.id, 1, CASE WHEN NEW.cents > 0 THEN s.id ELSE NEW.account_id END,
           CASE WHEN NEW.cents > 0 THEN NEW.account_id ELSE s.id END, abs(NEW.cents)
    FROM bank_account b
    JOIN entry e ON e.origin_id = b.origin_id AND e.epoch = 2 AND e.seq = NEW.seq
    JOIN account s ON s.name = 'suspense'
    WHERE b.id = NEW.bank_account_id;
END;

-- Whose numbers a bank origin's entries are: nobody books in its name. As elsewhere, what was booked
-- is answered as it was, whichever guard comes first.
CREATE TRIGGER entry_of_bank BEFORE INSERT ON entry
WHEN (SELECT kind FROM origin WHERE id = NEW.origin_id) = 'bank' BEGIN
  SELECT RAISE(ABORT, 'mensa:key_used') WHERE EXISTS (
    SELECT 1 FROM entry WHERE origin_id = NEW.origin_id AND epoch = NEW.epoch AND seq = NEW.seq);
  SELECT RAISE(ABORT, 'mensa:not_the_bank') WHERE NEW.transfers <> 1 OR NOT EXISTS (
    SELECT 1 FROM bank_account b WHERE b.origin_id = NEW.origin_id AND CASE NEW.epoch
      WHEN 1 THEN EXISTS (
        SELECT 1 FROM bank_line l WHERE l.bank_account_id = b.id AND l.seq = NEW.seq
          AND l.day = NEW.day AND l.content = NEW.content AND NEW.pupil_id IS NULL)
      WHEN 2 THEN EXISTS (
        SELECT 1 FROM allocation a WHERE a.bank_account_id = b.id AND a.seq = NEW.seq
          AND a.kind = NEW.kind AND a.content = NEW.content AND a.pupil_id IS NEW.pupil_id)
      WHEN 3 THEN NEW.seq = 1 AND NEW.kind = 'opening' AND NEW.pupil_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM bank_line l WHERE l.bank_account_id = b.id)
      ELSE 0 END);
END;

-- What the bank booked stays as it is; where it belongs may be taken back.
CREATE TRIGGER entry_takes_no_line_back BEFORE INSERT ON entry WHEN NEW.reverses IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'mensa:key_used') WHERE EXISTS (
    SELECT 1 FROM entry WHERE origin_id = NEW.origin_id AND epoch = NEW.epoch AND seq = NEW.seq);
  SELECT RAISE(ABORT, 'mensa:line_stands') WHERE EXISTS (
    SELECT 1 FROM entry o JOIN bank_account b ON b.origin_id = o.origin_id
    WHERE o.id = NEW.reverses AND o.epoch <> 2);
END;

-- Suspense moves by lines and by what became of them, cash also by what two people took in.
CREATE TRIGGER transfer_of_bank BEFORE INSERT ON transfer
WHEN (SELECT kind FROM account WHERE id = NEW.debit_id) IN ('bank', 'suspense')
  OR (SELECT kind FROM account WHERE id = NEW.credit_id) IN ('bank', 'suspense') BEGIN
  SELECT RAISE(ABORT, 'mensa:bank_by_hand') WHERE EXISTS (
    SELECT 1 FROM account WHERE id IN (NEW.debit_id, NEW.credit_id) AND kind = 'bank'
  ) AND NOT EXISTS (
    SELECT 1 FROM entry e JOIN bank_account b ON b.origin_id = e.origin_id
    JOIN account other ON other.id = CASE b.account_id
      WHEN NEW.debit_id THEN NEW.credit_id WHEN NEW.credit_id THEN NEW.debit_id END
    WHERE e.id = NEW.entry_id
      AND other.kind = CASE e.epoch WHEN 1 THEN 'suspense' WHEN 3 THEN 'opening' END);
  SELECT RAISE(ABORT, 'mensa:bank_by_hand') WHERE EXISTS (
    SELECT 1 FROM account a
    WHERE a.id IN (NEW.debit_id, NEW.credit_id) AND a.kind = 'suspense' AND NOT EXISTS (
      SELECT 1 FROM entry e JOIN entry o ON o.id = coalesce(e.reverses, e.id)
      WHERE e.id = NEW.entry_id AND (
        EXISTS (SELECT 1 FROM bank_account b WHERE b.origin_id = o.origin_id)
          AND (o.epoch = 2 OR o.epoch = 1 AND a.name <> 'cash')
        OR a.name <> 'suspense' AND (
          e.reverses IS NOT NULL
          OR (SELECT q.act FROM request q WHERE q.id = o.request_id) = 'topup.cash'))));
END;

-- What pupils had before is taken over from a list that two people agreed on; what a bank account
-- stood at moves that account.
CREATE TRIGGER entry_opens BEFORE INSERT ON entry
WHEN NEW.kind = 'opening' AND NEW.pupil_id IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'mensa:key_used') WHERE EXISTS (
    SELECT 1 FROM entry WHERE origin_id = NEW.origin_id AND epoch = NEW.epoch AND seq = NEW.seq);
  SELECT RAISE(ABORT, 'mensa:needs_two') WHERE NOT EXISTS (
    SELECT 1 FROM go_live WHERE at_us = NEW.recorded_us);
END;

CREATE TRIGGER transfer_opens BEFORE INSERT ON transfer
WHEN (SELECT kind FROM entry WHERE id = NEW.entry_id) = 'opening' BEGIN
  SELECT RAISE(ABORT, 'mensa:bank_by_hand') WHERE EXISTS (
    SELECT 1 FROM entry e JOIN bank_account b ON b.origin_id = e.origin_id
    WHERE e.id = NEW.entry_id AND b.account_id NOT IN (NEW.debit_id, NEW.credit_id));
END;

-- A month is open as long as an account that was kept in it is not proved to its end.
-- banks_behind in accounts/open_matters.py asks the same. On the first of April to October Germany
-- is two hours ahead of UTC, else one.
CREATE TRIGGER closing_asks_bank BEFORE INSERT ON closing
WHEN CASE WHEN json_valid(NEW.warnings) THEN json_array_length(NEW.warnings) END = 0 BEGIN
  SELECT RAISE(ABORT, 'mensa:still_open') WHERE EXISTS (
    SELECT 1 FROM bank_account b,
      (SELECT 1000000 * (strftime('%s', NEW.open_from)
                - CASE WHEN substr(NEW.open_from, 6, 2) BETWEEN '04' AND '10'
                  THEN 7200 ELSE 3600 END) AS ends) m
    WHERE b.since_us < m.ends AND (b.until_us IS NULL OR b.until_us >= m.ends)
      AND NOT EXISTS (SELECT 1 FROM bank_day d WHERE d.bank_account_id = b.id
                      AND d.day >= date(NEW.open_from, '-1 day')));
END;
