"""What NXP published: key diversification and the sessions of EV2, EV3 and NTAG 424, byte for byte.

The values came through public test suites that quote NXP's notes: AN10922 and AN10957 (keys),
AN12196 (NTAG 424), AN12343 (DESFire Light). Where a whole exchange was published, the card is
its recording, so that what we send is compared too.
"""

import pytest
from recorded_cards import Recorded

from cards.block_cipher import aes, crc32
from cards.desfire import Card
from cards.keys import diversify
from cards.layout import Medium
from cards.ntag424 import Tag
from cards.secure_messaging import CommMode
from cards.secure_messaging_ev2 import Ev2Session, authenticate_first, session_keys

h = bytes.fromhex
ZERO = bytes(16)
AUTHENTICATE, ADDITIONAL = "9071000002{}0000", "90AF000020{}00"


def ev2(enc: str, mac: str, ti: str, commands: int = 0, key_no: int = 0) -> Ev2Session:
    return Ev2Session(enc_key=h(enc), mac_key=h(mac), ti=h(ti), key_no=key_no, commands=commands)


@pytest.mark.parametrize(
    ("master", "told", "key"),
    [
        pytest.param(
            "00112233445566778899AABBCCDDEEFF",
            "04782E21801D803042F54E585020416275",
            "A8DD63A3B89D54B37CA802473FDA9175",
            id="AN10922 2.2.1, AES-128",
        ),
        pytest.param(
            "F3F9377698707B688EAF84ABE39E3791",
            "04DEADBEEFFEED",
            "0BB408BAFF98B6EE9F2E1585777F6A51",
            id="AN10957, short input: padded to two blocks, not the plain CMAC",
        ),
    ],
)
def test_keys_are_diversified_as_nxp_publishes(master: str, told: str, key: str) -> None:
    assert diversify(h(master), h(told)) == h(key)


@pytest.mark.parametrize(
    ("length", "key"),
    [
        (1, "281049D52ECBC8F60961993D34DE3D54"),
        (7, "E8B7F67C78C34AF1446E331EF7E6D3FF"),
        (15, "5A3C7F6F0687F24F82DEE7EDA0970D08"),
        (16, "FEED9FBD36CDB16819A72D30BCF9240B"),
        (31, "21C28CD89BB3147F66C7DBD4851CAB20"),
    ],
)
def test_keys_of_every_length_are_those_of_another_implementation(length: int, key: str) -> None:
    """The input is 00 01 02 ...; the master is AN10922's."""
    master = h("00112233445566778899AABBCCDDEEFF")

    assert diversify(master, bytes(range(length))) == h(key)


def test_the_two_subkeys_of_an10922_are_ours() -> None:
    """AN10922 2.2.1 prints both: a CMAC of one whole block uses K1, of a padded one K2."""
    cipher = aes(h("00112233445566778899AABBCCDDEEFF"))
    k1, k2 = h("FBC9F75C9413C041DFEE452D3F0706D1"), h("F793EEB928278083BFDC8A5A7E0E0D25")
    padding = h("80" + 15 * "00")

    assert cipher.cmac(k1) == cipher.encrypt(ZERO)
    padded = bytes(a ^ b for a, b in zip(padding, k2, strict=True))
    assert cipher.cmac(b"") == cipher.encrypt(padded)


def test_session_keys_are_those_of_an12343_7_1_3_1() -> None:
    keys = session_keys(
        ZERO, h("B04D0787C93EE0CC8CACC8E86F16C6FE"), h("FA659AD0DCA738DD65DC7DC38612AD81")
    )

    assert keys == (
        h("63DC07286289A7A6C0334CA31C314A04"),
        h("774F26743ECE6AF5033B6AE8522946F6"),
    )


