"""The gun finder's head on lite0's two maps: a score and a box for each cell, and one score for the picture.

One level of anchor-free detection (FCOS, Tian et al. 2019: four distances from a cell to its box's sides), each cell
scored by how well its box will overlap (varifocal loss, Zhang et al. 2021). lite0 itself is not trained.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper
from torch import Tensor, nn
from torch.nn import functional

from training.vision.graph import OPSET, Floats, Graph, f32, halved
from training.vision.weapons_data import FREE, Kept

WIDTH, REACH, LAYERS = 64, 0.15, 2
EPOCHS, BATCH, RATE = 6, 32, 3e-3
_CENTRAL = 0.5  # of a box's sides: cells in this middle part learn the box


class Head(nn.Module):
    """From ``coarse`` [n, 1280, s, s] and ``fine`` [n, 112, 2s, 2s] to cell logits, distances and picture logits."""

    def __init__(self) -> None:
        super().__init__()
        self.coarse, self.fine = nn.Conv2d(1280, WIDTH, 1), nn.Conv2d(112, WIDTH, 1)
        self.context, self.picture = nn.Conv2d(1280, WIDTH, 1), nn.Conv2d(1280, 1, 1)
        self.deep = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 5, padding=2, groups=WIDTH) for _ in range(LAYERS))
        self.wide = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 1) for _ in range(LAYERS))
        self.out = nn.Conv2d(WIDTH, 5, 1)
        self.drop = nn.Dropout2d(0.25)
        nn.init.constant_(self.out.bias[0], -3.0)

    def forward(self, coarse: Tensor, fine: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        coarse = self.drop(coarse)
        pooled = coarse.mean((2, 3), keepdim=True)
        x = functional.interpolate(self.coarse(coarse), scale_factor=2, mode="nearest")
        x = functional.relu(x + self.fine(self.drop(fine)) + self.context(pooled))
        for deep, wide in zip(self.deep, self.wide, strict=True):
            x = x + functional.relu(wide(functional.relu(deep(x))))
        out = self.out(x)
        return out[:, 0], torch.exp(out[:, 1:].clamp(-5, 3)) * REACH, self.picture(pooled).flatten()


def targets(boxes: Floats, side: int) -> tuple[NDArray[np.bool_], Floats]:
    """Which cells learn a box [side, side], and the box that each learns [4, side, side]; the smallest wins."""
    at = (np.arange(side) + 0.5) / side
    own, truth = np.zeros((side, side), bool), np.zeros((4, side, side), np.float32)
    for box in sorted(boxes, key=lambda b: -float((b[2] - b[0]) * (b[3] - b[1]))):
        centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * _CENTRAL
        near = [np.abs(at - c) <= max(h, 0.5 / side) for c, h in zip(centre, half, strict=True)]
        here = near[1][:, None] & near[0][None, :]
        own |= here
        truth[:, here] = box[:, None]
    return own, truth


def corners_of(reach: Tensor) -> Tensor:
    """Corners [n, 4, s, s] from distances to left, top, right, bottom."""
    side = reach.shape[-1]
    at = (torch.arange(side) + 0.5) / side
    x, y = at[None, None, :], at[None, :, None]
    return torch.stack([x - reach[:, 0], y - reach[:, 1], x + reach[:, 2], y + reach[:, 3]], 1)


def overlaps(one: Tensor, two: Tensor) -> tuple[Tensor, Tensor]:
    """(IoU, GIoU) of boxes [m, 4] pairwise (Rezatofighi et al. 2019)."""
    low, far = torch.maximum(one[:, :2], two[:, :2]), torch.minimum(one[:, 2:], two[:, 2:])
    both = (far - low).clamp(min=0).prod(1)
    total = (one[:, 2:] - one[:, :2]).prod(1) + (two[:, 2:] - two[:, :2]).prod(1) - both
    hull = (torch.maximum(one[:, 2:], two[:, 2:]) - torch.minimum(one[:, :2], two[:, :2])).prod(1)
    iou = both / total.clamp(min=1e-6)
    return iou, iou - (hull - total) / hull.clamp(min=1e-6)


def fit(kept: Kept, rows: NDArray[np.int64], *, seed: int = 0) -> Head:
    """Train on the given rows; the same network at every run with the same libraries."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    head = Head()
    side = kept.fine[0].shape[-1]
    aims = {int(i): targets(kept.boxes[i], side) for i in rows}
    optimiser = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=0.03)
    steps = EPOCHS * (len(rows) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=RATE, total_steps=steps)
    head.train()
    for _ in range(EPOCHS):
        order = rng.permutation(rows)
        for start in range(0, len(order) - BATCH + 1, BATCH):
            loss = _loss(head, kept, order[start : start + BATCH], aims, rng)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(head.parameters(), 5.0)
            optimiser.step()
            schedule.step()
    return head.eval()


