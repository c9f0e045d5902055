"""Version 2022-03-02: tasks that are answered later, by asking or by a push."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio.to_thread
from starlette.responses import Response

from evenhand.api.compat.alibaba import errors, lives, media, objects
from evenhand.api.compat.alibaba import tasks as durable
from evenhand.api.compat.alibaba.answers import RISK, least, strictest
from evenhand.api.compat.alibaba.errors import DENIED, CodeError
from evenhand.api.compat.alibaba.green2018_async import NO_UPLOADS
from evenhand.api.compat.alibaba.green2022_calls import Asked, data_id
from evenhand.api.compat.alibaba.green2022_sync import image_data, image_result, image_service
from evenhand.api.compat.alibaba.tasks import Task
from evenhand.app import AsyncModerator
from evenhand.errors import NotFoundError

_LIVE = "live"
_LONGEST_ID = 1_024


async def image(asked: Asked) -> Response:
    """ImageAsyncModeration."""
    service, body = asked.named_service(), asked.parameters()
    if image_service(service) != "moderation":
        raise CodeError(f"The service {service[:60]!r} is answered at once: call ImageModeration.")
    kept = {"form": "image", "service": service, **durable.callback(body)}
    [task_id] = await durable.pictures(
        asked.call, [(_url(body, "imageUrl"), data_id(body))], service=service, asked=kept
    )
    return asked.reply({"ReqId": task_id, **asked.said(DataId="dataId")})


async def image_asked(asked: Asked) -> Response:
    """DescribeImageModerationResult: a task, or a picture that was answered at once."""
    name = asked.plain("ReqId")
    return await (_told(asked, name) if "." in name else image_result(asked))


async def video(asked: Asked) -> Response:
    """VideoModeration."""
    return await _recording(asked, "video")


async def voice(asked: Asked) -> Response:
    """VoiceModeration."""
    return await _recording(asked, "voice")


async def result(asked: Asked) -> Response:
    """VideoModerationResult, VoiceModerationResult."""
    name = asked.parameters().get("taskId")
    if not isinstance(name, str) or not name:
        raise CodeError("ServiceParameters needs `taskId`.")
    return await (_live_told(asked, name) if lives.is_live(name) else _told(asked, name))


async def cancel(asked: Asked) -> Response:
    """VideoModerationCancel, VoiceModerationCancel."""
    name = asked.parameters().get("taskId")
    if not isinstance(name, str) or not name:
        raise CodeError("ServiceParameters needs `taskId`.")
    await (lives.cancel(asked.call, name) if lives.is_live(name) else durable.cancel(asked.call, name))
    return asked.reply(None)


async def no_uploads(asked: Asked) -> Response:
    """DescribeUploadToken: say what there is instead."""
    raise CodeError(NO_UPLOADS, number=DENIED)


async def not_enabled(asked: Asked) -> Response:
    """Answer what is not here in the vendor's words for a service that the account does not have."""
    raise CodeError("This action is not enabled here; docs/how-to/migrate-from-alibaba.md says what is.", number=DENIED)


def task_data(moderator: AsyncModerator, task: Task) -> dict[str, Any]:
    """Give `Data` of a task that has its answer."""
    answer, policy = task.answer, moderator.policy
    if answer is None:
        raise ValueError("the task has no answer yet")
    known = {"DataId": task.data_id, "LiveId": task.asked.get("liveId")}
    told = {name: value for name, value in known.items() if value is not None}
    form, service = task.asked["form"], str(task.asked["service"])
    if form == "image":
        return {"ReqId": task.id, **told, **image_data(policy, answer)}
    risk, summary, slices = media.slices_2022(answer, policy)
    whole = RISK[strictest(answer.action, least(answer, policy))]
    data: dict[str, Any] = {"TaskId": task.id, **told, "RiskLevel": whole}
    if form == "voice":
        return {**data, "Url": task.url, "SliceDetails": slices}
    data["FrameResult"] = media.frames_2022(answer, task.media or {}, policy, service)
    return {**data, "AudioResult": {"RiskLevel": risk, "AudioSummarys": summary, "SliceDetails": slices}}


async def _recording(asked: Asked, form: str) -> Response:
    service, body = asked.named_service(), asked.parameters()
    if _LIVE in service.lower() or body.get("liveId"):
        return await _live(asked, form, service, body)
    kept = {"form": form, "service": service, **durable.callback(body)}
    place: str | Path
    if objects.named(body) and not body.get("url"):
        place = await anyio.to_thread.run_sync(objects.file_of, body, asked.call.settings)
    else:
        place = _url(body, "url")
    name = await durable.recording(asked.call, place, data_id(body), service=service, asked=kept)
    return asked.reply({"TaskId": name, **asked.said(DataId="dataId")})


async def _live(asked: Asked, form: str, service: str, body: Mapping[str, Any]) -> Response:
    url, live_id = body.get("url"), body.get("liveId")
    if not isinstance(url, str) or not url:
        raise CodeError("ServiceParameters needs `url`, the address of the stream.")
    if live_id is not None and (not isinstance(live_id, str) or len(live_id) > _LONGEST_ID):
        raise CodeError(f"liveId must be a text of at most {_LONGEST_ID:,} characters.")
    kept = {"form": form, "service": service, **({"liveId": live_id} if live_id else {}), **durable.callback(body)}
    name = await lives.submit(asked.call, url, data_id(body), service=service, asked=kept)
    return asked.reply({"TaskId": name, **asked.said(DataId="dataId", LiveId="liveId")})


async def _live_told(asked: Asked, name: str) -> Response:
    task = _ours(await lives.find(asked.call, name))
    return asked.reply(task_data(asked.call.state.moderator, task), code=task.code, why=task.why)


async def _told(asked: Asked, name: str) -> Response:
    task = _ours(await durable.find(asked.call, name))
    if task.answer is not None:
        return asked.reply(task_data(asked.call.state.moderator, task))
    if task.code != errors.PROCESSING:
        raise CodeError(task.why, number=task.code)
    return asked.reply({"TaskId": task.id, **asked.said(DataId="dataId")}, code=errors.PROCESSING)


def _ours(task: Task) -> Task:
    """Refuse a task that was handed in by the other version: its answer has another shape."""
    if "service" not in task.asked:
        raise NotFoundError(f"The task {task.id!r} was handed in by version 2018-05-09; ask for it there.")
    return task


def _url(body: Mapping[str, Any], name: str) -> str:
    url = body.get(name)
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise CodeError(f"ServiceParameters needs `{name}`, an http or https URL.")
    return url
