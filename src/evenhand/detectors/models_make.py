"""Which module makes which kind of declared model; imported only when one is built."""

from __future__ import annotations

from evenhand.detectors.base import AnyDetector, DetectorContext
from evenhand.detectors.models_kinds import AnyModel
from evenhand.detectors.models_pictures import ImageModel, VisionLlmModel, ZeroShotModel
from evenhand.detectors.models_schema import HfModel


def make(entry: AnyModel, context: DetectorContext) -> AnyDetector:
    """Make the detector of one entry of the models file.

    Raises:
        ModelError, DetectorError: it cannot be had; says what to do.
        ImportError: its extra is not installed.
    """
    if isinstance(entry, HfModel):
        from evenhand.detectors.hf import make as make_hf

        return make_hf(entry, context)
    if isinstance(entry, ImageModel):
        from evenhand.detectors.hf_pictures import make as make_pictures

        return make_pictures(entry, context)
    if isinstance(entry, ZeroShotModel):
        from evenhand.detectors.zero_shot import make as make_zero_shot

        return make_zero_shot(entry, context)
    if isinstance(entry, VisionLlmModel):
        from evenhand.detectors.llm_pictures import make as make_vision

        return make_vision(entry, context)
    from evenhand.detectors.llm import make as make_llm

    return make_llm(entry, context)
