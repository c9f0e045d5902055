"""Texts and pictures that are alike by embedding: what marks show and ask about of edits, rewrites and strangers.

`python -m tests.quality.test_alike` prints the tables of quality/text.md and quality/pictures.md. A rewrite says the
same without the insult, so another decision is right: what a mark must never settle by itself.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from evenhand.domain import ImagePart
from evenhand.fairness.intervals import wilson
from evenhand.matching.alike import Least, Vectors, pack, unpack
from evenhand.matching.textsketch import sketch
from evenhand.review.alike import LEAST_ASKED, LEAST_SHOWN
from evenhand.review.near import LEAST_TEXT
from evenhand.settings import Settings
from evenhand.shelves.asking import agreeing
from evenhand.shelves.embedding import Embedder
from tests.quality.picture_edits import EDITS as PICTURE_EDITS
from tests.quality.test_likeness import SOURCES, SPREAD, held_back, opened
from tests.quality.test_pictures import MEDIA
from tests.quality.text_edits import EDITS

TEXTS = MEDIA.parent / "text"
KINDS = (
    "sms_spam",
    "tg_spam",
    "jigsaw_sample",
    "davidson",
    "cold",
    "germeval2018",
    "toxigen_sentences",
    "paradetox",
    "wiki_gc",
)

pytestmark = pytest.mark.skipif(not TEXTS.is_dir(), reason="needs the texts and pictures in ../shared/data")


def rows(name: str) -> list[dict[str, Any]]:
    with gzip.open(TEXTS / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


@cache
def embedder() -> Embedder:
    return Embedder(Settings(plugins=False, threads=1))


def strangers(count: int, *, draw: int = 20_261_123) -> list[str]:
    """Draw unlike texts of 40 to 600 characters, as many of each kind."""
    dice, out = random.Random(draw), list[str]()
    for kind in KINDS:
        own = sorted({row["text"] for row in rows(kind)[:: 2 if kind == "paradetox" else 1]})
        fit = [text for text in own if 40 <= len(text) <= 600]
        out += dice.sample(fit, min(-(-count // len(KINDS)), len(fit)))
    dice.shuffle(out)
    return out[:count]


def rewrites(count: int, *, draw: int = 5) -> list[tuple[str, str]]:
    """Draw insulting texts, each with its neutral rewrite by a person."""
    pairs: dict[int, dict[int, str]] = defaultdict(dict)
    for row in rows("paradetox"):
        pairs[row["pair"]][row["labels"]["toxic"]] = row["text"]
    fit = [(two[1], two[0]) for two in pairs.values() if len(two) == 2 and len(two[1]) >= 40]
    return random.Random(draw).sample(fit, count)


def alike(first: Sequence[str], second: Sequence[str], least: Least) -> int:
    """Count the pairs that are alike by embedding."""
    found = 0
    for one, other in zip(embedder().queries(first), embedder().queries(second), strict=True):
        if one is not None and other is not None:
            found += bool(Vectors("text", [("", pack("text", other))]).find(one[None], least=least, most=1)[0])
    return found


def near(first: Sequence[str], second: Sequence[str]) -> int:
    """Count the pairs that are nearly the same by their sketches."""
    pairs = ((sketch(a), sketch(b)) for a, b in zip(first, second, strict=True))
    return sum(1 for a, b in pairs if a is not None and b is not None and (a == b).mean() >= LEAST_TEXT)


def unlike(texts: Sequence[str], least: Least) -> tuple[int, int]:
    """Compare each text with each other: pairs that are alike, and pairs."""
    made = [row for row in embedder().queries(texts) if row is not None]
    held = Vectors("text", [(number, pack("text", row)) for number, row in enumerate(made)])
    found = held.find(np.stack(made), least=least, most=len(made))
    twice = sum(len(hits) for hits in found) - len(made)  # each with itself
    return twice // 2, len(made) * (len(made) - 1) // 2


def test_heavy_edits_are_shown_and_strangers_hardly_ever() -> None:
    texts = strangers(120)
    long = [text for text in texts if len(text.split()) >= 6]
    dice, words = random.Random(9), [word for text in texts for word in text.split()]
    shown = sketched = 0
    for edit in EDITS.values():
        made = [edit(text, dice, words) for text in long]
        shown, sketched = shown + alike(long, made, LEAST_SHOWN["text"]), sketched + near(long, made)
    assert shown / (len(long) * len(EDITS)) >= 0.5
    assert shown > 1.5 * sketched
    false, pairs = unlike(texts, LEAST_SHOWN["text"])
    assert false / pairs <= 0.006
    false, pairs = unlike(texts, LEAST_ASKED["text"])
    assert false / pairs <= 0.001


def test_neutral_rewrites_are_hardly_ever_asked_about() -> None:
    pairs = rewrites(150)
    insults, neutral = [a for a, _ in pairs], [b for _, b in pairs]
    assert alike(insults, neutral, LEAST_ASKED["text"]) / len(pairs) <= 0.12


def pictures(step: int, *, edits: int | None = None) -> tuple[dict[str, list[int]], int, int]:
    """Mark every `step`-th picture and check its edits: found and asked by edit; wrong marks, of how many."""
    part = [ImagePart(image=opened(path)) for source in SOURCES for path in held_back(source)[::step]]
    made = [(embedder().picture(one), one) for one in part]
    marked = [(row, one) for row, one in made if row is not None]
    held = Vectors("image", [(number, row.vector) for number, (row, _) in enumerate(marked)])
    tallies: dict[str, list[int]] = {name: [0, 0] for name in list(PICTURE_EDITS)[:edits]}
    wrong = 0
    for number, (_, one) in enumerate(marked):
        for name, tally in tallies.items():
            asked = ImagePart(image=PICTURE_EDITS[name](one.image))
            hits = held.find(embedder().looks([asked]), least=LEAST_ASKED["image"], most=24)[0]
            found = {key for key, _ in hits if agreeing(asked, marked[key][0].landmarks) >= 12}
            tally[0] += number in found
            tally[1] += 1
            wrong += bool(found - {number})
    return tallies, wrong, len(made) - len(marked)


def unlike_pictures() -> tuple[int, int, int]:
    """Mark half of the unlike pictures and check the other half: found wrongly, checked, pairs."""
    paths = [path for source in SPREAD for path in held_back(source)]
    made = [embedder().picture(ImagePart(image=opened(path))) for path in paths[::2]]
    marked = [one for one in made if one is not None]
    held = Vectors("image", [(number, one.vector) for number, one in enumerate(marked)])
    wrong = 0
    for path in paths[1::2]:
        asked = ImagePart(image=opened(path))
        hits = held.find(embedder().looks([asked]), least=LEAST_ASKED["image"], most=24)[0]
        wrong += any(agreeing(asked, marked[key].landmarks) >= 12 for key, _ in hits)
    return wrong, len(paths[1::2]), len(marked) * len(paths[1::2])


def test_edited_pictures_are_asked_about() -> None:
    tallies, _, _ = pictures(60, edits=6)
    found, asked = (sum(two[at] for two in tallies.values()) for at in (0, 1))
    assert asked >= 30
    assert found / asked >= 0.8


def scale(count: int = 20_000) -> None:
    """Time texts against many marks."""
    dice = np.random.default_rng(1)
    made = [pack("text", row) for row in dice.normal(size=(count, 1152)).astype(np.float32)]
    for size in (1_000, 5_000, count):
        held = Vectors("text", list(enumerate(made[:size])))
        for together in (1, 32):
            queries = np.stack([unpack("text", row) for row in made[:together]])
            held.find(queries, least=LEAST_ASKED["text"], most=1)
            started, spent = time.perf_counter(), time.process_time()
            for _ in range(5):
                held.find(queries, least=LEAST_ASKED["text"], most=1)
            wall, cpu = (time.perf_counter() - started) / 5, (time.process_time() - spent) / 5
            sys.stdout.write(
                f"{size} marks, {together} texts together: {1000 * wall / together:.2f} ms a text, processor "
                f"{1000 * cpu / together:.2f} ms\n"
            )


def _share(found: int, count: int) -> str:
    low, high = wilson(found, count) or (0.0, 1.0)
    return f"{100 * found / count:.3g}% ({100 * low:.2g}-{100 * high:.2g})"


def main() -> None:
    """Print the tables."""
    write = sys.stdout.write
    if "--scale" in sys.argv:
        scale()
        return
    if "--pictures" in sys.argv:
        tallies, wrong, left = pictures(8)
        for name, (found, asked) in tallies.items():
            write(f"| {name} | {asked} | {_share(found, asked)} |\n")
        found, asked = (sum(two[at] for two in tallies.values()) for at in (0, 1))
        write(f"| all | {asked} | {_share(found, asked)} |\n")
        write(f"another mark besides: {_share(wrong, asked)}; left out {left}\n")
        wrong, asked, compared = unlike_pictures()
        write(f"strangers: {wrong} of {asked} pictures, {_share(wrong, asked)}; {compared} pairs\n")
        return
    texts = strangers(500)
    long = [text for text in texts if len(text.split()) >= 6]
    dice, words = random.Random(9), [word for text in texts for word in text.split()]
    made = {name: [edit(text, dice, words) for text in long] for name, edit in EDITS.items()}
    made["all edits"] = [text for some in made.values() for text in some]
    pairs = [(name, long * (len(some) // len(long)), some) for name, some in made.items()]
    insults = rewrites(1_000)
    pairs.append(("insult and its neutral rewrite", [a for a, _ in insults], [b for _, b in insults]))
    write("| pair | n | sketch | shown | asked |\n| --- | --- | --- | --- | --- |\n")
    for name, first, second in pairs:
        counts = (near(first, second), *(alike(first, second, x["text"]) for x in (LEAST_SHOWN, LEAST_ASKED)))
        write(f"| {name} | {len(first)} | {' | '.join(_share(count, len(first)) for count in counts)} |\n")
    for least in (LEAST_SHOWN, LEAST_ASKED):
        false, count = unlike(texts, least["text"])
        write(f"unlike: {false} of {count}, {_share(false, count)}\n")


if __name__ == "__main__":
    main()
