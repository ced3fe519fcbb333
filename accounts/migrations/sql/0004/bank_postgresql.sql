-- What the bank says moves its account, and nothing else does. A bank origin has three epochs: its
-- lines (1), what became of them (2), and what the account stood at before the first line (3).

CREATE FUNCTION bank_account_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Who moves an account holds the gate in common; so none is moved between this look and the end.
  PERFORM pg_advisory_xact_lock(4210001);
  IF NOT EXISTS (SELECT 1 FROM account WHERE id = NEW.account_id AND kind = 'bank')
     OR NOT EXISTS (SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind = 'bank')
  THEN RAISE EXCEPTION 'mensa:not_a_bank'; END IF;
  -- What was moved by hand before bank lines were kept would be in no statement.
  IF EXISTS (SELECT 1 FROM transfer WHERE debit_id = NEW.account_id)
     OR EXISTS (SELECT 1 FROM transfer WHERE credit_id = NEW.account_id)
     OR EXISTS (SELECT 1 FROM entry WHERE origin_id = NEW.origin_id)
  THEN RAISE EXCEPTION 'mensa:bank_by_hand'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER bank_account_fits BEFORE INSERT ON bank_account
  FOR EACH ROW EXECUTE FUNCTION bank_account_fits();

-- Who keeps lines waits for whoever does, and who says where they belong likewise: so of two at
-- once the second sees the first. The gate comes first, as wherever something is booked.
CREATE FUNCTION bank_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'mensa:isolation'; END IF;
  PERFORM pg_advisory_xact_lock_shared(4210001);
  PERFORM pg_advisory_xact_lock(CASE TG_TABLE_NAME WHEN 'bank_line' THEN 4210005 ELSE 4210006 END);
  RETURN NULL;
END $$;
CREATE TRIGGER bank_line_waits BEFORE INSERT ON bank_line
  FOR EACH STATEMENT EXECUTE FUNCTION bank_waits();
CREATE TRIGGER allocation_waits BEFORE INSERT ON allocation
  FOR EACH STATEMENT EXECUTE FUNCTION bank_waits();

-- A day was over when a statement that reaches it was read. What lies before that statement's eve
-- stood still since the day that was known.
CREATE FUNCTION bank_day_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong text;
BEGIN
  SELECT CASE
      WHEN (r.bank_account_id = NEW.bank_account_id AND NEW.day <= r.last_day
            AND (NEW.day >= r.first_day - 1 OR NEW.closing_cents = (
              SELECT d.closing_cents FROM bank_day d
              WHERE d.bank_account_id = NEW.bank_account_id AND d.day = NEW.day - 1
              ORDER BY d.id DESC LIMIT 1))) IS NOT TRUE THEN 'wrong_reading'
      WHEN NEW.day >= berlin_day(r.at_us) THEN 'unfinished_day' END
    INTO wrong FROM (SELECT NEW.reading_id AS id) n LEFT JOIN bank_reading r ON r.id = n.id;
  IF wrong IS NOT NULL THEN RAISE EXCEPTION USING MESSAGE = 'mensa:' || wrong; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER bank_day_fits BEFORE INSERT ON bank_day
  FOR EACH ROW EXECUTE FUNCTION bank_day_fits();

CREATE FUNCTION bank_numbered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.id := nextval(TG_ARGV[0]::regclass);
  RETURN NEW;
END $$;
CREATE TRIGGER bank_line_numbered BEFORE INSERT ON bank_line
  FOR EACH ROW EXECUTE FUNCTION bank_numbered('bank_line_id_seq');
CREATE TRIGGER allocation_numbered BEFORE INSERT ON allocation
  FOR EACH ROW EXECUTE FUNCTION bank_numbered('allocation_id_seq');

