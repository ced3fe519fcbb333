-- A charge's transfers are its lines, whoever wrote them: of each line the share from the child and
-- the rest from the tariff's funding body, both to the account of who cooked it. They are compared
-- when the charge's last line comes; its transfers are there by then or it is refused, and neither
-- can be added to afterwards.

CREATE FUNCTION charge_is_whole() RETURNS trigger LANGUAGE plpgsql
SET jit = off AS $$
BEGIN
  -- A kiosk's charge is made whole within its fact's own statement, both sides from one price, and
  -- nobody else can begin one (no_fact) or add to it (not_in_entry). So lines of a kiosk come with
  -- lines of nothing else, and one of them tells for all.
  IF (SELECT k.kind FROM origin k WHERE k.id = (
        SELECT e.origin_id FROM entry e WHERE e.id = (SELECT n.entry_id FROM news n LIMIT 1)))
     = 'kiosk' THEN RETURN NULL; END IF;
  PERFORM 1 FROM news n JOIN entry e ON e.id = n.entry_id AND e.lines = n.no
    CROSS JOIN LATERAL (
      SELECT t.debit_id, t.credit_id, t.cents FROM transfer t WHERE t.entry_id = e.id
      UNION ALL
      SELECT CASE part.funded WHEN 0 THEN child.id ELSE body.id END, cook.id,
             -l.quantity * CASE part.funded WHEN 0 THEN l.share_cents
                                            ELSE l.price_cents - l.share_cents END
      FROM line l
      JOIN offer o ON o.id = l.offer_id
      JOIN operator c ON c.id = o.operator_id
      JOIN tariff f ON f.id = l.tariff_id
      CROSS JOIN (VALUES (0), (1)) AS part(funded)
      LEFT JOIN account child ON child.pupil_id = e.pupil_id
      LEFT JOIN account body ON body.funding_body_id = f.funding_body_id
      LEFT JOIN account cook ON cook.operator_id = c.id AND cook.kind = c.settled_as
        AND (cook.kind = 'payable' OR cook.tax_key = l.tax_key)
      WHERE l.entry_id = e.id) moved
    GROUP BY e.id, moved.debit_id, moved.credit_id HAVING sum(moved.cents) <> 0;
  IF FOUND THEN RAISE EXCEPTION 'mensa:charge_differs'; END IF;
  RETURN NULL;
END $$;
-- PostgreSQL fires them in the order of their names: a line is counted when it fits.
CREATE TRIGGER line_makes_whole AFTER INSERT ON line REFERENCING NEW TABLE AS news
  FOR EACH STATEMENT EXECUTE FUNCTION charge_is_whole();
