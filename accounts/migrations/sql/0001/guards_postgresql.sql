-- The journal's promises on PostgreSQL. A refusal's text begins with "mensa:" and a code.

CREATE FUNCTION berlin_day(us bigint) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT (to_timestamp(us / 1000000) AT TIME ZONE 'Europe/Berlin')::date $$;

CREATE FUNCTION entry_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE from_kiosk boolean; kiosk_school bigint; original entry;
BEGIN
  SELECT kind = 'kiosk', school_id INTO from_kiosk, kiosk_school FROM origin
    WHERE id = NEW.origin_id;
  IF EXISTS (SELECT 1 FROM entry WHERE origin_id = NEW.origin_id AND epoch = NEW.epoch
             AND seq = NEW.seq) THEN RAISE EXCEPTION 'mensa:key_used'; END IF;
  -- A kiosk's entry has its fact; every other origin numbers its entries without a gap.
  IF from_kiosk AND NOT EXISTS (
    SELECT 1 FROM fact f LEFT JOIN fact g ON g.origin_id = f.origin_id
      AND g.epoch = f.voids_epoch AND g.seq = f.voids_seq
    WHERE f.origin_id = NEW.origin_id AND f.epoch = NEW.epoch AND f.seq = NEW.seq
      AND f.day = NEW.day AND f.occurred_us = NEW.occurred_us
      AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.fact_id = f.id)
      AND NEW.kind = CASE f.kind WHEN 'void' THEN 'reversal' ELSE 'charge' END
      AND NEW.pupil_id = CASE f.kind WHEN 'void' THEN g.pupil_id ELSE f.pupil_id END)
  THEN RAISE EXCEPTION 'mensa:no_fact'; END IF;
  IF NOT from_kiosk AND NEW.seq <> 1 + (
    SELECT coalesce(max(seq), 0) FROM entry WHERE origin_id = NEW.origin_id AND epoch = NEW.epoch)
  THEN RAISE EXCEPTION 'mensa:gap'; END IF;
  IF NEW.day <> berlin_day(NEW.occurred_us) THEN RAISE EXCEPTION 'mensa:wrong_day'; END IF;
  IF NEW.kind = 'charge' AND NOT EXISTS (
    SELECT 1 FROM membership WHERE pupil_id = NEW.pupil_id AND school_id = NEW.school_id
      AND valid_from <= NEW.day AND (valid_to IS NULL OR valid_to >= NEW.day))
  THEN RAISE EXCEPTION 'mensa:not_member'; END IF;
  IF from_kiosk AND kiosk_school IS DISTINCT FROM NEW.school_id THEN
    RAISE EXCEPTION 'mensa:wrong_school'; END IF;
  IF NEW.reverses IS NOT NULL THEN
    IF EXISTS (SELECT 1 FROM entry WHERE reverses = NEW.reverses) THEN
      RAISE EXCEPTION 'mensa:already_reversed'; END IF;
    SELECT * INTO original FROM entry WHERE id = NEW.reverses;
    IF original.id IS NULL OR original.kind = 'reversal'
       OR original.transfers <> NEW.transfers
       OR original.pupil_id IS DISTINCT FROM NEW.pupil_id
       OR original.school_id IS DISTINCT FROM NEW.school_id THEN
      RAISE EXCEPTION 'mensa:not_reversible'; END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER entry_fits BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION entry_fits();

