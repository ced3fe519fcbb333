"""What is read of MT940, and that nothing a payer writes becomes a line, a sign or an account."""

from datetime import date

import pytest
from statement_files import IBAN, OTHER, PAYER, WORDS, Mt940, booking, comma, wrapped

from accounts.money import Money
from banking.lines import BankLine, BankStatement, LineText, Nature, Trouble, Unreadable, plain
from banking.mt940 import read_mt940

BRIEF = "166?00GUTSCHRIFT?20SVWZ+"


def one(raw: bytes) -> BankStatement:
    """The only statement of a file that is read."""
    (read,) = read_mt940(raw)
    assert isinstance(read, BankStatement), read
    return read


def trouble(raw: bytes) -> Unreadable:
    """Why the only statement is not read."""
    (read,) = read_mt940(raw)
    assert isinstance(read, Unreadable), read
    return read


def line(text: str | list[str] | None, head: str = "", cents: int = 3500) -> BankLine:
    """The only line of a statement with this ``:86:``."""
    (found,) = one(Mt940([booking(cents, text, head)], cents).raw()).lines
    return found


def words(purpose: str, other: str = OTHER) -> LineText:
    """The words of a transfer with this purpose."""
    return line(WORDS + purpose + other).text


def headed(head: str, cents: int = 3500) -> BankLine:
    """The only line of a statement with this ``:61:``."""
    return line(WORDS + "Lena" + OTHER, f":61:{head}", cents)


def test_an_ordinary_transfer_is_read() -> None:
    statement = one(Mt940([booking(3500), booking(-490, "805?00ENTGELT?20Porto")], 3010).raw())
    found, fee = statement.lines
    assert (statement.iban, statement.number, statement.version) == (IBAN, "00001/001", "mt940")
    assert (statement.first_day, statement.last_day) == (date(2026, 3, 2), date(2026, 3, 2))
    assert (found.amount, found.gvc, found.nature) == (Money(3500), "166", Nature.PAYMENT)
    assert found.text == LineText(
        name="MUELLER SABINE",
        iban=PAYER,
        bic="COLSDE33XXX",
        purpose="K7M-4XP Lena",
        additional="GUTSCHR. UEBERWEISUNG",
    )
    assert (fee.amount, fee.gvc, fee.text.purpose) == (Money(-490), "805", "Porto")


def test_a_statement_that_does_not_close_is_refused_whole_with_the_numbers() -> None:
    assert trouble(Mt940([booking(3500)], 3400).raw()) == Unreadable(
        Trouble.DOES_NOT_CLOSE, "100,00 + 35,00 = 135,00 ≠ 134,00 (-1,00)", 1
    )


def test_several_messages_in_one_file_stand_or_fall_alone() -> None:
    good, bad = Mt940([booking(3500)], 3500), Mt940([booking(3500)], 1)
    read = read_mt940(good.raw() + bad.raw() + good.raw())
    assert [type(found) for found in read] == [BankStatement, Unreadable, BankStatement]
    assert [found.no for found in read] == [1, 2, 3]


@pytest.mark.parametrize("glue", [b"-:20:", b"-}:20:", b"-}{1:F01}{2:I940}{4::20:"])
def test_a_message_may_begin_on_the_line_that_ends_the_one_before(glue: bytes) -> None:
    raw = Mt940([booking(3500)], 3500).raw()
    assert len(read_mt940(raw.rstrip(b"\r\n-") + b"\r\n" + raw.replace(b":20:", glue, 1))) == 2


def test_swift_envelopes_are_taken_off() -> None:
    head = b"{1:F01COLSDE33XXXX0000000000}{2:O9401200260302}{4:\r\n"
    raw = head + Mt940([booking(3500)], 3500, end=("-}{5:{CHK:ABC}}",)).raw()
    assert len(read_mt940(raw + raw)) == 2
    assert one(raw).lines[0].text.name == "MUELLER SABINE"


def test_further_balances_under_one_head_are_further_statements_of_its_account() -> None:
    first, second = Mt940([booking(3500)], 3500), Mt940([booking(100)], 100)
    lines = first.lines()[:-1] + second.lines()[3:]
    read = read_mt940("\n".join(lines).encode())
    assert [found.iban for found in read if isinstance(found, BankStatement)] == [IBAN, IBAN]


