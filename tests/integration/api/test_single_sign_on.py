"""Single sign-on against a real, certified OpenID Connect provider on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from evenhand.accounts.provider import discovery_address, read_provider, roles_in
from evenhand.api.accountsfetch import ProviderError, ask
from evenhand.errors import AuthError, SettingsError
from evenhand.settings import Settings
from evenhand.store import Store, open_store
from tests.people import PASSWORD, make
from tests.provider import free_port, needs_provider, providing, walk
from tests.server import quick, serving

_BACK = "/v1/sessions/oidc/callback"


@contextmanager
def _both(folder: Path, **settings: Any) -> Iterator[tuple[httpx.Client, Store]]:
    """Run the server and the provider."""
    port = free_port()
    client = {"oidc_client_id": "evenhand", "oidc_client_secret": "not a secret: a test's"}
    whole = quick(folder, oidc_issuer=f"http://127.0.0.1:{port}", **{**client, **settings})
    store = open_store(settings=whole)
    store.migrate()
    make(store, "ada")
    with serving(whole) as opened, providing(port, f"{str(opened.base_url).rstrip('/')}{_BACK}"):
        yield opened, store
    store.close()


@contextmanager
def _browser(client: httpx.Client) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=client.base_url, timeout=60, trust_env=False) as browser:
        yield browser


def _come_back(client: httpx.Client, browser: httpx.Client, person: str, *, to: str = "/console") -> str:
    base = str(client.base_url).rstrip("/")
    return walk(browser, f"/v1/sessions/oidc?next={to}", person, back=base + _BACK)


def _failed(answer: httpx.Response) -> str:
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    assert where.path == "/console/accounts/login"
    return parse_qs(where.query)["failed"][0]


@needs_provider
def test_groups_at_the_provider_are_roles_here(tmp_path: Path) -> None:
    roles = {"moderators": "reviewer", "leads": "senior", "audit": "auditor"}
    with _both(tmp_path, oidc_roles=roles) as (client, store):
        with _browser(client) as browser:
            back = _come_back(client, browser, "eve@moderators+golf", to="/console/accounts/me")
            sent = parse_qs(urlsplit(back).query)
            assert {"code", "state", "iss"} <= set(sent)
            landed = browser.get(back)
            assert (landed.status_code, landed.headers["location"]) == (303, "/console/accounts/me")
            me = browser.get("/v1/account").json()
            assert (me["name"], me["scopes"]) == ("eve", ["read", "review"])
            assert me["account"]["has_password"] is False
            assert store.sessions.of_user(me["id"])[0].how == "oidc"
            # The code, the state and the step were good for this once.
            assert "begin again" in _failed(browser.get(back))
        # The same person again has the same account; another role at the provider is another role here.
        with _browser(client) as browser:
            browser.get(_come_back(client, browser, "eve@moderators+golf"))
            assert browser.get("/v1/account").json()["id"] == me["id"]
        with _browser(client) as browser:
            assert "None of your groups" in _failed(browser.get(_come_back(client, browser, "mallory@golf")))
            assert browser.get("/v1/account").status_code == 401
        # Nobody becomes somebody else by calling themselves so.
        with _browser(client) as browser:
            assert "already an account" in _failed(browser.get(_come_back(client, browser, "ada@moderators")))
            assert "already an account" in _failed(browser.get(_come_back(client, browser, "eve@leads")))
        store.accounts.change("eve", actor="local", disabled=True)
        with _browser(client) as browser:
            assert "may not sign in" in _failed(browser.get(_come_back(client, browser, "eve@moderators+golf")))
        assert store.audit.verify().problems == ()


@needs_provider
def test_without_roles_by_group_only_known_people_come_in(tmp_path: Path) -> None:
    with _both(tmp_path, oidc_client_id="public", oidc_client_secret=None) as (client, store):
        with _browser(client) as browser:
            assert "Nobody here knows you" in _failed(browser.get(_come_back(client, browser, "rita")))
        store.accounts.create("Rita", actor="local", roles=["auditor"])
        with _browser(client) as browser:
            browser.get(_come_back(client, browser, "rita"))
            me = browser.get("/v1/account").json()
            assert (me["name"], me["scopes"]) == ("Rita", ["read", "audit"])
            wrong = browser.post("/v1/account/totp", json={"password": PASSWORD}, headers={"x-csrf-token": me["csrf"]})
            assert wrong.status_code == 403
        # No password opens an account that has none.
        assert client.post("/v1/sessions", json={"name": "rita", "password": PASSWORD}).status_code == 401


@needs_provider
def test_a_browser_that_did_not_leave_is_not_let_in(tmp_path: Path) -> None:
    with _both(tmp_path, oidc_roles={"moderators": "reviewer"}) as (client, _store):
        with _browser(client) as attacker, _browser(client) as victim:
            back = _come_back(client, attacker, "mallory@moderators")
            assert "begin again" in _failed(victim.get(back))  # login of another: no cookie of this browser
            victim.get("/v1/sessions/oidc")
            assert "did not begin" in _failed(victim.get(back))  # a cookie, but of another login
            assert not [cookie for cookie in victim.cookies.jar if cookie.name == "evenhand_session"]
        with _browser(client) as browser:
            back = _come_back(client, browser, "eve@moderators")
            assert "refused" in _failed(browser.get(back.replace("code=", "error=access_denied&x=")))
        with _browser(client) as browser:
            back = _come_back(client, browser, "eve@moderators")
            assert "status 400" in _failed(browser.get(back.replace("code=", "code=x")))
        with _browser(client) as browser:
            back = _come_back(client, browser, "eve@moderators")
            issuer = parse_qs(urlsplit(back).query)["iss"][0]
            other = httpx.URL(back).copy_set_param("iss", "https://other.test")
            assert issuer.startswith("http://127.0.0.1:")
            assert "Another provider" in _failed(browser.get(other))
        for outside in ("https://evil.test", "//evil.test", "/v1/webhooks", "/console\\@evil.test", "/consolex"):
            with _browser(client) as browser:
                landed = browser.get(_come_back(client, browser, "eve@moderators", to=outside))
                assert landed.headers["location"] == "/console"


def test_a_provider_that_is_not_there_is_told(tmp_path: Path) -> None:
    settings = quick(tmp_path, oidc_issuer=f"http://127.0.0.1:{free_port()}", oidc_client_id="x")
    with serving(settings) as client:
        answer = client.get("/v1/sessions/oidc")
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "provider_failed")
    with serving(quick(tmp_path)) as client:
        assert client.get("/v1/sessions/oidc").status_code == 404


_GOOD = {
    "issuer": "https://sso.test",
    "authorization_endpoint": "https://sso.test/auth",
    "token_endpoint": "https://sso.test/token",
    "jwks_uri": "https://keys.test/jwks?x=1",
}


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://sso.test/"},
        {"token_endpoint": "http://sso.test/token"},
        {"token_endpoint": "http://127.0.0.1:9/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": None},
        {"jwks_uri": "https://user:password@sso.test/jwks"},
        {"jwks_uri": ["https://sso.test/jwks"]},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"userinfo_endpoint": "http://169.254.169.254/latest"},
        {"jwks_uri": "https://sso.test:99999/jwks"},
    ],
)
def test_a_hostile_discovery_document_is_refused(change: dict[str, object]) -> None:
    assert read_provider(_GOOD, issuer="https://sso.test").userinfo_endpoint is None
    with pytest.raises(AuthError):
        read_provider({**_GOOD, **change}, issuer="https://sso.test")


@pytest.mark.parametrize("issuer", ["http://sso.test", "ftp://sso.test", "https://sso.test?x", "https://", "sso.test"])
def test_an_issuer_is_an_https_address(issuer: str) -> None:
    with pytest.raises(SettingsError):
        discovery_address(issuer)


def test_only_the_issuers_own_host_may_be_internal() -> None:
    settings = Settings(oidc_issuer="https://sso.internal", oidc_allow_hosts=("keys.internal:443",))
    asked = []

    def resolve(host: str, port: int) -> tuple[str, ...]:
        asked.append((host, port))
        return ("10.0.0.7",) if host == "elsewhere.test" else ("192.0.2.1",)

    with pytest.raises(ProviderError, match="EVENHAND_OIDC_ALLOW_HOSTS"):
        ask("https://elsewhere.test/token", settings, resolve=resolve)
    assert asked == [("elsewhere.test", 443)]


@pytest.mark.parametrize(
    ("claims", "claim", "found"),
    [
        ({"groups": ["a", "b", "c"]}, "groups", ("reviewer", "auditor")),
        ({"groups": "a"}, "groups", ("reviewer",)),
        ({"realm": {"roles": ["b"]}}, "realm.roles", ("auditor",)),
        ({"https://x.test/roles": ["b"]}, "https://x.test/roles", ("auditor",)),
        ({"groups": [{"a": 1}, None, 3]}, "groups", ()),
        ({"groups": {"a": 1}}, "groups", ()),
        ({}, "groups.deep", ()),
    ],
)
def test_roles_by_group(claims: dict[str, Any], claim: str, found: tuple[str, ...]) -> None:
    assert roles_in(claims, claim, {"a": "reviewer", "b": "auditor"}) == found
