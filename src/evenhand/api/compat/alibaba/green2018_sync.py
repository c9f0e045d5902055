"""Version 2018-05-09: texts and pictures that are answered at once, faces, and markings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import anyio.to_thread
from starlette.responses import Response

from evenhand.api.compat.alibaba import errors, labels, shadowing, similar
from evenhand.api.compat.alibaba.answers import (
    SUGGESTION,
    Answer,
    Named,
    answer_of,
    box,
    kept_answer,
    least,
    named,
    raised,
    strictest,
    words,
)
from evenhand.api.compat.alibaba.errors import CodeError
from evenhand.api.compat.alibaba.faces import check_attributes, check_seen, faces_2018
from evenhand.api.compat.alibaba.green2018_calls import (
    Asked,
    data_id,
    failed,
    objects,
    ok,
    picture,
    picture_scenes,
    scenes,
    tasks,
)
from evenhand.api.compat.alibaba.signing import NAME
from evenhand.api.compat.alibaba.tasks import find
from evenhand.app import AsyncModerator
from evenhand.domain import Content, ItemError, Result, Source
from evenhand.policy import Policy, decide
from evenhand.store import Suggestion

# Texts


async def text_scan(asked: Asked) -> Response:
    """`/green/text/scan`."""
    body = await asked.members()
    if scenes(body) != ["antispam"]:
        raise CodeError('The scene for texts is ["antispam"].')
    given = tasks(body)
    contents: list[Content | ItemError] = []
    for task in given:
        text = task.get("content")
        if isinstance(text, str) and text:
            contents.append(Content(text=text, id=data_id(task)))
        else:
            contents.append(ItemError(id=None, code="bad_input", message="content is missing"))
    results = await checked(asked, contents, body)
    data = [
        _text_task(asked, task, result) if isinstance(result, Result) else failed(task, result)
        for task, result in zip(given, results, strict=True)
    ]
    shadowing.scenes(asked.call, body, data)
    return asked.reply(data, results)


def _text_task(asked: Asked, task: Mapping[str, Any], result: Result) -> dict[str, Any]:
    text, answer = task["content"], answer_of(result)
    found = named(answer, asked.call.state.moderator.policy, labels.text_2018)
    details = [{"label": one.label, "contexts": _contexts(text, one)} for one in found]
    scene = _scene(asked.call.state.moderator.policy, "antispam", answer, found, {})
    if details:
        scene["details"] = details
    row = {**ok(task, result.decision_id), "content": text, "results": [scene]}
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
    every, given = scenes(body), tasks(body)
    wanted = picture_scenes({"scenes": own}) if (own := [one for one in every if one != similar.SCENE]) else []
    alike = [similar.searched(task) if similar.SCENE in every else None for task in given]
    results = await checked(asked, [picture(task) for task in given], body)
    data, moderator = list[dict[str, Any]](), asked.call.state.moderator
    for task, result, libraries in zip(given, results, alike, strict=True):
        if not isinstance(result, Result):
            data.append(failed(task, result))
            continue
        answer = answer_of(result)
        row = picture_task(moderator, wanted, answer, task)
        if libraries is not None:
            row["results"].append(similar.scene(answer, moderator.policy, libraries))
        data.append(row)
    shadowing.scenes(asked.call, body, data)
    return asked.reply(data, results)


async def face_detect(asked: Asked) -> Response:
    """`/green/face/detect`: glasses and smile."""
    body = await asked.members()
    check_attributes(body.get("attributes"))
    [result] = await checked(asked, [picture(body)], body)
    if isinstance(result, ItemError):
        raise CodeError(result.message, number=errors.number(result))
    check_seen(result)
    data = {**ok(body, result.decision_id), "faces": faces_2018(answer_of(result))}
    if isinstance(body.get("url"), str):
        data["url"] = body["url"]
    return asked.reply(data, [result])


def picture_task(
    moderator: AsyncModerator, wanted: Sequence[str], answer: Answer, task: Mapping[str, Any]
) -> dict[str, Any]:
    """Give one picture's results, scene by scene.

    Args:
        moderator: whose policy decides.
        wanted: the scenes asked for.
        answer: what was found in the picture.
        task: as it was sent: `dataId` and `url` come back.
    """
    known = frozenset(label for entry in moderator.detectors() for label in entry.get("labels", ()))
    rows = []
    for scene in wanted:
        found = named(answer, moderator.policy, partial(labels.in_scene, scene))
        missing = {} if labels.answered(scene, known) else {scene: "nothing here looks for this"}
        row = _scene(moderator.policy, scene, answer, found, missing)
        if scene in ("qrcode", "ad"):
            row |= _codes(answer)
        if scene == "ad" and (read := _read_words(found)):
            row["hintWordsInfo"] = [{"context": word} for word in read]
        rows.append(row)
    raised(
        rows, [[f for f in answer.findings if labels.in_scene(name, f)] for name in wanted], answer, moderator.policy
    )
    told = {"url": task["url"]} if isinstance(task.get("url"), str) else {}
    return {**ok(task, answer.decision_id), **told, "results": rows}


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
    for entry in objects(entries):
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
    about = [str(scene) for scene in entry.get("scenes") or ()]
    meant = [str(entry["label"])] if isinstance(entry.get("label"), str) else about
    await _suggest(asked, entry, [labels.NORMAL] if wanted == "pass" else meant, None)
    return asked.reply()


async def _suggest(asked: Asked, entry: Mapping[str, Any], names: Sequence[str], digest: str | None) -> None:
    task = entry.get("taskId")
    if digest is None:
        if not isinstance(task, str) or not task:
            raise CodeError("taskId is missing: it says what the marking is about.")
        if "." in task:  # of an asynchronous call
            later = await find(asked.call, task)
            task = "" if later.answer is None else later.answer.decision_id
        document = await asked.call.decision(task)
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


async def checked(
    asked: Asked, contents: Sequence[Content | ItemError], body: Mapping[str, Any]
) -> list[Result | ItemError]:
    """Check contents on the business line of the call's `bizType`; errors stay in their places."""
    business = body.get("bizType")
    good = [content for content in contents if isinstance(content, Content)]
    service = business if isinstance(business, str) else None
    answers = iter(await asked.call.check_many(good, service=service) if good else ())
    return [next(answers) if isinstance(content, Content) else content for content in contents]


def _scene(
    policy: Policy, scene: str, answer: Answer, found: Sequence[Named], missing: Mapping[str, str]
) -> dict[str, Any]:
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
