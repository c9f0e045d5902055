"""OpenAI's categories: which labels mean them, and when a business line flags one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evenhand.api.compat.openai_categories import CATEGORIES, KNOWN, judge
from evenhand.domain import TAXONOMY, Action, Finding, Location, Result, Source
from evenhand.policy import Policy, default_policy, load_policy

_DOCS = Path(__file__).resolve().parents[4] / "docs" / "reference"


def result(*findings: tuple[str, float], kind: str = "text") -> Result:
    place = Location(source=Source.TEXT, span=(0, 1))
    found = tuple(
        Finding(label=label, score=score, location=place, detector="d", version="1", reason="r")
        for label, score in findings
    )
    return Result(
        id=None,
        decision_id="d",
        action=Action.PASS,
        labels={**dict.fromkeys(TAXONOMY, 0.0), **dict(findings)},
        findings=found,
        rule=None,
        reason="",
        incomplete={},
        policy="p",
        models={},
        content_hash="",
        kind=kind,
    )


@pytest.fixture(scope="module")
def policy() -> Policy:
    return default_policy()


FLAGGED: list[tuple[list[tuple[str, float]], set[str]]] = [
    ([], set()),
    ([("harassment.insult", 0.79)], set()),
    ([("harassment.insult", 0.8)], {"harassment"}),
    ([("harassment.threat", 0.9)], {"harassment", "harassment/threatening"}),
    ([("harassment.profanity", 1.0)], set()),
    ([("violence.threat", 0.9)], {"harassment/threatening", "violence"}),
    ([("hate.attack", 0.9)], {"hate"}),
    ([("hate.attack", 0.9), ("violence.threat", 0.9)],
     {"hate", "hate/threatening", "harassment/threatening", "violence"}),
    ([("hate.attack", 0.9), ("violence.threat", 0.6)], {"hate"}),
    ([("self_harm", 0.7)], {"self-harm", "self-harm/intent", "self-harm/instructions"}),
    ([("sexual.explicit", 0.8)], {"sexual"}),
    ([("sexual.suggestive", 1.0)], set()),
    ([("violence.weapon", 0.9)], set()),
    ([("violence.graphic", 0.8)], {"violence", "violence/graphic"}),
    ([("extremism.promotion", 0.8)], {"violence"}),
    ([("extremism.symbol", 0.8)], {"hate"}),
    ([("contraband.drugs", 0.8)], {"illicit"}),
    ([("contraband.weapons_trade", 0.8)], {"illicit", "illicit/violent"}),
    ([("contraband.gambling", 1.0)], set()),
    ([("spam.scam", 1.0), ("ads.promotion", 1.0), ("politics", 1.0)], set()),
    ([("known.black", 1.0)], {"known"}),
    ([("known.review", 0.6)], {"known"}),
    # A white phrase at the same place excuses what the line excuses, here as in the decision
    ([("hate.attack", 0.9), ("known.white", 1.0)], set()),
]  # fmt: skip


@pytest.mark.parametrize(("findings", "wanted"), FLAGGED)
def test_a_category_is_flagged_where_the_line_would_look_at_it(
    policy: Policy, findings: list[tuple[str, float]], wanted: set[str]
) -> None:
    assert judge(result(*findings), policy, "default").flagged == wanted


def test_another_line_has_other_thresholds(tmp_path: Path) -> None:
    document = tmp_path / "policy.yaml"
    document.write_text(
        "name: two\nversion: '1'\nlines:\n  default: {rules: []}\n  strict:\n    rules:\n"
        "      - {name: any, when: {label: harassment, score: {min: 0.2}}, action: block}\n"
        "      - {name: both, when: {all: [{label: hate, score: {min: 0.3}}, {label: sexual, score: {min: 0.3}}]},"
        " action: review}\n"
        "      - {name: all, when: {context: {dialect: other}}, action: block}\n"
    )
    policy = load_policy(document)
    assert judge(result(("harassment.insult", 0.3)), policy, "default").flagged == set()
    assert judge(result(("harassment.insult", 0.3)), policy, "strict").flagged == {"harassment"}
    # What only two categories together lead to is flagged in both; a rule that asks for no finding flags none
    assert judge(result(("hate.attack", 0.4), ("sexual", 0.4)), policy, "strict").flagged == {"hate", "sexual"}
    other = judge(result(("hate.attack", 0.1)), policy, "strict", context={"dialect": "other"})
    assert other.flagged == set()


def test_scores_are_the_highest_of_their_labels(policy: Policy) -> None:
    scores = judge(result(("hate.attack", 0.7), ("violence.threat", 0.4), ("sexual", 0.2)), policy, "default").scores
    assert (scores["hate"], scores["violence"], scores["hate/threatening"]) == (0.7, 0.4, 0.4)
    assert (scores["sexual"], scores["harassment"]) == (0.2, 0.0)
    assert "sexual/minors" not in scores, "nobody here can give it"


def test_every_harm_has_its_row_in_the_table() -> None:
    page = (_DOCS / "dialects.md").read_text()
    section = page.split("## OpenAI", 1)[1].split("\n## ", 1)[0]
    rows = dict(re.findall(r"^\| `([a-z/-]+)` \| ([^|]*) \|", section, flags=re.MULTILINE))
    assert list(rows) == [category.name for category in CATEGORIES]
    for category in CATEGORIES:
        for label in (*category.labels, *category.without):
            assert f"`{label}`" in rows[category.name], f"{category.name}: {label}"
    left_out = [
        name
        for name, info in TAXONOMY.items()
        if info.harm and "." in name and not any(one.takes(name) for one in CATEGORIES)
    ]
    for label in left_out:
        assert f"`{label}`" in section, f"{label} is in no category, and the page does not say so"
    assert not KNOWN.takes("known.white")


def test_the_policy_of_the_guide_flags_as_it_says(tmp_path: Path) -> None:
    guide = (_DOCS.parent / "how-to" / "migrate-from-openai.md").read_text()
    document = tmp_path / "policy.yaml"
    document.write_text(guide.split("```yaml\n", 1)[1].split("```", 1)[0])
    policy = load_policy(document)
    assert judge(result(("harassment.insult", 0.6)), policy, "moderations").flagged == {"harassment"}
    assert judge(result(("harassment.insult", 0.6)), policy, "default").flagged == set()
    assert "self-harm" in judge(result(("self_harm", 0.4)), policy, "moderations").flagged
