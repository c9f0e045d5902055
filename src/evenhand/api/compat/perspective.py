"""Google's Perspective API (Comment Analyzer v1alpha1)."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from evenhand.api.compat.base import Dialect, under
from evenhand.api.errors import Problem

NAME = "perspective"


def _shape(problem: Problem, scope: Scope) -> Response:
    body = {"error": {"code": problem.status, "message": problem.message, "status": "INVALID_ARGUMENT"}}
    return JSONResponse(body, problem.status, headers=dict(problem.headers))


DIALECT = Dialect(
    name=NAME,
    title="Perspective API v1alpha1",
    routes=(),
    claims=under("/v1alpha1/comments:", "/$discovery/"),
    shape=_shape,
)
