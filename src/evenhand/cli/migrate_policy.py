"""Reads a site's thresholds on Perspective and writes the policy that stands for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand.domain.attributes import ATTRIBUTES, EXPERIMENTAL, canonical_attribute, is_unanswered
from evenhand.errors import UserError

if TYPE_CHECKING:
    from evenhand.api.compat.perspective_map import ScoreMap

_ACTIONS = ("mark", "review", "block")


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """From which score on a site acted on an attribute."""

    name: str  # as the site calls it
    attribute: str  # as it is answered here
    score: float  # on Perspective's scale
    action: str


def read_thresholds(given: Sequence[str], *, action: str) -> list[Threshold]:
    """Read thresholds from the command line and from files.

    Args:
        given: `ATTRIBUTE=SCORE`, `ATTRIBUTE=SCORE=ACTION`, or the path of a file: `ATTRIBUTE: SCORE` or
            `ATTRIBUTE: {score: SCORE, action: ACTION}` in YAML or JSON.
        action: where none is given.

    Raises:
        UserError: something cannot be read, or names an attribute that is not answered here.
    """
    out: list[Threshold] = []
    for item in given:
        if "=" in item and not Path(item).is_file():
            name, _, rest = item.partition("=")
            score, _, own = rest.partition("=")
            out.append(_threshold(name, score, own or action))
        else:
            out.extend(_file(Path(item), action))
    return out


def _file(path: Path, action: str) -> Iterator[Threshold]:
    import yaml

    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); give a file, or ATTRIBUTE=SCORE.") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path}: is neither YAML nor JSON ({error}).") from error
    if not isinstance(document, Mapping) or not document:
        raise UserError(f"{path}: must hold attributes and scores, such as `TOXICITY: 0.8`.")
    for name, value in document.items():
        given = value if isinstance(value, Mapping) else {"score": value}
        yield _threshold(str(name), given.get("score"), str(given.get("action", action)))


def _threshold(name: str, score: Any, action: str) -> Threshold:
    attribute = canonical_attribute(name.strip())
    if attribute is None:
        why = "nothing here answers it" if is_unanswered(name) else "Perspective has no such attribute"
        raise UserError(
            f"{name[:80]}: {why}; answered are {', '.join([*ATTRIBUTES, 'SEVERE_TOXICITY', *EXPERIMENTAL])}."
        )
    try:
        number = float(score)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= 1 or isinstance(score, bool):
        raise UserError(f"{name}: {score!r} is no score; give a number from 0 to 1.")
    if action not in _ACTIONS:
        raise UserError(f"{name}: {action[:40]!r} is no action; there are {', '.join(_ACTIONS)}.")
    return Threshold(name=name.strip(), attribute=attribute, score=number, action=action)


def policy_text(wanted: Sequence[Threshold], curves: ScoreMap, *, line: str, name: str) -> str:
    """Give the policy as YAML.

    Args:
        wanted: the thresholds.
        curves: the score map.
        line: the business line that the rules stand in; one called default is made besides.
        name: of the policy.
    """
    rules = "\n".join(_rule(number, one, curves) for number, one in enumerate(wanted, 1))
    other = "" if line == "default" else "  default:\n    extends: evenhand\n"
    return (
        f"# Made by `evenhand migrate perspective` from thresholds on Perspective's scale.\n"
        f"# Score map: {curves.version}.\n"
        f"# Add `extends: evenhand` to the line to keep the rules that ship as well.\n"
        f'name: {name}\nversion: "1"\nincomplete: review\nlines:\n{other}  {line}:\n    rules:\n{rules}\n'
    )


def _rule(number: int, one: Threshold, curves: ScoreMap) -> str:
    ours = round(curves.to_ours(one.attribute, one.score), 4)
    head = (
        f"      - name: {one.attribute.lower().replace('_', '-')}-{number}\n"
        f"        description: Perspective's {one.name} from {one.score:g} on\n"
    )
    if one.attribute == "SEVERE_TOXICITY":
        # It is a product, and a rule knows no products: both factors at its square root keep its level.
        root = round(sqrt(ours), 4)
        when = (
            f"          all:\n"
            f"            - {_labels(ATTRIBUTES['TOXICITY'], root)}\n"
            f"            - any:\n"
            f"                - {_labels((*ATTRIBUTES['IDENTITY_ATTACK'], *ATTRIBUTES['THREAT']), root)}\n"
            f"                - all:\n"
            f"                    - {_labels(ATTRIBUTES['PROFANITY'], root)}\n"
            f"                    - {_labels(ATTRIBUTES['INSULT'], root)}\n"
        )
        return f"{head}        when:\n{when}        action: {one.action}"
    labels = {**ATTRIBUTES, **EXPERIMENTAL}[one.attribute]
    return f"{head}        when: {_labels(labels, ours)}\n        action: {one.action}"


def _labels(labels: Sequence[str], least: float) -> str:
    return f"{{label: [{', '.join(labels)}], score: {{min: {least}}}}}"
