"""Fetching from a real server on loopback, which the settings allow by name; hostile answers of every kind."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from evenhand.decode import decode
from evenhand.decode.fetch import fetch
from evenhand.domain import Content, ContentKind
from evenhand.errors import FetchError, TooLargeError
from evenhand.settings import Settings
from tests.media import drawn, encode

SECRET = b"internal-secret-body"
Answer = Callable[[socket.socket, str], None]


def plain(body: bytes) -> bytes:
    return body


class Server:
    """A one-thread-a-connection server that writes raw bytes, so that it can be as rude as it likes."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer | bytes] = {}
        self.requests: list[bytes] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError), connection:
            stream = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
            request = stream.recv(65536)
            self.requests.append(request)
            answer = self.answers[request.split()[1].decode()]
            if isinstance(answer, bytes):
                stream.sendall(answer)
            else:
                answer(stream, request.decode())
            stream.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(Server()) as running:
        yield running


def to_loopback(host: str, port: int) -> Sequence[str]:
    return ("127.0.0.1",)


def allowing(server: Server, **fields: object) -> Settings:
    names = ("media.test", "127.0.0.1")
    return Settings(
        **{"fetch_timeout_s": 5, "fetch_allow_hosts": tuple(f"{name}:{server.port}" for name in names), **fields}  # type: ignore[arg-type]
    )


def ok(body: bytes, *headers: str) -> bytes:
    head = "\r\n".join(("HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers))
    return head.encode() + b"\r\n\r\n" + body


def redirect(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def url(server: Server, path: str = "/", host: str = "media.test") -> str:
    return f"http://{host}:{server.port}{path}"


def test_the_checked_address_is_connected_to_and_the_name_is_kept(server: Server) -> None:
    server.answers["/a?b=c%20d"] = ok(b"body", "Content-Type: text/plain; charset=utf-8")
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ("127.0.0.1",)

    fetched = fetch(url(server, "/a?b=c%20d#part"), allowing(server), resolve=resolve)
    assert (fetched.data, fetched.media_type) == (b"body", "text/plain; charset=utf-8")
    assert asked == [("media.test", server.port)]
    assert f"\r\nHost: media.test:{server.port}\r\n".encode() in server.requests[0]


def test_a_url_content_is_decoded(server: Server) -> None:
    server.answers["/"] = ok(encode(drawn(), "PNG"), "Content-Type: image/png")
    decoded = decode(Content(url=url(server, host="127.0.0.1")), allowing(server))
    assert (decoded.kind, decoded.notes) == (ContentKind.IMAGE, ())


def test_nothing_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine media.test login someone password something")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answers["/1"] = redirect("/2").replace(b"Location", b"Set-Cookie: a=b\r\nLocation")
    server.answers["/2"] = ok(b"body")
    fetch(url(server, "/1"), allowing(server), resolve=to_loopback)
    assert not any(word in server.requests[1].lower() for word in (b"cookie", b"authorization", b"referer"))


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:1/",
        "http://localhost/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "//169.254.169.254/latest/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_SET",
        "http://user:pass@media.test/",
        "http://[broken/",
    ],
)
@pytest.mark.parametrize("status", [301, 307])
def test_redirects_are_checked_again(server: Server, location: str, status: int) -> None:
    server.answers["/"] = redirect(location, status)
    with pytest.raises(FetchError):
        fetch(url(server), allowing(server))
    with pytest.raises(FetchError):
        fetch(url(server, host="127.0.0.1"), allowing(server))
    assert len(server.requests) == 1


def test_only_the_allowed_port_of_an_allowed_host(server: Server) -> None:
    with closing(Server()) as inside:
        inside.answers["/"] = ok(SECRET)
        server.answers["/"] = redirect(url(inside))
        with pytest.raises(FetchError, match="not on the public Internet"):
            fetch(url(server), allowing(server), resolve=to_loopback)
        assert inside.requests == []


def test_a_name_that_changes_its_address_between_hops(server: Server) -> None:
    server.answers["/"] = redirect(f"http://rebind.test:{server.port}/inside")
    server.answers["/inside"] = ok(SECRET)
    with pytest.raises(FetchError, match="not on the public Internet"):
        fetch(url(server), allowing(server), resolve=to_loopback)
    assert len(server.requests) == 1


def test_redirects_are_counted(server: Server) -> None:
    server.answers |= {f"/{n}": redirect(f"/{n + 1}") for n in range(5)}
    server.answers["/5"] = ok(b"end")
    assert fetch(url(server, "/2"), allowing(server), resolve=to_loopback).final_url == url(server, "/5")
    with pytest.raises(FetchError, match="more than 3 times"):
        fetch(url(server, "/1"), allowing(server), resolve=to_loopback)


def endless(stream: socket.socket, request: str) -> None:
    stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        stream.sendall(bytes(65536))


def endless_chunks(stream: socket.socket, request: str) -> None:
    stream.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        stream.sendall(b"1000\r\n" + bytes(4096) + b"\r\n")


def endless_head(stream: socket.socket, request: str) -> None:
    stream.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        stream.sendall(b"X-Filler: " + b"a" * 1000 + b"\r\n")


def dripping_head(stream: socket.socket, request: str) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 1000:
        stream.sendall(bytes([byte]))
        time.sleep(0.02)


def dripping_body(stream: socket.socket, request: str) -> None:
    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        stream.sendall(b"x")
        time.sleep(0.02)


def endless_early_hints(stream: socket.socket, request: str) -> None:
    while True:
        stream.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")


def silence(stream: socket.socket, request: str) -> None:
    time.sleep(3)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (endless, TooLargeError),
        (endless_chunks, TooLargeError),
        (ok(bytes(1))[:-1].replace(b"Length: 1", b"Length: 99999999999"), TooLargeError),
        (ok(bytes(200_001)), TooLargeError),
        (ok(gzip.compress(bytes(2**26)), "Content-Encoding: gzip"), TooLargeError),
        (ok(zlib.compress(bytes(2**26)), "Content-Encoding: deflate"), TooLargeError),
        (ok(gzip.compress(gzip.compress(bytes(9))), "Content-Encoding: gzip, gzip"), FetchError),
        (ok(b"x", "Content-Encoding: br"), FetchError),
        (ok(b"not packed", "Content-Encoding: gzip"), FetchError),
        (ok(gzip.compress(b"cut short" * 99)[:-9], "Content-Encoding: gzip"), FetchError),
        (ok(b"short").replace(b"Length: 5", b"Length: 50"), FetchError),
        (endless_head, FetchError),
        (endless_early_hints, FetchError),
        (dripping_head, FetchError),
        (dripping_body, FetchError),
        (silence, FetchError),
        (b"", FetchError),
        (b"SSH-2.0-OpenSSH_9.2\r\n" + SECRET, FetchError),
        (b"HTTP/1.1 404 Not Found\r\nX-Inside: " + SECRET + b"\r\n\r\n" + SECRET, FetchError),
        (b"HTTP/1.1 500 " + SECRET + b"\r\n\r\n" + SECRET, FetchError),
        (b"HTTP/1.1 302 Found\r\n\r\n" + SECRET, FetchError),
        (b"HTTP/1.1 206 Partial\r\nContent-Length: 20\r\n\r\n" + SECRET, FetchError),
    ],
)
def test_rude_answers(server: Server, answer: Answer | bytes, error: type[Exception]) -> None:
    server.answers["/"] = answer
    settings = allowing(server, max_file_bytes=200_000, fetch_timeout_s=0.5)
    with pytest.raises(error) as caught:
        fetch(url(server), settings, resolve=to_loopback)
    assert type(caught.value) is error
    assert SECRET.decode() not in str(caught.value)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "GZIP", "identity"])
