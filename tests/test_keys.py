"""Secrets at rest, signatures, and what is kept of a key."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mjgate.keys import SHORTEST, Keys, Master, WrongKeyError, fingerprint, new_key, new_master

OLD = Master("o" * SHORTEST)
NEW = Master("n" * SHORTEST)
BEFORE = Keys(OLD)
ROTATED = Keys(NEW, {OLD.id: OLD})
REPLACED = Keys(NEW)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
PARTS = st.lists(st.text(st.characters(exclude_categories=[]), max_size=6), max_size=4).map(tuple)
ODD = [
    "",
    ".",
    "x",
    "x.y",
    f"{OLD.id}",
    f"{OLD.id}.",
    f".{OLD.id}",
    "\ud800.\ud800",
    "é.é",
    "a.b.c",
]


@given(TEXTS)
@settings(max_examples=30)
def test_what_was_encrypted_is_read_again_and_shows_nothing(text: str) -> None:
    sealed = BEFORE.encrypt("channel", text)

    assert BEFORE.decrypt("channel", sealed) == text
    assert len(text) < 4 or text not in sealed


def test_the_same_text_is_never_sealed_alike() -> None:
    assert BEFORE.encrypt("channel", "x") != BEFORE.encrypt("channel", "x")


def test_a_retired_key_still_reads_and_the_new_one_writes() -> None:
    sealed = BEFORE.encrypt("channel", "secret")

    assert ROTATED.decrypt("channel", sealed) == "secret"
    assert REPLACED.decrypt("channel", ROTATED.encrypt("channel", "x")) == "x"


@pytest.mark.parametrize(
    ("keys", "purpose", "sealed"),
    [
        (REPLACED, "channel", BEFORE.encrypt("channel", "x")),
        (BEFORE, "webhook", BEFORE.encrypt("channel", "x")),
        (BEFORE, "channel", ROTATED.encrypt("channel", "x")),
        (ROTATED, "channel", "not sealed"),
        (ROTATED, "channel", ""),
        (ROTATED, "channel", BEFORE.encrypt("channel", "x")[:-4] + "AAA="),
    ],
    ids=["replaced", "other purpose", "future key", "plain", "empty", "altered"],
)
def test_what_another_key_or_purpose_sealed_cannot_be_read(
    keys: Keys, purpose: str, sealed: str
) -> None:
    with pytest.raises(WrongKeyError, match=purpose):
        keys.decrypt(purpose, sealed)


@given(PARTS)
def test_a_signature_is_deterministic_and_names_its_key(parts: tuple[str, ...]) -> None:
    signature = BEFORE.sign("media", *parts)

    assert signature == Keys(Master(OLD.secret)).sign("media", *parts)
    assert signature.startswith(f"{OLD.id}.")
    assert set(signature) <= set(string.ascii_letters + string.digits + "-_.")
    assert BEFORE.verify("media", signature, *parts)
    assert not BEFORE.verify("notice", signature, *parts)


@given(PARTS, PARTS)
def test_a_signature_is_good_for_its_parts_alone(
    parts: tuple[str, ...], others: tuple[str, ...]
) -> None:
    signature = BEFORE.sign("media", *parts)

    assert BEFORE.verify("media", signature, *others) == (parts == others)


def test_parts_do_not_run_into_one_another() -> None:
    signature = BEFORE.sign("media", "1", "23")

    for others in (("12", "3"), ("1\x0023",), ("123",), ("1", "23", ""), ("1", "2", "3")):
        assert not BEFORE.verify("media", signature, *others)


def test_a_retired_key_still_verifies_until_it_is_gone() -> None:
    signature = BEFORE.sign("media", "1")

    assert ROTATED.verify("media", signature, "1")
    assert not REPLACED.verify("media", signature, "1")
    assert ROTATED.sign("media", "1") == REPLACED.sign("media", "1") != signature


@pytest.mark.parametrize("signature", ODD, ids=ascii)
def test_what_is_no_signature_verifies_nothing(signature: str) -> None:
    assert not ROTATED.verify("media", signature, "1")


@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_any_text_is_a_wrong_signature(text: str) -> None:
    assert not ROTATED.verify("media", text, "1")
    assert not ROTATED.verify("media", f"{OLD.id}.{text}", "1")


def test_every_purpose_has_a_key_of_its_own() -> None:
    subkeys = {OLD.subkey(purpose) for purpose in ("a", "b", "encrypt a", "sign a")}
    subkeys |= {NEW.subkey("a")}

    assert len(subkeys) == 5
    assert {len(subkey) for subkey in subkeys} == {32}
    assert OLD.subkey("a") == Master(OLD.secret).subkey("a")


def test_a_key_is_named_without_being_told() -> None:
    assert len(OLD.id) == 8
    assert OLD.id != NEW.id
    assert OLD.id not in OLD.secret
    assert BEFORE.check_value() == Keys(OLD, {NEW.id: NEW}).check_value() != REPLACED.check_value()


def test_new_keys_are_long_and_never_the_same() -> None:
    keys = {new_key() for _ in range(100)}
    masters = {new_master() for _ in range(100)}

    assert (len(keys), len(masters)) == (100, 100)
    assert {len(key) for key in keys} == {48}
    assert all(key.isascii() and key.isalnum() for key in keys)
    assert len(new_key(20)) == 20
    assert min(map(len, masters)) >= SHORTEST


def test_of_a_key_only_its_hash_is_kept() -> None:
    assert fingerprint("abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert fingerprint("abc") != fingerprint("abd")
