"""Take the embeddings out of text-2026.3's lower part, so that later versions can share them.

`python -m training.text.recut LOWER.onnx OUT.onnx`; run once, kept as a record. The nodes that are left are those that
were there, so no score moves.
"""

from __future__ import annotations

import sys
from pathlib import Path

import onnx
from onnx import TensorProto, helper

WIDTH = 384


def recut(source: Path, target: Path) -> None:
    """Write the graph with the input `words` float32[tokens, width] in the place of `ids`."""
    model = onnx.load(str(source))
    graph = model.graph
    added = next(node for node in graph.node if node.op_type == "Add")  # of words and places
    made = {name: node for node in graph.node for name in node.output}

    def drop(name: str) -> None:
        node = made.pop(name, None)
        if node is not None:
            graph.node.remove(node)
            for other in node.input:
                drop(other)

    drop(added.input[0])
    added.input[0] = "words"
    graph.node.insert(0, helper.make_node("Shape", ["words"], ["whole"]))
    graph.node.insert(1, helper.make_node("Slice", ["whole", "i0", "i1"], ["count"]))
    for node in graph.node:
        if node.op_type == "Slice" and node.output[0] != "count":
            graph.node[list(graph.node).index(node)].input[2] = "count"
    for node in [node for node in graph.node if node.op_type == "Shape" and node.input[0] == "ids"]:
        graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    for item in [item for item in graph.initializer if item.name not in used]:
        graph.initializer.remove(item)
    graph.input[0].CopyFrom(helper.make_tensor_value_info("words", TensorProto.FLOAT, ["tokens", WIDTH]))
    target.write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    recut(Path(sys.argv[1]), Path(sys.argv[2]))
