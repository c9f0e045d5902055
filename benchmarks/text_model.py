"""The text model on one core: `python benchmarks/text_model.py`. Prints its figures as JSON.

Limits: 500 texts/s in batches and 4 ms for one text (median), both for texts of twenty words and all labels. The texts
are ordinary ones and harmful ones from the development tests, nine to one, cut or joined to twenty words.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import time
from pathlib import Path

from evenhand.detectors.harm import HarmDetector
from evenhand.detectors.harm_models import LATEST, open_model
from evenhand.testing import text_part

DEVELOPMENT = Path(__file__).parents[1] / "quality" / "development"
WORDS = 20
MEGABYTE = 1_000_000


def texts(files: tuple[str, ...], count: int, rng: random.Random) -> list[str]:
    """`count` texts of twenty words, out of the words of the files' texts, each begun at a text's beginning."""
    rows = [json.loads(line) for name in files for line in (DEVELOPMENT / name).read_text("utf-8").splitlines()]
    out = []
    while len(out) < count:
        words: list[str] = []
        while len(words) < WORDS:
            words += rng.choice(rows)["text"].split()
        out.append(" ".join(words[:WORDS]))
    return out


def rate(detector: HarmDetector, sample: list[str]) -> float:
    """Texts a second in batches of 64."""
    parts = [text_part(text) for text in sample]
    start = time.perf_counter()
    for at in range(0, len(parts), 64):
        detector.detect(parts[at : at + 64])
    return len(parts) / (time.perf_counter() - start)


def median_ms(detector: HarmDetector, sample: list[str]) -> float:
    """Median milliseconds of one text alone."""
    found = []
    for text in sample:
        start = time.perf_counter()
        detector.detect([text_part(text)])
        found.append((time.perf_counter() - start) * 1000)
    return statistics.median(found)


def main() -> None:
    """Measure the shipped model with and without its cascade."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before the model library starts its threads
    rng = random.Random(3)
    ordinary = texts(("everyday_en.jsonl",), 450, rng)
    harmful = texts(("hate_en.jsonl", "harm_en.jsonl"), 50, rng)
    mixed = rng.sample(ordinary + harmful, 500)
    out: dict[str, float | str] = {"model": LATEST}
    for name, cascade in (("cascade", True), ("every text read to its end", False)):
        detector = HarmDetector(open_model(LATEST, threads=1, cascade=cascade))
        detector.detect([text_part("warm")])
        runs = [rate(detector, mixed) for _ in range(3)]
        out[f"{name}: texts/s, nine of ten ordinary"] = f"{min(runs):.0f}-{max(runs):.0f}"
        out[f"{name}: texts/s, harmful or near it"] = round(rate(detector, harmful))
        out[f"{name}: median ms of one ordinary text"] = round(median_ms(detector, ordinary[:200]), 2)
        out[f"{name}: median ms of one text, harmful or near it"] = round(median_ms(detector, harmful), 2)
        start = time.perf_counter()
        detector.detect([text_part(". ".join(ordinary * 30)[:MEGABYTE])])
        out[f"{name}: s for 1 MB"] = round(time.perf_counter() - start, 1)
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
