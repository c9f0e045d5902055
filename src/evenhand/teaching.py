"""Custom classes of pictures: taught, kept in the store, listed and forgotten. Blocks; `app` calls it in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from evenhand.domain import PictureClass
from evenhand.settings import Settings

if TYPE_CHECKING:
    from evenhand.detectors.classes_train import Trained
    from evenhand.store import Store

DETECTOR = "image.classes"


class Teaching:
    """Keeps classes where decisions are recorded; where none are, in the default store all the same.

    Args:
        settings: where the default store lies, and limits on pictures.
        store: where decisions are recorded; None: nowhere.
        changed: called with the detector's name when there is another set of classes.
    """

    def __init__(self, settings: Settings, *, store: Store | None, changed: Callable[[str], None]) -> None:
        self._settings, self._store, self._changed = settings, store, changed

    def classes(self) -> Sequence[PictureClass]:
        """List the classes, by name.

        Raises:
            StoreError: the store refused or cannot be reached.
        """
        if self._store is None and not (self._settings.data_dir / "evenhand.db").exists():
            return ()  # nothing was ever kept here, and asking makes no database
        with self._opened() as store:
            return store.classes.list()

    def train(self, name: str, positives: Sequence[Path], against: Sequence[Path], label: str | None) -> Trained:
        """Teach a class and keep it; see AsyncModerator.train_class."""
        from evenhand.detectors.classes_train import train

        made = train(name, positives, against=against, label=label, settings=self._settings)
        with self._opened(write=True) as store:
            store.classes.save(made.picture_class)
        self._changed(DETECTOR)
        return made

    def remove(self, name: str) -> None:
        """Forget a class; see AsyncModerator.remove_class."""
        with self._opened(write=True) as store:
            store.classes.remove(name)
        self._changed(DETECTOR)

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
