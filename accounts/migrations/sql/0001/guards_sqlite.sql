-- The journal's promises on SQLite. A refusal's text begins with "mensa:" and a code.
-- SQLite's REPLACE deletes without firing delete triggers, so inserts look for the old row first.

-- What becomes of a fact: 'book', or the reason of its quarantine. A second lunch needs a staff
-- override; beyond the daily caps a kiosk is believed no longer. PostgreSQL's fact_books says the
-- same with variables.
CREATE VIEW fact_verdict AS
SELECT f.id AS fact_id, CASE
  WHEN a.verdict <> 'book' THEN a.verdict
  WHEN f.kind = 'void' THEN 'book'
  WHEN (SELECT count(*) FROM fact_line l WHERE l.fact_id = f.id)
    <> (SELECT count(*) FROM fact_item i WHERE i.fact_id = f.id) THEN 'unpriced'
  WHEN f.reason IS NULL
   AND EXISTS (SELECT 1 FROM fact_line l WHERE l.fact_id = f.id AND l.item_class = 'lunch')
   AND (SELECT t.lunches_before FROM fact_tariff t WHERE t.fact_id = f.id)
     + (SELECT sum(l.quantity) FROM fact_line l
        WHERE l.fact_id = f.id AND l.item_class = 'lunch') > 1 THEN 'second_lunch'
  WHEN (SELECT coalesce(sum(l.price_cents * l.quantity), 0)
        FROM standing_charge c JOIN line l ON l.entry_id = c.id
        WHERE c.pupil_id = f.pupil_id AND c.day = f.day)
     + (SELECT sum(l.price_cents * l.quantity) FROM fact_line l WHERE l.fact_id = f.id)
     > s.pupil_day_cap_cents THEN 'pupil_cap'
  WHEN coalesce((SELECT d.cents FROM kiosk_day d
                 WHERE d.origin_id = f.origin_id AND d.day = f.day), 0)
     + (SELECT sum(l.price_cents * l.quantity) FROM fact_line l WHERE l.fact_id = f.id)
     > s.kiosk_day_cap_cents THEN 'kiosk_cap'
  ELSE 'book' END AS verdict
FROM fact_standing a
JOIN fact f ON f.id = a.fact_id
JOIN origin k ON k.id = f.origin_id
JOIN school s ON s.id = k.school_id;

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

CREATE TRIGGER transfer_fits BEFORE INSERT ON transfer BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only') WHERE EXISTS (SELECT 1 FROM transfer WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM transfer WHERE entry_id = NEW.entry_id AND no = NEW.no);
  SELECT RAISE(ABORT, 'mensa:not_in_entry') WHERE NOT EXISTS (
    SELECT 1 FROM entry WHERE id = NEW.entry_id AND NEW.no <= transfers)
    OR NEW.no <> 1 + (SELECT count(*) FROM transfer WHERE entry_id = NEW.entry_id);
  -- References and ranges are checked here once more: a connection may have switched off the
  -- foreign keys and the CHECKs of the tables, never a trigger.
  SELECT RAISE(ABORT, 'mensa:two_accounts') WHERE NEW.debit_id = NEW.credit_id;
  SELECT RAISE(ABORT, 'mensa:unknown_account') WHERE 2 <> (
    SELECT count(*) FROM account WHERE id IN (NEW.debit_id, NEW.credit_id));
  SELECT RAISE(ABORT, 'mensa:not_positive') WHERE NEW.cents <= 0;
  SELECT RAISE(ABORT, 'mensa:one_pupil') WHERE EXISTS (
    SELECT 1 FROM account a JOIN entry e ON e.id = NEW.entry_id
    WHERE a.id IN (NEW.debit_id, NEW.credit_id) AND a.kind = 'pupil'
      AND (a.pupil_id IS NOT e.pupil_id
           OR NOT EXISTS (SELECT 1 FROM balance b WHERE b.account_id = a.id)));
  SELECT RAISE(ABORT, 'mensa:charge_accounts') WHERE EXISTS (
    SELECT 1 FROM entry e, account d, account c WHERE e.id = NEW.entry_id AND e.kind = 'charge'
      AND d.id = NEW.debit_id AND c.id = NEW.credit_id
      AND NOT (d.kind IN ('pupil', 'receivable') AND c.kind IN ('revenue', 'payable')));
  SELECT RAISE(ABORT, 'mensa:not_mirrored') WHERE EXISTS (
    SELECT 1 FROM entry e WHERE e.id = NEW.entry_id AND e.reverses IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM transfer o WHERE o.entry_id = e.reverses AND o.no = NEW.no
        AND o.debit_id = NEW.credit_id AND o.credit_id = NEW.debit_id AND o.cents = NEW.cents));
