"""Which module makes which kind of declared model; imported only when one is built."""

from __future__ import annotations

from evenhand.detectors.base import AnyDetector, DetectorContext
from evenhand.detectors.models_schema import AnyModel, HfModel


def make(entry: AnyModel, context: DetectorContext) -> AnyDetector:
    """Make the detector of one entry of the models file.

    Raises:
        ModelError, DetectorError: it cannot be had; says what to do.
        ImportError: its extra is not installed.
    """
    if isinstance(entry, HfModel):
        from evenhand.detectors.hf import make as make_hf

        return make_hf(entry, context)
    from evenhand.detectors.llm import make as make_llm

    return make_llm(entry, context)
