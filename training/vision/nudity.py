"""The two nudity models, each with its class activation map as a second output.

Both end in a global average pool and one linear layer, so the layer applied to every cell of the last feature map
gives a map whose mean over the cells is exactly the logit (Zhou et al. 2016, "Learning deep features for
discriminative localization"). The maps say where the evidence lies at no extra cost.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, helper

from training.vision.graph import Floats, Graph, array_of, f32, opened

OPENNSFW_BGR_MEAN = (104.0, 117.0, 123.0)
GELU_OPSET = 20  # the first whose operators include Gelu


def image_safety(source: Path) -> ModelProto:
    """EfficientFormerV2 classifier: ``probabilities`` [n, 3] and ``maps`` [n, 3, 7, 7], order NSFL, NSFW, SFW."""
    model = onnx.load(source)
    graph = opened(model)
    prefix = Graph()
    planes = prefix.pixels()
    # two heads (class and distillation) averaged: fold them into one linear layer
    weight = (array_of(graph, "model.head.weight") + array_of(graph, "model.head_dist.weight")) / 2.0
    bias = array_of(graph, "model.head.bias")
    tail = _behind(graph, "getitem_90")
    body = with_gelu([_renamed(node, {"image": planes}) for node in graph.nodes if not tail & set(node.output)])
    return _with_maps(
        Graph(nodes=prefix.nodes + body, constants=prefix.constants + graph.constants),
        features="getitem_90",
        weight=f32(weight),
        bias=f32(bias),
        name="image-safety",
        opset=GELU_OPSET,
    )


def opennsfw(source: Path) -> ModelProto:
    """Yahoo's ResNet: ``probabilities`` [n, 2] and ``maps`` [n, 2, 7, 7], order safe, NSFW."""
    model = onnx.load(source)
    graph = opened(model)
    prefix = Graph()
    planes = prefix.pixels(mean=OPENNSFW_BGR_MEAN[::-1])
    first = next(node for node in graph.nodes if node.op_type == "Conv").input[1]
    for tensor in graph.constants:
        if tensor.name == first:  # the network was trained on BGR: turn its first kernel, not every picture
            kernel = onnx.numpy_helper.to_array(tensor)[:, ::-1]
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(kernel), first))
    start = graph.nodes[0].output[0]
    end = next(i for i, node in enumerate(graph.nodes) if node.op_type == "AveragePool")
    body = [_renamed(node, {start: planes}) for node in graph.nodes[1:end]]
    return _with_maps(
        Graph(nodes=prefix.nodes + body, constants=prefix.constants + graph.constants),
        features=graph.nodes[end].input[0],
        weight=f32(array_of(graph, "fc_nsfw/MatMul/ReadVariableOp:0")).T,
        bias=f32(array_of(graph, "fc_nsfw/BiasAdd/ReadVariableOp:0")),
        name="opennsfw",
        opset=model.opset_import[0].version,
    )


def with_gelu(nodes: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Write each x * (1 + erf(x / sqrt 2)) / 2 as one Gelu, which is the same and takes a third of the time.

    The runtime does so by itself where the factors stand in another order.
    """
    made = {value: node for node in nodes for value in node.output}
    read: dict[str, list[onnx.NodeProto]] = {}
    for node in nodes:
        for value in node.input:
            read.setdefault(value, []).append(node)
    dropped: set[str] = set()
    gelus: dict[str, onnx.NodeProto] = {}
    for node in nodes:
        if node.op_type != "Erf":
            continue
        root = made[node.input[0]]
        chain = [root, node]
        while len(chain) < 5 and len(read[chain[-1].output[0]]) == 1:
            chain += read[chain[-1].output[0]]
        if [one.op_type for one in chain] == ["Div", "Erf", "Add", "Mul", "Mul"] and root.input[0] in chain[-1].input:
            dropped |= {one.output[0] for one in chain[:-1]}
            out = chain[-1].output[0]
            gelus[out] = helper.make_node("Gelu", [root.input[0]], [out], name=chain[-1].name)
    return [gelus.get(node.output[0], node) for node in nodes if node.output[0] not in dropped]


def _behind(graph: Graph, features: str) -> set[str]:
    """Names of every value computed from ``features``; nodes are in topological order."""
    reached = {features}
    for node in graph.nodes:
        if reached & set(node.input):
            reached |= set(node.output)
    return reached - {features}


def _renamed(node: onnx.NodeProto, names: dict[str, str]) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    del copy.input[:]
    copy.input.extend(names.get(name, name) for name in node.input)
    return copy


def _with_maps(graph: Graph, *, features: str, weight: Floats, bias: Floats, name: str, opset: int) -> ModelProto:
    classes = len(weight)
    kernel = graph.constant(weight[:, :, None, None], name="evenhand.head")
    offset = graph.constant(bias, name="evenhand.bias")
    graph.nodes.append(helper.make_node("Conv", [features, kernel, offset], ["maps"], kernel_shape=[1, 1]))
    graph.nodes.append(helper.make_node("GlobalAveragePool", ["maps"], ["evenhand.pooled"]))
    graph.nodes.append(helper.make_node("Flatten", ["evenhand.pooled"], ["evenhand.logits"]))
    graph.nodes.append(helper.make_node("Softmax", ["evenhand.logits"], ["probabilities"], axis=1))
    used = {value for node in graph.nodes for value in node.input}
    graph.constants = [tensor for tensor in graph.constants if tensor.name in used]
    outputs = {"probabilities": ("n", classes), "maps": ("n", classes, 7, 7)}
    return graph.finish(name, size=224, outputs=outputs, opset=opset)