def test_pages_of_one_statement_become_one() -> None:
    first = Mt940([booking(3500)], 3500, closings="62M")
    middle = Mt940([booking(100)], 100, opening=13500, openings="60M", closings="62M")
    last = Mt940([booking(-600)], -600, opening=13600, openings="60M")
    statement = one(first.raw() + middle.raw() + last.raw())
    assert [found.amount.cents for found in statement.lines] == [3500, 100, -600]
    assert [found.place for found in statement.lines] == [0, 1, 2]
    assert statement.closing is not None
    assert statement.closing.kind == "closing"


def test_a_page_that_begins_elsewhere_stays_apart_and_says_that_it_is_a_page() -> None:
    first = Mt940([booking(3500)], 3500, closings="62M")
    last = Mt940([booking(-600)], -600, opening=13600, openings="60M")
    read = [
        found for found in read_mt940(first.raw() + last.raw()) if isinstance(found, BankStatement)
    ]
    assert [found.closing and found.closing.kind for found in read] == ["interim", "closing"]
    assert [found.opening and found.opening.kind for found in read] == ["opening", "interim"]


def test_without_a_closing_balance_there_are_lines_and_no_proof() -> None:
    lines = [text for text in Mt940([booking(3500)]).lines() if not text.startswith(":62")]
    statement = one("\n".join(lines).encode())
    assert statement.opening is not None
    assert statement.closing is None
    assert len(statement.lines) == 1


@pytest.mark.parametrize(
    ("head", "cents"),
    [
        ("CR35,00", 3500),
        ("DR35,00", -3500),
        ("RC35,00", -3500),
        ("RD35,00", 3500),
        ("RCR35,00", -3500),
        ("C35,", 3500),
        ("D35,5", -3550),
    ],
)
def test_the_mark_decides_the_sign(head: str, cents: int) -> None:
    found = headed(f"2603020302{head}NTRFNONREF", cents)
    assert found.amount == Money(cents)
    assert found.nature is (Nature.RETURN if head.startswith("R") else Nature.PAYMENT)


def test_a_statement_read_with_the_wrong_sign_of_a_reversal_would_not_close() -> None:
    back = booking(3500, head=":61:2603020302RC35,00NTRFNONREF")
    assert one(Mt940([booking(3500), back], 0).raw()).lines[1].amount == Money(-3500)
    assert trouble(Mt940([booking(3500), back], 7000).raw()).trouble is Trouble.DOES_NOT_CLOSE


def test_bookings_without_a_type_code_are_each_a_line() -> None:
    told = [booking(3500, WORDS + "eins" + OTHER, ":61:2603020302CR35,00")] * 2
    statement = one(Mt940(told, 7000).raw())
    assert [found.text.purpose for found in statement.lines] == ["eins", "eins"]


def test_bookings_without_words_are_lines() -> None:
    statement = one(Mt940([booking(3500, None), booking(100)], 3600).raw())
    assert [found.text.purpose for found in statement.lines] == ["", "K7M-4XP Lena"]


@pytest.mark.parametrize(
    ("head", "day", "value_day"),
    [
        ("2512310102CR35,00NTRFX", "2026-01-02", "2025-12-31"),
        ("2601021231CR35,00NTRFX", "2025-12-31", "2026-01-02"),
        ("2602300302CR35,00NTRFX", "2026-03-02", "2026-02-28"),
        ("2802300301CR35,00NTRFX", "2028-03-01", "2028-02-29"),
        ("260302CR35,00NTRFX", "2026-03-02", "2026-03-02"),
        ("260302    CR35,00NTRFX", "2026-03-02", "2026-03-02"),
        ("260309CR35,00NTRFX", "2026-03-02", "2026-03-09"),
    ],
)
def test_days_are_found_over_the_turn_of_the_year_and_in_a_banks_february(
    head: str, day: str, value_day: str
) -> None:
    found = headed(head)
    assert (found.day.isoformat(), found.value_day.isoformat()) == (day, value_day)


@pytest.mark.parametrize(
    "head", ["2613020302CR35,00NTRFX", "2603020230CR35,00NTRFX", "2603020000CR35,00NTRFX"]
)
def test_an_impossible_day_is_refused_and_named(head: str) -> None:
    refused = trouble(Mt940([booking(3500, head=f":61:{head}")], 3500).raw())
    assert refused == Unreadable(Trouble.IMPOSSIBLE_DATE, f":61: (5) {head[:10]}", 1)
    refused = trouble(Mt940([booking(3500, "Lena")], 3500, day="261131").raw())
    assert refused == Unreadable(Trouble.IMPOSSIBLE_DATE, ":62F: (7) 261131", 1)


