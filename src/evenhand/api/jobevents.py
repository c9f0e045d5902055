"""Server-Sent Events: a job's progress as it goes, for a page or a script that watches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import orjson

from evenhand.errors import EvenhandError
from evenhand.store import Store
from evenhand.store.jobrows import job_document

_LOOK_S = 0.5  # seconds between two looks at the job
_SIGN_S = 15.0  # seconds after which a comment keeps proxies from closing a silent connection
_RETRY_MS = 2_000


async def events(store: Store, job_id: str, stopping: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Give a job's document each time it changed, and its end as an event of that name ("done", "failed",
    "cancelled"); then the stream ends.

    Args:
        store: where the job is.
        job_id: which.
        stopping: whether the server stops; whoever watches comes back to another, or later.
    """
    yield f"retry: {_RETRY_MS}\n\n".encode()
    before, said, number = b"", time.monotonic(), 0
    while not stopping():
        try:
            job = await asyncio.to_thread(store.jobs.get, job_id)
        except EvenhandError as error:
            yield _event("gone", number, orjson.dumps({"error": {"code": error.code, "message": error.message}}))
            return
        document = job_document(job)
        eta = document["progress"].pop("eta_s")
        told = orjson.dumps(document)  # without the estimate, which changes all the time
        if told != before:
            before, said, number = told, time.monotonic(), number + 1
            document["progress"]["eta_s"] = eta
            yield _event("progress" if job.open else job.state, number, orjson.dumps(document))
        if not job.open:
            return
        if time.monotonic() - said > _SIGN_S:
            said = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(_LOOK_S)


def _event(name: str, number: int, data: bytes) -> bytes:
    return f"id: {number}\nevent: {name}\ndata: ".encode() + data + b"\n\n"
