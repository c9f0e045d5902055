"""Custom classes: taught, kept in the store, deployed, taken back and forgotten. Blocks; `app` calls it in threads."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from evenhand.detectors.classes_lesson import Lesson, Sample, Trained, checked
from evenhand.domain import ClassEntry, CustomClass, Medium, TextPart
from evenhand.errors import ConflictError, InputError, LibraryError, NotFoundError
from evenhand.settings import Settings
from evenhand.store.reviewrecords import LOCAL

if TYPE_CHECKING:
    from evenhand.detectors.base import Detection
    from evenhand.detectors.classes_train_text import TextTeacher
    from evenhand.detectors.harm_models import HarmModels
    from evenhand.store import Store
    from evenhand.store.classhistory import HistoryWanted

DETECTORS = {Medium.IMAGE: "image.classes", Medium.TEXT: "text.classes"}
_EVERY_S = 1.0  # between two looks at the store
_Stamp = tuple[tuple[str, str, str], ...]


class Teaching:
    """Keeps classes where decisions are recorded; where none are, in the default store all the same.

    Args:
        settings: where the default store lies, and limits on pictures.
        store: where decisions are recorded; None: nowhere.
        models: of text, shared with the detectors.
        changed: called with a detector's name when it has another set of classes.
    """

    def __init__(
        self, settings: Settings, *, store: Store | None, models: HarmModels, changed: Callable[[str], None]
    ) -> None:
        self._settings, self._store, self._models, self._changed = settings, store, models, changed
        self._lock, self._busy = threading.Lock(), threading.Lock()
        self._teacher: TextTeacher | None = None
        self._stamp: _Stamp | None = None
        self._looked = float("-inf")

    def live(self) -> Sequence[CustomClass]:
        """Give the versions that judge contents, by name.

        Raises:
            StoreError: the store refused or cannot be reached.
        """
        if not self._exists():
            return ()
        with self._opened() as store:
            return store.classes.live()

    def entries(self) -> Sequence[ClassEntry]:
        """List the classes with their versions; errors as `live`."""
        if not self._exists():
            return ()
        with self._opened() as store:
            return store.classes.list()

    async def fresh(self) -> None:
        """See to it that what another process deployed a second ago judges here, too.

        Raises:
            StoreError: the store cannot be asked.
        """
        if self._store is not None and time.monotonic() - self._looked >= _EVERY_S:
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Ask the store now; detectors whose classes changed are built anew. Blocks."""
        if self._store is None:
            return
        with self._lock:
            now = time.monotonic()
            stamp = self._store.classes.stamp()
            before, self._stamp, self._looked = self._stamp, stamp, now
        if before is not None and before != stamp:
            gone = set(before) ^ set(stamp)
            for medium in Medium:
                if any(one[0] == medium for one in gone):
                    self._changed(DETECTORS[medium])

    def train(self, lesson: Lesson, *, deploy: bool = True) -> Trained:
        """Teach a custom class of texts or pictures, audit it and keep it as a new version.

        Args:
            lesson: name, examples, label.
            deploy: it judges contents from now on, in the place of an older version, if its fairness audit passed;
                every other process on the same store follows within two seconds.

        Raises:
            RefusedLabelError: name or label ask for a protected attribute or an identity.
            LibraryError: name or label cannot be used, or there are too few or too many examples that can.
            ConflictError: the class of this name is of another medium, or another one is being taught.
            ModelError: weights are missing or not what their cards describe.
            StoreError: the store refused or cannot be reached.
        """
        checked(lesson)
        if not self._busy.acquire(blocking=False):  # a lesson keeps the cores busy
            raise ConflictError("another class is being taught here: try again in a moment")
        try:
            made = self._taught(lesson)
        finally:
            self._busy.release()
        with self._opened(write=True) as store:
            ready = deploy and bool(made.made.audit.get("passed"))
            kept = store.classes.add(made.made, actor=lesson.by, deploy=ready)
        if ready:
            self._renewed(kept.medium)
        return Trained(made=kept, left_out=made.left_out)

    def again(self, name: str, medium: Medium, label: str, by: str) -> int:
        """Teach a class anew of all that people judged, not deployed; give the version's number. Errors as `train`."""
        from evenhand.store.classhistory import HistoryWanted

        positives, against, _ = self.from_history(HistoryWanted(medium=medium, label=label))
        lesson = Lesson(name=name, medium=medium, positives=positives, against=against, label=label, by=by)
        return int(self.train(lesson, deploy=False).made.number)

    def from_history(self, wanted: HistoryWanted) -> tuple[list[Sample], list[Sample], int]:
        """Give examples out of what people judged, those against, and how many judged contents are not kept.

        Raises:
            StoreError: the store refused or cannot be reached.
        """
        if not self._exists():
            return [], [], 0
        with self._opened() as store:
            found = store.classes.history(wanted)
        sides = [
            [
                Sample(
                    content=one.body.decode(errors="replace") if wanted.medium is Medium.TEXT else one.body,
                    name=one.decision_id,
                    decision=one.decision_id,
                )
                for one in side
            ]
            for side in (found.positives, found.against)
        ]
        return sides[0], sides[1], found.not_kept

    def tried(self, name: str, text: str, number: int | None = None) -> tuple[CustomClass, Detection]:
        """Score a text with a version of a class, whether it judges contents or not; nothing is recorded.

        Args:
            name: of the class.
            text: of any length; of a very long one some stretches are read, which `partial` says.
            number: which version; None: the one that judges, else the newest.

        Raises:
            NotFoundError: there is no such class or version.
            InputError: it is a class of pictures.
            ModelError: weights are missing, or it was taught on another model.
            StoreError: the store refused or cannot be reached.
        """
        from evenhand.detectors.classes_text import TextClassDetector

        entry = next((one for one in self.entries() if one.name == name), None)
        if entry is None:
            raise NotFoundError(f"no class {name[:60]!r} is stored")
        wanted = entry.versions[0].number if entry.deployed is None else entry.deployed
        wanted = wanted if number is None else number
        version = next((one for one in entry.versions if one.number == wanted), None)
        if version is None:
            raise NotFoundError(f"class {entry.name} has no version {wanted}")
        if version.medium is not Medium.TEXT:
            raise InputError(f"Class {entry.name} is of pictures: only classes of texts can be tried like this.")
        detector = TextClassDetector((version,), models=self._models, threads=self._settings.threads)
        return version, detector.detect([TextPart(text=text)])[0]

    def deploy(self, name: str, number: int, actor: str = LOCAL) -> CustomClass:
        """Let a version judge contents, in every process within two seconds; errors as `Classes.deploy`."""
        with self._opened(write=True) as store:
            kept = store.classes.deploy(name, number, actor=actor)
        self._renewed(kept.medium)
        return kept

    def rollback(self, name: str, actor: str = LOCAL) -> CustomClass:
        """Go back to the version that judged before; errors as `Classes.rollback`."""
        with self._opened(write=True) as store:
            kept = store.classes.rollback(name, actor=actor)
        self._renewed(kept.medium)
        return kept

    def withdraw(self, name: str, actor: str = LOCAL) -> None:
        """Let no version of a class judge any more; errors as `Classes.withdraw`."""
        with self._opened(write=True) as store:
            medium = store.classes.entry(name).medium
            store.classes.withdraw(name, actor=actor)
        self._renewed(medium)

    def remove(self, name: str, actor: str = LOCAL) -> None:
        """Forget a class; see `Classes.remove`."""
        with self._opened(write=True) as store:
            medium = store.classes.entry(name).medium
            store.classes.remove(name, actor=actor)
        self._renewed(medium)

    def _taught(self, lesson: Lesson) -> Trained:
        if lesson.medium is Medium.TEXT:
            return self._text().train(lesson)
        from evenhand.detectors.classes_train import train

        return train(lesson, settings=self._settings)

    def _text(self) -> TextTeacher:
        with self._lock:
            if self._teacher is None:
                from evenhand.detectors.classes_train_text import TextTeacher

                self._teacher = TextTeacher(self._models, threads=self._settings.threads)
            return self._teacher

    def _renewed(self, medium: Medium) -> None:
        self._changed(DETECTORS[medium])

    def _exists(self) -> bool:
        # Where nothing was ever kept, asking makes no database.
        return self._store is not None or (self._settings.data_dir / "evenhand.db").exists()

    @contextmanager
    def _opened(self, *, write: bool = False) -> Iterator[Store]:
        if self._store is not None:
            yield self._store
            return
        from evenhand.store import open_store

        store = open_store(settings=self._settings)
        try:
            if write:
                store.migrate()
            yield store
        finally:
            store.close()


def lesson_of(
    name: str,
    positives: Sequence[Path] | Sequence[str],
    against: Sequence[Path] | Sequence[str] = (),
    label: str | None = None,
) -> Lesson:
    """Give a lesson of texts, or of files of pictures.

    Raises:
        LibraryError: both are given.
    """
    texts = {isinstance(one, str) for side in (positives, against) for one in side}
    if len(texts) > 1:
        raise LibraryError(f"class {name}: give texts (strings) or pictures (paths), not both")
    sides = [
        tuple(Sample(content=one, name="" if isinstance(one, str) else one.name) for one in side)
        for side in (positives, against)
    ]
    medium = Medium.TEXT if True in texts else Medium.IMAGE
    return Lesson(name=name, medium=medium, positives=sides[0], against=sides[1], label=label)
