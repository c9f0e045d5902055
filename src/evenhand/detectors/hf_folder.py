"""The folder of a Hugging Face model: which of its files are used, what they say, and the hash that names them.

Only data is read: ONNX, safetensors and JSON. Pickles (`pytorch_model.bin`) and models that bring code of their own
(`auto_map`) are refused, for loading either would run it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from evenhand.detectors.models_schema import Classifier, HfModel, Stored
from evenhand.errors import ModelError
from evenhand.settings import Settings

_MOST_JSON = 64 * 2**20  # bytes; a large tokenizer.json has about 20 MB
_UNUSED = (".md", ".gitattributes", ".onnx", ".bin", ".safetensors", ".h5", ".msgpack", ".ot", ".pb")
_ONNX_FILES = ["*.json", "*.onnx", "*.onnx_data", "*.onnx.data"]
_TORCH_FILES = ["*.json", "*.safetensors"]
_OFFSET_TYPES = ("roberta", "xlm-roberta", "camembert", "mpnet")  # two of their positions hold no token


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """A model's files, hashed."""

    folder: Path
    weights: tuple[Path, ...]  # the ONNX files, or the safetensors
    others: tuple[Path, ...]  # what the answers depend on besides: configuration, tokenizer, data outside the ONNX file
    sha256: str  # 64 hex digits: of the weight file; of several, that of their hashes, in order of name
    sha256_others: str

    def refuse_changed(self) -> None:
        """Make sure that the files are still those that were hashed.

        Raises:
            ModelError: a file has changed since.
        """
        if (digest(self.weights), digest(self.others)) != (self.sha256, self.sha256_others):
            raise ModelError(f"The files in {self.folder.name} changed while evenhand ran; restart the process.")


@dataclass(frozen=True, slots=True, kw_only=True)
class HfFolder(Files):
    """The files of a text classifier, and what they say."""

    runtime: Literal["onnx", "transformers"]
    labels: tuple[str, ...]  # the model's own, in order of output
    sigmoid: bool  # what config.json says of the outputs: each for itself, or one of all
    max_tokens: int  # most that the model reads
    pad_id: int


def open_folder(entry: HfModel, settings: Settings) -> HfFolder:
    """Find a model's files, read what they say and hash them: about a second for each gigabyte.

    Raises:
        ModelError: a file is missing, or of a kind that is not loaded; says what to do.
    """
    folder = classifier_folder(entry, settings)
    config = read_config(folder)
    runtime, weights = weights_of(entry, folder)
    if not (folder / "tokenizer.json").is_file():
        raise ModelError(f"{folder.name} has no tokenizer.json; save the model's fast tokenizer there.")
    others = others_of(folder, weights)
    return HfFolder(
        folder=folder,
        runtime=runtime,
        weights=weights,
        others=others,
        sha256=digest(weights),
        sha256_others=digest(others),
        labels=labels_of(config, entry),
        sigmoid=config.get("problem_type") == "multi_label_classification",
        max_tokens=_max_tokens(config, entry.max_tokens),
        pad_id=config["pad_token_id"] if isinstance(config.get("pad_token_id"), int) else 0,
    )


def classifier_folder(entry: Classifier, settings: Settings) -> Path:
    """Give the folder of a classifier; of one on the hub, with the ONNX file if there is one, or the safetensors.

    Raises:
        ModelError: there is none, or it may not be fetched.
    """
    wanted = [_TORCH_FILES] if entry.runtime == "transformers" else [_ONNX_FILES]
    wanted += [_TORCH_FILES] if entry.runtime == "auto" and entry.file is None else []
    return folder_of(entry, settings, wanted=wanted)


def folder_of(entry: Stored, settings: Settings, *, wanted: Sequence[Sequence[str]] = (_ONNX_FILES,)) -> Path:
    """Give the folder of a model.

    Args:
        entry: where it is.
        settings: where fetched files are kept, and whether any may be fetched.
        wanted: patterns of the files to fetch, in turn, until an ONNX file is there.

    Raises:
        ModelError: there is none, or it may not be fetched.
    """
    folder = entry.path if entry.path is not None else _from_hub(entry, settings, wanted)
    if not folder.is_dir():
        raise ModelError(f"There is no folder {folder} for {entry.detector}; mend path in the models file.")
    return folder


