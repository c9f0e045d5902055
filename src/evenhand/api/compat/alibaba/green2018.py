"""Green 2018-05-09: addresses under `/green/`, JSON in and out, tasks of scenes."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import anyio.to_thread
import orjson
from starlette.requests import Request
from starlette.responses import Response

from evenhand.api.compat.alibaba import errors, labels
from evenhand.api.compat.alibaba.answers import (
    SUGGESTION,
    Answer,
    Named,
    answer_of,
    box,
    kept_answer,
    least,
    named,
    strictest,
    words,
)
from evenhand.api.compat.alibaba.errors import CodeError, GatewayError
from evenhand.api.compat.alibaba.faces import check_attributes, faces_2018, refused
from evenhand.api.compat.alibaba.signing import NAME, verify
from evenhand.api.compat.calls import Call, admit_pair
from evenhand.domain import Content, ContentKind, ItemError, Result, Source
from evenhand.errors import EvenhandError
from evenhand.policy import decide
from evenhand.store import Suggestion

VERSION = "2018-05-09"
_DENIED = 596  # what this version says for "not permitted"
_MOST_TASKS = 100
_PERSONS = ("/green/sface/", "/green/voice/auth/", "/green/face/compare", "/green/face/search")
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


async def endpoint(request: Request) -> Response:
    """Answer a call of any address under `/green/`."""
    signed = await verify(request)
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


# Texts


async def text_scan(asked: Asked) -> Response:
    """`/green/text/scan`."""
    body = await asked.members()
    if _scenes(body) != ["antispam"]:
        raise CodeError('The scene for texts is ["antispam"].')
    tasks = _tasks(body)
    contents: list[Content | ItemError] = []
    for task in tasks:
        text = task.get("content")
        if isinstance(text, str) and text:
            contents.append(Content(text=text, id=_data_id(task)))
        else:
            contents.append(ItemError(id=None, code="bad_input", message="content is missing"))
    results = await _check(asked, contents, body)
    data = [
        _text_task(asked, task, result) if isinstance(result, Result) else _failed(task, result)
        for task, result in zip(tasks, results, strict=True)
    ]
    return asked.reply(data, results)


def _text_task(asked: Asked, task: Mapping[str, Any], result: Result) -> dict[str, Any]:
    text, answer = task["content"], answer_of(result)
    found = named(answer, asked.call.state.moderator.policy, labels.text_2018)
    details = [{"label": one.label, "contexts": _contexts(text, one)} for one in found]
    scene = _scene(asked, "antispam", answer, found, {})
    if details:
        scene["details"] = details
    row = {**_ok(task, result.decision_id), "content": text, "results": [scene]}
    if (hidden := _hidden(text, found)) != text:
        row["filteredContent"] = hidden
    return row


def _contexts(text: str, one: Named) -> list[dict[str, Any]]:
    out = []
    for finding in one.findings:
        word = words(text, finding)
        entry: dict[str, Any] = {}
        if word:
            entry["context"] = word
        if word and finding.location.span is not None:
            start, end = finding.location.span
            entry["positions"] = [{"startPos": start, "endPos": end}]
        if finding.library:
            entry["libName"] = finding.library
        if entry:
            out.append(entry)
    return out


def _hidden(text: str, found: Sequence[Named]) -> str:
    """Give the text with the words of the operator's lists starred out."""
    letters = list(text)
    for one in found:
        for finding in one.findings:
            if finding.library and finding.location.source is Source.TEXT and finding.location.span is not None:
                start, end = finding.location.span
                letters[start:end] = "*" * (end - start)
    return "".join(letters)


# Pictures


async def image_scan(asked: Asked) -> Response:
    """`/green/image/scan`."""
    body = await asked.members()
    scenes, tasks = _picture_scenes(body), _tasks(body)
    results = await _check(asked, [_picture(task) for task in tasks], body)
    data = [
        picture_task(asked.call, scenes, answer_of(result), task)
        if isinstance(result, Result)
        else _failed(task, result)
        for task, result in zip(tasks, results, strict=True)
    ]
    return asked.reply(data, results)


