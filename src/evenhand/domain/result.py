"""The result document: the same from Python, the command line and HTTP, and stable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evenhand.domain.decision import Action
from evenhand.domain.finding import Finding
from evenhand.domain.fingerprint import Embedding, Fingerprint
from evenhand.domain.incident import Incident
from evenhand.domain.jsonvalue import JsonValue
from evenhand.domain.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What evenhand answers for one content."""

    id: str | None  # the caller's own id
    decision_id: str  # id of the record, for GET /v1/decisions/{id}; unique, sorts by time
    action: Action
    labels: Mapping[str, float]  # label -> highest calibrated score; every scorable label with all_scores
    findings: tuple[Finding, ...]  # all findings, strictest first
    rule: str | None  # the rule that decided
    reason: str  # why, in one sentence: the rule, the findings, the numbers
    incomplete: Mapping[str, str]  # detector -> why it gave no answer; empty: every detector answered
    policy: str  # "name@version/line"
    models: Mapping[str, str]  # detector -> version, for every detector that ran
    content_hash: str  # "sha256:..." of the content's bytes (UTF-8 for text)
    kind: str = "text"  # content kind as decoded
    languages: tuple[str, ...] = ()  # languages identified, in order of parts
    notes: tuple[str, ...] = ()  # what decoding had to mend or leave out
    timing_ms: Mapping[str, float] = field(default_factory=dict)  # stage -> milliseconds
    seen: Seen | None = None  # of a picture or an animation: for callers in this process, not in the document
    fingerprint: Fingerprint | None = None  # for the store, not in the document
    embedding: Embedding | None = None  # for the store, not in the document
    incidents: tuple[Incident, ...] = ()  # of a recording: what happened when, in order of start
    media: Mapping[str, JsonValue] | None = None  # of a recording: its length, tracks, and how much was looked at

    def as_dict(self) -> dict[str, object]:
        """Give the JSON form used by every surface; only recordings have `incidents` and `media`."""
        more: dict[str, object] = {}
        if self.media is not None:
            more = {"incidents": [incident.as_dict() for incident in self.incidents], "media": dict(self.media)}
        return {
            "id": self.id,
            "decision_id": self.decision_id,
            "action": self.action.value,
            "labels": {label: round(score, 4) for label, score in self.labels.items()},
            "findings": [finding.as_dict() for finding in self.findings],
            "rule": self.rule,
            "reason": self.reason,
            "incomplete": dict(self.incomplete),
            "policy": self.policy,
            "models": dict(self.models),
            "content_hash": self.content_hash,
            "kind": self.kind,
            "languages": list(self.languages),
            "notes": list(self.notes),
            "timing_ms": {stage: round(ms, 3) for stage, ms in self.timing_ms.items()},
            **more,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemError:
    """Stands in a batch's answer for an item that could not be read; the other items are not harmed."""

    id: str | None
    code: str  # the error's stable name, e.g. "too_large"
    message: str  # what happened and what to do
    status: int = 422  # the HTTP status that the error has where it stands alone

    def as_dict(self) -> dict[str, object]:
        """Give the JSON form used by every surface."""
        return {"id": self.id, "error": {"code": self.code, "message": self.message}}
