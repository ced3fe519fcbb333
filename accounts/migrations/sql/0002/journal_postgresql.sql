-- The journal's guards once more: closed months, requests, and whole sets judged at once.
-- A guard is a trigger of the statement and looks at all its rows together, whoever wrote them.
-- Each looks rows up one by one by their keys: a plan is kept for sets of one and of a thousand
-- alike, so it may not depend on how many there were when it was made.

-- Entries and facts get their numbers behind the gate: who closes a month or seals holds it alone
-- and then sees every row whose number is smaller than those to come. In other isolation levels
-- than the usual one a guard would look at an old picture.
CREATE FUNCTION waits_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'mensa:isolation'; END IF;
  PERFORM pg_advisory_xact_lock_shared(4210001);
  RETURN NULL;
END $$;
CREATE TRIGGER entry_waits BEFORE INSERT ON entry
  FOR EACH STATEMENT EXECUTE FUNCTION waits_at_gate();
CREATE TRIGGER fact_waits BEFORE INSERT ON fact
  FOR EACH STATEMENT EXECUTE FUNCTION waits_at_gate();

CREATE FUNCTION entry_numbered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.id := nextval('entry_id_seq');
  RETURN NEW;
END $$;
CREATE TRIGGER entry_numbered BEFORE INSERT ON entry
  FOR EACH ROW EXECUTE FUNCTION entry_numbered();

CREATE FUNCTION fact_numbered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.id := nextval('fact_id_seq');
  RETURN NEW;
END $$;
CREATE TRIGGER fact_numbered BEFORE INSERT ON fact
  FOR EACH ROW EXECUTE FUNCTION fact_numbered();

-- What each meal's rows name is looked up by the guards for a whole set: as foreign keys, asked
-- row by row, the same questions are a quarter of what a set costs. Accounts, entries and facts
-- stay for ever by their own guards, and with its account a pupil. An origin, school, offer or
-- tariff is locked while a row that names it is written, and stays once it is named.
ALTER TABLE fact DROP CONSTRAINT fk_fact_origin_id;
ALTER TABLE entry DROP CONSTRAINT fk_entry_origin_id;
ALTER TABLE entry DROP CONSTRAINT fk_entry_school_id;
ALTER TABLE entry DROP CONSTRAINT fk_entry_pupil_id;
ALTER TABLE transfer DROP CONSTRAINT fk_transfer_entry_id;
ALTER TABLE transfer DROP CONSTRAINT fk_transfer_debit_id;
ALTER TABLE transfer DROP CONSTRAINT fk_transfer_credit_id;
ALTER TABLE line DROP CONSTRAINT fk_line_entry_id;
ALTER TABLE line DROP CONSTRAINT fk_line_offer_id;
ALTER TABLE line DROP CONSTRAINT fk_line_tariff_id;

CREATE FUNCTION named_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN RAISE EXCEPTION 'mensa:reference'; END IF;
  IF TG_OP = 'UPDATE' AND NEW.id = OLD.id THEN RETURN NEW; END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'mensa:isolation'; END IF;
  IF (CASE TG_TABLE_NAME
    WHEN 'origin' THEN EXISTS (SELECT 1 FROM entry WHERE origin_id = OLD.id)
      OR EXISTS (SELECT 1 FROM fact WHERE origin_id = OLD.id)
    WHEN 'school' THEN EXISTS (SELECT 1 FROM entry WHERE school_id = OLD.id)
    WHEN 'offer' THEN EXISTS (SELECT 1 FROM line WHERE offer_id = OLD.id)
    ELSE EXISTS (SELECT 1 FROM line WHERE tariff_id = OLD.id) END)
  THEN RAISE EXCEPTION 'mensa:reference'; END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER origin_stays BEFORE DELETE OR UPDATE ON origin
  FOR EACH ROW EXECUTE FUNCTION named_stays();
CREATE TRIGGER origin_stays_whole BEFORE TRUNCATE ON origin
  FOR EACH STATEMENT EXECUTE FUNCTION named_stays();
CREATE TRIGGER school_stays BEFORE DELETE OR UPDATE ON school
  FOR EACH ROW EXECUTE FUNCTION named_stays();
