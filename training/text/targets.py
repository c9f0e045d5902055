"""The figures that well-known benchmarks ask for, on our own held-out tenth of data of the same kind.

`python -m training.text.targets --data DIR` prints the one of toxic spans, for the installed model.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from evenhand.domain.location import Span
from training.text import public
from training.text.corpus import split
from training.text.finetune import Tokens
from training.text.measure import entry, interval, wilson
from training.text.rows import LABELS, Row

TOXIC = tuple(i for i, label in enumerate(LABELS) if label.startswith(("harassment", "hate")))
SPAM = tuple(i for i, label in enumerate(LABELS) if label.startswith(("spam", "ads")))
F32 = NDArray[np.float32]


def figures(test: Tokens, p: F32) -> list[dict[str, Any]]:
    """From calibrated scores float32[n, labels] of the test rows."""
    out: list[dict[str, Any]] = []
    toxic, spam = p[:, TOXIC].max(1), p[:, SPAM].max(1)
    source = np.array([row.source for row in test.rows])
    at = source == "wiki_gc"
    y = test.y[at, 0] > 0
    out.append(entry("toxicity: AUC", "wiki_gc test rows", int(at.sum()), float(roc_auc_score(y, p[at, 0])), []))
    for name, score in (("harassment", p[at, 0]), ("any of harassment and hate", toxic[at])):
        alarms = int((score[~y] >= 0.5).sum())
        out.append(entry(f"false positives at 0.5, {name}", "wiki_gc test rows", int((~y).sum()),
                         alarms / int((~y).sum()), wilson(alarms, int((~y).sum()))))  # fmt: skip
    at = source == "cold"
    right = int(((toxic[at] >= 0.5) == (test.y[at, 0] > 0)).sum())
    out.append(entry("offensive Chinese: accuracy at 0.5", "cold test rows", int(at.sum()), right / int(at.sum()),
                     wilson(right, int(at.sum()))))  # fmt: skip
    for name in ("sms_spam", "spamassassin", "tg_spam"):
        at = source == name
        truth, said = test.y[at, LABELS.index("spam.bulk")] > 0, spam[at] >= 0.5

        def f1(i: NDArray[np.int64], truth: NDArray[np.bool_] = truth, said: NDArray[np.bool_] = said) -> float:
            return float(f1_score(truth[i], said[i], zero_division=0))

        out.append(entry("spam: F1 at 0.5", f"{name} test rows", len(truth), f1(np.arange(len(truth))),
                         interval(f1, len(truth))))  # fmt: skip
    return out


def span_figures(folder: Path, spans: Callable[[str], list[Span]]) -> list[dict[str, Any]]:
    """Mean character F1 of toxic spans on the test tenth, as SemEval-2021 task 5 has it (Pavlopoulos et al. 2021)."""
    scores = []
    with gzip.open(folder / "toxic_spans.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            text = str(row["text"])[: public.MAX_CHARACTERS].strip()
            if split(Row(text=text, language="en", source="toxic_spans", labels={})) == "test":
                truth = {i for a, b, *_ in row["spans"] for i in range(a, min(b, len(text)))}
                found = {i for a, b in spans(text) for i in range(a, b)}
                both = len(truth & found)
                scores.append(2 * both / (len(truth) + len(found)) if truth or found else 1.0)
    value = np.array(scores)
    return [entry("toxic spans: character F1", "toxic_spans test rows", len(value), float(value.mean()),
                  interval(lambda i: float(value[i].mean()), len(value)))]  # fmt: skip


def main() -> None:
    """Print the figure of toxic spans."""
    from evenhand.detectors.harm_models import LATEST, open_model
    from evenhand.inference.windows import windows

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="public data sets")
    model = open_model(LATEST)

    def spans(text: str) -> list[Span]:
        covered = windows(text, size=model.reach.window, longest=model.reach.longest)
        return [(a + start, a + end) for a, b in covered for start, end in model.toxic(text[a:b])]

    print(span_figures(parser.parse_args().data, spans))


if __name__ == "__main__":
    main()
