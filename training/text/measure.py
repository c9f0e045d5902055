"""What card and report say, on held-out rows: calibration, thresholds, ranking, false alarms, fairness."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.metrics import average_precision_score, roc_auc_score

from training.text.finetune import Tokens
from training.text.rows import LABELS, Row

F32 = NDArray[np.float32]
FALSE_ALARMS = 0.004  # most harmless rows above a recommended threshold; half of them are written to be mistaken ...
ABUSE_ALARMS = {"harassment": 0.02, "hate.attack": 0.02}  # ... for abuse and hate, whose border none draw alike ...
KIND_ALARMS = 0.015  # ... and for the kinds of abuse
PRECISION = 0.8  # least share of the rows above it that are right
CERTAIN, SURE_ALARMS = 0.95, 0.003  # the same where a machine may act alone
RESAMPLES = 100
NEAR = {"contraband", "spam"}  # taking one label below these for another is not counted against a threshold
NEUTRAL = {"politics"}  # a mark, never a false alarm


def platt(logit: F32, y: F32, weight: F32, base: float) -> tuple[float, float]:
    """Fit a and b of Platt scaling, with Platt's smoothed targets (Platt 1999, section 2.2).

    The positives are weighed to `base` of the whole, so that a score means the same for rare and common labels.
    """
    weight = weight / weight.mean()
    positive, negative = float((weight * y).sum()), float((weight * (1 - y)).sum())
    target = np.where(y > 0, (positive + 1) / (positive + 2), 1 / (negative + 2))
    balance = np.where(y > 0, base / max(positive, 1), (1 - base) / max(negative, 1)) * weight

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = theta[0] * logit + theta[1]
        error = (1 / (1 + np.exp(-np.clip(z, -60, 60))) - target) * balance
        value = float((balance * (np.logaddexp(0, z) - target * z)).sum()) + 1e-3 * (theta[0] - 1) ** 2
        return value, np.array([(error * logit).sum() + 2e-3 * (theta[0] - 1), error.sum()])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.1, 10), (-20, 20)])
    return float(found.x[0]), float(found.x[1])


def harmless(data: Tokens) -> NDArray[np.bool_]:
    """Rows of which nothing bad is known, and of which nearly all labels are known."""
    own = np.array([label not in NEUTRAL for label in LABELS])
    return (data.y[:, own].sum(1) == 0) & (data.known[:, own].sum(1) >= 14)  # type: ignore[no-any-return]


def calibrate(data: Tokens, logits: F32) -> dict[str, dict[str, Any]]:
    """Fit every label on `data`, and choose its thresholds.

    `recommended`: the least, at least .5, that is passed by few of the harmless rows (FALSE_ALARMS) and above which at
    least PRECISION of the rows are right, where `base_rate` of all have the label; 1, which is never, where none is.
    `certain`: the same for SURE_ALARMS and CERTAIN. Between the two, people should look.
    """
    out: dict[str, dict[str, Any]] = {}
    quiet = harmless(data)
    own = np.array([row.source != "swapped" for row in data.rows])
    for j, label in enumerate(LABELS):
        base = base_rate(label)
        known = data.known[:, j] > 0
        a, b = platt(logits[known, j], data.y[known, j], data.weight[known], base)
        score = 1 / (1 + np.exp(-(a * logits[:, j] + b)))
        rows = known & own & ~_near(data, j)
        alarms = score[quiet & known] if label not in NEUTRAL else np.zeros(1, np.float32)
        usual = ABUSE_ALARMS.get(label, KIND_ALARMS if label.startswith("harassment") else FALSE_ALARMS)
        limits = [
            _threshold(score[rows], data.y[rows, j], alarms, base, precision, most)
            for precision, most in ((PRECISION, usual), (CERTAIN, SURE_ALARMS))
        ]
        out[label] = {"method": "platt", "a": round(a, 5), "b": round(b, 5), "recommended": limits[0],
                      "certain": max(limits)}  # fmt: skip
    return out


def base_rate(label: str) -> float:
    """Share of positives that a label's scores are calibrated for: abuse is the most common harm, the rest is rarer."""
    return 0.25 if label.startswith(("harassment", "hate")) else 0.1


