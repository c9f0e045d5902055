"""Near-duplicates of texts: how often other texts match, which edits are found, and what a text costs.

    python benchmarks/known_texts.py ../shared/data/text

The folder holds `*.jsonl.gz` with a `text` a line. Of each file, 1,000 texts are samples of a library, the others are
looked up; a match counts as false unless both texts, as letters alone, have a longest common run of half of the shorter
one.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from evenhand.matching.textsketch import normalised, sketch
from evenhand.matching.textsketch_index import SketchIndex

FILES = ("wiki_gc", "sms_spam", "cold", "germeval2018", "spamassassin")
STEPS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)
SAMPLES = 1_000
MOST = 6_000
WORDS = ("garden", "yesterday", "window", "seven", "music", "river", "simple", "orange", "market", "paper")


def main(folder: Path) -> None:
    """Print the tables."""
    rng = random.Random(7)
    for name in FILES:
        texts = _read(folder / f"{name}.jsonl.gz")
        rng.shuffle(texts)
        made = [(text, numbers) for text in texts[:MOST] if (numbers := sketch(text)) is not None]
        samples, others = made[:SAMPLES], made[SAMPLES:]
        index = SketchIndex([numbers for _, numbers in samples])
        started = time.process_time()
        found = [(text, index.find(numbers, least=STEPS[0])) for text, numbers in others]
        looked = 1e3 * (time.process_time() - started) / max(1, len(others))
        started = time.process_time()
        for text, _ in others[:1_000]:
            sketch(text)
        drawn = time.process_time() - started
        chars = sum(len(text) for text, _ in others[:1_000])
        print(f"\n{name}: {len(others)} texts against {len(samples)} samples")
        print(
            f"  a sketch {1e3 * drawn / min(1_000, len(others)):.2f} ms ({chars / drawn / 1e6:.1f} MB/s), "
            f"a look-up {looked:.3f} ms"
        )
        for least in STEPS:
            hits = [(text, [n for n, share in near if share >= least]) for text, near in found]
            matched = [(text, near) for text, near in hits if near]
            false = [(t, samples[near[0]][0]) for t, near in matched if not _same(t, samples[near[0]][0])]
            print(
                f"  from {least:.2f}: {len(matched)} match, {len(false)} falsely "
                f"({1e6 * len(false) / len(others):.0f} in a million)"
            )
            if least == 0.6:
                for one, other in false[:3]:
                    print("    e.g.", repr(one[:90]), "|", repr(other[:90]))
        some = [text for text, _ in made if 60 <= len(text) <= 300][:400]
        for title, edit in _EDITS.items():
            shares = [_share(text, edit(text, rng)) for text in some]
            line = "  ".join(f"{least:.2f}: {np.mean([s >= least for s in shares]):.0%}" for least in STEPS)
            print(f"  {title}: {line}")


def _share(text: str, other: str) -> float:
    one, two = sketch(text), sketch(other)
    return 0.0 if one is None or two is None else float((one == two).mean())


def _same(one: str, other: str) -> bool:
    a, b = normalised(one)[:600], normalised(other)[:600]
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    return 2 * max(block.size for block in blocks) >= min(len(a), len(b))


def _replaced(count: int) -> Callable[[str, random.Random], str]:
    def edit(text: str, rng: random.Random) -> str:
        words = text.split()
        for place in rng.sample(range(len(words)), min(count, len(words))):
            words[place] = rng.choice(WORDS)
        return " ".join(words)

    return edit


_EDITS: dict[str, Callable[[str, random.Random], str]] = {
    "case and punctuation": lambda text, rng: text.upper().replace(" ", "  ").replace(",", " -- "),
    "a word replaced": _replaced(1),
    "two words replaced": _replaced(2),
    "a number appended": lambda text, rng: f"{text} {rng.randrange(10**6)}",
    "a sentence appended": lambda text, rng: text + " Have a nice day, my friend!",
    "cut to three quarters": lambda text, rng: text[: len(text) * 3 // 4],
}


def _read(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return list(dict.fromkeys(str(json.loads(line)["text"]) for line in stream))


def _arguments(given: Sequence[str]) -> Path:
    return Path(given[0] if given else "../shared/data/text")


if __name__ == "__main__":
    main(_arguments(sys.argv[1:]))
