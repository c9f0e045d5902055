"""Figures, dashboards and the transparency report: right numbers, and nobody measured alone; on both databases."""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import pytest

from evenhand.accounting import figures
from evenhand.accounting.dashboards import NAMES, dashboard, refresh
from evenhand.accounting.figures import Period
from evenhand.accounting.gauges import gauges
from evenhand.accounting.report import report
from evenhand.accounting.reportfiles import as_csv, as_html, as_pdf
from evenhand.accounting.words import LANGUAGES, words
from evenhand.domain import Action, new_id
from evenhand.errors import NotFoundError, UserError
from evenhand.fairness.mentions import mentioned
from evenhand.store import Original, Record, Store
from evenhand.store.reviewrecords import Judged, Person, Verdict
from evenhand.store.tallies import DetectorTally
from tests.unit.store.conftest import OpenStore
from tests.unit.store.factory import id_at, result

_TODAY = datetime.now(UTC)
_WEEK = Period.last(8, today=_TODAY.date() + timedelta(days=1))  # a run may begin before midnight and end after it


def _judge(store: Store, label: str, *, right: int, wrong: int, text: str = "", people: int = 1) -> None:
    for number in range(right + wrong):
        body = f"{text} {number} {label}".encode()
        digest = f"sha256:{hash((body, label)) & (2**256 - 1):064x}"
        made = result(
            decision_id=new_id(), action=Action.REVIEW, labels={label: 0.9}, content_hash=digest, languages=("en",)
        )
        original = Original(body=body, media_type="text/plain") if text else None
        store.record([Record(result=made, original=original)])
        verdict = Verdict(judged=Judged.RIGHT, action="block")
        if number < wrong:
            verdict = Verdict(judged=Judged.WRONG, action="pass", labels=(), reason="harmless")
        store.reviews.decide(made.decision_id, Person(id="p1", name="p1"), verdict)


def _rows(store: Store, name: str, period: Period = _WEEK) -> list[tuple[Any, ...]]:
    return list(dashboard(store, name, period=period).rows)


def test_precision_and_its_interval(store: Store) -> None:
    _judge(store, "spam.scam", right=30, wrong=10)
    _judge(store, "hate", right=3, wrong=3)
    (scam, few) = _rows(store, "precision")
    assert scam[:3] == ("spam.scam", 40, 0.75)
    assert 0.59 < scam[3] < 0.62
    assert 0.84 < scam[4] < 0.88
    assert few == ("hate", 6, None, None, None)  # fewer than twenty: no share is given


def test_error_rates_by_group_named(open_here: OpenStore) -> None:
    store = open_here(keep_originals_days=3)
    _judge(store, "hate", right=15, wrong=15, text="Muslims in our town")
    _judge(store, "spam.scam", right=38, wrong=2, text="cheap bicycles")
    rows = {row[0]: row for row in _rows(store, "groups")}
    assert rows["religion"][1:3] == (30, 0.5)
    assert rows["none is named"][1:3] == (40, 0.05)


def test_texts_that_are_not_kept_are_not_looked_at(store: Store) -> None:
    _judge(store, "hate", right=25, wrong=0, text="Muslims in our town")
    assert _rows(store, "groups") == []


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Muslims are my neighbours", {"religion/muslims"}),
        ("a black cat on an old wall", set()),
        ("women's rights", {"gender/women"}),
        ("我喜欢穆斯林朋友", {"religion/muslims"}),
        ("die Muslime feiern", {"religion/muslims"}),
        ("amuslimsb", set()),
        ("", set()),
    ],
)
def test_mentions(text: str, groups: set[str]) -> None:
    assert mentioned([text]) == [frozenset(groups)]


def test_drift_of_scores(store: Store) -> None:
    def fill(days: int, score: float, label: str) -> None:
        at = _TODAY - timedelta(days=days)
        rows = [
            result(decision_id=id_at(at, number), labels={label: score if number % 2 else 0.5}) for number in range(120)
        ]
        store.record([Record(result=one) for one in rows])

    fill(9, 0.95, "moved")
    fill(2, 0.15, "moved")
    fill(10, 0.75, "same")
    fill(3, 0.75, "same")
    rows = {row[0]: row for row in _rows(store, "drift")}
    assert rows["moved"][1] > 0.25
    assert rows["same"][1] == 0
    assert rows["same"][2:] == (120, 120)


