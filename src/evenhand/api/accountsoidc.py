"""`/v1/sessions/oidc`: single sign-on by OpenID Connect: authorization code, PKCE, state and nonce.

What a browser brings back is taken only from the browser that left: a cookie of its own holds the login under way.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
import time
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from evenhand.accounts.provider import (
    ALGORITHMS,
    LEEWAY_S,
    Provider,
    discovery_address,
    external_id,
    name_in,
    read_provider,
    roles_in,
)
from evenhand.api.accountsfetch import ProviderError, ask
from evenhand.api.auth import is_https
from evenhand.api.check import ERRORS
from evenhand.api.schemas import ErrorOut
from evenhand.api.sessions import PATH as SESSIONS
from evenhand.api.sessions import address_of, new_session, set_cookie
from evenhand.api.state import State, state_of
from evenhand.errors import AuthError, EvenhandError, NotFoundError, SettingsError
from evenhand.settings import Settings
from evenhand.store.accountrecords import User

router = APIRouter(tags=["accounts"])

PATH = SESSIONS + "/oidc"
_BACK = PATH + "/callback"
_MINUTES = 10
_KEEP_S = 3_600.0  # a provider's documents are asked for again after this
_KEYS_AGAIN_S = 60.0  # keys are asked for again at most this often when a token names an unknown one
_LEAVE: dict[int | str, dict[str, Any]] = {
    303: {"description": "To the provider."},
    404: {"model": ErrorOut, "description": "Single sign-on is not set up."},
    502: {"model": ErrorOut, "description": "The provider cannot be reached."},
    503: ERRORS[503],
}
_RETURN: dict[int | str, dict[str, Any]] = {303: {"description": "Signed in, or back to the login page."}}


class OpenId:
    """One provider, with what it said of itself.

    Args:
        settings: of single sign-on.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._provider: tuple[float, Provider] | None = None
        self._keys: tuple[float, Any] | None = None

    def provider(self) -> Provider:
        """Give what the provider says of itself.

        Raises:
            NotFoundError: single sign-on is not set up.
            SettingsError: the issuer cannot be used.
            ProviderError: it cannot be reached.
            AuthError: its document cannot be used.
        """
        issuer = self._settings.oidc_issuer
        if issuer is None or self._settings.oidc_client_id is None:
            raise NotFoundError("Single sign-on is not set up: EVENHAND_OIDC_ISSUER and EVENHAND_OIDC_CLIENT_ID.")
        if self._provider is None or time.monotonic() - self._provider[0] > _KEEP_S:
            document = ask(discovery_address(issuer), self._settings)
            self._provider = (time.monotonic(), read_provider(document, issuer=issuer))
        return self._provider[1]

    def claims(self, *, code: str, verifier: str, nonce: str, redirect: str) -> dict[str, Any]:
        """Exchange a code for what the provider says of a person.

        Raises:
            AuthError: the code or the token is not good.
            ProviderError: the provider cannot be reached.
        """
        provider, settings = self.provider(), self._settings
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        headers = {}
        client, secret = str(settings.oidc_client_id), settings.oidc_client_secret
        if secret is None or provider.post_secret:
            form["client_id"] = client
        if secret is not None and provider.post_secret:
            form["client_secret"] = secret.get_secret_value()
        elif secret is not None:
            pair = f"{quote(client, safe='')}:{quote(secret.get_secret_value(), safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        tokens = ask(provider.token_endpoint, settings, form=form, headers=headers)
        if not isinstance(tokens, dict) or not isinstance(tokens.get("id_token"), str):
            raise AuthError("The provider of single sign-on gave no identity token.")
        claims = self._verified(provider, tokens["id_token"], nonce=nonce, access=tokens.get("access_token"))
        if provider.userinfo_endpoint is not None and isinstance(tokens.get("access_token"), str):
            bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
            more = ask(provider.userinfo_endpoint, settings, headers=bearer)
            if not isinstance(more, dict) or more.get("sub") != claims["sub"]:
                raise AuthError("The provider of single sign-on answered about somebody else.")
            claims = {**more, **claims}
        return claims

    def _verified(self, provider: Provider, token: str, *, nonce: str, access: object) -> dict[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            try:
                decoded = jwt.decode(token, self._key_set(provider), algorithms=list(ALGORITHMS))
            except (JoseError, ValueError, TypeError, KeyError):
                decoded = jwt.decode(token, self._key_set(provider, again=True), algorithms=list(ALGORITHMS))
            options = {
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": self._settings.oidc_client_id},
                "nonce": {"essential": True, "value": nonce},
            }
            params = {"client_id": self._settings.oidc_client_id, "nonce": nonce, "access_token": access}
            found = CodeIDToken(decoded.claims, decoded.header, options, params)
            found.validate(leeway=LEEWAY_S)
        except EvenhandError:
            raise
        except Exception as error:  # a hostile token fails in many ways, and none of them is a login
            structlog.get_logger().warning("identity token refused", why=type(error).__name__)
            raise AuthError("The identity token of single sign-on is not good.") from error
        claims = dict(decoded.claims)
        if claims.get("nonce") != nonce or not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise AuthError("The identity token of single sign-on is not good.")
        return claims

    def _key_set(self, provider: Provider, *, again: bool = False) -> Any:
        from joserfc.jwk import KeySet

        age = None if self._keys is None else time.monotonic() - self._keys[0]
        if self._keys is None or age is None or age > _KEEP_S or (again and age > _KEYS_AGAIN_S):
            document = ask(provider.jwks_uri, self._settings)
            try:
                self._keys = (time.monotonic(), KeySet.import_key_set(document))
            except Exception as error:
                raise ProviderError("The keys of the provider of single sign-on cannot be read.") from error
        return self._keys[1]


@router.get(PATH, status_code=303, response_class=Response, responses=_LEAVE, summary="Sign in elsewhere")
async def leave(
    request: Request,
    next: Annotated[str, Query(max_length=2_000, description="Page of the console to go to afterwards.")] = "/console",
) -> Response:
    """Send the browser to the provider of single sign-on."""
    state = state_of(request)
    provider = await asyncio.to_thread(_open_id(request).provider)
    data = {
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": secrets.token_urlsafe(48),
        "next": _inside(next),
    }
    token = await asyncio.to_thread(partial(state.store.logins.begin, "oidc", minutes=_MINUTES, data=data))
    query = {
        "response_type": "code",
        "client_id": state.moderator.settings.oidc_client_id,
        "redirect_uri": _redirect(request),
        "scope": " ".join(state.moderator.settings.oidc_scopes),
        "state": data["state"],
        "nonce": data["nonce"],
        "code_challenge": _challenge(data["verifier"]),
        "code_challenge_method": "S256",
    }
    parted = "&" if "?" in provider.authorization_endpoint else "?"
    response = RedirectResponse(f"{provider.authorization_endpoint}{parted}{urlencode(query)}", status_code=303)
    https = is_https(request, state.moderator.settings)
    response.set_cookie(
        _cookie(https), token, max_age=60 * _MINUTES, path="/", secure=https, httponly=True, samesite="lax"
    )
    response.headers["cache-control"] = "no-store"
    return response


@router.get(_BACK, status_code=303, response_class=Response, responses=_RETURN, summary="Back from signing in")
async def back(
    request: Request,
    code: Annotated[str | None, Query(max_length=4_000)] = None,
    state: Annotated[str | None, Query(max_length=200)] = None,
    iss: Annotated[str | None, Query(max_length=2_000)] = None,
    error: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Take a browser back from the provider, and sign its person in. What fails leads to the login page."""
    here = state_of(request)
    https = is_https(request, here.moderator.settings)
    try:
        step = await asyncio.to_thread(
            partial(here.store.logins.resume, "oidc", request.cookies.get(_cookie(https), ""), spend=True)
        )
        if state is None or not hmac.compare_digest(state.encode(), step.data["state"].encode()):
            raise AuthError("This browser did not begin that login; begin again.")
        if error is not None or code is None:
            raise AuthError("The provider of single sign-on refused the login.")
        if iss is not None and iss != here.moderator.settings.oidc_issuer:
            raise AuthError("Another provider answered than was asked.")
        know = partial(_open_id(request).claims, code=code, verifier=step.data["verifier"], nonce=step.data["nonce"])
        claims = await asyncio.to_thread(partial(know, redirect=_redirect(request)))
        user = await asyncio.to_thread(_user, here, claims)
        made = await asyncio.to_thread(partial(new_session, request, here, user, "oidc"))
    except EvenhandError as problem:
        structlog.get_logger().warning("single sign-on refused", why=problem.message, address=address_of(request))
        failed = quote(problem.message[:300], safe="")
        response: Response = RedirectResponse(f"/console/accounts/login?failed={failed}", status_code=303)
    else:
        response = RedirectResponse(step.data["next"], status_code=303)
        set_cookie(response, request, here.moderator.settings, made)
    response.delete_cookie(_cookie(https), path="/", secure=https, httponly=True, samesite="lax")
    response.headers["cache-control"] = "no-store"
    return response


def _user(state: State, claims: dict[str, Any]) -> User:
    """Give who a provider's person is here; made at their first login where their groups give them a role."""
    settings, accounts = state.moderator.settings, state.store.accounts
    external = external_id(str(settings.oidc_issuer), claims["sub"])
    name = name_in(claims, settings.oidc_name_claim)
    roles = roles_in(claims, settings.oidc_role_claim, settings.oidc_roles)
    if settings.oidc_roles and not roles:
        raise AuthError("None of your groups may use this server; whoever runs it can change that.")
    try:
        user = accounts.by_external(external, name=name)
        if user is None and roles:
            user = accounts.create(name, actor="oidc", roles=roles, external=external)
            state.guard.accounts_made()
        elif user is not None and roles and set(roles) != set(user.roles):
            user = accounts.change(user.id, actor="oidc", roles=roles)
    except ValueError as error:
        raise AuthError(f"Your account cannot be used: {error}.") from error
    if user is None:
        raise AuthError("Nobody here knows you yet; whoever runs this server can make an account for you.")
    if user.disabled_at is not None:
        raise AuthError("This account may not sign in.")
    return user


def _open_id(request: Request) -> OpenId:
    held: OpenId | None = getattr(request.app.state, "evenhand_oidc", None)
    if held is None:
        held = request.app.state.evenhand_oidc = OpenId(state_of(request).moderator.settings)
    return held


def _redirect(request: Request) -> str:
    base = state_of(request).moderator.settings.public_url or str(request.base_url)
    return base.rstrip("/") + _BACK


def _challenge(verifier: str) -> str:
    try:
        from authlib.oauth2.rfc7636 import create_s256_code_challenge
    except ImportError as error:
        raise SettingsError("Single sign-on needs the extra 'console': pip install 'evenhand[console]'.") from error
    challenge: str = create_s256_code_challenge(verifier)
    return challenge


def _inside(path: str) -> str:
    """Give a page of the console: a login leads nowhere else."""
    inside = path == "/console" or path.startswith(("/console/", "/console?"))
    return path if inside and "\\" not in path and path.isprintable() else "/console"


def _cookie(https: bool) -> str:
    return "__Host-evenhand-login" if https else "evenhand_login"
