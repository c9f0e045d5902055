"""`evenhand settings`: every setting, its value here, and what it does."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer

from evenhand.cli.common import read_settings

_SECRETS = {"database_url", "secret_key", "shadow_keys"}


def settings(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List all settings with their values; each is an environment variable. Passwords are not shown."""
    current = read_settings()
    rows = []
    for name, field in type(current).model_fields.items():
        value = getattr(current, name)
        shown = "(set)" if name in _SECRETS and value else "" if value is None else str(value)
        rows.append((f"EVENHAND_{name.upper()}", shown, field.description or ""))
    if json:
        print(jsonlib.dumps([{"name": n, "value": v, "help": h} for n, v, h in rows], indent=2))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("setting", "value", "what it does", header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
