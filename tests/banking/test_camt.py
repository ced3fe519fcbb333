"""What is read of camt, what is refused, and that no batch becomes one payer's line."""

from datetime import date

import pytest
from statement_files import (
    DAY,
    IBAN,
    PAYER,
    Camt,
    balance,
    detail,
    entry,
    euros,
    party,
)

from accounts.money import Money
from banking.camt import read_camt
from banking.camt_parties import joined
from banking.lines import BankLine, BankStatement, Nature, Trouble, Unreadable, plain


def one(raw: bytes) -> BankStatement:
    """The only statement of a file that is read."""
    (read,) = read_camt(raw)
    assert isinstance(read, BankStatement), read
    return read


def line(camt: Camt) -> BankLine:
    """The only line of a document."""
    (found,) = one(camt.raw()).lines
    return found


def trouble(camt: Camt) -> Unreadable:
    """Why the only statement is not read."""
    (read,) = read_camt(camt.raw())
    assert isinstance(read, Unreadable), read
    return read


@pytest.mark.parametrize("message", ["camt.052.001", "camt.053.001"])
@pytest.mark.parametrize("version", ["02", "03", "04", "06", "08", "10", "13"])
def test_every_version_is_read_with_its_form_of_names_and_status(
    message: str, version: str
) -> None:
    new = version >= "08"
    parties = party("Dbtr", "Sabine Müller", PAYER, nested=new) + party(
        "Cdtr", "Stadt", IBAN, nested=new
    )
    status = "<Sts><Cd>BOOK</Cd></Sts>" if new else "<Sts>BOOK</Sts>"
    camt = Camt(
        [entry(3500, [detail(parties=parties)], status=status)],
        3500,
        version=f"{message}.{version}",
    )
    statement = one(camt.raw())
    (found,) = statement.lines
    assert statement.version == f"{message}.{version}"
    assert (statement.iban, statement.currency) == (IBAN, "EUR")
    assert (found.amount, found.day, found.gvc) == (Money(3500), date(2026, 3, 2), "166")
    assert (found.text.name, found.text.iban) == ("Sabine Müller", PAYER)
    assert found.text.purpose == "K7M-4XP Lena"
    assert found.nature is Nature.PAYMENT


def test_a_statement_that_does_not_close_is_refused_whole_with_the_numbers() -> None:
    refused = trouble(Camt([entry(3500), entry(-1000)], 2600))
    assert refused == Unreadable(
        Trouble.DOES_NOT_CLOSE, "100,00 + 25,00 = 125,00 ≠ 126,00 (1,00)", 1
    )


def test_a_statement_beside_one_that_does_not_close_is_read() -> None:
    bad, good = read_camt(Camt([entry(3500)], 1).raw(Camt([entry(100)], 100)))
    assert isinstance(bad, Unreadable)
    assert bad.no == 1
    assert isinstance(good, BankStatement)
    assert good.no == 2


def test_pieces_of_a_purpose_keep_their_joints() -> None:
    text = line(Camt([entry(1, [detail(["Essensgeld Lena Mueller K7M", "-4XP April"])])], 1)).text
    assert text.purpose == "Essensgeld Lena Mueller K7M\n-4XP April"
    assert plain(text.purpose) == "Essensgeld Lena Mueller K7M-4XP April"


def test_a_blank_at_a_joint_is_a_blank_and_an_empty_piece_is_nothing() -> None:
    pieces = ["Essen ", "", "Lena", "\n      Klasse 4\n    "]
    assert line(Camt([entry(1, [detail(pieces)])], 1)).text.purpose == "Essen Lena Klasse 4"


def test_a_short_piece_is_shown_with_a_blank_behind_it() -> None:
    assert plain("Essen Lena\nKlasse 4") == "Essen Lena Klasse 4"


