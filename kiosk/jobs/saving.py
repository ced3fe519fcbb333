"""Jobs that keep the ledger and carry it: db key, db backup, db restore, db move.

A backup is made by a timer and a restore where no ledger is that could be asked for a right:
whoever may open the database and has the key file may run them.
"""

import argparse
from pathlib import Path
from typing import Any

from kiosk.jobs.words import add_user_words, by_right


def add(db: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words behind ``mensa db``."""
    key = _job(db, "key", "make the key backups are sealed with", _key)
    key.add_argument("file", type=Path, metavar="FILE")

    backup = _job(
        db,
        "backup",
        "a sealed copy of the ledger, while tills serve",
        by_right(_backup, act="db.backup", unattended=True),
    )
    backup.add_argument("file", type=Path, metavar="FILE")
    _add_key(backup)
    backup.add_argument("--check", action="store_true", help="only read FILE through to its end")

    restore = _job(
        db,
        "restore",
        "a ledger out of a backup, verified before it serves",
        by_right(_restore, act="db.restore", unattended=True),
    )
    restore.add_argument("file", type=Path, metavar="FILE")
    _add_key(restore)
    restore.add_argument(
        "--into", metavar="URL", help="an empty place; else the settings' database"
    )
    restore.add_argument(
        "--seal", metavar="HEX", help="a seal noted elsewhere that has to be in it"
    )

    move = _job(db, "move", "carry the ledger to an empty database, proved equal", _move_job())
    move.add_argument("url", metavar="URL", help="postgresql://USER@HOST/NAME, without a password")
    add_user_words(move)


def _job(
    db: "argparse._SubParsersAction[Any]", name: str, summary: str, job: object
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = db.add_parser(name, help=summary, description=summary)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    parser.set_defaults(job=job)
    return parser


def _add_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key-file", type=Path, required=True, metavar="KEY", help="made by mensa db key"
    )


def _key(asked: argparse.Namespace) -> int:
    from kiosk.saving import make_key  # noqa: PLC0415

    return make_key(asked)


def _backup(asked: argparse.Namespace) -> int:
    from kiosk.saving import back_up, check  # noqa: PLC0415

    return check(asked) if asked.check else back_up(asked)


def _restore(asked: argparse.Namespace) -> int:
    from kiosk.saving import restore  # noqa: PLC0415

    return restore(asked)


def _move(asked: argparse.Namespace) -> int:
    from kiosk.moving_job import move  # noqa: PLC0415

    return move(asked)


def _move_job() -> Any:
    """The job; the right was asked for already where a torn move is only ended."""
    attended = by_right(_move, act="db.move")

    def job(asked: argparse.Namespace) -> int:
        from kiosk.moving_job import is_begun  # noqa: PLC0415

        return _move(asked) if is_begun(asked) else attended(asked)

    job.need = attended.need  # type: ignore[attr-defined]  # for the test that finds them all
    return job
