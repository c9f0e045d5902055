"""What the models file may say of models that look at pictures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from evenhand.detectors.models_schema import Classifier, Count, Endpoint, Entry, Model, Score, Stored, inside, our_label
from evenhand.domain import PartKind
from evenhand.fairness import refuse_label

_FACE = re.compile(r"\b(faces?|facial|selfies?)\b", re.IGNORECASE)

Resample = Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
Colour = tuple[float, float, float]
Prompt = Annotated[str, Field(min_length=1, max_length=200)]


class ExamplePicture(Entry):
    """A picture that shows what the model does. It is run when models are loaded at the start."""

    file: Path = Field(description="A picture, relative to the models file.")
    labels: tuple[str, ...] = ()  # labels that it must be given; none: nothing at all


class PictureModel(Model):
    """What every declared model of pictures has."""

    reads: ClassVar[PartKind] = PartKind.IMAGE
    extra: ClassVar[str | None] = "image"

    examples: tuple[ExamplePicture, ...] = Field((), max_length=20)
    max_pieces: int = Field(4, ge=1, le=16, description="Most pieces of one long picture; of more, so many are seen.")


class Pixels(Entry):
    """How a picture becomes what the model sees, where preprocessor_config.json is missing or wrong."""

    width: int = Field(ge=8, le=2048)
    height: int = Field(ge=8, le=2048)
    fit: Literal["squeeze", "crop", "pad"] = "squeeze"
    shorter_side: int | None = Field(None, ge=8, le=4096, description="For crop: what the shorter side is scaled to.")
    resample: Resample = "bilinear"
    scale: float = Field(1 / 255, gt=0, le=1, description="Pixel values (0 to 255) are multiplied by it,")
    mean: Colour = Field((0.0, 0.0, 0.0), description="this is taken away,")
    std: Colour = Field((1.0, 1.0, 1.0), description="and it is divided by this: red, green, blue.")
    channels: Literal["rgb", "bgr"] = "rgb"

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        if any(abs(one) < 1e-6 for one in self.std):
            raise ValueError("std must not be 0")
        return self


class ImageModel(PictureModel, Classifier):
    """An image-classification model: ONNX, or a Transformers folder."""

    kind: Literal["image-classification"]
    extra: ClassVar[str | None] = "image,hf"
    outputs: tuple[str, ...] = Field((), max_length=25_000, description="Names of the outputs, where no file has them.")
    pixels: Pixels | None = Field(None, description="What the model sees, where no file says it.")
    probabilities: bool = Field(False, description="The outputs are probabilities already, not logits.")

    @property
    def detector(self) -> str:
        """The detector's name."""
        return f"image.hf:{self.name}"


class Prompts(Entry):
    """One label of a zero-shot model: what it looks like, in words, and how its score is calibrated."""

    prompts: tuple[Prompt, ...] = Field(min_length=1, max_length=50)
    threshold: Score | None = None
    temperature: float = Field(1.0, gt=0, le=1000, description="The margin is divided by it: above 1 is humbler.")
    bias: float = Field(0.0, ge=-100, le=100, description="Added to it: below 0, fewer findings.")

    @field_validator("prompts")
    @classmethod
    def _ask_no_attribute(cls, prompts: tuple[str, ...]) -> tuple[str, ...]:
        return checked_prompts(prompts)


class ZeroShotModel(PictureModel, Stored):
    """Two encoders, one of pictures and one of texts, as CLIP and SigLIP have: labels are described in words."""

    kind: Literal["zero-shot"]
    extra: ClassVar[str | None] = "image,hf"
    image_file: str | None = Field(None, description="ONNX file of the picture encoder, where it has another name.")
    text_file: str | None = Field(None, description="ONNX file of the text encoder, where it has another name.")
    labels: dict[str, Prompts] = Field(min_length=1, max_length=100, description="Our labels -> prompts.")
    contrast: tuple[Prompt, ...] = Field((), max_length=200, description="What pictures show that are none of these.")
    score: Literal["auto", "contrast", "sigmoid"] = "auto"
    logit_scale: float | None = Field(None, gt=0, le=1000, description="Cosines are multiplied by it.")
    logit_bias: float = Field(0.0, ge=-100, le=100, description="And this is added, for sigmoid.")
    pixels: Pixels | None = Field(None, description="What the model sees, where no file says it.")
    max_tokens: int | None = Field(None, ge=8, le=512, description="Length of a prompt; None: what config.json says.")

    @field_validator("labels", mode="before")
    @classmethod
    def _short_form(cls, labels: Any) -> Any:
        if not isinstance(labels, dict):
            return labels
        return {label: {"prompts": said} if isinstance(said, list | tuple) else said for label, said in labels.items()}

    @field_validator("labels")
    @classmethod
    def _are_ours(cls, labels: dict[str, Prompts]) -> dict[str, Prompts]:
        return {our_label(label): said for label, said in labels.items()}

    @field_validator("contrast")
    @classmethod
    def _contrast_asks_no_attribute(cls, contrast: tuple[str, ...]) -> tuple[str, ...]:
        return checked_prompts(contrast)

    @field_validator("image_file", "text_file")
    @classmethod
    def _stay_inside(cls, file: str | None) -> str | None:
        return inside(file)

    @property
    def detector(self) -> str:
        """The detector's name."""
        return f"image.zero-shot:{self.name}"


class VisionLlmModel(PictureModel, Endpoint):
    """A language model that sees: judges pictures by the operator's policy."""

    kind: Literal["vision-llm"]
    max_side: int = Field(1024, ge=64, le=4096, description="Pictures are shrunk to this, px, before they are sent.")
    quality: int = Field(85, ge=30, le=95, description="Of the JPEG that is sent.")
    detail: Literal["low", "high", "auto"] | None = Field(None, description="Sent with the picture; None: not sent.")
    tokens_per_picture: Count | None = Field(None, description="What the budget counts before the endpoint says.")

    @property
    def detector(self) -> str:
        """The detector's name."""
        return f"image.llm:{self.name}"


def checked_prompts(prompts: tuple[str, ...]) -> tuple[str, ...]:
    """Give back prompts that ask for things and scenes, not for what a person is.

    Raises:
        RefusedLabelError: one names a protected attribute, a group of people, or an identity.
        ValueError: one asks about faces.
    """
    for prompt in prompts:
        refuse_label(prompt, where="prompt")
        if _FACE.search(prompt):
            raise ValueError(f"prompt {prompt[:60]!r} asks about faces, of which only image.face says anything")
    return prompts
