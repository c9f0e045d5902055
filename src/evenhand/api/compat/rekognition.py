"""AWS Rekognition (2016-06-27, JSON 1.1), as boto3 speaks it: moderation labels, faces, text. Requests are signed.

Human loops of A2I come by another service and protocol with the same clients and keys; they are refused here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from evenhand.api.compat.aws_errors import MEDIA_TYPE, AwsError, request_headers, shape
from evenhand.api.compat.aws_sigv4 import verified
from evenhand.api.compat.base import Dialect, header
from evenhand.api.compat.calls import Call, admit_pair
from evenhand.api.compat.rekognition_faces import FACE, faces, wanted
from evenhand.api.compat.rekognition_fields import items, number, read_body, structure, text
from evenhand.api.compat.rekognition_input import picture
from evenhand.api.compat.rekognition_labels import VERSION, moderations, picture_scores, vendors
from evenhand.api.compat.rekognition_text import detections, read_filters
from evenhand.domain import Content, ContentKind, PartKind, Result

NAME = "rekognition"
_TARGET = "RekognitionService."
_OCR = "image.ocr"
_LOOPS = "/human-loops"
_DEFAULT_CONFIDENCE = 50.0
_MOST_ATTRIBUTES = 100
Body = Mapping[str, Any]
Operation = Callable[[Call, Body], Awaitable[Response]]

# Whoever asks for these asks who somebody is. Nothing here answers that, whatever is paid or promised.
_IDENTITY = frozenset(
    f"{verb}{noun}"
    for verbs, noun in (
        (("Compare", "Search", "Index", "List", "Delete", "Associate", "Disassociate"), "Faces"),
        (("Search",), "FacesByImage"),
        (("Create", "Describe", "Delete"), "Collection"),
        (("List",), "Collections"),
        (("Create", "Delete"), "User"),
        (("Search", "List"), "Users"),
        (("Search",), "UsersByImage"),
        (("Recognize",), "Celebrities"),
        (("Get",), "CelebrityInfo"),
        (("Start", "Get"), "CelebrityRecognition"),
        (("Start", "Get"), "FaceSearch"),
        (("Start", "Get"), "PersonTracking"),
    )
    for verb in verbs
)


async def detect_moderation_labels(call: Call, body: Body) -> Response:
    """`DetectModerationLabels`: what is to be seen in a picture, in the vendor's taxonomy."""
    least = number(body, "MinConfidence", least=0, most=100, default=_DEFAULT_CONFIDENCE)
    loop = structure(body, "HumanLoopConfig")
    if loop is not None and not (loop.get("HumanLoopName") and loop.get("FlowDefinitionArn")):
        raise AwsError("InvalidParameterException", "HumanLoopConfig must have HumanLoopName and FlowDefinitionArn.")
    if text(body, "ProjectVersion", least=20, most=2048) is not None:
        raise AwsError(
            "ResourceNotFoundException",
            "There are no adapters here: leave ProjectVersion out, and teach a class of pictures instead "
            "(docs/how-to/custom-classes.md).",
        )
    result = await _checked(call, body, "DetectModerationLabels", answers=lambda label: vendors(label) is not None)
    found = moderations(picture_scores(result))
    return _reply(
        call,
        {
            "ModerationLabels": [one.as_dict() for one in found if 100 * one.score >= max(least, 1e-6)],
            "ModerationModelVersion": VERSION,
            "ContentTypes": [],
        },
        [result],
    )


async def detect_faces(call: Call, body: Body) -> Response:
    """`DetectFaces`: where faces are, how well they are seen, and whether they wear glasses and smile."""
    attributes = wanted(items(body, "Attributes", most=_MOST_ATTRIBUTES))
    result = await _checked(call, body, "DetectFaces", answers=lambda label: label == FACE)
    return _reply(call, {"FaceDetails": faces(result, attributes)}, [result])


