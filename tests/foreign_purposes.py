"""Purposes that never held a code, full of what looks technical.

Account numbers, bank codes, days, telephone, customer and invoice numbers, ids of machines, names,
addresses, abbreviations with numbers beside them; about half of them are wrapped or damaged by
a bank. What is not among them is a mixed run of exactly six letters and digits standing alone:
nobody can tell that from a code (``docs/decisions/0012``).
"""

import random
from collections.abc import Iterator
from datetime import timedelta

from payments import DAY, FIRST, LAST, WORDS, damaged
from stdnum import iban as ibans

from accounts.bank_text import LineText

STREETS = ("Schulstraße", "Bahnhofstr.", "Am Markt", "Gartenweg", "Lindenallee", "Hauptstr.")
PLACES = ("45127 Essen", "44135 Dortmund", "47051 Duisburg", "45879 Gelsenkirchen", "44787 Bochum")
BICS = ("COBADEFFXXX", "DEUTDEDBESS", "SPESDE3EXXX", "GENODEM1GBU", "INGDDEFFXXX", "DORTDE33XXX",
        "NTSBDEB1XXX", "BYLADEM1001", "WELADEDDXXX", "PBNKDEFF")  # fmt: skip


def german_iban(rnd: random.Random) -> str:
    """A valid IBAN of nobody."""
    body = f"{rnd.randrange(10**8):08}{rnd.randrange(10**10):010}"
    return "DE" + f"{98 - int(body + '131400') % 97:02}" + body


def foreign_iban(rnd: random.Random) -> str:
    """A valid IBAN with letters in its account part."""
    country, shape = rnd.choice(
        (("GB", "aaaannnnnnnnnnnnnn"), ("NL", "aaaannnnnnnnnn"), ("IE", "aaaannnnnnnnnnnnnn"),
         ("FR", "nnnnnnnnnncccccccccccnn"), ("MT", "aaaannnnncccccccccccccccccc"),
         ("BG", "aaaannnnnncccccccc"), ("LV", "aaaaccccccccccccc"), ("RO", "aaaacccccccccccccccc"))
    )  # fmt: skip
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    kinds = {"a": letters, "n": "0123456789", "c": letters + "0123456789"}
    body = "".join(rnd.choice(kinds[it]) for it in shape)
    made = f"{country}{ibans.calc_check_digits(country + '00' + body)}{body}"
    assert ibans.is_valid(made, check_country=False), made
    return made


def foreign_texts(rnd: random.Random, count: int) -> Iterator[LineText]:
    """Words of transfers that never had to do with a code; about half are wrapped or damaged."""
    for _ in range(count):
        parts = [rnd.choice(_FOREIGN)(rnd) for _ in range(rnd.randint(1, 5))]
        said = rnd.choice((" ", " ", ", ", "/", "; ")).join(parts)
        purpose, _damage = damaged(rnd, said)
        yield LineText(
            name=f"{rnd.choice(FIRST)} {rnd.choice(LAST)}",
            iban=german_iban(rnd),
            bic=rnd.choice(BICS),
            purpose=purpose,
            end_to_end=rnd.choice(
                ("", "", f"{rnd.randrange(10**12):012}", _hex(rnd), _invoice(rnd))
            ),
        )


def _in_fours(made: str) -> str:
    return " ".join(made[at : at + 4] for at in range(0, len(made), 4))


def _iban(rnd: random.Random) -> str:
    made = german_iban(rnd) if rnd.random() < 0.6 else foreign_iban(rnd)
    return rnd.choice((made, _in_fours(made), made.lower(), f"IBAN:{made}"))


def _bic(rnd: random.Random) -> str:
    return rnd.choice(("", "BIC ", "BIC:")) + rnd.choice(BICS)


