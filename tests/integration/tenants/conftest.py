"""One server with two customers on it, on SQLite and again on PostgreSQL: people of every role, keys, an operator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from evenhand.settings import Settings
from evenhand.store import Store, open_store
from tests.people import make, sign_in
from tests.postgres import PostgresServer
from tests.server import quick, serving

POLICY = """
name: people
version: "1"
lines:
  default:
    rules:
      - name: contacts
        when: {label: ads.contact, score: {min: 0.5}}
        action: review
        reason: a person looks at contact details
"""
PASSED = {"passed": True, "failures": [], "sentences": 1, "at": "2026-01-31T09:00:00.000Z"}
ROLES = ("reviewer", "senior", "policy", "auditor", "admin")


class House:
    """A server with two tenants, A and B. People sign in; "a-key", "b-key" and "key" are of programs.

    Args:
        http: of nobody.
        store: of the server.
        settings: of the server.
        clients: by name.
        tenants: "a" and "b" -> ids of the tenants.
    """

    def __init__(
        self,
        http: httpx.Client,
        store: Store,
        settings: Settings,
        clients: dict[str, httpx.Client],
        tenants: dict[str, str],
    ) -> None:
        self.http, self.store, self.settings, self.clients, self.tenants = http, store, settings, clients, tenants

    def ask(self, who: str, method: str, path: str, body: Any = None, *, status: int = 200) -> dict[str, Any]:
        """Send a request as somebody; give the answer's document."""
        answer = self.clients[who].request(method, path, json=body)
        assert answer.status_code == status, (who, method, path, answer.status_code, answer.text)
        document: dict[str, Any] = answer.json()
        return document

    def check(self, who: str, text: str, **more: Any) -> dict[str, Any]:
        """Check a text as somebody."""
        return self.ask(who, "POST", "/v1/check", {"text": text, **more})

    def alike(self, who: str, method: str, path: str, other: str, body: Any = None, instead: Any = None) -> None:
        """See to it that what is another's answers like what there is not: 404, the same but for the id.

        Args:
            who: asks.
            method: of both requests.
            path: with {} in place of the id.
            other: id of what is another's.
            body: of both requests, with {} likewise.
            instead: the id of what there is not; None: one of the right form.
        """
        nothing = instead or "01890a5d-ac96-774b-bcce-b302099a8057"
        answers = []
        for name in (other, nothing):
            filled = None if body is None else _filled(body, name)
            answer = self.clients[who].request(method, path.replace("{}", name), json=filled)
            answers.append((answer.status_code, answer.text.replace(name, "ID")))
        assert answers[0] == answers[1], (who, method, path)
        assert answers[0][0] == 404, (who, method, path, answers[0])


def _filled(body: Any, name: str) -> Any:
    if isinstance(body, dict):
        return {key: _filled(value, name) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, name) for value in body]
    return name if body == "{}" else body


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    more: dict[str, Any] = {"keep_originals_days": 1, "policy_poll_s": 0.2}
    if request.param == "postgresql":
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        postgres.execute("CREATE DATABASE tenants_house")
        more["database_url"] = postgres.url("tenants_house")
    settings = quick(tmp_path_factory.mktemp("house"), **more)
    store = open_store(settings=settings)
    store.migrate()
    _publish(store)
    tenants = {name: store.accounts.create_tenant(f"Shop {name}", actor="local").id for name in ("a", "b")}
    people: dict[str, str | None] = {}
    for role in ROLES:
        people[f"op-{role}"] = make(store, f"op-{role}", role)
        for name, tenant in tenants.items():
            people[f"{name}-{role}"] = make(store, f"{name}-{role}", role, tenant=tenant)
    keys = {
        "key": store.keys.create("key", scopes=("check", "read")),
        **{f"{n}-key": store.keys.create(n, scopes=("check", "read"), tenant=t) for n, t in tenants.items()},
    }
    with serving(settings, console=True) as http:
        clients = {name: sign_in(http, name) for name in people}
        for name, key in keys.items():
            clients[name] = httpx.Client(
                base_url=http.base_url, timeout=60, trust_env=False, headers={"x-api-key": key.token}
            )
        yield House(http, store, settings, clients, tenants)
        for one in clients.values():
            one.close()
    store.close()


def _publish(store: Store) -> None:
    version = store.policy_versions.draft("people", "1", POLICY, actor="local")
    store.policy_versions.propose(version.id, actor="local")
    store.policy_versions.approve(version.id, actor="somebody")
    store.policy_versions.audited(version.id, version.sha256, PASSED, actor="local")
    store.policies_live.plan(version.id, {"share": 1.0}, datetime.now(UTC), actor="local")
    assert store.policies_live.due() == [version.id]
