"""That what the kiosks said stands as they said it, and became what it had to become."""

from accounts.clock import moment, school_day
from accounts.database import Session
from accounts.proof import NAMED, Check, CheckName, Failure, count, found
from accounts.verify_journal import stream

_NUMBERS = """
    SELECT 'gap' AS what, 'fact ' || origin_id || '/' || epoch || '/' || seq AS place
    FROM (SELECT origin_id, epoch, seq,
                 lag(seq) OVER (PARTITION BY origin_id, epoch ORDER BY seq) AS last FROM fact) f
    WHERE seq <> coalesce(last, 0) + 1
    UNION ALL
    SELECT 'gap', 'entry ' || id
    FROM (SELECT e.id, e.seq,
                 lag(e.seq) OVER (PARTITION BY e.origin_id, e.epoch ORDER BY e.seq) AS last
          FROM origin k CROSS JOIN entry e  -- in this order: kiosks have most of them
          WHERE k.kind <> 'kiosk' AND e.origin_id = k.id) e
    WHERE seq <> coalesce(last, 0) + 1"""

_FACTS = """
    SELECT CASE WHEN e.id IS NULL AND q.fact_id IS NULL THEN 'neither_booked_nor_quarantined'
                WHEN e.id IS NOT NULL AND q.fact_id IS NOT NULL THEN 'booked_and_quarantined'
                WHEN k.kind <> 'kiosk' THEN 'not_a_kiosk'
                ELSE 'entry_differs' END AS what,
           'fact ' || f.origin_id || '/' || f.epoch || '/' || f.seq AS place
    FROM fact f LEFT JOIN origin k ON k.id = f.origin_id
    LEFT JOIN entry e ON e.origin_id = f.origin_id AND e.epoch = f.epoch AND e.seq = f.seq
    LEFT JOIN quarantine q ON q.fact_id = f.id
    LEFT JOIN entry o ON o.id = e.reverses
    WHERE (e.id IS NULL) = (q.fact_id IS NULL) OR k.kind <> 'kiosk' OR (e.id IS NOT NULL AND (
       e.content <> f.chain OR e.day <> f.day OR e.occurred_us <> f.occurred_us
       OR e.recorded_us <> f.recorded_us OR coalesce(e.reason, '') <> coalesce(f.reason, '')
       OR e.actor <> CASE WHEN f.staff_id IS NULL THEN 'kiosk:' || f.origin_id
                          ELSE 'staff:' || f.staff_id END
       OR (f.kind = 'charge' AND (e.kind <> 'charge' OR e.pupil_id <> coalesce(f.pupil_id, 0)))
       OR (f.kind = 'void' AND (
             e.kind <> 'reversal' OR o.id IS NULL OR o.origin_id <> f.origin_id
             OR o.epoch <> f.voids_epoch OR o.seq <> f.voids_seq))))
    UNION ALL
    SELECT 'items_differ', 'fact ' || f.origin_id || '/' || f.epoch || '/' || f.seq
    FROM fact f JOIN entry e ON e.origin_id = f.origin_id AND e.epoch = f.epoch AND e.seq = f.seq
    WHERE f.kind = 'charge' AND e.kind = 'charge' AND f.items <> '[' || coalesce((
      SELECT {join}(l.item, ',')
      FROM (SELECT '[' || offer_id || ',' || quantity || ']' AS item FROM line
            WHERE entry_id = e.id ORDER BY no) l), '') || ']'"""

_UNSAID = """
    SELECT 'no_fact', 'entry ' || e.id
    FROM entry e JOIN origin k ON k.id = e.origin_id AND k.kind = 'kiosk'
    WHERE NOT EXISTS (SELECT 1 FROM fact f WHERE f.origin_id = e.origin_id
                      AND f.epoch = e.epoch AND f.seq = e.seq)"""

_KIOSK_DAYS = """
    SELECT 'kiosk_day_differs' AS what, 'kiosk ' || origin_id || ' ' || day AS place
    FROM (SELECT origin_id, day, cents FROM kiosk_day
          UNION ALL
          SELECT e.origin_id, e.day, -l.price_cents * l.quantity
          FROM entry e JOIN origin k ON k.id = e.origin_id AND k.kind = 'kiosk'
          JOIN line l ON l.entry_id = e.id) d
    GROUP BY origin_id, day HAVING sum(cents) <> 0"""

# Germany is one hour ahead of UTC in winter and two in summer: where both agree on the day and
# it is the row's, the row is right; the few others are worked out by the zone's own rules.
_DAYS = """
    SELECT '{table} ' || {place}, day, occurred_us FROM {table}
    WHERE day <> {winter} OR (occurred_us / 1000000 + 3600) / 86400
      <> (occurred_us / 1000000 + 7200) / 86400 OR occurred_us < 86400000000
    ORDER BY id"""
_WINTER = {
    "sqlite": "date(occurred_us / 1000000 + 3600, 'unixepoch')",
    "postgresql": "(timestamp 'epoch' + (occurred_us / 1000000 + 3600)"
    " * interval '1 second')::date",
}


def _german_day(occurred_us: int) -> str | None:
    """The ISO day in Germany; None beyond the years of any calendar."""
    try:
        return school_day(moment(occurred_us)).isoformat()
    except OverflowError:
        return None


def numbers(db: Session) -> Check:
    """Every kiosk's facts and every other writer's entries run from 1 without a gap."""
    counted = count(db, "fact") + count(
        db, "origin k CROSS JOIN entry e WHERE k.kind <> 'kiosk' AND e.origin_id = k.id"
    )
    return Check(CheckName.NUMBERS, counted, found(db, _NUMBERS))


def facts(db: Session) -> Check:
    """Every fact is booked as it came or quarantined, never both; no kiosk entry without one."""
    return Check(CheckName.FACTS, count(db, "fact"), found(db, facts_query(db.dialect.name)))


def kept_query(dialect: str) -> str:
    """What finds the facts that were not booked as they came."""
    return _FACTS.format(join="group_concat" if dialect == "sqlite" else "string_agg")


def facts_query(dialect: str) -> str:
    """The same, and what finds a kiosk's entries without a fact."""
    return f"{kept_query(dialect)} UNION ALL {_UNSAID}"


def kiosk_days(db: Session) -> Check:
    """The sum kept for a kiosk's daily cap is that of its charges' full prices, voided or not."""
    return Check(CheckName.KIOSK_DAYS, count(db, "kiosk_day"), found(db, _KIOSK_DAYS))


def days(db: Session) -> Check:
    """The day of every fact and entry is the calendar day in Germany at its moment."""
    failures: list[Failure] = []
    places = {"fact": "origin_id || '/' || epoch || '/' || seq", "entry": "id"}
    for table, place in places.items():
        query = _DAYS.format(
            table=table,
            place=place,
            winter=_WINTER[db.dialect.name],
        )
        for where, day, occurred in stream(db, query):
            if str(day) != _german_day(occurred):
                failures.append(Failure("wrong_day", where))
    counted = count(db, "fact") + count(db, "entry")
    return Check(CheckName.DAYS, counted, tuple(failures[:NAMED]))
