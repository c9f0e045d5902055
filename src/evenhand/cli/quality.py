"""`evenhand review quality`: golden questions, agreement, disagreements, feedback, calibration. Prints JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenhand.cli.reviewing import As, dump, opened, person

if TYPE_CHECKING:
    from evenhand.store import Store
    from evenhand.store.reviewrecords import Person, Verdict

quality = typer.Typer(help="Quality of review: golden questions, agreement, feedback.", no_args_is_help=True)
golden = typer.Typer(help="Golden questions: decisions whose right verdict is known.", no_args_is_help=True)
calibration = typer.Typer(help="Decisions that many people judge blind, then compare.", no_args_is_help=True)
quality.add_typer(golden, name="golden")
quality.add_typer(calibration, name="calibration")

Days = Annotated[float, typer.Option(min=0.01, max=3_650, help="How far back.")]
Queue = Annotated[str | None, typer.Option(help="Only this queue.")]
After = Annotated[str, typer.Option(help="Id of the last one already seen.")]
Limit = Annotated[int, typer.Option(min=1, max=1_000, help="Most to give.")]
Judged = Annotated[str, typer.Argument(help="right, wrong or overridden.")]
Action = Annotated[str | None, typer.Option(help="What is done: pass, mark or block.")]
Labels = Annotated[list[str] | None, typer.Option("--label", help="A right label of what is wrong; may be repeated.")]
Reason = Annotated[str, typer.Option(help="Needed for what is wrong or overridden.")]
Session = Annotated[str, typer.Argument(help="Id of the session.")]
Decision = Annotated[str, typer.Argument(help="Id of the decision.")]


@quality.command()
def own(days: Days = 30, who: As = None) -> None:
    """Give one's own results: golden questions, and how often one agreed with what stands."""
    _show(who, lambda store, me: store.quality.own(me, _since(days)))


@quality.command()
def agreement(days: Days = 30, queue: Queue = None) -> None:
    """Give how well people agree, in all, by queue and by label. Nobody is measured alone."""
    from evenhand.review.comparing import agreements

    _show(None, lambda store, _: agreements(store.quality.blind_pairs(_since(days), queue=queue)))


@quality.command()
def disagreements(
    queue: Queue = None,
    done: Annotated[bool, typer.Option("--done", help="Those that were settled.")] = False,
    after: After = "",
    limit: Limit = 100,
) -> None:
    """List decisions about which people differ, and that wait for somebody senior."""
    _show(
        None,
        lambda store, _: {
            "disagreements": store.quality.disagreements(queue=queue, done=done, after=after, limit=limit)
        },
    )


@quality.command()
def verdicts(decision_id: Decision) -> None:
    """Give all verdicts on a decision, without whose they are."""
    _show(None, lambda store, _: {"verdicts": store.quality.votes(decision_id)})


@quality.command()
def feedback(
    sent: Annotated[bool, typer.Option("--sent", help="What one sent.")] = False,
    unread: Annotated[bool, typer.Option("--unread", help="What is not acknowledged yet.")] = False,
    after: After = "",
    limit: Limit = 100,
    who: As = None,
) -> None:
    """List feedback that one got."""
    _show(
        who,
        lambda store, me: {"feedback": store.quality.feedback(me, sent=sent, unread=unread, after=after, limit=limit)},
    )


@quality.command()
def advise(
    verdict: Annotated[str, typer.Argument(help="Id of a verdict, from `verdicts`.")],
    note: Annotated[str, typer.Option(help="What whoever gave it should know.")],
    who: As = None,
) -> None:
    """Tell whoever gave a verdict something about it."""
    _show(who, lambda store, me: store.quality.advise(me, verdict, note), senior=True)


@quality.command()
def acknowledge(
    feedback_id: Annotated[str, typer.Argument(help="Id of the feedback.")],
    answer: Annotated[str, typer.Option(help="What one has to say to it.")] = "",
    who: As = None,
) -> None:
    """Say that feedback was read."""
    _show(who, lambda store, me: store.quality.acknowledge(me, feedback_id, answer))


@golden.command("list")
def golden_list(
    queue: Queue = None,
    retired: Annotated[bool, typer.Option("--retired", help="Also those that are no longer asked.")] = False,
    after: After = "",
    limit: Limit = 100,
) -> None:
    """List golden questions."""
    _show(None, lambda store, _: {"golden": store.golden.page(queue=queue, retired=retired, after=after, limit=limit)})


