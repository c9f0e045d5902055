"""TC3-HMAC-SHA256: over the method, the address, the signed headers, the body's hash and the timestamp.

Clients sign `content-type` and `host` alone. What the headers besides say (the action, the region) is not signed; the
service is, and each of the two has one action here, so that a changed action does not fit its signature. The protocol
dates to the second and has no nonce: two equal requests of one second are signed alike. A signature is taken once; and
again only within seconds of its date and under another `X-TC-TraceId`, as the vendor's clients give one to every call.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from starlette.requests import Request

from evenhand.api.compat.signing import ReplayedError, check_date, compare, hosts
from evenhand.api.compat.tencent.errors import TencentError
from evenhand.api.state import state_of
from evenhand.store import DialectKey

NAME = "tencent"
_ALGORITHM, _END, _TRACE = "TC3-HMAC-SHA256", "tc3_request", "x-tc-traceid"
_FIELD = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^,\s]+)\s*")
_NEEDED = ("content-type", "host")
_UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A request whose signature is good."""

    pair: DialectKey
    service: str  # "tms" or "ims": what the signature is for


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    access_id: str
    day: str  # "2026-11-23"
    service: str
    headers: Sequence[str]  # lower case
    signature: str
    timestamp: int  # seconds since 1970

    @property
    def scope(self) -> str:
        return f"{self.day}/{self.service}/{_END}"

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp, UTC)


async def verify(request: Request) -> Signed:
    """Verify the signature of a request, and take it.

    Args:
        request: the request; its body is read.

    Raises:
        TencentError: the signature is missing or is none.
        AuthError: the pair is unknown, the date is off, the signature is another's, or it was used before.
    """
    claimed = _read(request)
    check_date(request, claimed.moment)  # before the body is read and the database asked
    body = await request.body()
    return await asyncio.to_thread(_checked, request, claimed, body)  # all in one turn: each costs


def _checked(request: Request, claimed: _Claimed, body: bytes) -> Signed:
    store = state_of(request).store
    pair = store.dialect_keys.find(claimed.access_id, dialect=NAME)
    digest = _hash(body)
    query = request.scope["query_string"].decode("latin-1")
    tried = []
    for host in hosts(request):
        for lower in (False, True):  # the vendor's own pages lower the values, its clients do not
            values = {name: host if name == "host" else request.headers.get(name, "") for name in claimed.headers}
            text = _to_sign(claimed, request.method, query, values, digest, lower=lower)
            tried.append((text, _signature(pair.secret, claimed.day, claimed.service, text)))
    # The first is what a client sees in the message; any of them will do.
    matching = next((made for _, made in tried if hmac.compare_digest(made, _ascii(claimed.signature))), tried[0][1])
    compare(matching, claimed.signature, what=tried[0][0])
    _once(request, pair, claimed)
    store.dialect_keys.used(pair)
    return Signed(pair=pair, service=claimed.service)


def _once(request: Request, pair: DialectKey, claimed: _Claimed) -> None:
    check_date(request, claimed.moment)  # the body may have taken its time
    settings = state_of(request).moderator.settings
    trace = request.headers.get(_TRACE, "")
    until = datetime.fromtimestamp(claimed.timestamp + settings.signature_window_s + 1, UTC)
    wanted = (claimed.signature, f"{claimed.signature}\n{trace}")
    first, fresh = state_of(request).store.nonces.take_each(wanted, key_id=pair.id, until=until)
    apart = abs((datetime.now(UTC) - claimed.moment).total_seconds())
    near = settings.signature_repeat_s and apart <= settings.signature_repeat_s
    if not (first or (fresh and trace and near)):
        raise ReplayedError(
            "This very request was answered before. Sign each request anew; an equal one in the same second needs an "
            "X-TC-TraceId of its own and a clock that is right."
        )