def test_a_structured_reference_is_read() -> None:
    more = (
        "<RmtInf><Strd><CdtrRefInf><Tp/><Ref>RF18539007547034</Ref></CdtrRefInf>"
        "<AddtlRmtInf>Lena</AddtlRmtInf></Strd></RmtInf>"
    )
    told = f"<TxDtls><RltdPties>{party('Dbtr', 'Sabine', PAYER)}</RltdPties>{more}</TxDtls>"
    text = line(Camt([entry(1, [told])], 1)).text
    assert (text.structured, text.purpose) == ("RF18539007547034", "Lena")


def amount(cents: int, where: str) -> str:
    """An amount of a detail, where versions put it."""
    told = f'<Amt Ccy="EUR">{euros(cents)}</Amt>'
    return told if where == "Amt" else f"<AmtDtls><{where}>{told}</{where}></AmtDtls>"


@pytest.mark.parametrize("where", ["Amt", "TxAmt", "InstdAmt"])
def test_a_batch_is_one_line_for_each_of_its_payments(where: str) -> None:
    parts = [
        detail([f"Kind {cents}"], amount=amount(cents, where), parties=party("Dbtr", name, iban))
        for cents, name, iban in ((1000, "Erste", PAYER), (2500, "Zweiter", IBAN.replace("2", "3")))
    ]
    statement = one(Camt([entry(3500, parts), entry(100)], 3600).raw())
    first, second, third = statement.lines
    assert [found.amount.cents for found in statement.lines] == [1000, 2500, 100]
    assert [found.text.purpose for found in (first, second)] == ["Kind 1000", "Kind 2500"]
    assert [found.text.name for found in (first, second)] == ["Erste", "Zweiter"]
    assert [(found.place, found.part) for found in (first, second, third)] == [
        (0, 0),
        (0, 1),
        (1, 0),
    ]


def test_details_of_several_groups_are_one_batch() -> None:
    parts = [detail(amount=amount(cents, "Amt")) for cents in (1000, 2500)]
    told = entry(3500, parts).replace("</TxDtls><TxDtls>", "</TxDtls></NtryDtls><NtryDtls><TxDtls>")
    assert len(one(Camt([told], 3500).raw()).lines) == 2


def test_a_batch_without_amounts_is_refused() -> None:
    refused = trouble(Camt([entry(100), entry(3500, [detail(), detail()])], 3600))
    assert refused == Unreadable(Trouble.BATCH_WITHOUT_AMOUNTS, "Ntry 2: 2 TxDtls", 1)


def test_a_batch_whose_amounts_make_another_sum_is_refused() -> None:
    parts = [detail(amount=amount(1000, "Amt")), detail(amount=amount(2000, "Amt"))]
    assert trouble(Camt([entry(3500, parts)], 3500)).trouble is Trouble.BATCH_DOES_NOT_ADD_UP


def test_a_part_of_a_batch_may_go_the_other_way() -> None:
    back = amount(500, "Amt") + "<CdtDbtInd>DBIT</CdtDbtInd>"
    parts = [detail(amount=amount(4000, "Amt")), detail(amount=back)]
    statement = one(Camt([entry(3500, parts)], 3500).raw())
    assert [found.amount.cents for found in statement.lines] == [4000, -500]


def test_one_detail_has_the_entrys_amount_whatever_currency_was_ordered() -> None:
    told = detail(amount='<AmtDtls><InstdAmt><Amt Ccy="USD">40.00</Amt></InstdAmt></AmtDtls>')
    assert line(Camt([entry(3500, [told])], 3500)).amount == Money(3500)


def test_an_entry_without_details_is_a_line() -> None:
    told = entry(-490, []).replace("<NtryDtls></NtryDtls>", "<AddtlNtryInf>Entgelt</AddtlNtryInf>")
    found = line(Camt([told], -490))
    assert (found.amount, found.text.additional) == (Money(-490), "Entgelt")


def returned(parties: str, cents: int, reason: str = "<Rsn><Cd>AC04</Cd></Rsn>") -> BankLine:
    """The line of a return."""
    told = detail(parties=parties, more=f"<RtrInf>{reason}</RtrInf>")
    return line(Camt([entry(cents, [told], code="NRTI+159+9201+000")], cents))


