"""What was found in one segment of a recording, as JSON; and all segments fused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from evenhand.decode.media import MediaPlan
from evenhand.domain import Finding, JsonValue, Location, PartKind, Source
from evenhand.rounds import Item
from evenhand.timeline import copies, incidents

MOST_ALIKE = 48  # findings of one label by one detector that a segment keeps; the strongest
_MOST_NOTES = 20
_MISSED = 0.02  # share of a track's packets that may be missing, for clocks that are rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFindings:
    """What one segment amounts to. It holds no pictures and no sound."""

    number: int  # of the segment
    findings: tuple[Finding, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)  # label -> highest score, also below thresholds
    languages: tuple[str, ...] = ()
    incomplete: Mapping[str, str] = field(default_factory=dict)  # detector or decoder -> why
    notes: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)  # detector -> version
    kinds: tuple[str, ...] = ()  # kinds of parts that were looked at
    frames: int = 0  # looked at
    repeated: int = 0  # of them, those that show the same as the one before
    heard: float = 0.0  # seconds of sound
    packets: Mapping[int, int] = field(default_factory=dict)  # track -> packets of this segment

    def __post_init__(self) -> None:
        """Keep the strongest findings of each label only."""
        object.__setattr__(self, "findings", tuple(_strongest(self.findings)))

    def as_dict(self) -> dict[str, Any]:
        """Give a JSON-able form, which `from_dict` reads back without loss."""
        out = asdict(self)
        out["packets"] = {str(track): count for track, count in self.packets.items()}
        for finding in out["findings"]:
            finding["location"]["source"] = finding["location"]["source"].value
        return out

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> SegmentFindings:
        """Read what `as_dict` wrote."""
        return cls(
            **{
                **value,
                "findings": tuple(_finding(row) for row in value["findings"]),
                "packets": {int(track): count for track, count in value["packets"].items()},
                **{name: tuple(value[name]) for name in ("languages", "notes", "kinds")},
            }
        )


def fuse_segments(
    item: Item, plan: MediaPlan, segments: Sequence[SegmentFindings], *, interval: float
) -> Mapping[str, str]:
    """Fill what all segments of a recording amount to into its item; give detector -> version.

    Args:
        item: changed in place.
        plan: of the recording.
        segments: in any order; those that are missing make it incomplete.
        interval: seconds between two looks at the pictures.
    """
    models: dict[str, str] = {}
    for segment in sorted(segments, key=lambda one: one.number):
        item.findings += segment.findings
        for label, score in segment.scores.items():
            item.scores[label] = max(score, item.scores.get(label, 0.0))
        item.languages += [language for language in segment.languages if language not in item.languages]
        item.incomplete.update(segment.incomplete)
        item.notes += [note for note in segment.notes if note not in item.notes]
        item.kinds |= {PartKind(kind) for kind in segment.kinds}
        models.update(segment.models)
    item.findings[:] = copies(item.findings, interval=interval)
    if len(item.notes) > _MOST_NOTES:
        item.notes[_MOST_NOTES:] = [f"and {len(item.notes) - _MOST_NOTES} more notes"]
    if left := sorted({segment.number for segment in plan.segments} - {segment.number for segment in segments}):
        item.incomplete["decode"] = _unseen(plan, left)
    else:
        item.incomplete.update(_missed(plan, segments))
    item.incidents = tuple(incidents(item.findings, interval=interval))
    item.media = _media(plan, segments)
    return models


def _unseen(plan: MediaPlan, left: Sequence[int]) -> str:
    first = [segment for segment in plan.segments if segment.number in left[:3]]
    when = ", ".join(f"{segment.start:.1f} to {segment.end:.1f} s" for segment in first)
    more = ", and more" if len(left) > len(first) else ""
    return f"{len(left)} of {len(plan.segments)} segments could not be looked at ({when}{more})"


def _missed(plan: MediaPlan, segments: Sequence[SegmentFindings]) -> dict[str, str]:
    """Compare the packets that were reached with those that are there: a clock that lies hides nothing."""
    missed = {}
    for kind in ("video", "audio", "subtitle"):
        for track in plan.of(kind):
            reached = sum(segment.packets.get(track.index, 0) for segment in segments)
            if reached < track.packets - max(2, _MISSED * track.packets):
                missed[f"decode.{kind}"] = f"{track.packets - reached} of {track.packets} packets could not be reached"
    return missed


def _media(plan: MediaPlan, segments: Sequence[SegmentFindings]) -> dict[str, JsonValue]:
    tracks: list[JsonValue] = []
    for track in plan.tracks:
        told: dict[str, JsonValue] = {"type": track.type, "codec": track.codec, "looked_at": track.looked_at}
        if track.type == "video":
            told |= {"width": track.width, "height": track.height, "rate": round(track.rate, 3)}
        elif track.type == "audio":
            told |= {"rate": int(track.rate), "channels": track.channels}
        if track.language not in {None, "und"}:
            told["language"] = track.language
        tracks.append(told)
    return {
        "duration": round(plan.duration, 3),
        "container": plan.media,
        "tracks": tracks,
        "segments": len(plan.segments),
        "frames": sum(segment.frames for segment in segments),
        "frames_repeated": sum(segment.repeated for segment in segments),
        "seconds_heard": round(sum(segment.heard for segment in segments), 3),
    }


def _strongest(findings: Iterable[Finding]) -> list[Finding]:
    counts: dict[tuple[str, str, str | None], int] = defaultdict(int)
    kept = []
    for finding in sorted(findings, key=lambda one: -one.score):
        key = finding.label, finding.detector, finding.library
        counts[key] += 1
        if counts[key] <= MOST_ALIKE:
            kept.append(finding)
    return kept


def _finding(row: Mapping[str, Any]) -> Finding:
    place = dict(row["location"])
    place["source"] = Source(place["source"])
    for name in ("span", "box", "time"):
        place[name] = None if place[name] is None else tuple(place[name])
    return Finding(**{**row, "location": Location(**place)})
