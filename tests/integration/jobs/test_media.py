"""Recordings as jobs: in segments, by any worker, with the answer that they have when checked at once."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from evenhand.facade import Moderator
from evenhand.jobs.kinds import Outcome, Work
from evenhand.jobs.media import Media
from evenhand.jobs.process import working
from evenhand.review.evidence import held
from evenhand.settings import Settings
from evenhand.store import open_store
from evenhand.store.blobs import Blobs
from tests.jobworker import hand_in, settings_for, started, until_over
from tests.server import serving

pytest.importorskip("av")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a video of 70 seconds with sound, in three segments."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    path = tmp_path_factory.mktemp("media") / "clip.mp4"
    made = "-f lavfi -i testsrc=size=160x120:rate=5:duration=70 -f lavfi -i sine=frequency=440:duration=70"
    command = f"ffmpeg -v error {made} -c:v libx264 -preset ultrafast -g 25 -c:a aac {path}"
    subprocess.run(command.split(), check=True, timeout=120)
    return path


def _told(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in {"id", "decision_id", "timing_ms", "notes"}}


def _settings(folder: Path, **more: Any) -> Settings:
    return settings_for(f"sqlite:///{folder / 'e.db'}", folder, **more)


def test_a_recording_is_kept_where_contents_are_and_deleted_on_request(clip: Path, tmp_path: Path) -> None:
    settings = _settings(tmp_path, keep_originals_days=1)
    with serving(settings, work=True) as client:
        with clip.open("rb") as stream:
            asked = client.post("/v1/jobs", files={"file": ("clip.mp4", stream)})
        store, blobs = open_store(settings=settings), Blobs(settings)
        over = until_over(store, asked.json()["id"])
        assert over.state == "done", over
        (name,) = blobs.names()
        assert store.retention.kept_files([name, "0" * 64]) == {name}
        assert blobs.sweep(store.retention.kept_files(blobs.names()), older_s=0) == 0
        content_hash = over.content_hash
        assert content_hash == f"sha256:{name}"
        found = held(store, settings, content_hash)
        assert found is not None
        assert (found.media, found.read(0, 8)) == ("video/mp4", clip.read_bytes()[:8])
        assert store.delete_content(content_hash).originals == 1
        assert blobs.names() == []
        assert held(store, settings, content_hash) is None
        store.close()


def test_a_video_is_checked_a_segment_at_a_time(clip: Path, tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    with Moderator(settings.model_copy(update={"database_url": None})) as moderator:
        at_once = json.loads(json.dumps(moderator.check(clip).as_dict()))
    with serving(settings, work=True) as client:
        with clip.open("rb") as stream:
            asked = client.post("/v1/jobs", files={"file": ("clip.mp4", stream)}, data={"id": "mine"})
        assert asked.status_code == 202, asked.text
        assert asked.json()["kind"] == "media"
        store = open_store(settings=settings)
        over = until_over(store, asked.json()["id"])
        assert over.state == "done", over
        assert (over.segments, over.unit, round(over.amount)) == (3, "seconds", 70)
        (line,) = client.get(f"/v1/jobs/{over.id}/results").text.splitlines()
        result = json.loads(line)
        assert result["id"] == "mine"
        assert _told(result) == _told(at_once)
        assert over.result["decision_id"] == result["decision_id"]
        assert client.get(f"/v1/decisions/{result['decision_id']}").json()["action"] == result["action"]
        # What is deleted of a content goes from the job, too.
        store.delete_content(result["content_hash"])
        assert client.get(f"/v1/jobs/{over.id}/results").text == ""
        store.close()
    assert list((tmp_path / "blobs").iterdir()) == []


def test_a_killed_worker_costs_a_segment_and_changes_nothing(clip: Path, tmp_path: Path) -> None:
    settings = _settings(tmp_path, jobs_slots=1)
    store = open_store(settings=settings)
    store.migrate()
    from evenhand.store.blobs import Blobs

    with clip.open("rb") as stream:
        name, size = Blobs(settings).put(stream)
    job = hand_in(settings, store, {"blob": name, "size": size, "media_type": None}, kind="media")
    with started(settings, tmp_path, "segment:committed") as doomed:
        assert doomed.wait(120) == -9
    assert store.jobs.get(job.id).segments_done == 1
    with started(settings, tmp_path) as second:
        over = until_over(store, job.id)
        second.terminate()
        said, _ = second.communicate(timeout=60)
    assert said.count("segment:") == 2 * 3  # two segments, three steps each
    detail = store.jobs.detail(job.id)
    with Moderator(settings.model_copy(update={"database_url": None})) as moderator:
        assert _told(detail) == _told(json.loads(json.dumps(moderator.check(clip).as_dict())))
    assert (over.state, store.log.count()) == ("done", 1)
    store.close()


def test_a_video_is_fetched_by_its_url_and_not_from_inside_the_network(clip: Path, tmp_path: Path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(clip.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"
    settings = _settings(tmp_path, fetch_allow_hosts=(host,))
    with serving(settings, work=True) as client:
        store = open_store(settings=settings)
        good = client.post("/v1/jobs", json={"url": f"http://{host}/clip.mp4"}).json()
        bad = client.post("/v1/jobs", json={"url": "http://127.0.0.1:1/clip.mp4"}).json()
        text = client.post("/v1/jobs", json={"url": f"http://{host}/none.mp4"}).json()
        assert until_over(store, good["id"]).state == "done"
        for job in (bad, text):
            failed = until_over(store, job["id"])
            assert (failed.state, failed.error and failed.error["code"]) == ("failed", "fetch_failed")
        store.close()
    server.shutdown()
    server.server_close()
    assert list((tmp_path / "blobs").iterdir()) == []


def test_what_is_no_recording_fails_with_the_reason(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    with serving(settings, work=True) as client:
        store = open_store(settings=settings)
        for data, code in ((b"just a text", "unsupported"), (b"\x00\x00\x00\x20ftypisom" + b"\x00" * 500, "bad_input")):
            job = client.post(
                "/v1/jobs", content=data, params={"kind": "media"}, headers={"content-type": "video/mp4"}
            ).json()
            failed = until_over(store, job["id"])
            assert failed.state == "failed"
            assert failed.error is not None
            assert failed.error["code"] in {code, "unsupported", "bad_input"}, failed.error
            assert str(tmp_path) not in failed.error["message"], "where files lie here is nothing to callers"
        store.close()


class _Blind(Media):
    """Cannot look at some segments, as where what is in them is too much for a worker."""

    def __init__(self, blind: set[int]) -> None:
        self._blind = blind

    def segment(self, work: Work) -> Outcome:
        if int(work.task.spec["number"]) in self._blind:
            raise RuntimeError("too much")
        return super().segment(work)


def test_a_segment_that_cannot_be_looked_at_makes_the_answer_incomplete(clip: Path, tmp_path: Path) -> None:
    settings = _settings(tmp_path, jobs_attempts=2)
    store = open_store(settings=settings)
    store.migrate()
    blind = {1}
    kinds = {"media": _Blind(blind)}
    with working(settings, kinds=kinds, warm=False):
        with clip.open("rb") as stream:
            name, size = Blobs(settings).put(stream)
        source = {"blob": name, "size": size}
        over = until_over(store, hand_in(settings, store, source, kind="media").id)
        assert over.state == "done", over
        assert over.result["action"] == "review"
        assert over.result["incomplete"]["decode"].startswith("1 of 3 segments could not be looked at (")
        assert "RuntimeError" in store.jobs.spared(over.id)
        # Nothing looked at is no answer at all; and what stood in the way may be gone the next time.
        blind |= {0, 2}
        with clip.open("rb") as stream:
            Blobs(settings).put(stream)
        none = until_over(store, hand_in(settings, store, source, kind="media", fresh=True).id)
        assert (none.state, none.error and none.error["code"]) == ("failed", "undone")
        blind.clear()
        store.jobs.retry(none.id)
        again = until_over(store, none.id)
        assert (again.state, again.result["incomplete"]) == ("done", {})
    store.close()
