"""The line that lays a virtual card down, from the side that writes it and the one that reads.

    insert WHAT [slow=MS] [after=N] [tape=FILE] [replay=FILE] [deed]

WHAT is a UID in hex (a card that has a number and nothing else), ``@FILE`` for an `Image` in
a file, which is written back whenever the card has changed, or ``=HEX`` for one in the line
itself. A tape takes down every command and its answer, a line each; ``replay`` plays such a
tape's answers to whoever asks. See `cards.virtual.manners` for the deeds. Words are quoted as
in a shell.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cards.virtual.chip import Chip
from cards.virtual.image import ATRS, Image, Kind
from cards.virtual.manners import UID_ASKED, Deed, Laid, Tape

_OPTIONS = {"slow", "after", "tape", "replay"}


@dataclass(slots=True)
class Order:
    """A card to be laid down and how it is to behave."""

    card: str | Image | Path = field(repr=False)
    slow_ms: int = 0
    after: int = 0
    deed: Deed | None = None
    tape: Path | None = None
    replay: Path | None = None

    def words(self) -> list[str]:
        """The order as the words of a line."""
        match self.card:
            case Image():
                what = "=" + self.card.to_bytes().hex()
            case Path():
                what = f"@{self.card}"
            case _:
                what = self.card
        files = [f"{name}={path}" for name, path in self._files() if path is not None]
        deed = [self.deed.value] if self.deed else []
        return ["insert", what, f"slow={self.slow_ms}", f"after={self.after}", *files, *deed]

    def line(self) -> str:
        """The order as a line."""
        return shlex.join(self.words())

    def _files(self) -> tuple[tuple[str, Path | None], ...]:
        return ("tape", self.tape), ("replay", self.replay)


@dataclass(slots=True)
class Hand:
    """A card in a hand: what lies in the field, and where it is put away."""

    laid: Laid
    slow: float
    """Seconds every answer takes longer."""
    _file: Path | None = None
    _tape: Path | None = None
    _put_away: Image | None = field(default=None, repr=False)

    def answer(self, apdu: bytes) -> bytes | None:
        """Return the card's answer, once what it keeps lies in its file."""
        answer = self.laid.answer(apdu)
        self.put_away()
        if self._tape is not None and answer is not None and apdu != UID_ASKED:
            with self._tape.open("a") as tape:
                tape.write(f"{apdu.hex()} {answer.hex()}\n")
        return answer

    def put_away(self) -> None:
        """Write what the card keeps into its file, if it has one and that is news."""
        image = self.image
        if self._file is None or image is None or image == self._put_away:
            return
        beside = self._file.with_name(self._file.name + ".new")
        beside.write_bytes(image.to_bytes())
        beside.replace(self._file)
        self._put_away = image

    @property
    def image(self) -> Image | None:
        """What the card keeps; a tape keeps nothing."""
        return self.laid.chip.image if isinstance(self.laid.chip, Chip) else None


def placed(words: Sequence[str]) -> Hand:
    """Return the card that the words after ``insert`` describe.

    Raises ValueError for words that describe none, OSError where a file cannot be read.
    """
    options = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    deeds = [word for word in words[1:] if "=" not in word]
    if options.keys() - _OPTIONS or len(deeds) > 1:
        raise ValueError("unknown words after the card")
    file = Path(words[0][1:]) if words[0].startswith("@") else None
    image = _image(words[0]) if file is None else Image.from_bytes(file.read_bytes())
    chip: Chip | Tape = Chip(image)
    if "replay" in options:
        lines = Path(options["replay"]).read_text().splitlines()
        answers = (bytes.fromhex(line.split()[1]) for line in lines)
        chip, file = Tape(image.uid, answers, atr=ATRS[image.kind]), None
    deed = Deed(deeds[0]) if deeds else None
    tape = Path(options["tape"]) if "tape" in options else None
    laid = Laid(chip, deed, int(options.get("after", 0)))
    return Hand(laid, int(options.get("slow", 0)) / 1000, file, tape, image)


def _image(what: str) -> Image:
    if what.startswith("="):
        return Image.from_bytes(bytes.fromhex(what[1:]))
    return Image(Kind.NUMBER, bytes.fromhex(what))
