"""Running a text-classification model: ONNX Runtime where there is an ONNX file, else PyTorch through transformers.

Both are given token ids by the same `tokenizers`, and give back logits.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from evenhand.detectors.hf_folder import HfFolder
from evenhand.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession

Inputs = dict[str, "NDArray[np.int64]"]  # input_ids, attention_mask, token_type_ids: int64[n, tokens]


class Engine(Protocol):
    """A loaded model."""

    def logits(self, inputs: Inputs) -> NDArray[np.float32]:
        """Give float32[n, labels] for `inputs`, which may hold more than the model takes."""
        ...


def load_engine(folder: HfFolder, *, threads: int) -> Engine:
    """Load the model of a folder, whose files must be those that were hashed.

    Args:
        folder: the model's files.
        threads: threads inside one run; 0: one per core that this process may use.

    Raises:
        ModelError: the files changed, cannot be loaded, or need something that is not installed.
    """
    folder.refuse_changed()
    count = threads or len(os.sched_getaffinity(0))
    return OnnxEngine(folder, threads=count) if folder.runtime == "onnx" else TorchEngine(folder, threads=count)


def onnx_session(file: Path, *, threads: int) -> InferenceSession:
    """Load an ONNX file.

    Raises:
        ModelError: it cannot be loaded.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # (its errors share no base of their own)
        raise ModelError(f"{file.name} cannot be loaded ({type(error).__name__}).") from error


class OnnxEngine:
    """A model in ONNX, as optimum exports it."""

    def __init__(self, folder: HfFolder, *, threads: int) -> None:
        self._session = onnx_session(folder.weights[0], threads=threads)
        self._types = {node.name: node.type for node in self._session.get_inputs()}
        if strange := sorted(set(self._types) - {"input_ids", "attention_mask", "token_type_ids"}):
            raise ModelError(f"{folder.weights[0].name} wants {', '.join(strange)}; it is no text classifier.")
        outputs = [node.name for node in self._session.get_outputs()]
        self._output = "logits" if "logits" in outputs else outputs[0]

    def logits(self, inputs: Inputs) -> NDArray[np.float32]:
        """Run the model once."""
        import numpy as np

        fed = {
            name: inputs[name].astype(np.int32 if kind == "tensor(int32)" else np.int64)
            for name, kind in self._types.items()
        }
        return np.asarray(self._session.run([self._output], fed)[0], dtype=np.float32)


class TorchEngine:
    """A model in safetensors, run by transformers."""

    def __init__(self, folder: HfFolder, *, threads: int) -> None:
        try:
            import safetensors  # noqa: F401  (transformers would ask for it later, less clearly)
            import torch
            from transformers import AutoModelForSequenceClassification
        except ImportError as error:
            raise ModelError(
                f"{folder.folder.name} has no ONNX file, so it needs transformers: "
                f"pip install 'evenhand[transformers]', or export it to ONNX."
            ) from error
        try:
            # Data only, from this folder only: no pickles, no code of the model's own, no network.
            self._model: Any = AutoModelForSequenceClassification.from_pretrained(
                str(folder.folder),
                local_files_only=True,
                use_safetensors=True,
                weights_only=True,
                trust_remote_code=False,
            )
        except Exception as error:
            raise ModelError(f"transformers cannot load {folder.folder.name} ({type(error).__name__}).") from error
        self._model.eval()
        self._torch, self._threads = torch, threads

    def logits(self, inputs: Inputs) -> NDArray[np.float32]:
        """Run the model once."""
        import inspect

        import numpy as np

        taken = inspect.signature(self._model.forward).parameters
        self._torch.set_num_threads(self._threads)
        with self._torch.inference_mode():
            fed = {name: self._torch.from_numpy(array) for name, array in inputs.items() if name in taken}
            return np.asarray(self._model(**fed).logits.float().numpy(), dtype=np.float32)