@pytest.mark.parametrize(
    "head", ["2603020302CR3500NTRFX", "2603020302CR1,2,3NTRFX", "2603020302CR3,505NTRFX"]
)
def test_what_is_no_amount_in_cents_is_refused(head: str) -> None:
    refused = trouble(Mt940([booking(3500, head=f":61:{head}")], 3500).raw())
    assert refused.trouble is Trouble.NO_AMOUNT


def test_a_booking_that_is_none_is_refused_and_named() -> None:
    refused = trouble(Mt940([booking(3500, head=":61:Guten Tag")], 3500).raw())
    assert refused == Unreadable(Trouble.BROKEN_MT940, ":61: (5)", 1)


def test_another_currency_is_refused() -> None:
    raw = Mt940([booking(3500)], 3500).raw().replace(b"EUR", b"USD")
    assert trouble(raw) == Unreadable(Trouble.OTHER_CURRENCY, "USD", 1)


@pytest.mark.parametrize(
    ("account", "iban"),
    [
        (IBAN, IBAN),
        ("DE02 1203 0000 0000 2020 51", IBAN),
        ("12030000/202051", "12030000/202051"),
        ("12030000/0000202051EUR", "12030000/0000202051"),
    ],
)
def test_the_account_is_named_as_the_bank_names_it(account: str, iban: str) -> None:
    assert one(Mt940([booking(3500)], 3500, account=account).raw()).iban == iban


def test_a_message_without_an_account_is_refused() -> None:
    raw = Mt940([booking(3500)], 3500).raw().replace(f":25:{IBAN}\r\n".encode(), b"")
    assert trouble(raw).trouble is Trouble.NO_ACCOUNT


def test_a_strange_number_of_the_statement_is_no_matter() -> None:
    raw = Mt940([booking(3500)], 3500).raw().replace(b"00001/001", b"ABC")
    assert one(raw).number == "ABC"


@pytest.mark.parametrize(
    ("head", "ids"),
    [
        ("NTRFNONREF", ()),
        ("NTRFNONREF//2026030212345", ("2026030212345",)),
        ("NTRFKREF+//NONREF", ()),
        ("NTRFRechnung 17//55555", ("55555",)),
        ("NTRF2026-03-02-07.51.25.370057", ("2026-03-02-07.51.25.370057",)),
        ("NTRFBIPI-dvT1FzfMqvzF5HaU4oetlH7SGRkonU//2022070616391534000", ("2022070616391534000",)),
    ],
)
def test_the_banks_numbers_are_kept_and_the_payers_are_not(head: str, ids: tuple[str, ...]) -> None:
    assert headed(f"2603020302CR35,00{head}").bank_ids == ids


def test_free_text_behind_a_booking_is_the_banks_addition() -> None:
    found = line(
        [
            ":61:2603020302CR35,00NTRFNONREF//1",
            "/OCMT/EUR35,00/",
            *wrapped(":86:" + WORDS + "x" + OTHER),
        ][1:],
        ":61:2603020302CR35,00NTRFNONREF//1",
    )
    assert found.text.additional == "GUTSCHR. UEBERWEISUNG; /OCMT/EUR35,00/"


@pytest.mark.parametrize(("code", "gvc"), [("166?", "166"), ("159?", "159"), ("?", "")])
def test_the_code_of_business_stands_before_the_words(code: str, gvc: str) -> None:
    assert line(f"{code}00GUTSCHRIFT?20Lena").gvc == gvc


def test_the_code_of_business_may_stand_in_the_type_code() -> None:
    assert line("Lena", ":61:2603020302CR35,00N166NONREF").gvc == "166"
    assert line("Lena", ":61:2603020302CR35,00N062NONREF").gvc == ""


def test_a_return_gives_the_key_that_says_why() -> None:
    found = line("159?00RETOURE?20SVWZ+Refund?34914")
    assert (found.nature, found.return_reason) == (Nature.RETURN, "914")
    assert line("166?00GUTSCHRIFT?20Lena?34997").return_reason == ""


