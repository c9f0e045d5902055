"""Deciding: which rule fires on which findings, context and gaps."""

from __future__ import annotations

from typing import Any

import pytest

from evenhand.domain import Action, Finding, JsonValue, Location, Source
from evenhand.errors import PolicyError
from evenhand.policy import Policy, decide, load_policy


def finding(label: str, score: float = 1.0, **fields: Any) -> Finding:
    """Make a finding in the caller's text."""
    place = Location(source=fields.pop("source", Source.TEXT), **{
        key: fields.pop(key) for key in ("span", "box", "frame") if key in fields
    })  # fmt: skip
    return Finding(label=label, score=score, location=place, detector="t.t", version="1", reason="seen", **fields)


def policy(when: str, *, action: str = "block", more: str = "") -> Policy:
    """Make a policy of one rule."""
    rule = f"      - name: rule\n        when: {when}\n        action: {action}\n{more}"
    return load_policy(f'name: p\nversion: "7"\nlines:\n  default:\n    rules:\n{rule}')


# when, findings, whether the rule fires
FINDING_ROWS: list[tuple[str, list[Finding], bool]] = [
    ("{label: ads}", [], False),
    ("{label: ads}", [finding("ads")], True),
    ("{label: ads}", [finding("ads.link")], True),
    ("{label: ads}", [finding("ads.link.short")], True),
    ("{label: ads, exact: true}", [finding("ads.link")], False),
    ("{label: ads, exact: true}", [finding("ads")], True),
    ("{label: ads.link}", [finding("ads")], False),
    ("{label: ads.link}", [finding("ads.linked")], False),
    ("{label: [ads, spam]}", [finding("spam.scam")], True),
    ("{label: ads, score: 0.5}", [finding("ads", 0.5)], True),
    ("{label: ads, score: 0.5}", [finding("ads", 0.4999)], False),
    ("{label: ads, score: {min: 0.2, max: 0.4}}", [finding("ads", 0.4)], True),
    ("{label: ads, score: {min: 0.2, max: 0.4}}", [finding("ads", 0.41)], False),
    ("{label: ads, score: {min: 0.5}}", [finding("ads", float("nan"))], False),
    ("{label: ads, language: zh}", [finding("ads", language="zh-Hant")], True),
    ("{label: ads, language: zh}", [finding("ads", language="zhx")], False),
    ("{label: ads, language: no}", [finding("ads", language="no")], True),
    ("{label: ads, language: [fr, EN]}", [finding("ads")], True),  # the content's language: en
    ("{label: ads, language: de}", [finding("ads")], False),
    ("{label: ads, source: ocr}", [finding("ads", source=Source.OCR)], True),
    ("{label: ads, source: [ocr, code]}", [finding("ads")], False),
    ("{label: known, library: our-list}", [finding("known.black", library="our-list")], True),
    ("{label: known, library: our-list}", [finding("known.black", library="other")], False),
    ("{detector: t.t}", [finding("ads")], True),
    ("{detector: t.x}", [finding("ads")], False),
    ("{label: ads, count: 2}", [finding("ads")], False),
    ("{label: ads, count: 2}", [finding("ads"), finding("ads.link")], True),
    ("{label: ads, count: 2, score: 0.5}", [finding("ads"), finding("ads.link", 0.1)], False),
    ("{all: [{label: ads}, {label: spam}]}", [finding("ads")], False),
    ("{all: [{label: ads}, {label: spam}]}", [finding("ads"), finding("spam")], True),
    ("{any: [{label: ads}, {label: spam}]}", [finding("spam")], True),
    ("{any: [{label: ads}, {label: spam}]}", [finding("hate")], False),
    ("{label: ads, none: [{label: spam}]}", [finding("ads")], True),
    ("{label: ads, none: [{label: spam}]}", [finding("ads"), finding("spam")], False),
    ("{label: ads, any: [{kind: image}, {label: spam}]}", [finding("ads")], False),
    ("{kind: text}", [], True),
    ("{kind: [image, video]}", [finding("ads")], False),
]


@pytest.mark.parametrize(("when", "findings", "fires"), FINDING_ROWS)
def test_findings(when: str, findings: list[Finding], fires: bool) -> None:
    """Labels, scores, languages, sources, libraries, counts and combinations."""
    decision = decide(policy(when), "default", findings=findings, kind="text", languages=("en",))
    assert decision.action is (Action.BLOCK if fires else Action.PASS)
    assert decision.rule == ("rule" if fires else None)


