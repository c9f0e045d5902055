"""Green 2022-03-02: actions on `/`, `Service` and `ServiceParameters` among the parameters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from evenhand.api.compat.alibaba import errors, people
from evenhand.api.compat.alibaba import green2022_async as later
from evenhand.api.compat.alibaba import green2022_sync as now
from evenhand.api.compat.alibaba.errors import GatewayError
from evenhand.api.compat.alibaba.green2022_calls import Asked
from evenhand.api.compat.alibaba.signing import NAME, verify
from evenhand.api.compat.calls import admit_pair
from evenhand.errors import EvenhandError

VERSION = "2022-03-02"

Work = Callable[[Asked], Awaitable[Response]]


async def endpoint(request: Request) -> Response:
    """Answer a call of any action."""
    signed = await verify(request)
    headers = {} if signed.bare else request.headers  # anybody on the way could change what was not signed
    action = headers.get("x-acs-action") or signed.parameters.get("Action", "")
    version = headers.get("x-acs-version") or signed.parameters.get("Version", VERSION)
    call = await admit_pair(request, NAME, signed.pair)
    if version != VERSION:
        raise GatewayError(
            "InvalidVersion", f"There is no version {version[:40]!r} here; there is {VERSION}.", status=404
        )
    work = ACTIONS.get(action)
    if work is None:
        text = f"There is no action {action[:60]!r} here; docs/reference/dialects.md lists those that there are."
        raise GatewayError("InvalidAction.NotFound", text, status=404)
    asked = Asked(call, signed)
    try:
        return await call.once(lambda: work(asked))
    except EvenhandError as error:
        if not errors.in_answer(error):
            raise
        code, text = errors.number(error), errors.message(error)
        body = {"RequestId": asked.request_id, "Code": code, "Message": text, "Msg": text}
        return call.reply(body, headers={"x-acs-request-id": asked.request_id})


ACTIONS: Mapping[str, Work] = {
    "TextModeration": now.text_moderation,
    "TextModerationPlus": now.text_moderation_plus,
    "ImageModeration": now.image_moderation,
    "ImageBatchModeration": now.image_batch_moderation,
    "ImageAsyncModeration": later.image,
    "DescribeImageResultExt": now.image_result_ext,
    "DescribeImageModerationResult": later.image_asked,
    "VideoModeration": later.video,
    "VideoModerationResult": later.result,
    "VideoModerationCancel": later.cancel,
    "VoiceModeration": later.voice,
    "VoiceModerationResult": later.result,
    "VoiceModerationCancel": later.cancel,
    "ManualModeration": people.moderate,
    "ManualModerationResult": people.moderated,
    "DescribeUploadToken": later.no_uploads,
    **dict.fromkeys(
        (
            "DescribeFileModerationResult",
            "DescribeMultimodalModerationResult",
            "DescribeUrlModerationResult",
            "FileModeration",
            "ImageQueueModeration",
            "ManualCallback",
            "MultiModalAgent",
            "MultiModalGuard",
            "MultiModalGuardForBase64",
            "MultimodalAsyncModeration",
            "UrlAsyncModeration",
        ),
        later.not_enabled,
    ),
}
