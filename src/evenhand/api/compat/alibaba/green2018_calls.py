"""Calls of version 2018-05-09: their bodies read, their answers' common parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from evenhand.api.compat.alibaba import errors, labels
from evenhand.api.compat.alibaba.errors import CodeError
from evenhand.api.compat.alibaba.faces import refused
from evenhand.api.compat.calls import Call
from evenhand.domain import Content, ContentKind, ItemError

_MOST_TASKS = 100
_PERSON_SCENES = ("sface", "face")


class Asked:
    """One call."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.request_id = errors.new_request_id()

    async def body(self) -> Any:
        """Read the body.

        Raises:
            CodeError: it is no JSON.
        """
        try:
            return orjson.loads(await self.call.request.body())
        except orjson.JSONDecodeError as error:
            raise CodeError(f"The body is not JSON ({error}).") from error

    async def members(self) -> dict[str, Any]:
        """Read a body that is an object.

        Raises:
            CodeError: it is none.
        """
        body = await self.body()
        if not isinstance(body, dict):
            raise CodeError("The body must be a JSON object.")
        return body

    def reply(self, data: Any = None, results: Any = ()) -> Response:
        """Answer with `data`."""
        body: dict[str, Any] = {"code": errors.OK, "msg": "OK", "requestId": self.request_id}
        if data is not None:
            body["data"] = data
        return self.call.reply(body, results, headers={"x-acs-request-id": self.request_id})

    def whole(self, fields: Mapping[str, Any]) -> Response:
        """Answer with members beside `code` and `msg`, as the vendor's calls about libraries do."""
        body = {"code": errors.OK, "msg": "OK", "requestId": self.request_id, **fields}
        return self.call.reply(body, headers={"x-acs-request-id": self.request_id})


def scenes(body: Mapping[str, Any]) -> list[str]:
    """Read the scenes, each once.

    Raises:
        CodeError: there are none.
    """
    found = body.get("scenes")
    if not isinstance(found, list) or not found or not all(isinstance(scene, str) for scene in found):
        raise CodeError("scenes must be a list of scenes.")
    return list(dict.fromkeys(found))


def picture_scenes(body: Mapping[str, Any]) -> list[str]:
    """Read scenes of pictures.

    Raises:
        CodeError: one is about who somebody is, or is not here.
    """
    wanted = scenes(body)
    for scene in wanted:
        if scene.startswith(_PERSON_SCENES):
            raise refused(f"The scene {scene[:60]!r}")
        if scene not in labels.SCENES:
            raise CodeError(f"There is no scene {scene[:60]!r} here; there are {', '.join(labels.SCENES)}.")
    return wanted


def tasks(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Read the tasks.

    Raises:
        CodeError: there are none, or too many.
    """
    found = objects(body.get("tasks"))
    if not 1 <= len(found) <= _MOST_TASKS:
        raise CodeError(f"tasks must be a list of 1 to {_MOST_TASKS}.")
    return found


def objects(value: Any) -> list[dict[str, Any]]:
    """Read a list of objects.

    Raises:
        CodeError: it is none.
    """
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise CodeError("A list of JSON objects is needed here.")
    return value


def picture(task: Mapping[str, Any]) -> Content | ItemError:
    """Make a content of a task that names a picture; an error in its place where it names none."""
    url = task.get("url")
    if not isinstance(url, str) or not url:
        return ItemError(id=None, code="bad_input", message="url is missing")
    return Content(url=url, id=data_id(task), kind=ContentKind.IMAGE)


def data_id(task: Mapping[str, Any]) -> str | None:
    """Give the caller's own id of a task."""
    value = task.get("dataId")
    return None if value is None else str(value)[:1_024].replace("\0", "")


def ok(task: Mapping[str, Any], task_id: str) -> dict[str, Any]:
    """Begin the row of a task that was taken."""
    told = {"dataId": task["dataId"]} if task.get("dataId") is not None else {}
    return {"code": errors.OK, "msg": "OK", "taskId": task_id, **told}


def failed(task: Mapping[str, Any], error: ItemError) -> dict[str, Any]:
    """Give the row of a task whose content could not be looked at."""
    told = {name: task[name] for name in ("dataId", "url", "content") if task.get(name) is not None}
    return {"code": errors.number(error), "msg": errors.message(error), **told}