-- The balance row is locked before the transfer gets its number, so the numbers of one
-- account's transfers rise in the order in which its balance moves.
CREATE FUNCTION transfer_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE header entry; debit account; credit account;
BEGIN
  SELECT * INTO header FROM entry WHERE id = NEW.entry_id;
  SELECT * INTO debit FROM account WHERE id = NEW.debit_id;
  SELECT * INTO credit FROM account WHERE id = NEW.credit_id;
  IF header.id IS NULL OR NEW.no > header.transfers
     OR NEW.no <> 1 + (SELECT count(*) FROM transfer WHERE entry_id = NEW.entry_id)
  THEN RAISE EXCEPTION 'mensa:not_in_entry'; END IF;
  IF (debit.kind = 'pupil' AND debit.pupil_id IS DISTINCT FROM header.pupil_id)
     OR (credit.kind = 'pupil' AND credit.pupil_id IS DISTINCT FROM header.pupil_id)
  THEN RAISE EXCEPTION 'mensa:one_pupil'; END IF;
  IF header.kind = 'charge' AND NOT (debit.kind IN ('pupil', 'receivable')
                                     AND credit.kind IN ('revenue', 'payable'))
  THEN RAISE EXCEPTION 'mensa:charge_accounts'; END IF;
  IF header.reverses IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM transfer o WHERE o.entry_id = header.reverses AND o.no = NEW.no
      AND o.debit_id = NEW.credit_id AND o.credit_id = NEW.debit_id AND o.cents = NEW.cents)
  THEN RAISE EXCEPTION 'mensa:not_mirrored'; END IF;
  IF debit.kind = 'pupil' OR credit.kind = 'pupil' THEN
    PERFORM 1 FROM balance WHERE account_id IN (NEW.debit_id, NEW.credit_id)
      ORDER BY account_id FOR UPDATE;
    IF NOT FOUND THEN RAISE EXCEPTION 'mensa:one_pupil'; END IF;
  END IF;
  NEW.id := nextval('transfer_id_seq');
  RETURN NEW;
END $$;
CREATE TRIGGER transfer_fits BEFORE INSERT ON transfer
  FOR EACH ROW EXECUTE FUNCTION transfer_fits();

CREATE FUNCTION transfer_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE balance SET cents = cents - NEW.cents, transfer_id = NEW.id
    WHERE account_id = NEW.debit_id;
  UPDATE balance SET cents = cents + NEW.cents, transfer_id = NEW.id
    WHERE account_id = NEW.credit_id;
  RETURN NULL;
END $$;
CREATE TRIGGER transfer_moves AFTER INSERT ON transfer
  FOR EACH ROW EXECUTE FUNCTION transfer_moves();

CREATE FUNCTION line_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM entry WHERE id = NEW.entry_id AND kind = 'charge'
                 AND NEW.no <= lines)
     OR NEW.no <> 1 + (SELECT count(*) FROM line WHERE entry_id = NEW.entry_id)
  THEN RAISE EXCEPTION 'mensa:not_in_entry'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER line_fits BEFORE INSERT ON line FOR EACH ROW EXECUTE FUNCTION line_fits();

-- A balance follows its transfers one by one and nothing else.
CREATE FUNCTION balance_starts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.cents <> 0 OR NEW.transfer_id <> 0
     OR EXISTS (SELECT 1 FROM posting WHERE account_id = NEW.account_id)
     OR NOT EXISTS (SELECT 1 FROM account WHERE id = NEW.account_id AND kind = 'pupil')
  THEN RAISE EXCEPTION 'mensa:balance_by_hand'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER balance_starts BEFORE INSERT ON balance
  FOR EACH ROW EXECUTE FUNCTION balance_starts();

CREATE FUNCTION balance_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.account_id <> OLD.account_id OR NEW.transfer_id <= OLD.transfer_id
     OR NOT EXISTS (SELECT 1 FROM transfer t WHERE t.id = NEW.transfer_id AND (
       (t.debit_id = NEW.account_id AND NEW.cents = OLD.cents - t.cents)
       OR (t.credit_id = NEW.account_id AND NEW.cents = OLD.cents + t.cents)))
     OR EXISTS (SELECT 1 FROM transfer t WHERE t.debit_id = NEW.account_id
                AND t.id > OLD.transfer_id AND t.id < NEW.transfer_id)
     OR EXISTS (SELECT 1 FROM transfer t WHERE t.credit_id = NEW.account_id
                AND t.id > OLD.transfer_id AND t.id < NEW.transfer_id)
  THEN RAISE EXCEPTION 'mensa:balance_by_hand'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER balance_follows BEFORE UPDATE ON balance
  FOR EACH ROW EXECUTE FUNCTION balance_follows();

