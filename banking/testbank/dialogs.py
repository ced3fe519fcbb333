"""What the bank remembers between messages: users, devices, open dialogs, waiting approvals.

A dialog counts its messages from 1 and ends when a number is wrong. A wrong PIN is counted
across dialogs; the third one locks the user until the bank is told to let him in again.
"""

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from banking.testbank.books import Account
from banking.testbank.codec import Segment

ANONYMOUS = "9999999999"
"""The customer of a dialog that only asks for the bank's parameters (FinTS, Formals, C.3)."""

TRIES = 3


@dataclass(slots=True)
class User:
    """A customer with one PIN and his accounts."""

    name: str
    accounts: list[Account]
    tan: str
    sealed_pin: str = field(repr=False)
    failures: int = 0
    devices: set[str] = field(default_factory=set)
    """System ids given to him."""
    trusted: set[str] = field(default_factory=set)
    """Those that have passed a TAN."""

    @property
    def locked(self) -> bool:
        """Whether no PIN will do any more."""
        return self.failures >= TRIES

    def knows(self, pin: str) -> bool:
        """Whether this is the PIN; counts nothing."""
        return hmac.compare_digest(self.sealed_pin, seal_pin(self.name, pin))

    def account(self, iban_or_number: str) -> Account | None:
        """His account of that IBAN or number."""
        for account in self.accounts:
            if iban_or_number in {account.iban, account.number}:
                return account
        return None


def seal_pin(user: str, pin: str) -> str:
    """What is kept of a PIN. A made-up one for tests, and still no text of it in any file."""
    return hashlib.blake2b(pin.encode(), key=user.encode()[:64], digest_size=16).hexdigest()


@dataclass(slots=True)
class Approval:
    """An order, or a login, that waits for its TAN or for a person's word in the app."""

    reference: str
    user: str
    what: str
    """The code of the segment it is about."""
    order: Segment | None
    """What is carried out then; None for a login."""
    asked_at: dt.datetime
    decoupled: bool
    polls_left: int | None
    verdict: bool | None = None
    expired: bool = False


@dataclass(slots=True)
class Dialog:
    """An open dialog. The bank forgets it when it ends."""

    id: str
    user: User | None = None
    """None while it is anonymous or nobody yet."""
    anonymous: bool = False
    system: str = "0"
    expected: int = 1
    """The number of the next message."""
    open: bool = False
    """Orders may be given."""
    proved: bool = False
    """A TAN was given in this dialog; it is not asked for twice (FinTS, PIN/TAN, B.4.3)."""
    held_upd: str = ""
    """The version of UPD that the client has and that is answered after the TAN."""
    approvals: dict[str, Approval] = field(default_factory=dict)


def new_dialog() -> Dialog:
    """A dialog nobody has spoken in."""
    return Dialog(secrets.token_hex(10))