def test_pieces_of_a_purpose_keep_their_joints() -> None:
    text = words("Essensgeld Mueller K7M?22-4XP April")
    assert text.purpose == "Essensgeld Mueller K7M\n-4XP April"
    assert words("Essensgeld fuer Lena ?22Klasse 4").purpose == "Essensgeld fuer Lena Klasse 4"


def test_a_full_piece_is_shown_as_going_on() -> None:
    cut = line("166?20Essensgeld Lena Mueller K7M?21-4XP April").text.purpose
    assert cut == "Essensgeld Lena Mueller K7M\n-4XP April"
    assert plain(cut) == "Essensgeld Lena Mueller K7M-4XP April"


@pytest.mark.parametrize("width", [64, 65, 69])
def test_a_word_cut_by_the_wrap_is_whole_again(width: int) -> None:
    text = ":86:" + WORDS + "Essen K7M-4XP?22fuer Lena Mueller Klasse 4b" + OTHER
    # Banks wrap at 65 columns with the tag, or at 65 without it; what is shorter keeps its joint.
    first = text[:69] if width == 69 else text[:65]
    rest = wrapped(text[len(first) :], 65 if width != 64 else 64)
    found = line([first, *rest]).text
    assert found.purpose.replace("\n", "") == "Essen K7M-4XPfuer Lena Mueller Klasse 4b"
    assert found.iban == PAYER


def test_a_blank_lost_at_the_wrap_leaves_a_joint() -> None:
    text = ":86:" + BRIEF
    fill = "Geld von Oma".ljust(64 - len(text), "x")
    found = line([text + fill, "Lena" + OTHER]).text
    assert found.purpose == fill + "\nLena"
    assert plain(found.purpose) == fill + " Lena"


def test_blanks_at_the_wrap_are_kept() -> None:
    text = ":86:" + BRIEF
    fill = "Geld von Oma".ljust(64 - len(text), "x")
    assert line([text + fill + " ", "Lena" + OTHER]).text.purpose == fill + " Lena"
    assert line([text + fill + "x", " Lena" + OTHER]).text.purpose == fill + "x Lena"


def test_a_text_of_any_length_is_whole() -> None:
    pieces = ["SVWZ+" + "a" * 22, *["b" * 27] * 8]
    body = "".join(f"?{20 + place}{piece}" for place, piece in enumerate(pieces))
    text = line(f"166?00X{body}?3060050101?31{PAYER}?32MUELLER?60{'c' * 27}?61K7M-4XP").text
    assert text.purpose.endswith("\n" + "c" * 27 + "\nK7M-4XP")
    assert text.purpose.count("\n") == 10
    assert (text.name, text.iban) == ("MUELLER", PAYER)
    assert line(WORDS + "x" * 900 + " K7M-4XP" + OTHER).text.iban == PAYER


def test_a_piece_that_comes_twice_is_kept_twice() -> None:
    assert words("eins?22zwei?22drei").purpose == "eins\nzwei\ndrei"


def test_a_name_in_two_pieces_is_one() -> None:
    assert (
        words("x", "?32Dr. Sabine Mueller-Lieblich?33sohn").name
        == "Dr. Sabine Mueller-Lieblichsohn"
    )
    assert words("x", "?32Sabine?33Mueller").name == "Sabine Mueller"


def test_a_question_is_a_question() -> None:
    assert words("Wie viel noch? K7M-4XP").purpose == "Wie viel noch? K7M-4XP"
    assert words("Was?! ?99 ?7x K7M-4XP").purpose == "Was?! ?99 ?7x K7M-4XP"


def test_a_payers_subfield_is_text() -> None:
    text = words("Rest?32BOESE K7M-4XP?22Lena")
    assert text.purpose == "Rest?32BOESE K7M-4XP\nLena"
    assert text.name == "MUELLER SABINE"


@pytest.mark.parametrize(
    "forged", ["?31DE00", "?30X?31DE00?32B", "?30X?31DE00?32B?33C?34D?60E", "?60a?31DE00"]
)
def test_an_account_that_a_payer_wrote_is_never_the_other_sides(forged: str) -> None:
    text = words(f"K7M-4XP{forged}")
    assert text.iban in {"", PAYER}
    assert "DE00" not in text.iban
    assert "K7M-4XP" in text.purpose


