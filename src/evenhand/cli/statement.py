"""`evenhand statement`: why contents were restricted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.accounting import GroundsFile, Language, SinceDay, UntilDay, period, put
from evenhand.cli.common import read_settings
from evenhand.cli.reviewing import dump, opened

statement = typer.Typer(help="Statements of reasons (Article 17 of Regulation (EU) 2022/2065).", no_args_is_help=True)


@statement.command()
def show(
    decision_id: Annotated[str, typer.Argument(help="Id of the decision.")],
    lang: Language = "en",
    form: Annotated[str, typer.Option("--format", help="text, json, or dsa for the EU's database.")] = "text",
    grounds: GroundsFile = None,
) -> None:
    """Print the statement of one decision."""
    from evenhand.accounting.dsa import as_sor
    from evenhand.accounting.grounds import read_grounds
    from evenhand.accounting.statements import appeal_link, state

    if form not in ("text", "json", "dsa"):
        raise typer.BadParameter("--format is text, json or dsa")
    settings = read_settings(grounds=grounds)
    read = read_grounds(settings)
    with opened() as store:
        document = store.decision(decision_id)
        made = state(store, document, read, language=lang, appeal=appeal_link(settings, document))
        if form == "text":
            print(made.text)
        else:
            dump(made.as_dict() if form == "json" else as_sor(made))


@statement.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Folder for the files, one for each call of the database's API.")],
    since: SinceDay = None,
    until: UntilDay = None,
    lang: Language = "en",
    grounds: GroundsFile = None,
) -> None:
    """Write the statements of a period, the last day without more, as the EU's transparency database takes them:
    `{"statements": [...]}` with at most a hundred in a file, each checked against its schema.

    What misses a ground is left out and named: see --grounds.
    """
    import orjson

    from evenhand.accounting.grounds import read_grounds
    from evenhand.api.statements import export as make
    from evenhand.store.reviewrecords import LOCAL

    asked = period(since, until, days=1)
    read = read_grounds(read_settings(grounds=grounds))
    folder.mkdir(parents=True, exist_ok=True)
    with opened() as store:
        found = make(store, read, asked.since, asked.until, lang, actor=LOCAL)
    count = 0
    for number, batch in enumerate(found["batches"], 1):
        name = f"statements-{asked.since.isoformat()}-{number:05}.json"
        put(orjson.dumps(batch, option=orjson.OPT_INDENT_2), folder / name)
        count += len(batch["statements"])
    print(f"written: {count} statements in {len(found['batches'])} files")
    for why, number in sorted(found["left_out"].items()):
        print(f"left out: {number} ({why})")
    for decision_id in found["left_out_ids"][:10]:
        print(f"  {decision_id}")


@statement.command("check-grounds")
def check_grounds(file: Annotated[Path, typer.Argument(help="File of grounds.")]) -> None:
    """Read a file of grounds and say which labels of the taxonomy have none."""
    from evenhand.accounting.grounds import load_grounds
    from evenhand.domain import TAXONOMY

    read = load_grounds(file)
    missing = [name for name, info in TAXONOMY.items() if info.harm and read.of(name) is None]
    print(f"{len(read.grounds)} grounds, {len(read.territory)} countries")
    for name in missing:
        print(f"no ground: {name}")
