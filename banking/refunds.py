"""A file of transfers as banks take it: pain.001.001.09, one block, each transfer booked singly.

- The same transfers, ids and moment give the same bytes. Count and control sum are those of the
  transfers, and the file keeps to its schema (the one sepaxml brings) or does not come to be.
- Each transfer is booked by itself (``BtchBookg`` false): a line of its own on the account is
  what a refund is recognised by.
- Names stand as the bank wrote them, in the SEPA's set (``banking.sepa_text``), at most 70
  characters: since October 2025 the payee's bank compares them (Regulation (EU) 2024/886).
- Ids are capitals, digits and dashes, at most 35, as every bank hands on unchanged.

Sources: ISO 20022 pain.001.001.09; DFÜ-Abkommen of the Deutsche Kreditwirtschaft, Anlage 3, for
the missing BIC (``NOTPROVIDED``) and the execution date; EPC409-09 (List of SEPA Scheme
Countries) for the countries an account can be in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from stdnum import iban as ibans

from accounts.clock import BERLIN
from accounts.money import ZERO, Money, total
from banking.sepa_text import says_something, sepa_text

SCHEMA = "pain.001.001.09"
LONGEST_NAME = 70
LONGEST_PURPOSE = 140
_ID = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{0,33}[A-Z0-9])?")
_COUNTRIES = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK "
    "AD AL CH GB GG GI IM IS JE LI MC MD ME MK NO RS SM VA"
)
_SEPA = frozenset(_COUNTRIES.split())
_HIGHEST = Money(99_999_999_999)  # 999,999,999.99 euro, the SEPA's own bound


@dataclass(frozen=True, slots=True)
class Debtor:
    """Whose account is paid from: the holder's name as the bank has it, and the IBAN."""

    name: str
    iban: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Payment:
    """One transfer; ``amount`` is above zero, ``end_to_end`` this transfer's alone."""

    end_to_end: str
    name: str = field(repr=False)
    iban: str = field(repr=False)
    amount: Money
    purpose: str


def payable_name(name: str) -> str | None:
    """The name as it would stand in the file; None where the bank's text holds none."""
    found = sepa_text(name, longest=LONGEST_NAME)
    return found if says_something(found) else None


def payable_iban(iban: str) -> str | None:
    """The IBAN without blanks; None where its check digits or its length are wrong."""
    return str(ibans.compact(iban)) if ibans.is_valid(iban) else None


def in_sepa(iban: str) -> bool:
    """Whether an account is in a country to which a SEPA transfer can go."""
    return iban[:2].upper() in _SEPA


def payment_file(
    debtor: Debtor,
    payments: Sequence[Payment],
    *,
    message_id: str,
    made_at: datetime,
    execute_on: date,
) -> bytes:
    """The file's bytes. ``made_at`` is now, in UTC; ``execute_on`` the day the bank shall pay.

    Raises ValueError for what no file can be made of: no transfer at all, an id used twice or
    of other characters, a name or an IBAN that is none or outside the SEPA, an amount that is not above zero.
    """
    from sepaxml import SepaTransfer  # noqa: PLC0415  # it and its schemas take 0.4 s

    name, iban = _payer(debtor)
    wanted = _wanted(payments, message_id)
    made = SepaTransfer(
        {"name": name, "IBAN": iban, "currency": "EUR", "batch": True}, schema=SCHEMA, clean=False
    )
    for one in wanted:
        made.add_payment(
            {
                "name": one.name,
                "IBAN": one.iban,
                "amount": one.amount.cents,
                "execution_date": execute_on,
                "description": one.purpose,
                "endtoend_id": one.end_to_end,
            }
        )
    return _finished(made.export(validate=False), message_id=message_id, made_at=made_at)


def _payer(debtor: Debtor) -> tuple[str, str]:
    name, iban = payable_name(debtor.name), payable_iban(debtor.iban)
    if name is None or iban is None:
        raise ValueError("the account that shall pay has no name or no IBAN")
    return name, iban


def _wanted(payments: Sequence[Payment], message_id: str) -> tuple[Payment, ...]:
    """The transfers in the file's own letters."""
    ids = [message_id, *(one.end_to_end for one in payments)]
    if not payments or len(set(ids)) < len(ids) or not all(map(_ID.fullmatch, ids)):
        raise ValueError("a file of transfers needs one at least, and each its own id")
    made: list[Payment] = []
    for one in payments:
        name, iban = payable_name(one.name), payable_iban(one.iban)
        purpose = sepa_text(one.purpose, longest=LONGEST_PURPOSE)
        if name is None or iban is None or not in_sepa(iban) or not says_something(purpose):
            raise ValueError(f"{one.end_to_end}: no name, no IBAN or no purpose")
        if not ZERO < one.amount <= _HIGHEST:
            raise ValueError(f"{one.end_to_end}: {one.amount} cannot be transferred")
        made.append(Payment(one.end_to_end, name, iban, one.amount, purpose))
    if total(one.amount for one in made) > _HIGHEST:
        raise ValueError("the sum is beyond what one file can say")
    return tuple(made)


def _finished(raw: bytes, *, message_id: str, made_at: datetime) -> bytes:
    """The file as sepaxml made it, with our ids and time, and each transfer booked singly; checked."""
    from lxml import etree  # noqa: PLC0415  # as above
    from sepaxml.validation import try_valid_xml  # noqa: PLC0415  # as above

    tree = etree.fromstring(raw)
    space = {"p": f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"}
    for path, text in {
        ".//p:GrpHdr/p:MsgId": message_id,
        ".//p:GrpHdr/p:CreDtTm": made_at.astimezone(BERLIN).strftime("%Y-%m-%dT%H:%M:%S"),
        ".//p:PmtInf/p:PmtInfId": message_id,
        ".//p:PmtInf/p:BtchBookg": "false",
    }.items():
        (node,) = tree.findall(path, space)
        node.text = text
    (agent,) = tree.findall(".//p:DbtrAgt/p:FinInstnId", space)
    other = etree.SubElement(agent, f"{{{space['p']}}}Othr")
    etree.SubElement(other, f"{{{space['p']}}}Id").text = "NOTPROVIDED"
    made = bytes(etree.tostring(tree, xml_declaration=True, encoding="UTF-8"))
    try_valid_xml(made, SCHEMA)
    return made
