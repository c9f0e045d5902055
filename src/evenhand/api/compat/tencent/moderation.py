"""TextModeration and ImageModeration."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio.to_thread

from evenhand.api.compat.calls import Call
from evenhand.api.compat.categories import IncompleteError
from evenhand.api.compat.tencent import errors, labels
from evenhand.api.compat.tencent.answers import SEEN, Judge, Named, hits, location, summary, words
from evenhand.api.compat.tencent.errors import TencentError
from evenhand.domain import Content, ContentKind, Finding, Result, Source, is_under
from evenhand.errors import InputError, TooLargeError

Body = Mapping[str, Any]
_DATA_ID = re.compile(r"[A-Za-z0-9_\-@#]{1,64}")
_LANGUAGES = ("zh", "en")
_BLANKS = str.maketrans("", "", " \t\r\n")
_QR_CODE = "ads.qrcode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an action answers."""

    document: dict[str, Any]
    result: Result


async def text_moderation(call: Call, body: Body) -> Answered:
    """TextModeration: labels, suggestion, and hits of word lists.

    Raises:
        TencentError: the request cannot be used.
        IncompleteError: nothing that runs here judges texts.
    """
    _check_type(body, "TEXT")
    line, data_id, session = _line(body), _data_id(body, "InvalidParameter.ParameterError"), _text(body, "SessionId")
    text = _plain(body)
    language = _text(body, "SourceLanguage")
    content = Content(
        text=text,
        id=data_id or None,
        language=language if language in _LANGUAGES else None,
        context={"session_id": session[:1024]} if session else {},
    )
    try:
        result = await call.check(content, service=line)
    except TooLargeError as error:
        raise TencentError("InvalidParameterValue.ErrTextContentLen", error.message) from error
    judge = _judge(call, line, result)
    found = judge.named(lambda finding: True)
    rows = [_detail(one, text) for one in found]
    document = {
        "BizType": line or "",
        **summary(judge, found, result.incomplete),
        "Keywords": list(
            dict.fromkeys(word for row in rows if row["Suggestion"] != "Pass" for word in row["Keywords"])
        ),
        "DetailResults": rows,
        "RiskDetails": None,
        "Extra": _extra(result),
        "DataId": data_id,
        "ContextText": "",
        "SentimentAnalysis": None,
        "HitType": "",
        "SessionId": session,
        "HitSnippetInfos": [_snippet(one, text) for named in found for one in named.findings if words(one, text)],
    }
    return Answered(document=document, result=result)


async def image_moderation(call: Call, body: Body) -> Answered:
    """ImageModeration: labels of what is seen, of words read and of codes, and hits of libraries.

    Raises:
        TencentError: the request cannot be used, or the picture cannot be read.
        IncompleteError: nothing that runs here judges pictures.
    """
    _check_type(body, "IMAGE")
    line, data_id = _line(body), _data_id(body, "InvalidParameterValue.InvalidDataId")
    packed, url = _text(body, "FileContent"), _text(body, "FileUrl")
    if not packed and not url:
        raise TencentError("InvalidParameterValue.InvalidContent", "Give FileContent or FileUrl.")
    if packed:
        data, digest = await anyio.to_thread.run_sync(_unpacked, packed)
        content = Content(data=data, id=data_id or None, kind=ContentKind.IMAGE)
    else:
        digest, content = "", Content(url=url, id=data_id or None, kind=ContentKind.IMAGE)
    try:
        result = await call.check(content, service=line)
    except InputError as error:
        raise errors.of_picture(error.code, error.message) from error
    judge = _judge(call, line, result)
    found = judge.named(lambda finding: True)
    listed, coded = judge.named(_is_listed), judge.named(lambda finding: finding.label == _QR_CODE)
    seen = judge.named(lambda finding: _is_seen(finding) and not _is_listed(finding) and finding.label != _QR_CODE)
    read = judge.named(lambda finding: not _is_seen(finding) and finding.label != _QR_CODE)
    document = {
        **summary(judge, found, result.incomplete),
        "LabelResults": [_label_row(one) for one in seen],
        "ObjectResults": [_object_row(one) for one in coded],
        "OcrResults": _ocr_rows(read, result),
        "LibResults": [_library_row(one) for one in listed],
        "RecognitionResults": [],
        "DataId": data_id,
        "BizType": line or "",
        "Extra": _extra(result),
        "FileMD5": digest,
        "StoreUrl": "",
        "Reason": "; ".join(dict.fromkeys(one.findings[0].reason for one in found)),
    }
    return Answered(document=document, result=result)


def _judge(call: Call, line: str | None, result: Result) -> Judge:
    """Give the judge of a result, if anything looked.

    Raises:
        IncompleteError: nothing did.
    """
    picture = result.kind == ContentKind.IMAGE.value
    harm = [name for name in result.labels if labels.vendors(name, picture=picture) not in (None, labels.CUSTOM)]
    listed = any(is_under(one.label, "known") for one in result.findings)
    if not (harm or listed or result.incomplete):
        raise IncompleteError("No detector that runs here judges this content; see which with `evenhand detectors`.")
    return Judge(call.state.moderator.policy, call.line(line), result)


