"""The parts of Perspective's dialect: relaxed JSON, sentences and offsets, the score map."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evenhand.api.compat import relaxed
from evenhand.api.compat.perspective_map import Curve, score_map
from evenhand.api.compat.perspective_read import PerspectiveError, body_of, plain_language, read_comment, read_suggested
from evenhand.api.compat.perspective_spans import MOST_SPANS, sentences, utf16
from evenhand.domain.attributes import ATTRIBUTES, EXPERIMENTAL, PRODUCTION, UNANSWERED, canonical_attribute
from evenhand.domain.labels import is_label
from evenhand.settings import Settings

RELAXED: list[tuple[str, Any]] = [
    ('{comment: {text: "a b"}, languages: ["en"], requestedAttributes: {TOXICITY:{}} }', None),
    ("{'a': 'it\\'s \"so\"', b: [1, 2.5, true, null,], }", {"a": 'it\'s "so"', "b": [1, 2.5, True, None]}),
    ("{a: 'x: {y}, z'}", {"a": "x: {y}, z"}),
    ('{"half": "\\ud83d"}', {"half": "\ud83d"}),
    ("{$a_1:'\\u00e9\\n'}", {"$a_1": "é\n"}),
]


@pytest.mark.parametrize(("text", "meant"), RELAXED)
def test_json_is_read_as_loosely_as_google_does(text: str, meant: Any) -> None:
    expected = meant or {"comment": {"text": "a b"}, "languages": ["en"], "requestedAttributes": {"TOXICITY": {}}}
    assert relaxed.loads(text.encode()) == expected


@pytest.mark.parametrize("text", ["", "{", "{a}", "{a:}", "nonsense", "{'a}", "[" * 100_000, "{a:" * 50_000, "\xff"])
def test_what_is_no_json_at_all_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        relaxed.loads(text.encode("latin-1"))


SENTENCES = [
    (
        "What kind of idiot name is foo? Sorry, I like your name.",
        ["What kind of idiot name is foo?", "Sorry, I like your name."],
    ),
    ("  one line\n\n two! ", ["one line", "two!"]),
    ("你好。再见！", ["你好。", "再见！"]),
    ("3.14 is pi", ["3.14 is pi"]),
    ('He said "no." Then left', ['He said "no."', "Then left"]),
    ("...", ["..."]),
    ("   ", []),
]


@pytest.mark.parametrize(("text", "parts"), SENTENCES)
def test_sentences(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == parts


def test_many_sentences_go_together() -> None:
    text = "No. " * 1_000
    found = sentences(text)
    assert len(found) == MOST_SPANS
    assert (found[0][0], found[-1][1]) == (0, len(text.rstrip()))


def test_offsets_are_utf16_code_units() -> None:
    text = "a😀b é 😀"
    for start, end in ((0, 1), (0, 2), (2, 3), (4, len(text))):
        (units,) = utf16(text, [(start, end)])
        encoded = text.encode("utf-16-le")
        assert encoded[2 * units[0] : 2 * units[1]].decode("utf-16-le") == text[start:end]
    assert utf16("plain", [(1, 3)]) == [(1, 3)]


def test_a_curve_is_read_both_ways_and_never_falls() -> None:
    curve = Curve((0.0, 0.2, 0.2, 0.9, 1.0), (0.0, 0.3, 0.5, 0.8, 1.0))
    assert curve.to_theirs(0.1) == pytest.approx(0.15)
    assert (curve.to_theirs(0.0), curve.to_theirs(1.0)) == (0.0, 1.0)
    assert curve.to_ours(0.5) == pytest.approx(0.2)
    steps = [curve.to_theirs(i / 1000) for i in range(1001)]
    assert steps == sorted(steps)
    for score in (0.05, 0.25, 0.55, 0.8, 0.95):
        assert curve.to_theirs(curve.to_ours(score)) == pytest.approx(score, abs=0.21)


def test_the_text_model_that_ships_has_a_map() -> None:
    version = Settings(plugins=False).text_model
    assert score_map(version).version == version, "fit one: python -m training.perspective.fit_map"


def test_a_model_without_a_map_is_told_as_it_is() -> None:
    assert score_map("no-such-model").version == "identity"
    assert score_map(None).to_theirs("TOXICITY", 0.37) == 0.37


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TOXICITY", "TOXICITY"),
        ("TOXICITY@6", "TOXICITY"),
        ("TOXICITY_FAST", "TOXICITY"),
        ("INSULT_EXPERIMENTAL", "INSULT"),
        ("SEVERE_TOXICITY_EXPERIMENTAL@2", "SEVERE_TOXICITY"),
        ("OBSCENE", "OBSCENE"),
        ("FLIRTATION", None),
        ("FOO", None),
    ],
)
def test_names_of_attributes(name: str, meant: str | None) -> None:
    assert canonical_attribute(name) == meant


def test_attributes_are_told_apart() -> None:
    assert len(PRODUCTION) == 7
    assert not {*PRODUCTION, *EXPERIMENTAL} & UNANSWERED
    assert all(is_label(label) for labels in (*ATTRIBUTES.values(), *EXPERIMENTAL.values()) for label in labels)


@pytest.mark.parametrize(("tag", "plain"), [("zh-Hant", "zh"), ("hi-Latn", "hi-Latn"), ("EN-us", "en"), ("und", "und")])
def test_languages_as_perspective_writes_them(tag: str, plain: str) -> None:
    assert plain_language(tag) == plain


def test_context_becomes_the_conversation_newest_kept() -> None:
    entries = [{"text": f"message {number} " + "x" * 2_000} for number in range(40)]
    comment = read_comment({"comment": {"text": "a"}, "context": {"entries": entries}}, max_bytes=100)
    assert len(comment.conversation) <= 20
    assert comment.conversation[-1].text == entries[-1]["text"]
    assert sum(len(message.text) for message in comment.conversation) <= 20_000
    parent = {"articleAndParentComment": {"article": {"text": "news"}, "parentComment": {"text": "so?"}}}
    comment = read_comment({"comment": {"text": "a"}, "context": parent}, max_bytes=100)
    assert [message.text for message in comment.conversation] == ["news", "so?"]


@pytest.mark.parametrize(
    ("scores", "read"),
    [
        ({"TOXICITY": {"summaryScore": {"value": 0.5}}}, {"TOXICITY": 0.5}),
        ({"TOXICITY": {"summaryScore": {}}}, {"TOXICITY": 0.0}),
        ({"INSULT": {"spanScores": [{"score": {"value": 0.2}}, {"score": {"value": 1}}]}}, {"INSULT": 1.0}),
    ],
)
def test_suggested_scores(scores: dict[str, Any], read: dict[str, float]) -> None:
    assert read_suggested({"attributeScores": scores}) == read


@pytest.mark.parametrize(
    "scores",
    [{}, {"TOXICITY": {}}, {"TOXICITY": {"summaryScore": {"value": 2}}}, {"FOO": {"summaryScore": {"value": 0}}},
     {"TOXICITY": {"summaryScore": {"value": "high"}}}, {"TOXICITY": {"summaryScore": {"value": float("nan")}}}],
)  # fmt: skip
def test_suggestions_that_say_nothing_are_refused(scores: dict[str, Any]) -> None:
    with pytest.raises(PerspectiveError):
        read_suggested({"attributeScores": scores})


def test_a_body_is_an_object() -> None:
    assert body_of(b"") == {}
    for raw in (b"[]", b"7", b"null", json.dumps("a").encode()):
        with pytest.raises(PerspectiveError, match="Invalid JSON payload received"):
            body_of(raw)
