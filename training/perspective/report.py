"""Measures a score map on halves that it was not fitted on, and writes the page about it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from training.perspective.data import Floats
from training.perspective.fitting import Sample, applied, fit, interval, part, rank_correlation

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
DRAWS = 400


@dataclass(frozen=True, slots=True)
class Side:
    """One attribute's scores of comments as they come, by us or by Perspective."""

    scores: Floats
    weights: Floats  # sum to 1
    chance: Floats  # that people call the row toxic; 0 or 1 where they were asked

    @property
    def harmless(self) -> Floats:
        """The rows' weights among harmless comments."""
        return self.weights * (1 - self.chance)

    @property
    def toxic(self) -> Floats:
        """The rows' weights among toxic comments."""
        return self.weights * self.chance


@dataclass(frozen=True, slots=True)
class Measured:
    """One attribute, each row mapped by a curve fitted without it."""

    attribute: str
    harmless: list[tuple[float, float, float]]  # threshold; share of harmless comments there and here
    ratios: list[tuple[float, float]]  # 95% interval of ours over theirs, for each threshold
    unmapped: list[float]  # share of harmless comments at our own scores
    toxic: list[tuple[float, float, float]]  # threshold; share of toxic comments there and here
    harsh: list[tuple[float, float]]  # of harsh prompts: share by Perspective, by us
    agreement: list[float]  # of harsh prompts: share on which both say the same
    correlation: tuple[float, float, float]  # rank correlation on harsh prompts, with its 95% interval
    prompts: int


def measure(attribute: str, *, here: Side, there: Side, prompts: tuple[Floats, Floats], seed: int) -> Measured:
    """Cross-fit in two halves and measure each on the other.

    Args:
        attribute: its name.
        here: comments as they come, scored by us.
        there: others of them, scored by Perspective.
        prompts: harsh sentences, scored by us and by Perspective, row by row the same; no curve is fitted on them.
        seed: of the halves and the draws.
    """
    random = np.random.default_rng(seed)
    halves = [random.permutation(len(side.scores)) % 2 == 0 for side in (here, there)]
    mapped = np.empty(len(here.scores))
    for first in (False, True):
        chosen = [half == first for half in halves]
        curve = fit(
            part(here.scores[chosen[0]], here.harmless[chosen[0]]),
            part(there.scores[chosen[1]], there.harmless[chosen[1]]),
        )
        mapped[~chosen[0]] = applied(curve, here.scores[~chosen[0]])
    whole = fit(part(here.scores, here.harmless), part(there.scores, there.harmless))
    harsh, harsh_theirs = applied(whole, prompts[0]), prompts[1]
    clean = (part(mapped, here.harmless), part(there.scores, there.harmless))
    foul = (part(mapped, here.toxic), part(there.scores, there.toxic))
    unmapped = part(here.scores, here.harmless)
    return Measured(
        attribute=attribute,
        harmless=[(t, clean[1].share(t), clean[0].share(t)) for t in THRESHOLDS],
        ratios=[_ratio(*clean, t, random) for t in THRESHOLDS],
        unmapped=[unmapped.share(t) for t in THRESHOLDS],
        toxic=[(t, foul[1].share(t), foul[0].share(t)) for t in THRESHOLDS],
        harsh=[(float((harsh_theirs >= t).mean()), float((harsh >= t).mean())) for t in THRESHOLDS],
        agreement=[float(((harsh >= t) == (harsh_theirs >= t)).mean()) for t in THRESHOLDS],
        correlation=_correlation(prompts[0], prompts[1], random),
        prompts=len(prompts[0]),
    )


def _ratio(ours: Sample, theirs: Sample, least: float, random: np.random.Generator) -> tuple[float, float]:
    draws = []
    for _ in range(DRAWS):
        pair = [_resampled(sample, random).share(least) for sample in (ours, theirs)]
        draws.append(pair[0] / max(pair[1], 1e-4))
    return interval(np.array(draws))


def _resampled(sample: Sample, random: np.random.Generator) -> Sample:
    picked = random.integers(0, len(sample.scores), len(sample.scores))
    weights = sample.weights[picked]
    return Sample(sample.scores[picked], weights / weights.sum())


def _correlation(first: Floats, second: Floats, random: np.random.Generator) -> tuple[float, float, float]:
    draws = []
    for _ in range(DRAWS):
        picked = random.integers(0, len(first), len(first))
        draws.append(rank_correlation(first[picked], second[picked]))
    low, high = interval(np.array(draws))
    return rank_correlation(first, second), low, high


def page(version: str, measured: Sequence[Measured]) -> str:
    """Give the page about a map."""
    return "\n".join(_lines(version, measured)) + "\n"


