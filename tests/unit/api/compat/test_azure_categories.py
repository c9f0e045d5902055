"""Azure's categories and severities."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evenhand.api.compat.azure_categories import NAMES, RATED, STEPS, four_levels, severity_of
from evenhand.domain import TAXONOMY

_DOCS = Path(__file__).resolve().parents[4] / "docs" / "reference"


def _section() -> str:
    return (_DOCS / "dialects.md").read_text().split("## Azure AI Content Safety", 1)[1].split("\n## ", 1)[0]


def test_severity_rises_with_the_score() -> None:
    severities = [severity_of(step / 1000) for step in range(1001)]
    assert severities == sorted(severities)
    assert set(severities) == set(range(8))
    assert [four_levels(severity) for severity in range(8)] == [0, 0, 2, 2, 4, 4, 6, 6]
    assert [severity_of(step) for step in STEPS] == [1, 2, 3, 4, 5, 6, 7]


ROWS: list[tuple[dict[str, float], dict[str, int]]] = [
    ({"hate.attack": 0.96}, {"Hate": 6}),
    ({"harassment.insult": 0.76}, {"Hate": 4}),
    ({"harassment.profanity": 1.0}, {"Hate": 3}),
    ({"harassment.threat": 0.99}, {"Violence": 7}),
    ({"self_harm": 0.5}, {"SelfHarm": 2}),
    ({"sexual.suggestive": 1.0}, {"Sexual": 3}),
    ({"sexual.suggestive": 1.0, "sexual.explicit": 0.9}, {"Sexual": 5}),
    ({"sexual.nudity": 0.97}, {"Sexual": 6}),
    ({"violence.weapon": 1.0}, {"Violence": 3}),
    ({"violence.graphic": 0.3, "extremism.promotion": 0.7}, {"Violence": 3}),
    ({"extremism.symbol": 0.8}, {"Hate": 4}),
    ({"ads.promotion": 1.0, "politics": 1.0, "known.black": 1.0}, {}),
]


@pytest.mark.parametrize(("labels", "wanted"), ROWS)
def test_labels_speak_for_categories(labels: dict[str, float], wanted: dict[str, int]) -> None:
    found = {one.category.name: one.severity({**dict.fromkeys(TAXONOMY, 0.0), **labels}) for one in RATED}
    assert found == {**dict.fromkeys(NAMES, 0), **wanted}


def test_a_category_that_nobody_speaks_for_has_no_severity() -> None:
    assert [one.severity({"known.black": 1.0}) for one in RATED] == [None] * 4


def test_the_page_shows_the_steps() -> None:
    row = re.search(r"^\| score from \| 0 \| (.*) \|$", _section(), flags=re.MULTILINE)
    assert row is not None
    assert tuple(float(cell) for cell in row[1].split(" | ")) == STEPS


def test_the_page_shows_the_labels() -> None:
    section = _section()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*\|[^|]*) \|", section, flags=re.MULTILINE))
    assert list(rows)[:4] == list(NAMES)
    for one in RATED:
        for label in (*one.category.labels, *one.mild.labels):
            assert f"`{label}`" in rows[one.category.name]
    for name, info in TAXONOMY.items():
        if info.harm and not any(one.category.takes(name) or one.mild.takes(name) for one in RATED):
            assert f"`{name}" in section, f"{name} is in no category, and the page does not say so"
