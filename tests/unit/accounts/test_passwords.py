"""Which passwords are taken, and how they are kept."""

from __future__ import annotations

import pytest

from evenhand.accounts import passwords

_NAME = "rita@example.org"


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "12 to 256"),
        ("eleven char", "12 to 256"),
        ("x1y2z" * 60, "12 to 256"),
        ("aaaaaaaaaaaa", "different"),
        ("abababababababab", "different"),
        ("rita@example.org", "the name"),
        ("RITA-2026-rita", "the name"),
        ("rita@example.org1", "the name"),
        ("abcdefghijkl", "a row"),
        ("qwertyuiopas", "a row"),
        ("210987654321", "a row"),
    ],
)
def test_weak_passwords_are_refused(password: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        passwords.check_password(password, name=_NAME)


@pytest.mark.parametrize(
    "password", ["four plain words here", "密码是四个普通的词语拼在一起", "x8!kQ2#pLm9z", "rita has a long sentence"]
)
def test_good_passwords_are_taken(password: str) -> None:
    passwords.check_password(password, name=_NAME)


def test_made_passwords_are_good_and_differ() -> None:
    made = {passwords.new_password() for _ in range(100)}
    assert len(made) == 100
    for password in made:
        passwords.check_password(password, name=_NAME)


def test_a_hash_is_argon2id_and_knows_its_password() -> None:
    stored = passwords.hash_password("four plain words here")
    assert stored.startswith("$argon2id$")
    assert "four plain" not in stored
    assert passwords.verify_password(stored, "four plain words here")
    assert passwords.verify_password(stored, "ｆour plain words here")  # the same, typed wide
    assert not passwords.verify_password(stored, "four plain words her")
    assert not passwords.verify_password(None, "four plain words here")
    assert not passwords.verify_password("not a hash", "four plain words here")
    assert not passwords.is_old(stored)
    assert passwords.is_old("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$8nEGrIOnaDpGFSwvtJwTcA")