@golden.command("make")
def golden_make(
    decision_id: Decision,
    verdict: Judged,
    action: Action = None,
    label: Labels = None,
    reason: Reason = "",
    queue: Annotated[str | None, typer.Option(help="Where it is asked; else where the decision waited.")] = None,
    note: Annotated[str, typer.Option(help="Why, for who gets it wrong.")] = "",
    who: As = None,
) -> None:
    """Make a golden question of a stored decision, by hand."""
    said = _verdict(verdict, action, label, reason)
    _show(who, lambda store, me: store.golden.make(me, decision_id, said, queue=queue, note=note), senior=True)


@golden.command("from-agreed")
def golden_from_agreed(
    queue: Annotated[str, typer.Option(help="Of which queue.")] = "default",
    count: Annotated[int, typer.Option(min=1, max=500, help="Most to make.")] = 20,
    who: As = None,
) -> None:
    """Make golden questions of the latest decisions that two people or more judged, and all alike."""
    _show(who, lambda store, me: {"golden": store.golden.from_agreed(me, queue=queue, count=count)}, senior=True)


@golden.command("retire")
def golden_retire(
    question_id: Annotated[str, typer.Argument(help="Id of the question.")],
    who: As = None,
) -> None:
    """Ask a golden question no more."""
    _show(who, lambda store, me: store.golden.retire(me, question_id), senior=True)


@golden.command("totals")
def golden_totals(days: Days = 30) -> None:
    """Give how golden questions were answered, by queue, by all together."""
    _show(None, lambda store, _: {"queues": store.golden.totals(_since(days))})


@calibration.command("list")
def calibration_list(after: After = "", limit: Limit = 100) -> None:
    """List sessions."""
    _show(None, lambda store, _: {"calibrations": store.calibrations.page(after=after, limit=limit)})


@calibration.command("open")
def calibration_open(
    name: Annotated[str, typer.Argument(help="Of the session.")],
    decisions: Annotated[list[str], typer.Argument(help="Ids of decisions, in order.")],
    who: As = None,
) -> None:
    """Open a session."""
    _show(who, lambda store, me: store.calibrations.make(me, name, decisions), senior=True)


@calibration.command("show")
def calibration_show(session: Session, who: As = None) -> None:
    """Give a session: what one said, and once it is closed what all said."""
    _show(who, lambda store, me: _whole(store, me, session))


@calibration.command("judge")
def calibration_judge(
    session: Session,
    decision_id: Decision,
    verdict: Judged,
    action: Action = None,
    label: Labels = None,
    reason: Reason = "",
    who: As = None,
) -> None:
    """Say what one of its decisions comes to."""
    said = _verdict(verdict, action, label, reason)
    _show(who, lambda store, me: store.calibrations.judge(me, session, decision_id, said))


@calibration.command("close")
def calibration_close(session: Session, who: As = None) -> None:
    """Close a session: from now on all see all verdicts."""
    _show(who, lambda store, me: store.calibrations.close(me, session), senior=True)


@calibration.command("note")
def calibration_note(
    session: Session,
    decision_id: Decision,
    note: Annotated[str, typer.Argument(help="What one has to say.")],
    who: As = None,
) -> None:
    """Say something about a decision of a closed session."""
    _show(who, lambda store, me: store.calibrations.note(me, session, decision_id, note))


def _whole(store: Store, me: Person, session: str) -> dict[str, Any]:
    from evenhand.api.qualitycalibration import whole

    return whole(store, me, session)


def _verdict(judged: str, action: str | None, labels: list[str] | None, reason: str) -> Verdict:
    from evenhand.review.verdicts import read_verdict

    named = (labels or []) if judged == "wrong" else labels
    return read_verdict(judged, action=action, labels=named, reason=reason, was="review")


def _since(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def _show(who: str | None, work: Callable[[Store, Person], Any], *, senior: bool = False) -> None:
    from evenhand.errors import UserError
    from evenhand.review.qualitydocuments import plain

    with opened() as store:
        me = person(store, who)
        if senior and not me.senior:
            raise UserError(f"Only who is senior may do that, and {me.name} is not.")
        dump(plain(work(store, me)))
