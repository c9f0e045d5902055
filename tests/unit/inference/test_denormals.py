"""Weights next to nothing are taken out of a model, everything else stays to the bit."""

from __future__ import annotations

from importlib import resources

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from evenhand.errors import ModelError
from evenhand.inference.denormals import flushed

TINY = np.asarray([[1.0, 1e-40, -1e-39], [0.0, -2.5, 1e-20]], np.float32)


def model(*, raw: bool = True, kind: int = TensorProto.FLOAT) -> bytes:
    weight = numpy_helper.from_array(TINY, "w")
    if not raw:
        weight = helper.make_tensor("w", TensorProto.FLOAT, TINY.shape, TINY.ravel().tolist())
    if kind != TensorProto.FLOAT:
        weight = numpy_helper.from_array(np.arange(6, dtype=np.int32).reshape(2, 3), "w")
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Identity", ["w"], ["y"])], "g", [], [value("y", kind, [2, 3])], initializer=[weight]
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(made.SerializeToString())


def weights(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(numpy_helper.to_array(onnx.load_from_string(data).graph.initializer[0]))


@pytest.mark.parametrize("raw", [True, False])
def test_only_weights_next_to_nothing_become_nothing(raw: bool) -> None:
    assert weights(flushed(model(raw=raw))).tolist() == [[1.0, 0.0, 0.0], [0.0, -2.5, np.float32(1e-20)]]


def test_other_kinds_of_numbers_stay() -> None:
    data = model(kind=TensorProto.INT32)
    assert flushed(data) == data


def test_what_is_no_model_is_said() -> None:
    for data in (b"\x3a\xff\xff\xff\xff\x0f", b"\x3f\x01", b"\x08"):
        with pytest.raises(ModelError, match="reinstall"):
            flushed(data)


def test_the_search_for_text_has_such_weights_and_says_the_same_without() -> None:
    data = (resources.files("rapidocr") / "models" / "PP-OCRv6_det_small.onnx").read_bytes()
    clean = flushed(data)
    assert clean != data
    assert len(clean) == len(data)
    shown = np.random.default_rng(0).random((1, 3, 64, 64), np.float32)
    first, second = (
        ort.InferenceSession(one, providers=["CPUExecutionProvider"]).run(None, {"x": shown})[0]
        for one in (data, clean)
    )
    assert np.array_equal(first, second)
