"""The versions of the harm model: each keeps its weights, its way of reading a text, and so its scores."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from evenhand.domain.location import Span
from evenhand.errors import SettingsError
from evenhand.fairness.neutral import FIRST_TABLE, Neutraliser
from evenhand.inference.calibration import Platt, apply, read_platt
from evenhand.inference.encoder import PACKAGE, TextEncoder
from evenhand.inference.reader import Evidence, TextReader
from evenhand.inference.sessions import LazySession
from evenhand.matching.undisguise import Plain, undisguise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHUNK = 256  # texts whose features are held in memory together
_TOKEN = re.compile(r"\w+|\W")
_SURE = 0.5  # probability from which on a token belongs to a toxic span
_CARRIES = 0.6  # share of a label's evidence that its spans hold together
_GAP = 2  # tokens between two spans that are joined

LATEST = READER = "text-2026.3"
HEADS = "text-2026.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How much of a text a model reads at a time."""

    window: int  # UTF-8 bytes of sentences read together
    longest: int  # UTF-8 bytes of one sentence; a longer one is cut
    most: int  # windows looked at in one text; of more, so many are taken evenly


class HarmModel(Protocol):
    """One version of the harm model."""

    @property
    def version(self) -> str:
        """The name under which it is asked for; answers carry it."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """What it scores, in the order of its columns."""
        ...

    @property
    def reach(self) -> Reach:
        """How much of a text it reads at a time."""
        ...

    def thresholds(self) -> Sequence[float]:
        """The score of each label from which on its card recommends to report it."""
        ...

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Calibrated scores float32[n, labels] of texts that each fit its reach."""
        ...

    def skim(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """How bad each text looks at little cost, float32[n]: the windows of a very long text are ranked by it."""
        ...

    def toxic(self, text: str) -> list[Span]:
        """The words of a window that make it abusive or hateful; none where it does not point at words."""
        ...

    def spans(self, text: str, labels: Sequence[str]) -> Mapping[str, list[Span]]:
        """Where in a text, one sentence or a few, each label's evidence stands; empty lists where it cannot say."""
        ...


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
        self._heads = LazySession(PACKAGE, "harm", threads=1)  # far too small to share out
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


class ReaderModel:
    """2026.3 and later: a small multilingual transformer, read in two parts."""

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
        self._reader = TextReader(PACKAGE, version, threads=threads)
        self._blind = Neutraliser()
        self._cascade = cascade
        self._late: tuple[Platt, ...] = ()
        self._early: tuple[Platt, ...] = ()
        self._rule: tuple[NDArray[np.float32], float] | None = None

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

        weights, _ = self._prepare()
        readings = self._reader.read(self._seen(texts), enough=lambda early: True)
        return np.array([float(reading.logits @ weights) for reading in readings], np.float32)

    def toxic(self, text: str) -> list[Span]:
        """See HarmModel: what the head for toxic spans is sure of."""
        evidence, places, plain = self._evidence(text)
        return [plain.span(a, b) for a, b in _joined(plain.text, places, evidence.toxic >= _SURE)]

    def spans(self, text: str, labels: Sequence[str]) -> Mapping[str, list[Span]]:
        """See HarmModel: from the first to the last of the tokens that carry a label."""
        evidence, places, plain = self._evidence(text)
        out: dict[str, list[Span]] = {}
        for label in labels:
            chosen = _carrying(evidence.share[:, self.labels.index(label)])
            found = _joined(plain.text, places, chosen)
            out[label] = [plain.span(found[0][0], found[-1][1])] if found else []
        return out

    def _evidence(self, text: str) -> tuple[Evidence, list[Span], Plain]:
        plain = undisguise(text)
        seen = self._blind.neutral([plain.text])[0]
        evidence = self._reader.evidence(seen)
        return evidence, _aligned(plain.text, seen, evidence.places), plain

    def _seen(self, texts: Sequence[str]) -> list[str]:
        """The texts as the network is shown them."""
        return self._blind.neutral([undisguise(text).text for text in texts])

    def _scores(
        self, texts: Sequence[str], enough: Callable[[NDArray[np.float32]], bool] | None
    ) -> NDArray[np.float32]:
        import numpy as np

        self._prepare()
        readings = self._reader.read(self._seen(texts), enough=enough)
        if not readings:
            return np.zeros((0, len(self.labels)), np.float32)
        logits = np.stack([reading.logits for reading in readings])
        early = np.array([reading.early for reading in readings])[:, None]
        return np.where(early, apply(self._early, logits), apply(self._late, logits))

    def _settled(self, early: NDArray[np.float32]) -> bool:
        weights, limit = self._prepare()
        return float(early @ weights) < limit

    def _prepare(self) -> tuple[NDArray[np.float32], float]:
        """Read calibration and early rule from the card, once; give the rule: weights of the early logits, limit."""
        if self._rule is None:
            import numpy as np

            card = self._reader.card
            self._late = read_platt(card.calibration, self.labels)
            early = card.raw["early"]
            self._early = read_platt(early["calibration"], self.labels)
            weights = np.array([early["weights"][label] for label in self.labels], np.float32)
            self._rule = weights, float(early["limit"])
        return self._rule


def open_model(version: str, *, threads: int = 0, cascade: bool = True) -> HarmModel:
    """Give a version of the harm model.

    Raises:
        SettingsError: there is no such version.
    """
    if version == HEADS:
        return HeadsModel(threads=threads)
    if version == READER:
        return ReaderModel(version, threads=threads, cascade=cascade)
    known = ", ".join((READER, HEADS))
    raise SettingsError(f"There is no text model {version!r}; EVENHAND_TEXT_MODEL may be: {known}.")


def _carrying(share: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Choose the fewest tokens that together hold `_CARRIES` of what speaks for a label."""
    import numpy as np

    gain = np.maximum(share, 0)
    order = np.argsort(-gain)
    held = np.cumsum(gain[order])
    chosen = np.zeros(len(share), bool)
    if len(held) and held[-1] > 0:
        chosen[order[: int(np.searchsorted(held, _CARRIES * held[-1])) + 1]] = True
    return chosen


def _joined(text: str, places: Sequence[Span], chosen: NDArray[np.bool_]) -> list[Span]:
    """Make spans of whole words of the chosen tokens; near ones become one."""
    out: list[Span] = []
    last = -9
    for i in range(len(places)):
        start, end = places[i]
        if not chosen[i] or not any(character.isalnum() for character in text[start:end]):
            continue
        start, end = _words(text, start, end)
        if out and (i - last <= _GAP or start <= out[-1][1]):
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
        last = i
    return out


def _words(text: str, start: int, end: int) -> Span:
    """Widen a span to the words it touches, in scripts that part words; without white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while start > 0 and _narrow(text[start - 1]) and _narrow(text[start]):
        start -= 1
    while end < len(text) and _narrow(text[end]) and _narrow(text[end - 1]):
        end += 1
    return start, end


def _narrow(character: str) -> bool:
    return character.isalnum() and character < "\u0e00"


def _aligned(old: str, new: str, places: Sequence[Span]) -> list[Span]:
    """Give the spans of `new` as spans of `old`, from which it differs in a few words."""
    if old == new:
        return list(places)
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    starts = [0]  # for each character of `new`, and its end, where in `old` it stands
    at = 0
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        was, now = sum(map(len, before[a:b])), sum(map(len, after[c:d]))
        if kind == "equal":
            starts += range(at + 1, at + was + 1)
        else:
            starts += [at + (i * was) // now for i in range(1, now + 1)]
        at += was
        starts[-1] = at if now else starts[-1]
    return [(starts[a], starts[b]) for a, b in places]
