"""Write the heads as ONNX: standardisation folded into the weights, weights stored as fp16, arithmetic in float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.text.heads import Heads
from training.text.rows import LABELS


def export(model: Heads, path: Path) -> None:
    """Write `features` float32[n, 1792] -> `logits` float32[n, labels] to `path`."""
    state = {name: value.detach().numpy().astype(np.float64) for name, value in model.state_dict().items()}
    mean, spread = state["mean"], state["spread"]
    constants: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []

    def linear(source: str, target: str, name: str, *, fold: bool) -> None:
        weight, bias = state[f"{name}.weight"].T, state[f"{name}.bias"]
        if fold:
            weight = weight / spread[:, None]
            bias = bias - mean @ weight
        constants.append(numpy_helper.from_array(weight.astype(np.float16), f"{name}_w"))
        constants.append(numpy_helper.from_array(bias.astype(np.float32), f"{name}_b"))
        nodes.append(helper.make_node("Cast", [f"{name}_w"], [f"{name}_f"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Gemm", [source, f"{name}_f", f"{name}_b"], [target]))

    linear("features", "hidden", "inner", fold=True)
    nodes.append(helper.make_node("Relu", ["hidden"], ["active"]))
    linear("active", "bent", "outer", fold=False)
    linear("features", "straight", "direct", fold=True)
    nodes.append(helper.make_node("Add", ["bent", "straight"], ["logits"]))
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "harm",
        [info("features", TensorProto.FLOAT, ["texts", len(mean)])],
        [info("logits", TensorProto.FLOAT, ["texts", len(LABELS)])],
        constants,
    )
    out = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8, producer_name="evenhand")
    onnx.checker.check_model(out)
    path.write_bytes(out.SerializeToString())
