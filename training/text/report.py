"""Render `quality/text.md` from what was measured; every figure in it comes from the card."""

from __future__ import annotations

from collections import Counter
from typing import Any

from training.text.finetune import Recipe
from training.text.rows import LABELS

_HEAD = """# Text harm model text-2026.4: held-out rows

Made by `python -m training.text.build --only reader`; do not edit by hand. [text.md](text.md) says what it means.
A tenth of the public rows and a tenth of the written templates calibrate, as many test; pairs, templates and swapped
copies stay in one split. "Written" rows come from this project's own templates: their held-out figures are for
templates never trained on, but in the same hands, so real text will be harder. Every text goes the way it goes in use:
disguise is undone, names of groups are replaced by one word, and the shipped, quantised files read it, the lower part
alone where that is enough. Intervals are 95%: bootstrap for
ranking, Wilson for shares.

"""


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


def _value(entry: dict[str, Any] | None) -> str:
    if entry is None:
        return "-"
    ci = entry["ci95"]
    return f"{entry['value']:.3f}" + (f" ({ci[0]:.2f}-{ci[1]:.2f})" if ci else "")


def render(
    version: str,
    calibration: dict[str, dict[str, Any]],
    quality: list[dict[str, Any]],
    developed: list[dict[str, Any]],
    fairness: list[dict[str, Any]],
    rows: Counter[str],
    recipe: Recipe,
) -> str:
    """Give the report as Markdown."""
    found = {(entry["metric"], entry["dataset"]): entry for entry in quality}
    out = _HEAD.replace("{version}", version) + f"Recipe: {recipe}\n\n"
    out += f"Rows of one epoch: {rows.total()}: " + ", ".join(f"{name} {n}" for name, n in rows.most_common()) + ".\n\n"
    for kind in ("public test split", "written, held-out templates"):
        out += f"## By label: {kind}\n\n"
        out += _row("label", "positive", "average precision", "AUC", "threshold", "certain", "recall", "precision")
        out += _row(*["---"] * 8)
        for label in LABELS:
            if (entry := found.get((f"{label}: average precision", kind))) is None:
                continue
            parts = [found.get((f"{label}: {what}", kind)) for what in (
                "AUC", "recall at the recommended threshold", "precision at the recommended threshold")]  # fmt: skip
            positive = entry["note"].split()[0]
            limits = calibration[label]["recommended"], calibration[label]["certain"]
            out += _row(label, positive, _value(entry), _value(parts[0]), *limits, *map(_value, parts[1:]))
        out += "\n"
    out += "## By language\n\n" + _row("figure", "rows", "n", "value") + _row(*["---"] * 4)
    for entry in quality:
        if (
            "language" in entry["dataset"]
            or entry["dataset"].endswith(" test rows")
            or "false alarm" in entry["metric"]
        ):
            out += _row(entry["metric"], entry["dataset"], entry["n"], _value(entry))
    out += "\n## Development tests: another hand, never trained or calibrated on\n\n"
    out += "quality/development; thresholds at 0.5 unless it says otherwise.\n\n"
    out += _row("figure", "test", "n", "value") + _row(*["---"] * 4)
    for entry in developed:
        out += _row(entry["metric"], entry["dataset"], entry["n"], _value(entry))
    out += "\n## Fairness: held-out templates, every group of people in each\n\n"
    out += _row("figure", "where", "n", "value") + _row(*["---"] * 4)
    groups = [entry for entry in fairness if entry["metric"].startswith("false alarms by group")]
    for entry in fairness:
        if entry not in groups:
            out += _row(entry["metric"], entry["dataset"], entry["n"], _value(entry))
    for language in ("en", "zh"):
        mine = [entry for entry in groups if entry["dataset"].startswith(language)]
        if not mine:
            continue
        shares = [entry["value"] for entry in mine]
        out += f"\nFalse alarms on neutral sentences by group, {language}: from {min(shares):.3f} to {max(shares):.3f}"
        worst = sorted(mine, key=lambda entry: -entry["value"])[:8]
        out += ". Highest: " + ", ".join(f"{e['dataset'][4:]} {e['value']:.2f} (n={e['n']})" for e in worst)
        out += ". All groups stand in the card.\n"
    return out
