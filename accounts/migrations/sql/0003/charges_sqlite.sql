-- A charge's transfers are its lines, whoever wrote them: of each line the share from the child and
-- the rest from the tariff's funding body, both to the account of who cooked it. They are compared
-- when the charge's last line comes; its transfers are there by then or it is refused, and neither
-- can be added to afterwards. A kiosk's charge is made whole within its fact's own statement, both
-- sides from one price, and nobody else can begin one (no_fact) or add to it (not_in_entry).

CREATE TRIGGER line_makes_whole AFTER INSERT ON line WHEN EXISTS (
  SELECT 1 FROM entry e JOIN origin k ON k.id = e.origin_id
  WHERE e.id = NEW.entry_id AND e.lines = NEW.no AND k.kind <> 'kiosk')
BEGIN
  SELECT RAISE(ABORT, 'mensa:charge_differs') WHERE EXISTS (
    SELECT 1 FROM (
      SELECT t.debit_id, t.credit_id, t.cents FROM transfer t WHERE t.entry_id = NEW.entry_id
      UNION ALL
      SELECT CASE part.funded WHEN 0 THEN child.id ELSE body.id END, cook.id,
             -l.quantity * CASE part.funded WHEN 0 THEN l.share_cents
                                            ELSE l.price_cents - l.share_cents END
      FROM line l
      JOIN entry e ON e.id = l.entry_id
      JOIN offer o ON o.id = l.offer_id
      JOIN operator c ON c.id = o.operator_id
      JOIN tariff f ON f.id = l.tariff_id
      CROSS JOIN (SELECT 0 AS funded UNION ALL SELECT 1) part
      LEFT JOIN account child ON child.pupil_id = e.pupil_id
      LEFT JOIN account body ON body.funding_body_id = f.funding_body_id
      LEFT JOIN account cook ON cook.operator_id = c.id AND cook.kind = c.settled_as
        AND (cook.kind = 'payable' OR cook.tax_key = l.tax_key)
      WHERE l.entry_id = NEW.entry_id) moved
    GROUP BY moved.debit_id, moved.credit_id HAVING sum(moved.cents) <> 0);
END;
