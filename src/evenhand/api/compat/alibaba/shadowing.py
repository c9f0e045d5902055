"""Shadow mode of both versions: Alibaba Cloud is asked the same, with the operator's own keys.

What is compared is what callers act on: the risk of a content (2022-03-02), the suggestion of each scene (2018-05-09).
0 is pass, 0.3 a mark, 0.6 review, 1 block. The key is `ACCESS_KEY_ID:SECRET`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import orjson

from evenhand.api.compat.alibaba.signing import NAME
from evenhand.api.compat.calls import Call
from evenhand.api.compat.shadow import shadow_of

NEW, OLD = "2022-03-02", "2018-05-09"
_RISK = {"none": 0.0, "low": 0.3, "medium": 0.6, "high": 1.0}
_SUGGESTION = {"pass": 0.0, "review": 0.6, "block": 1.0}
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_ALGORITHM = "ACS3-HMAC-SHA256"
_NOT_SENT = frozenset({"callback", "seed", "cryptType", "referer"})  # nothing is pushed a second time


def risk(
    call: Call, action: str, service: str, parameters: Mapping[str, Any], data: Mapping[str, Any], decision_id: str
) -> None:
    """Compare an answer of version 2022-03-02, in the background, where EVENHAND_SHADOW_URLS says so.

    Args:
        call: the request.
        action: such as "TextModerationPlus".
        service: as the caller named it.
        parameters: ServiceParameters.
        data: `Data` of our answer.
        decision_id: of our decision.
    """
    shadow = shadow_of(call.request)
    if (place := shadow.place(NAME, NEW)) is None:
        return
    sent = {name: value for name, value in parameters.items() if name not in _NOT_SENT}
    body = urlencode({"Service": service, "ServiceParameters": orjson.dumps(sent).decode()}).encode()

    async def ask(client: httpx.AsyncClient, address: str, key: str) -> Mapping[str, float]:
        headers = acs3(f"{address}/", action, body, key)
        return _risk(_good(await client.post(f"{address}/", content=body, headers=headers), "Code")["Data"])

    shadow.send(place, decision_id, _risk(data), ask)


def scenes(call: Call, body: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Compare an answer of version 2018-05-09, task by task; otherwise as `risk`.

    Args:
        call: the request.
        body: as it came.
        rows: `data` of our answer.
    """
    shadow = shadow_of(call.request)
    if (place := shadow.place(NAME, OLD)) is None:
        return
    path = call.request.url.path
    for task, row in zip(body["tasks"], rows, strict=True):
        if "results" not in row:
            continue
        one = {name: value for name, value in body.items() if name not in _NOT_SENT} | {"tasks": [task]}
        sent = orjson.dumps(one)

        async def ask(
            client: httpx.AsyncClient, address: str, key: str, sent: bytes = sent
        ) -> Mapping[str, float]:  # bound now: the loop goes on
            answer = _good(await client.post(f"{address}{path}", content=sent, headers=roa(path, sent, key)), "code")
            return _suggested(_passed(answer["data"][0], "code"))

        shadow.send(place, str(row["taskId"]), _suggested(row), ask)


def acs3(url: str, action: str, body: bytes, key: str) -> dict[str, str]:
    """Sign a form that goes out from here, as ACS3-HMAC-SHA256 says; give its headers."""
    access_id, _, secret = key.partition(":")
    digest = hashlib.sha256(body).hexdigest()
    headers = {
        "content-type": _FORM,
        "host": urlsplit(url).netloc,
        "x-acs-action": action,
        "x-acs-content-sha256": digest,
        "x-acs-date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-version": NEW,
    }
    names, lines = ";".join(headers), "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n\n{lines}\n{names}\n{digest}"
    string = f"{_ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), string.encode(), "sha256").hexdigest()
    credential = f"Credential={access_id},SignedHeaders={names},Signature={signature}"
    return {**headers, "authorization": f"{_ALGORITHM} {credential}"}


def roa(path: str, body: bytes, key: str) -> dict[str, str]:
    """Sign JSON that goes out from here, in the way of version 2018-05-09; give its headers."""
    access_id, _, secret = key.partition(":")
    signed = {
        "accept": _JSON,
        "content-md5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
        "content-type": _JSON,
        "date": format_datetime(datetime.now(UTC), usegmt=True),
    }
    own = {
        "x-acs-signature-method": "HMAC-SHA1",
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-signature-version": "1.0",
        "x-acs-version": OLD,
    }
    start = "\n".join(signed.values())
    string = f"POST\n{start}\n" + "".join(f"{name}:{value}\n" for name, value in own.items()) + path
    signature = base64.b64encode(hmac.new(secret.encode(), string.encode(), "sha1").digest()).decode()
    return {**signed, **own, "authorization": f"acs {access_id}:{signature}"}


def _good(answer: httpx.Response, code: str) -> dict[str, Any]:
    answer.raise_for_status()
    return _passed(answer.json(), code)


def _passed(found: dict[str, Any], code: str) -> dict[str, Any]:
    if found.get(code) != 200:
        raise ValueError("the vendor answered with an error of its service")
    return found


def _risk(data: Mapping[str, Any]) -> dict[str, float]:
    if "RiskLevel" in data:
        return {"risk": _RISK[str(data["RiskLevel"])]}
    reason = data.get("reason")  # TextModeration has it in JSON within
    level = orjson.loads(reason)["riskLevel"] if reason else "none"
    return {"risk": _RISK[str(level)]}


def _suggested(row: Mapping[str, Any]) -> dict[str, float]:
    return {str(one["scene"]): _SUGGESTION[str(one["suggestion"])] for one in row["results"]}
