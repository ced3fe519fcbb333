-- The kiosks' door. A kiosk's role may execute kiosk_drain and kiosk_news and nothing else: which
-- kiosk asks is session_user and nothing it says, when it asks is this server's clock, and what
-- it says is looked at before anything is done with it.

CREATE FUNCTION ledger_now() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;

-- The roles of this ledger are named after its database: roles are the whole server's.
CREATE FUNCTION ledger_role(part text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT CASE WHEN octet_length(current_database()::text) <= 40 THEN current_database()::text
              ELSE 'ledger_' || left(md5(current_database()::text), 16) END || '_' || part $$;

-- What tells a school's kiosks that there is something to fetch; the sums of the newest numbers,
-- because a lower number may become visible after a higher one.
CREATE FUNCTION kiosk_pulse(at_school bigint) RETURNS jsonb LANGUAGE plpgsql STABLE
SET jit = off AS $$
BEGIN
  RETURN jsonb_build_array(
    (SELECT coalesce(sum(id), 0) FROM (
      SELECT id FROM entry WHERE school_id = at_school ORDER BY id DESC LIMIT 256) n),
    (SELECT coalesce(sum(id), 0) FROM (
      SELECT id FROM change WHERE school_id = at_school ORDER BY id DESC LIMIT 256) n)
    + (SELECT coalesce(sum(id), 0) FROM (
      SELECT id FROM change WHERE school_id IS NULL ORDER BY id DESC LIMIT 256) n));
END $$;

-- accounts.snapshot_query.take_snapshot in one statement, so of one moment.
CREATE FUNCTION kiosk_snapshot(of_origin bigint, at_school bigint, epochs bigint[], at_us bigint)
RETURNS jsonb LANGUAGE plpgsql STABLE SET jit = off AS $$
DECLARE
  today date := berlin_day(at_us);
  until date := berlin_day(at_us) + 7;
BEGIN
  RETURN (
    WITH here AS MATERIALIZED (
      SELECT pupil_id, class_name FROM membership
      WHERE school_id = at_school AND valid_from <= today
        AND (valid_to IS NULL OR valid_to >= today)),
    entitled AS (
      SELECT DISTINCT ON (n.pupil_id) n.pupil_id, n.tariff_id,
             t.funding_body_id IS NOT NULL AS funded
      FROM entitlement n JOIN tariff t ON t.id = n.tariff_id
      WHERE n.pupil_id IN (SELECT pupil_id FROM here) AND n.valid_from <= today
        AND (n.valid_to IS NULL OR n.valid_to >= today)
      ORDER BY n.pupil_id, n.valid_from DESC, n.id DESC),
    eaten AS (
      SELECT pupil_id, sum(CASE WHEN is_lunch THEN quantity ELSE 0 END) AS lunches,
             sum(share_cents * (quantity - CASE WHEN is_lunch AND place = 1 THEN 1 ELSE 0 END))
               AS spent
      FROM (SELECT c.pupil_id, l.quantity, l.share_cents, l.item_class = 'lunch' AS is_lunch,
                   row_number() OVER (PARTITION BY c.pupil_id, l.item_class = 'lunch'
                                      ORDER BY c.id, l.no) AS place
            FROM standing_charge c JOIN line l ON l.entry_id = c.id
            WHERE c.day = today AND c.pupil_id IN (SELECT pupil_id FROM here)) e
      GROUP BY pupil_id),
    unbooked AS (
      SELECT f.pupil_id, sum(i.quantity) AS lunches
      FROM fact f JOIN quarantine q ON q.fact_id = f.id JOIN fact_item i ON i.fact_id = f.id
      JOIN offer o ON o.id = i.offer_id AND o.item_class = 'lunch'
      WHERE f.day = today AND f.origin_id = of_origin
        AND f.pupil_id IN (SELECT pupil_id FROM here) AND i.quantity BETWEEN 1 AND 1000000
        AND NOT EXISTS (SELECT 1 FROM fact v WHERE v.pupil_id = f.pupil_id AND v.day = today
                        AND v.origin_id = f.origin_id AND v.voids_epoch = f.epoch
                        AND v.voids_seq = f.seq)
      GROUP BY f.pupil_id)
    SELECT jsonb_build_object(
      'taken_at', at_us,
      'day', to_char(today, 'YYYY-MM-DD'),
      'school', (SELECT jsonb_build_array(s.id, s.number, s.name, s.floor_cents,
                   string_to_array(s.accepts, ','), s.shows_first_name = 1, s.language)
                 FROM school s WHERE s.id = at_school),
      'offers', (SELECT coalesce(jsonb_agg(jsonb_build_array(
                   o.id, to_char(o.day, 'YYYY-MM-DD'), o.code, o.title, o.item_class)
                   ORDER BY o.day, o.code), '[]')
                 FROM offer o WHERE o.school_id = at_school AND o.day BETWEEN today AND until),
      'prices', (SELECT coalesce(jsonb_agg(jsonb_build_array(
                   r.offer_id, r.tariff_id, r.price_cents, r.share_cents)
                   ORDER BY r.offer_id, r.tariff_id), '[]')
                 FROM price r JOIN offer o ON o.id = r.offer_id
                 WHERE o.school_id = at_school AND o.day BETWEEN today AND until),
      'closed', (SELECT coalesce(jsonb_agg(to_char(d.day, 'YYYY-MM-DD') ORDER BY d.day), '[]')
                 FROM closed_day d
                 WHERE d.school_id = at_school AND d.day BETWEEN today AND until),
      'people', (SELECT coalesce(jsonb_agg(jsonb_build_array(
                   p.id, p.kind, coalesce(i.first_name, ''), coalesce(i.last_name, ''),
                   m.class_name, coalesce(e.tariff_id, b.id), b.id, coalesce(e.funded, false),
                   k.cents, coalesce(a.lunches, 0) + coalesce(u.lunches, 0),
                   coalesce(a.spent, 0), p.day_limit_cents,
                   array_remove(string_to_array(p.blocked_classes, ','), ''))
                   ORDER BY p.id), '[]')
                 FROM here m JOIN pupil p ON p.id = m.pupil_id
                 JOIN account c ON c.pupil_id = p.id JOIN balance k ON k.account_id = c.id
                 JOIN tariff b ON b.person_kind = p.kind AND b.base = 1
                 LEFT JOIN identity i ON i.pupil_id = p.id
                 LEFT JOIN entitled e ON e.pupil_id = p.id
                 LEFT JOIN eaten a ON a.pupil_id = p.id
                 LEFT JOIN unbooked u ON u.pupil_id = p.id),
      'cards', (SELECT coalesce(jsonb_agg(c.told ORDER BY c.part, c.id), '[]') FROM (
                  SELECT 1 AS part, n.id,
                         CASE WHEN n.pupil_id IN (SELECT pupil_id FROM here)
                         THEN jsonb_build_array(encode(n.uid_hmac, 'hex'), n.state, n.pupil_id, NULL)
                         ELSE jsonb_build_array(encode(n.uid_hmac, 'hex'), 'wrong_school', NULL, NULL)
                         END AS told
                  FROM card n WHERE n.pupil_id IN (
                    SELECT pupil_id FROM membership WHERE school_id = at_school)
                  UNION ALL
                  SELECT 2, n.id,
                         jsonb_build_array(encode(n.uid_hmac, 'hex'), n.state, NULL, n.staff_id)
                  FROM card n JOIN staff s ON s.id = n.staff_id
                  WHERE s.school_id = at_school AND s.active = 1) c),
      'staff', (SELECT coalesce(jsonb_agg(jsonb_build_array(s.id, s.label, s.pin_hash)
                  ORDER BY s.id), '[]')
                FROM staff s WHERE s.school_id = at_school AND s.active = 1),
      'counts', (SELECT coalesce(jsonb_agg(jsonb_build_array(g.offer_id, g.eaten)
                   ORDER BY g.offer_id), '[]') FROM (
                   SELECT w.offer_id, sum(w.quantity) AS eaten FROM (
                     SELECT l.offer_id, l.quantity FROM offer o
                     JOIN line l ON l.offer_id = o.id JOIN standing_charge c ON c.id = l.entry_id
                     WHERE o.school_id = at_school AND o.day = today
                     UNION ALL
                     SELECT o.id, i.quantity FROM fact f
                     JOIN quarantine q ON q.fact_id = f.id AND q.reason = 'unassigned'
                     JOIN fact_item i ON i.fact_id = f.id AND i.quantity BETWEEN 1 AND 1000000
                     JOIN offer o ON o.id = i.offer_id AND o.school_id = at_school
                                 AND o.day = today
                     WHERE f.pupil_id IS NULL AND f.day = today
                       AND NOT EXISTS (SELECT 1 FROM fact v WHERE v.pupil_id IS NULL
                                       AND v.day = today AND v.origin_id = f.origin_id
                                       AND v.voids_epoch = f.epoch AND v.voids_seq = f.seq)) w
                   GROUP BY w.offer_id) g),
      'marks', (SELECT coalesce(jsonb_agg(jsonb_build_array(n.epoch, n.seq) ORDER BY n.place), '[]')
                FROM (SELECT e.epoch, e.place, (SELECT max(f.seq) FROM fact f
                        WHERE f.origin_id = of_origin AND f.epoch = e.epoch) AS seq
                      FROM unnest(epochs) WITH ORDINALITY AS e(epoch, place)) n
                WHERE n.seq IS NOT NULL),
      'seal', (SELECT jsonb_build_array(s.id, encode(s.hash, 'hex'))
               FROM seal s ORDER BY s.id DESC LIMIT 1)));
END $$;

-- What is wrong with a kiosk's facts before anybody books them, or nothing. Their texts are of a
-- form that every later reader of the ledger understands; new ones continue the kiosk's chain.
CREATE FUNCTION kiosk_fault(kiosk bigint, at_school bigint, facts jsonb)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  one record;
  last_epoch bigint;
  last_seq bigint := 0;
  before bytea;
  stands bytea;
  canonical text;
BEGIN
  FOR one IN
    SELECT f.value ->> 'epoch' AS epoch, f.value ->> 'seq' AS seq, f.value ->> 'kind' AS kind,
           f.value ->> 'origin' AS origin, f.value ->> 'pupil' AS pupil, f.value ->> 'day' AS day,
           f.value ->> 'occurred' AS occurred, f.value ->> 'items' AS items,
           f.value ->> 'voids_epoch' AS voids_epoch, f.value ->> 'voids_seq' AS voids_seq,
           f.value ->> 'staff' AS staff, f.value ->> 'reason' AS reason,
           f.value ->> 'chain' AS chain, jsonb_typeof(f.value) AS form,
           jsonb_typeof(f.value -> 'items') AS items_form
    FROM jsonb_array_elements(facts) WITH ORDINALITY AS f(value, place) ORDER BY f.place
  LOOP
    IF one.form <> 'object' OR one.items_form IS DISTINCT FROM 'string' THEN RETURN 'broken'; END IF;
    IF one.origin IS DISTINCT FROM kiosk::text THEN RETURN 'not_yours'; END IF;
    IF one.epoch IS NULL OR one.epoch !~ '^[1-9][0-9]{0,18}$'
       OR one.seq IS NULL OR one.seq !~ '^[1-9][0-9]{0,11}$'
       OR one.kind IS NULL OR one.kind NOT IN ('charge', 'void')
       OR one.pupil !~ '^[0-9]{1,18}$'
       OR one.day IS NULL OR one.day !~ '^20[0-9]{2}-[0-9]{2}-[0-9]{2}$'
       OR one.occurred IS NULL OR one.occurred !~ '^[1-9][0-9]{0,15}$'
       OR length(one.items) > 1000
       OR one.items !~ '^[[](([[](0|-?[1-9][0-9]{0,17}),(0|-?[1-9][0-9]{0,17})[]])(,[[](0|-?[1-9][0-9]{0,17}),(0|-?[1-9][0-9]{0,17})[]])*)?[]]$'
       OR (one.kind = 'void') <> (one.items = '[]')
       OR (one.kind = 'void') <> (one.voids_epoch IS NOT NULL)
       OR (one.voids_epoch IS NULL) <> (one.voids_seq IS NULL)
       OR one.voids_epoch !~ '^[1-9][0-9]{0,18}$' OR one.voids_seq !~ '^[1-9][0-9]{0,11}$'
       OR one.staff !~ '^[1-9][0-9]{0,17}$' OR one.reason !~ '^[a-z_]{1,40}$'
       OR (one.kind = 'void' AND one.reason IS NULL)
       OR one.chain IS NULL OR one.chain !~ '^[0-9a-f]{64}$'
    THEN RETURN 'broken'; END IF;
    IF one.staff IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM staff s WHERE s.id = one.staff::bigint AND s.school_id = at_school)
    THEN RETURN 'not_yours'; END IF;
    IF last_epoch IS NULL THEN
      last_epoch := one.epoch::bigint;
      SELECT f.seq, f.chain INTO last_seq, before FROM fact f
        WHERE f.origin_id = kiosk AND f.epoch = last_epoch ORDER BY f.seq DESC LIMIT 1;
      IF before IS NULL THEN
        last_seq := 0;
        before := sha256(convert_to('{"chain":"mensakasse","epoch":' || last_epoch
                                    || ',"origin":' || kiosk || '}', 'UTF8'));
      END IF;
    ELSIF one.epoch::bigint <> last_epoch THEN
      RETURN 'broken';
    END IF;
    IF one.seq::bigint > last_seq THEN
      IF one.seq::bigint <> last_seq + 1 THEN RETURN 'gap'; END IF;
      canonical := '{"day":"' || one.day || '","epoch":' || one.epoch || ',"items":"' || one.items
        || '","kind":"' || one.kind || '","occurred":' || one.occurred || ',"origin":' || one.origin
        || ',"pupil":' || coalesce(one.pupil, 'null')
        || ',"reason":' || coalesce('"' || one.reason || '"', 'null') || ',"seq":' || one.seq
        || ',"staff":' || coalesce(one.staff, 'null')
        || ',"voids_epoch":' || coalesce(one.voids_epoch, 'null')
        || ',"voids_seq":' || coalesce(one.voids_seq, 'null') || '}';
      stands := sha256(before || convert_to(canonical, 'UTF8'));
      IF stands <> decode(one.chain, 'hex') THEN RETURN 'not_linked'; END IF;
      before := stands;
      last_seq := one.seq::bigint;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

