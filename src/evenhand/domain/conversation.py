"""What a caller says around a content: the messages before it, and facts about its author.

Both are context. They can move a score or a decision; nothing is ever reported as found in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from evenhand.domain.jsonvalue import JsonValue
from evenhand.errors import InputError, TooLargeError

MAX_MESSAGES = 20
MAX_CHARS = 20_000  # code points of all messages together
_MAX_TAG = 64  # characters
_MOST = 10**9  # of days, posts and the like


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation."""

    text: str
    author: str | None = None  # any tag that tells the speakers apart, such as "a" and "b"; no name is needed

    def __post_init__(self) -> None:
        """Refuse what is no message.

        Raises:
            InputError: the text is no string, or the tag is no short string.
        """
        if not isinstance(self.text, str):
            raise InputError("A message of the conversation needs a text, and it must be a string.")
        if self.author is not None and not (isinstance(self.author, str) and len(self.author) <= _MAX_TAG):
            raise InputError(f'The author of a message is a short tag such as "a": at most {_MAX_TAG} characters.')

    def as_dict(self) -> dict[str, JsonValue]:
        """Give the JSON form."""
        return {"text": self.text} if self.author is None else {"text": self.text, "author": self.author}


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """What the operator knows about the author from its own records: what was done here, never who someone is.

    There are no other facts. What group a person belongs to is not asked for, and cannot be told (refusals.md).
    """

    age_days: float | None = None  # days since the account was opened, 0 or more
    posts: int | None = None  # contents published so far, 0 or more
    violations: int | None = None  # decisions against the author that a person confirmed, 0 or more
    reports: int | None = None  # times that others reported the author, 0 or more
    trusted: bool | None = None  # the operator's own mark

    def __post_init__(self) -> None:
        """Refuse values that are out of range.

        Raises:
            InputError: a number is negative, beyond all bounds or not whole; `trusted` is neither true nor false.
        """
        if self.trusted is not None and not isinstance(self.trusted, bool):
            raise InputError("author.trusted must be true or false.")
        for name in ("posts", "violations", "reports"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST):
                raise InputError(f"author.{name} must be a whole number, 0 or more.")
        days = self.age_days
        # (NaN is not within any range)
        if days is not None and (isinstance(days, bool) or not isinstance(days, int | float) or not 0 <= days <= _MOST):
            raise InputError("author.age_days must be a number of days, 0 or more.")

    def as_dict(self) -> dict[str, JsonValue]:
        """Give the facts that are known."""
        return {name: value for name, value in asdict(self).items() if value is not None}


AUTHOR_FACTS: tuple[str, ...] = tuple(field.name for field in fields(Author))


def checked_conversation(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Give the messages of a content, oldest first.

    Raises:
        InputError: something among them is no Message.
        TooLargeError: there are more than MAX_MESSAGES, or more than MAX_CHARS code points in all.
    """
    if isinstance(messages, str) or not all(isinstance(message, Message) for message in messages):
        raise InputError('conversation takes messages, oldest first, such as [Message(text="...", author="a")].')
    if len(messages) > MAX_MESSAGES:
        raise TooLargeError(
            f"The conversation has {len(messages)} messages and the limit is {MAX_MESSAGES}; "
            f"send the last {MAX_MESSAGES}."
        )
    length = sum(len(message.text) for message in messages)
    if length > MAX_CHARS:
        raise TooLargeError(
            f"The conversation has {length:,} characters and the limit is {MAX_CHARS:,}; leave out the oldest messages."
        )
    return tuple(messages)


def read_conversation(value: object) -> tuple[Message, ...]:
    """Make messages of `[{"text": "...", "author": "a"}, ...]`.

    Raises:
        InputError: the value has another shape, or is over a limit; the message says what to send.
    """
    if not isinstance(value, list):
        raise InputError('conversation must be a list, oldest message first: [{"text": "...", "author": "a"}].')
    if len(value) > MAX_MESSAGES:
        return checked_conversation([Message(text="")] * len(value))  # raises, before a long list is read
    messages: list[Message] = []
    for place, row in enumerate(value, 1):
        if not isinstance(row, dict):
            raise InputError(
                f'Message {place} of the conversation must be an object: {{"text": "...", "author": "a"}}.'
            )
        if unknown := [name for name in row if name not in ("text", "author")]:
            raise InputError(
                f"Message {place} of the conversation has the unknown field {str(unknown[0])[:60]!r}; "
                "known: text, author."
            )
        messages.append(Message(text=row.get("text"), author=row.get("author")))  # type: ignore[arg-type]  # it checks
    return checked_conversation(messages)


def read_author(value: object) -> Author:
    """Make the facts of `{"age_days": 3, "violations": 1, "trusted": false}`.

    Raises:
        InputError: a fact is not one of AUTHOR_FACTS, or has a value of another kind.
    """
    if not isinstance(value, dict):
        raise InputError('author must be an object such as {"age_days": 3, "violations": 1, "trusted": false}.')
    for name in value:
        if name not in AUTHOR_FACTS:
            raise InputError(
                f"Unknown fact about the author {str(name)[:60]!r}; known: {', '.join(AUTHOR_FACTS)}. evenhand takes "
                "no others, and none at all about what group a person belongs to (docs/explanation/refusals.md)."
            )
    return Author(**value)
