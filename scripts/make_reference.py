"""Write the generated reference pages: python scripts/make_reference.py [FOLDER]

A test runs this into an empty folder and compares, so that the pages cannot fall behind the code.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from evenhand import errors
from evenhand.api.application import create_app
from evenhand.app import AsyncModerator
from evenhand.cli.root import build
from evenhand.detectors.builtin import BUILTINS
from evenhand.domain import FACTS, TAXONOMY
from evenhand.settings import Settings
from evenhand.store import open_store

HEAD = "<!-- Written by scripts/make_reference.py; change the code, not this page. -->\n"


def labels() -> Iterator[str]:
    """Give the page of labels."""
    yield "# Labels\n\nOne tree. Children are added below a top-level label, never beside it. A policy that names a label"
    yield "means everything below it too. Marks are neutral: they are never a violation in themselves.\n"
    yield "| label | kind | meaning |\n| --- | --- | --- |"
    for info in TAXONOMY.values():
        yield f"| `{info.name}` | {'harm' if info.harm else 'mark'} | {info.description} |"
    yield "\n## Facts\n\nWhat a finding may carry in `facts`, and a condition of a policy may ask for.\n`face.present` carries those of faces.\n"
    yield "| fact | meaning |\n| --- | --- |"
    for fact in FACTS.values():
        yield f"| `{fact.name}` | {fact.description} |"


def detectors() -> Iterator[str]:
    """Give the page of detectors."""
    yield "# Detectors\n\nIn the order in which they are listed in `evenhand/detectors/builtin.py`. Versions stand in every result.\n"
    asked = {builtin.name: builtin.setting for builtin in BUILTINS if builtin.setting is not None}
    moderator = AsyncModerator(_settings().model_copy(update=dict.fromkeys(asked.values(), 10.0)))
    for entry in moderator.detectors():
        if not entry["available"]:
            raise SystemExit(f"{entry['name']} cannot be built: {entry['why']}")
        yield f"## `{entry['name']}` {entry['version']}\n\n{entry['description']}\n"
        reads = f"Reads {entry['reads']}"
        emits = f", reads {' and '.join(entry['emits'])} out of it" if entry["emits"] else ""
        yield f"{reads}{emits}. Cost class: {entry['cost']}.\n"
        if setting := asked.get(entry["name"]):
            yield f"There only where `EVENHAND_{setting.upper()}` is set.\n"
        given = ", ".join(f"`{label}`" for label in entry["labels"])
        yield f"Labels: {given}.\n" if given else "Gives no labels of its own.\n"


def settings() -> Iterator[str]:
    """Give the page of settings."""
    yield "# Settings\n\nEvery setting is an environment variable; `evenhand settings` shows their values. Lists are JSON.\n"
    yield "| variable | default | what it does |\n| --- | --- | --- |"
    for name, field in Settings.model_fields.items():
        default = "(data folder of the user)" if name == "data_dir" else field.default
        shown = "" if default is None else f"`{default}`"
        yield f"| `EVENHAND_{name.upper()}` | {shown} | {field.description} |"


def error_page() -> Iterator[str]:
    """Give the page of errors."""
    yield "# Errors\n\nEvery surface gives an error's stable code and a message that says what to do. Over HTTP:"
    yield '`{"error": {"code": "...", "message": "..."}}`; inside a batch, in the place of the item: `{"id": ..., "error": {...}}`.'
    yield "The command line exits with 2 for user errors and 3 for system errors.\n"
    yield "| class | code | HTTP | meaning |\n| --- | --- | --- | --- |"
    for error in _subclasses(errors.EvenhandError):
        meaning = (inspect.getdoc(error) or "").split("\n")[0]
        yield f"| `{error.__name__}` | `{error.code}` | {error.status} | {meaning} |"
    yield "\nOver HTTP alone there are also `forbidden` (403, the key or the role lacks the scope), `account_unfinished` (403, a"
    yield "password must be changed or one-time codes set up first), `provider_failed` (502, single sign-on), `rate_limited` (429) and `busy` (503),"
    yield "both with `Retry-After`, and `method_not_allowed` (405). A body or field that cannot be read is `bad_request` with 422."


def cli() -> Iterator[str]:
    """Give the page of the command line."""
    yield "# Command line\n\nExit codes: 0 clean, 1 something was flagged, 2 user error, 3 system error.\n"
    group = typer.main.get_command(build())
    yield from _commands(group, "evenhand")


def http() -> Iterator[str]:
    """Give the page of the HTTP API."""
    yield "# HTTP API\n\nInteractive at `/docs`; as a document at `/openapi.json`. Bodies and answers are JSON; files may also come as"
    yield "`multipart/form-data` in the field `file`. Send `Idempotency-Key` with a POST that may be sent twice. API keys go"
    yield "into `Authorization: Bearer KEY` or `X-API-Key`; people's sessions are [cookies](../how-to/accounts.md#sessions). Answers are [result documents](result.md); errors have [one shape](errors.md).\n"
    store = open_store("sqlite://")
    store.migrate()
    app = create_app(_settings(), moderator=AsyncModerator(_settings(), store=store), warm=False)
    document = app.openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"## `{method.upper()} {path}`\n\n{operation.get('description') or operation['summary']}\n"
            codes = ", ".join(
                f"{code} {answer['description'].rstrip('.')}" for code, answer in operation["responses"].items()
            )
            yield f"Answers: {codes}.\n"


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "labels.md": labels,
    "detectors.md": detectors,
    "settings.md": settings,
    "errors.md": error_page,
    "cli.md": cli,
    "http.md": http,
}


def _settings() -> Settings:
    return Settings(plugins=False)


def _subclasses(base: type[Any]) -> Iterator[type[Any]]:
    yield base
    for child in base.__subclasses__():
        if child.__module__ == "evenhand.errors":
            yield from _subclasses(child)


def _commands(command: Any, name: str) -> Iterator[str]:
    if hasattr(command, "commands"):
        for child_name, child in command.commands.items():
            yield from _commands(child, f"{name} {child_name}")
        return
    arguments = [p for p in command.params if getattr(p, "param_type_name", "") == "argument"]
    shown = " ".join(p.metavar or f"{(p.name or '').upper()}{'...' if p.nargs == -1 else ''}" for p in arguments)
    yield f"## `{name}{' ' + shown if shown else ''}`\n\n{inspect.cleandoc(command.help or '')}\n"
    for parameter in command.params:
        if getattr(parameter, "param_type_name", "") == "option" and parameter.name != "help":
            names = ", ".join(f"`{opt}`" for opt in (*parameter.opts, *parameter.secondary_opts))
            yield f"- {names}: {parameter.help or ''}"
    yield ""


def main() -> None:
    """Write all pages."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(HEAD + "\n".join(page()).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
