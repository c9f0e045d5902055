"""Manual moderation of both versions: contents go to the review queues, and what reviewers say is the answer.

A text's or a picture's task is its decision; a recording's is its job (see `tasks`), which ends in review. With a
`callback`, each verdict that takes effect is pushed (see `pushes`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
from starlette.responses import Response

from evenhand.api.compat.alibaba import errors, labels, objects
from evenhand.api.compat.alibaba import tasks as durable
from evenhand.api.compat.alibaba.answers import RISK, kept_answer
from evenhand.api.compat.alibaba.errors import CodeError
from evenhand.api.compat.alibaba.green2018_calls import Asked as Asked2018
from evenhand.api.compat.alibaba.green2018_calls import data_id as data_id_2018
from evenhand.api.compat.alibaba.green2018_calls import failed, ok, picture, tasks
from evenhand.api.compat.alibaba.green2022_calls import Asked as Asked2022
from evenhand.api.compat.alibaba.green2022_calls import data_id
from evenhand.api.compat.calls import Call
from evenhand.api.compat.people import ask_people
from evenhand.domain import Action, Content, ContentKind, ItemError, Result
from evenhand.errors import NotFoundError
from evenhand.store import Store

WHY = "A person was asked for."
MANUAL = "manual"  # form of a task
_MOST_TEXT = 10_000  # characters
_MOST_IDS = 100
_RECORDINGS = ("audio", "voice", "video")
_SUGGESTION = {Action.PASS: "pass", Action.MARK: "pass", Action.BLOCK: "block"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A task of manual moderation as it stands."""

    id: str
    data_id: str | None
    action: Action | None = None  # None: nobody has judged it yet
    labels: Sequence[str] = ()  # of the taxonomy: those that the reviewer left or gave
    pictured: bool = False


# Version 2022-03-02


async def moderate(asked: Asked2022) -> Response:
    """ManualModeration: the service's name says what is sent ("text...", "image...", "audio...", "video...")."""
    service, body = asked.named_service(), asked.parameters()
    kind = service.lower()
    told = asked.said(DataId="dataId")
    kept = {"form": MANUAL, "service": service, **durable.callback(body)}
    if any(word in kind for word in _RECORDINGS):
        place: str | Path
        if objects.named(body) and not body.get("url"):
            place = await anyio.to_thread.run_sync(objects.file_of, body, asked.call.settings)
        else:
            place = _address(body, "url")
        name = await durable.recording(asked.call, place, data_id(body), service=service, asked=kept, person=WHY)
        return asked.reply({"TaskId": name, **told})
    if "image" in kind:
        content = Content(url=_address(body, "imageUrl", "url"), id=data_id(body), kind=ContentKind.IMAGE)
    elif "text" in kind:
        content = Content(text=_text(body), id=data_id(body))
    else:
        raise CodeError(f"The service {service[:60]!r} does not say whether it is for text, image, audio or video.")
    (result,) = await ask_people(asked.call, [content], service=service, why=WHY)
    if isinstance(result, ItemError):
        raise CodeError(result.message, number=errors.number(result))
    await _to_be_told(asked.call, result.decision_id, kept)
    return asked.reply({"TaskId": result.decision_id, **told}, [result])


async def moderated(asked: Asked2022) -> Response:
    """ManualModerationResult."""
    name = asked.parameters().get("taskId") or asked.parameters().get("TaskId")
    if not isinstance(name, str) or not name:
        raise CodeError("ServiceParameters needs `taskId`.")
    judged = await _judged(asked.call, name)
    return asked.reply(judged_data(judged), code=errors.PROCESSING if judged.action is None else errors.OK)


def judged_data(judged: Judged) -> dict[str, Any]:
    """Give `Data` of a task."""
    told = {"TaskId": judged.id, **({} if judged.data_id is None else {"DataId": judged.data_id})}
    if judged.action is None:
        return told
    table = labels.SEEN_2022 if judged.pictured else labels.TEXT_PLUS
    found = dict.fromkeys(labels.up(table, label) or label for label in judged.labels)
    rows = [{"Label": label, "Description": ""} for label in found] or [
        {"Label": labels.NOTHING_2022, "Description": ""}
    ]
    return {**told, "RiskLevel": RISK[judged.action], "Result": rows, "ReviewCount": 1}


# Version 2018-05-09


async def text_2018(asked: Asked2018) -> Response:
    """`/green/text/manual/asyncScan`."""
    body = await asked.members()
    return await _taken(asked, body, [Content(text=_text(task), id=data_id_2018(task)) for task in tasks(body)])


async def image_2018(asked: Asked2018) -> Response:
    """`/green/image/manual/asyncScan`."""
    body = await asked.members()
    contents = [picture(task) for task in tasks(body)]
    return await _taken(asked, body, contents)


async def recording_2018(asked: Asked2018) -> Response:
    """`/green/video/manual/asyncScan`, `/green/voice/manual/asyncScan`."""
    body = await asked.members()
    rows, service = [], _business(body)
    kept = {"form": MANUAL, **durable.callback(body)}
    places = [_address(task, "url") for task in tasks(body)]
    for task, place in zip(tasks(body), places, strict=True):
        name = await durable.recording(asked.call, place, data_id_2018(task), service=service, asked=kept, person=WHY)
        rows.append({**ok(task, name), "url": place})
    return asked.reply(rows)


