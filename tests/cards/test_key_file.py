"""The file of master keys: any two holders open it, nobody alone, and nothing else does."""

import base64
import hashlib
import json
from collections.abc import Mapping
from itertools import combinations, permutations, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards import holders as module
from cards.holders import (
    FEWEST,
    MOST,
    KeyFault,
    with_holder,
    with_passphrase,
    without_holder,
)
from cards.key_file import Head, create, look_into, open_key_file, sealed
from cards.layout import Medium
from cards.masters import LAST, Masters, fresh_masters, masters_told
from cards.school_key import SchoolKeyFile, open_sealed, read_school_key
from cards.secret import CardSecret

PASSPHRASES = {
    "Leitung": "rosa elefant am see",
    "Kasse": "sieben blaue stühle",
    "Träger": "nebel über dem hof",
}
GOLDEN = Path(__file__).parents[1] / "golden" / "keys"
UID = bytes.fromhex("04A1B2C3D4E5F6")
AID = bytes.fromhex("4D4B31")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small Argon2id: what is proven here is who opens the file, not how slowly."""
    monkeypatch.setattr(module, "MEMORY_KIB", 64)
    monkeypatch.setattr(module, "PASSES", 1)


def made(holders: Mapping[str, str] = PASSPHRASES) -> bytes:
    content = create(holders)
    assert isinstance(content, bytes)
    return content


def opened(content: bytes, *names: str, words: Mapping[str, str] = PASSPHRASES) -> Masters:
    masters = open_key_file(content, {name: words[name] for name in names})
    assert isinstance(masters, Masters), masters
    return masters


def two(content: bytes, words: Mapping[str, str] = PASSPHRASES) -> Masters:
    return opened(content, *list(words)[:2], words=words)


def written(masters: Masters) -> bytes:
    content = sealed(masters)
    assert isinstance(content, bytes)
    return content


def grown(masters: Masters | KeyFault) -> Masters:
    assert isinstance(masters, Masters), masters
    return masters


def test_any_two_holders_open_it_in_any_order() -> None:
    content = made()
    all_found = [opened(content, *pair) for pair in permutations(PASSPHRASES, 2)]
    assert len(all_found) == 6
    assert all(masters_told(one) == masters_told(all_found[0]) for one in all_found)


def test_nobody_opens_it_alone_and_not_twice_either() -> None:
    content = made()
    for name, passphrase in PASSPHRASES.items():
        assert open_key_file(content, {name: passphrase}) is KeyFault.NOT_TWO
        twice = {name: passphrase, f" {name} ": passphrase}
        assert open_key_file(content, twice) is KeyFault.NOT_TWO
        for other in PASSPHRASES:
            if other != name:
                alone = {name: passphrase, other: passphrase}
                assert open_key_file(content, alone) is KeyFault.WRONG_PASSPHRASE
    assert open_key_file(content, {}) is KeyFault.NOT_TWO
    assert open_key_file(content, PASSPHRASES) is KeyFault.NOT_TWO


def test_a_pairs_wrapped_key_opens_for_that_pair_alone() -> None:
    """One holder cannot present the pair of two others as the pair with himself."""
    told = json.loads(made())
    told["pairs"] = [[*pair, told["pairs"][0][2]] for pair in combinations(sorted(PASSPHRASES), 2)]
    content = again(told)
    good = sorted(PASSPHRASES)[:2]
    assert isinstance(open_key_file(content, {n: PASSPHRASES[n] for n in good}), Masters)
    for pair in combinations(sorted(PASSPHRASES), 2):
        if list(pair) != good:
            words = {name: PASSPHRASES[name] for name in pair}
            assert open_key_file(content, words) is KeyFault.WRONG_PASSPHRASE


def again(told: dict[str, Any]) -> bytes:
    """The file with a digest that fits what was changed."""
    told.pop("digest", None)
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return json.dumps({**told, "digest": digest}, ensure_ascii=False).encode()


def test_a_wrong_passphrase_does_not_tell_whose_it_was() -> None:
    content = made()
    right = {"Leitung": PASSPHRASES["Leitung"], "Kasse": PASSPHRASES["Kasse"]}
    for name in right:
        wrong = {**right, name: "something else entirely"}
        assert open_key_file(content, wrong) is KeyFault.WRONG_PASSPHRASE
    both = dict.fromkeys(right, "something else entirely")
    assert open_key_file(content, both) is KeyFault.WRONG_PASSPHRASE
    stranger = {"Leitung": PASSPHRASES["Leitung"], "Fremd": "something else entirely"}
    assert open_key_file(content, stranger) is KeyFault.UNKNOWN_HOLDER


def test_a_passphrase_is_the_same_however_the_keyboard_composes_its_letters() -> None:
    content = made()
    decomposed = {"Leitung": PASSPHRASES["Leitung"], "Träger": "nebel über dem hof"}
    assert isinstance(open_key_file(content, decomposed), Masters)


def test_nothing_of_the_keys_stands_in_the_file_or_is_printed() -> None:
    content = made()
    masters = two(content)
    one = masters.by_generation[1]
    secrets = [one.picc, one.application, one.read, masters.escrow_key, masters.school_root]
    secrets += [holder.key for holder in masters.holders]
    said = content + repr(masters).encode() + repr(one).encode() + repr(masters.holders).encode()
    for secret in secrets:
        for form in (
            secret,
            secret.hex().encode(),
            base64.b64encode(secret),
            repr(secret).encode(),
        ):
            assert form not in said
    assert all(passphrase.encode() not in said for passphrase in PASSPHRASES.values())


def test_every_writing_seals_under_a_new_key() -> None:
    content = made()
    once, twice = json.loads(written(two(content))), json.loads(written(two(content)))
    assert once["holders"] == twice["holders"]
    assert once["body"] != twice["body"]
    mixed = again({**once, "body": twice["body"]})
    words = dict(list(PASSPHRASES.items())[:2])
    assert open_key_file(mixed, words) is KeyFault.DAMAGED


def test_what_was_changed_in_the_file_does_not_open() -> None:
    content = made()
    words = dict(list(PASSPHRASES.items())[:2])
    told = json.loads(content)
    for name, value in {
        "newest": 7,
        "holders": told["holders"][:2],
        "body": base64.b64encode(bytes(100)).decode(),
        "pairs": [it for it in told["pairs"] if set(it[:2]) != set(words)],
    }.items():
        changed = again({**told, name: value})
        fault = open_key_file(changed, words)
        assert isinstance(fault, KeyFault), name
    assert open_key_file(content[:-40], words) is KeyFault.DAMAGED
    assert open_key_file(content.replace(b'"newest": 1', b'"newest": 2'), words) is KeyFault.DAMAGED


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_file_with_one_bit_turned_never_opens_and_never_fails(at: int, bit: int) -> None:
    content = bytearray(_ONE)
    content[at % len(content)] ^= 1 << bit
    found = open_key_file(bytes(content), dict(list(PASSPHRASES.items())[:2]))
    if isinstance(found, Masters):  # a bit of white space, or of a letter's case in an escape
        assert json.loads(content) == json.loads(_ONE)
    assert isinstance(look_into(bytes(content)), Head | KeyFault)


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["file", "format", "holders", "pairs", "body", "newest"]), inner),
).map(lambda it: json.dumps(it).encode()))  # fmt: skip
def test_no_other_file_is_taken_for_one(content: bytes) -> None:
    assert look_into(content) in set(KeyFault)
    assert open_key_file(content, {"a": "x", "b": "y"}) in set(KeyFault)


def test_a_file_of_a_later_version_says_so() -> None:
    told = json.loads(made())
    assert look_into(again({**told, "format": 2})) is KeyFault.NEWER


def test_two_any_may_add_change_and_remove_holders_while_others_are_away() -> None:
    words = dict(PASSPHRASES)
    masters = opened(made(), "Leitung", "Kasse")
    words["Vertretung"] = "der vierte am tisch"
    masters = grown(with_holder(masters, "Vertretung", words["Vertretung"]))
    content = written(masters)
    assert opened(content, "Träger", "Vertretung", words=words).newest == 1
    words["Kasse"] = "ein ganz neuer satz"
    masters = grown(with_passphrase(opened(content, "Leitung", "Träger"), "Kasse", words["Kasse"]))
    content = written(masters)
    assert opened(content, "Kasse", "Vertretung", words=words).newest == 1
    old = {"Kasse": PASSPHRASES["Kasse"], "Leitung": PASSPHRASES["Leitung"]}
    assert open_key_file(content, old) is KeyFault.WRONG_PASSPHRASE
    content = written(grown(without_holder(opened(content, "Leitung", "Träger"), "Leitung")))
    gone = {"Leitung": words["Leitung"], "Kasse": words["Kasse"]}
    assert open_key_file(content, gone) is KeyFault.UNKNOWN_HOLDER
    assert look_into(content) == Head(("Kasse", "Träger", "Vertretung"), 1)


def test_holders_are_two_to_five_people_with_names_and_passphrases_of_their_own() -> None:
    many = {f"Person {n}": f"langes kennwort {n}" for n in range(MOST + 1)}
    assert create(dict(list(many.items())[: FEWEST - 1])) is KeyFault.TOO_FEW
    assert create(many) is KeyFault.TOO_MANY
    two_of_them = dict(list(PASSPHRASES.items())[:2])
    assert create({**two_of_them, "Dritte": "kurz"}) is KeyFault.TOO_SHORT
    assert create({**two_of_them, "Dritte": "x" * 257}) is KeyFault.TOO_LONG
    assert create({**two_of_them, "Dritte": PASSPHRASES["Kasse"]}) is KeyFault.SAME_PASSPHRASE
    assert create({**two_of_them, " Kasse": "etwas ganz anderes"}) is KeyFault.TAKEN_NAME
    for name in ("", " \t", "a\x1b[2J", "x" * 61):
        assert create({**two_of_them, name: "etwas ganz anderes"}) is KeyFault.WRONG_NAME
    masters = two(made(two_of_them))
    assert without_holder(masters, "Kasse") is KeyFault.TOO_FEW
    assert without_holder(masters, "Niemand") is KeyFault.UNKNOWN_HOLDER
    assert with_passphrase(masters, "Niemand", "etwas anderes") is KeyFault.UNKNOWN_HOLDER
    same = with_passphrase(masters, "Kasse", PASSPHRASES["Leitung"])
    assert same is KeyFault.SAME_PASSPHRASE


def test_a_new_generation_leaves_the_keys_of_old_cards_as_they_were() -> None:
    masters = two(made())
    content = written(masters.rotate())
    later = two(content)
    assert later.generations == (1, 2)
    assert look_into(content) == Head(tuple(sorted(PASSPHRASES)), 2)
    old: dict[str, Any] = {"uid": UID, "generation": 1}
    assert later.picc_key(**old) == masters.picc_key(**old)
    assert later.picc_key(uid=UID, generation=2) != masters.picc_key(**old)
    with pytest.raises(KeyError):
        masters.picc_key(uid=UID, generation=2)


def test_generations_end_where_a_key_version_on_the_card_ends() -> None:
    masters = fresh_masters()
    for _ in range(LAST - 1):
        masters = masters.rotate()
    assert masters.newest == LAST
    with pytest.raises(OverflowError):
        masters.rotate()


def test_all_keys_of_all_cards_differ() -> None:
    masters = fresh_masters().rotate()
    cards = list(product((UID, UID[::-1]), masters.generations))
    keys = [masters.picc_key(uid=uid, generation=generation) for uid, generation in cards]
    keys += [
        key(uid=uid, aid=aid, key_no=number, generation=generation)
        for (uid, generation), aid, number in product(cards, (AID, AID[::-1]), range(5))
        for key in (masters.read_key, masters.application_key)
    ]
    assert len(keys) == 84
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 16 for key in keys)


def test_a_school_has_one_key_until_it_is_renewed_and_no_other_school_has_it() -> None:
    masters = two(made())
    key = masters.school_key("199991")
    renewed = two(written(masters.renew_school("199991")))
    assert two(written(masters)).school_key("199991") == key
    assert renewed.school_key("199991").id != key.id
    assert renewed.school_key("199991").key != key.key
    assert renewed.school_key("199992") == masters.school_key("199992")
    assert masters.school_key("199992").key != key.key


def test_escrow_gives_back_a_cards_secret_for_that_card_alone() -> None:
    masters = fresh_masters()
    secret = CardSecret(Medium.EV2, AID, bytes(16), bytes(range(12)), 3)
    blob = masters.escrow(UID, secret, b"card")
    assert masters.rotate().from_escrow(blob, b"card") == (UID, secret)
    assert masters.from_escrow(blob, b"other") is None
    assert masters.from_escrow(blob[:-1], b"card") is None
    assert masters.from_escrow(b"", b"card") is None
    assert fresh_masters().from_escrow(blob, b"card") is None
    assert UID not in blob
    assert secret.token not in blob


def test_files_of_before_open_and_give_the_same_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept files of format 1: a change that shuts them out would shut out a city's cards."""
    monkeypatch.undo()
    masters = two((GOLDEN / "masters-1.json").read_bytes())
    assert masters.generations == (1, 2)
    file = read_school_key((GOLDEN / "school-1.json").read_bytes())
    assert file == SchoolKeyFile("199991", masters.school_key("199991"))
    escrow, blob, told, picc = map(bytes.fromhex, (GOLDEN / "card-1.txt").read_text().split())
    card, secret = bytes(range(32)), CardSecret.from_bytes(told)
    assert masters.from_escrow(escrow, card) == (UID, secret)
    assert open_sealed([file.key], blob, card=card) == secret
    assert masters.picc_key(uid=UID, generation=1) == picc
    read = masters.read_key(uid=UID, aid=secret.aid, key_no=1, generation=2)
    assert (secret.read_key, secret.issue_no) == (read, 3)


def test_the_passphrases_cost_what_rfc_9106_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9106, section 4: 64 MiB and three passes where memory is scarce."""
    monkeypatch.undo()
    assert (module.MEMORY_KIB, module.PASSES) == (64 * 1024, 3)
    content = made(dict(list(PASSPHRASES.items())[:2]))
    assert two(content).newest == 1


with pytest.MonkeyPatch.context() as _small:
    _small.setattr(module, "MEMORY_KIB", 64)
    _small.setattr(module, "PASSES", 1)
    _ONE = made()
