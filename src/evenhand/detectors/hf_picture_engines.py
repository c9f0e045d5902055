"""Running picture models of others: an ONNX file through ONNX Runtime, or safetensors through transformers.

Both are given normalised pictures, float32 [n, 3, height, width], and give back one row for each.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from evenhand.detectors.hf_engines import onnx_session
from evenhand.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_BATCH = 8  # pictures in one run: more is no faster, and holds more memory
_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


class PictureEngine(Protocol):
    """A loaded model."""

    def rows(self, pixels: Sequence[Floats]) -> Floats:
        """Give float32 [n, columns], logits or a vector, for pictures of float32 [3, height, width] each."""
        ...


class OnnxPictures:
    """A picture model in ONNX. Channels first or last, a fixed or a free batch: its input says which.

    Args:
        file: the ONNX file.
        size: width and height of what it will be shown.
        outputs: names of the output, the first that there is; else the only output with one row a picture.
        threads: threads inside one run; 0: one per core that this process may use.
    """

    def __init__(self, file: Path, *, size: tuple[int, int], outputs: Sequence[str], threads: int) -> None:
        self._session = onnx_session(file, threads=threads or len(os.sched_getaffinity(0)))
        inputs = [node for node in self._session.get_inputs() if len(node.shape) == 4]
        if len(inputs) != 1 or len(self._session.get_inputs()) != 1 or inputs[0].type not in _TYPES:
            raise ModelError(f"{file.name} does not take one batch of pictures in floating point; export it again.")
        (node,) = inputs
        self._input, self._type = node.name, _TYPES[node.type]
        self._last = node.shape[3] == 3 and node.shape[1] != 3
        own = node.shape[1:3] if self._last else node.shape[2:4]
        wanted = (size[1], size[0])
        if any(isinstance(side, int) and side != other for side, other in zip(own, wanted, strict=True)):
            raise ModelError(f"{file.name} takes {own[1]} x {own[0]} px and its files say {size[0]} x {size[1]}.")
        self._batch = node.shape[0] if isinstance(node.shape[0], int) else 0  # 0: as many as there are
        if self._batch > 1:
            raise ModelError(f"{file.name} takes {self._batch} pictures at a time; export it with a free batch.")
        self._output = output_of(file.name, self._session, outputs)

    def rows(self, pixels: Sequence[Floats]) -> Floats:
        """Run the model, some pictures at a time."""
        out = []
        step = self._batch or _BATCH
        for start in range(0, len(pixels), step):
            batch = np.stack(pixels[start : start + step]).astype(self._type)
            shown = np.ascontiguousarray(batch.transpose(0, 2, 3, 1)) if self._last else batch
            out.append(np.asarray(self._session.run([self._output], {self._input: shown})[0], np.float32))
        return np.concatenate(out)


class TorchPictures:
    """An image classifier in safetensors, run by transformers."""

    def __init__(self, folder: Path, *, threads: int) -> None:
        try:
            import safetensors  # noqa: F401  (transformers would ask for it later, less clearly)
            import torch
            from transformers import AutoModelForImageClassification
        except ImportError as error:
            raise ModelError(
                f"{folder.name} has no ONNX file, so it needs transformers: "
                f"pip install 'evenhand[transformers]', or export it to ONNX."
            ) from error
        try:
            # Data only, from this folder only: no pickles, no code of the model's own, no network.
            self._model: Any = AutoModelForImageClassification.from_pretrained(
                str(folder), local_files_only=True, use_safetensors=True, weights_only=True, trust_remote_code=False
            )
        except Exception as error:
            raise ModelError(f"transformers cannot load {folder.name} ({type(error).__name__}).") from error
        self._model.eval()
        self._torch, self._threads = torch, threads or len(os.sched_getaffinity(0))

    def rows(self, pixels: Sequence[Floats]) -> Floats:
        """Run the model, some pictures at a time."""
        self._torch.set_num_threads(self._threads)
        out = []
        with self._torch.inference_mode():
            for start in range(0, len(pixels), _BATCH):
                batch = self._torch.from_numpy(np.stack(pixels[start : start + _BATCH]))
                out.append(np.asarray(self._model(pixel_values=batch).logits.float().numpy(), np.float32))
        return np.concatenate(out)


def picture_engine(
    runtime: Literal["onnx", "transformers"], file: Path, *, size: tuple[int, int], threads: int
) -> PictureEngine:
    """Load an image classifier.

    Args:
        runtime: what runs it.
        file: its first weight file.
        size: width and height of what it will be shown.
        threads: threads inside one run; 0: one per core.

    Raises:
        ModelError: it cannot be loaded, or needs something that is not installed.
    """
    if runtime == "onnx":
        return OnnxPictures(file, size=size, outputs=("logits", "probabilities"), threads=threads)
    return TorchPictures(file.parent, threads=threads)


def output_of(file: str, session: Any, wanted: Sequence[str]) -> str:
    """Give the name of the output that has one row for each input.

    Raises:
        ModelError: several may be meant.
    """
    nodes = session.get_outputs()
    names = [node.name for node in nodes]
    flat = [node.name for node in nodes if len(node.shape) == 2]
    found = next((name for name in wanted if name in names), None) or (flat[0] if len(flat) == 1 else None)
    if found is None:
        raise ModelError(f"{file} has the outputs {', '.join(names)}, and none of them is {' or '.join(wanted)}."[:300])
    return found
