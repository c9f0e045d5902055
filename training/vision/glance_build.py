"""Rebuild ``text-glance``: ``python -m training.vision.glance_build``, ``train`` first, then ``again`` and ``write``.

`train` and `again` learn from what `training.vision.glance_data` kept, and need torch; `write` turns the weights into
ONNX with their card, and needs onnx instead. A cell of 16 x 16 px is to be looked at when the teacher
saw letters in it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "models" / "vision" / "src" / "evenhand_models_vision"
# (channels out, stride, dilation) of each 3 x 3 convolution, with batch norm and ReLU behind it
LAYERS = ((12, 2, 1), (24, 2, 1), (32, 2, 1), (32, 1, 1), (32, 1, 2), (48, 2, 1), (48, 1, 1), (48, 1, 2))
# Behind a layer, further ones that add to what goes through them, with a dilation each; they begin as nothing and are
# trained, with all the rest, in a second go without batch norms.
FURTHER = {4: (1, 2, 1), 7: (1, 2)}
CROP, BATCH, STRIDE = 192, 20, 16  # px, crops a step, px of a picture to a cell
HELD_BACK = 8  # every eighth picture is not learnt from
_SEEN, _UNSEEN = 0.3, 0.12  # certainty of the teacher from which there are letters, and under which there are none
_WEIGHT = 4.0  # of a cell with letters: one that is missed costs words, one too many costs milliseconds


def load(folder: Path, *, held_back: bool) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Give pictures [h, w, 3] and the teacher's certainty a cell of 16 px [h/16, w/16], 0 to 255."""
    out = []
    for i, file in enumerate(sorted(folder.glob("*.npz"))):
        if (i % HELD_BACK == 0) == held_back:
            with np.load(file) as kept:
                cells = kept["cells"]
                high, wide = cells.shape
                out.append((kept["pixels"], cells.reshape(high // 2, 2, wide // 2, 2).max((1, 3))))
    return out


def crop(
    pixels: NDArray[np.uint8], cells: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Cut a square: every second time around letters, if there are any; flipped, its colours bent."""
    side = CROP // STRIDE
    if min(cells.shape) < side:
        add = [max(0, side - n) for n in cells.shape]
        cells = np.pad(cells, ((0, add[0]), (0, add[1])))
        pixels = np.pad(pixels, ((0, add[0] * STRIDE), (0, add[1] * STRIDE), (0, 0)), mode="edge")
    y, x = (int(rng.integers(n - side + 1)) for n in cells.shape)
    letters = np.argwhere(cells > 76)
    if len(letters) and rng.random() < 0.6:
        row, column = letters[rng.integers(len(letters))]
        y = int(np.clip(row - rng.integers(side), 0, cells.shape[0] - side))
        x = int(np.clip(column - rng.integers(side), 0, cells.shape[1] - side))
    shown = pixels[y * STRIDE : y * STRIDE + CROP, x * STRIDE : x * STRIDE + CROP]
    told = cells[y : y + side, x : x + side]
    if rng.random() < 0.3:
        shown, told = shown[:, ::-1], told[:, ::-1]
    if rng.random() < 0.3:
        shown, told = shown.transpose(1, 0, 2), told.T
    if rng.random() < 0.5:
        shown = shown[:, :, rng.permutation(3)]
    if rng.random() < 0.2:
        shown = 255 - shown
    if rng.random() < 0.4:
        bent = (shown.astype(np.float32) - 128) * rng.uniform(0.75, 1.2) + 128 + rng.uniform(-25, 25)
        shown = np.clip(bent, 0, 255).astype(np.uint8)
    return shown, told


def train(data: Path, out: Path, *, steps: int, threads: int) -> None:
    """Train with batch norms, and write the convolutions with these folded in."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    layers: list[Any] = []
    wide = 3
    for channels, stride, dilation in LAYERS:
        layers += [nn.Conv2d(wide, channels, 3, stride, dilation, dilation, bias=False), nn.BatchNorm2d(channels)]
        layers.append(nn.ReLU(inplace=True))
        wide = channels
    model = nn.Sequential(*layers, nn.Conv2d(wide, 1, 1))
    _fit(model, data, steps=steps, rate=4e-3, seed=1)
    model.eval()
    weights = {}
    for i in range(len(LAYERS)):
        conv, norm = model[3 * i], model[3 * i + 1]
        gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach()
        weights[f"w{i}"] = (conv.weight * gain[:, None, None, None]).detach().numpy()
        weights[f"b{i}"] = (norm.bias - norm.running_mean * gain).detach().numpy()
    last: Any = model[-1]
    weights["w"], weights["b"] = last.weight.detach().numpy(), last.bias.detach().numpy()
    np.savez(out, **weights)


def again(data: Path, out: Path, start: Path, *, steps: int, threads: int) -> None:
    """Add the further layers to what `train` wrote, and train all of it on."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(2)

    class Adding(nn.Module):
        def __init__(self, wide: int, dilation: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(wide, wide, 3, 1, dilation, dilation)
            nn.init.zeros_(self.conv.weight)
            nn.init.zeros_(self.conv.bias)

        def forward(self, cells: torch.Tensor) -> torch.Tensor:
            return nn.functional.relu(cells + self.conv(cells))

    with np.load(start) as kept:
        weights = dict(kept)
    convolutions: dict[str, Any] = {}
    layers: list[Any] = []
    wide = 3
    for i, (channels, stride, dilation) in enumerate(LAYERS):
        convolutions[str(i)] = nn.Conv2d(wide, channels, 3, stride, dilation, dilation)
        layers += [convolutions[str(i)], nn.ReLU(inplace=True)]
        for j, far in enumerate(FURTHER.get(i, ())):
            layers.append(Adding(channels, far))
            convolutions[f"{i}.{j}"] = layers[-1].conv
        wide = channels
    convolutions[""] = nn.Conv2d(wide, 1, 1)
    with torch.no_grad():
        for name, conv in convolutions.items():
            if f"w{name}" in weights:
                conv.weight[:] = torch.from_numpy(weights[f"w{name}"])
                conv.bias[:] = torch.from_numpy(weights[f"b{name}"])
    _fit(nn.Sequential(*layers, convolutions[""]), data, steps=steps, rate=1.5e-3, seed=2)
    told = {f"w{name}": conv.weight.detach().numpy() for name, conv in convolutions.items()}
    np.savez(out, **told, **{f"b{name}": conv.bias.detach().numpy() for name, conv in convolutions.items()})


def _fit(model: Any, data: Path, *, steps: int, rate: float, seed: int) -> None:
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    rng = np.random.default_rng(seed)
    every = load(data, held_back=False)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    running = 0.0
    for step in range(steps):
        some = [crop(*every[rng.integers(len(every))], rng) for _ in range(BATCH)]
        shown = torch.from_numpy(np.stack([one for one, _ in some]).transpose(0, 3, 1, 2).astype(np.float32))
        sure = torch.from_numpy(np.stack([one for _, one in some]).astype(np.float32) / 255)
        told = (sure > _SEEN).float()
        counted = ((sure > _SEEN) | (sure < _UNSEEN)).float() * (1 + (_WEIGHT - 1) * told)
        said = model((shown - 128) / 64)[:, 0]
        loss = binary_cross_entropy_with_logits(said, told, weight=counted)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        running += 0.02 * (loss.item() - running)
        if step % 100 == 0:
            print(step, round(running, 4), flush=True)


def write(weights: Path, package: Path) -> None:
    """Write the ONNX file and its card."""
    import onnx
    from onnx import helper

    from training.vision.graph import Graph, f32

    graph = Graph()
    with np.load(weights) as kept:
        last = graph.pixels(mean=[128.0] * 3, scale=1 / 64)
        for i, (_, stride, dilation) in enumerate(LAYERS):
            names = graph.constant(f32(kept[f"w{i}"])), graph.constant(f32(kept[f"b{i}"]))
            sizes = {"pads": [dilation] * 4, "strides": [stride] * 2, "dilations": [dilation] * 2}
            last = graph.add("Relu", graph.add("Conv", last, *names, **sizes))
            for j, far in enumerate(FURTHER.get(i, ())):
                names = tuple(graph.constant(f32(kept[f"{kind}{i}.{j}"])) for kind in "wb")
                more = graph.add("Conv", last, *names, pads=[far] * 4, dilations=[far] * 2)
                last = graph.add("Relu", graph.add("Add", last, more))
        graph.add("Conv", last, graph.constant(f32(kept["w"])), graph.constant(f32(kept["b"])), out="letters")
    sides = ("height", "width")
    model = graph.finish("text-glance", size=sides, outputs={"letters": ["n", 1, "height/16", "width/16"]}, halve=False)
    file = package / "text-glance.onnx"
    onnx.save(model, file)
    told: dict[str, Any] = json.loads((Path(__file__).with_name("cards") / "text-glance.json").read_text("utf-8"))
    meanings = told.pop("meanings")

    def value(entry: Any) -> dict[str, Any]:
        kind = entry.type.tensor_type
        shape = [side.dim_param or side.dim_value for side in kind.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type).name
        return {"name": entry.name, "shape": shape, "dtype": dtype, "meaning": meanings[entry.name]}

    card = {
        "name": "text-glance",
        "version": "0.1.0",
        "file": file.name,
        "sha256": _sha256(file),
        "bytes": file.stat().st_size,
        "source": {
            "package": "evenhand",
            "version": "0.1.0",
            "file": "training/vision/glance_build.py",
            "sha256": _sha256(Path(__file__)),
        },
        "conversion": {"command": "python -m training.vision.glance_build", "changed": told.pop("conversion")},
        "inputs": [value(entry) for entry in model.graph.input],
        "outputs": [value(entry) for entry in model.graph.output],
        "files": {told["licence_text"]: _sha256(package / told["licence_text"])},
        **told,
    }
    (package / "text-glance.card.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m training.vision.glance_build", description=__doc__)
    parser.add_argument("what", choices=("train", "again", "write"))
    parser.add_argument("--data", type=Path, help="what training.vision.glance_data wrote")
    parser.add_argument("--weights", type=Path, default=Path("text-glance.npz"))
    parser.add_argument(
        "--start", type=Path, default=Path("text-glance-first.npz"), help="what `train` wrote, for `again`"
    )
    parser.add_argument("--package", type=Path, default=PACKAGE)
    parser.add_argument("--steps", type=int, default=3_000)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    if given.what == "train":
        train(given.data, given.start, steps=given.steps, threads=given.threads)
    elif given.what == "again":
        again(given.data, given.weights, given.start, steps=given.steps, threads=given.threads)
    else:
        write(given.weights, given.package)


if __name__ == "__main__":
    main()