AUTHOR: dict[str, JsonValue] = {
    "author": {"trusted": True, "age_days": 2, "name": "m", "odd": None},
    "channel": "news",
    "flat.key": 3,
}
CONTEXT_ROWS: list[tuple[str, bool]] = [
    ("{author.trusted: true}", True),
    ("{author.trusted: false}", False),
    ("{author.trusted: 1}", False),  # true is not 1
    ("{author.age_days: 2}", True),
    ("{author.age_days: 2.0}", True),
    ('{author.age_days: "2"}', False),
    ("{author.age_days: {lt: 3}}", True),
    ("{author.age_days: {lt: 2}}", False),
    ("{author.age_days: {lte: 2, gte: 2}}", True),
    ("{author.age_days: {gt: 1, lt: 2}}", False),
    ("{author.trusted: {gt: 0}}", False),  # not a number
    ("{author.name: {gt: a}}", True),
    ("{author.name: {gt: 1}}", False),
    ("{channel: [news, sport]}", True),
    ("{channel: {in: [sport]}}", False),
    ("{channel: {not_in: [sport]}}", True),
    ("{channel: {ne: sport}}", True),
    ("{channel: {eq: news}}", True),
    ("{flat.key: 3}", True),
    ("{author.odd: {exists: true}}", True),
    ("{author.gone: {exists: false}}", True),
    ("{author.gone: {exists: true}}", False),
    ("{author.gone: {ne: 1}}", False),  # a missing value passes no comparison
    ("{author.gone: {not_in: [1]}}", False),
    ("{author.gone.deeper: 1}", False),
    ("{channel.deeper: 1}", False),
    ("{channel: news, author.trusted: false}", False),
]


@pytest.mark.parametrize(("tests", "fires"), CONTEXT_ROWS)
def test_context(tests: str, fires: bool) -> None:
    """Comparisons by dotted path; missing values and other types never crash and never match."""
    decision = decide(policy(f"{{context: {tests}}}"), "default", findings=(), context=AUTHOR)
    assert decision.action is (Action.BLOCK if fires else Action.PASS)


def test_the_strictest_rule_wins_and_ties_go_by_order() -> None:
    """Not the first in the document, but of equals the first."""
    rule = "      - {{name: {}, when: {{label: ads}}, action: block}}\n"
    more = rule.format("second") + rule.format("third")
    decision = decide(policy("{label: ads}", action="mark", more=more), "default", findings=[finding("ads")])
    assert (decision.action, decision.rule) == (Action.BLOCK, "second")


def test_a_pass_rule_is_the_mildest() -> None:
    """A rule may say pass, and names itself; it excuses nothing that another rule catches."""
    more = "      - {name: m, when: {label: ads.link}, action: mark}"
    rules = policy("{label: ads}", action="pass", more=more)
    assert decide(rules, "default", findings=[finding("ads")]).rule == "rule"
    assert decide(rules, "default", findings=[finding("ads.link")]).action is Action.MARK


@pytest.mark.parametrize(
    ("unless", "context", "fires"),
    [
        ("{context: {author.trusted: true}}", AUTHOR, False),
        ("{context: {author.trusted: true}}", {}, True),
        ("[{label: spam}, {context: {channel: news}}]", AUTHOR, False),
        ("[{label: spam}, {context: {channel: sport}}]", AUTHOR, True),
        ("{label: ads.link}", {}, False),
    ],
)
def test_unless(unless: str, context: dict[str, JsonValue], fires: bool) -> None:
    """The rule is off while an exception holds."""
    rules = policy("{label: ads}", more=f"        unless: {unless}\n")
    decision = decide(rules, "default", findings=[finding("ads.link")], context=context)
    assert decision.action is (Action.BLOCK if fires else Action.PASS)


