"""`evenhand policy`: check a policy file, show the one in force, print the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

policy = typer.Typer(help="Check and show policies.", no_args_is_help=True)


@policy.command("check")
def check_file(file: Annotated[Path, typer.Argument(help="Policy file (YAML).")]) -> None:
    """Check a policy file; every problem comes with its line number."""
    from evenhand.fairness import refuse_label
    from evenhand.policy import load_policy

    loaded = load_policy(file, check_label=refuse_label)
    lines = ", ".join(loaded.lines)
    print(f"{file}: policy {loaded.name}, version {loaded.version}, is in order (lines: {lines})")


@policy.command()
def schema() -> None:
    """Print the JSON Schema of policy files, for editors."""
    from evenhand.policy import policy_schema

    print(json.dumps(policy_schema(), indent=2))


@policy.command()
def default() -> None:
    """Print the policy that ships, as a starting point for your own."""
    from evenhand.policy import default_policy_text

    print(default_policy_text(), end="")
