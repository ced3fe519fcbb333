-- The journal's guards once more, now with closed months and requests.

DROP TRIGGER entry_fits;
CREATE TRIGGER entry_fits BEFORE INSERT ON entry BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only') WHERE EXISTS (SELECT 1 FROM entry WHERE id = NEW.id);
  SELECT RAISE(ABORT, 'mensa:key_used') WHERE EXISTS (
    SELECT 1 FROM entry WHERE origin_id = NEW.origin_id AND epoch = NEW.epoch AND seq = NEW.seq);
  -- A kiosk's entry has its fact; every other origin numbers its entries without a gap.
  SELECT RAISE(ABORT, 'mensa:no_fact') WHERE EXISTS (
    SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind = 'kiosk') AND NOT EXISTS (
    SELECT 1 FROM fact f LEFT JOIN fact g ON g.origin_id = f.origin_id
      AND g.epoch = f.voids_epoch AND g.seq = f.voids_seq
    WHERE f.origin_id = NEW.origin_id AND f.epoch = NEW.epoch AND f.seq = NEW.seq
      AND f.day = NEW.day AND f.occurred_us = NEW.occurred_us
      AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.fact_id = f.id)
      AND NEW.kind = CASE f.kind WHEN 'void' THEN 'reversal' ELSE 'charge' END
      AND NEW.pupil_id = CASE f.kind WHEN 'void' THEN g.pupil_id ELSE f.pupil_id END);
  SELECT RAISE(ABORT, 'mensa:gap') WHERE EXISTS (
    SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind <> 'kiosk') AND NEW.seq <> 1 + (
    SELECT coalesce(max(seq), 0) FROM entry WHERE origin_id = NEW.origin_id AND epoch = NEW.epoch);
  -- Germany is one hour ahead of UTC in winter and two in summer.
  SELECT RAISE(ABORT, 'mensa:wrong_day') WHERE NEW.day NOT IN (
    date(NEW.occurred_us / 1000000 + 3600, 'unixepoch'),
    date(NEW.occurred_us / 1000000 + 7200, 'unixepoch'));
  SELECT RAISE(ABORT, 'mensa:closed_month') WHERE NEW.late_on IS NOT (
    SELECT max(open_from) FROM closing WHERE open_from > NEW.day);
  SELECT RAISE(ABORT, 'mensa:not_member') WHERE NEW.kind = 'charge' AND NOT EXISTS (
    SELECT 1 FROM membership WHERE pupil_id = NEW.pupil_id AND school_id = NEW.school_id
      AND valid_from <= NEW.day AND (valid_to IS NULL OR valid_to >= NEW.day));
  SELECT RAISE(ABORT, 'mensa:wrong_school') WHERE EXISTS (
    SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind = 'kiosk'
      AND school_id IS NOT NEW.school_id);
  SELECT RAISE(ABORT, 'mensa:already_reversed') WHERE EXISTS (
    SELECT 1 FROM entry WHERE reverses = NEW.reverses);
  SELECT RAISE(ABORT, 'mensa:not_reversible') WHERE NEW.reverses IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM entry o WHERE o.id = NEW.reverses AND o.kind <> 'reversal'
      AND o.transfers = NEW.transfers AND o.pupil_id IS NEW.pupil_id
      AND o.school_id IS NEW.school_id);
END;

-- A fact is booked in three steps, each of them a view that takes no rows but hands on what was
-- worked out: a trigger has no variables, and a fact's lines are priced once, not for each question.
DROP TRIGGER fact_books;
DROP VIEW fact_verdict;

-- First: what a fact's time, kiosk, pupil and target say, and its lines, priced.
CREATE VIEW fact_priced AS SELECT NULL AS fact_id, NULL AS verdict, NULL AS lines;

-- Second: what becomes of it, 'book' or the reason of its quarantine. A second lunch needs a staff
-- override; beyond the daily caps a kiosk is believed no longer. PostgreSQL's fact_books says the
-- same of a set.
CREATE VIEW fact_judged AS SELECT NULL AS fact_id, NULL AS verdict, NULL AS lines, NULL AS worth;

CREATE TRIGGER fact_books AFTER INSERT ON fact BEGIN
  INSERT INTO fact_priced (fact_id, verdict, lines)
    SELECT NEW.id, a.verdict, CASE WHEN a.verdict = 'book' AND NEW.kind = 'charge' THEN (
      SELECT json_group_array(json_array(l.no, l.offer_id, l.quantity, l.item_class, l.tariff_id,
        l.price_cents, l.share_cents, l.tax_key, l.rate_permille, l.pupil_account_id,
        l.credit_id, l.body_account_id))
      FROM fact_line l WHERE l.fact_id = NEW.id) END
    FROM fact_standing a WHERE a.fact_id = NEW.id;
