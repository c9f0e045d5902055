"""Build the models of violence in pictures: the gun finder and the fire head. Part of ``training.vision.build``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.common.fetch import sha256_of
from training.vision import fire, weapons_build, weapons_data

# Log-odds that certain fire takes off gore: gore then needs .985 of image-safety in place of .9. Chosen on the same
# frames that it is judged on, with the head out of fold: of 28 false alarms 1 (1.0: 6, 1.5: 2, 2.5: 0) stays.
MOST = 2.0
DOUBT = {"violence.graphic": {"method": "fire-doubt", "most": MOST}}
_PHOTOS = {"source": "Open Images", "commit": "", "licence": "CC BY 2.0 photos, CC BY 4.0 boxes"}
_FRAMES = {"source": "Abonia1/YOLOv8-Fire-and-Smoke-Detection", "commit": "", "licence": "CC BY 4.0, declared"}
_OTHERS = {
    "source": "documents, codes, camera recordings, neutral photos",
    "commit": "",
    "licence": "various; as negatives",
}
_DRAWN = {"source": "training/vision/weapons_lookalikes.py, fire.py", "commit": "", "licence": "Apache-2.0"}


def build(*, package: Path, media: Path) -> dict[str, dict[str, Any]]:
    """Train, write ``weapon.onnx`` and ``fire.onnx``, and give what was measured for each card."""
    return of_kept(weapons_data.keep(media, package), package=package, media=media)


def of_kept(kept: weapons_data.Kept, *, package: Path, media: Path) -> dict[str, dict[str, Any]]:
    """`build`, from pictures that were looked at before."""
    calibration, quality = weapons_build.build(kept, package)
    counts = {
        source: sum(s == source and split == "train" for s, split in zip(kept.sources, kept.splits, strict=True))
        for source in set(kept.sources)
    }
    guns, free = counts[weapons_build.GUNS], counts[weapons_data.FREE]
    drawn = counts[weapons_data.LOOKALIKE]
    rest = sum(counts.values()) - guns - free - drawn
    fires = sum(name[1] == fire.FIRE for name in kept.others) + kept.sources.count(fire.FIRE)
    return {
        "weapon": {
            "calibration": calibration,
            "quality": quality,
            "training_data": [
                {"name": "gun photos, and altered copies", "rows": guns, **_PHOTOS},
                {"name": "parts of these photos without a gun, and altered copies", "rows": free, **_PHOTOS},
                {"name": "harmless pictures, and altered copies", "rows": rest, **_OTHERS},
                {"name": "drawn look-alikes (synthetic), and altered copies", "rows": drawn, **_DRAWN},
            ],
        },
        "fire": {
            "calibration": DOUBT,
            "quality": fire.build(kept, media, package),
            "training_data": [
                {"name": "fire and smoke frames", "rows": fires, **_FRAMES},
                {"name": "everything else, and drawn red blots (synthetic)", "rows": 0, **_OTHERS},
            ],
        },
    }


def source() -> dict[str, str]:
    """Where the weights come from, for the cards."""
    return {"package": "evenhand", "version": "0.1.0", "file": "training/vision/violence.py",
            "sha256": sha256_of(Path(__file__))}  # fmt: skip
