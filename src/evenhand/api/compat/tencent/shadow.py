"""Shadow mode: Tencent Cloud is asked the same, with the operator's own key pair, `SECRETID:SECRETKEY`.

One address serves both services: `{service}` in it is "tms" or "ims".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from evenhand.api.compat.calls import Call
from evenhand.api.compat.shadow import shadow_of
from evenhand.api.compat.tencent.labels import NAMES
from evenhand.api.compat.tencent.moderation import Answered
from evenhand.api.compat.tencent.signing import headers_for

_SHARES = {"Pass": 0.0, "Review": 0.5, "Block": 1.0}
_ROWS = ("DetailResults", "LabelResults", "ObjectResults", "OcrResults", "LibResults")
# Labels that both sides can give; of Custom each has its own
_COMPARED = tuple(name for name in NAMES if name != "Custom")


def compare(
    call: Call, body: Mapping[str, Any], answered: Answered, *, action: str, version: str, service: str
) -> None:
    """Ask Tencent Cloud in the background, where EVENHAND_SHADOW_URLS says so.

    Args:
        call: the request.
        body: as it came.
        answered: ours.
        action: of the vendor.
        version: of the vendor's API.
        service: "tms" or "ims".
    """
    shadow = shadow_of(call.request)
    if not shadow.wants(call.dialect):
        return
    sent = orjson.dumps(dict(body))
    region = call.request.headers.get("x-tc-region", "")

    async def ask(client: httpx.AsyncClient, address: str, key: str) -> Mapping[str, float]:
        access_id, _, secret = key.partition(":")
        url = f"{root(address, service)}/"
        pair = (access_id, secret)
        headers = headers_for(url, sent, action=action, version=version, region=region, service=service, pair=pair)
        answer = await client.post(url, content=sent, headers=headers)
        answer.raise_for_status()
        return _scores(answer.json()["Response"])

    shadow.send(call.dialect, answered.result.decision_id, _scores(answered.document), ask)


def root(address: str, service: str) -> str:
    """Give the address of one of the vendor's services.

    Args:
        address: of EVENHAND_SHADOW_URLS.
        service: "tms" or "ims".
    """
    return address.replace("{service}", service)


def _scores(document: Mapping[str, Any]) -> dict[str, float]:
    """Give the suggestion as a share, and each label's highest score; what was not told is 0."""
    out = {"Suggestion": _SHARES[document["Suggestion"]], **dict.fromkeys(_COMPARED, 0.0)}
    rows = [document, *(row for name in _ROWS for row in document.get(name) or ())]
    for row in rows:
        if row.get("Label") in _COMPARED:
            out[row["Label"]] = max(float(row.get("Score") or 0) / 100, out[row["Label"]])
    return out
