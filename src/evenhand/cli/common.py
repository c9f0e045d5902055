"""What several commands share: options that stand for settings, and how a moderator is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenhand.errors import SettingsError

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
    """Read the settings from the environment; options that were given (not None) come first.

    Raises:
        SettingsError: a setting has a value that cannot be used; names the setting and what is wrong with it.
    """
    from pydantic import ValidationError

    from evenhand.settings import Settings

    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(f"EVENHAND_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"Settings cannot be used: {problems}.") from error


def open_moderator(**overrides: Any) -> Moderator:
    """Open a moderator on the settings, with logs set up."""
    from evenhand.facade import Moderator

    return Moderator(read_settings(**overrides))
