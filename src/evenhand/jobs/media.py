"""Kind `media`: a video or a sound, some thirty seconds at a time. Segments may be checked by different workers."""

from __future__ import annotations

from evenhand.decode.fetch import fetch
from evenhand.decode.media import MediaPlan
from evenhand.domain import Content
from evenhand.errors import UnsupportedError, UserError
from evenhand.jobs.kinds import Ending, Outcome, Plan, StoppedError, Work
from evenhand.jobs.retries import Retries
from evenhand.review.asked import for_people
from evenhand.segments import SegmentFindings
from evenhand.settings import Settings
from evenhand.store.jobrecords import NewSegment


class UndoneError(UserError):
    """Nothing of a recording could be looked at. Set going again, the job tries all of it anew."""

    code = "undone"
    status = 422


_SHOWN = ("decision_id", "action", "labels", "rule", "incomplete", "kind", "content_hash", "policy")


class Media:
    """Checks a recording. Options: those of a check, and `lang`. Source: `blob`, or `url`, fetched by the plan."""

    name = "media"
    unit = "seconds"
    spares = True  # a minute that cannot be looked at makes the answer incomplete, and takes nothing from the others

    def retries(self, settings: Settings) -> Retries:
        """Say how often a segment is tried."""
        return Retries(attempts=settings.jobs_attempts, first_s=settings.jobs_backoff_s)

    def plan(self, work: Work) -> Plan:
        """Fetch the file if need be, read it through, and cut it."""
        source = dict(work.task.job.source)
        if "blob" not in source:
            name, size = _fetched(work, str(source["url"]))
            source |= {"blob": name, "size": size}
        content = _content(work, str(source["blob"]))
        plan = work.wait(work.moderator.pipeline.plan(content))
        if plan is None:
            raise UnsupportedError("This is neither a video nor a sound; check it with POST /v1/check.")
        segments = [
            NewSegment(spec={"number": segment.number}, amount=round(segment.end - segment.start, 3))
            for segment in plan.segments
        ]
        return Plan(result=plan.as_dict(), segments=segments, source=source, content_hash=plan.content_hash)

    def segment(self, work: Work) -> Outcome:
        """Check one segment."""
        plan = MediaPlan.from_dict(work.task.plan)
        check = work.moderator.pipeline.check_segment
        number = int(work.task.spec["number"])
        found = work.wait(check(_content(work), plan, number, work.options))
        return Outcome(result=found.as_dict())

    def final(self, work: Work) -> Ending:
        """Fuse the segments and decide. The decision commits with the job.

        Raises:
            UndoneError: not one segment could be looked at.
        """
        content, plan = _content(work), MediaPlan.from_dict(work.task.plan)
        found = [SegmentFindings.from_dict(one) for one in work.store.jobs.results(work.task.job.id)]
        if plan.segments and not found:
            why = work.store.jobs.spared(work.task.job.id)
            raise UndoneError(f"None of its {len(plan.segments)} segments could be looked at. {why[:1_000]}")
        result = work.wait(work.moderator.pipeline.fuse(content, plan, found, work.options))
        if person := work.task.job.options.get("person"):  # asked for by whoever submitted it
            result = for_people(result, str(person))
        document = result.as_dict()
        shown = {name: document[name] for name in _SHOWN}
        return Ending(
            result={**shown, "incidents": len(result.incidents), "media": document.get("media")},
            detail=document,
            records=work.records([content], [result]),
            forget_segments=True,
        )


def _content(work: Work, blob: str | None = None) -> Content:
    job = work.task.job
    path = work.blob() if blob is None else work.blobs.path(blob)
    language = job.options.get("lang")
    return Content(path=path, id=job.caller_id, language=str(language) if language else None)


def _fetched(work: Work, url: str) -> tuple[str, int]:
    """Fetch a file to disk; never from inside the operator's network."""
    settings = work.settings
    most, patience = min(settings.max_job_bytes, settings.max_media_bytes), settings.jobs_segment_timeout_s * 0.8

    with work.blobs.writing() as part:

        def write(chunk: bytes) -> None:
            if work.stopped():
                raise StoppedError("the job was cancelled, or the worker stops")
            part.write(chunk)

        fetch(url, settings, into=write, max_bytes=most, timeout_s=patience)
        return part.keep()