def test_the_banks_names_of_parts_are_read() -> None:
    named = "?20EREF+RB-17?21KREF+LAUF-3?22MREF+M-1?23CRED+DE98ZZZ09999999999?24SVWZ+Erstattung?25ABWE+Enkel"
    found = line(f"116?00SEPA UEBERWEISUNG{named}{OTHER}", cents=-3500).text
    assert (found.end_to_end, found.mandate, found.purpose) == ("RB-17", "M-1", "Erstattung")
    assert found.additional == "SEPA UEBERWEISUNG; Enkel; KREF+LAUF-3"


def test_the_parts_may_be_named_with_a_colon() -> None:
    found = line(f"166?00GUTSCHRIFT?20EREF: ABC?21SVWZ: Mensa K7M-4XP{OTHER}").text
    assert (found.end_to_end, found.purpose) == ("ABC", "Mensa K7M-4XP")


def test_the_parts_may_begin_within_a_piece_and_be_cut() -> None:
    named = "?20Zahldienst GmbH?21EREF+ 123 ZAHLDIENST?22MREF+ M9 CRED+ DE98ZZ0123 S?23VWZ+ K7M-4XP Lena"
    found = line(f"166?00X{named}{OTHER}").text
    assert (found.end_to_end, found.mandate) == ("123 ZAHLDIENST", "M9")
    assert found.purpose == "Zahldienst GmbH\nK7M-4XP Lena"


def test_a_bank_that_names_parts_in_its_own_words_has_them_in_the_purpose() -> None:
    own = f"166?00UEBERTRAG?20End-to-End-Ref.:?21NICHT ANGEGEBEN?22K7M-4XP Lena{OTHER}"
    found = line(own).text
    assert found.purpose == "End-to-End-Ref.:\nNICHT ANGEGEBEN\nK7M-4XP Lena"
    assert found.end_to_end == ""


def test_without_named_parts_the_purpose_is_all_of_it() -> None:
    assert line(f"166?00X?20Mensa Lena K7M-4XP{OTHER}").text.purpose == "Mensa Lena K7M-4XP"
    found = line(f"166?00X?20EREF+ABC?21Mensa K7M-4XP{OTHER}").text
    assert "Mensa K7M-4XP" in found.purpose


@pytest.mark.parametrize(
    "typed",
    ["bitte EREF+FAKE", "?22EREF+FAKE", "EREF+FAKE SVWZ+K9X-4XP", "?22MREF+FAKE", "?22IBAN+DE00"],
)
def test_what_a_payer_types_like_a_named_part_is_text(typed: str) -> None:
    real = f"166?00X?20EREF+RB-17?21SVWZ+K7M-4XP {typed}{OTHER}"
    found = line(real).text
    assert (found.end_to_end, found.mandate, found.iban) == ("RB-17", "", PAYER)
    assert typed.replace("?22", "").strip() in found.purpose


def test_the_account_may_be_a_named_part_of_the_bank() -> None:
    dialect = f"166?00X?20IBAN+{PAYER}?21BIC+COLSDE33XXX?22SVWZ+Lena?32MUELLER"
    found = line(dialect).text
    assert (found.iban, found.bic, found.purpose) == (PAYER, "COLSDE33XXX", "Lena")
    assert line(f"166?20IBAN+{PAYER} bitte").text.iban == ""
    assert line(f"166?20SVWZ+x?21IBAN+{PAYER}").text.iban == ""


def test_text_without_subfields_is_the_purpose() -> None:
    found = line("Mensa Lena K7M-4XP von Sabine Mueller")
    assert found.text.purpose == "Mensa Lena K7M-4XP von Sabine Mueller"
    found = line("166 Mensa Lena")
    assert (found.gvc, found.text.purpose) == ("166", "Mensa Lena")
    assert line("/IBAN/DE00/REMI/Lena").text.purpose == "/IBAN/DE00/REMI/Lena"


@pytest.mark.parametrize("mark", ["?", ">", "~", "|"])
def test_subfields_may_have_another_mark(mark: str) -> None:
    text = (WORDS + "K7M-4XP?22Lena" + OTHER).replace("?", mark)
    assert line(text).text.name == "MUELLER SABINE"


FULL = ":86:" + BRIEF + "x" * (61 - len(BRIEF))


def test_a_payers_booking_is_text_where_the_bank_numbers_its_pieces() -> None:
    told = [FULL, ":61:2603020302CR9999,00NTRF?22Lena" + OTHER]
    (found,) = one(Mt940([booking(3500, told)], 3500).raw()).lines
    assert found.amount == Money(3500)
    assert found.text.name == "MUELLER SABINE"