CREATE TRIGGER school_stays_whole BEFORE TRUNCATE ON school
  FOR EACH STATEMENT EXECUTE FUNCTION named_stays();
CREATE TRIGGER offer_stays BEFORE DELETE OR UPDATE ON offer
  FOR EACH ROW EXECUTE FUNCTION named_stays();
CREATE TRIGGER offer_stays_whole BEFORE TRUNCATE ON offer
  FOR EACH STATEMENT EXECUTE FUNCTION named_stays();
CREATE TRIGGER tariff_stays BEFORE DELETE OR UPDATE ON tariff
  FOR EACH ROW EXECUTE FUNCTION named_stays();
CREATE TRIGGER tariff_stays_whole BEFORE TRUNCATE ON tariff
  FOR EACH STATEMENT EXECUTE FUNCTION named_stays();

DROP TRIGGER entry_fits ON entry;
CREATE OR REPLACE FUNCTION entry_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong text; first_open date; from_kiosk boolean; from_others boolean; charges boolean;
  reversals boolean;
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
    bool_or(n.reverses IS NOT NULL)
    INTO wrong, from_kiosk, from_others, charges, reversals
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
  END IF;
  PERFORM 1 FROM news n
    WHERE n.pupil_id IS NOT NULL
        AND (SELECT a.id FROM account a WHERE a.pupil_id = n.pupil_id) IS NULL
      OR n.school_id IS NOT NULL AND (SELECT s.id FROM school s WHERE s.id = n.school_id) IS NULL;
  IF FOUND THEN RAISE EXCEPTION 'mensa:reference'; END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER entry_fits AFTER INSERT ON entry REFERENCING NEW TABLE AS news
  FOR EACH STATEMENT EXECUTE FUNCTION entry_fits();

-- The balance rows are locked before a transfer gets its number, so the numbers of one account's
-- transfers rise in the order in which its balance moves. Who holds them already says so: a lie
-- leads to a refusal, because a balance only ever moves forward.
CREATE FUNCTION transfer_numbered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('mensa.holds_balances', true) IS DISTINCT FROM 'yes' THEN
    PERFORM 1 FROM balance WHERE account_id IN (NEW.debit_id, NEW.credit_id)
      ORDER BY account_id FOR UPDATE;
  END IF;
  NEW.id := nextval('transfer_id_seq');
  RETURN NEW;
END $$;
CREATE TRIGGER transfer_numbered BEFORE INSERT ON transfer
  FOR EACH ROW EXECUTE FUNCTION transfer_numbered();

DROP TRIGGER transfer_fits ON transfer;
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
        THEN 'charge_accounts' END),
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
CREATE TRIGGER transfer_fits AFTER INSERT ON transfer REFERENCING NEW TABLE AS news
  FOR EACH STATEMENT EXECUTE FUNCTION transfer_fits();

DROP TRIGGER transfer_moves ON transfer;
CREATE OR REPLACE FUNCTION transfer_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE balance b SET cents = b.cents + moved.cents, transfer_id = moved.last
    FROM (SELECT p.account_id, sum(p.cents)::bigint AS cents, max(p.id) AS last
          FROM (SELECT n.debit_id AS account_id, -n.cents AS cents, n.id FROM news n
                UNION ALL SELECT n.credit_id, n.cents, n.id FROM news n) p
          GROUP BY p.account_id) moved
    WHERE b.account_id = moved.account_id;
  RETURN NULL;
END $$;
CREATE TRIGGER transfer_moves AFTER INSERT ON transfer REFERENCING NEW TABLE AS news
  FOR EACH STATEMENT EXECUTE FUNCTION transfer_moves();

DROP TRIGGER line_fits ON line;
CREATE OR REPLACE FUNCTION line_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM offer WHERE id IN (SELECT n.offer_id FROM news n) FOR KEY SHARE;
  PERFORM 1 FROM tariff WHERE id IN (SELECT n.tariff_id FROM news n) FOR KEY SHARE;
  PERFORM 1 FROM news n
    WHERE (SELECT o.id FROM offer o WHERE o.id = n.offer_id) IS NULL
       OR (SELECT t.id FROM tariff t WHERE t.id = n.tariff_id) IS NULL;
  IF FOUND THEN RAISE EXCEPTION 'mensa:reference'; END IF;
  PERFORM 1 FROM news n
    WHERE (SELECT e.id FROM entry e
           WHERE e.id = n.entry_id AND e.kind = 'charge' AND n.no <= e.lines) IS NULL
       OR n.no <> 1 AND (SELECT p.no FROM line p
                         WHERE p.entry_id = n.entry_id AND p.no = n.no - 1) IS NULL;
  IF FOUND THEN RAISE EXCEPTION 'mensa:not_in_entry'; END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER line_fits AFTER INSERT ON line REFERENCING NEW TABLE AS news
  FOR EACH STATEMENT EXECUTE FUNCTION line_fits();

