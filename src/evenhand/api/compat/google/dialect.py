"""The dialect: which requests are Google's, whose key they carry, and what is not answered."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from evenhand.api.compat.base import Dialect
from evenhand.api.compat.calls import Call, admit
from evenhand.api.compat.google import language, vision
from evenhand.api.compat.google.errors import GoogleError, shape

NAME = "google"
_HOW = "`?key=KEY` or the header X-Goog-Api-Key"
_PATHS = re.compile(r"/v\d\w*/(?:projects/[^/]+/(?:locations/[^/]+/)?)?(?:images|files|documents):")
# Calls of the two services that there are at Google's and not here
_UNSPOKEN = re.compile(
    r"/v[12]/.*(?:images:asyncBatchAnnotate|files:(?:annotate|asyncBatchAnnotate)"
    r"|documents:(?:analyze(?:Entities|EntitySentiment|Sentiment|Syntax)|annotateText|classifyText))"
)


async def _annotate(request: Request) -> Response:
    call = await _admitted(request)
    numbers = "enum-encoding=int" in (request.query_params.get("$alt") or request.query_params.get("alt") or "")
    return await call.once(lambda: vision.annotate(call, numbers=numbers))


async def _moderate(request: Request) -> Response:
    call = await _admitted(request)
    second = request.url.path.startswith("/v2/")
    return await call.once(lambda: language.moderate_text(call, second=second))


async def _other(request: Request) -> Response:
    await _admitted(request)
    path = request.url.path
    if request.method == "POST" and _UNSPOKEN.fullmatch(path):
        raise GoogleError(
            f"{path.rpartition('/')[2]} is not answered here; there are images:annotate and documents:moderateText.",
            name="UNIMPLEMENTED",
        )
    raise GoogleError(f"There is no {request.method} {path[:200]} here.", name="NOT_FOUND")


async def _admitted(request: Request) -> Call:
    header = request.headers.get("authorization", "")
    bearer = header[7:].strip() if header[:7].lower() == "bearer " else None
    token = request.query_params.get("key") or request.headers.get("x-goog-api-key") or bearer
    return await admit(request, NAME, token=token, how=_HOW)


def claims(scope: Scope) -> bool:
    """Say whether a request is Google's: a call on images, files or documents."""
    return _PATHS.match(str(scope["path"])) is not None


_PROJECT = "/v1/projects/{project}/"
DIALECT = Dialect(
    name=NAME,
    title="Google Cloud Vision (SafeSearch) and Natural Language (moderateText)",
    routes=(
        Route("/v1/images:annotate", _annotate, methods=["POST"]),
        Route(_PROJECT + "images:annotate", _annotate, methods=["POST"]),
        Route(_PROJECT + "locations/{location}/images:annotate", _annotate, methods=["POST"]),
        Route("/v1/documents:moderateText", _moderate, methods=["POST"]),
        Route("/v2/documents:moderateText", _moderate, methods=["POST"]),
        Route("/{rest:path}", _other, methods=["GET", "POST"]),
    ),
    claims=claims,
    shape=shape,
)
