"""What a process that decodes cannot do, tried from within one."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

_TRIES = """
import json, os, resource, signal, socket, subprocess, sys, threading
from evenhand.decode.apart.limits import allow_cpu, confine

told = {"confined": confine(memory=256 * 2**20)}

def tried(name, work):
    try:
        told[name] = repr(work())
    except BaseException as error:
        told[name] = type(error).__name__

def thread():
    done = []
    one = threading.Thread(target=lambda: done.append(1))
    one.start()
    one.join()
    return done

folder = sys.argv[1]
tried("read", lambda: open(folder + "/there").read())
tried("thread", thread)
tried("connect", lambda: socket.create_connection(("127.0.0.1", 9)))
tried("socket", lambda: socket.socket(socket.AF_UNIX))
tried("write", lambda: open(folder + "/made", "w"))
tried("append", lambda: open(folder + "/there", "a"))
tried("unlink", lambda: os.unlink(folder + "/there"))
tried("rename", lambda: os.rename(folder + "/there", folder + "/other"))
tried("program", lambda: subprocess.run(["/bin/true"]))
tried("fork", lambda: os.fork())
tried("kill", lambda: os.kill(os.getppid(), signal.SIGUSR1))
tried("memory", lambda: len(bytearray(512 * 2**20)))
print(json.dumps(told), flush=True)
allow_cpu(1)
while True:
    pass
"""


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in {"x86_64", "aarch64"}, reason="the filter is for Linux"
)
def test_it_can_read_and_compute_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("here")
    done = subprocess.run(
        [sys.executable, "-c", _TRIES, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    told = json.loads(done.stdout)
    assert told.pop("confined"), done.stderr
    assert (told.pop("read"), told.pop("thread")) == ("'here'", "[1]")
    assert told.pop("memory") == "MemoryError"
    assert set(told.values()) == {"PermissionError"}, told
    assert done.returncode < 0  # ended for its processor time
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