-- A balance follows its transfers, all that are newer than the last one it followed.
DROP TRIGGER balance_follows ON balance;
CREATE OR REPLACE FUNCTION balance_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM olds o LEFT JOIN balance b ON b.account_id = o.account_id
    LEFT JOIN LATERAL (
      SELECT sum(p.cents) AS cents, max(p.id) AS last
      FROM (SELECT -t.cents AS cents, t.id FROM transfer t
            WHERE t.debit_id = o.account_id AND t.id > o.transfer_id
            UNION ALL SELECT t.cents, t.id FROM transfer t
            WHERE t.credit_id = o.account_id AND t.id > o.transfer_id) p) moved ON true
    WHERE (b.cents = o.cents + moved.cents AND b.transfer_id = moved.last) IS NOT TRUE;
  IF FOUND THEN RAISE EXCEPTION 'mensa:balance_by_hand'; END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER balance_follows AFTER UPDATE ON balance REFERENCING OLD TABLE AS olds
  FOR EACH STATEMENT EXECUTE FUNCTION balance_follows();

-- A kiosk's facts come in order, without a gap, and stay.
DROP TRIGGER fact_fits ON fact;
CREATE OR REPLACE FUNCTION fact_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong text;
BEGIN
  PERFORM 1 FROM origin WHERE id IN (SELECT n.origin_id FROM news n) FOR KEY SHARE;
  SELECT judged.code INTO wrong FROM (
    SELECT n.id, CASE
      WHEN n.seq <> 1 AND coalesce((
        SELECT p.id FROM fact p WHERE p.origin_id = n.origin_id AND p.epoch = n.epoch
          AND p.seq = n.seq - 1), n.id) >= n.id THEN 'gap'
      WHEN k.kind IS DISTINCT FROM 'kiosk' THEN 'not_a_kiosk'
      WHEN n.day <> berlin_day(n.occurred_us) THEN 'wrong_day'
      END AS code
    FROM news n LEFT JOIN origin k ON k.id = n.origin_id) judged
  WHERE judged.code IS NOT NULL ORDER BY judged.id LIMIT 1;
  IF wrong IS NOT NULL THEN RAISE EXCEPTION USING MESSAGE = 'mensa:' || wrong; END IF;
  RETURN NULL;
END $$;

-- One business after the other: a void comes after what it voids, and of one child's facts each
-- is judged when those before it are booked. So facts are booked in rounds, in each at most one
-- fact of a child. Only where a kiosk's daily cap might be reached within the set does the order
-- between children matter, and then every fact is a round of its own.
-- The views name their joins in the order that starts from the fact. Searching for a better one
-- costs 0.4 s a statement and session; one plan for all facts is as good.
CREATE OR REPLACE FUNCTION fact_books() RETURNS trigger LANGUAGE plpgsql
SET join_collapse_limit = 1 SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
  ids bigint[]; kinds text[]; rounds bigint[]; charges bigint[]; voids bigint[];
  eaten fact_line[]; put_aside bigint; one_by_one boolean := false; first_open date;
