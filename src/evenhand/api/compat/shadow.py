"""Shadow mode: the old vendor is asked as well, and what both said is written down, never the content.

The address is the operator's own setting; nothing that a caller sends chooses where a request goes. Answers to callers
neither wait for the old vendor nor depend on it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import httpx
import orjson
import structlog
from starlette.requests import Request

from evenhand.api.state import state_of
from evenhand.settings import Settings

FILE = "shadow.jsonl"  # in the data folder
_MOST = 16  # requests under way at once; further ones are left out, and counted
_TIMEOUT_S = 15.0
_MAX_BYTES = 256 * 2**20  # of the file; then nothing more is written

Ask = Callable[[httpx.AsyncClient, str, str], Awaitable[Mapping[str, float]]]


class Shadow:
    """Asks old vendors and notes their answers beside ours.

    Args:
        settings: `shadow_urls`, `shadow_keys`, and the data folder.
    """

    def __init__(self, settings: Settings) -> None:
        self._urls, self._keys = settings.shadow_urls, settings.shadow_keys
        self._file: Path = settings.data_dir / FILE
        self._client: httpx.AsyncClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._left_out = 0

    def wants(self, dialect: str) -> bool:
        """Say whether a dialect has an old vendor to ask."""
        return dialect in self._urls

    def place(self, dialect: str, version: str) -> str | None:
        """Say under which name a version of a dialect's API is asked: its own, the dialect's, or None: it is not."""
        return next((name for name in (f"{dialect}/{version}", dialect) if name in self._urls), None)

    def send(self, dialect: str, decision_id: str, ours: Mapping[str, float], ask: Ask) -> None:
        """Ask the old vendor, in the background.

        Args:
            dialect: whose request it was; with a version where `place` gave one.
            decision_id: of our decision.
            ours: name -> score, as the caller was told.
            ask: asks with a client, the address and the key, and gives name -> score.
        """
        if len(self._tasks) >= _MOST:
            self._left_out += 1
            return
        task = asyncio.create_task(self._compare(dialect, decision_id, dict(ours), ask))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _compare(self, dialect: str, decision_id: str, ours: Mapping[str, float], ask: Ask) -> None:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False)
        key = self._keys.get(dialect) or self._keys.get(dialect.partition("/")[0])
        row: dict[str, object] = {"at": round(time.time()), "dialect": dialect, "decision_id": decision_id}
        try:
            theirs = await ask(
                self._client, self._urls[dialect].rstrip("/"), key.get_secret_value() if key is not None else ""
            )
            row["scores"] = {name: [theirs[name], ours[name]] for name in ours if name in theirs}
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            # Its text may hold the address with the key in it: the kind is enough.
            status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else None
            row["error"] = f"{type(error).__name__}{'' if status is None else f' {status}'}"
        row["left_out"], self._left_out = self._left_out, 0
        try:
            await asyncio.to_thread(self._write, orjson.dumps(row) + b"\n")
        except OSError as error:
            structlog.get_logger().warning("a shadow comparison could not be written", error=str(error))

    def _write(self, line: bytes) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("ab") as out:
            if out.tell() < _MAX_BYTES:
                out.write(line)


def shadow_of(request: Request) -> Shadow:
    """Give the application's shadow; made on first use."""
    held = getattr(request.app.state, "shadow", None)
    if not isinstance(held, Shadow):
        held = request.app.state.shadow = Shadow(state_of(request).moderator.settings)
    return held