def headers_for(
    url: str, body: bytes, *, action: str, version: str, region: str, service: str, pair: tuple[str, str]
) -> dict[str, str]:
    """Sign a request that goes out from here.

    Args:
        url: where it goes, without a query.
        body: what is sent, JSON.
        action: of the vendor.
        version: of the vendor's API.
        region: of the vendor; "": none is named.
        service: "tms" or "ims".
        pair: key id and secret.

    Returns:
        The headers to send.
    """
    now = datetime.now(UTC)
    claimed = _Claimed(
        access_id=pair[0],
        day=now.strftime("%Y-%m-%d"),
        service=service,
        headers=_NEEDED,
        signature="",
        timestamp=int(now.timestamp()),
    )
    values = {"content-type": "application/json", "host": urlsplit(url).netloc}
    made = _signature(pair[1], claimed.day, service, _to_sign(claimed, "POST", "", values, _hash(body), lower=False))
    told = {
        **values,
        "x-tc-action": action,
        "x-tc-version": version,
        "x-tc-timestamp": str(claimed.timestamp),
        "authorization": f"{_ALGORITHM} Credential={pair[0]}/{claimed.scope}, SignedHeaders={';'.join(_NEEDED)}, "
        f"Signature={made}",
    }
    return told | ({"x-tc-region": region} if region else {})


def _to_sign(claimed: _Claimed, method: str, query: str, values: Mapping[str, str], digest: str, *, lower: bool) -> str:
    lines = ""
    for name in sorted(values):
        value = values[name].strip()
        lines += f"{name}:{value.lower() if lower else value}\n"
    canonical = "\n".join((method, "/", query, lines, ";".join(sorted(values)), digest))
    return "\n".join((_ALGORITHM, str(claimed.timestamp), claimed.scope, _hash(canonical.encode())))


def _signature(secret: str, day: str, service: str, text: str) -> str:
    key = f"TC3{secret}".encode()
    for part in (day, service, _END):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _read(request: Request) -> _Claimed:
    header = request.headers.get("authorization")
    if header is None:
        raise TencentError(
            "AuthFailure.InvalidAuthorization",
            "The request is not signed: sign it (TC3-HMAC-SHA256) with a pair that `evenhand keys create NAME --for "
            f"{NAME}` made.",
        )
    algorithm, _, rest = header.partition(" ")
    fields: dict[str, str] = {}
    for piece in rest.split(","):
        found = _FIELD.fullmatch(piece)
        if found is not None and found[1] not in fields:
            fields[found[1]] = found[2]
    if algorithm != _ALGORITHM or len(fields) != 3:
        raise _invalid(f"it must be {_ALGORITHM} Credential=..., SignedHeaders=..., Signature=...")
    credential = fields["Credential"].split("/")
    if len(credential) != 4 or credential[3] != _END:
        raise _invalid(f"the credential must be SECRETID/DATE/SERVICE/{_END}")
    names = fields["SignedHeaders"].split(";")
    if not set(_NEEDED) <= set(names) or len(set(names)) != len(names) or names != [name.lower() for name in names]:
        raise _invalid(f"SignedHeaders must name {' and '.join(_NEEDED)}, in lower case")
    if request.headers.get("x-tc-content-sha256") == _UNSIGNED:
        raise _invalid("the body must be signed; leave unsignedPayload off")
    timestamp = request.headers.get("x-tc-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
        raise _invalid("X-TC-Timestamp must be the seconds since 1970")
    claimed = _Claimed(
        access_id=credential[0],
        day=credential[1],
        service=credential[2],
        headers=names,
        signature=fields["Signature"],
        timestamp=int(timestamp),
    )
    if claimed.day != claimed.moment.strftime("%Y-%m-%d"):
        raise _invalid("the credential's date is not the day of X-TC-Timestamp in UTC")
    return claimed


def _invalid(why: str) -> TencentError:
    return TencentError("AuthFailure.InvalidAuthorization", f"The signature cannot be used: {why}.")


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _ascii(text: str) -> str:
    return text if text.isascii() else ""  # compare_digest takes no other
