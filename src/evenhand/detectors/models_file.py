"""The models file: further models, declared by the operator in YAML, as detectors like any other.

Of texts: `kind: hf`, a Hugging Face classifier (see `hf`), and `kind: llm`, a policy-reading language model behind an
OpenAI-compatible endpoint (see `llm`). Of pictures: `image-classification` (`hf_pictures`), `zero-shot` (`zero_shot`)
and `vision-llm` (`llm_pictures`). Names, labels and prompts pass `fairness.refuse_label` while the file is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evenhand.detectors.models_kinds import KINDS, AnyModel
from evenhand.detectors.models_pictures import PictureModel
from evenhand.detectors.models_schema import Endpoint, Stored
from evenhand.errors import PolicyError, SettingsError
from evenhand.policy.yamltree import Lines, read_tree

_MOST_BYTES = 512 * 1024


def read_models(path: Path) -> tuple[AnyModel, ...]:
    """Read the models file.

    Args:
        path: a YAML file with the list `models`, at most 512 kB.

    Returns:
        The models in order, paths made absolute, `policy` filled from `policy_file`.

    Raises:
        SettingsError: the file, or an entry of it, cannot be used; with the line and what is wrong.
        RefusedLabelError: a name or label asks for a protected attribute or an identity.
    """
    try:
        tree = read_tree(_read(path))
    except PolicyError as error:
        raise SettingsError(f"{path.name} {error.message}") from None
    entries = tree.value.get("models") if isinstance(tree.value, dict) and set(tree.value) == {"models"} else None
    if not isinstance(entries, list) or not entries:
        raise SettingsError(f"{path.name}: give one list named models (docs/how-to/add-a-model.md).")
    models = [_model(entry, place, tree.lines, path) for place, entry in enumerate(entries)]
    names = [model.detector for model in models]
    if doubles := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(f"{path.name}: two models are named {', '.join(doubles)}; rename one.")
    return tuple(models)


def _model(entry: Any, place: int, lines: Lines, path: Path) -> AnyModel:
    at: tuple[str | int, ...] = ("models", place)
    kind = KINDS.get(str(entry.get("kind"))) if isinstance(entry, dict) else None
    if kind is None:
        raise SettingsError(f"{path.name} line {lines.get(at, 0)}: a model needs kind: {' or '.join(KINDS)}.")
    try:
        model = kind.model_validate(entry)
    except ValidationError as error:
        problems = [f"line {_line(lines, at, e['loc'])}: {_words(e['loc'], e['msg'])}" for e in error.errors()]
        raise SettingsError(f"{path.name} {'; '.join(problems)}.") from None
    return _placed(model, path.resolve().parent)


def _placed(model: AnyModel, base: Path) -> AnyModel:
    """Make the paths that an entry names absolute, and read its policy."""
    update: dict[str, Any] = {}
    if isinstance(model, Stored) and model.path is not None:
        update["path"] = base / model.path.expanduser()
    if isinstance(model, PictureModel) and model.examples:
        shown = [one.model_copy(update={"file": base / one.file.expanduser()}) for one in model.examples]
        update["examples"] = tuple(shown)
    if isinstance(model, Endpoint) and model.policy_file is not None:
        text = _read(base / model.policy_file.expanduser())
        if not text.strip():
            raise SettingsError(f"{model.policy_file} is empty; write what the model is to judge by.")
        update["policy"] = text
    return model.model_copy(update=update) if update else model


def _words(loc: tuple[int | str, ...], message: str) -> str:
    said = message.removeprefix("Value error, ")
    return f"{'.'.join(str(step) for step in loc)}: {said}" if loc else said


def _line(lines: Lines, at: tuple[str | int, ...], loc: tuple[int | str, ...]) -> int:
    """Give the line of the deepest step that stands in the document."""
    path = (*at, *loc)
    while path not in lines and len(path) > len(at):
        path = path[:-1]
    return lines.get(path, 0)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SettingsError(f"{path} is larger than {_MOST_BYTES // 1024} kB; it should be a short text.")
        return path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text; save it as such.") from None