-- Kept and booked in one statement: there is no line whose money has not moved.
CREATE FUNCTION bank_line_books() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET jit = off
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE wrong text; first_open date; suspense bigint; entries bigint[];
BEGIN
  SELECT id INTO suspense FROM account WHERE name = 'suspense';
  SELECT max(open_from) INTO first_open FROM closing;
  SELECT min(CASE
      WHEN suspense IS NULL THEN 'unknown_account'
      WHEN b.id IS NULL THEN 'not_a_bank'
      WHEN (SELECT r.id FROM bank_reading r WHERE r.id = n.reading_id) IS NULL THEN 'reference'
      -- Only a finished day is final.
      WHEN n.day >= berlin_day(n.recorded_us) THEN 'unfinished_day'
      -- What the account stood at counts for the end of its day: lines come after it.
      WHEN (SELECT e.day FROM entry e
            WHERE e.origin_id = b.origin_id AND e.epoch = 3 AND e.seq = 1) >= n.day
        THEN 'before_opening' END)
    INTO wrong FROM news n LEFT JOIN bank_account b ON b.id = n.bank_account_id;
  IF wrong IS NOT NULL THEN RAISE EXCEPTION USING MESSAGE = 'mensa:' || wrong; END IF;
  -- No balance is kept of what a line moves.
  PERFORM set_config('mensa.holds_balances', 'yes', true);
  WITH made AS (
    INSERT INTO entry (id, origin_id, epoch, seq, kind, day, occurred_us, recorded_us, actor,
                       transfers, content, late_on)
      SELECT 0, b.origin_id, 1, n.seq, CASE WHEN n.cents > 0 THEN 'topup' ELSE 'correction' END,
             n.day, berlin_midnight(n.day + 1) - 43200000000, n.recorded_us, n.actor, 1, n.content,
             CASE WHEN n.day < first_open THEN first_open END
      FROM news n JOIN bank_account b ON b.id = n.bank_account_id
      ORDER BY n.bank_account_id, n.seq
    RETURNING id)
  SELECT array_agg(id ORDER BY id) INTO entries FROM made;
  INSERT INTO transfer (id, entry_id, no, debit_id, credit_id, cents)
    SELECT 0, entries[n.place], 1, CASE WHEN n.cents > 0 THEN n.account_id ELSE suspense END,
           CASE WHEN n.cents > 0 THEN suspense ELSE n.account_id END, abs(n.cents)
    FROM (SELECT m.cents, b.account_id,
                 row_number() OVER (ORDER BY m.bank_account_id, m.seq) AS place
          FROM news m JOIN bank_account b ON b.id = m.bank_account_id) n
    ORDER BY n.place;
  RETURN NULL;
END $$;
CREATE TRIGGER bank_line_books AFTER INSERT ON bank_line REFERENCING NEW TABLE AS news
  FOR EACH STATEMENT EXECUTE FUNCTION bank_line_books();

