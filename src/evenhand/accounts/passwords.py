"""Passwords: which are taken, and their hashes (Argon2id). Every check costs the same, whoever is asked for."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from evenhand.errors import SettingsError, UserError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST, MOST = 12, 256  # characters
_DISTINCT, _BESIDE = 5, 8
_AT_ONCE = 2  # hashes being computed in one process: each takes 64 MiB
_PATIENCE_S = 10.0
_LETTERS = "abcdefghijkmnopqrstuvwxyz23456789"  # none that looks like another
_turns = threading.BoundedSemaphore(_AT_ONCE)


class BusyError(UserError):
    """Too many people sign in at this moment."""

    code = "rate_limited"
    status = 429


def clean(password: str) -> str:
    """Give the form that is hashed: the same password typed on another keyboard is the same."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *, name: str) -> None:
    """Refuse a password that is too easily guessed.

    Args:
        password: as it was typed.
        name: the login name.

    Raises:
        ValueError: with what is wrong with it.
    """
    text = clean(password)
    if not LEAST <= len(text) <= MOST:
        raise ValueError(f"a password has {LEAST} to {MOST} characters; several words are easy to keep in mind")
    if len(set(text)) < _DISTINCT:
        raise ValueError(f"that password repeats itself: use {_DISTINCT} different characters or more")
    folded = text.casefold()
    parts = {name.casefold(), name.casefold().partition("@")[0]}
    if any(len(part) >= 3 and part in folded and len(_bare(folded.replace(part, ""))) < _BESIDE for part in parts):
        raise ValueError("that password is little more than the name: choose another one")
    if any(folded in run for run in _RUNS):
        raise ValueError("that password is a row of the keyboard or the alphabet: choose another one")


_RUNS = tuple(
    way
    for row in ("abcdefghijklmnopqrstuvwxyz", "0123456789" * 3, "qwertyuiopasdfghjklzxcvbnm", "1234567890qwertyuiop")
    for way in (row, row[::-1])
)


def _bare(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def new_password() -> str:
    """Give a random one of some 100 bits, for somebody to change at their first login."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


def hash_password(password: str) -> str:
    """Give the hash to be stored, with its salt and costs.

    Raises:
        SettingsError: the extra `console` is not installed.
        BusyError: too many are being computed.
    """
    with _turn():
        return _hasher().hash(clean(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Say whether a password is the one that was hashed. Takes as long where there is none.

    Raises:
        SettingsError, BusyError: as `hash_password`.
    """
    nobody = _nobody()  # made whoever is asked for: the first answer, too, takes the same time
    from argon2.exceptions import InvalidHashError, VerificationError

    with _turn():
        try:
            good = _hasher().verify(stored or nobody, clean(password)[: 4 * MOST])
        except (VerificationError, InvalidHashError):
            return False
    return good and stored is not None


def is_old(stored: str) -> bool:
    """Say whether a hash was made with other costs than new ones are."""
    return _hasher().check_needs_rehash(stored)


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=_PATIENCE_S):
        raise BusyError("Too many people sign in at this moment; try again in a minute.")
    try:
        yield
    finally:
        _turns.release()


@cache
def _hasher() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher
    except ImportError as error:
        raise SettingsError("Accounts need the extra 'console': pip install 'evenhand[console]'.") from error
    return PasswordHasher()  # Argon2id, 64 MiB, three passes: RFC 9106's second choice


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(24))
