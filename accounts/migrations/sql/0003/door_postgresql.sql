-- The door's second version: a kiosk is told its school's card keys and brings what it noticed of
-- cards. Asked in version 1 it answers as ever.

-- What the snapshot says of cards that must prove a key, and of cards that only show a number.
-- One school's cards are a small part of the city's: each is found by its index, or every snapshot
-- would walk all of them.
CREATE FUNCTION kiosk_keys(at_school bigint, at_us bigint) RETURNS jsonb LANGUAGE plpgsql STABLE
SET jit = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
  today date := berlin_day(at_us);
BEGIN
  RETURN (SELECT jsonb_build_object(
    'keys', (SELECT coalesce(jsonb_agg(jsonb_build_array(
               encode(c.uid_hmac, 'hex'), n.medium, encode(k.sealed, 'hex')) ORDER BY c.id), '[]')
             FROM (SELECT p.id, p.uid_hmac FROM card p WHERE p.state = 'active' AND p.pupil_id IN (
                     SELECT m.pupil_id FROM membership m
                     WHERE m.school_id = at_school AND m.valid_from <= today
                       AND (m.valid_to IS NULL OR m.valid_to >= today))
                   UNION ALL
                   SELECT p.id, p.uid_hmac FROM card p JOIN staff s ON s.id = p.staff_id
                   WHERE p.state = 'active' AND s.school_id = at_school AND s.active = 1) c
             JOIN card_secret n ON n.card_id = c.id
             LEFT JOIN card_key k ON k.card_id = c.id AND k.school_id = at_school),
    'uid_day_limit_cents', (SELECT s.uid_day_limit_cents FROM school s WHERE s.id = at_school)));
END $$;

-- What is wrong with a kiosk's alerts, or nothing. Whether the ledger knows the card is no fault:
-- a kiosk learns nothing of cards by asking.
CREATE FUNCTION alert_fault(alerts jsonb) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT a.value ->> 'epoch' AS epoch, a.value ->> 'seq' AS seq, a.value ->> 'at' AS at,
           a.value ->> 'kind' AS kind, a.value ->> 'card' AS card, jsonb_typeof(a.value) AS form
    FROM jsonb_array_elements(alerts) AS a(value)
  LOOP
    IF one.form <> 'object' OR one.epoch IS NULL OR one.epoch !~ '^[1-9][0-9]{0,18}$'
       OR one.seq IS NULL OR one.seq !~ '^[1-9][0-9]{0,11}$'
       OR one.at IS NULL OR one.at !~ '^[1-9][0-9]{0,15}$'
       OR one.kind IS NULL OR one.kind !~ '^[a-z_]{1,40}$'
       OR one.card IS NULL OR one.card !~ '^[0-9a-f]{64}$'
    THEN RETURN 'broken'; END IF;
  END LOOP;
  RETURN NULL;
END $$;

