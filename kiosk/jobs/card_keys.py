"""Jobs about the cards' master keys, at the issuing station."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiosk.jobs.words import EVERY, Job, add_school_word, descriptor, job_of, spoken


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words below ``mensa card``."""
    words = parsers.add_parser("keys", help="the master keys, and the schools' keys made of them")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = _job(jobs, "init", "make master keys that any two of their holders open together")
    new.add_argument("file", type=Path, metavar="FILE")
    new.add_argument(
        "--holder", action="append", required=True, metavar="NAME", help="two to five of them"
    )
    _add_passphrases(new, "of each holder, in their order")

    add_opening_words(_job(jobs, "rotate", "a new generation of keys for cards from now on"))
    add_keys_word(_job(jobs, "show", "holders and generation; nothing secret"))

    holders = jobs.add_parser("holders", help="who opens the master keys")
    changes = holders.add_subparsers(required=True, metavar="JOB")
    for name, deed, summary in (
        ("add", "add_holder", "one holder more"),
        ("change", "change_holder", "another passphrase for a holder"),
        ("remove", "remove_holder", "one holder less"),
    ):
        one = _job(changes, name, summary, deed=deed)
        one.add_argument("name", metavar="NAME")
        add_opening_words(one)
        if name != "remove":
            how = one.add_mutually_exclusive_group()
            how.add_argument("--new-passphrase-file", type=Path, metavar="FILE")
            how.add_argument("--new-passphrase-fd", type=descriptor, metavar="N")

    export = job_of(
        jobs,
        "export-school",
        "write a school's card key for its kiosks, and seal its cards' secrets under it",
        "card_sealing:export_school",
        act="card.keys",
        first="card_sealing:ask",
    )
    export.add_argument("out", type=Path, metavar="OUT")
    add_school_word(export)
    export.add_argument(
        "--renew", action="store_true", help="a new key: one of its kiosks was stolen"
    )
    add_opening_words(export)
    sealing = job_of(
        jobs,
        "seal",
        "seal for every school what its kiosks cannot open yet: children have changed schools",
        "card_sealing:seal_all",
        act="card.keys",
        about=EVERY,
        first="card_sealing:ask",
    )
    add_opening_words(sealing)


def add_opening_words(parser: argparse.ArgumentParser) -> None:
    """Which file of master keys, who opens it, and where their passphrases come from."""
    add_keys_word(parser)
    parser.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="NAME",
        help="twice: who opens the master keys; not needed where they have just two holders",
    )
    _add_passphrases(parser, "of each who opens, in their order")


def add_keys_word(parser: argparse.ArgumentParser) -> None:
    """Which file of master keys."""
    parser.add_argument(
        "--keys", type=Path, metavar="FILE", help="the master keys; else [station] keys"
    )


def _add_passphrases(parser: argparse.ArgumentParser, whose: str) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--passphrase-file", action="append", type=Path, default=[], metavar="FILE",
        help=f"the passphrase {whose}; readable by its owner alone",
    )  # fmt: skip
    how.add_argument(
        "--passphrase-fd", action="append", type=descriptor, default=[], metavar="N",
        help="the same by open files' numbers",
    )  # fmt: skip


def _job(
    jobs: "argparse._SubParsersAction[Any]", name: str, summary: str, *, deed: str | None = None
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = jobs.add_parser(name, help=summary, description=summary)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    parser.set_defaults(job=_at_the_station(deed or name))
    return parser


def _at_the_station(deed: str) -> Job:
    """A job on the file of master keys: it opens no ledger, and two passphrases are the right."""

    def job(asked: argparse.Namespace) -> int:
        from kiosk.office import card_keys  # noqa: PLC0415  # it loads the ledger's modules
        from kiosk.office.desk import tell  # noqa: PLC0415  # as above

        act: Callable[..., Any] = getattr(card_keys, deed)
        return tell(act(asked, spoken()), as_json=asked.json)

    return job