def test_packed_answers_are_unpacked(server: Server, encoding: str) -> None:
    body = b"some words " * 1000
    packers: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress, "identity": plain}
    pack = packers[encoding.lower()]
    server.answers["/"] = ok(pack(body), f"Content-Encoding: {encoding}")
    assert fetch(url(server), allowing(server), resolve=to_loopback).data == body


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(FetchError, match="could not be reached"):
        fetch(f"http://127.0.0.1:{port}/", Settings(fetch_allow_hosts=(f"127.0.0.1:{port}",)))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to make a certificate")
    subprocess.run(
        f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=media.test "
        "-addext subjectAltName=DNS:media.test -keyout both.pem -out cert.pem".split(),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    both = tmp_path / "both.pem"
    both.write_text(both.read_text() + (tmp_path / "cert.pem").read_text())
    return both


def test_tls_is_checked_against_the_name_not_the_address(certificate: Path) -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with closing(Server(context)) as server:
        server.answers["/"] = ok(b"body")
        settings = allowing(server)
        trusting = ssl.create_default_context(cafile=certificate.with_name("cert.pem"))
        address = url(server).replace("http:", "https:")
        assert fetch(address, settings, resolve=to_loopback, tls=trusting).data == b"body"
        assert names == ["media.test"]
        with pytest.raises(FetchError):
            fetch(address, settings, resolve=to_loopback)  # nobody signed this certificate
        with pytest.raises(FetchError):
            fetch(address.replace("media.test", "127.0.0.1"), settings, tls=trusting)
