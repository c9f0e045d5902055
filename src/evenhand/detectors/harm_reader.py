"""text-2026.3 and later: a small multilingual transformer, read in two parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenhand.detectors.harm_models import LATEST, Reach
from evenhand.detectors.harm_spans import aligned, carrying, joined
from evenhand.domain.location import Span
from evenhand.fairness.neutral import Neutraliser
from evenhand.inference.calibration import Platt, apply, read_platt
from evenhand.inference.packages import TEXT, TEXT_PAST
from evenhand.inference.reader import Evidence, SoleReader, TextReader
from evenhand.matching.undisguise import Plain, undisguise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIRST = "text-2026.3"


class ReaderModel:
    """A version of the small multilingual transformer, read in two parts."""

    labels: tuple[str, ...] = (
        "harassment",
        "harassment.insult",
        "harassment.threat",
        "harassment.profanity",
        "hate.attack",
        "sexual.explicit",
        "sexual.suggestive",
        "sexual.solicitation",
        "violence.threat",
        "violence.graphic",
        "violence.promotion",
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
    reach = Reach(window=240, longest=480, most=8192)

    def __init__(self, version: str, *, threads: int = 0, cascade: bool = True) -> None:
        self.version = version
        kind = SoleReader if version == FIRST else TextReader
        self._reader = kind(version, package=TEXT if version == LATEST else TEXT_PAST, threads=threads)
        self._blind = Neutraliser()
        self._cascade = cascade
        self._late: tuple[Platt, ...] = ()
        self._early: tuple[Platt, ...] = ()
        self._rule: _Rule | None = None

    def thresholds(self) -> Sequence[float]:
        """See HarmModel."""
        self._prepare()
        return [platt.recommended for platt in self._late]

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See HarmModel; a text that the lower part finds plainly harmless is not read further."""
        return self._scores(texts, self._settled if self._cascade else None)

    def skim(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See HarmModel: how far the lower part alone is from settling a text."""
        import numpy as np

        self._prepare()
        readings = self._reader.read(self._seen(texts), enough=lambda early: np.ones(len(early), bool))
        return self._doubt(np.stack([reading.logits for reading in readings])) if readings else np.zeros(0, np.float32)

    def pool(self) -> None:
        """From now on keep the states of what is read, for `states`."""
        self._reader.pool()

    def states(self, texts: Sequence[str], *, whole: bool = False) -> NDArray[np.float32]:
        """Give the mean state of each text, as `TextReader.pooled` does; of texts read lately it costs nothing."""
        return self._reader.pooled(self._seen(texts), whole=whole)

    def toxic(self, text: str) -> list[Span]:
        """See HarmModel: what the head for toxic spans is sure of."""
        evidence, places, plain = self._evidence(text)
        return [plain.span(a, b) for a, b in joined(plain.text, places, evidence.toxic >= self._reader.sure)]

    def spans(self, text: str, labels: Sequence[str]) -> Mapping[str, list[Span]]:
        """See HarmModel: from the first to the last of the tokens that carry a label."""
        evidence, places, plain = self._evidence(text)
        out: dict[str, list[Span]] = {}
        for label in labels:
            chosen = carrying(evidence.share[:, self.labels.index(label)])
            found = joined(plain.text, places, chosen)
            out[label] = [plain.span(found[0][0], found[-1][1])] if found else []
        return out

    def _evidence(self, text: str) -> tuple[Evidence, list[Span], Plain]:
        plain = undisguise(text)
        seen = self._blind.neutral([plain.text])[0]
        evidence = self._reader.evidence(seen)
        return evidence, aligned(plain.text, seen, evidence.places), plain

    def _seen(self, texts: Sequence[str]) -> list[str]:
        """The texts as the network is shown them."""
        return self._blind.neutral([undisguise(text).text for text in texts])

    def _scores(
        self, texts: Sequence[str], enough: Callable[[NDArray[np.float32]], NDArray[np.bool_]] | None
    ) -> NDArray[np.float32]:
        import numpy as np

        self._prepare()
        readings = self._reader.read(self._seen(texts), enough=enough)
        if not readings:
            return np.zeros((0, len(self.labels)), np.float32)
        logits = np.stack([reading.logits for reading in readings])
        early = np.array([reading.early for reading in readings])[:, None]
        return np.where(early, apply(self._early, logits), apply(self._late, logits))

    def _settled(self, early: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which of the texts with these early logits need not be read further."""
        settled: NDArray[np.bool_] = self._doubt(early) < self._prepare().limit
        return settled

    def _doubt(self, early: NDArray[np.float32]) -> NDArray[np.float32]:
        """How likely the upper part would have doubts about texts with these early logits; higher: likelier."""
        rule = self._prepare()
        doubt: NDArray[np.float32] = early @ rule.weights
        if rule.most:
            doubt = doubt + rule.most * (early * rule.gain + rule.shift).max(axis=1)
        return doubt

    def _prepare(self) -> _Rule:
        """Read calibration and early rule from the card, once."""
        if self._rule is None:
            import numpy as np

            card = self._reader.card
            self._late = read_platt(card.calibration, self.labels)
            early = card.raw["early"]
            self._early = read_platt(early["calibration"], self.labels)
            self._rule = _Rule(
                weights=np.array([early["weights"][label] for label in self.labels], np.float32),
                most=float(early.get("most", 0)),
                gain=np.array([platt.a for platt in self._early], np.float32),
                shift=np.array([platt.b for platt in self._early], np.float32),
                limit=float(early["limit"]),
            )
        return self._rule


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """When the lower part is enough: a weighing of the early logits and of the highest calibrated one; its limit."""

    weights: NDArray[np.float32]  # [labels]
    most: float
    gain: NDArray[np.float32]  # [labels], of the early calibration
    shift: NDArray[np.float32]  # [labels]
    limit: float
