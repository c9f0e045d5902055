"""The pipeline: order, rounds, languages, declared labels, and failures that never read as clean."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from evenhand.app import AsyncModerator
from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorInfo, Example
from evenhand.domain import Action, Content, Finding, ItemError, Mark, Options, PartKind, Result, Source, TextPart
from evenhand.domain.location import Location
from evenhand.errors import InputError, PolicyError, StoreError, TooLargeError
from evenhand.policy import Policy, load_policy
from evenhand.recording import Recording
from evenhand.settings import Settings
from tests.turned_off import EVERY

POLICY = """
name: test
version: "1"
lines:
  default:
    rules:
      - name: bulk
        when: {label: spam, score: {min: 0.5}}
        action: block
  quiet:
    skip: [text.sample]
    rules: []
"""


class Sample:
    """A detector made of a function."""

    def __init__(self, look: Callable[[TextPart], Detection], **info: Any) -> None:
        self.info = replace(
            DetectorInfo(
                name="text.sample",
                version="3",
                reads=PartKind.TEXT,
                labels=("spam.bulk",),
                cost=Cost.CHEAP,
                description="A test.",
                examples=(Example(title="nothing", part=lambda: TextPart(text="hello")),),
            ),
            **info,
        )
        self._look = look

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        return [self._look(part) for part in parts]


def finding(part: TextPart, label: str = "spam.bulk", score: float = 0.9) -> Detection:
    place = part.locate(0, len(part.text))
    made = Finding(label=label, score=score, location=place, detector="text.sample", version="3", reason="a test")
    return Detection(findings=(made,), scores={label: score})


def spam(part: TextPart) -> Detection:
    return finding(part) if "spam" in part.text else NOTHING


def policy() -> Policy:
    return load_policy(POLICY, check_label=lambda label: None)


def moderator(*detectors: Any, **settings: Any) -> AsyncModerator:
    chosen = Settings(**{"plugins": False, "disabled_detectors": EVERY, **settings})
    return AsyncModerator(chosen, policy=policy(), detectors=detectors)


async def test_a_finding_leads_to_a_decision_that_explains_itself() -> None:
    async with moderator(Sample(spam)) as opened:
        result = await opened.check("this is spam", id="a")
    assert (result.id, result.action, result.rule) == ("a", Action.BLOCK, "bulk")
    assert result.labels == {"spam.bulk": 0.9}
    assert result.findings[0].location.span == (0, 12)
    assert result.models == {"text.sample": "3"}
    assert result.policy == "test@1/default"
    assert "bulk" in result.reason
    assert "0.9" in result.reason


async def test_many_come_back_in_order_with_errors_in_their_place() -> None:
    async with moderator(Sample(spam), batch_size=7, max_text_chars=50) as opened:
        texts: list[Any] = ["spam" if n % 3 == 0 else "fine" for n in range(40)]
        texts[5] = "x" * 51
        texts[11] = ItemError(id="11", code="bad_input", message="no")
        answers = [answer async for answer in opened.check_many(texts)]
    assert len(answers) == 40
    for n, answer in enumerate(answers):
        if n == 5:
            assert isinstance(answer, ItemError)
            assert answer.code == "too_large"
        elif n == 11:
            assert answer is texts[11]
        else:
            assert isinstance(answer, Result)
            assert answer.action is (Action.BLOCK if n % 3 == 0 else Action.PASS)


async def test_one_that_cannot_be_read_raises() -> None:
    async with moderator(Sample(spam), max_text_chars=3) as opened:
        with pytest.raises(TooLargeError):
            await opened.check("long text")
        with pytest.raises(InputError):
            await opened.check(b"\x00\x01\x02\x03 no known format \xff")


async def test_a_line_chooses_its_rules_and_detectors() -> None:
    async with moderator(Sample(spam)) as opened:
        quiet = await opened.check("spam", options=Options(line="quiet"))
        assert (quiet.action, quiet.models, quiet.incomplete) == (Action.PASS, {}, {})
        with pytest.raises(PolicyError, match="quiet"):
            await opened.check("spam", options=Options(line="nowhere"))


async def test_all_scores_has_every_label_of_the_detectors_that_ran() -> None:
    sample = Sample(spam, labels=("spam.bulk", "spam.scam"))
    async with moderator(sample) as opened:
        wide = await opened.check("spam", options=Options(all_scores=True))
        narrow = await opened.check("fine")
    assert wide.labels == {"spam.bulk": 0.9, "spam.scam": 0.0}
    assert narrow.labels == {}


async def test_a_crash_makes_its_own_content_incomplete_and_no_other() -> None:
    def picky(part: TextPart) -> Detection:
        if part.text == "bad":
            raise RuntimeError("broken")
        return spam(part)

    async with moderator(Sample(picky)) as opened:
        good, bad, flagged = [answer async for answer in opened.check_many(["good", "bad", "spam"])]
    assert isinstance(good, Result)
    assert (good.action, good.incomplete) == (Action.PASS, {})
    assert isinstance(bad, Result)
    assert bad.action is Action.REVIEW
    assert bad.incomplete["text.sample"].startswith("crashed: RuntimeError at test_pipeline.py:")
    assert isinstance(flagged, Result)
    assert flagged.action is Action.BLOCK


async def test_a_detector_that_hangs_makes_the_content_incomplete() -> None:
    release = threading.Event()

    def hang(part: TextPart) -> Detection:
        release.wait(30)
        return NOTHING

    async with moderator(Sample(hang), detector_timeout_s=0.05) as opened:
        result = await opened.check("hello")
    release.set()
    assert result.action is Action.REVIEW
    assert "no answer within" in result.incomplete["text.sample"]


async def test_a_model_that_takes_its_time_to_load_is_waited_for() -> None:
    calls = list[str]()

    def loads(part: TextPart) -> Detection:
        calls.append(part.text)
        if len(calls) == 1:
            time.sleep(1.0)  # twice what a call may take
        return NOTHING

    async with moderator(Sample(loads), detector_timeout_s=0.5) as opened:
        result = await opened.check("hello")
    assert (result.action, result.incomplete) == (Action.PASS, {})


async def test_a_missing_model_makes_the_content_incomplete() -> None:
    from evenhand.inference.sessions import LazySession

    session = LazySession("no_such_models", "none")

    def needs_model(part: TextPart) -> Detection:
        session.run(None, {})
        return NOTHING

    async with moderator(Sample(needs_model)) as opened:
        result = await opened.check("hello")
    assert result.action is Action.REVIEW
    assert "not installed" in result.incomplete["text.sample"]


async def test_undeclared_labels_are_dropped_and_told() -> None:
    async with moderator(Sample(lambda part: finding(part, label="face.smile"))) as opened:
        result = await opened.check("hello")
    assert result.findings == ()
    assert "undeclared label face.smile" in result.incomplete["text.sample"]
    assert result.action is Action.REVIEW


async def test_texts_read_out_of_parts_go_round_and_keep_their_place() -> None:
    def reader(part: TextPart) -> Detection:
        if part.origin.source is not Source.TEXT:
            return NOTHING
        box = (1.0, 2.0, 30.0, 40.0)
        origin = Location(source=Source.OCR)
        return Detection(parts=(TextPart(text="read spam", origin=origin, marks=(Mark(start=0, end=9, box=box),)),))

    readers = Sample(reader, name="text.reader", labels=(), emits=frozenset({PartKind.TEXT}))
    async with moderator(readers, Sample(spam)) as opened:
        result = await opened.check("a picture, say")
    assert result.action is Action.BLOCK
    (only,) = result.findings
    assert (only.location.source, only.location.box) == (Source.OCR, (1.0, 2.0, 30.0, 40.0))
    assert only.location.text == "read spam"


async def test_parts_that_breed_parts_come_to_an_end() -> None:
    breeder = Sample(lambda part: Detection(parts=(TextPart(text=part.text + "x"),)), emits=frozenset({PartKind.TEXT}))
    async with moderator(breeder) as opened:
        result = await opened.check("a")
    assert (result.action, set(result.incomplete)) == (Action.REVIEW, {"pipeline"})


async def test_findings_get_the_language_of_their_own_part() -> None:
    tongues = {"hello spam": "en", "hallo spam": "de"}
    reader = Sample(
        lambda part: (
            Detection(parts=tuple(TextPart(text=t, origin=Location(source=Source.OCR)) for t in tongues))
            if part.origin.source is Source.TEXT
            else NOTHING
        ),
        name="text.reader",
        labels=(),
        emits=frozenset({PartKind.TEXT}),
    )
    identify = Sample(lambda part: Detection(language=tongues.get(part.text)), name="text.tongue", labels=())
    async with moderator(reader, identify, Sample(spam)) as opened:
        result = await opened.check("a")
        hinted = await opened.check("hello spam", language="fr")
    assert {f.location.text: f.language for f in result.findings} == tongues
    assert result.languages == ("en", "de")
    assert [f.language for f in hinted.findings if f.location.source is Source.TEXT] == ["fr"]


async def test_what_cannot_be_recorded_is_not_given_out() -> None:
    class Full:
        def record(self, *_: Any, **__: Any) -> None:
            raise StoreError("disk full")

    opened = moderator(Sample(spam))
    opened.pipeline._recording = Recording(Full())
    with pytest.raises(StoreError):
        await opened.check("hello")
    assert (await opened.check("hello", options=Options(record=False))).action is Action.PASS
    opened.close()


async def test_contents_are_what_callers_say_they_are() -> None:
    async with moderator(Sample(spam)) as opened:
        by_bytes = await opened.check(Content(data="spam ünd".encode(), id="b"))
        by_text = await opened.check("spam ünd")
    assert by_bytes.kind == "text"
    assert by_bytes.content_hash == by_text.content_hash


async def test_a_part_that_was_only_partly_looked_at_makes_the_content_incomplete() -> None:
    async with moderator(Sample(lambda part: Detection(partial="only the first half was read"))) as opened:
        result = await opened.check("hello")
    assert (result.action, result.incomplete) == (Action.REVIEW, {"text.sample": "only the first half was read"})


@pytest.mark.parametrize("answer", [None, 5, Detection(findings=("spam",)), Detection(scores={"spam.bulk": "high"})])  # type: ignore[arg-type,dict-item]
async def test_an_answer_of_the_wrong_shape_makes_its_own_content_incomplete_and_no_other(answer: Any) -> None:
    async with moderator(Sample(lambda part: answer if part.text == "bad" else NOTHING)) as opened:
        good, bad = [result async for result in opened.check_many(["good", "bad"])]
    assert isinstance(good, Result)
    assert (good.action, good.incomplete) == (Action.PASS, {})
    assert isinstance(bad, Result)
    assert bad.action is Action.REVIEW
    assert "cannot be used" in bad.incomplete["text.sample"]


async def test_a_detector_that_wants_to_end_the_process_is_a_failure_like_any_other() -> None:
    def leave(part: TextPart) -> Detection:
        raise SystemExit(5)

    async with moderator(Sample(leave)) as opened:
        assert (await opened.check("a")).incomplete["text.sample"].startswith("crashed: SystemExit at ")


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -0.1, 1.1])
async def test_a_score_that_is_none_never_reads_as_clean(score: float) -> None:
    async with moderator(Sample(lambda part: finding(part, score=score))) as opened:
        result = await opened.check("a")
    assert result.action is Action.REVIEW
    assert "cannot be used" in result.incomplete["text.sample"]
