"""AWS Signature Version 4, verified: over the method, address, query, signed headers and the hash of the body.

The protocol dates to the second and has no nonce, and clients put nothing else into the signature: two equal requests
of one second are signed alike. So a signature is taken once; and again only within seconds of its date and under
another invocation id, as the vendor's clients give one to every call. That id is not signed: whoever reads a request on
its way can, for those seconds, have the same content judged once more, and gets an answer about what they already know.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.requests import Request

from evenhand.api.compat.aws_errors import AwsError
from evenhand.api.compat.signing import ReplayedError, accept, check_date, compare, hosts, key_pair
from evenhand.api.state import state_of
from evenhand.store import DialectKey

_ALGORITHM = "AWS4-HMAC-SHA256"
_DATE = "%Y%m%dT%H%M%SZ"
_FIELD = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^,\s]+)\s*")
_END = "aws4_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a request says of its signature."""

    access_id: str
    day: str  # "20261123"
    region: str
    service: str
    headers: tuple[str, ...]  # names of the signed headers, lower case, in the order given
    signature: str
    moment: datetime
    date: str  # as the request writes it in the string to sign

    @property
    def scope(self) -> str:
        """The credential's scope."""
        return f"{self.day}/{self.region}/{self.service}/{_END}"


async def verified(request: Request, dialect: str, *, services: Collection[str]) -> DialectKey:
    """Give the key pair that signed a request, once it is sure that it did.

    Args:
        request: the request; its body is read.
        dialect: name of the dialect that the pair must be for.
        services: names of the vendor's services that a signature may be scoped to.

    Raises:
        AwsError: the signature is missing or is none.
        AuthError: the pair is unknown, the date is off, the signature is another's, or it was used before.
    """
    signed = _read(request)
    if signed.service not in services:
        wanted = " or ".join(f"'{name}'" for name in services)
        raise AwsError("InvalidSignatureException", f"Credential should be scoped to correct service: {wanted}.")
    check_date(request, signed.moment)  # before the body is read and the database asked
    pair = await key_pair(request, dialect, signed.access_id)
    digest = hashlib.sha256(await request.body()).hexdigest()
    if request.headers.get("x-amz-content-sha256", digest) != digest:
        raise AwsError("InvalidSignatureException", "x-amz-content-sha256 is not the hash of the body that came.")
    tried = [canonical_request(request, signed.headers, host=host, digest=digest) for host in hosts(request)]
    expected = [signature(pair.secret, signed, canonical) for canonical in tried]
    # The first is what a client sees in the message; any of them will do.
    matching = next((value for value in expected if hmac.compare_digest(value, signed.signature)), expected[0])
    compare(matching, signed.signature, what=tried[0])
    await _once(request, pair, signed)
    return pair


async def _once(request: Request, pair: DialectKey, signed: Signed) -> None:
    attempt = [request.headers.get(name, "") for name in ("amz-sdk-invocation-id", "amz-sdk-request")]
    settings = state_of(request).moderator.settings
    until = signed.moment.timestamp() + settings.signature_window_s + 1
    nonces = state_of(request).store.nonces
    fresh = await asyncio.to_thread(
        nonces.take,
        "\n".join((signed.signature, *attempt)),
        key_id=pair.id,
        until=datetime.fromtimestamp(until, UTC),
    )
    try:
        await accept(request, pair, moment=signed.moment, nonce=signed.signature)
    except ReplayedError as error:
        apart = abs((datetime.now(UTC) - signed.moment).total_seconds())
        if not (fresh and attempt[0] and apart <= settings.signature_repeat_s and settings.signature_repeat_s):
            raise ReplayedError(
                "This very request was answered before. Sign each request anew; an equal one in the same second needs "
                "an amz-sdk-invocation-id of its own and a clock that is right."
            ) from error


def canonical_request(request: Request, names: Sequence[str], *, host: str, digest: str) -> str:
    """Write a request as it is signed.

    Args:
        request: the request.
        names: of the signed headers, lower case.
        host: value of the Host header that the client may have seen.
        digest: SHA-256 of the body, hexadecimal.
    """
    # ASGI keeps the path as it came; every service but S3 encodes it once more.
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    path = quote(raw.partition(b"?")[0].decode("latin-1"), safe="/~-._")
    query = sorted(
        (quote(name, safe="~-._"), quote(value, safe="~-._"))
        for name, value in parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    )
    lines = []
    for name in sorted(names):
        values = [host] if name == "host" else request.headers.getlist(name)
        lines.append(f"{name}:{','.join(' '.join(value.split()) for value in values)}\n")
    return "\n".join(
        (
            request.method,
            path or "/",
            "&".join(f"{name}={value}" for name, value in query),
            "".join(lines),
            ";".join(sorted(names)),
            digest,
        )
    )