END;

CREATE TRIGGER transfer_moves AFTER INSERT ON transfer BEGIN
  SELECT RAISE(ABORT, 'mensa:transfer_number') WHERE NEW.id <> 1 + (
    SELECT coalesce(max(id), 0) FROM transfer WHERE id < NEW.id);
  UPDATE balance SET cents = cents - NEW.cents, transfer_id = NEW.id
    WHERE account_id = NEW.debit_id;
  UPDATE balance SET cents = cents + NEW.cents, transfer_id = NEW.id
    WHERE account_id = NEW.credit_id;
END;

CREATE TRIGGER line_fits BEFORE INSERT ON line BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only') WHERE EXISTS (
    SELECT 1 FROM line WHERE entry_id = NEW.entry_id AND no = NEW.no);
  SELECT RAISE(ABORT, 'mensa:not_in_entry') WHERE NOT EXISTS (
    SELECT 1 FROM entry WHERE id = NEW.entry_id AND kind = 'charge' AND NEW.no <= lines)
    OR NEW.no <> 1 + (SELECT count(*) FROM line WHERE entry_id = NEW.entry_id);
END;

-- A balance follows its transfers one by one and nothing else.
CREATE TRIGGER balance_starts BEFORE INSERT ON balance
WHEN NEW.cents <> 0 OR NEW.transfer_id <> 0
  OR EXISTS (SELECT 1 FROM balance WHERE account_id = NEW.account_id)
  OR EXISTS (SELECT 1 FROM posting WHERE account_id = NEW.account_id)
  OR NOT EXISTS (SELECT 1 FROM account WHERE id = NEW.account_id AND kind = 'pupil')
BEGIN SELECT RAISE(ABORT, 'mensa:balance_by_hand'); END;

CREATE TRIGGER balance_follows BEFORE UPDATE ON balance
WHEN NEW.account_id <> OLD.account_id OR NEW.transfer_id <= OLD.transfer_id
  OR NOT EXISTS (SELECT 1 FROM transfer t WHERE t.id = NEW.transfer_id AND (
    (t.debit_id = NEW.account_id AND NEW.cents = OLD.cents - t.cents)
    OR (t.credit_id = NEW.account_id AND NEW.cents = OLD.cents + t.cents)))
  OR EXISTS (SELECT 1 FROM transfer t WHERE t.debit_id = NEW.account_id
             AND t.id > OLD.transfer_id AND t.id < NEW.transfer_id)
  OR EXISTS (SELECT 1 FROM transfer t WHERE t.credit_id = NEW.account_id
             AND t.id > OLD.transfer_id AND t.id < NEW.transfer_id)
BEGIN SELECT RAISE(ABORT, 'mensa:balance_by_hand'); END;

CREATE TRIGGER balance_stays BEFORE DELETE ON balance
BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END;

-- A kiosk's facts come in order, without a gap, and stay.
CREATE TRIGGER fact_fits BEFORE INSERT ON fact BEGIN
  SELECT RAISE(ABORT, 'mensa:append_only') WHERE EXISTS (SELECT 1 FROM fact WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM fact WHERE origin_id = NEW.origin_id AND epoch = NEW.epoch
               AND seq = NEW.seq);
  SELECT RAISE(ABORT, 'mensa:gap') WHERE NEW.seq <> 1 + (
    SELECT coalesce(max(seq), 0) FROM fact WHERE origin_id = NEW.origin_id AND epoch = NEW.epoch);
  SELECT RAISE(ABORT, 'mensa:not_a_kiosk') WHERE NOT EXISTS (
    SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind = 'kiosk');
  SELECT RAISE(ABORT, 'mensa:wrong_day') WHERE NEW.day NOT IN (
    date(NEW.occurred_us / 1000000 + 3600, 'unixepoch'),
    date(NEW.occurred_us / 1000000 + 7200, 'unixepoch'));
END;