def test_a_return_names_its_reason_and_the_other_side_as_the_payment_had_it() -> None:
    found = returned(party("Dbtr", "Stadt", IBAN) + party("Cdtr", "Sabine", PAYER), 3500)
    assert (found.nature, found.return_reason) == (Nature.RETURN, "AC04")
    assert (found.text.name, found.text.iban) == ("Sabine", PAYER)


def test_a_return_with_its_sides_turned_names_the_same_other_side() -> None:
    found = returned(party("Dbtr", "Sabine", PAYER) + party("Cdtr", "Stadt", IBAN), 3500)
    assert (found.text.name, found.text.iban) == ("Sabine", PAYER)


def test_a_return_may_give_its_reason_in_words() -> None:
    parties = party("Cdtr", "Sabine", PAYER)
    assert returned(parties, 3500, "<AddtlInf>KONTO ERLOSCHEN</AddtlInf>").return_reason == (
        "KONTO ERLOSCHEN"
    )
    assert returned(parties, 3500, "<Rsn><Prtry>914</Prtry></Rsn>").return_reason == "914"


def test_a_return_is_known_by_its_iso_code_alone() -> None:
    code = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>"
    told = entry(3500, [detail(more=code)], code="")
    assert line(Camt([told], 3500)).nature is Nature.RETURN


def test_the_payer_of_money_that_goes_out_is_not_the_other_side() -> None:
    found = line(
        Camt(
            [
                entry(
                    -3500,
                    [detail(parties=party("Dbtr", "Stadt", IBAN) + party("Cdtr", "X", PAYER))],
                )
            ],
            -3500,
        )
    )
    assert (found.text.name, found.text.iban) == ("X", PAYER)


REVERSAL = "<RvslInd>true</RvslInd>"


@pytest.mark.parametrize("booked", [3000, 4000])
def test_what_a_reversal_did_is_what_the_balances_say(booked: int) -> None:
    # A credit of 5,00 that is called a reversal: by the standard it brought 5,00, at some banks
    # it took them.
    statement = one(Camt([entry(3500), entry(500, more=REVERSAL)], booked).raw())
    assert statement.lines[1].amount.cents == booked - 3500
    assert statement.lines[1].nature is Nature.RETURN


def test_a_reversal_that_closes_neither_way_is_refused() -> None:
    refused = trouble(Camt([entry(3500), entry(500, more=REVERSAL)], 3500))
    assert refused.trouble is Trouble.DOES_NOT_CLOSE


def test_a_reversal_without_balances_is_refused() -> None:
    refused = trouble(Camt([entry(500, more=REVERSAL)], balances=""))
    assert refused.trouble is Trouble.REVERSAL_UNPROVED


def test_without_balances_there_are_lines_and_no_proof() -> None:
    statement = one(Camt([entry(500)], balances="").raw())
    assert (statement.opening, statement.closing) == (None, None)
    assert len(statement.lines) == 1


@pytest.mark.parametrize(
    "codes",
    [("OPBD", "CLBD"), ("PRCD", "CLBD"), ("OPBD", "ITBD"), ("ITBD", "CLBD"), ("ITBD", "ITBD")],
)
def test_balances_are_found_by_every_pair_of_their_names(codes: tuple[str, str]) -> None:
    told = balance(codes[0], 10000) + balance("CLAV", 99999) + balance(codes[1], 13500)
    statement = one(Camt([entry(3500)], balances=told).raw())
    assert statement.opening is not None
    assert statement.closing is not None
    assert (statement.opening.amount.cents, statement.closing.amount.cents) == (10000, 13500)
    assert statement.closing.kind == ("interim" if codes[1] == "ITBD" else "closing")
    bad = Camt([entry(3400)], balances=told)
    assert trouble(bad).trouble is Trouble.DOES_NOT_CLOSE


def test_one_interim_balance_alone_proves_nothing() -> None:
    statement = one(Camt([entry(3500)], balances=balance("ITBD", 13500)).raw())
    assert statement.opening is None
    assert statement.closing is not None


