"""Secrets that must be readable again, encrypted at rest with a key that is not in the database.

AES-256-GCM; the key is derived from EVENHAND_SECRET_KEY, and what a secret belongs to is authenticated with it, so that
a sealed secret cannot be moved to another row. Several keys may be set, parted by commas: the first seals, all open.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from evenhand.errors import SettingsError
from evenhand.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_LEAST = 32  # characters of a key
_MARK = 4  # bytes that tell which key sealed
_NONCE = 12  # bytes, as GCM has it


class Seal:
    """Seals and opens secrets.

    Args:
        settings: `secret_key`; needed, and checked, only when something is sealed or opened.
    """

    def __init__(self, settings: Settings) -> None:
        self._given = settings.secret_key

    def seal(self, secret: str, *, owner: str) -> bytes:
        """Encrypt a secret.

        Args:
            secret: any text.
            owner: what it belongs to; needed again to open it.

        Raises:
            SettingsError: EVENHAND_SECRET_KEY is missing or too short, or `cryptography` is not installed.
        """
        key, nonce = self._keys[0], secrets.token_bytes(_NONCE)
        sealed = self._cipher(key).encrypt(nonce, secret.encode(), owner.encode())
        return _mark(key) + nonce + sealed

    def open(self, sealed: bytes, *, owner: str) -> str:
        """Decrypt a secret.

        Raises:
            SettingsError: it was sealed with a key that is no longer set, or was changed in the database.
        """
        from cryptography.exceptions import InvalidTag

        mark, nonce, body = sealed[:_MARK], sealed[_MARK : _MARK + _NONCE], sealed[_MARK + _NONCE :]
        for key in self._keys:
            if _mark(key) == mark:
                try:
                    return self._cipher(key).decrypt(nonce, body, owner.encode()).decode()
                except InvalidTag:
                    break
        raise SettingsError(
            "A stored secret cannot be read with this EVENHAND_SECRET_KEY; set the key that it was made with "
            "(after a new one and a comma), or revoke the key pair and make another."
        )

    @cached_property
    def _keys(self) -> Sequence[bytes]:
        given = self._given.get_secret_value() if self._given is not None else ""
        texts = [text.strip() for text in given.split(",") if text.strip()]
        if not texts:
            raise SettingsError(
                "Key pairs are stored encrypted, and EVENHAND_SECRET_KEY is not set; make one with "
                "`evenhand keys secret` and keep it outside the database."
            )
        if any(len(text) < _LEAST for text in texts):
            raise SettingsError(
                f"EVENHAND_SECRET_KEY needs {_LEAST} characters or more; make one with `evenhand keys secret`."
            )
        # The text is random, not a password: one hash with a purpose in it is enough.
        return [hashlib.sha256(b"evenhand dialect secrets\0" + text.encode()).digest() for text in texts]

    @staticmethod
    def _cipher(key: bytes) -> AESGCM:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise SettingsError("Key pairs need the extra 'compat': pip install 'evenhand[compat]'.") from error
        return AESGCM(key)


def _mark(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:_MARK]
