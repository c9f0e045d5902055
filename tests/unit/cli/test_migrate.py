"""Thresholds on Perspective become a policy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evenhand.api.compat.perspective_map import Curve, ScoreMap, score_map
from evenhand.cli.migrate_policy import policy_text, read_thresholds
from evenhand.cli.root import build
from evenhand.domain import Action
from evenhand.domain.attributes import PRODUCTION
from evenhand.errors import UserError
from evenhand.policy import load_policy
from evenhand.settings import Settings

HALVED = ScoreMap("test", {name: Curve((0.0, 0.4, 1.0), (0.0, 0.8, 1.0)) for name in PRODUCTION})


def test_thresholds_are_read_from_pairs_and_files(tmp_path: Path) -> None:
    file = tmp_path / "a=b.yaml"
    file.write_text("TOXICITY: 0.8\nINSULT@2: {score: 0.9, action: block}\n")
    other = tmp_path / "thresholds.json"
    other.write_text(json.dumps({"THREAT": 0.5}))
    found = read_thresholds([str(file), str(other), "SPAM=.7", "PROFANITY=0.6=mark"], action="review")
    assert [(one.name, one.attribute, one.score, one.action) for one in found] == [
        ("TOXICITY", "TOXICITY", 0.8, "review"),
        ("INSULT@2", "INSULT", 0.9, "block"),
        ("THREAT", "THREAT", 0.5, "review"),
        ("SPAM", "SPAM", 0.7, "review"),
        ("PROFANITY", "PROFANITY", 0.6, "mark"),
    ]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("FLIRTATION=0.5", "nothing here answers it"),
        ("FOO=0.5", "no such attribute"),
        ("TOXICITY=high", "no score"),
        ("TOXICITY=1.5", "no score"),
        ("TOXICITY=nan", "no score"),
        ("TOXICITY=0.5=delete", "no action"),
        ("/no/such/file", "cannot be read"),
    ],
)
def test_what_cannot_be_converted_is_told(given: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        read_thresholds([given], action="review")


@pytest.mark.parametrize("line", ["default", "comments"])
def test_the_policy_is_in_order_and_on_our_scale(tmp_path: Path, line: str) -> None:
    wanted = read_thresholds([f"{name}=0.8=block" for name in PRODUCTION], action="review")
    file = tmp_path / "policy.yaml"
    file.write_text(policy_text(wanted, HALVED, line=line, name="site"))
    policy = load_policy(file)
    rules = {rule.name: rule for rule in policy.line(line).ranked}
    assert len(rules) == 7
    assert all(rule.action is Action.BLOCK for rule in rules.values())
    assert "min: 0.4}" in file.read_text()
    assert "default" in policy.lines


def test_the_command_shows_the_change_and_prints_the_policy() -> None:
    done = CliRunner().invoke(build(), ["migrate", "perspective", "TOXICITY=0.8"])
    assert done.exit_code == 0, done.output
    assert f"Score map: {score_map(Settings().text_model).version}" in done.stderr
    assert "reached it there" in done.stderr
    assert done.stdout.startswith("# Made by `evenhand migrate perspective`")


@pytest.mark.parametrize(
    ("threshold", "unseen"),
    [
        ("IDENTITY_ATTACK=0.5", "hate.attack below"),
        ("SEVERE_TOXICITY=0.5", "harassment below"),
        ("TOXICITY=0.99", None),
    ],
)
def test_the_command_says_where_rules_cannot_follow_a_threshold(threshold: str, unseen: str | None) -> None:
    # Labels below those of the attribute count, and SEVERE_TOXICITY, which has no label of its own.
    done = CliRunner().invoke(build(), ["migrate", "perspective", threshold])
    assert done.exit_code == 0, done.output
    said = next((line for line in done.stderr.splitlines() if "no rule sees" in line), None)
    assert (said is None) if unseen is None else (said is not None and unseen in said)


def test_the_map_of_the_text_model_in_use_ships() -> None:
    curves = score_map(Settings(plugins=False).text_model)
    assert curves.version != "identity", "fit it: python -m training.perspective.fit_map"
    assert set(curves.curves) == set(PRODUCTION)
    for curve in curves.curves.values():
        assert list(curve.ours) == sorted(curve.ours)
        assert list(curve.theirs) == sorted(curve.theirs)
        assert (curve.ours[0], curve.ours[-1], curve.theirs[0], curve.theirs[-1]) == (0, 1, 0, 1)
    for name in PRODUCTION:
        for threshold, there, here in curves.harmless[name]:
            assert abs(there - here) < 0.02, (name, threshold)
        found = curves.expected(name, 0.75, toxic=False)
        assert found is not None
    assert curves.expected("TOXICITY", 0.2, toxic=False) is None
