"""Cloud Vision: `images:annotate`, a batch of pictures, each with the features that were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from starlette.responses import Response

from evenhand.api.compat.calls import Call
from evenhand.api.compat.categories import IncompleteError
from evenhand.api.compat.google import fields, objects, pages, seen, shadow
from evenhand.api.compat.google.errors import GoogleError, entry, within
from evenhand.api.compat.google.likelihoods import LISTED, NAMES, OWN_CLASSES, RATED, UNKNOWN, WORST, own_class
from evenhand.api.compat.rekognition_checks import looking
from evenhand.api.compat.rekognition_labels import picture_scores
from evenhand.domain import Content, ContentKind, ItemError, Result, is_under
from evenhand.errors import EvenhandError, UserError

SERVICE = "images:annotate"
MOST = 16  # pictures in one request
_KIND = "google.cloud.vision.v1.Feature.Type"
_FACES, _SAFE = "FACE_DETECTION", "SAFE_SEARCH_DETECTION"
_WORDS = ("TEXT_DETECTION", "DOCUMENT_TEXT_DETECTION")  # one reader for both, so one answer
_ANSWERED = (_FACES, *_WORDS, _SAFE)
# By number
_FEATURES = (
    "TYPE_UNSPECIFIED", _FACES, "LANDMARK_DETECTION", "LOGO_DETECTION", "LABEL_DETECTION", _WORDS[0], _SAFE,
    "IMAGE_PROPERTIES", "", "CROP_HINTS", "WEB_DETECTION", _WORDS[1], "PRODUCT_SEARCH", "",
    "", "", "", "", "", "OBJECT_LOCALIZATION",
)  # fmt: skip
_NEEDED = "Request must specify image and features."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One picture of a batch."""

    features: Mapping[str, int]  # name -> most results, 0: all
    content: Content | None  # None: there is nothing to look at
    error: EvenhandError | None  # why there is none


async def annotate(call: Call, *, numbers: bool) -> Response:
    """Answer images:annotate.

    Args:
        call: the request.
        numbers: likelihoods are wanted by number, not by name.

    Raises:
        GoogleError: the batch cannot be used. What is wrong with one picture stands in its answer.
        IncompleteError: a detector that an answer rests on gave none.
    """
    body = fields.body_of(await call.request.body())
    requests = fields.messages(body, "requests")
    if not requests:
        raise GoogleError("Request must hold at least one image request.", field="requests")
    if len(requests) > MOST:
        raise GoogleError(
            f"Too many images per request: {len(requests)}, at most {MOST} are allowed.", field="requests"
        )
    asked = await anyio.to_thread.run_sync(lambda: [_read(one, row, call) for row, one in enumerate(requests)])
    checked = iter(await call.check_many([one.content for one in asked if one.content is not None], service=SERVICE))
    answers: list[dict[str, Any]] = []
    results: list[Result] = []
    compared: list[int] = []
    for row, one in enumerate(asked):
        result = None if one.content is None else next(checked)
        if isinstance(result, Result):
            results.append(result)
        answers.append(_answer(call, one, result))
        compared += [row] if "safeSearchAnnotation" in answers[-1] else []
    if compared:
        shadow.pictures(call, [requests[row] for row in compared], results[0], [answers[row] for row in compared])
    if not numbers:
        answers = [_by_name(answer) for answer in answers]
    return call.reply({"responses": answers}, results)


def _read(request: Mapping[str, Any], row: int, call: Call) -> _Asked:
    where = f"requests[{row}]."
    wanted: dict[str, int] = {}
    for number, feature in enumerate(fields.messages(request, "features", where=where)):
        place = f"{where}features[{number}]."
        name = fields.choice(feature, "type", _FEATURES, kind=_KIND, where=place)
        wanted[name or _FEATURES[0]] = max(0, fields.number(feature, "maxResults", where=place))
    image = fields.message(request, "image", where=where)
    source = fields.message(image, "source", where=f"{where}image.")
    packed = fields.text(image, "content", where=f"{where}image.")
    address = fields.text(source, "imageUri", where=f"{where}image.source.")
    address = address or fields.text(source, "gcsImageUri", where=f"{where}image.source.")
    content, error = None, None
    try:
        if _FEATURES[0] in wanted or not wanted or not (packed or address):
            raise GoogleError(_NEEDED)
        if any(name in _ANSWERED for name in wanted):
            content = _content(packed, address, where=f"{where}image.content", call=call)
    except UserError as raised:
        error = raised
    return _Asked(features=wanted, content=content, error=error)