def _loss(
    head: Head,
    kept: Kept,
    rows: NDArray[np.int64],
    aims: dict[int, tuple[NDArray[np.bool_], Floats]],
    rng: np.random.Generator,
) -> Tensor:
    coarse = torch.from_numpy(np.stack([kept.coarse[i] for i in rows])).float()
    fine = torch.from_numpy(np.stack([kept.fine[i] for i in rows])).float()
    own = torch.from_numpy(np.stack([aims[int(i)][0] for i in rows]))
    truth = torch.from_numpy(np.stack([aims[int(i)][1] for i in rows]))
    if rng.random() < 0.5:  # mirrored maps stand for mirrored pictures
        coarse, fine, own, truth = coarse.flip(3), fine.flip(3), own.flip(2), truth.flip(3)
        truth = torch.stack([1 - truth[:, 2], truth[:, 1], 1 - truth[:, 0], truth[:, 3]], 1)
    known = torch.tensor([not kept.unsure[i] for i in rows])
    cells, reach, picture = head(coarse, fine)
    found = corners_of(reach).permute(0, 2, 3, 1)[own]
    aim = torch.zeros_like(cells)
    lost = cells.sum() * 0
    if len(found):
        iou, giou = overlaps(found, truth.permute(0, 2, 3, 1)[own])
        aim[own] = iou.detach().clamp(min=0.05)
        lost = (1 - giou).mean()
    score = torch.sigmoid(cells.detach())
    weight = torch.where(own, aim, 0.75 * score**2) * known[:, None, None]
    cell = (functional.binary_cross_entropy_with_logits(cells, aim, reduction="none") * weight).sum() / max(
        int(own.sum()), 1
    )
    shows = torch.tensor([float(len(kept.boxes[i]) > 0 or kept.unsure[i]) for i in rows])
    sure = torch.tensor([1.0 if not kept.unsure[i] or kept.copies[i] == 0 else 0.0 for i in rows])
    balance = torch.tensor([1.5 if kept.sources[i] == FREE else 1.0 for i in rows])
    whole = functional.binary_cross_entropy_with_logits(picture, shows * 0.96 + 0.02, weight=sure * balance)
    return cell + 1.5 * lost + 0.5 * whole


def model_of(head: Head) -> ModelProto:
    """As ONNX: ``cells`` [n, h, w], ``reach`` [n, 4, h, w] and ``picture`` [n] from ``coarse`` and ``fine``."""
    graph = Graph()

    def conv(layer: nn.Module, source: str, *, pad: int = 0, group: int = 1) -> str:
        weight, bias = (f32(layer.get_parameter(part).detach().numpy()) for part in ("weight", "bias"))
        return graph.add("Conv", source, graph.constant(weight), graph.constant(bias), pads=[pad] * 4, group=group)

    pooled = graph.add("GlobalAveragePool", "coarse")
    scales = graph.constant(f32([1, 1, 2, 2]))
    large = graph.add("Resize", conv(head.coarse, "coarse"), "", scales, mode="nearest", nearest_mode="floor",
                      coordinate_transformation_mode="asymmetric")  # fmt: skip
    x = graph.add("Add", graph.add("Add", large, conv(head.fine, "fine")), conv(head.context, pooled))
    x = graph.add("Relu", x)
    for deep, wide in zip(head.deep, head.wide, strict=True):
        inner = graph.add("Relu", conv(deep, x, pad=2, group=WIDTH))
        x = graph.add("Add", x, graph.add("Relu", conv(wide, inner)))
    parts = ("evenhand.cells", "evenhand.reach")
    sizes = graph.constant(np.array([1, 4], np.int64))
    graph.nodes.append(helper.make_node("Split", [conv(head.out, x), sizes], list(parts), axis=1))
    graph.add("Squeeze", parts[0], graph.constant(np.array([1], np.int64)), out="cells")
    clipped = graph.add("Clip", parts[1], graph.constant(f32(-5)), graph.constant(f32(3)))
    graph.add("Mul", graph.add("Exp", clipped), graph.constant(f32(REACH)), out="reach")
    graph.add("Reshape", conv(head.picture, pooled), graph.constant(np.array([-1], np.int64)), out="picture")
    value = helper.make_tensor_value_info
    inputs = [
        value("coarse", TensorProto.FLOAT, ["n", 1280, "height/32", "width/32"]),
        value("fine", TensorProto.FLOAT, ["n", 112, "height/16", "width/16"]),
    ]
    outputs = [
        value("cells", TensorProto.FLOAT, ["n", "height/16", "width/16"]),
        value("reach", TensorProto.FLOAT, ["n", 4, "height/16", "width/16"]),
        value("picture", TensorProto.FLOAT, ["n"]),
    ]
    nodes, constants = halved(graph.nodes, graph.constants)
    made = helper.make_graph(nodes, "weapon", inputs, outputs, constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="evenhand")
    model.ir_version = 8
    checker.check_model(model, full_check=True)
    return model