END;

CREATE TRIGGER fact_priced_is_judged INSTEAD OF INSERT ON fact_priced BEGIN
  INSERT INTO fact_judged (fact_id, verdict, lines, worth)
    SELECT NEW.fact_id, CASE
      WHEN NEW.lines IS NULL THEN NEW.verdict
      WHEN tray.lines <> json_array_length(f.items) THEN 'unpriced'
      WHEN f.reason IS NULL AND tray.lunches > 0 AND had.lunches + tray.lunches > 1
        THEN 'second_lunch'
      WHEN had.worth + tray.worth > s.pupil_day_cap_cents THEN 'pupil_cap'
      WHEN coalesce((SELECT d.cents FROM kiosk_day d
                     WHERE d.origin_id = f.origin_id AND d.day = f.day), 0)
         + tray.worth > s.kiosk_day_cap_cents THEN 'kiosk_cap'
      ELSE 'book' END, NEW.lines, tray.worth
    FROM fact f
    JOIN origin k ON k.id = f.origin_id
    JOIN school s ON s.id = k.school_id
    CROSS JOIN (
      SELECT count(*) AS lines, coalesce(sum(l.value ->> 5 * l.value ->> 2), 0) AS worth,
             coalesce(sum(CASE l.value ->> 3 WHEN 'lunch' THEN l.value ->> 2 END), 0) AS lunches
      FROM json_each(NEW.lines) l) tray
    CROSS JOIN (
      SELECT coalesce(sum(l.price_cents * l.quantity), 0) AS worth,
             coalesce(sum(CASE l.item_class WHEN 'lunch' THEN l.quantity END), 0) AS lunches
      FROM fact g JOIN standing_charge c ON c.pupil_id = g.pupil_id AND c.day = g.day
      JOIN line l ON l.entry_id = c.id WHERE g.id = NEW.fact_id) had
    WHERE f.id = NEW.fact_id;
END;

-- Third: the entry and its rows, or the quarantine.
CREATE TRIGGER fact_judged_is_booked INSTEAD OF INSERT ON fact_judged BEGIN
  INSERT INTO quarantine (fact_id, reason)
    SELECT NEW.fact_id, NEW.verdict WHERE NEW.verdict <> 'book';
  INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                     recorded_us, actor, reason, reverses, transfers, lines, content, late_on)
    SELECT f.origin_id, f.epoch, f.seq,
           CASE f.kind WHEN 'void' THEN 'reversal' ELSE 'charge' END,
           CASE f.kind WHEN 'void' THEN o.school_id ELSE k.school_id END,
           CASE f.kind WHEN 'void' THEN o.pupil_id ELSE f.pupil_id END,
           f.day, f.occurred_us, f.recorded_us,
           CASE WHEN f.staff_id IS NULL THEN 'kiosk:' || f.origin_id
                ELSE 'staff:' || f.staff_id END,
           f.reason, o.id,
           CASE f.kind WHEN 'void' THEN o.transfers ELSE (
             SELECT count(DISTINCT CASE WHEN l.value ->> 6 > 0 THEN l.value ->> 10 END)
                  + count(DISTINCT CASE WHEN l.value ->> 6 < l.value ->> 5
                                        THEN (l.value ->> 11) || ' ' || (l.value ->> 10) END)
             FROM json_each(NEW.lines) l) END,
           CASE f.kind WHEN 'charge' THEN json_array_length(NEW.lines) END, f.chain,
           (SELECT max(open_from) FROM closing WHERE open_from > f.day)
    FROM fact f
    JOIN origin k ON k.id = f.origin_id
    LEFT JOIN entry o ON f.kind = 'void' AND o.origin_id = f.origin_id
      AND o.epoch = f.voids_epoch AND o.seq = f.voids_seq
    WHERE f.id = NEW.fact_id AND NEW.verdict = 'book';
  INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)
    SELECT e.id, row_number() OVER (ORDER BY t.funded, t.debit_id, t.credit_id),
           t.debit_id, t.credit_id, t.cents
    FROM fact f CROSS JOIN entry e ON e.origin_id = f.origin_id AND e.epoch = f.epoch
      AND e.seq = f.seq CROSS JOIN (
      SELECT 0 AS funded, l.value ->> 9 AS debit_id, l.value ->> 10 AS credit_id,
             sum(l.value ->> 6 * l.value ->> 2) AS cents
      FROM json_each(NEW.lines) l WHERE l.value ->> 6 > 0 GROUP BY 2, 3
      UNION ALL
      SELECT 1, l.value ->> 11, l.value ->> 10,
             sum((l.value ->> 5 - l.value ->> 6) * l.value ->> 2)
      FROM json_each(NEW.lines) l WHERE l.value ->> 6 < l.value ->> 5 GROUP BY 2, 3) t
    WHERE f.id = NEW.fact_id AND NEW.verdict = 'book' AND f.kind = 'charge'
    ORDER BY t.funded, t.debit_id, t.credit_id;
  INSERT INTO line (entry_id, no, offer_id, tariff_id, item_class, quantity, price_cents,
                    share_cents, tax_key, rate_permille)
    SELECT e.id, l.value ->> 0, l.value ->> 1, l.value ->> 4, l.value ->> 3, l.value ->> 2,
           l.value ->> 5, l.value ->> 6, l.value ->> 7, l.value ->> 8
    FROM fact f CROSS JOIN entry e ON e.origin_id = f.origin_id AND e.epoch = f.epoch
      AND e.seq = f.seq CROSS JOIN json_each(NEW.lines) l
    WHERE f.id = NEW.fact_id AND NEW.verdict = 'book' AND f.kind = 'charge'
    ORDER BY l.value ->> 0;
  INSERT INTO kiosk_day (origin_id, day, cents)
    SELECT f.origin_id, f.day, NEW.worth FROM fact f
    WHERE f.id = NEW.fact_id AND NEW.verdict = 'book' AND f.kind = 'charge'
    ON CONFLICT (origin_id, day) DO UPDATE SET cents = cents + excluded.cents;
  INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)
    SELECT e.id, t.no, t.credit_id, t.debit_id, t.cents
    FROM fact f CROSS JOIN entry e ON e.origin_id = f.origin_id AND e.epoch = f.epoch
      AND e.seq = f.seq CROSS JOIN transfer t ON t.entry_id = e.reverses
    WHERE f.id = NEW.fact_id AND NEW.verdict = 'book' AND f.kind = 'void' ORDER BY t.no;