-- A kiosk's facts come in order, without a gap, and stay.
CREATE FUNCTION fact_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.seq <> 1 + (SELECT coalesce(max(seq), 0) FROM fact
                     WHERE origin_id = NEW.origin_id AND epoch = NEW.epoch)
  THEN RAISE EXCEPTION 'mensa:gap'; END IF;
  IF NOT EXISTS (SELECT 1 FROM origin WHERE id = NEW.origin_id AND kind = 'kiosk')
  THEN RAISE EXCEPTION 'mensa:not_a_kiosk'; END IF;
  IF NEW.day <> berlin_day(NEW.occurred_us) THEN RAISE EXCEPTION 'mensa:wrong_day'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fact_fits BEFORE INSERT ON fact FOR EACH ROW EXECUTE FUNCTION fact_fits();

-- A fact is booked or quarantined, never both.
CREATE FUNCTION quarantine_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fact f JOIN entry e ON e.origin_id = f.origin_id
             AND e.epoch = f.epoch AND e.seq = f.seq WHERE f.id = NEW.fact_id)
  THEN RAISE EXCEPTION 'mensa:append_only'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER quarantine_fits BEFORE INSERT ON quarantine
  FOR EACH ROW EXECUTE FUNCTION quarantine_fits();

-- The views name their joins in the order that starts from the fact. Searching for a better one
-- costs 0.4 s a statement and session; one plan for all facts is as good.
CREATE FUNCTION fact_books() RETURNS trigger LANGUAGE plpgsql
SET join_collapse_limit = 1 SET plan_cache_mode = force_generic_plan SET jit = off AS $$
DECLARE
  judged text; header bigint; original entry; acting text; kiosk_school bigint;
  eaten fact_line[]; lunches bigint; lunches_had bigint; worth bigint; worth_had bigint;
  kiosk_had bigint; limits school;
