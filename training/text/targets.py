"""The figures that well-known benchmarks ask for, on our own held-out tenth of data of the same kind.

`python -m training.text.targets --data DIR` prints the one of toxic spans, for the installed model.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from evenhand.domain.location import Span
from training.text.finetune import Tokens
from training.text.measure import entry, interval, wilson
from training.text.rows import LABELS
from training.text.spans import Marked, f1, marked

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
    """Mean character F1 of toxic spans on the test tenth, against two readings of what the annotators drew."""
    items = [(item, spans(item.text)) for item in marked(folder, "test")]
    out = []
    for name, truth in (("what most marked", Marked.agreed), ("what any marked", Marked.any)):
        value = np.array([f1(truth(item), found) for item, found in items])
        ci = interval(lambda i, value=value: float(value[i].mean()), len(value))
        out.append(entry(f"toxic spans: character F1, {name}", "toxic_spans test rows", len(value),
                         float(value.mean()), ci))  # fmt: skip
    return out


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

    print(*span_figures(parser.parse_args().data, spans), sep="\n")


if __name__ == "__main__":
    main()
