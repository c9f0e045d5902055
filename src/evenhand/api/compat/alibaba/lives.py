"""Live streams as tasks: handed in, asked for while they run, stopped. Translates only; see `intake` for the work.

A task's id is "stream." and the stream's. What the call asked for stands in the stream's options, under `asked`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio.to_thread

from evenhand.api.compat.alibaba.answers import Answer, kept_answer, strictest
from evenhand.api.compat.alibaba.errors import DENIED, OK, PROCESSING, UNFETCHED, CodeError
from evenhand.api.compat.alibaba.signing import NAME
from evenhand.api.compat.alibaba.tasks import PUSH, Task, code_of
from evenhand.api.compat.calls import Call
from evenhand.api.streams import NobodyFollowsError, follow
from evenhand.domain import Action, ContentKind
from evenhand.errors import NotFoundError
from evenhand.intake.addresses import RefusedStreamError
from evenhand.intake.events import ESCALATED, OPENED
from evenhand.store import Store
from evenhand.store.reviewrecords import LOCAL
from evenhand.store.streams import Stream

PREFIX = "stream."
_MOST_INCIDENTS = 200  # in one answer, the newest
_PAGE = 1_000


def is_live(task_id: str) -> bool:
    """Say whether a task's id has the form of a stream's."""
    return task_id.startswith(PREFIX)


async def submit(call: Call, url: str, data_id: str | None, *, service: str | None, asked: Mapping[str, Any]) -> str:
    """Follow a stream from now on, as `POST /v1/streams` does; give the id of its task.

    Args:
        call: the call.
        url: of the stream.
        data_id: the caller's own id.
        service: see `Call.line`.
        asked: what is needed to answer later; with a `callback`, each incident and the end are pushed.

    Raises:
        CodeError: nobody follows streams here.
        InputError: the address cannot be one of a stream.
        FetchError: it leads into the operator's network or to nobody.
        StoreError: nothing was stored.
    """
    then = {"then": PUSH} if "callback" in asked else {}
    options = {"line": call.line(service), "asked": {"dialect": NAME, **asked}, **then}
    try:
        made = await follow(call.state, url, tenant=call.key_id or "", caller_id=data_id, options=options)
    except NobodyFollowsError as error:
        raise CodeError(f"Live streams are not enabled here: {error.message}", number=DENIED) from error
    return f"{PREFIX}{made.id}"


async def find(call: Call, task_id: str) -> Task:
    """Give a stream of this caller's with what has happened in it so far.

    Its `code` is 280 while it runs, 200 once it is over, another one where it broke off; `answer` is always there.

    Raises:
        NotFoundError: there is none, or no longer.
        StoreError: the database refused or cannot be reached.
    """
    store = call.state.store
    return await anyio.to_thread.run_sync(lambda: _task(store, _mine(store, task_id, call.key_id or "")))


def read(store: Store, task_id: str) -> Task:
    """Give a stream, whoever's it is, as it stands; it blocks. Errors as `find`."""
    return _task(store, store.streams.get(task_id.removeprefix(PREFIX)))


async def cancel(call: Call, task_id: str) -> None:
    """Follow a stream no longer; one that is over stays as it is.

    Raises:
        NotFoundError: there is none.
        StoreError: the database refused or cannot be reached.
    """
    store = call.state.store

    def work() -> None:
        stream = _mine(store, task_id, call.key_id or "")
        if stream.open:
            store.streams.stop(stream.id, actor=call.key_id or LOCAL)

    await anyio.to_thread.run_sync(work)


def _mine(store: Store, task_id: str, tenant: str) -> Stream:
    why = f"There is no task {task_id[:80]!r}; results are kept EVENHAND_JOBS_KEEP_DAYS days."
    try:
        stream = store.streams.get(task_id.removeprefix(PREFIX))
    except NotFoundError:
        raise NotFoundError(why) from None
    if stream.tenant != tenant or "asked" not in stream.options:
        raise NotFoundError(why)
    return stream


def _task(store: Store, stream: Stream) -> Task:
    progress = stream.progress or {}
    incomplete = {str(name): str(why) for name, why in progress.get("incomplete", {}).items()}
    code, why = PROCESSING if stream.open else OK, ""
    if stream.state == "failed":
        error = {"code": "failed", "message": "It broke off.", **(stream.error or {})}
        code, why = UNFETCHED if error["code"] == RefusedStreamError.code else code_of(error), str(error["message"])
        incomplete["live"] = why
    return Task(
        id=f"{PREFIX}{stream.id}",
        asked=stream.options["asked"],
        data_id=stream.caller_id,
        url=stream.shown,
        answer=_answer(store, stream, incomplete),
        media={"frames": progress.get("counts", {}).get("pictures", 0)},
        code=code,
        why=why,
    )


def _answer(store: Store, stream: Stream, incomplete: dict[str, str]) -> Answer:
    """Put the incidents together: each as it was decided last, the newest of them with their findings."""
    last = dict[str, str]()  # incident -> its decision
    action, after = Action.PASS, 0
    while True:
        found = store.streams.journal(stream.id, after=after, limit=_PAGE, kinds=(OPENED, ESCALATED))
        for event in found:
            last[str(event.data["incident"])] = str(event.data["decision_id"])
            action = strictest(action, Action(event.data["action"]))
        if len(found) < _PAGE:
            break
        after = found[-1].number
    known = list[Answer]()
    for decision_id in list(last.values())[-_MOST_INCIDENTS:]:
        try:
            known.append(kept_answer(store.log.get(decision_id)))
        except NotFoundError:
            incomplete["decisions"] = "decisions on some of its incidents were deleted"
    labels = dict[str, float]()
    for one in known:
        for label, score in one.labels.items():
            labels[label] = max(score, labels.get(label, 0.0))
    return Answer(
        decision_id=known[-1].decision_id if known else "",
        data_id=stream.caller_id,
        action=action,
        findings=[finding for one in known for finding in one.findings],
        labels=labels,
        incomplete=incomplete,
        line=str(stream.options["line"]),
        kind=ContentKind.STREAM.value,
        languages=list(dict.fromkeys(language for one in known for language in one.languages)),
    )