CREATE FUNCTION allocation_books() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET jit = off
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE wrong text; first_open date; suspense bigint; entries bigint[]; returns boolean;
BEGIN
  SELECT id INTO suspense FROM account WHERE name = 'suspense';
  SELECT max(open_from) INTO first_open FROM closing;
  -- All that stands of a line goes its way and is not more than the line.
  SELECT min(CASE
      WHEN suspense IS NULL OR a.id IS NULL THEN 'unknown_account'
      WHEN l.id IS NULL OR l.bank_account_id <> n.bank_account_id THEN 'no_line'
      WHEN n.no <> 1 AND coalesce((
        SELECT p.id FROM allocation p WHERE p.line_id = n.line_id AND p.no = n.no - 1), n.id)
        >= n.id THEN 'gap'
      WHEN a.name <> 'cash' AND a.kind NOT IN (
        'pupil', 'refunds', 'fees', 'interest', 'receivable', 'payable', 'write_off')
        THEN 'allocation_account'
      WHEN a.pupil_id IS DISTINCT FROM n.pupil_id THEN 'one_pupil'
      WHEN (l.cents > 0) <> (n.cents > 0)
        OR abs(l.cents) < (
          SELECT sum(abs(x.cents)) FROM allocation x WHERE x.line_id = n.line_id
            AND (SELECT r.id FROM entry r WHERE r.reverses = (
              SELECT e.id FROM entry e WHERE e.origin_id = b.origin_id AND e.epoch = 2
                AND e.seq = x.seq)) IS NULL) THEN 'over_line' END),
      bool_or(n.of_line_id IS NOT NULL)
    INTO wrong, returns
    FROM news n LEFT JOIN bank_line l ON l.id = n.line_id
    LEFT JOIN bank_account b ON b.id = n.bank_account_id
    LEFT JOIN account a ON a.id = n.account_id;
  IF wrong IS NOT NULL THEN RAISE EXCEPTION USING MESSAGE = 'mensa:' || wrong; END IF;
  -- A line is given back by one other at most, and not more of it than there was.
  IF returns THEN
    SELECT min(CASE
        WHEN o.id IS NULL OR o.bank_account_id <> l.bank_account_id OR o.seq >= l.seq
          OR (o.cents > 0) = (l.cents > 0) THEN 'wrong_return'
        WHEN back.lines > 1 THEN 'returned_twice'
        WHEN back.cents > abs(o.cents) THEN 'wrong_return' END)
      INTO wrong
      FROM news n JOIN bank_line l ON l.id = n.line_id
      LEFT JOIN bank_line o ON o.id = n.of_line_id
      LEFT JOIN LATERAL (
        SELECT count(DISTINCT x.line_id) AS lines, sum(abs(x.cents)) AS cents
        FROM allocation x JOIN bank_account b ON b.id = x.bank_account_id
        WHERE x.of_line_id = n.of_line_id
          AND (SELECT r.id FROM entry r WHERE r.reverses = (
            SELECT e.id FROM entry e WHERE e.origin_id = b.origin_id AND e.epoch = 2
              AND e.seq = x.seq)) IS NULL) back ON true
      WHERE n.of_line_id IS NOT NULL;
    IF wrong IS NOT NULL THEN RAISE EXCEPTION USING MESSAGE = 'mensa:' || wrong; END IF;
  END IF;
  PERFORM 1 FROM balance b WHERE b.account_id IN (SELECT n.account_id FROM news n)
    ORDER BY b.account_id FOR UPDATE;
  PERFORM set_config('mensa.holds_balances', 'yes', true);
  WITH made AS (
    INSERT INTO entry (id, origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                       recorded_us, actor, transfers, content, late_on)
      SELECT 0, b.origin_id, 2, n.seq, n.kind, n.school_id, n.pupil_id, berlin_day(n.at_us),
             n.at_us, n.at_us, n.actor, 1, n.content,
             CASE WHEN berlin_day(n.at_us) < first_open THEN first_open END
      FROM news n JOIN bank_account b ON b.id = n.bank_account_id
      ORDER BY n.bank_account_id, n.seq
    RETURNING id)
  SELECT array_agg(id ORDER BY id) INTO entries FROM made;
  INSERT INTO transfer (id, entry_id, no, debit_id, credit_id, cents)
    SELECT 0, entries[n.place], 1, CASE WHEN n.cents > 0 THEN suspense ELSE n.account_id END,
           CASE WHEN n.cents > 0 THEN n.account_id ELSE suspense END, abs(n.cents)
    FROM (SELECT m.cents, m.account_id,
                 row_number() OVER (ORDER BY m.bank_account_id, m.seq) AS place
          FROM news m) n
    ORDER BY n.place;
  RETURN NULL;
END $$;
CREATE TRIGGER allocation_books AFTER INSERT ON allocation REFERENCING NEW TABLE AS news
  FOR EACH STATEMENT EXECUTE FUNCTION allocation_books();

