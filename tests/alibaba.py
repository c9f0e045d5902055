"""What tests of Alibaba Cloud's dialect share: a server with a key pair, the vendor's clients, requests by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
from alibabacloud_green20220302.client import Client as NewClient
from alibabacloud_green20220302.models import TextModerationPlusRequest
from alibabacloud_tea_openapi.models import Config
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import RoaRequest
from PIL import Image, ImageDraw, ImageFont

from evenhand.settings import Settings
from evenhand.store import DialectKey, open_store
from tests.server import serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server, and a key pair that it knows."""

    http: httpx.Client
    pair: DialectKey
    settings: Settings

    @property
    def host(self) -> str:
        """Give host and port."""
        return str(self.http.base_url).removeprefix("http://").rstrip("/")

    def client_2022(self, **config: Any) -> NewClient:
        """Give the official client of version 2022-03-02."""
        values: dict[str, Any] = {
            "access_key_id": self.pair.access_id,
            "access_key_secret": self.pair.secret,
            "endpoint": self.host,
            "protocol": "HTTP",
            "read_timeout": 120_000,
            "connect_timeout": 30_000,
            **config,
        }
        return NewClient(Config(**values))

    def client_2018(self, **values: Any) -> AcsClient:
        """Give the official client of version 2018-05-09."""
        keys = {"ak": self.pair.access_id, "secret": self.pair.secret, "region_id": "cn-shanghai", "timeout": 120}
        return AcsClient(**{**keys, **values})

    def ask(self, request: RoaRequest, body: object, client: AcsClient | None = None) -> dict[str, Any]:
        """Send a request of version 2018-05-09 with the official client, and give the answer."""
        request.set_endpoint(self.host)
        request.set_accept_format("JSON")
        request.set_content(bytearray(json.dumps(body), "utf-8"))
        answer: dict[str, Any] = json.loads((client or self.client_2018()).do_action_with_exception(request))
        return answer


@contextmanager
def alibaba(settings: Settings, *, work: bool = False) -> Iterator[Served]:
    """Run a server, with a key pair for the dialect; `work`: and with a worker that does its jobs."""
    with serving(settings, work=work) as http:
        store = open_store(settings=settings)
        pair = store.dialect_keys.create("test", dialect="alibaba")
        yield Served(http=http, pair=pair, settings=settings)
        store.close()


def plus(service: str, **parameters: Any) -> TextModerationPlusRequest:
    """Make a request for TextModerationPlus."""
    return TextModerationPlusRequest(service=service, service_parameters=json.dumps(parameters))


def acs3(
    served: Served,
    action: str,
    body: bytes,
    *,
    ago: float = 0,
    nonce: str | None = None,
    secret: str | None = None,
    host: str | None = None,
    leave_out: str = "",
    version: str = "2022-03-02",
) -> dict[str, str]:
    """Sign by hand as ACS3-HMAC-SHA256 says; `ago`: seconds."""
    moment = datetime.now(UTC) - timedelta(seconds=ago)
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "host": host or served.host,
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-acs-date": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce or uuid.uuid4().hex,
        "x-acs-version": version,
    }
    headers.pop(leave_out, None)
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    string = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new((secret or served.pair.secret).encode(), string.encode(), "sha256").hexdigest()
    headers["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={served.pair.access_id},SignedHeaders={names},Signature={signature}"
    )
    return {**headers, "host": served.host}


def roa(
    served: Served,
    path: str,
    body: bytes,
    *,
    ago: float = 0,
    nonce: str | None = "",
    secret: str | None = None,
    method: str = "HMAC-SHA1",
    md5: bool = True,
) -> dict[str, str]:
    """Sign by hand as ROA says; `nonce`: "" for a new one, None for none."""
    moment = datetime.now(UTC) - timedelta(seconds=ago)
    headers = {
        "accept": "application/json",
        "content-type": "application/json",
        "content-md5": base64.b64encode(hashlib.md5(body).digest()).decode() if md5 else "",
        "date": format_datetime(moment, usegmt=True),
        "x-acs-signature-method": method,
        "x-acs-signature-version": "1.0",
        "x-acs-version": "2018-05-09",
    }
    if nonce is not None:
        headers["x-acs-signature-nonce"] = nonce or uuid.uuid4().hex
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-acs-"))
    start = "\n".join(headers[name] for name in ("accept", "content-md5", "content-type", "date"))
    digest = hmac.new(
        (secret or served.pair.secret).encode(), f"POST\n{start}\n{lines}{path}".encode(), method[5:].lower()
    ).digest()
    headers["authorization"] = f"acs {served.pair.access_id}:{base64.b64encode(digest).decode()}"
    return {name: value for name, value in headers.items() if value}


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Give status and code of an error in the gateway's shape."""
    body: Mapping[str, str] = answer.json()
    assert set(body) == {"RequestId", "HostId", "Code", "Message"}
    assert answer.headers["x-acs-request-id"] == body["RequestId"]
    return answer.status_code, body["Code"]


def libraries(folder: Path) -> Path:
    """Write a word list, so that a server without a model finds something, and give its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stop.yaml").write_text(
        "name: stop-list\nkind: words\nlist: black\nlabel: spam.scam\nitems:\n  - florbzim deal\n  - 弗洛布交易\n",
        "utf-8",
    )
    return folder


class Taken:
    """What was posted to an address of ours."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.refuse = 0  # this many are answered with 500 first
        self.came = threading.Condition()

    def take(self, body: bytes) -> int:
        """Note a form; give the status to answer with."""
        with self.came:
            self.forms.append(dict(parse_qsl(body.decode(), strict_parsing=True)))
            self.refuse -= 1
            self.came.notify_all()
            return 500 if self.refuse >= 0 else 200

    def wait(self, count: int, timeout: float = 90) -> list[dict[str, str]]:
        """Give the forms, once there are so many."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.forms) >= count, timeout), f"{len(self.forms)} of {count} came"
            return list(self.forms)


@contextmanager
def receiving() -> Iterator[tuple[str, Taken]]:
    """Take pushes on loopback; give the address and what came."""
    taken = Taken()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = taken.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/callback", taken
    server.shutdown()
    thread.join(20)
    server.server_close()


@contextmanager
def hosting(files: Mapping[str, bytes]) -> Iterator[str]:
    """Serve files on loopback, and give the address below which they lie, without the slash at its end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path.lstrip("/"))
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(20)
    server.server_close()


def words_in_picture(*lines: str) -> bytes:
    """Draw lines of writing, and give the PNG."""
    image = Image.new("RGB", (900, 120 + 90 * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for place, line in enumerate(lines):
        draw.text((40, 60 + 90 * place), line, fill="black", font=ImageFont.load_default(54))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
