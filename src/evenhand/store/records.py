"""What goes into the store and what comes out: frozen values, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from evenhand.domain import JsonValue, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """Submitted content itself, kept only where the operator asked for it."""

    body: bytes  # the file as submitted; the UTF-8 bytes of a text
    media_type: str  # e.g. "image/png"; "text/plain" for a text


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One decision to be stored."""

    result: Result
    context: Mapping[str, JsonValue] = field(default_factory=dict)  # only keys in keep_context_keys are stored
    original: Original | None = None  # dropped unless keep_originals_days is set
    key_id: str | None = None  # id of the API key that asked


class Filters(TypedDict, total=False):
    """Which decisions to list; what is left out, or None, does not filter."""

    action: str | None  # "pass", "mark", "review" or "block"
    line: str | None  # business line
    kind: str | None  # content kind
    policy: str | None  # name of the policy, without its version
    caller_id: str | None  # the caller's own id
    content_hash: str | None  # "sha256:..."
    tenant: str | None  # id of the API key that asked
    rule: str | None  # the rule that decided
    label: str | None  # exactly this label is among the scores
    min_score: float  # lowest score of `label`, in [0, 1]
    incomplete: bool | None  # whether a detector gave no answer
    since: datetime | None  # made at or after this moment (aware)
    until: datetime | None  # made before this moment (aware)
    after: str | None  # cursor: `Page.after` of the page before
    limit: int  # most decisions on the page, 1 to 1000; 100 when left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of decisions, newest first."""

    items: tuple[dict[str, object], ...]  # each as `Store.decision` gives it
    after: str | None  # cursor of the next page; None: this is the last


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """How many rows were deleted."""

    originals: int = 0
    decisions: int = 0
    responses: int = 0  # stored answers of idempotent requests


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """An API key, without its secret."""

    id: str
    name: str
    prefix: str  # first characters of the token, to tell keys apart
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None  # to the minute
    tenant: str | None = None  # id of whose it is; None: nobody's
    created_by: str | None = None  # id of who made it; None: made before there were accounts
    only: tuple[str, ...] = ()  # "native" and names of dialects that it is good for; empty: all


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key just made: the only time its token can be seen."""

    token: str = field(repr=False)
    info: KeyInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to answer an idempotent request; give it back with `finish` or `abandon`."""

    key: str
    key_id: str | None
    owner: str  # tells this claim from a later one on the same key


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The answer that an earlier request with the same key got."""

    status: int  # HTTP status
    response: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)  # lower-case name -> value


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectKey:
    """A key pair for signed requests in another vendor's protocol."""

    id: str
    dialect: str  # whose protocol: "aws"
    access_id: str  # the public half
    secret: str = field(repr=False)  # the other half; empty in listings
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None  # to the minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What a caller thinks a content's scores should be."""

    dialect: str  # the protocol it came through
    content_hash: str  # "sha256:..."
    scores: Mapping[str, float]  # the vendor's name of the attribute -> score in [0, 1]
    labels: Mapping[str, float]  # label of the taxonomy -> score in [0, 1]
    details: Mapping[str, JsonValue] = field(default_factory=dict)  # languages, community and the like
    key_id: str | None = None  # id of the API key that asked
    id: str = ""  # given by the store
    created_at: datetime | None = None  # given by the store


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocklist:
    """A list of words that callers keep through another vendor's API."""

    name: str
    description: str | None
    revision: str  # another one after each change of the items
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BlocklistItem:
    """One word or phrase of a blocklist."""

    id: str
    text: str
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """A policy document as it was when it decided."""

    name: str
    version: str
    sha256: str  # hexadecimal, of the document's UTF-8 bytes
    created_at: datetime
    document: str | None = None  # None in listings


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryVersion:
    """A library's version and checksum; its items stay in the operator's files."""

    name: str
    version: str
    sha256: str
    created_at: datetime
