"""Model cards: what a weight file is, where it came from, what it was measured at, and its SHA-256.

The card stands beside the file in a data package (`evenhand_models_text`, `evenhand_models_vision`); a file that is
not the one its card describes is never loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from evenhand.errors import ModelError
from evenhand.fairness import refuse_label

_EXTRAS = {"evenhand_models_vision": "extra 'image'", "evenhand_models_text_past": "extra 'past'"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """One model card."""

    name: str
    version: str
    file: str  # file name beside the card
    sha256: str  # of that file
    task: str  # one sentence
    licence: str  # SPDX expression
    labels: Mapping[str, Any] = field(default_factory=dict)  # taxonomy label -> output of the model
    calibration: Mapping[str, Any] = field(default_factory=dict)  # label -> method and constants
    files: Mapping[str, str] = field(default_factory=dict)  # further files -> SHA-256 (a tokenizer, say)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)  # the whole card
    folder: Path = Path()  # where the card stands

    def path(self, file: str | None = None) -> Path:
        """Give the path of the card's file, or of one of its further files, once its SHA-256 has been verified.

        Raises:
            ModelError: the file is missing, not named by the card, or not the one the card describes.
        """
        name = file or self.file
        wanted = self.sha256 if name == self.file else self.files.get(name)
        if wanted is None:
            raise ModelError(f"Model card {self.name} names no file {name}.")
        path = self.folder / name
        try:
            with path.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise ModelError(f"Weights {name} of {self.name} cannot be read; reinstall the model package.") from error
        if found != wanted:
            raise ModelError(
                f"Weights {name} of {self.name} are not what the card describes "
                f"(SHA-256 {found[:12]}..., wanted {wanted[:12]}...); reinstall the model package."
            )
        return path


def load_card(package: str, name: str) -> ModelCard:
    """Read the card `<name>.card.json` of an installed model package.

    Args:
        package: import name of the data package, e.g. "evenhand_models_text". Its code is never run.
        name: model name.

    Raises:
        ModelError: the package or the card is missing or cannot be read.
        RefusedLabelError: the model says that it gives a label that evenhand refuses.
    """
    try:
        folder = Path(str(resources.files(package)))
        raw = json.loads((folder / f"{name}.card.json").read_text("utf-8"))
    except (ModuleNotFoundError, OSError, ValueError) as error:
        what = _EXTRAS.get(package, "which evenhand itself needs")
        raise ModelError(f"Model {name} is not installed: install {package.replace('_', '-')} ({what}).") from error
    for label in raw.get("labels", {}):
        refuse_label(str(label), where="label of a model")
    try:
        return ModelCard(
            name=raw["name"],
            version=raw["version"],
            file=raw["file"],
            sha256=raw["sha256"],
            task=raw["task"],
            licence=raw["licence"],
            labels=raw.get("labels", {}),
            calibration=raw.get("calibration", {}),
            files=raw.get("files", {}),
            raw=raw,
            folder=folder,
        )
    except KeyError as error:
        raise ModelError(f"Model card {name} of {package} lacks the field {error}.") from error
