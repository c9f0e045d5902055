"""Load policy documents: a file or a text in, a Policy or all its problems with line numbers out."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from evenhand.domain import JsonValue
from evenhand.errors import PolicyError
from evenhand.policy.build import CheckLabel, build
from evenhand.policy.model import Policy
from evenhand.policy.schema import Problem, shape_problems
from evenhand.policy.yamltree import MAX_CHARS, Tree, read_tree

_MOST_TOLD = 50  # problems named in one error


def load_policy(source: Path | str, *, check_label: CheckLabel | None = None) -> Policy:
    """Read a policy document.

    Args:
        source: a file, or the YAML text itself.
        check_label: called with each label and library name; raises RefusedLabelError for those that are refused.

    Raises:
        PolicyError: the file cannot be read or the document is wrong; `problems` holds every (line, message) found.
    """
    name = str(source) if isinstance(source, Path) else "policy"
    text = _read(source) if isinstance(source, Path) else source
    try:
        tree = _with_text_version(read_tree(text))
    except PolicyError as error:
        raise _error(name, list(error.problems)) from None
    problems = shape_problems(tree)
    if problems:
        raise _error(name, problems)
    policy, more = build(tree, check_label=check_label, shipped=default_policy)
    if more:
        raise _error(name, more)
    return policy


def default_policy() -> Policy:
    """Give the policy that ships. It is known to be in order, so its shape is not checked again here."""
    policy, problems = build(_with_text_version(read_tree(default_policy_text())), check_label=None, shipped=_no_base)
    if problems:
        raise _error("the policy that ships", problems)
    return policy


def default_policy_text() -> str:
    """Give the YAML text of the policy that ships."""
    return files("evenhand.policy").joinpath("default.yaml").read_text(encoding="utf-8")


def _no_base() -> Policy:
    raise PolicyError("the policy that ships cannot extend itself")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(4 * MAX_CHARS + 1)
    except OSError as error:
        raise PolicyError(f"policy file {path} cannot be read: {error.strerror or error}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _error(str(path), [(line, "not UTF-8 text; save the file as UTF-8")]) from None


def _with_text_version(tree: Tree) -> Tree:
    """Take a version as it is written: `1.10` is not the number 1.1."""
    value = tree.value
    if not isinstance(value, dict) or "version" not in value or ("version",) not in tree.written:
        return tree
    changed: dict[str, JsonValue] = {**value, "version": tree.written["version",]}
    return Tree(value=changed, lines=tree.lines, written=tree.written)


def _error(name: str, problems: list[Problem]) -> PolicyError:
    told = sorted(problems)[:_MOST_TOLD]
    first_line, first = told[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return PolicyError(f"{name}, line {first_line}: {first}{more}", problems=tuple(told))
