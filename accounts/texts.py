"""What people read: English in the code, German in one catalogue, money and dates by Babel.

A sentence's English form is its name (msgid). ``locale/de.po`` is the only catalogue; it is
read once, at first use, and turned into gettext's form in memory, so no compiled file exists.
A sentence that has no German form yet is said in English. The machine's own locale plays no
part. This module is the mechanism only; sentences are written in ``kiosk`` and ``reports``.
"""

import enum
import gettext
import io
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

from accounts.clock import BERLIN
from accounts.money import Money


class Language(enum.Enum):
    """What a screen or a paper speaks; the value is the ISO 639 code."""

    GERMAN = "de"
    ENGLISH = "en"

    @property
    def other(self) -> "Language":
        """The language that is not this one."""
        return Language.ENGLISH if self is Language.GERMAN else Language.GERMAN


_FORMS = {Language.GERMAN: "de_DE", Language.ENGLISH: "en_GB"}


def mark(msgid: str, /) -> str:
    """The sentence's English form, unchanged: names a sentence where no language is known yet."""
    return msgid


@dataclass(frozen=True, slots=True)
class Texts:
    """One language's sentences and its forms of money, numbers and dates."""

    language: Language
    _catalogue: gettext.NullTranslations = field(repr=False)

    def say(self, msgid: str, /, **values: object) -> str:
        """The sentence in this language with its ``{placeholders}`` filled.

        Raises KeyError where a value is missing.
        """
        return self._catalogue.gettext(msgid).format(**values)

    def say_many(self, one: str, many: str, count: int, /, **values: object) -> str:
        """The sentence for ``count`` things; ``{count}`` stands for the number."""
        sentence = self._catalogue.ngettext(one, many, count)
        return sentence.format(count=self.number(count), **values)

    def money(self, amount: Money) -> str:
        """An amount with its currency: "1.234,50 €" with a no-break space, "€1,234.50"."""
        euro = Decimal(amount.cents) / 100
        return format_currency(euro, "EUR", locale=_FORMS[self.language])

    def number(self, number: int) -> str:
        """A whole number with its thousands grouped."""
        return format_decimal(number, locale=_FORMS[self.language])

    def day(self, day: date) -> str:
        """A date for lists and letters: "22.11.2026", "22/11/2026"."""
        pattern = "dd.MM.yyyy" if self.language is Language.GERMAN else "dd/MM/yyyy"
        return format_date(day, pattern, locale=_FORMS[self.language])

    def weekday(self, day: date) -> str:
        """A date in full: "Sonntag, 22. November 2026"."""
        return format_date(day, "full", locale=_FORMS[self.language])

    def month(self, day: date) -> str:
        """The month a date lies in: "November 2026"."""
        return format_date(day, "LLLL yyyy", locale=_FORMS[self.language])

    def moment(self, at: datetime) -> str:
        """A moment as clocks in Germany show it: "22.11.2026 12:05".

        Raises ValueError for a time without a zone.
        """
        if at.tzinfo is None:
            raise ValueError("a time without a zone is no moment")
        local = at.astimezone(BERLIN)
        clock = format_datetime(local, "HH:mm", tzinfo=BERLIN, locale=_FORMS[self.language])
        return f"{self.day(local.date())} {clock}"


@lru_cache
def texts(language: Language) -> Texts:
    """The sentences of a language."""
    if language is Language.ENGLISH:
        return Texts(language, gettext.NullTranslations())
    with files("accounts").joinpath("locale", f"{language.value}.po").open("rb") as source:
        catalogue = read_po(source, locale=language.value, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Texts(language, gettext.GNUTranslations(compiled))
