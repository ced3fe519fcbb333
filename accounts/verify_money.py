"""That no cent was lost or made: balances, the sum of all, and what each meal moved."""

from sqlalchemy import text

from accounts.database import Session
from accounts.proof import Check, CheckName, Failure, count, found

_BALANCES = """
    SELECT 'balance_differs' AS what, 'account ' || a.name AS place
    FROM balance b JOIN account a ON a.id = b.account_id
    LEFT JOIN (SELECT account_id, sum(cents) AS cents, max(id) AS last
               FROM (SELECT debit_id AS account_id, -cents AS cents, id FROM transfer
                     UNION ALL SELECT credit_id, cents, id FROM transfer) moved
               WHERE account_id IN (SELECT account_id FROM balance)
               GROUP BY account_id) k ON k.account_id = b.account_id
    WHERE b.cents <> coalesce(k.cents, 0) OR b.transfer_id <> coalesce(k.last, 0)
    UNION ALL
    SELECT 'balance_missing', 'account ' || a.name FROM account a
    WHERE a.kind = 'pupil' AND NOT EXISTS (SELECT 1 FROM balance b WHERE b.account_id = a.id)
    UNION ALL
    SELECT 'balance_unasked', 'account ' || a.name
    FROM balance b JOIN account a ON a.id = b.account_id WHERE a.kind <> 'pupil'"""

# Over the accounts that are there: a transfer from nowhere makes it differ from zero.
_SUM = text("""
    SELECT coalesce(sum(p.cents), 0)
    FROM (SELECT debit_id AS account_id, -cents AS cents FROM transfer
          UNION ALL SELECT credit_id, cents FROM transfer) p
    JOIN account a ON a.id = p.account_id""")

CHARGES = """
    SELECT CASE WHEN m.strange > 0 THEN 'charge_accounts'
                WHEN m.share <> w.share THEN 'share_differs'
                WHEN m.rest <> w.price - w.share THEN 'rest_differs'
                ELSE 'price_differs' END AS what,
           'entry ' || e.id AS place
    FROM entry e
    LEFT JOIN (SELECT entry_id, sum(share_cents * quantity) AS share,
                      sum(price_cents * quantity) AS price
               FROM line GROUP BY entry_id) w ON w.entry_id = e.id
    LEFT JOIN (SELECT t.entry_id,
                      sum(CASE WHEN d.kind = 'pupil' THEN t.cents ELSE 0 END) AS share,
                      sum(CASE WHEN d.kind = 'receivable' THEN t.cents ELSE 0 END) AS rest,
                      sum(CASE WHEN d.kind IN ('pupil', 'receivable')
                                AND c.kind IN ('revenue', 'payable') THEN 0 ELSE 1 END) AS strange
               FROM transfer t JOIN account d ON d.id = t.debit_id
               JOIN account c ON c.id = t.credit_id
               GROUP BY t.entry_id) m ON m.entry_id = e.id
    WHERE e.kind = 'charge' AND (w.price IS NULL OR m.rest IS NULL OR m.strange > 0
          OR m.share <> w.share OR m.rest <> w.price - w.share)
    UNION ALL
    SELECT 'body_differs', 'entry ' || entry_id
    FROM (SELECT l.entry_id, f.funding_body_id AS body,
                 (l.price_cents - l.share_cents) * l.quantity AS cents
          FROM line l JOIN tariff f ON f.id = l.tariff_id WHERE l.share_cents < l.price_cents
          UNION ALL
          SELECT t.entry_id, d.funding_body_id, -t.cents
          FROM transfer t JOIN account d ON d.id = t.debit_id AND d.kind = 'receivable'
          JOIN entry e ON e.id = t.entry_id AND e.kind = 'charge') rest
    GROUP BY entry_id, body HAVING sum(cents) <> 0
    UNION ALL
    SELECT 'tax_differs', 'entry ' || entry_id
    FROM (SELECT l.entry_id, l.tax_key, l.price_cents * l.quantity AS cents FROM line l
          UNION ALL
          SELECT t.entry_id, c.tax_key, -t.cents
          FROM transfer t JOIN account c ON c.id = t.credit_id AND c.kind = 'revenue'
          JOIN entry e ON e.id = t.entry_id AND e.kind = 'charge') sold
    GROUP BY entry_id, tax_key HAVING sum(cents) < 0"""


def balances(db: Session) -> Check:
    """Every kept balance is the sum of its transfers, and every pupil has one."""
    return Check(CheckName.BALANCES, count(db, "balance"), found(db, _BALANCES))


def zero_sum(db: Session) -> Check:
    """The sum over all accounts is zero."""
    cents = int(db.execute(_SUM).scalar_one())
    failures = (Failure("sum_not_zero", f"all accounts: {cents} cents"),) if cents else ()
    return Check(CheckName.ZERO_SUM, count(db, "account"), failures)


def charges(db: Session) -> Check:
    """A charge's transfers are its lines.

    The shares come from the pupil, the rest from the funding body of each line's tariff, and no
    tax key's revenue is above what was eaten under it.
    """
    return Check(CheckName.CHARGES, count(db, "entry WHERE kind = 'charge'"), found(db, CHARGES))
