"""Accounts, tenants and keys over HTTP: who may make what, and what a tenant's people see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from evenhand.settings import Settings
from evenhand.store import Record, Store, open_store
from tests.people import make, sign_in
from tests.server import quick, serving
from tests.unit.store.factory import result

_PATHS = ("accounts", "keys", "tenants")


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "sqlite":
        return quick(tmp_path)
    return quick(tmp_path, database_url=request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings=settings)
    opened.migrate()
    make(opened, "ada")
    yield opened
    opened.close()


@pytest.fixture
def ada(settings: Settings, store: Store) -> Iterator[httpx.Client]:
    with serving(settings) as client:
        own = sign_in(client, "ada")
        yield own
        own.close()


def _asked(store: Store, key_id: str | None, **fields: object) -> str:
    """Have a decision recorded that asks for a person."""
    made = result(**fields)
    store.record([Record(result=made, key_id=key_id)])
    return made.decision_id


def test_the_first_account_is_an_admins(tmp_path: Path) -> None:
    with serving(quick(tmp_path)) as client:
        refused = client.post("/v1/accounts", json={"name": "rita", "roles": ["reviewer"]})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
        assert client.post("/v1/accounts", json={"name": "ada", "roles": ["admin"]}).status_code == 201
        assert client.get("/v1/labels").status_code == 401
        # The set-up token is asked for only where one was written to the log.
        body = {"token": "x", "name": "mallory", "password": "four plain words here"}
        assert client.post("/v1/setup", json=body).status_code == 403


def test_the_last_admin_stays(ada: httpx.Client) -> None:
    for change in ({"roles": ["reviewer"]}, {"disabled": True}):
        assert ada.patch("/v1/accounts/ada", json=change).status_code == 409
    assert ada.post("/v1/accounts", json={"name": "eve", "roles": ["admin"]}).status_code == 201
    assert ada.patch("/v1/accounts/ada", json={"roles": ["auditor"]}).status_code == 200
    assert ada.get("/v1/accounts").status_code == 403


@pytest.mark.parametrize("name", ["ADA", "ａｄａ", " ada ", "x" * 201, "a\u200bda", "a\nb", " "])
def test_names_do_not_look_alike(ada: httpx.Client, name: str) -> None:
    assert ada.post("/v1/accounts", json={"name": name, "roles": ["reviewer"]}).status_code in (409, 422)


def test_whoever_manages_accounts_gives_no_more_than_they_have(ada: httpx.Client, store: Store) -> None:
    token = store.keys.create("people", scopes=("accounts",)).token
    with httpx.Client(base_url=ada.base_url, headers={"x-api-key": token}, timeout=60, trust_env=False) as manager:
        assert manager.post("/v1/accounts", json={"name": "rita", "roles": ["reviewer"]}).status_code == 201
        for role in ("admin", "policy", "auditor"):
            assert manager.post("/v1/accounts", json={"name": "x", "roles": [role]}).status_code == 403
        assert manager.patch("/v1/accounts/rita", json={"roles": ["admin"]}).status_code == 403
        assert manager.post("/v1/accounts/ada/reset-password").status_code == 403
        assert manager.post("/v1/accounts/ada/reset-totp").status_code == 403
        assert manager.patch("/v1/accounts/ada", json={"disabled": True}).status_code == 403
        assert manager.delete("/v1/sessions", params={"account": "ada"}).status_code == 403
        assert manager.post("/v1/keys", json={"name": "x", "scopes": ["admin"]}).status_code == 403
        assert manager.get("/v1/webhooks").status_code == 403
    assert ada.get("/v1/accounts/rita").json()["roles"] == ["reviewer"]


def test_keys_end_and_tell_who_made_them(ada: httpx.Client, store: Store) -> None:
    made = ada.post("/v1/keys", json={"name": "shop", "scopes": ["read", "policy"], "days": 3}).json()
    assert made["created_by"] == store.accounts.get("ada").id
    assert made["expires_at"] > made["created_at"]
    assert "token" not in ada.get("/v1/keys").json()["keys"][0]
    with_key = {"x-api-key": made["token"]}
    assert httpx.get(f"{ada.base_url}/v1/labels", headers=with_key, timeout=60).status_code == 200
    assert ada.delete(f"/v1/keys/{made['id']}").json()["revoked_at"] is not None
    assert httpx.get(f"{ada.base_url}/v1/labels", headers=with_key, timeout=60).status_code == 401
    assert ada.post("/v1/keys", json={"name": "x", "expires_at": "2030-01-01T00:00:00"}).status_code == 422
    told = [entry.action for entry in store.audit.page(limit=100)]
    assert told[-2:] == ["key.create", "key.revoke"]


def test_a_tenants_people_see_what_is_theirs(ada: httpx.Client, store: Store) -> None:
    shop = ada.post("/v1/tenants", json={"name": "Shop"}).json()["id"]
    ada.post("/v1/tenants", json={"name": "Forum"})
    assert ada.post("/v1/tenants", json={"name": "SHOP"}).status_code == 409
    make(store, "boss", "admin", tenant=shop)
    make(store, "rita", "senior", tenant=shop)
    shops, forums = (
        ada.post("/v1/keys", json={"name": name, "scopes": ["check", "read"], "tenant": name}).json()
        for name in ("shop", "forum")
    )
    theirs, others, nobodys = _asked(store, shops["id"]), _asked(store, forums["id"]), _asked(store, None)

    rita = sign_in(ada, "rita")
    assert [item["decision_id"] for item in rita.get("/v1/review/items").json()["items"]] == [theirs]
    assert rita.post("/v1/review/claim", json={}).json()["item"]["decision_id"] == theirs
    assert rita.post("/v1/review/claim", json={}).json()["item"] is None
    for other in (others, nobodys):
        for path in ("", "/content", "/policy", "/similar"):
            assert rita.get(f"/v1/review/items/{other}{path}").status_code == 404
        assert rita.post(f"/v1/review/items/{other}/decide", json={"verdict": "right"}).status_code == 404
        assert rita.get(f"/v1/decisions/{other}").status_code == 404
    assert rita.get(f"/v1/decisions/{theirs}").status_code == 200
    assert [queue["claimed"] for queue in rita.get("/v1/review/stats").json()["queues"]] == [1]
    # What shows or changes more than their tenant's is closed to them, whatever their roles.
    for path in ("audit-log/head", "webhooks", "alerts", "libraries", "tenants", "proposals", "classes"):
        assert rita.get(f"/v1/{path}").status_code == 403, path

    boss = sign_in(ada, "boss")
    assert [user["name"] for user in boss.get("/v1/accounts").json()["accounts"]] == ["boss", "rita"]
    assert [key["name"] for key in boss.get("/v1/keys").json()["keys"]] == ["shop"]
    assert boss.get("/v1/accounts/ada").status_code == 404
    assert boss.delete(f"/v1/keys/{forums['id']}").status_code == 404
    assert boss.get("/v1/sessions", params={"account": "ada"}).status_code == 404
    hired = boss.post("/v1/accounts", json={"name": "sam", "roles": ["reviewer"], "tenant": "Forum"}).json()
    assert hired["tenant"] == shop  # whatever they ask for
    assert boss.post("/v1/accounts", json={"name": "aud", "roles": ["auditor"]}).json()["tenant"] == shop
    assert boss.post("/v1/keys", json={"name": "own", "scopes": ["check"]}).json()["tenant"] == shop
    assert boss.post("/v1/keys", json={"name": "x", "scopes": ["admin"]}).status_code == 403

    # A tenant's key sees its tenant's decisions; one of nobody, all of them, as ever.
    as_shop = {"x-api-key": shops["token"]}
    assert httpx.get(f"{ada.base_url}/v1/decisions/{theirs}", headers=as_shop, timeout=60).status_code == 200
    assert httpx.get(f"{ada.base_url}/v1/decisions/{others}", headers=as_shop, timeout=60).status_code == 404
    for one in (rita, boss):
        one.close()


def test_a_limited_reviewer_gets_only_their_queues_and_labels(ada: httpx.Client, store: Store) -> None:
    spam = _asked(store, None, labels={"spam.scam": 0.9, "ads": 0.2})
    ads = _asked(store, None, labels={"ads.contact": 0.9})
    plain = {"name": "rita", "roles": ["reviewer"], "labels": ["ads"], "password": "four plain words here"}
    assert ada.post("/v1/accounts", json=plain).status_code == 201
    make(store, "carl", "reviewer", queues=["children"])
    make(store, "sue", "senior")
    rita, carl, sue = (sign_in(ada, name) for name in ("rita", "carl", "sue"))
    assert [item["decision_id"] for item in rita.get("/v1/review/items").json()["items"]] == [ads]
    assert carl.get("/v1/review/items").json()["items"] == []
    assert carl.post("/v1/review/claim", json={}).json()["item"] is None
    assert rita.get(f"/v1/review/items/{spam}").status_code == 404
    assert rita.post(f"/v1/review/items/{spam}/claim").status_code == 404
    assert rita.post(f"/v1/review/items/{spam}/decide", json={"verdict": "right"}).status_code == 404
    assert rita.post("/v1/review/claim", json={}).json()["item"]["decision_id"] == ads
    assert rita.post("/v1/review/claim", json={}).json()["item"] is None
    # Handed over by name, but not to who may not see it.
    over = f"/v1/review/items/{ads}/hand-over"
    assert rita.post(over, json={"to": "carl"}).status_code == 409
    assert rita.post(over, json={"to": "nobody"}).status_code == 404
    assert rita.post(over, json={"to": "SUE", "note": "yours"}).status_code == 200
    assert sue.get(f"/v1/review/items/{ads}").json()["mine"] is True
    # null takes a limit away.
    assert ada.patch("/v1/accounts/rita", json={"labels": None}).json()["labels"] == []
    assert len(rita.get("/v1/review/items").json()["items"]) == 2
    for one in (rita, carl, sue):
        one.close()