def _date(rnd: random.Random) -> str:
    day = DAY - timedelta(days=rnd.randrange(20_000))
    months = ("Jan", "Feb", "Mrz", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")
    return rnd.choice(
        (f"{day:%d.%m.%Y}", f"{day:%d%m%y}", f"{day:%Y-%m-%d}", f"{day:%d.%m.}", f"{day:%m/%Y}",
         f"{day:%y%m%d}", f"{day.day}{months[day.month - 1]}{day:%y}",
         f"{day.day} {months[day.month - 1]} {day:%y}", f"{day:%H.%M} Uhr")
    )  # fmt: skip


def _phone(rnd: random.Random) -> str:
    area = rnd.choice(("0201", "0231", "0203", "0171", "0160", "+49 179", "0049 208"))
    rest = str(rnd.randrange(10**5, 10**8))
    return rnd.choice((f"Tel. {area} {rest}", f"{area}-{rest}", f"{area}/{rest[:3]} {rest[3:6]}",
                       f"Tel {rest[:3]} {rest[3:6]}", f"{area}{rest}"))  # fmt: skip


def _customer(rnd: random.Random) -> str:
    number = str(rnd.randrange(10 ** rnd.randint(3, 10)))
    head = rnd.choice(
        ("KD", "K", "Kd.-Nr. ", "Kundennr ", "KNR", "VNR", "PK", "MNDT", "Vertrag ", "KTO ")
    )
    threes = "-".join(number[at : at + 3] for at in range(0, len(number), 3))
    return rnd.choice((f"{head}{number}", f"{head}{threes}", f"{head} {number}", f"{head}/{number}",
                       f"{number}{rnd.choice('KRTMX')}"))  # fmt: skip


def _long_mixed(rnd: random.Random) -> str:
    signs = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
    made = "".join(rnd.choice(signs) for _ in range(rnd.choice((7, 8, 9, 10, 12, 16, 20))))
    return rnd.choice((made, f"KD-{made}", f"Mandat {made}", f"RE{made}", made.lower()))


def _hex(rnd: random.Random) -> str:
    made = f"{rnd.getrandbits(128):032x}"
    return f"{made[:8]}-{made[8:12]}-{made[12:16]}-{made[16:20]}-{made[20:]}"[:35]


def _invoice(rnd: random.Random) -> str:
    number = rnd.randrange(10**6)
    head = rnd.choice(("RE", "RG", "R", "Rechnung ", "Rg.Nr. ", "RNR ", "Inv "))
    return rnd.choice((f"{head}{number}", f"{head}{rnd.randint(2019, 2027)}-{number}", f"{head}-{number:06}",
                       f"{number:06}/{rnd.randint(19, 27)}", f"{head}{number % 10_000:04}",
                       f"{head}{number % 1000:03}"))  # fmt: skip


def _name(rnd: random.Random) -> str:
    return rnd.choice(
        (rnd.choice(FIRST), rnd.choice(LAST), f"{rnd.choice(FIRST)} {rnd.choice(LAST)}")
    )


def _address(rnd: random.Random) -> str:
    return f"{rnd.choice(STREETS)} {rnd.randint(1, 199)}{rnd.choice(('', 'a', 'B'))} {rnd.choice(PLACES)}"


def _words(rnd: random.Random) -> str:
    return " ".join(rnd.choice(WORDS) for _ in range(rnd.randint(1, 3)))


def _class(rnd: random.Random) -> str:
    return rnd.choice(("", "Kl. ", "Klasse ")) + f"{rnd.randint(1, 13)}{rnd.choice('abcdABCD')}"


def _amount(rnd: random.Random) -> str:
    return rnd.choice((f"{rnd.randint(1, 99)},{rnd.randint(0, 99):02} EUR", f"{rnd.randint(1, 400)} EUR",
                       f"EUR {rnd.randint(1, 400)}", f"{rnd.randint(1, 400)}EUR"))  # fmt: skip


def _short(rnd: random.Random) -> str:
    """Abbreviations without vowels and numbers beside them."""
    return rnd.choice(
        ("KFZ", "BLZ", "PLZ", "DRK", "TSV", "VHS", "GLS", "DHL", "PKW", "SGB", "BGB", "DKB", "NRW", "HRB",
         "KTN", "KBN", "MwSt", "GmbH", "zzgl", "Str", "bzgl", "Nr", "ggf")
    ) + rnd.choice((" ", "-", "", ". ")) + str(rnd.randrange(10 ** rnd.randint(1, 4)))  # fmt: skip


_FOREIGN = (_iban, _bic, _date, _phone, _customer, _long_mixed, _hex, _invoice, _name, _address, _words,
            _class, _amount, _short)  # fmt: skip
