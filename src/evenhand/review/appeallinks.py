"""Signed links by which somebody without an account appeals against one decision, and later reads what came of it.

A link's token holds the decision, the party and the end of its time, and an HMAC-SHA256 over them. Nothing is stored:
whoever has the link may use it, for that one decision and as that one party. The key is derived from
EVENHAND_SECRET_KEY; of several, the first signs and all are good.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evenhand.domain import id_time
from evenhand.errors import InputError, NotFoundError, SettingsError
from evenhand.settings import Settings
from evenhand.store.appeals import AUTHOR, is_party

_VERSION = b"\x01"
_SIGNED = 16  # bytes of the signature that a link holds: 128 bits
_HEAD = struct.Struct(">16sI")  # decision, end in seconds since 1970
_LEAST = 32  # characters of a key
_LONGEST = 400  # characters of a token


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link says."""

    decision_id: str
    party: str
    until: datetime

    @property
    def over(self) -> bool:
        """Whether its time is over: nothing can be filed any more, but what was filed can be read."""
        return datetime.now(UTC) > self.until


class Links:
    """Makes and reads links.

    Args:
        settings: the key, how long appeals are taken, and the address of the server.
    """

    def __init__(self, settings: Settings) -> None:
        self._given = settings.secret_key.get_secret_value() if settings.secret_key is not None else ""
        self._days, self._address = settings.appeal_days, (settings.public_url or "").rstrip("/")

    def make(self, decision_id: str, *, party: str = AUTHOR, days: float | None = None) -> str:
        """Make a link's token.

        Args:
            decision_id: that is appealed against.
            party: who appeals.
            days: how long it is good; None: until appeals are taken no more.

        Raises:
            InputError: the party or the number of days cannot be used.
            NotFoundError: that is no id of a decision.
            SettingsError: EVENHAND_SECRET_KEY is missing or too short.
        """
        try:
            made = id_time(decision_id)
        except ValueError:
            raise NotFoundError(f"{decision_id[:80]!r} is no id of a decision") from None
        if not is_party(party):
            raise InputError("A party is named by up to 100 letters, digits and the characters . _ : @ -")
        if days is not None and not 0 < days <= 3_650:
            raise InputError("Give a number of days above 0, at most 3650.")
        last = made + timedelta(days=self._days)
        until = last if days is None else min(last, datetime.now(UTC) + timedelta(days=days))
        head = _HEAD.pack(uuid.UUID(decision_id).bytes, max(0, int(until.timestamp())))
        body = _VERSION + head + party.encode()
        return _text(body + self._sign(self._keys[0], body))

    def read(self, token: str) -> Link:
        """Read a token.

        Raises:
            NotFoundError: it was not made here, or was changed.
            SettingsError: EVENHAND_SECRET_KEY is missing or too short.
        """
        told = NotFoundError("this link is not good: copy it whole, or ask for a new one")
        if len(token) > _LONGEST:
            raise told
        try:
            whole = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise told from None
        body, signature = whole[:-_SIGNED], whole[-_SIGNED:]
        good = [hmac.compare_digest(self._sign(key, body), signature) for key in self._keys]
        if not any(good) or body[:1] != _VERSION or _text(whole) != token:
            raise told
        decision, end = _HEAD.unpack_from(body, 1)
        party = body[1 + _HEAD.size :].decode()
        return Link(decision_id=str(uuid.UUID(bytes=decision)), party=party, until=datetime.fromtimestamp(end, UTC))

    def address(self, token: str) -> str:
        """Give the address of a link; without EVENHAND_PUBLIC_URL only its path."""
        return f"{self._address}/appeal/{token}"

    @staticmethod
    def _sign(key: bytes, body: bytes) -> bytes:
        return hmac.new(key, body, hashlib.sha256).digest()[:_SIGNED]

    @property
    def _keys(self) -> list[bytes]:
        texts = [text.strip() for text in self._given.split(",") if text.strip()]
        if not texts or any(len(text) < _LEAST for text in texts):
            raise SettingsError(
                f"Links are signed with EVENHAND_SECRET_KEY, of {_LEAST} characters or more; make one with "
                "`evenhand keys secret`."
            )
        return [hashlib.sha256(b"evenhand appeal links\0" + text.encode()).digest() for text in texts]


def _text(whole: bytes) -> str:
    return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()
