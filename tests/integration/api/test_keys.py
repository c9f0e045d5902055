"""API keys, scopes, rate limits, and the refusal to stand open to the network."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.api.auth import keys_required
from evenhand.api.server import run
from evenhand.errors import SettingsError
from evenhand.settings import Settings
from evenhand.store import open_store
from tests.server import quick, serving


def test_keys_open_what_their_scopes_say(tmp_path: Path) -> None:
    settings = quick(tmp_path, require_keys=True)
    store = open_store(settings=settings)
    store.migrate()
    checker, reader = (store.keys.create(name, scopes=(name,)) for name in ("check", "read"))
    body = {"json": {"text": "hello"}}
    with serving(settings) as client:
        refused = client.post("/v1/check", **body)  # type: ignore[arg-type]
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert client.get("/healthz").status_code == 200
        for path in ("/v1/labels", "/v1/detectors", "/v1/policies", "/metrics", "/v1/decisions/x"):
            assert client.get(path).status_code == 401
        as_checker = {"Authorization": f"Bearer {checker.token}"}
        as_reader = {"X-API-Key": reader.token}
        assert client.post("/v1/check", headers=as_checker, **body).status_code == 200  # type: ignore[arg-type]
        assert client.post("/v1/check", headers=as_reader, **body).status_code == 403  # type: ignore[arg-type]
        assert client.get("/v1/labels", headers=as_reader).status_code == 200
        assert client.get("/v1/labels", headers={"Authorization": "Basic x"}).status_code == 401
        assert client.get("/v1/labels", headers={"X-API-Key": "eh_wrong"}).status_code == 401
        store.keys.revoke(reader.info.id)
        assert client.get("/v1/labels", headers=as_reader).status_code == 401
    store.close()


def test_the_rate_limit(tmp_path: Path) -> None:
    with serving(quick(tmp_path, rate_limit=3)) as client:
        answers = [client.get("/v1/policies") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


@pytest.mark.parametrize(
    ("host", "require", "needed"),
    [
        ("127.0.0.1", None, False),
        ("::1", None, False),
        ("localhost", None, False),
        ("127.0.0.1", True, True),
        ("0.0.0.0", None, True),
        ("::", None, True),
        ("example.org", None, True),
    ],
)
def test_keys_are_needed_beyond_loopback(host: str, require: bool | None, needed: bool) -> None:
    assert keys_required(Settings(host=host, require_keys=require)) is needed


def test_a_server_open_to_the_network_without_keys_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be switched off"):
        run(quick(tmp_path, host="0.0.0.0", require_keys=False))
    with pytest.raises(SettingsError, match="evenhand keys create"):
        run(quick(tmp_path, host="0.0.0.0"))