_WIDTH = 118
_SOURCES = """
One monotone curve an attribute, by quantile matching with isotonic smoothing, on harmless comments as they come: as
many of them reach a score on the mapped scale as reached it on Perspective's. So a threshold keeps its false-
positive rate; what it then catches is up to the models.

- Perspective's side: its scores of 453 of the 2,000 Wikipedia comments that it published in 2018 (347 from the
harsh end one by one, 106 as a sample of the rest), without texts. What people said of them is not known: each
counts as harmless by the chance that its TOXICITY leaves, scaled so that 9.6% are toxic, as in the source.
- Our side: a 2,000-row sample of the same source, the Jigsaw challenge, of which people called 500 rows toxic. Four
in five of these rows are in the text model's training data; the others count four times.
- Harsh sentences, for measuring only: {prompts} rows of RealToxicityPrompts, text and Perspective's scores (2020)
together. They are rows that Perspective found toxic (0.5 and more).

All seven production attributes are fitted. OBSCENE, SPAM and INCOHERENT are told as they are; so is everything
under a model version without a map (the header `x-score-map` says `identity`).

Figures about comments are of rows that the curve was not fitted on: two halves, each mapped by the other's curve.
"""
_FALSE = """
Share in % at or above the threshold: Perspective / ours on its scale / ours as it is, and in brackets the 95%
interval of the second over the first (the sampling of both sides; not the estimate of what is harmless on
Perspective's).
"""
_ROW_BY_ROW = """
Share in %, by Perspective / by us; in brackets the share on which both say the same. The last column is the rank
correlation with its 95% interval. No map changes that: it says how differently two models order the same texts.
"""
_BAD = """
- **English, and old.** Both sets are English, of 2018 and 2020; Perspective's later models differ somewhat.
- **The rates of Perspective are estimates**: see above. And our side's comments are partly training data, which
makes false positives elsewhere likelier than here.
- **A map cannot make two models agree.** Where the rank correlation is low, a threshold keeps how many harmless
comments it takes, not which, and not how much harm it catches. SEXUALLY_EXPLICIT is the worst: Perspective meant
vulgar words too, our labels mean sexual acts and offers. `evenhand migrate perspective --texts` measures that on
your own comments.
- **Rare attributes** (threats, identity attacks) rest on a few dozen comments above 0.7.
- **1,547 of the 2,000 published rows were not read.** They lie behind the 347 that Perspective would most likely
reject; 106 rows of that part stand for all of it, each for 11 to 20. Of these 106, Perspective gives one a TOXICITY
of 0.5 and none of 0.6, and at 0.7 and more nothing in any attribute; so what is missing may add up to 3% of that
part (95% bound for none in 106) to Perspective's side, and would mostly be harmless comments at 0.5.
"""


def _lines(version: str, measured: Sequence[Measured]) -> Iterator[str]:
    yield f"# Perspective's scale: the score map of {version}\n"
    yield "<!-- Written by training.perspective.fit_map; change the code, not this page. -->\n"
    yield _wrapped(
        "`python -m training.perspective.fit_map` fits the map and writes this page. It needs the public data sets "
        "(`--data`) and the package registry (one pinned wheel, from which one file is taken)."
    )
    yield "## What it is fitted on\n"
    yield _wrapped(_SOURCES.format(prompts=measured[0].prompts))
    yield "## False positives: harmless comments\n"
    yield _wrapped(_FALSE)
    yield from _table([row.attribute for row in measured], [_harmless(row) for row in measured])
    yield "\n## What is caught: toxic comments\n"
    yield "Share in % at or above the threshold: Perspective / ours on its scale.\n"
    yield from _table(
        [row.attribute for row in measured],
        [[f"{100 * there:.0f} / {100 * here:.0f}" for _, there, here in row.toxic] for row in measured],
    )
    yield "\n## Harsh sentences: row by row\n"
    yield _wrapped(_ROW_BY_ROW)
    yield from _table([row.attribute for row in measured], [_harsh(row) for row in measured], "rank correlation")
    yield "\n## What is bad\n"
    yield _wrapped(_BAD).rstrip()


def _table(names: Sequence[str], cells: Sequence[Sequence[str]], *more: str) -> Iterator[str]:
    heads = ["attribute", *(str(threshold) for threshold in THRESHOLDS), *more]
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for name, row in zip(names, cells, strict=True):
        yield f"| {' | '.join([name, *row])} |"


def _harmless(row: Measured) -> list[str]:
    return [
        f"{100 * there:.1f} / {100 * here:.1f} / {100 * raw:.1f} ({low:.2f}-{high:.2f})"
        for (_, there, here), (low, high), raw in zip(row.harmless, row.ratios, row.unmapped, strict=True)
    ]


def _harsh(row: Measured) -> list[str]:
    cells = [
        f"{100 * theirs:.0f} / {100 * ours:.0f} ({100 * same:.0f})"
        for (theirs, ours), same in zip(row.harsh, row.agreement, strict=True)
    ]
    middle, low, high = row.correlation
    return [*cells, f"{middle:.2f} ({low:.2f}-{high:.2f})"]


def _wrapped(text: str) -> str:
    """Break prose into lines: paragraphs stay, items of a list are indented."""
    out = []
    for block in text.strip().split("\n\n"):
        if block.startswith("- "):
            items = block[2:].split("\n- ")
            out.append("\n".join(textwrap.fill(i, _WIDTH, initial_indent="- ", subsequent_indent="  ") for i in items))
        else:
            out.append(textwrap.fill(block, _WIDTH))
    return "\n\n".join(out) + "\n"