WHITE = "known.white"
EXCEPT_ROWS: list[tuple[Finding, Finding, bool]] = [  # the white finding, the other, whether the rule still fires
    (finding(WHITE, span=(0, 9)), finding("ads", span=(2, 5)), False),
    (finding(WHITE, span=(0, 9)), finding("ads", span=(2, 10)), True),  # reaches beyond
    (finding(WHITE, span=(0, 9)), finding("ads"), True),  # the whole text
    (finding(WHITE, span=(0, 9)), finding("ads", span=(2, 5), source=Source.OCR), True),  # another text
    (finding(WHITE, 0.5, span=(0, 9)), finding("ads", span=(2, 5)), True),  # not sure enough
    (finding(WHITE, source=Source.IMAGE), finding("ads", source=Source.IMAGE, box=(0, 0, 1, 1)), False),
    (finding(WHITE, source=Source.IMAGE), finding("ads", source=Source.OCR, span=(0, 2)), False),
    (finding(WHITE, source=Source.IMAGE), finding("ads", source=Source.CODE, span=(0, 2)), False),
    (finding(WHITE, source=Source.IMAGE, box=(0, 0, 1, 1)), finding("ads", source=Source.IMAGE), True),
    (finding(WHITE, source=Source.FRAME, frame=1), finding("ads", source=Source.FRAME, frame=2), True),
    (finding(WHITE, source=Source.FRAME, frame=2), finding("ads", source=Source.OCR, frame=2, span=(0, 2)), False),
]


@pytest.mark.parametrize(("white", "other", "fires"), EXCEPT_ROWS)
def test_except_sets_aside_what_it_covers(white: Finding, other: Finding, fires: bool) -> None:
    """An exception by library reaches as far as the place that matched, no further."""
    rules = policy("{label: ads}", more="        except: {label: known.white, score: {min: 0.9}}\n")
    assert decide(rules, "default", findings=[white, other]).action is (Action.BLOCK if fires else Action.PASS)


@pytest.mark.parametrize(
    ("setting", "findings", "action", "rule"),
    [
        ("", (), Action.REVIEW, "incomplete"),
        ("incomplete: block", (), Action.BLOCK, "incomplete"),
        ("incomplete: mark", (), Action.MARK, "incomplete"),
        ("incomplete: mark", ("ads",), Action.REVIEW, "rule"),  # a stricter rule still decides
        ("incomplete: block", ("ads",), Action.BLOCK, "incomplete"),
        ("incomplete: review", ("ads",), Action.REVIEW, "rule"),
        ("incomplete: pass\nincomplete_pass_acknowledged: true", (), Action.PASS, None),
    ],
)
def test_incomplete(setting: str, findings: tuple[str, ...], action: Action, rule: str | None) -> None:
    """A missing answer is the least that follows, and is told whatever decided."""
    rules = load_policy(
        f"name: p\nversion: 1\n{setting}\n"
        "lines: {default: {rules: [{name: rule, when: {label: ads}, action: review}]}}"
    )
    decision = decide(
        rules, "default", findings=[finding(label) for label in findings], incomplete={"image.ocr": "timed out"}
    )
    assert (decision.action, decision.rule) == (action, rule)
    assert "no answer from image.ocr (timed out)" in decision.reason


def test_the_reason_tells_rule_findings_and_numbers() -> None:
    """One sentence with everything a person needs; at most three findings are told."""
    rules = policy("{label: ads, score: {min: 0.5, max: 0.99}}", more="        reason: house rule 4\n")
    seen = [finding("ads.link", 0.949, span=(3, 9)), finding("ads", 0.6), finding("ads", 0.61), finding("ads", 0.62)]
    decision = decide(rules, "default", findings=seen)
    assert decision.reason == (
        "block: rule 'rule' fired on ads.link 0.949 (at least 0.5 and at most 0.99) in text 3-9, "
        "ads 0.62 (at least 0.5 and at most 0.99) in text, ads 0.61 (at least 0.5 and at most 0.99) in text and 1 more"
        "; house rule 4"
    )
    assert decision.findings == tuple(seen)
    assert (decision.policy, decision.policy_version, decision.line) == ("p", "7", "default")


def test_a_finding_is_told_once() -> None:
    """A finding that meets two parts of a condition is one finding."""
    rules = policy("{all: [{label: ads}, {label: ads.link}]}")
    assert len(decide(rules, "default", findings=[finding("ads.link")]).findings) == 1


def test_nothing_fired() -> None:
    """What was found is told even where it leads to nothing; other findings are not rested on."""
    decision = decide(policy("{label: ads, score: 0.5}"), "default", findings=[finding("ads", 0.25)])
    assert decision.reason == "pass: no rule fired; highest of 1: ads 0.25"
    assert decision.findings == ()
    assert "on the context" in decide(policy("{kind: text}"), "default", findings=()).reason


def test_an_unknown_line_is_told() -> None:
    """With the lines that there are."""
    with pytest.raises(PolicyError, match="has no line 'chat'; use one of its lines: default"):
        decide(policy("{label: ads}"), "chat", findings=())