def test_a_report_over_several_days_is_proved_from_its_first_balance_to_its_last() -> None:
    told = (
        balance("OPBD", 10000, "2026-03-01")
        + balance("CLBD", 10500, "2026-03-01")
        + balance("OPBD", 10500)
        + balance("CLBD", 13500)
    )
    first = "<BookgDt><Dt>2026-03-01</Dt></BookgDt>"
    statement = one(Camt([entry(500, dates=first), entry(3000)], balances=told).raw())
    assert (statement.first_day, statement.last_day) == (date(2026, 3, 1), date(2026, 3, 2))


def test_pages_of_one_statement_become_one() -> None:
    first = Camt([entry(3500)], balances=balance("OPBD", 10000) + balance("ITBD", 13500))
    middle = Camt([entry(100)], balances=balance("ITBD", 13500) + balance("ITBD", 13600))
    last = Camt([entry(-600)], balances=balance("ITBD", 13600) + balance("CLBD", 13000))
    statement = one(first.raw(middle, last))
    assert [found.amount.cents for found in statement.lines] == [3500, 100, -600]
    assert [found.place for found in statement.lines] == [0, 1, 2]
    assert statement.closing is not None
    assert statement.closing.kind == "closing"


def test_an_account_overdrawn_closes_below_zero() -> None:
    assert len(one(Camt([entry(-3500)], -3500, opening=1000).raw()).lines) == 1


def test_balances_without_days_prove_as_well() -> None:
    told = balance("OPBD", 10000, None) + balance("CLBD", 13500, None)
    statement = one(Camt([entry(3500)], balances=told).raw())
    assert statement.closing is not None
    assert statement.closing.day is None
    assert statement.last_day == date(2026, 3, 2)


@pytest.mark.parametrize(
    "account", ["<Id><IBAN>{}</IBAN></Id>", "<Id><Othr><Id>{}</Id></Othr></Id>"]
)
def test_a_missing_currency_is_that_of_the_amounts(account: str) -> None:
    statement = one(Camt([entry(3500)], 3500, account=account.format(IBAN)).raw())
    assert (statement.currency, statement.iban) == ("EUR", IBAN)


def test_another_currency_is_refused() -> None:
    other = f"<Id><IBAN>{IBAN}</IBAN></Id><Ccy>USD</Ccy>"
    assert trouble(Camt([entry(1)], 1, account=other)).trouble is Trouble.OTHER_CURRENCY
    assert trouble(Camt([entry(1, currency="CHF")], 1)).trouble is Trouble.OTHER_CURRENCY


def test_a_statement_without_an_account_is_refused() -> None:
    assert trouble(Camt([entry(1)], 1, account="<Ccy>EUR</Ccy>")).trouble is Trouble.NO_ACCOUNT


@pytest.mark.parametrize(
    ("dates", "day"),
    [
        ("<BookgDt><DtTm>2026-03-01T23:30:00Z</DtTm></BookgDt>", "2026-03-02"),
        ("<BookgDt><DtTm>2026-03-01T23:30:00+01:00</DtTm></BookgDt>", "2026-03-01"),
        ("<BookgDt><DtTm>2026-03-01T23:30:00</DtTm></BookgDt>", "2026-03-01"),
        ("<BookgDt><Dt>2026-03-01+01:00</Dt></BookgDt>", "2026-03-01"),
        ("<ValDt><Dt>2026-03-01</Dt></ValDt>", "2026-03-01"),
        ("<ValDt><Dt>2026-03-09</Dt></ValDt>", DAY),
        ("", DAY),
    ],
)
def test_the_day_of_booking_is_found_in_every_form(dates: str, day: str) -> None:
    assert line(Camt([entry(1, dates=dates)], 1)).day.isoformat() == day


def test_a_line_without_any_day_is_refused() -> None:
    assert trouble(Camt([entry(1, dates="")], balances="")) == Unreadable(
        Trouble.NO_DATE, "Ntry 1", 1
    )


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "0001-01-01", "gestern", "9999-12-31"])
def test_an_impossible_day_is_refused(day: str) -> None:
    refused = trouble(Camt([entry(1, dates=f"<BookgDt><Dt>{day}</Dt></BookgDt>")], 1))
    assert refused.trouble is Trouble.IMPOSSIBLE_DATE


