"""A checked connection between FFmpeg and a server of RTMP or RTSP.

FFmpeg would look the host up itself, follow an RTSP redirect to anywhere, and check no certificate. It talks to a
port of ours on loopback instead, which takes one connection and hands it to the one address that was checked.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress

from evenhand.errors import FetchError

_BLOCK = 1 << 16
_REDIRECT = re.compile(rb"RTSP/1\.\d[ \t]+3\d\d")
_TAIL = 32  # bytes of the block before that a redirect's first line may begin in


class Relay:
    """One connection, kept until `close`.

    Args:
        host: as in the URL; named to a server that speaks TLS.
        port: of the server.
        addresses: of the host, checked.
        tls: whether the server speaks TLS; its certificate is then verified.
        redirects: whether redirects of RTSP have to be looked for.
        timeout_s: of connecting, and of silence.

    Raises:
        FetchError: the server cannot be reached.
    """

    def __init__(
        self, host: str, port: int, addresses: Sequence[str], *, tls: bool, redirects: bool, timeout_s: float
    ) -> None:
        self.refused: str | None = None  # why it was cut, for good
        self._redirects, self._timeout_s = redirects, timeout_s
        self._far = self._connect(host, port, addresses, tls)
        self._near: socket.socket | None = None
        self._door = socket.create_server(("127.0.0.1", 0), backlog=1)
        self._door.settimeout(timeout_s)
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._serve, name="evenhand-relay", daemon=True).start()

    def close(self) -> None:
        """Cut the connection on both sides."""
        for end in (self._door, self._near, self._far):
            if end is not None:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                with suppress(OSError):
                    end.close()

    def _connect(self, host: str, port: int, addresses: Sequence[str], tls: bool) -> socket.socket:
        for address in addresses:
            with suppress(OSError):
                far = socket.create_connection((address, port), timeout=self._timeout_s)
                if not tls:
                    return far
                try:
                    return ssl.create_default_context().wrap_socket(far, server_hostname=host)
                except ssl.SSLError as error:
                    far.close()
                    raise FetchError(f"{host} offers no certificate that can be verified") from error
        raise FetchError(f"{host} does not answer on port {port}")

    def _serve(self) -> None:
        try:
            self._near, _ = self._door.accept()
        except OSError:
            return
        finally:
            with suppress(OSError):
                self._door.close()
        near = self._near
        near.settimeout(None)
        self._far.settimeout(None)
        up = threading.Thread(target=self._pump, args=(near, self._far, False), name="evenhand-relay-up", daemon=True)
        up.start()
        self._pump(self._far, near, self._redirects)

    def _pump(self, source: socket.socket, sink: socket.socket, look: bool) -> None:
        tail = b""
        try:
            while block := source.recv(_BLOCK):
                if look and _REDIRECT.search(tail + block):
                    self.refused = "the server redirects to another address; give that address itself"
                    break
                tail = block[-_TAIL:]
                sink.sendall(block)
        except OSError:
            pass
        self.close()
