"""`evenhand policy draft`, `propose`, `approve` and so on: policies kept in the database. Each command prints JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenhand.cli.reviewing import dump, opened

if TYPE_CHECKING:
    from evenhand.store import Store
    from evenhand.store.policyrecords import Version

Id = Annotated[str, typer.Argument(help="Id of a version, or POLICY@VERSION.")]
As = Annotated[
    str | None,
    typer.Option("--as", help="Who acts: id or name of an API key for policies; else the machine's own operator."),
]
Moment = Annotated[str | None, typer.Option(help="A moment such as 2026-01-31T09:00+01:00.")]


def add_versions(policy: typer.Typer) -> None:
    """Add the commands of versions to `evenhand policy`."""
    policy.command()(template)
    for command in (draft, save, propose, approve, reject, withdraw, comment, diff, versions, show):
        policy.command()(command)


def template(
    name: Annotated[str | None, typer.Argument(help="Name of a template; none: list them.")] = None,
) -> None:
    """Print a policy to start from, or the names of all."""
    from evenhand.policy import template as one
    from evenhand.policy import templates

    if name is not None:
        print(one(name).document, end="")
        return
    for found in templates():
        print(f"{found.name}: {found.description}")


def draft(
    file: Annotated[Path, typer.Argument(help="Policy file (YAML).", exists=True, dir_okay=False)],
    note: Annotated[str, typer.Option(help="What it is for.")] = "",
    who: As = None,
) -> None:
    """Store a policy as a draft."""
    from evenhand.publishing import desk

    text = file.read_text("utf-8-sig")
    _made(who, lambda store, actor: desk.draft(store, text, actor=actor, note=note))


def save(
    version: Id,
    file: Annotated[Path, typer.Argument(help="Policy file (YAML).", exists=True, dir_okay=False)],
    note: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    who: As = None,
) -> None:
    """Change a draft."""
    from evenhand.publishing import desk

    text = file.read_text("utf-8-sig")
    _made(who, lambda store, actor: desk.save(store, find(store, version), text, actor=actor, note=note))


def propose(version: Id, who: As = None) -> None:
    """Ask for approval; the document does not change any more."""
    _made(who, lambda store, actor: store.policy_versions.propose(find(store, version), actor=actor))


def approve(version: Id, who: As = None) -> None:
    """Approve a proposal: somebody other than its author, unless there is one person only."""
    _made(who, lambda store, actor: store.policy_versions.approve(find(store, version), actor=actor))


def reject(version: Id, who: As = None) -> None:
    """Give a proposal back to its author as a draft."""
    _made(who, lambda store, actor: store.policy_versions.reject(find(store, version), actor=actor))


def withdraw(version: Id, who: As = None) -> None:
    """Put away a version that never decided."""
    _made(who, lambda store, actor: store.policy_versions.withdraw(find(store, version), actor=actor))


def comment(
    version: Id,
    text: Annotated[str | None, typer.Argument(help="What there is to say; none: list what was said.")] = None,
    line: Annotated[int | None, typer.Option(min=1, help="Line of the document.")] = None,
    who: As = None,
) -> None:
    """Say something about a version, or list what was said."""
    from evenhand.publishing.documents import comment_document

    with opened() as whole:
        store, actor = acting(whole, who)
        found = find(store, version)
        if text is not None:
            store.policy_versions.comment(found, text, actor=actor, line=line)
        dump({"comments": [comment_document(one) for one in store.policy_versions.comments(found)]})


def diff(
    version: Id,
    against: Annotated[str | None, typer.Option(help="Another version; none: the live one.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, with what changed in meaning.")] = False,
) -> None:
    """Set a version beside the live one, or another."""
    from evenhand.publishing import desk

    with opened() as store:
        other = None if against is None else find(store, against)
        found = desk.difference(store, find(store, version), other)
    if json:
        dump(found)
        return
    signs = {"same": " ", "out": "-", "in": "+"}
    for row in found["text"]:
        print("..." if row["op"] == "gap" else f"{signs[row['op']]} {row['text']}")


def versions(
    policy: Annotated[str | None, typer.Argument(help="Name of a policy.")] = None,
    state: Annotated[str | None, typer.Option(help="draft, proposed, approved, published, stopped, withdrawn.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 50,
) -> None:
    """List versions, newest first."""
    from evenhand.publishing.documents import version_document

    with opened() as store:
        live = store.policies_live.all()
        found = store.policy_versions.page(policy=policy, state=state, limit=limit)
        dump({"versions": [version_document(one, live) for one in found]})


def show(
    version: Id, document: Annotated[bool, typer.Option("--document", help="Print the YAML alone.")] = False
) -> None:
    """Print a version."""
    from evenhand.publishing.documents import version_document

    with opened() as store:
        found = store.policy_versions.get(find(store, version))
        if document:
            print(found.document, end="")
        else:
            dump(version_document(found, store.policies_live.all()))


def find(store: Store, name: str) -> str:
    """Give the id of a version by its id or by POLICY@VERSION."""
    policy, at, version = name.partition("@")
    return store.policy_versions.named(policy, version).id if at else store.policy_versions.get(name).id


def acting(store: Store, name: str | None) -> tuple[Store, str]:
    """Give the store as somebody may use it, and who they are; a tenant's key sees and changes what is its tenant's.

    Raises:
        NotFoundError: no such key may change policies.
    """
    actor = actor_of(store, name)
    return store.within(store.belonging.tenant(actor)), actor


def actor_of(store: Store, name: str | None) -> str:
    """Give who acts. Who can run commands on the machine may do everything.

    Raises:
        NotFoundError: no such key may change policies.
    """
    from evenhand.errors import NotFoundError
    from evenhand.store.reviewrecords import LOCAL

    if name is None:
        return LOCAL
    now = datetime.now(UTC)
    good = [
        key.id
        for key in store.keys.list()
        if name in (key.id, key.name)
        and {"policy", "admin"} & set(key.scopes)
        and key.revoked_at is None
        and (key.expires_at is None or key.expires_at > now)
    ]
    if len(good) != 1:
        found = "several API keys" if good else "no API key that may change policies"
        raise NotFoundError(f"{found} has the id or name {name[:80]!r}; `evenhand keys list` shows them")
    return good[0]


def moment(text: str | None, *, hours_ago: float | None = None) -> datetime:
    """Read a moment; without a time zone it is the machine's own."""
    if text is None:
        return datetime.now(UTC) - timedelta(hours=hours_ago or 0)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text[:40]!r} is no moment such as 2026-01-31T09:00+01:00") from error
    return found.astimezone()


def _made(who: str | None, work: Callable[[Store, str], Version]) -> None:
    from evenhand.publishing.documents import version_document

    with opened() as whole:
        store, actor = acting(whole, who)
        found = work(store, actor)
        document: dict[str, Any] = version_document(found, store.policies_live.all())
        del document["document"]
        dump(document)