-- Whose numbers a bank origin's entries are: nobody books in its name. What the bank booked stays as
-- it is; where it belongs may be taken back. What pupils had before is taken over from a list that
-- two people agreed on. Nothing of it is asked where no such entry is among them.
CREATE OR REPLACE FUNCTION entry_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong text; first_open date; from_kiosk boolean; from_others boolean; charges boolean;
  reversals boolean; from_bank boolean; openings boolean;
BEGIN
  PERFORM 1 FROM origin WHERE id IN (SELECT n.origin_id FROM news n) FOR KEY SHARE;
  PERFORM 1 FROM school WHERE id IN (SELECT n.school_id FROM news n) FOR KEY SHARE;
  SELECT max(open_from) INTO first_open FROM closing;
  SELECT min(CASE
      WHEN k.id IS NULL THEN 'reference'
      WHEN n.day <> berlin_day(n.occurred_us) THEN 'wrong_day'
      WHEN n.late_on IS DISTINCT FROM CASE WHEN n.day < first_open THEN first_open END
        THEN 'closed_month'
      WHEN k.kind = 'kiosk' AND k.school_id IS DISTINCT FROM n.school_id THEN 'wrong_school' END),
    bool_or(k.kind = 'kiosk'), bool_or(k.kind <> 'kiosk'), bool_or(n.kind = 'charge'),
    bool_or(n.reverses IS NOT NULL), bool_or(k.kind = 'bank'),
    bool_or(n.kind = 'opening' AND n.pupil_id IS NOT NULL)
    INTO wrong, from_kiosk, from_others, charges, reversals, from_bank, openings
    FROM news n LEFT JOIN origin k ON k.id = n.origin_id;
  IF wrong IS NOT NULL THEN RAISE EXCEPTION USING MESSAGE = 'mensa:' || wrong; END IF;
  -- A kiosk's entry has its fact; every other origin numbers its entries without a gap.
  IF from_kiosk THEN
    PERFORM 1 FROM news n JOIN origin k ON k.id = n.origin_id AND k.kind = 'kiosk'
      WHERE (SELECT f.id FROM fact f LEFT JOIN fact g ON g.origin_id = f.origin_id
               AND g.epoch = f.voids_epoch AND g.seq = f.voids_seq
             WHERE f.origin_id = n.origin_id AND f.epoch = n.epoch AND f.seq = n.seq
               AND f.day = n.day AND f.occurred_us = n.occurred_us
               AND (SELECT q.fact_id FROM quarantine q WHERE q.fact_id = f.id) IS NULL
               AND n.kind = CASE f.kind WHEN 'void' THEN 'reversal' ELSE 'charge' END
               AND n.pupil_id = CASE f.kind WHEN 'void' THEN g.pupil_id ELSE f.pupil_id END
            ) IS NULL;
    IF FOUND THEN RAISE EXCEPTION 'mensa:no_fact'; END IF;
  END IF;
  IF from_others THEN
    PERFORM 1 FROM news n JOIN origin k ON k.id = n.origin_id AND k.kind <> 'kiosk'
      WHERE n.seq <> 1 AND coalesce((
        SELECT p.id FROM entry p WHERE p.origin_id = n.origin_id AND p.epoch = n.epoch
          AND p.seq = n.seq - 1), n.id) >= n.id;
    IF FOUND THEN RAISE EXCEPTION 'mensa:gap'; END IF;
  END IF;
  IF from_bank THEN
    PERFORM 1 FROM news n JOIN origin k ON k.id = n.origin_id AND k.kind = 'bank'
      LEFT JOIN bank_account b ON b.origin_id = n.origin_id
      WHERE n.transfers <> 1 OR (CASE n.epoch
        -- Found by the number alone: of a day there are many, and the day only confirms.
        WHEN 1 THEN (SELECT l.day = n.day AND l.content = n.content AND n.pupil_id IS NULL
          FROM bank_line l WHERE l.bank_account_id = b.id AND l.seq = n.seq)
        WHEN 2 THEN (SELECT a.kind = n.kind AND a.content = n.content
            AND a.pupil_id IS NOT DISTINCT FROM n.pupil_id
          FROM allocation a WHERE a.bank_account_id = b.id AND a.seq = n.seq)
        WHEN 3 THEN b.id IS NOT NULL AND n.seq = 1 AND n.kind = 'opening' AND n.pupil_id IS NULL
          AND NOT EXISTS (SELECT 1 FROM bank_line l WHERE l.bank_account_id = b.id)
        END) IS NOT TRUE;
    IF FOUND THEN RAISE EXCEPTION 'mensa:not_the_bank'; END IF;
  END IF;
  IF charges THEN
    PERFORM 1 FROM news n WHERE n.kind = 'charge' AND (
      SELECT m.id FROM membership m WHERE m.pupil_id = n.pupil_id AND m.school_id = n.school_id
        AND m.valid_from <= n.day AND (m.valid_to IS NULL OR m.valid_to >= n.day)
      LIMIT 1) IS NULL;
    IF FOUND THEN RAISE EXCEPTION 'mensa:not_member'; END IF;
  END IF;
  IF reversals THEN
    PERFORM 1 FROM news n WHERE n.reverses IS NOT NULL AND (
      SELECT o.id FROM entry o WHERE o.id = n.reverses AND o.id < n.id
        AND o.kind <> 'reversal' AND o.transfers = n.transfers
        AND o.pupil_id IS NOT DISTINCT FROM n.pupil_id
        AND o.school_id IS NOT DISTINCT FROM n.school_id) IS NULL;
    IF FOUND THEN RAISE EXCEPTION 'mensa:not_reversible'; END IF;
    IF from_others THEN
      PERFORM 1 FROM news n JOIN entry o ON o.id = n.reverses
        JOIN bank_account b ON b.origin_id = o.origin_id
        WHERE o.epoch <> 2;
      IF FOUND THEN RAISE EXCEPTION 'mensa:line_stands'; END IF;
    END IF;
  END IF;
  IF openings THEN
    PERFORM 1 FROM news n WHERE n.kind = 'opening' AND n.pupil_id IS NOT NULL
      AND (SELECT g.id FROM go_live g WHERE g.at_us = n.recorded_us) IS NULL;
    IF FOUND THEN RAISE EXCEPTION 'mensa:needs_two'; END IF;
  END IF;
  PERFORM 1 FROM news n
    WHERE n.pupil_id IS NOT NULL
        AND (SELECT a.id FROM account a WHERE a.pupil_id = n.pupil_id) IS NULL
      OR n.school_id IS NOT NULL AND (SELECT s.id FROM school s WHERE s.id = n.school_id) IS NULL;
  IF FOUND THEN RAISE EXCEPTION 'mensa:reference'; END IF;
  RETURN NULL;
