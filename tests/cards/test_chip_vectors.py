"""The virtual chip's own arithmetic against published values and traces of real cards."""

from collections.abc import Callable

import pytest

from cards.virtual.blocks import aes, cmac, crc32, des, ended
from cards.virtual.chip import Chip
from cards.virtual.image import (
    NTAG_NAME,
    PICC,
    Application,
    Guard,
    Image,
    Key,
    Kind,
    Suite,
    factory,
)
from cards.virtual.sessions import Ev1Session, Ev2Session, ev1_session, ev2_session

h = bytes.fromhex

NIST_KEY = h("2b7e151628aed2a6abf7158809cf4f3c")
NIST_TEXT = h(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
NIST_TWO_KEYS = h("4cf15134a2850dd58a3d10ba80570d38")


@pytest.mark.parametrize(
    ("length", "tag"),
    [
        (0, "bb1d6929e95937287fa37d129b756746"),
        (16, "070a16b46b4d4144f79bdd9dd04a287c"),
        (40, "dfa66747de9ae63030ca32611497c827"),
        (64, "51f0bebf7e3b9d92fc49741779363cfe"),
    ],
)
def test_the_cmac_of_aes_is_that_of_nist_sp_800_38b(length: int, tag: str) -> None:
    assert cmac(aes(NIST_KEY), NIST_TEXT[:length]) == h(tag)


@pytest.mark.parametrize(
    ("length", "tag"),
    [
        (0, "bd2ebf9a3ba00361"),
        (8, "4ff2ab813c53ce83"),
        (20, "62dd1b471902bd4e"),
        (32, "31b1e431dabc4eb8"),
    ],
)
def test_the_cmac_of_two_key_des_is_that_of_nist_sp_800_38b(length: int, tag: str) -> None:
    assert cmac(des(NIST_TWO_KEYS), NIST_TEXT[:length]) == h(tag)


def test_the_checksum_is_that_of_a_published_key_change() -> None:
    assert crc32(h("F3847D627727ED3BC9C4CC050489B966")) == h("789DFADC")


def test_a_text_ends_with_one_bit_and_zeros_in_a_block_of_its_own_where_it_fills_all() -> None:
    assert ended(b"abc", 8) == b"abc\x80\0\0\0\0"
    assert ended(b"abcdefgh", 8) == b"abcdefgh\x80" + bytes(7)


def fed(*told: bytes) -> Callable[[int], bytes]:
    """Return entropy that is what the trace's card drew."""
    left = b"".join(told)

    def draw(count: int) -> bytes:
        nonlocal left
        drawn, left = left[:count], left[count:]
        return drawn

    return draw


def with_keys(kind: Kind, *keys: Key, name: bytes = PICC) -> Image:
    """Return a card whose only application has these keys."""
    return Image(kind, h("04DE5F1EACC040"), (Application(name, 0x0F, keys),))


def wrapped(code: int, data: bytes = b"") -> bytes:
    """Return a DESFire command in its ISO envelope."""
    return bytes((0x90, code, 0, 0)) + (bytes((len(data),)) + data if data else b"") + b"\0"


def test_ev1_proves_an_aes_key_and_changes_it_as_in_a_real_cards_trace() -> None:
    # DESFire EV1 communication examples (RFDoorLock), AES key 0 and ChangeKey(0), one session
    card = with_keys(Kind.EV1, Key(Suite.AES, bytes(16)))
    chip = Chip(card, entropy=fed(h("C05DDD714FD788A6B7B754F3C4D066E8")))

    assert chip.answer(wrapped(0xAA, b"\0")) == h("B969FDFE56FD91FC9DE6F6F213B8FD1E91AF")
    token = h("36AAD7DF6E436BA08D18613830A70D5AD43E3D3F4A8D47541EEE623A934E4774")
    assert chip.answer(wrapped(0xAF, token)) == h("800DB680BC146BD121D6578F2D2E20599100")


def test_ev1_takes_a_new_own_key_as_in_a_real_cards_trace() -> None:
    session = Ev1Session(0, aes(h("F44B26F5C05DDD7110772281C4D066E8")))
    told = h("E9F85E219496C2B58C1090DC3935FAE9E840CF61B383D953194625 6B1F110C10")

    assert session.new_key(0xC4, b"\0", told, None) == h("00102030405060708090A0B0B0A0908010")


def test_ev1_takes_another_keys_change_and_confirms_it_as_in_a_real_cards_trace() -> None:
    session = Ev1Session(0, aes(h("C2A1E47BD8100044FE6D00A74D7AB17C")))
    told = h("E7ECCB6BD1CA64BC161A12B1C024F71430337408C8A87EACAB7A1FF18951FCA3")

    assert session.new_key(0xC4, b"\1", told, bytes(16)) == h("00102030405060708090A0B0B0A0908010")
    assert session.answer(b"", Guard.MACED) == h("2128D3CD9C9ACFFF")


def test_ev1_macs_a_key_version_as_in_a_real_cards_trace() -> None:
    session = Ev1Session(0, aes(h("90F7A20191036845EC63DECD544B9931")))

    session.opened(0x64, b"\0", b"", Guard.MACED, 0)

    assert session.answer(b"\x10", Guard.MACED) == h("108A8FA36F55CD210D")


@pytest.mark.parametrize(
    ("key", "b", "sent", "a", "token", "proof"),
    [
        (
            "00" * 16,
            None,
            "5D994CE085F24089",
            "849B36C5F8BF4A09",
            None,
            "913C6DED84221C41",
        ),
        (
            "001020314050607080 90A0B0B0A09080",
            "BCD8299747332DAF",
            "B295579926155AE3",
            "530E3D90F7A201C4",
            "70F349740C945DAE159BA9FEDBCC461A",
            "B8FD7FE56B241FC4",
        ),
    ],
    ids=["the factory's key", "two keys"],
)
def test_a_des_key_is_proved_as_in_real_cards_traces(
    *, key: str, b: str | None, sent: str, a: str, token: str | None, proof: str
) -> None:
    cipher = des(h(key))
    ours = h(b) if b else cipher.decrypt(h(sent))
    chip = Chip(with_keys(Kind.EV1, Key(Suite.DES, h(key))), entropy=fed(ours))
    assert chip.answer(wrapped(0x1A, b"\0")) == h(sent) + h("91AF")

    turned = ours[1:] + ours[:1]
    first = cipher.encrypt(bytes(x ^ y for x, y in zip(h(a), h(sent), strict=True)))
    second = cipher.encrypt(bytes(x ^ y for x, y in zip(turned, first, strict=True)))
    assert token is None or first + second == h(token)
    assert chip.answer(wrapped(0xAF, first + second)) == h(proof) + h("9100")


@pytest.mark.parametrize(
    ("key", "b", "a", "shared"),
    [
        ("00" * 16, "4ED0B658", "849B36C5F8BF4A09", "849A36C44ED0B658"),
        (
            "00102031405060708090A0B0B0A09080",
            "BCD8299747332DAF",
            "530E3D90F7A201C4",
            "520E3C90BCD82896F6A200C446322CAE",
        ),
    ],
    ids=["equal halves", "two keys"],
)
def test_the_session_of_a_des_key_is_that_of_real_cards_traces(
    key: str, b: str, a: str, shared: str
) -> None:
    # The traces print the key with its parity bits cleared, which DES does not look at.
    session = ev1_session(0, Suite.DES, h(key), h(a), h(b).ljust(8, b"\0"))
    traced = Ev1Session(0, des(h(shared)))

    assert session.answer(b"told", Guard.MACED) == traced.answer(b"told", Guard.MACED)


def test_ev2_proves_a_key_and_takes_a_write_as_an12196_prints_it() -> None:
    blank = factory(Kind.NTAG424, h("04DE5F1EACC040"))
    chip = Chip(blank, entropy=fed(h("91517975190DCEA6104948EFA3085C1B"), h("7614281A")))
    assert chip.answer(h("00A4040007") + NTAG_NAME + b"\0") == h("9000")

    assert chip.answer(h("9071000002030000")) == h("B875CEB0E66A6C5CD00898DC371F92D191AF")
    token = "0306E47DFBC50087C4D8A78E88E62DE1E8BE457AA477C707E2F0874916A8B1"
    assert chip.answer(h(f"90AF000020FF{token}00")) == h(
        "0CC9A8094A8EEA683ECAAC5C7BF20584206D0608D477110FC6B3D5D3F65C3A6A9100"
    )
    assert chip.answer(
        h("908D00001F030000000A00006B5E6804909962FC4E3FF5522CF0F8436C0C53315B9C73AA00")
    ) == h("C26D236E4A7C046D9100")
    written = chip.image.applications[1].files[2].content
    assert written == h("0102030405060708090A") + bytes(118)


def test_ev2_shares_the_session_keys_of_an12343() -> None:
    # AN12343 section 7.1.3.1, told by what the keys do to one message
    a, b = h("B04D0787C93EE0CC8CACC8E86F16C6FE"), h("FA659AD0DCA738DD65DC7DC38612AD81")
    keys = h("63DC07286289A7A6C0334CA31C314A04"), h("774F26743ECE6AF5033B6AE8522946F6")

    derived = ev2_session(0, bytes(16), a, b, b"TI__")
    told = Ev2Session(0, *keys, b"TI__")

    assert derived.answer(b"x" * 16, Guard.FULL) == told.answer(b"x" * 16, Guard.FULL)


def test_ev2_macs_commands_and_answers_as_an12343_prints_them() -> None:
    # AN12343 p. 54
    session = Ev2Session(0, bytes(16), h("9366FA195EB566F5BD2BAD4020B83002"), h("E2D3AF69"))
    data = b"\x22" * 25

    header = h("00000000190000")
    rest = data + h("68F2C28C575A1628")
    assert session.opened(0x8D, header, rest, Guard.MACED, 25) == data
    assert session.answer(b"", Guard.MACED) == h("0820F68898C2A7F1")
    header = h("00000000300000")
    assert session.opened(0xAD, header, h("0D9BE191D5960834"), Guard.MACED, 0) == b""
    data += bytes(23)
    assert session.answer(data, Guard.MACED) == data + h("A49A44222D926666")


@pytest.mark.parametrize(
    ("key", "identifier", "count", "start"),
    [
        (
            "66A8CB93269DC9BC2885B7A91B9C697B",
            "ED56F6E6",
            0,
            "DA0F644A4986275957CF1EC3AF4CCE53",
        ),
        (
            "445A8626B3338459321232FADF6ADE2B",
            "11223344",
            5,
            "177494FCC4F1DAB2AFBE8FAE2057A9D2",
        ),
    ],
)
def test_ev2_begins_a_commands_chain_where_proxmarks_tests_do(
    key: str, identifier: str, count: int, start: str
) -> None:
    session = Ev2Session(0, h(key), bytes(16), h(identifier))
    for _ in range(count):
        session.answer(b"", Guard.PLAIN)

    assert session._start(0xA55A) == h(start)
