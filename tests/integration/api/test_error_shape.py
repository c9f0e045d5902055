"""One error shape over all endpoints, whatever goes wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server import quick, serving

BAD: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("POST", "/v1/check", {"content": b""}, 422, "bad_input"),
    ("POST", "/v1/check", {"content": b"\xff\xfe"}, 422, "bad_input"),
    ("POST", "/v1/check", {"content": b"[" * 100_000}, 422, "bad_input"),
    ("POST", "/v1/check", {"json": []}, 422, "bad_input"),
    ("POST", "/v1/check", {"json": {}}, 422, "bad_input"),
    ("POST", "/v1/check", {"json": {"text": "a", "line": "no-such-line"}}, 422, "bad_policy"),
    ("POST", "/v1/check", {"json": {"text": "a", "line": 7}}, 422, "bad_input"),
    ("POST", "/v1/check", {"json": {"text": "a", "all_scores": "yes"}}, 422, "bad_input"),
    ("POST", "/v1/check", {"json": {"text": "a", "path": "/etc/passwd"}}, 422, "bad_input"),
    ("POST", "/v1/check", {"json": {"text": "a" * 1_000_001}}, 413, "too_large"),
    ("POST", "/v1/check", {"json": {"data": "AAAA"}}, 415, "unsupported"),
    ("POST", "/v1/check", {"json": {"url": "http://127.0.0.1/x"}}, 422, "fetch_failed"),
    ("POST", "/v1/check", {"json": {"url": "http://169.254.169.254/latest"}}, 422, "fetch_failed"),
    ("POST", "/v1/check", {"json": {"url": "file:///etc/passwd"}}, 422, "fetch_failed"),
    ("POST", "/v1/check", {"content": b"a=b", "headers": {"content-type": "text/plain"}}, 415, "unsupported"),
    ("POST", "/v1/check", {"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "bad_request"),
    ("POST", "/v1/check", {"content": b"x" * (48 * 2**20 + 1)}, 413, "too_large"),
    ("POST", "/v1/check", {"json": {"text": "a", "id": "x" * 1_025}}, 422, "bad_input"),
    ("POST", "/v1/check", {"json": {"text": "a", "id": "\0"}}, 422, "bad_input"),
    ("POST", "/v1/check", {"json": {"text": "a", "lang": "<script>"}}, 422, "bad_input"),
    ("POST", "/v1/check", {"data": {"id": "1"}, "files": {"other": ("a", b"x")}}, 422, "bad_input"),
    ("POST", "/v1/check", {"files": {"id": (None, b"1")}}, 422, "bad_input"),
    ("POST", "/v1/check:batch", {"json": {"items": [], "line": "no-such-line"}}, 422, "bad_policy"),
    ("POST", "/v1/check:batch", {"json": {"items": "no"}}, 422, "bad_input"),
    ("POST", "/v1/check:batch", {"json": {"items": [], "more": 1}}, 422, "bad_input"),
    ("POST", "/v1/check:batch", {"json": {"items": [{"text": "a"}] * 100_000}}, 413, "too_large"),
    ("GET", "/v1/check", {}, 405, "method_not_allowed"),
    ("GET", "/v1/decisions/none", {}, 404, "not_found"),
    ("GET", "/nowhere", {}, 404, "not_found"),
    ("GET", "/v1/labels/", {}, 404, "not_found"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), BAD)
def test_every_error_has_the_one_shape(
    client: httpx.Client, method: str, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = client.request(method, path, **body)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]
    assert answer.headers["x-request-id"]
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_body_without_a_length_is_cut_off_too(tmp_path: Path) -> None:
    with serving(quick(tmp_path, max_body_bytes=1000)) as client:
        answer = client.post("/v1/check", content=(b"x" * 100 for _ in range(100)))
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_a_broken_store_is_a_503_and_gives_no_decision(tmp_path: Path) -> None:
    with serving(quick(tmp_path)) as client:
        for file in tmp_path.iterdir():
            file.write_bytes(b"not a database" * 1000)
        answer = client.post("/v1/check", json={"text": "hello"})
        assert answer.status_code == 503, answer.text
        assert answer.json()["error"]["code"] == "store_failed"
        assert client.get("/readyz").status_code == 503


def test_what_nobody_expected_has_the_shape_too_and_tells_nothing(tmp_path: Path) -> None:
    from evenhand.api.application import create_app

    app = create_app(quick(tmp_path), warm=False)

    @app.get("/boom")
    async def boom() -> None:
        raise RuntimeError("secret detail")

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened:
            return await opened.get("/boom")

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"]
