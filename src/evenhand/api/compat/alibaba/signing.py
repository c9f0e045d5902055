"""Who signed a request, in the three ways that Alibaba Cloud's clients sign.

    ACS3-HMAC-SHA256   `Authorization: ACS3-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...`
    ROA                `Authorization: acs ID:SIGNATURE`, HMAC-SHA1 or HMAC-SHA256, `Content-MD5` over the body
    RPC                `AccessKeyId`, `Signature`, `SignatureNonce` and `Timestamp` among the parameters, HMAC-SHA1

Each signature covers the body: its SHA-256, its MD5, or every parameter in it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, quote

from starlette.requests import Request

from evenhand.api.compat.alibaba.errors import GatewayError
from evenhand.api.compat.signing import BadSignatureError, hosts, verified
from evenhand.store import DialectKey

NAME = "alibaba"
_ACS3 = "ACS3-HMAC-SHA256"
_NEEDED = ("host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version")
_PART = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]*)")
_HASHES = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}
_MOST_FIELDS = 200

Pairs = Sequence[tuple[str, str]]
Check = Callable[[DialectKey], None]  # raises where the signature is not this pair's


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A request whose signature is good."""

    pair: DialectKey
    parameters: Mapping[str, str]  # of the query and, where the body is a form, of the form
    bare: bool = False  # the parameters are all that was signed: no address, no header


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    """What a request says about its signature."""

    access_id: str
    signature: str
    moment: datetime
    nonce: str


async def verify(request: Request) -> Signed:
    """Verify the signature of a request, and take its nonce.

    Raises:
        GatewayError: it is not signed, or not the way it says.
        AuthError: its key is unknown, revoked or expired.
        BadSignatureError, StaleDateError, ReplayedError: as they say.
    """
    body = await request.body()
    query = _pairs(request.scope["query_string"])
    form = _pairs(body) if _is_form(request) else ()
    header = request.headers.get("authorization", "")
    if header.startswith(_ACS3 + " "):
        claimed, check = _acs3(request, header, query, body)
    elif header[:4].lower() == "acs ":
        claimed, check = _roa(request, header[4:].strip(), query, body)
    elif header:
        raise GatewayError("IncompleteSignature", f"The Authorization header must begin with {_ACS3!r} or 'acs'.")
    else:
        claimed, check = _rpc(request, query, form)
        if body and not _is_form(request):
            raise GatewayError("IncompleteSignature", "A signature among the parameters does not cover this body.")
    pair = await verified(request, NAME, claimed.access_id, check, moment=claimed.moment, nonce=claimed.nonce)
    return Signed(pair=pair, parameters=dict([*query, *form]), bare=not header)


def _acs3(request: Request, header: str, query: Pairs, body: bytes) -> tuple[_Claimed, Check]:
    parts = dict(_PART.findall(header))
    names = [name for name in parts.get("SignedHeaders", "").lower().split(";") if name]
    if missing := [name for name in ("Credential", "SignedHeaders", "Signature") if not parts.get(name)]:
        raise GatewayError("IncompleteSignature", f"The Authorization header lacks {', '.join(missing)}.")
    if unsigned := [name for name in _NEEDED if name not in names or name not in request.headers]:
        raise GatewayError("IncompleteSignature", f"These headers must be sent and signed: {', '.join(unsigned)}.")
    claimed = _Claimed(
        access_id=parts["Credential"],
        signature=parts["Signature"],
        moment=_iso(request.headers["x-acs-date"]),
        nonce=request.headers["x-acs-signature-nonce"],
    )
    digest = request.headers["x-acs-content-sha256"]
    canonical_query = "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(query))
    names.sort()
    values = {name: _header(request, name) for name in names}

    def check(pair: DialectKey) -> None:
        if hashlib.sha256(body).hexdigest() != digest.lower():
            raise BadSignatureError("The body is not the one that was signed: its SHA-256 is not x-acs-content-sha256.")
        told = ""
        for host in hosts(request):
            lines = "".join(f"{name}:{host if name == 'host' else values[name]}\n" for name in names)
            canonical = "\n".join((request.method, _path(request), canonical_query, lines, ";".join(names), digest))
            string = f"{_ACS3}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
            told = told or f"{string} of the request {canonical!r}"
            expected = hmac.new(pair.secret.encode(), string.encode(), "sha256").hexdigest()
            if hmac.compare_digest(expected, _ascii(claimed.signature)):
                return
        raise _mismatch(told)

    return claimed, check


