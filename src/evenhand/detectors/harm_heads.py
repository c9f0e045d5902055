"""text-2026.2: small heads on a frozen sentence encoder, kept for those who pinned it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evenhand.detectors.harm_models import Reach
from evenhand.domain.location import Span
from evenhand.fairness.neutral import FIRST_TABLE, Neutraliser
from evenhand.inference.calibration import Platt, apply, read_platt
from evenhand.inference.encoder import TextEncoder
from evenhand.inference.packages import TEXT_PAST
from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HEADS = "text-2026.2"
_CHUNK = 256  # texts whose features are held in memory together


class HeadsModel:
    """2026.2: small heads on the frozen sentence encoder."""

    version = HEADS
    labels: tuple[str, ...] = (
        "harassment",
        "harassment.insult",
        "harassment.threat",
        "harassment.profanity",
        "hate.attack",
        "sexual.explicit",
        "sexual.solicitation",
        "violence.threat",
        "extremism.promotion",
        "self_harm",
        "politics",
        "spam.bulk",
        "spam.scam",
        "ads.promotion",
        "contraband.drugs",
        "contraband.gambling",
        "contraband.weapons_trade",
    )
    reach = Reach(window=100, longest=200, most=1024)

    def __init__(self, *, threads: int = 0) -> None:
        self._encoder = TextEncoder(threads=threads)
        self._blind = Neutraliser(FIRST_TABLE)
        self._heads = LazySession(TEXT_PAST, "harm", threads=1)  # far too small to share out
        self._platts: tuple[Platt, ...] = ()

    def thresholds(self) -> Sequence[float]:
        """See HarmModel."""
        return [platt.recommended for platt in self._calibration()]

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See HarmModel."""
        import numpy as np

        tables = [np.zeros((0, len(self.labels)), np.float32)]
        for at in range(0, len(texts), _CHUNK):
            seen = self._blind.neutral(texts[at : at + _CHUNK])
            features = self._encoder.features(seen)
            tables.append(apply(self._calibration(), self._heads.run(["logits"], {"features": features})[0]))
        return np.concatenate(tables)

    def skim(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See HarmModel; this one has nothing cheaper."""
        worst: NDArray[np.float32] = self.scores(texts).max(axis=1)
        return worst

    def toxic(self, text: str) -> list[Span]:
        """See HarmModel; this one cannot point."""
        return []

    def spans(self, text: str, labels: Sequence[str]) -> Mapping[str, list[Span]]:
        """See HarmModel; this one knows sentences only."""
        return {label: [] for label in labels}

    def _calibration(self) -> tuple[Platt, ...]:
        if not self._platts:
            self._platts = read_platt(self._heads.card.calibration, self.labels)
        return self._platts
