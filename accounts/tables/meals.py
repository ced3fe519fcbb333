"""What is offered, to whom at which price, who cooks it, who pays the rest, and its tax.

A price stands per offer and tariff: ``price_cents`` is what the caterer gets, ``share_cents``
what the pupil pays. The difference is owed by the tariff's funding body (Kostenträger). A
tariff with a funding body covers one lunch a day; everything else the same child buys is
priced by the base tariff of its kind.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, UniqueConstraint, text

from accounts.tables.people import PERSON_KINDS
from accounts.tables.types import Day, Number, table

ITEM_CLASSES = "'lunch', 'snack', 'drink'"

operator = table(
    "operator",
    Column("id", Number, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    # 'revenue': the city sells its own meals. 'payable': it holds the money for the caterer.
    Column("settled_as", Text, nullable=False),
    CheckConstraint("kind IN ('public', 'nonprofit', 'commercial')", name="kind"),
    CheckConstraint("settled_as IN ('revenue', 'payable')", name="settled_as"),
)

funding_body = table(
    "funding_body",
    Column("id", Number, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

tariff = table(
    "tariff",
    Column("id", Number, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("person_kind", Text, nullable=False),
    Column("base", Number, nullable=False),
    Column("funding_body_id", ForeignKey("funding_body.id")),
    CheckConstraint(f"person_kind IN ({PERSON_KINDS})", name="person_kind"),
    CheckConstraint("base IN (0, 1)", name="flag"),
    CheckConstraint("base = 0 OR funding_body_id IS NULL", name="base_pays_itself"),
    Index(
        "uq_tariff_base",
        "person_kind",
        unique=True,
        sqlite_where=text("base = 1"),
        postgresql_where=text("base = 1"),
    ),
)

entitlement = table(
    "entitlement",
    Column("id", Number, primary_key=True),
    Column("pupil_id", ForeignKey("pupil.id"), nullable=False),
    Column("tariff_id", ForeignKey("tariff.id"), nullable=False),
    Column("valid_from", Day, nullable=False),
    Column("valid_to", Day),
    CheckConstraint("valid_to >= valid_from", name="span"),
    Index("ix_entitlement_pupil_id_valid_from", "pupil_id", "valid_from"),
)

offer = table(
    "offer",
    Column("id", Number, primary_key=True),
    Column("school_id", ForeignKey("school.id"), nullable=False),
    Column("day", Day, nullable=False),
    # What staff press and the kitchen says: "1", "2", "V".
    Column("code", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("item_class", Text, nullable=False),
    Column("operator_id", ForeignKey("operator.id"), nullable=False),
    Column("service", Text, nullable=False, server_default=text("'dine_in'")),
    CheckConstraint(f"item_class IN ({ITEM_CLASSES})", name="item_class"),
    CheckConstraint("service IN ('dine_in', 'delivery')", name="service"),
    UniqueConstraint("school_id", "day", "code"),
)

price = table(
    "price",
    Column("offer_id", ForeignKey("offer.id"), primary_key=True),
    Column("tariff_id", ForeignKey("tariff.id"), primary_key=True),
    Column("price_cents", Number, nullable=False),
    Column("share_cents", Number, nullable=False),
    CheckConstraint("price_cents > 0", name="price"),
    CheckConstraint("share_cents >= 0 AND share_cents <= price_cents", name="share"),
)

# The tax of a meal depends on who sells it, to whom, what, how and when (UStG § 4 Nr. 23 c,
# § 12 Abs. 2 Nr. 15). A table with dates, because the law changes with a date.
tax_rule = table(
    "tax_rule",
    Column("operator_kind", Text, primary_key=True),
    Column("person_kind", Text, primary_key=True),
    Column("item_class", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("valid_from", Day, primary_key=True),
    # DSFinV-K's UST_SCHLUESSEL: 1 general, 2 reduced, 5 not taxable, 6 exempt, 7 unknown.
    Column("tax_key", Number, nullable=False),
    Column("rate_permille", Number, nullable=False),
    Column("exemption", Text),
    CheckConstraint("tax_key IN (1, 2, 5, 6, 7)", name="tax_key"),
    CheckConstraint("rate_permille BETWEEN 0 AND 1000", name="rate"),
)
