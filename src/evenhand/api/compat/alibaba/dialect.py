"""The dialect: which requests are Alibaba Cloud's, and where they go."""

from __future__ import annotations

from starlette.routing import Route
from starlette.types import Scope

from evenhand.api.compat.alibaba import green2018, green2022
from evenhand.api.compat.alibaba.errors import shape
from evenhand.api.compat.alibaba.signing import NAME
from evenhand.api.compat.base import Dialect, header

_FORM = "application/x-www-form-urlencoded"


def claims(scope: Scope) -> bool:
    """Say whether a request is Alibaba Cloud's: an address under `/green/`, or an action on `/`."""
    path = str(scope["path"])
    if path.startswith("/green/"):
        return True
    if path != "/":
        return False
    if header(scope, "x-acs-action") or header(scope, "x-acs-version") or b"SignatureNonce=" in scope["query_string"]:
        return True
    # Old clients put everything into a form.
    return scope["method"] == "POST" and (header(scope, "content-type") or "").startswith(_FORM)


DIALECT = Dialect(
    name=NAME,
    title="Alibaba Cloud Content Moderation (Green 2022-03-02 and 2018-05-09)",
    routes=(
        Route("/", green2022.endpoint, methods=["POST", "GET"]),
        Route("/green/{rest:path}", green2018.endpoint, methods=["POST"]),
    ),
    claims=claims,
    shape=shape,
    signed=True,
)
