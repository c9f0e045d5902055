"""What a dialect is: the seam between this server and another vendor's API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from evenhand.api.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Another vendor's API as this server speaks it."""

    name: str  # lower case, as settings and keys name it: "perspective"
    title: str  # for people
    routes: Sequence[BaseRoute]  # tried in order, for requests that it claims
    claims: Callable[[Scope], bool]  # whether a request is in this dialect; looks at method, path and headers only
    shape: Callable[[Problem, Scope], Response]  # the vendor's own error
    shadow: bool = True  # it can ask the old vendor as well (EVENHAND_SHADOW_URLS)
    signed: bool = False  # callers sign with a key pair (`evenhand keys create --for NAME`) instead of sending a token


def header(scope: Scope, name: str) -> str | None:
    """Give a header of a request, or None.

    Args:
        scope: of the request.
        name: in lower case.
    """
    wanted = name.encode("latin-1")
    found: bytes | None = next((value for key, value in scope["headers"] if key == wanted), None)
    return None if found is None else found.decode("latin-1")


def under(*paths: str) -> Callable[[Scope], bool]:
    """Give a `claims` that takes everything whose path starts with one of `paths`."""
    return lambda scope: str(scope["path"]).startswith(paths)
