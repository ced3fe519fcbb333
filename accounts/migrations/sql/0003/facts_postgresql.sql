-- A set of facts in less time: an entry's number is kept in hand instead of looked up by its key for
-- each of its transfers and lines, and rows are found by an index alone, without a map of pages
-- that one row at a time does not pay for. What is judged and booked is what it was.

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
  entries bigint[];
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
        -- Entries are numbered in the order of their facts, and every fact here has a price above
        -- zero and so a transfer: of what hangs on the first entry all comes first.
        WITH made AS (
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
            ORDER BY f.id
          RETURNING id)
        SELECT array_agg(id ORDER BY id) INTO entries FROM made;
        INSERT INTO transfer (id, entry_id, no, debit_id, credit_id, cents)
          SELECT 0, entries[t.place], t.no, t.debit_id, t.credit_id, t.cents
          FROM (SELECT dense_rank() OVER (ORDER BY p.fact_id) AS place,
                       p.debit_id, p.credit_id, sum(p.cents)::bigint AS cents,
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
          ORDER BY t.place, t.no;
        INSERT INTO line (entry_id, no, offer_id, tariff_id, item_class, quantity, price_cents,
                          share_cents, tax_key, rate_permille)
          SELECT entries[dense_rank() OVER (ORDER BY l.fact_id)], l.no, l.offer_id, l.tariff_id,
                 l.item_class, l.quantity, l.price_cents, l.share_cents, l.tax_key,
                 l.rate_permille
          FROM unnest(eaten) l
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

ALTER FUNCTION book_facts(bigint, bigint, jsonb) SET enable_bitmapscan = off;
