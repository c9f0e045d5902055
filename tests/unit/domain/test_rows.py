"""Rows of JSON become contents, or an error that names the field."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.domain import Content, ContentKind, content_from_row, row_id
from evenhand.errors import InputError

GOOD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"text": "hi"}, {"text": "hi"}),
    ({"id": "7", "text": ""}, {"id": "7", "text": ""}),
    ({"id": 7, "text": "hi"}, {"id": "7", "text": "hi"}),
    ({"text": "hi", "lang": "de"}, {"text": "hi", "language": "de"}),
    ({"text": "hi", "context": {"a": [1]}}, {"text": "hi", "context": {"a": [1]}}),
    ({"url": "https://x.example/a"}, {"url": "https://x.example/a"}),
    ({"data": "aGk=", "kind": "image"}, {"data": b"hi", "kind": ContentKind.IMAGE}),
    ({"data": "aGk=", "media_type": "image/png"}, {"data": b"hi", "media_type": "image/png"}),
    ({"text": "hi", "url": None}, {"text": "hi"}),
]

BAD: list[tuple[object, str]] = [
    (None, "JSON object"),
    ([], "JSON object"),
    ("text", "JSON object"),
    ({}, "exactly one"),
    ({"text": "a", "url": "b"}, "exactly one"),
    ({"text": 7}, "text must be a string"),
    ({"text": ["a"]}, "text must be a string"),
    ({"text": "a", "lang": 1}, "lang must be a string"),
    ({"text": "a", "context": []}, "context must be an object"),
    ({"text": "a", "id": 1.5}, "id must be a string"),
    ({"text": "a", "id": True}, "id must be a string"),
    ({"text": "a", "kind": "book"}, "kind must be one of"),
    ({"text": "a", "kind": []}, "kind must be one of"),
    ({"text": "a", "txt": "b"}, "Unknown field 'txt'"),
    ({"data": "not base64!"}, "base64"),
    ({"data": "data:image/png;base64,aGk="}, "base64"),
    ({"path": "/etc/hostname"}, "exactly one"),
]


@pytest.mark.parametrize(("row", "fields"), GOOD)
def test_good_rows(row: dict[str, Any], fields: dict[str, Any]) -> None:
    assert content_from_row(row) == Content(**fields)


@pytest.mark.parametrize(("row", "message"), BAD)
def test_bad_rows(row: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        content_from_row(row)


def test_paths_are_read_only_where_a_reader_is_given() -> None:
    content = content_from_row({"path": "a.png", "lang": "en"}, read_path=str.encode)
    assert (content.data, content.language) == (b"a.png", "en")
    with pytest.raises(InputError, match="exactly one of text, url, path"):
        content_from_row({"data": "aGk="}, read_path=str.encode)


def test_a_default_language_gives_way_to_the_rows_own() -> None:
    assert content_from_row({"text": "a"}, language="fr").language == "fr"
    assert content_from_row({"text": "a", "lang": "de"}, language="fr").language == "de"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "text", "data", "lang", "x"]), inner),
    max_leaves=8,
)


@given(JSON)
def test_any_json_gives_a_content_or_an_input_error(row: object) -> None:
    with contextlib.suppress(InputError):
        assert isinstance(content_from_row(row), Content)
    assert row_id(row) is None or isinstance(row_id(row), str)
