"""Measure the false alarms of `text.flood` and `text.contact` on texts that people wrote, by language.

    python -m training.cheap_text.false_alarms --texts ../shared/data/text --out quality/cheap_text.md

Rows that their source calls spam are left out; all others count as clean, so real contacts and real floods among them
count as false alarms too: every rate is an upper bound. Intervals are Wilson's (1927), 95%.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
from collections import Counter
from pathlib import Path

from evenhand.detectors.base import AnyDetector
from evenhand.detectors.contact import ContactDetector
from evenhand.detectors.flood import FloodDetector
from evenhand.domain import TextPart

LABELS = ("spam.flood", "spam.gibberish", "ads.contact", "ads.promotion", "ads.link")
FILES = (
    "edos", "davidson", "wiki_gc", "sms_spam", "hatemoji_build", "jigsaw_sample", "cold", "gahd",
    "germeval2018", "mlma", "identity_templates_nl", "identity_templates_hi-Latn", "identity_templates_zh-cn",
    "tg_spam",
)  # fmt: skip
AT = 0.5
_HEAD = """# False alarms of the cheap text detectors

Share of clean texts with a score of at least 0.5, in percent, with the 95% interval (Wilson). Made by
`python -m training.cheap_text.false_alarms --texts FOLDER --out quality/cheap_text.md`.

Clean means: not called spam by its source. Many rows are offensive, which is no matter here. Rates are upper bounds:
most alarms of `ads.link` are real links (all of those looked at in davidson are http://t.co), most of `ads.contact`
real addresses and numbers, most of `spam.flood` real floods (jigsaw_sample holds vandalism). Language hints
are those of the data.

The letter model of `spam.gibberish` saw {seen},
so its rates there flatter;
mlma (ar, en), hatemoji_build, davidson, jigsaw_sample and tg_spam it never saw. Everyday Finnish, Turkish, Polish and
Indonesian could not be had: they stand in the unit tests only, a few sentences each.

| texts | language | n | {labels} |
|---|---|---|{rules}|
"""

_FOUND = """
# What they find in known spam

The same, for rows that their source calls spam. Much of it has no contact and no flood in it, so no rate here should
be near 100; scams told as stories are for the text classifier.

| texts | language | n | {labels} |
|---|---|---|{rules}|
"""


def wilson(hits: int, n: int) -> str:
    """Give "rate [low, high]" in percent."""
    z, p = 1.96, hits / n
    middle, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)
    return f"{100 * p:.3f} [{100 * max(low, 0.0):.3f}, {100 * high:.3f}]"


def alarms(texts: list[str], language: str, detectors: list[AnyDetector]) -> Counter[str]:
    """Count texts at or above the threshold, by label."""
    counts: Counter[str] = Counter()
    parts = [TextPart(text=text, language=language) for text in texts]
    for detector in detectors:
        for start in range(0, len(parts), 256):
            for answer in detector.detect(parts[start : start + 256]):
                counts.update(label for label, score in answer.scores.items() if score >= AT)
    return counts


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("quality/cheap_text.md"))
    options = parser.parse_args()
    detectors: list[AnyDetector] = [FloodDetector(), ContactDetector()]
    lines, total, spam = [], Counter[str](), []
    for stem in FILES:
        by_language: dict[str, list[str]] = {}
        with gzip.open(options.texts / f"{stem}.jsonl.gz", "rt", encoding="utf-8") as stream:
            for row in map(json.loads, stream):
                if row["labels"].get("spam"):
                    spam.append((stem, row["lang"], row["text"]))
                else:
                    by_language.setdefault(row["lang"].replace("zh-cn", "zh"), []).append(row["text"])
        for language, texts in sorted(by_language.items()):
            counts = alarms(texts, language, detectors)
            total.update(counts)
            total["n"] += len(texts)
            cells = " | ".join(wilson(counts[label], len(texts)) for label in LABELS)
            lines.append(f"| {stem} | {language} | {len(texts)} | {cells} |")
    cells = " | ".join(wilson(total[label], total["n"]) for label in LABELS)
    lines.append(f"| all | | {total['n']} | {cells} |")
    lines.append(_FOUND.format(labels=" | ".join(LABELS), rules="|".join("---" for _ in LABELS)).rstrip())
    for stem, language in sorted({(stem, language) for stem, language, _ in spam}):
        texts = [text for name, tag, text in spam if (name, tag) == (stem, language)]
        counts = alarms(texts, language, detectors)
        cells = " | ".join(wilson(counts[label], len(texts)) for label in LABELS)
        lines.append(f"| {stem} | {language} | {len(texts)} | {cells} |")
    head = _HEAD.format(
        seen="edos, wiki_gc, sms_spam, gahd, germeval2018, cold, mlma (fr) and the Dutch and Hindi templates",
        labels=" | ".join(LABELS),
        rules="|".join("---" for _ in LABELS),
    )
    options.out.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
