"""ONNX Runtime sessions: one for each model, made on first use, from a verified file."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from evenhand.inference.cards import ModelCard, load_card

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


_AT_A_TIME = 4  # models of pictures that are at work together, as a rule


def beside_others(threads: int) -> int:
    """Give the threads for a model that runs at the same time as others: a share of the cores, at least one.

    A run that is split over cores on which other models want to run is only cut into pieces that wait for each other.

    Args:
        threads: what the operator set; 0: nothing.
    """
    return threads or max(1, len(os.sched_getaffinity(0)) // _AT_A_TIME)


class LazySession:
    """A model that is verified and loaded on first use, once, whatever the number of threads that ask.

    Args:
        package: import name of the model package.
        name: model name, as in its card.
        threads: threads inside one run; 0: one per core that this process may use.
    """

    def __init__(self, package: str, name: str, *, threads: int = 0) -> None:
        self._package, self._name, self._threads = package, name, threads
        self._lock = threading.Lock()
        self._card: ModelCard | None = None
        self._session: InferenceSession | None = None

    @property
    def card(self) -> ModelCard:
        """The model's card.

        Raises:
            ModelError: the package or its card is missing.
        """
        if self._card is None:
            self._card = load_card(self._package, self._name)
        return self._card

    @property
    def session(self) -> InferenceSession:
        """The session itself, loaded now if it was not.

        Raises:
            ModelError: the weights are missing or not what their card describes.
        """
        if self._session is None:
            with self._lock:
                if self._session is None:
                    self._session = self._load()
        return self._session

    def run(self, outputs: list[str] | None, inputs: dict[str, Any]) -> list[Any]:
        """Run the model once.

        Args:
            outputs: names of the outputs wanted; None: all, in the order of the card.
            inputs: input name -> array, shapes and types as in the card.
        """
        return list(self.session.run(outputs, inputs))

    def _load(self) -> InferenceSession:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads or len(os.sched_getaffinity(0))
        options.inter_op_num_threads = 1
        # Spinning threads would steal the cores from the other detectors of the same request.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return ort.InferenceSession(str(self.card.path()), options, providers=["CPUExecutionProvider"])
