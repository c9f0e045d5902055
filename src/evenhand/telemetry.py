"""Telemetry: logs, metrics and traces, wired once by the composition root of a process.

Metrics and spans cost next to nothing where nobody reads them: Prometheus counters are in memory, and OpenTelemetry
spans are no-ops until `set_up_traces` is called.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING

from evenhand.errors import SettingsError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from evenhand.settings import Settings


class Metrics:
    """The Prometheus metrics of one moderator, in a registry of its own (so that two can live in one process)."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.registry: CollectorRegistry = CollectorRegistry()
        self.decisions = Counter(
            "evenhand_decisions", "Decisions made", ["line", "kind", "action"], registry=self.registry
        )
        self.incomplete = Counter(
            "evenhand_incomplete", "Contents for which a detector gave no answer", ["detector"], registry=self.registry
        )
        self.refused = Counter("evenhand_refused", "Contents that could not be read", ["code"], registry=self.registry)
        self.seconds = Histogram(
            "evenhand_check_seconds",
            "Seconds from content to decision, by batch",
            registry=self.registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )
        self.detector_seconds = Histogram(
            "evenhand_detector_seconds",
            "Seconds that one detector took over one batch, waiting included",
            ["detector"],
            registry=self.registry,
            buckets=(0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
        )


@contextlib.contextmanager
def span(name: str, **attributes: str | int | float) -> Iterator[None]:
    """Open an OpenTelemetry span around a stage. Attributes never hold content, nor does what is told of an error."""
    from opentelemetry import trace

    tracer = trace.get_tracer("evenhand")
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield
        except Exception as error:
            opened.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
            raise


def fault(error: BaseException) -> dict[str, str]:
    """Say for a log what went wrong and where, without the message: it may hold content."""
    chain, shown = error, [type(error).__name__]
    while (before := chain.__cause__ or chain.__context__) is not None and len(shown) < 5:
        chain = before
        shown.append(type(chain).__name__)
    return {"error": " from ".join(shown), "where": "".join(traceback.format_tb(error.__traceback__))}


class _Forward(logging.Handler):
    """Gives the warnings of libraries (the HTTP server, asyncio) the shape of our own log lines."""

    def emit(self, record: logging.LogRecord) -> None:
        import structlog

        error = record.exc_info[1] if record.exc_info else None
        more = fault(error) if error is not None else {}
        structlog.get_logger().log(record.levelno, record.getMessage(), source=record.name, **more)


def set_up_logs(settings: Settings) -> None:
    """Send structured logs to standard error: JSON lines, or coloured text for people."""
    import structlog

    renderer = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        # Plain tracebacks: the pretty ones print local variables, which hold content.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    formatted = [structlog.processors.format_exc_info] if settings.log_format == "json" else []
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *formatted,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Forward(level=logging.WARNING)], force=True)


def set_up_traces(settings: Settings) -> None:
    """Send spans to the OTLP/HTTP endpoint of the settings; do nothing where none is set.

    Raises:
        SettingsError: an endpoint is set but the `otel` extra is not installed.
    """
    if settings.otlp_endpoint is None:
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError("otlp_endpoint is set: install the extra with pip install 'evenhand[otel]'.") from error
    provider = TracerProvider(resource=Resource.create({"service.name": "evenhand"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    trace.set_tracer_provider(provider)