async def face_detect(asked: Asked) -> Response:
    """`/green/face/detect`: glasses and smile."""
    body = await asked.members()
    check_attributes(body.get("attributes"))
    [result] = await _check(asked, [_picture(body)], body)
    if isinstance(result, ItemError):
        raise CodeError(result.message, number=errors.number(result))
    data = {**_ok(body, result.decision_id), "faces": faces_2018(answer_of(result))}
    if isinstance(body.get("url"), str):
        data["url"] = body["url"]
    return asked.reply(data, [result])


def picture_task(call: Call, scenes: Sequence[str], answer: Answer, task: Mapping[str, Any]) -> dict[str, Any]:
    """Give one picture's results, scene by scene.

    Args:
        call: the call.
        scenes: those asked for.
        answer: what was found in the picture.
        task: as it was sent: `dataId` and `url` come back.
    """
    known = frozenset(label for entry in call.state.moderator.detectors() for label in entry.get("labels", ()))
    asked, rows = Asked(call), []
    for scene in scenes:
        found = named(answer, call.state.moderator.policy, partial(labels.in_scene, scene))
        missing = {} if labels.answered(scene, known) else {scene: "nothing here looks for this"}
        row = _scene(asked, scene, answer, found, missing)
        if scene in ("qrcode", "ad"):
            row |= _codes(answer)
        if scene == "ad" and (read := _read_words(found)):
            row["hintWordsInfo"] = [{"context": word} for word in read]
        rows.append(row)
    told = {"url": task["url"]} if isinstance(task.get("url"), str) else {}
    return {**_ok(task, answer.decision_id), **told, "results": rows}


def _codes(answer: Answer) -> dict[str, Any]:
    codes = [finding for finding in answer.findings if finding.location.source is Source.CODE and finding.location.text]
    data = list(dict.fromkeys(str(finding.location.text) for finding in codes))
    places = [box(finding) for finding in answer.findings if finding.label == "ads.qrcode"]
    out: dict[str, Any] = {"qrcodeData": data} if data else {}
    if found := [place for place in places if place is not None]:
        out["qrcodeLocations"] = found
    return out


def _read_words(found: Sequence[Named]) -> list[str]:
    read = (finding for one in found for finding in one.findings if finding.location.source is Source.OCR)
    return list(dict.fromkeys(finding.location.text for finding in read if finding.location.text))


# Saying what should have been found


async def text_feedback(asked: Asked) -> Response:
    """`/green/text/feedback`: what a text should have been called."""
    body = await asked.body()
    entries = body if isinstance(body, list) else [body]
    for entry in _objects(entries):
        text = entry.get("content")
        digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest() if isinstance(text, str) else None
        await _suggest(asked, entry, [str(entry.get("label", labels.NORMAL))], digest)
    return asked.reply()


async def image_feedback(asked: Asked) -> Response:
    """`/green/image/feedback`, `/green/video/feedback`: likewise for pictures."""
    entry = await asked.members()
    wanted = entry.get("suggestion")
    if wanted not in (None, "pass", "block"):
        raise CodeError('suggestion is "pass" or "block".')
    scenes = [str(scene) for scene in entry.get("scenes") or ()]
    meant = [str(entry["label"])] if isinstance(entry.get("label"), str) else scenes
    await _suggest(asked, entry, [labels.NORMAL] if wanted == "pass" else meant, None)
    return asked.reply()


async def _suggest(asked: Asked, entry: Mapping[str, Any], names: Sequence[str], digest: str | None) -> None:
    task = entry.get("taskId")
    if digest is None:
        if not isinstance(task, str) or not task:
            raise CodeError("taskId is missing: it says what the marking is about.")
        document = await anyio.to_thread.run_sync(asked.call.state.store.decision, task)
        digest = str(document["content_hash"]).removeprefix("sha256:")
        scored = list(kept_answer(document).labels)
    else:
        scored = []
    found = {label: score for name in names for label, score in labels.meant(name).items()}
    if names == [labels.NORMAL]:
        found = dict.fromkeys(scored, 0.0)
    kept = ("taskId", "dataId", "note", "suggestion", "scenes", "label", "url")
    suggestion = Suggestion(
        dialect=NAME,
        content_hash=f"sha256:{digest}",
        scores=dict.fromkeys(names, 1.0),
        labels=found,
        details={name: entry[name] for name in kept if entry.get(name) is not None},
        key_id=asked.call.key_id,
    )
    await anyio.to_thread.run_sync(asked.call.state.store.suggestions.add, suggestion)


