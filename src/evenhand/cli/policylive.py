"""`evenhand policy publish`, `rollout`, `rollback` and so on: what decides, what it would change, and undoing it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenhand.cli import CLEAN, FLAGGED
from evenhand.cli.common import read_settings
from evenhand.cli.policyversions import As, Id, acting, find, moment
from evenhand.cli.reviewing import dump, opened

if TYPE_CHECKING:
    from evenhand.app import AsyncModerator
    from evenhand.domain import ItemError, Result
    from evenhand.policy import Policy
    from evenhand.store import Store
    from evenhand.store.policyrecords import Run

Name = Annotated[str, typer.Argument(help="Name of a policy.")]
Block = Annotated[str | None, typer.Option(help="Band of the block rate, such as 0:0.05.")]
Review = Annotated[str | None, typer.Option(help="Band of the review rate, such as 0.01:0.2.")]
Since = Annotated[str | None, typer.Option(help="A moment such as 2026-01-31T09:00+01:00; else a day ago.")]
Until = Annotated[str | None, typer.Option(help="A moment; else now.")]


def add_live(policy: typer.Typer) -> None:
    """Add the commands of what decides to `evenhand policy`."""
    for command in (state, publish, schedule, unschedule, shadow, rollout, rollback, brake, audit, undo, revert):
        policy.command()(command)
    policy.command("blast-radius")(blast_radius)
    policy.command("lines")(lines)
    policy.command("bind")(bind)
    policy.command("unbind")(unbind)


def state() -> None:
    """Print what decides: where it comes from, live versions, rollouts, shadows, brakes and business lines."""
    from evenhand.publishing.documents import lines_document, live_document

    with _moderator() as (store, moderator):
        live = [live_document(one) for one in store.policies_live.all()]
        bound = lines_document(moderator.policy, store.policies_live.lines())
        dump({"source": moderator.in_force.rule.source, "policies": live, "lines": bound})


def publish(
    version: Id,
    share: Annotated[float, typer.Option(help="Share of contents that it decides, above 0 and at most 1.")] = 1.0,
    by: Annotated[str, typer.Option(help="What the share is taken by: content, or a path of the context.")] = "content",
    auto_brake: Annotated[bool, typer.Option("--auto-brake", help="Set a brake by what was usual.")] = False,
    who: As = None,
) -> None:
    """Publish an approved version now. The fairness audit is run where it has not passed for this document.

    Exit code: 0 published, 1 the audit did not pass, 2 user error, 3 system error.
    """
    _publish(version, None, share, by, auto_brake, who)


def schedule(
    version: Id,
    at: Annotated[str, typer.Argument(help="A moment such as 2026-01-31T09:00+01:00.")],
    share: Annotated[float, typer.Option(help="Share of contents that it decides.")] = 1.0,
    by: Annotated[str, typer.Option(help="What the share is taken by.")] = "content",
    auto_brake: Annotated[bool, typer.Option("--auto-brake", help="Set a brake by what was usual.")] = False,
    who: As = None,
) -> None:
    """Have an approved version published at a moment, by any server or worker that runs then."""
    _publish(version, moment(at), share, by, auto_brake, who)


def unschedule(version: Id, who: As = None) -> None:
    """Forget that a version was to be published."""
    from evenhand.publishing.documents import version_document

    with opened() as whole:
        store, actor = acting(whole, who)
        found = store.policies_live.unplan(find(store, version), actor=actor)
        dump({**version_document(found), "document": None})


def shadow(
    version: Id,
    off: Annotated[bool, typer.Option("--off", help="End shadow mode.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Print what it would have done.")] = False,
    who: As = None,
) -> None:
    """Have a version judge beside the live one without acting, end that, or print its report."""
    from evenhand.publishing.documents import live_document, shadow_document

    with opened() as whole:
        store, actor = acting(whole, who)
        found = store.policy_versions.get(find(store, version))
        if report:
            dump(shadow_document(store, found.id))
            return
        chosen = None if off else found.id
        dump(live_document(store.policies_live.shadow(found.policy, chosen, actor=actor)))


def rollout(
    policy: Name,
    share: Annotated[float, typer.Argument(help="Share of contents, above 0; 1 makes it the live version.")],
    who: As = None,
) -> None:
    """Change the share of contents that the version that is rolled out decides."""
    from evenhand.publishing.documents import live_document

    with opened() as whole:
        store, actor = acting(whole, who)
        dump(live_document(store.policies_live.rollout(policy, share, actor=actor)))


def rollback(policy: Name, reason: Annotated[str, typer.Option(help="Why.")] = "", who: As = None) -> None:
    """Stop the version that is rolled out, or else the live one: the earlier one decides again."""
    from evenhand.publishing.documents import live_document

    with opened() as whole:
        store, actor = acting(whole, who)
        store.policies_live.rollback(policy, actor=actor, reason=reason)
        dump(live_document(store.policies_live.of(policy)))


def brake(
    policy: Name,
    block: Block = None,
    review: Review = None,
    window: Annotated[float, typer.Option(help="Seconds that are looked at together.")] = 600,
    minimum: Annotated[int, typer.Option(help="Decisions that there must be.")] = 100,
    auto: Annotated[bool, typer.Option("--auto", help="By what was usual in the last seven days.")] = False,
    off: Annotated[bool, typer.Option("--off", help="No brake.")] = False,
    who: As = None,
) -> None:
    """Say which rates of block or review stop a version by itself."""
    from evenhand.publishing import desk
    from evenhand.publishing.brakes import read_brake
    from evenhand.publishing.documents import live_document

    with opened() as whole:
        store, actor = acting(whole, who)
        given: dict[str, Any] = {"window_s": window, "minimum": minimum}
        given |= {name: _band(text) for name, text in (("block", block), ("review", review)) if text is not None}
        made = None if off else desk.usual(store, policy) if auto else read_brake(given)
        dump(live_document(store.policies_live.brake(policy, made, actor=actor)))


def audit(
    version: Id,
    lang: Annotated[list[str] | None, typer.Option(help="Language of the sentences; may be given again.")] = None,
    who: As = None,
) -> None:
    """Audit every line of a version for fairness. Exit code: 0 passed, 1 it did not."""
    with _moderator() as (whole, moderator):
        store, actor = acting(whole, who)
        found = store.policy_versions.get(find(store, version))
        asked = {} if not lang else {"languages": lang}
        run = store.policy_runs.start("audit", found.policy, found.id, asked, actor=actor)
        done = _performed(store, moderator, run)
        dump(done.result)
        raise typer.Exit(CLEAN if done.result["passed"] else FLAGGED)


def blast_radius(
    version: Id,
    days: Annotated[float, typer.Option(help="Decisions of how many days.")] = 7,
    line: Annotated[list[str] | None, typer.Option(help="Business line; may be given again.")] = None,
    who: As = None,
) -> None:
    """Decide the decisions of the last days again under a version: what would change."""
    from evenhand.publishing.documents import quoting, run_document

    with _moderator() as (whole, moderator):
        store, actor = acting(whole, who)
        found = store.policy_versions.get(find(store, version))
        asked = {"days": days} | ({} if not line else {"lines": line})
        run = store.policy_runs.start("blast", found.policy, found.id, asked, actor=actor)
        dump(quoting(store, run_document(_performed(store, moderator, run)))["result"])


def undo(
    version: Annotated[str, typer.Argument(help="POLICY@VERSION.")],
    since: Since = None,
    until: Until = None,
    review: Annotated[bool, typer.Option("--review", help="Have people look at what would differ.")] = False,
    action: Annotated[str | None, typer.Option(help="Only decisions that led to this.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would change.")] = False,
    who: As = None,
) -> None:
    """Undo what a version did between two moments, or say what that would change. What people judged stays."""
    from evenhand.publishing import desk

    name, _, number = version.partition("@")
    with _moderator() as (whole, moderator):
        store, actor = acting(whole, who)
        run = desk.start_undo(
            store,
            "undo" if yes else "preview",
            name,
            number,
            since=moment(since, hours_ago=24),
            until=moment(until),
            mode="review" if review else "redecide",
            action=action,
            actor=actor,
        )
        dump({"run": run.id, **_performed(store, moderator, run).result})


def revert(run: Annotated[str, typer.Argument(help="Id of the run of an undo.")], who: As = None) -> None:
    """Put back what an undo changed."""
    with _moderator() as (whole, moderator):
        store, actor = acting(whole, who)
        done = store.policy_runs.get(run)
        asked = {"run": done.id}
        started = store.policy_runs.start("revert", done.policy, done.version_id, asked, actor=actor)
        dump(_performed(store, moderator, started).result)


def lines() -> None:
    """List business lines, with what decides for each."""
    from evenhand.publishing.documents import lines_document

    with _moderator() as (store, moderator):
        dump({"lines": lines_document(moderator.policy, store.policies_live.lines())})


def bind(
    line: Annotated[str, typer.Argument(help="Business line.")],
    policy: Name,
    description: Annotated[str, typer.Option(help="What it is.")] = "",
    who: As = None,
) -> None:
    """Have a policy decide for a business line."""
    with opened() as whole:
        store, actor = acting(whole, who)
        store.policies_live.bind(line, policy, description, actor=actor)
        dump({"line": line, "policy": policy})


def unbind(line: Annotated[str, typer.Argument(help="Business line.")], who: As = None) -> None:
    """Forget that a business line has a policy of its own."""
    with opened() as whole:
        store, actor = acting(whole, who)
        store.policies_live.unbind(line, actor=actor)
        dump({"line": line, "policy": None})


def _publish(version: str, at: datetime | None, share: float, by: str, auto_brake: bool, who: str | None) -> None:
    from evenhand.publishing import desk
    from evenhand.publishing.documents import version_document

    with _moderator() as (whole, moderator):
        store, actor = acting(whole, who)
        brake = "auto" if auto_brake else None
        found = desk.plan(store, find(store, version), actor=actor, at=at, share=share, by=by, brake=brake)
        if found.audit is None:
            run = store.policy_runs.start("audit", found.policy, found.id, {}, actor=actor)
            result = _performed(store, moderator, run).result
            if not result["passed"]:
                store.policies_live.unplan(found.id, actor=actor, why="the audit did not pass")
                dump({"published": False, "failures": result["failures"]})
                raise typer.Exit(FLAGGED)
        store.policies_live.due()
        done = store.policy_versions.get(found.id)
        shown = version_document(done, store.policies_live.all())
        dump({"published": done.plan is None, **{name: one for name, one in shown.items() if name != "document"}})


def _band(text: str) -> list[float]:
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError as error:
        raise typer.BadParameter(f"{text[:40]!r} is no band such as 0:0.05") from error
    return [low, high]


@contextmanager
def _moderator() -> Iterator[tuple[Store, AsyncModerator]]:
    from evenhand.app import AsyncModerator

    settings = read_settings()
    with opened() as store:
        moderator = AsyncModerator(settings, store=store)
        try:
            yield store, moderator
        finally:
            moderator.close()


def _performed(store: Store, moderator: AsyncModerator, run: Run) -> Run:
    """Do a run here, with a bar on a terminal."""
    from evenhand.domain import Content
    from evenhand.jobs.policies import AUDIT, tools_of
    from evenhand.publishing.working import perform

    with asyncio.Runner() as runner, _bar(run.kind) as told:

        def check(texts: list[str], policy: Policy) -> Sequence[Result | ItemError]:
            contents = [Content(text=text) for text in texts]
            return runner.run(moderator.check_batch(contents, options=AUDIT, policy=policy))

        return perform(store, run.id, tools_of(moderator, check=check), told=told)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    errors = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