BEGIN
  -- Two kiosks may report the same child at once: the second is judged when the first is booked.
  PERFORM 1 FROM balance b WHERE b.account_id IN (
      SELECT a.id FROM account a WHERE a.pupil_id IN (
        SELECT n.pupil_id FROM news n
        UNION SELECT g.pupil_id FROM news n JOIN fact g ON g.origin_id = n.origin_id
          AND g.epoch = n.voids_epoch AND g.seq = n.voids_seq))
    ORDER BY b.account_id FOR UPDATE;
  PERFORM set_config('mensa.holds_balances', 'yes', true);
  SELECT max(open_from) INTO first_open FROM closing;

  -- What a charge's time, kiosk and child say hangs on no other fact.
  INSERT INTO quarantine (fact_id, reason)
    SELECT a.fact_id, a.verdict FROM news n, LATERAL (
      SELECT s.* FROM fact_standing s WHERE s.fact_id = n.id OFFSET 0) a
    WHERE n.kind = 'charge' AND a.verdict <> 'book' ORDER BY n.id;
  SELECT array_agg(r.id ORDER BY r.id), array_agg(r.kind ORDER BY r.id),
         array_agg(r.round ORDER BY r.id)
    INTO ids, kinds, rounds
    FROM (SELECT n.id, n.kind, row_number() OVER (
            PARTITION BY coalesce(n.charged, g.pupil_id, -n.id) ORDER BY n.id) AS round
          FROM (SELECT m.*, CASE m.kind WHEN 'charge' THEN m.pupil_id END AS charged
                FROM news m) n
          LEFT JOIN fact g ON n.kind = 'void' AND g.origin_id = n.origin_id
            AND g.epoch = n.voids_epoch AND g.seq = n.voids_seq
          WHERE (SELECT q.fact_id FROM quarantine q WHERE q.fact_id = n.id) IS NULL) r;
  IF cardinality(ids) > 1 THEN
    -- At most what was eaten is worth, at the highest price of each offer.
    one_by_one := EXISTS (
      SELECT 1 FROM (
        SELECT w.origin_id, w.day, sum(w.quantity * (
            SELECT max(q.price_cents) FROM price q WHERE q.offer_id = w.offer_id)) AS worth
        FROM (SELECT tray.origin_id, tray.day, (i.item ->> 0)::bigint AS offer_id,
                     (i.item ->> 1)::bigint * tray.times AS quantity
              FROM (SELECT f.origin_id, f.day, f.items, count(*) AS times
                    FROM unnest(ids) AS u(id) JOIN fact f ON f.id = u.id
                    WHERE f.kind = 'charge' GROUP BY f.origin_id, f.day, f.items) tray,
                   jsonb_array_elements(tray.items::jsonb) AS i(item)
              WHERE (i.item ->> 1)::bigint BETWEEN 1 AND 1000000) w
        GROUP BY w.origin_id, w.day) most
      JOIN origin k ON k.id = most.origin_id JOIN school s ON s.id = k.school_id
      LEFT JOIN kiosk_day d ON d.origin_id = most.origin_id AND d.day = most.day
      WHERE coalesce(d.cents, 0) + most.worth > s.kiosk_day_cap_cents);
    IF one_by_one THEN
      rounds := ARRAY(SELECT n FROM generate_subscripts(ids, 1) n ORDER BY n); END IF;
  END IF;

  FOR round IN 1 .. coalesce((SELECT max(r) FROM unnest(rounds) r), 0) LOOP
    IF one_by_one THEN
      charges := CASE kinds[round] WHEN 'charge' THEN ids[round:round] ELSE '{}' END;
      voids := CASE kinds[round] WHEN 'void' THEN ids[round:round] ELSE '{}' END;
    ELSE
      SELECT coalesce(array_agg(u.id ORDER BY u.id) FILTER (WHERE u.kind = 'charge'), '{}'),
             coalesce(array_agg(u.id ORDER BY u.id) FILTER (WHERE u.kind = 'void'), '{}')
        INTO charges, voids
        FROM unnest(ids, kinds, rounds) AS u(id, kind, r) WHERE u.r = round;
    END IF;

    IF cardinality(charges) > 0 THEN
      -- The lines are priced once and kept in hand; SQLite's fact_judged states the same rules.
      -- Equal trays of equal tariffs have equal lines: one of them is priced for all.
      -- OFFSET 0 keeps a view behind each fact's number: it starts from one fact.
      eaten := ARRAY(
        SELECT ROW(m.id, l.no, l.offer_id, l.quantity, l.item_class, l.tariff_id, l.price_cents,
                   l.share_cents, l.tax_key, l.rate_permille, m.account_id, l.credit_id,
                   l.body_account_id)::fact_line
        FROM (SELECT min(f.id) AS id, array_agg(f.id ORDER BY f.id) AS ids,
                     array_agg(a.id ORDER BY f.id) AS account_ids
              FROM unnest(charges) AS u(id) JOIN fact f ON f.id = u.id
              CROSS JOIN LATERAL (
                SELECT v.* FROM fact_tariff v WHERE v.fact_id = u.id OFFSET 0) t
              JOIN account a ON a.pupil_id = f.pupil_id
              GROUP BY f.origin_id, f.day, f.items, t.person_kind, t.tariff_id,
                       t.lunches_before = 0) alike
        CROSS JOIN LATERAL (
          SELECT v.* FROM fact_line v WHERE v.fact_id = alike.id OFFSET 0) l
        CROSS JOIN LATERAL unnest(alike.ids, alike.account_ids) AS m(id, account_id)
        ORDER BY m.id, l.no);
      INSERT INTO quarantine (fact_id, reason)
        SELECT judged.fact_id, judged.verdict FROM (
          SELECT f.id AS fact_id, CASE
            WHEN t.lines <> jsonb_array_length(f.items::jsonb) THEN 'unpriced'
            WHEN f.reason IS NULL AND t.lunches > 0 AND had.lunches + t.lunches > 1
              THEN 'second_lunch'
            WHEN had.worth + t.worth > s.pupil_day_cap_cents THEN 'pupil_cap'
            WHEN coalesce(d.cents, 0) + t.worth > s.kiosk_day_cap_cents THEN 'kiosk_cap'
            END AS verdict
          FROM (SELECT told.fact_id, sum(told.line) AS lines, sum(told.lunches) AS lunches,
                       sum(told.worth) AS worth
                FROM (SELECT u.id AS fact_id, 0 AS line, 0 AS lunches, 0 AS worth
                      FROM unnest(charges) AS u(id)
                      UNION ALL
                      SELECT l.fact_id, 1,
                             CASE l.item_class WHEN 'lunch' THEN l.quantity ELSE 0 END,
                             l.price_cents * l.quantity
                      FROM unnest(eaten) l) told
                GROUP BY told.fact_id) t
          JOIN fact f ON f.id = t.fact_id
          JOIN origin k ON k.id = f.origin_id
          JOIN school s ON s.id = k.school_id
          LEFT JOIN kiosk_day d ON d.origin_id = f.origin_id AND d.day = f.day
          LEFT JOIN LATERAL (
            SELECT coalesce(sum(l.quantity) FILTER (WHERE l.item_class = 'lunch'), 0) AS lunches,
                   coalesce(sum(l.price_cents * l.quantity), 0) AS worth
            FROM standing_charge c JOIN line l ON l.entry_id = c.id
            WHERE c.pupil_id = f.pupil_id AND c.day = f.day) had ON true) judged
        WHERE judged.verdict IS NOT NULL ORDER BY judged.fact_id;
      GET DIAGNOSTICS put_aside = ROW_COUNT;
      IF put_aside > 0 THEN
        eaten := ARRAY(SELECT l FROM unnest(eaten) l LEFT JOIN quarantine q
                       ON q.fact_id = l.fact_id WHERE q.fact_id IS NULL
                       ORDER BY l.fact_id, l.no);
      END IF;
      IF cardinality(eaten) > 0 THEN
        INSERT INTO entry (id, origin_id, epoch, seq, kind, school_id, pupil_id, day,
                           occurred_us, recorded_us, actor, reason, transfers, lines, content,
                           late_on)
          SELECT 0, f.origin_id, f.epoch, f.seq, 'charge', k.school_id, f.pupil_id, f.day,
                 f.occurred_us, f.recorded_us,
                 CASE WHEN f.staff_id IS NULL THEN 'kiosk:' || f.origin_id
                      ELSE 'staff:' || f.staff_id END,
                 f.reason, c.transfers, c.lines, f.chain,
                 CASE WHEN f.day < first_open THEN first_open END
          FROM (SELECT l.fact_id, count(*) AS lines,
                       count(DISTINCT l.credit_id) FILTER (WHERE l.share_cents > 0)
                       + count(DISTINCT (l.body_account_id, l.credit_id))
                         FILTER (WHERE l.share_cents < l.price_cents) AS transfers
                FROM unnest(eaten) l GROUP BY l.fact_id) c
          JOIN fact f ON f.id = c.fact_id
          JOIN origin k ON k.id = f.origin_id
          ORDER BY f.id;
        INSERT INTO transfer (id, entry_id, no, debit_id, credit_id, cents)
          SELECT 0, e.id, t.no, t.debit_id, t.credit_id, t.cents
          FROM (SELECT p.fact_id, p.debit_id, p.credit_id, sum(p.cents)::bigint AS cents,
                       row_number() OVER (PARTITION BY p.fact_id
                                          ORDER BY p.funded, p.debit_id, p.credit_id) AS no
                FROM (SELECT l.fact_id, 0 AS funded, l.pupil_account_id AS debit_id,
                             l.credit_id, l.share_cents * l.quantity AS cents
                      FROM unnest(eaten) l WHERE l.share_cents > 0
                      UNION ALL
                      SELECT l.fact_id, 1, l.body_account_id, l.credit_id,
                             (l.price_cents - l.share_cents) * l.quantity
                      FROM unnest(eaten) l WHERE l.share_cents < l.price_cents) p
                GROUP BY p.fact_id, p.funded, p.debit_id, p.credit_id) t
          JOIN fact f ON f.id = t.fact_id
          JOIN entry e ON e.origin_id = f.origin_id AND e.epoch = f.epoch AND e.seq = f.seq
          ORDER BY t.fact_id, t.no;
        INSERT INTO line (entry_id, no, offer_id, tariff_id, item_class, quantity, price_cents,
                          share_cents, tax_key, rate_permille)
          SELECT e.id, l.no, l.offer_id, l.tariff_id, l.item_class, l.quantity, l.price_cents,
                 l.share_cents, l.tax_key, l.rate_permille
          FROM unnest(eaten) l
          JOIN fact f ON f.id = l.fact_id
          JOIN entry e ON e.origin_id = f.origin_id AND e.epoch = f.epoch AND e.seq = f.seq
          ORDER BY l.fact_id, l.no;
        INSERT INTO kiosk_day AS d (origin_id, day, cents)
          SELECT f.origin_id, f.day, sum(l.price_cents * l.quantity)
          FROM unnest(eaten) l JOIN fact f ON f.id = l.fact_id GROUP BY f.origin_id, f.day
          ORDER BY f.origin_id, f.day
          ON CONFLICT (origin_id, day) DO UPDATE SET cents = d.cents + excluded.cents;
      END IF;
    END IF;

    IF cardinality(voids) > 0 THEN
      INSERT INTO quarantine (fact_id, reason)
        SELECT a.fact_id, a.verdict FROM unnest(voids) AS u(id), LATERAL (
          SELECT s.* FROM fact_standing s WHERE s.fact_id = u.id OFFSET 0) a
        WHERE a.verdict <> 'book' ORDER BY a.fact_id;
      voids := ARRAY(SELECT u.id FROM unnest(voids) AS u(id) LEFT JOIN quarantine q
                     ON q.fact_id = u.id WHERE q.fact_id IS NULL ORDER BY u.id);
    END IF;
    IF cardinality(voids) > 0 THEN
      INSERT INTO entry (id, origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                         recorded_us, actor, reason, reverses, transfers, content, late_on)
        SELECT 0, f.origin_id, f.epoch, f.seq, 'reversal', o.school_id, o.pupil_id, f.day,
               f.occurred_us, f.recorded_us,
               CASE WHEN f.staff_id IS NULL THEN 'kiosk:' || f.origin_id
                    ELSE 'staff:' || f.staff_id END,
               f.reason, o.id, o.transfers, f.chain,
               CASE WHEN f.day < first_open THEN first_open END
        FROM unnest(voids) AS u(id) JOIN fact f ON f.id = u.id
        JOIN entry o ON o.origin_id = f.origin_id AND o.epoch = f.voids_epoch
          AND o.seq = f.voids_seq
        ORDER BY f.id;
      INSERT INTO transfer (id, entry_id, no, debit_id, credit_id, cents)
        SELECT 0, e.id, t.no, t.credit_id, t.debit_id, t.cents
        FROM unnest(voids) AS u(id) JOIN fact f ON f.id = u.id
        JOIN entry e ON e.origin_id = f.origin_id AND e.epoch = f.epoch AND e.seq = f.seq
        JOIN transfer t ON t.entry_id = e.reverses
        ORDER BY f.id, t.no;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
