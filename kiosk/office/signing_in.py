"""Who acts: the system's user while a ledger has no users, from then on whoever signed in.

- A password is typed unseen, or comes from a file that only its owner can read, or from an open
  file; never from the command line or the environment.
- ``mensa sign-in`` leaves a token in a file of the user's own, so that nobody types forty times a
  day. Its name tells which ledger it is for.
"""

import argparse
import hashlib
import os
import pwd
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from accounts.database import Database
from accounts.sessions import user_of
from accounts.sign_ins import NotSignedIn, SignInRefusal, sign_in_by_password
from accounts.texts import Texts
from accounts.users import actor_of, has_users
from kiosk.office.answers import Refused, ask_hidden, refused, unreadable

_LONGEST_SECRET = 4096


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts; ``user_id`` is None while a ledger has no users."""

    name: str
    user_id: int | None = None
    database_url: str = ""

    @property
    def actor(self) -> str:
        """How the ledger names them."""
        return f"office:{self.name}" if self.user_id is None else actor_of(self.user_id)

    @property
    def origin(self) -> str:
        """The name of the origin under which their own rows are numbered."""
        return f"office {self.name}" if self.user_id is None else f"user {self.name}"


def who_acts(
    asked: argparse.Namespace, database: Database, *, at: datetime, speech: Texts
) -> Acting | Refused:
    """Who acts on this ledger, or why nobody does.

    ``asked.fresh`` asks for the password again although somebody is signed in.
    """
    with database.read() as db:
        nobody_yet = not has_users(db)
    if nobody_yet:
        return Acting(system_user())
    url = _url(database)
    named: str | None = getattr(asked, "user", None) or os.environ.get("MENSA_USER")
    if not getattr(asked, "fresh", False):
        token = kept_token(url)
        signed_in = None if token is None else user_of(database, token=token, at=at)
        if signed_in is not None and named in (None, signed_in.name):
            return Acting(signed_in.name, signed_in.user_id, url)
    name = named or system_user()
    password = _password(asked, speech, name)
    if isinstance(password, Refused):
        return password
    found = sign_in_by_password(database, name=name, password=password, at=at)
    if isinstance(found, NotSignedIn):
        until = "" if found.until is None else speech.moment(found.until)
        sentence = refused(speech, found.reason, user=name, until=until)
        if found.reason is SignInRefusal.LOCKED and found.until is not None:
            return Refused(sentence.reason, sentence.lines, {"until": found.until.isoformat()})
        return sentence
    return Acting(found.name, found.user_id, url)


def system_user() -> str:
    """Who sits at this machine; behind sudo the person, not root."""
    behind = os.environ.get("SUDO_USER")
    if os.getuid() == 0 and behind:
        return behind
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def secret_from(file: Path | None, descriptor: int | None, speech: Texts) -> str | Refused | None:
    """The first line of a file or an open file; None where neither is named."""
    if file is not None:
        try:
            with file.open("rb") as source:
                if stat.S_IMODE(os.fstat(source.fileno()).st_mode) & 0o077:
                    sentence = speech.say(
                        "{path} can be read by others. Mend it: chmod 600 {path}", path=file
                    )
                    return Refused("unsafe_file", (sentence,))
                return _line(source.read(_LONGEST_SECRET))
        except OSError as error:
            return unreadable(file, error, speech)
    if descriptor is None:
        return None
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as source:
            return _line(source.read(_LONGEST_SECRET))
    except (OSError, OverflowError, ValueError):  # closed, beyond any descriptor, below zero
        sentence = speech.say("There is no open file with the number {fd}.", fd=descriptor)
        return Refused("unreadable", (sentence,))


def keep_token(url: str, token: str) -> Path:
    """Leave a session's token where only this user finds it; returns the file."""
    path = _token_file(url)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(token)
    beside.replace(path)
    return path


def kept_token(url: str) -> str | None:
    """The token that was left for this ledger; None where there is none to trust."""
    path = _token_file(url)
    with suppress(OSError, UnicodeDecodeError), path.open("rb") as file:
        told = os.fstat(file.fileno())
        if told.st_uid == os.getuid() and not stat.S_IMODE(told.st_mode) & 0o077:
            return file.read(_LONGEST_SECRET).decode("ascii").strip() or None
    return None


def drop_token(url: str) -> None:
    """Take the token away."""
    _token_file(url).unlink(missing_ok=True)


def _password(asked: argparse.Namespace, speech: Texts, name: str) -> str | Refused:
    given = secret_from(
        getattr(asked, "password_file", None), getattr(asked, "password_fd", None), speech
    )
    if given is not None:
        return given
    if not sys.stdin.isatty():
        sentence = speech.say(
            "Nobody is signed in. Sign in first: mensa sign-in --user NAME; "
            "or name the password's file: --password-file FILE"
        )
        return Refused("not_signed_in", (sentence,))
    return ask_hidden(speech.say("Password of {user}: ", user=name))


def _line(raw: bytes) -> str:
    return raw.decode(errors="replace").partition("\n")[0].rstrip("\r")


def _url(database: Database) -> str:
    return database.url.render_as_string(hide_password=True)


def _token_file(url: str) -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    state = os.environ.get("XDG_STATE_HOME")
    folder = Path(runtime or state or Path.home() / ".local" / "state") / "mensakasse"
    return folder / f"session-{hashlib.sha256(url.encode()).hexdigest()[:16]}"
