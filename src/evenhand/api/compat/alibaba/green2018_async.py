"""Version 2018-05-09: tasks that are answered later, by asking or by a push."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from evenhand.api.compat.alibaba import errors, labels, lives, media
from evenhand.api.compat.alibaba import tasks as durable
from evenhand.api.compat.alibaba.answers import answer_of, raised
from evenhand.api.compat.alibaba.errors import DENIED, CodeError
from evenhand.api.compat.alibaba.green2018_calls import Asked, data_id, failed, ok, picture_scenes, scenes, tasks
from evenhand.api.compat.alibaba.green2018_sync import checked, picture_task
from evenhand.api.compat.alibaba.tasks import Task
from evenhand.app import AsyncModerator
from evenhand.domain import Content, ContentKind, ItemError, Result
from evenhand.errors import FetchError, NotFoundError
from evenhand.intake.addresses import read_address

_MOST_IDS = 100
NO_UPLOADS = (
    "Files are not taken in by upload tokens here: give the file's url (EVENHAND_FETCH_ALLOW_HOSTS lets hosts of your "
    "own network in), or with version 2022-03-02 ossBucketName and ossObjectName of a folder of EVENHAND_S3_BUCKETS."
)


# Handing in


async def image(asked: Asked) -> Response:
    """`/green/image/asyncscan`."""
    body = await asked.members()
    kept = {"form": "image", "scenes": picture_scenes(body), **durable.callback(body)}
    rows = [(_url(task), data_id(task)) for task in tasks(body)]
    ids = await durable.pictures(asked.call, rows, service=_business(body), asked=kept)
    told = zip(tasks(body), ids, strict=True)
    return asked.reply([{**ok(task, task_id), "url": task["url"]} for task, task_id in told])


async def video(asked: Asked) -> Response:
    """`/green/video/asyncscan`."""
    return await _videos(asked, live=False)


async def _videos(asked: Asked, *, live: bool) -> Response:
    body = await asked.members()
    heard = body.get("audioScenes") or []
    if heard and heard != ["antispam"]:
        raise CodeError('audioScenes is ["antispam"].')
    kept = {"form": "video", "scenes": picture_scenes(body), "heard": bool(heard)}
    return await (_streams if live or body.get("live") else _recordings)(asked, body, kept)


async def voice(asked: Asked) -> Response:
    """`/green/voice/asyncscan`."""
    body = await asked.members()
    if scenes(body) != ["antispam"]:
        raise CodeError('The scene for voices is ["antispam"].')
    kept = {"form": "voice", "scenes": ["antispam"]}
    return await (_streams if body.get("live") else _recordings)(asked, body, kept)


async def live(asked: Asked) -> Response:
    """`/green/livestream/asyncscan`: as videos with `live`."""
    return await _videos(asked, live=True)


async def voice_now(asked: Asked) -> Response:
    """`/green/voice/syncscan`: a short recording."""
    body = await asked.members()
    if scenes(body) != ["antispam"]:
        raise CodeError('The scene for voices is ["antispam"].')
    contents = [Content(url=_url(task), id=data_id(task), kind=ContentKind.AUDIO) for task in tasks(body)]
    results = await checked(asked, contents, body)
    policy = asked.call.state.moderator.policy
    rows = []
    for task, result in zip(tasks(body), results, strict=True):
        if isinstance(result, ItemError):
            rows.append(failed(task, result))
        else:
            row = ok(task, result.decision_id)
            answer = answer_of(result)
            heard = [media.speech_2018(answer, policy)]
            raised(heard, [media.about("antispam", answer)], answer, policy)
            rows.append({**row, "url": task["url"], "results": heard})
    return asked.reply(rows, [result for result in results if isinstance(result, Result)])


async def not_enabled(asked: Asked) -> Response:
    """Answer what is not here in the vendor's words for a service that the account does not have."""
    path = asked.call.request.url.path
    if path.startswith("/green/credentials/"):
        raise CodeError(NO_UPLOADS, number=DENIED)
    raise CodeError(f"{path} is not enabled here; docs/how-to/migrate-from-alibaba.md says what is.", number=DENIED)


