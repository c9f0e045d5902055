"""Webhooks: an event is signed, sent, and what came back is told. Receivers check the signature with `verify`.

The form is that of the Standard Webhooks specification (https://www.standardwebhooks.com): `webhook-id` (the same in
every try: receivers drop what they have seen), `webhook-timestamp`, and `webhook-signature`, HMAC-SHA256 over
"id.timestamp.body". While a secret is being exchanged, both sign.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence

from evenhand.errors import AuthError

TOLERANCE_S = 300.0  # seconds by which a delivery's timestamp may differ from the receiver's clock
_START = "whsec_"


def headers(delivery_id: str, body: bytes, secrets: Sequence[str], *, now: float | None = None) -> dict[str, str]:
    """Give the headers of a delivery.

    Args:
        delivery_id: the same in every try.
        body: as it is sent.
        secrets: one signature each; "whsec_" and base64.
        now: seconds since 1970; None: the present.
    """
    stamp = str(int(time.time() if now is None else now))
    return {
        "content-type": "application/json",
        "user-agent": "evenhand",
        "webhook-id": delivery_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{_sign(secret, delivery_id, stamp, body)}" for secret in secrets),
    }


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    *,
    tolerance_s: float = TOLERANCE_S,
    now: float | None = None,
) -> str:
    """Check a delivery that was received; give its id, which a receiver remembers to drop a second copy.

    Args:
        headers: of the request, by lower-case names or a case-insensitive mapping.
        body: the bytes as they came, not parsed and written again.
        secrets: those that may have signed.
        tolerance_s: how old, or how far ahead, the delivery may be: an old one may be somebody's recording.
        now: seconds since 1970; None: the present.

    Raises:
        AuthError: a header is missing, the time is out of the window, or no signature fits.
    """
    delivery_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (delivery_id and given and stamp.isascii() and stamp.isdigit()):
        raise AuthError("not a signed delivery: webhook-id, webhook-timestamp or webhook-signature is missing")
    if abs((time.time() if now is None else now) - int(stamp[:12])) > tolerance_s:
        raise AuthError(f"the delivery's time is more than {tolerance_s:g} s from now: it may be a recording")
    offered = [part.partition(",")[2] for part in given.split(" ") if part.startswith("v1,")]
    for secret in secrets:
        wanted = _sign(secret, delivery_id, stamp, body)
        for one in offered:
            if hmac.compare_digest(wanted.encode(), one.encode()):
                return delivery_id
    raise AuthError("no signature of the delivery fits: check the secret")


def _sign(secret: str, delivery_id: str, stamp: str, body: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(_START), validate=True)
    except binascii.Error:
        raise AuthError("a webhook's secret is 'whsec_' and base64; this one is not") from None
    message = b".".join((delivery_id.encode(), stamp.encode(), body))
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
