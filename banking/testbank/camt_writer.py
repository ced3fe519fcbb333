"""camt.052 in the versions .001.02 and .001.08, as German banks fill them.

Elements stand in the schema's order, names and agents as each version writes them. The document
is put together as text: the reader it is met by uses an XML library, so this one does not.
(ISO 20022 camt.052; DK, Anlage 3 of the DFÜ-Abkommen, chapter 7.)
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from banking.testbank.books import Account, Booking, Part, Sheet

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
VERSIONS = ("camt.052.001.08", "camt.052.001.02")

# GVC -> ISO 20022 family and subfamily, both of domain PMNT (DK's table of business codes).
_DOMAINS = {"166": ("RCDT", "ESCT"), "168": ("RRCT", "ESCT"), "177": ("ICDT", "ESCT")}


@dataclass(frozen=True, slots=True)
class Manner:
    """How this bank fills its documents."""

    version: str = VERSIONS[0]
    balances: bool = True
    opening_code: str = "OPBD"
    """Or PRCD, the day before's closing."""
    id_place: str = "AcctSvcrRef"
    """Or FI-UMSATZ-ID: beside each transaction, as the Sparkassen write it."""

    @property
    def new(self) -> bool:
        """Whether parties are wrapped and states coded, as since .001.08."""
        return self.version.endswith(".08")


def write_camt(sheets: Sequence[Sheet], *, manner: Manner, bic: str, today: dt.date) -> bytes:
    """One document with a report for each sheet."""
    stamp = f"{today.isoformat()}T10:00:00+01:00"
    reports = "".join(_report(sheet, manner, bic, stamp, today) for sheet in sheets)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="{NAMESPACE}{manner.version}"><BkToCstmrAcctRpt>'
        f"<GrpHdr><MsgId>TESTBANK{today:%Y%m%d}</MsgId><CreDtTm>{stamp}</CreDtTm></GrpHdr>"
        f"{reports}</BkToCstmrAcctRpt></Document>"
    ).encode()


def empty_camt(account: Account, *, manner: Manner, bic: str, today: dt.date) -> bytes:
    """A document whose one report has neither line nor balance."""
    cents = account.balance(today)
    bare = Manner(manner.version, balances=False)
    return write_camt(
        [Sheet(account, (), today, today, cents, cents)], manner=bare, bic=bic, today=today
    )


def _report(sheet: Sheet, manner: Manner, bic: str, stamp: str, today: dt.date) -> str:
    account = sheet.account
    agent = _agent(bic, manner)
    balances = _balances(sheet, manner, today) if manner.balances else ""
    entries = "".join(_entry(line, manner) for line in (*sheet.lines, *sheet.pending))
    return (
        f"<Rpt><Id>{sheet.first:%Y%m%d}-{sheet.last:%Y%m%d}</Id>"
        f"<ElctrncSeqNb>{sheet.number}</ElctrncSeqNb><CreDtTm>{stamp}</CreDtTm>"
        f"<Acct><Id><IBAN>{account.iban}</IBAN></Id><Ccy>EUR</Ccy>"
        f"<Ownr><Nm>{escape(account.holder)}</Nm></Ownr><Svcr>{agent}</Svcr></Acct>"
        f"{balances}{entries}</Rpt>"
    )


def _balances(sheet: Sheet, manner: Manner, today: dt.date) -> str:
    before = sheet.first - dt.timedelta(days=1)
    early = manner.opening_code == "PRCD" and sheet.whole_start
    opening = ("PRCD", before) if early else ("OPBD" if sheet.whole_start else "ITBD", sheet.first)
    closing = "CLBD" if sheet.whole_end and sheet.last < today else "ITBD"
    return _balance(*opening, sheet.opening) + _balance(closing, sheet.last, sheet.closing)


def _balance(code: str, day: dt.date, cents: int) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(cents)}"
        f"<Dt><Dt>{day.isoformat()}</Dt></Dt></Bal>"
    )


def _amount(cents: int) -> str:
    return f"{_money(cents)}<CdtDbtInd>{'CRDT' if cents >= 0 else 'DBIT'}</CdtDbtInd>"


def _money(cents: int) -> str:
    return f'<Amt Ccy="EUR">{abs(cents) // 100}.{abs(cents) % 100:02d}</Amt>'


