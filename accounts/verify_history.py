"""That master data is as its history says: nobody changed a row past the triggers."""

from accounts import rows
from accounts.database import Session
from accounts.history import IMAGED
from accounts.proof import NAMED, Check, CheckName, Failure, count, found

_COMPARED = """
    SELECT CASE WHEN max(stands) = 0 THEN 'row_gone'
                WHEN max(imaged) = 0 THEN 'no_history'
                WHEN max(image) IS NULL THEN 'row_returned'
                ELSE 'row_differs' END AS what,
           '{table} ' || named AS place
    FROM (SELECT {key} AS named, 1 AS stands, {form} AS form, 0 AS imaged, NULL AS image
          FROM {table} x
          UNION ALL
          SELECT h."key", 0, NULL, 1, h.image FROM history h
          JOIN (SELECT max(id) AS id FROM history WHERE name = '{table}' GROUP BY "key") m
            ON m.id = h.id) r
    GROUP BY named
    HAVING (max(stands) = 1) <> (max(image) IS NOT NULL)
        OR coalesce(max(form), '') <> coalesce(max(image), '')"""


def history(db: Session) -> Check:
    """Every row of master data is its newest image; what has an image stands, or was deleted.

    Counted are the images.
    """
    failures: list[Failure] = []
    for table in IMAGED:
        failures += found(
            db,
            _COMPARED.format(
                table=table.name,
                key=rows.key(table, db.dialect.name, of="x"),
                form=rows.form(table, db.dialect.name, of="x"),
            ),
        )
    return Check(CheckName.HISTORY, count(db, "history"), tuple(failures[:NAMED]))