-- What is wrong with a kiosk's notes of who looked, or nothing: looks are its own staff's, at
-- nobody in particular or at somebody who is or was of its school.
CREATE FUNCTION look_fault(at_school bigint, looks jsonb, heard bigint)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT k.value ->> 'epoch' AS epoch, k.value ->> 'seq' AS seq, k.value ->> 'at' AS at,
           k.value ->> 'actor' AS actor, k.value ->> 'pupil' AS pupil,
           k.value ->> 'purpose' AS purpose, jsonb_typeof(k.value) AS form
    FROM jsonb_array_elements(looks) AS k(value)
  LOOP
    IF one.form <> 'object' OR one.epoch IS NULL OR one.epoch !~ '^[1-9][0-9]{0,18}$'
       OR one.seq IS NULL OR one.seq !~ '^[1-9][0-9]{0,11}$'
       OR one.at IS NULL OR one.at !~ '^[1-9][0-9]{0,15}$'
       OR one.pupil !~ '^[1-9][0-9]{0,17}$'
       OR one.purpose IS NULL OR one.purpose !~ '^[a-z_ ]{1,60}$'
       OR one.actor IS NULL
    THEN RETURN 'broken'; END IF;
    IF one.actor !~ '^staff:[1-9][0-9]{0,17}$' OR NOT EXISTS (
         SELECT 1 FROM staff s WHERE s.id = substr(one.actor, 7)::bigint
         AND s.school_id = at_school)
       OR (one.pupil IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM membership m WHERE m.pupil_id = one.pupil::bigint
         AND m.school_id = at_school))
       OR one.at::bigint > heard + 86400000000
    THEN RETURN 'not_yours'; END IF;
  END LOOP;
  RETURN NULL;
