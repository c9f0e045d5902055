"""Facts about the author in policies: what they decide, how the reason names them, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from evenhand.domain import AUTHOR_FACTS, Action, Author, Content, Finding, Location, Source
from evenhand.errors import PolicyError
from evenhand.fairness import refuse_label
from evenhand.policy import Policy, decide, load_policy, policy_schema

PLACE = Location(source=Source.TEXT, span=(0, 4))
INSULT = Finding(
    label="harassment.insult", score=0.625, location=PLACE, detector="t.t", version="1", reason="Reads like an insult."
)


def policy(rule: str) -> Policy:
    """Make a policy of one rule, written in flow style."""
    text = f"name: p\nversion: 1\nlines:\n  default:\n    rules:\n      - {{name: rule, action: block, {rule}}}"
    return load_policy(text, check_label=refuse_label)


def context(author: Author | None) -> Mapping[str, object]:
    return Content(text="a", author=author).told()


# condition on the author, facts, whether it holds
ROWS: list[tuple[str, Author | None, bool]] = [
    ("{violations: {gte: 3}}", Author(violations=3), True),
    ("{violations: {gte: 3}}", Author(violations=2), False),
    ("{violations: {gte: 3}}", Author(posts=9), False),
    ("{violations: {gte: 3}}", None, False),
    ("{violations: 0}", Author(violations=0), True),
    ("{age_days: {lt: 1}}", Author(age_days=0.25), True),
    ("{age_days: {gte: 1, lt: 7}}", Author(age_days=7), False),
    ("{trusted: true}", Author(trusted=True), True),
    ("{trusted: true}", Author(trusted=False), False),
    ("{trusted: {exists: false}}", Author(posts=1), True),
    ("{posts: {lte: 5}, reports: {gt: 1}}", Author(posts=5, reports=2), True),
    ("{posts: {lte: 5}, reports: {gt: 1}}", Author(posts=5), False),
]


@pytest.mark.parametrize(("when", "author", "holds"), ROWS)
def test_conditions(when: str, author: Author | None, holds: bool) -> None:
    decision = decide(
        policy(f"when: {{label: harassment, author: {when}}}"),
        "default",
        findings=[INSULT],
        context=context(author),  # type: ignore[arg-type]
    )
    assert decision.action is (Action.BLOCK if holds else Action.PASS)


# rule, author, what the reason says
REASONS: list[tuple[str, Author, str]] = [
    (
        "when: {label: harassment, score: 0.6, author: {violations: {gte: 3}}}",
        Author(violations=17),
        "fired on harassment.insult 0.625 (at least 0.6) in text 0-4, with author.violations at least 3",
    ),
    ("when: {author: {violations: {gte: 3}}}", Author(violations=17), "fired on author.violations at least 3"),
    (
        "when: {any: [{author: {age_days: {lt: 3}}}, {author: {posts: {lte: 2}}}]}",
        Author(age_days=40, posts=2),
        "fired on author.posts at most 2",
    ),
    (
        "when: {all: [{label: harassment}, {author: {age_days: {gte: 1, lt: 3}}}]}",
        Author(age_days=2),
        "with author.age_days at least 1 and author.age_days below 3",
    ),
    (
        "when: {label: harassment}, unless: {author: {trusted: true}}",
        Author(trusted=True),
        "pass: no rule fired; highest of 1: harassment.insult 0.62; rule 'rule' is off: author.trusted true",
    ),
]


@pytest.mark.parametrize(("rule", "author", "said"), REASONS)
def test_the_reason_names_the_fact(rule: str, author: Author, said: str) -> None:
    told = context(author)
    decision = decide(policy(rule), "default", findings=[INSULT], context=told)  # type: ignore[arg-type]
    assert said in decision.reason
    assert "17" not in decision.reason, "the author's own numbers are not told"


def test_values_of_the_context_are_told_as_the_policy_wrote_them() -> None:
    when = "when: {context: {channel: [a, b, c, d], topic: {ne: x}, seen: {exists: true}}}"
    decision = decide(
        policy(when), "default", findings=[], context={"channel": "b", "topic": "secret", "seen": "secret"}
    )
    assert 'fired on channel among "a", "b", "c", ... and topic not "x" and seen given' in decision.reason
    assert "secret" not in decision.reason


def test_the_reason_says_what_the_conversation_did() -> None:
    moved = "raised from 0.41 to 0.62 by the conversation before it"
    finding = Finding(
        label="hate", score=0.62, location=PLACE, detector="t.t", version="1", reason="Reads like it.", context=moved
    )
    assert moved in decide(policy("when: {label: hate}"), "default", findings=[finding]).reason
    assert finding.as_dict()["context"] == moved


REFUSED: list[tuple[str, str]] = [
    ("author: {religion: any}", "unknown key 'religion'; known are age_days, posts, violations, reports, trusted"),
    ("author: {}", "is empty"),
    ("author: {violations: many}", "author.violations"),
    ("author: {violations: {in: [1]}}", "unknown key 'in'"),
    ("author: {violations: -1}", "outside the range"),
    ("author: {trusted: 1}", "author.trusted"),
    ("context: {author.religion: any}", "names a protected attribute"),
    ("context: {religion: any}", "names a protected attribute"),
    ("context: {author.gender: {exists: true}}", "names a protected attribute"),
    ("context: {author.community: [neighbours, uyghur]}", "names a group of people"),
    ("context: {author.name: mary}", "asks for the identity of a person"),
]


@pytest.mark.parametrize(("when", "message"), REFUSED)
def test_what_a_policy_may_not_ask_of_an_author(when: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        policy(f"when: {{{when}}}")
    assert message in str(caught.value)
    assert caught.value.problems[0][0] == 6, "the line of the rule"


def test_the_schema_knows_the_facts() -> None:
    facts = policy_schema()["$defs"]["condition"]["properties"]["author"]["properties"]
    assert tuple(facts) == AUTHOR_FACTS
    assert json.dumps(facts)
