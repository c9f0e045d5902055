"""Policies to start from, one file each in templates/."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from evenhand.errors import NotFoundError
from evenhand.policy.document import load_policy

TEMPLATES = (
    "forum",
    "marketplace",
    "dating",
    "childrens-game",
    "news-comments",
    "live-streaming",
    "advertising-disclosure",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A policy to start from."""

    name: str
    description: str
    document: str  # YAML


def template(name: str) -> Template:
    """Give a template.

    Raises:
        NotFoundError: there is none of this name.
    """
    if name not in TEMPLATES:
        raise NotFoundError(f"there is no template {name[:80]!r}; there are {', '.join(TEMPLATES)}")
    text = files("evenhand.policy").joinpath("templates", f"{name}.yaml").read_text(encoding="utf-8")
    return Template(name=name, description=load_policy(text).description, document=text)


def templates() -> list[Template]:
    """Give all templates."""
    return [template(name) for name in TEMPLATES]
