"""How a text's evidence is laid out, and what people may see: pure functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from evenhand.console.reviewview import clock, timeline_of
from evenhand.domain import Location, Mark, Source, TextPart
from evenhand.policy import default_policy_text, load_policy, templates
from evenhand.review.evidence import may_see, pieces, text_document
from evenhand.review.ruletext import rule_text
from evenhand.review.viewing import lines_of
from evenhand.store.reviewrecords import Person, ReviewItem

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("spans", "cut"),
    [
        ([], [("abcdef", [])]),
        ([(1, 3, "x")], [("a", []), ("bc", ["x"]), ("def", [])]),
        ([(0, 6, "x"), (2, 4, "y")], [("ab", ["x"]), ("cd", ["x", "y"]), ("ef", ["x"])]),
        ([(1, 3, "x"), (1, 3, "x")], [("a", []), ("bc", ["x"]), ("def", [])]),
        ([(4, 99, "x"), (-3, 1, "y")], [("a", ["y"]), ("bcd", []), ("ef", ["x"])]),
        ([(3, 3, "x"), (9, 12, "x"), (4, 2, "x")], [("abcdef", [])]),
    ],
)
def test_texts_are_cut_where_evidence_begins_and_ends(
    spans: list[tuple[int, int, str]], cut: list[tuple[str, list[str]]]
) -> None:
    assert [(one["text"], one["labels"]) for one in pieces("abcdef", spans)] == cut


def test_evidence_is_found_again_in_the_normalised_text() -> None:
    text = "please c.a.l.l me"
    finding = {"label": "ads.contact", "location": {"source": "text", "span": [7, 14]}}
    shown = text_document(text, [finding, {"label": "x", "location": {"source": "ocr", "span": [0, 3]}}])
    assert [one["text"] for one in shown["normalised"] if one["labels"]] == ["call"]
    assert text_document("plain words", [])["normalised"] is None
    assert text_document("half \ud800", [])["pieces"][0]["text"] == "half ?"


def _item(**fields: Any) -> ReviewItem:
    values: dict[str, Any] = dict.fromkeys(ReviewItem.__dataclass_fields__, "")
    values |= {"level": 0, "priority": 0, "holder": None, "verdict": None, "decided_by": None, "decided_at": None}
    return ReviewItem(**{**values, "free_at": NOW, "due_at": NOW, "created_at": NOW, **fields})


@pytest.mark.parametrize(
    ("fields", "person", "sees"),
    [
        ({}, {}, True),
        ({"level": 1}, {}, False),
        ({"level": 1}, {"senior": True}, True),
        ({"level": 1, "holder": "me"}, {}, True),
        ({"queue": "kids"}, {"queues": ("other",)}, False),
        ({"queue": "kids"}, {"queues": ("kids",)}, True),
        ({"label": "ads.contact"}, {"labels": ("ads",)}, True),
        ({"label": "adsx"}, {"labels": ("ads",)}, False),
    ],
)
def test_who_sees_what(fields: dict[str, Any], person: dict[str, Any], sees: bool) -> None:
    assert may_see(_item(**fields), Person(id="me", name="me", **person)) is sees


def test_words_become_lines_with_times() -> None:
    words = [f"w{n}" for n in range(20)]
    text, marks = " ".join(words), []
    at = 0
    for n, word in enumerate(words):
        begin = float(n) / 4 + (10 if n >= 15 else 0)
        marks.append(Mark(start=at, end=at + len(word), time=(begin, begin + 0.2)))
        at += len(word) + 1
    part = TextPart(text=text, origin=Location(source=Source.SPEECH), marks=tuple(marks))
    lines = lines_of(part, "speech")
    assert [len(line["words"]) for line in lines] == [12, 3, 5]
    assert (lines[2]["start"], lines[2]["text"]) == (13.75, "w15 w16 w17 w18 w19")
    assert len(lines_of(part, "subtitle")) == 20


def test_a_rule_is_found_in_its_document() -> None:
    policy = "name: a\nlines:\n  x:\n    rules:\n      - name: one\n        when: {label: ads}\n      - name: two\n"
    assert rule_text(policy, "one") == "name: one\nwhen: {label: ads}"
    assert rule_text(policy, "a") is None
    assert rule_text("{", "one") is None
    assert rule_text("a: &x {name: y}\nb: *x\n", "y") == "&x {name: y}"


LINES = """\
name: a
incomplete: review
lines:
  base:
    thresholds:
      hate: {review: 0.6, block: 0.95}
      ads:
        mark: 0.5
    rules:
      - {name: one, when: {label: spam}}
  kids:
    extends: base
    incomplete: block
    thresholds: {ads: {block: 0.4}}
    rules:
      - {name: one, when: {label: scam}}
"""


@pytest.mark.parametrize(
    ("rule", "line", "text"),
    [
        ("hate-block", "base", "thresholds:\n  hate: {review: 0.6, block: 0.95}"),
        ("hate-review", "kids", "thresholds:\n  hate: {review: 0.6, block: 0.95}"),  # inherited
        ("ads-mark", "base", "thresholds:\n  ads:\n    mark: 0.5"),
        ("ads-block", "kids", "thresholds:\n  ads: {block: 0.4}"),
        ("one", "kids", "{name: one, when: {label: scam}}"),  # each line's own
        ("one", "base", "{name: one, when: {label: spam}}"),
        ("one", None, "{name: one, when: {label: spam}}"),
        ("incomplete", "kids", "incomplete: block"),
        ("incomplete", "base", "incomplete: review"),
        ("hate-mark", "base", None),
    ],
)
def test_the_text_of_every_kind_of_rule_is_found(rule: str, line: str | None, text: str | None) -> None:
    assert rule_text(LINES, rule, line) == text


def test_every_rule_of_the_policy_that_ships_and_of_templates_has_its_text() -> None:
    for document in (default_policy_text(), *(one.document for one in templates())):
        policy = load_policy(document)
        for name, line in policy.lines.items():
            for rule in line.rules:
                text = rule_text(document, rule.name, name) or rule_text(default_policy_text(), rule.name)
                assert text is not None, (policy.name, name, rule.name)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00.0"), (59.96, "1:00.0"), (123.46, "2:03.5"), (3_723, "1:02:03")]
)
def test_moments_are_written_as_players_do(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_incidents_stand_on_the_timeline_by_how_they_show() -> None:
    one = {"start": 2.0, "end": 3.0, "label": "x", "score": 0.9, "modalities": ["seen", "said"], "findings": []}
    shown = timeline_of({"media": {"duration": 10.0}, "incidents": [one]})
    assert shown is not None
    assert [(bar["x"], bar["width"], bar["lanes"]) for bar in shown["incidents"]] == [(200.0, 100.0, [0, 3])]
    assert timeline_of({}) is None