-- accounts.card_alerts.keep_alerts.
CREATE FUNCTION keep_alerts(kiosk bigint, at_school bigint, alerts jsonb, heard bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  room bigint;
  new bigint;
  kept bigint;
BEGIN
  IF jsonb_array_length(alerts) = 0 THEN RETURN; END IF;
  SELECT greatest(0, 1000 - count(*)) INTO room FROM card_alert
    WHERE origin_id = kiosk AND heard_us > heard - 86400000000;
  SELECT count(DISTINCT (a.epoch, a.seq)) INTO new
    FROM jsonb_to_recordset(alerts) AS a(epoch bigint, seq bigint)
    WHERE NOT EXISTS (SELECT 1 FROM card_alert k WHERE k.origin_id = kiosk
                      AND k.epoch = a.epoch AND k.seq = a.seq);
  INSERT INTO card_alert (origin_id, epoch, seq, at_us, heard_us, kind, card_id)
    SELECT kiosk, n.epoch, n.seq, least(n.at, heard), heard, n.kind, (
      SELECT c.id FROM card c WHERE c.uid_hmac = decode(n.card, 'hex') AND (
        c.pupil_id IN (SELECT m.pupil_id FROM membership m WHERE m.school_id = at_school)
        OR c.staff_id IN (SELECT s.id FROM staff s WHERE s.school_id = at_school)))
    FROM (SELECT DISTINCT ON (a.epoch, a.seq) a.*
          FROM jsonb_to_recordset(alerts) AS a(epoch bigint, seq bigint, at bigint, kind text,
                                               card text)
          WHERE NOT EXISTS (SELECT 1 FROM card_alert k WHERE k.origin_id = kiosk
                            AND k.epoch = a.epoch AND k.seq = a.seq)
          ORDER BY a.epoch, a.seq LIMIT room) n
    ORDER BY n.epoch, n.seq;
  GET DIAGNOSTICS kept = ROW_COUNT;
  IF kept < new AND NOT EXISTS (
    SELECT 1 FROM alarm WHERE kind = 'alerts_dropped' AND origin_id = kiosk
      AND at_us > heard - 86400000000)
  THEN
    INSERT INTO alarm (at_us, kind, origin_id, detail)
      VALUES (heard, 'alerts_dropped', kiosk, 'card');
  END IF;
END $$;

CREATE OR REPLACE FUNCTION kiosk_drain(asked jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET standard_conforming_strings = on
SET datestyle = 'ISO, YMD' SET lock_timeout = '3s' AS $$
DECLARE
  answers_in bigint := 1;
  kiosk origin;
  heard bigint;
  facts jsonb;
  looks jsonb;
  alerts jsonb;
  fault text;
  answers jsonb;
BEGIN
  IF asked IS NULL OR jsonb_typeof(asked) <> 'object' OR pg_column_size(asked) > 1000000
     OR coalesce(asked ->> 'version', '') !~ '^[1-9][0-9]{0,5}$' THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'broken');
  END IF;
  answers_in := least(2, (asked ->> 'version')::bigint);
  facts := coalesce(asked -> 'facts', '[]');
  looks := coalesce(asked -> 'looks', '[]');
  alerts := coalesce(asked -> 'alerts', '[]');
  IF jsonb_typeof(facts) <> 'array' OR jsonb_typeof(looks) <> 'array'
     OR jsonb_typeof(alerts) <> 'array' THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'broken');
  END IF;
  IF jsonb_array_length(facts) > 200 OR jsonb_array_length(looks) > 200
     OR jsonb_array_length(alerts) > 200 THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'too_many');
  END IF;
  -- An older view of the ledger would not show a month that was closed meanwhile.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'isolation');
  END IF;
  SELECT * INTO kiosk FROM origin WHERE login = session_user FOR NO KEY UPDATE;
  heard := ledger_now();
  IF kiosk.id IS NULL OR kiosk.kind <> 'kiosk' THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'unknown');
  END IF;
  IF kiosk.revoked_us <= heard THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'revoked');
  END IF;
  -- What the kiosk's session may have set counts for nothing here.
  PERFORM set_config('mensa.actor', 'kiosk:' || kiosk.id, true),
          set_config('mensa.holds_balances', '', true);
  fault := coalesce(kiosk_fault(kiosk.id, kiosk.school_id, facts),
                    look_fault(kiosk.school_id, looks, heard), alert_fault(alerts));
  IF fault IS NOT NULL THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', fault);
  END IF;
  SELECT coalesce(jsonb_agg(jsonb_build_array(b.fact_epoch, b.fact_seq, b.outcome)
                            ORDER BY b.fact_epoch, b.fact_seq), '[]')
    INTO answers FROM book_facts(kiosk.id, heard, facts) b;
  INSERT INTO access_log (origin_id, epoch, seq, at_us, actor, pupil_id, purpose)
    SELECT kiosk.id, l.epoch, l.seq, l.at, l.actor, l.pupil, l.purpose
    FROM jsonb_to_recordset(looks) AS l(epoch bigint, seq bigint, at bigint, actor text,
                                        pupil bigint, purpose text)
    ORDER BY l.epoch, l.seq ON CONFLICT (origin_id, epoch, seq) DO NOTHING;
  PERFORM keep_alerts(kiosk.id, kiosk.school_id, alerts, heard);
  RETURN jsonb_build_object('version', answers_in, 'answers', answers);
EXCEPTION
  WHEN lock_not_available OR deadlock_detected OR serialization_failure THEN
    PERFORM end_stuck_kiosks();
    RETURN jsonb_build_object('version', answers_in, 'refused', 'busy');
  WHEN raise_exception THEN
    RETURN jsonb_build_object('version', answers_in, 'refused',
                              coalesce(substring(SQLERRM FROM '^mensa:([a-z_]+)'), 'fault'));
  WHEN data_exception OR integrity_constraint_violation THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'broken');
