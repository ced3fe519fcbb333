"""Text as every bank of the SEPA takes it: the Latin set of EPC217-08, and how others get into it.

- The set: a-z A-Z 0-9 / - ? : ( ) . , ' + and the blank. A text made of these, without a slash at
  an end or two in a row, stays as it is but for runs of blanks.
- German letters become what Germans write without them: ae oe ue ss, in capitals within a word
  of capitals. Other letters lose their marks (é becomes e), & becomes +, and whatever is left
  becomes a full stop, as EPC217-08 advises.
"""

import re
import unicodedata

_LETTERS = (
    "ä=ae ö=oe ü=ue ß=ss \u1e9e=SS ø=o Ø=O ł=l Ł=L đ=d Đ=D ð=d Ð=D æ=ae Æ=AE œ=oe Œ=OE þ=th Þ=TH "
    "\u0131=i &=+ _=- \u2010=- \u2011=- \u2013=- \u2014=- ;=, !=. |=/ \\=/"
)
_TABLE = str.maketrans(
    dict([pair.split("=") for pair in _LETTERS.split()])
    | dict.fromkeys('\u2018\u2019\u201a\u201b\u00b4`"\u201c\u201d\u201e', "'")
    | dict.fromkeys("[{<", "(")
    | dict.fromkeys("]}>", ")")
)
_CAPITALS = {"Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
_FOREIGN = re.compile(r"[^a-zA-Z0-9/\-?:().,'+ ]")
_WORD = re.compile(r"\w+")


def sepa_text(text: str, *, longest: int) -> str:
    """The text in the SEPA's set, cut to so many characters; empty where nothing is left of it."""
    composed = unicodedata.normalize("NFC", text)
    spelled = _WORD.sub(lambda word: _spelled(word[0]), composed).translate(_TABLE)
    marks_off = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", spelled)
        if not unicodedata.combining(letter)
    )
    within = _FOREIGN.sub(".", re.sub(r"\s+", " ", marks_off))
    return _tidy(_tidy(within)[:longest])


def is_sepa_text(text: str) -> bool:
    """Whether the text is in the set and may stand in a field as it is."""
    return bool(text) and _FOREIGN.search(text) is None and text == _tidy(text)


def says_something(text: str) -> bool:
    """Whether there is a letter or a digit in it: a name of full stops is none."""
    return any(letter.isalnum() for letter in text)


def _tidy(text: str) -> str:
    return re.sub(r" {2,}", " ", re.sub(r"/{2,}", "/", text)).strip(" /")


def _spelled(word: str) -> str:
    letters = [letter for letter in word if letter.isalpha()]
    shouted = len(letters) > 1 and all(not letter.islower() for letter in letters)
    return "".join(
        (_CAPITALS[letter].upper() if shouted else _CAPITALS[letter])
        if letter in _CAPITALS
        else letter
        for letter in word
    )
