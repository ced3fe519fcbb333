"""What a school's file is understood to say, line by line."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.charge import PersonKind
from accounts.roster import Roster, Row, read_date, read_roster
from accounts.roster_columns import Profile, read_profile
from accounts.roster_files import Problem, ProblemKind
from accounts.roster_layout import Format

SAMPLES = Path(__file__).parents[1] / "samples" / "roster"
HEADER = "Interne ID-Nummer;Nachname;Vorname;Klasse;Geburtsdatum;Status"


def understood(text: str | bytes, **options: object) -> Roster:
    raw = text.encode() if isinstance(text, str) else text
    roster = read_roster(raw, **options)  # type: ignore[arg-type]  # as the test names them
    assert isinstance(roster, Roster), roster
    return roster


def refused(text: str | bytes, **options: object) -> Problem:
    raw = text.encode() if isinstance(text, str) else text
    problem = read_roster(raw, **options)  # type: ignore[arg-type]  # as the test names them
    assert isinstance(problem, Problem), problem
    return problem


def kinds(roster: Roster) -> list[tuple[int, ProblemKind]]:
    return [(problem.line, problem.kind) for problem in roster.problems]


def names(roster: Roster) -> list[str]:
    return [f"{row.first_name} {row.last_name}" for row in roster.rows]


def profile(text: str) -> Profile:
    made = read_profile(text)
    assert isinstance(made, Profile), made
    return made


# --- the files schools have -----------------------------------------------------------------


def test_a_schild_export_gives_numbers_names_classes_births_and_who_has_gone() -> None:
    roster = understood((SAMPLES / "schild_export_utf8_bom.csv").read_bytes())
    assert roster.format is Format.HEADER
    assert roster.problems == ()
    assert len(roster.rows) == 11
    assert roster.rows[1] == Row(3, "Öztürk", "Emir", "5a", date(2015, 11, 2), "1002")
    assert [row.number for row in roster.rows if row.gone] == ["1011"]
    assert roster.rows[-1].last_day == date(2026, 7, 31)


def test_the_same_school_reads_the_same_from_each_of_its_programs() -> None:
    def people(name: str) -> set[tuple[str, str, str, date | None]]:
        roster = understood((SAMPLES / name).read_bytes())
        assert roster.problems == ()
        return {(r.last_name, r.first_name, r.class_name, r.born) for r in roster.rows}

    tabs = people("schild_export_cp1252_tab.txt")
    assert tabs == people("SchuelerBasisdaten.dat") == people("GPU010_cp1252.TXT")
    assert tabs < people("GPU010.TXT") < people("schild_export_utf8_bom.csv")
    assert len(tabs) == 9


def test_namesakes_of_one_birth_carry_their_class_in_schilds_own_file() -> None:
    roster = understood((SAMPLES / "SchuelerBasisdaten.dat").read_bytes())
    twins = [row for row in roster.rows if row.last_name == "Müller"]
    assert [(row.class_name, row.mark) for row in twins] == [("6b", "6b"), ("6c", "6c")]


def test_a_mapping_profile_reads_what_no_one_knows() -> None:
    text = (SAMPLES / "staff_profile.toml").read_text(encoding="utf-8")
    roster = understood((SAMPLES / "staff.csv").read_bytes(), profile=profile(text))
    assert roster.rows[0] == Row(2, "Brandt", "Ute", "", date(1975, 12, 3), "77", PersonKind.STAFF)
    assert roster.rows[1].last_name == "Çelik"


def test_a_profile_counts_columns_where_there_is_no_header() -> None:
    text = 'header = false\nseparator = "|"\n[columns]\nlast_name = 2\nfirst_name = 1\nclass = 4\n'
    roster = understood("Mia|Kowalczyk|x|5a\nEmir|Öztürk|y|5b\n", profile=profile(text))
    assert [(r.line, r.last_name, r.class_name) for r in roster.rows] == [
        (1, "Kowalczyk", "5a"),
        (2, "Öztürk", "5b"),
    ]


def test_a_profile_says_which_words_mean_gone() -> None:
    text = 'left = ["Abgemeldet"]\n[columns]\nlast_name = "N"\nfirst_name = "V"\nstatus = "S"\n'
    roster = understood("N;V;S\nA;B;ja\nC;D;abgemeldet\n", profile=profile(text))
    assert [row.gone for row in roster.rows] == [False, True]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[columns]\nlast_name = 1\n", "columns.first_name"),
        ("[columns]\nlast_name = 0\nfirst_name = 1\n", "columns.last_name"),
        ("[columns]\nlast_name = 1\nfirst_name = 2\nshoe_size = 3\n", "columns.shoe_size"),
        ('header = false\n[columns]\nlast_name = "N"\nfirst_name = 2\n', "columns.last_name"),
        ('colour = "red"\n[columns]\nlast_name = 1\nfirst_name = 2\n', "colour"),
        ('kind = "cat"\n[columns]\nlast_name = 1\nfirst_name = 2\n', "kind"),
        ('date_format = "JJJJ"\n[columns]\nlast_name = 1\nfirst_name = 2\n', "date_format"),
        ('separator = "#"\n[columns]\nlast_name = 1\nfirst_name = 2\n', "separator"),
        ('encoding = "klingon"\n[columns]\nlast_name = 1\nfirst_name = 2\n', "encoding"),
        ("", "columns"),
        ("kind = []\n[columns]\nlast_name = 1\nfirst_name = 2\n", "kind"),
        ('separator = [";"]\n[columns]\nlast_name = 1\nfirst_name = 2\n', "separator"),
        ("[columns]\nlast_name = 1\nfirst_name = 2\n[encoding]\n", "encoding"),
        (
            'date_format = "TT.MM.JJJJ TT"\n[columns]\nlast_name = 1\nfirst_name = 2\n',
            "date_format",
        ),
        (
            'date_format = "TT.MM.JJJJ %!"\n[columns]\nlast_name = 1\nfirst_name = 2\n',
            "date_format",
        ),
    ],
)
def test_a_faulty_profile_names_its_key(text: str, key: str) -> None:
    assert read_profile(text) == Problem(0, ProblemKind.BAD_PROFILE, key)


def test_a_profile_that_is_no_toml_is_refused() -> None:
    problem = read_profile("kind = ")
    assert isinstance(problem, Problem)
    assert problem.kind is ProblemKind.BAD_PROFILE


def test_a_profiles_column_must_be_there() -> None:
    mapped = profile('[columns]\nlast_name = "Nachname"\nfirst_name = "Rufname"\n')
    assert refused("Nachname;Vorname\nA;B\n", profile=mapped) == Problem(
        1, ProblemKind.MISSING_COLUMN, "Rufname"
    )


# --- dialects -------------------------------------------------------------------------------

letters = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzäöüßéèçñABCDEFGÄÖÜ -'"), max_size=12)
name = letters.map(lambda text: "N" + " ".join(text.split()))
born = st.dates(date(1930, 1, 1), date(2025, 12, 31))
person = st.tuples(name, name, st.sampled_from(["", "5a", "6B", "Q1", "EF", "10 c"]), born)


@given(
    people=st.lists(person, min_size=1, max_size=8),
    separator=st.sampled_from(";,|\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    order=st.permutations(["id", "last", "first", "class", "born", "notes"]),
    quoted=st.booleans(),
    shouted=st.booleans(),
    trailing=st.integers(0, 3),
    padding=st.sampled_from(["", " ", "  "]),
    date_form=st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", "%Y%m%d", "%d.%m.%Y 00:00:00"]),
    blank=st.sets(st.integers(0, 8)),
)
def test_a_roster_reads_the_same_in_whatever_dialect_it_was_written(
    *,
    people: list[tuple[str, str, str, date]],
    separator: str,
    encoding: str,
    ending: str,
    order: list[str],
    quoted: bool,
    shouted: bool,
    trailing: int,
    padding: str,
    date_form: str,
    blank: set[int],
) -> None:
    headers = {
        "id": "Interne ID-Nummer",
        "last": "Nachname",
        "first": "Vorname",
        "class": "Klasse",
        "born": "Geburtsdatum",
        "notes": "Bemerkung",
    }

    def line(cells: dict[str, str]) -> str:
        texts = [cells[key] for key in order]
        texts = [f'"{text}"' if quoted else text for text in texts]
        return separator.join(padding + text + padding for text in texts) + separator * trailing

    lines = [line({key: word.upper() if shouted else word for key, word in headers.items()})]
    for at, (last, first, klass, day) in enumerate(people):
        if at in blank:
            lines.append(separator * trailing)
        note = f'a{separator} ""b""' if quoted else "a"
        cells = {"id": str(at), "last": last, "first": first, "class": klass, "notes": note}
        lines.append(line({**cells, "born": day.strftime(date_form)}))
    roster = understood((ending.join(lines) + ending).encode(encoding))
    assert roster.problems == ()
    assert [(r.last_name, r.first_name, r.class_name, r.born) for r in roster.rows] == people
    assert [r.number for r in roster.rows] == [str(at) for at in range(len(people))]


def test_decomposed_letters_and_invisible_characters_become_plain() -> None:
    roster = understood(f"{HEADER}\n1;Mu\u0308ller\u202e;An\u200bna\u00a0 Lena ;5a;;2\n")
    assert (roster.rows[0].last_name, roster.rows[0].first_name) == ("Müller", "Anna Lena")


def test_titles_above_the_header_and_excels_own_line_are_passed_over() -> None:
    titled = understood(f"Klassenliste, Stand 1.11.2026\n\n{HEADER}\n1;A;B;5a;;2\n")
    assert titled.rows[0].line == 4
    told = understood("sep=,\nNachname,Vorname,Klasse\nA,B,5a\n")
    assert told.rows[0].line == 3


def test_webuntis_names_its_columns_in_its_own_way() -> None:
    text = "name\tlongName\tforeName\tgender\tbirthDate\tklasse.name\texternKey\n"
    roster = understood(text + "AdamTho\tAdam\tThomas\tm\t01.02.2015\t5a\t42\n")
    assert roster.rows[0] == Row(2, "Adam", "Thomas", "5a", date(2015, 2, 1), "42")


def test_a_cell_in_quotes_may_go_over_lines() -> None:
    roster = understood('Nachname;Vorname;Adresse;Klasse\nA;B;"Weg 1\n45127 Essen";5a\nC;D;x;5b\n')
    assert [(r.line, r.class_name) for r in roster.rows] == [(2, "5a"), (4, "5b")]


def test_quotes_inside_a_name_are_letters_of_it() -> None:
    roster = understood('Nachname|Vorname|Klasse\n"Mimi" Weber|Anna|5a\nO"Hara|"Bo|5b\n')
    assert names(roster) == ['Anna "Mimi" Weber', '"Bo O"Hara']


# --- faults of one line ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('2;"Weber;Ben;5a;01.02.2015;2', ProblemKind.OPEN_QUOTE),
        ("2;Weber", ProblemKind.TOO_SHORT),
        ("2;Weber;Ben;5a;01.02.2015;2;more", ProblemKind.TOO_LONG),
        ("2;;Ben;5a;01.02.2015;2", ProblemKind.MISSING_NAME),
        ("2;Weber; ;5a;01.02.2015;2", ProblemKind.MISSING_NAME),
        ("2;M\ufffdller;Ben;5a;01.02.2015;2", ProblemKind.GARBLED),
        ("2;MÃ¼ller;Ben;5a;01.02.2015;2", ProblemKind.GARBLED),
        ("2;M?ller;Ben;5a;01.02.2015;2", ProblemKind.GARBLED),
        (f"2;{'W' * 101};Ben;5a;01.02.2015;2", ProblemKind.OVERLONG),
        (f"{'2' * 101};Weber;Ben;5a;01.02.2015;2", ProblemKind.OVERLONG),
        ("2;Weber;Ben;5a;31.02.2015;2", ProblemKind.BAD_DATE),
        ("2;Weber;Ben;5a;01.02.15;2", ProblemKind.BAD_DATE),
        ("2;Weber;Ben;5a;02/01/2015;2", ProblemKind.BAD_DATE),
        ("2;Weber;Ben;5a;01.02.2015;7", ProblemKind.BAD_STATUS),
        ("2;Weber;Ben;5a;01.02.2015;1", ProblemKind.NOT_YET),
        ("1;Weber;Ben;5a;01.02.2015;2", ProblemKind.CONTRADICTION),
        ("1;Schäfer;Jonas;5a;03.04.2015;2", ProblemKind.REPEATED),
    ],
)
def test_a_faulty_line_is_named_and_hides_no_other(line: str, kind: ProblemKind) -> None:
    roster = understood(
        f"{HEADER}\n1;Schäfer;Jonas;5a;03.04.2015;2\n{line}\n3;Öztürk;Emir;5b;05.06.2015;2\n"
    )
    assert kinds(roster) == [(3, kind)]
    expected = ["Emir Öztürk"] if kind is ProblemKind.CONTRADICTION else None
    assert names(roster) == (expected or ["Jonas Schäfer", "Emir Öztürk"])


def test_a_faulty_line_still_hints_whom_it_may_mean() -> None:
    roster = understood(f'{HEADER}\n1;A;B;5a;99.99.2015;2\n2;"C;D;5b;01.02.2015;2\n3;E;F;;;2\n')
    assert [(r.number, r.last_name) for r in roster.aside] == [("1", "A"), ("2", "C")]


def test_cells_cut_at_the_end_of_a_line_are_empty() -> None:
    roster = understood("Nachname;Vorname;Klasse;Geburtsdatum\nA;B;5a\nC;D;\n")
    assert roster.problems == ()
    assert [(r.class_name, r.born) for r in roster.rows] == [("5a", None), ("", None)]


def test_an_unknown_kind_of_person_is_named() -> None:
    roster = understood("Nachname;Vorname;Personenart\nA;B;Lehrkraft\nC;D;Katze\nE;F;\n")
    assert [row.kind for row in roster.rows] == [PersonKind.STAFF, PersonKind.PUPIL]
    assert kinds(roster) == [(3, ProblemKind.BAD_KIND)]


def test_a_planned_last_day_of_an_active_pupil_means_nothing() -> None:
    text = "Nachname;Vorname;Klasse;Status;Entlassdatum\nA;B;5a;2;31.07.2033\nC;D;5a;9;31.07.2026\n"
    assert [(r.gone, r.last_day) for r in understood(text).rows] == [
        (False, None),
        (True, date(2026, 7, 31)),
    ]


def test_nothing_of_the_other_columns_is_kept() -> None:
    roster = understood("Nachname;Vorname;Klasse;Religion;Telefon\nA;B;5a;geheim;0201 4711\n")
    assert "geheim" not in repr(roster)
    assert "4711" not in repr(roster)


# --- faults of the whole file ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "kind", "line"),
    [
        (b"", ProblemKind.EMPTY, 0),
        (b"\r\n ; ;\r\n", ProblemKind.EMPTY, 0),
        (b"\xef\xbb\xbf\r\n", ProblemKind.EMPTY, 0),
        (HEADER.encode(), ProblemKind.EMPTY, 0),
        (b"PK\x03\x04abc", ProblemKind.SPREADSHEET, 0),
        (b"\xd0\xcf\x11\xe0abc", ProblemKind.SPREADSHEET, 0),
        (b"<?xml version='1.0'?><schueler/>", ProblemKind.NOT_A_TABLE, 0),
        (b"\x00\x01\x02\xff", ProblemKind.NOT_A_TABLE, 0),
        (HEADER.encode() + b"\n" + b'4109;"' * 10_000, ProblemKind.NOT_A_TABLE, 0),
        (b"Anna;Schmidt;5a\nBen;Weber;5b\n", ProblemKind.NO_HEADER, 1),
        (b"Vorname;Klasse\nAnna;5a\n", ProblemKind.MISSING_COLUMN, 1),
        (b"Vorname;Nachname\nAnna;Weber\n", ProblemKind.MISSING_COLUMN, 1),
        (b"Nachname;Vorname;Klasse;Nachname\nA;B;5a;C\n", ProblemKind.DUPLICATE_COLUMN, 1),
        (b"Nachname;Vorname;Klasse\nA;B;5a\nM\x81ller;C;5a\n", ProblemKind.ENCODING, 3),
    ],
)
def test_a_file_that_is_not_understood_is_refused_whole(
    raw: bytes, kind: ProblemKind, line: int
) -> None:
    problem = refused(raw)
    assert (problem.kind, problem.line) == (kind, line)


def test_two_encodings_in_one_file_are_refused_at_the_line() -> None:
    head = "Nachname;Vorname;Klasse\nMüller;A;5a\n".encode()
    problem = refused(head + "Schäfer;B;5b\n".encode("cp1252"))
    assert (problem.kind, problem.line) == (ProblemKind.ENCODING, 3)


def test_staff_need_no_class() -> None:
    roster = understood("Nachname;Vorname\nBrandt;Ute\n", kind=PersonKind.STAFF)
    assert roster.rows[0].kind is PersonKind.STAFF


@given(st.binary(max_size=300))
def test_no_bytes_at_all_break_the_reader(raw: bytes) -> None:
    assert isinstance(read_roster(raw), Roster | Problem)


@given(st.text(st.sampled_from('ab5;,|\t\n\r" #.2ü'), max_size=120))
def test_no_table_at_all_breaks_the_reader(text: str) -> None:
    roster = read_roster(f"Nachname;Vorname;Klasse\n{text}".encode())
    if isinstance(roster, Roster):
        assert all(row.last_name and row.first_name for row in roster.rows)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1.2.2015", date(2015, 2, 1)),
        ("01.02.2015", date(2015, 2, 1)),
        ("2015-02-01", date(2015, 2, 1)),
        ("2015-02-01T00:00:00", date(2015, 2, 1)),
        ("20150201", date(2015, 2, 1)),
        ("29.02.2015", None),
        ("01.02.0215", None),
        ("1/2/2015", None),
        ("", None),
    ],
)
def test_a_day_is_read_only_where_it_can_mean_one(text: str, day: date | None) -> None:
    assert read_date(text) == day
