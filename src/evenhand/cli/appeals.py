"""`evenhand appeals`: filed, claimed, decided; links for those who have no account. Prints JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from evenhand.cli.common import read_settings
from evenhand.cli.reviewing import As, dump, opened, person

appeals = typer.Typer(help="Appeals against decisions.", no_args_is_help=True)

Decision = Annotated[str, typer.Argument(help="Id of the decision.")]
Id = Annotated[str, typer.Argument(help="Id of the appeal.")]
Party = Annotated[str, typer.Option(help="Who appeals, in your words: author, reporter:17. One appeal each.")]


@appeals.command()
def file(
    decision_id: Decision,
    statement: Annotated[str, typer.Argument(help="What the appellant says, up to 4000 characters.")],
    party: Party = "author",
    language: Annotated[str, typer.Option(help="In which they are answered.")] = "en",
    who: As = None,
) -> None:
    """File an appeal. The same words of the same party again give the appeal that there is."""
    from evenhand.review.qualitydocuments import appeal_document

    with opened() as store:
        me = person(store, who)
        appeal, new = store.appeals.file(decision_id, statement, party=party, language=language, actor=me.id)
        dump({**appeal_document(appeal, reviewing=True), "new": new})


@appeals.command()
def link(
    decision_id: Decision,
    party: Party = "author",
    days: Annotated[
        float | None, typer.Option(min=0.01, max=3_650, help="How long it is good; else as long as appeals are taken.")
    ] = None,
) -> None:
    """Make a signed link to the page on which somebody without an account appeals, and reads what came of it."""
    from evenhand.api.appeals import link_document
    from evenhand.review.appeallinks import Links

    links = Links(read_settings())
    with opened() as store:
        store.decision(decision_id)
        dump(link_document(links, links.make(decision_id, party=party, days=days)))


@appeals.command("list")
def show_all(
    state: Annotated[str | None, typer.Option(help="open, decided, upheld, overturned or partly.")] = None,
    decision: Annotated[str | None, typer.Option(help="Only against this decision.")] = None,
    after: Annotated[str, typer.Option(help="Id of the last one already seen.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Most to give.")] = 100,
) -> None:
    """List appeals, oldest first."""
    from evenhand.review.qualitydocuments import appeal_document

    with opened() as store:
        found = store.appeals.page(state=state, decision_id=decision, after=after, limit=limit)
        dump({"appeals": [appeal_document(one, reviewing=True) for one in found]})


@appeals.command()
def show(appeal_id: Id) -> None:
    """Give an appeal."""
    from evenhand.review.qualitydocuments import appeal_document

    with opened() as store:
        dump(appeal_document(store.appeals.get(appeal_id), reviewing=True))


@appeals.command()
def claim(who: As = None) -> None:
    """Claim the most urgent appeal against what one took no part in; null: none is free."""
    from evenhand.api.appeals import claimed

    with opened() as store:
        dump(claimed(store, person(store, who)))


@appeals.command()
def decide(
    appeal_id: Id,
    outcome: Annotated[str, typer.Argument(help="upheld, overturned or partly.")],
    explanation: Annotated[str, typer.Option(help="For the appellant, in their language.")],
    action: Annotated[
        str | None, typer.Option(help="What is done now: pass, mark or block; overturned without it passes.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="A right label; may be given again.")] = None,
    reason: Annotated[str, typer.Option(help="For colleagues; else the explanation.")] = "",
    who: As = None,
) -> None:
    """Decide an appeal that one holds, or that nobody holds. It is final."""
    from evenhand.api.appeals import decided

    with opened() as store:
        me = person(store, who)
        said = {"outcome": outcome, "explanation": explanation, "action": action, "reason": reason}
        dump(decided(store, me, appeal_id, **said, labels=label))  # type: ignore[arg-type]


@appeals.command()
def totals(days: Annotated[float, typer.Option(min=0.01, max=3_650, help="How far back.")] = 30) -> None:
    """Give how appeals were decided, by label: how often the first decision was wrong."""
    from evenhand.review.qualitydocuments import plain

    with opened() as store:
        dump({"totals": plain(store.appeals.totals(datetime.now(UTC) - timedelta(days=days)))})
