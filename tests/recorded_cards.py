"""A card as a recording: to each APDU of a published exchange the answer that was published."""

from collections.abc import Iterable


class Recorded:
    """A channel that knows one exchange, and fails on any other APDU."""

    def __init__(self, exchange: Iterable[tuple[str, str]]) -> None:
        self._exchange = [(bytes.fromhex(sent), bytes.fromhex(got)) for sent, got in exchange]
        self.sent: list[str] = []

    def transmit(self, apdu: bytes) -> bytes:
        """Return the recorded answer to the recorded APDU."""
        expected, answer = self._exchange[len(self.sent)]
        self.sent.append(apdu.hex().upper())
        assert apdu == expected, f"sent {apdu.hex()}, recorded {expected.hex()}"
        return answer

    def is_over(self) -> bool:
        """Whether every APDU of the recording was sent."""
        return len(self.sent) == len(self._exchange)
