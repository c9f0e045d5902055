"""The process that forks those that decode: it has one thread and no file of anybody's, and ends with its owner.

    python -m evenhand.decode.apart.zygote FD

Over the socket FD comes, for each process that is wanted, one byte with four descriptors: its connection, the file, the
shared memory, and a pipe into which its exit status is written. What goes back is a descriptor of the process.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from contextlib import suppress

_FDS = 4


def main(fd: int) -> None:
    """Fork until the owner goes."""
    owner = socket.socket(fileno=fd)
    _import()
    ends: dict[int, int] = {}  # process -> pipe for its status
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's is for the owner, who ends us by going
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    while True:
        ready, _, _ = select.select([owner.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 512)
            _reap(ends)
        if owner.fileno() not in ready:
            continue
        message, fds, _, _ = socket.recv_fds(owner, 1, _FDS)
        if not message:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in (owner.fileno(), woken, wake, fds[3], *ends.values()):
                os.close(other)
            _serve(fds)
        ends[pid] = fds[3]
        process = os.pidfd_open(pid)
        for one in fds[:3]:
            os.close(one)
        socket.send_fds(owner, [b"+"], [process])
        os.close(process)


def _serve(fds: list[int]) -> None:
    from evenhand.decode.apart.serve import serve

    status = 1
    try:
        serve(socket.socket(fileno=fds[0]), fds[1], fds[2])
        status = 0
    finally:
        os._exit(status)


def _reap(ends: dict[int, int]) -> None:
    while ends:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        end = ends.pop(pid)
        with suppress(OSError):  # its owner may not want to know any more
            os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(end)


def _import() -> None:
    """Import all that decoding imports, once; what was forked may hardly import."""
    import av
    import av.logging
    import numpy
    from PIL import Image

    import evenhand.decode.apart.serve
    import evenhand.decode.image
    import evenhand.decode.media.attached
    import evenhand.decode.media.toned

    Image.preinit()
    av.logging.set_level(None)
    assert numpy and evenhand.decode  # noqa: S101, PT018 - (imported for their own sake)


if __name__ == "__main__":
    main(int(sys.argv[1]))
