"""What all dialects share: switching them, binding them to lines, errors in shape, signed requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from typer.testing import CliRunner

from evenhand.api.application import create_app
from evenhand.api.compat import dialect_names
from evenhand.api.compat.signing import (
    BadSignatureError,
    ReplayedError,
    StaleDateError,
    accept,
    compare,
    hosts,
    key_pair,
)
from evenhand.cli.root import build
from evenhand.errors import PolicyError, SettingsError
from evenhand.settings import Settings
from evenhand.store import open_store
from tests.compat import SECRET_KEY, with_model
from tests.server import quick, serving

ANALYZE = "/v1alpha1/comments:analyze"
POLICY = """
name: two-lines
version: "1"
lines:
  default:
    rules: [{name: all, when: {label: harassment, score: {min: 0.5}}, action: review}]
  comments:
    rules: [{name: rude, when: {label: harassment, score: {min: 0.5}}, action: block}]
  movies:
    rules: [{name: film, when: {label: harassment, score: {min: 0.5}}, action: mark}]
"""
RUDE = {"comment": {"text": "You are a stupid idiot."}, "requestedAttributes": {"INSULT": {}}}


def test_a_dialect_that_is_switched_off_is_not_there(tmp_path: Path) -> None:
    with serving(quick(tmp_path, dialects=())) as client:
        answer = client.post(ANALYZE, json=RUDE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_settings_that_name_no_dialect_or_line_stop_the_start(tmp_path: Path) -> None:
    for wrong in ({"dialects": ("klingon",)}, {"dialect_lines": {"klingon": "default"}}):
        with pytest.raises(SettingsError, match=r"no dialect klingon.*perspective"):
            create_app(quick(tmp_path, **wrong))
    with pytest.raises(PolicyError, match="no line"):
        create_app(quick(tmp_path, dialect_lines={"perspective": "nowhere"}))


def test_a_dialect_and_its_services_are_bound_to_lines(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    lines = {"perspective": "comments", "perspective//forum/movies": "movies"}
    with serving(with_model(tmp_path, policy=policy, dialect_lines=lines)) as client:
        for community, action in ((None, "block"), ("/forum/movies", "mark"), ("/other", "block")):
            body = RUDE if community is None else {**RUDE, "communityId": community}
            decision_id = client.post(ANALYZE, json=body).headers["x-decision-id"]
            assert client.get(f"/v1/decisions/{decision_id}").json()["action"] == action


def test_what_nobody_expected_has_the_dialects_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(quick(tmp_path), warm=False)

    async def boom(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(app.state.evenhand.moderator, "check", boom)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened:
            return await opened.post(ANALYZE, json=RUDE)

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["error"]["status"]) == (500, "INTERNAL")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"]


def _request(settings: Settings, **headers: str) -> Request:
    app = create_app(settings, warm=False)
    raw = [(name.encode(), text.encode()) for name, text in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw, "app": app, "query_string": b""})


async def test_a_signed_request_is_accepted_once_and_near_its_date(tmp_path: Path) -> None:
    settings = quick(tmp_path, secret_key=SECRET_KEY, signature_window_s=60)
    request = _request(settings, host="inside:8000")
    store = open_store(settings=settings)
    made = store.dialect_keys.create("shop", dialect="aws")
    pair = await key_pair(request, "aws", made.access_id)
    assert pair.secret == made.secret
    now = datetime.now(UTC)
    await accept(request, pair, moment=now, nonce="n")
    with pytest.raises(ReplayedError):
        await accept(request, pair, moment=now, nonce="n")
    for far in (timedelta(seconds=-61), timedelta(seconds=62)):
        with pytest.raises(StaleDateError, match="Set the clock"):
            await accept(request, pair, moment=now + far, nonce="other")
    await accept(request, replace(pair, id="another"), moment=now, nonce="n")
    store.close()


def test_signatures_are_compared_whole() -> None:
    compare("abc", "abc", what="text")
    for wrong in ("abd", "", "ab", "abcé"):
        with pytest.raises(BadSignatureError, match="The server signed: 'text'"):
            compare("abc", wrong, what="text")


def test_hosts_behind_a_proxy(tmp_path: Path) -> None:
    request = _request(quick(tmp_path, signed_hosts=("public.example", "inside:8000")), host="inside:8000")
    assert hosts(request) == ["inside:8000", "public.example"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    monkeypatch.setenv("EVENHAND_DATABASE_URL", f"sqlite:///{tmp_path / 'keys.db'}")

    def command(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(build(), ["keys", *arguments])
        return done.exit_code, done.output

    return command


def test_keys_for_dialects_that_do_not_sign_are_ordinary_ones(run: Callable[..., tuple[int, str]]) -> None:
    code, output = run("create", "site", "--for", "perspective")
    assert code == 2
    assert "leave --for out" in " ".join(output.split())
    assert run("create", "site", "--for", "klingon")[0] == 2


def test_a_secret_key_is_made(run: Callable[..., tuple[int, str]]) -> None:
    first, second = run("secret")[1].strip(), run("secret")[1].strip()
    assert first != second
    assert len(first) >= 32


def test_key_pairs_are_made_listed_and_revoked(
    run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = dialect_names(signed=True)
    if not signed:
        pytest.skip("no dialect here has clients that sign")
    monkeypatch.setenv("EVENHAND_SECRET_KEY", SECRET_KEY)
    code, output = run("create", "shop", "--for", signed[0])
    assert code == 0
    access_id, secret = output.split()
    listed = run("list")[1]
    assert access_id in listed
    assert secret not in listed
    assert run("revoke", listed.split()[0])[0] == 0
    assert "revoked" in run("list")[1]