-- PostgreSQL fires them in the order of their names: a fact is booked when it fits.
DROP TRIGGER fact_books ON fact;
CREATE TRIGGER fact_fits AFTER INSERT ON fact REFERENCING NEW TABLE AS news
  FOR EACH STATEMENT EXECUTE FUNCTION fact_fits();
CREATE TRIGGER fact_is_booked AFTER INSERT ON fact REFERENCING NEW TABLE AS news
  FOR EACH STATEMENT EXECUTE FUNCTION fact_books();

-- The guarded way in: one call, one round trip. Answers 'booked', 'repeated', 'alarm', or
-- 'refused:' and a code; faults are raised.
CREATE OR REPLACE FUNCTION book(document jsonb, digest bytea) RETURNS text LANGUAGE plpgsql
SET jit = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  by_origin bigint := (document ->> 'origin')::bigint;
  in_epoch bigint := (document ->> 'epoch')::bigint;
  as_seq bigint := (document ->> 'seq')::bigint;
  for_pupil bigint := (document ->> 'pupil')::bigint;
  at_school bigint := (document ->> 'school')::bigint;
  that_day date := (document ->> 'day')::date;
  least_cents bigint := (document ->> 'floor')::bigint;
  known bytea; target bigint; header bigint; moved bigint; has_cents bigint; asked int;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(4210001), set_config('mensa.holds_balances', 'yes', true);
  -- Who asks, for whom, and what is taken back are locked before anything is looked at, so that
  -- of two equal requests at once the second sees the first.
  PERFORM 1 FROM origin WHERE id = by_origin FOR NO KEY UPDATE;
  SELECT b.cents INTO has_cents FROM balance b JOIN account a ON a.id = b.account_id
    WHERE a.pupil_id = for_pupil FOR UPDATE OF b;
  SELECT content INTO known FROM entry
    WHERE origin_id = by_origin AND epoch = in_epoch AND seq = as_seq;
  IF known IS NOT NULL THEN
    IF known = digest THEN RETURN 'repeated'; END IF;
    INSERT INTO alarm (at_us, kind, origin_id, epoch, seq, detail)
      VALUES ((document ->> 'recorded')::bigint, 'key_reused', by_origin, in_epoch, as_seq,
              'entry');
    RETURN 'alarm';
  END IF;
  IF jsonb_typeof(document -> 'reverses') = 'array' THEN
    SELECT id INTO target FROM entry WHERE origin_id = (document -> 'reverses' ->> 0)::bigint
      AND epoch = (document -> 'reverses' ->> 1)::bigint
      AND seq = (document -> 'reverses' ->> 2)::bigint FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM entry WHERE reverses = target) THEN
      RETURN 'refused:already_reversed'; END IF;
  END IF;
  IF document ->> 'kind' = 'charge' AND NOT EXISTS (
    SELECT 1 FROM membership WHERE pupil_id = for_pupil AND school_id = at_school
      AND valid_from <= that_day AND (valid_to IS NULL OR valid_to >= that_day))
  THEN RETURN 'refused:not_member'; END IF;
  IF least_cents IS NOT NULL THEN
    SELECT coalesce(sum(CASE WHEN t ->> 1 = a.name THEN (t ->> 2)::bigint
                             WHEN t ->> 0 = a.name THEN -(t ->> 2)::bigint
                             ELSE 0 END), 0)
      INTO moved FROM account a, jsonb_array_elements(document -> 'transfers') t
      WHERE a.pupil_id = for_pupil;
    IF has_cents + moved < least_cents THEN RETURN 'refused:floor'; END IF;
  END IF;
  INSERT INTO entry (id, origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                     recorded_us, actor, reason, reverses, transfers, lines, content, late_on,
                     request_id)
    VALUES (0, by_origin, in_epoch, as_seq, document ->> 'kind', at_school, for_pupil, that_day,
            (document ->> 'occurred')::bigint, (document ->> 'recorded')::bigint,
            document ->> 'actor', document ->> 'reason', target,
            jsonb_array_length(document -> 'transfers'),
            nullif(jsonb_array_length(document -> 'lines'), 0), digest,
            (SELECT max(open_from) FROM closing WHERE open_from > that_day),
            (document ->> 'request')::bigint)
    RETURNING id INTO header;
  INSERT INTO transfer (id, entry_id, no, debit_id, credit_id, cents)
    SELECT 0, header, t.no, debit.id, credit.id, (t.move ->> 2)::bigint
    FROM jsonb_array_elements(document -> 'transfers') WITH ORDINALITY AS t(move, no)
    JOIN account debit ON debit.name = t.move ->> 0
    JOIN account credit ON credit.name = t.move ->> 1
    ORDER BY t.no;
  GET DIAGNOSTICS asked = ROW_COUNT;
  IF asked <> jsonb_array_length(document -> 'transfers') THEN
    RAISE EXCEPTION 'mensa:unknown_account'; END IF;
  IF jsonb_array_length(document -> 'lines') > 0 THEN
    INSERT INTO line (entry_id, no, offer_id, tariff_id, item_class, quantity, price_cents,
                      share_cents, tax_key, rate_permille)
      SELECT header, l.no, (l.item ->> 0)::bigint, (l.item ->> 1)::bigint, l.item ->> 2,
             (l.item ->> 3)::bigint, (l.item ->> 4)::bigint, (l.item ->> 5)::bigint,
             (l.item ->> 6)::bigint, (l.item ->> 7)::bigint
      FROM jsonb_array_elements(document -> 'lines') WITH ORDINALITY AS l(item, no)
      ORDER BY l.no;
  END IF;
  RETURN 'booked';
