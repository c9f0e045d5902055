"""The kinds of models that can be declared, by name."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.detectors.models_pictures import ImageModel, VisionLlmModel, ZeroShotModel
from evenhand.detectors.models_schema import HfModel, LlmModel

AnyModel = HfModel | LlmModel | ImageModel | ZeroShotModel | VisionLlmModel

KINDS: Mapping[str, type[AnyModel]] = {
    "hf": HfModel,
    "llm": LlmModel,
    "image-classification": ImageModel,
    "zero-shot": ZeroShotModel,
    "vision-llm": VisionLlmModel,
}
