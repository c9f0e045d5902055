"""What is stored about policies: frozen values, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LEFT = "shadow-left"  # what is counted of decisions that were not compared with a version in shadow mode
SHIPPED = "shipped"  # stands for the policy that ships, where a version's id would stand
STATES = ("draft", "proposed", "approved", "published", "stopped", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a policy."""

    id: str
    policy: str  # name of the policy
    version: str  # as its document says
    sha256: str  # of the document
    state: str  # one of STATES; "published" has decided, and perhaps still does
    note: str  # what it is for
    author: str
    created_at: datetime
    changed_at: datetime
    proposed_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    audit: Mapping[str, Any] | None  # what the fairness audit said of this very document
    plan: Mapping[str, Any] | None  # how it is to be published: {share, by, brake, actor}
    due_at: datetime | None  # when; None: not planned
    live_at: datetime | None  # when it first decided
    document: str = ""  # "" in listings
    tenant: str | None = None  # id of the one whose it is; None: nobody's, for all


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What decides for one policy."""

    policy: str
    live: str | None  # id of a version; None: none, the policy that ships decides if `default` needs one
    previous: str | None
    candidate: str | None  # decides for `share` of the contents
    share: float
    by: str  # "content", or a dotted path of the context such as "author_id"
    shadow: str | None
    brake: Mapping[str, Any] | None
    since: datetime
    tenant: str | None = None  # id of the one whose policy it is


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessLine:
    """A business line that is bound to a policy."""

    name: str
    policy: str
    description: str
    changed_at: datetime
    tenant: str | None = None  # id of the one whose contents alone it is for


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that decides, read in one transaction."""

    revision: int
    live: tuple[Live, ...]
    lines: tuple[BusinessLine, ...]
    documents: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # id of a version -> (policy, document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody said about a version."""

    id: str
    version_id: str
    author: str
    line: int | None  # of the document; None: about all of it
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Work on a version that takes a while."""

    id: str
    kind: str  # "audit", "blast", "undo" or "revert"
    policy: str
    version_id: str
    asked: Mapping[str, Any]
    state: str  # "queued", "running", "done" or "failed"
    done: int
    total: int  # 0: not known yet
    result: Any
    error: str | None
    actor: str
    job: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One count to be added."""

    version_id: str
    what: str  # "ruled", "shadow" or LEFT, whose `would` says why
    at: datetime
    line: str
    label: str
    language: str
    was: str
    would: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadowed:
    """A decision that a version in shadow mode would have made otherwise."""

    version_id: str
    decision_id: str
    line: str
    label: str
    language: str
    was: str
    would: str
    rule: str | None
    reason: str
