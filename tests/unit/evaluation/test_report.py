"""From verdicts and truths to the report: what is known, what was scored, and what never counts as clean."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser

import orjson
import pytest

from evenhand.domain import Action, Content, ItemError
from evenhand.errors import InputError
from evenhand.evaluation import Origin, Report, Row, Scorebook, evaluate, make_report
from evenhand.evaluation.page import page
from evenhand.evaluation.rows import Skipped
from evenhand.evaluation.running import Judge, Judged, Run
from evenhand.evaluation.scorebook import OTHERS, Names, Verdict
from evenhand.evaluation.truths import Truth

ORIGIN = Origin(
    data="d.jsonl",
    sha256="ab" * 32,
    policy="p@1/default",
    evenhand="0",
    date=datetime(2026, 11, 23, tzinfo=UTC),
    settings={"threads": "1"},
)
LABELS = ("harassment", "harassment.insult", "hate.attack", "politics")
Given = tuple[Verdict, Mapping[str, bool], bool]


def verdict(action: str = "pass", *found: str, **scores: float) -> Verdict:
    named = {name.replace("__", "."): score for name, score in scores.items()}
    return Verdict(action=Action(action), scores={**dict.fromkeys(LABELS, 0.0), **named}, found=found)


FAILED = Verdict(error=("bad_input", "no"))
INCOMPLETE = Verdict(action=Action.REVIEW, scores={"politics": 0.1}, found=(), incomplete={"text.harm": "crashed"})


def book(*given: Given) -> Scorebook:
    made = Scorebook()
    for one, truth, closed in given:  # one at a time: columns come and go between batches
        made.add([one], truths=[truth], closed=[closed], expected=[None], languages=[None], groups=[None])
    return made


def report(*rows: Row, verdicts: Sequence[Verdict], any_of: Sequence[str] | None = None, batch: int = 2) -> Report:
    waiting = list(verdicts)

    def judge(contents: Sequence[Content | ItemError]) -> Judged:
        return Judged(verdicts=tuple(waiting.pop(0) for _ in contents), models=(("text.harm", "1"),))

    run = evaluate(rows, [judge], batch=batch)
    return make_report(run, ORIGIN, any_of=any_of)


def row(line: int, labels: Mapping[str, bool], *, closed: bool = False, **fields: object) -> Row:
    content = Content(text="a", id=str(line))
    made = {"language": None, "group": None, "expect": None, **fields}
    return Row(line=line, content=content, truth=Truth(labels=labels, closed=closed), **made)  # type: ignore[arg-type]


def test_what_follows_from_the_tree_and_from_closed_rows() -> None:
    made = book(
        (verdict(), {"harassment.insult": True}, False),  # an insult is harassment
        (verdict(), {"harassment": False}, False),  # no harassment: no insult
        (verdict(), {"harassment": True}, False),  # of which kind is not known
        (verdict(), {"hate.attack": True}, True),  # all that holds is listed
        (verdict(), {"harassment": False, "harassment.insult": True}, False),  # what a row says itself stands
    )
    assert made.truth("harassment").tolist() == [1, 0, 1, 0, 0]
    assert made.truth("harassment.insult").tolist() == [1, 0, -1, 0, 1]
    assert made.truth("hate.attack").tolist() == [-1, -1, -1, 1, -1]
    assert made.labels == ["hate.attack", "harassment", "harassment.insult"]


def test_any_is_what_a_row_says_or_any_harm_it_names() -> None:
    made = book(
        (verdict(), {"any": True}, False),
        (verdict(), {"any": False, "hate.attack": True}, False),
        (verdict(), {"hate.attack": True, "harassment": False}, False),
        (verdict(), {"hate.attack": False}, False),
        (verdict(), {"politics": True}, False),  # a neutral mark says nothing about harm
        (verdict(), {}, True),
    )
    assert made.any_truth(["hate.attack", "harassment"]).tolist() == [1, 0, 1, 0, -1, 0]


def test_a_label_scores_as_the_highest_at_or_below_it() -> None:
    made = book(
        (verdict("mark", "harassment.insult", harassment=0.2, harassment__insult=0.9), {}, False),
        (verdict("pass", harassment=0.3), {}, False),
        (FAILED, {}, False),
        (INCOMPLETE, {}, False),
    )
    assert made.score(["harassment"]).tolist() == pytest.approx([0.9, 0.3, float("nan"), float("nan")], nan_ok=True)
    assert made.found(["harassment"]).tolist() == [True, False, False, False]
    assert made.score(["hate"]).tolist()[:2] == [0.0, 0.0]
    assert made.score(["sexual"]).tolist() == pytest.approx([float("nan")] * 4, nan_ok=True)
    assert made.incomplete().tolist() == [False, False, False, True]


def test_too_many_names_are_no_groups() -> None:
    names = Names()
    names.add([str(i) for i in range(1_002)] + [None])
    assert len(names.names) == 1_001
    assert int(names.rows(OTHERS).sum()) == 2


def sample() -> Report:
    """Eight rows of which five are measured; numbers below are worked out by hand."""
    return report(
        row(1, {"hate.attack": True}, closed=True, language="en", group="<b>x</b>", expect=Action.BLOCK),
        row(2, {"hate.attack": True}, closed=True, language="en", group="y", expect=Action.BLOCK),
        row(3, {}, closed=True, language="en", group="<b>x</b>", expect=Action.PASS),
        row(4, {}, closed=True, language="fr", group="y"),
        row(6, {}, closed=True, language="fr", group="y"),
        row(7, {"hate.attack": True}, closed=True, language="fr", expect=Action.BLOCK),
        row(8, {}, closed=True, expect=Action.REVIEW),
        row(9, {"politics": False}),
        verdicts=[
            verdict("block", "hate.attack", hate__attack=0.9),
            verdict("pass", hate__attack=0.3),
            verdict("review", "hate.attack", hate__attack=0.6),
            verdict("pass", hate__attack=0.1),
            verdict("pass", hate__attack=0.2),
            FAILED,
            INCOMPLETE,
            verdict("mark", "politics", politics=0.8),
        ],
    )


def test_the_numbers() -> None:
    made = sample()
    hate = made.label("hate.attack")
    assert hate is not None
    assert (hate.n, hate.positives, hate.unscored) == (5, 2, 2)
    assert hate.ap == pytest.approx((1 + 2 / 3) / 2)
    assert hate.auc == pytest.approx(5 / 6)
    assert hate.brier == pytest.approx((0.01 + 0.49 + 0.36 + 0.01 + 0.04) / 5)
    assert hate.own is not None
    assert (hate.own.outcomes.tp, hate.own.outcomes.fp, hate.own.outcomes.fn, hate.own.outcomes.tn) == (1, 1, 1, 2)
    assert hate.half is not None
    assert hate.half.outcomes == hate.own.outcomes
    assert hate.best is not None
    assert hate.best.threshold == pytest.approx(0.3)
    assert hate.best.outcomes.f1 == pytest.approx(0.8)
    assert (hate.ap_ci95, hate.own.f1_ci95, hate.resamples) == (None, None, 0)  # too few rows to draw from
    assert hate.own.recall_ci95 == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert made.labels[0].label == "any"
    assert made.labels[0].scored_as == ("hate.attack",)
    politics = made.label("politics")
    assert politics is not None
    assert (politics.n, politics.positives, politics.ap) == (6, 0, None)  # five closed rows and one that says 0


def test_a_failed_or_incomplete_row_is_never_clean() -> None:
    made = sample()
    assert (made.rows, made.failed, made.incomplete) == (8, 1, 1)
    assert [(one.line, one.code) for one in made.trouble] == [(7, "bad_input"), (8, "incomplete")]
    table = {one.truth: one for one in made.by_truth}
    assert dict(table["harmful"].actions) == {"pass": 1, "mark": 0, "review": 0, "block": 1}
    assert table["harmful"].failed == 1
    assert dict(table["harmless"].actions) == {"pass": 2, "mark": 0, "review": 1, "block": 0}
    assert table["harmless"].incomplete == 1
    assert dict(table["unknown"].actions)["mark"] == 1
    assert made.as_expected == (1, 3)
    assert [(one.truth, one.failed, one.incomplete) for one in made.by_expectation] == [
        ("pass", 0, 0),
        ("review", 0, 1),
        ("block", 1, 0),
    ]


def test_slices() -> None:
    made = sample()
    english, french = (one for one in made.languages if one.label == "any")
    assert (english.name, english.n, english.outcomes.fpr, english.outcomes.fnr) == ("en", 3, 1.0, 0.5)
    assert (french.name, french.n, french.unscored, french.outcomes.fpr, french.outcomes.fnr) == ("fr", 2, 1, 0.0, None)
    assert english.acted.fpr == 1.0
    assert french.fpr_ci95 is not None
    assert french.fpr_ci95[1] == pytest.approx(0.6576, abs=1e-4)  # 0 of 2 says little, and the interval says so


def test_any_of() -> None:
    rows = [row(1, {"hate.attack": True}, closed=True), row(2, {}, closed=True)]
    verdicts = [verdict(hate__attack=0.9), verdict(harassment=0.95)]
    assert report(*rows, verdicts=verdicts).labels[0].ap == 1.0
    wide = report(*rows, verdicts=verdicts, any_of=["hate", "harassment"]).labels[0]
    assert (wide.ap, wide.scored_as) == (0.5, ("harassment", "harassment.insult", "hate.attack"))
    said = report(row(1, {"any": True}), row(2, {"any": False}), verdicts=verdicts).labels[0]
    assert (said.ap, said.scored_as) == (0.5, ("harassment", "harassment.insult", "hate.attack"))


def test_a_label_that_nothing_scores_says_so() -> None:
    made = report(row(1, {"sexual": True}), row(2, {"sexual": False}), verdicts=[verdict(), verdict()])
    sexual = made.label("sexual")
    assert sexual is not None
    assert (sexual.n, sexual.unscored, sexual.scored_as, sexual.ap, sexual.own) == (0, 2, (), None, None)
    assert "not scored" in page(made)


def test_rows_that_are_only_partly_known_are_told() -> None:
    rows = [row(1, {"hate.attack": False}), row(2, {"harassment": False, "hate.attack": False})]
    assert report(*rows, verdicts=[verdict(), verdict()]).any_partly_known == 1


def test_the_order_of_batches_does_not_matter() -> None:
    rows = [row(i, {"hate.attack": i % 3 == 0}) for i in range(30)]
    verdicts = [verdict(hate__attack=(i * 7 % 10) / 10) for i in range(30)]
    one, other = (report(*rows, verdicts=verdicts, batch=size) for size in (30, 4))
    assert one.labels == other.labels
    first = one.labels[0]
    assert first.ap is not None
    low, high = first.ap_ci95 or (1.0, 0.0)
    assert 0 <= low < first.ap < high <= 1


def test_judges_work_side_by_side_and_answers_keep_their_rows() -> None:
    def judge(contents: Sequence[Content | ItemError]) -> Judged:
        return Judged(verdicts=tuple(verdict(harassment=int(one.id or "") / 100) for one in contents), models=())

    judges: list[Judge] = [judge, judge, judge]
    run = evaluate([row(i, {"harassment": False}) for i in range(50)], judges, batch=4)
    assert run.book.score(["harassment"]).tolist() == pytest.approx([i / 100 for i in range(50)])


def test_no_rows_and_a_judge_that_breaks() -> None:
    def broken(contents: Sequence[Content | ItemError]) -> Judged:
        raise RuntimeError("broken")

    with pytest.raises(InputError, match="no rows"):
        evaluate([], [broken])
    with pytest.raises(RuntimeError, match="broken"):
        evaluate([row(1, {})], [broken])


def test_throughput_leaves_out_the_first_batch() -> None:
    times = iter([0.0, 5.0, 7.0])  # begun, models loaded and first batch done, all done

    def judge(contents: Sequence[Content | ItemError]) -> Judged:
        return Judged(verdicts=tuple(verdict() for _ in contents), models=())

    run: Run = evaluate([row(i, {"spam": False}) for i in range(6)], [judge], batch=2, clock=lambda: next(times))
    made = make_report(run, ORIGIN)
    assert (made.seconds, made.rows_per_second) == (7.0, 2.0)


def test_the_json_form() -> None:
    document = json.loads(orjson.dumps(sample().as_dict()))
    assert document["format"] == 1
    assert document["origin"]["date"] == "2026-11-23T00:00:00+00:00"
    assert document["models"] == {"text.harm": "1"}
    assert document["labels"][1]["own"]["outcomes"]["precision"] == 0.5
    assert document["labels"][2]["ap"] is None


class Checker(HTMLParser):
    """Collects tags and attributes, and refuses what is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action") or name[:2] == "on"]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_nothing_in_it_runs_or_loads() -> None:
    made = sample()
    hostile = Skipped(line=5, message='</td><script>alert(1)</script>"\u202e<img src=x onerror=y>')
    shown = page(
        Report(
            **{**{name: getattr(made, name) for name in Report.__slots__}, "skipped_lines": (hostile,), "skipped": 1}
        )
    )
    checker = Checker()
    checker.feed(shown)
    assert checker.open == []
    assert checker.links == []
    assert not {"script", "img", "b", "link", "iframe"} & set(checker.tags)
    assert checker.tags.count("svg") == 2 * 2 + 1  # both plots for any and hate; politics has no positives
    assert "&lt;b&gt;x&lt;/b&gt;" in shown
    assert "\u202e" not in shown
    assert "default-src 'none'" in shown
    assert "prefers-color-scheme:dark" in shown
    assert not re.search(r"url\(|@import", shown)
