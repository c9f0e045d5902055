"""A real HTTP server on loopback that speaks the OpenAI wire format: the double of a remote language model in tests.

Its "model" is a list of words, and of pictures it knows whether they are red; what it does besides that is told it by
`Script`.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from PIL import Image

WORDS = {"idiot": "harassment", "kill you": "violence.threat", "傻瓜": "harassment"}


@dataclass
class Script:
    """What the server does: the steps in turn, one a request, then good answers."""

    steps: list[str] = field(default_factory=list)
    knows_schema: bool = True
    seen: list[dict[str, Any]] = field(default_factory=list)  # bodies
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    now: set[int] = field(default_factory=set)  # requests being answered, by number
    most: int = 0  # most at a time
    work_s: float = 0.0

    @property
    def texts(self) -> list[str]:
        """The texts that were asked about."""
        return [json.loads(body["messages"][1]["content"])["text"] for body in self.seen]


def judge(text: str, labels: Sequence[str]) -> dict[str, Any]:
    """Give the answer document's inside for a text."""
    out: dict[str, Any] = {label: {"probability": 0.02, "quote": None} for label in labels}
    for word, label in WORDS.items():
        at = text.lower().find(word)
        if at >= 0 and label in out:
            out[label] = {"probability": 0.93, "quote": text[at : at + len(word)]}
    return out


def judge_picture(content: Sequence[dict[str, Any]], labels: Sequence[str]) -> dict[str, Any]:
    """Give the answer document's inside for a picture: the first label where it is red, with a box."""
    out: dict[str, Any] = {label: {"probability": 0.02, "box": None} for label in labels}
    data = base64.b64decode(content[0]["image_url"]["url"].partition(",")[2])
    red, green, blue = Image.open(io.BytesIO(data)).resize((1, 1)).convert("RGB").getpixel((0, 0))  # type: ignore[misc]
    if red > 150 and green < 100 and blue < 100:
        out[labels[0]] = {"probability": 0.93, "box": [0.1, 0.2, 0.5, 0.8]}
    return out


def labels_of(body: dict[str, Any]) -> list[str]:
    """Read the labels asked for out of the instructions."""
    lines = body["messages"][0]["content"].splitlines()
    return [json.loads(line[2:].split(": ")[0]) for line in lines if line.startswith('- "')]


def completion(content: str | None, *, finish: str = "stop", **message: Any) -> dict[str, Any]:
    """Give a chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "small-1",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
        ],
        "usage": {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100},
    }


def application(script: Script) -> FastAPI:
    """Make the application."""
    app = FastAPI()

    @app.post("/v1/chat/completions")
    async def complete(request: Request) -> Response:
        body = await request.json()
        script.seen.append(body)
        script.headers.append(dict(request.headers))
        script.times.append(time.monotonic())
        now, number = script.now, len(script.seen)  # (a script that starts anew has a set of its own)
        now.add(number)
        script.most = max(script.most, len(now))
        try:
            await asyncio.sleep(script.work_s)
            return await _answer(script, body)
        finally:
            now.discard(number)

    return app


async def _answer(script: Script, body: dict[str, Any]) -> Response:
    step = script.steps.pop(0) if script.steps else "good"
    if "response_format" in body and not script.knows_schema:
        return JSONResponse({"error": {"message": "response_format is not supported"}}, 400)
    said = body["messages"][1]["content"]
    labels = labels_of(body)
    good = judge_picture(said, labels) if isinstance(said, list) else judge(json.loads(said)["text"], labels)
    if step.isdigit():
        return JSONResponse({"error": {"message": "no"}}, int(step))
    if step.startswith("after "):
        return JSONResponse({"error": {"message": "slow down"}}, 429, headers={"Retry-After": step[6:]})
    if step == "slow":
        await asyncio.sleep(5)
    if step == "huge":
        return Response(b" " * 3_000_000, media_type="application/json")
    if step == "packed":
        return Response(b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    if step == "moved":
        return Response(status_code=307, headers={"Location": "/elsewhere"})
    if step.startswith("body "):
        return Response(step[5:], media_type="application/json")
    if step.startswith("says "):
        return JSONResponse(completion(step[5:]))
    if step == "cut":
        return JSONResponse(completion(json.dumps(good)[:9], finish="length"))
    if step == "refusal":
        return JSONResponse(completion(None, refusal="I cannot help with that."))
    if step == "fenced":
        return JSONResponse(completion(f"```json\n{json.dumps(good)}\n```"))
    return JSONResponse(completion(json.dumps(good)))


@contextmanager
def language_model(script: Script) -> Iterator[str]:
    """Run the server on a free port of loopback; give its address up to /v1."""
    listener = socket.socket()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(application(script), log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    server.should_exit = True
    thread.join(20)
    listener.close()
