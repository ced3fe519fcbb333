"""Statements as banks send them, written for tests: camt in its versions, MT940 in its dialects."""

from collections.abc import Sequence
from dataclasses import dataclass, field

IBAN = "DE02120300000000202051"
PAYER = "DE02370501980001234567"
DAY = "2026-03-02"


def euros(cents: int) -> str:
    """As camt writes it, without a sign: "35.00"."""
    return f"{abs(cents) // 100}.{abs(cents) % 100:02d}"


def way(cents: int) -> str:
    """The direction's element."""
    return f"<CdtDbtInd>{'DBIT' if cents < 0 else 'CRDT'}</CdtDbtInd>"


def balance(code: str, cents: int, day: str | None = DAY) -> str:
    """A ``Bal``; without a day as some banks send it."""
    dated = f"<Dt><Dt>{day}</Dt></Dt>" if day else ""
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{euros(cents)}</Amt>{way(cents)}{dated}</Bal>'
    )


def party(side: str, name: str, iban: str, *, nested: bool = True) -> str:
    """One side of a payment; ``nested`` as since version 08."""
    named = f"<Pty><Nm>{name}</Nm></Pty>" if nested else f"<Nm>{name}</Nm>"
    return f"<{side}>{named}</{side}><{side}Acct><Id><IBAN>{iban}</IBAN></Id></{side}Acct>"


def detail(
    purpose: Sequence[str] = ("K7M-4XP Lena",),
    *,
    refs: str = "<EndToEndId>NOTPROVIDED</EndToEndId>",
    amount: str = "",
    parties: str | None = None,
    more: str = "",
) -> str:
    """A ``TxDtls``."""
    if parties is None:
        parties = party("Dbtr", "Sabine Müller", PAYER) + party("Cdtr", "Stadt", IBAN)
    lines = "".join(f"<Ustrd>{text}</Ustrd>" for text in purpose)
    return (
        f"<TxDtls><Refs>{refs}</Refs>{amount}<RltdPties>{parties}</RltdPties>"
        f"<RmtInf>{lines}</RmtInf>{more}</TxDtls>"
    )


def entry(
    cents: int,
    details: Sequence[str] | None = None,
    *,
    status: str = "<Sts><Cd>BOOK</Cd></Sts>",
    dates: str = f"<BookgDt><Dt>{DAY}</Dt></BookgDt><ValDt><Dt>{DAY}</Dt></ValDt>",
    code: str = "NTRF+166+9201+000",
    more: str = "",
    currency: str = "EUR",
) -> str:
    """An ``Ntry`` of that many signed cents."""
    inner = "".join(details if details is not None else [detail()])
    return (
        f'<Ntry><Amt Ccy="{currency}">{euros(cents)}</Amt>{way(cents)}{more}{status}{dates}'
        f"<BkTxCd><Prtry><Cd>{code}</Cd><Issr>DK</Issr></Prtry></BkTxCd>"
        f"<NtryDtls>{inner}</NtryDtls></Ntry>"
    )


@dataclass(frozen=True, slots=True)
class Camt:
    """A document with one statement; ``booked`` makes the closing balance where none is given."""

    entries: Sequence[str] = ()
    booked: int = 0
    opening: int = 10000
    version: str = "camt.052.001.08"
    account: str = f"<Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy>"
    balances: str | None = None
    head: str = '<?xml version="1.0" encoding="UTF-8"?>'
    after: str = ""

    def statement(self) -> str:
        """The ``Rpt`` or ``Stmt`` alone."""
        name = "Rpt" if ".052." in self.version else "Stmt"
        balances = self.balances
        if balances is None:
            balances = balance("OPBD", self.opening) + balance("CLBD", self.opening + self.booked)
        return (
            f"<{name}><Id>1</Id><Acct>{self.account}</Acct>{balances}"
            f"{''.join(self.entries)}{self.after}</{name}>"
        )

    def text(self, *others: "Camt") -> str:
        """The document, with the statements of others behind its own."""
        name = "BkToCstmrAcctRpt" if ".052." in self.version else "BkToCstmrStmt"
        statements = self.statement() + "".join(other.statement() for other in others)
        return (
            f'{self.head}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{self.version}"><{name}>'
            f"<GrpHdr><MsgId>1</MsgId></GrpHdr>{statements}</{name}></Document>"
        )

    def raw(self, *others: "Camt") -> bytes:
        """The document as UTF-8."""
        return self.text(*others).encode()


def comma(cents: int) -> str:
    """As MT940 writes it, without a sign: "35,00"."""
    return euros(cents).replace(".", ",")


WORDS = "166?00GUTSCHR. UEBERWEISUNG?109249?20EREF+NOTPROVIDED?21SVWZ+"
OTHER = f"?30COLSDE33XXX?31{PAYER}?32MUELLER SABINE"


def booking(
    cents: int, text: str | Sequence[str] | None = WORDS + "K7M-4XP Lena" + OTHER, head: str = ""
) -> list[str]:
    """A ``:61:`` and its ``:86:``, wrapped at 65 columns unless its lines are given."""
    mark = "D" if cents < 0 else "C"
    lines = [head or f":61:2603020302{mark}R{comma(cents)}NTRFNONREF"]
    if text is None:
        return lines
    return lines + (wrapped(":86:" + text) if isinstance(text, str) else list(text))


def wrapped(text: str, width: int = 65) -> list[str]:
    """A field cut into lines."""
    return [text[at : at + width] for at in range(0, len(text), width)]


@dataclass(frozen=True, slots=True)
class Mt940:
    """A message; ``booked`` makes the closing balance."""

    bookings: Sequence[list[str]] = ()
    booked: int = 0
    opening: int = 10000
    account: str = IBAN
    openings: str = "60F"
    closings: str = "62F"
    day: str = "260302"
    end: Sequence[str] = ("-",)
    behind: Sequence[str] = field(default=())

    def lines(self) -> list[str]:
        """The lines of the message."""
        closing = self.opening + self.booked
        return [
            ":20:STARTUMS",
            f":25:{self.account}",
            ":28C:00001/001",
            f":{self.openings}:{'D' if self.opening < 0 else 'C'}260301EUR{comma(self.opening)}",
            *(line for lines in self.bookings for line in lines),
            f":{self.closings}:{'D' if closing < 0 else 'C'}{self.day}EUR{comma(closing)}",
            *self.behind,
            *self.end,
        ]

    def raw(self, encoding: str = "latin-1") -> bytes:
        """The message as a file."""
        return ("\r\n".join(self.lines()) + "\r\n").encode(encoding)