def digest(files: Iterable[Path]) -> str:
    """Give the SHA-256 of a file, or of the names and hashes of several.

    Raises:
        ModelError: a file cannot be read.
    """
    try:
        hashes = [(path.name, _sha256(path)) for path in files]
    except OSError as error:
        raise ModelError(f"{error.filename} cannot be read: {error.strerror}.") from None
    if len(hashes) == 1:
        return hashes[0][1]
    return hashlib.sha256("".join(f"{name} {sha}\n" for name, sha in hashes).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_config(folder: Path) -> Mapping[str, Any]:
    """Read config.json of a model that brings no code of its own and is whole.

    Raises:
        ModelError: it is none.
    """
    config = read_json(folder / "config.json")
    if "auto_map" in config:
        raise ModelError(f"{folder.name} needs code of its own (auto_map), which is never run; export it to ONNX.")
    if (folder / "adapter_config.json").exists():
        raise ModelError(f"{folder.name} is an adapter; merge it into its model and save that.")
    return config


def read_json(path: Path) -> Mapping[str, Any]:
    """Read a JSON object out of a model's folder.

    Raises:
        ModelError: it is missing, too large or no such object.
    """
    try:
        if path.stat().st_size > _MOST_JSON:
            raise ModelError(f"{path} is too large for a configuration.")
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        raise ModelError(f"{path} is missing or is not JSON; the folder must be that of a whole model.") from None
    if not isinstance(config, dict):
        raise ModelError(f"{path} is not a model's configuration.")
    return config


def weights_of(entry: Classifier, folder: Path) -> tuple[Literal["onnx", "transformers"], tuple[Path, ...]]:
    """Give what runs a classifier, and its weight files.

    Raises:
        ModelError: there are none, or only such as are not loaded.
    """
    places = [entry.file] if entry.file is not None else ["model.onnx", "onnx/model.onnx"]
    found = next((folder / place for place in places if (folder / place).is_file()), None)
    if found is not None and entry.runtime != "transformers":
        return "onnx", (found,)
    if entry.file is not None or entry.runtime == "onnx":
        raise ModelError(f"{folder.name} has no {' nor '.join(places)}; export the model to ONNX, or mend file.")
    tensors = tuple(sorted(folder.glob("model*.safetensors")))
    if tensors:
        return "transformers", tensors
    if any(folder.glob("*.bin")):
        raise ModelError(
            f"{folder.name} holds only pickled weights (.bin), which are never loaded: loading one can run anything. "
            f"Save it as safetensors or ONNX."
        )
    raise ModelError(f"{folder.name} has neither model.onnx nor model.safetensors.")


def others_of(folder: Path, weights: Sequence[Path]) -> tuple[Path, ...]:
    """Give the files that may matter besides the weights; those beside an ONNX file may be its external data."""
    found = {path for path in folder.iterdir() if path.suffix == ".json"}
    for file in weights:
        if file.suffix == ".onnx":
            found |= {path for path in file.parent.iterdir() if not path.name.endswith(_UNUSED)}
    return tuple(sorted(path for path in found if path.is_file()))


def labels_of(config: Mapping[str, Any], entry: Classifier, *, outputs: Sequence[str] = ()) -> tuple[str, ...]:
    """Give the names of a classifier's outputs, in order: `outputs`, or what config.json says.

    Raises:
        ModelError: nothing says them, or the models file maps others.
    """
    names = config.get("id2label")
    if outputs:
        names = {str(i): name for i, name in enumerate(outputs)}
    if not isinstance(names, dict) or not names:
        raise ModelError(f"The config.json of {entry.detector} has no id2label; add the names of its outputs.")
    labels = tuple(str(names.get(str(i))) for i in range(len(names)))
    if missing := sorted(set(entry.labels) - set(labels)):
        raise ModelError(
            f"{entry.detector}: the models file maps {', '.join(missing)}; the model has {', '.join(labels)}."[:500]
        )
    return labels


def _max_tokens(config: Mapping[str, Any], wanted: int) -> int:
    most = config.get("max_position_embeddings")
    if not isinstance(most, int) or most < 8:
        return wanted
    return min(wanted, most - 2 if config.get("model_type") in _OFFSET_TYPES else most)


def _from_hub(entry: Stored, settings: Settings, wanted: Sequence[Sequence[str]]) -> Path:
    """Give the folder of a hub model at its commit: as fetched before, or fetched now where the settings allow it."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    folder = Path()
    for patterns in wanted:
        try:
            folder = Path(
                snapshot_download(
                    str(entry.hub),
                    revision=entry.revision,
                    cache_dir=settings.data_dir / "models",
                    allow_patterns=list(patterns),
                    local_files_only=not settings.models_download,
                )
            )
        except LocalEntryNotFoundError as error:
            how = "" if settings.models_download else "; set EVENHAND_MODELS_DOWNLOAD=true, or give path"
            why = "cannot be fetched" if settings.models_download else "is not here and may not be fetched"
            raise ModelError(f"{entry.hub} {why}{how}.") from error
        except Exception as error:  # (its errors have many roots: of the hub, of HTTP, of the disk)
            raise ModelError(
                f"{entry.hub} cannot be fetched ({type(error).__name__}); is the revision right?"
            ) from error
        if any(folder.rglob("*.onnx")):
            break
    return folder
