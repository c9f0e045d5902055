"""Where processes that decode come from: one zygote for each process that asks, started with the first file."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache

from evenhand.errors import SystemFault

_WAIT_S = 60.0  # for it to import what it needs, on a machine that does much else
_HANDED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR")


class Nursery:
    """Forks processes that decode. Used from any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None
        self._owner = 0

    def fork(self, fds: Sequence[int]) -> int:
        """Fork one that is given four descriptors; see `zygote`.

        Returns:
            A descriptor of the process.

        Raises:
            SystemFault: none can be had.
        """
        with self._lock:
            try:
                return self._fork(fds)
            except (OSError, IndexError):
                self._close()  # it died since; another one
                try:
                    return self._fork(fds)
                except (OSError, IndexError) as error:
                    self._close()
                    raise SystemFault(
                        "no process that decodes could be started; EVENHAND_MEDIA_ISOLATION=never does without"
                    ) from error

    def _fork(self, fds: Sequence[int]) -> int:
        end = self._end if self._owner == os.getpid() else None  # (a fork of the owner needs its own)
        if end is None:
            end = self._start()
        socket.send_fds(end, [b"+"], fds)
        _, given, _, _ = socket.recv_fds(end, 1, 1)
        return given[0]

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_WAIT_S)
        # No secret of the owner's environment; no threads of a mathematics library, since it forks; small arenas, since
        # its children's address space is limited.
        env = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
        env |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
        with theirs:
            self._zygote = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "evenhand.decode.apart.zygote", str(theirs.fileno())],
                env=env,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._end, self._owner = ours, os.getpid()
        return ours

    def _close(self) -> None:
        if self._end is not None:
            self._end.close()
        if self._zygote is not None and self._owner == os.getpid():
            self._zygote.kill()
            self._zygote.wait()
        self._end = self._zygote = None


@cache
def nursery() -> Nursery:
    """Give this process's."""
    return Nursery()
