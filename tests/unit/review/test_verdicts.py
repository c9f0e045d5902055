"""Verdicts and marks as callers write them."""

from __future__ import annotations

from typing import Any

import pytest

from evenhand.errors import InputError, RefusedLabelError
from evenhand.review.marking import Said, read_csv
from evenhand.review.verdicts import read_hash, read_verdict


@pytest.mark.parametrize(
    ("fields", "was", "action", "labels"),
    [
        ({"judged": "right"}, "review", "block", None),
        ({"judged": "right"}, "pass", "pass", None),
        ({"judged": "right", "action": "mark"}, "review", "mark", None),
        ({"judged": "wrong", "labels": [], "reason": "x"}, "block", "pass", ()),
        ({"judged": "wrong", "labels": ["spam"], "action": "block", "reason": "x"}, "pass", "block", ("spam",)),
        (
            {"judged": "wrong", "labels": ["ads.my_shop", "spam", "spam"], "action": "mark", "reason": "x"},
            "pass",
            "mark",
            ("ads.my_shop", "spam"),
        ),
        ({"judged": "overridden", "action": "pass", "reason": "news"}, "review", "pass", None),
    ],
)
def test_what_is_left_out_is_filled_in(
    fields: dict[str, Any], was: str, action: str, labels: tuple[str, ...] | None
) -> None:
    verdict = read_verdict(**fields, was=was)
    assert (verdict.action, verdict.labels) == (action, labels)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"judged": "maybe"}, "right, wrong and overridden"),
        ({"judged": "wrong", "reason": "x"}, "Give the right labels"),
        ({"judged": "wrong", "labels": []}, "Give a reason"),
        ({"judged": "wrong", "labels": ["spam"], "reason": "x"}, "say what to do"),
        ({"judged": "wrong", "labels": ["nonsense"], "action": "block", "reason": "x"}, "no label"),
        ({"judged": "wrong", "labels": ["spam.<b>"], "action": "block", "reason": "x"}, "no label"),
        ({"judged": "right", "labels": ["spam"]}, "only there"),
        ({"judged": "overridden", "reason": "x"}, "which action"),
        ({"judged": "right", "action": "review"}, "no final action"),
        ({"judged": "right", "reason": "x" * 4_001}, "longer"),
    ],
)
def test_what_makes_no_sense_is_told(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_verdict(**fields, was="review")


def test_labels_that_ask_for_a_protected_attribute_are_refused() -> None:
    with pytest.raises(RefusedLabelError):
        read_verdict("wrong", labels=["face.ethnicity"], action="block", reason="x")


@pytest.mark.parametrize("wrong", ["", "sha256:", "sha256:" + "g" * 64, "md5:" + "a" * 64, "sha256:" + "a" * 64 + "\n"])
def test_what_is_no_hash_is_told(wrong: str) -> None:
    with pytest.raises(InputError, match="sha256"):
        read_hash(wrong)


def test_reads_csv() -> None:
    text = "\ufeffdecision_id,verdict,action,labels,reason\na,right,,,\nb,Wrong,,,harmless\nc,wrong,block,spam; ads,x\n"
    assert read_csv(text) == [
        Said(decision_id="a", verdict="right"),
        Said(decision_id="b", verdict="wrong", labels=[], reason="harmless"),
        Said(decision_id="c", verdict="wrong", action="block", labels=["spam", "ads"], reason="x"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "header"),
        ("verdict\nright\n", "header"),
        ("decision_id,verdict,colour\na,right,x\n", "colour"),
        ("decision_id,verdict\n", "no rows"),
        ("decision_id,verdict\na\n", "Line 2"),
        ("decision_id,verdict\na,right,x\n", "Line 2"),
        ('decision_id,verdict\n"a,right\n', "cannot be read"),
        ("decision_id,verdict\n" + "a,right\n" * 1_001, "more than"),
    ],
)
def test_a_wrong_csv_is_told(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_csv(text)
