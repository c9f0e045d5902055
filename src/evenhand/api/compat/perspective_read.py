"""Reads Perspective's requests, with its own words for what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evenhand.api.compat import relaxed
from evenhand.domain import MAX_MESSAGES, Message
from evenhand.domain.attributes import LANGUAGES, canonical_attribute, is_unanswered
from evenhand.domain.conversation import MAX_CHARS
from evenhand.errors import UserError

_SCORE_TYPES = ("SCORE_TYPE_UNSPECIFIED", "PROBABILITY")
_OTHER_SCORE_TYPES = ("STD_DEV_SCORE", "PERCENTILE", "RAW")  # in the vendor's schema, answered by no attribute
_MOST_ATTRIBUTES = 100
_MAX_ID = 1024  # characters of a community's or session's id that are passed on


class PerspectiveError(UserError):
    """A request that Perspective too would refuse.

    error_type: the vendor's ErrorType; None: the request as a whole is malformed.
    more: further members of the vendor's error detail.
    """

    code = "bad_request"
    status = 400

    def __init__(self, message: str, error_type: str | None = "INVALID_REQUEST", **more: Any) -> None:
        super().__init__(message)
        self.error_type, self.more = error_type, more


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One requested attribute."""

    name: str  # as it was requested
    attribute: str  # as it is answered
    threshold: float | None  # scores below it are not told


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What `comments:analyze` and `comments:suggestscore` have in common."""

    text: str
    languages: tuple[str, ...]  # as requested; empty: to be detected
    conversation: tuple[Message, ...]
    community: str | None
    session: str | None
    token: str | None  # given back


def body_of(raw: bytes) -> Mapping[str, Any]:
    """Read a body.

    Raises:
        PerspectiveError: it is no JSON object.
    """
    try:
        body = relaxed.loads(raw or b"{}")
    except ValueError as error:
        raise PerspectiveError(f"Invalid JSON payload received. {error}", None) from None
    if not isinstance(body, dict):
        raise PerspectiveError("Invalid JSON payload received. Root element must be a message.", None)
    return body


def read_comment(body: Mapping[str, Any], *, max_bytes: int) -> Comment:
    """Read the comment and what was said around it.

    Args:
        body: the request.
        max_bytes: longest text, in UTF-8 bytes.

    Raises:
        PerspectiveError: something cannot be used.
    """
    comment = _message(body, "comment")
    text = _entry(comment, "comment")
    if not text:
        raise PerspectiveError("Comment must be non-empty.", "COMMENT_EMPTY")
    if len(text.encode(errors="surrogatepass")) > max_bytes:
        raise PerspectiveError("Comment text too long.", "COMMENT_TOO_LONG")
    languages = _get(body, "languages") or []
    if not isinstance(languages, list) or not all(isinstance(language, str) for language in languages):
        raise PerspectiveError("Invalid value at 'languages' (TYPE_STRING)", None)
    return Comment(
        text=text,
        languages=tuple(languages),
        conversation=_conversation(_message(body, "context")),
        community=_text(body, "communityId", limit=_MAX_ID),
        session=_text(body, "sessionId", limit=_MAX_ID),
        token=_text(body, "clientToken"),
    )


def read_wanted(body: Mapping[str, Any]) -> Sequence[Wanted]:
    """Read `requestedAttributes`.

    Raises:
        PerspectiveError: there are none, or one of them cannot be answered.
    """
    requested = _message(body, "requestedAttributes")
    if not requested:
        raise PerspectiveError("Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES")
    if len(requested) > _MOST_ATTRIBUTES:
        raise PerspectiveError(f"Too many requested attributes: {len(requested)}")
    wanted = []
    for name, parameters in requested.items():
        given = parameters if isinstance(parameters, dict) else {}
        score_type = _get(given, "scoreType") or "PROBABILITY"
        if score_type in _OTHER_SCORE_TYPES:
            raise PerspectiveError(f"Requested score type {score_type} is not supported by attribute {name}")
        if score_type not in _SCORE_TYPES:
            kind = "google.commentanalyzer.v1alpha1.AttributeParameters.ScoreType"
            where = "requested_attributes[0].value.score_type"
            raise PerspectiveError(f"Invalid value at '{where}' (type.googleapis.com/{kind}), \"{score_type}\"", None)
        threshold = _get(given, "scoreThreshold")
        if threshold is not None and (isinstance(threshold, bool) or not isinstance(threshold, int | float)):
            raise PerspectiveError(
                "Invalid value at 'requested_attributes[0].value.score_threshold' (TYPE_FLOAT)", None
            )
        attribute = canonical_attribute(name)
        if attribute is None and not is_unanswered(name):
            raise PerspectiveError(f"Unknown requested attribute: {name[:200]}")
        wanted.append(Wanted(name=name, attribute=attribute or "", threshold=threshold))
    return wanted


def check_languages(wanted: Sequence[Wanted], languages: Sequence[str], *, requested: bool) -> None:
    """Refuse attributes that do not answer the languages; those answered nowhere answer none.

    Args:
        wanted: the attributes.
        languages: requested or detected, as Perspective writes them.
        requested: whether the caller named them.

    Raises:
        PerspectiveError: with the first such attribute.
    """
    known = {*LANGUAGES, "und"}
    foreign = [language for language in languages if plain_language(language) not in known]
    for one in wanted:
        if one.attribute and not foreign:
            continue
        bad = list(languages) if not one.attribute else foreign
        raise PerspectiveError(
            f"Attribute {one.name} does not support request languages: {', '.join(bad)}",
            "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
            languageNotSupportedByAttributeError={
                "requestedLanguages" if requested else "detectedLanguages": list(languages),
                "attribute": one.name,
            },
        )


def plain_language(tag: str) -> str:
    """Give a BCP 47 tag as Perspective writes languages: the first part only, but hi-Latn."""
    return "hi-Latn" if tag.lower() == "hi-latn" else tag.partition("-")[0].lower()


def read_suggested(body: Mapping[str, Any]) -> dict[str, float]:
    """Read the summary scores of `comments:suggestscore`, or the highest of an attribute's spans where it has none.

    Raises:
        PerspectiveError: there are none, or they are no scores.
    """
    out: dict[str, float] = {}
    for name, scores in _message(body, "attributeScores").items():
        if canonical_attribute(name) is None and not is_unanswered(name):
            raise PerspectiveError(f"Unknown requested attribute: {name[:200]}")
        given = scores if isinstance(scores, dict) else {}
        values = [_get(_message(given, "summaryScore"), "value")] if _get(given, "summaryScore") is not None else []
        if not values:
            spans = _get(given, "spanScores") or []
            values = [_get(_message(span, "score"), "value") for span in spans if isinstance(span, dict)]
        numbers = [0 if value is None else value for value in values]  # a zero is left out on the wire
        if any(isinstance(value, bool) or not isinstance(value, int | float) for value in numbers):
            raise PerspectiveError(f"Invalid value at 'attribute_scores' (TYPE_FLOAT), attribute {name[:200]}", None)
        if not all(0 <= value <= 1 for value in numbers):
            raise PerspectiveError(f"Score for attribute {name[:200]} must be between 0 and 1")
        if numbers:
            out[name[:200]] = float(max(numbers))
    if not out:
        raise PerspectiveError("Missing attribute_scores")
    return out


def flag(body: Mapping[str, Any], name: str) -> bool:
    """Read a boolean.

    Raises:
        PerspectiveError: it is none.
    """
    value = _get(body, name)
    if value is not None and not isinstance(value, bool):
        raise PerspectiveError(f"Invalid value at '{_snake(name)}' (TYPE_BOOL), {str(value)[:100]}", None)
    return bool(value)


def _conversation(context: Mapping[str, Any]) -> tuple[Message, ...]:
    """Give the context as the conversation before the comment: the newest of it, within the limits."""
    entries, article = _get(context, "entries"), _message(context, "articleAndParentComment")
    if entries and article:
        raise PerspectiveError(
            "Context can have either entries or article_and_parent_comment, but both fields were populated."
        )
    if entries is not None and not isinstance(entries, list):
        raise PerspectiveError("Invalid value at 'context.entries'", None)
    rows = entries or [row for row in (_get(article, "article"), _get(article, "parentComment")) if row]
    texts: list[str] = []
    room = MAX_CHARS
    for row in reversed(rows[-MAX_MESSAGES:]):
        if not isinstance(row, dict):
            raise PerspectiveError("Invalid value at 'context.entries'", None)
        text = _entry(row, "context")[-room:] if room else ""
        room -= len(text)
        if text:
            texts.append(text)
    return tuple(Message(text=text) for text in reversed(texts))


def _entry(entry: Mapping[str, Any], where: str) -> str:
    text, kind = _get(entry, "text"), _get(entry, "type") or "PLAIN_TEXT"
    if text is not None and not isinstance(text, str):
        raise PerspectiveError(f"Invalid value at '{where}.text' (TYPE_STRING), {str(text)[:100]}", None)
    if kind == "HTML":
        raise PerspectiveError("Currently, only 'PLAIN_TEXT' comments are supported")
    if kind not in ("PLAIN_TEXT", "TEXT_TYPE_UNSPECIFIED"):
        raise PerspectiveError("Unknown text type")
    return text or ""


def _message(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = _get(body, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PerspectiveError(f"Invalid value at '{_snake(name)}'", None)
    return value


def _text(body: Mapping[str, Any], name: str, *, limit: int | None = None) -> str | None:
    value = _get(body, name)
    if value is not None and not isinstance(value, str):
        raise PerspectiveError(f"Invalid value at '{_snake(name)}' (TYPE_STRING), {str(value)[:100]}", None)
    return value[:limit] if value else None


def _get(body: Mapping[str, Any], name: str) -> Any:
    """Give a field by its name in JSON, or by that in the vendor's schema; the vendor took both."""
    return body[name] if name in body else body.get(_snake(name))


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