def _roa(request: Request, credential: str, query: Pairs, body: bytes) -> tuple[_Claimed, Check]:
    access_id, colon, signature = credential.partition(":")
    if not (access_id and colon and signature):
        raise GatewayError("IncompleteSignature", "The Authorization header must be 'acs ACCESS_KEY_ID:SIGNATURE'.")
    headers = request.headers
    date = headers.get("date", "")
    nonce = headers.get("x-acs-signature-nonce")
    # Older clients send no nonce. Then the signature is what makes the request the only one of its kind.
    claimed = _Claimed(access_id=access_id, signature=signature, moment=_http_date(date), nonce=nonce or signature)
    method = headers.get("x-acs-signature-method", "HMAC-SHA1").upper()
    if method not in _HASHES:
        raise GatewayError("UnsupportedSignatureMethod", f"Signatures here are {', '.join(_HASHES)}.")
    given = headers.get("content-md5")
    if body and not given:
        raise GatewayError("MissingContentMD5", "Content-MD5 is needed: without it nothing signs the body.")
    own = {name for name in headers if name.startswith("x-acs-")}
    lines = "".join(f"{name}:{_header(request, name)}\n" for name in sorted(own))
    start = [request.method, *(headers.get(name, "") for name in ("accept", "content-md5", "content-type")), date]
    string = "\n".join(start) + "\n" + lines

    def check(pair: DialectKey) -> None:
        md5 = hashlib.md5(body, usedforsecurity=False).digest()
        if body and base64.b64encode(md5).decode() != given:
            raise GatewayError("ContentMD5NotMatched", "The body is not the one that was signed: Content-MD5 differs.")
        # Clients differ in whether a parameter without a value has an equals sign.
        for bare in (False, True) if query else (False,):
            signed = string + _resource(request, query, bare=bare)
            expected = base64.b64encode(hmac.new(pair.secret.encode(), signed.encode(), _HASHES[method]).digest())
            if hmac.compare_digest(expected.decode(), _ascii(signature)):
                return
        raise _mismatch(string + _resource(request, query, bare=False))

    return claimed, check


def _rpc(request: Request, query: Pairs, form: Pairs) -> tuple[_Claimed, Check]:
    parameters = dict([*query, *form])
    if len(parameters) != len(query) + len(form):
        raise GatewayError("InvalidParameter", "A parameter was sent twice.")
    signature = parameters.pop("Signature", "")
    for name in ("AccessKeyId", "SignatureNonce", "Timestamp"):
        if not parameters.get(name):
            raise GatewayError(f"Missing{name}", f"{name} is needed: the request is not signed.")
    if not signature:
        raise GatewayError("MissingSignature", "Signature is needed: the request is not signed.")
    method = parameters.get("SignatureMethod", "HMAC-SHA1").upper()
    if method not in _HASHES:
        raise GatewayError("UnsupportedSignatureMethod", f"Signatures here are {', '.join(_HASHES)}.")
    claimed = _Claimed(
        access_id=parameters["AccessKeyId"],
        signature=signature,
        moment=_iso(parameters["Timestamp"]),
        nonce=parameters["SignatureNonce"],
    )
    listed = "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(parameters.items()))
    string = f"{request.method}&%2F&{_escaped(listed)}"

    def check(pair: DialectKey) -> None:
        digest = hmac.new(f"{pair.secret}&".encode(), string.encode(), _HASHES[method]).digest()
        if not hmac.compare_digest(base64.b64encode(digest).decode(), _ascii(signature)):
            raise _mismatch(string)

    return claimed, check


def _mismatch(string: str) -> BadSignatureError:
    # The vendor's older clients split this message at its colons, and fail where there is none.
    return BadSignatureError(
        "Specified signature is not matched with our calculation; check the secret, and that no proxy changed the "
        f"request (EVENHAND_SIGNED_HOSTS names further hosts). server string to sign is:{string[:2000]}"
    )


def _resource(request: Request, query: Pairs, *, bare: bool) -> str:
    listed = "&".join(name if bare and not value else f"{name}={value}" for name, value in sorted(query))
    return str(request.scope["path"]) + (f"?{listed}" if listed else "")


def _path(request: Request) -> str:
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1") or "/"


def _header(request: Request, name: str) -> str:
    return ",".join(sorted(value.strip() for value in request.headers.getlist(name)))


def _pairs(data: bytes) -> Pairs:
    try:
        return parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except (UnicodeDecodeError, ValueError):
        raise GatewayError("InvalidParameter", "The parameters cannot be read: escape them as UTF-8.") from None


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded")


def _escaped(text: str) -> str:
    return quote(text, safe="~")


def _ascii(text: str) -> str:
    return text if text.isascii() else ""  # compare_digest takes no other


def _iso(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise GatewayError("InvalidTimeStamp.Format", "Dates look like 2026-01-31T09:30:00Z, in UTC.") from None


def _http_date(text: str) -> datetime:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        raise GatewayError("InvalidTimeStamp.Format", "Date must look like Sat, 31 Jan 2026 09:30:00 GMT.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
