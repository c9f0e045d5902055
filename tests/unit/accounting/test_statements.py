"""Statements of reasons: complete, in seven languages, in the EU database's schema, and no word about anybody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evenhand.accounting import dsaterms
from evenhand.accounting.dsa import Left, as_sor, batches, faults
from evenhand.accounting.grounds import Grounds, load_grounds
from evenhand.accounting.statements import NothingToStateError, Statement, appeal_link, state
from evenhand.accounting.words import LANGUAGES, words
from evenhand.domain import TAXONOMY, Action, first_id, new_id
from evenhand.errors import InputError, SettingsError
from evenhand.policy import default_policy, default_policy_text
from evenhand.settings import Settings
from evenhand.store import Record, Store, open_store
from evenhand.store.reviewrecords import Judged, Person, Verdict
from tests.unit.store.factory import finding, result

_FILE = """
platform: Example
territory: EEA
redress: {complaint: "https://example.org/c?id={id}", out_of_court: https://example.org/s}
grounds:
  - label: hate
    ground: illegal
    reference: Directive 2008/913/JHA {braces}
    url: https://example.org/law
    explanation: {en: Incitement to hatred., de: Aufstachelung zu Hass.}
    keywords: [KEYWORD_HATE_SPEECH]
  - {label: ads, ground: incompatible, reference: Terms 4.2, also_illegal: true}
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = open_store(f"sqlite:///{tmp_path / 'x.db'}")
    opened.migrate()
    policy = default_policy()
    opened.policies.save(policy.name, policy.version, default_policy_text())
    return opened


@pytest.fixture
def grounds(tmp_path: Path) -> Grounds:
    path = tmp_path / "grounds.yaml"
    path.write_text(_FILE)
    return load_grounds(path)


def _decided(store: Store, label: str = "hate.attack", score: float = 0.97, **fields: Any) -> dict[str, object]:
    policy = default_policy()
    values: dict[str, Any] = {
        "decision_id": new_id(),
        "id": "user:jane.doe@example.org",
        "action": Action.BLOCK,
        "labels": {label: score, "politics": 0.99},
        "findings": (finding(label, score), finding("politics", 0.99)),
        "reason": "jane.doe wrote 555 0100",
        "rule": "no such rule",
        "policy": f"{policy.name}@{policy.version}/default",
        **fields,
    }
    one = result(**values)
    store.record([Record(result=one, context={"user": "jane.doe"}, key_id="key-of-jane")])
    return store.decision(one.decision_id)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_article_17_asks_for_in_every_language(store: Store, grounds: Grounds, language: str) -> None:
    document = _decided(store)
    made = state(store, document, grounds, language=language, appeal="https://example.org/appeal/1")
    told = words(language)
    for part in (
        told.statement[grounds.actions.block],
        told.labels["hate.attack"],
        told.statement["detected_yes"],
        told.statement["AUTOMATED_DECISION_FULLY"],
        "Directive 2008/913/JHA {braces}",
        "https://example.org/law",
        "https://example.org/appeal/1",
        f"https://example.org/c?id={document['decision_id']}",
        "https://example.org/s",
        told.statement["redress_court"],
        str(document["decision_id"]),
        "EEA",
    ):
        assert part in made.text
    assert not made.missing
    assert "{kind}" not in made.text
    assert "{labels}" not in made.text


def test_every_language_has_every_word() -> None:
    names = words("en")
    for language in LANGUAGES:
        told = words(language)
        assert set(told.statement) == set(names.statement)
        assert set(told.report) == set(names.report)
        assert {name for name, info in TAXONOMY.items() if info.harm} <= set(told.labels)
        for key, text in told.statement.items():
            assert _slots(text) == _slots(names.statement[key]), key
        for key, text in told.report.items():
            assert _slots(text) == _slots(names.report[key]), key
    assert words("de-AT").language == "de"
    with pytest.raises(InputError, match="en"):
        words("xx")


def _slots(text: str) -> set[str]:
    return {part.partition("}")[0] for part in text.split("{")[1:]}


def test_nothing_about_anybody(store: Store, grounds: Grounds) -> None:
    document = _decided(store)
    made = state(store, document, grounds)
    told = json.dumps(made.as_dict()) + json.dumps(as_sor(made))
    for secret in ("jane", "555", "key-of", "no such rule"):
        assert secret not in told


def test_politics_is_no_reason(store: Store, grounds: Grounds) -> None:
    assert state(store, _decided(store), grounds).labels == ("hate.attack",)


def test_the_labels_of_the_rule_that_fired(store: Store, grounds: Grounds) -> None:
    from evenhand.accounting.remake import remake

    document = _decided(store)
    made = remake(store, document).decision
    assert made is not None
    document["rule"] = made.rule
    assert state(store, document, grounds).labels == tuple(dict.fromkeys(one.label for one in made.findings))


@pytest.mark.parametrize(
    ("verdict", "automated", "visibility"),
    [
        (Verdict(judged=Judged.RIGHT, action="block"), "AUTOMATED_DECISION_PARTIALLY", "CONTENT_REMOVED"),
        (Verdict(judged=Judged.OVERRIDDEN, action="mark", reason="x"), "AUTOMATED_DECISION_PARTIALLY", "LABELLED"),
    ],
)
def test_what_a_person_said_counts(
    store: Store, grounds: Grounds, verdict: Verdict, automated: str, visibility: str
) -> None:
    document = _decided(store, action=Action.REVIEW)
    with pytest.raises(NothingToStateError, match="waits"):
        state(store, document, grounds)
    store.reviews.decide(str(document["decision_id"]), Person(id="ann", name="ann"), verdict)
    made = state(store, store.decision(str(document["decision_id"])), grounds)
    assert made.automated_decision == automated
    assert made.decision_visibility.endswith(visibility)


def test_what_was_let_through_needs_no_statement(store: Store, grounds: Grounds) -> None:
    with pytest.raises(NothingToStateError, match="let through"):
        state(store, _decided(store, action=Action.PASS), grounds)
    document = _decided(store, action=Action.REVIEW)
    verdict = Verdict(judged=Judged.WRONG, action="pass", labels=(), reason="harmless")
    store.reviews.decide(str(document["decision_id"]), Person(id="ann", name="ann"), verdict)
    with pytest.raises(NothingToStateError):
        state(store, store.decision(str(document["decision_id"])), grounds)


def test_a_ground_is_never_made_up(store: Store, grounds: Grounds) -> None:
    made = state(store, _decided(store, "spam.scam"), grounds)
    assert made.missing == ("ground",)
    assert words("en").statement["ground_missing"] in made.text
    with pytest.raises(ValueError, match="ground"):
        as_sor(made)
    assert state(store, _decided(store), Grounds()).missing == ("ground",)


def _sor(store: Store, grounds: Grounds, **fields: Any) -> dict[str, Any]:
    return as_sor(state(store, _decided(store, **fields), grounds))


def test_the_databases_schema(store: Store, grounds: Grounds) -> None:
    made = _sor(store, grounds)
    assert made["decision_ground"] == "DECISION_GROUND_ILLEGAL_CONTENT"
    assert made["illegal_content_explanation"] == "Incitement to hatred."
    assert made["category_specification"] == ["KEYWORD_HATE_SPEECH"]
    assert made["content_type"] == ["CONTENT_TYPE_TEXT"]
    assert made["content_language"] == "EN"
    assert made["territorial_scope"] == sorted(dsaterms.EEA)
    terms = _sor(store, grounds, label="ads.contact", kind="video", languages=("zh",))
    assert terms["incompatible_content_illegal"] == "Yes"
    assert terms["content_type"] == ["CONTENT_TYPE_VIDEO"]
    assert "content_language" not in terms


@pytest.mark.parametrize(
    "change",
    [
        {"category": "STATEMENT_CATEGORY_SCOPE_OF_PLATFORM_SERVICE"},  # of the schema before July 2025
        {"decision_visibility": "DECISION_VISIBILITY_CONTENT_REMOVED"},
        {"decision_visibility": ["DECISION_VISIBILITY_OTHER"]},
        {"decision_visibility": None},
        {"automated_decision": "Yes"},
        {"puid": "with space"},
        {"puid": None},
        {"content_date": "01.02.2026"},
        {"territorial_scope": ["UK"]},
        {"territorial_scope": []},
        {"illegal_content_legal_ground": None},
        {"illegal_content_legal_ground": "x" * 501},
        {"decision_facts": ""},
        {"url": "https://example.org/post"},  # no field of the schema
        {"source_type": "SOURCE_OTHER"},
        {"content_type": ["CONTENT_TYPE_OTHER"]},
        {"category_specification": ["KEYWORD_NO_SUCH"]},
    ],
)
def test_the_schema_refuses(store: Store, grounds: Grounds, change: dict[str, Any]) -> None:
    made = _sor(store, grounds)
    assert faults(made) == []
    for name, value in change.items():
        if value is None:
            del made[name]
        else:
            made[name] = value
    assert faults(made)


def test_batches_of_a_hundred(store: Store, grounds: Grounds) -> None:
    for number in range(230):
        _decided(store, "hate.attack" if number % 10 else "spam.scam", decision_id=new_id())
    _decided(store, action=Action.REVIEW)
    left = Left()
    now = datetime.now(UTC)
    documents = store.reports.restricted(now - timedelta(days=1), now + timedelta(days=1))
    found = list(batches(store, documents, grounds, left=left))
    assert [len(one["statements"]) for one in found] == [100, 100, 7]
    assert left.counts == {"no ground is named for these labels": 23, "nothing is restricted": 1}
    assert len(left.ids) == 23
    assert len({one["puid"] for batch in found for one in batch["statements"]}) == 207


@pytest.mark.parametrize(
    "text",
    [
        "grounds: [{label: hate, ground: forbidden, reference: x}]",
        "grounds: [{label: hate, ground: illegal, reference: x, category: HATE}]",
        "grounds: [{label: hate, ground: illegal, reference: x, keywords: [HATE]}]",
        "grounds: [{label: hate, ground: illegal}]",
        "grounds: [{label: hate, ground: illegal, reference: x, url: 'javascript:alert(1)'}]",
        "territory: [XX]",
        "actions: {block: REMOVED}",
        "more: 1",
        "- a\n- b",
        "a: [",
        "[" * 10_000,
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "grounds.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"grounds\.yaml"):
        load_grounds(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_grounds(tmp_path / "none.yaml")


def test_an_appeal_has_a_link_where_one_can_be_signed(store: Store, grounds: Grounds) -> None:
    document = _decided(store)
    signed = {"secret_key": "k" * 40, "public_url": "https://mod.example.org/"}
    link = appeal_link(Settings.model_validate(signed), document)
    assert link is not None
    assert link.startswith("https://mod.example.org/appeal/")
    assert link in state(store, document, grounds, appeal=link).text
    assert appeal_link(Settings.model_validate({**signed, "public_url": None}), document) is None
    old = {**document, "decision_id": first_id(datetime.now(UTC) - timedelta(days=400))}
    assert appeal_link(Settings.model_validate(signed), old) is None


def test_own_labels_are_told_by_the_one_above(store: Store, grounds: Grounds) -> None:
    made: Statement = state(store, _decided(store, "ads.my_shop"), grounds)
    assert words("en").labels["ads"] in made.facts
    assert "my_shop" not in made.facts
