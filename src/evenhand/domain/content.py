"""Content: what a caller submits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from evenhand.domain.conversation import Author, Message, checked_conversation
from evenhand.domain.jsonvalue import JsonValue
from evenhand.errors import InputError


class ContentKind(StrEnum):
    """What the content is. A stream has no decoder and answers `unsupported`."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    STREAM = "stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One thing to be moderated: exactly one of `text`, `data`, `url` and `path` is set."""

    text: str | None = None  # text as the caller has it; spans in findings are code points of this string
    data: bytes | None = None  # an encoded file; what it is is read from its bytes, not believed from its name
    url: str | None = None  # http(s) address that evenhand fetches, never inside the operator's own network
    path: Path | None = None  # a file of this machine, read where it lies; only videos and sounds, never from a request
    id: str | None = None  # the caller's own id, given back unchanged
    kind: ContentKind | None = None  # what the caller says it is; None: found from the bytes
    media_type: str | None = None  # what the caller's transport said ("image/png"); a hint only
    language: str | None = None  # BCP 47 hint ("en", "zh-Hant"); None: identified
    context: Mapping[str, JsonValue] = field(default_factory=dict)  # channel and what else policies read
    conversation: tuple[Message, ...] = ()  # the messages before it, oldest first; any sequence is taken
    # False: neither the content nor what was said about it may be stored, whatever the settings; its decision is.
    keep: bool = True
    author: Author | None = None  # what the operator knows about who wrote it; policies read it as context `author`

    def __post_init__(self) -> None:
        """Refuse a content with no body or with two, and context that cannot be used.

        Raises:
            ValueError: not exactly one of text, data, url and path is set.
            InputError: the conversation is none or is over a limit, or facts about the author are in two places.
        """
        given = (self.text is not None) + (self.data is not None) + (self.url is not None) + (self.path is not None)
        if given != 1:
            raise ValueError("give exactly one of text, data, url or path")
        if self.conversation:
            object.__setattr__(self, "conversation", checked_conversation(self.conversation))
        if self.author is not None:
            if not isinstance(self.author, Author):
                raise InputError("author takes an Author, such as Author(age_days=3, violations=1).")
            if any(name == "author" or name.startswith("author.") for name in self.context):
                raise InputError("Facts about the author stand in two places; give them in author, not in context.")

    def told(self) -> Mapping[str, JsonValue]:
        """Give what was said about the content, as policies and records read it: the context, and `author` in it."""
        return self.context if self.author is None else {**self.context, "author": self.author.as_dict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How one call wants its contents checked."""

    line: str = "default"  # the business line whose rules decide
    all_scores: bool = False  # also give every label that a detector can score, below any threshold
    record: bool = True  # write the decision to the store, where one is configured
    caller: str | None = None  # id of the API key that asked, for the record
