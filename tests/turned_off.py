"""Built-in detectors by name, for tests that are not about them and turn them off; a new one is in these at once."""

from __future__ import annotations

from evenhand.detectors.builtin import BUILTINS
from evenhand.domain import PartKind

EVERY = tuple(builtin.name for builtin in BUILTINS)
LIGHT = ("image.hash", "image.code")  # of those that look at pictures, the ones without weights
PICTURE_MODELS = tuple(b.name for b in BUILTINS if b.reads is PartKind.IMAGE and b.name not in LIGHT)
MODELS = ("text.harm", *PICTURE_MODELS)
