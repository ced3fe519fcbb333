"""What the ledger knows when lines are looked at, put together for ``matching``."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from accounts.allocations import OpenLine
from accounts.bank_accounts import bank_accounts
from accounts.bank_book import Nature
from accounts.bank_files import texts_of
from accounts.bank_vault import BankVault
from accounts.clock import school_day
from accounts.database import Session
from accounts.given_back import Earlier, debits_of_attempts, earlier_lines
from accounts.households import households
from accounts.money import Money
from accounts.named_people import named_people
from accounts.payers import decided_before, remembered, remembering
from accounts.payment_runs import Attempt, attempts
from accounts.reference import references
from accounts.refund_standing import Standing
from banking.folding import classes_of, words_of
from banking.matching import Index, InTransit, Unmatched


def know(
    db: Session, vault: BankVault, lines: Sequence[OpenLine], *, now: datetime, cap: Money
) -> Index:
    """All that decides about these lines but the earlier lines that returns give back."""
    day = school_day(now)
    relying = remembering(db, day=day)
    people = named_people(db, day=day) if relying else ()
    shares = {pupil_id: one.shares for one in households(db).values() for pupil_id in one.shares}
    return Index(
        codes=references(db),
        shares=shares,
        payers=remembered(db, {it.payer for it in lines if it.payer is not None}),
        remembering=relying,
        first_names=frozenset(word for it in people for word in words_of(it.first_name)),
        own_words={
            it.pupil_id: words_of(it.first_name, it.last_name) | classes_of(it.class_name)
            for it in people
            if it.pupil_id in relying
        },
        refunds=_on_their_way(vault, attempts(db, at=now), debits_of_attempts(db)),
        cap=cap,
    )


def earlier_of(
    db: Session, lines: Sequence[OpenLine]
) -> Mapping[tuple[bytes, int], tuple[Earlier, ...]]:
    """The earlier lines that these may give back, as ``Index`` has them."""
    return earlier_lines(
        db,
        cents={-it.amount.cents for it in lines},
        payers={it.payer for it in lines if it.payer is not None},
        end_to_ends={it.end_to_end for it in lines if it.end_to_end is not None},
    )


def unmatched(db: Session, vault: BankVault, lines: Sequence[OpenLine]) -> tuple[Unmatched, ...]:
    """The lines with their words, and whether anybody ever decided about them. Raises Unopenable."""
    ids = [it.id for it in lines]
    texts, decided = texts_of(db, vault, ids), decided_before(db, ids)
    own = {it.id: vault.blind_iban(it.iban) for it in bank_accounts(db)}
    return tuple(
        Unmatched(
            id=it.id,
            account_id=it.account_id,
            day=it.day,
            amount=it.rest,
            nature=it.nature,
            gvc=it.gvc,
            # Banks name the city's own account in a return too: that is nobody.
            payer=None if comes_back(it) and it.payer == own[it.account_id] else it.payer,
            end_to_end=it.end_to_end,
            text=texts.get(it.id),
            decided=it.id in decided,
        )
        for it in lines
    )


def comes_back(line: OpenLine) -> bool:
    """Whether the line is looked at after the payments: what it gives back has then gone somewhere."""
    return line.nature is Nature.RETURN


def _on_their_way(
    vault: BankVault, made: Iterable[Attempt], debits: Mapping[int, int]
) -> dict[bytes, InTransit]:
    return {
        vault.blind_end_to_end(it.end_to_end): InTransit(it.id, it.amount, debits.get(it.id))
        for it in made
        if it.standing is not Standing.RETURNED
    }
