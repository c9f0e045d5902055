"""Detectors as they were when a decision was made: an older text model, and lists as the store had them then.

What is loaded for it is let go of at once, and one replay of a process does so at a time: an older text model takes up
to 300 MB while it reads.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import importlib.util
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from evenhand.app import AsyncModerator
from evenhand.decode import decode
from evenhand.detectors.base import DetectorContext
from evenhand.detectors.builtin import BUILTINS
from evenhand.detectors.harm_models import LATEST, VERSIONS
from evenhand.detectors.registry import Registry
from evenhand.domain import Content, Finding, Library, Options, Part, PartKind, TextPart
from evenhand.errors import DetectorError, UnsupportedError
from evenhand.inference.packages import TEXT_PAST
from evenhand.policy import heard
from evenhand.rounds import Item, Rounds
from evenhand.settings import Settings
from evenhand.shelves.live import DETECTORS
from evenhand.store import Store
from evenhand.telemetry import Metrics

TEXT_MODEL = "text.harm"
LIBRARIES = "libraries"  # stands among the versions of a decision: the revision of the store's libraries
_BESIDE = "text.language"  # says which lists read a text
_WAIT_S = 120.0  # for another replay's turn to end
_ONE = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What is to be loaded to look again as then."""

    settings: Settings
    libraries: tuple[Library, ...]
    names: frozenset[str]  # detectors that look again so
    why_not: Mapping[str, str] = field(default_factory=dict)  # detector -> what hinders it


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What they said."""

    findings: Sequence[Finding]
    models: Mapping[str, str]  # detector -> version of those that ran
    incomplete: Mapping[str, str]


def as_then(
    moderator: AsyncModerator, store: Store, document: Mapping[str, Any], installed: Mapping[str, str | None]
) -> Then:
    """Say which detectors of a decision can be had as they were, though others run now. Blocks.

    Args:
        moderator: what runs now.
        store: keeps libraries with their history.
        document: the decision.
        installed: detector -> version of those that run now.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    then: Mapping[str, str] = document["models"]
    names, why_not, settings = set[str](), dict[str, str](), moderator.settings
    wanted = then.get(TEXT_MODEL)
    if wanted is not None and wanted != installed.get(TEXT_MODEL):
        if (why := lacking(wanted)) is None:
            names.add(TEXT_MODEL)
            settings = settings.model_copy(update={"text_model": wanted})
        else:
            why_not[TEXT_MODEL] = why
    libraries, changed = tuple[Library, ...](), _folder_changed(moderator, store, document)
    revision = int(then.get(LIBRARIES, 0))
    readers = {name for kind in DETECTORS.values() for name in kind if then.get(name, "") == installed.get(name)}
    if readers and (revision != moderator.shelves.revision or changed):
        for library in changed:
            known = DETECTORS[library.kind]
            said = f"the list {library.name} of the folder was another version; put that file back, and replay again"
            why_not.update(dict.fromkeys(readers.intersection(known), said))
        if revision != moderator.shelves.revision:
            libraries = _libraries_at(moderator, store, revision, str(document["created_at"]))
            names |= readers - why_not.keys()
    return Then(settings=settings, libraries=libraries, names=frozenset(names), why_not=why_not)


def lacking(version: str) -> str | None:
    """Say what has to be installed for a version of the text model; None: it is here."""
    if version not in VERSIONS:
        return f"{version} decided, which this release of evenhand does not know: install the release that has it"
    if version != LATEST and importlib.util.find_spec(TEXT_PAST) is None:
        return (
            f"{version} decided: install evenhand[past] (the package {TEXT_PAST.replace('_', '-')}) where this runs, "
            "and replay again"
        )
    return None


async def look_as_then(moderator: AsyncModerator, content: Content, options: Options, then: Then) -> Looked:
    """Let detectors look again as they were; nothing is recorded, and what was loaded for it is let go of.

    Args:
        moderator: reads words out of pictures.
        content: as it was kept.
        options: the business line.
        then: what is loaded.

    Raises:
        InputError: the content cannot be read any more.
        UnsupportedError: it is a recording.
        DetectorError: others do so now, and it did not come to its turn.
    """
    decoded = await asyncio.to_thread(decode, content, moderator.settings)
    if decoded.plan is not None:
        raise UnsupportedError("detectors of other versions look again at texts and pictures, not at recordings")
    parts = list(decoded.parts)
    if any(not isinstance(part, TextPart) for part in decoded.parts):
        await moderator.pipeline.look(content, decoded.parts, options, keep=partial(_collected, parts))
    item = Item(content, replace(decoded, parts=tuple(parts)))
    looked = await asyncio.to_thread(_look, then, item)
    line = moderator.policy.line(options.line)
    return replace(looked, findings=heard(line, looked.findings))


def _collected(parts: list[Part], part: Part) -> bool:
    if part.kind is PartKind.TEXT:  # read out of a picture: the detectors of then read it, too
        parts.append(part)
    return True


def _look(then: Then, item: Item) -> Looked:
    """Load, look and let go, in a thread with an event loop of its own: who stops waiting does not stop it half-way."""
    if not _ONE.acquire(timeout=_WAIT_S):
        raise DetectorError("Another replay has older versions loaded for long: try again in a minute.")
    try:
        return asyncio.run(_loaded(then, item))
    finally:
        _give_back()
        _ONE.release()


def _give_back() -> None:
    """Give the memory of what was let go of back to the system, where the C library can: its heaps keep it else."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        return  # another C library than glibc


async def _loaded(then: Then, item: Item) -> Looked:
    wanted = then.names | {_BESIDE}
    settings = then.settings.model_copy(update={"plugins": False, "models": None, "disabled_detectors": ()})
    context = DetectorContext(settings=settings, libraries=then.libraries)
    registry = Registry(context, builtins=[one for one in BUILTINS if one.name in wanted])
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="evenhand-replay") as threads:
        rounds = Rounds(settings, registry=registry, metrics=Metrics(), threads=threads)
        try:
            models = await rounds.run([item], frozenset())
        finally:
            rounds.close()
    findings = [found for found in item.findings if found.detector in then.names]
    return Looked(findings=findings, models=models[item.kinds], incomplete=dict(item.incomplete))


def _libraries_at(moderator: AsyncModerator, store: Store, revision: int, at: str) -> tuple[Library, ...]:
    """Give the folder's libraries, and those of the store as of a revision, without what had ended by then."""
    moment = datetime.fromisoformat(at.replace("Z", "+00:00"))
    kept = [store.shelf.library(name, version=number) for name, number in store.shelf.versions_at(revision).items()]
    return tuple(
        replace(library, items=tuple(one for one in library.items if one.expires is None or one.expires > moment))
        for library in (*moderator.libraries, *sorted(kept, key=lambda library: library.name))
    )


def _folder_changed(moderator: AsyncModerator, store: Store, document: Mapping[str, Any]) -> list[Library]:
    """Give the folder's libraries of which another version was loaded when the decision was made."""
    then = folder_versions(store, str(document["created_at"]))
    return [library for library in moderator.libraries if then.get(library.name, library.version) != library.version]


def folder_versions(store: Store, at: str) -> dict[str, str]:
    """Give the versions of the folder's libraries that were the last to be loaded at a moment (RFC 3339)."""
    then: dict[str, str] = {}
    for known in store.libraries.list():  # newest first
        if known.created_at.isoformat() <= at.replace("Z", "+00:00"):
            then.setdefault(known.name, known.version)
    return then