def _detail(one: Named, text: str) -> dict[str, Any]:
    told = hits(one.findings, text)
    tags = [
        {"Keyword": words(finding, text) or "", "SubLabel": finding.label, "Score": round(100 * finding.score)}
        for finding in one.findings
    ]
    return {**one.head, **told, "LibType": 2 if told["LibName"] else 0, "Tags": tags, "HitSnippetInfos": None}


def _snippet(finding: Finding, text: str) -> dict[str, Any]:
    start, end = finding.location.span or (0, 0)
    name = finding.library or finding.detector
    return {
        "Snippet": words(finding, text),
        "AtomicName": name,
        "AtomicId": name,
        "Positions": [{"Start": start, "End": end}],
    }


def _label_row(one: Named) -> dict[str, Any]:
    scores: dict[str, float] = {}
    for finding in one.findings:
        scores[finding.label] = max(finding.score, scores.get(finding.label, 0.0))
    details = [
        {"Id": number, "Name": name, "Score": round(100 * score)} for number, (name, score) in enumerate(scores.items())
    ]
    return {"Scene": one.label, **one.head, "Details": details}


def _object_row(one: Named) -> dict[str, Any]:
    details = [
        {
            "Id": number,
            "Name": "QrCode",
            "Value": finding.location.text or "",
            "Score": round(100 * finding.score),
            "Location": location(finding),
            "SubLabel": finding.label,
            "ObjectId": "",
        }
        for number, finding in enumerate(one.findings)
    ]
    return {"Scene": "QrCode", **one.head, "Names": ["QrCode"], "Details": details}


def _ocr_rows(read: Sequence[Named], result: Result) -> list[dict[str, Any]]:
    """Give the words of a picture in one row, with the labels that they led to."""
    seen = [] if result.seen is None else result.seen.words
    text = "\n".join(part.text for part in seen if part.origin.source is Source.OCR)
    if not text:
        return []
    head = read[0].head if read else {"Label": labels.NORMAL, "Suggestion": "Pass", "SubLabel": "", "Score": 0}
    details = [_ocr_detail(named, finding) for named in read for finding in named.findings]
    return [{"Scene": "OCR", **head, "Text": text, "Details": details}]


def _ocr_detail(named: Named, finding: Finding) -> dict[str, Any]:
    told = hits([finding], None)
    return {
        "Text": finding.location.text or "",
        "Label": named.label,
        "SubLabel": finding.label,
        "Score": round(100 * finding.score),
        "Location": location(finding),
        "Rate": 0,
        **told,
    }


def _library_row(one: Named) -> dict[str, Any]:
    details = [
        {
            "Id": number,
            "LibId": finding.library or "",
            "LibName": finding.library or "",
            "ImageId": "",
            "Label": one.label,
            "Tag": finding.label,
            "Score": round(100 * finding.score),
        }
        for number, finding in enumerate(one.findings)
    ]
    return {"Scene": "Similar", **one.head, "Details": details}


def _is_seen(finding: Finding) -> bool:
    return finding.location.source in SEEN


def _is_listed(finding: Finding) -> bool:
    return _is_seen(finding) and finding.library is not None


def _extra(result: Result) -> str:
    """Say what gave no answer."""
    return "; ".join(f"{name}: {why}" for name, why in sorted(result.incomplete.items()))


def _plain(body: Body) -> str:
    packed = _text(body, "Content")
    if "Content" not in body:
        raise errors.missing("Content")
    try:
        data = base64.b64decode(packed.translate(_BLANKS), validate=True)
    except (ValueError, binascii.Error):
        raise TencentError("InvalidParameterValue.ErrTextContentType", "Content must be base64.") from None
    if not data:
        raise TencentError("InvalidParameterValue.ErrTextContentLen", "Content holds no text.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise TencentError("InvalidParameterValue.ErrFileContent", "Content is not UTF-8 in base64.") from None


def _unpacked(packed: str) -> tuple[bytes, str]:
    try:
        data = base64.b64decode(packed.translate(_BLANKS), validate=True)
    except (ValueError, binascii.Error):
        raise TencentError("InvalidParameterValue.InvalidContent", "FileContent must be base64.") from None
    return data, hashlib.md5(data, usedforsecurity=False).hexdigest()


def _check_type(body: Body, own: str) -> None:
    kind = _text(body, "Type") or own
    if kind == f"{own}_AIGC":
        raise TencentError("UnsupportedOperation", "Whether a machine made a content is not looked for here.")
    if kind != own:
        name = "InvalidParameterValue.ErrType" if own == "TEXT" else "InvalidParameterValue.InvalidParameter"
        raise TencentError(name, f"Type must be {own}, not {kind[:60]!r}.")


def _line(body: Body) -> str | None:
    return _text(body, "BizType") or None


def _data_id(body: Body, kind: str) -> str:
    given = _text(body, "DataId")
    if given and _DATA_ID.fullmatch(given) is None:
        raise TencentError(kind, "DataId may have up to 64 letters, digits and _ - @ #.")
    return given


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise errors.wrong(name, value, "a string")
    return value or ""
