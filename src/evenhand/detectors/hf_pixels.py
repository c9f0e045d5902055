"""What a picture model of others sees: how its files say that a picture is scaled, cut and normalised, done so.

Read from `preprocessor_config.json` as Transformers writes it, or from timm's part of `config.json`. Processors that
are not known here are refused rather than guessed at: a model that sees pictures another way answers nonsense quietly.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np
from pydantic import ValidationError

from evenhand.detectors.hf_folder import read_json
from evenhand.detectors.models_pictures import Pixels, Resample
from evenhand.errors import ModelError
from evenhand.inference.pictures import working_copy

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from evenhand.domain import ImagePart

FILE = "preprocessor_config.json"
_ORDER: tuple[Resample, ...] = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")  # Pillow's numbers
_PLAIN = ("ViT", "DeiT", "Beit", "CLIP", "Siglip", "Bit", "ConvNext", "PoolFormer", "ChineseCLIP", "Swin", "DINOv2")
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def read_pixels(folder: Path, config: Mapping[str, Any], given: Pixels | None) -> Pixels:
    """Say what the model of a folder sees.

    Args:
        folder: the model's files.
        config: its config.json.
        given: what the models file says, which comes first.

    Raises:
        ModelError: nothing says it, or not in a way that is known.
    """
    if given is not None:
        return given
    try:
        if (folder / FILE).is_file():
            return _of_transformers(read_json(folder / FILE))
        if isinstance(timm := config.get("pretrained_cfg"), dict):
            return _of_timm(timm)
    except (ValidationError, KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(
            f"{folder.name} says in an unusual way what the model sees ({type(error).__name__}: {str(error)[:80]}); "
            f"say pixels in the models file."
        ) from None
    raise ModelError(f"{folder.name} has no {FILE}; add it, or say pixels in the models file.")


def prepared(part: ImagePart, pixels: Pixels) -> NDArray[np.float32]:
    """Give what the model sees of a picture: float32 [3, height, width], normalised."""
    image = _fitted(working_copy(part), pixels)
    mean, std = np.array(pixels.mean, np.float32), np.array(pixels.std, np.float32)
    values: NDArray[np.float32] = (np.asarray(image, np.float32) * np.float32(pixels.scale) - mean) / std
    if pixels.channels == "bgr":
        values = values[:, :, ::-1]
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def _fitted(image: Image, pixels: Pixels) -> Image:
    from PIL import Image as PillowImage

    how = getattr(PillowImage.Resampling, pixels.resample.upper())
    width, height = image.size
    wanted = (pixels.width, pixels.height)
    if pixels.fit == "squeeze":
        return image.resize(wanted, how)
    if pixels.fit == "pad":
        factor = min(wanted[0] / width, wanted[1] / height)
        small = image.resize((max(1, round(width * factor)), max(1, round(height * factor))), how)
        out = PillowImage.new("RGB", wanted)
        out.paste(small, ((wanted[0] - small.width) // 2, (wanted[1] - small.height) // 2))
        return out
    short = pixels.shorter_side or min(wanted)
    factor = short / min(width, height)
    # Of a picture scaled so, only the middle is wanted: it is cut first, or a thin strip would become a huge picture.
    across, down = min(wanted[0] / factor, width), min(wanted[1] / factor, height)
    box = ((width - across) / 2, (height - down) / 2, (width + across) / 2, (height + down) / 2)
    size = (min(wanted[0], max(1, round(across * factor))), min(wanted[1], max(1, round(down * factor))))
    middle = image.resize(size, how, box=box)
    if middle.size == wanted:
        return middle
    out = PillowImage.new("RGB", wanted)  # black beside what is too small, as Transformers does
    out.paste(middle, ((wanted[0] - size[0]) // 2, (wanted[1] - size[1]) // 2))
    return out


def _of_transformers(said: Mapping[str, Any]) -> Pixels:
    kind = str(said.get("image_processor_type") or said.get("feature_extractor_type") or "ViT")
    name = kind.removesuffix("Fast").removesuffix("ImageProcessor").removesuffix("FeatureExtractor")
    if name not in _PLAIN:
        raise ValueError(f"{kind} is not known")
    if said.get("do_pad"):
        raise ValueError("do_pad is not known")
    size, crop = said.get("size", 224), said.get("crop_size", 224)
    cropped = bool(said.get("do_center_crop"))
    short = size if isinstance(size, int) else size.get("shortest_edge") if isinstance(size, dict) else None
    squeezed = isinstance(size, dict) and "height" in size
    if name == "ConvNext" and short is not None:
        side = int(short)
        shorter = int(side / float(said.get("crop_pct", 224 / 256))) if side < 384 else None
        wide, high, fit = side, side, "crop" if side < 384 else "squeeze"
    elif cropped:
        high, wide = (crop, crop) if isinstance(crop, int) else (int(crop["height"]), int(crop["width"]))
        if squeezed and (size["height"], size["width"]) != (high, wide):
            raise ValueError("squeezed and then cropped")
        fit, shorter = ("squeeze", None) if squeezed else ("crop", int(short) if short is not None else min(high, wide))
    elif squeezed:
        high, wide, fit, shorter = int(size["height"]), int(size["width"]), "squeeze", None
    elif isinstance(size, int):
        high, wide, fit, shorter = size, size, "squeeze", None
    else:
        raise ValueError("no fixed size")
    normal = said.get("do_normalize", True)
    rescale = float(said.get("rescale_factor", 1 / 255)) if said.get("do_rescale", True) else 1.0
    mean, std = said.get("image_mean") or (0.5,) * 3, said.get("image_std") or (0.5,) * 3
    return Pixels(
        width=wide,
        height=high,
        fit=fit,
        shorter_side=shorter,
        resample=_ORDER[int(said.get("resample", 2))],
        scale=rescale,
        mean=tuple(mean) if normal else (0.0,) * 3,
        std=tuple(std) if normal else (1.0,) * 3,
    )


def _of_timm(said: Mapping[str, Any]) -> Pixels:
    _, high, wide = said["input_size"]
    mode, part = said.get("crop_mode", "center"), float(said.get("crop_pct") or 0.875)
    if mode not in ("center", "squash"):
        raise ValueError(f"crop_mode {mode} is not known")
    resample = said.get("interpolation", "bilinear")
    if resample not in get_args(Resample):
        raise ValueError(f"interpolation {resample} is not known")
    return Pixels(
        width=int(wide),
        height=int(high),
        fit="squeeze" if mode == "squash" else "crop",
        shorter_side=None if mode == "squash" else int(min(high, wide) / part),
        resample=cast("Resample", resample),
        mean=tuple(said.get("mean") or _IMAGENET[0]),
        std=tuple(said.get("std") or _IMAGENET[1]),
    )