def _entry(line: Booking, manner: Manner) -> str:
    state = "PDNG" if line.pending else "BOOK"
    value = line.value_day or line.day
    own_id = line.bank_id if manner.id_place == "AcctSvcrRef" else ""
    return "".join(
        [
            f"<Ntry>{_amount(line.cents)}",
            "<RvslInd>true</RvslInd>" if line.reversal else "",
            f"<Sts><Cd>{state}</Cd></Sts>" if manner.new else f"<Sts>{state}</Sts>",
            f"<BookgDt><Dt>{line.day.isoformat()}</Dt></BookgDt>",
            f"<ValDt><Dt>{value.isoformat()}</Dt></ValDt>",
            _tag("AcctSvcrRef", own_id),
            _kind(line),
            f"<NtryDtls>{_details(line, manner)}</NtryDtls>",
            _tag("AddtlNtryInf", line.text),
            "</Ntry>",
        ]
    )


def _kind(line: Booking) -> str:
    domain = ""
    if line.gvc in _DOMAINS:
        family, sub = _DOMAINS[line.gvc]
        domain = (
            f"<Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly></Domn>"
        )
    own = f"<Prtry><Cd>NTRF+{line.gvc}+9249</Cd><Issr>DK</Issr></Prtry>"
    return f"<BkTxCd>{domain}{own}</BkTxCd>"


def _details(line: Booking, manner: Manner) -> str:
    if not line.parts:
        one = Part(line.cents, line.name, line.iban, line.purpose, line.end_to_end)
        return _transaction(line, one, 0, manner)
    count, total = len(line.parts), f"{abs(line.cents) // 100}.{abs(line.cents) % 100:02d}"
    batch = f'<Btch><NbOfTxs>{count}</NbOfTxs><TtlAmt Ccy="EUR">{total}</TtlAmt></Btch>'
    return batch + "".join(
        _transaction(line, part, place, manner) for place, part in enumerate(line.parts)
    )


def _transaction(line: Booking, part: Part, place: int, manner: Manner) -> str:
    if manner.new:
        amount = _amount(part.cents)
    else:
        amount = f"<AmtDtls><TxAmt>{_money(part.cents)}</TxAmt></AmtDtls>"
    return (
        f"<TxDtls>{_references(line, part, place, manner)}{amount}{_parties(line, part, manner)}"
        f"{_remittance(line, part)}{_returned(line)}</TxDtls>"
    )


def _references(line: Booking, part: Part, place: int, manner: Manner) -> str:
    own = ""
    if line.bank_id and manner.id_place == "FI-UMSATZ-ID":
        number = f"{line.bank_id}/{place}" if line.parts else line.bank_id
        own = f"<Prtry><Tp>FI-UMSATZ-ID</Tp><Ref>{escape(number)}</Ref></Prtry>"
    end_to_end = part.end_to_end or "NOTPROVIDED"
    return f"<Refs>{_tag('EndToEndId', end_to_end)}{_tag('MndtId', line.mandate)}{own}</Refs>"


def _parties(line: Booking, part: Part, manner: Manner) -> str:
    # In a reversal the parties keep the roles that they had in what is reversed (ISO 20022).
    side = "Dbtr" if (part.cents > 0) is not line.reversal else "Cdtr"
    name = _tag("Nm", part.name)
    if name and manner.new:
        name = f"<Pty>{name}</Pty>"
    who = f"<{side}>{name}</{side}>" if name else ""
    number = f"<Id><IBAN>{part.iban}</IBAN></Id>" if part.iban else ""
    account = f"<{side}Acct>{number}</{side}Acct>" if number else ""
    parties = f"<RltdPties>{who}{account}</RltdPties>" if who or account else ""
    if line.bic:
        parties += f"<RltdAgts><{side}Agt>{_agent(line.bic, manner)}</{side}Agt></RltdAgts>"
    return parties


def _remittance(line: Booking, part: Part) -> str:
    # Ustrd holds 140 characters; a longer text is repeated, not cut (ISO 20022, Max140Text).
    plain = "".join(
        _tag("Ustrd", part.purpose[at : at + 140]) for at in range(0, len(part.purpose), 140)
    )
    strict = ""
    if line.structured:
        reference = f"<Ref>{escape(line.structured)}</Ref>"
        kind = "<Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>"
        strict = f"<Strd><CdtrRefInf>{kind}{reference}</CdtrRefInf></Strd>"
    return f"<RmtInf>{plain}{strict}</RmtInf>" if plain or strict else ""


def _returned(line: Booking) -> str:
    if not line.return_reason:
        return ""
    return f"<RtrInf><Rsn><Cd>{escape(line.return_reason)}</Cd></Rsn></RtrInf>"


def _agent(bic: str, manner: Manner) -> str:
    tag = "BICFI" if manner.new else "BIC"
    return f"<FinInstnId><{tag}>{bic}</{tag}></FinInstnId>"


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else ""
