"""OpenAI's moderations: POST /v1/moderations."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from evenhand.api.compat.base import Dialect, under
from evenhand.api.compat.calls import Call, admit
from evenhand.api.compat.categories import unanswered
from evenhand.api.compat.openai_categories import CATEGORIES, KNOWN, OMNI_ONLY, Judged, judge
from evenhand.api.compat.shadow import shadow_of
from evenhand.api.errors import Problem
from evenhand.domain import Action, Content, ContentKind, ItemError, Result
from evenhand.errors import AuthError, FetchError, InputError

NAME = "openai"
_OMNI = ("omni-moderation-latest", "omni-moderation-2024-09-26")
_TEXT = ("text-moderation-latest", "text-moderation-stable", "text-moderation-007")
_HOW = "`Authorization: Bearer KEY`, which is the client's api_key"
_VERSION = {"openai-version": "2020-10-01"}


class OpenAIError(InputError):
    """The request is not one of this API's.

    Args:
        message: what is wrong and what to do.
        param: the parameter that is wrong.
        error_code: OpenAI's name of the error; None: it has none.
        status: HTTP status.
    """

    code = "invalid_request"
    status = 400

    def __init__(self, message: str, *, param: str | None, error_code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.param, self.error_code, self.status = param, error_code, status


async def _moderations(request: Request) -> Response:
    call = await admit(request, NAME, token=_token(request), how=_HOW)

    async def work() -> Response:
        body = await call.json()
        model = _model(body.get("model"))
        entries = _entries(body, call, images=model in _OMNI)
        answers = await call.check_many([content for entry in entries for content in entry], service=model)
        alone = isinstance(body["input"], str)
        results = [_result(answer, "input" if alone else f"input[{number}]") for number, answer in enumerate(answers)]
        worst = unanswered(call, results, CATEGORIES, besides=(KNOWN,))
        rest = iter(results)
        document = {
            "id": f"modr-{results[0].decision_id}",
            "model": model,
            "results": [_answer(call, model, [next(rest) for _ in entry], worst) for entry in entries],
        }
        _ask_old_vendor(call, body, results[0], document)
        return call.reply(document, results, headers=_VERSION)

    return await call.once(work)


def _ask_old_vendor(call: Call, body: Mapping[str, Any], first: Result, document: Mapping[str, Any]) -> None:
    """Send the request to OpenAI as well, where the operator wants both compared."""
    shadow = shadow_of(call.request)
    if not shadow.wants(NAME):
        return

    async def ask(client: httpx.AsyncClient, url: str, key: str) -> Mapping[str, float]:
        answer = await client.post(f"{url}/moderations", json=dict(body), headers={"Authorization": f"Bearer {key}"})
        answer.raise_for_status()
        return _highest(answer.json())

    shadow.send(NAME, first.decision_id, _highest(document), ask)


def _highest(document: Mapping[str, Any]) -> dict[str, float]:
    """Give the highest score of each category over all inputs."""
    out: dict[str, float] = {}
    for result in document["results"]:
        for name, score in result["category_scores"].items():
            out[name] = max(float(score), out.get(name, 0.0))
    return out


def _token(request: Request) -> str | None:
    given = request.headers.get("authorization", "")
    return given[7:].strip() or None if given[:7].lower() == "bearer " else None


def _model(given: object) -> str:
    if given is None:
        return _OMNI[0]
    if not isinstance(given, str):
        raise OpenAIError(
            f"Invalid type for 'model': expected a string, but got {_kind(given)} instead.",
            param="model",
            error_code="invalid_type",
        )
    if given not in (*_OMNI, *_TEXT):
        raise OpenAIError(
            f"The model {given[:100]!a} does not exist here; there are {', '.join((*_OMNI, *_TEXT))}.",
            param="model",
            error_code="model_not_found",
            status=404,
        )
    return given


def _entries(body: Mapping[str, Any], call: Call, *, images: bool) -> list[list[Content]]:
    """Read the input: each entry gets one result, and the parts of a message are one entry together."""
    given = body.get("input")
    if given is None:
        raise OpenAIError(
            "Missing required parameter: 'input'.", param="input", error_code="missing_required_parameter"
        )
    if isinstance(given, str):
        return [[Content(text=given)]]
    if not isinstance(given, list):
        raise OpenAIError(
            "Invalid type for 'input': expected one of a string, an array of strings or an array of parts, but got "
            f"{_kind(given)} instead.",
            param="input",
            error_code="invalid_type",
        )
    if not given:
        raise OpenAIError("Invalid 'input': it must not be empty.", param="input", error_code="empty_array")
    most = call.settings.max_batch_items
    if len(given) > most:
        raise OpenAIError(
            f"Invalid 'input': array too long. Expected at most {most} entries, but got {len(given)}.",
            param="input",
            error_code="array_above_max_length",
        )
    if all(isinstance(one, str) for one in given):
        return [[Content(text=one)] for one in given]
    return [[_part(one, number, images=images) for number, one in enumerate(given)]]


def _part(given: object, number: int, *, images: bool) -> Content:
    where = f"input[{number}]"
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "text" and isinstance(given, dict) and isinstance(given.get("text"), str):
        return Content(text=given["text"])
    if kind == "image_url" and isinstance(given, dict):
        inner = given.get("image_url")
        url = inner.get("url") if isinstance(inner, dict) else None
        if isinstance(url, str):
            if not images:
                raise OpenAIError(
                    f"Invalid value for '{where}.type': the text models take no images; use {_OMNI[0]}.",
                    param=f"{where}.type",
                    error_code="invalid_value",
                )
            return _image(url, f"{where}.image_url.url")
    if kind in ("text", "image_url"):
        missing = "text" if kind == "text" else "image_url.url"
        raise OpenAIError(
            f"Missing required parameter: '{where}.{missing}', which is a string.",
            param=f"{where}.{missing}",
            error_code="missing_required_parameter",
        )
    raise OpenAIError(
        f"Invalid value for '{where}': expected a part whose type is 'text' or 'image_url', or only strings.",
        param=where,
        error_code="invalid_value",
    )


def _image(url: str, where: str) -> Content:
    if url[:5].lower() == "data:":
        head, comma, body = url[5:].partition(",")
        media_type, *parameters = (part.strip() for part in head.split(";"))
        try:
            if not comma or not parameters or parameters[-1].lower() != "base64":
                raise ValueError("a data URL has the form data:image/png;base64,...")
            # Written as in a URL where it has to be ("%2B"); clients also break lines and leave out the padding.
            packed = (unquote_to_bytes(body) if "%" in body else body.encode("ascii")).translate(None, b" \t\r\n=")
            data = base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
        except (ValueError, binascii.Error) as error:
            raise OpenAIError(
                f"Invalid image in '{where}': it cannot be read as base64 ({error}).",
                param=where,
                error_code="invalid_base64",
            ) from None
        return Content(data=data, media_type=media_type or None, kind=ContentKind.IMAGE)
    if not url.lower().startswith(("http://", "https://")):
        raise OpenAIError(
            f"Invalid '{where}': expected a URL that starts with http://, https:// or data:.",
            param=where,
            error_code="invalid_image_url",
        )
    return Content(url=url, kind=ContentKind.IMAGE)


def _result(answer: Result | ItemError, where: str) -> Result:
    if isinstance(answer, Result):
        return answer
    raise OpenAIError(
        f"Invalid '{where}': {answer.message}",
        param=where,
        error_code="image_url_unavailable" if answer.code == FetchError.code else answer.code,
        status=answer.status,
    )


def _answer(call: Call, model: str, parts: Sequence[Result], worst: frozenset[str]) -> dict[str, Any]:
    """Give the one result of contents that belong together: the worst of each."""
    line = call.line(model)
    judged = [judge(part, call.state.moderator.policy, line, context={"dialect": NAME}) for part in parts]
    flagged = frozenset[str]().union(worst, *(one.flagged for one in judged))
    names = [one.name for one in CATEGORIES if model in _OMNI or one.name not in OMNI_ONLY]
    decided = any(part.action.severity >= Action.REVIEW.severity for part in parts)
    by_decision = call.settings.openai_flagged == "decision" and decided
    return {
        "flagged": by_decision or KNOWN.name in flagged or any(name in flagged for name in names),
        "categories": {name: name in flagged for name in names},
        "category_scores": {
            name: 1.0 if name in worst else max((one.scores.get(name, 0.0) for one in judged), default=0.0)
            for name in names
        },
        "category_applied_input_types": {name: _applied(name, parts, judged) for name in names},
    }


def _applied(name: str, parts: Sequence[Result], judged: Sequence[Judged]) -> list[str]:
    kinds = {
        "text" if part.kind == "text" else "image"
        for part, one in zip(parts, judged, strict=True)
        if name in one.scores
    }
    return [kind for kind in ("text", "image") if kind in kinds]


def _kind(value: object) -> str:
    names: dict[type, str] = {bool: "a boolean", int: "an integer", float: "a number", dict: "an object"}
    return names.get(type(value), "an array" if isinstance(value, list) else "another type")


def _shape(problem: Problem, scope: Scope) -> Response:
    status = {415: 400, 422: 400}.get(problem.status, problem.status)
    kind, param, code = "invalid_request_error", None, None
    message = problem.message
    error = problem.error
    if isinstance(error, OpenAIError):
        param, code, status = error.param, error.error_code, {415: 400, 422: 400}.get(error.status, error.status)
    elif isinstance(error, AuthError):
        code = "invalid_api_key"
        message = f"Incorrect API key provided: {message}"
    elif status == 403:
        kind, code = "permission_error", "insufficient_permissions"
    elif status == 404:
        message = f"Invalid URL ({scope['method']} {scope['path'][:200]})"
    elif status == 405:
        code = "method_not_supported"
        message = (
            f"Not allowed to {scope['method']} on {scope['path'][:200]} (HINT: Perhaps you meant to use a different "
            "HTTP method?)"
        )
    elif status == 429:
        kind, code = "requests", "rate_limit_exceeded"
    elif status >= 500:
        kind, code = "server_error", problem.code
    else:
        code, param = problem.code, "input" if isinstance(error, InputError) else None
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return JSONResponse(body, status, headers={**_VERSION, **problem.headers})


DIALECT = Dialect(
    name=NAME,
    title="OpenAI moderations",
    routes=(Route("/v1/moderations", _moderations, methods=["POST"]),),
    claims=under("/v1/moderations"),
    shape=_shape,
)
