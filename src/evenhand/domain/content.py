"""Content: what a caller submits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


class ContentKind(StrEnum):
    """What the content is. Audio, video and stream have no decoder yet and answer `unsupported`."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    STREAM = "stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One thing to be moderated: exactly one of `text`, `data` or `url` is set."""

    text: str | None = None  # text as the caller has it; spans in findings are code points of this string
    data: bytes | None = None  # an encoded file; what it is is read from its bytes, not believed from its name
    url: str | None = None  # http(s) address that evenhand fetches, never inside the operator's own network
    id: str | None = None  # the caller's own id, given back unchanged
    kind: ContentKind | None = None  # what the caller says it is; None: found from the bytes
    media_type: str | None = None  # what the caller's transport said ("image/png"); a hint only
    language: str | None = None  # BCP 47 hint ("en", "zh-Hant"); None: identified
    context: Mapping[str, JsonValue] = field(default_factory=dict)  # author, channel and what policies read

    def __post_init__(self) -> None:
        """Refuse a content with no body or with two.

        Raises:
            ValueError: not exactly one of text, data and url is set.
        """
        if (self.text is not None) + (self.data is not None) + (self.url is not None) != 1:
            raise ValueError("give exactly one of text, data or url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How one call wants its contents checked."""

    line: str = "default"  # the business line whose rules decide
    all_scores: bool = False  # also give every label that a detector can score, below any threshold
    record: bool = True  # write the decision to the store, where one is configured
    caller: str | None = None  # id of the API key that asked, for the record
