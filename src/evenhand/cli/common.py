"""What several commands share: options that stand for settings, and how a moderator is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evenhand.facade import Moderator
    from evenhand.settings import Settings

PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="Policy file; else EVENHAND_POLICY, else the one that ships.")
]
Libraries = Annotated[
    Path | None, typer.Option("--libraries", help="Folder of word lists and sample libraries; else EVENHAND_LIBRARIES.")
]


def read_settings(**overrides: Any) -> Settings:
    """Read the settings; options that were given (not None) come first.

    Raises:
        SettingsError: a setting has a value that cannot be used.
    """
    from evenhand.settings import read_settings as read  # here: commands that need no settings start sooner

    return read(**overrides)


def open_moderator(**overrides: Any) -> Moderator:
    """Open a moderator on the settings, with logs set up."""
    from evenhand.facade import Moderator

    return Moderator(read_settings(**overrides))