BEGIN
  -- Two kiosks may report the same child at once: the second is judged when the first is booked.
  PERFORM 1 FROM balance b JOIN account a ON a.id = b.account_id
    WHERE a.pupil_id = coalesce(NEW.pupil_id, (
      SELECT g.pupil_id FROM fact g WHERE g.origin_id = NEW.origin_id
        AND g.epoch = NEW.voids_epoch AND g.seq = NEW.voids_seq)) FOR UPDATE OF b;
  SELECT verdict INTO judged FROM fact_standing WHERE fact_id = NEW.id;
  SELECT school_id INTO kiosk_school FROM origin WHERE id = NEW.origin_id;
  IF judged = 'book' AND NEW.kind = 'charge' THEN
    -- The lines are priced once and kept in hand; SQLite's fact_verdict states the same rules.
    eaten := ARRAY(SELECT l FROM fact_line l WHERE l.fact_id = NEW.id ORDER BY l.no);
    SELECT coalesce(sum(quantity) FILTER (WHERE item_class = 'lunch'), 0),
           coalesce(sum(price_cents * quantity), 0)
      INTO lunches, worth FROM unnest(eaten);
    SELECT coalesce(sum(l.quantity) FILTER (WHERE l.item_class = 'lunch'), 0),
           coalesce(sum(l.price_cents * l.quantity), 0)
      INTO lunches_had, worth_had
      FROM standing_charge c JOIN line l ON l.entry_id = c.id
      WHERE c.pupil_id = NEW.pupil_id AND c.day = NEW.day;
    SELECT cents INTO kiosk_had FROM kiosk_day WHERE origin_id = NEW.origin_id AND day = NEW.day;
    SELECT * INTO limits FROM school WHERE id = kiosk_school;
    judged := CASE
      WHEN cardinality(eaten) <> (SELECT count(*) FROM fact_item WHERE fact_id = NEW.id)
        THEN 'unpriced'
      WHEN NEW.reason IS NULL AND lunches > 0 AND lunches_had + lunches > 1 THEN 'second_lunch'
      WHEN worth_had + worth > limits.pupil_day_cap_cents THEN 'pupil_cap'
      WHEN coalesce(kiosk_had, 0) + worth > limits.kiosk_day_cap_cents THEN 'kiosk_cap'
      ELSE 'book' END;
  END IF;
  IF judged <> 'book' THEN
    INSERT INTO quarantine (fact_id, reason) VALUES (NEW.id, judged);
    RETURN NULL;
  END IF;
  acting := CASE WHEN NEW.staff_id IS NULL THEN 'kiosk:' || NEW.origin_id
             ELSE 'staff:' || NEW.staff_id END;
  IF NEW.kind = 'void' THEN
    SELECT * INTO original FROM entry WHERE origin_id = NEW.origin_id
      AND epoch = NEW.voids_epoch AND seq = NEW.voids_seq;
    INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                       recorded_us, actor, reason, reverses, transfers, content)
      VALUES (NEW.origin_id, NEW.epoch, NEW.seq, 'reversal', original.school_id,
              original.pupil_id, NEW.day, NEW.occurred_us, NEW.recorded_us, acting, NEW.reason,
              original.id, original.transfers, NEW.chain)
      RETURNING id INTO header;
    INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)
      SELECT header, no, credit_id, debit_id, cents FROM transfer
      WHERE entry_id = original.id ORDER BY no;
    RETURN NULL;
  END IF;
  INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                     recorded_us, actor, reason, transfers, lines, content)
    SELECT NEW.origin_id, NEW.epoch, NEW.seq, 'charge', kiosk_school, NEW.pupil_id, NEW.day,
           NEW.occurred_us, NEW.recorded_us, acting, NEW.reason,
           count(DISTINCT credit_id) FILTER (WHERE share_cents > 0)
           + count(DISTINCT (body_account_id, credit_id)) FILTER (WHERE share_cents < price_cents),
           count(*), NEW.chain
    FROM unnest(eaten)
    RETURNING id INTO header;
  INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)
    SELECT header, row_number() OVER (ORDER BY t.funded, t.debit_id, t.credit_id),
           t.debit_id, t.credit_id, t.cents
    FROM (SELECT 0 AS funded, pupil_account_id AS debit_id, credit_id,
                 sum(share_cents * quantity)::bigint AS cents
          FROM unnest(eaten) WHERE share_cents > 0 GROUP BY pupil_account_id, credit_id
          UNION ALL
          SELECT 1, body_account_id, credit_id,
                 sum((price_cents - share_cents) * quantity)::bigint
          FROM unnest(eaten) WHERE share_cents < price_cents
          GROUP BY body_account_id, credit_id) t
    ORDER BY t.funded, t.debit_id, t.credit_id;
  INSERT INTO line (entry_id, no, offer_id, tariff_id, item_class, quantity, price_cents,
                    share_cents, tax_key, rate_permille)
    SELECT header, no, offer_id, tariff_id, item_class, quantity, price_cents, share_cents,
           tax_key, rate_permille
    FROM unnest(eaten) ORDER BY no;
  INSERT INTO kiosk_day AS d (origin_id, day, cents) VALUES (NEW.origin_id, NEW.day, worth)
    ON CONFLICT (origin_id, day) DO UPDATE SET cents = d.cents + excluded.cents;
  RETURN NULL;
END $$;
CREATE TRIGGER fact_books AFTER INSERT ON fact FOR EACH ROW EXECUTE FUNCTION fact_books();

