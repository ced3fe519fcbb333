"""Names as they are compared, however a bank or a parent spells them.

Case, accents and the ways around them do not count: Ä, AE and A are one, so are ß and SS, the
Turkish i without its dot and I, ş and S, ł and L. What is lost by it is no matter: a name only ever suggests.
"""

import re
import unicodedata
from functools import lru_cache

_NO_PARTS = str.maketrans(
    {"\u0131": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "a", "œ": "o", "ŋ": "n"}
)  # what Unicode does not take apart into a letter and its mark
_MARKS = re.compile(r"[\u0300-\u036f]+")
_WORD = re.compile(r"[^\W\d_]+")

_CLASS = re.compile(r"(?<![^\W_])([01]?[0-9])[ .]?([a-z])(?![^\W_])")
HARMLESS = frozenset(
    (
        *("aufladen", "aufladung", "chip", "danke", "das", "dauerauftrag", "der", "die", "eur"),
        *("euro", "essen", "essensgeld", "fur", "geld", "guthaben", "kantine", "karte", "kind"),
        *("kl", "klasse", "konto", "mensa", "mensageld", "mittagessen", "monat", "monatlich"),
        *("rate", "schule", "schulessen", "schulkantine", "uberweisung", "verpflegung", "von"),
        *("zum", "zur", "januar", "februar", "marz", "april", "mai", "juni", "juli", "august"),
        *("september", "oktober", "november", "dezember", "jan", "feb", "mar", "mrz", "jun"),
        *("jul", "aug", "sep", "okt", "nov", "dez"),
    )
)
"""Words, folded, that name nobody."""


def folded(name: str) -> str:
    """The name as it is compared."""
    if name.isascii():
        plain = name.lower()
    else:
        parts = unicodedata.normalize("NFKD", name.casefold().translate(_NO_PARTS))
        plain = _MARKS.sub("", parts).translate(_NO_PARTS)
    return plain.replace("ae", "a").replace("oe", "o").replace("ue", "u")


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in _WORD.findall(folded(text)) if len(word) > 1)


def words_of(*texts: str) -> frozenset[str]:
    """The words of these texts as they are compared; a bank's joint parts words and joins them."""
    found: set[str] = set()
    for text in texts:
        found.update(_words(text))
        if "\n" in text:
            found.update(_words(text.replace("\n", "")))
    return frozenset(found)


def classes_of(*texts: str) -> frozenset[str]:
    """The classes these texts name: "05 B", "5b" and "Kl. 5 b" are one."""
    found: set[str] = set()
    for text in texts:
        for number, letter in _CLASS.findall(text.lower()):
            found.add(f"{int(number)}{letter}")
    return frozenset(found)
