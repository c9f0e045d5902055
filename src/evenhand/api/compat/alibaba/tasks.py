"""Tasks of Alibaba Cloud's clients as durable jobs: pictures as items of a bulk job, a recording as a job of its own.

A task's id is its job's, a dot and its place in the job. What the call asked for stands in the job's source, under
`asked`; it is needed again to answer, and to push the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.to_thread
import orjson

from evenhand.api.compat.alibaba.answers import Answer, kept_answer
from evenhand.api.compat.alibaba.errors import BAD_REQUEST, DENIED, FAILED, PROCESSING, UNFETCHED, CodeError
from evenhand.api.compat.alibaba.signing import NAME
from evenhand.api.compat.calls import Call
from evenhand.errors import FetchError, NotFoundError, UserError
from evenhand.jobs.desk import submit
from evenhand.store import Store
from evenhand.store.blobs import Blobs
from evenhand.store.jobrecords import Job

PUSH = "alibaba.push"  # the kind of job that tells a callback
_LONGEST_SEED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One content of an asynchronous call, as it stands."""

    id: str
    asked: Mapping[str, Any]  # what the call asked for
    data_id: str | None
    url: str | None
    answer: Answer | None = None  # once it is there
    media: Mapping[str, Any] | None = None  # of a recording: its length, and how much of it was looked at
    code: int = PROCESSING  # the vendor's, where there is no answer
    why: str = ""


