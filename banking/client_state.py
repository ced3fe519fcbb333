"""What one access's fetches leave for the next: the bank's trusted device, and a PIN's disgrace.

- It is sealed with a key made from the city's secret and bound to the access; the PIN is never in
  it, only that the bank refused one, or has locked the access, or has not said yet.
- It is replaced whole or stays as it was.
- One process at a time holds it: the bank would otherwise see two fetches with one PIN.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from accounts.bank_vault import BankVault, Unopenable
from accounts.files import put_whole
from banking.fetch_pipe import packed, unpacked


class Busy(Exception):  # noqa: N818  # it names a state of the world, not an error
    """Another process is fetching with this access."""


class Unreadable(Exception):  # noqa: N818  # as above
    """The state was sealed with another secret or for another access, or is damaged."""


@dataclass(frozen=True, slots=True)
class ClientState:
    """``client`` is python-fints' own state: system id, the bank's and the access's parameters.

    ``pin_sent``: a PIN was about to be sent, and what the bank said to it was never heard.
    """

    client: bytes | None = field(default=None, repr=False)
    pin_refused: bool = False
    locked: bool = False
    pin_sent: bool = False


@dataclass(frozen=True, slots=True)
class StateFile:
    """The state of one access, held. Made by ``hold``."""

    path: Path
    vault: BankVault
    access: str

    def read(self) -> ClientState:
        """What the last fetch left; nothing before the first. Raises Unreadable, OSError."""
        try:
            sealed = self.path.read_bytes()
        except FileNotFoundError:
            return ClientState()
        try:
            told = json.loads(self.vault.open_state(sealed, bound=self._bound))
            client = told["client"]
            return ClientState(
                None if client is None else unpacked(client),
                told["pin_refused"],
                told["locked"],
                told.get("pin_sent", False),
            )
        except (Unopenable, ValueError, KeyError) as error:
            raise Unreadable from error

    def write(self, state: ClientState) -> None:
        """Leave this for the next fetch; durable on return. Raises OSError."""
        told = {
            "client": None if state.client is None else packed(state.client),
            "pin_refused": state.pin_refused,
            "locked": state.locked,
            "pin_sent": state.pin_sent,
        }
        put_whole(
            self.path,
            self.vault.seal_state(json.dumps(told).encode("ascii"), bound=self._bound),
        )

    @property
    def _bound(self) -> bytes:
        return b"client state of " + self.access.encode()


@contextmanager
def hold(path: Path, vault: BankVault, *, access: str) -> Iterator[StateFile]:
    """The state, for this process alone as long as the block lasts. Raises Busy, OSError.

    ``access`` tells accesses apart: another user or bank in the settings is another access. The
    lock goes with the process, however it ends.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy from None
        yield StateFile(path, vault, access)
    finally:
        os.close(lock)
