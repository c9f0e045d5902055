"""What the harm network reads in each epoch, and what it is measured on.

Every text goes the way it goes in use: its disguise is undone, names of groups are replaced, then it is tokenised.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from evenhand.fairness.neutral import Neutraliser
from evenhand.matching.normalise_tables import CharacterTables, load_tables
from evenhand.matching.undisguise import undisguise
from training.text import generate, public
from training.text.disguise import disguise, disguise_chinese
from training.text.finetune import Tokenizer, Tokens, tokenise
from training.text.rows import Row
from training.text.swap import swapped

# share of a data set's rows that one epoch reads; the version that the training starts from has read them all
SHARES = {
    "cold": 0.3,
    "paradetox": 0.15,
    "edos": 0.4,
    "toxic_spans": 0.5,
    "mlma": 0.4,
    "davidson": 0.3,
    "spamassassin": 0.3,
    "swapped": 0.4,
    "sms_spam": 1.0,
    "identity_templates_en": 0.2,
    "identity_templates_nl": 0.2,
    "identity_templates_de": 0.2,
    "identity_templates_zh-cn": 0.2,
    "identity_templates_hi-Latn": 0.3,
}
REHEARSED = 0.6  # ... and of those not named
# of each written template, an epoch; several groups a family: most become one row once names are taken out, and those
# that stay named must be met too
AMOUNT = generate.Amount(fills=6, plain=1, families=2, members=5)
NEW = ("_everyday", "_papers", "_games", "_implied", "_profane")  # phrase files drawn twice
DISGUISED = 0.12  # share of the texts of an epoch that are disguised


def seen(rows: Iterable[Row]) -> list[Row]:
    """Give the rows as the network sees their texts."""
    rows = list(rows)
    texts = Neutraliser().neutral([undisguise(row.text).text for row in rows])
    return [replace(row, text=text) for row, text in zip(rows, texts, strict=True)]


def unique(rows: Iterable[Row]) -> list[Row]:
    """Drop rows whose text and labels were there before."""
    out: dict[bytes, Row] = {}
    for row in rows:
        key = hashlib.sha256(f"{row.text}\0{sorted(row.labels.items())}".encode("utf-8", "replace")).digest()
        out.setdefault(key, row)
    return list(out.values())


class Corpus:
    """All rows, split; the public ones are read once, the written ones are made anew for each epoch.

    Args:
        folder: where the public data sets are.
        tokenizer: the network's tokenizer.
        seed: of everything that is drawn.
    """

    def __init__(self, folder: Path, tokenizer: Tokenizer, *, seed: int = 5) -> None:
        self._tokenizer, self._seed = tokenizer, seed
        real = list(public.read(folder))
        self._public = [*real, *swapped(real)]
        self._spans = _toxic_spans(folder)
        self._tables = load_tables()

    def epoch(self, number: int) -> Tokens:
        """The training rows of one epoch."""
        rng = random.Random(f"{self._seed} {number}")
        rows = [row for row in self._public if split(row) == "train" and rng.random() < share(row.source)]
        rows += [row for row in generate.rows(seed=self._seed + number, amount=AMOUNT) if row.split() == "train"]
        again = generate.rows(seed=self._seed + number + 100, amount=AMOUNT)
        rows += [row for row in again if row.split() == "train" and row.group.split()[0].endswith(NEW)]
        plain = {i: row.text for i, row in enumerate(rows)}
        rows = [_disguised(row, rng, self._tables) if rng.random() < DISGUISED else row for row in rows]
        changed = seen(rows)
        # spans are known for the text as it was: only where nothing was changed can they be used
        spans = {own.text: self._spans[plain[i]] for i, own in enumerate(changed)
                 if own.text == plain[i] and own.text in self._spans}  # fmt: skip
        return tokenise(unique(changed), self._tokenizer, spans)

    def counts(self) -> Counter[str]:
        """How many rows of each source an epoch reads, about: repeated texts are in, NEW is counted once."""
        rows = Counter(row.source for row in self._public if split(row) == "train")
        out = Counter({name: round(n * share(name)) for name, n in rows.items()})
        out["written"] = sum(row.split() == "train" for row in generate.rows(seed=self._seed, amount=AMOUNT))
        return out

    def held(self, name: str) -> Tokens:
        """The rows of "calibrate" or "test"."""
        rows = [row for row in self._public if split(row) == name]
        rows += [row for row in generate.rows(seed=self._seed) if row.split() == name]
        return tokenise(unique(seen(rows)), self._tokenizer, {})


def share(source: str) -> float:
    """Share of a public data set's rows that one epoch reads."""
    return SHARES.get(source, REHEARSED)


def split(row: Row) -> str:
    """The split of a row; a swapped copy belongs where its original is."""
    if row.source != "swapped":
        return row.split()
    source, _, key = row.group.partition(" ")
    return Row(text=key, language="", source=source, labels={}, group=key).split()


def _disguised(row: Row, rng: random.Random, tables: CharacterTables) -> Row:
    if row.language == "zh":
        return replace(row, text=disguise_chinese(row.text, rng, tables))
    if row.language in {"ja", "ko", "ar", "hi"}:
        return row
    return replace(row, text=disguise(row.text, rng))


def _toxic_spans(folder: Path) -> dict[str, list[tuple[int, int]]]:
    out: dict[str, list[tuple[int, int]]] = {}
    for row in _lines(folder / "toxic_spans.jsonl.gz"):
        text = str(row["text"])[: public.MAX_CHARACTERS]
        skipped = len(text) - len(text.lstrip())
        spans = [(int(a) - skipped, int(b) - skipped) for a, b, *_ in row.get("spans", ())]
        out[text.strip()] = [(max(a, 0), b) for a, b in spans if b > 0]
    return out


def _lines(path: Path) -> Iterator[dict[str, list[list[int]] | str]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)
