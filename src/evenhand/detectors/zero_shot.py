"""image.zero-shot:NAME: two encoders that the operator supplies, as CLIP and SigLIP have; labels are told in words.

A picture and the prompts of a label become vectors, and the label's margin is how much more alike they are than the
picture and the contrast prompts (CLIP), or how alike they are at all (SigLIP). The score is a logistic function of the
margin with the label's own temperature and bias, so that each can be calibrated by itself. Prompts that ask for what a
person is are refused while the models file is read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand.detectors.base import Cost, Detection, DetectorContext, DetectorInfo
from evenhand.detectors.hf_engines import onnx_session
from evenhand.detectors.hf_folder import Files, digest, folder_of, others_of, read_config
from evenhand.detectors.hf_picture_engines import OnnxPictures, output_of
from evenhand.detectors.hf_pictures import judged, picture_examples
from evenhand.detectors.hf_pixels import prepared, read_pixels
from evenhand.detectors.models_pictures import Pixels, ZeroShotModel
from evenhand.detectors.stretches import sampled
from evenhand.domain import ImagePart, PartKind
from evenhand.errors import ModelError
from evenhand.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_CODE = "1"  # raised when the same files and settings may give another answer
_OUTPUTS = ("image_embeds", "text_embeds", "pooler_output")
_CLIP_SCALE = 100.0  # what CLIP's training ends at; nearly every model of the family has it


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoTowers(Files):
    """The files of two encoders, and what they say."""

    pixels: Pixels
    sigmoid: bool  # each label for itself, as SigLIP was trained; else against the contrast prompts
    scale: float
    tokens: int  # length that prompts are filled up to
    pad_id: int


def open_towers(entry: ZeroShotModel, settings: Settings) -> TwoTowers:
    """Find the files of two encoders, read what they say and hash them.

    Raises:
        ModelError: a file is missing, or something that it must say; says what to do.
    """
    names = [(entry.image_file, "vision_model.onnx"), (entry.text_file, "text_model.onnx")]
    wanted = [file for own, usual in names for file in ([own] if own else [usual, f"onnx/{usual}"])]
    patterns = ["*.json", *wanted, *(f"{file}{end}" for file in wanted for end in ("_data", ".data"))]
    folder = folder_of(entry, settings, wanted=[patterns])
    config = read_config(folder)
    weights = tuple(_file(folder, own, usual) for own, usual in names)
    if not (folder / "tokenizer.json").is_file():
        raise ModelError(f"{folder.name} has no tokenizer.json; save the model's fast tokenizer there.")
    kind, text = str(config.get("model_type", "")), config.get("text_config")
    text = text if isinstance(text, dict) else {}
    sigmoid = kind.startswith("siglip") if entry.score == "auto" else entry.score == "sigmoid"
    if not sigmoid and not entry.contrast:
        raise ModelError(
            f"{entry.detector} needs contrast: prompts for what pictures show that are none of its labels."
        )
    if sigmoid and entry.logit_scale is None:
        raise ModelError(f"{entry.detector} needs logit_scale and logit_bias, which its training ended at.")
    tokens = entry.max_tokens or text.get("max_position_embeddings") or (64 if sigmoid else 77)
    others = others_of(folder, weights)
    return TwoTowers(
        folder=folder,
        weights=weights,
        others=others,
        sha256=digest(weights),
        sha256_others=digest(others),
        pixels=read_pixels(folder, config, entry.pixels),
        sigmoid=sigmoid,
        scale=entry.logit_scale or _CLIP_SCALE,
        tokens=int(tokens),
        pad_id=text["pad_token_id"] if isinstance(text.get("pad_token_id"), int) else 0,
    )


def _file(folder: Path, own: str | None, usual: str) -> Path:
    places = [own] if own is not None else [usual, f"onnx/{usual}"]
    found = next((folder / place for place in places if (folder / place).is_file()), None)
    if found is None:
        raise ModelError(
            f"{folder.name} has no {' nor '.join(places)}; export both encoders to ONNX, or name the files."
        )
    return found


class ZeroShotDetector:
    """Compares pictures with prompts; encoders are loaded, and prompts encoded, on the first call.

    Args:
        entry: what the models file says.
        towers: the encoders' files.
        settings: threads a model run may use, limits of the example pictures.
    """

    def __init__(self, entry: ZeroShotModel, *, towers: TwoTowers, settings: Settings) -> None:
        self._entry, self._towers, self._threads = entry, towers, settings.threads
        self._thresholds = {
            label: entry.threshold if said.threshold is None else said.threshold for label, said in entry.labels.items()
        }
        self._pictures: OnnxPictures | None = None
        self._prompts: tuple[tuple[Floats, ...], Floats | None] = ((), None)
        said = entry.model_dump_json(exclude={"path", "description", "examples"})
        whole = "\n".join((_CODE, said, towers.sha256_others))
        self.info = DetectorInfo(
            name=entry.detector,
            version=f"sha256:{towers.sha256}+{hashlib.sha256(whole.encode()).hexdigest()[:8]}",
            reads=PartKind.IMAGE,
            labels=tuple(entry.labels),
            cost=Cost.HEAVY,
            description=entry.description or f"The zero-shot model {entry.name} with the operator's prompts.",
            examples=picture_examples(entry, settings),
        )

    def detect(self, parts: Sequence[ImagePart]) -> Sequence[Detection]:
        """Give one detection for each part, in order, with the score of every label. No parts: only load the model.

        Raises:
            ModelError: the files changed or cannot be loaded.
        """
        pictures = self._load()
        seen = sampled(parts, self._entry.max_pieces)
        rows: Floats | None = None
        if seen.pieces:
            rows = self._scores(unit(pictures.rows([prepared(p.part, self._towers.pixels) for p in seen.pieces])))
        return judged(self.info, self._thresholds, parts, seen, rows, model=self._entry.name)

    def _scores(self, pictures: Floats) -> Floats:
        """Scores of the labels, float32 [pictures, labels]."""
        import numpy as np

        labels, contrast = self._prompts
        beside = None if contrast is None else _logsumexp(self._alike(pictures, contrast))
        columns = []
        for vectors, said in zip(labels, self._entry.labels.values(), strict=True):
            alike = self._alike(pictures, vectors)
            margin = alike.max(axis=1) + self._entry.logit_bias if beside is None else _logsumexp(alike) - beside
            columns.append(1 / (1 + np.exp(-np.clip(margin / said.temperature + said.bias, -60, 60))))
        return np.stack(columns, axis=1).astype(np.float32)

    def _alike(self, pictures: Floats, prompts: Floats) -> Floats:
        """Logits of every picture with every prompt, float32 [pictures, prompts]."""
        import numpy as np

        return np.asarray(self._towers.scale * pictures @ prompts.T, np.float32)

    def _load(self) -> OnnxPictures:
        if self._pictures is None:
            self._towers.refuse_changed()
            pixels = self._towers.pixels
            vision, text = self._towers.weights
            pictures = OnnxPictures(vision, size=(pixels.width, pixels.height), outputs=_OUTPUTS, threads=self._threads)
            # The text encoder is needed once; what it says is kept, and it is let go.
            encode = PromptEncoder(self._towers, text, threads=self._threads)
            labels = tuple(encode(said.prompts) for said in self._entry.labels.values())
            self._prompts = (labels, None if self._towers.sigmoid else encode(self._entry.contrast))
            width = pictures.rows([prepared(_blank(), pixels)]).shape[1]
            if any(width != vectors.shape[1] for vectors in labels):
                raise ModelError(f"The encoders of {self.info.name} give {width} and {labels[0].shape[1]} numbers; "
                                 f"they do not belong together.")  # fmt: skip
            self._pictures = pictures
        return self._pictures


class PromptEncoder:
    """Encodes prompts; used as a function.

    Args:
        towers: the files, and how prompts are filled up.
        file: the text encoder.
        threads: threads inside one run; 0: one per core.

    Raises:
        ModelError: the encoder or its tokenizer cannot be loaded.
    """

    def __init__(self, towers: TwoTowers, file: Path, *, threads: int) -> None:
        from tokenizers import Tokenizer

        self._file, self._towers = file, towers
        self._session = onnx_session(file, threads=threads or len(os.sched_getaffinity(0)))
        self._types = {node.name: node.type for node in self._session.get_inputs()}
        if strange := sorted(set(self._types) - {"input_ids", "attention_mask", "position_ids"}):
            raise ModelError(f"{file.name} wants {', '.join(strange)}; it is no text encoder.")
        self._output = output_of(file.name, self._session, _OUTPUTS[1:])
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(towers.folder / "tokenizer.json"))
            padding = self._tokenizer.padding or {}
            pad_id = padding.get("pad_id", towers.pad_id)
            self._tokenizer.enable_truncation(towers.tokens)
            self._tokenizer.enable_padding(length=towers.tokens, pad_id=pad_id, pad_token=padding.get("pad_token", ""))
        except Exception as error:  # (the tokenizer raises bare exceptions)
            raise ModelError(f"tokenizer.json of {towers.folder.name} cannot be loaded; save it again.") from error

    def __call__(self, prompts: Sequence[str]) -> Floats:
        """Encode prompts: float32 [n, width], each of length 1.

        Raises:
            ModelError: the encoder gave something else.
        """
        import numpy as np

        encoded = self._tokenizer.encode_batch(list(prompts))
        given = {
            "input_ids": np.array([one.ids for one in encoded], np.int64),
            "attention_mask": np.array([one.attention_mask for one in encoded], np.int64),
            "position_ids": np.tile(np.arange(self._towers.tokens, dtype=np.int64), (len(encoded), 1)),
        }
        fed = {n: given[n].astype(np.int32 if kind == "tensor(int32)" else np.int64) for n, kind in self._types.items()}
        rows = np.asarray(self._session.run([self._output], fed)[0], np.float32)
        if rows.ndim != 2 or len(rows) != len(prompts):
            raise ModelError(f"{self._file.name} gave {rows.shape} for {len(prompts)} prompts; export it again.")
        return unit(rows)


def unit(rows: Floats) -> Floats:
    """Give rows at length 1.

    Raises:
        ModelError: they are no numbers.
    """
    import numpy as np

    if not np.isfinite(rows).all():
        raise ModelError("An encoder gave NaN; its file is damaged, or it was made for other inputs.")
    out: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return out


def _logsumexp(rows: Floats) -> Floats:
    import numpy as np

    top = rows.max(axis=1, keepdims=True)
    out: Floats = (top + np.log(np.exp(rows - top).sum(axis=1, keepdims=True)))[:, 0]
    return out


def _blank() -> ImagePart:
    from PIL import Image

    return ImagePart(image=Image.new("RGB", (64, 64), (128, 128, 128)))


def make(entry: ZeroShotModel, context: DetectorContext) -> ZeroShotDetector:
    """Make the detector; hashes the encoders' files.

    Raises:
        ModelError: the files are missing, or do not say enough.
        ImportError: `tokenizers`, ONNX Runtime or Pillow is not installed.
    """
    import onnxruntime  # noqa: F401  (told now, with the extra's name, and not on the first picture)
    import PIL  # noqa: F401
    import tokenizers  # noqa: F401

    return ZeroShotDetector(entry, towers=open_towers(entry, context.settings), settings=context.settings)