CREATE TRIGGER fact_books AFTER INSERT ON fact BEGIN
  INSERT INTO quarantine (fact_id, reason)
    SELECT fact_id, verdict FROM fact_verdict WHERE fact_id = NEW.id AND verdict <> 'book';
  INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                     recorded_us, actor, reason, transfers, lines, content)
    SELECT NEW.origin_id, NEW.epoch, NEW.seq, 'charge', k.school_id, NEW.pupil_id, NEW.day,
           NEW.occurred_us, NEW.recorded_us,
           CASE WHEN NEW.staff_id IS NULL THEN 'kiosk:' || NEW.origin_id
                ELSE 'staff:' || NEW.staff_id END,
           NEW.reason,
           (SELECT count(DISTINCT credit_id) FROM fact_line
            WHERE fact_id = NEW.id AND share_cents > 0)
           + (SELECT count(*) FROM (SELECT DISTINCT body_account_id, credit_id FROM fact_line
              WHERE fact_id = NEW.id AND share_cents < price_cents)),
           (SELECT count(*) FROM fact_item WHERE fact_id = NEW.id), NEW.chain
    FROM origin k
    WHERE k.id = NEW.origin_id AND NEW.kind = 'charge'
      AND NOT EXISTS (SELECT 1 FROM quarantine WHERE fact_id = NEW.id);
  INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)
    SELECT e.id, row_number() OVER (ORDER BY t.funded, t.debit_id, t.credit_id),
           t.debit_id, t.credit_id, t.cents
    FROM entry e,
      (SELECT 0 AS funded, pupil_account_id AS debit_id, credit_id,
              sum(share_cents * quantity) AS cents
       FROM fact_line WHERE fact_id = NEW.id AND share_cents > 0
       GROUP BY pupil_account_id, credit_id
       UNION ALL
       SELECT 1, body_account_id, credit_id, sum((price_cents - share_cents) * quantity)
       FROM fact_line WHERE fact_id = NEW.id AND share_cents < price_cents
       GROUP BY body_account_id, credit_id) t
    WHERE e.origin_id = NEW.origin_id AND e.epoch = NEW.epoch AND e.seq = NEW.seq
      AND e.kind = 'charge' ORDER BY t.funded, t.debit_id, t.credit_id;
  INSERT INTO line (entry_id, no, offer_id, tariff_id, item_class, quantity, price_cents,
                    share_cents, tax_key, rate_permille)
    SELECT e.id, l.no, l.offer_id, l.tariff_id, l.item_class, l.quantity, l.price_cents,
           l.share_cents, l.tax_key, l.rate_permille
    FROM entry e, fact_line l
    WHERE l.fact_id = NEW.id AND e.origin_id = NEW.origin_id AND e.epoch = NEW.epoch
      AND e.seq = NEW.seq AND e.kind = 'charge' ORDER BY l.no;
  INSERT INTO kiosk_day (origin_id, day, cents)
    SELECT NEW.origin_id, NEW.day, sum(l.price_cents * l.quantity)
    FROM entry e JOIN line l ON l.entry_id = e.id
    WHERE e.origin_id = NEW.origin_id AND e.epoch = NEW.epoch AND e.seq = NEW.seq
      AND e.kind = 'charge' HAVING count(*) > 0
    ON CONFLICT (origin_id, day) DO UPDATE SET cents = cents + excluded.cents;
  INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                     recorded_us, actor, reason, reverses, transfers, content)
    SELECT NEW.origin_id, NEW.epoch, NEW.seq, 'reversal', o.school_id, o.pupil_id, NEW.day,
           NEW.occurred_us, NEW.recorded_us,
           CASE WHEN NEW.staff_id IS NULL THEN 'kiosk:' || NEW.origin_id
                ELSE 'staff:' || NEW.staff_id END,
           NEW.reason, o.id, o.transfers, NEW.chain
    FROM entry o
    WHERE NEW.kind = 'void' AND o.origin_id = NEW.origin_id AND o.epoch = NEW.voids_epoch
      AND o.seq = NEW.voids_seq
      AND NOT EXISTS (SELECT 1 FROM quarantine WHERE fact_id = NEW.id);
  INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)
    SELECT e.id, t.no, t.credit_id, t.debit_id, t.cents
    FROM entry e JOIN transfer t ON t.entry_id = e.reverses
    WHERE NEW.kind = 'void' AND e.origin_id = NEW.origin_id AND e.epoch = NEW.epoch
      AND e.seq = NEW.seq ORDER BY t.no;
END;

-- The guarded way in: one statement, INSERT INTO booking.
CREATE VIEW booking AS SELECT NULL AS document, NULL AS content;

CREATE TRIGGER booking_books INSTEAD OF INSERT ON booking BEGIN
  INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                     recorded_us, actor, reason, reverses, transfers, lines, content)
    SELECT d.document ->> 'origin', d.document ->> 'epoch', d.document ->> 'seq',
           d.document ->> 'kind', d.document ->> 'school', d.document ->> 'pupil',
           d.document ->> 'day', d.document ->> 'occurred', d.document ->> 'recorded',
           d.document ->> 'actor', d.document ->> 'reason',
           (SELECT id FROM entry WHERE origin_id = d.document ->> '$.reverses[0]'
              AND epoch = d.document ->> '$.reverses[1]' AND seq = d.document ->> '$.reverses[2]'),
           json_array_length(d.document, '$.transfers'),
           nullif(json_array_length(d.document, '$.lines'), 0), NEW.content
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