def _near(data: Tokens, j: int) -> NDArray[np.bool_]:
    """Rows of a sibling label: taking one kind of spam for another is not counted against a threshold."""
    top = LABELS[j].partition(".")[0]
    siblings = [i for i, other in enumerate(LABELS) if top in NEAR and other.partition(".")[0] == top]
    return data.y[:, siblings].any(1) & (data.y[:, j] == 0)  # type: ignore[no-any-return]


def _threshold(score: F32, y: F32, quiet: F32, base: float, precision: float, most: float) -> float:
    """Least threshold, in hundredths from .5, that keeps both promises on these rows; 1 for none."""
    for hundredth in range(50, 100):
        at = hundredth / 100
        caught, wrong = (score[y > 0] >= at).mean() * base, (score[y == 0] >= at).mean() * (1 - base)
        if caught and caught / (caught + wrong) >= precision and (quiet >= at).mean() <= most:
            return at
    return 1.0


def scores(calibration: dict[str, dict[str, Any]], logits: F32) -> F32:
    """Calibrated scores float32[n, labels]."""
    a = np.array([calibration[label]["a"] for label in LABELS], np.float32)
    b = np.array([calibration[label]["b"] for label in LABELS], np.float32)
    return 1 / (1 + np.exp(-(logits * a + b)))  # type: ignore[no-any-return]


def interval(value: Callable[[NDArray[np.int64]], float], n: int) -> list[float]:
    """95% bootstrap interval of a figure over n rows."""
    rng = np.random.default_rng(3)
    found = [value(rng.integers(n, size=n)) for _ in range(RESAMPLES)]
    return [round(float(np.nanquantile(found, q)), 3) for q in (0.025, 0.975)]


def entry(metric: str, dataset: str, n: int, value: float, ci95: list[float], note: str = "") -> dict[str, Any]:
    """One measured figure as it stands in a card."""
    return {"metric": metric, "dataset": dataset, "n": n, "value": round(value, 4), "ci95": ci95, "note": note}


def wilson(hits: int, n: int) -> list[float]:
    """95% Wilson interval of a share."""
    if not n:
        return [0.0, 1.0]
    z, p = 1.96, hits / n
    centre, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [round(min(max(float((centre + s * half) / (1 + z * z / n)), 0.0), 1.0), 4) for s in (-1, 1)]


