"""Where the weights of the speech model come from: pinned data packages, or a folder that the operator names.

The packages are never imported: their files are read, joined, and held against the SHA-256 of the model's card.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from evenhand.errors import ModelError, SettingsError
from evenhand.inference.cards import ModelCard, load_card

PACKAGE = "evenhand_models_audio"
NAME = "whisper-base"
_NEEDED = ("model.bin", "tokenizer.json", "config.json")  # of a folder; the vocabulary may be .txt or .json


def read_weights() -> Mapping[str, bytes]:
    """Read the files of the model that ships.

    Returns:
        file name -> bytes, each file's SHA-256 verified. About 148 MB.

    Raises:
        ModelError: a package is missing, or a file is not what the card describes.
    """
    card = load_card(PACKAGE, NAME)
    return {name: _joined(card, name, entry) for name, entry in card.raw["parts"].items()}


def check_folder(folder: Path) -> str:
    """Check a folder that holds a Whisper model for CTranslate2.

    Returns:
        The first twelve hexadecimal digits of the SHA-256 of its `model.bin`, which tell one model from another.

    Raises:
        SettingsError: it is no such folder; says what is missing.
    """
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise SettingsError(
            f"EVENHAND_SPEECH_MODEL: {folder} lacks {', '.join(missing)}; give a folder with a Whisper model for "
            "CTranslate2 (ct2-transformers-converter makes one)."
        )
    with (folder / "model.bin").open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:12]


def _joined(card: ModelCard, name: str, entry: Mapping[str, object]) -> bytes:
    pieces = entry.get("pieces")
    if not isinstance(pieces, list):
        raise ModelError(f"Model card {card.name} names no pieces of {name}; reinstall {PACKAGE}.")
    data = b"".join(_read(card, str(package), str(path)) for package, path in pieces)
    found = hashlib.sha256(data).hexdigest()
    if found != entry.get("sha256"):
        raise ModelError(
            f"Weights {name} of {card.name} are not what the card describes (SHA-256 {found[:12]}...); "
            "reinstall the extra 'audio' from the lock."
        )
    return data


def _read(card: ModelCard, package: str, path: str) -> bytes:
    spec = find_spec(package)  # of a top-level name: it is looked for, not run
    folders = spec.submodule_search_locations if spec is not None else None
    if not folders:
        raise ModelError(f"Model {card.name} is not installed: install {package.replace('_', '-')} (extra 'audio').")
    try:
        return (Path(next(iter(folders))) / path).read_bytes()
    except OSError as error:
        raise ModelError(f"Weights {path} of {package} cannot be read; reinstall the extra 'audio'.") from error
