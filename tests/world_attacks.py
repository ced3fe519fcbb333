"""What nobody may do, tried by plain SQL: each is refused, and for its own reason.

A raw entry is written as a program with the table open would write it; one that is right in all
things is taken (and undone), so the others are refused for what is wrong with them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from world_raw import Raw, Scene
from world_words import Transfer, mirror

from accounts.clock import school_day
from accounts.database import Session
from accounts.entries import Key


@dataclass(frozen=True, slots=True)
class Attack:
    """One attempt. ``codes``: what it may be refused with; none: it must be taken."""

    name: str
    attempt: Callable[[Session], None]
    codes: frozenset[str]


def _sql(statement: str, **values: Any) -> Callable[[Session], None]:
    def attempt(db: Session) -> None:
        done = db.execute(text(statement), values)
        assert done.rowcount, f"nothing to attack: {statement}"

    return attempt


KEPT = {
    "entry": "actor",
    "transfer": "cents",
    "line": "quantity",
    "fact": "items",
    "quarantine": "reason",
    "alarm": "detail",
    "account": "name",
    "bank_line": "actor",
    "allocation": "actor",
}
"""What is written for ever, and a field of it."""


def attacks(scene: Scene) -> Iterator[Attack]:
    """Everything that can be tried on what is there now."""
    yield from _on_rows(scene)
    yield from _on_entries(scene)
    yield from _on_facts(scene)
    yield from _on_requests(scene)
    yield from _on_bank(scene)


def _on_requests(scene: Scene) -> Iterator[Attack]:
    decide = (
        "INSERT INTO decision (request_id, approver_id, approved, at_us)"
        " VALUES ({request}, {person}, 1, (SELECT at_us FROM request WHERE id = {request}))"
    )
    if scene.request is not None:
        for name, person, code in (
            ("approve one's own request", scene.asker, "own_request"),
            ("approve without the right", scene.watcher, "no_right"),
        ):
            attempt = _sql(decide.format(request=scene.request, person=person))
            yield _attack(name, attempt, code)
    if scene.model.decided:
        request = scene.rng.choice(list(scene.model.decided))
        attempt = _sql(decide.format(request=request, person=scene.watcher))
        yield _attack("decide twice", attempt, "already_decided", "uq_decision_request_id")


def _attack(name: str, attempt: Callable[[Session], None], *codes: str) -> Attack:
    return Attack(name, attempt, frozenset(codes))


def _on_rows(scene: Scene) -> Iterator[Attack]:
    model, rng = scene.model, scene.rng
    rows: dict[str, list[Any]] = {"entry": model.log, "transfer": model.log, "account": [1]}
    rows["fact"] = model.told
    rows["line"] = [key for key in model.log[-50:] if model.entries[key].lines]
    rows["bank_line"] = list(model.lines)
    rows["allocation"] = [line for line, parts in model.parts.items() if parts]
    rows["quarantine"] = [key for key in model.told[-50:] if model.verdicts[key] != "book"]
    for table, field in KEPT.items():
        if not rows.get(table):
            continue
        where = _where(scene, table, rng.choice(rows[table]))
        yield _attack(
            f"update {table}", _sql(f"UPDATE {table} SET {field} = {field} {where}"), "append_only"
        )
        # What others name could not go even without the guard.
        named = ("reference",) if table in {"entry", "account", "fact", "bank_line"} else ()
        yield _attack(
            f"delete {table}", _sql(f"DELETE FROM {table} {where}"), "append_only", *named
        )
    if scene.watch.database.is_sqlite and model.log:
        where = _where(scene, "transfer", rng.choice(model.log))
        yield _attack(
            "replace transfer",
            _sql(
                "REPLACE INTO transfer SELECT id, entry_id, no, debit_id, credit_id, cents + 1"
                f" FROM transfer {where}"
            ),
            "append_only",
            "needs_two",
        )
    account = scene.account(f"pupil:{scene.pupil}")
    for name, change in {
        "raise balance": "cents = cents + 100",
        "touch balance": "transfer_id = transfer_id + 1",
    }.items():
        yield _attack(
            name, _sql(f"UPDATE balance SET {change} WHERE account_id = {account}"),
            "balance_by_hand",
        )  # fmt: skip
    yield _attack(
        "delete balance", _sql(f"DELETE FROM balance WHERE account_id = {account}"), "append_only"
    )


def _where(scene: Scene, table: str, key: Any) -> str:
    if table in ("entry", "transfer", "line"):
        column = "id" if table == "entry" else "entry_id"
        return f"WHERE {column} = {scene.watch.ids[key]}"
    if table in ("bank_line", "allocation"):
        return f"WHERE {'id' if table == 'bank_line' else 'line_id'} = {key}"
    if table == "account":
        return f"WHERE id = {scene.account(f'pupil:{scene.pupil}')}"
    same = f"origin_id = {key.origin_id} AND epoch = {key.epoch} AND seq = {key.seq}"
    if table == "fact":
        return f"WHERE {same}"
    return f"WHERE fact_id = (SELECT id FROM fact WHERE {same})"


def _on_entries(scene: Scene) -> Iterator[Attack]:
    model, pupil, other = scene.model, scene.pupil, scene.other
    end = model.ends[scene.office, 1]
    yield _attack("write what is right", Raw(scene))
    yield _attack("leave a gap", Raw(scene, key=Key(scene.office, 1, end + 2)), "gap")
    if end:
        yield _attack(
            "use a number twice",
            Raw(scene, key=Key(scene.office, 1, end)),
            "key_used",
            "uq_entry_origin_id_epoch_seq",
        )
    two = (("opening", f"pupil:{pupil}", 100), ("opening", f"pupil:{other}", 100))
    yield _attack("pay for two pupils", Raw(scene, moves=two), "one_pupil")
    yield _attack("promise two transfers", Raw(scene, declared=2), "reference", "half")
    yield _attack(
        "move nothing", Raw(scene, moves=(("opening", "fees", 0),)),
        "not_positive", "ck_transfer_positive",
    )  # fmt: skip
    tomorrow = school_day(scene.now) + timedelta(days=2)
    yield _attack("name another day", Raw(scene, day=tomorrow), "wrong_day")
    yield _attack(
        "be a kiosk", Raw(scene, key=Key(scene.kiosk, 1, 1), school=scene.school), "no_fact"
    )
    if model.log:
        key = scene.rng.choice(model.log)
        number, entry = scene.watch.ids[key], model.entries[key]
        decided = entry.kind in (
            "correction",
            "refund",
            "topup",
        )  # what two people agreed on stays so
        codes = ("not_in_entry", "needs_two") if decided else ("not_in_entry",)
        yield _attack(
            "add to an old entry",
            _sql(
                "INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)"
                f" VALUES ({number}, {len(entry.transfers) + 1},"
                f" {scene.account(entry.transfers[0][0])},"
                f" {scene.account(entry.transfers[0][1])}, 1)"
            ),
            *codes,
        )
    yield from _reversals(scene)
    if model.open_from:
        before = model.open_from - timedelta(days=1)
        at = scene.now - (school_day(scene.now) - before)
        yield _attack("book into a closed month", Raw(scene, at=at, late=None), "closed_month")
        late = model.open_from + timedelta(days=1)
        yield _attack("book it late too late", Raw(scene, at=at, late=late), "closed_month")
        yield _attack("be late as one has to", Raw(scene, at=at))
    tomorrow_late = school_day(scene.now) + timedelta(days=1)
    yield _attack("be late for nothing", Raw(scene, late=tomorrow_late), "closed_month")


def _reversals(scene: Scene) -> Iterator[Attack]:
    model = scene.model
    recent = [key for key in model.log[-60:] if len(model.entries[key].transfers) == 1]
    for name, keys, codes in (
        (
            "reverse twice",
            [k for k in recent if k in model.reversed],
            ("already_reversed", "uq_entry_reverses"),
        ),
        (
            "reverse a reversal",
            [k for k in recent if model.entries[k].reverses],
            ("not_reversible",),
        ),
    ):
        if keys:
            key = scene.rng.choice(keys)
            yield _attack(name, _reversal(scene, key), *codes)
    standing = [
        k
        for k in recent
        if k not in model.reversed and not model.entries[k].reverses and not model.is_line(k)
    ]
    if standing:
        key = scene.rng.choice(standing)
        ((debit, credit, cents),) = mirror(model.entries[key].transfers)
        wrong = ((debit, credit, cents + 1),)
        yield _attack("reverse too much", _reversal(scene, key, wrong), "not_mirrored")


def _reversal(scene: Scene, of: Key, moves: tuple[Transfer, ...] | None = None) -> Raw:
    entry = scene.model.entries[of]
    raw = Raw(scene, moves=moves or mirror(entry.transfers), kind="reversal", reverses=of)
    raw.school, raw.pupil = entry.school, entry.pupil
    return raw


def _on_facts(scene: Scene) -> Iterator[Attack]:
    model = scene.model
    write = (
        "INSERT INTO fact (origin_id, epoch, seq, kind, pupil_id, day, occurred_us, recorded_us,"
        " items, chain) SELECT origin_id, {epoch}, {seq}, kind, pupil_id, day, occurred_us,"
        " recorded_us, items, chain FROM fact"
    )
    charges = [key for key in model.told[-50:] if not model.facts[key].voids]
    if not charges:
        return
    key = scene.rng.choice(charges)
    where = _where(scene, "fact", key)
    end = model.ends[key.origin_id, key.epoch]
    yield _attack(
        "skip a fact", _sql(f"{write.format(epoch=key.epoch, seq=end + 2)} {where}"), "gap"
    )
    yield _attack(
        "say a fact again", _sql(f"{write.format(epoch=key.epoch, seq=key.seq)} {where}"),
        "append_only", "gap", "uq_fact_origin_id_epoch_seq",
    )  # fmt: skip
    if model.verdicts[key] == "book":
        yield _attack(
            "set a booked fact aside",
            _sql(f"INSERT INTO quarantine (fact_id, reason) SELECT id, 'x' FROM fact {where}"),
            "append_only",
        )


def _on_bank(scene: Scene) -> Iterator[Attack]:
    model, origin = scene.model, scene.bank.origin_id
    by_hand = (("bank", "cash", 100),)
    yield _attack("move the bank by hand", Raw(scene, moves=by_hand), "bank_by_hand")
    booked = Raw(scene, moves=(("bank", "suspense", 100),), pupil=None)
    booked.key = Key(origin, 1, model.ends[origin, 1] + 1)
    yield _attack("book in the bank's name", booked, "not_the_bank")
    alone = (("cash", f"pupil:{scene.pupil}", 100),)
    for name, kind in (("open without two", "opening"), ("take cash alone", "topup")):
        yield _attack(name, Raw(scene, moves=alone, kind=kind, pupil=scene.pupil),
                      "needs_two", "bank_by_hand")  # fmt: skip
    if not model.lines:
        return
    line = scene.rng.choice(list(model.lines))
    yield _attack("take a line back", _reversal(scene, model.lines[line]), "line_stands")
    columns = (
        "reading_id, day, value_day, {cents}, nature, {identity}, text_digest, recorded_us, actor,"
        " content"
    )
    blank = "CAST('01234567890123456789012345678901' AS {blob})".format(
        blob="BLOB" if scene.watch.database.is_sqlite else "BYTEA"
    )
    put = (
        "INSERT INTO bank_line (bank_account_id, seq, reading_id, day, value_day, cents, nature,"
        " identity, text_digest, recorded_us, actor, content)"
        " SELECT bank_account_id, {seq}, {columns} FROM bank_line WHERE id = {line}"
    )
    end = model.ends[origin, 1]
    for name, seq, identity, codes in (
        ("keep a line twice", end + 1, "identity",
         ("known_line", "uq_bank_line_identity_bank_account_id")),
        ("keep a line with a gap", end + 2, blank, ("gap",)),
        ("keep a line with a used number", end, blank,
         ("append_only", "uq_bank_line_bank_account_id_seq")),
    ):  # fmt: skip
        told = columns.format(cents="cents", identity=identity)
        yield _attack(name, _sql(put.format(seq=seq, columns=told, line=line)), *codes)
    unfinished = columns.format(cents="cents", identity=blank).replace(
        "day, value_day", "(SELECT max(day) FROM offer), value_day"
    )
    late = "recorded_us - 100000000000000"
    told = unfinished.replace("recorded_us", late)
    yield _attack("keep a line of a day that is not over",
                  _sql(put.format(seq=end + 1, columns=told, line=line)), "unfinished_day")  # fmt: skip
    yield from _on_parts(scene, line)


def _on_parts(scene: Scene, line: int) -> Iterator[Attack]:
    model, origin = scene.model, scene.bank.origin_id
    blob = "BLOB" if scene.watch.database.is_sqlite else "BYTEA"
    rest = model.rest(line)
    more = rest + (1 if model.line_cents(line) > 0 else -1)
    kind = "topup" if more > 0 else "correction"
    for name, cents, account, pupil, codes in (
        ("assign more than is left", more, f"pupil:{scene.pupil}", scene.pupil, ("over_line",)),
        ("assign the other way", -more, "fees", None, ("over_line",)),
        ("assign to the bank", more, "bank", None, ("allocation_account",)),
        ("assign to another child", more, f"pupil:{scene.pupil}", scene.other, ("one_pupil",)),
    ):
        put = (
            "INSERT INTO allocation (bank_account_id, seq, line_id, no, cents, pupil_id,"
            " account_id, kind, rule, actor, at_us, content)"
            f" SELECT {scene.bank.id}, {model.ends[origin, 2] + 1}, {line},"
            f" {len(model.parts[line]) + 1}, {cents}, {pupil or 'NULL'}, {scene.account(account)},"
            f" '{kind if pupil else 'correction'}', 'by_hand', 'attack', recorded_us,"
            f" CAST('01234567890123456789012345678901' AS {blob}) FROM bank_line WHERE id = {line}"
        )
        yield _attack(name, _sql(put), *codes)