END $$;

-- A kiosk's session that keeps a transaction open keeps others from booking. An honest one never
-- does: each of its calls is a transaction of its own.
CREATE FUNCTION end_stuck_kiosks() RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a
  JOIN public.origin k ON k.login = a.usename
  WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
    AND extract(epoch FROM a.xact_start) * 1000000 < ledger_now() - 15000000 $$;

CREATE FUNCTION kiosk_drain(asked jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET standard_conforming_strings = on
SET datestyle = 'ISO, YMD' SET lock_timeout = '3s' AS $$
DECLARE
  answers_in bigint := 1;
  kiosk origin;
  heard bigint;
  facts jsonb;
  looks jsonb;
  fault text;
  answers jsonb;
BEGIN
  IF asked IS NULL OR jsonb_typeof(asked) <> 'object' OR pg_column_size(asked) > 1000000
     OR coalesce(asked ->> 'version', '') !~ '^[1-9][0-9]{0,5}$' THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'broken');
  END IF;
  answers_in := least(answers_in, (asked ->> 'version')::bigint);
  facts := coalesce(asked -> 'facts', '[]');
  looks := coalesce(asked -> 'looks', '[]');
  IF jsonb_typeof(facts) <> 'array' OR jsonb_typeof(looks) <> 'array' THEN
    RETURN jsonb_build_object('version', answers_in, 'refused', 'broken');
  END IF;
  IF jsonb_array_length(facts) > 200 OR jsonb_array_length(looks) > 200 THEN
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
                    look_fault(kiosk.school_id, looks, heard));
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

