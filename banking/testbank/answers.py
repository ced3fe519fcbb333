"""An answer while it is being put together: codes for the message, codes for orders, data.

Codes beginning with 0 say done, with 3 say mind, with 9 say no (FinTS 3.0, Rückmeldungscodes).
What the message as a whole says follows from what was said about its parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from banking.testbank.codec import Element, Segment, make

Code = tuple[str, ...]
"""A code, its sentence, and parameters if it has some."""

OK: Code = ("0020", "Auftrag ausgefuehrt")


@dataclass(slots=True)
class Answer:
    """See the module."""

    about: list[Code] = field(default_factory=list)
    """What HIRMG says beyond the summary; an aborted dialog's reason stands here too."""
    ended: bool = False
    """The dialog is over with this answer."""
    _codes: dict[int, list[Code]] = field(default_factory=dict)
    _data: list[Segment] = field(default_factory=list)

    def say(self, segment: int, *codes: Code) -> None:
        """Codes about the request's segment of that number."""
        self._codes.setdefault(segment, []).extend(codes)

    def give(
        self, code: str, version: int, segment: int, *groups: Element | Sequence[Element]
    ) -> None:
        """A data segment that answers the request's segment."""
        self._data.append(make(code, version, *groups, refers=segment))

    def add(self, segments: Sequence[Segment], segment: int) -> None:
        """Segments made elsewhere, as an answer to the request's segment."""
        self._data.extend(replace(one, refers=segment) for one in segments)

    def abort(self, *codes: Code) -> None:
        """End the dialog with an error."""
        self.about += [*codes, ("9800", "Dialog abgebrochen")]
        self.ended = True

    def codes(self) -> list[str]:
        """Every code of the answer, HIRMG's first."""
        return [code[0] for code in self._about()] + self._inner()

    def segments(self) -> list[Segment]:
        """HIRMG, one HIRMS for each segment that has codes, and the data."""
        return [
            make("HIRMG", 2, *map(_group, self._about())),
            *(
                make("HIRMS", 2, *map(_group, codes), refers=segment)
                for segment, codes in self._codes.items()
            ),
            *self._data,
        ]

    def _inner(self) -> list[str]:
        return [code[0] for codes in self._codes.values() for code in codes]

    def _about(self) -> list[Code]:
        worst = max((code[0] for code in self._inner()), default="0")
        if self.ended and any(code[0].startswith("9") for code in self.about):
            return self.about if worst < "9" else [_PARTLY, *self.about]
        if worst >= "9":
            return [_PARTLY, *self.about]
        if worst >= "3":
            return [_MIND, *self.about]
        return [("0010", "Nachricht entgegengenommen"), *self.about]


_PARTLY: Code = ("9050", "Die Nachricht enthaelt Fehler")
_MIND: Code = ("3060", "Bitte beachten Sie die enthaltenen Warnungen/Hinweise")


def _group(code: Code) -> tuple[Element, ...]:
    return (code[0], "", *code[1:])
