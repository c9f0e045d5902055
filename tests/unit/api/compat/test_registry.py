"""Dialects as a list: names, order of claims, and every one described."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.api.compat.base import Dialect
from evenhand.api.compat.registry import ALL
from evenhand.api.errors import Problem
from evenhand.errors import NotFoundError

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "dialects.md"


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
def test_every_dialect_is_described(dialect: Dialect) -> None:
    assert f"`{dialect.name}`" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
def test_every_dialect_shapes_every_problem(dialect: Dialect) -> None:
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    for status in (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 499, 500, 503):
        for error in (None, NotFoundError("nothing there")):
            problem = Problem(status=status, code="some_code", message="what to do", error=error)
            answer = dialect.shape(problem, scope)
            # (Alibaba answers some errors with 200 and a code in the body.)
            assert answer.status_code == 200 or 400 <= answer.status_code < 600
            assert answer.body


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(
    "path", ["/", "/v1/check", "/healthz", "/docs", "/v1/decisions/x", "/metrics", "/openapi.json"]
)
def test_no_dialect_claims_the_native_api(dialect: Dialect, path: str) -> None:
    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
    assert not dialect.claims(scope)


def test_names_are_their_own() -> None:
    names = [dialect.name for dialect in ALL]
    assert len(set(names)) == len(names)
