"""Copies of known videos: which frames that resemble frames of a sample follow each other as they do in the sample.

One frame alone says little: title cards, logos and black-and-white test pictures stand in many videos. A copy is a row
of frames at the times at which the sample has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from evenhand.domain import Finding

DETECTOR = "video.known"
LEAST_MOMENTS = 3  # different moments of the sample that a copy shows in order
LEAST_SHARE = 0.5  # or the share of the sample that it shows: one that hardly moves has few moments
_OFF_S = 0.75  # frames stand so far from where the sample has them at most
_BREAK_S = 8.0  # seconds without a match after which another copy begins
_FLAT = 0.35  # share of a lone frame's score; so much does it say


def copies(findings: Iterable[Finding], *, interval: float) -> list[Finding]:
    """Join what single frames matched to copies; frames that make no copy are dropped.

    Args:
        findings: of one recording, of any detectors.
        interval: longest time between two looks, seconds.

    Returns:
        The findings of others as they were; for each copy one finding with its time in the recording, and with the
        facts `sample`, `sample_start`, `sample_end` and `sample_share`.
    """
    others: list[Finding] = []
    groups: dict[tuple[str, str | None, object], list[Finding]] = defaultdict(list)
    for finding in findings:
        facts = finding.facts or {}
        if finding.detector == DETECTOR and finding.location.time is not None and "sample_start" in facts:
            groups[finding.label, finding.library, facts["sample"]].append(finding)
        else:
            others.append(finding)
    for group in groups.values():
        others += _copies_of(group, max(_BREAK_S, 3 * interval))
    return others


def _copies_of(group: Sequence[Finding], longest: float) -> list[Finding]:
    """Take the copies of one sample out of its matches, the largest first."""
    left, made = list(group), list[Finding]()
    while left:
        shift = _shift(left)
        run = [one for one in left if fits(one, shift)]
        if not run:
            break
        for piece in _pieces(run, longest):
            if (copy := _copy(piece, shift)) is not None:
                made.append(copy)
        left = [one for one in left if not fits(one, shift)]
    return made


def _bounds(finding: Finding) -> tuple[float, float]:
    """Give how far the sample may be shifted against the recording for this match to fit, in seconds."""
    begin, end = finding.location.time or (0.0, 0.0)
    facts = finding.facts or {}
    return begin - float(facts["sample_end"]) - _OFF_S, end - float(facts["sample_start"]) + _OFF_S


def fits(finding: Finding, shift: float) -> bool:
    """Say whether a match is of a copy that begins `shift` seconds later in the recording than in the sample."""
    low, high = _bounds(finding)
    return low <= shift <= high


def _shift(findings: Sequence[Finding]) -> float:
    """Give the shift that most matches fit, each moment of the sample counted by its score."""
    edges = sorted(
        [(low, 0, one.score) for one in findings for low, _ in [_bounds(one)]]
        + [(high, 1, -one.score) for one in findings for _, high in [_bounds(one)]]
    )
    best, weight, low, found = 0.0, 0.0, 0.0, (edges[0][0], edges[0][0])
    for place, (at, closes, score) in enumerate(edges):
        weight += score
        low = at
        if not closes and weight > best + 1e-9:
            after = next((edge[0] for edge in edges[place + 1 :] if edge[1]), at)
            best, found = weight, (low, after)
    return (found[0] + found[1]) / 2


def _pieces(run: Sequence[Finding], longest: float) -> list[list[Finding]]:
    pieces: list[list[Finding]] = []
    end = float("-inf")
    for finding in sorted(run, key=lambda one: one.location.time or (0.0, 0.0)):
        begin, stop = finding.location.time or (0.0, 0.0)
        if begin - end > longest:
            pieces.append([])
        pieces[-1].append(finding)
        end = max(end, stop)
    return pieces


def _copy(piece: Sequence[Finding], shift: float) -> Finding | None:
    moments = {(one.facts or {})["sample_start"]: float((one.facts or {})["sample_share"]) for one in piece}
    frames = {one.location.time for one in piece}
    share = min(1.0, sum(moments.values()))
    if (len(moments) < LEAST_MOMENTS and share < LEAST_SHARE) or len(frames) < 2:
        return None
    times = [one.location.time or (0.0, 0.0) for one in piece]
    begin, end = min(time[0] for time in times), max(time[1] for time in times)
    first = min(float((one.facts or {})["sample_start"]) for one in piece)
    last = max(float((one.facts or {})["sample_end"]) for one in piece)
    best: dict[object, float] = {}
    for one in piece:
        best[one.location.time] = max(best.get(one.location.time, 0.0), one.score)
    score = min(1.0, sum(best.values()) / len(best) / _FLAT)
    strongest = max(piece, key=lambda one: one.score)
    told = (max(first, begin - shift), max(first, min(last, end - shift)))
    return replace(
        strongest,
        score=score,
        location=replace(strongest.location, time=(begin, end), box=None),
        reason=f"{len(frames)} frames follow each other as in a sample, {told[0]:.1f} to {told[1]:.1f} s of it",
        facts={
            "sample": (strongest.facts or {})["sample"],
            "sample_start": round(told[0], 2),
            "sample_end": round(told[1], 2),
            "sample_share": round(share, 3),
        },
    )


def lone(score: float) -> float:
    """Give the score of a single frame that resembles a sample's, from that of the resemblance."""
    return score * _FLAT
