"""What a bank says of one line in words. Personal data: kept sealed, shown only to the office."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineText:
    """The words of a line, and who stands on its other side; what the bank did not say is empty.

    ``purpose`` keeps every joint of the bank's wrapping (the ``?2x`` fields of MT940, the
    ``Ustrd`` elements of camt) as a line feed, for a bank cuts words there and loses blanks
    there: a line feed is a blank or nothing, and ``banking.lines.plain`` says which is likelier.
    ``name``, ``iban`` and ``bic`` are the other side's; ``iban`` is without blanks, and may be
    an old account number. ``structured`` is the creditor reference (ISO 11649 or the like).
    ``additional`` is what the bank itself adds: its posting text, a deviating payer.
    """

    name: str = ""
    iban: str = ""
    bic: str = ""
    purpose: str = ""
    end_to_end: str = ""
    mandate: str = ""
    structured: str = ""
    additional: str = ""

    def fields(self) -> tuple[str, ...]:
        """All of it, in the order of the fields."""
        return (
            self.name,
            self.iban,
            self.bic,
            self.purpose,
            self.end_to_end,
            self.mandate,
            self.structured,
            self.additional,
        )

    def __repr__(self) -> str:
        """Nothing of what it holds: a log or a traceback is no place for it."""
        said = sum(1 for one in self.fields() if one)
        return f"<LineText of {said} fields>"
