"""What policies in the database cost: checks with brake, shadow and rollout; a blast radius over past decisions.

    python benchmarks/policies.py [check|blast ...] [--decisions 100000] [--json FILE]

check     texts through the pipeline without models or records: processor time beside a policy alone (medians of rounds)
blast     decisions/s and most memory of deciding recorded decisions again
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

OFF = ("text.harm", "image.ocr", "image.nudity", "image.face", "image.weapon", "image.symbol", "audio.events")
WORDS = ["good", "morning", "call me at 555-0100", "buy cheap watches", "https://a.example", "thanks", "garden"]
ROUNDS, TEXTS = 15, 512


def check() -> dict[str, float]:
    """Measure the check path; ratios to a policy alone."""
    from evenhand import Content, Options, Settings
    from evenhand.app import AsyncModerator
    from evenhand.policy import load_policy, template
    from evenhand.publishing.course import Counts, Course

    rng = random.Random(1)
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(5, 25))) for _ in range(TEXTS)]
    contents = [Content(text=text) for text in texts]
    moderator = AsyncModerator(Settings(disabled_detectors=OFF, plugins=False, database_url=None))
    other = load_policy(template("marketplace").document)
    bare = Course(line="default", live_id="a", counts=Counts())
    courses: dict[str, Course | None] = {
        "alone": None,
        "brake": replace(bare, counted=True),
        "shadow": replace(bare, shadow=other, shadow_id="b"),
        "rollout": replace(bare, candidate=other, candidate_id="b", share=0.5),
        "all": replace(bare, counted=True, shadow=other, shadow_id="c", candidate=other, candidate_id="b", share=0.1),
    }
    spent: dict[str, list[float]] = {name: [] for name in courses}
    with asyncio.Runner() as runner:
        for number in range(ROUNDS + 2):
            for name, course in courses.items():
                moderator.pipeline._course = lambda line, course=course: course  # type: ignore[misc]
                started = time.process_time()  # of all threads: what others do on the machine does not count
                runner.run(moderator.check_batch(contents, options=Options(line="default")))
                if number >= 2:
                    spent[name].append(time.process_time() - started)
    moderator.close()
    alone = statistics.median(spent["alone"])
    out = {f"{name} / alone": statistics.median(each) / alone for name, each in spent.items() if name != "alone"}
    more = {f"{name}, us a text more": (statistics.median(e) - alone) / TEXTS * 1e6 for name, e in spent.items()}
    return {**out, **more, "alone, us a text": alone / TEXTS * 1e6}


def blast(decisions: int) -> dict[str, float]:
    """Measure a blast radius."""
    from evenhand import Settings
    from evenhand.domain import Action, Finding, Location, Result, Source, new_id
    from evenhand.policy import default_policy, template
    from evenhand.publishing.desk import blast_of
    from evenhand.store import Record, open_store
    from evenhand.store.policydecisions import Chosen

    rng = random.Random(1)
    labels = ["hate", "ads.contact", "spam", "sexual.nudity", "harassment.insult", "politics"]
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(settings=Settings(database_url=f"sqlite:///{folder}/b.db"))
        store.migrate()
        for _ in range(0, decisions, 1000):
            batch = []
            for _ in range(1000):
                found = tuple(
                    Finding(
                        label=rng.choice(labels), score=rng.random(), detector="text.harm", version="1", reason="r",
                        location=Location(source=Source.TEXT, span=(0, 5)),
                    )
                    for _ in range(rng.choice((0, 0, 1, 3)))
                )  # fmt: skip
                result = Result(
                    id=None, decision_id=new_id(), action=Action.PASS, labels={f.label: f.score for f in found},
                    findings=found, rule=None, reason="r", incomplete={}, policy="evenhand-default@1/default",
                    models={"text.harm": "1"}, content_hash="sha256:" + "0" * 64, languages=("en",),
                )  # fmt: skip
                batch.append(Record(result=result))
            store.record(batch)
        made = blast_of(store, default_policy(), template("marketplace").document, kept=())
        now = datetime.now(UTC)
        chosen = Chosen(since=now - timedelta(days=1), until=now + timedelta(days=1), texts=True)
        before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        made.run(store.past_decisions.pages(chosen))
        took = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        store.close()
    return {
        "decisions": made.total.decisions,
        "decisions a second": made.total.decisions / took,
        "seconds": took,
        "memory more, MB": (after - before) / 1024,
    }


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["check", "blast"])
    parser.add_argument("--decisions", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    report: dict[str, Any] = {}
    if "check" in asked.what:
        report["check"] = check()
    if "blast" in asked.what:
        report["blast"] = blast(asked.decisions)
    print(json.dumps(report, indent=2))
    if asked.json:
        asked.json.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
