"""A kiosk remembers the newest seal its ledger told: a witness on another machine.

A seal that is another one under its old number, or an older one than before, is what a ledger
looks like whose history was rewritten or cut off. It is said once, in the kiosk's log.
"""

import logging

log = logging.getLogger(__name__)

Seal = tuple[int, str]
"""Number and SHA-256 in hex."""


class Witness:
    """The newest seal of one life of the ledger."""

    def __init__(self, seal: Seal | None) -> None:
        self._seal = seal

    def forget(self) -> None:
        """The ledger begins another life, which may know fewer seals."""
        self._seal = None

    def hear(self, told: Seal | None) -> None:
        """The ledger says which seal is its newest."""
        known = self._seal
        if told == known:
            return
        if known is not None and (told is None or told[0] <= known[0]):
            log.critical("the ledger's seal was %d %s and now is %s", *known, told)
        if told is not None:
            log.info("the ledger's newest seal is %d %s", *told)
        self._seal = told