@pytest.mark.parametrize("text", ["", "x", "1.005", "-1.00", "1,00", "1e3", ".", "NaN", "1.00 EUR"])
def test_what_is_no_amount_in_cents_is_refused(text: str) -> None:
    told = entry(100).replace(">1.00<", f">{text}<")
    assert trouble(Camt([told], 100)).trouble is Trouble.NO_AMOUNT


@pytest.mark.parametrize(
    ("text", "cents"), [("1", 100), ("1.5", 150), ("1.50000", 150), (".5", 50), ("+2.00", 200)]
)
def test_amounts_are_read_in_every_form_of_a_decimal(text: str, cents: int) -> None:
    told = entry(777).replace(">7.77<", f">{text}<")
    assert line(Camt([told], cents)).amount == Money(cents)


def test_a_line_without_a_direction_is_refused() -> None:
    told = entry(100).replace("<CdtDbtInd>CRDT</CdtDbtInd>", "")
    assert trouble(Camt([told], 100)).trouble is Trouble.NO_DIRECTION


@pytest.mark.parametrize("status", ["PDNG", "INFO", "FUTR"])
@pytest.mark.parametrize("form", ["<Sts>{}</Sts>", "<Sts><Cd>{}</Cd></Sts>"])
def test_what_is_only_announced_is_apart(status: str, form: str) -> None:
    told = entry(9900, status=form.format(status), dates="<ValDt><Dt>2026-03-05</Dt></ValDt>")
    statement = one(Camt([entry(3500), told], 3500).raw())
    assert [found.amount.cents for found in statement.lines] == [3500]
    assert [(found.amount.cents, found.pending) for found in statement.pending] == [(9900, True)]


def test_an_announced_line_that_lacks_everything_harms_nothing() -> None:
    told = entry(9900, [detail(), detail()], status="<Sts>PDNG</Sts>", dates="")
    bare = told.replace("<CdtDbtInd>CRDT</CdtDbtInd>", "")
    assert len(one(Camt([entry(3500), told, bare], 3500).raw()).lines) == 1


def test_lines_dated_ahead_that_no_balance_counts_are_announced_only() -> None:
    ahead = entry(9900, dates="<BookgDt><Dt>2026-03-04</Dt></BookgDt>")
    statement = one(Camt([entry(3500), ahead], 3500).raw())
    assert [found.amount.cents for found in statement.lines] == [3500]
    assert [(found.amount.cents, found.pending) for found in statement.pending] == [(9900, True)]
    assert statement.last_day == date(2026, 3, 2)
    counted = one(Camt([entry(3500), ahead], 13400).raw())
    assert [found.amount.cents for found in counted.lines] == [3500, 9900]


def test_an_unknown_status_is_refused() -> None:
    told = entry(1, status="<Sts><Cd>MAYBE</Cd></Sts>")
    assert trouble(Camt([told], 1)) == Unreadable(Trouble.UNKNOWN_STATUS, "Ntry 1", 1)


def test_comments_and_processing_instructions_are_nothing() -> None:
    told = entry(3500, [detail(["Le<!-- x -->na"])]).replace("<Sts>", "<!-- a --><?b c?><Sts>")
    assert line(Camt([told], 3500)).text.purpose == "Lena"


def test_the_banks_own_numbers_come_best_first_and_words_for_none_are_dropped() -> None:
    fi = "<Prtry><Tp>FI-UMSATZ-ID</Tp><Ref>2026-03-02-07.51.25.370057</Ref></Prtry>"
    refs = f"<EndToEndId>abc</EndToEndId><MndtId>M1</MndtId><AcctSvcrRef>NONREF</AcctSvcrRef>{fi}"
    told = entry(1, [detail(refs=refs)]).replace(
        "<BkTxCd>", "<AcctSvcrRef>77</AcctSvcrRef><BkTxCd>"
    )
    found = line(Camt([told], 1))
    assert found.bank_ids == ("2026-03-02-07.51.25.370057", "77")
    assert (found.text.end_to_end, found.text.mandate) == ("abc", "M1")
    assert line(Camt([entry(1)], 1)).text.end_to_end == ""


