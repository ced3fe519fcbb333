"""What stands against a draft, by the ledger's rules: none means that it must be booked.

Where several things are wrong any of them is a true answer, so all are named.
"""

from collections import Counter
from collections.abc import Iterator

from world_model import Model
from world_words import TWO_PEOPLE, lines_of, mirror, moved, transfers_of

from accounts.clock import school_day
from accounts.entries import Draft, EntryKind, Move


def objections(model: Model, draft: Draft) -> set[str]:
    """Every reason for which this draft may not be booked, as the ledger's codes."""
    found = {code for move in draft.moves for code in _against_move(model, draft, move)}
    for against in (
        _against_key, _against_eater, _against_lines, _against_reversal, _against_request,
    ):  # fmt: skip
        found |= set(against(model, draft))
    return found | set(_against_amount(model, draft))


def _against_key(model: Model, draft: Draft) -> Iterator[str]:
    key = draft.key
    writer = model.writers[key.origin_id]
    if writer.kind == "kiosk":
        yield "no_fact"
        if draft.school_id != writer.school:
            yield "wrong_school"
    elif key.seq != 1 + model.ends[key.origin_id, key.epoch]:
        yield "gap"
    if writer.kind == "bank":
        yield "not_the_bank"


def _against_eater(model: Model, draft: Draft) -> Iterator[str]:
    day = school_day(draft.occurred_at)
    if draft.kind is EntryKind.CHARGE and not model.member(draft.pupil_id, draft.school_id, day):
        yield "not_member"


def _against_lines(model: Model, draft: Draft) -> Iterator[str]:
    if draft.kind is not EntryKind.CHARGE:
        return
    differs: Counter[tuple[str, str]] = Counter()
    for debit, credit, cents in model.moves(draft.pupil_id, lines_of(draft)):
        differs[debit, credit] -= cents
    for debit, credit, cents in transfers_of(draft):
        differs[debit, credit] += cents
    if any(differs.values()):
        yield "charge_differs"


def _against_move(model: Model, draft: Draft, move: Move) -> Iterator[str]:
    sides = {move.debit, move.credit}
    if move.debit == move.credit:
        yield "two_accounts"
    if move.amount.cents <= 0:
        yield "not_positive"
    if sides - model.accounts:
        yield "unknown_account"
        if len(draft.moves) > 1:
            yield "not_in_entry"  # without this one the others are no whole entry
    agreed = draft.kind is EntryKind.TOPUP and draft.request_id is not None
    if "bank" in sides or (
        draft.reverses is None and ("suspense" in sides or ("cash" in sides and not agreed))
    ):
        yield "bank_by_hand"
    if any(n.startswith("pupil:") and n != f"pupil:{draft.pupil_id}" for n in sides):
        yield "one_pupil"
    if draft.kind is EntryKind.CHARGE and not (
        move.debit.startswith(("pupil:", "receivable:"))
        and move.credit.startswith(("revenue:", "payable:"))
    ):
        yield "charge_accounts"


def _against_reversal(model: Model, draft: Draft) -> Iterator[str]:
    if draft.reverses is None:
        return
    target = model.entries[draft.reverses]
    if model.is_line(draft.reverses):
        yield "line_stands"
    if draft.reverses in model.reversed:
        yield "already_reversed"
    if (
        target.kind == "reversal"
        or (target.pupil, target.school) != (draft.pupil_id, draft.school_id)
        or len(draft.moves) != len(target.transfers)
    ):
        yield "not_reversible"
    if mirror(target.transfers) != transfers_of(draft):
        yield "not_mirrored"


def _against_request(model: Model, draft: Draft) -> Iterator[str]:
    number = draft.request_id
    if draft.kind is EntryKind.OPENING and draft.pupil_id is not None:
        yield "needs_two"
    if number is None:
        if draft.kind in TWO_PEOPLE and model.writers[draft.key.origin_id].kind == "office":
            yield "needs_two"
    elif number in model.used or model.decided.get(number) != (
        draft.kind, draft.pupil_id, draft.school_id, *transfers_of(draft),
    ):  # fmt: skip
        yield "needs_two"


def _against_amount(model: Model, draft: Draft) -> Iterator[str]:
    if draft.floor is None or draft.pupil_id is None:
        return
    own = f"pupil:{draft.pupil_id}"
    if model.balances[own] + moved(own, transfers_of(draft)) < draft.floor.cents:
        yield "floor"