async def detect_text(call: Call, body: Body) -> Response:
    """`DetectText`: the words in a picture."""
    filters = read_filters(body)
    result = await _checked(call, body, "DetectText", answers=None)
    found = detections(result, filters)
    if _OCR not in result.models:
        raise _switched_off()
    if _OCR in result.incomplete and not (result.seen and result.seen.words):
        raise _no_answer({_OCR: result.incomplete[_OCR]})
    return _reply(call, {"TextDetections": found, "TextModelVersion": result.models[_OCR]}, [result])


OPERATIONS: Mapping[str, Operation] = {
    "DetectModerationLabels": detect_moderation_labels,
    "DetectFaces": detect_faces,
    "DetectText": detect_text,
}


async def _checked(call: Call, body: Body, service: str, *, answers: Callable[[str], bool] | None) -> Result:
    """Check the picture of a request.

    Args:
        call: the request.
        body: its body.
        service: operation, which may have a business line of its own.
        answers: says of a label whether the answer rests on it; None: it rests on no label.

    Raises:
        AwsError: there is no picture, or what the answer rests on did not look at it: that never reads as clean.
    """
    data = await asyncio.to_thread(picture, body, call.settings)
    result = await call.check(Content(data=data, kind=ContentKind.IMAGE), service=service)
    if answers is None:
        return result
    looking: set[str] = set()
    for slot in call.state.moderator.registry.slots([PartKind.IMAGE]):
        # One that could not be built says nothing of its labels, and counts.
        if slot.detector is None or any(answers(label) for label in slot.detector.info.labels):
            looking.add(slot.name)
    if missing := {name: why for name, why in result.incomplete.items() if name in looking}:
        raise _no_answer(missing)
    if not looking & set(result.models):
        raise _switched_off()
    return result


def _no_answer(missing: Mapping[str, str]) -> AwsError:
    names = "; ".join(f"{name}: {why}" for name, why in missing.items())
    return AwsError("InternalServerError", f"Not all that the answer rests on could look at the picture ({names}).")


def _switched_off() -> AwsError:
    return AwsError(
        "AccessDeniedException",
        "What this operation needs is switched off here (EVENHAND_DISABLED_DETECTORS, or `skip` of the business line).",
    )


def _reply(call: Call, document: Mapping[str, Any], results: Sequence[Result] = ()) -> Response:
    return call.reply(document, results, headers=request_headers(), media_type=MEDIA_TYPE)


async def _endpoint(request: Request) -> Response:
    pair = await verified(request, NAME, services=(NAME,))
    call = await admit_pair(request, NAME, pair)
    name = request.headers.get("x-amz-target", "").removeprefix(_TARGET)
    if name in _IDENTITY:
        raise AwsError(
            "AccessDeniedException",
            f"{name}: evenhand never finds out who a person is, so it keeps, compares and searches no faces "
            "(docs/explanation/refusals.md).",
        )
    operation = OPERATIONS.get(name)
    if operation is None:
        raise AwsError(
            "UnknownOperationException", f"There is no {name[:80]!r} here; there are {', '.join(sorted(OPERATIONS))}."
        )
    body = read_body(await request.body())
    return await call.once(lambda: operation(call, body))


async def _human_loops(request: Request) -> Response:
    await admit_pair(request, NAME, await verified(request, NAME, services=("sagemaker",)))
    raise AwsError(
        "ValidationException",
        "There is no review queue here yet, so human loops cannot be started, read or stopped. Contents that a person "
        "should see have the decision 'review': read them by the id in X-Decision-Id.",
    )


def _claims(scope: Scope) -> bool:
    if (header(scope, "x-amz-target") or "").startswith(_TARGET):
        return True
    return str(scope["path"]).startswith(_LOOPS) and "/sagemaker/" in (header(scope, "authorization") or "")


DIALECT = Dialect(
    name=NAME,
    title="AWS Rekognition 2016-06-27",
    routes=(
        Route("/", _endpoint, methods=["POST"]),
        Route(_LOOPS + "{rest:path}", _human_loops, methods=["GET", "POST", "DELETE"]),
    ),
    claims=_claims,
    shape=shape,
    signed=True,
)
