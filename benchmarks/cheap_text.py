"""Cost of the cheap text detectors: microseconds of processor time a message, and messages a second on one core.

    python -m benchmarks.cheap_text [--messages FILE.jsonl.gz ...] [--batch 256] [--limit 2560]

Without files it makes its own clean short messages. Processor time is counted, not the clock, so that a busy machine
does not change the answer much; the best of five rounds is shown.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
from pathlib import Path

from evenhand.detectors.base import AnyDetector
from evenhand.detectors.contact import ContactDetector
from evenhand.detectors.flood import FloodDetector
from evenhand.detectors.language import LanguageDetector
from evenhand.domain import TextPart

_WORDS = {
    "en": "the of and to in is you that it he was for on are as with his they at be this have from or one had by but"
    " not what all were we when your can said there use each which she do how their if will up other about out many",
    "zh": "我们 明天 一起 去 图书馆 读书 好吗 他 觉得 这个 电影 很 有意思 但是 时间 太长 了 今天",
    "ru": "и в не на я быть он с что а по это она этот к но они мы весь который из у то за свой так же от для вы год",
}


def made(language: str, count: int) -> list[str]:
    """Make messages of about 80 (Chinese: 40) characters."""
    rng, words = random.Random(3), _WORDS[language].split()
    glue, least = ("", 40) if language == "zh" else (" ", 80)
    out = []
    for _ in range(count):
        text = ""
        while len(text) < least:
            text += glue + rng.choice(words)
        out.append(text.strip())
    return out


def read(path: Path, count: int) -> list[str]:
    """Read texts of 40 to 120 characters out of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        texts = [json.loads(line)["text"] for line in stream]
    return [text for text in texts if 40 <= len(text) <= 120][:count]


def cost(detector: AnyDetector, parts: list[TextPart], batch: int) -> float:
    """Give the best of five rounds, in microseconds a message."""
    detector.detect(parts[:16])
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for start in range(0, len(parts), batch):
            detector.detect(parts[start : start + batch])
        best = min(best, time.process_time() - began)
    return best / len(parts) * 1e6


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=Path, nargs="*", default=[])
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--limit", type=int, default=2560)
    options = parser.parse_args()
    sets = {path.name.split(".")[0]: read(path, options.limit) for path in options.messages}
    sets = sets or {language: made(language, options.limit) for language in _WORDS}
    print(
        f"{'messages':<14}{'n':>6}{'chars':>7}{'language':>10}{'contact':>9}{'flood':>8}{'sum us':>8}{'messages/s':>12}"
    )
    for name, texts in sets.items():
        parts = [TextPart(text=text) for text in texts]
        costs = [cost(d, parts, options.batch) for d in (LanguageDetector(), ContactDetector(), FloodDetector())]
        chars = sum(map(len, texts)) / len(texts)
        row = "".join(f"{c:>{w}.2f}" for c, w in zip([*costs, sum(costs)], (10, 9, 8, 8), strict=True))
        print(f"{name:<14}{len(texts):>6}{chars:>7.0f}{row}{1e6 / sum(costs):>12,.0f}")


if __name__ == "__main__":
    main()
