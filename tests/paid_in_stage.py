"""A bank account with lines on it, as an import leaves them: kept, booked, their texts sealed.

The pen writes straight through the ledger's own functions; what files look like is tested
elsewhere.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from builders import MONDAY, NOON

from accounts.allocations import AllocationRefusal, NewAllocation, Rule, allocate
from accounts.bank_accounts import BankAccount, add_bank_account
from accounts.bank_book import Nature, NewLine, keep_lines
from accounts.bank_files import Source, keep_file, keep_texts, key_of
from accounts.bank_readings import NewReading, Outcome, note_reading
from accounts.bank_text import LineText
from accounts.bank_vault import BankVault
from accounts.city import open_city_accounts
from accounts.database import Session
from accounts.money import Money

CITY_IBAN = "DE89370400440532013000"
HOLDER = "Stadt Beispielstadt"
MOTHER = ("Änne Beispiel", "DE02120300000000202051")
GRANDPA = ("Karl-Heinz Groß", "DE02500105170137075030")
BEFORE = MONDAY - timedelta(days=3)  # a Friday


@dataclass(slots=True)
class Pen:
    """Writes lines of one bank account, each of a file of its own."""

    vault: BankVault
    account: BankAccount
    now: datetime = NOON
    written: int = field(default=0)

    def line(
        self,
        db: Session,
        amount: Money,
        payer: tuple[str, str] = MOTHER,
        *,
        day: date = BEFORE,
        end_to_end: str = "",
        nature: Nature = Nature.PAYMENT,
        purpose: str = "Essensgeld",
        gvc: str = "166",
    ) -> int:
        """A line of that day; its number."""
        self.written += 1
        file, _new = keep_file(
            db, self.vault, f"file {self.written}".encode(), source=Source.FILE, now=self.now
        )
        reading = note_reading(
            db, NewReading(file.id, 1, Outcome.KEPT, lines=1, new_lines=1), now=self.now
        )
        name, iban = payer
        told = LineText(name=name, iban=iban, purpose=purpose, end_to_end=end_to_end)
        identity = self.vault.identity("line", self.written)
        new = NewLine(
            day=day,
            value_day=day,
            amount=amount,
            nature=nature,
            identity=identity,
            payer=self.vault.blind_iban(iban) if iban else None,
            end_to_end=self.vault.blind_end_to_end(end_to_end) if end_to_end else None,
            gvc=gvc,
            text_digest=self.vault.text_digest(told),
        )
        (number,) = keep_lines(
            db, self.account, (new,), reading_id=reading, actor="import", now=self.now
        )
        key = key_of(db, self.vault, file.id)
        assert key is not None
        keep_texts(db, key, ((number, identity, told),))
        return number

    def topup(
        self,
        db: Session,
        pupil: int,
        amount: Money,
        payer: tuple[str, str] = MOTHER,
        *,
        day: date = BEFORE,
    ) -> int:
        """A line that reached a child; its number."""
        number = self.line(db, amount, payer, day=day)
        self.assign(db, number, f"pupil:{pupil}", amount)
        return number

    def assign(
        self,
        db: Session,
        line: int,
        target: str,
        amount: Money,
        *,
        rule: Rule = Rule.BY_HAND,
        attempt: int | None = None,
        of_line: int | None = None,
    ) -> None:
        """What a rule or a person decides of a line."""
        part = NewAllocation(line, target, amount, rule, {}, of_line=of_line, attempt_id=attempt)
        made = allocate(db, (part,), actor="match", now=self.now)
        assert not isinstance(made, AllocationRefusal), made


def open_account(
    db: Session, pepper: bytes = b"the tests' secret for card numbers", *, now: datetime = NOON
) -> Pen:
    """The city's account at the bank, as of now."""
    open_city_accounts(db)
    account = add_bank_account(db, iban=CITY_IBAN, holder=HOLDER, at=now - timedelta(days=60))
    assert isinstance(account, BankAccount)
    return Pen(BankVault(pepper), account, now)