async def results_2018(asked: Asked2018) -> Response:
    """`/green/KIND/manual/scan/results`: by the ids of tasks."""
    body = await asked.body()
    if not isinstance(body, list) or not all(isinstance(one, str) for one in body) or not 1 <= len(body) <= _MOST_IDS:
        raise CodeError(f"The body must be a list of 1 to {_MOST_IDS} task ids.")
    return asked.reply([await _row_2018(asked.call, name) for name in body])


async def _taken(asked: Asked2018, body: Mapping[str, Any], contents: Sequence[Content | ItemError]) -> Response:
    kept = {"form": MANUAL, **durable.callback(body)}
    readable = [content for content in contents if isinstance(content, Content)]
    answers = iter(await ask_people(asked.call, readable, service=_business(body), why=WHY))
    rows, results = list[dict[str, Any]](), list[Result]()
    for task, content in zip(tasks(body), contents, strict=True):
        answer = content if isinstance(content, ItemError) else next(answers)
        if isinstance(answer, ItemError):
            rows.append(failed(task, answer))
        else:
            told = {name: task[name] for name in ("url", "content") if task.get(name) is not None}
            rows.append({**ok(task, answer.decision_id), **told})
            await _to_be_told(asked.call, answer.decision_id, kept)
            results.append(answer)
    return asked.reply(rows, results)


async def _row_2018(call: Call, name: str) -> dict[str, Any]:
    try:
        return judged_row(await _judged(call, name))
    except (NotFoundError, CodeError) as error:
        return {"code": errors.number(error), "msg": errors.message(error), "taskId": name}


def judged_row(judged: Judged) -> dict[str, Any]:
    """Give a task as results and pushes of version 2018-05-09 list it."""
    told = {} if judged.data_id is None else {"dataId": judged.data_id}
    if judged.action is None:
        return {"code": errors.PROCESSING, "msg": errors.word(errors.PROCESSING), "taskId": judged.id, **told}
    table = {**labels.SEEN_2018["terrorism"], **labels.SEEN_2018["porn"]} if judged.pictured else labels.TEXT_2018
    found = list(dict.fromkeys(labels.up(table, label) or label for label in judged.labels))
    return {
        "code": errors.OK,
        "msg": errors.word(errors.OK),
        "taskId": judged.id,
        **told,
        "suggestion": _SUGGESTION[judged.action],
        "label": found[0] if found else labels.NORMAL,
        "labels": found or [labels.NORMAL],
    }


# Both


async def _judged(call: Call, name: str) -> Judged:
    """Give a task of this caller's.

    Raises:
        CodeError: its recording could not be looked at.
        NotFoundError: there is none, or it was deleted.
    """
    decision_id, known = name, None
    if "." in name:
        task = await durable.find(call, name)
        if task.answer is None:
            if task.code != errors.PROCESSING:
                raise CodeError(task.why, number=task.code)
            return Judged(id=name, data_id=task.data_id)
        decision_id, known = task.answer.decision_id, task.data_id
    await call.decision(decision_id)  # it is this caller's
    return await asyncio.to_thread(judged_of, call.state.store, decision_id, name=name, data_id=known)


def judged_of(store: Store, decision_id: str, *, name: str, data_id: str | None) -> Judged:
    """Give what people said of a decision; it blocks.

    Args:
        store: where.
        decision_id: which.
        name: the task's id.
        data_id: the caller's own id; None: the decision's.

    Raises:
        NotFoundError: it was deleted.
    """
    answer = kept_answer(store.log.get(decision_id))
    item = store.reviews.get(decision_id)
    judged = Judged(id=name, data_id=data_id or answer.data_id, pictured=answer.kind != ContentKind.TEXT.value)
    if item.state != "done" or item.verdict is None:
        return judged
    given = item.verdict["labels"]
    found = list(dict.fromkeys(finding.label for finding in answer.findings)) if given is None else given
    action = Action(item.verdict["action"])
    return Judged(
        id=name,
        data_id=judged.data_id,
        action=action,
        labels=() if action is Action.PASS and given is None else found,
        pictured=judged.pictured,
    )


async def _to_be_told(call: Call, decision_id: str, kept: Mapping[str, Any]) -> None:
    if "callback" in kept:
        source = {"task": decision_id, "asked": dict(kept)}
        ask = partial(call.state.store.review_follows.ask, tenant=call.key_id or "", source=source)
        await asyncio.to_thread(ask, decision_id, durable.PUSH)


def _text(body: Mapping[str, Any]) -> str:
    text = body.get("content")
    if not isinstance(text, str) or not text.strip():
        raise CodeError("content is missing.")
    if len(text) > _MOST_TEXT:
        raise CodeError(f"content has over {_MOST_TEXT} characters.")
    return text


def _address(body: Mapping[str, Any], *names: str) -> str:
    url = next((body[name] for name in names if body.get(name)), None)
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise CodeError(f"{' or '.join(names)} is missing, or is no http or https URL.")
    return url


def _business(body: Mapping[str, Any]) -> str | None:
    business = body.get("bizType")
    return business if isinstance(business, str) else None
