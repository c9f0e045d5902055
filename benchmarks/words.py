"""Known words: throughput with 100,000 patterns and every disguise looked for, beside better-profanity's;
and what a change of a list that the store keeps costs until it is found in a text.

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
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from pydoc_data.topics import topics
from tempfile import TemporaryDirectory

from better_profanity import Profanity

from evenhand.detectors.words import WordsDetector
from evenhand.domain import LibraryItem, LibraryKind, TextPart
from evenhand.matching.phrases import Phrase, PhraseIndex
from evenhand.settings import Settings
from evenhand.shelves.live import Shelves
from evenhand.store import open_store
from evenhand.store.libraryrecords import Head

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


def changes(words: Sequence[str]) -> dict[str, float]:
    """Processor time from a change's commit to the first text that is searched for it, in seconds, in one process.

    What it takes besides: up to 0.9 s until a process asks the store. Joining indexes afterwards is not in it.
    """
    figures: dict[str, float] = {}
    keep: dict[str, object] = {}
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/words.db", settings=Settings())
        store.migrate()
        store.shelf.create("words", LibraryKind.WORDS, Head(colour="black"), actor="benchmark")
        shelves = Shelves((), store=store, changed=lambda libraries, names: None)

        def live(what: str, *, replace: bool = False, **fields: str) -> None:
            items = [LibraryItem(value=value) for value in what.split("\n")]
            store.shelf.change("words", actor="benchmark", add=items, replace=replace)
            gc.collect()
            start = time.process_time()
            shelves.look()
            found = WordsDetector(shelves.libraries, keep=keep).detect([TextPart(text=items[-1].value)])
            figures[fields["name"]] = round(time.process_time() - start, 3)
            if not found[0].findings:
                raise SystemExit(f"{items[-1].value} was not found")
            for thread in threading.enumerate():
                if thread.name == "evenhand-words":
                    thread.join()

        most = len(words) * 8 // 10
        live("\n".join(words[:most]), name="live_all_s")
        live(words[most], name="live_one_s")
        live("\n".join(words[most + 1 : most + 1_001]), name="live_1000_s")
        live("\n".join(words[most + 1_001 : most + 11_001]), name="live_10000_s")
        live("\n".join(words[most // 2 :]), name="live_half_replaced_s", replace=True)
        store.close()
    return figures


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
        **changes(words),
    }
    for name, value in figures.items():
        print(f"{name:32} {value:>12,}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
