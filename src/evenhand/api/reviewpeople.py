"""Who acts in a request about people's work: a user, or whoever holds an API key."""

from __future__ import annotations

from starlette.requests import Request

from evenhand.api.auth import Caller, ForbiddenError
from evenhand.api.state import State
from evenhand.store.reviewrecords import LOCAL, Person


async def person_of(request: Request, state: State, *, senior: bool = False, scope: str = "review") -> Person:
    """Give who acts. A server on loopback without keys and accounts trusts whoever reaches it, with every right.

    Args:
        request: of somebody who has the scope.
        state: of the server.
        senior: whether the scope senior is needed as well.
        scope: what they must be good for.

    Raises:
        AuthError, ForbiddenError, RateLimitError: as `Guard.caller`; ForbiddenError too where senior is missing.
    """
    caller = await state.guard.caller(request, scope)
    if senior and not caller.may("senior"):
        raise ForbiddenError("Only who is senior may do that: a key with the scope senior, or that role.")
    return as_person(caller)


def as_person(caller: Caller) -> Person:
    """Give who sends a request as the store knows them."""
    if caller.id is None:
        return Person(id=LOCAL, name=LOCAL, senior=True)
    user = caller.user
    return Person(
        id=caller.id,
        name=caller.name,
        senior=caller.may("senior"),
        tenant=caller.tenant,
        queues=user.queues if user is not None else (),
        labels=user.labels if user is not None else (),
    )
