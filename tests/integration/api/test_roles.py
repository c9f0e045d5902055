"""Which role may ask for which address: one table of all of them. A new address must be entered, or this fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from evenhand.api.application import create_app
from evenhand.console import install
from evenhand.store import open_store
from tests.people import make, sign_in
from tests.postgres import PostgresServer
from tests.server import quick, serving

ROLES = ("reviewer", "senior", "policy", "auditor", "admin")
TENANTS = ("red", "blue")
TABLE = Path(__file__).with_name("roles.txt")
_ID = "01890a5d-ac96-774b-bcce-b302099a8057"  # of nothing
_LAST = ("DELETE /v1/sessions/current",)
_MET = {401, 403}


def rows(*, tenant: bool = False) -> dict[str, str]:
    """Read the table: "METHOD PATH" -> "RSPUA" with a dot for each role that is refused, or open or login.

    Args:
        tenant: of people of a tenant, not of those without one.
    """
    found = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            *who, method, path = line.split()
            found[f"{method} {path}"] = who[tenant]
    return found


def routes(app: FastAPI) -> list[str]:
    """Give "METHOD PATH" of all routes of an application but those of files."""

    def walk(found: Any) -> Iterator[str]:
        for route in found:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                yield from walk(inner.routes)
            elif getattr(route, "methods", None):
                yield from (f"{method} {route.path}" for method in sorted(route.methods) if method != "HEAD")

    return list(walk(app.router.routes))


def least(schema: dict[str, Any], whole: dict[str, Any]) -> Any:
    """Give the least value that fits a schema."""
    if "$ref" in schema:
        return least(whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]], whole)
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            return least(schema[name][0], whole)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        needed = schema.get("required", ())
        return {name: least(part, whole) for name, part in schema.get("properties", {}).items() if name in needed}
    if kind == "array":
        return [least(schema["items"], whole)] * schema.get("minItems", 0)
    if kind == "string":
        if schema.get("format") == "date-time":
            return (datetime.now(UTC) + timedelta(days=1)).isoformat()
        if schema.get("format") == "date":
            return datetime.now(UTC).date().isoformat()
        return "x" * max(1, schema.get("minLength", 1))
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return {"boolean": True, "null": None}.get(str(kind), "x")


class Asker:
    """Sends the least request that an address takes."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def ask(self, client: httpx.Client, route: str) -> httpx.Response:
        method, path = route.split(" ")
        described = self._document["paths"].get(path, {}).get(method.lower(), {})
        query = {
            one["name"]: least(one["schema"], self._document)
            for one in described.get("parameters", ())
            if one["in"] == "query" and one.get("required")
        }
        content = described.get("requestBody", {}).get("content", {})
        numbers = {
            one["name"]
            for one in described.get("parameters", ())
            if one["in"] == "path" and one["schema"].get("type") == "integer"
        }
        filled = re.sub(r"\{(\w+)\}", lambda found: "1" if found[1] in numbers else _ID, path)
        if "application/json" in content or (method in ("POST", "PUT", "PATCH") and not content):
            schema = content.get("application/json", {}).get("schema", {"type": "object"})
            return client.request(method, filled, params=query, json=least(schema, self._document))
        if "multipart/form-data" in content:
            body = least(content["multipart/form-data"]["schema"], self._document)
            return client.request(method, filled, params=query, files={n: (n, str(v)) for n, v in body.items()})
        return client.request(method, filled, params=query)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def people(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, httpx.Client], Asker]]:
    """Run a server with the console; give somebody of each role, of two tenants too, and nobody, and what asks."""
    more = {}
    if request.param == "postgresql":
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        postgres.execute("CREATE DATABASE roles")
        more["database_url"] = postgres.url("roles")
    settings = quick(tmp_path_factory.mktemp("roles"), **more)
    store = open_store(settings=settings)
    store.migrate()
    make(store, "spare")  # so that what the admin does to accounts leaves one
    names = list(ROLES)
    for role in ROLES:
        make(store, role, role)
    for tenant in TENANTS:
        own = store.accounts.create_tenant(tenant, actor="local").id
        for role in ROLES:
            make(store, f"{tenant}-{role}", role, tenant=own)
            names.append(f"{tenant}-{role}")
    with serving(settings, console=True) as client:
        known = {name: sign_in(client, name) for name in names}
        known["nobody"] = httpx.Client(base_url=client.base_url, timeout=60, trust_env=False)
        yield known, Asker(client.get("/openapi.json").json())
        for one in known.values():
            one.close()
    store.close()


def test_the_table_has_every_address(tmp_path: Path) -> None:
    app = create_app(quick(tmp_path), warm=False, extend=install)
    known, there = set(rows()), set(routes(app))
    assert (sorted(there - known), sorted(known - there)) == ([], []), "enter it in roles.txt, or take it out"


@pytest.mark.parametrize("name", [*ROLES, *(f"{tenant}-{role}" for tenant in TENANTS for role in ROLES)])
def test_a_role_may_ask_for_what_the_table_says(name: str, people: tuple[dict[str, httpx.Client], Asker]) -> None:
    known, asker = people
    tenant, _, role = name.rpartition("-")
    wrong = []
    for route, who in sorted(rows(tenant=bool(tenant)).items(), key=lambda row: row[0] in _LAST):
        if who in ("open", "login"):
            continue
        answer = asker.ask(known[name], route)
        may = who[ROLES.index(role)] != "."
        if may != (answer.status_code not in _MET):
            wrong.append((route, answer.status_code, answer.text[:200]))
    assert wrong == []


def test_nobody_of_a_tenant_may_more_than_the_same_without_one() -> None:
    theirs = rows(tenant=True)
    for route, who in rows().items():
        assert theirs[route] in (who, "....."), route


def test_nobody_may_ask_for_more_than_what_is_open(people: tuple[dict[str, httpx.Client], Asker]) -> None:
    known, asker = people
    wrong = []
    for route, who in rows().items():
        if who == "login":
            continue
        answer = asker.ask(known["nobody"], route)
        to_login = answer.status_code == 303 and "/console/accounts/login" in answer.headers["location"]
        refused = to_login if " /console" in route else answer.status_code == 401
        if refused == (who == "open"):
            wrong.append((route, answer.status_code, answer.text[:200]))
    assert wrong == []
