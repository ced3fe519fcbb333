"""That every card with a secret came out of an issue that was done, and out of no other."""

from accounts.database import Session
from accounts.proof import Check, CheckName, count, found

_ENDS = "('done', 'lost', 'abandoned')"
_CARDS = f"""
    SELECT 'secret_differs' AS what, 'card ' || n.card_id AS place
    FROM card_secret n LEFT JOIN card_issue i ON i.id = n.issue_id
    LEFT JOIN card c ON c.id = n.card_id
    WHERE i.id IS NULL OR c.id IS NULL OR c.uid_hmac <> i.uid_hmac OR c.issue_no <> i.issue_no
       OR coalesce(c.pupil_id, 0) <> coalesce(i.pupil_id, 0)
       OR coalesce(c.staff_id, 0) <> coalesce(i.staff_id, 0)
       OR n.medium <> i.medium OR n.generation <> i.generation OR n.escrow <> i.escrow
    UNION ALL
    SELECT 'issue_not_done', 'card ' || n.card_id
    FROM card_secret n WHERE NOT EXISTS (
      SELECT 1 FROM card_step s WHERE s.issue_id = n.issue_id AND s.step = 'done')
    UNION ALL
    SELECT 'no_secret', 'issue ' || s.issue_id
    FROM card_step s WHERE s.step = 'done' AND NOT EXISTS (
      SELECT 1 FROM card_secret n WHERE n.issue_id = s.issue_id)
    UNION ALL
    SELECT 'step_after_end', 'issue ' || s.issue_id
    FROM card_step s JOIN card_step e ON e.issue_id = s.issue_id AND e.step IN {_ENDS}
    WHERE s.id > e.id
    UNION ALL
    SELECT 'old_card_not_replaced', 'issue ' || i.id
    FROM card_issue i JOIN card_step s ON s.issue_id = i.id AND s.step = 'done'
    JOIN card c ON c.id = i.replaces WHERE c.state <> 'replaced'
    UNION ALL
    SELECT 'two_open', 'issue ' || j.id
    FROM card_issue i JOIN card_issue j ON j.id > i.id AND (
      j.uid_hmac = i.uid_hmac OR j.pupil_id = i.pupil_id OR j.staff_id = i.staff_id)
    WHERE NOT EXISTS (SELECT 1 FROM card_step s WHERE s.issue_id = i.id AND s.step IN {_ENDS})
      AND NOT EXISTS (SELECT 1 FROM card_step s WHERE s.issue_id = j.id AND s.step IN {_ENDS})"""  # noqa: S608  # our own words


def cards(db: Session) -> Check:
    """Card, secret and the issue they came from say the same; counted are the secrets."""
    return Check(CheckName.CARDS, count(db, "card_secret"), found(db, _CARDS))
