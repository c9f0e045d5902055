"""Green 2018-05-09: addresses under `/green/`, JSON in and out, tasks of scenes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from evenhand.api.compat.alibaba import errors, people, similar
from evenhand.api.compat.alibaba import green2018_async as later
from evenhand.api.compat.alibaba import green2018_sync as now
from evenhand.api.compat.alibaba.errors import GatewayError
from evenhand.api.compat.alibaba.faces import refused
from evenhand.api.compat.alibaba.green2018_calls import Asked
from evenhand.api.compat.alibaba.signing import NAME, verify
from evenhand.api.compat.calls import admit_pair
from evenhand.errors import EvenhandError

VERSION = "2018-05-09"
_DENIED = 596  # what this version says for "not permitted"
_PERSONS = ("/green/sface/", "/green/voice/auth/", "/green/face/compare", "/green/face/search")

Work = Callable[[Asked], Awaitable[Response]]


async def endpoint(request: Request) -> Response:
    """Answer a call of any address under `/green/`."""
    signed = await verify(request)
    if signed.bare:
        raise GatewayError("IncompleteSignature", "Sign in the Authorization header: this one covers no address.")
    call = await admit_pair(request, NAME, signed.pair)
    version = request.headers.get("x-acs-version", VERSION)
    if version != VERSION:
        raise GatewayError(
            "InvalidVersion", f"There is no version {version[:40]!r} here; there is {VERSION}.", status=404
        )
    path, asked = request.url.path, Asked(call)
    work = ADDRESSES.get(path)
    if work is None and not path.startswith(_PERSONS):
        raise GatewayError("InvalidAction.NotFound", f"There is nothing at {path[:100]!r} here.", status=404)
    try:
        if work is None:
            raise refused(path)
        return await call.once(lambda: work(asked))
    except EvenhandError as error:
        if not errors.in_answer(error):
            raise
        code = errors.number(error)
        body = {
            "code": _DENIED if code == errors.DENIED else code,
            "msg": errors.message(error),
            "requestId": asked.request_id,
        }
        return call.reply(body, headers={"x-acs-request-id": asked.request_id})


ADDRESSES: Mapping[str, Work] = {
    "/green/text/scan": now.text_scan,
    "/green/text/feedback": now.text_feedback,
    "/green/image/scan": now.image_scan,
    "/green/image/asyncscan": later.image,
    "/green/image/results": later.results,
    "/green/image/feedback": now.image_feedback,
    "/green/face/detect": now.face_detect,
    "/green/video/asyncscan": later.video,
    "/green/video/results": later.results,
    "/green/video/cancelscan": later.cancel,
    "/green/video/feedback": now.image_feedback,
    "/green/voice/syncscan": later.voice_now,
    "/green/voice/asyncscan": later.voice,
    "/green/voice/results": later.results,
    "/green/voice/cancelscan": later.cancel,
    "/green/livestream/asyncscan": later.live,
    "/green/livestream/results": later.results,
    "/green/livestream/cancelscan": later.cancel,
    "/green/text/manual/asyncScan": people.text_2018,
    "/green/image/manual/asyncScan": people.image_2018,
    "/green/video/manual/asyncScan": people.recording_2018,
    "/green/voice/manual/asyncScan": people.recording_2018,
    **{f"/green/{kind}/manual/scan/results": people.results_2018 for kind in ("text", "image", "video", "voice")},
    "/green/similarity/library/add": similar.library_add,
    "/green/similarity/library/delete": similar.library_delete,
    "/green/similarity/library/get": similar.library_get,
    "/green/similarity/library/list": similar.library_list,
    "/green/similarity/image/add": similar.image_add,
    "/green/similarity/image/delete": similar.image_delete,
    "/green/similarity/image/get": similar.image_get,
    "/green/similarity/image/list": similar.image_list,
    **dict.fromkeys(
        (
            "/green/video/syncscan",
            "/green/vod/asyncscan",
            "/green/vod/results",
            "/green/file/asyncscan",
            "/green/file/asyncscanv2",
            "/green/file/results",
            "/green/webpage/scan",
            "/green/webpage/asyncscan",
            "/green/webpage/results",
            "/green/credentials/uploadcredentials",
            "/green/video/dna/add",
            "/green/video/dna/add/results",
            "/green/video/dna/delete",
            "/green/video/dna/group/add",
            "/green/video/dna/group/delete",
        ),
        later.not_enabled,
    ),
}
