"""`evenhand proposals`: what marks and suggestions say should be changed, until a second person decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.cli.common import open_moderator, read_settings
from evenhand.cli.reviewing import As, dump, opened, person

if TYPE_CHECKING:
    from evenhand.domain import Medium

proposals = typer.Typer(help="What people marked, as changes that a second person approves.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Id of a proposal.")]


@proposals.command()
def look(
    kind: Annotated[
        list[str] | None, typer.Option(help="library, mark, threshold or examples; may be given again.")
    ] = None,
    who: As = None,
) -> None:
    """Look through marks, verdicts and suggestions for what should be changed; prints what is new. Changes nothing."""
    from evenhand.learning.deciding import proposal_document
    from evenhand.learning.deriving import KINDS, derive

    if unknown := sorted(set(kind or ()) - set(KINDS)):
        raise typer.BadParameter(f"there is no kind {unknown[0]}; there are {', '.join(KINDS)}")
    with opened() as store:
        actor = person(store, who).id
        made = derive(store, read_settings(), actor=actor, kinds=kind or ())
        dump({"proposals": [proposal_document(one, actor) for one in made]})


@proposals.command("list")
def show_all(
    state: Annotated[str | None, typer.Option(help="open, approved, rejected or undone.")] = None,
    kind: Annotated[str | None, typer.Option(help="library, mark, threshold or examples.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Most proposals.")] = 100,
    who: As = None,
) -> None:
    """List proposals, newest first."""
    from evenhand.learning.deciding import proposal_document

    with opened() as store:
        actor = person(store, who).id
        found = store.proposals.page(state=state, kind=kind, limit=limit)
        dump({"proposals": [proposal_document(one, actor) for one in found]})


@proposals.command()
def show(proposal_id: Id, who: As = None) -> None:
    """Show a proposal with what it rests on and what is expected of it."""
    from evenhand.learning.deciding import proposal_document

    with opened() as store:
        dump(proposal_document(store.proposals.get(proposal_id), person(store, who).id))


@proposals.command()
def approve(proposal_id: Id, reason: Annotated[str, typer.Option(help="Why.")] = "", who: As = None) -> None:
    """Do what a proposal says. Not for who asked for it, nor for those whose marks it rests on."""
    from evenhand.learning import deciding

    with opened() as store:
        actor = person(store, who).id
        found = deciding.approve(store, read_settings(), proposal_id, actor=actor, reason=reason, teach=_teach)
        dump(deciding.proposal_document(found, actor))


@proposals.command()
def reject(proposal_id: Id, reason: Annotated[str, typer.Option(help="Why.")], who: As = None) -> None:
    """Reject a proposal; the same is not made again."""
    from evenhand.learning import deciding

    with opened() as store:
        actor = person(store, who).id
        dump(deciding.proposal_document(deciding.reject(store, proposal_id, actor=actor, reason=reason), actor))


@proposals.command()
def undo(proposal_id: Id, reason: Annotated[str, typer.Option(help="Why.")] = "", who: As = None) -> None:
    """Take back what approving a proposal did."""
    from evenhand.learning import deciding

    with opened() as store:
        actor = person(store, who).id
        dump(deciding.proposal_document(deciding.undo(store, proposal_id, actor=actor, reason=reason), actor))


def _teach(name: str, medium: Medium, label: str, actor: str) -> int:
    """See `deciding.Teach`: models are loaded only where a class is really taught."""
    with open_moderator() as moderator:
        return moderator.inner.teaching.again(name, medium, label, actor)
