"""Jobs and live streams are those of all keys and people of a customer, and of no other's."""

from __future__ import annotations

import pytest

from evenhand.store.jobrecords import NewJob
from tests.integration.tenants.conftest import House


@pytest.fixture(scope="module")
def asked(house: House) -> dict[str, tuple[str, str]]:
    """Have a job and a stream asked for by each key, and by nobody in particular; give their ids."""
    out = {}
    for who in ("a-key", "b-key", "key", "a-admin"):
        tenant = house.ask(who, "GET", "/v1/account")["id"]
        job, _ = house.store.jobs.submit(NewJob(kind="bulk", tenant=tenant, source={}, caller_id=f"job of {who}"))
        stream = house.store.streams.create("rtmp://192.0.2.1/x", "rtmp://192.0.2.1/x", tenant=tenant, options={})
        out[who] = (job.id, stream.id)
    return out


@pytest.mark.parametrize("place", [0, 1], ids=["jobs", "streams"])
def test_they_are_the_tenants(house: House, asked: dict[str, tuple[str, str]], place: int) -> None:
    what = ("jobs", "streams")[place]
    for who, seen in {
        "a-reviewer": {"a-key", "a-admin"},
        "a-key": {"a-key", "a-admin"},
        "a-admin": {"a-key", "a-admin"},
        "b-key": {"b-key"},
        "b-auditor": {"b-key"},
        "key": {"key"},  # a key of nobody sees its own, as ever
        "op-admin": set(asked),
    }.items():
        listed = {one["id"] for one in house.ask(who, "GET", f"/v1/{what}?limit=1000")[what]}
        assert {name for name, ids in asked.items() if ids[place] in listed} == seen, who
        for name, ids in asked.items():
            if name in seen:
                assert house.ask(who, "GET", f"/v1/{what}/{ids[place]}")["id"] == ids[place]
            else:
                house.alike(who, "GET", f"/v1/{what}/{{}}", ids[place])
                house.alike(who, "GET", f"/v1/{what}/{{}}/events", ids[place])


def test_they_are_stopped_within_the_tenant(house: House, asked: dict[str, tuple[str, str]]) -> None:
    job, stream = asked["a-key"]
    for method, path, one in (
        ("POST", "/v1/jobs/{}/cancel", job),
        ("POST", "/v1/jobs/{}/retry", job),
        ("DELETE", "/v1/jobs/{}", job),
        ("DELETE", "/v1/streams/{}", stream),
    ):
        house.alike("b-admin", method, path, one)
        house.alike("b-key", method, path, one)
    house.ask("a-reviewer", "DELETE", f"/v1/streams/{stream}", status=403)  # reading is not stopping
    assert house.ask("a-admin", "POST", f"/v1/jobs/{job}/cancel")["state"] in {"cancelling", "cancelled"}
    assert house.ask("a-admin", "DELETE", f"/v1/streams/{stream}")["id"] == stream
    assert house.store.jobs.get(asked["b-key"][0]).open
