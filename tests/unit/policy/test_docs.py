"""The pages about policies are a contract: their examples load, and the reference page has every key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evenhand.fairness import refusal, refuse_label
from evenhand.policy import load_policy, policy_schema

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("write-a-policy.md", "context.md", "check-faces.md")
EXAMPLES = [
    example
    for page in PAGES
    for example in re.findall(r"```yaml\n(.*?)```", (DOCS / "how-to" / page).read_text(encoding="utf-8"), re.S)
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_load(text: str) -> None:
    """Each example is a whole policy in order."""
    assert load_policy(text, check_label=refuse_label).line("default").rules


def _keys(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        yield from properties
        for value in schema.values():
            yield from _keys(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _keys(item)


def test_every_key_is_documented() -> None:
    """In code style, as a key or inside an example."""
    page = (DOCS / "reference" / "policy-format.md").read_text(encoding="utf-8")
    coded = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]*)`", page))))
    assert EXAMPLES
    assert set(_keys(policy_schema())) - coded == set()


def test_the_refusals_page_says_what_is_so() -> None:
    """Names that the page calls refused are refused, and those it calls free are free."""
    page = (DOCS / "explanation" / "refusals.md").read_text(encoding="utf-8")
    for name in ("face.ethnicity", "性别", "uyghur_detector", "chinese_person", "r4ce", "racedetector", "voiceprint"):
        assert f"`{name}`" in page
        assert refusal(name) is not None
    for name in ("trace", "race_track", "hate.racism", "hate.racial_slur", "chinese-words", "zh-words"):
        assert f"`{name}`" in page
        assert refusal(name) is None
