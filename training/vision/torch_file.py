"""Read a legacy ``torch.save`` state dict with numpy alone.

The file is a chain of pickles. Its unpickler may build nothing but ordered dicts and tensor descriptions, so a
hostile file raises instead of running code.
"""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DTYPES: dict[str, type[np.generic]] = {
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "IntStorage": np.int32,
    "LongStorage": np.int64,
}
_Tensor = tuple[str, int, tuple[int, ...], tuple[int, ...]]  # storage key, offset, size, stride


def _describe(key: str, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> _Tensor:
    """Stand in for torch's tensor builder."""
    return (key, offset, size, stride)


class _Attributed(dict[str, Any]):
    """An ordered dict that may carry attributes, as torch's state dicts do (``_metadata``)."""


class _Reader(pickle.Unpickler):
    storages: dict[str, str]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _Attributed
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _describe
        if module == "torch" and name in _DTYPES:
            return name
        raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which is not allowed")

    def persistent_load(self, pid: Any) -> str:
        _, kind, key, *_ = pid
        self.storages[key] = kind
        return str(key)


def read_state_dict(path: Path) -> dict[str, NDArray[np.generic]]:
    """Tensor name to array. Raises ``pickle.UnpicklingError`` on anything but plain tensors."""
    with path.open("rb") as stream:
        for _ in range(3):  # magic number, protocol version, system info
            _reader(stream).load()
        reader = _reader(stream)
        entries: dict[str, Any] = reader.load()
        keys: list[str] = _reader(stream).load()
        data: dict[str, NDArray[np.generic]] = {}
        for key in keys:
            count = struct.unpack("<q", stream.read(8))[0]
            dtype = np.dtype(_DTYPES[reader.storages[key]])
            data[key] = np.frombuffer(stream.read(count * dtype.itemsize), dtype)
    return {name: _view(data[entry[0]], entry) for name, entry in entries.items()}


def _reader(stream: Any) -> _Reader:
    reader = _Reader(stream)
    reader.storages = {}
    return reader


def _view(storage: NDArray[np.generic], entry: _Tensor) -> NDArray[np.generic]:
    _, offset, size, stride = entry
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps).copy()
