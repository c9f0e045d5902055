"""Where the weights of the speech model come from: pinned data packages, or a folder that the operator names.

The packages are never imported: their files are read, joined, and held against the SHA-256 of the model's card.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from evenhand.errors import ModelError, SettingsError
from evenhand.inference.cards import ModelCard, load_card

PACKAGE = "evenhand_models_audio"
NAME = "whisper-base"
_BLOCK = 1 << 20
_NEEDED = ("model.bin", "tokenizer.json", "config.json")  # of a folder; the vocabulary may be .txt or .json


class JoinedFile:
    """Files read one after another as if they were one, so that no copy of them all stands in memory."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._waiting = list(paths)
        self._open: BinaryIO | None = None

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes: all that are left, or up to `size`; none at the end."""
        out: list[bytes] = []
        left = size
        while left and (self._open is not None or self._waiting):
            if self._open is None:
                self._open = self._waiting.pop(0).open("rb")
            piece = self._open.read(left)
            if not piece:
                self._open.close()
                self._open = None
            out.append(piece)
            left -= len(piece) if left > 0 else 0
        return b"".join(out)


def read_weights() -> Mapping[str, bytes | JoinedFile]:
    """Read the files of the model that ships.

    Returns:
        file name -> bytes, or for the weights a file to read; each one's SHA-256 verified.

    Raises:
        ModelError: a package is missing, or a file is not what the card describes.
    """
    card = load_card(PACKAGE, NAME)
    files: dict[str, bytes | JoinedFile] = {}
    for name, entry in card.raw["parts"].items():
        paths = _verified(card, name, entry)
        files[name] = JoinedFile(paths) if len(paths) > 1 else paths[0].read_bytes()
    return files


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


def _verified(card: ModelCard, name: str, entry: Mapping[str, object]) -> list[Path]:
    pieces = entry.get("pieces")
    if not isinstance(pieces, list):
        raise ModelError(f"Model card {card.name} names no pieces of {name}; reinstall {PACKAGE}.")
    paths = [_place(card, str(package), str(path)) for package, path in pieces]
    joined, digest = JoinedFile(paths), hashlib.sha256()
    while block := joined.read(_BLOCK):
        digest.update(block)
    found = digest.hexdigest()
    if found != entry.get("sha256"):
        raise ModelError(
            f"Weights {name} of {card.name} are not what the card describes (SHA-256 {found[:12]}...); "
            "reinstall the extra 'audio' from the lock."
        )
    return paths


def _place(card: ModelCard, package: str, path: str) -> Path:
    spec = find_spec(package)  # of a top-level name: it is looked for, not run
    folders = spec.submodule_search_locations if spec is not None else None
    if not folders:
        raise ModelError(f"Model {card.name} is not installed: install {package.replace('_', '-')} (extra 'audio').")
    found = Path(next(iter(folders))) / path
    if not found.is_file():
        raise ModelError(f"Weights {path} of {package} cannot be read; reinstall the extra 'audio'.")
    return found
