"""Master data (Stammdaten) may change, and every change leaves an image of the row.

Triggers write it: the row's form (``accounts.rows``) after the change or nothing where it was
deleted, who did it (``accounts.acting``) and the database's clock. Images are sealed like the
journal, so a price, a tariff or a right cannot have been another yesterday without it being seen.

Nine tables have neither image nor seal. ``identity`` and ``school_number`` are personal data that
must be erasable without a trace (Art. 17 DSGVO); no figure depends on them. So are what came from
the bank and what goes to payees, sealed (``bank_raw``, ``bank_line_text``, ``refund_payee``,
``payment_run_raw``). ``kiosk_seen`` is what a kiosk last said of itself, ``office_session`` who sits
at a desk now and ``tan_question`` what the bank asks now: no part of the books.
"""

from sqlalchemy import Table

from accounts.tables import metadata

IMAGED: tuple[Table, ...] = tuple(
    metadata.tables[name]
    for name in (
        "bank_account",
        "card",
        "card_key",
        "closed_day",
        "entitlement",
        "funding_body",
        "household",
        "household_member",
        "membership",
        "offer",
        "office_role",
        "office_user",
        "operator",
        "origin",
        "permission",
        "price",
        "pupil",
        "school",
        "staff",
        "tariff",
        "tax_rule",
    )
)
"""Every table whose rows may change and carry meaning for the books."""
