"""`evenhand mark`: automatic results right or wrong, and the same content answered accordingly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.cli.common import read_settings
from evenhand.cli.reviewing import As, dump, opened, person

if TYPE_CHECKING:
    from evenhand.shelves.alike import Finder
    from evenhand.store import Store

mark = typer.Typer(help="Mark automatic results right or wrong.", no_args_is_help=True)

Ids = Annotated[list[str], typer.Argument(help="Ids of marks.")]


@mark.command()
def add(
    about: Annotated[str, typer.Argument(help="Id of the decision, or the content hash of a result (sha256:...).")],
    verdict: Annotated[str, typer.Argument(help="right, wrong or overridden.")],
    action: Annotated[str | None, typer.Option(help="What is done: pass, mark or block.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="A right label of what is wrong; may be given again. None: harmless.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Needed for what is wrong or overridden.")] = "",
    near: Annotated[
        bool, typer.Option(help="It speaks of what is nearly the same, too: of texts and pictures.")
    ] = False,
    ask: Annotated[
        bool, typer.Option(help="While it is applied, ask a person about alike contents that would pass.")
    ] = False,
    text: Annotated[
        str | None, typer.Option(help="With --near or --ask: the text, where nothing is kept of it.")
    ] = None,
    sample: Annotated[str | None, typer.Option(help="With --near: PDQ hash, or sketch of the text.")] = None,
    who: As = None,
) -> None:
    """Mark one result. Nothing is answered otherwise before `apply`."""
    from evenhand.review.documents import mark_document
    from evenhand.review.marking import Said
    from evenhand.shelves.nearmarks import read_rows

    hashed = about.startswith("sha256:")
    said = Said(
        decision_id=None if hashed else about,
        content_hash=about if hashed else None,
        verdict=verdict,
        action=action,
        labels=(label or []) if verdict == "wrong" else label,
        reason=reason,
        near=near,
        ask=ask,
        text=text,
        sample=sample,
    )
    with opened() as store:
        me = person(store, who)
        made = store.marks.add(me, read_rows(store, read_settings(), [said], tenant=me.tenant))
        dump({"marks": [mark_document(one) for one in made]})


@mark.command("import")
def read_file(
    file: Annotated[Path, typer.Argument(help="CSV, UTF-8, with a header; at most 1000 rows and 8 MB.")],
    who: As = None,
) -> None:
    """Mark many results, all or none.

    Columns: decision_id or content_hash, verdict; near, ask; action, labels (parted by semicolons), reason if needed.
    """
    from evenhand.errors import InputError
    from evenhand.review.documents import mark_document
    from evenhand.review.marking import read_csv
    from evenhand.shelves.nearmarks import read_rows

    try:
        with file.open("rb") as stream:
            body = stream.read(8 * 2**20 + 1)
        if len(body) > 8 * 2**20:
            raise InputError("The CSV is larger than 8 MB: cut it.")
        rows = read_csv(body.decode())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file.name} cannot be read: give a CSV file in UTF-8.") from error
    with opened() as store:
        me = person(store, who)
        made = store.marks.add(me, read_rows(store, read_settings(), rows, tenant=me.tenant))
        dump({"marks": [mark_document(one) for one in made]})


@mark.command("list")
def show_all(
    state: Annotated[str | None, typer.Option(help="proposed, applied or undone.")] = None,
    after: Annotated[str, typer.Option(help="Id of the last one already seen.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Most marks.")] = 100,
) -> None:
    """List marks, oldest first."""
    from evenhand.review.documents import mark_document

    with opened() as store:
        dump({"marks": [mark_document(one) for one in store.marks.page(state=state, after=after, limit=limit)]})


@mark.command()
def suggestions(
    after: Annotated[str, typer.Option(help="Id of the last one already seen.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Most suggestions.")] = 100,
) -> None:
    """List what callers of other vendors' APIs said scores should be, oldest first."""
    from dataclasses import asdict

    with opened() as store:
        found = store.suggestions.list(after=after, limit=limit)
        dump({"suggestions": [{k: v for k, v in asdict(one).items() if k != "key_id"} for one in found]})


@mark.command()
def preview(
    ids: Ids,
    alike: Annotated[bool, typer.Option(help="Look for past decisions that are alike, to choose among.")] = True,
) -> None:
    """Say what applying marks would change; changes nothing."""
    from evenhand.shelves.marking import foreseen

    with opened() as store:
        dump(foreseen(store, ids, _finder(store) if alike else None))


@mark.command()
def apply(
    ids: Ids,
    also: Annotated[
        list[str] | None,
        typer.Option(help="With one mark: id of a decision shown as alike, to be corrected with it; may be repeated."),
    ] = None,
    who: As = None,
) -> None:
    """Answer the same content as these marks say from now on, in every process within a second."""
    from evenhand.errors import InputError
    from evenhand.shelves.marking import applied

    if also and len(ids) != 1:
        raise InputError("--also goes with one mark: apply it by itself.")
    with opened() as store:
        me = person(store, who)
        if not me.senior:
            raise InputError("Marks are applied by keys with the scope senior.")
        dump(applied(store, ids, me, _finder(store), also={ids[0]: also} if also else {}))


@mark.command()
def undo(ids: Ids, who: As = None) -> None:
    """Answer the same content as the detectors and the policy say again."""
    from evenhand.errors import InputError
    from evenhand.review.documents import mark_document

    with opened() as store:
        me = person(store, who)
        if not me.senior:
            raise InputError("Marks are undone by keys with the scope senior.")
        dump({"marks": [mark_document(one) for one in store.marks.undo(ids, me)]})


def _finder(store: Store) -> Finder:
    from evenhand.shelves.alike import Finder
    from evenhand.shelves.embedding import Embedder

    settings = read_settings()
    return Finder(store, settings, Embedder(settings))
