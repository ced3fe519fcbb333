"""Whose money an ``Ntry`` of camt is: the signed amounts of its ``TxDtls``.

- The amounts of several details make the amount of the entry, to the cent.
- A single detail has the entry's amount, and stands for all of it: the bank names no more payments
  in the entry than it gives details of, nor another amount, currency or direction of the detail.
  Only a return, or a payment with charges, may have been of another amount.

Source: ISO 20022, camt.052/053, ``NtryDtls``: ``Btch/NbOfTxs``, ``TxDtls/Amt``,
``AmtDtls/TxAmt``, ``Chrgs``.
"""

from accounts.money import Money, total
from banking.camt_values import amount_of, currency_of, signed
from banking.lines import Trouble
from banking.xml_nodes import Node, first, nodes, words

_OWN = (("Amt",), ("AmtDtls", "TxAmt", "Amt"))
_ORDERED = ("AmtDtls", "InstdAmt", "Amt")


def details_of(entry: Node) -> list[Node]:
    """All details of an entry, whatever group they are in."""
    return [part for group in nodes(entry, "NtryDtls") for part in nodes(group, "TxDtls")]


def amounts(entry: Node, whole: Money, *, given_back: bool) -> list[Money] | Trouble:
    """The signed amount of each detail, or of the entry where it has none.

    ``whole`` is the entry's signed amount; ``given_back`` whether it is a return or a reversal.
    """
    details = details_of(entry)
    if not details:
        return [whole]
    if any(_named(group) > len(nodes(group, "TxDtls")) for group in nodes(entry, "NtryDtls")):
        return Trouble.BATCH_DOES_NOT_ADD_UP
    if len(details) == 1:
        trouble = None if given_back else _other_than(entry, details[0], whole)
        return trouble or [whole]
    return _parts(details, whole, currency=currency_of(first(entry, "Amt")))


def _named(group: Node) -> int:
    """How many payments a group says it holds; 0 where it does not say."""
    count = words(group, "Btch", "NbOfTxs")
    return int(count) if count.isascii() and count.isdigit() and len(count) <= 15 else 0


def _other_than(entry: Node, detail: Node, whole: Money) -> Trouble | None:
    """Why a single detail cannot stand for its entry."""
    way = signed(Money(1), detail)
    if way is not None and (way.cents > 0) != (whole.cents >= 0):
        return Trouble.BATCH_DOES_NOT_ADD_UP
    currency = currency_of(first(entry, "Amt"))
    own = [found for path in _OWN if (found := first(detail, *path)) is not None]
    same = [found for found in own if currency_of(found) in {"", currency}]
    if own and not same and not _exchanged(detail):
        return Trouble.OTHER_CURRENCY
    size = Money(abs(whole.cents))
    if not same or any(amount_of(found) == size for found in same):
        return None
    charged = first(detail, "Chrgs") is not None or first(entry, "Chrgs") is not None
    return None if charged else Trouble.BATCH_DOES_NOT_ADD_UP


def _exchanged(detail: Node) -> bool:
    kinds = ("InstdAmt", "TxAmt", "CntrValAmt")
    return any(first(detail, "AmtDtls", kind, "CcyXchg") is not None for kind in kinds)


def _parts(details: list[Node], whole: Money, *, currency: str) -> list[Money] | Trouble:
    sizes = list[Money]()
    for detail in details:
        told = [found for path in (*_OWN, _ORDERED) if (found := first(detail, *path)) is not None]
        same = [found for found in told if currency_of(found) in {"", currency}]
        if told and not same:
            return Trouble.OTHER_CURRENCY
        size = amount_of(same[0]) if same else None
        if size is None:
            return Trouble.BATCH_WITHOUT_AMOUNTS
        sizes.append(size)
    credit = whole.cents >= 0
    plain = [size if credit else -size for size in sizes]
    # A detail may go the other way than its entry; some banks repeat a direction that is none.
    own_way = [
        signed(size, detail) or amount
        for size, detail, amount in zip(sizes, details, plain, strict=True)
    ]
    for parts in (own_way, plain):
        if total(parts) == whole:
            return parts
    return Trouble.BATCH_DOES_NOT_ADD_UP
