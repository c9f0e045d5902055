"""Azure AI Content Safety: text:analyze, image:analyze and text blocklists."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evenhand.api.compat import azure_blocklists as blocklists
from evenhand.api.compat.azure_categories import CATEGORIES, NAMES, RATED, WORST, four_levels
from evenhand.api.compat.azure_parts import NAME, AzureError, admitted, field, reply, shape
from evenhand.api.compat.base import Dialect, under
from evenhand.api.compat.calls import Call
from evenhand.api.compat.categories import unanswered
from evenhand.api.compat.shadow import shadow_of
from evenhand.domain import Content, ContentKind, JsonValue, Result

_FOUR, _EIGHT = "FourSeverityLevels", "EightSeverityLevels"
_ROOT = "/contentsafety"
_LIST = _ROOT + "/text/blocklists/{name}"


async def _text(request: Request) -> Response:
    call = await admitted(request)

    async def work() -> Response:
        body = await call.json()
        text = field(body, "text", str, required=True)
        most = call.settings.azure_max_text_chars
        if not 0 < len(text) <= most:
            raise AzureError(
                f"The text has {len(text)} characters; 1 to {most} are allowed (EVENHAND_AZURE_MAX_TEXT_CHARS).",
                target="text",
            )
        wanted, scale = _wanted(body), _scale(body, (_FOUR, _EIGHT))
        halt = field(body, "haltOnBlocklistHit", bool)
        matches = await blocklists.matches_of(call, text, body.get("blocklistNames"))
        hit: list[JsonValue] = list(dict.fromkeys(match.blocklist for match in matches))
        # Policies see which lists matched: context `blocklists`
        content = Content(text=text, context={"blocklists": hit} if hit else {})
        result = await call.check(content)
        document = {
            "blocklistsMatch": [
                {
                    "blocklistName": match.blocklist,
                    "blocklistItemId": match.item.id,
                    "blocklistItemText": match.item.text,
                }
                for match in matches
            ],
            "categoriesAnalysis": [] if halt and matches else _analysis(call, result, wanted, scale),
        }
        if document["categoriesAnalysis"]:
            sent: dict[str, Any] = {name: body[name] for name in ("text", "categories", "outputType") if name in body}
            _ask_old_vendor(call, "text", sent, result, document)
        return reply(call, document, [result])

    return await call.once(work)


async def _image(request: Request) -> Response:
    call = await admitted(request)

    async def work() -> Response:
        body = await call.json()
        wanted, scale = _wanted(body), _scale(body, (_FOUR,))
        result = await call.check(_picture(field(body, "image", dict, required=True)))
        document = {"categoriesAnalysis": _analysis(call, result, wanted, scale)}
        _ask_old_vendor(call, "image", body, result, document)
        return reply(call, document, [result])

    return await call.once(work)


def _ask_old_vendor(
    call: Call, kind: str, body: Mapping[str, Any], result: Result, document: Mapping[str, Any]
) -> None:
    """Send the request to Azure as well, where the operator wants both compared."""
    shadow = shadow_of(call.request)
    if not shadow.wants(NAME):
        return
    highest = 7 if str(body.get("outputType", "")).lower() == _EIGHT.lower() else 6

    def shares(told: Mapping[str, Any]) -> dict[str, float]:
        return {one["category"]: one["severity"] / highest for one in told["categoriesAnalysis"]}

    async def ask(client: httpx.AsyncClient, url: str, key: str) -> Mapping[str, float]:
        address = f"{url}{_ROOT}/{kind}:analyze?api-version={call.request.query_params['api-version']}"
        answer = await client.post(address, json=dict(body), headers={"Ocp-Apim-Subscription-Key": key})
        answer.raise_for_status()
        return shares(answer.json())

    shadow.send(NAME, result.decision_id, shares(document), ask)


def _wanted(body: Mapping[str, Any]) -> Sequence[str]:
    given = field(body, "categories", list)
    if not given:
        return NAMES
    names = {name.lower(): name for name in NAMES}
    if unknown := [one for one in given if not isinstance(one, str) or one.lower() not in names]:
        raise AzureError(
            f"Unknown category {str(unknown[0])[:60]!r}; there are {', '.join(NAMES)}.", target="categories"
        )
    return [name for name in NAMES if name.lower() in {one.lower() for one in given}]


def _scale(body: Mapping[str, Any], scales: Sequence[str]) -> str:
    given = field(body, "outputType", str)
    if given is None:
        return _FOUR
    found = next((scale for scale in scales if scale.lower() == given.lower()), None)
    if found is None:
        raise AzureError(f"'outputType' must be {' or '.join(scales)}.", target="outputType")
    return found


def _picture(image: Mapping[str, Any]) -> Content:
    packed, url = field(image, "content", str), field(image, "blobUrl", str)
    if (packed is None) == (url is None):
        raise AzureError("Give exactly one of 'image.content' and 'image.blobUrl'.", target="image")
    if url is not None:
        if not url.lower().startswith("https://") and not url.lower().startswith("http://"):
            raise AzureError("'image.blobUrl' must start with https://.", target="image.blobUrl")
        return Content(url=url, kind=ContentKind.IMAGE)
    try:
        data = base64.b64decode(packed.translate({9: None, 10: None, 13: None, 32: None}), validate=True)
    except (ValueError, binascii.Error):
        raise AzureError("'image.content' must be base64.", target="image.content") from None
    return Content(data=data, kind=ContentKind.IMAGE)


def _analysis(call: Call, result: Result, wanted: Sequence[str], scale: str) -> list[dict[str, Any]]:
    """Give the severities of the categories that were asked for and that a detector here can speak for."""
    asked = [one for one in CATEGORIES if one.name in wanted]
    worst = unanswered(call, [result], asked)
    out = []
    for rated in RATED:
        name = rated.category.name
        severity = WORST if name in worst else rated.severity(result.labels)
        if name in wanted and severity is not None:
            out.append({"category": name, "severity": severity if scale == _EIGHT else four_levels(severity)})
    return out


DIALECT = Dialect(
    name=NAME,
    title="Azure AI Content Safety",
    routes=(
        Route(f"{_ROOT}/text:analyze", _text, methods=["POST"]),
        Route(f"{_ROOT}/image:analyze", _image, methods=["POST"]),
        Route(f"{_ROOT}/text/blocklists", blocklists.every, methods=["GET"]),
        Route(f"{_LIST}:addOrUpdateBlocklistItems", blocklists.add, methods=["POST"]),
        Route(f"{_LIST}:removeBlocklistItems", blocklists.discard, methods=["POST"]),
        Route(f"{_LIST}/blocklistItems", blocklists.items, methods=["GET"]),
        Route(f"{_LIST}/blocklistItems/{{item}}", blocklists.item, methods=["GET"]),
        Route(_LIST, blocklists.save, methods=["PATCH"]),
        Route(_LIST, blocklists.get, methods=["GET"]),
        Route(_LIST, blocklists.remove, methods=["DELETE"]),
    ),
    claims=under(f"{_ROOT}/"),
    shape=shape,
)
