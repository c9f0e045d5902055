"""Shadow mode of DetectModerationLabels: Amazon is asked the same, with the operator's own keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import orjson

from evenhand.api.compat.aws_sigv4 import headers_for
from evenhand.api.compat.calls import Call
from evenhand.api.compat.rekognition_labels import PARENTS
from evenhand.api.compat.shadow import shadow_of
from evenhand.domain import Result

_TARGET = "RekognitionService.DetectModerationLabels"
_SENT = ("Image", "MinConfidence")  # human loops and adapters are not started a second time
_REGION = re.compile(r"rekognition\.([a-z]{2}(?:-[a-z]+)+-\d)\.")
# Labels that both sides can give, at the levels that decisions are made on.
_COMPARED = tuple(name for name in PARENTS if name != "Known Content")


def compare(call: Call, body: Mapping[str, Any], result: Result, told: Iterable[Mapping[str, Any]]) -> None:
    """Ask Amazon in the background, where EVENHAND_SHADOW_URLS says so; the key is `ACCESS_KEY_ID:SECRET`.

    Args:
        call: the request.
        body: as it came.
        result: ours.
        told: the ModerationLabels that the caller got.
    """
    shadow = shadow_of(call.request)
    if not shadow.wants(call.dialect):
        return
    sent = orjson.dumps({name: body[name] for name in _SENT if name in body})

    async def ask(client: httpx.AsyncClient, address: str, key: str) -> Mapping[str, float]:
        access_id, _, secret = key.partition(":")
        region = _REGION.search(address)
        headers = headers_for(
            f"{address}/",
            sent,
            target=_TARGET,
            pair=(access_id, secret),
            region=region[1] if region else "us-east-1",
            service="rekognition",
        )
        answer = await client.post(f"{address}/", content=sent, headers=headers)
        answer.raise_for_status()
        return _scores(answer.json()["ModerationLabels"])

    shadow.send(call.dialect, result.decision_id, _scores(told), ask)


def _scores(labels: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Give a score for every label that is compared; what was not told is 0."""
    told = {str(label["Name"]): float(label["Confidence"]) / 100 for label in labels}
    return {name: told.get(name, 0.0) for name in _COMPARED}
