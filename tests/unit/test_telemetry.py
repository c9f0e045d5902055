"""Traces and logs tell what happened and where, and hold no content."""

from __future__ import annotations

import json
import logging

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from evenhand.settings import Settings
from evenhand.telemetry import fault, set_up_logs, span


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


def test_spans_nest_and_an_error_is_told_without_its_message(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="SECRET"), span("outer", items=1), span("inner"):
        raise ValueError("SECRET")
    inner, outer = spans.get_finished_spans()
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id
    assert (outer.attributes, inner.status.description) == ({"items": 1}, "ValueError")
    assert "SECRET" not in inner.to_json() + outer.to_json()


def test_a_fault_is_told_without_its_message() -> None:
    try:
        try:
            raise ValueError("SECRET")
        except ValueError as error:
            raise KeyError("SECRET") from error
    except KeyError as error:
        told = fault(error)
    assert told["error"] == "KeyError from ValueError"
    assert "test_telemetry.py" in told["where"]


def test_warnings_of_libraries_have_our_shape(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.root.handlers[:]
    try:
        set_up_logs(Settings())
        try:
            raise ValueError("SECRET")
        except ValueError:
            logging.getLogger("library").warning("failed", exc_info=True)
        logging.getLogger("library").info("chatter")
        (line,) = capsys.readouterr().err.splitlines()
    finally:
        logging.root.handlers[:] = before
        structlog.reset_defaults()
    row = json.loads(line)
    assert (row["event"], row["source"], row["error"], row["level"]) == ("failed", "library", "ValueError", "warning")
