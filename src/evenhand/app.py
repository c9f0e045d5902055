"""The composition root: builds everything from settings, and is the one asynchronous entry to evenhand."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from evenhand.detectors.base import AnyDetector, DetectorContext
from evenhand.detectors.registry import Registry
from evenhand.domain import TAXONOMY, Content, ItemError, Library, LibraryKind, ListColour, Options, Result
from evenhand.errors import (
    EvenhandError,
    FetchError,
    InputError,
    LibraryError,
    NotFoundError,
    TooLargeError,
    UnsupportedError,
)
from evenhand.fairness import audit_words, refuse_label
from evenhand.pipeline import FILES_TOGETHER, Pipeline
from evenhand.policy import Policy, default_policy, default_policy_text, load_policy
from evenhand.settings import Settings
from evenhand.telemetry import Metrics

if TYPE_CHECKING:
    from evenhand.store import Store

Checkable = Content | ItemError | str | bytes | Path  # an ItemError is given back in its place


class AsyncModerator:
    """Checks contents; answers with results. Safe for many concurrent calls on one event loop.

    Args:
        settings: None: read from the environment.
        policy: overrides the policy of the settings.
        libraries: word lists and sample libraries, besides those in the settings' folder.
        detectors: further detectors, after the built-in ones.
        store: where decisions are recorded, already migrated; None: `settings.database_url`, or nowhere.

    Raises:
        SettingsError, PolicyError, LibraryError, RefusedLabelError: something configured is wrong.
        StoreError: the database cannot be reached.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        policy: Policy | None = None,
        libraries: Sequence[Library] = (),
        detectors: Sequence[AnyDetector] = (),
        store: Store | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.policy, document = (policy, None) if policy is not None else _policy(self.settings)
        self.libraries = (*_libraries(self.settings), *libraries)
        for library in self.libraries:
            refuse_library(library)
        self.metrics = Metrics()
        self.registry = Registry(DetectorContext(settings=self.settings, libraries=self.libraries), extra=detectors)
        self.store = store or _store(self.settings)
        if self.store is not None:
            _remember(self.store, self.policy, document, self.libraries)
        self._pipeline = Pipeline(
            self.settings,
            registry=self.registry,
            policy=lambda: self.policy,
            metrics=self.metrics,
            recorder=self._recorder(),
        )

    async def __aenter__(self) -> Self:
        """Give the moderator itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    async def check(
        self, content: Content | str | bytes | Path, *, options: Options | None = None, **fields: Any
    ) -> Result:
        """Check one content.

        Args:
            content: a text, the bytes of a file, the path of a file, or a Content.
            options: business line and what the answer should hold.
            fields: fields of Content (id, language, context...) when `content` is not one already.

        Raises:
            InputError: the content cannot be read.
            PolicyError: the business line does not exist.
            StoreError: the decision could not be recorded.
        """
        (answer,) = await self._pipeline.run([as_content(content, **fields)], options or Options())
        if isinstance(answer, ItemError):
            raise _error(answer)
        return answer

    async def check_many(
        self, contents: Iterable[Checkable] | AsyncIterable[Checkable], *, options: Options | None = None
    ) -> AsyncIterator[Result | ItemError]:
        """Check any number of contents, in batches and in constant memory; answers come in the order of the contents.

        An item that cannot be read gives an ItemError in its place and does not disturb the others.

        Raises:
            PolicyError: the business line does not exist.
            StoreError: decisions could not be recorded.
        """
        chosen = options or Options()
        async for batch in _batches(contents, self.settings.batch_size):
            ready: list[Content] = []
            failed: dict[int, ItemError] = {}
            for index, item in enumerate(batch):
                try:
                    if isinstance(item, ItemError):
                        failed[index] = item
                    else:
                        ready.append(as_content(item))
                except InputError as error:
                    failed[index] = item_error(error, id=str(item) if isinstance(item, Path) else None)
            answers = iter(await self._pipeline.run(ready, chosen)) if ready else iter(())
            for index in range(len(batch)):
                yield failed[index] if index in failed else next(answers)

    def warm(self) -> Mapping[str, str]:
        """Load all models now, in this thread; give detector -> why for those that cannot answer."""
        return self._pipeline.warm()

    async def decision(self, decision_id: str) -> Mapping[str, Any]:
        """Give a recorded decision in the form of a result document, with `created_at`.

        Raises:
            NotFoundError: there is no such record, or nothing is recorded here.
        """
        if self.store is None:
            raise NotFoundError("No decisions are recorded here; set EVENHAND_DATABASE_URL to keep them.")
        return await asyncio.to_thread(self.store.decision, decision_id)

    def labels(self) -> list[dict[str, Any]]:
        """List the taxonomy, each label with the detectors that can give it here."""
        infos = {
            name: dict[str, Any](name=name, description=i.description, harm=i.harm) for name, i in TAXONOMY.items()
        }
        givers: dict[str, list[str]] = {}
        for slot in self.registry.slots():
            detector = slot.get()
            for label in detector.info.labels if detector else ():
                infos.setdefault(label, {"name": label, "description": "An operator's own label.", "harm": True})
                givers.setdefault(label, []).append(slot.name)
        return [{**infos[name], "detectors": givers.get(name, [])} for name in sorted(infos)]

    def detectors(self) -> list[dict[str, Any]]:
        """List the detectors, those that cannot be had too, with the reason."""
        out = []
        for slot in self.registry.slots():
            detector = slot.get()
            entry: dict[str, Any] = {"name": slot.name, "available": detector is not None, "why": slot.failure}
            if detector is not None:
                info = detector.info
                entry |= {
                    "version": info.version,
                    "reads": info.reads.value,
                    "emits": sorted(kind.value for kind in info.emits),
                    "labels": list(info.labels),
                    "cost": info.cost.name.lower(),
                    "description": info.description,
                }
            out.append(entry)
        return out

    def policies(self) -> list[dict[str, Any]]:
        """List the policy in force: its version, and for each business line its rules in order of strictness."""
        lines = {
            name: {
                "rules": [
                    {"name": rule.name, "action": rule.action.value, "reason": rule.reason} for rule in line.ranked
                ],
                "incomplete": line.incomplete.value,
                "skip": sorted(line.skip),
            }
            for name, line in self.policy.lines.items()
        }
        policy = self.policy
        return [{"name": policy.name, "version": policy.version, "description": policy.description, "lines": lines}]

    def close(self) -> None:
        """Free the threads and the database connections."""
        self._pipeline.close()
        if self.store is not None:
            self.store.close()

    def _recorder(self) -> Any:
        if self.store is None:
            return None
        from evenhand.store import StoreRecorder

        return StoreRecorder(self.store, self.settings)


def as_content(content: Content | str | bytes | Path, **fields: Any) -> Content:
    """Make a Content of what a caller gave; a path is read now.

    Raises:
        InputError: a path cannot be read.
    """
    if isinstance(content, Content):
        return content
    if isinstance(content, str):
        return Content(text=content, **fields)
    if isinstance(content, Path):
        try:
            return Content(data=content.read_bytes(), **fields)
        except OSError as error:
            raise InputError(f"{content} cannot be read: {error.strerror or error}.") from error
    return Content(data=bytes(content), **fields)


def item_error(error: EvenhandError, *, id: str | None) -> ItemError:
    """Give the form that an error has inside a batch's answer."""
    return ItemError(id=id, code=error.code, message=error.message, status=error.status)


