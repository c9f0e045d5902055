"""The shapes of libraries and proposals that the OpenAPI document describes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["words", "images", "sounds", "videos", "texts"]
Colour = Literal["black", "white", "review"]
Written = Literal["csv", "json", "lines", "threatexchange", "ncmec", "stopncii", "stix"]


# By names of their own: models have a field `list`
Strings = list[str]
Objects = list[dict[str, Any]]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class HeadIn(_In):
    """What is said of a library as a whole."""

    list: Colour = Field(description="black: stop it; white: allow it; review: let a person look.")
    label: str | None = Field(None, max_length=200, description="Of a match; left out: known.LIST.")
    languages: Strings = Field([], max_length=50, description="Only texts in these; empty: any.")
    options: Strings = Field([], max_length=10, description="As in library documents: exact, pinyin, substring...")
    note: str = Field("", max_length=2_000)


class LibraryIn(HeadIn):
    """A library that is to be made."""

    name: str = Field(max_length=64, description="Lower-case letters, digits, '-' and '_'.")
    kind: Kind


class LibraryChangeIn(_In):
    """What of a library is changed; what is left out stays."""

    list: Colour | None = None
    label: str | None = Field(None, max_length=200)
    languages: Strings | None = Field(None, max_length=50)
    options: Strings | None = Field(None, max_length=10)
    note: str | None = Field(None, max_length=2_000)


class EntryIn(_In):
    """One entry."""

    value: str = Field(max_length=2_000_000, description="Word, phrase, expression, hash, fingerprint or sketch.")
    match: Literal["exact", "fuzzy", "phonetic", "regex", ""] | None = Field(
        None, description="How a word is found; left out: as written and disguised."
    )
    label: str | None = Field(None, max_length=200, description="Instead of the library's.")
    score: float | None = Field(None, gt=0, le=1, description="Multiplied with the match's own certainty.")
    languages: Strings | None = Field(None, max_length=20)
    expires: datetime | None = Field(None, description="From then on it is not found any more.")
    note: str | None = Field(None, max_length=500)


class EntriesIn(_In):
    """Entries to add and others to remove, all or none."""

    entries: list[EntryIn] = Field([], max_length=20_000)
    remove: Strings = Field([], max_length=20_000, description="Ids of entries.")
    note: str = Field("", max_length=500, description="For the history.")


class SampleIn(_In):
    """One sample, of which a hash, fingerprint or sketch is kept: one of text, data, decision_id and value."""

    text: str | None = Field(None, max_length=1_000_000)
    data: str | None = Field(None, description="A picture, sound or video in Base64.")
    decision_id: str | None = Field(
        None, max_length=100, description="Of a content whose fingerprint, or itself, is kept."
    )
    value: str | None = Field(None, max_length=2_000_000, description="A hash, fingerprint or sketch.")
    label: str | None = Field(None, max_length=200)
    score: float | None = Field(None, gt=0, le=1)
    expires: datetime | None = None
    note: str | None = Field(None, max_length=500)


class ImportIn(_In):
    """A list to bring in, as one version."""

    text: str = Field(max_length=32 * 2**20)
    format: Written | None = Field(None, description="Left out: told from the text.")
    replace: bool = Field(False, description="Remove what the list does not hold.")
    note: str = Field("", max_length=500)


class RollbackIn(_In):
    """A version to go back to."""

    version: int = Field(ge=1, le=2**31 - 1)
    note: str = Field("", max_length=500)


class LibraryOut(BaseModel):
    """A library that the store keeps."""

    name: str
    kind: Kind
    list: Colour
    label: str | None
    languages: Strings
    options: Strings
    note: str
    version: int = Field(description="From 1; one more with each change.")
    size: int = Field(description="Entries.")
    created_at: str
    changed_at: str


class LibrariesOut(BaseModel):
    """All libraries that the store keeps, by name, and those of the folder."""

    libraries: list[LibraryOut]
    folder: Objects = Field(description="Name, kind, list and number of items; these are changed as files.")
    revision: int = Field(description="Of the last change of any; decisions name it as `models.libraries`.")


class EntriesOut(BaseModel):
    """One page of entries, oldest first."""

    entries: Objects
    after: str | None = Field(description="Give this as `after` for the next page; null: this is the last.")


class VersionOut(BaseModel):
    """One version of a library."""

    version: int
    revision: int
    at: str
    actor: str
    action: str
    added: int
    removed: int
    size: int
    note: str
    list: Colour
    label: str | None
    languages: Strings
    options: Strings
    library_note: str


class ChangedOut(VersionOut):
    """The version that a change made."""

    value: str | None = Field(None, description="Of a sample: what is kept of it.")
    format: Written | None = Field(None, description="Of an import: how it was written.")
    left_out: dict[str, int] | None = Field(None, description="Of an import: why, and how many.")


class HistoryOut(BaseModel):
    """Versions, newest first."""

    versions: list[VersionOut]


class RevisionOut(BaseModel):
    """Which versions the libraries had at a revision."""

    revision: int
    libraries: dict[str, int]


class DecideIn(_In):
    """Why a proposal is approved, rejected or undone."""

    reason: str = Field("", max_length=4_000)


class DeriveIn(_In):
    """What to look for; all kinds where none is named."""

    kinds: list[Literal["library", "mark", "threshold", "examples"]] = Field([], max_length=4)


class ProposalOut(BaseModel):
    """What should be changed, until a second person decides. It names nobody."""

    id: str
    kind: Literal["library", "mark", "threshold", "examples"]
    title: str
    change: dict[str, Any]
    evidence: dict[str, Any]
    effect: dict[str, Any]
    state: Literal["open", "approved", "rejected", "undone"]
    mine: bool = Field(description="The caller asked for it, or it rests on their word: somebody else approves it.")
    reason: str
    created_at: str
    decided_at: str | None


class ProposalsOut(BaseModel):
    """Proposals, newest first."""

    proposals: list[ProposalOut]
    after: str | None = None