def test_stability_of_histograms() -> None:
    assert figures.stability([10, 10], [20, 20]) == 0
    wanted = (0.9 - 0.5) * math.log(0.9 / 0.5) + (0.1 - 0.5) * math.log(0.1 / 0.5)
    assert figures.stability([90, 10], [50, 50]) == pytest.approx(wanted)
    assert figures.stability([100, 0], [0, 100]) < math.inf


@pytest.mark.parametrize(
    ("buckets", "share", "value"),
    [
        ({}, 0.5, None),
        ({0.1: 10}, 0.5, 0.05),
        ({0.1: 5, 0.2: 5}, 0.75, 0.15),
        ({0.1: 1, math.inf: 9}, 0.95, 0.1),
    ],
)
def test_quantiles(buckets: dict[float, int], share: float, value: float | None) -> None:
    found = figures.quantile(buckets, share)
    assert found == (None if value is None else pytest.approx(value))


def test_detectors(store: Store) -> None:
    spent = [
        DetectorTally(detector="text.harm", calls=10, seconds=3.0, buckets={0.5: 10}),
        DetectorTally(detector="text.words", calls=5, seconds=1.0, buckets={0.5: 5}),
    ]
    store.tallies.note_detectors(_TODAY.date(), spent)
    assert [row[:4] for row in _rows(store, "detectors")] == [
        ("text.harm", 10, 3.0, 0.75),
        ("text.words", 5, 1.0, 0.25),
    ]
    priced = dashboard(store, "detectors", period=_WEEK, hour_price=7.2)
    assert priced.columns[-1] == "money"
    assert [row[-1] for row in priced.rows] == [pytest.approx(0.006), pytest.approx(0.002)]
    assert "money" not in dashboard(store, "detectors", period=_WEEK).columns


def test_agreement_needs_two_people(store: Store) -> None:
    _judge(store, "hate", right=5, wrong=0)
    ((_, alpha, count), (_, machine, judged)) = _rows(store, "agreement")
    assert (alpha, count, machine, judged) == (None, 0, None, 5)


@pytest.mark.parametrize("name", NAMES)
def test_every_dashboard_of_an_empty_store(store: Store, name: str) -> None:
    refresh(store)
    found = dashboard(store, name, period=Period.last(1))
    assert found.columns
    assert "NaN" not in found.svg


def test_what_there_is_not(store: Store) -> None:
    with pytest.raises(NotFoundError, match="volume"):
        dashboard(store, "none", period=_WEEK)
    for days in (0, 401):
        with pytest.raises(UserError):
            dashboard(store, "volume", period=Period(since=_WEEK.until - timedelta(days=days - 1), until=_WEEK.until))


def _reported(store: Store) -> None:
    _judge(store, "spam.scam", right=30, wrong=10)
    store.record([Record(result=result(decision_id=new_id(), action=action)) for action in Action for _ in range(5)])


def test_a_report_adds_up(store: Store) -> None:
    _reported(store)
    made = report(store, _WEEK, platform="Example <x>")
    sections = {one.key: one for one in made.sections}
    assert [row[1] for row in sections["actions"].rows] == ["5", "5", "45", "5"]
    assert sections["automation"].rows[0][1] == "15"
    assert sections["automation"].rows[1][1] == "40"
    assert sections["automation"].rows[2][1] == "5"
    (scam,) = [row for row in sections["errors_label"].rows if row[0] == "spam.scam"]
    assert scam[1:4] == ("40", "10", "25.0%")
    assert sections["appeals"].note
    assert sections["times"].rows[0][1].endswith(" s")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_as_page_table_and_pdf(store: Store, language: str) -> None:
    _reported(store)
    made = report(store, _WEEK, language=language, platform="=Example <x>")
    page = as_html(made).decode()
    assert "<x>" not in page
    assert escape(words(language).report["section_errors"]) in page
    rows = list(csv.reader(io.StringIO(as_csv(made).decode("utf-8-sig"))))
    assert all(not cell.startswith(("=", "+", "@")) for row in rows for cell in row)
    assert [words(language).report["block"], "5", "8.3%"] in rows
    pdf = as_pdf(made)
    assert pdf.startswith(b"%PDF-")
    assert (b"STSong" in pdf) is (language == "zh")


def test_gauges(store: Store) -> None:
    from prometheus_client import generate_latest

    _judge(store, "spam.scam", right=2, wrong=1)
    store.record([Record(result=result(decision_id=new_id(), action=Action.REVIEW))])
    told = generate_latest(gauges(store)).decode()
    assert 'evenhand_review_items{queue="default",state="waiting"} 1.0' in told
    assert 'evenhand_review_verdicts_day{label="spam.scam",verdict="wrong"} 1.0' in told
