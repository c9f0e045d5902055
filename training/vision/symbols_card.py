"""Write the cards of the symbol models: what a person wrote stands in ``cards``, the rest is told by the files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import onnx

CARDS = Path(__file__).with_name("cards")
COMMAND = "python -m training.vision.symbols_build"
NAMES = ("symbol-finder", "symbol-reader")


def write_cards(package: Path, constants: dict[str, dict[str, Any]], *, rows: int, photos: int) -> None:
    """Write both cards beside their weights.

    Args:
        package: folder of the weights.
        constants: the reader's calibration, by shape.
        rows: rendered rows that were learnt from.
        photos: harmless photos that were learnt from.
    """
    training = [
        {"name": "rendered rows (synthetic)", "source": "training/vision/symbols_data.py", "commit": "", "rows": rows,
         "licence": "Apache-2.0; drawn on public-domain and CC photos and on made-up grounds"},
        {"name": "harmless photos", "source": "Open Images and other licensed photos", "commit": "", "rows": photos,
         "licence": "CC BY 2.0 and other; as negatives only"},
    ]  # fmt: skip
    for name in NAMES:
        written: dict[str, Any] = json.loads((CARDS / f"{name}.json").read_text("utf-8"))
        meanings: dict[str, str] = written.pop("meanings")
        file = package / f"{name}.onnx"
        graph = onnx.load(file).graph
        card = {
            "name": name,
            "version": "0.1.0",
            "file": file.name,
            "sha256": _sha256(file),
            "bytes": file.stat().st_size,
            "source": {"package": "evenhand", "version": "0.1.0", "file": "training/vision/symbols_build.py",
                       "sha256": _sha256(Path(__file__).with_name("symbols_build.py"))},
            "conversion": {"command": COMMAND, "changed": written.pop("conversion")},
            "inputs": [_value(entry, meanings) for entry in graph.input],
            "outputs": [_value(entry, meanings) for entry in graph.output],
            "files": {written["licence_text"]: _sha256(package / written["licence_text"])},
            **written,
            "calibration": constants if name == "symbol-reader" else {},
            "training_data": training,
        }  # fmt: skip
        text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
        (package / f"{name}.card.json").write_text(text, "utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _value(entry: onnx.ValueInfoProto, meanings: dict[str, str]) -> dict[str, Any]:
    kind = entry.type.tensor_type
    return {
        "name": entry.name,
        "shape": [side.dim_param or side.dim_value for side in kind.shape.dim],
        "dtype": onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name,
        "meaning": meanings[entry.name],
    }