@pytest.mark.parametrize(
    ("code", "gvc"),
    [("NTRF+166+9201+000", "166"), ("166", "166"), ("NTRF+166", "166"), ("XTRF", ""), ("", "")],
)
def test_the_code_of_business_is_found_in_the_banks_code(code: str, gvc: str) -> None:
    assert line(Camt([entry(1, code=code)], 1)).gvc == gvc


def test_a_line_of_nothing_moves_nothing_and_carries_a_long_purpose_on() -> None:
    told = [
        entry(3500),
        entry(0, [detail(["noch mehr Text"])]),
        entry(100),
        entry(0, code="NMSC+805"),
    ]
    statement = one(Camt(told, 3600).raw())
    assert [found.amount.cents for found in statement.lines] == [3500, 100]
    assert statement.lines[0].text.purpose == "K7M-4XP Lena\nnoch mehr Text"
    assert statement.lines[1].text.purpose == "K7M-4XP Lena"
    assert len(statement.notes) == 2


def test_an_empty_day_is_a_statement_without_lines() -> None:
    statement = one(Camt().raw())
    assert statement.lines == ()
    assert (statement.first_day, statement.last_day) == (date(2026, 3, 2), date(2026, 3, 2))


def test_a_document_without_statements_says_so() -> None:
    raw = Camt().raw().replace(Camt().statement().encode(), b"")
    assert read_camt(raw) == (Unreadable(Trouble.NOTHING_IN_IT, "camt.052.001.08"),)


@pytest.mark.parametrize("kind", ["camt.054.001.08", "pain.002.001.10"])
def test_another_message_of_the_bank_is_named(kind: str) -> None:
    raw = f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{kind}"><X/></Document>'.encode()
    assert read_camt(raw) == (Unreadable(Trouble.NOT_A_STATEMENT, kind[:8]),)


def test_a_torn_document_falls_whole_and_names_the_line() -> None:
    raw = Camt([entry(1)], 1, head='<?xml version="1.0"?>\n\n').raw(Camt())
    assert read_camt(raw[:-30]) == (Unreadable(Trouble.BROKEN_XML, "3"),)


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16", "windows-1252"])
def test_every_encoding_a_document_declares_is_read(encoding: str) -> None:
    camt = Camt([entry(1)], 1, head=f'<?xml version="1.0" encoding="{encoding}"?>')
    assert one(camt.text().encode(encoding)).lines[0].text.name == "Sabine Müller"


def test_names_without_a_namespace_and_with_a_prefix_are_read() -> None:
    text = Camt([entry(3500)], 3500).text()
    bare = text.replace(' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.052.001.08"', "")
    assert one(bare.encode()).version == "camt.052"
    wrapped = f"<Envelope>{bare.partition('?>')[2]}</Envelope>"
    assert len(one(wrapped.encode()).lines) == 1
    prefixed = text.replace("<", "<c:").replace("<c:/", "</c:").replace("<c:?", "<?")
    prefixed = prefixed.replace(" xmlns=", " xmlns:c=")
    assert len(one(prefixed.encode()).lines) == 1


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE d [<!ENTITY a "x">]>',
        '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE d [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
@pytest.mark.parametrize("pad", ["", "<!--" + "x" * 5000 + "-->"])
def test_a_document_with_a_dtd_is_not_opened(dtd: str, pad: str) -> None:
    told = entry(1, [detail(["&a;"])])
    camt = Camt([told], 1, head=f'<?xml version="1.0"?>{pad}{dtd}')
    assert trouble(camt).trouble is Trouble.FORBIDDEN_XML
    utf16 = camt.text().encode("utf-16")
    assert [found.trouble for found in read_camt(utf16) if isinstance(found, Unreadable)] == [
        Trouble.FORBIDDEN_XML
    ]


