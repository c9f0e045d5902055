"""StartContentModeration and GetContentModeration: a video in a bucket becomes a job, and its findings labels."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from starlette.responses import Response

from evenhand.api.compat.aws_errors import AwsError, invalid
from evenhand.api.compat.calls import Call
from evenhand.api.compat.rekognition_checks import looking, reply
from evenhand.api.compat.rekognition_fields import number, structure, text
from evenhand.api.compat.rekognition_input import stored
from evenhand.api.compat.rekognition_labels import VERSION, Moderation, moderations, vendors
from evenhand.api.idempotency import DECISION_HEADER
from evenhand.api.jobs import somebody_works
from evenhand.domain import Source
from evenhand.errors import NotFoundError, TooLargeError
from evenhand.jobs.desk import submit
from evenhand.store import Replay
from evenhand.store.blobs import Blobs
from evenhand.store.jobrecords import Job

_MARK = "rekognition"  # among a job's options: what the vendor's answer says again
_DEFAULT_CONFIDENCE = 50.0
_MOST_RESULTS = 1_000
_STATES = {"queued": "IN_PROGRESS", "running": "IN_PROGRESS", "done": "SUCCEEDED"}
_PICTURES = frozenset({Source.IMAGE.value, Source.FRAME.value})
_WORD = r"[a-zA-Z0-9\-_]+"
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """One label over one stretch of the video; milliseconds."""

    start: int
    end: int
    label: Moderation


async def start_content_moderation(call: Call, body: Body) -> Response:
    """`StartContentModeration`: submit the video; the same again, while it is kept, is the same job."""
    place = structure(structure(body, "Video") or {}, "S3Object")
    if place is None:
        raise invalid("Video must have S3Object.")
    if structure(body, "NotificationChannel") is not None:
        raise invalid(
            "NotificationChannel: nothing is published to Amazon SNS from here. Leave it out, and ask with "
            "GetContentModeration or have a webhook called (docs/reference/http.md)."
        )
    token = text(body, "ClientRequestToken", most=64, pattern=_WORD)
    marked = {
        "bucket": place.get("Bucket"),
        "name": place.get("Name"),
        "least": number(body, "MinConfidence", least=0, most=100, default=_DEFAULT_CONFIDENCE),
        "tag": text(body, "JobTag", most=1024, pattern=r"[a-zA-Z0-9_.\-:+=/]+"),
    }
    file = await asyncio.to_thread(stored, place, call.settings)
    await asyncio.to_thread(somebody_works, call.state)
    if token is None:
        return reply(call, {"JobId": await _submitted(call, file, marked)})
    return await _with_token(call, token, file, marked)


async def get_content_moderation(call: Call, body: Body) -> Response:
    """`GetContentModeration`: how far the job is, and a page of its labels when it is done."""
    job_id = text(body, "JobId", most=64, pattern=_WORD)
    if job_id is None:
        raise invalid("JobId must be given.")
    sort = text(body, "SortBy", most=20, choices=("NAME", "TIMESTAMP")) or "TIMESTAMP"
    aggregate = text(body, "AggregateBy", most=20, choices=("TIMESTAMPS", "SEGMENTS")) or "TIMESTAMPS"
    page = _results(body)
    job = await _job(call, job_id)
    marked: Mapping[str, Any] = job.options[_MARK]
    at = _offset(text(body, "NextToken", most=255), job.id, sort, aggregate)
    detail = await asyncio.to_thread(call.state.store.jobs.detail, job.id) if job.state == "done" else None
    status, why = _status(call, job, detail)
    answer: dict[str, Any] = {
        "JobStatus": status,
        "JobId": job.id,
        "Video": {"S3Object": {"Bucket": marked["bucket"], "Name": marked["name"]}},
        "ModerationLabels": [],
        "ModerationModelVersion": VERSION,
        "GetRequestMetadata": {"SortBy": sort, "AggregateBy": aggregate},
    }
    if marked["tag"] is not None:
        answer["JobTag"] = marked["tag"]
    if why is not None:
        answer["StatusMessage"] = why
    if status != "SUCCEEDED" or detail is None:
        return reply(call, answer)
    answer["VideoMetadata"] = _metadata(detail.get("media") or {})
    found = moments(detail["findings"], least=marked["least"])
    if aggregate == "SEGMENTS":
        found = segments(found, gap_ms=round(1500 * call.settings.frame_interval_s))
    if sort == "NAME":
        found.sort(key=lambda one: (one.label.name, -one.label.score, one.start))
    else:
        found.sort(key=lambda one: (one.start, -one.label.score, one.label.name))
    answer["ModerationLabels"] = [_row(one, aggregate) for one in found[at : at + page]]
    if at + page < len(found):
        answer["NextToken"] = _token(job.id, sort, aggregate, at + page)
    return reply(call, answer, headers={DECISION_HEADER: detail["decision_id"]})


def moments(findings: Iterable[Mapping[str, Any]], *, least: float) -> list[_Moment]:
    """Give the vendor's labels moment by moment.

    Args:
        findings: of a result document; what was read or said does not count, as with the vendor.
        least: confidence, [0, 100].
    """
    by_moment: dict[tuple[int, int], dict[str, float]] = {}
    for finding in findings:
        place = finding["location"]
        if place["source"] in _PICTURES:
            start, end = place.get("time") or (0.0, 0.0)
            scores = by_moment.setdefault((round(1000 * start), round(1000 * end)), {})
            scores[finding["label"]] = max(finding["score"], scores.get(finding["label"], 0.0))
    return [
        _Moment(start=start, end=end, label=label)
        for (start, end), scores in by_moment.items()
        for label in moderations(scores)
        if 100 * label.score >= least
    ]


def segments(found: Iterable[_Moment], *, gap_ms: int) -> list[_Moment]:
    """Join moments of one label that follow each other.

    Args:
        found: in any order.
        gap_ms: most time between two of them, in milliseconds.
    """
    out: dict[str, list[_Moment]] = {}
    for one in sorted(found, key=lambda one: one.start):
        runs = out.setdefault(one.label.name, [])
        if runs and one.start - runs[-1].end <= gap_ms:
            last = runs[-1]
            best = max(last.label, one.label, key=lambda label: label.score)
            runs[-1] = _Moment(start=last.start, end=max(last.end, one.end), label=best)
        else:
            runs.append(one)
    return [one for runs in out.values() for one in runs]


async def _with_token(call: Call, token: str, file: Path, marked: Mapping[str, Any]) -> Response:
    """Start a job once for each ClientRequestToken; the same token for another video is refused."""
    keys = call.state.store.idempotency
    fingerprint = hashlib.sha256(orjson.dumps(marked, option=orjson.OPT_SORT_KEYS)).hexdigest()
    claim = partial(keys.claim, f"StartContentModeration/{token}", key_id=call.key_id, fingerprint=fingerprint)
    held = await asyncio.to_thread(claim)
    if isinstance(held, Replay):
        return reply(call, orjson.loads(held.response))
    try:
        document = {"JobId": await _submitted(call, file, marked)}
    except BaseException:
        await asyncio.to_thread(keys.abandon, held)
        raise
    await asyncio.to_thread(partial(keys.finish, held, status=200, response=orjson.dumps(document)))
    return reply(call, document)


async def _submitted(call: Call, file: Path, marked: Mapping[str, Any]) -> str:
    state, settings = call.state, call.settings

    def work() -> Job:
        if file.stat().st_size > min(settings.max_job_bytes, settings.max_media_bytes):
            raise TooLargeError("The video is over EVENHAND_MAX_JOB_BYTES or EVENHAND_MAX_MEDIA_BYTES.")
        with file.open("rb") as stream:
            blob, size = Blobs(settings).put(stream)
        job, _ = submit(
            state.moderator,
            state.store,
            kind="media",
            source={"blob": blob, "size": size},
            options={"line": call.line("StartContentModeration"), "all_scores": False, _MARK: dict(marked)},
            tenant=call.key_id,
        )
        return job

    try:
        job = await asyncio.to_thread(work)
    except TooLargeError as error:
        raise AwsError("VideoTooLargeException", error.message) from error
    except OSError as error:
        raise AwsError(
            "InvalidS3ObjectException", "Unable to get object metadata from S3: it cannot be read."
        ) from error
    if state.worker is not None:
        state.worker.knock()
    return job.id


async def _job(call: Call, job_id: str) -> Job:
    try:
        job = await asyncio.to_thread(call.state.store.jobs.get, job_id)
    except NotFoundError:
        job = None
    if job is None or job.tenant != (call.key_id or "") or _MARK not in job.options:
        raise AwsError("ResourceNotFoundException", "Could not find JobId; jobs are kept EVENHAND_JOBS_KEEP_DAYS.")
    return job


def _status(call: Call, job: Job, detail: Mapping[str, Any] | None) -> tuple[str, str | None]:
    """Give JobStatus and, of what failed, StatusMessage. What was not wholly looked at has failed."""
    status = _STATES.get(job.state, "FAILED")
    if status == "FAILED":
        message = str((job.error or {}).get("message") or f"The job was {job.state}.")
        blob = re.escape(str(job.source.get("blob") or "-"))
        return status, re.sub(rf"\S*{blob}\S*", "the file", message)  # nobody's business where it lies here
    if status == "SUCCEEDED":
        if detail is None:
            raise AwsError("ResourceNotFoundException", "The results of this job were deleted.")
        able = looking(call, lambda label: vendors(label) is not None)
        missing = {
            name: why
            for name, why in detail["incomplete"].items()
            if name in able or name in {"decode", "decode.video", "pipeline"}
        }
        if missing:
            names = "; ".join(f"{name}: {why}" for name, why in missing.items())
            return "FAILED", f"Not all of the video could be looked at ({names})."[:1000]
        if not able & set(detail["models"]):
            return "FAILED", "No detector looked at pictures of this file: it has none, or they are switched off here."
    return status, None


def _results(body: Body) -> int:
    value = body.get("MaxResults")
    if value is None:
        return _MOST_RESULTS
    if isinstance(value, bool) or not isinstance(value, int):
        raise AwsError("SerializationException", "MaxResults must be a whole number.")
    if value < 1:
        raise invalid("1 validation error detected: Value at 'maxResults' must be greater than or equal to 1")
    return min(value, _MOST_RESULTS)


def _token(job_id: str, sort: str, aggregate: str, offset: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([job_id, sort, aggregate, offset])).decode()


def _offset(token: str | None, job_id: str, sort: str, aggregate: str) -> int:
    if token is None:
        return 0
    try:
        *same, offset = orjson.loads(base64.urlsafe_b64decode(token.encode("ascii")))
    except (binascii.Error, ValueError, TypeError):
        same, offset = [], None
    if same != [job_id, sort, aggregate] or isinstance(offset, bool) or not isinstance(offset, int) or offset < 0:
        raise AwsError(
            "InvalidPaginationTokenException", "NextToken is not of an answer to the same job, SortBy and AggregateBy."
        )
    return offset


def _row(one: _Moment, aggregate: str) -> dict[str, Any]:
    row: dict[str, Any] = {"Timestamp": one.start, "ModerationLabel": one.label.as_dict(), "ContentTypes": []}
    if aggregate == "SEGMENTS":
        row |= {
            "StartTimestampMillis": one.start,
            "EndTimestampMillis": one.end,
            "DurationMillis": one.end - one.start,
        }
    return row


def _metadata(media: Mapping[str, Any]) -> dict[str, Any]:
    """Give VideoMetadata of what is known of the file."""
    out: dict[str, Any] = {
        "Format": str(media.get("container", "")),
        "DurationMillis": round(1000 * float(media.get("duration", 0))),
    }
    video = next((track for track in media.get("tracks", ()) if track["type"] == "video"), None)
    if video is not None:
        out |= {
            "Codec": video["codec"],
            "FrameRate": video["rate"],
            "FrameHeight": video["height"],
            "FrameWidth": video["width"],
        }
    return out
