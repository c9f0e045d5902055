"""Known words: throughput with 100,000 patterns and every disguise looked for, beside better-profanity's.

Run: ``python -m benchmarks.words``. Text is Python's own language reference, patterns are made from a
seed. Both libraries run in this process, one after the other, each on one thread. Figures are per second of processor
time, the best of several rounds, so that other work on the machine disturbs them less.
"""

from __future__ import annotations

import gc
import json
import pydoc
import random
import resource
import string
import time
from collections.abc import Callable
from pathlib import Path
from pydoc_data.topics import topics

from better_profanity import Profanity

from evenhand.matching.phrases import Phrase, PhraseIndex

PATTERNS = 100_000
MESSAGES = 20_000
BATCH = 256
ROUNDS = 5


def english() -> str:
    """About half a megabyte of English in ASCII."""
    text = pydoc.plain("\n".join(topics.values()))
    return text.encode("ascii", "ignore").decode("ascii")


def patterns(count: int, *, seed: int = 7) -> list[str]:
    """Made-up words of 5 to 14 letters, one in ten a phrase of two or three words, all different."""
    rng = random.Random(seed)
    weights = [8, 2, 3, 4, 12, 2, 2, 6, 7, 1, 1, 4, 3, 7, 8, 2, 1, 6, 6, 9, 3, 1, 2, 1, 2, 1]

    def word() -> str:
        return "".join(rng.choices(string.ascii_lowercase, weights, k=rng.randint(5, 14)))

    found: dict[str, None] = {}
    while len(found) < count:
        found[" ".join(word() for _ in range(rng.choice((2, 3)) if rng.random() < 0.1 else 1))] = None
    return list(found)


def messages(text: str, count: int, *, seed: int = 7) -> list[str]:
    """Short messages of 3 to 25 words out of the text; one in fifty is written with a disguise."""
    rng = random.Random(seed)
    words = text.split()
    out = []
    for _ in range(count):
        start = rng.randrange(len(words) - 30)
        message = " ".join(words[start : start + rng.randint(3, 25)])
        out.append(message.replace("e", "3") if rng.random() < 0.02 else message)
    return out


def best(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Shortest processor time of several rounds, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def resident() -> int:
    """Memory of this process, in bytes (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    """Measure and print."""
    text = english()
    words = patterns(PATTERNS)
    memory = resident()
    start = time.process_time()
    index = PhraseIndex([Phrase(value=word) for word in words])
    build = time.process_time() - start
    gc.collect()
    memory = resident() - memory
    ours = len(text) / best(lambda: index.search([text])) / 1e6
    curly = text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
    unicode_rate = len(curly) / best(lambda: index.search([curly])) / 1e6
    short = messages(text, MESSAGES)
    batches = [short[i : i + BATCH] for i in range(0, len(short), BATCH)]
    rate = len(short) / best(lambda: [index.search(batch) for batch in batches])

    other = Profanity()  # its own few hundred words: a hundred thousand would take it minutes to load
    sample = text[:20_000]
    theirs = len(sample) / best(lambda: other.contains_profanity(sample), rounds=2) / 1e6
    figures = {
        "patterns": len(index),
        "build_s": round(build, 2),
        "memory_mb": round(memory / 1e6, 1),
        "english_mb_s": round(ours, 1),
        "english_with_curly_quotes_mb_s": round(unicode_rate, 1),
        "short_messages_s": round(rate),
        "hits": len(index.search([text])[0]),
        "better_profanity_mb_s": round(theirs, 4),
        "ratio": round(ours / theirs),
    }
    for name, value in figures.items():
        print(f"{name:32} {value:>12,}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
