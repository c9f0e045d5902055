"""Shadow mode: Google is asked the same, with the operator's own API key.

One address serves both services: `{service}` in it is "vision" or "language".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from evenhand.api.compat.calls import Call
from evenhand.api.compat.google.likelihoods import NAMES, RATED, UNKNOWN
from evenhand.api.compat.shadow import shadow_of
from evenhand.domain import Result

_SAFE = "SAFE_SEARCH_DETECTION"


def pictures(
    call: Call, requests: Sequence[Mapping[str, Any]], result: Result, ours: Sequence[Mapping[str, Any]]
) -> None:
    """Ask Cloud Vision in the background, where EVENHAND_SHADOW_URLS says so.

    Args:
        call: the request.
        requests: of the batch, those that ask for SafeSearch.
        result: the first of ours.
        ours: our answers to `requests`, likelihoods by number.
    """
    sent = {"requests": [{"image": one.get("image"), "features": [{"type": _SAFE}]} for one in requests]}
    _ask(call, "vision", "v1/images:annotate", sent, result, {"responses": ours}, _likelihoods)


def texts(call: Call, body: Mapping[str, Any], version: str, result: Result, document: Mapping[str, Any]) -> None:
    """Ask Cloud Natural Language in the background, where EVENHAND_SHADOW_URLS says so.

    Args:
        call: the request.
        body: as it came.
        version: "v1" or "v2".
        result: ours.
        document: our answer.
    """
    _ask(call, "language", f"{version}/documents:moderateText", body, result, document, _confidences)


def root(address: str, service: str) -> str:
    """Give the address of one of Google's services.

    Args:
        address: of EVENHAND_SHADOW_URLS.
        service: "vision" or "language".
    """
    return address.replace("{service}", service)


def _ask(
    call: Call,
    service: str,
    path: str,
    body: Mapping[str, Any],
    result: Result,
    ours: Mapping[str, Any],
    read: Callable[[Mapping[str, Any]], dict[str, float]],
) -> None:
    shadow = shadow_of(call.request)
    if not shadow.wants(call.dialect):
        return

    async def ask(client: httpx.AsyncClient, address: str, key: str) -> Mapping[str, float]:
        answer = await client.post(f"{root(address, service)}/{path}", json=dict(body), headers={"X-Goog-Api-Key": key})
        answer.raise_for_status()
        return read(answer.json())

    shadow.send(call.dialect, result.decision_id, read(ours), ask)


def _likelihoods(document: Mapping[str, Any]) -> dict[str, float]:
    """Give the highest likelihood of each category over all pictures, 0 to 1; those that nobody knows are left out."""
    out: dict[str, float] = {}
    for answer in document["responses"]:
        for rated in RATED:
            told = answer["safeSearchAnnotation"][rated.category.name]
            number = told if isinstance(told, int) else NAMES.index(told)
            if number != UNKNOWN:
                share = (number - 1) / (len(NAMES) - 2)
                out[rated.category.name] = max(share, out.get(rated.category.name, 0.0))
    return out


def _confidences(document: Mapping[str, Any]) -> dict[str, float]:
    return {one["name"]: float(one.get("confidence", 0.0)) for one in document["moderationCategories"]}
