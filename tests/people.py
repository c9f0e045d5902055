"""People who sign in, for tests: real accounts, real passwords, real sessions."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from evenhand.store import Store

PASSWORD = "four plain words here"


def make(store: Store, name: str, *roles: str, **limits: str | Sequence[str] | None) -> str:
    """Make an account with PASSWORD; give its id."""
    made = store.accounts.create(
        name,
        actor="local",
        roles=roles or ("admin",),
        password=PASSWORD,
        must_change=False,
        **limits,  # type: ignore[arg-type]
    )
    return made.id


def sign_in(client: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Client:
    """Sign somebody in; give a client of their own, whose requests carry cookie and token. Close it in the end."""
    own = httpx.Client(base_url=client.base_url, timeout=60, trust_env=False)
    answer = own.post("/v1/sessions", json={"name": name, "password": password})
    assert answer.status_code == 200, answer.text
    own.headers["x-csrf-token"] = answer.json()["csrf"]
    return own
