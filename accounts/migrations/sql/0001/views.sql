-- What a fact is worth: the same text on both engines, so both price and judge alike.

-- Two postings for each transfer; their sum is zero whatever the rows are.
CREATE VIEW posting AS
SELECT id AS transfer_id, entry_id, debit_id AS account_id, -cents AS cents FROM transfer
UNION ALL
SELECT id, entry_id, credit_id, cents FROM transfer;

-- Charges that stand: booked and not taken back.
CREATE VIEW standing_charge AS
SELECT e.id, e.origin_id, e.epoch, e.seq, e.school_id, e.pupil_id, e.day, e.occurred_us
FROM entry e
WHERE e.kind = 'charge'
  AND NOT EXISTS (SELECT 1 FROM entry r WHERE r.reverses = e.id);

-- Whose tariff counts that day, and how many lunches the person had before this fact.
-- Of several entitlements the newest wins; in a gap the base tariff of the kind counts.
CREATE VIEW fact_tariff AS
SELECT f.id AS fact_id, f.day, f.pupil_id, p.kind AS person_kind, b.id AS base_id,
       coalesce((SELECT n.tariff_id FROM entitlement n
                 WHERE n.pupil_id = f.pupil_id AND n.valid_from <= f.day
                   AND (n.valid_to IS NULL OR n.valid_to >= f.day)
                 ORDER BY n.valid_from DESC, n.id DESC LIMIT 1), b.id) AS tariff_id,
       (SELECT coalesce(sum(l.quantity), 0)
        FROM standing_charge c JOIN line l ON l.entry_id = c.id
        WHERE c.pupil_id = f.pupil_id AND c.day = f.day AND l.item_class = 'lunch'
          AND NOT (c.origin_id = f.origin_id AND c.epoch = f.epoch AND c.seq = f.seq)
       ) AS lunches_before
FROM fact f
JOIN pupil p ON p.id = f.pupil_id
JOIN tariff b ON b.person_kind = p.kind AND b.base = 1
WHERE f.kind = 'charge';

-- The lines of a fact, priced and taxed as of its day. An item that cannot be priced has no row.
-- A funded tariff covers one lunch, the day's first, and nothing else (§ 28 Abs. 6 SGB II).
CREATE VIEW fact_line AS
SELECT i.fact_id, i.no, i.offer_id, i.quantity, o.item_class, q.tariff_id,
       q.price_cents, q.share_cents, x.tax_key, x.rate_permille,
       debit.id AS pupil_account_id, credit.id AS credit_id, body.id AS body_account_id
FROM fact_item i
JOIN fact f ON f.id = i.fact_id
JOIN fact_tariff t ON t.fact_id = i.fact_id
JOIN tariff u ON u.id = t.tariff_id
JOIN origin k ON k.id = f.origin_id
JOIN offer o ON o.id = i.offer_id AND o.school_id = k.school_id AND o.day = f.day
JOIN price q ON q.offer_id = o.id AND q.tariff_id =
     CASE WHEN (u.funding_body_id IS NULL
                OR (o.item_class = 'lunch' AND i.quantity = 1 AND t.lunches_before = 0
                    AND NOT EXISTS (SELECT 1 FROM fact_item j JOIN offer jo ON jo.id = j.offer_id
                                    WHERE j.fact_id = i.fact_id AND j.no < i.no
                                      AND jo.item_class = 'lunch')))
               AND EXISTS (SELECT 1 FROM price z WHERE z.offer_id = o.id AND z.tariff_id = u.id)
          THEN u.id ELSE t.base_id END
JOIN tariff w ON w.id = q.tariff_id
JOIN operator c ON c.id = o.operator_id
JOIN tax_rule x ON x.operator_kind = c.kind AND x.person_kind = t.person_kind
     AND x.item_class = o.item_class AND x.service = o.service
     AND x.valid_from = (SELECT max(y.valid_from) FROM tax_rule y
                         WHERE y.operator_kind = c.kind AND y.person_kind = t.person_kind
                           AND y.item_class = o.item_class AND y.service = o.service
                           AND y.valid_from <= f.day)
JOIN account debit ON debit.pupil_id = f.pupil_id
JOIN account credit ON credit.operator_id = c.id AND credit.kind = c.settled_as
     AND (credit.kind = 'payable' OR credit.tax_key = x.tax_key)
LEFT JOIN account body ON body.funding_body_id = w.funding_body_id
-- A million of one thing is no tray, and beyond it the arithmetic would overflow.
WHERE i.quantity BETWEEN 1 AND 1000000 AND (q.share_cents = q.price_cents OR body.id IS NOT NULL);

-- What a fact's time, kiosk, pupil and target say: 'book', or the reason of its quarantine.
-- A minute and more ahead of the ledger's clock is a wrong or a lying clock; void within five
-- minutes. What its lines say comes after it (guards of each engine).
CREATE VIEW fact_standing AS
SELECT f.id AS fact_id, CASE
  WHEN f.occurred_us > f.recorded_us + 60000000 THEN 'ahead'
  WHEN f.occurred_us < k.enrolled_us THEN 'before_enrolment'
  WHEN f.occurred_us > k.revoked_us THEN 'revoked'
  WHEN f.kind = 'void' THEN
    coalesce((SELECT CASE
        WHEN EXISTS (SELECT 1 FROM quarantine z WHERE z.fact_id = g.id) THEN 'target_quarantined'
        WHEN NOT EXISTS (SELECT 1 FROM standing_charge c WHERE c.origin_id = g.origin_id
                         AND c.epoch = g.epoch AND c.seq = g.seq) THEN 'already_reversed'
        WHEN f.occurred_us < g.occurred_us
          OR f.occurred_us > g.occurred_us + 300000000 THEN 'too_late'
        ELSE 'book' END
      FROM fact g WHERE g.origin_id = f.origin_id AND g.epoch = f.voids_epoch
                    AND g.seq = f.voids_seq AND g.kind = 'charge' AND g.id < f.id), 'no_target')
  WHEN f.pupil_id IS NULL THEN 'unassigned'
  WHEN NOT EXISTS (SELECT 1 FROM membership m
                   WHERE m.pupil_id = f.pupil_id AND m.school_id = k.school_id
                     AND m.valid_from <= f.day AND (m.valid_to IS NULL OR m.valid_to >= f.day)
                  ) THEN 'not_member'
  ELSE 'book' END AS verdict
FROM fact f
JOIN origin k ON k.id = f.origin_id;
