"""A server with the picture detectors, and boto3 pointed at it with a key pair of its own."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand.detectors import drawings
from evenhand.detectors.imagehash import hash_image
from evenhand.domain import ImagePart
from evenhand.store import DialectKey, open_store
from tests.compat import with_model
from tests.server import serving

LIBRARY = """
name: seen-before
kind: images
list: black
items:
  - {{value: {landscape}, label: violence.weapon}}
  - {{value: {dog}}}
"""


# All but the library's detector: for tests of what stands around the answer.
HEAVY = ("text.harm", *(f"image.{name}" for name in ["likeness", "code", "nudity", "symbol", "weapon", "face", "ocr"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server and what its callers need."""

    address: str
    pair: DialectKey
    http: httpx.Client
    bucket: Path

    def client(self, service: str = "rekognition", **more: Any) -> Any:
        """Give a boto3 client."""
        boto3 = pytest.importorskip("boto3", reason="boto3 is a test dependency")
        from botocore.config import Config

        settings = {
            "retries": {"total_max_attempts": 1},
            "read_timeout": 120,
            "proxies": {},
            "max_pool_connections": 64,
        }
        values: dict[str, Any] = {
            "endpoint_url": self.address,
            "region_name": "us-east-1",
            "aws_access_key_id": self.pair.access_id,
            "aws_secret_access_key": self.pair.secret,
            "config": Config(**{**settings, **more.pop("config", {})}),
            **more,
        }
        return boto3.session.Session().client(service, **values)


@contextmanager
def rekognition(folder: Path, *, work: bool = False, **overrides: object) -> Iterator[Served]:
    """Run a server with a bucket, a library of two known pictures, and a key pair; texts are not judged.

    Args:
        folder: for its database and files.
        work: it works on jobs, too.
        overrides: settings.
    """
    bucket = folder / "bucket"
    bucket.mkdir()
    libraries = folder / "libraries"
    libraries.mkdir()
    hashes = {name: hash_image(png(getattr(drawings, name)()))[0] for name in ("landscape", "dog")}
    (libraries / "known.yaml").write_text(LIBRARY.format(**hashes))
    values: dict[str, object] = {
        "disabled_detectors": ("text.harm",),
        "libraries": libraries,
        "s3_buckets": {"uploads": str(bucket)},
        "detector_timeout_s": 300.0,  # of a machine that does much else
        **overrides,
    }
    settings = with_model(folder, **values)
    store = open_store(settings=settings)
    store.migrate()
    pair = store.dialect_keys.create("shop", dialect="rekognition")
    store.close()
    with serving(settings, work=work) as http:
        address = str(http.base_url).rstrip("/")
        yield Served(address=address, pair=pair, http=http, bucket=bucket)


def png(part: ImagePart, **more: Any) -> bytes:
    """Encode a drawing."""
    return encoded(part, "PNG", **more)


def encoded(part: ImagePart, kind: str, **more: Any) -> bytes:
    """Encode a drawing in any format that Pillow writes."""
    file = BytesIO()
    part.image.save(file, kind, **more)
    return file.getvalue()


def sign(
    served: Served,
    body: bytes,
    *,
    target: str,
    url: str | None = None,
    secret: str | None = None,
    region: str = "us-east-1",
    service: str = "rekognition",
    headers: Mapping[str, str] | None = None,
    ago: float = 0,
) -> dict[str, str]:
    """Give the headers of a request, signed by botocore; `ago`: seconds."""
    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    # Equal requests of one second are signed alike; tests send many.
    alone = {"X-Amz-Test": uuid.uuid4().hex}
    request = AWSRequest(
        method="POST",
        url=url or f"{served.address}/",
        data=body,
        headers={"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1", **alone, **(headers or {})},
    )
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=ago)
    with pytest.MonkeyPatch.context() as patch:
        # botocore asks for the time in one place; requests of other days are signed by another clock.
        patch.setattr(botocore.auth, "get_current_datetime", lambda: moment.replace(tzinfo=None))
        botocore.auth.SigV4Auth(
            Credentials(served.pair.access_id, secret or served.pair.secret), service, region
        ).add_auth(request)
    return dict(request.headers.items())
