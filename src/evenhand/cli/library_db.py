"""`evenhand library db`: libraries that the database keeps; servers have what is changed within two seconds."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenhand.cli.common import read_settings
from evenhand.cli.reviewing import As, dump, opened, person

if TYPE_CHECKING:
    from evenhand.shelves.keeping import Keeping
    from evenhand.store import Store

db = typer.Typer(help="Libraries that the database keeps.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the library.")]
Note = Annotated[str, typer.Option(help="For the history.")]
Label = Annotated[str | None, typer.Option(help="Of a match; left out: known.LIST.")]
Format = Annotated[
    str | None, typer.Option("--format", help="csv, json, lines, threatexchange, ncmec, stopncii or stix.")
]
_COLOUR = "black, white or review."
_MOST_BYTES = 32 * 2**20


@db.command("list")
def show_all() -> None:
    """List libraries."""
    from evenhand.shelves.entries import library_document

    with opened() as store:
        dump({"libraries": [library_document(one) for one in store.shelf.all()], "revision": store.shelf.revision()})


@db.command()
def create(
    name: Name,
    kind: Annotated[str, typer.Argument(help="words, images, sounds, videos or texts.")],
    colour: Annotated[str, typer.Option("--list", help=_COLOUR)] = "black",
    label: Label = None,
    language: Annotated[list[str] | None, typer.Option(help="Only texts in it; may be given again.")] = None,
    option: Annotated[list[str] | None, typer.Option(help="As in library documents; may be given again.")] = None,
    note: Annotated[str, typer.Option(help="What the library is for.")] = "",
    who: As = None,
) -> None:
    """Make an empty library."""
    from evenhand.shelves.entries import library_document

    with opened() as store:
        said: dict[str, Any] = {"label": label, "languages": language or [], "options": option or [], "note": note}
        dump(library_document(_keeping(store).create(name, kind, colour, actor=person(store, who).id, **said)))


@db.command()
def edit(
    name: Name,
    colour: Annotated[str | None, typer.Option("--list", help=_COLOUR)] = None,
    label: Annotated[str | None, typer.Option(help='Of a match; "": known.LIST.')] = None,
    note: Annotated[str | None, typer.Option(help="What the library is for.")] = None,
    who: As = None,
) -> None:
    """Change what is said of a library as a whole."""
    from evenhand.shelves.entries import library_document

    changes: dict[str, Any] = {key: value for key, value in (("list", colour), ("note", note)) if value is not None}
    if label is not None:
        changes["label"] = label or None
    with opened() as store:
        dump(library_document(_keeping(store).edit(name, actor=person(store, who).id, changes=changes)))


@db.command()
def delete(name: Name, who: As = None) -> None:
    """Put a library out of use; its versions stay."""
    with opened() as store:
        store.shelf.delete(name, actor=person(store, who).id)
    print(f"{name} deleted")


@db.command()
def add(
    name: Name,
    values: Annotated[list[str], typer.Argument(help="Words, expressions, hashes, fingerprints or sketches.")],
    match: Annotated[str | None, typer.Option(help="exact, fuzzy, phonetic or regex; else as written.")] = None,
    label: Label = None,
    score: Annotated[float | None, typer.Option(min=0.0001, max=1, help="Multiplied with the match's own.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Only texts in it; may be given again.")] = None,
    expires_days: Annotated[
        int | None, typer.Option(min=1, help="Days after which they are not found any more.")
    ] = None,
    note: Annotated[str, typer.Option(help="Of the entries.")] = "",
    who: As = None,
) -> None:
    """Add entries, all or none."""
    expires = None if expires_days is None else (datetime.now(UTC) + timedelta(days=expires_days)).isoformat()
    fields = {"match": match, "label": label, "score": score, "languages": language, "expires": expires, "note": note}
    given = {key: value for key, value in fields.items() if value}
    with opened() as store:
        rows = [{"value": value, **given} for value in values]
        _told(_keeping(store).add(name, rows, actor=person(store, who).id))


@db.command()
def sample(
    name: Name,
    files: Annotated[list[Path] | None, typer.Argument(help="Pictures, sounds, videos, or texts in UTF-8.")] = None,
    decision: Annotated[list[str] | None, typer.Option(help="Id of a decision; may be given again.")] = None,
    label: Label = None,
    note: Annotated[str, typer.Option(help="Of the samples.")] = "",
    who: As = None,
) -> None:
    """Add samples; of the originals only a hash, fingerprint or sketch is kept."""
    from evenhand.errors import InputError

    settings = read_settings()
    fields = {"label": label, "note": note or None}
    with opened() as store:
        actor, keeping = person(store, who).id, _keeping(store)
        for file in files or ():
            try:
                with file.open("rb") as stream:
                    data = stream.read(settings.max_file_bytes + 1)
            except OSError as error:
                raise InputError(f"{file} cannot be read ({error.strerror}); check the path") from error
            _, value = keeping.sample(name, actor=actor, data=data, fields=fields)
            print(f"{file}: {_short(value)}")
        for one in decision or ():
            _, value = keeping.sample(name, actor=actor, decision_id=one, fields=fields)
            print(f"{one}: {_short(value)}")


@db.command()
def remove(
    name: Name,
    entries: Annotated[list[str], typer.Argument(help="Ids of entries, or their values.")],
    note: Note = "",
    who: As = None,
) -> None:
    """Remove entries."""
    from evenhand.errors import NotFoundError

    wanted = set(entries)
    with opened() as store:
        found = [item for item in store.shelf.page(name, limit=None) if item.id in wanted or item.value in wanted]
        if missing := wanted - {item.id for item in found} - {item.value for item in found}:
            raise NotFoundError(f"library {name} has no entry {sorted(missing)[0][:80]!r}")
        ids = [item.id for item in found]
        _told(store.shelf.change(name, actor=person(store, who).id, remove=ids, note=note))


@db.command()
def show(
    name: Name,
    version: Annotated[int | None, typer.Option(min=1, help="As of then; else now.")] = None,
    search: Annotated[str, typer.Option(help="Only entries whose value holds this.")] = "",
    after: Annotated[str, typer.Option(help="Id of the last one already seen.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most entries.")] = 100,
) -> None:
    """List entries, oldest first."""
    from evenhand.shelves.entries import entry_document

    with opened() as store:
        found = store.shelf.page(name, version=version, search=search, after=after, limit=limit)
        dump({"entries": [entry_document(item) for item in found]})


@db.command("import")
def bring(
    name: Name,
    files: Annotated[list[Path], typer.Argument(help="Lists, at most 32 MiB each; each becomes a version.")],
    form: Format = None,
    replace: Annotated[bool, typer.Option(help="Remove what the list does not hold.")] = False,
    note: Note = "",
    who: As = None,
) -> None:
    """Bring lists in, each all or nothing; what its source has withdrawn is removed."""
    from evenhand.errors import InputError

    with opened() as store:
        for file in files:
            try:
                with file.open("rb") as stream:
                    text = stream.read(_MOST_BYTES + 1).decode("utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"{file} cannot be read as UTF-8: check the path and how it was saved.") from error
            made, found = _keeping(store).bring(
                name, text, actor=person(store, who).id, form=_form(form), replace=replace, note=note
            )
            left_out = "".join(f", {count} left out: {why}" for why, count in found.left_out.items())
            print(f"{file.name}: {found.form.value}, {made.added} added, {made.removed} removed{left_out}")


@db.command()
def export(
    name: Name,
    form: Format = "csv",
    version: Annotated[int | None, typer.Option(min=1, help="As of then; else now.")] = None,
) -> None:
    """Print a library as a list."""
    from evenhand.shelves.sharing import Form, write

    with opened() as store:
        items = store.shelf.page(name, version=version, limit=None)
        text, _ = write(store.shelf.get(name), items, _form(form) or Form.CSV)
    sys.stdout.buffer.write(text.encode())


@db.command()
def history(name: Name, limit: Annotated[int, typer.Option(min=1, max=1_000, help="Most versions.")] = 100) -> None:
    """List the versions of a library, newest first: who made them, and how."""
    from evenhand.shelves.entries import change_document

    with opened() as store:
        dump({"versions": [change_document(one) for one in store.shelf.history(name, limit=limit)]})


@db.command()
def rollback(name: Name, version: Annotated[int, typer.Argument(min=1)], note: Note = "", who: As = None) -> None:
    """Make a version that holds what an earlier one held; those between stay in the history."""
    with opened() as store:
        _told(store.shelf.rollback(name, version, actor=person(store, who).id, note=note))


def from_texts(
    files: Annotated[list[Path], typer.Argument(help="Texts in UTF-8.")],
) -> None:
    """Print the sketches of texts, one a line, for a library of kind texts."""
    from evenhand.domain import LibraryKind
    from evenhand.errors import InputError
    from evenhand.shelves.samples import sample_of

    for file in files:
        try:
            print(sample_of(file.read_bytes(), LibraryKind.TEXTS, read_settings()))
        except OSError as error:
            raise InputError(f"{file} cannot be read ({error.strerror}); check the path") from error


def _keeping(store: Store) -> Keeping:
    from evenhand.matching.libraries import load_libraries
    from evenhand.shelves.keeping import Keeping

    settings = read_settings()
    taken = [] if settings.libraries is None else [library.name for library in load_libraries(settings.libraries)]
    return Keeping(store, settings, taken=taken)


def _form(name: str | None) -> Any:
    from evenhand.shelves.sharing import Form

    if name is None:
        return None
    if name not in set(Form):
        raise typer.BadParameter(f"'{name}' is no format; it is one of {', '.join(Form)}")
    return Form(name)


def _told(change: Any) -> None:
    print(f"version {change.version}: {change.added} added, {change.removed} removed, {change.size} in all")


def _short(value: str) -> str:
    return value if len(value) <= 80 else f"{value[:60]}... ({len(value)} characters)"
