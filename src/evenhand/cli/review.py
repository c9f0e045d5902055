"""`evenhand review`: what waits for people, and what they say. Each command prints JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from evenhand.cli.common import read_settings
from evenhand.cli.reviewing import As, dump, opened, person
from evenhand.errors import InputError

review = typer.Typer(help="Review by people: claim, decide, undo.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Id of the decision.")]
Queue = Annotated[str | None, typer.Option(help="Only this queue.")]
Line = Annotated[str | None, typer.Option(help="Only this business line.")]
Label = Annotated[str | None, typer.Option(help="Only this label, or those below it.")]
Language = Annotated[str | None, typer.Option(help="Only this language.")]
Note = Annotated[str, typer.Option(help="For who comes next.")]


@review.command("list")
def show_all(
    state: Annotated[str | None, typer.Option(help="waiting, claimed, held or done.")] = None,
    queue: Queue = None,
    line: Line = None,
    label: Label = None,
    language: Language = None,
    after: Annotated[str, typer.Option(help="Id of the last one already seen.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Most items.")] = 50,
    who: As = None,
) -> None:
    """List items, oldest first."""
    from evenhand.review.documents import item_document
    from evenhand.store.reviewrecords import Wanted

    wanted = Wanted(queue=queue, line=line, label=label, language=language)
    with opened() as store:
        me = person(store, who)
        found = store.reviews.page(wanted, state=state, after=after, limit=limit)
        dump({"items": [item_document(item, me) for item in found]})


@review.command()
def claim(
    queue: Queue = None, line: Line = None, label: Label = None, language: Language = None, who: As = None
) -> None:
    """Claim the most urgent free item, with the decision it is about; null: nothing that fits is free."""
    from evenhand.review.documents import held_back_document, item_document
    from evenhand.store.reviewrecords import Wanted

    with opened() as store:
        me = person(store, who)
        given = store.reviews.give(me, Wanted(queue=queue, line=line, label=label, language=language))
        found, held = given.item, given.held_back
        shown = (
            None
            if found is None
            else {**item_document(found, me), "decision": store.log.many([found.decision_id]).get(found.decision_id)}
        )
        dump({"item": shown, "held_back": None if held is None else held_back_document(held)})


@review.command()
def decide(
    decision_id: Id,
    verdict: Annotated[str, typer.Argument(help="right, wrong or overridden.")],
    action: Annotated[str | None, typer.Option(help="What is done: pass, mark or block.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="A right label of what is wrong; may be given again. None: harmless.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Needed for what is wrong or overridden.")] = "",
    who: As = None,
) -> None:
    """Give the verdict, on an item that you hold or that nobody holds.

    Right blocks, unless --action says otherwise; wrong without a label passes.
    """
    from evenhand.review.verdicts import read_verdict

    labels = (label or []) if verdict == "wrong" else label
    said = read_verdict(verdict, action=action, labels=labels, reason=reason, was="review")
    _step(who, lambda store, me: store.reviews.decide(decision_id, me, said))


@review.command()
def undo(who: As = None) -> None:
    """Take back the last verdict; the item is held again."""
    _step(who, lambda store, me: store.reviews.undo(me))


@review.command()
def release(decision_id: Id, who: As = None) -> None:
    """Give an item back, for anybody."""
    _step(who, lambda store, me: store.reviews.release(decision_id, me))


@review.command()
def take(decision_id: Id, who: As = None) -> None:
    """Claim this very item, which nobody holds."""
    _step(who, lambda store, me: store.reviews.take(decision_id, me))


@review.command("show")
def show_one(
    decision_id: Id,
    media: Annotated[
        Path | None, typer.Option(help="Write the kept content itself to this file; it is hostile, open it with care.")
    ] = None,
    who: As = None,
) -> None:
    """Show what a reviewer looks at: the content where it is kept, the rule that fired, similar past items."""
    from evenhand.review.documents import item_document
    from evenhand.review.evidence import NOT_KEPT, content_document, held
    from evenhand.review.ruletext import rule_document
    from evenhand.review.similar import similar

    with opened() as store:
        me, settings = person(store, who), read_settings()
        found = store.reviews.get(decision_id, me)
        decision, context = store.decision_with_context(decision_id)
        if media is not None:
            kept = held(store, settings, found.content_hash)
            if kept is None:
                raise InputError(NOT_KEPT)
            media.write_bytes(kept.read(0, kept.size))
        dump(
            {
                "item": item_document(found, me),
                "content": content_document(store, settings, found, decision, context),
                "policy": rule_document(store, decision),
                "similar": similar(store, settings, found, me),
            }
        )


@review.command()
def renew(decision_id: Id, who: As = None) -> None:
    """Lengthen the lease of an item."""
    _step(who, lambda store, me: store.reviews.renew(decision_id, me))


@review.command()
def skip(decision_id: Id, reason: Annotated[str, typer.Option(help="Why.")], who: As = None) -> None:
    """Give an item back and not get it again."""
    _step(who, lambda store, me: store.reviews.skip(decision_id, me, reason))


@review.command("hand-over")
def hand_over(
    decision_id: Id,
    to: Annotated[str, typer.Argument(help="Id or name of an API key that may review.")],
    note: Note = "",
    who: As = None,
) -> None:
    """Give an item to somebody else."""
    _step(who, lambda store, me: store.reviews.hand_over(decision_id, me, to, note))


@review.command()
def escalate(decision_id: Id, note: Note = "", who: As = None) -> None:
    """Give an item to those who are senior, before anything else."""
    _step(who, lambda store, me: store.reviews.escalate(decision_id, me, note))


@review.command()
def hold(
    decision_id: Id,
    hours: Annotated[float, typer.Option(min=0.01, max=8_760, help="For how long.")] = 24,
    note: Note = "",
    who: As = None,
) -> None:
    """Keep an item from everybody for a while."""
    until = datetime.now(UTC) + timedelta(hours=hours)
    _step(who, lambda store, me: store.reviews.hold(decision_id, me, until, note))


@review.command()
def stats(hours: Annotated[float, typer.Option(min=0.01, help="How far back what was done is counted.")] = 24) -> None:
    """Give how the queues are, and how often people found labels right. Nobody is measured alone."""
    from dataclasses import asdict

    with opened() as store:
        dump(asdict(store.review_totals.stats(datetime.now(UTC) - timedelta(hours=hours))))


def _step(who: str | None, work: Any) -> None:
    from evenhand.review.documents import item_document

    with opened() as store:
        me = person(store, who)
        dump(item_document(work(store, me), me))
