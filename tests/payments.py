"""Payments as parents make them and banks pass them on, each with the answer that is right.

Everything comes from one seed. A city has children in families, a code each, and payers with
accounts. ``payments`` makes labelled transfers of every class of error. All names are of
lists of frequent ones, all numbers are drawn.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from accounts.bank_text import LineText
from accounts.money import Money
from accounts.payers import Remembered
from accounts.reference import ALPHABET, draw, to_rf
from accounts.reference import format as printed
from banking.folding import classes_of, words_of
from banking.matching import Index, Unmatched
from banking.suggestions import Named

FIRST = (
    *[
        "Mia",
        "Emma",
        "Hannah",
        "Emilia",
        "Sofia",
        "Lina",
        "Mila",
        "Ella",
        "Lea",
        "Clara",
        "Marie",
        "Lena",
        "Anna",
        "Leni",
        "Luisa",
        "Frieda",
        "Ida",
    ],
    *[
        "Noah",
        "Leon",
        "Paul",
        "Mateo",
        "Emil",
        "Elias",
        "Finn",
        "Henry",
        "Felix",
        "Luis",
        "Theo",
        "Liam",
        "Anton",
        "Jonas",
        "Moritz",
        "Oskar",
        "Max",
    ],
    *[
        "Ayşe",
        "Zeynep",
        "Elif",
        "Yusuf",
        "Ömer",
        "Łukasz",
        "Żaneta",
        "Şeyma",
        "I\u015f\u0131l",
        "Mehmet",
        "Jürgen",
        "Änne",
        "Björn",
        "Zoë",
        "Chloé",
        "Ruth",
    ],
    *[
        "Kim",
        "Tim",
        "Tom",
        "Jan",
        "Kai",
        "Ben",
        "Amir",
        "Layla",
        "Nour",
        "Oleksandr",
        "Sofiia",
        "Bohdan",
        "Mykola",
        "Thị",
        "Minh",
        "Linh",
        "Aaliyah",
    ],
)
LAST = (
    *[
        "Müller",
        "Schmidt",
        "Schneider",
        "Fischer",
        "Weber",
        "Meyer",
        "Wagner",
        "Becker",
        "Schulz",
        "Hoffmann",
        "Schäfer",
        "Koch",
        "Bauer",
    ],
    *[
        "Richter",
        "Klein",
        "Wolf",
        "Schröder",
        "Neumann",
        "Schwarz",
        "Zimmermann",
        "Braun",
        "Krüger",
        "Hofmann",
        "Hartmann",
        "Lange",
    ],
    *[
        "Hirsch",
        "Frosch",
        "Schmitt",
        "Kirsch",
        "Scholz",
        "Krumm",
        "Strumpf",
        "Y\u0131lmaz",
        "Kaya",
        "Demir",
        "Şahin",
        "Çelik",
        "Öztürk",
        "Nowak",
    ],
    *[
        "Kowalczyk",
        "Wójcik",
        "Nguyen",
        "Trần",
        "Petrenko",
        "Shevchenko",
        "Popescu",
        "Rossi",
        "García",
        "Fernández",
        "Kovač",
        "Đorđević",
    ],
)
WORDS = (
    *[
        "Essensgeld",
        "Mittagessen",
        "Mensa",
        "Schulessen",
        "Guthaben",
        "Aufladung",
        "Verpflegung",
        "Essen",
        "Kantine",
        "Schule",
    ],
    *[
        "Mensageld",
        "Schulkantine",
        "Oktober",
        "November",
        "Dezember",
        "Monat",
        "fuer",
        "für",
        "von",
        "Kind",
        "Klasse",
    ],
)
KEYS = ("1234567890", "QWERTZUIOP", "ASDFGHJKL", "YXCVBNM")
LOOKALIKE = {
    "D": "0O", "L": "1I", "Z": "2", "S": "5", "G": "6", "B": "8", "V": "U", "H": "4", "9": "Q",
    "3": "8", "7": "1", "M": "N", "N": "M",
}  # fmt: skip
DAY = date(2026, 11, 20)


@dataclass(frozen=True, slots=True)
class Child:
    """A child of the city."""

    id: int
    code: str
    first: str
    last: str
    class_name: str
    siblings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class City:
    """Its children, and an index of what its ledger would know."""

    children: tuple[Child, ...]
    index: Index
    households: Mapping[int, Mapping[int, int]] = field(default_factory=dict)

    @property
    def named(self) -> Iterator[Named]:
        """The children as the suggestions know them."""
        return (Named(it.id, it.first, it.last, it.class_name) for it in self.children)


@dataclass(frozen=True, slots=True)
class Payment:
    """A line and the truth about it: cents by child, none where nobody could tell.

    ``kind`` is the class of error, ``damage`` what the bank did to it.
    """

    line: Unmatched
    truth: Mapping[int, int]
    kind: str
    damage: str = ""


def city(rnd: random.Random, *, children: int, issued: int = 0) -> City:
    """So many children in families of one to three; ``issued`` codes in all, the rest of leavers."""
    codes: dict[str, int] = {}
    while len(codes) < max(children, issued):
        codes.setdefault(draw(rnd.randrange), len(codes) + 1)
    people: list[Child] = []
    households: dict[int, dict[int, int]] = {}
    listed = list(codes)
    while len(people) < children:
        size = min(rnd.choice((1, 1, 1, 1, 2, 2, 3)), children - len(people))
        last = rnd.choice(LAST)
        ids = tuple(range(len(people) + 1, len(people) + 1 + size))
        firsts = rnd.sample(FIRST, size)
        shares = {it: rnd.choice((1, 1, 1, 2)) for it in ids}
        if size > 1 and rnd.random() < 0.5:
            households |= dict.fromkeys(ids, shares)
        for number, first in zip(ids, firsts, strict=True):
            class_name = f"{rnd.randint(5, 13)}{rnd.choice('abcd')}"
            people.append(Child(number, listed[number - 1], first, last, class_name,
                                tuple(it for it in ids if it != number)))  # fmt: skip
    payers: dict[bytes, Remembered] = {}
    for child in people:
        family = (child.id, *child.siblings)
        payers[account(min(family), 0)] = Remembered(dict.fromkeys(family, rnd.randint(1, 6)))
        payers[account(child.id, 1)] = Remembered({child.id: rnd.randint(1, 6)})
    relying = frozenset(it.id for it in people if it.id % 2)
    index = Index(
        codes=codes,
        shares=households,
        payers=payers,
        remembering=relying,
        first_names=frozenset(word for it in people for word in words_of(it.first)),
        own_words={it.id: words_of(it.first, it.last) | classes_of(it.class_name) for it in people},
    )
    return City(tuple(people), index, households)


def account(child: int, which: int) -> bytes:
    """The hash of an account that pays: 0 is the family's, 1 a grandparent's, 2 a new one."""
    return f"{which}:{child}".encode().ljust(32, b".")


# --- what parents type ---------------------------------------------------------------------------


def _near_key(rnd: random.Random, symbol: str) -> str:
    for row in KEYS:
        if symbol in row:
            at = row.index(symbol)
            return rnd.choice([row[it] for it in (at - 1, at + 1) if 0 <= it < len(row)])
    return symbol


def mistype(rnd: random.Random, code: str, kind: str) -> str:
    """The code with one slip of that kind, or two."""
    at = rnd.randrange(6)
    match kind:
        case "key":
            return code[:at] + _near_key(rnd, code[at]) + code[at + 1 :]
        case "lookalike":
            places = [it for it in range(6) if code[it] in LOOKALIKE] or [at]
            at = rnd.choice(places)
            return code[:at] + rnd.choice(LOOKALIKE.get(code[at], code[at])) + code[at + 1 :]
        case "other symbol":
            return code[:at] + rnd.choice(ALPHABET) + code[at + 1 :]
        case "swapped":
            at = rnd.randrange(5)
            return code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        case "left out":
            return code[:at] + code[at + 1 :]
        case "doubled":
            return code[: at + 1] + code[at:]
    both = list(code)
    for place in (at, rnd.randrange(6)):
        both[place] = rnd.choice(ALPHABET)
    return "".join(both)


SLIPS = ("key", "lookalike", "other symbol", "swapped", "left out", "doubled", "two errors")


def spelled(rnd: random.Random, code: str) -> str:
    """As printed, in the ways that count as that."""
    way = rnd.choice((printed(code), printed(code), code, f"{code[:3]} {code[3:]}"))
    return way.lower() if rnd.random() < 0.25 else way


def _grouped(typed: str) -> str:
    return f"{typed[:3]}-{typed[3:]}"


def _text(rnd: random.Random, child: Child, *parts: str) -> str:
    """Words around what is given, as parents write them."""
    around = [rnd.choice(WORDS) for _ in range(rnd.randint(0, 2))]
    if rnd.random() < 0.6:
        around.append(child.first)
    if rnd.random() < 0.4:
        around.append(child.last)
    if rnd.random() < 0.4:
        around.append(
            rnd.choice((child.class_name, f"Kl. {child.class_name}", f"Klasse {child.class_name}"))
        )
    if rnd.random() < 0.1:
        around.append(f"{rnd.randint(1, 12)}/{rnd.choice((2026, 27))}")
    said = [*around, *parts]
    rnd.shuffle(said)
    return rnd.choice((" ", " ", " ", ", ")).join(said)


# --- what banks do to it -------------------------------------------------------------------------


def _wrapped(said: str, width: int, *, keep: bool) -> str:
    """Cut at columns as the readers tell it; ``keep``: a blank at the cut is not lost."""
    lines = [said[at : at + width] for at in range(0, len(said), width)]
    return "\n".join(lines if keep else [it.strip() if it != lines[-1] else it for it in lines])


def damaged(rnd: random.Random, said: str, *, whole: bool = False) -> tuple[str, str]:
    """What arrives of the words, and the name of the damage; ``whole``: nothing is cut off."""
    if rnd.random() < 0.5:
        return said, ""
    name, _ = rnd.choices(DAMAGES, [often for _, often in DAMAGES])[0]
    if whole and name == "cut at 140":
        return said, ""
    return _DAMAGE[name](rnd, said), name


DAMAGES = (
    ("wrapped at 27", 24), ("wrapped at 27, blanks lost", 16), ("wrapped at 65", 16),
    ("a blank lost", 12), ("capitals", 16), ("cut at 140", 8), ("a blank put in", 8),
)  # fmt: skip
"""Of the half of all payments that are damaged, how many in a hundred are damaged so."""


def _less_a_blank(rnd: random.Random, said: str) -> str:
    blanks = [at for at, sign in enumerate(said) if sign == " "]
    at = rnd.choice(blanks) if blanks else len(said)
    return said[:at] + said[at + 1 :]


def _in_capitals(_: random.Random, said: str) -> str:
    plain = said.upper()
    for umlaut, two in (("Ä", "AE"), ("Ö", "OE"), ("Ü", "UE"), ("ß", "SS")):
        plain = plain.replace(umlaut, two)
    return plain


def _cut_off(rnd: random.Random, said: str) -> str:
    """Words around, so that the field is full; what was cut off nobody can know."""
    while len(said) <= 140:
        word = rnd.choice(WORDS)
        said = f"{word} {said}" if rnd.random() < 0.7 else f"{said} {word}"
    return said[:140]


def _more_a_blank(rnd: random.Random, said: str) -> str:
    at = rnd.randrange(len(said))
    return f"{said[:at]} {said[at:]}"


_DAMAGE = {
    "wrapped at 27": lambda _, said: _wrapped(said, 27, keep=True),
    "wrapped at 27, blanks lost": lambda _, said: _wrapped(said, 27, keep=False),
    "wrapped at 65": lambda _, said: _wrapped(said, 65, keep=True),
    "a blank lost": _less_a_blank,
    "capitals": _in_capitals,
    "cut at 140": _cut_off,
    "a blank put in": _more_a_blank,
}


# --- lines ---------------------------------------------------------------------------------------


def payments(rnd: random.Random, city: City, count: int) -> Iterator[Payment]:
    """So many lines of all classes, in their natural mixture."""
    for number in range(1, count + 1):
        yield _payment(rnd, city, number)


KINDS = (
    ("as printed", 40), ("one slip", 22), ("no code, known account", 6), ("no code, new account", 4),
    ("siblings, household", 4), ("siblings, no household", 4), ("one code good, one mistyped", 3),
    ("code in the name", 3), ("code glued to a word", 3), ("grandparents", 3), ("creditor reference", 2),
    ("far too much", 1), ("sibling named from a known account", 2), ("broken code, known account", 3),
)  # fmt: skip


_WHOLE = frozenset(
    {"siblings, household", "siblings, no household", "one code good, one mistyped",
     "sibling named from a known account"}
)  # fmt: skip
"""Classes where the answer hangs on more than one thing that was written."""


@dataclass(slots=True)
class _Draft:
    """A payment while it is made."""

    rnd: random.Random
    city: City
    child: Child
    cents: int
    kind: str
    payer: bytes
    text: LineText
    truth: dict[int, int]

    def say(self, *parts: str) -> None:
        """Words around these."""
        self.text = replace(self.text, purpose=_text(self.rnd, self.child, *parts))

    @property
    def printed(self) -> str:
        """The child's code, spelled as counts."""
        return spelled(self.rnd, self.child.code)

    def sibling(self) -> Child:
        """A brother or sister."""
        return self.city.children[self.rnd.choice(self.child.siblings) - 1]

    def slip(self, code: str, slips: tuple[str, ...] = SLIPS) -> tuple[str, str]:
        """The code mistyped, grouped or not, and how."""
        slip = self.rnd.choice(slips)
        typed = mistype(self.rnd, code, slip)
        return self.rnd.choice((typed, _grouped(typed))), slip