END;

DROP TRIGGER booking_books;
CREATE TRIGGER booking_books INSTEAD OF INSERT ON booking BEGIN
  INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                     recorded_us, actor, reason, reverses, transfers, lines, content, late_on,
                     request_id)
    SELECT d.document ->> 'origin', d.document ->> 'epoch', d.document ->> 'seq',
           d.document ->> 'kind', d.document ->> 'school', d.document ->> 'pupil',
           d.document ->> 'day', d.document ->> 'occurred', d.document ->> 'recorded',
           d.document ->> 'actor', d.document ->> 'reason',
           (SELECT id FROM entry WHERE origin_id = d.document ->> '$.reverses[0]'
              AND epoch = d.document ->> '$.reverses[1]' AND seq = d.document ->> '$.reverses[2]'),
           json_array_length(d.document, '$.transfers'),
           nullif(json_array_length(d.document, '$.lines'), 0), NEW.content,
           (SELECT max(open_from) FROM closing WHERE open_from > d.document ->> 'day'),
           d.document ->> 'request'
    FROM (SELECT NEW.document AS document) d;
  SELECT RAISE(ABORT, 'mensa:unknown_account') FROM json_each(NEW.document, '$.transfers') t
    WHERE NOT EXISTS (SELECT 1 FROM account WHERE name = t.value ->> 0)
       OR NOT EXISTS (SELECT 1 FROM account WHERE name = t.value ->> 1);
  INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)
    SELECT e.id, t.key + 1, debit.id, credit.id, t.value ->> 2
    FROM json_each(NEW.document, '$.transfers') t
    JOIN entry e ON e.origin_id = NEW.document ->> 'origin'
      AND e.epoch = NEW.document ->> 'epoch' AND e.seq = NEW.document ->> 'seq'
    JOIN account debit ON debit.name = t.value ->> 0
    JOIN account credit ON credit.name = t.value ->> 1
    ORDER BY t.key;
  INSERT INTO line (entry_id, no, offer_id, tariff_id, item_class, quantity, price_cents,
                    share_cents, tax_key, rate_permille)
    SELECT e.id, l.key + 1, l.value ->> 0, l.value ->> 1, l.value ->> 2, l.value ->> 3,
           l.value ->> 4, l.value ->> 5, l.value ->> 6, l.value ->> 7
    FROM json_each(NEW.document, '$.lines') l
    JOIN entry e ON e.origin_id = NEW.document ->> 'origin'
      AND e.epoch = NEW.document ->> 'epoch' AND e.seq = NEW.document ->> 'seq'
    ORDER BY l.key;
  SELECT RAISE(ABORT, 'mensa:floor') FROM account a JOIN balance b ON b.account_id = a.id
    WHERE a.pupil_id = NEW.document ->> 'pupil' AND b.cents < NEW.document ->> 'floor';
END;