def test_the_authentication_of_an12343_table_16_is_ours() -> None:
    recorded = Recorded(
        [
            (AUTHENTICATE.format("00"), "24677DDBD46349E623798FD729006E7991AF"),
            (
                ADDITIONAL.format(
                    "3B50445F21D21D77D500794DEB245E5A754F5F901844259F4C9B31A5C7335ACD"
                ),
                "04C6DBD67417ED0D31DDDE4D2E3FFAC2B4B074F638EEF7FFF9254963B65C77599100",
            ),
        ]
    )

    session = authenticate_first(recorded, 0, ZERO, rnd_a=h("B04D0787C93EE0CC8CACC8E86F16C6FE"))

    assert recorded.is_over()
    assert session._ti == h("8CF141F3")


def test_macs_are_those_of_an12343_page_54() -> None:
    session = ev2(
        "C4C9F2A734F32967FAC80A0F37C764F0", "9366FA195EB566F5BD2BAD4020B83002", "E2D3AF69"
    )
    data = 25 * b"\x22"

    sent = session.protect(0x8D, h("00000000190000"), data, CommMode.MAC)
    assert sent == h("00000000190000") + data + h("68F2C28C575A1628")
    assert session.open(h("0820F68898C2A7F1"), CommMode.MAC, 0) == b""
    sent = session.protect(0xAD, h("00000000300000"), b"", CommMode.MAC)
    assert sent == h("000000003000000D9BE191D5960834")
    kept = data + bytes(23)
    assert session.open(kept + h("A49A44222D926666"), CommMode.MAC, 48) == kept


def test_encrypted_data_is_that_of_an12343_tables_25_and_26() -> None:
    session = ev2(
        "FFBCFE1F41840A09C9A88D0A4B10DF05", "37E7234B11BEBEFDE41A8F290090EF80", "CD73D8E5"
    )
    data = 25 * b"\x22"

    sent = session.protect(0x8D, h("00000000190000"), data, CommMode.FULL)
    assert sent == h(
        "00000000190000D7446FBC912580C0A65E738D28B609E4"
        "3ADBB8FB2B4CA68744D1BBEBB37EBD32700ADF7BB9F62A6C"
    )
    assert session.open(h("B9A534A7A73EE0DD"), CommMode.FULL, 0) == b""
    sent = session.protect(0xAD, h("00000000300000"), b"", CommMode.FULL)
    assert sent == h("000000003000007CF94F122B3DB05F")
    answer = h(
        "8848D0F9B9FD4495770C89925B2A85C7274D350FA9029C484D43804886662DC4"
        "2D7F40A6D7A415E4A71EFF79EB8E5721AC3BF1CAAFE8EB2CAA2DC162E67A97A3"
        "8ED7888F22B3A587"
    )
    assert session.open(answer, CommMode.FULL, 48) == data + bytes(23)


@pytest.mark.parametrize(
    ("enc", "ti", "commands", "iv"),
    [
        ("66A8CB93269DC9BC2885B7A91B9C697B", "ED56F6E6", 0, "DA0F644A4986275957CF1EC3AF4CCE53"),
        ("445A8626B3338459321232FADF6ADE2B", "11223344", 5, "177494FCC4F1DAB2AFBE8FAE2057A9D2"),
    ],
)
def test_command_ivs_are_those_of_proxmark3(enc: str, ti: str, commands: int, iv: str) -> None:
    """From proxmark3's ``desfiretest.c``."""
    data = b"any data"

    sent = ev2(enc, enc, ti, commands).protect(0x8D, b"", data, CommMode.FULL)

    assert aes(h(enc)).decrypt(sent[:16], h(iv)) == data + h("8000000000000000")


