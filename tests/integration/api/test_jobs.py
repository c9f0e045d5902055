"""Jobs over HTTP: submitted, watched, read, cancelled, set going again; by a real server that works on them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server import quick, serving

SPAM = "Cheap watches, message me on WhatsApp +1 415 555 2671"
LINES = [
    {"id": str(number), "text": SPAM if number % 5 == 0 else f"a plain remark, number {number}"} for number in range(25)
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("jobs")
    with serving(_settings(folder), work=True) as opened:
        yield opened


def _settings(folder: Path, **more: object) -> Any:
    return quick(folder, data_dir=folder, jobs_chunk_items=10, jobs_heartbeat_s=0.5, **more)


def _wait(client: httpx.Client, job: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        answer: dict[str, Any] = client.get(f"/v1/jobs/{job}").json()
        if answer["state"] not in {"queued", "running"}:
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def _body(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_items_are_checked_as_if_one_by_one(client: httpx.Client) -> None:
    asked = client.post("/v1/jobs", json={"items": [*LINES, {"text": 7}], "id": "mine", "priority": "bulk"})
    assert asked.status_code == 202, asked.text
    job = asked.json()
    assert asked.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["new"], job["caller_id"], job["priority"]) == (True, "mine", "bulk")
    done = _wait(client, job["id"])
    assert done["state"] == "done", done
    assert done["progress"] | {"eta_s": None} == {
        "segments": 3,
        "segments_done": 3,
        "unit": "items",
        "total": 26,
        "done": 26,
        "eta_s": None,
    }
    assert (done["result"]["items"], done["result"]["errors"]) == (26, 1)
    answers = [json.loads(line) for line in client.get(f"/v1/jobs/{job['id']}/results").text.splitlines()]
    assert [answer["id"] for answer in answers] == [*(row["id"] for row in LINES), None]
    assert answers[-1]["error"]["code"] == "bad_input"
    for row, answer in zip(LINES, answers[:-1], strict=True):
        alone = client.post("/v1/check", json=row).json()
        assert (answer["action"], answer["labels"]) == (alone["action"], alone["labels"])
        assert client.get(f"/v1/decisions/{answer['decision_id']}").json() == answer


@pytest.mark.parametrize("way", ["form", "body"])
def test_a_file_is_taken_in_a_form_and_as_the_body(client: httpx.Client, way: str) -> None:
    data = _body([{"id": way, "text": f"sent as {way}"}])
    if way == "form":
        asked = client.post("/v1/jobs", files={"file": ("a.jsonl", data)}, data={"priority": "bulk", "id": "f"})
    else:
        query = {"priority": "bulk", "id": "f"}
        asked = client.post("/v1/jobs", content=data, params=query, headers={"content-type": "application/x-ndjson"})
    assert asked.status_code == 202, asked.text
    done = _wait(client, asked.json()["id"])
    assert (done["state"], done["result"]["items"], done["caller_id"]) == ("done", 1, "f")


def test_the_same_file_is_the_same_job_unless_asked_anew_or_otherwise(client: httpx.Client) -> None:
    def send(**query: str) -> httpx.Response:
        body = _body([{"text": "said once"}])
        return client.post("/v1/jobs", content=body, params=query, headers={"content-type": "application/x-ndjson"})

    first = send()
    again = send()
    assert (first.status_code, again.status_code) == (202, 200)
    assert (again.json()["id"], again.json()["new"]) == (first.json()["id"], False)
    assert send(all_scores="true").json()["id"] != first.json()["id"]
    assert send(fresh="true").json()["id"] != first.json()["id"]
    _wait(client, first.json()["id"])
    assert send().json()["id"] == first.json()["id"]  # also when it is done


def test_watching_ends_with_the_end(client: httpx.Client) -> None:
    job = client.post("/v1/jobs", json={"items": LINES, "fresh": True}).json()["id"]
    names, last = [], {}
    with client.stream("GET", f"/v1/jobs/{job}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("event: "):
                names.append(line.removeprefix("event: "))
            if line.startswith("data: "):
                last = json.loads(line.removeprefix("data: "))
    assert names[-1] == "done"
    assert set(names[:-1]) == {"progress"} or not names[:-1]
    assert last["progress"]["done"] == len(LINES)


def test_jobs_are_listed_newest_first_in_pages(client: httpx.Client) -> None:
    ids = [client.post("/v1/jobs", json={"items": [{"text": f"page {n}"}]}).json()["id"] for n in range(3)]
    for job in ids:
        _wait(client, job)
    page = client.get("/v1/jobs", params={"limit": 2, "state": "done"}).json()
    assert [job["id"] for job in page["jobs"]] == ids[:0:-1]
    assert client.get("/v1/jobs", params={"limit": 2, "after": page["after"]}).json()["jobs"][0]["id"] == ids[0]
    assert client.get("/v1/jobs", params={"kind": "none"}).json() == {"jobs": [], "after": None}


def test_a_finished_job_is_deleted_and_its_decisions_stay(client: httpx.Client) -> None:
    job = client.post("/v1/jobs", json={"items": [{"text": "deleted soon"}]}).json()["id"]
    _wait(client, job)
    (line,) = client.get(f"/v1/jobs/{job}/results").text.splitlines()
    assert client.post(f"/v1/jobs/{job}/cancel").status_code == 409
    assert client.post(f"/v1/jobs/{job}/retry").status_code == 409
    assert client.delete(f"/v1/jobs/{job}").status_code == 200
    assert client.get(f"/v1/jobs/{job}").status_code == 404
    assert client.get(f"/v1/decisions/{json.loads(line)['decision_id']}").status_code == 200


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"json": []}, 422, "bad_input"),
    ({"json": {}}, 422, "bad_input"),
    ({"json": {"items": []}}, 422, "bad_input"),
    ({"json": {"items": [{"text": "a"}], "kind": "none"}}, 422, "bad_input"),
    ({"json": {"items": [{"text": "a"}], "kind": "webhook"}}, 422, "bad_input"),
    ({"json": {"items": [{"text": "a"}], "priority": "now"}}, 422, "bad_input"),
    ({"json": {"items": [{"text": "a"}], "line": "none"}}, 422, "bad_policy"),
    ({"json": {"items": [{"text": "a"}], "more": 1}}, 422, "bad_input"),
    ({"json": {"items": [{"text": "a"}], "fresh": "yes"}}, 422, "bad_input"),
    ({"json": {"items": [{"text": "a"}], "id": "x" * 1025}}, 422, "bad_input"),
    ({"content": b"", "headers": {"content-type": "application/x-ndjson"}}, 422, "bad_input"),
    ({"data": {"kind": "bulk"}, "files": {"kind": (None, b"bulk")}}, 422, "bad_input"),
]


@pytest.mark.parametrize(("body", "status", "code"), BAD)
def test_what_cannot_be_a_job_is_refused(client: httpx.Client, body: dict[str, Any], status: int, code: str) -> None:
    answer = client.post("/v1/jobs", **body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text


def test_files_may_be_larger_than_other_bodies_and_have_a_limit_of_their_own(tmp_path: Path) -> None:
    settings = _settings(tmp_path, max_body_bytes=1_000, max_job_bytes=10_000)
    with serving(settings) as client:
        lines = {"content-type": "application/x-ndjson"}
        big = _body([{"text": "x" * 100}] * 50)
        assert client.post("/v1/jobs", content=big, headers=lines).status_code == 202
        over = client.post("/v1/jobs", content=big * 20, headers=lines)
        assert (over.status_code, over.json()["error"]["code"]) == (413, "too_large")
        assert "EVENHAND_MAX_JOB_BYTES" in over.json()["error"]["message"]
        drip = client.post("/v1/jobs", content=(big for _ in range(40)), headers=lines)
        assert drip.status_code == 413
        assert client.post("/v1/jobs", content=big, headers={"content-type": "APPLICATION/JSON"}).status_code == 413
        assert [path.suffix for path in (tmp_path / "blobs").iterdir()] == [""]  # of what was refused, nothing stays


def test_a_blob_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with serving(_settings(tmp_path, blobs=tmp_path / "file" / "folder")) as client:
        answer = client.post("/v1/jobs", json={"items": [{"text": "a"}]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_failed")
        assert "EVENHAND_BLOBS" in answer.json()["error"]["message"]
        assert client.get("/v1/jobs").json()["jobs"] == []


def test_a_full_disk_is_told_and_keeps_nothing(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    from evenhand.errors import StoreError
    from evenhand.store.blobs import Blobs

    def fill() -> None:
        with Blobs(_settings(tmp_path)).writing() as part:
            part._stream.close()
            part._stream = full.open("wb")
            part.write(b"x" * 100_000)
            part.keep()

    with pytest.raises(StoreError, match="the disk is full"):
        fill()
    assert list((tmp_path / "blobs").iterdir()) == []


def test_a_job_without_any_worker_waits_and_can_be_cancelled(tmp_path: Path) -> None:
    with serving(_settings(tmp_path)) as client:
        job = client.post("/v1/jobs", json={"items": [{"text": "waiting"}]}).json()
        assert (job["state"], job["progress"]["segments"]) == ("queued", None)
        assert client.post(f"/v1/jobs/{job['id']}/cancel").json()["state"] == "cancelled"
        assert client.get(f"/v1/jobs/{job['id']}/results").text == ""
        assert client.post(f"/v1/jobs/{job['id']}/retry").json()["state"] == "queued"
        assert client.delete(f"/v1/jobs/{job['id']}").json()["state"] == "cancelled"
        assert list((tmp_path / "blobs").iterdir()) == []


def test_a_key_sees_its_own_jobs_and_an_admin_all(tmp_path: Path) -> None:
    from evenhand.store import open_store

    settings = _settings(tmp_path, require_keys=True)
    store = open_store(settings=settings)
    store.migrate()
    tokens = {name: store.keys.create(name, scopes=("check", "read")).token for name in ("one", "two")}
    tokens["admin"] = store.keys.create("admin", scopes=("admin",)).token
    store.close()

    def to(name: str) -> dict[str, str]:
        return {"x-api-key": tokens[name]}

    with serving(settings) as client:
        items = {"items": [{"text": "whose is it"}]}
        mine = client.post("/v1/jobs", json=items, headers=to("one")).json()["id"]
        other = client.post("/v1/jobs", json=items, headers=to("two")).json()["id"]
        assert mine != other  # another caller's job is never the answer
        assert client.get("/v1/jobs").status_code == 401
        for method, path in (("GET", ""), ("GET", "/results"), ("GET", "/events"), ("POST", "/cancel"), ("DELETE", "")):
            assert client.request(method, f"/v1/jobs/{mine}{path}", headers=to("two")).status_code == 404
        assert [job["id"] for job in client.get("/v1/jobs", headers=to("one")).json()["jobs"]] == [mine]
        assert len(client.get("/v1/jobs", headers=to("admin")).json()["jobs"]) == 2
        assert client.get("/v1/webhooks", headers=to("one")).status_code == 403
        assert client.get("/v1/webhooks", headers=to("admin")).json() == {"webhooks": []}