CREATE FUNCTION kiosk_news(asked jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER
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
  answers_in := least(answers_in, (asked ->> 'version')::bigint);
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
              THEN kiosk_snapshot(kiosk.id, kiosk.school_id, epochs, heard) END,
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

-- A kiosk's role. The password comes as its SCRAM verifier (RFC 5803): the server and its log
-- never see the password itself. Asked again for the same kiosk, the role gets the new one and
-- whoever is connected by the old one is not any more.
CREATE FUNCTION enrol_login(of_origin bigint, verifier text) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  kiosk origin;
  named text := ledger_role('kiosk_' || of_origin);
  known pg_roles;
BEGIN
  SELECT * INTO kiosk FROM origin WHERE id = of_origin AND kind = 'kiosk' AND revoked_us IS NULL
    FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'mensa:no_kiosk'; END IF;
  IF verifier IS NULL OR verifier !~
     '^SCRAM-SHA-256[$][0-9]{1,7}:[A-Za-z0-9+/=]{1,64}[$][A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}$'
  THEN RAISE EXCEPTION 'mensa:clear_password'; END IF;
  SELECT * INTO known FROM pg_roles WHERE rolname = named;
  IF known.rolsuper OR known.rolcreaterole OR known.rolbypassrls OR known.rolreplication THEN
    RAISE EXCEPTION 'mensa:login_taken'; END IF;
  IF known.rolname IS NULL THEN
    EXECUTE 'CREATE ROLE ' || quote_ident(named) || ' LOGIN INHERIT CONNECTION LIMIT 4 PASSWORD '
      || quote_literal(verifier) || ' IN ROLE ' || quote_ident(ledger_role('kiosk'));
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
      EXECUTE 'GRANT ' || quote_ident(named) || ' TO ' || quote_ident(current_user);
    END IF;
  ELSE
    EXECUTE 'ALTER ROLE ' || quote_ident(named) || ' LOGIN CONNECTION LIMIT 4 PASSWORD '
      || quote_literal(verifier);
    EXECUTE 'GRANT ' || quote_ident(ledger_role('kiosk')) || ' TO ' || quote_ident(named);
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = named;
  END IF;
  EXECUTE 'ALTER ROLE ' || quote_ident(named) || ' SET statement_timeout = ''15s''';
  EXECUTE 'ALTER ROLE ' || quote_ident(named)
    || ' SET idle_in_transaction_session_timeout = ''5s''';
  UPDATE origin SET login = named WHERE id = of_origin AND login IS DISTINCT FROM named;
  RETURN named;
END $$;

-- Nobody signs in as it any more, and whoever is signed in is not.
CREATE FUNCTION revoke_login(of_origin bigint) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  named text;
  ended bigint;
BEGIN
  SELECT login INTO named FROM origin WHERE id = of_origin AND kind = 'kiosk'
    AND revoked_us IS NOT NULL;
  IF named IS NULL OR NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = named) THEN
    RETURN 0; END IF;
  EXECUTE 'ALTER ROLE ' || quote_ident(named) || ' NOLOGIN PASSWORD NULL';
  SELECT count(pg_terminate_backend(pid)) INTO ended FROM pg_stat_activity
    WHERE usename = named;
  RETURN ended;
END $$;

-- Asked by the office, the two ways in that write for it act for the ledger's owner.
DO $$
DECLARE one regprocedure;
BEGIN
  FOR one IN SELECT p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace
      AND (p.proname = 'book'
           OR (p.prorettype = 'trigger'::regtype AND NOT p.prosecdef
               AND p.prosrc ~ 'INSERT INTO history'))
  LOOP
    EXECUTE 'ALTER FUNCTION ' || one::text
      || ' SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp';
  END LOOP;
END $$;

-- What a role may is granted to it by name (accounts.roles); nothing is everybody's.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
