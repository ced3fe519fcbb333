"""Host and chip agree, whatever the host does in whatever order.

The host's protocol and the chip's share no code; what they agree on here is what both read out
of the same published descriptions. A third party, the model below, knows what a DESFire with
such keys and rights must do, and keeps count of both.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from cards.desfire import FREE, NEVER, Card
from cards.layout import PICC, Medium
from cards.ntag424 import Tag
from cards.secure_messaging import CommMode
from cards.status import CardRefused, Status
from cards.virtual.image import Image, Kind, factory
from cards.virtual.in_process import InProcess

ZERO = bytes(16)
KEYS = st.binary(min_size=16, max_size=16)
VERSIONS = st.integers(1, 254)
AIDS = st.sampled_from([b"MK1", b"\x01\x00\x00", b"\xff\xff\xff"])
MEDIA = {Kind.EV1: Medium.EV1, Kind.EV2: Medium.EV2, Kind.EV3: Medium.EV2}


@dataclass
class ModelFile:
    """A file as it should be; rights by name."""

    mode: CommMode
    read: int
    write: int
    both: int
    content: bytes


@dataclass
class Model:
    """An application as it should be; ``keys`` as (value, version)."""

    keys: list[tuple[bytes, int]]
    files: dict[int, ModelFile] = field(default_factory=dict)


class HostAndChip(RuleBasedStateMachine):
    """A host with a card that lies on its reader, is taken away and laid down again."""

    @initialize(
        kind=st.sampled_from(list(MEDIA)),
        uid=st.binary(min_size=7, max_size=7),
        mode=st.sampled_from([None, *CommMode]),
    )
    def lay_down(self, kind: Kind, uid: bytes, mode: CommMode | None) -> None:
        """A card from its maker, or one with an application and a file to begin with."""
        self.kind, self.uid = kind, uid
        self.channel = InProcess(factory(kind, uid))
        self.host = Card(self.channel)
        self.model = {PICC: Model([(ZERO, 0)])}
        self.factory_key = True
        self.selected: bytes = PICC
        self.session: int | None = None
        self.host.select(PICC)
        if mode is not None:
            self.create_an_application(b"MK1", 3)
            self.select(b"MK1")
            self.prove_a_key(0, wrong=False, other=b"not a key of our")
            self.create_a_file(0, 150, mode, (1, 2, NEVER))

    @property
    def here(self) -> Model:
        return self.model[self.selected]

    def attempt(self, refusal: Status | None, act: Callable[[], object]) -> bool:
        """Do it and see it done, or refused with this status and the session gone."""
        if refusal is None:
            act()
            return True
        with pytest.raises(CardRefused) as refused:
            act()
        assert refused.value.status is refusal
        self.session = None
        return False

    @rule()
    def take_away_and_lay_down_again(self) -> None:
        kept = Image.from_bytes(self.channel.image.to_bytes())
        self.channel = InProcess(kept)
        self.host, self.session, self.selected = Card(self.channel), None, PICC
        self.host.select(PICC)

    @rule(aid=AIDS | st.just(PICC))
    def select(self, aid: bytes) -> None:
        self.session = None
        known = aid in self.model
        refusal = None if known else Status.APPLICATION_NOT_FOUND
        self.selected = aid if self.attempt(refusal, lambda: self.host.select(aid)) else PICC
        if not known:
            self.host.select(PICC)

    @rule(number=st.integers(0, 5), wrong=st.booleans(), other=KEYS)
    def prove_a_key(self, number: int, *, wrong: bool, other: bytes) -> None:
        keys = self.here.keys
        right = keys[number][0] if number < len(keys) else ZERO
        wrong = wrong or (self.factory_key and self.selected == PICC)
        assume(other != right)
        refusal = None
        if number >= len(keys):
            refusal = Status.NO_SUCH_KEY
        elif wrong:
            refusal = Status.AUTHENTICATION_ERROR
        medium, key = MEDIA[self.kind], other if wrong else right
        if self.attempt(refusal, lambda: self.host.authenticate(medium, number, key)):
            self.session = number

    @rule(number=st.integers(0, 2))
    def prove_a_key_rightly(self, number: int) -> None:
        self.prove_a_key(number, wrong=False, other=b"not a key of our")

    @rule(new=KEYS, version=VERSIONS)
    @precondition(lambda self: self.factory_key)
    def replace_the_makers_key(self, new: bytes, version: int) -> None:
        self.session, self.selected = None, PICC
        self.host.select(PICC)
        with pytest.raises(CardRefused):
            self.host.authenticate(MEDIA[self.kind], 0, ZERO)
        self.host.authenticate_factory()
        self.host.change_key(0, new, version=version)
        self.factory_key, self.here.keys[0] = False, (new, version)

    @rule(number=st.integers(0, 3), new=KEYS, version=VERSIONS)
    @precondition(lambda self: self.session is not None)
    def change_a_key(self, number: int, new: bytes, version: int) -> None:
        keys = self.here.keys
        assume(number < len(keys))
        refusal = None if self.session == 0 else Status.AUTHENTICATION_ERROR
        old = keys[number][0]
        if self.attempt(
            refusal, lambda: self.host.change_key(number, new, version=version, old=old)
        ):
            keys[number] = (new, version)
            self.session = None if number == self.session else self.session

    @rule(aid=AIDS, count=st.integers(1, 4))
    def create_an_application(self, aid: bytes, count: int) -> None:
        refusal = None
        if self.selected != PICC:
            refusal = Status.PERMISSION_DENIED
        elif aid in self.model:
            refusal = Status.DUPLICATE
        if self.attempt(refusal, lambda: self.host.create_application(aid, keys=count)):
            self.model[aid] = Model([(ZERO, 0)] * count)

    @rule(
        number=st.integers(0, 1),
        size=st.integers(1, 200),
        mode=st.sampled_from(CommMode),
        rights=st.tuples(*[st.sampled_from([0, 1, 2, FREE, NEVER])] * 3),
    )
    def create_a_file(
        self, number: int, size: int, mode: CommMode, rights: tuple[int, int, int]
    ) -> None:
        read, write, both = rights
        named = max((right for right in rights if right < FREE), default=0)
        refusal = None
        if self.selected == PICC:
            refusal = Status.PERMISSION_DENIED
        elif self.session != 0:
            refusal = Status.AUTHENTICATION_ERROR
        elif named >= len(self.here.keys):
            refusal = Status.PARAMETER_ERROR
        elif number in self.here.files:
            refusal = Status.DUPLICATE
        if self.attempt(
            refusal,
            lambda: self.host.create_file(
                number, size=size, mode=mode, read=read, write=write, read_write=both, change=0
            ),
        ):
            self.here.files[number] = ModelFile(mode, read, write, both, bytes(size))

    def access(self, number: int, end: int, alone: str) -> tuple[Status | None, CommMode]:
        """Return what refuses this access, and how it travels."""
        if self.selected == PICC:
            return Status.PERMISSION_DENIED, CommMode.PLAIN
        if number not in self.here.files:
            return Status.FILE_NOT_FOUND, CommMode.PLAIN
        file = self.here.files[number]
        rights = {getattr(file, alone), file.both}
        if self.session in rights:
            mode = file.mode
        elif FREE in rights:
            mode = CommMode.PLAIN
        elif rights == {NEVER}:
            return Status.PERMISSION_DENIED, CommMode.PLAIN
        else:
            return Status.AUTHENTICATION_ERROR, CommMode.PLAIN
        return (Status.BOUNDARY_ERROR if end > len(file.content) else None), mode

    @rule(number=st.integers(0, 1), start=st.integers(0, 60), length=st.integers(1, 120))
    def read(self, number: int, start: int, length: int) -> None:
        refusal, mode = self.access(number, start + length, "read")
        told: list[bytes] = []
        if self.attempt(refusal, lambda: told.append(self.host.read(number, start, length, mode))):
            assert told == [self.here.files[number].content[start : start + length]]

    @rule(
        number=st.integers(0, 1), start=st.integers(0, 60), data=st.binary(min_size=1, max_size=120)
    )
    def write(self, number: int, start: int, data: bytes) -> None:
        refusal, mode = self.access(number, start + len(data), "write")
        if self.attempt(refusal, lambda: self.host.write(number, start, data, mode)):
            old = self.here.files[number].content
            new = old[:start] + data + old[start + len(data) :]
            self.here.files[number].content = new

    @rule(number=st.integers(0, 5))
    def ask_a_keys_version(self, number: int) -> None:
        keys = self.here.keys
        refusal = None if number < len(keys) else Status.NO_SUCH_KEY
        told: list[int] = []
        if self.attempt(refusal, lambda: told.append(self.host.key_version(number))):
            assert told == [keys[number][1]]

    @rule()
    def ask_what_it_is(self) -> None:
        assert self.host.version().uid == (self.uid if any(self.uid) else b"")

    @rule()
    @precondition(lambda self: self.selected == PICC and self.session == 0)
    def format(self) -> None:
        self.host.format_picc()
        self.model = {PICC: self.model[PICC]}


TestHostAndChip = HostAndChip.TestCase
TestHostAndChip.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


@given(
    keys=st.lists(KEYS, min_size=5, max_size=5, unique=True),
    version=VERSIONS,
    number=st.integers(0, 4),
    data=st.binary(min_size=1, max_size=128),
)
@settings(max_examples=30, deadline=None)
def test_an_ntag_424_keeps_keys_and_content_and_refuses_a_wrong_key(
    keys: list[bytes], version: int, number: int, data: bytes
) -> None:
    channel = InProcess(factory(Kind.NTAG424, bytes(range(7))))
    tag = Tag(channel)
    tag.select()
    tag.authenticate(0, ZERO)
    for other in (1, 2, 3, 4, 0):
        tag.change_key(other, keys[other], version=version, old=ZERO)
    tag.authenticate(3, keys[3])
    tag.write(3, 0, data, CommMode.FULL)

    channel.lay_again()
    tag = Tag(channel)
    tag.select()
    assert tag.key_version(number) == version
    with pytest.raises(CardRefused) as refused:
        tag.authenticate(number, keys[number - 1])
    assert refused.value.status is Status.AUTHENTICATION_ERROR
    tag.authenticate(2, keys[2])
    assert tag.read(3, 0, len(data), CommMode.FULL) == data
    with pytest.raises(CardRefused):
        tag.change_key(number, ZERO, version=0, old=keys[number])


@given(commands=st.lists(st.sampled_from(["version", "key", "read", "write"]), max_size=40))
@settings(max_examples=15, deadline=None)
@pytest.mark.parametrize("kind", MEDIA)
def test_the_counters_and_chains_of_both_sides_stay_in_step(
    kind: Kind, commands: list[str]
) -> None:
    """Whatever was said before, the next command still checks out on both sides."""
    card = Card(InProcess(factory(kind, bytes(range(7)))))
    card.select(PICC)
    card.create_application(b"MK1", keys=2)
    card.select(b"MK1")
    card.authenticate(MEDIA[kind], 0, ZERO)
    for number, mode in enumerate(CommMode):
        card.create_file(number, size=32, mode=mode, read=0, write=0, read_write=NEVER, change=0)
    for at, command in enumerate(commands):
        number, mode = at % 3, list(CommMode)[at % 3]
        match command:
            case "version":
                card.version()
            case "key":
                card.key_version(1)
            case "write":
                card.write(number, at % 16, bytes((at,)) * (1 + at % 16), mode)
            case _:
                card.read(number, 0, 32, mode)

    card.change_key(1, b"k" * 16, version=9, old=ZERO)
    assert card.key_version(1) == 9
