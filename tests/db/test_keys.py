"""Sealed with the first key, opened and found with every one."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.keys import Keyring, KeyringError, Sealed, new_secret

OLD, NEW = new_secret(), new_secret()
ADDRESS = "sms:+447700900101"


@given(st.text(st.characters(), max_size=200))
def test_what_is_sealed_can_be_opened(plain: str) -> None:
    keys = Keyring([NEW])
    assert keys.open(keys.seal(plain, "inbox.body"), "inbox.body") == plain


def test_a_sealed_text_shows_nothing_and_never_the_same_twice() -> None:
    keys = Keyring([NEW])
    first, second = keys.seal(ADDRESS, "addresses.address"), keys.seal(ADDRESS, "addresses.address")
    assert first != second
    assert b"7700" not in first


def test_it_is_bound_to_its_column() -> None:
    keys = Keyring([NEW])
    with pytest.raises(Sealed):
        keys.open(keys.seal("KIT", "inbox.body"), "outbox.body")


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b[:14], lambda b: b"", lambda b: b + b"x"]
)
def test_damage_is_noticed(damage) -> None:  # type: ignore[no-untyped-def]
    keys = Keyring([NEW])
    with pytest.raises(Sealed):
        keys.open(damage(keys.seal("KIT", "inbox.body")), "inbox.body")


def test_keys_rotate() -> None:
    before, during, after = Keyring([OLD]), Keyring([NEW, OLD]), Keyring([NEW])
    sealed = before.seal("KIT", "inbox.body")
    assert during.open(sealed, "inbox.body") == "KIT"
    assert after.open(during.seal("KIT", "inbox.body"), "inbox.body") == "KIT"
    with pytest.raises(Sealed):
        after.open(sealed, "inbox.body")
    assert before.blind(ADDRESS) in during.blinds(ADDRESS)
    assert during.blind(ADDRESS) == after.blind(ADDRESS) == during.blinds(ADDRESS)[0]


def test_a_hash_needs_the_key() -> None:
    assert Keyring([OLD]).blind(ADDRESS) != Keyring([NEW]).blind(ADDRESS)
    assert Keyring([OLD]).blind(ADDRESS) == Keyring([OLD]).blind(ADDRESS)
    assert "7700" not in Keyring([OLD]).blind(ADDRESS)


def test_signing_secrets_differ_by_purpose_and_suit_telegram() -> None:
    keys = Keyring([NEW])
    assert keys.signing_secret("telegram webhook") != keys.signing_secret("links")
    assert keys.signing_secret("telegram webhook").isalnum()


@pytest.mark.parametrize(
    "secrets",
    [[], [""], ["not base64!"], [base64.b64encode(b"short").decode()], [NEW, "c2hvcnQ="]],
)
def test_a_bad_key_is_refused_with_the_mend_and_without_itself(secrets: list[str]) -> None:
    with pytest.raises(KeyringError, match="32 random bytes") as refused:
        Keyring(secrets)
    assert "SECRET_KEY" in str(refused.value)
    assert NEW not in str(refused.value)
    assert "c2hvcnQ" not in str(refused.value)


def test_what_was_signed_before_a_rotation_still_holds() -> None:
    old, new = new_secret(), new_secret()
    before = Keyring([old]).signing_secret("a link")
    assert before in Keyring([new, old]).signing_secrets("a link")
    assert before not in Keyring([new]).signing_secrets("a link")
    assert Keyring([new, old]).signing_secret("a link") == Keyring([new]).signing_secret("a link")