def callback(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read where the answer is to be pushed; {} for nowhere.

    Raises:
        CodeError: the address or the seed cannot be used.
    """
    url, seed = body.get("callback"), body.get("seed", "")
    if url is None or url == "":
        return {}
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise CodeError("callback must be an http or https URL.")
    if not isinstance(seed, str) or not 0 < len(seed) <= _LONGEST_SEED:
        raise CodeError(f"A callback needs a seed of 1 to {_LONGEST_SEED} characters.")
    if str(body.get("cryptType") or "SHA256").upper() != "SHA256":
        raise CodeError("cryptType is SHA256 here.")
    return {"callback": url, "seed": seed}


async def pictures(
    call: Call, rows: Sequence[tuple[str, str | None]], *, service: str | None, asked: Mapping[str, Any]
) -> list[str]:
    """Submit pictures; give the ids of their tasks.

    Args:
        call: the call.
        rows: address and the caller's own id of each.
        service: see `Call.line`.
        asked: what is needed to answer later.

    Raises:
        CodeError: nobody works on jobs here.
        StoreError: nothing was submitted.
    """
    lines = b"\n".join(
        orjson.dumps({"url": url, "kind": "image", "context": {"dialect": NAME}, **({"id": name} if name else {})})
        for url, name in rows
    )

    def keep() -> tuple[str, int]:
        with Blobs(call.settings).writing() as part:
            part.write(lines)
            return part.keep()

    await _somebody_works(call)
    blob, size = await anyio.to_thread.run_sync(keep)
    tasks = [{"url": url, "dataId": name} for url, name in rows]
    job = await _submit(call, "bulk", {"blob": blob, "size": size}, service, {**asked, "tasks": tasks})
    return [f"{job.id}.{place}" for place in range(len(rows))]


async def recording(
    call: Call,
    place: str | Path,
    data_id: str | None,
    *,
    service: str | None,
    asked: Mapping[str, Any],
    person: str | None = None,
) -> str:
    """Submit a video or a sound, an address or a file; give the id of its task. Otherwise as `pictures`.

    `person`: it goes to review in any case, and this says why.
    """
    await _somebody_works(call)
    source: dict[str, Any]
    if isinstance(place, Path):

        def keep() -> tuple[str, int]:
            with place.open("rb") as stream:
                return Blobs(call.settings).put(stream)

        blob, size = await anyio.to_thread.run_sync(keep)
        source = {"blob": blob, "size": size}
    else:
        source = {"url": place}
    asked = {**asked, "tasks": [{"url": source.get("url"), "dataId": data_id}]}
    job = await _submit(call, "media", source, service, asked, caller_id=data_id, person=person)
    return f"{job.id}.0"


async def find(call: Call, task_id: str) -> Task:
    """Give a task of this caller's.

    Raises:
        NotFoundError: there is none, or no longer.
    """
    return await anyio.to_thread.run_sync(lambda: read(call.state.store, task_id, tenant=call.key_id or ""))


async def cancel(call: Call, task_id: str) -> None:
    """Stop a recording's task; one that has ended stays as it is.

    Raises:
        NotFoundError: there is none.
    """
    job, _, _ = await anyio.to_thread.run_sync(lambda: _job(call.state.store, task_id, call.key_id or ""))
    if job.open:
        await anyio.to_thread.run_sync(call.state.store.jobs.cancel, job.id)


def read(store: Store, task_id: str, *, tenant: str | None) -> Task:
    """Give a task; it blocks.

    Args:
        store: where.
        task_id: as it was given out.
        tenant: whose it must be; None: anybody's.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    job, place, row = _job(store, task_id, tenant)
    known = {"id": task_id, "asked": job.source["asked"], "data_id": row["dataId"], "url": row["url"]}
    if job.open:
        return Task(**known)
    if job.state != "done":
        error = job.error or {"code": "cancelled", "message": "It was cancelled."}
        return Task(**known, code=code_of(error), why=str(error["message"]))
    if job.kind == "media":
        document = store.jobs.detail(job.id)
        if document is None:
            raise NotFoundError("The result was deleted.")
        return Task(**known, answer=kept_answer(document), media=document.get("media") or {})
    item = _item(store, job.id, place)
    if "error" in item:
        return Task(**known, code=code_of(item["error"]), why=str(item["error"]["message"]))
    return Task(**known, answer=kept_answer(store.decision(item["decision_id"])))


def _job(store: Store, task_id: str, tenant: str | None) -> tuple[Job, int, Mapping[str, Any]]:
    name, _, place = task_id.partition(".")
    job = store.jobs.get(name)
    asked = job.source.get("asked")
    tasks = asked["tasks"] if isinstance(asked, dict) else ()
    mine = tenant is None or job.tenant == tenant
    if not mine or not place.isascii() or not place.isdigit() or len(place) > 6 or int(place) >= len(tasks):
        raise NotFoundError(f"There is no task {task_id[:80]!r}; results are kept EVENHAND_JOBS_KEEP_DAYS days.")
    return job, int(place), tasks[int(place)]


def _item(store: Store, job_id: str, place: int) -> Mapping[str, Any]:
    for segment in store.jobs.results(job_id):
        if place < len(segment["items"]):
            found: Mapping[str, Any] = segment["items"][place]
            return found
        place -= len(segment["items"])
    raise NotFoundError("The result was deleted.")


async def _submit(
    call: Call,
    kind: str,
    source: Mapping[str, Any],
    service: str | None,
    asked: Mapping[str, Any],
    *,
    caller_id: str | None = None,
    person: str | None = None,
) -> Job:
    then = {"then": PUSH} if "callback" in asked else {}
    state = call.state

    def work() -> Job:
        job, _ = submit(
            state.moderator,
            state.store,
            kind=kind,
            source={**source, **then, "asked": dict(asked)},
            options={"line": call.line(service), "all_scores": True, **({"person": person} if person else {})},
            tenant=call.key_id,
            caller_id=caller_id,
            fresh=True,
        )
        return job

    job = await anyio.to_thread.run_sync(work)
    if state.worker is not None:
        state.worker.knock()
    return job


async def _somebody_works(call: Call) -> None:
    if call.state.worker is None and not await anyio.to_thread.run_sync(call.state.store.tasks.workers):
        why = call.state.no_worker or "Start `evenhand worker`."
        raise CodeError(f"Asynchronous calls are not enabled: no worker works on jobs here. {why}", number=DENIED)


def code_of(error: Mapping[str, Any]) -> int:
    """Give the vendor's code for an error as the store keeps it: `code` and `message`."""
    if error["code"] == FetchError.code:
        return UNFETCHED
    callers = {kind.code for kind in _kinds(UserError)} | {"cancelled"}
    return BAD_REQUEST if error["code"] in callers else FAILED


def _kinds(kind: type[UserError]) -> list[type[UserError]]:
    return [kind, *(one for below in kind.__subclasses__() for one in _kinds(below))]
