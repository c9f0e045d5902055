"""OpenID Connect, without the network: what a provider says of itself, and what its tokens say of a person."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from evenhand.errors import AuthError, SettingsError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
LEEWAY_S = 60  # by which clocks may differ
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What a provider's discovery document says, as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    post_secret: bool  # the client's secret goes into the body: the provider does not take it in a header


def discovery_address(issuer: str) -> str:
    """Give where a provider's discovery document is.

    Raises:
        SettingsError: the issuer is no https address. Plain http is taken on this machine's loopback only.
    """
    if not _is_safe(issuer, issuer):
        raise SettingsError("EVENHAND_OIDC_ISSUER must begin with https://, and have no query and no fragment.")
    return issuer.rstrip("/") + "/.well-known/openid-configuration"


def read_provider(document: object, *, issuer: str) -> Provider:
    """Read a discovery document.

    Raises:
        AuthError: it is not the issuer's, or names addresses that are not safe.
    """
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise AuthError("The provider of single sign-on calls itself something else than EVENHAND_OIDC_ISSUER.")
    found: dict[str, Any] = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
        address = document.get(name)
        if address is None and name == "userinfo_endpoint":
            found[name] = None
            continue
        if not isinstance(address, str) or not _is_safe(address, issuer, query=True):
            raise AuthError(f"The provider of single sign-on gives no {name} that can be used.")
        found[name] = address
    ways = document.get("token_endpoint_auth_methods_supported")
    post = isinstance(ways, list) and "client_secret_basic" not in ways and "client_secret_post" in ways
    return Provider(issuer=issuer, post_secret=post, **found)


def external_id(issuer: str, subject: str) -> str:
    """Give what a person of a provider is known by here."""
    return hashlib.sha256(f"{issuer}\0{subject}".encode(errors="surrogatepass")).hexdigest()


def name_in(claims: Mapping[str, Any], claim: str) -> str:
    """Give the name of a person: of the claim asked for, else their address if it was verified, else their subject."""
    address = claims.get("email") if claims.get("email_verified") is True else None
    for value in (claims.get(claim), address, claims.get("sub")):
        if isinstance(value, str) and 1 <= len(value.strip()) <= _LONGEST:
            return value.strip()
    raise AuthError("The provider of single sign-on gives no name that can be used.")


def roles_in(claims: Mapping[str, Any], claim: str, roles: Mapping[str, str]) -> tuple[str, ...]:
    """Give the roles that a person's groups stand for.

    Args:
        claims: of the person.
        claim: the one with their groups, a text or a list; dots lead into objects ("realm_access.roles").
        roles: role by group.
    """
    value: object = claims.get(claim)
    if value is None:
        value = claims
        for part in claim.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    groups = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(roles[group] for group in groups if isinstance(group, str) and group in roles))


def host_of(address: str) -> str:
    """Give "host:port" of an http or https address."""
    parsed = urlsplit(address)
    return f"{(parsed.hostname or '').lower()}:{parsed.port or {'http': 80}.get(parsed.scheme, 443)}"


def _is_safe(address: str, issuer: str, *, query: bool = False) -> bool:
    """Say whether an address may be used: https, or on loopback where the issuer itself is there."""
    try:
        parsed, home = urlsplit(address), urlsplit(issuer)
        port = parsed.port
    except ValueError:
        return False
    plain = parsed.scheme == "http" and _is_loopback(parsed.hostname) and _is_loopback(home.hostname)
    clean = not parsed.fragment and parsed.username is None and (query or not parsed.query)
    return (
        (parsed.scheme == "https" or plain) and bool(parsed.hostname) and clean and port != 0 and len(address) < 2_000
    )


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
