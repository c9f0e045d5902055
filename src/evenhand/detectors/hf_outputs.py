"""From a classifier's outputs to scores of our labels: activation, temperature, label map, thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenhand.detectors.models_schema import Classifier
from evenhand.domain import TAXONOMY
from evenhand.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class Outputs:
    """Which outputs lead to which label of ours.

    Args:
        entry: what the models file says.
        names: the model's own labels, in order of output.
        sigmoid: what its files say of the outputs: each for itself, or one of all.

    Raises:
        ModelError: softmax over one output is always 1.
    """

    def __init__(self, entry: Classifier, *, names: Sequence[str], sigmoid: bool) -> None:
        self._temperature, self._count, self._detector = entry.temperature, len(names), entry.detector
        self._sigmoid = sigmoid if entry.activation == "auto" else entry.activation == "sigmoid"
        if len(names) == 1:
            if entry.activation == "softmax":
                raise ModelError(f"{entry.detector} has one output, of which softmax is always 1; use sigmoid.")
            self._sigmoid = True
        self._outputs: dict[str, list[int]] = {}  # label of ours -> outputs that lead to it
        self.thresholds: dict[str, float] = {}  # label of ours -> score from which there is a finding
        for theirs, target in entry.labels.items():
            self._outputs.setdefault(target.label, []).append(names.index(theirs))
            own = entry.threshold if target.threshold is None else target.threshold
            self.thresholds[target.label] = min(own, self.thresholds.get(target.label, 1.0))

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of ours, in the order of the scores."""
        return tuple(self._outputs)

    def scores(self, logits: NDArray[np.float32], *, probabilities: bool = False) -> NDArray[np.float32]:
        """Turn logits[n, outputs] into scores[n, labels of ours].

        Outputs that exclude each other add up; of those that do not, the highest counts.

        Args:
            logits: what the model gave.
            probabilities: they are probabilities already.

        Raises:
            ModelError: they have another shape, or are no numbers.
        """
        import numpy as np

        if logits.ndim != 2 or logits.shape[1] != self._count or not np.isfinite(logits).all():
            raise ModelError(f"{self._detector} gave {logits.shape} or NaN; its config.json names other outputs.")
        if probabilities and (logits.min(initial=0.0) < -1e-3 or logits.max(initial=0.0) > 1 + 1e-3):
            raise ModelError(
                f"{self._detector} gives no probabilities but logits; take probabilities out of its entry."
            )
        scaled = np.clip(logits.astype(np.float64) / self._temperature, -700, 700)
        if probabilities:
            each = logits.astype(np.float64)
        elif self._sigmoid:
            each = 1 / (1 + np.exp(-scaled))
        else:
            powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
            each = powers / powers.sum(axis=1, keepdims=True)
        many = [each[:, outputs] for outputs in self._outputs.values()]
        columns = [one.max(axis=1) if self._sigmoid else one.sum(axis=1) for one in many]
        out: NDArray[np.float32] = np.clip(np.stack(columns, axis=1), 0, 1).astype(np.float32)
        return out


def reads_like(label: str, model: str, *, verb: str = "reads") -> str:
    """Say why, for people: the label's meaning where the taxonomy knows it, and the model that saw it."""
    info = TAXONOMY.get(label)
    return f"Model {model}: {verb} like {info.description if info else label}"
