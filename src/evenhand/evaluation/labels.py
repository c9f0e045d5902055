"""Their label names to ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from evenhand.contents import read_file
from evenhand.domain import TAXONOMY, is_label
from evenhand.errors import InputError, PolicyError
from evenhand.fairness import refuse_label
from evenhand.policy.yamltree import read_tree

ANY = "any"  # stands for "harmful in some way", for data that does not say in which
_MAX_FILE = 512 * 1024  # bytes of a map


class LabelMap:
    """Translates label names; names of the taxonomy that are not in the map stand for themselves.

    Args:
        names: their name -> our labels; none: what carries this name is ignored.

    Raises:
        InputError: one of ours is not in the taxonomy.
        RefusedLabelError: one of ours asks for a protected attribute.
    """

    def __init__(self, names: Mapping[str, Sequence[str]] | None = None) -> None:
        self._names = {their: tuple(ours) for their, ours in (names or {}).items()}
        for their, ours in self._names.items():
            for label in ours:
                if not _known(label):
                    raise InputError(f"{their!r} is mapped to {label!r}, which is no label; see: evenhand labels.")

    def ours(self, their: str) -> tuple[str, ...] | None:
        """Give our labels for their name, () where it is ignored, None where nobody said what it means."""
        found = self._names.get(their)
        if found is None and _known(their):
            self._names[their] = found = (their,)
        return found


def _known(label: str) -> bool:
    """Say whether this is a label, also an operator's own below one of the taxonomy's."""
    if label == ANY or is_label(label):
        return True
    top, dot, below = label.partition(".")
    if not (dot and below and top in TAXONOMY):
        return False
    refuse_label(label)
    return True


def parse_pair(pair: str) -> tuple[str, tuple[str, ...]]:
    """Read "their=ours", "their=ours,ours" or "their=" (ignore).

    Raises:
        InputError: there is no "=".
    """
    # From the right: our names hold no "=", theirs may.
    their, equals, ours = pair.rpartition("=")
    if not equals or not their:
        raise InputError(f'{pair!r} is no pair; write their=ours, such as toxic=harassment, or "their=" to ignore.')
    return their, tuple(name.strip() for name in ours.split(",") if name.strip())


def read_map(path: Path) -> dict[str, tuple[str, ...]]:
    """Read a map from a YAML or JSON file: `{their: ours, their: [ours, ours], their: null}`.

    Raises:
        InputError: it cannot be read or has another shape.
    """
    try:
        tree = read_tree(read_file(path, _MAX_FILE).decode("utf-8")).value
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8.") from None
    except PolicyError as error:
        raise InputError(f"{path}: {error.message}.") from error
    if not isinstance(tree, dict):
        raise InputError(f"{path} must hold a mapping, such as: toxic: harassment.")
    out = {}
    for their, ours in tree.items():
        names = [] if ours is None else ours if isinstance(ours, list) else [ours]
        if not all(isinstance(name, str) for name in names):
            raise InputError(f"{path}: {their!r} must be one of our labels, a list of them, or null to ignore it.")
        out[their] = tuple(str(name) for name in names)
    return out
