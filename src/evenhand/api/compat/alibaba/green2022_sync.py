"""Version 2022-03-02: texts and pictures that are answered at once, and what is asked of earlier pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio.to_thread
import orjson
from starlette.responses import Response

from evenhand.api.compat.alibaba import errors, labels, objects, shadowing
from evenhand.api.compat.alibaba.answers import (
    RISK,
    Answer,
    Named,
    answer_of,
    kept_answer,
    least,
    named,
    strictest,
    words,
)
from evenhand.api.compat.alibaba.errors import CodeError
from evenhand.api.compat.alibaba.faces import check_attributes, check_seen, faces_2022, refused
from evenhand.api.compat.alibaba.green2022_calls import Asked, data_id
from evenhand.contents import read_file
from evenhand.domain import Action, Content, ContentKind, Result, Source, is_under
from evenhand.policy import Policy

_FACES = "facedetect"
# What is asked for by the name of a service and is nowhere here
_PERSONS = ("facecompare", "facesearch", "facerecog", "figure", "celebrity", "person")
_NOT_HERE = ("aigc", "ocr", "generalrecognition")
_TEXT_IN_IMAGE, _CUSTOM, _FIGURE = "textInImage", "customImage", "publicFigure"


# Texts


async def text_moderation(asked: Asked) -> Response:
    """TextModeration: labels with commas between, and why."""
    text, result = await _text(asked)
    answer = answer_of(result)
    found = named(answer, _policy(asked), labels.text_2022)
    # Whoever reads `labels` stops what has one: a neutral topic that nothing follows from is not among them.
    shown = [one for one in found if one.label != "political_content" or one.action is not Action.MARK]
    names, action = [one.label for one in shown], _whole(asked, answer)
    if not names and answer.incomplete:
        names = [labels.UNSURE]
    reason = ""
    if names:
        why = {
            "riskLevel": RISK[action],
            "riskTips": ",".join(_tips(shown)),
            "riskWords": ",".join(_words(text, shown)),
        }
        reason = orjson.dumps(why).decode()
    data = {
        "labels": ",".join(names),
        "reason": reason,
        **asked.said(accountId="accountId", dataId="dataId", deviceId="deviceId"),
    }
    shadowing.risk(asked.call, "TextModeration", asked.service, asked.parameters(), data, result.decision_id)
    return asked.reply(data, [result])


async def text_moderation_plus(asked: Asked) -> Response:
    """TextModerationPlus: labels with confidence, words and their places."""
    text, result = await _text(asked)
    answer = answer_of(result)
    found = named(answer, _policy(asked), labels.text_plus)
    action = _whole(asked, answer)
    rows = [_plus_row(text, one) for one in found]
    data = {
        "Result": rows or _nothing(answer),
        "RiskLevel": RISK[action],
        **asked.said(AccountId="accountId", DataId="dataId"),
    }
    if answer.languages:
        data["DetectedLanguage"] = answer.languages[0]
    shadowing.risk(asked.call, "TextModerationPlus", asked.service, asked.parameters(), data, result.decision_id)
    return asked.reply(data, [result])


async def _text(asked: Asked) -> tuple[str, Result]:
    asked.named_service()
    body = asked.parameters()
    text = body.get("content")
    if not isinstance(text, str) or not text:
        raise CodeError("ServiceParameters needs `content`, a text.")
    content = Content(text=text, id=data_id(body))
    return text, await asked.call.check(content, service=asked.service)


def _plus_row(text: str, one: Named) -> dict[str, Any]:
    hits = [finding for finding in one.findings if finding.library]
    found = [(finding, words(text, finding)) for finding in one.findings]
    row: dict[str, Any] = {
        "Label": one.label,
        "Confidence": one.confidence,
        "Description": "; ".join(_tips([one])),
        "RiskWords": ",".join(dict.fromkeys(word for _, word in found if word)),
    }
    # Positions count in code points of the text, as `content[start:end]` does in Python.
    places = [
        {"RiskWord": word, "StartPos": finding.location.span[0], "EndPos": finding.location.span[1]}
        for finding, word in found
        if word and finding.location.span is not None
    ]
    if places:
        row["RiskPositions"] = places
    if hits:
        row["CustomizedHit"] = [{"LibName": hit.library, "KeyWords": words(text, hit) or ""} for hit in hits]
    return row


# Pictures


async def image_moderation(asked: Asked) -> Response:
    """ImageModeration: labels with confidence; with `infoType` also words, libraries; faces for the face services."""
    body = asked.parameters()
    kind = image_service(asked.named_service())
    check_attributes(body.get("attributes"))
    result = await asked.call.check(await _picture(asked, body), service=asked.service)
    # The id by which DescribeImageResultExt asks for more.
    asked.request_id = result.decision_id
    answer = answer_of(result)
    if kind == _FACES:
        check_seen(result)
    data = {**image_data(_policy(asked), answer, faces=kind == _FACES), **asked.said(DataId="dataId")}
    wanted = str(body.get("infoType", "")).split(",")
    ext = {**({"FaceData": faces_2022(answer)} if kind == _FACES else {}), **_extra(asked, answer, wanted, result)}
    if ext:
        data["Ext"] = ext
    if kind != _FACES and "imageUrl" in body:  # no objects of this server's buckets
        shadowing.risk(asked.call, "ImageModeration", asked.service, body, data, result.decision_id)
    return asked.reply(data, [result])


async def image_batch_moderation(asked: Asked) -> Response:
    """ImageBatchModeration: one picture for several services, each with the rules of its own business line."""
    body = asked.parameters()
    services = [name.strip() for name in asked.named_service().split(",") if name.strip()]
    kinds = {name: image_service(name) for name in services}
    content = await _picture(asked, body)
    by_line = {asked.call.line(name): name for name in services}
    results = {line: await asked.call.check(content, service=name) for line, name in by_line.items()}
    rows, risks = [], []
    for name in services:
        answer = answer_of(results[asked.call.line(name)])
        if kinds[name] == _FACES:
            check_seen(results[asked.call.line(name)])
        data = image_data(_policy(asked), answer, faces=kinds[name] == _FACES)
        rows.append({"Service": name, "Result": data["Result"], "RiskLevel": data["RiskLevel"]})
        risks.append(_whole(asked, answer) if kinds[name] != _FACES else Action.PASS)
        if kinds[name] == _FACES:
            rows[-1]["Ext"] = {"FaceData": faces_2022(answer)}
    together = {"Results": rows, "Result": [one for row in rows for one in row["Result"]]}
    first = next(iter(results.values()))
    asked.request_id = first.decision_id
    risk = RISK[strictest(*risks)]
    return asked.reply({**together, "RiskLevel": risk, **asked.said(DataId="dataId")}, list(results.values()))


async def image_result_ext(asked: Asked) -> Response:
    """DescribeImageResultExt: more of an earlier picture, by its RequestId."""
    answer = await _kept(asked)
    wanted = asked.plain("InfoType").split(",")
    return asked.reply(_extra(asked, answer, wanted, None))


async def image_result(asked: Asked) -> Response:
    """DescribeImageModerationResult: an earlier picture, by its RequestId or ReqId."""
    answer = await _kept(asked)
    data = {**image_data(_policy(asked), answer), **asked.said(DataId="dataId")}
    return asked.reply({**data, "ReqId": answer.decision_id, "DataId": answer.data_id})


async def _kept(asked: Asked) -> Answer:
    return kept_answer(await asked.call.decision(asked.plain("ReqId")))


def image_service(name: str) -> str:
    """Give what kind of service is asked for.

    Raises:
        CodeError: none that is here.
    """
    plain = name.lower()
    if plain.startswith(_FACES):
        return _FACES
    if any(part in plain for part in _PERSONS) or plain.startswith("face"):
        raise refused(f"The service {name[:60]!r}")
    if any(part in plain for part in _NOT_HERE):
        raise CodeError(f"The service {name[:60]!r} is not available here.", number=errors.DENIED)
    return "moderation"


async def _picture(asked: Asked, body: Mapping[str, Any]) -> Content:
    if isinstance(url := body.get("imageUrl"), str) and url:
        return Content(url=url, id=data_id(body), kind=ContentKind.IMAGE)
    if objects.named(body):
        settings = asked.call.settings

        def read() -> bytes:
            return read_file(objects.file_of(body, settings), settings.max_file_bytes)

        return Content(data=await anyio.to_thread.run_sync(read), id=data_id(body), kind=ContentKind.IMAGE)
    raise CodeError("ServiceParameters needs `imageUrl`, or `ossBucketName` and `ossObjectName`.")


def image_data(policy: Policy, answer: Answer, *, faces: bool = False) -> dict[str, Any]:
    """Give `Result` and `RiskLevel` of a picture; of faces nothing follows."""
    if faces:
        present = any(finding.label == "face.present" for finding in answer.findings)
        face = {"Label": "faceDetected" if present else labels.NOTHING_2022}
        return {"Result": [face], "RiskLevel": "none"}
    found = named(answer, policy, labels.picture_2022)
    rows: list[dict[str, Any]] = [
        {
            "Label": one.label,
            "Confidence": one.confidence,
            "Description": "; ".join(_tips([one])),
            "RiskLevel": RISK[one.action],
        }
        for one in found
    ]
    action = strictest(answer.action, least(answer, policy))
    return {"Result": rows or _nothing(answer), "RiskLevel": RISK[action]}


def _extra(asked: Asked, answer: Answer, wanted: list[str], result: Result | None) -> dict[str, Any]:
    """Give what `infoType` names."""
    out: dict[str, Any] = {}
    for name in (one.strip() for one in wanted):
        if name == _FIGURE:
            raise refused("publicFigure")
        if name == _CUSTOM:
            hits = [finding.library for finding in answer.findings if finding.library and _is_image(finding)]
            out["CustomImage"] = [{"LibName": library, "LibId": library} for library in dict.fromkeys(hits)]
        elif name == _TEXT_IN_IMAGE:
            out["TextInImage"] = _text_in_image(answer, result)
        elif name:
            check_attributes(name)
    return out


def _text_in_image(answer: Answer, result: Result | None) -> dict[str, Any]:
    read = [finding for finding in answer.findings if finding.location.source is Source.OCR]
    risky = dict.fromkeys(finding.location.text for finding in read if finding.location.text and _harm(finding.label))
    hits = [finding for finding in read if finding.library]
    custom = [{"LibName": hit.library, "LibId": hit.library, "KeyWords": hit.location.text or ""} for hit in hits]
    seen = [] if result is None or result.seen is None else result.seen.words
    lines = [part for part in seen if part.origin.source is Source.OCR]
    return {
        "RiskWord": list(risky),
        "RiskWords": list(risky),
        "CustomText": custom,
        "CustomTexts": custom,
        "OcrResult": [{"Text": part.text} for part in lines],
        "OcrDatas": [part.text for part in lines],
    }


# Parts of answers


def _policy(asked: Asked) -> Policy:
    return asked.call.state.moderator.policy


def _whole(asked: Asked, answer: Answer) -> Action:
    return strictest(answer.action, least(answer, _policy(asked)))


def _nothing(answer: Answer) -> list[dict[str, Any]]:
    if answer.incomplete:
        why = "; ".join(f"{name}: {reason}" for name, reason in answer.incomplete.items())
        return [{"Label": labels.UNSURE, "Description": why}]
    return [{"Label": labels.NOTHING_2022, "Description": "no risk detected"}]


def _tips(found: list[Named]) -> list[str]:
    return list(dict.fromkeys(finding.reason for one in found for finding in one.findings))


def _words(text: str, found: list[Named]) -> list[str]:
    spoken = (words(text, finding) for one in found for finding in one.findings)
    return list(dict.fromkeys(word for word in spoken if word))


def _is_image(finding: Any) -> bool:
    return finding.location.source in (Source.IMAGE, Source.FRAME)


def _harm(label: str) -> bool:
    return not is_under(label, "face") and label not in ("ads.link", "known.white")
