"""Conversations and facts about authors: what is taken, what is refused, and with which words."""

from __future__ import annotations

from typing import Any

import pytest

from evenhand.domain import (
    AUTHOR_FACTS,
    MAX_MESSAGES,
    Author,
    Content,
    Message,
    content_from_row,
    read_author,
    read_conversation,
)
from evenhand.errors import InputError, TooLargeError


def test_a_row_brings_both() -> None:
    row = {
        "text": "do it",
        "conversation": [{"text": "shall I?", "author": "a"}, {"text": "", "author": None}],
        "author": {"age_days": 0.5, "posts": 3, "violations": 2, "reports": 0, "trusted": False},
    }
    content = content_from_row(row)
    assert content.conversation == (Message(text="shall I?", author="a"), Message(text=""))
    assert content.author == Author(age_days=0.5, posts=3, violations=2, reports=0, trusted=False)
    assert content.told() == {"author": row["author"]}
    assert tuple(content.author.as_dict()) == AUTHOR_FACTS


def test_nothing_given_is_nothing_told() -> None:
    content = content_from_row({"text": "a", "context": {"channel": "b"}, "conversation": None, "author": None})
    assert content == Content(text="a", context={"channel": "b"})
    assert content.told() is content.context
    assert content_from_row({"text": "a", "author": {}}).told() == {"author": {}}


def test_any_sequence_of_messages_is_taken() -> None:
    assert Content(text="a", conversation=[Message(text="b")]).conversation == (  # type: ignore[arg-type]
        Message(text="b"),
    )


CONVERSATIONS: list[tuple[object, type[InputError], str]] = [
    ("hello", InputError, "must be a list, oldest message first"),
    ({"text": "a"}, InputError, "must be a list"),
    (["hello"], InputError, "Message 1 of the conversation must be an object"),
    ([{"text": "a"}, {"author": "a"}], InputError, "needs a text"),
    ([{"text": 1}], InputError, "needs a text"),
    ([{"text": "a", "author": 7}], InputError, "short tag"),
    ([{"text": "a", "author": "x" * 65}], InputError, "at most 64"),
    ([{"text": "a", "from": "b"}], InputError, "unknown field 'from'; known: text, author"),
    ([{"text": "a"}] * (MAX_MESSAGES + 1), TooLargeError, "21 messages and the limit is 20; send the last 20"),
    ([7] * 1000, TooLargeError, "1000 messages"),
    ([{"text": "a" * 10_001}] * 2, TooLargeError, "20,002 characters and the limit is 20,000"),
]


@pytest.mark.parametrize(("value", "error", "message"), CONVERSATIONS)
def test_conversations_that_are_refused(value: object, error: type[InputError], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_conversation(value)
    assert type(caught.value) is error


def test_the_limits_themselves_are_taken() -> None:
    assert len(read_conversation([{"text": "a" * 1_000}] * MAX_MESSAGES)) == MAX_MESSAGES


AUTHORS: list[tuple[object, str]] = [
    ("alice", "author must be an object"),
    ({"religion": "any"}, "Unknown fact about the author 'religion'; known: age_days, posts.*what group a person"),
    ({"gender": "any"}, "Unknown fact"),
    ({"nationality": "any"}, "Unknown fact"),
    ({"name": "any"}, "Unknown fact"),
    ({"violations": -1}, "author.violations must be a whole number, 0 or more"),
    ({"violations": True}, "author.violations must be a whole number"),
    ({"posts": 1.5}, "author.posts must be a whole number"),
    ({"reports": "3"}, "author.reports must be a whole number"),
    ({"age_days": -0.1}, "author.age_days must be a number of days"),
    ({"age_days": True}, "author.age_days must be"),
    ({"age_days": float("nan")}, "author.age_days must be"),
    ({"age_days": 10**400}, "author.age_days must be"),
    ({"trusted": 1}, "author.trusted must be true or false"),
]


@pytest.mark.parametrize(("value", "message"), AUTHORS)
def test_facts_that_are_refused(value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_author(value)


@pytest.mark.parametrize("context", [{"author": {"role": "editor"}}, {"author.age_days": 3}])
def test_facts_stand_in_one_place(context: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="two places"):
        Content(text="a", context=context, author=Author(age_days=3))


@pytest.mark.parametrize("fields", [{"conversation": "hello"}, {"conversation": ["hello"]}, {"author": {"posts": 1}}])
def test_python_callers_are_told_too(fields: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"takes (messages|an Author)"):
        Content(text="a", **fields)
