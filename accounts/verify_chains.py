"""That every kiosk's chain hangs together: each link is the hash over the one before and its fact.

A fact's canonical bytes (``accounts.spelled``) are written by the database, thousands at a time,
wherever its texts are such that JSON writes them as they are; so written they can be read in one
way only. Where a link does not fit them the facts are gone through one by one with the bytes
that ``accounts.spelled`` writes, and only those say that a chain is broken.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from json.encoder import encode_basestring_ascii
from typing import Any

from sqlalchemy import text

from accounts import chain, spelled
from accounts.database import Session
from accounts.proof import NAMED, Check, CheckName, Failure
from accounts.verify_journal import stream

_COLUMNS = """origin_id, epoch, seq, kind, pupil_id, day, occurred_us, items, voids_epoch,
    voids_seq, staff_id, reason, chain"""
_PART = 250_000
"""Facts looked at in one go: those of whole kiosks, until there are so many."""
_KIOSKS = text("SELECT origin_id, count(*) FROM fact GROUP BY origin_id ORDER BY origin_id")
_EPOCHS = text("""
    SELECT DISTINCT origin_id, epoch FROM fact WHERE origin_id >= :low AND origin_id <= :high
    ORDER BY origin_id, epoch""")


_CHUNK = 2000
# A sign at the end that no fact has: its link will not fit, and the epoch is gone through.
_SQLITE = text("""
    SELECT count(*), max(seq), CAST(group_concat(told, char(10)) AS BLOB),
           group_concat(hex(chain), '')
    FROM (SELECT seq, chain,
        printf('{"day":"%s","epoch":%s,"items":"%s","kind":"%s","occurred":%s,"origin":%s,'
          || '"pupil":%s,"reason":%s,"seq":%s,"staff":%s,"voids_epoch":%s,"voids_seq":%s}%s',
          day, epoch, items, kind, occurred_us, origin_id, ifnull(pupil_id, 'null'),
          CASE WHEN reason IS NULL THEN 'null' ELSE json_text(reason) END, seq,
          ifnull(staff_id, 'null'), ifnull(voids_epoch, 'null'), ifnull(voids_seq, 'null'),
          CASE WHEN ltrim(items, '[]0123456789,') = '' AND ltrim(day, '0123456789-') = ''
             AND kind IN ('charge', 'void') THEN '' ELSE '~' END) AS told
      FROM fact WHERE origin_id = :origin AND epoch = :epoch AND seq > :after
      ORDER BY seq LIMIT :chunk)""")
_WHOLE_EPOCH = f"""
    SELECT {_COLUMNS} FROM fact WHERE origin_id = :origin AND epoch = :epoch ORDER BY seq"""  # noqa: S608  # our own words

# The facts that do not fit what PostgreSQL writes, each with the link before it.
_POSTGRESQL = f"""
    SELECT {_COLUMNS}, before
    FROM (SELECT fact.*, lag(chain) OVER (PARTITION BY origin_id, epoch ORDER BY seq) AS before
          FROM fact WHERE origin_id >= :low AND origin_id <= :high) f
    WHERE before IS NULL OR translate(items, '[]0123456789,', '') <> ''
      OR kind NOT IN ('charge', 'void') OR reason ~ '[^ !#-Z^-~]'
      OR sha256(before || convert_to(concat('{{"day":"', day, '","epoch":', epoch, ',"items":"',
        items, '","kind":"', kind, '","occurred":', occurred_us, ',"origin":', origin_id,
        ',"pupil":', coalesce(pupil_id::text, 'null'), ',"reason":',
        coalesce('"' || reason || '"', 'null'), ',"seq":', seq,
        ',"staff":', coalesce(staff_id::text, 'null'),
        ',"voids_epoch":', coalesce(voids_epoch::text, 'null'),
        ',"voids_seq":', coalesce(voids_seq::text, 'null'), '}}'), 'UTF8')) <> chain
    ORDER BY origin_id, epoch, seq"""  # noqa: S608  # our own words


@dataclass(frozen=True, slots=True)
class Links:
    """How many links of some kiosks were worked out again, and where a chain is broken."""

    facts: int
    broken: tuple[Failure, ...] = ()


def chains(db: Session) -> Check:
    """Every link is the hash over the row before it and its own row.

    Of each kiosk's epoch the first row that differs is named; what follows hangs on it.
    """
    return joined(part(db) for part in parts(db))


def parts(db: Session) -> list[Callable[[Session], Links]]:
    """All kiosks' chains, to be worked out apart, in the order of their kiosks."""
    spans: list[tuple[int, int, int]] = []
    for origin, facts in db.execute(_KIOSKS):
        if spans and spans[-1][2] + facts <= _PART:
            low, _, before = spans.pop()
            spans.append((low, origin, before + facts))
        else:
            spans.append((origin, origin, facts))

    def of(low: int, high: int, facts: int) -> Callable[[Session], Links]:
        return lambda view: Links(facts, tuple(_broken(view, low=low, high=high)))

    return [of(*span) for span in spans]


def joined(links: Iterable[Links]) -> Check:
    """What the parts say, in their order."""
    some = list(links)
    broken = [failure for part in some for failure in part.broken]
    return Check(CheckName.CHAINS, sum(part.facts for part in some), tuple(broken[:NAMED]))


def _broken(db: Session, *, low: int, high: int) -> Iterator[Failure]:
    span = {"low": low, "high": high}
    if db.dialect.name == "sqlite":
        driver: Any = db.connection.driver_connection
        driver.create_function("json_text", 1, encode_basestring_ascii, deterministic=True)
        for origin, epoch in db.execute(_EPOCHS, span).all():
            if not _fits(db, origin, epoch):
                yield from _first_broken(db, origin, epoch)
        return
    named: tuple[int, int] | None = None
    for *row, before in stream(db, _POSTGRESQL, span):
        epoch = (row[0], row[1])
        last = chain.genesis(origin_id=row[0], epoch=row[1]) if before is None else bytes(before)
        if epoch != named and chain.follow(last, spelled.fact(row[:12])) != bytes(row[12]):
            named = epoch
            yield _where(row)


def _fits(db: Session, origin: int, epoch: int) -> bool:
    """Whether every link of an epoch is that over what SQLite writes of its fact."""
    last = chain.genesis(origin_id=origin, epoch=epoch)
    place = {"origin": origin, "epoch": epoch, "after": -(2**62), "chunk": _CHUNK}
    while True:
        facts, seq, told, links = db.execute(_SQLITE, place).one()
        if not facts:
            return True
        rows, link = told.split(b"\n"), bytes.fromhex(links)
        if len(rows) != facts or len(link) != 32 * facts:
            return False
        for at, row in enumerate(rows):
            link_of = link[32 * at : 32 * at + 32]
            if sha256(last + row).digest() != link_of:  # millions of times: no call of ours
                return False
            last = link_of
        place["after"] = seq


def _first_broken(db: Session, origin: int, epoch: int) -> Iterator[Failure]:
    last = chain.genesis(origin_id=origin, epoch=epoch)
    for row in db.execute(text(_WHOLE_EPOCH), {"origin": origin, "epoch": epoch}).all():
        last = chain.follow(last, spelled.fact(row[:12]))
        if last != bytes(row[12]):
            yield _where(row)
            return


def _where(row: Any) -> Failure:
    return Failure("chain_broken", f"fact {row[0]}/{row[1]}/{row[2]}")