def signature(secret: str, signed: Signed, canonical: str) -> str:
    """Compute a signature, hexadecimal.

    Args:
        secret: of the pair.
        signed: date and scope.
        canonical: the request, as `canonical_request` writes it.
    """
    key = f"AWS4{secret}".encode()
    for part in (signed.day, signed.region, signed.service, _END):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join((_ALGORITHM, signed.date, signed.scope, hashlib.sha256(canonical.encode()).hexdigest()))
    return hmac.digest(key, text.encode(), "sha256").hex()


def headers_for(
    url: str, body: bytes, *, target: str, pair: tuple[str, str], region: str, service: str
) -> dict[str, str]:
    """Sign a request that goes out from here.

    Args:
        url: where it goes, without a query.
        body: what is sent.
        target: value of X-Amz-Target.
        pair: key id and secret.
        region: of the vendor.
        service: of the vendor.

    Returns:
        The headers to send.
    """
    parts = urlsplit(url)
    now = datetime.now(UTC)
    date = now.strftime(_DATE)
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": parts.netloc,
        "x-amz-date": date,
        "x-amz-target": target,
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": parts.path or "/",
        "raw_path": (parts.path or "/").encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
    }
    names = tuple(headers)
    canonical = canonical_request(Request(scope), names, host=parts.netloc, digest=hashlib.sha256(body).hexdigest())
    signed = Signed(
        access_id=pair[0],
        day=now.strftime("%Y%m%d"),
        region=region,
        service=service,
        headers=names,
        signature="",
        moment=now,
        date=date,
    )
    made = signature(pair[1], signed, canonical)
    credential = f"{signed.access_id}/{signed.scope}"
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credential}, SignedHeaders={';'.join(names)}, Signature={made}"
    )
    return headers


def _read(request: Request) -> Signed:
    header = request.headers.get("authorization")
    if header is None:
        raise AwsError(
            "MissingAuthenticationTokenException",
            "Missing Authentication Token: sign the request (AWS Signature Version 4) with a pair that "
            "`evenhand keys create NAME --for rekognition` made.",
        )
    algorithm, _, rest = header.partition(" ")
    if algorithm != _ALGORITHM:
        raise _incomplete(f"the algorithm must be {_ALGORITHM}")
    fields: dict[str, str] = {}
    for piece in rest.split(","):
        found = _FIELD.fullmatch(piece)
        if found is None or found[1] in fields:
            raise _incomplete("it must be Credential=..., SignedHeaders=..., Signature=...")
        fields[found[1]] = found[2]
    if len(fields) != 3:
        raise _incomplete("it must have Credential, SignedHeaders and Signature")
    credential = fields["Credential"].split("/")
    if len(credential) != 5 or credential[4] != _END:
        raise _incomplete(f"the credential must be KEY/DATE/REGION/SERVICE/{_END}")
    names = tuple(fields["SignedHeaders"].split(";"))
    # What the vendor's own headers say must not be changeable: the operation is one of them.
    loose = sorted({name for name in request.headers if name.startswith("x-amz-")} - set(names))
    if "host" not in names or loose or list(names) != [name.lower() for name in names]:
        missing = ", ".join(loose) or "host, in lower case"
        raise AwsError("InvalidSignatureException", f"SignedHeaders must name {missing}.")
    moment, date = _moment(request, names)
    if credential[1] != moment.strftime("%Y%m%d"):
        raise AwsError("InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from the date.")
    return Signed(
        access_id=credential[0],
        day=credential[1],
        region=credential[2],
        service=credential[3],
        headers=names,
        signature=fields["Signature"],
        moment=moment,
        date=date,
    )


def _moment(request: Request, names: Sequence[str]) -> tuple[datetime, str]:
    date = request.headers.get("x-amz-date")
    try:
        if date is not None:
            return datetime.strptime(date, _DATE).replace(tzinfo=UTC), date
        if "date" not in names:
            raise ValueError("the date is not signed")
        moment = parsedate_to_datetime(request.headers.get("date", "")).astimezone(UTC)
    except (ValueError, TypeError) as error:
        raise _incomplete(f"X-Amz-Date must be a time such as {datetime.now(UTC):{_DATE}}") from error
    return moment, moment.strftime(_DATE)


def _incomplete(why: str) -> AwsError:
    return AwsError("IncompleteSignatureException", f"The Authorization header cannot be used: {why}.")
