"""Real picture models of a few hundred bytes, in the layouts that others write: they know colours.

A classifier of mean colours, and a pair of encoders whose texts and pictures meet in the same three numbers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from evenhand.domain import ImagePart

SIDE = 8  # px
LABELS = ("blood", "grass", "other")
# Of values from -1 to 1 in red, green and blue: the logits' weights, and what they start at.
WEIGHTS = ((6.0, 0.0, 0.0), (-6.0, 6.0, 0.0), (-6.0, 0.0, 0.0))
BIAS = (-4.0, 0.0, 2.0)
WORDS = ("[PAD]", "[UNK]", "a", "photo", "of", "red", "green", "blue", "grey", "thing")
MEANING = {"red": (1.0, -1.0, -1.0), "green": (-1.0, 1.0, -1.0), "blue": (-1.0, -1.0, 1.0)}
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (40, 30)) -> ImagePart:
    """Make a picture of one colour."""
    return ImagePart(image=Image.new("RGB", size, colour))


def save_processor(folder: Path, **fields: object) -> None:
    """Write preprocessor_config.json: squeezed to 8 x 8, values from -1 to 1."""
    said = {"image_processor_type": "ViTImageProcessor", "size": {"height": SIDE, "width": SIDE}, "resample": 2}
    norm = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    (folder / "preprocessor_config.json").write_text(json.dumps({**said, **norm, **fields}))


def save_config(folder: Path, **fields: object) -> None:
    """Write config.json."""
    named = {"model_type": "vit", "id2label": {str(i): label for i, label in enumerate(LABELS)}}
    (folder / "config.json").write_text(json.dumps({**named, **fields}))


def save_classifier(
    path: Path,
    *,
    shape: Sequence[int | str] = ("n", 3, SIDE, SIDE),
    weights: Sequence[Sequence[float]] = WEIGHTS,
    bias: Sequence[float] = BIAS,
    softmax: bool = False,
    kind: int = TensorProto.FLOAT,
) -> None:
    """Write the classifier: the picture's mean colour times the weights."""
    axes = [1, 2] if shape[3] == 3 else [2, 3]
    nodes = [
        helper.make_node("Cast", ["pixel_values"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["colour"], axes=axes, keepdims=0),
        helper.make_node("MatMul", ["colour", "weights"], ["weighed"]),
        helper.make_node("Add", ["weighed", "bias"], ["raw"]),
        helper.make_node("Softmax" if softmax else "Identity", ["raw"], ["logits"]),
    ]
    constants = {"weights": np.array(weights, np.float32), "bias": np.array(bias, np.float32)}
    _save(path, nodes, constants, inputs={"pixel_values": (kind, shape)}, outputs={"logits": ["n", len(bias)]})


def save_picture_model(folder: Path, **config: object) -> Path:
    """Write a whole classifier; give its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    save_config(folder, **config)
    save_processor(folder)
    save_classifier(folder / "model.onnx")
    return folder


def save_towers(folder: Path, *, output: str = "embeds", **config: object) -> Path:
    """Write a pair of encoders as CLIP's are exported; give its folder."""
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    text = {"max_position_embeddings": 7, "pad_token_id": 0}
    (folder / "config.json").write_text(json.dumps({"model_type": "clip", "text_config": text, **config}))
    save_processor(folder, image_processor_type="CLIPImageProcessor")
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    save_vision(folder / "onnx" / "vision_model.onnx", output=f"image_{output}" if output == "embeds" else output)
    table = np.zeros((len(WORDS), 3), np.float32)
    for word, row in MEANING.items():
        table[WORDS.index(word)] = row
    table[WORDS.index("grey")] = (0.01, 0.01, 0.01)  # a direction of its own: all colours alike
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"], axis=0),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["rows", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "tokens"], ["embeds"], keepdims=0),
    ]
    name = f"text_{output}" if output == "embeds" else output
    nodes.append(helper.make_node("Identity", ["embeds"], [name]))
    constants = {"table": table, "last": np.array([2], np.int64), "tokens": np.array([1], np.int64)}
    ids = (TensorProto.INT64, ["n", "t"])
    _save(
        folder / "onnx" / "text_model.onnx",
        nodes,
        constants,
        inputs={"input_ids": ids, "attention_mask": ids},
        outputs={name: ["n", 3]},
    )
    return folder


def save_vision(path: Path, *, output: str = "image_embeds", columns: int = 3) -> None:
    """Write the encoder of pictures: their mean colour."""
    nodes = [
        helper.make_node("ReduceMean", ["pixel_values"], ["colour"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["colour", "same"], [output]),
        helper.make_node("Identity", ["pixel_values"], ["last_hidden_state"]),
    ]
    inputs = {"pixel_values": (TensorProto.FLOAT, ["n", 3, "h", "w"])}
    outputs: dict[str, list[int | str]] = {"last_hidden_state": ["n", 3, "h", "w"], output: ["n", columns]}
    _save(path, nodes, {"same": np.eye(3, columns, dtype=np.float32)}, inputs=inputs, outputs=outputs)


def _save(
    path: Path,
    nodes: list[Any],
    constants: dict[str, Any],
    *,
    inputs: dict[str, Any],  # name -> element type and shape
    outputs: dict[str, list[int | str]],
) -> None:
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info(name, kind, list(shape)) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path.parent.mkdir(exist_ok=True)
    onnx.save(model, str(path))
