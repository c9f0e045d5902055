"""What a process that decodes may not do, whatever takes it over: set by itself, before it sees a byte of a file."""

from __future__ import annotations

import ctypes
import platform
import resource
import signal
import struct

_NO_NEW_PRIVS, _DEATH_SIGNAL, _DUMPABLE, _SECCOMP, _FILTER = 38, 1, 4, 22, 2
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 13  # the second: EACCES
_ABSENT = 0x00050000 | 38  # ENOSYS: the C library then falls back on calls that are looked at
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16  # offsets in what a filter is shown
_THREAD = 0x10000  # CLONE_THREAD
_NEWER = (435, 437)  # clone3 and openat2, whose flags a filter cannot see
_WRITES = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND

# Per machine: the kernel's name of it; system calls by number that are refused; those that open files, with the place
# of their flags; the one that makes threads, and processes. Refused are sockets, other processes and their memory,
# programs, names in the file system, and facilities of the kernel that decoders never need.
_MACHINES: dict[str, tuple[int, tuple[int, ...], tuple[tuple[int, int], ...], int]] = {
    "x86_64": (
        0xC000003E,
        (
            *(41, 42, 43, 49, 50, 53, 288),  # socket, connect, accept, bind, listen, socketpair, accept4
            *(57, 58, 59, 322, 62, 200, 234, 101, 310, 311, 424, 434, 438),  # fork, vfork, execve(at), kill, ptrace ...
            *(82, 83, 84, 85, 86, 87, 88, 90, 92, 94, 133, 264, 316, 263, 265, 266, 258, 259, 268, 260, 76, 77),
            *(155, 161, 165, 166, 175, 176, 246, 248, 249, 250, 272, 308, 298, 321, 323, 425, 426, 427),
        ),
        ((2, 1), (257, 2)),  # open, openat
        56,  # clone
    ),
    "aarch64": (
        0xC00000B7,
        (
            *(198, 199, 200, 201, 202, 203, 242),
            *(221, 281, 129, 130, 131, 117, 270, 271, 424, 434, 438),
            *(33, 34, 35, 36, 37, 38, 45, 46, 52, 53, 54, 55, 276),
            *(39, 40, 41, 51, 97, 104, 105, 106, 217, 218, 219, 241, 268, 280, 282, 425, 426, 427),
        ),
        ((56, 2),),
        220,
    ),
}


def confine(*, memory: int) -> bool:
    """Limit this process for good.

    Args:
        memory: bytes of address space that it may take beyond what it has.

    Returns:
        Whether the kernel also holds it to system calls that decoding needs; the rest holds anyway.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # (shared memory that was sized before may be written)
    most = _address_space() + memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    libc = ctypes.CDLL(None, use_errno=True)
    _prctl(libc, _DUMPABLE, 0)  # others of this user may not look into its memory
    _prctl(libc, _DEATH_SIGNAL, signal.SIGKILL)
    return _filter(libc)


def allow_cpu(seconds: float) -> None:
    """Let this process run for so many more seconds of processor time; then the kernel ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[0]) * resource.getpagesize()


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _filter(libc: ctypes.CDLL) -> bool:
    known = _MACHINES.get(platform.machine())
    if known is None:
        return False
    code = b"".join(_lines(*known))
    held = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(held, ctypes.c_void_p))
    if _prctl(libc, _NO_NEW_PRIVS, 1) != 0:
        return False
    return _prctl(libc, _SECCOMP, _FILTER, ctypes.addressof(program)) == 0


def _prctl(libc: ctypes.CDLL, what: int, first: int, second: int = 0) -> int:
    rest = [ctypes.c_ulong(value) for value in (first, second, 0, 0)]
    return int(libc.prctl(ctypes.c_int(what), *rest))


def _lines(arch: int, refused: tuple[int, ...], opening: tuple[tuple[int, int], ...], clone: int) -> list[bytes]:
    """Write the filter: each line a code, two jumps and a value. Calls of another architecture are refused."""

    def line(code: int, then: int, otherwise: int, value: int) -> bytes:
        return struct.pack("HBBI", code, then, otherwise, value)

    out = [line(_LOAD, 0, 0, _ARCH), line(_EQUAL, 1, 0, arch), line(_RETURN, 0, 0, _REFUSE)]
    out.append(line(_LOAD, 0, 0, _NUMBER))
    out += [line(_ANY_BIT, 0, 1, 0x40000000), line(_RETURN, 0, 0, _REFUSE)]  # x32, by which numbers mean others
    for number in _NEWER:
        out += [line(_EQUAL, 0, 1, number), line(_RETURN, 0, 0, _ABSENT)]
    for number in refused:
        out += [line(_EQUAL, 0, 1, number), line(_RETURN, 0, 0, _REFUSE)]
    for number, place in opening:
        out += [
            line(_EQUAL, 0, 4, number),
            line(_LOAD, 0, 0, _ARGUMENTS + 8 * place),
            line(_ANY_BIT, 0, 1, _WRITES),
            line(_RETURN, 0, 0, _REFUSE),
            line(_RETURN, 0, 0, _ALLOW),
        ]
    out += [line(_EQUAL, 0, 3, clone), line(_LOAD, 0, 0, _ARGUMENTS), line(_ANY_BIT, 1, 0, _THREAD)]
    out += [line(_RETURN, 0, 0, _REFUSE), line(_RETURN, 0, 0, _ALLOW)]
    return out
