"""The chip's commands about files: making one, reading, writing."""

from dataclasses import replace

from cards.virtual.image import File, Guard
from cards.virtual.sessions import LENGTH, Abort
from cards.virtual.state import (
    BOUNDARY,
    DENIED,
    DUPLICATE,
    FREE,
    MAY_CREATE,
    MORE,
    NEVER,
    NO_FILE,
    NO_ROOM,
    NOT_AUTHENTICATED,
    PARAMETER,
    Reply,
    State,
)

READ_ALONE, WRITE_ALONE, BOTH = 12, 8, 4
"""Where in a file's rights the four bits of each stand."""

_HEADER = 7
"""File number, then offset and length of three bytes each, least significant first."""

_MOST_FILES, _MOST_BYTES = 32, 4096


def create_file(state: State, code: int, data: bytes) -> Reply:
    """Make a file of plain data, all zeros."""
    told = state.parameters(code, data, 7)
    number, guard = told[0], told[1]
    rights, size = int.from_bytes(told[2:4], "little"), int.from_bytes(told[4:7], "little")
    if state.at_top:
        raise Abort(DENIED)
    state.need_master(unless=MAY_CREATE)
    here = state.here
    named = {rights >> shift & 0xF for shift in (0, BOTH, WRITE_ALONE, READ_ALONE)}
    if number >= _MOST_FILES or guard not in set(Guard) or not size:
        raise Abort(PARAMETER)
    if max(named - {FREE, NEVER}, default=0) >= len(here.keys):
        raise Abort(PARAMETER)
    if any(file.number == number for file in here.files):
        raise Abort(DUPLICATE)
    if size > _MOST_BYTES:
        raise Abort(NO_ROOM)
    file = File(number, Guard(guard), rights, bytes(size))
    state.keep(replace(here, files=(*here.files, file)))
    return state.done()


def read(state: State, code: int, data: bytes) -> Reply:
    """Tell a part of a file; no length means up to its end."""
    file, start, length = _addressed(state, data)
    guard = _guard(state, file, READ_ALONE)
    state.parameters(code, data, _HEADER, guard)
    end = start + length if length else len(file.content)
    if end > len(file.content) or start >= end:
        raise Abort(BOUNDARY)
    return state.done(file.content[start:end], guard, open_ended=not length)


def write(state: State, code: int, data: bytes) -> Reply:
    """Write once all the data is there, which may take further frames."""
    file, start, length = _addressed(state, data)
    guard = _guard(state, file, WRITE_ALONE)
    if not length:
        raise Abort(PARAMETER)
    if start + length > len(file.content):
        raise Abort(BOUNDARY)
    session = state.session
    wanted = length if session is None else session.expected(length, guard)

    def gather(heard: bytes) -> Reply:
        if len(heard) < wanted:
            state.then = lambda more: gather(heard + more) if more else _too_short()
            return MORE, b""
        if len(heard) > wanted:
            raise Abort(LENGTH)
        header = data[:_HEADER]
        told = heard if session is None else session.opened(code, header, heard, guard, length)
        content = file.content[:start] + told + file.content[start + length :]
        here = state.here
        files = (replace(one, content=content) if one is file else one for one in here.files)
        state.keep(replace(here, files=tuple(files)))
        return state.done(guard=guard)

    return gather(data[_HEADER:])


def _too_short() -> Reply:
    raise Abort(LENGTH)


def _addressed(state: State, data: bytes) -> tuple[File, int, int]:
    if len(data) < _HEADER:
        raise Abort(LENGTH)
    if state.at_top:
        raise Abort(DENIED)
    start, length = (int.from_bytes(data[at : at + 3], "little") for at in (1, 4))
    for file in state.here.files:
        if file.number == data[0]:
            return file, start, length
    raise Abort(NO_FILE)


def _guard(state: State, file: File, alone: int) -> Guard:
    """Return how this access travels; the right to it alone or to both is enough."""
    rights = {file.rights >> alone & 0xF, file.rights >> BOTH & 0xF}
    session = state.session
    if session is not None and session.key_no in rights:
        return file.guard
    if FREE in rights:
        return Guard.PLAIN
    raise Abort(DENIED if rights == {NEVER} else NOT_AUTHENTICATED)
