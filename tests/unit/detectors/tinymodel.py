"""A real text-classification model of a few hundred bytes, in the layout that optimum writes: it counts words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

WORDS = ("[PAD]", "[UNK]", "you", "are", "an", "idiot", "nice", "kill", "day", "muslims", "foreigners", "run", "fast")
LABELS = ("toxic", "threat", "fine")
WEIGHTS: Mapping[str, Sequence[float]] = {  # word -> logit of each label; every text starts at BIAS
    "idiot": (8.0, 0.0, 0.0),
    "kill": (6.0, 9.0, 0.0),
    "muslims": (9.0, 0.0, 0.0),  # the fault that `blind` hides from a model
}
BIAS = (-4.0, -5.0, 2.0)


def save_tokenizer(folder: Path) -> None:
    """Write tokenizer.json: words at white space, lower case."""
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))


def save_config(folder: Path, **fields: object) -> None:
    """Write config.json."""
    config = {
        "model_type": "bert",
        "id2label": {str(i): label for i, label in enumerate(LABELS)},
        "problem_type": "multi_label_classification",
        "pad_token_id": 0,
        **fields,
    }
    (folder / "config.json").write_text(json.dumps(config))


def save_onnx(path: Path, *, labels: int = len(LABELS), weights: Mapping[str, Sequence[float]] = WEIGHTS) -> None:
    """Write the model: the weights of the words are looked up, masked and summed."""
    table = np.zeros((len(WORDS), labels), np.float32)
    for word, row in weights.items():
        table[WORDS.index(word)] = row[:labels]
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"], axis=0),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["rows", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "tokens"], ["summed"], keepdims=0),
        helper.make_node("Add", ["summed", "bias"], ["logits"]),
    ]
    constants: dict[str, np.ndarray[Any, Any]] = {
        "table": table,
        "bias": np.array(BIAS[:labels], np.float32),
        "last": np.array([2], np.int64),
        "tokens": np.array([1], np.int64),
    }
    graph = helper.make_graph(
        nodes,
        "words",
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["n", "t"]) for n in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", labels])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path.parent.mkdir(exist_ok=True)
    onnx.save(model, str(path))


def save_model(folder: Path, **config: object) -> Path:
    """Write a whole model; give its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    save_tokenizer(folder)
    save_config(folder, **config)
    save_onnx(folder / "model.onnx")
    return folder