def _content(packed: str, address: str, *, where: str, call: Call) -> Content:
    if packed:
        return Content(data=fields.decoded(packed, where=where), kind=ContentKind.IMAGE)
    if address.startswith(objects.SCHEME):
        return Content(data=objects.read(address, call.settings), kind=ContentKind.IMAGE)
    if not address.lower().startswith(("http://", "https://")):
        raise GoogleError("image_uri must start with http://, https:// or gs://.")
    return Content(url=address, kind=ContentKind.IMAGE)


def _answer(call: Call, asked: _Asked, result: Result | ItemError | None) -> dict[str, Any]:
    """Give one AnnotateImageResponse, likelihoods by number."""
    if asked.error is not None:
        return {"error": within(asked.error)}
    if isinstance(result, ItemError):
        return {"error": within(result)}
    out: dict[str, Any] = {}
    missing = [name for name in asked.features if name not in _ANSWERED]
    if result is not None:
        if _SAFE in asked.features:
            out["safeSearchAnnotation"] = _safe(call, result)
        if reading := [name for name in _WORDS if name in asked.features]:
            read = seen.words(result)
            missing += [] if _looked(result, {seen.OCR}, partly=bool(read)) else reading
            out |= read
        if _FACES in asked.features:
            able = looking(call, lambda label: label == seen.FACE)
            missing += [] if _looked(result, able) else [_FACES]
            found = seen.faces(result, most=asked.features[_FACES])
            out |= {"faceAnnotations": found} if found else {}
    if missing:
        names = ", ".join(missing)
        out["error"] = entry("UNIMPLEMENTED", f"{names}: not answered here; there are {', '.join(_ANSWERED)}.")
    return out


def _safe(call: Call, result: Result) -> dict[str, int]:
    """Give the likelihoods of SafeSearch: of what is to be seen, and not of words in the picture."""

    def rests(label: str) -> bool:
        return any(one.takes(label) for one in RATED) or any(is_under(label, one) for one in LISTED)

    able = looking(call, rests)
    worst = False
    if lost := {name: why for name, why in result.incomplete.items() if name in able}:
        if call.settings.dialect_incomplete == "error":
            raise _incomplete(lost)
        worst = True
    scores = picture_scores(result)
    told = {one.category.name: WORST if worst else one.likelihood(scores) for one in RATED}
    if not any(told.values()):
        raise IncompleteError("No detector that runs here judges pictures; see which with `evenhand detectors`.")
    return {**told, **{name: own_class(name, scores) for name in OWN_CLASSES}}


def _looked(result: Result, able: set[str], *, partly: bool = False) -> bool:
    """Say whether something looked; False where the operator has switched all of it off.

    Raises:
        IncompleteError: it did not answer, and there is nothing to show for it either.
    """
    lost = {name: why for name, why in result.incomplete.items() if name in able}
    if lost and not partly:
        raise _incomplete(lost)
    return bool(able & set(result.models))


def _incomplete(lost: Mapping[str, str]) -> IncompleteError:
    why = "; ".join(f"{name}: {reason}" for name, reason in sorted(lost.items()))
    return IncompleteError(f"Not all that the answer rests on could look at the picture ({why}).")


def _by_name(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Give an answer with its likelihoods by name."""
    out = dict(answer)
    if "safeSearchAnnotation" in out:
        out["safeSearchAnnotation"] = {name: NAMES[number] for name, number in out["safeSearchAnnotation"].items()}
    if "faceAnnotations" in out:
        out["faceAnnotations"] = [_face_by_name(face) for face in out["faceAnnotations"]]
    if "fullTextAnnotation" in out:
        out["fullTextAnnotation"] = pages.named(out["fullTextAnnotation"])
    return out


def _face_by_name(face: Mapping[str, Any]) -> dict[str, Any]:
    return {name: NAMES[value or UNKNOWN] if name.endswith("Likelihood") else value for name, value in face.items()}
