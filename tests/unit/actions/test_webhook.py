"""Signatures: what fits is taken, what was changed, delayed or signed by another is not."""

from __future__ import annotations

import base64
import re
import time
from pathlib import Path
from typing import Any

import pytest

from evenhand.actions.webhook import headers, verify
from evenhand.errors import AuthError

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = b'{"type":"job.done"}'
NOW = 1_700_000_000.0


def test_the_example_of_the_specification_s_reference_library() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    made = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', [secret], now=1614265330)
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_was_signed_is_taken_and_gives_its_id() -> None:
    assert verify(headers("d1", BODY, [SECRET], now=NOW), BODY, [OTHER, SECRET], now=NOW + 299) == "d1"


BAD: list[tuple[str, dict[str, str], bytes, float]] = [
    ("another body", {}, BODY + b" ", NOW),
    ("another id", {"webhook-id": "d2"}, BODY, NOW),
    ("another time", {"webhook-timestamp": str(int(NOW) + 1)}, BODY, NOW),
    ("too late", {}, BODY, NOW + 301),
    ("too early", {}, BODY, NOW - 301),
    ("no signature", {"webhook-signature": ""}, BODY, NOW),
    ("another version", {"webhook-signature": "v2,abc"}, BODY, NOW),
    ("no number", {"webhook-timestamp": "soon"}, BODY, NOW),
    ("a huge number", {"webhook-timestamp": "9" * 400}, BODY, NOW),
    ("no ASCII digits", {"webhook-timestamp": "\u0661\u0662"}, BODY, NOW),
    ("no ASCII", {"webhook-signature": "v1,\u00e9"}, BODY, NOW),
]


@pytest.mark.parametrize(("changed", "body", "now"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_does_not_fit_is_refused(changed: dict[str, str], body: bytes, now: float) -> None:
    with pytest.raises(AuthError):
        verify({**headers("d1", BODY, [SECRET], now=NOW), **changed}, body, [SECRET], now=now)


def test_another_s_signature_is_refused() -> None:
    with pytest.raises(AuthError):
        verify(headers("d1", BODY, [OTHER], now=NOW), BODY, [SECRET], now=NOW)


def test_the_receiver_in_the_docs_does_the_same() -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "webhooks.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    both = headers("d1", BODY, [OTHER, SECRET])
    assert names["verify"](both, BODY, SECRET) == names["verify"](both, BODY, OTHER) == "d1"
    for given, body in ((both, BODY + b" "), ({**both, "webhook-id": "d2"}, BODY)):
        with pytest.raises(ValueError, match="no signature fits"):
            names["verify"](given, body, SECRET)
    with pytest.raises(ValueError, match="recording"):
        names["verify"](headers("d1", BODY, [SECRET], now=time.time() - 1_000), BODY, SECRET)
