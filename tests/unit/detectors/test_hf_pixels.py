"""What a picture model sees: read from the files that others write, and done as they do it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evenhand.detectors.hf_pixels import prepared, read_pixels
from evenhand.detectors.models_pictures import Pixels
from evenhand.domain import ImagePart
from evenhand.errors import ModelError

CLIP = {
    "image_processor_type": "CLIPImageProcessor",
    "size": {"shortest_edge": 224},
    "crop_size": {"height": 224, "width": 224},
    "do_center_crop": True,
    "resample": 3,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}


def read(folder: Path, said: dict[str, Any], config: dict[str, Any] | None = None) -> Pixels:
    (folder / "preprocessor_config.json").write_text(json.dumps(said))
    return read_pixels(folder, config or {}, None)


@pytest.mark.parametrize(
    ("said", "want"),
    [
        (
            CLIP,
            {
                "fit": "crop",
                "shorter_side": 224,
                "width": 224,
                "resample": "bicubic",
                "mean": (0.48145466, 0.4578275, 0.40821073),
            },
        ),
        ({**CLIP, "size": 256, "crop_size": 224}, {"fit": "crop", "shorter_side": 256, "height": 224}),
        (
            {"feature_extractor_type": "ViTFeatureExtractor", "size": 384},
            {"fit": "squeeze", "width": 384, "resample": "bilinear", "mean": (0.5, 0.5, 0.5)},
        ),
        (
            {"image_processor_type": "SiglipImageProcessorFast", "size": {"height": 256, "width": 256}, "resample": 3},
            {"fit": "squeeze", "resample": "bicubic"},
        ),
        (
            {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224}, "crop_pct": 0.875},
            {"fit": "crop", "shorter_side": 256, "width": 224},
        ),
        (
            {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}},
            {"fit": "squeeze", "width": 384},
        ),
        (
            {"size": 8, "do_normalize": False, "do_rescale": False},
            {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0), "scale": 1.0},
        ),
    ],
)
def test_what_transformers_writes(tmp_path: Path, said: dict[str, Any], want: dict[str, Any]) -> None:
    found = read(tmp_path, said)
    assert {name: getattr(found, name) for name in want} == want


def test_what_timm_writes(tmp_path: Path) -> None:
    timm = {"input_size": [3, 224, 256], "crop_pct": 0.9, "interpolation": "bicubic", "mean": [0.1, 0.2, 0.3]}
    found = read_pixels(tmp_path, {"pretrained_cfg": timm}, None)
    assert (found.width, found.height, found.shorter_side, found.resample) == (256, 224, 248, "bicubic")
    assert found.mean == (0.1, 0.2, 0.3)


@pytest.mark.parametrize(
    "said",
    [
        {"image_processor_type": "LevitImageProcessor", "size": 224},
        {"size": {"shortest_edge": 224}},  # pictures of any length
        {"size": "large"},
        {"size": 8, "resample": 17},
        {"size": 8, "image_mean": [1, 2]},
        {"size": 8, "do_pad": True},
        {**CLIP, "size": {"height": 300, "width": 300}},
    ],
)
def test_what_is_not_known_is_refused_and_not_guessed(tmp_path: Path, said: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="say pixels in the models file"):
        read(tmp_path, said)


def test_the_models_file_comes_first(tmp_path: Path) -> None:
    (tmp_path / "preprocessor_config.json").write_text("broken")
    given = Pixels(width=9, height=9)
    assert read_pixels(tmp_path, {}, given) is given


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 256, (height, width, 3)).astype(np.uint8))


def test_squeezed_and_normalised() -> None:
    image = noise(50, 20)
    got = prepared(ImagePart(image=image), Pixels(width=16, height=8, mean=(0.5, 0.4, 0.3), std=(0.5, 0.25, 0.2)))
    want = np.asarray(image.resize((16, 8), Image.Resampling.BILINEAR), np.float64) / 255
    want = ((want - (0.5, 0.4, 0.3)) / (0.5, 0.25, 0.2)).transpose(2, 0, 1)
    np.testing.assert_allclose(got, want, atol=1e-5)
    assert got.dtype == np.float32


@pytest.mark.parametrize("size", [(64, 32), (32, 64), (48, 48)])
def test_cropped_as_others_do_it(size: tuple[int, int]) -> None:
    """Scaled as a whole, then the middle cut out: the same but for rounding, of 255."""
    image = noise(*size).resize((size[0] * 4, size[1] * 4), Image.Resampling.BICUBIC)
    pixels = Pixels(width=24, height=24, fit="crop", shorter_side=32, resample="bicubic", scale=1.0)
    factor = 32 / min(image.size)
    whole = image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)
    x, y = (whole.width - 24) // 2, (whole.height - 24) // 2
    want = np.asarray(whole.crop((x, y, x + 24, y + 24)), np.float32).transpose(2, 0, 1)
    assert np.abs(prepared(ImagePart(image=image), pixels) - want).max() <= 4.0


@pytest.mark.parametrize("fit", ["squeeze", "crop", "pad"])
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 3), (4000, 3000)])
def test_odd_sizes(fit: Any, size: tuple[int, int]) -> None:
    got = prepared(
        ImagePart(image=Image.new("RGB", size, "red")), Pixels(width=20, height=10, fit=fit, shorter_side=12)
    )
    assert got.shape == (3, 10, 20)
    assert got[0].max() == pytest.approx(1.0)


def test_padded_pictures_keep_their_shape() -> None:
    got = prepared(ImagePart(image=Image.new("RGB", (40, 20), "white")), Pixels(width=20, height=20, fit="pad"))
    assert (got[:, 5:15] == 1.0).all()
    assert (got[:, :5] == 0.0).all()