END $$;

CREATE OR REPLACE FUNCTION kiosk_news(asked jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET standard_conforming_strings = on
SET datestyle = 'ISO, YMD' SET lock_timeout = '3s' AS $$
DECLARE
  answers_in bigint := 1;
  kiosk origin;
  heard bigint;
  epochs bigint[];
  beat jsonb;
  whole jsonb;
  life bigint;
  sealed jsonb;
BEGIN
  IF asked IS NULL OR jsonb_typeof(asked) <> 'object' OR pg_column_size(asked) > 200000
     OR coalesce(asked ->> 'version', '') !~ '^[1-9][0-9]{0,5}$' THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'broken');
  END IF;
  answers_in := least(2, (asked ->> 'version')::bigint);
  IF jsonb_typeof(coalesce(asked -> 'epochs', '[]')) <> 'array'
     OR coalesce(asked ->> 'waiting', '0') !~ '^[0-9]{1,9}$'
     OR coalesce(asked ->> 'software', '') !~ '^[0-9A-Za-z.+_-]{0,40}$' THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'broken');
  END IF;
  IF jsonb_array_length(coalesce(asked -> 'epochs', '[]')) > 5000 THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'too_many');
  END IF;
  IF EXISTS (SELECT 1 FROM jsonb_array_elements_text(coalesce(asked -> 'epochs', '[]')) e
             WHERE e IS NULL OR e !~ '^[1-9][0-9]{0,18}$') THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'broken');
  END IF;
  SELECT * INTO kiosk FROM origin WHERE login = session_user;
  heard := ledger_now();
  IF kiosk.id IS NULL OR kiosk.kind <> 'kiosk' THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'unknown');
  END IF;
  IF kiosk.revoked_us <= heard THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'revoked');
  END IF;
  epochs := ARRAY(SELECT e.epoch::bigint FROM jsonb_array_elements_text(
    coalesce(asked -> 'epochs', '[]')) WITH ORDINALITY AS e(epoch, place) ORDER BY e.place);
  -- One statement, so pulse, snapshot and seal are of one moment.
  SELECT p.beat,
         CASE WHEN coalesce(asked ->> 'wants', 'true') <> 'false'
                   OR p.beat IS DISTINCT FROM asked -> 'pulse'
              THEN kiosk_snapshot(kiosk.id, kiosk.school_id, epochs, heard)
                   || CASE WHEN answers_in < 2 THEN '{}'
                           ELSE kiosk_keys(kiosk.school_id, heard) END END,
         (SELECT number FROM incarnation ORDER BY id DESC LIMIT 1),
         (SELECT jsonb_build_array(s.id, encode(s.hash, 'hex'))
          FROM seal s ORDER BY s.id DESC LIMIT 1)
    INTO beat, whole, life, sealed
    FROM (SELECT kiosk_pulse(kiosk.school_id) AS beat OFFSET 0) p;
  -- Written once a minute or where it changed: most questions need no commit of their own, and so
  -- wait for no disk and no standby.
  IF NOT EXISTS (
    SELECT 1 FROM kiosk_seen s WHERE s.origin_id = kiosk.id
      AND s.waiting = coalesce(asked ->> 'waiting', '0')::bigint
      AND s.software = coalesce(asked ->> 'software', '')
      AND heard - s.at_us BETWEEN 0 AND 59999999)
  THEN
    INSERT INTO kiosk_seen (origin_id, at_us, waiting, software)
      VALUES (kiosk.id, heard, coalesce(asked ->> 'waiting', '0')::bigint,
              coalesce(asked ->> 'software', ''))
      ON CONFLICT (origin_id) DO UPDATE
        SET at_us = excluded.at_us, waiting = excluded.waiting, software = excluded.software;
  END IF;
  RETURN jsonb_build_object('version', answers_in, 'origin', kiosk.id, 'pulse', beat,
                            'incarnation', life, 'seal', sealed, 'snapshot', whole);
EXCEPTION
  WHEN raise_exception THEN
    RETURN jsonb_build_object('version', answers_in, 'refused',
                              coalesce(substring(SQLERRM FROM '^mensa:([a-z_]+)'), 'fault'));
  WHEN lock_not_available OR deadlock_detected OR serialization_failure THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'busy');
  WHEN data_exception OR integrity_constraint_violation THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'broken');
END $$;