def refuse_library(library: Library) -> None:
    """Refuse a library whose name or labels ask for a protected attribute, or that would stop a group's mere name.

    Raises:
        RefusedLabelError: with what was refused and why.
        LibraryError: words to stop or review that are only the name of a group.
    """
    refuse_label(library.name, where="library name")
    for label in {library.label, *(item.label for item in library.items)} - {None}:
        refuse_label(str(label))
    if library.kind is LibraryKind.WORDS and library.colour is not ListColour.WHITE:
        problems = audit_words([item.value for item in library.items])
        if problems:
            shown = "; ".join(problem.message for problem in problems[:3])
            raise LibraryError(f"Library {library.name}: {shown} ({len(problems)} such items).")


def _error(answer: ItemError) -> InputError:
    kinds = {TooLargeError, UnsupportedError, FetchError}
    return next((kind for kind in kinds if kind.code == answer.code), InputError)(answer.message)


def _policy(settings: Settings) -> tuple[Policy, str]:
    """Give the policy of the settings and its document."""
    if settings.policy is None:
        return default_policy(), default_policy_text()
    try:
        document = settings.policy.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        document = ""  # load_policy says what is wrong with the file
    return load_policy(settings.policy, check_label=refuse_label), document


def _remember(store: Store, policy: Policy, document: str | None, libraries: Sequence[Library]) -> None:
    """Keep what decides, so that decisions can be explained when it has changed.

    Raises:
        ConflictError: the policy's version stands in the store with another text.
    """
    if document is not None:
        store.policies.save(policy.name, policy.version, document)
    for library in libraries:
        digest = hashlib.sha256(repr(library).encode(errors="surrogatepass")).hexdigest()
        store.libraries.save(library.name, library.version, digest)


def _libraries(settings: Settings) -> tuple[Library, ...]:
    if settings.libraries is None:
        return ()
    from evenhand.matching.libraries import load_libraries

    return tuple(load_libraries(settings.libraries))


def _store(settings: Settings) -> Store | None:
    if settings.database_url is None:
        return None
    from evenhand.store import open_store

    store = open_store(settings.database_url, settings=settings)
    store.migrate()
    return store


async def _batches(
    contents: Iterable[Checkable] | AsyncIterable[Checkable], size: int
) -> AsyncIterator[list[Checkable]]:
    """Cut contents into batches of at most `size` texts or FILES_TOGETHER files: files are what memory goes into."""
    weight, batch = 0.0, list[Checkable]()
    async for content in _aiter(contents):
        text = isinstance(content, str) or (isinstance(content, Content) and content.text is not None)
        cost = 1.0 if text else size / FILES_TOGETHER
        if batch and weight + cost > size:
            yield batch
            weight, batch = 0.0, []
        batch.append(content)
        weight += cost
    if batch:
        yield batch


async def _aiter(contents: Iterable[Checkable] | AsyncIterable[Checkable]) -> AsyncIterator[Checkable]:
    if isinstance(contents, AsyncIterable):
        async for content in contents:
            yield content
    else:
        for content in contents:
            yield content
