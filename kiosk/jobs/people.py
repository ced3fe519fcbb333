"""Jobs about who may what: users, signing in, and what takes two people."""

import argparse
from pathlib import Path
from typing import Any

from kiosk.jobs.words import (
    ANY,
    EVERY,
    OWN,
    add_school_word,
    amount,
    descriptor,
    job_of,
    numbers,
)

ROLES = ("kitchen", "school_office", "treasury", "auditor", "administrator")


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    _add_users(parsers)
    start = job_of(
        parsers, "sign-in", "be known for a while: no password at every command",
        "people:sign_in", act=OWN,
    )  # fmt: skip
    start.set_defaults(fresh=True)
    job_of(parsers, "sign-out", "be known no longer", "people:sign_out", act=OWN)
    _add_requests(parsers)


def _add_users(parsers: "argparse._SubParsersAction[Any]") -> None:
    words = parsers.add_parser("user", help="who works in the office, and what they may")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(
        jobs,
        "add",
        "make somebody a user, with a first password and a role",
        "people:add",
        act="user.add",
        about=EVERY,
        first="people:ask_new_password",
    )
    new.add_argument("name", metavar="NAME", help="to sign in by: small letters and digits")
    _add_role(new, required=True)
    _add_new_password(new)

    given = job_of(
        jobs, "grant", "give a user another role", "people:give", act="user.grant", about=EVERY
    )
    given.add_argument("name", metavar="NAME")
    _add_role(given, required=True)

    ended = job_of(
        jobs,
        "revoke",
        "end a user at once, or one role of theirs",
        "people:revoke",
        act="user.revoke",
        about=EVERY,
    )
    ended.add_argument("name", metavar="NAME")
    _add_role(ended, required=False)

    job_of(
        jobs, "list", "all users and their roles", "people:show", act="user.list", about=EVERY,
        reads=True,
    )  # fmt: skip

    reset = job_of(
        jobs,
        "reset",
        "another first password for a user who forgot theirs",
        "people:reset_password",
        act="user.add",
        about=EVERY,
        first="people:ask_new_password",
    )
    reset.add_argument("name", metavar="NAME")
    _add_new_password(reset)

    own = job_of(
        jobs,
        "password",
        "give yourself another password",
        "people:renew_password",
        act=OWN,
        first="people:ask_new_password",
    )
    own.set_defaults(fresh=True)
    _add_new_password(own)


def _add_requests(parsers: "argparse._SubParsersAction[Any]") -> None:
    credit = job_of(
        parsers,
        "credit",
        "ask for a credit by hand, which another person approves",
        "approvals:ask_credit",
        act="credit.manual",
    )
    credit.add_argument("pupil", metavar="PUPIL", help="number at the school, or @ and the city's")
    credit.add_argument("amount", type=amount, metavar="AMOUNT", help="such as 3,90")
    add_school_word(credit)
    credit.add_argument("--reason", required=True, metavar="TEXT")

    other = job_of(
        parsers,
        "approve",
        "what waits for you; with numbers, approve those requests and book them",
        "approvals:answer",
        act="request.list",
        about=ANY,
    )
    other.add_argument("requests", nargs="*", type=numbers, metavar="NUMBER", help="7, or 7-30")
    other.add_argument("--list", metavar="NAME", help="what waits of that list")
    other.add_argument("--total", type=amount, metavar="EURO", help="the sum, where it is several")
    other.add_argument("--reject", metavar="REASON", help="do not approve it")


def _add_role(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument("--role", required=required, choices=ROLES)
    parser.add_argument("--school", metavar="NNNNNN", help="for one school; left out: for all")


def _add_new_password(parser: argparse.ArgumentParser) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--new-password-file", type=Path, metavar="FILE", help="readable by its owner alone"
    )
    how.add_argument(
        "--new-password-fd", type=descriptor, metavar="N", help="an open file's number"
    )
