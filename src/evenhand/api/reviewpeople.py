"""Who acts in a request: the one place that knows that people are API keys. Accounts come in here."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from evenhand.api.auth import ForbiddenError
from evenhand.api.state import State
from evenhand.store.reviewrecords import LOCAL, Person


async def person_of(request: Request, state: State, *, senior: bool = False) -> Person:
    """Give who acts. A server on loopback without keys trusts whoever reaches it, with every right.

    Args:
        request: with a key that has the scope review.
        state: of the server.
        senior: whether the scope senior is needed as well.

    Raises:
        AuthError, ForbiddenError, RateLimitError: as `Guard.admit`; ForbiddenError too where senior is missing.
    """
    key_id = await state.guard.admit(request, "review")
    if key_id is None:
        return Person(id=LOCAL, name=LOCAL, senior=True)
    person = await asyncio.to_thread(state.store.reviews.person, key_id)
    if senior and not person.senior:
        raise ForbiddenError("This key may not 'senior'; make one with `evenhand keys create --scope senior`.")
    return person
