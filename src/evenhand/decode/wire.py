"""A network backend that connects only to addresses that were checked, and holds one deadline over everything.

Built on httpcore's backend seam, below HTTP and TLS: the Host header, the TLS server name and the certificate check
keep the name from the URL, while the connection goes to the checked address. There is no second look-up to rebind.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore

from evenhand.decode.addresses import is_public
from evenhand.errors import FetchError

Resolve = Callable[[str, int], Sequence[str]]  # host, port -> address literals


def resolve_host(host: str, port: int) -> tuple[str, ...]:
    """Look a host up with the system's resolver, which also reads odd spellings ("0x7f.1", "2130706433").

    Raises:
        OSError: there is no such host.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves once, checks every address, connects to those addresses only.

    Args:
        resolve: the resolver.
        allowed: "host:port" targets that the operator allows although they are internal.
        deadline: time.monotonic() at which everything stops.
    """

    def __init__(self, *, resolve: Resolve, allowed: frozenset[str], deadline: float) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first checked address that answers.

        Raises:
            FetchError: one of the host's addresses is not public. All are checked, not only the one used.
            httpcore.ConnectError: nothing answers.
        """
        addresses = self._look_up(host, port)
        if f"{host}:{port}" not in self._allowed and not all(is_public(address) for address in addresses):
            raise FetchError(
                f"{host} is not on the public Internet, and evenhand does not fetch from inside a network; send the "
                "file itself, or an operator may allow the host with EVENHAND_FETCH_ALLOW_HOSTS"
            )
        failure: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                stream = self._inner.connect_tcp(address, port, timeout=left(self._deadline))
                return _DeadlineStream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _look_up(self, host: str, port: int) -> Sequence[str]:
        """Resolve in a thread of its own: the system's resolver knows no deadline."""
        answer: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answer.put(self._resolve(host, port))
            except Exception as error:  # a resolver may also raise UnicodeError for odd names
                answer.put(error)

        threading.Thread(target=ask, daemon=True).start()
        try:
            found = answer.get(timeout=left(self._deadline))
        except queue.Empty:
            raise httpcore.ConnectTimeout("name resolution") from None
        if isinstance(found, Exception) or not found:
            raise FetchError(f"{host} has no address; check the URL's spelling")
        return found


class _DeadlineStream(httpcore.NetworkStream):
    """A stream whose every operation gets only the time that is left, so that slow drips end too."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, timeout=left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=left(self._deadline))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._inner.start_tls(ssl_context, server_hostname, timeout=left(self._deadline))
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def left(deadline: float) -> float:
    """Give the seconds left.

    Raises:
        httpcore.ReadTimeout: none are.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout("deadline")
    return seconds