@pytest.mark.parametrize("behind", [[], [":86:166?00X?20SVWZ+BOESE?32B"]])
@pytest.mark.parametrize("spare", [0, 9])
def test_a_payers_booking_is_text_where_the_balances_say_so(behind: list[str], spare: int) -> None:
    told = [FULL[: 65 - spare], ":61:2603020302CR9999,00NTRFNONREF", *behind]
    statement = one(Mt940([booking(3500, told), booking(100)], 3600).raw())
    assert [found.amount.cents for found in statement.lines] == [3500, 100]
    assert ":61:2603020302CR9999,00" in statement.lines[0].text.purpose


def test_a_real_booking_behind_a_full_line_is_one() -> None:
    statement = one(Mt940([booking(3500, [FULL]), booking(100)], 3600).raw())
    assert [found.amount.cents for found in statement.lines] == [3500, 100]


def test_bookings_forged_in_pairs_that_cancel_out_are_refused() -> None:
    free = ":86:" + "x" * 61
    told = [free, ":61:2603020302CR9999,00NTRF".ljust(65, "x"), ":61:2603020302DR9999,00NTRF"]
    refused = trouble(Mt940([booking(3500, told)], 3500).raw())
    assert refused.trouble is Trouble.AMBIGUOUS_LINE


def test_a_forged_booking_that_could_be_another_is_refused() -> None:
    told = [FULL, ":61:2603020302CR35,00NTRFNONREF"]
    refused = trouble(Mt940([booking(3500, told)] * 2, 10500).raw())
    assert refused.trouble is Trouble.AMBIGUOUS_LINE


def test_a_payers_closing_balance_is_text() -> None:
    told = [FULL, ":61:2603020302CR9999,00NTRFNONREF", FULL, ":62F:C260302EUR10134,00"]
    read = read_mt940(Mt940([booking(3500, told), booking(100)], 3600).raw())
    (statement,) = read
    assert isinstance(statement, BankStatement)
    assert statement.closing is not None
    assert statement.closing.amount == Money(13600)
    assert sum(found.amount.cents for found in statement.lines) == 3600


@pytest.mark.parametrize(
    "typed",
    [
        ":20:00 Uhr K7M-4XP",
        ":86:166?00X",
        ":60F:C260302EUR1,00",
        ":25:X",
        ":99:",
        "-",
        "-}",
        "{1:F01}",
    ],
)
@pytest.mark.parametrize("short", [False, True])
def test_a_line_like_a_field_within_a_text_is_text(typed: str, *, short: bool) -> None:
    told = [FULL[:40] if short else FULL, typed, "K7M-4XP" + OTHER]
    (found,) = one(Mt940([booking(3500, told)], 3500).raw()).lines
    assert typed in found.text.purpose.replace("\n", "")
    assert "K7M-4XP" in found.text.purpose
    assert found.text.name == "MUELLER SABINE"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "cp1252"])
def test_umlauts_are_read_in_every_encoding(encoding: str) -> None:
    raw = Mt940([booking(3500, WORDS + "Grüße für Özgür" + OTHER)], 3500).raw(encoding)
    assert one(raw).lines[0].text.purpose == "Grüße für Özgür"


def test_an_umlaut_torn_by_the_wrap_is_whole_again() -> None:
    text = (
        (":86:" + BRIEF).encode()
        + b"x" * (64 - 4 - len(BRIEF))
        + "ß und mehr".encode()
        + OTHER.encode()
    )
    raw = Mt940([booking(3500, ["@TORN@"])], 3500).raw()
    torn = raw.replace(b"@TORN@", text[:65] + b"\r\n" + text[65:])
    assert "xß und mehr" in one(torn).lines[0].text.purpose


def test_each_line_may_have_its_own_encoding() -> None:
    both = Mt940([booking(3500, WORDS + "Grüße" + OTHER)], 3500)
    read = read_mt940(both.raw("utf-8") + both.raw("latin-1"))
    assert [found.lines[0].text.purpose for found in read if isinstance(found, BankStatement)] == [
        "Grüße"
    ] * 2


@pytest.mark.parametrize("end", [b"\n", b"\r", b"@@"])
def test_lines_end_in_every_way(end: bytes) -> None:
    raw = Mt940([booking(3500), booking(100)], 3600).raw().replace(b"\r\n", end)
    assert len(one(raw).lines) == 2


