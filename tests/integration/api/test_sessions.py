"""Signing in: passwords, codes, cookies, and what other sites may not do with them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyotp
import pytest
from sqlalchemy import update

from evenhand.settings import Settings
from evenhand.store import Store, open_store
from evenhand.store.accounttables import login_failures, sessions
from tests.people import PASSWORD, make, sign_in
from tests.server import quick, serving


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "sqlite":
        return quick(tmp_path)
    return quick(tmp_path, database_url=request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings=settings)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def client(settings: Settings, store: Store) -> Iterator[httpx.Client]:
    with serving(settings) as opened:
        yield opened


def test_a_login_opens_what_the_roles_allow_and_ends(client: httpx.Client, store: Store) -> None:
    assert client.get("/v1/webhooks").status_code == 200  # nobody to ask for yet, and this is loopback
    make(store, "Ada")
    make(store, "rita", "reviewer")
    time.sleep(1.1)  # another process's first account counts within a second
    refused = client.get("/v1/webhooks")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")

    rita = sign_in(client, "RITA")
    cookie = next(iter(rita.cookies.jar))
    assert (cookie.name, cookie.secure, cookie.has_nonstandard_attr("HttpOnly")) == ("evenhand_session", False, True)
    assert cookie.get_nonstandard_attr("SameSite") == "lax"
    assert rita.get("/v1/labels").status_code == 200
    assert rita.post("/v1/review/claim", json={}).json() == {"item": None, "held_back": None}
    for path in ("/v1/webhooks", "/v1/audit-log", "/v1/accounts"):
        assert rita.get(path).status_code == 403
    me = rita.get("/v1/account").json()
    assert (me["name"], me["scopes"], me["account"]["roles"]) == ("rita", ["read", "review"], ["reviewer"])
    ada = sign_in(client, "ada")
    assert ada.get("/v1/webhooks").status_code == 200

    assert rita.delete("/v1/sessions/current").json() == {"ended": 1}
    assert not list(rita.cookies.jar)
    rita.cookies.set("evenhand_session", str(cookie.value))
    assert rita.get("/v1/labels").status_code == 401
    rita.close()
    ada.close()


def test_a_forged_request_is_refused(client: httpx.Client, store: Store) -> None:
    make(store, "ada")
    ada = sign_in(client, "ada")
    token = ada.headers.pop("x-csrf-token")
    body = {"name": "hook", "url": "https://example.org/hook"}
    bare = ada.post("/v1/webhooks", json=body)
    assert (bare.status_code, "X-CSRF-Token" in bare.json()["error"]["message"]) == (403, True)
    assert ada.post("/v1/webhooks", json=body, headers={"x-csrf-token": "x" + token[1:]}).status_code == 403
    good = {"x-csrf-token": token}
    for site in ("cross-site", "same-site"):
        assert ada.post("/v1/webhooks", json=body, headers={**good, "sec-fetch-site": site}).status_code == 403
    for origin in ("https://evil.test", "null", "http://127.0.0.1:1"):
        assert ada.post("/v1/webhooks", json=body, headers={**good, "origin": origin}).status_code == 403
    assert ada.get("/v1/webhooks").json() == {"webhooks": []}
    own = {"origin": str(client.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert ada.post("/v1/webhooks", json=body, headers={**good, **own}).status_code == 201
    ada.close()


def test_without_accounts_other_sites_and_other_names_are_refused(client: httpx.Client) -> None:
    body = {"text": "hello"}
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"host": "evil.test"},
        {"host": "127.0.0.1.evil.test"},
        {"host": ""},
    ):
        answer = client.post("/v1/check", json=body, headers=headers)
        assert answer.status_code == 403, headers
        if "host" in headers:
            assert client.get("/v1/webhooks", headers=headers).status_code == 403
    assert client.post("/v1/check", json=body, headers={"host": "localhost:8000"}).status_code == 200
    assert client.post("/v1/check", json=body, headers={"host": "[::1]:8000"}).status_code == 200


def test_a_session_is_new_with_every_login(client: httpx.Client, store: Store) -> None:
    make(store, "ada")
    body = {"name": "ada", "password": PASSWORD}
    with httpx.Client(base_url=client.base_url, timeout=60, trust_env=False) as browser:
        browser.cookies.set("evenhand_session", "planted-by-somebody-else", domain="127.0.0.1")
        first = browser.post("/v1/sessions", json=body)
        held = first.cookies["evenhand_session"]
        assert held != "planted-by-somebody-else"
        second = browser.post("/v1/sessions", json=body, headers={"cookie": f"evenhand_session={held}"})
        assert second.cookies["evenhand_session"] != held
    for token, status in ((held, 401), ("planted-by-somebody-else", 401), (second.cookies["evenhand_session"], 200)):
        asked = client.get("/v1/webhooks", headers={"cookie": f"evenhand_session={token}"})
        assert asked.status_code == status
    stored = str(store.database.read(lambda c: c.exec_driver_sql("SELECT * FROM sessions").all()))
    assert held not in stored
    assert second.cookies["evenhand_session"] not in stored


def test_a_second_factor(client: httpx.Client, store: Store) -> None:
    make(store, "ada")
    ada = sign_in(client, "ada")
    assert ada.post("/v1/account/totp", json={"password": "not this one, no"}).status_code == 400
    made = ada.post("/v1/account/totp", json={"password": PASSWORD}).json()
    assert made["uri"].startswith("otpauth://totp/evenhand:ada?secret=" + made["secret"])
    assert made["svg"].startswith("<svg")
    totp = pyotp.TOTP(made["secret"])
    assert ada.post("/v1/account/totp/confirm", json={"code": "000000"}).status_code == 400
    code = totp.now()
    recovery = ada.post("/v1/account/totp/confirm", json={"code": code}).json()["recovery_codes"]
    assert len(set(recovery)) == 10

    first = client.post("/v1/sessions", json={"name": "ada", "password": PASSWORD}).json()
    assert set(first) == {"state", "step"}
    used = client.post("/v1/sessions/code", json={"step": first["step"], "code": code})
    assert used.status_code == 401  # it confirmed the secret
    later = totp.at(int(time.time()) + 30)
    answer = client.post("/v1/sessions/code", json={"step": first["step"], "code": later})
    assert (answer.status_code, answer.json()["state"]) == (200, "open")
    client.cookies.clear()
    again = client.post("/v1/sessions", json={"name": "ada", "password": PASSWORD}).json()["step"]
    assert client.post("/v1/sessions/code", json={"step": again, "code": later}).status_code == 401
    spent = {"step": again, "code": recovery[0].upper().replace("-", " ")}
    assert client.post("/v1/sessions/code", json=spent).json()["account"]["recovery_left"] == 9
    client.cookies.clear()
    assert client.post("/v1/sessions/code", json=spent).status_code == 401  # neither step nor code is good twice
    once = client.post("/v1/sessions", json={"name": "ada", "password": PASSWORD}).json()["step"]
    assert client.post("/v1/sessions/code", json={**spent, "step": once}).status_code == 401
    assert ada.post("/v1/account/totp/remove", json={"password": PASSWORD}).json()["has_totp"] is False
    ada.close()
    entries = store.audit.page(limit=1_000)
    assert store.audit.verify().problems == ()
    told = str([entry.payload for entry in entries])
    assert made["secret"] not in told
    assert PASSWORD not in told


def test_guessing_is_slowed_down_and_tells_nothing(client: httpx.Client, store: Store) -> None:
    make(store, "ada")
    answers = []
    for name in ("ada", "nobody"):
        for number in range(7):
            answer = client.post("/v1/sessions", json={"name": name, "password": f"wrong password {number}"})
            answers.append((name, answer.status_code, answer.json()["error"]["message"].rstrip("0123456789")))
        assert int(answer.headers["retry-after"]) >= 1
    known = [answer[1:] for answer in answers if answer[0] == "ada"]
    unknown = [answer[1:] for answer in answers if answer[0] == "nobody"]
    assert [status for status, _ in known] == [401] * 5 + [429] * 2
    assert [status for status, _ in unknown] == [401] * 5 + [429] * 2
    assert known[0] == unknown[0]
    # The right password waits, too: being let in would tell that it is right.
    assert client.post("/v1/sessions", json={"name": "ada", "password": PASSWORD}).status_code == 429
    over = datetime.now(UTC) - timedelta(seconds=1)
    store.database.write(lambda c: c.execute(update(login_failures).values(blocked_until=over)))
    assert client.post("/v1/sessions", json={"name": "ada", "password": PASSWORD}).status_code == 200


def test_sessions_are_listed_and_ended(client: httpx.Client, store: Store) -> None:
    make(store, "ada")
    rita_id = make(store, "rita", "reviewer")
    ada, rita, elsewhere = sign_in(client, "ada"), sign_in(client, "rita"), sign_in(client, "rita")
    shown = rita.get("/v1/sessions").json()["sessions"]
    assert [session["current"] for session in shown] == [True, False]
    assert rita.get("/v1/sessions", params={"account": "ada"}).status_code == 403
    other = ada.get("/v1/sessions").json()["sessions"][0]["id"]
    assert rita.delete(f"/v1/sessions/{other}").status_code == 404
    assert rita.delete("/v1/sessions").json() == {"ended": 1}
    assert elsewhere.get("/v1/labels").status_code == 401
    assert ada.delete("/v1/sessions", params={"account": rita_id}).json() == {"ended": 1}
    assert rita.get("/v1/labels").status_code == 401
    again = sign_in(client, "rita")
    assert ada.patch("/v1/accounts/rita", json={"disabled": True}).json()["disabled_at"] is not None
    assert again.get("/v1/labels").status_code == 401
    assert client.post("/v1/sessions", json={"name": "rita", "password": PASSWORD}).status_code == 401
    for one in (ada, rita, elsewhere, again):
        one.close()


def test_a_given_password_is_changed_first(client: httpx.Client, store: Store) -> None:
    make(store, "ada")
    ada = sign_in(client, "ada")
    made = ada.post("/v1/accounts", json={"name": "Rita", "roles": ["reviewer"]})
    assert made.status_code == 201
    rita = sign_in(client, "rita", made.json()["password"])
    held = rita.get("/v1/labels")
    assert (held.status_code, held.json()["error"]["code"]) == (403, "account_unfinished")
    old = {"old": made.json()["password"]}
    for weak in ("short", "rita rita rita", "aaaaaaaaaaaaaaaa", made.json()["password"]):
        assert rita.post("/v1/account/password", json={**old, "new": weak}).status_code in (400, 422), weak
    assert rita.post("/v1/account/password", json={"old": "x", "new": PASSWORD}).status_code == 400
    assert rita.post("/v1/account/password", json={**old, "new": PASSWORD}).json()["must_change"] is False
    assert rita.get("/v1/labels").status_code == 200
    rita.close()
    ada.close()


def test_behind_https_the_cookie_is_this_hosts_alone(tmp_path: Path) -> None:
    settings = quick(tmp_path, public_url="https://moderation.test")
    opened = open_store(settings=settings)
    opened.migrate()
    make(opened, "ada")
    opened.close()
    with serving(settings) as client:
        answer = client.post("/v1/sessions", json={"name": "ada", "password": PASSWORD})
        set_cookie = answer.headers["set-cookie"]
        assert set_cookie.startswith("__Host-evenhand=")
        for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"):
            assert part in set_cookie
        assert "Domain" not in set_cookie


@pytest.mark.parametrize("column", ["seen_at", "expires_at"])
def test_idle_and_old_sessions_are_over(settings: Settings, store: Store, column: str) -> None:
    make(store, "ada")
    made = store.sessions.open(store.accounts.get("ada").id, how="password")
    assert store.sessions.find(made.token) is not None
    ended = datetime.now(UTC) - timedelta(seconds=settings.session_idle_s if column == "seen_at" else 0)
    store.database.write(lambda c: c.execute(update(sessions).values({column: ended})))
    assert store.sessions.find(made.token) is None
    assert store.sessions.of_user(made.user.id) == []
