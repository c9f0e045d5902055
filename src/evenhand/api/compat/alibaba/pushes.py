"""Pushes of answers to the caller's address: a form with `checksum` and `content`, at most three times.

A push is a job of its own, made in the transaction that ends the job it tells of; each task of that is a segment. Of
a stream each incident is pushed, when it opens and when it grows worse, and the end: all that was found so far.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from evenhand.actions.webhook_send import send
from evenhand.api.compat.alibaba import errors, lives
from evenhand.api.compat.alibaba.green2018_async import task_row
from evenhand.api.compat.alibaba.green2022_async import task_data
from evenhand.api.compat.alibaba.tasks import PUSH, Task, read
from evenhand.app import AsyncModerator
from evenhand.errors import SystemFault
from evenhand.jobs.kinds import Ending, Outcome, Plan, Work
from evenhand.jobs.retries import Retries
from evenhand.settings import Settings
from evenhand.store.jobrecords import NewSegment

TIMES = 3
_FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


class UnpushedError(SystemFault):
    """The caller's address did not answer with 200."""

    code = "undelivered"
    status = 502


class Push:
    """Tells the answer to every task of a job, or a stream's so far. Source: `job` or `stream`, its id."""

    name = PUSH
    unit = "pushes"
    spares = False

    def retries(self, settings: Settings) -> Retries:
        """Say how often a push is tried."""
        return Retries(attempts=TIMES, first_s=settings.jobs_backoff_s, most_s=60.0)

    def plan(self, work: Work) -> Plan:
        """There is a push for each task."""
        if stream := work.task.job.source.get("stream"):
            return Plan(segments=[NewSegment(spec={"task": f"{lives.PREFIX}{stream}"})])
        job = work.store.jobs.get(str(work.task.job.source["job"]))
        count = len(job.source["asked"]["tasks"])
        return Plan(segments=[NewSegment(spec={"task": f"{job.id}.{place}"}) for place in range(count)])

    def segment(self, work: Work) -> Outcome:
        """Push once."""
        name = str(work.task.spec["task"])
        task = lives.read(work.store, name) if lives.is_live(name) else read(work.store, name, tenant=None)
        pairs = {pair.id: pair.access_id for pair in work.store.dialect_keys.list()}
        body = form(work.moderator, task, uid=pairs.get(work.task.job.tenant, ""))
        sent = send(str(task.asked["callback"]), urlencode(body).encode(), _FORM, work.settings)
        if sent.status != 200:
            raise UnpushedError(sent.error or f"the receiver answered with status {sent.status}, not 200")
        return Outcome(result={"task": task.id})

    def final(self, work: Work) -> Ending:
        """All were pushed."""
        told = {name: work.task.job.source[name] for name in ("job", "stream") if name in work.task.job.source}
        return Ending(result=told, forget_segments=True)


def form(moderator: AsyncModerator, task: Task, *, uid: str) -> Mapping[str, str]:
    """Give what is pushed.

    Args:
        moderator: whose policy decides.
        task: that has ended, or a stream's.
        uid: what stands for the vendor's account id: the AccessKey id of who asked.
    """
    new = "service" in task.asked
    content = orjson.dumps(_answer(moderator, task) if new else task_row(moderator, task)).decode()
    checksum = hashlib.sha256(f"{uid}{task.asked['seed']}{content}".encode()).hexdigest()
    return {"checksum": checksum, "content": content}


def _answer(moderator: AsyncModerator, task: Task) -> dict[str, Any]:
    code = errors.OK if task.answer is not None and not lives.is_live(task.id) else task.code
    word = f"{errors.word(code)}: {task.why}" if task.why else errors.word(code)
    if task.answer is not None:
        data = task_data(moderator, task)
    else:
        data = {"TaskId": task.id, **({} if task.data_id is None else {"DataId": task.data_id})}
    return {"RequestId": errors.new_request_id(), "Code": code, "Message": word, "Msg": word, "Data": data}