@pytest.mark.parametrize("depth", [60, 5000])
def test_a_document_without_a_bottom_is_not_opened(depth: int) -> None:
    told = entry(1, [detail(more="<a>" * depth + "</a>" * depth)])
    assert trouble(Camt([told], 1)).trouble in {Trouble.FORBIDDEN_XML, Trouble.BROKEN_XML}


def test_entries_outside_a_statement_are_none() -> None:
    nested = entry(3500).replace("</Ntry>", entry(9900) + "</Ntry>")
    assert len(one(Camt([nested], 3500).raw()).lines) == 1


def group(count: int, *details: str) -> str:
    """An ``NtryDtls``' content that says how many payments it holds."""
    return f"<Btch><NbOfTxs>{count}</NbOfTxs></Btch>" + "".join(details)


@pytest.mark.parametrize("own", ["", amount(1000, "Amt"), amount(3500, "Amt")])
def test_a_batch_of_which_one_payment_is_told_is_nobodys_line(own: str) -> None:
    assert trouble(Camt([entry(3500, [group(3, detail(amount=own))])], 3500)) == Unreadable(
        Trouble.BATCH_DOES_NOT_ADD_UP, "Ntry 1: 1 TxDtls", 1
    )


def test_a_batch_of_which_not_all_payments_are_told_is_refused() -> None:
    parts = [detail(amount=amount(cents, "Amt")) for cents in (1000, 2500)]
    assert one(Camt([entry(3500, [group(2, *parts)])], 3500).raw()).lines
    refused = trouble(Camt([entry(3500, [group(3, *parts)])], 3500))
    assert refused.trouble is Trouble.BATCH_DOES_NOT_ADD_UP


def test_a_batch_of_which_no_payment_is_told_is_a_line_of_nobody() -> None:
    found = line(Camt([entry(-3500, [group(3)])], -3500))
    assert (found.amount, found.text.name, found.text.iban) == (Money(-3500), "", "")


CHARGED = "<Chrgs><TtlChrgsAndTaxAmt Ccy='EUR'>5.00</TtlChrgsAndTaxAmt></Chrgs>"
GIVEN_BACK = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"


@pytest.mark.parametrize("where", ["Amt", "TxAmt"])
def test_a_single_detail_of_another_amount_does_not_stand_for_its_entry(where: str) -> None:
    told = detail(amount=amount(3000, where))
    assert trouble(Camt([entry(3500, [told])], 3500)).trouble is Trouble.BATCH_DOES_NOT_ADD_UP
    for more in (CHARGED, GIVEN_BACK):
        told = detail(amount=amount(3000, where), more=more)
        assert line(Camt([entry(3500, [told])], 3500)).amount == Money(3500)


def test_a_single_detail_that_goes_the_other_way_does_not_stand_for_its_entry() -> None:
    told = detail(amount=amount(3500, "Amt") + "<CdtDbtInd>DBIT</CdtDbtInd>")
    assert trouble(Camt([entry(3500, [told])], 3500)).trouble is Trouble.BATCH_DOES_NOT_ADD_UP


def test_details_in_another_currency_than_their_entry_are_refused() -> None:
    dollars = [amount(cents, "Amt").replace("EUR", "USD") for cents in (1000, 2500)]
    for parts in (dollars, dollars[:1]):
        told = entry(3500, [detail(amount=part) for part in parts])
        assert trouble(Camt([told], 3500)).trouble is Trouble.OTHER_CURRENCY


def test_a_payment_that_the_bank_exchanged_is_in_its_entrys_currency() -> None:
    exchanged = (
        '<AmtDtls><TxAmt><Amt Ccy="USD">40.00</Amt><CcyXchg><SrcCcy>USD</SrcCcy>'
        "<XchgRate>1.14</XchgRate></CcyXchg></TxAmt></AmtDtls>"
    )
    assert line(Camt([entry(3500, [detail(amount=exchanged)])], 3500)).amount == Money(3500)


def test_a_purpose_of_a_million_pieces_is_joined() -> None:
    assert joined(["a "] * 1_000_000) == "a " * 999_999 + "a"
    assert joined(["ab"] * 1_000_000) == "ab\n" * 999_999 + "ab"