def _payment(rnd: random.Random, city: City, number: int) -> Payment:
    kind = rnd.choices([it for it, _ in KINDS], [it for _, it in KINDS])[0]
    child = rnd.choice(city.children)
    if kind in _WHOLE:
        wants = kind == "siblings, household"
        choice = (it for it in _samples(rnd, city) if it.siblings)
        found = next((it for it in choice if (it.id in city.households) is wants), None)
        child, kind = (child, "as printed") if found is None else (found, kind)
    cents = rnd.choice((2000, 2500, 3000, 4000, 5000, 6000, 10_000, rnd.randint(300, 12_000)))
    text = LineText(name=f"{rnd.choice(FIRST)} {child.last}", purpose=_text(rnd, child))
    payer = account(min((child.id, *child.siblings)), 0)
    draft = _Draft(rnd, city, child, cents, kind, payer, text, {child.id: cents})
    _MAKERS[kind](draft)
    text = draft.text
    purpose, damage = damaged(rnd, text.purpose, whole=kind in _WHOLE) if text.purpose else ("", "")
    line = Unmatched(
        id=number, account_id=1, day=DAY - timedelta(days=rnd.randrange(60)),
        amount=Money(draft.cents), gvc="166", payer=draft.payer,
        text=replace(text, purpose=purpose),
    )  # fmt: skip
    return Payment(line, draft.truth, draft.kind, damage)


