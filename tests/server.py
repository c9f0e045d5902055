"""A real server on loopback for tests, with a database of its own, and an HTTP client that talks to it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from evenhand.api.application import create_app
from evenhand.console import install
from evenhand.settings import Settings


@contextmanager
def serving(
    settings: Settings, *, warm: bool = False, work: bool = False, console: bool = False
) -> Iterator[httpx.Client]:
    """Run the application in a thread, on a free port of loopback; with the console's pages if asked."""
    listener = socket.socket()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as the real server does
    listener.bind(("127.0.0.1", 0))
    app = create_app(settings, warm=warm, work=work, extend=install if console else None)
    config = uvicorn.Config(app, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        yield client
    server.should_exit = True
    thread.join(20)
    listener.close()


def quick(folder: Path, **overrides: object) -> Settings:
    """Give settings for a server that loads no model, on a database of its own."""
    values = {
        "database_url": f"sqlite:///{folder / 'test.db'}",
        "plugins": False,
        "disabled_detectors": ("text.harm",),
        **overrides,
    }
    return Settings(**values)  # type: ignore[arg-type]
