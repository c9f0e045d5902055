"""Redaction of recordings: which regions and words are covered when, and the copy as bytes or as a file.

Findings are drawn out in time (`redact_when`), the recording is decoded and coded anew with them covered
(`redact_media`), in its own container where that can be written (`redact_coded`).
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evenhand.actions.redact_media import Copying, copy_recording
from evenhand.actions.redact_regions import check_box
from evenhand.actions.redact_when import Covered, regions_in_time, sounds_in_time
from evenhand.decode import Decoded
from evenhand.decode.media import MediaPlan, stills
from evenhand.domain import Finding, Result, Source
from evenhand.domain.location import TimeRange
from evenhand.errors import InputError, SystemFault, TooLargeError
from evenhand.settings import Settings

if TYPE_CHECKING:
    from evenhand.actions.redact import Redacted, Redaction

_ALWAYS: TimeRange = (-1.0, 1e9)
_COVERED = frozenset({Source.FRAME, Source.IMAGE, Source.OCR, Source.CODE, Source.SPEECH, Source.AUDIO})
_MANY = 48  # findings of a kind in a segment, beyond which the weaker ones are not kept


def redact_recording(
    decoded: Decoded,
    chosen: Sequence[Finding],
    redaction: Redaction,
    settings: Settings,
    *,
    result: Result | None,
    doubts: Sequence[str],
) -> Redacted:
    """Cover what was found in a video or sound, or cut a clip of it.

    Args:
        decoded: the recording, planned.
        chosen: findings to be covered.
        redaction: what is covered, and how.
        settings: limits.
        result: of the check.
        doubts: what may be uncovered, since a detector gave no answer.

    Raises:
        InputError: it cannot be read, or boxes, times or the incident are not of this recording.
        TooLargeError: it takes too long, or the copy is over a limit.
        UnsupportedError: nothing here writes such files.
    """
    from evenhand.actions.redact import MOST_GROWTH, Redacted

    plan, source = decoded.plan, decoded.source
    if plan is None or source is None:
        raise ValueError("this content is no recording")
    regions = regions_in_time(chosen, interval=settings.frame_interval_s)
    if redaction.boxes:
        seen = next((image.size for _, image in stills(source, plan, settings, [0.0])), None)
        if seen is None:
            raise InputError("the recording has no pictures, so boxes mean nothing; leave them out")
        regions += [Covered(start=_ALWAYS[0], end=_ALWAYS[1], box=check_box(box, seen)) for box in redaction.boxes]
    copying = Copying(
        regions=regions,
        sounds=sounds_in_time(chosen),
        style=redaction.style,
        sound=redaction.sound,
        margin=redaction.margin,
        window=_window(plan, redaction, result),
    )
    where = redaction.to.parent if redaction.to is not None else None
    try:
        handle, name = tempfile.mkstemp(dir=where, prefix=".evenhand-")
        os.close(handle)
        target = Path(name)
        try:
            media, notes, lost = copy_recording(source, plan, copying, target, settings)
            data = b""
            if redaction.to is not None:
                os.replace(target, redaction.to)
            elif (size := target.stat().st_size) > MOST_GROWTH * settings.max_file_bytes:
                raise TooLargeError(f"the copy has {size:,} bytes; let it be written to a file, or cut a clip")
            else:
                data = target.read_bytes()
        finally:
            target.unlink(missing_ok=True)
    except OSError as error:
        raise SystemFault(f"the copy cannot be written: {error.strerror or error}; make room on the disk") from error
    unsure = [*doubts, *_unlisted(chosen, plan)]
    return Redacted(
        data=data,
        media_type=media,
        covered=tuple(f for f in chosen if f.location.source in _COVERED and f.location.time is not None),
        boxes=len(redaction.boxes),
        result=result,
        notes=(*decoded.notes, *notes, *unsure),
        complete=not (unsure or lost),
    )


def _window(plan: MediaPlan, redaction: Redaction, result: Result | None) -> TimeRange | None:
    """Give the stretch that is wanted; None: all of it."""
    if redaction.clip is not None:
        if redaction.clip[0] >= plan.duration:
            raise InputError(f"the recording is {plan.duration:.1f} s long and the clip begins behind its end")
        return redaction.clip
    if redaction.incident is None:
        return None
    if result is None:
        raise InputError("an incident is one of a result; let the recording be checked")
    if not 0 <= redaction.incident < len(result.incidents):
        raise InputError(
            f"there is no incident {redaction.incident}: {len(result.incidents)} were found, counted from 0"
        )
    one = result.incidents[redaction.incident]
    return max(0.0, one.start - redaction.around), one.end + redaction.around


def _unlisted(chosen: Sequence[Finding], plan: MediaPlan) -> list[str]:
    """Say where there were so many findings that weaker ones may not have been kept."""
    counts: Counter[tuple[str, str, int]] = Counter()
    for finding in chosen:
        if finding.location.time is not None:
            begin = finding.location.time[0]
            number = max((one.number for one in plan.segments if one.start <= begin), default=0)
            counts[finding.label, finding.detector, number] += 1
    full = [(label, plan.segments[number]) for (label, _, number), count in counts.items() if count >= _MANY]
    return [
        f"there is so much {label} from {one.start:.0f} to {one.end:.0f} s that some of it may be uncovered"
        for label, one in full
    ]
