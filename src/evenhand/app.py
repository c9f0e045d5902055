"""The composition root: builds everything from settings, and is the one asynchronous entry to evenhand."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from evenhand.contents import Checkable, Pause, as_content, async_batches, batches, item_error
from evenhand.detectors.base import AnyDetector, DetectorContext
from evenhand.detectors.harm_models import HarmModels
from evenhand.detectors.listing import detector_list, label_list
from evenhand.detectors.registry import Registry
from evenhand.domain import (
    Content,
    CustomClass,
    ItemError,
    Library,
    Options,
    Result,
)
from evenhand.errors import (
    ClosedError,
    FetchError,
    InputError,
    NotFoundError,
    SystemFault,
    TooLargeError,
    UnsupportedError,
)
from evenhand.pipeline import Pipeline
from evenhand.policy import Policy
from evenhand.publishing.source import in_force, remember_libraries
from evenhand.review.corrections import Corrections
from evenhand.settings import Settings, read_settings
from evenhand.shelves.embedding import Embedder
from evenhand.shelves.live import Shelves
from evenhand.shelves.refusing import refuse_library
from evenhand.store import Store, StoreRecorder
from evenhand.teaching import Teaching, lesson_of
from evenhand.telemetry import Metrics

if TYPE_CHECKING:
    from evenhand.actions.redact import Redacted, Redaction
    from evenhand.detectors.classes_lesson import Trained
    from evenhand.store.tallydetectors import DetectorMeter


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
        self.settings = settings or read_settings()
        self._process, self._closed = os.getpid(), False
        self.libraries = (*_libraries(self.settings), *libraries)
        for library in self.libraries:
            refuse_library(library)
        self.metrics = Metrics()
        # One at a time: a whole picture at full size is the largest thing that this process holds.
        self._redactor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="evenhand-redact")
        self.store = store or _store(self.settings)
        self.in_force = in_force(self.settings, store=self.store, policy=policy)
        self._models = HarmModels()
        self.teaching = Teaching(self.settings, store=self.store, models=self._models, changed=self._renew)
        self.embedder = Embedder(self.settings, self._models)
        self.shelves = Shelves(self.libraries, store=self.store, changed=self._use_libraries)
        context = DetectorContext(
            settings=self.settings, libraries=self.shelves.libraries, classes=self.teaching.live, models=self._models
        )
        self.registry = Registry(context, extra=detectors)
        if self.store is not None:
            remember_libraries(self.store, self.libraries)
        self._meter = _meter(self.metrics, self.store)
        self.pipeline = Pipeline(
            self.settings,
            registry=self.registry,
            policy=self.in_force.policy,
            course=self.in_force.course,
            metrics=self.metrics,
            recorder=StoreRecorder(self.store, self.settings) if self.store is not None else None,
            corrections=Corrections(self.store) if self.store is not None else None,
            belonging=self.store.belonging if self.store is not None else None,
            embedder=self.embedder,
            fresh=self._fresh,
            revision=lambda: self.shelves.revision,
        )

    @property
    def policy(self) -> Policy:
        """What decides at this moment, all business lines together; another one may be published at any time."""
        return self.in_force.policy()

    def policy_for(self, caller: str | None) -> Policy:
        """Give what decides with the lines that a key's or a person's contents may be decided by; None: all. Blocks.

        Raises:
            StoreError: the store cannot be asked whose they are.
        """
        return self.in_force.policy(None if self.store is None else self.store.belonging.tenant(caller))

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
            ClosedError: the moderator was closed, or belongs to another process.
        """
        self.refuse_unusable()
        read = partial(as_content, content, max_bytes=self.settings.max_file_bytes, **fields)
        opened = await asyncio.to_thread(read) if isinstance(content, Path) else read()
        (answer,) = await self.pipeline.run([opened], options or Options())
        if isinstance(answer, ItemError):
            raise _error(answer)
        return answer

    async def check_many(
        self, contents: Iterable[Checkable] | AsyncIterable[Checkable], *, options: Options | None = None
    ) -> AsyncIterator[Result | ItemError]:
        """Check any number of contents, in batches and in constant memory; answers come in the order of the contents.

        An item that cannot be read gives an ItemError in its place and does not disturb the others. An asynchronous
        source that takes its time gets answers meanwhile; an ordinary one is read on the event loop, and may say PAUSE.

        Raises:
            PolicyError: the business line does not exist.
            StoreError: decisions could not be recorded.
        """
        chosen = options or Options()
        (await self.pipeline.rules(chosen)).line(chosen.line)  # a wrong line is told before anything is read
        if isinstance(contents, AsyncIterable):
            async with aclosing(async_batches(contents, self.settings.batch_size)) as cut:
                async for batch in cut:
                    for answer in await self.check_batch(batch, options=chosen):
                        yield answer
        else:
            for batch in batches(contents, self.settings.batch_size):
                for answer in await self.check_batch(batch, options=chosen):
                    yield answer

    async def check_batch(
        self, contents: Sequence[Checkable], *, options: Options | None = None, policy: Policy | None = None
    ) -> list[Result | ItemError]:
        """Check contents together, all in memory at once; `check_many` is for more than a few.

        Args:
            contents: texts, bytes, paths and Contents.
            options: business line and what the answer should hold.
            policy: decides instead of the one in force, for audits; nothing is counted for brakes then.

        Raises:
            PolicyError: the business line does not exist.
            StoreError: the decisions could not be recorded; none of them is then given out.
            ClosedError: the moderator was closed, or belongs to another process.
        """
        self.refuse_unusable()
        read = partial(self._opened, contents)
        paths = any(isinstance(content, Path) for content in contents)
        opened = await asyncio.to_thread(read) if paths else read()
        ready = [content for content in opened if isinstance(content, Content)]
        answers = iter(await self.pipeline.run(ready, options or Options(), policy=policy)) if ready else iter(())
        return [content if isinstance(content, ItemError) else next(answers) for content in opened]

    async def redact(
        self,
        content: Content | str | bytes | Path,
        *,
        redaction: Redaction | None = None,
        result: Result | None = None,
        options: Options | None = None,
        **fields: Any,
    ) -> Redacted:
        """Give a content back with what was found in it covered, and a picture without its metadata.

        Args:
            content: a text, the bytes of a file, the path of a file, or a Content; not a URL.
            redaction: what is covered, and how; None: every harm from a score of 0.5, in a few even cells.
            result: of an earlier check of the same content; None: it is checked now, if `redaction` names labels.
            options: of that check.
            fields: fields of Content when `content` is not one already.

        Raises:
            InputError: the content cannot be read, is a URL, or the result is of another content.
            PolicyError, StoreError, ClosedError: as `check` does.
        """
        self.refuse_unusable()
        from evenhand.actions.redact import Redaction, redact  # here: those who only check need none of it

        wanted = redaction or Redaction()
        read = partial(as_content, content, max_bytes=self.settings.max_file_bytes, **fields)
        opened = await asyncio.to_thread(read) if isinstance(content, Path) else read()
        if wanted.labels and result is None and opened.url is None:
            result = await self.check(opened, options=options)
        work = partial(redact, opened, wanted, self.settings, result=result)
        return await asyncio.get_running_loop().run_in_executor(self._redactor, work)

    def warm(self) -> Mapping[str, str]:
        """Load all models now, in this thread; give detector -> why for those that cannot answer."""
        return self.pipeline.warm()

    async def decision(self, decision_id: str) -> Mapping[str, Any]:
        """Give a recorded decision in the form of a result document, with `created_at`.

        Raises:
            NotFoundError: there is no such record, or nothing is recorded here.
        """
        if self.store is None:
            raise NotFoundError("No decisions are recorded here; set EVENHAND_DATABASE_URL to keep them.")
        return await asyncio.to_thread(self.store.decision, decision_id)

    async def train_class(
        self,
        name: str,
        positives: Sequence[Path] | Sequence[str],
        *,
        against: Sequence[Path] | Sequence[str] = (),
        label: str | None = None,
    ) -> Trained:
        """Teach a custom class from some twenty examples, texts or files of pictures, and use it from now on.

        Errors: as `Teaching.train`. A class of the same name gets a new version.
        """
        self.refuse_unusable()
        lesson = lesson_of(name, positives, against, label)
        return await asyncio.to_thread(self.teaching.train, lesson)

    async def remove_class(self, name: str) -> None:
        """Forget a custom class with its versions; it is not used from now on.

        Raises:
            NotFoundError: there is none of this name.
            StoreError: the store refused or cannot be reached.
        """
        self.refuse_unusable()
        await asyncio.to_thread(self.teaching.remove, name)

    async def classes(self) -> list[CustomClass]:
        """List the custom classes that judge contents, by name, with their figures.

        Raises:
            StoreError: the store refused or cannot be reached.
        """
        return list(await asyncio.to_thread(self.teaching.live))

    def labels(self) -> list[dict[str, Any]]:
        """List the taxonomy, each label with the detectors that can give it here."""
        return label_list(self.registry)

    def detectors(self) -> list[dict[str, Any]]:
        """List the detectors, those that cannot be had too, with the reason."""
        return detector_list(self.registry)

    def policies(self, tenant: str | None = None) -> list[dict[str, Any]]:
        """List the policy in force: its version, and for each business line its rules in order of strictness.

        Args:
            tenant: only lines that are this one's, or nobody's; None: all.
        """
        policy = self.in_force.policy(tenant)
        lines = {
            name: {
                "rules": [
                    {"name": rule.name, "action": rule.action.value, "reason": rule.reason} for rule in line.ranked
                ],
                "incomplete": line.incomplete.value,
                "skip": sorted(line.skip),
                "policy": f"{line.clean.policy}@{line.clean.policy_version}",
            }
            for name, line in policy.lines.items()
        }
        told = {"name": policy.name, "version": policy.version, "description": policy.description}
        return [{**told, "source": self.in_force.rule.source, "lines": lines}]

    def refuse_unusable(self) -> None:
        """Refuse work where it would wait for ever.

        Raises:
            ClosedError: the moderator was closed, or belongs to another process.
        """
        if self._closed:
            raise ClosedError("This moderator was closed; make a new one.")
        if self._process != os.getpid():
            raise ClosedError("This moderator was made before a fork; make one in each process, after the fork.")

    def close(self) -> None:
        """Free the threads, the models and the database connections. Closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        self.pipeline.close()
        # By hand: a framework's cache may hold a closed server for as long as the process lives.
        for held in (self.registry, self.embedder, self._models):
            held.close()
        self.in_force.close()
        self._redactor.shutdown(wait=False, cancel_futures=True)
        self.keep_meter(due=False)
        if self.store is not None:
            self.store.close()

    def keep_meter(self, *, due: bool = True) -> None:
        """Write what detectors cost into the store: once a minute, or now where `due` is False. Best effort. Blocks."""
        if self._meter is not None:
            try:
                self._meter.flush(due=due)
            except SystemFault:
                return  # it is written next time

    async def _fresh(self) -> None:
        await self.shelves.fresh()
        await self.teaching.fresh()

    def _use_libraries(self, libraries: tuple[Library, ...], detectors: frozenset[str]) -> None:
        self.registry.use_libraries(libraries, detectors)

    def _renew(self, detector: str) -> None:
        self.registry.renew(detector)

    def _opened(self, contents: Sequence[Checkable]) -> list[Content | ItemError]:
        opened: list[Content | ItemError] = []
        for item in contents:
            try:
                if isinstance(item, ItemError):
                    opened.append(item)
                elif not isinstance(item, Pause):
                    opened.append(as_content(item, max_bytes=self.settings.max_file_bytes))
            except InputError as error:
                opened.append(item_error(error, id=str(item) if isinstance(item, Path) else None))
        return opened


def _error(answer: ItemError) -> InputError:
    kinds = {TooLargeError, UnsupportedError, FetchError}
    return next((kind for kind in kinds if kind.code == answer.code), InputError)(answer.message)


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


def _meter(metrics: Metrics, store: Store | None) -> DetectorMeter | None:
    if store is None:
        return None
    from evenhand.store.tallydetectors import DetectorMeter  # here: it needs SQLAlchemy, which a store has loaded

    return DetectorMeter(metrics, store.tallies)