# Parts of calls and answers


async def _check(
    asked: Asked, contents: Sequence[Content | ItemError], body: Mapping[str, Any]
) -> list[Result | ItemError]:
    business = body.get("bizType")
    good = [content for content in contents if isinstance(content, Content)]
    service = business if isinstance(business, str) else None
    answers = iter(await asked.call.check_many(good, service=service) if good else ())
    return [next(answers) if isinstance(content, Content) else content for content in contents]


def _scene(
    asked: Asked, scene: str, answer: Answer, found: Sequence[Named], missing: Mapping[str, str]
) -> dict[str, Any]:
    policy = asked.call.state.moderator.policy
    action = strictest(least(answer, policy), *(one.action for one in found))
    if missing:
        action = strictest(action, decide(policy, answer.line, findings=(), incomplete=missing).action)
    if scene == "antispam":  # the whole content: rules may also speak of its context
        action = strictest(action, answer.action)
    top = found[0] if found else None
    clean = 100.0 * (1.0 - max((score for label, score in answer.labels.items() if _counts(label)), default=0.0))
    row = {
        "scene": scene,
        "suggestion": SUGGESTION[action],
        "label": labels.NORMAL if top is None else top.label,
        "rate": round(clean, 2) if top is None else top.confidence,
    }
    if unanswered := {**answer.incomplete, **missing}:
        row["incomplete"] = unanswered  # ours: why it went to a person
    return row


def _counts(label: str) -> bool:
    return not label.startswith(("face.", "known.", "ads.link", "ads.contact", "politics"))


def _scenes(body: Mapping[str, Any]) -> list[str]:
    scenes = body.get("scenes")
    if not isinstance(scenes, list) or not scenes or not all(isinstance(scene, str) for scene in scenes):
        raise CodeError("scenes must be a list of scenes.")
    return list(dict.fromkeys(scenes))


def _picture_scenes(body: Mapping[str, Any]) -> list[str]:
    scenes = _scenes(body)
    for scene in scenes:
        if scene.startswith(_PERSON_SCENES):
            raise refused(f"The scene {scene[:60]!r}")
        if scene not in labels.SCENES:
            raise CodeError(f"There is no scene {scene[:60]!r} here; there are {', '.join(labels.SCENES)}.")
    return scenes


def _tasks(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    tasks = _objects(body.get("tasks"))
    if not 1 <= len(tasks) <= _MOST_TASKS:
        raise CodeError(f"tasks must be a list of 1 to {_MOST_TASKS}.")
    return tasks


def _objects(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise CodeError("A list of JSON objects is needed here.")
    return value


def _picture(task: Mapping[str, Any]) -> Content | ItemError:
    url = task.get("url")
    if not isinstance(url, str) or not url:
        return ItemError(id=None, code="bad_input", message="url is missing")
    return Content(url=url, id=_data_id(task), kind=ContentKind.IMAGE)


def _data_id(task: Mapping[str, Any]) -> str | None:
    value = task.get("dataId")
    return None if value is None else str(value)[:1_024].replace("\0", "")


def _ok(task: Mapping[str, Any], task_id: str) -> dict[str, Any]:
    told = {"dataId": task["dataId"]} if task.get("dataId") is not None else {}
    return {"code": errors.OK, "msg": "OK", "taskId": task_id, **told}


def _failed(task: Mapping[str, Any], error: ItemError) -> dict[str, Any]:
    told = {name: task[name] for name in ("dataId", "url", "content") if task.get(name) is not None}
    return {"code": errors.number(error), "msg": errors.message(error), **told}


Work = Callable[[Asked], Awaitable[Response]]
ADDRESSES: dict[str, Work] = {
    "/green/text/scan": text_scan,
    "/green/text/feedback": text_feedback,
    "/green/image/scan": image_scan,
    "/green/image/feedback": image_feedback,
    "/green/face/detect": face_detect,
}
