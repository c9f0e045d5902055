"""Webhooks end to end: a real receiver on loopback that fails first; signatures checked by the specification's own
library.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from evenhand.actions.webhook import verify
from evenhand.settings import Settings
from evenhand.store import Store, open_store
from tests.jobworker import settings_for, until
from tests.server import serving


class Receiver:
    """A web server that answers with the statuses it is told, the last one from then on."""

    def __init__(self, statuses: list[int]) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
                self.send_header("location", "http://127.0.0.1:1/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    receiver = Receiver(list(statuses))
    try:
        yield receiver
    finally:
        receiver.close()


def _settings(folder: Path, *allowed: str, **more: Any) -> Settings:
    url = f"sqlite:///{folder / 'e.db'}"
    return settings_for(url, folder, webhook_allow_hosts=allowed, jobs_backoff_s=0.01, webhook_timeout_s=5.0, **more)


@contextmanager
def stored(settings: Settings) -> Iterator[Store]:
    store = open_store(settings=settings)
    store.migrate()
    try:
        yield store
    finally:
        store.close()


def test_a_finished_job_is_told_again_and_again_until_the_receiver_has_it(tmp_path: Path) -> None:
    with receiving(500, 503, 302, 204) as receiver:
        settings = _settings(tmp_path, receiver.host)
        with serving(settings, work=True) as client, stored(settings) as store:
            asked = {"name": "mine", "url": f"http://{receiver.host}/hook", "events": ["job.done"]}
            made = client.post("/v1/webhooks", json=asked).json()
            other = client.post("/v1/webhooks", json={**asked, "name": "other", "events": ["stream.*"]})
            assert other.status_code == 201
            job = client.post("/v1/jobs", json={"items": [{"text": "hello"}]}).json()["id"]
            until(lambda: len(receiver.got) == 4)
            (delivery,) = until(lambda: store.webhooks.deliveries(state="delivered"))
            shown = client.get("/v1/webhooks/mine/deliveries").json()["deliveries"]
            assert client.get("/v1/webhooks/other/deliveries").json() == {"deliveries": []}
    assert [attempt["status"] for attempt in delivery.attempts] == [500, 503, 302, 204]  # and no redirect was followed
    assert [one["id"] for one in shown] == [delivery.id]
    (body,) = {body for _, body in receiver.got}
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {delivery.id}
    event = json.loads(body)
    assert (event["id"], event["type"], event["data"]["id"]) == (delivery.id, "job.done", job)
    assert event["data"]["result"]["items"] == 1
    standard = pytest.importorskip("standardwebhooks")
    for headers, sent in receiver.got:
        assert verify(headers, sent, made["secrets"]) == delivery.id
        assert standard.Webhook(made["secrets"][0]).verify(sent, headers)["type"] == "job.done"


def test_both_secrets_sign_while_they_overlap(tmp_path: Path) -> None:
    with receiving(200) as receiver:
        settings = _settings(tmp_path, receiver.host)
        with serving(settings, work=True) as client:
            old = client.post("/v1/webhooks", json={"name": "a", "url": f"http://{receiver.host}/"}).json()["secrets"]
            new = client.post("/v1/webhooks/a/rotate").json()["secrets"]
            assert new[1:] == old
            assert client.post("/v1/webhooks/a/test").status_code == 202
            until(lambda: receiver.got)
            only = client.post("/v1/webhooks/a/rotate", params={"overlap_s": 0}).json()["secrets"]
            assert len(only) == 1
            client.post("/v1/webhooks/a/test")
            until(lambda: len(receiver.got) == 2)
    (first, body), (second, later) = receiver.got
    assert verify(first, body, [old[0]]) == verify(first, body, [new[0]])
    assert verify(second, later, only)
    from evenhand.errors import AuthError

    with pytest.raises(AuthError):
        verify(second, later, old)


def test_inside_the_network_nothing_is_sent_unless_the_operator_allows_it(tmp_path: Path) -> None:
    with receiving(200) as receiver:
        settings = _settings(tmp_path, webhook_attempts=2)
        with serving(settings, work=True) as client, stored(settings) as store:
            client.post("/v1/webhooks", json={"name": "a", "url": f"http://{receiver.host}/"})
            client.post("/v1/webhooks/a/test")
            (failed,) = until(lambda: store.webhooks.deliveries(state="failed"))
            job = until(lambda: store.jobs.page(kind="webhook", state="failed").items)[0]
        assert receiver.got == []
        assert "EVENHAND_WEBHOOK_ALLOW_HOSTS" in failed.attempts[-1]["error"]
        assert len(failed.attempts) == 2
        # A dead letter: set going again once it is allowed, it arrives.
        with serving(_settings(tmp_path, receiver.host), work=True) as client, stored(settings) as store:
            client.post(f"/v1/jobs/{job.id}/retry")
            until(lambda: receiver.got)
            until(lambda: store.webhooks.deliveries(state="delivered"))


def test_a_receiver_that_is_gone_for_good_is_not_asked_again(tmp_path: Path) -> None:
    with receiving(410) as receiver:
        settings = _settings(tmp_path, receiver.host)
        with serving(settings, work=True) as client, stored(settings) as store:
            client.post("/v1/webhooks", json={"name": "a", "url": f"http://{receiver.host}/"})
            client.post("/v1/webhooks/a/test")
            until(lambda: store.jobs.page(kind="webhook", state="failed").items)
    assert len(receiver.got) == 1


def test_secrets_are_sealed_where_there_is_a_key(tmp_path: Path) -> None:
    with stored(_settings(tmp_path, secret_key="k" * 40)) as store:
        made = store.webhooks.create("a", "https://example.org/")
        assert store.webhooks.get("a").secrets == made.secrets
        raw = b"".join(path.read_bytes() for path in tmp_path.glob("e.db*"))
        assert made.secrets[0].removeprefix("whsec_").encode() not in raw
    with stored(_settings(tmp_path)) as store:
        from evenhand.errors import SettingsError

        with pytest.raises(SettingsError, match="EVENHAND_SECRET_KEY"):
            store.webhooks.get("a")
        assert [webhook.name for webhook in store.webhooks.list()] == ["a"]


def test_a_rotated_secret_lapses(tmp_path: Path) -> None:
    with stored(_settings(tmp_path)) as store:
        first = store.webhooks.create("a", "https://example.org/").secrets
        assert store.webhooks.rotate("a", overlap=timedelta(seconds=-1)).secrets[1:] == ()
        assert first[0] not in store.webhooks.get("a").secrets
        store.webhooks.remove("a")
        assert store.webhooks.list() == []


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://a/b", "http://", "https://user:secret@example.org/", "https://example.org/#a", "http://[::1/"],
)
def test_addresses_that_cannot_be_are_refused(tmp_path: Path, url: str) -> None:
    from evenhand.actions.webhook_send import check_url
    from evenhand.errors import UserError

    with pytest.raises(UserError):
        check_url(url)
