"""A server that judges by word lists and a library of pictures, and Tencent Cloud's clients pointed at it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand.detectors import drawings
from evenhand.detectors.imagehash import hash_image
from evenhand.settings import Settings
from evenhand.store import DialectKey, open_store
from tests.compat import with_model
from tests.rekognition import HEAVY, png
from tests.server import serving

# All but word lists, hashes of pictures and the model of nudity
OFF = tuple(name for name in HEAVY if name != "image.nudity")
VERSION = "2020-12-29"
_LISTS = (
    ("own", "black", "known.black", "badword"),
    ("slurs", "black", "hate.attack", "slurword"),
    ("rude", "black", "harassment.insult", "rudeword"),
    ("adverts", "black", "ads.promotion", "bestprice"),
    ("talk", "black", "politics", "ballotword"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server and what its callers need."""

    address: str
    pair: DialectKey
    http: httpx.Client
    settings: Settings

    def client(self, service: str, **more: str) -> Any:
        """Give the vendor's client.

        Args:
            service: "tms" or "ims".
            more: `secret_id`, `secret` and `method` of the signature, where they are others.
        """
        credential = pytest.importorskip("tencentcloud.common.credential", reason="a test dependency")
        from tencentcloud.common.profile.client_profile import ClientProfile
        from tencentcloud.common.profile.http_profile import HttpProfile

        host = self.address.removeprefix("http://")
        profile = ClientProfile(
            signMethod=more.get("method", "TC3-HMAC-SHA256"),
            httpProfile=HttpProfile(protocol="http", endpoint=host, reqTimeout=300),
        )
        pair = credential.Credential(more.get("secret_id", self.pair.access_id), more.get("secret", self.pair.secret))
        if service == "tms":
            from tencentcloud.tms.v20201229.tms_client import TmsClient

            return TmsClient(pair, "ap-guangzhou", profile)
        from tencentcloud.ims.v20201229.ims_client import ImsClient

        return ImsClient(pair, "ap-guangzhou", profile)

    def text(self, words: str, **more: Any) -> Any:
        """Send a text by the vendor's client; gives its response."""
        from tencentcloud.tms.v20201229 import models

        request = models.TextModerationRequest()
        request.from_json_string(json.dumps({"Content": packed(words), **more}))
        return self.client("tms").TextModeration(request)

    def picture(self, **body: Any) -> Any:
        """Send a picture by the vendor's client; gives its response."""
        from tencentcloud.ims.v20201229 import models

        request = models.ImageModerationRequest()
        request.from_json_string(json.dumps(body))
        return self.client("ims").ImageModeration(request)

    def send(self, action: str, body: Any, **more: Any) -> httpx.Response:
        """Sign and send a request without the client; `more` is as `sign`'s."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post("/", content=content, headers=sign(self, content, action=action, **more), timeout=300)


@contextmanager
def tencent(folder: Path, **overrides: object) -> Iterator[Served]:
    """Run a server with word lists, a library with one known picture, and a key pair.

    Args:
        folder: for its database and files.
        overrides: settings.
    """
    libraries = folder / "libraries"
    libraries.mkdir()
    for name, kind, label, word in _LISTS:
        (libraries / f"{name}.yaml").write_text(
            f"name: {name}\nkind: words\nlist: {kind}\nlabel: {label}\nitems: [{word}]\n"
        )
    (libraries / "known.yaml").write_text(
        f"name: seen-before\nkind: images\nlist: black\nitems:\n  - {{value: {hash_image(png(drawings.dog()))[0]}}}\n"
    )
    values: dict[str, object] = {"disabled_detectors": OFF, "libraries": libraries, **overrides}
    settings = with_model(folder, **values)
    store = open_store(settings=settings)
    store.migrate()
    pair = store.dialect_keys.create("shop", dialect="tencent")
    store.close()
    with serving(settings) as http:
        yield Served(address=str(http.base_url).rstrip("/"), pair=pair, http=http, settings=settings)


def packed(content: str | bytes) -> str:
    """Give what the vendor's requests hold a content as."""
    data = content.encode(errors="surrogatepass") if isinstance(content, str) else content
    return base64.b64encode(data).decode()


def sign(
    served: Served,
    body: bytes,
    *,
    action: str,
    service: str | None = None,
    version: str = VERSION,
    ago: float = 0,
    day: str | None = None,
    secret: str | None = None,
    host: str | None = None,
    lowered: bool = False,
    named: tuple[str, ...] = ("content-type", "host"),
    headers: dict[str, str] | None = None,
) -> dict[str, str]:
    """Give the headers of a request, signed as the vendor's pages say; `ago`: seconds."""
    stamp = int(time.time() - ago)
    service = service or ("ims" if action.startswith(("Image", "CreateImage")) else "tms")
    sent = {
        "content-type": "application/json",
        "host": host or served.address.removeprefix("http://"),
        "x-tc-action": action,
        "x-tc-version": version,
        "x-tc-timestamp": str(stamp),
        "x-tc-region": "ap-guangzhou",
        "x-tc-traceid": str(uuid.uuid4()),
        **(headers or {}),
    }
    lines = "".join(f"{name}:{sent[name].lower() if lowered else sent[name]}\n" for name in named)
    digest = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n/\n\n{lines}\n{';'.join(named)}\n{digest}"
    day = day or time.strftime("%Y-%m-%d", time.gmtime(stamp))
    scope = f"{day}/{service}/tc3_request"
    text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{secret or served.pair.secret}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    made = hmac.new(key, text.encode(), "sha256").hexdigest()
    credential = f"Credential={served.pair.access_id}/{scope}"
    sent["authorization"] = f"TC3-HMAC-SHA256 {credential}, SignedHeaders={';'.join(named)}, Signature={made}"
    if host is not None:
        sent["host"] = served.address.removeprefix("http://")
    return sent
