"""Pushes of answers to the caller's address: a form with `checksum` and `content`, at most three times.

A push is a job of its own, made in the transaction that ends the job it tells of; each task of that is a segment. Of
a stream each incident is pushed, when it opens and when it grows worse, and the end: all that was found so far. Of
what people are to judge nothing is pushed but what they said, each time that a verdict takes effect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from evenhand.actions.webhook_send import send
from evenhand.api.compat.alibaba import errors, lives, people
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
    """Tells the answer to every task of a job, a stream's so far, or people's. Source: `job`, `stream`, `decision`."""

    name = PUSH
    unit = "pushes"
    spares = False

    def retries(self, settings: Settings) -> Retries:
        """Say how often a push is tried."""
        return Retries(attempts=TIMES, first_s=settings.jobs_backoff_s, most_s=60.0)

    def plan(self, work: Work) -> Plan:
        """There is a push for each task."""
        if "decision" in work.task.job.source:
            return Plan(segments=[NewSegment(spec={"task": str(work.task.job.source["task"])})])
        if stream := work.task.job.source.get("stream"):
            return Plan(segments=[NewSegment(spec={"task": f"{lives.PREFIX}{stream}"})])
        job = work.store.jobs.get(str(work.task.job.source["job"]))
        count = len(job.source["asked"]["tasks"])
        return Plan(segments=[NewSegment(spec={"task": f"{job.id}.{place}"}) for place in range(count)])

    def segment(self, work: Work) -> Outcome:
        """Push once."""
        name, source = str(work.task.spec["task"]), work.task.job.source
        if "decision" in source:
            judged = people.judged_of(work.store, str(source["decision"]), name=name, data_id=source.get("dataId"))
            asked, content = source["asked"], _judged(judged, new="service" in source["asked"])
        else:
            task = lives.read(work.store, name) if lives.is_live(name) else read(work.store, name, tenant=None)
            asked = task.asked
            if asked["form"] == people.MANUAL and task.answer is not None:
                told = {"task": name, "dataId": task.data_id, "asked": {**asked, "tasks": []}}
                follows = work.store.review_follows
                follows.ask(task.answer.decision_id, PUSH, tenant=work.task.job.tenant, source=told)
                return Outcome(result={"task": name})
            content = answered(work.moderator, task)
        pairs = {pair.id: pair.access_id for pair in work.store.dialect_keys.list()}
        body = form(content, str(asked["seed"]), uid=pairs.get(work.task.job.tenant, ""))
        sent = send(str(asked["callback"]), urlencode(body).encode(), _FORM, work.settings)
        if sent.status != 200:
            raise UnpushedError(sent.error or f"the receiver answered with status {sent.status}, not 200")
        return Outcome(result={"task": name})

    def final(self, work: Work) -> Ending:
        """All were pushed."""
        source = work.task.job.source
        told = {name: source[name] for name in ("job", "stream", "decision") if name in source}
        return Ending(result=told, forget_segments=True)


def form(content: Mapping[str, Any], seed: str, *, uid: str) -> Mapping[str, str]:
    """Give what is pushed.

    Args:
        content: the answer.
        seed: the caller's own.
        uid: what stands for the vendor's account id: the AccessKey id of who asked.
    """
    text = orjson.dumps(content).decode()
    return {"checksum": hashlib.sha256(f"{uid}{seed}{text}".encode()).hexdigest(), "content": text}


def answered(moderator: AsyncModerator, task: Task) -> dict[str, Any]:
    """Give the answer of a task that has ended, or of a stream, in the shape of the version that asked."""
    if "service" not in task.asked:
        return task_row(moderator, task)
    code = errors.OK if task.answer is not None and not lives.is_live(task.id) else task.code
    if task.answer is not None:
        data = task_data(moderator, task)
    else:
        data = {"TaskId": task.id, **({} if task.data_id is None else {"DataId": task.data_id})}
    return _whole(data, code, task.why)


def _judged(judged: people.Judged, *, new: bool) -> dict[str, Any]:
    code = errors.PROCESSING if judged.action is None else errors.OK
    return _whole(people.judged_data(judged), code, "") if new else people.judged_row(judged)


def _whole(data: Mapping[str, Any], code: int, why: str) -> dict[str, Any]:
    word = f"{errors.word(code)}: {why}" if why else errors.word(code)
    return {"RequestId": errors.new_request_id(), "Code": code, "Message": word, "Msg": word, "Data": dict(data)}