def test_a_whole_writing_of_file_3_is_that_of_an12196_pages_34_to_36() -> None:
    recorded = Recorded(
        [
            ("00A4040C07D276000085010100", "9000"),
            (AUTHENTICATE.format("03"), "B875CEB0E66A6C5CD00898DC371F92D191AF"),
            (
                ADDITIONAL.format(
                    "FF0306E47DFBC50087C4D8A78E88E62DE1E8BE457AA477C707E2F0874916A8B1"
                ),
                "0CC9A8094A8EEA683ECAAC5C7BF20584206D0608D477110FC6B3D5D3F65C3A6A9100",
            ),
            (
                "908D00001F030000000A00006B5E6804909962FC4E3FF5522CF0F8436C0C53315B9C73AA00",
                "C26D236E4A7C046D9100",
            ),
        ]
    )
    tag = Tag(recorded)

    tag.select()
    tag.authenticate(3, ZERO, rnd_a=h("B98F4C50CF1C2E084FD150E33992B048"))
    tag.write(3, 0, h("0102030405060708090A"), CommMode.FULL)

    assert recorded.is_over()


def test_a_desfire_of_the_second_generation_says_the_same() -> None:
    recorded = Recorded(
        [
            (AUTHENTICATE.format("03"), "B875CEB0E66A6C5CD00898DC371F92D191AF"),
            (
                ADDITIONAL.format(
                    "FF0306E47DFBC50087C4D8A78E88E62DE1E8BE457AA477C707E2F0874916A8B1"
                ),
                "0CC9A8094A8EEA683ECAAC5C7BF20584206D0608D477110FC6B3D5D3F65C3A6A9100",
            ),
            (
                "908D00001F030000000A00006B5E6804909962FC4E3FF5522CF0F8436C0C53315B9C73AA00",
                "C26D236E4A7C046D9100",
            ),
        ]
    )
    card = Card(recorded)

    card.authenticate(Medium.EV2, 3, ZERO, rnd_a=h("B98F4C50CF1C2E084FD150E33992B048"))
    card.write(3, 0, h("0102030405060708090A"), CommMode.FULL)

    assert recorded.is_over()


def test_a_command_with_a_mac_is_that_of_an12196_page_21() -> None:
    """GetFileSettings, which we never send: the whole answer of a command of another length."""
    session = ev2(16 * "00", "8248134A386E86EB7FAF54A52E536CB6", "7A21085E")
    told = h("0040EEEE000100D1FE001F00004400004400002000006A0000")

    assert session.protect(0xF5, b"\x02", b"", CommMode.MAC) == h("026597A457C8CD442C")
    assert session.open(told + h("2A474282E7A47986"), CommMode.MAC, None) == told


def test_authenticating_and_writing_a_link_is_that_of_an12196_pages_28_and_22() -> None:
    written = (
        "02000000800000421C73A27D827658AF481FDFF20A5025B559D0E3AA21E58D347F343CFFC768BF"
        "E596C706BC00F2176781D4B0242642A0FF5A42C461AAF894D9A1284B8C76BCFA658ACD40555D362E08DB"
        "15CF421B51283F9064BCBE20E96CAE545B407C9D651A3315B27373772E5DA2367D2064AE054AF996C6F1"
        "F669170FA88CE8C4E3A4A7BBBEF0FD971FF532C3A802AF745660F2B4D1D9A8499661EBF3"
    )
    recorded = Recorded(
        [
            (AUTHENTICATE.format("00"), "A04C124213C186F22399D33AC2A3021591AF"),
            (
                ADDITIONAL.format(
                    "35C3E05A752E0144BAC0DE51C1F22C56B34408A23D8AEA266CAB947EA8E0118D"
                ),
                "3FA64DB5446D1F34CD6EA311167F5E4985B89690C04A05F17FA7AB2F081206639100",
            ),
            (f"908D00009F{written}00", "FC222E5F7A5424529100"),
        ]
    )
    link = b"https://choose.url.com/ntag424?e=" + 32 * b"0" + b"&c=" + 16 * b"0"
    message = h("0051D1014D5504") + link.removeprefix(b"https://")
    tag = Tag(recorded)

    tag.authenticate(0, ZERO, rnd_a=h("13C5DB8A5930439FC3DEF9A4C675360F"))
    tag.write(2, 0, message.ljust(0x80, b"\0"), CommMode.FULL)

    assert recorded.is_over()


