"""German and English: complete, alike in their placeholders, money and dates as people write."""

import string
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from accounts.money import Money, read_money
from accounts.texts import Language, mark, texts

ROOT = Path(__file__).parents[2]
KEYWORDS = {"mark": None, "say": None, "say_many": (1, 2)}
GERMAN, ENGLISH = texts(Language.GERMAN), texts(Language.ENGLISH)


def said_in_code() -> Iterator[str | tuple[str, ...]]:
    """Every sentence in the code of the floors that speak to people."""
    for floor in ("kiosk", "reports"):
        found = extract_from_dir(ROOT / floor, method_map=[("**.py", "python")], keywords=KEYWORDS)
        for _file, _line, message, _comments, _context in found:
            yield message


def catalogue() -> Catalog:
    """The German catalogue as it stands in the repository."""
    with (ROOT / "accounts/locale/de.po").open("rb") as source:
        return read_po(source, locale="de", abort_invalid=True)


def entries() -> list[Message]:
    """Its entries without the header."""
    return [entry for entry in catalogue() if entry.id]


def forms(words: str | tuple[str, ...] | list[str] | None) -> list[str]:
    """One form, or singular and plural."""
    assert words is not None
    return [words] if isinstance(words, str) else list(words)


def placeholders(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_every_sentence_has_a_german_form() -> None:
    german = catalogue()
    missing = []
    for message in set(said_in_code()):
        entry = german.get(forms(message)[0])
        if entry is None or not all(forms(entry.string)):
            missing.append(message)
    assert missing == []


def test_the_sentences_in_the_code_are_found_at_all() -> None:
    found = set(said_in_code())
    assert "Please place your card" in found
    assert ("{count} booking waits", "{count} bookings wait") in found
    assert len(found) > 80


def test_no_german_form_is_left_from_a_sentence_that_is_gone() -> None:
    said = {forms(message)[0] for message in said_in_code()}
    assert [entry.id for entry in entries() if forms(entry.id)[0] not in said] == []


def test_no_german_form_is_fuzzy() -> None:
    assert [entry.id for entry in entries() if entry.fuzzy] == []


def test_both_languages_have_the_same_placeholders() -> None:
    for entry in entries():
        expected = set().union(*map(placeholders, forms(entry.id)))
        for form in forms(entry.string):
            assert placeholders(form) == expected, entry.id


def test_a_sentence_is_said_in_its_language_with_its_values() -> None:
    assert GERMAN.say("Enjoy your lunch, {name}!", name="Änne") == "Guten Appetit, Änne!"
    assert ENGLISH.say("Enjoy your lunch, {name}!", name="Änne") == "Enjoy your lunch, Änne!"


def test_a_sentence_without_a_german_form_is_said_in_english() -> None:
    assert GERMAN.say("Nobody wrote this yet") == "Nobody wrote this yet"


def test_a_missing_value_is_a_fault() -> None:
    with pytest.raises(KeyError):
        GERMAN.say("Enjoy your lunch, {name}!")


def test_one_thing_and_many_things_are_said_apart() -> None:
    words = ("{count} booking waits", "{count} bookings wait")
    assert GERMAN.say_many(*words, 1) == "1 Buchung wartet"
    assert GERMAN.say_many(*words, 1200) == "1.200 Buchungen warten"
    assert ENGLISH.say_many(*words, 0) == "0 bookings wait"


def test_naming_a_sentence_does_not_change_it() -> None:
    assert mark("Card unknown") == "Card unknown"


def test_money_is_written_as_in_the_country() -> None:
    assert GERMAN.money(Money(123450)) == "1.234,50\N{NO-BREAK SPACE}€"
    assert GERMAN.money(Money(-5)) == "-0,05\N{NO-BREAK SPACE}€"
    assert ENGLISH.money(Money(123450)) == "€1,234.50"


@given(st.integers(-(10**12), 10**12))
def test_money_as_written_in_german_is_read_back_to_the_cent(cents: int) -> None:
    assert read_money(GERMAN.money(Money(cents))) == Money(cents)


def test_days_and_months_are_written_as_in_the_country() -> None:
    day = date(2026, 11, 22)
    assert GERMAN.day(day) == "22.11.2026"
    assert ENGLISH.day(day) == "22/11/2026"
    assert GERMAN.weekday(day) == "Sonntag, 22. November 2026"
    assert ENGLISH.weekday(day).startswith("Sunday")
    assert GERMAN.month(date(2026, 3, 1)) == "März 2026"


def test_a_moment_is_written_in_german_time() -> None:
    assert GERMAN.moment(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == "02.07.2026 00:30"
    assert GERMAN.moment(datetime(2026, 12, 1, 11, 5, tzinfo=UTC)) == "01.12.2026 12:05"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        GERMAN.moment(datetime(2026, 7, 1, 12, 0))  # noqa: DTZ001 that is the point


def test_the_machines_own_locale_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("LANGUAGE", "en")
    texts.cache_clear()
    assert texts(Language.GERMAN).say("Card unknown") == "Karte unbekannt"
