"""`evenhand classes`: custom classes of texts and pictures, taught with a few examples."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenhand.cli.classfiles import examples_in
from evenhand.cli.common import open_moderator

if TYPE_CHECKING:
    from evenhand.domain import ClassEntry, CustomClass

classes = typer.Typer(help="Custom classes of texts and pictures, taught with a few examples.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the class: lower-case letters, digits and '_'.")]


@classes.command()
def train(
    name: Name,
    examples: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of pictures, or a file of texts (one a line; .jsonl with `text`; .csv with a column text); "
            "20 to 500 do well, eight at least."
        ),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="The same of what it should not be taken for; these help most.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Label of its findings, below a top-level one: ads.stickers. Else known.NAME.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Score from which there is a finding, 0.05 to 0.99. Else the suggested one.")
    ] = None,
    history: Annotated[
        str | None,
        typer.Option(help="Examples out of what people judged: contents with this label, against those without it."),
    ] = None,
    queue: Annotated[str | None, typer.Option(help="Of --history: only verdicts of this queue.")] = None,
    days: Annotated[float | None, typer.Option(help="Of --history: only of so many last days.")] = None,
    pictures: Annotated[bool, typer.Option("--pictures", help="Of --history: pictures, not texts.")] = False,
    deploy: Annotated[
        bool, typer.Option("--deploy/--no-deploy", help="Let it judge contents at once, if its audit passes.")
    ] = True,
) -> None:
    """Teach a class, say how well it was learnt, audit it, and keep it; its examples are not kept."""
    from evenhand.detectors.classes_lesson import Lesson, checked_label
    from evenhand.domain import Medium
    from evenhand.errors import InputError
    from evenhand.store.classhistory import HistoryWanted

    checked_label(name, label)  # before anything is read
    if (examples is None) == (history is None):
        raise InputError("Give a folder of pictures, a file of texts, or --history LABEL.")
    with open_moderator() as moderator:
        teaching = moderator.inner.teaching
        if examples is not None:
            medium, positives = examples_in(examples)
            others = examples_in(against)[1] if against is not None else []
        else:
            medium = Medium.IMAGE if pictures else Medium.TEXT
            wanted = HistoryWanted(medium=medium, label=history, queue=queue, days=days)
            positives, others, missing = teaching.from_history(wanted)
            if against is not None:
                others = [*others, *examples_in(against)[1]]
            if missing:
                typer.echo(f"{missing} judged contents are not kept, and teach nothing", err=True)
        lesson = Lesson(name=name, medium=medium, positives=positives, against=others, label=label, threshold=threshold)
        made = teaching.train(lesson, deploy=deploy)
    for file, why in made.left_out:
        typer.echo(f"{file}: left out: {why}", err=True)
    _print(made.made)
    if not made.made.audit["passed"]:
        typer.echo("It did not pass the fairness audit: it judges nothing.", err=True)
        raise typer.Exit(1)


@classes.command("list")
def show_all() -> None:
    """List the classes in the store."""
    with open_moderator() as moderator:
        for entry in moderator.inner.teaching.entries():
            one = entry.live or entry.versions[0]
            state = f"version {entry.deployed} judges" if entry.deployed is not None else "judges nothing"
            found = _found(one.quality["found"])
            print(f"{one.name}  {one.label}  {entry.medium}  {one.version}  {state}  {found} found")


@classes.command()
def show(
    name: Name,
    number: Annotated[int | None, typer.Option("--version", help="Which; else the one that judges.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All versions, as JSON.")] = False,
) -> None:
    """Show one class, how well it was learnt, its worst mistakes and its audit."""
    from evenhand.api.classdocuments import class_document
    from evenhand.errors import NotFoundError

    with open_moderator() as moderator:
        entry = next((one for one in moderator.inner.teaching.entries() if one.name == name), None)
    if entry is None:
        raise NotFoundError(f"no class {name[:60]!r} is stored; list them with 'evenhand classes list'")
    if as_json:
        print(json.dumps(class_document(entry), ensure_ascii=False, indent=2))
        return
    _print(_version(entry, number))


@classes.command("try")
def tried(
    name: Name,
    text: Annotated[str, typer.Argument(help="A text; '-' reads it from standard input.")],
    number: Annotated[
        int | None, typer.Option("--version", min=1, help="Which; else the one that judges, or the newest.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Score a text with a class, before it judges anything: nothing is decided, and nothing recorded."""
    from evenhand.api.classdocuments import tried_document

    with open_moderator() as moderator:
        version, said = moderator.inner.teaching.tried(name, sys.stdin.read() if text == "-" else text, number)
    document = tried_document(version, said)
    if as_json:
        print(json.dumps(document, ensure_ascii=False, indent=2))
        return
    verdict = f"found as {version.label}" if document["found"] else "not found"
    print(f"{document['score']:.4f}  {verdict} (version {version.number}, threshold {version.threshold:g})")
    if document["partial"]:
        typer.echo(document["partial"], err=True)


@classes.command()
def deploy(name: Name, number: Annotated[int, typer.Argument(help="Number of the version.")]) -> None:
    """Let a version judge contents, in the place of the one that does."""
    with open_moderator() as moderator:
        made = moderator.inner.teaching.deploy(name, number)
    print(f"{name}: version {made.number} judges from now on, as {made.label}")


@classes.command()
def rollback(name: Name) -> None:
    """Go back to the version that judged contents before."""
    with open_moderator() as moderator:
        made = moderator.inner.teaching.rollback(name)
    print(f"{name}: version {made.number} judges again")


@classes.command()
def withdraw(name: Name) -> None:
    """Let no version of a class judge any more; they are kept."""
    with open_moderator() as moderator:
        moderator.inner.teaching.withdraw(name)
    print(f"{name} judges nothing any more")


@classes.command()
def remove(name: Name) -> None:
    """Forget a class with all its versions."""
    with open_moderator() as moderator:
        moderator.remove_class(name)
    print(f"{name} removed")


def _version(entry: ClassEntry, number: int | None) -> CustomClass:
    from evenhand.errors import NotFoundError

    wanted = number or entry.deployed or entry.versions[0].number
    for one in entry.versions:
        if one.number == wanted:
            return one
    raise NotFoundError(f"class {entry.name} has no version {wanted}")


def _print(one: CustomClass) -> None:
    quality: Mapping[str, Any] = one.quality
    what = "texts" if one.medium == "text" else "pictures"
    print(f"{one.name}: findings are called {one.label}; version {one.number}, {one.version}")
    print(f"  taught with {quality['examples']} examples ({quality['distinct']} different {what})")
    print(f"  of {what} it was not shown (5-fold cross-validation, score {one.threshold:g}):")
    print(f"    examples found        {_found(quality['found'])}")
    print(f"    ordinary, taken for   {_found(quality['false_alarms_ordinary'])}")
    if quality["false_alarms_against"] is not None:
        print(f"    against, taken for    {_found(quality['false_alarms_against'])}")
    for row in one.mistakes:
        if row.get("wrong"):
            shown = row.get("text") or row.get("file") or f"decision {row.get('decision')}"
            print(f"  mistake ({row['side']}, score {row['score']}): {json.dumps(shown, ensure_ascii=False)}")
    audit: Mapping[str, Any] = one.audit
    print(f"  fairness audit: {'passed' if audit.get('passed') else 'failed'}")
    for failure in audit.get("failures", ()):
        print(f"    {failure}")


def _found(share: Any) -> str:
    return f"{share['count']} of {share['of']} (95% interval {share['low']:.1%} to {share['high']:.1%})"