END $$;

-- A bank account moves by its own origin only, what it stood at with it. Suspense moves by lines and
-- by what became of them, cash also by what two people took in; the kinds of accounts are at hand
-- here already, so whoever moves none of these pays for a comparison.
CREATE OR REPLACE FUNCTION transfer_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong text; later boolean; reversals boolean;
BEGIN
  SELECT min(CASE
      WHEN e.id IS NULL OR n.no > e.transfers THEN 'not_in_entry'
      WHEN debit.id IS NULL OR credit.id IS NULL THEN 'unknown_account'
      WHEN debit.kind = 'pupil' AND debit.pupil_id IS DISTINCT FROM e.pupil_id
        OR credit.kind = 'pupil' AND credit.pupil_id IS DISTINCT FROM e.pupil_id
        OR (debit.kind = 'pupil' OR credit.kind = 'pupil') AND (
          SELECT count(*) FROM balance b WHERE b.account_id IN (debit.id, credit.id))
          <> (debit.kind = 'pupil')::int + (credit.kind = 'pupil')::int THEN 'one_pupil'
      WHEN e.kind = 'charge' AND NOT (debit.kind IN ('pupil', 'receivable')
                                      AND credit.kind IN ('revenue', 'payable'))
        THEN 'charge_accounts'
      WHEN (debit.kind = 'bank' OR credit.kind = 'bank') AND (
          SELECT b.id FROM bank_account b WHERE b.origin_id = e.origin_id
            AND (b.account_id = debit.id
                 AND credit.kind = CASE e.epoch WHEN 1 THEN 'suspense' WHEN 3 THEN 'opening' END
              OR b.account_id = credit.id
                 AND debit.kind = CASE e.epoch WHEN 1 THEN 'suspense' WHEN 3 THEN 'opening' END))
          IS NULL THEN 'bank_by_hand'
      WHEN (debit.kind = 'suspense' OR credit.kind = 'suspense') AND (
          SELECT o.id FROM entry o WHERE o.id = coalesce(e.reverses, e.id) AND (
            (SELECT b.id FROM bank_account b WHERE b.origin_id = o.origin_id) IS NOT NULL AND (
              o.epoch = 2 OR o.epoch = 1 AND 'cash' NOT IN (debit.name, credit.name))
            OR 'suspense' NOT IN (debit.name, credit.name) AND (
              e.reverses IS NOT NULL
              OR (SELECT q.act FROM request q WHERE q.id = o.request_id) = 'topup.cash')))
          IS NULL THEN 'bank_by_hand'
      WHEN e.kind = 'opening' AND debit.kind <> 'bank' AND credit.kind <> 'bank' AND (
          SELECT b.id FROM bank_account b WHERE b.origin_id = e.origin_id) IS NOT NULL
        THEN 'bank_by_hand' END),
    bool_or(n.no > 1), bool_or(e.reverses IS NOT NULL) INTO wrong, later, reversals
    FROM news n LEFT JOIN entry e ON e.id = n.entry_id
    LEFT JOIN account debit ON debit.id = n.debit_id
    LEFT JOIN account credit ON credit.id = n.credit_id;
  IF wrong IS NOT NULL THEN RAISE EXCEPTION USING MESSAGE = 'mensa:' || wrong; END IF;
  IF later THEN
    PERFORM 1 FROM news n WHERE n.no > 1 AND (
      SELECT p.id FROM transfer p WHERE p.entry_id = n.entry_id AND p.no = n.no - 1) IS NULL;
    IF FOUND THEN RAISE EXCEPTION 'mensa:not_in_entry'; END IF;
  END IF;
  IF reversals THEN
    PERFORM 1 FROM news n JOIN entry e ON e.id = n.entry_id AND e.reverses IS NOT NULL
      WHERE (SELECT o.id FROM transfer o WHERE o.entry_id = e.reverses AND o.no = n.no
               AND o.debit_id = n.credit_id AND o.credit_id = n.debit_id
               AND o.cents = n.cents) IS NULL;
    IF FOUND THEN RAISE EXCEPTION 'mensa:not_mirrored'; END IF;
  END IF;
  RETURN NULL;
END $$;

-- A month is open as long as an account that was kept in it is not proved to its end.
-- banks_behind in accounts/open_matters.py asks the same.
CREATE FUNCTION closing_asks_bank() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM bank_account b
    WHERE b.since_us < berlin_midnight(NEW.open_from)
      AND (b.until_us IS NULL OR b.until_us >= berlin_midnight(NEW.open_from))
      AND NOT EXISTS (SELECT 1 FROM bank_day d
                      WHERE d.bank_account_id = b.id AND d.day >= NEW.open_from - 1))
  THEN RAISE EXCEPTION 'mensa:still_open'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER closing_asks_bank BEFORE INSERT ON closing FOR EACH ROW
  WHEN ((new.warnings = '[]'::text)) EXECUTE FUNCTION closing_asks_bank();