def _one_slip(it: _Draft) -> None:
    typed, slip = it.slip(it.child.code)
    it.say(typed)
    it.payer, it.kind = account(it.child.id, 2), f"slip: {slip}"


def _broken_but_known(it: _Draft) -> None:
    it.say(it.slip(it.child.code)[0])
    it.payer = account(it.child.id, 1)


def _known(it: _Draft) -> None:
    """Only what the account has always paid for can be known by it."""
    it.payer = account(it.child.id, 1)


def _unknown(it: _Draft) -> None:
    it.payer = account(it.child.id, 2)


def _siblings(it: _Draft) -> None:
    other = it.sibling()
    it.say(it.printed, spelled(it.rnd, other.code))
    shares = it.city.households.get(it.child.id)
    both = (it.child.id, other.id)
    it.truth = {} if shares is None else _split(it.cents, {one: shares[one] for one in both})


def _one_good_one_not(it: _Draft) -> None:
    other = it.sibling()
    typed = mistype(it.rnd, other.code, it.rnd.choice(SLIPS[:5]))
    if typed not in {other.code, it.child.code}:
        it.truth = {}
    elif typed == other.code:
        shares = it.city.households.get(it.child.id)
        both = (it.child.id, other.id)
        it.truth = {} if shares is None else _split(it.cents, {one: shares[one] for one in both})
    it.say(it.printed, _grouped(typed))


