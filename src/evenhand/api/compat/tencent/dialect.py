"""The dialect: which requests are Tencent Cloud's, and the actions there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from evenhand.api.compat.base import Dialect, header
from evenhand.api.compat.calls import Call, admit_pair
from evenhand.api.compat.signing import BadSignatureError
from evenhand.api.compat.tencent import moderation, shadow
from evenhand.api.compat.tencent.errors import TencentError, shape
from evenhand.api.compat.tencent.moderation import Answered
from evenhand.api.compat.tencent.signing import NAME, verify

VERSION = "2020-12-29"
Action = Callable[[Call, Mapping[str, Any]], Awaitable[Answered]]
# Action -> the service that its signature is for
ACTIONS: Mapping[str, tuple[str, Action]] = {
    "TextModeration": ("tms", moderation.text_moderation),
    "ImageModeration": ("ims", moderation.image_moderation),
}
# The clients have these; nothing here does what they do
_NOT_HERE = ("CreateImageModerationAsyncTask", "CreateFinancialLLMTask", "GetFinancialLLMTaskResult")


async def _endpoint(request: Request) -> Response:
    signed = await verify(request)
    call = await admit_pair(request, NAME, signed.pair)
    name = request.headers.get("x-tc-action", "")
    if name in _NOT_HERE:
        raise TencentError("UnsupportedOperation", f"{name} is not answered here; hand such work in as a job.")
    if name not in ACTIONS:
        raise TencentError("InvalidAction", f"There is no action {name[:80]!r}; there are {', '.join(ACTIONS)}.")
    service, action = ACTIONS[name]
    if signed.service != service:
        raise BadSignatureError(f"{name} is an action of {service}, and the signature is for {signed.service[:40]!r}.")
    if (version := request.headers.get("x-tc-version", "")) != VERSION:
        raise TencentError("NoSuchVersion", f"There is no version {version[:40]!r}; there is {VERSION}.")

    async def work() -> Response:
        body = _body(await request.body())
        answered = await action(call, body)
        shadow.compare(call, body, answered, action=name, version=VERSION, service=service)
        document = {"Response": {**answered.document, "RequestId": answered.result.decision_id}}
        return call.reply(document, [answered.result])

    return await call.once(work)


def _body(sent: bytes) -> Mapping[str, Any]:
    try:
        body = orjson.loads(sent or b"{}")
    except orjson.JSONDecodeError as error:
        raise TencentError("InvalidParameter", f"The body is not JSON ({error}).") from error
    if not isinstance(body, dict):
        raise TencentError("InvalidParameter", "The body must be a JSON object.")
    return body


def claims(scope: Scope) -> bool:
    """Say whether a request is Tencent Cloud's: an action in its own header."""
    return header(scope, "x-tc-action") is not None


DIALECT = Dialect(
    name=NAME,
    title="Tencent Cloud TextModeration (TMS) and ImageModeration (IMS) 2020-12-29",
    routes=(Route("/", _endpoint, methods=["POST"]),),
    claims=claims,
    shape=shape,
    signed=True,
)
