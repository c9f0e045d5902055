"""What the routes share, hung on the application by `application.create_app`."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request

from evenhand.api.auth import Caller, Guard
from evenhand.app import AsyncModerator
from evenhand.intake.keeper import Keeper
from evenhand.jobs.worker import Worker
from evenhand.store import Store


@dataclass(slots=True)
class State:
    """One server's parts."""

    moderator: AsyncModerator
    store: Store
    guard: Guard
    warm: bool = False  # all models are loaded
    worker: Worker | None = None  # works on jobs in this process
    keeper: Keeper | None = None  # follows live streams in this process
    no_worker: str | None = None  # why no worker could be started in this process
    stopping: bool = False  # the server was told to stop
    setup: str | None = None  # token for the first account; None: there are accounts, or none is to be had here
    failures: dict[str, str] = field(default_factory=dict)  # detector -> why it cannot answer, seen while warming


def state_of(request: Request) -> State:
    """Give the parts of the server that a request came to."""
    state: State = request.app.state.evenhand
    return state


async def tenant_of(request: Request, state: State, scope: str) -> str | None:
    """Let a request in, and give whose jobs and streams it may see: their tenant's, or else the key's or person's own.

    None for everybody's, as those with `admin` may.

    Raises:
        AuthError: the key is missing, unknown, or has not the scope.
        RateLimitError: the key has asked too often.
    """
    return whose(await state.guard.caller(request, scope))


def whose(caller: Caller) -> str | None:
    """Give whose jobs and streams somebody may see: the id of a tenant, a key or a person; None: everybody's."""
    return None if caller.id is None or "admin" in caller.scopes else caller.tenant or caller.id
