"""What accounting costs: counting decisions, dashboards, a report, an export and a verification over many decisions.

    python benchmarks/accounting.py [DECISIONS] [DATABASE_URL]

Prints seconds, and ratios to the time that recording the same decisions took.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evenhand.accounting.dashboards import NAMES, dashboard, refresh
from evenhand.accounting.dsa import Left, batches
from evenhand.accounting.figures import Period
from evenhand.accounting.grounds import Grounds
from evenhand.accounting.report import report
from evenhand.domain import Action, Finding, Location, Result, Source, first_id
from evenhand.settings import Settings
from evenhand.store import Record, Store, open_store

_LABELS = ("hate.attack", "ads.contact", "spam.scam", "harassment.insult", "violence.threat", "spam.flood")
_DAYS = 30


def _records(count: int, start: int, whole: int) -> list[Record]:
    chance, now, made = random.Random(start), datetime.now(UTC), []
    for number in range(start, start + count):
        moment = now - timedelta(minutes=10, days=_DAYS * (1 - number / whole))
        label, score = chance.choice(_LABELS), chance.random()
        action = chance.choices(list(Action), (80, 10, 5, 5))[0]
        place = Location(source=Source.TEXT, span=(0, 5))
        found = Finding(label=label, score=score, location=place, detector="text.harm", version="1", reason="found")
        result = Result(
            id=f"item-{number}",
            decision_id=first_id(moment)[:-12] + f"{number:012x}",
            action=action,
            labels={label: score},
            findings=(found,) if action is not Action.PASS else (),
            rule="harm" if action is not Action.PASS else None,
            reason="measured",
            incomplete={},
            policy="measured@1/default",
            models={"text.harm": "1"},
            content_hash=f"sha256:{number:064x}",
            languages=(chance.choice(("en", "de", "zh", "fr")),),
            timing_ms={"decode": 0.01, "detect": 1.2},
        )
        made.append(Record(result=result, key_id=f"key-{number % 5}"))
    return made


def _timed(name: str, work: Callable[[], object], base: float = 0.0) -> float:
    started = time.perf_counter()
    work()
    took = time.perf_counter() - started
    print(f"{name:32} {took:9.3f} s" + (f"   {took / base:7.3f} x recording" if base else ""))
    return took


def _fill(store: Store, count: int) -> None:
    for start in range(0, count, 500):
        store.record(_records(min(500, count - start), start, count))


def main() -> None:
    """Measure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{Path(folder) / 'measured.db'}"
        store = open_store(url, settings=Settings())
        store.migrate()
        base = _timed(f"record {count:,} decisions", lambda: _fill(store, count))
        _timed("count them", lambda: store.tallies.catch_up(count), base)
        period = Period.last(_DAYS)
        _timed("nothing left to count", lambda: refresh(store), base)
        for name in NAMES:
            _timed(f"dashboard {name}", lambda name=name: dashboard(store, name, period=period), base)  # type: ignore[misc]
        _timed("transparency report", lambda: report(store, period), base)
        _, until = period.moments()
        documents = store.reports.restricted(until - timedelta(days=1), until)
        _timed("statements of a day", lambda: list(batches(store, documents, Grounds(), left=Left())), base)
        for number in range(5_000):
            store.audit.note("measured", f"thing:{number}", actor="bench", after={"number": number})
        _timed("verify 5,000 links", store.audit.verify, base)
        store.close()


if __name__ == "__main__":
    main()