def _in_name(it: _Draft) -> None:
    it.text = replace(it.text, name=f"{it.text.name} {printed(it.child.code)}")


def _glued(it: _Draft) -> None:
    it.say(f"{it.rnd.choice(WORDS)}{it.child.code}")


def _grandparents(it: _Draft) -> None:
    it.payer = account(it.child.id, 1)
    it.say(it.printed)
    it.text = replace(it.text, name=f"{it.rnd.choice(FIRST)} {it.rnd.choice(LAST)}")


def _creditor_reference(it: _Draft) -> None:
    it.text = replace(it.text, structured=to_rf(it.child.code), purpose="")


def _far_too_much(it: _Draft) -> None:
    it.cents = max(it.cents, 301) * 100
    it.truth = {}
    it.say(it.printed)


def _sibling_named(it: _Draft) -> None:
    other = it.sibling()
    it.payer = account(it.child.id, 1)
    it.truth = {other.id: it.cents}
    said = f"{it.rnd.choice(WORDS)} {other.first} {other.class_name}"
    it.text = replace(it.text, purpose=said)


_MAKERS: Mapping[str, Callable[[_Draft], None]] = {
    "as printed": lambda it: it.say(it.printed),
    "one slip": _one_slip,
    "no code, known account": _known,
    "no code, new account": _unknown,
    "siblings, household": _siblings,
    "siblings, no household": _siblings,
    "one code good, one mistyped": _one_good_one_not,
    "code in the name": _in_name,
    "code glued to a word": _glued,
    "grandparents": _grandparents,
    "creditor reference": _creditor_reference,
    "far too much": _far_too_much,
    "sibling named from a known account": _sibling_named,
    "broken code, known account": _broken_but_known,
}


def _samples(rnd: random.Random, city: City) -> list[Child]:
    return [rnd.choice(city.children) for _ in range(60)]


def _split(cents: int, shares: Mapping[int, int]) -> dict[int, int]:
    """By parts, the largest remainders first, then the smaller number."""
    whole = sum(shares.values())
    parts = {it: cents * share // whole for it, share in shares.items()}
    order = sorted(shares, key=lambda it: (-(cents * shares[it] % whole), it))
    for it in order[: cents - sum(parts.values())]:
        parts[it] += 1
    return parts
