"""evenhand: self-hosted content moderation.

from evenhand import Moderator

with Moderator() as moderator:
    print(moderator.check("call me on +1 415 555 2671").action)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evenhand.app import AsyncModerator
    from evenhand.domain import (
        Action,
        Author,
        Content,
        ContentKind,
        Finding,
        ItemError,
        Library,
        Location,
        Message,
        Options,
        Result,
    )
    from evenhand.errors import EvenhandError
    from evenhand.facade import Moderator
    from evenhand.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "Action",
    "AsyncModerator",
    "Author",
    "Content",
    "ContentKind",
    "EvenhandError",
    "Finding",
    "ItemError",
    "Library",
    "Location",
    "Message",
    "Moderator",
    "Options",
    "Result",
    "Settings",
    "__version__",
]

_HOMES = {
    "AsyncModerator": "evenhand.app",
    "EvenhandError": "evenhand.errors",
    "Moderator": "evenhand.facade",
    "Settings": "evenhand.settings",
}


def __getattr__(name: str) -> Any:
    """Import public names on first use, so that `import evenhand` costs nothing."""
    if name in __all__:
        return getattr(import_module(_HOMES.get(name, "evenhand.domain")), name)
    raise AttributeError(f"module 'evenhand' has no attribute {name!r}")
