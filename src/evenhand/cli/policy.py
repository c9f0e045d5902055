"""`evenhand policy`: check a policy file, print the schema and the policy that ships; versions kept in the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli import FLAGGED
from evenhand.cli.common import read_settings
from evenhand.cli.policylive import add_live
from evenhand.cli.policyversions import add_versions

policy = typer.Typer(help="Check, draft, approve, publish and undo policies.", no_args_is_help=True)


@policy.command("check")
def check_file(
    file: Annotated[Path, typer.Argument(help="Policy file (YAML).")],
    audit: Annotated[
        bool, typer.Option("--audit", help="Audit every business line for fairness too, as evenhand audit does.")
    ] = False,
) -> None:
    """Check a policy file; every problem comes with its line number.

    Exit code: 0 in order, 1 the audit found groups treated differently, 2 user error, 3 system error.
    """
    from evenhand.fairness import refuse_label
    from evenhand.policy import load_policy

    loaded = load_policy(file, check_label=refuse_label)
    lines = ", ".join(loaded.lines)
    print(f"{file}: policy {loaded.name}, version {loaded.version}, is in order (lines: {lines})")
    if audit and not _is_fair(file, tuple(loaded.lines)):
        raise typer.Exit(FLAGGED)


def _is_fair(file: Path, lines: Sequence[str]) -> bool:
    from evenhand.evaluation.identity import audit_everything

    settings, fair = read_settings(policy=file), True
    for line in lines:
        report = audit_everything(settings, line=line)
        fair = fair and report.passed
        print(f"line {line}: the audit {'passed' if report.passed else 'did not pass'}")
        for failure in report.failures():
            print(f"  {failure}")
    return fair


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


add_versions(policy)
add_live(policy)