def test_an_encrypted_answer_is_that_of_an12196_page_43() -> None:
    """GetCardUID, which we never send: an encrypted answer to a command without data."""
    session = ev2(
        "2B4D963C014DC36F24F69A50A394F875", "379D32130CE61705DD5FD8C36B95D764", "DF055522"
    )

    assert session.protect(0x51, b"", b"", CommMode.FULL) == h("8E2C155ADDA99BE3")
    answer = h("70756055688505B52A5E26E59E329CD6595F672298EA41B7")
    assert session.open(answer, CommMode.FULL, 7) == h("04958CAA5C5E80")


def test_changing_another_key_and_the_own_one_is_that_of_an12196_tables_25_and_26() -> None:
    another = "2CF362B7BF4311FF3BE1DAA295E8C68DE09050560D19B9E16C2393AE9CD1FAC7"
    own = "C0EB4DEEFEDDF0B513A03A95A75491818580503190D4D05053FF75668A01D6FD"
    recorded = Recorded(
        [
            (f"90C400002902{another}5D0CE20BCD1D06E600", "203BB55D1089D5879100"),
            (f"90C400002900{own}A6610234BDED643200", "9100"),
        ]
    )
    tag = Tag(recorded)
    tag._session = ev2(
        "4CF3CB41A22583A61E89B158D252FC53", "5529860B2FC5FB6154B7F28361D30BF9", "7614281A", 2
    )

    tag.change_key(2, h("F3847D627727ED3BC9C4CC050489B966"), version=1, old=ZERO)
    tag.change_key(0, h("5004BF991F408672B1EF00F08F9E8647"), version=1)

    assert recorded.is_over()
    assert tag._session is None


def test_the_checksum_of_a_new_key_is_that_of_an12196_table_25() -> None:
    assert crc32(h("F3847D627727ED3BC9C4CC050489B966")) == h("789DFADC")


@pytest.mark.parametrize(
    ("uid", "counter", "file_mac_input", "mac"),
    [
        pytest.param("04DE5F1EACC040", 61, "", "94EED9EE65337086", id="AN12196 page 12"),
        pytest.param(
            "04958CAA5C5E80",
            8,
            "CEE9A53E3E463EF1F459635736738962&cmac=",
            "ECC1E7F6C6C73BF6",
            id="AN12196 page 18",
        ),
        pytest.param("041E3C8A2D6B80", 6, "", "4B00064004B0B3D3", id="plain mirror"),
    ],
)
def test_sun_messages_hold_under_our_cipher(
    uid: str, counter: int, file_mac_input: str, mac: str
) -> None:
    """We use no SUN message; they are further published values of the same CMAC."""
    session_vector = h("3CC300010080") + h(uid) + counter.to_bytes(3, "little")
    session_key = aes(ZERO).cmac(session_vector)

    assert aes(session_key).cmac(file_mac_input.encode())[1::2] == h(mac)


def test_sun_messages_decrypt_under_our_cipher() -> None:
    """AN12196 pages 12 and 18: what the card says of itself, and its file."""
    told = aes(ZERO).decrypt(h("EF963FF7828658A599F3041510671E88"))
    assert told[:11] == h("C704DE5F1EACC0403D0000")
    told = aes(ZERO).decrypt(h("FD91EC264309878BE6345CBE53BADF40"))
    assert told[:11] == h("C704958CAA5C5E80080000")

    enc_key = aes(ZERO).cmac(h("C33C0001008004958CAA5C5E80080000"))
    iv = aes(enc_key).encrypt(h("080000").ljust(16, b"\0"))
    file = aes(enc_key).decrypt(h("CEE9A53E3E463EF1F459635736738962"), iv)
    assert file == 16 * b"x"
