"""AWS Rekognition (2016-06-27, JSON 1.1), as boto3 speaks it: labels of pictures and videos, faces, text; signed.

Human loops of A2I come by another service and protocol with the same clients and keys: see `human_loops`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from evenhand.api.compat import human_loops
from evenhand.api.compat.aws_errors import AwsError, shape
from evenhand.api.compat.aws_sigv4 import verified
from evenhand.api.compat.base import Dialect, header
from evenhand.api.compat.calls import Call, admit_pair
from evenhand.api.compat.rekognition_checks import checked, no_answer, reply, switched_off
from evenhand.api.compat.rekognition_faces import FACE, faces, wanted
from evenhand.api.compat.rekognition_fields import items, number, read_body, structure, text
from evenhand.api.compat.rekognition_labels import VERSION, moderations, picture_scores, vendors
from evenhand.api.compat.rekognition_shadow import compare
from evenhand.api.compat.rekognition_text import detections, read_filters
from evenhand.api.compat.rekognition_video import get_content_moderation, start_content_moderation

NAME = "rekognition"
_TARGET = "RekognitionService."
_OCR = "image.ocr"
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
    asked = structure(body, "HumanLoopConfig")
    loop = None if asked is None else human_loops.Loop(asked)
    if text(body, "ProjectVersion", least=20, most=2048) is not None:
        raise AwsError(
            "ResourceNotFoundException",
            "There are no adapters here: leave ProjectVersion out, and teach a class of pictures instead "
            "(docs/how-to/custom-classes.md).",
        )
    if loop is not None:
        await human_loops.refuse_taken(call, loop)
    result = await checked(call, body, "DetectModerationLabels", answers=lambda label: vendors(label) is not None)
    found = [one.as_dict() for one in moderations(picture_scores(result)) if 100 * one.score >= max(least, 1e-6)]
    compare(call, body, result, found)
    document: dict[str, Any] = {
        "ModerationLabels": found,
        "ModerationModelVersion": VERSION,
        "ContentTypes": [],
    }
    if loop is not None:
        document["HumanLoopActivationOutput"] = await human_loops.activation(call, loop, result)
    return reply(call, document, [result])


async def detect_faces(call: Call, body: Body) -> Response:
    """`DetectFaces`: where faces are, how well they are seen, and whether they wear glasses and smile."""
    attributes = wanted(items(body, "Attributes", most=_MOST_ATTRIBUTES))
    result = await checked(call, body, "DetectFaces", answers=lambda label: label == FACE)
    return reply(call, {"FaceDetails": faces(result, attributes)}, [result])


async def detect_text(call: Call, body: Body) -> Response:
    """`DetectText`: the words in a picture."""
    filters = read_filters(body)
    result = await checked(call, body, "DetectText", answers=None)
    found = detections(result, filters)
    if _OCR not in result.models:
        raise switched_off()
    if _OCR in result.incomplete and not (result.seen and result.seen.words):
        raise no_answer({_OCR: result.incomplete[_OCR]})
    return reply(call, {"TextDetections": found, "TextModelVersion": result.models[_OCR]}, [result])


OPERATIONS: Mapping[str, Operation] = {
    "DetectModerationLabels": detect_moderation_labels,
    "DetectFaces": detect_faces,
    "DetectText": detect_text,
    "StartContentModeration": start_content_moderation,
    "GetContentModeration": get_content_moderation,
}


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
    pair = await verified(request, NAME, services=("sagemaker",))
    return await human_loops.serve(await admit_pair(request, NAME, pair))


def _claims(scope: Scope) -> bool:
    if (header(scope, "x-amz-target") or "").startswith(_TARGET):
        return True
    return str(scope["path"]).startswith(human_loops.PATH) and "/sagemaker/" in (header(scope, "authorization") or "")


DIALECT = Dialect(
    name=NAME,
    title="AWS Rekognition 2016-06-27",
    routes=(
        Route("/", _endpoint, methods=["POST"]),
        Route(human_loops.PATH + "{rest:path}", _human_loops, methods=["GET", "POST", "DELETE"]),
    ),
    claims=_claims,
    shape=shape,
    signed=True,
)
