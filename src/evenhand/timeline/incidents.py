"""Groups findings in time and combines their scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import log2

from evenhand.domain import TAXONOMY, Finding, Incident, Modality, Source

GAP_S = 3.0  # findings further apart than this, and than 1.5 times the interval of looks, are two incidents
_LEAST = 0.3  # findings that are less sure than this make no incident
_AGAIN, _MOST_AGAIN = 0.1, 1.4
_SURE = 0.995
_SAME_MOMENT_S = 0.5
_NEVER_HARM = frozenset({"face"})  # inspection results
_MODALITIES = {
    Source.IMAGE: Modality.SEEN,
    Source.FRAME: Modality.SEEN,
    Source.OCR: Modality.READ,
    Source.CODE: Modality.READ,
    Source.AUDIO: Modality.HEARD,
    Source.SPEECH: Modality.SAID,
    Source.SUBTITLE: Modality.CAPTIONED,
}
# Modalities that tell of the same thing twice.
_EVIDENCE = {Modality.CAPTIONED: Modality.SAID}


def modality(finding: Finding) -> Modality | None:
    """Say in which way a finding shows; None for a caller's own text."""
    return _MODALITIES.get(finding.location.source)


def incidents(findings: Iterable[Finding], *, interval: float) -> list[Incident]:
    """Merge the findings of one recording.

    Args:
        findings: in any order; those without a time belong to no moment and are left out.
        interval: seconds between two looks at the pictures.

    Returns:
        Incidents in the order of their starts.
    """
    groups: dict[tuple[str, str | None], list[Finding]] = defaultdict(list)
    for finding in findings:
        told = finding.score >= _LEAST and finding.label.partition(".")[0] not in _NEVER_HARM
        if told and finding.location.time is not None and modality(finding) is not None:
            groups[_group(finding)].append(finding)
    gap = max(GAP_S, 1.5 * interval)
    made = [_incident(run) for group in groups.values() for run in _runs(group, gap)]
    return sorted(made, key=lambda incident: (incident.start, -incident.score, incident.label))


def combined(scores: Sequence[tuple[Modality, float, int]]) -> float:
    """Combine what each modality says, as the package's text explains.

    Args:
        scores: modality, its strongest score and the number of moments.
    """
    strongest = max(score for _, score, _ in scores)
    joined: dict[Modality, float] = {}
    for way, score, moments in scores:
        raised = 1 - (1 - score) ** min(_MOST_AGAIN, 1 + _AGAIN * log2(max(1, moments)))
        one = _EVIDENCE.get(way, way)
        joined[one] = max(joined.get(one, 0.0), raised)
    against = 1.0
    for score in joined.values():
        against *= 1 - score if score >= _LEAST else 1.0
    return max(strongest, min(_SURE, 1 - against))


def _group(finding: Finding) -> tuple[str, str | None]:
    top = finding.label.partition(".")[0]
    if top == "known":
        return finding.label, finding.library
    info = TAXONOMY.get(finding.label)
    # A neutral mark (a siren) is no evidence of the harm beside it in the taxonomy.
    return (top, None) if info is None or info.harm else (finding.label, None)


def _runs(findings: list[Finding], gap: float) -> list[list[Finding]]:
    """Cut findings into runs without a gap."""
    runs: list[list[Finding]] = []
    end = float("-inf")
    for finding in sorted(findings, key=lambda one: one.location.time or (0.0, 0.0)):
        begin, stop = finding.location.time or (0.0, 0.0)
        if begin - end > gap:
            runs.append([])
        runs[-1].append(finding)
        end = max(end, stop)
    return runs


def _incident(run: list[Finding]) -> Incident:
    strongest = sorted(run, key=lambda finding: (-finding.score, finding.location.time or (0.0, 0.0)))
    ways: dict[Modality, list[Finding]] = defaultdict(list)
    labels: dict[str, float] = {}
    for finding in strongest:
        ways[_MODALITIES[finding.location.source]].append(finding)
        labels.setdefault(finding.label, finding.score)
    times = [finding.location.time or (0.0, 0.0) for finding in run]
    return Incident(
        start=min(begin for begin, _ in times),
        end=max(end for _, end in times),
        label=strongest[0].label,
        score=combined([(way, held[0].score, _moments(held)) for way, held in ways.items()]),
        labels=labels,
        modalities=tuple(way for way in Modality if way in ways),
        count=_moments(run),
        findings=tuple(strongest),
    )


def _moments(findings: Iterable[Finding]) -> int:
    """Count the moments at which something was found; several findings of one frame are one."""
    count, last = 0, float("-inf")
    for begin in sorted((finding.location.time or (0.0, 0.0))[0] for finding in findings):
        if begin - last >= _SAME_MOMENT_S:
            count, last = count + 1, begin
    return count