-- The guarded way in: one call, one round trip. Answers 'booked', 'repeated', 'alarm', or
-- 'refused:' and a code; faults are raised.
CREATE FUNCTION book(document jsonb, digest bytea) RETURNS text LANGUAGE plpgsql AS $$
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
  INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                     recorded_us, actor, reason, reverses, transfers, lines, content)
    VALUES (by_origin, in_epoch, as_seq, document ->> 'kind', at_school, for_pupil, that_day,
            (document ->> 'occurred')::bigint, (document ->> 'recorded')::bigint,
            document ->> 'actor', document ->> 'reason', target,
            jsonb_array_length(document -> 'transfers'),
            nullif(jsonb_array_length(document -> 'lines'), 0), digest)
    RETURNING id INTO header;
  INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)
    SELECT header, t.no, debit.id, credit.id, (t.move ->> 2)::bigint
    FROM jsonb_array_elements(document -> 'transfers') WITH ORDINALITY AS t(move, no)
    JOIN account debit ON debit.name = t.move ->> 0
    JOIN account credit ON credit.name = t.move ->> 1
    ORDER BY t.no;
  GET DIAGNOSTICS asked = ROW_COUNT;
  IF asked <> jsonb_array_length(document -> 'transfers') THEN
    RAISE EXCEPTION 'mensa:unknown_account'; END IF;
  INSERT INTO line (entry_id, no, offer_id, tariff_id, item_class, quantity, price_cents,
                    share_cents, tax_key, rate_permille)
    SELECT header, l.no, (l.item ->> 0)::bigint, (l.item ->> 1)::bigint, l.item ->> 2,
           (l.item ->> 3)::bigint, (l.item ->> 4)::bigint, (l.item ->> 5)::bigint,
           (l.item ->> 6)::bigint, (l.item ->> 7)::bigint
    FROM jsonb_array_elements(document -> 'lines') WITH ORDINALITY AS l(item, no)
    ORDER BY l.no;
  RETURN 'booked';
END $$;

-- A set of facts of one kiosk, one call: what is new is kept and booked or quarantined, what is
-- known is answered as before, what comes with other content raises an alarm.
CREATE FUNCTION book_facts(by_origin bigint, heard_us bigint, facts jsonb)
RETURNS TABLE (fact_epoch bigint, fact_seq bigint, outcome text) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  -- All locks at once and in one order, so that two kiosks' sets never wait for each other.
  PERFORM 1 FROM origin WHERE id = by_origin FOR NO KEY UPDATE;
  PERFORM 1 FROM balance b JOIN account a ON a.id = b.account_id
    WHERE a.pupil_id IN (
      SELECT n.pupil FROM jsonb_to_recordset(facts) AS n(pupil bigint)
      UNION SELECT g.pupil_id FROM jsonb_to_recordset(facts) AS n(voids_epoch bigint,
        voids_seq bigint) JOIN fact g ON g.origin_id = by_origin
        AND g.epoch = n.voids_epoch AND g.seq = n.voids_seq)
    ORDER BY b.account_id FOR UPDATE OF b;
  INSERT INTO fact (origin_id, epoch, seq, kind, pupil_id, day, occurred_us, recorded_us, items,
                    voids_epoch, voids_seq, staff_id, reason, chain)
    SELECT by_origin, n.epoch, n.seq, n.kind, n.pupil, n.day, n.occurred, heard_us, n.items,
           n.voids_epoch, n.voids_seq, n.staff, n.reason, decode(n.chain, 'hex')
    FROM jsonb_to_recordset(facts) AS n(epoch bigint, seq bigint, kind text, pupil bigint,
      day date, occurred bigint, items text, voids_epoch bigint, voids_seq bigint,
      staff bigint, reason text, chain text)
    WHERE NOT EXISTS (SELECT 1 FROM fact f WHERE f.origin_id = by_origin
                      AND f.epoch = n.epoch AND f.seq = n.seq)
    ORDER BY n.epoch, n.seq;
  INSERT INTO alarm (at_us, kind, origin_id, epoch, seq, detail)
    SELECT heard_us, 'key_reused', by_origin, n.epoch, n.seq, 'fact'
    FROM jsonb_to_recordset(facts) AS n(epoch bigint, seq bigint, chain text)
    JOIN fact f ON f.origin_id = by_origin AND f.epoch = n.epoch AND f.seq = n.seq
    WHERE f.chain <> decode(n.chain, 'hex');
  RETURN QUERY
    SELECT n.epoch, n.seq,
           CASE WHEN f.chain <> decode(n.chain, 'hex') THEN 'alarm'
                WHEN q.reason IS NOT NULL THEN 'quarantined:' || q.reason
                ELSE 'booked' END
    FROM jsonb_to_recordset(facts) AS n(epoch bigint, seq bigint, chain text)
    JOIN fact f ON f.origin_id = by_origin AND f.epoch = n.epoch AND f.seq = n.seq
    LEFT JOIN quarantine q ON q.fact_id = f.id
    ORDER BY n.epoch, n.seq;
END $$;
