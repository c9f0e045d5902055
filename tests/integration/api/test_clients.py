"""Clients that leave, that come all at once, and the address the server says it listens on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from evenhand.api.limits import BodyLimit
from evenhand.api.server import _listen
from evenhand.errors import SettingsError
from tests.server import quick, serving


def test_health_answers_head(client: httpx.Client) -> None:
    assert client.head("/healthz").status_code == 200
    assert client.head("/readyz").status_code == 200


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    (listener,) = _listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    with pytest.raises(SettingsError, match=rf"port {port}.*in use"):
        _listen("127.0.0.1", port)
    listener.close()
    with pytest.raises(SettingsError, match=r"nowhere\.invalid"):
        _listen("nowhere.invalid", 0)


def test_one_free_port_serves_all_addresses_of_a_host() -> None:
    listeners = _listen("localhost", 0)
    assert len({listener.getsockname()[1] for listener in listeners}) == 1
    for listener in listeners:
        listener.close()


async def test_bodies_together_over_the_limit_are_asked_to_come_later() -> None:
    answers: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * 60, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answers.append(message["status"])

    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": []}

    async def answer_while_another_comes(scope: Scope, counted: Receive, send: Send) -> None:
        await counted()
        if not scope.get("inner"):
            await limit({**scope, "inner": True}, receive, send)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    limit = BodyLimit(answer_while_another_comes, max_bytes=100, max_inflight=100)
    for _ in range(2):  # and the bytes are given back
        await limit(scope, receive, send)
    assert answers == [503, 200, 503, 200]


def _start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    env = {**os.environ, "XDG_DATA_HOME": str(folder), "EVENHAND_DISABLED_DETECTORS": '["text.harm"]'}
    command = [sys.executable, "-m", "evenhand", "serve", "--port", "0"]
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    return process, json.loads(process.stderr.readline())["address"]


def test_a_server_process_tells_its_port_ignores_those_who_leave_and_ends_clean(tmp_path: Path) -> None:
    process, address = _start(tmp_path)
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as leaver:
        leaver.sendall(b"POST /v1/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{")
    with socket.create_connection((host, int(port))) as stranger:
        stranger.sendall(b"SECRET NONSENSE\r\n\r\n")
        assert stranger.recv(1000).startswith(b"HTTP/1.1 400")
    with httpx.Client(base_url=address, trust_env=False, timeout=30) as client:
        for _ in range(200):
            if client.get("/readyz").status_code == 200:
                break
            time.sleep(0.05)
        assert client.post("/v1/check", json={"text": "SECRET words"}).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    said = process.stderr.read()
    assert process.wait(30) == 0
    logged = [json.loads(line) for line in said.splitlines()]  # every line, those of libraries too
    assert "SECRET" not in said
    assert [row["status"] for row in logged if row["event"] == "request" and row["path"] == "/v1/check"] == [499, 200]
    assert not [row for row in logged if row["level"] == "error"]


def test_batches_of_many_clients_do_not_mix(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with serving(quick(tmp_path)) as client, ThreadPoolExecutor(16) as threads:

        def ask(n: int) -> bool:
            names = [f"{n}-{k}" for k in range(20)]
            answer = client.post("/v1/check:batch", json={"items": [{"id": name, "text": name} for name in names]})
            return [row["id"] for row in answer.json()["results"]] == names

        assert all(threads.map(ask, range(48)))