@pytest.mark.parametrize("typed", ["mail a@@b K7M", "Kd-0000123 K7M"])
def test_signs_that_others_replace_are_left_alone(typed: str) -> None:
    assert words(typed).purpose == typed


def test_announced_bookings_are_apart() -> None:
    announced = "\r\n".join(
        [
            ":20:STARTDISPE",
            f":25:{IBAN}",
            ":28C:0",
            ":34F:EURC0,00",
            ":13D:2603021200+0100",
            *booking(9900),
            ":90D:0EUR0,00",
            ":90C:1EUR99,00",
            "-",
        ]
    )
    booked, pending = read_mt940(Mt940([booking(3500)], 3500).raw() + announced.encode())
    assert isinstance(booked, BankStatement)
    assert isinstance(pending, BankStatement)
    assert [found.amount.cents for found in booked.lines] == [3500]
    assert (pending.lines, pending.version) == ((), "mt942")
    assert [(found.amount.cents, found.pending) for found in pending.pending] == [(9900, True)]


def test_bookings_dated_ahead_that_no_balance_counts_are_announced_only() -> None:
    ahead = booking(9900, head=":61:2603040304CR99,00NTRFNONREF")
    statement = one(Mt940([booking(3500), ahead], 3500).raw())
    assert [found.amount.cents for found in statement.lines] == [3500]
    assert [(found.amount.cents, found.pending) for found in statement.pending] == [(9900, True)]
    assert statement.last_day == date(2026, 3, 2)
    alone = one(Mt940([ahead], 0).raw())
    assert (alone.first_day, alone.last_day) == (date(2026, 3, 2), date(2026, 3, 2))


def test_words_behind_the_closing_balance_are_of_no_line() -> None:
    behind = [":64:C260302EUR135,00", ":65:C260303EUR135,00", ":86:Hinweis der Bank"]
    (found,) = one(Mt940([booking(3500)], 3500, behind=behind).raw()).lines
    assert found.text.purpose == "K7M-4XP Lena"


def test_two_closing_balances_are_refused() -> None:
    raw = Mt940([booking(3500, None)], 3500, behind=[f":62F:C260302EUR{comma(13500)}"]).raw()
    assert trouble(raw).trouble is Trouble.BROKEN_MT940


def test_what_has_no_message_is_no_statement() -> None:
    assert read_mt940(b":20:STARTUMS\r\n-\r\n") == (Unreadable(Trouble.NOT_A_STATEMENT),)


def test_an_account_behind_a_closing_begins_a_message_of_its_own() -> None:
    first = Mt940([booking(3500)], 3500, end=())
    second = Mt940([booking(100)], 100, account=PAYER)
    raw = first.raw() + second.raw().replace(b":20:STARTUMS\r\n", b"")
    read = read_mt940(raw)
    found = [one for one in read if isinstance(one, BankStatement)]
    told = [(one.iban, [line.amount.cents for line in one.lines]) for one in found]
    assert told == [(IBAN, [3500]), (PAYER, [100])]


def test_two_accounts_in_one_message_are_refused() -> None:
    raw = Mt940([booking(3500)], 3500).raw()
    twice = raw.replace(b":28C:", b":25:" + PAYER.encode() + b"\r\n:28C:")
    assert trouble(twice) == Unreadable(Trouble.BROKEN_MT940, ":25: (3)", 1)
    again = raw.replace(b":28C:", b":25:" + IBAN.encode() + b"EUR\r\n:28C:")
    assert one(again).iban == IBAN


def test_an_account_in_a_payers_text_behind_a_forged_closing_moves_nothing() -> None:
    forged = ["x" * 65, ":62F:C260302EUR100,00".ljust(65), f":25:{PAYER}".ljust(65), "Ende"]
    raw = Mt940([booking(3500, [":86:166?00GUTSCHRIFT?20SVWZ+".ljust(65), *forged])], 3500).raw()
    (found,) = read_mt940(raw)
    assert not isinstance(found, BankStatement) or (
        found.iban == IBAN and [line.amount.cents for line in found.lines] == [3500]
    )


def test_half_a_million_lines_that_could_end_a_message_are_read() -> None:
    raw = Mt940([booking(3500, [":86:166?20x", *["-", "x"] * 250_000])], 3500).raw()
    assert one(raw).lines[0].amount == Money(3500)