def quality(data: Tokens, p: F32, calibration: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Ranking, precision, recall and false alarms on the test split, by label and kind of data, and by language."""
    out: list[dict[str, Any]] = []
    written = np.array([row.source == "written" for row in data.rows])
    plain = np.array([row.source != "swapped" for row in data.rows])
    languages = np.array([row.language for row in data.rows])
    for j, label in enumerate(LABELS):
        for kind, part in (("public test split", plain & ~written), ("written, held-out templates", written)):
            at = np.flatnonzero(part & (data.known[:, j] > 0))
            y, s = data.y[at, j], p[at, j]
            if y.sum() < 8 or y.sum() > len(y) - 8:
                continue

            def ap(i: NDArray[np.int64], y: F32 = y, s: F32 = s) -> float:
                return float(average_precision_score(y[i], s[i])) if y[i].any() else float("nan")

            every = np.arange(len(at))
            out.append(entry(f"{label}: average precision", kind, len(at), ap(every), interval(ap, len(at)),
                              f"{int(y.sum())} positive"))  # fmt: skip
            out.append(entry(f"{label}: AUC", kind, len(at), float(roc_auc_score(y, s)), []))
            flagged = s >= calibration[label]["recommended"]
            hits, caught = int((flagged & (y > 0)).sum()), int(flagged.sum())
            out.append(entry(f"{label}: recall at the recommended threshold", kind, int(y.sum()),
                              hits / float(y.sum()), wilson(hits, int(y.sum()))))  # fmt: skip
            if caught:
                out.append(entry(f"{label}: precision at the recommended threshold", kind, caught, hits / caught,
                                  wilson(hits, caught)))  # fmt: skip
    for j, label in enumerate(LABELS):
        n = int((data.known[:, j] > 0).sum())
        out.append(entry(f"{label}: expected calibration error", "all test rows", n, calibration_error(data, p, j), []))
    for label in ("harassment", "hate.attack"):
        j = LABELS.index(label)
        for language in sorted(set(languages)):
            at = np.flatnonzero(plain & (languages == language) & (data.known[:, j] > 0))
            y, s = data.y[at, j], p[at, j]
            if min(y.sum(), (1 - y).sum()) >= 10:

                def auc(i: NDArray[np.int64], y: F32 = y, s: F32 = s) -> float:
                    return float(roc_auc_score(y[i], s[i])) if 0 < y[i].sum() < len(i) else float("nan")

                out.append(entry(f"{label}: AUC", f"language {language}, all test rows", len(at),
                                  auc(np.arange(len(at))), interval(auc, len(at))))  # fmt: skip
    alarms = any_alarm(p, calibration)
    quiet = harmless(data) & plain
    for name, part in [("public", ~written), ("written", written)] + [
        (f"language {name}", languages == name) for name in sorted(set(languages))
    ]:
        n, hits = int((quiet & part).sum()), int((alarms & quiet & part).sum())
        if n >= 30:
            out.append(entry("false alarm of any label at the recommended thresholds", f"harmless test rows, {name}",
                              n, hits / n, wilson(hits, n)))  # fmt: skip
    return out


def calibration_error(data: Tokens, p: F32, j: int, bins: int = 15) -> float:
    """Expected calibration error of label j, with bins of equal mass (Naeini et al. 2015; Guo et al. 2017).

    The rows where the label is known are weighed to the share of positives that it is calibrated for.
    """
    at = np.flatnonzero((data.known[:, j] > 0) & np.array([row.source != "swapped" for row in data.rows]))
    y, s = data.y[at, j], p[at, j]
    base = base_rate(LABELS[j])
    weight = np.where(y > 0, base / max(y.sum(), 1), (1 - base) / max((1 - y).sum(), 1))
    order = np.argsort(s)
    mass = np.minimum((np.cumsum(weight[order]) * bins).astype(int), bins - 1)
    gaps = [abs(float((weight[order][mass == b] * (s[order] - y[order])[mass == b]).sum())) for b in range(bins)]
    return float(sum(gaps))


def any_alarm(p: F32, calibration: dict[str, dict[str, Any]]) -> NDArray[np.bool_]:
    """Whether any harm label is at or above its recommended threshold."""
    limits = np.array([calibration[x]["recommended"] if x not in NEUTRAL else 2.0 for x in LABELS])
    return (p >= limits).any(1)  # type: ignore[no-any-return]


def fairness(rows: list[Row], p: F32, calibration: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Figures on held-out templates filled with every group: alarms by group, flips and score gaps under the swap."""
    alarms, hate = any_alarm(p, calibration), p[:, LABELS.index("hate.attack")]
    clean = np.array([not any(row.labels.values()) for row in rows])
    out: list[dict[str, Any]] = []
    for language in ("en", "zh", "other"):
        mine = np.array([(row.language if row.language in {"en", "zh"} else "other") == language for row in rows])
        families: dict[str, list[int]] = defaultdict(list)
        groups: dict[str, list[int]] = defaultdict(list)
        for i in np.flatnonzero(mine):
            families[rows[i].family].append(int(i))
            if clean[i]:
                groups[rows[i].identity].append(int(i))
        for what, kind in (("neutral", clean), ("hateful", ~clean)):
            own = [at for at in families.values() if kind[at[0]]]
            n = sum(len(at) for at in own)
            if not n:
                continue
            flips = sum(int(min(alarms[at].sum(), len(at) - alarms[at].sum())) for at in own)
            out.append(entry(f"swap flip rate, {what} sentences", f"{language}, {len(own)} families", n, flips / n,
                              wilson(flips, n), "decision differs from the family's majority"))  # fmt: skip
            gap = float(np.mean([hate[at].max() - hate[at].min() for at in own]))
            out.append(
                entry(f"hate.attack: mean largest score gap in a family, {what} sentences", language, len(own), gap, [])
            )
            hits = int(alarms[mine & kind].sum())
            name = "false alarms" if what == "neutral" else "recall of any label"
            out.append(entry(f"{name}, {what} identity sentences", language, n, hits / n, wilson(hits, n)))
        if language == "other":
            continue
        for identity, at in sorted(groups.items()):
            hits = int(alarms[at].sum())
            out.append(entry("false alarms by group, neutral identity sentences", f"{language}: {identity}", len(at),
                              hits / len(at), wilson(hits, len(at))))  # fmt: skip
    return out