async def _recordings(asked: Asked, body: Mapping[str, Any], kept: Mapping[str, Any]) -> Response:
    kept = {**kept, **durable.callback(body)}
    rows = []
    for task in tasks(body):
        if "frames" in task and "url" not in task:
            raise CodeError("Single frames are not taken as a video: send its url, or the frames as pictures.")
        _url(task)
    for task in tasks(body):
        task_id = await durable.recording(asked.call, _url(task), data_id(task), service=_business(body), asked=kept)
        rows.append({**ok(task, task_id), "url": task["url"]})
    return asked.reply(rows)


async def _streams(asked: Asked, body: Mapping[str, Any], kept: Mapping[str, Any]) -> Response:
    kept = {**kept, **durable.callback(body)}
    rows = []
    for task in tasks(body):
        if not isinstance(task.get("url"), str):
            raise CodeError("url is missing.")
        read_address(task["url"])
    for task in tasks(body):
        try:
            task_id = await lives.submit(asked.call, task["url"], data_id(task), service=_business(body), asked=kept)
        except FetchError as error:  # the others are followed all the same
            rows.append(failed(task, ItemError(id=None, code=FetchError.code, message=error.message)))
        else:
            rows.append({**ok(task, task_id), "url": task["url"]})
    return asked.reply(rows)


# Asking


async def results(asked: Asked) -> Response:
    """`/green/image/results`, `/green/video/results`, `/green/voice/results`: by the ids of tasks."""
    rows = []
    for task_id in await _ids(asked):
        try:
            task = await (lives if lives.is_live(task_id) else durable).find(asked.call, task_id)
            if "scenes" not in task.asked:
                raise NotFoundError("It was handed in by another call; ask for it there.")
        except NotFoundError as error:
            rows.append({"code": errors.NOT_FOUND, "msg": errors.message(error), "taskId": task_id})
        else:
            rows.append(task_row(asked.call.state.moderator, task))
    return asked.reply(rows)


async def cancel(asked: Asked) -> Response:
    """`/green/video/cancelscan`, `/green/voice/cancelscan`."""
    rows = []
    for task_id in await _ids(asked):
        try:
            await (lives if lives.is_live(task_id) else durable).cancel(asked.call, task_id)
        except NotFoundError as error:
            rows.append({"code": errors.NOT_FOUND, "msg": errors.message(error), "taskId": task_id})
        else:
            rows.append({"code": errors.OK, "msg": "OK", "taskId": task_id})
    return asked.reply(rows)


def task_row(moderator: AsyncModerator, task: Task) -> dict[str, Any]:
    """Give a task as results and pushes list it."""
    told = {name: value for name, value in (("dataId", task.data_id), ("url", task.url)) if value is not None}
    # A stream has an answer while it runs, and where it broke off.
    code = task.code if task.answer is None or lives.is_live(task.id) else errors.OK
    word = errors.word(code)
    msg = f"{word}: {task.why}" if task.why else word
    row: dict[str, Any] = {"code": code, "msg": msg, "taskId": task.id, **told}
    if task.answer is None:
        return row
    if task.asked["form"] == "image":
        return {**row, "results": picture_task(moderator, task.asked["scenes"], task.answer, {})["results"]}
    policy = moderator.policy
    if task.asked["form"] == "voice":
        row["results"] = [media.speech_2018(task.answer, policy)]
        raised(row["results"], [media.about("antispam", task.answer)], task.answer, policy)
        return row
    known = frozenset(label for entry in moderator.detectors() for label in entry.get("labels", ()))
    row["results"] = [
        media.scene_2018(scene, task.answer, policy, missing=not labels.answered(scene, known))
        for scene in task.asked["scenes"]
    ]
    if task.asked.get("heard"):
        row["audioScanResults"] = [media.speech_2018(task.answer, policy)]
    rows = [*row["results"], *row.get("audioScanResults", ())]
    raised(rows, [media.about(one["scene"], task.answer) for one in rows], task.answer, policy)
    return row


async def _ids(asked: Asked) -> Sequence[str]:
    body = await asked.body()
    if not isinstance(body, list) or not all(isinstance(one, str) for one in body) or not 1 <= len(body) <= _MOST_IDS:
        raise CodeError(f"The body must be a list of 1 to {_MOST_IDS} task ids.")
    return body


def _url(task: Mapping[str, Any]) -> str:
    url = task.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise CodeError("url is missing, or is no http or https URL.")
    return url


def _business(body: Mapping[str, Any]) -> str | None:
    business = body.get("bizType")
    return business if isinstance(business, str) else None