END $$;

-- A set of facts of one kiosk, one call: what is new is kept and booked or quarantined, what is
-- known is answered as before, what comes with other content raises an alarm.
CREATE OR REPLACE FUNCTION book_facts(by_origin bigint, heard_us bigint, facts jsonb)
RETURNS TABLE (fact_epoch bigint, fact_seq bigint, outcome text) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE kept bigint;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(4210001);
  PERFORM 1 FROM origin WHERE id = by_origin FOR NO KEY UPDATE;
  INSERT INTO fact (id, origin_id, epoch, seq, kind, pupil_id, day, occurred_us, recorded_us,
                    items, voids_epoch, voids_seq, staff_id, reason, chain)
    SELECT 0, by_origin, n.epoch, n.seq, n.kind, n.pupil, n.day, n.occurred, heard_us, n.items,
           n.voids_epoch, n.voids_seq, n.staff, n.reason, decode(n.chain, 'hex')
    FROM jsonb_to_recordset(facts) AS n(epoch bigint, seq bigint, kind text, pupil bigint,
      day date, occurred bigint, items text, voids_epoch bigint, voids_seq bigint,
      staff bigint, reason text, chain text)
    WHERE (SELECT f.id FROM fact f WHERE f.origin_id = by_origin
           AND f.epoch = n.epoch AND f.seq = n.seq) IS NULL
    ORDER BY n.epoch, n.seq;
  GET DIAGNOSTICS kept = ROW_COUNT;
  IF kept < jsonb_array_length(facts) THEN
    INSERT INTO alarm (at_us, kind, origin_id, epoch, seq, detail)
      SELECT heard_us, 'key_reused', by_origin, n.epoch, n.seq, 'fact'
      FROM jsonb_to_recordset(facts) AS n(epoch bigint, seq bigint, chain text), LATERAL (
        SELECT k.chain FROM fact k WHERE k.origin_id = by_origin AND k.epoch = n.epoch
          AND k.seq = n.seq OFFSET 0) f
      WHERE f.chain <> decode(n.chain, 'hex');
  END IF;
  RETURN QUERY
    SELECT n.epoch, n.seq,
           CASE WHEN f.chain <> decode(n.chain, 'hex') THEN 'alarm'
                WHEN q.reason IS NOT NULL THEN 'quarantined:' || q.reason
                ELSE 'booked' END
    FROM jsonb_to_recordset(facts) AS n(epoch bigint, seq bigint, chain text), LATERAL (
      SELECT k.id, k.chain FROM fact k WHERE k.origin_id = by_origin AND k.epoch = n.epoch
        AND k.seq = n.seq OFFSET 0) f
    LEFT JOIN quarantine q ON q.fact_id = f.id
    ORDER BY n.epoch, n.seq;
END $$;
