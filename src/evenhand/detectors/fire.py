"""Doubt about gore where a picture shows fire or smoke, which the gore model mistakes for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenhand.errors import ModelError
from evenhand.inference.general import GeneralEmbedder
from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    from evenhand.domain import ImagePart

_LABEL, _METHOD = "violence.graphic", "fire-doubt"


class FireDoubt:
    """How much of the evidence for gore to take back, by a head that knows fire and smoke.

    The amount is bounded by the card: a picture in which gore is beyond doubt stays gore, in flames or not.
    """

    def __init__(self, *, threads: int = 0) -> None:
        self._general = GeneralEmbedder(threads=threads)
        self._head = LazySession("evenhand_models_vision", "fire", threads=threads)

    def of(self, part: ImagePart) -> float:
        """Give the log-odds to take off gore: 0 without fire, the card's `most` with certain fire.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        fire = self._head.run(["fire"], {"embedding": self._general.of(part)[None]})[0]
        return self._most() * float(fire[0])

    def _most(self) -> float:
        entry = self._head.card.calibration.get(_LABEL, {})
        if entry.get("method") != _METHOD:
            raise ModelError(
                f"The card of fire does not say how it weighs on {_LABEL}; reinstall evenhand-models-vision."
            )
        return float(entry["most"])
