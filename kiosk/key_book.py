"""Which cards have to prove themselves at this kiosk, and with which secret.

A card that was issued with a key has a row here for as long as it is active; it is not taken by
its number, whatever its school accepts. What the row's sealed secret says is found out when its
card lies in the field and not before, so a kiosk's memory holds one card's key at a time, and
for a moment. A book is made of one snapshot and is never changed: readers look into it from
their own threads while the next one is made.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from accounts.snapshot import KeyRow, Snapshot
from cards.school_key import SchoolKey, id_of, open_sealed
from cards.secret import CardSecret
from kiosk.messages import CardKeys, ProofLack


@dataclass(frozen=True, slots=True)
class KeyBook:
    """See the module. ``rows`` by the card's hash in hex; ``keys`` of the school, newest first."""

    rows: Mapping[str, KeyRow] = field(repr=False)
    keys: tuple[SchoolKey, ...] = field(repr=False)

    def must_prove(self, card: str) -> bool:
        """Whether the card with this hash has a key."""
        return card in self.rows

    def secret_of(self, card: str) -> CardSecret | None:
        """What the card with this hash has to prove; None where there is nothing, or no knowing."""
        row = self.rows.get(card)
        if row is None or row.sealed is None:
            return None
        return open_sealed(self.keys, bytes.fromhex(row.sealed), card=bytes.fromhex(card))

    def lack(self, card: str) -> ProofLack | None:
        """Why a card with a key, and without a fault, proved nothing; None for one without."""
        if not self.must_prove(card):
            return None
        known = self.secret_of(card) is not None
        return ProofLack.NUMBER_ONLY if known else ProofLack.NO_KEYS

    def standing(self) -> CardKeys:
        """How the kiosk stands with its cards' keys, as far as the names of keys tell."""
        here = {key.id for key in self.keys}
        for row in self.rows.values():
            if row.sealed is None or id_of(bytes.fromhex(row.sealed)) not in here:
                return CardKeys.MISSING
        return CardKeys.HELD if self.rows else CardKeys.NONE


class KeyShelf:
    """Holds the book of the newest snapshot. ``secret_of`` may be called from any thread."""

    def __init__(self, keys: Iterable[SchoolKey], *, card_hash: Callable[[str], str]) -> None:
        self._card_hash = card_hash
        self._keys = tuple(keys)
        self.book = KeyBook({}, self._keys)
        self.standing = CardKeys.NONE

    def learn(self, snapshot: Snapshot) -> None:
        """Go by this snapshot from now on."""
        self.book = KeyBook({row.hash: row for row in snapshot.keys}, self._keys)
        self.standing = self.book.standing()

    def secret_of(self, uid: str) -> CardSecret | None:
        """A ``cards.reader.SecretOf``."""
        return self.book.secret_of(self._card_hash(uid))
