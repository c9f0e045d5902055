"""Fits the space in which whole pictures are compared: ``python -m training.vision.space`` at the root.

256 directions of the general model's vectors, whitened (Jegou, Chum 2012), from half of the pictures of ``--media``
(by default ``../shared/data/media``): those whose name has an even checksum. Figures come from the others.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from evenhand.inference.general import DIMENSIONS, GeneralEmbedder

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "models" / "vision" / "src" / "evenhand_models_vision"
MEDIA = ROOT.parent / "shared" / "data" / "media"
NAME, KEPT, MIXED = "picture-space", 256, 512
_SUFFIXES = {".jpg", ".jpeg", ".png"}


def pictures(media: Path, *, held_back: bool) -> list[Path]:
    """Give the half that is fitted on, or the half held back."""
    every = sorted(
        path for part in ("image", "neardup/image") for path in (media / part).rglob("*") if path.suffix in _SUFFIXES
    )
    return [path for path in every if bool(zlib.crc32(path.name.encode()) & 1) is held_back]


def main() -> None:
    """Fit and write the file and its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path, default=MEDIA)
    chosen = pictures(parser.parse_args().media, held_back=False)
    embedder, rows = GeneralEmbedder(), []
    for path in chosen:
        image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        rows.append(embedder.embeddings([np.asarray(image)])[0])
    vectors = np.stack(rows).astype(np.float64)
    mean = vectors.mean(0)
    spread, directions = np.linalg.eigh(np.cov(vectors - mean, rowvar=False))
    basis = directions[:, ::-1][:, :KEPT] / np.sqrt(spread[::-1][:KEPT])
    basis *= np.sign(basis[np.abs(basis).argmax(0), np.arange(KEPT)])  # (the sign of a direction is arbitrary)
    arrays = {
        "mean": mean.astype(np.float32),
        "basis": basis.astype(np.float16),
        "background": background(vectors, chosen),
    }
    write(arrays, used=len(chosen), version=embedder.version)


def background(vectors: np.ndarray, paths: list[Path]) -> np.ndarray:
    """Mix pictures in pairs, keeping mean and spread of the whole: no row is the vector of any picture.

    Returns:
        uint8 [512, 1280], each row's largest number 255.
    """
    folders = [path.relative_to(MEDIA).parts[1] for path in paths]
    share = np.array([1 / folders.count(folder) for folder in folders])  # (most are guns, which should not rule)
    pairs = np.random.default_rng(20261123).choice(len(vectors), (MIXED, 2), p=share / share.sum())
    mean = np.average(vectors, axis=0, weights=share)
    rows = np.clip(mean + (vectors[pairs[:, 0]] + vectors[pairs[:, 1]] - 2 * mean) / np.sqrt(2), 0, None)
    return np.asarray(np.round(rows / rows.max(axis=1, keepdims=True) * 255), np.uint8)


def write(arrays: dict[str, np.ndarray], *, used: int, version: str) -> None:
    """Write the arrays, byte for byte the same from the same numbers, and the card."""
    file = PACKAGE / f"{NAME}.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as held:
        for name, array in arrays.items():
            body = io.BytesIO()
            np.lib.format.write_array(body, array)
            held.writestr(zipfile.ZipInfo(f"{name}.npy"), body.getvalue())  # (its date is a constant)
    card = {
        "name": NAME,
        "version": "0.1.0",
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
        "source": {"model": version},
        "conversion": {
            "command": "python -m training.vision.space",
            "changed": "principal directions, whitened; mixed pairs",
        },
        "inputs": [
            {"name": "embedding", "shape": ["n", DIMENSIONS], "dtype": "float32", "meaning": "of lite0, length 1"}
        ],
        "outputs": [
            {"name": "likeness", "shape": ["n", KEPT], "dtype": "float32", "meaning": "length 1; compare by cosine"},
            {
                "name": "background",
                "shape": [MIXED, DIMENSIONS],
                "dtype": "uint8",
                "meaning": "ordinary pictures, in pairs",
            },
        ],
        "files": {},
        "task": "Turns the general model's vectors into 256 numbers in which unlike pictures lie apart.",
        "licence": "Apache-2.0",
        "licence_text": "LICENSE.apache-2.0.txt",
        "labels": {},
        "training_data": [
            {
                "name": "half of the pictures the project tests with: guns, fire, documents, codes, a few scenes",
                "source": "see quality/pictures.md; mean and directions over all of them, no picture by itself",
                "commit": "",
                "licence": "CC BY, CC0, MIT, BSD and declared",
                "rows": used,
            }
        ],
        "quality": [],
        "intended_use": "Near-duplicates of whole pictures, as candidates that landmarks confirm; custom classes.",
        "limits": [
            "Fitted on few kinds of pictures; the directions of others are coarser.",
            "For whole pictures. Never hand it the vector of a face: likeness of faces is identity.",
        ],
    }
    (PACKAGE / f"{NAME}.card.json").write_text(json.dumps(card, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
