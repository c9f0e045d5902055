"""SQLite's checkpoints, in a thread of their own.

By default the connection whose commit makes the write-ahead log long moves it into the database, and waits for
the disk: one request in a hundred or so then takes a tenth of a second. A passive checkpoint beside the writers does
the same work and holds nobody up (https://sqlite.org/wal.html#ckpt).
"""

from __future__ import annotations

import sqlite3
import threading

_EVERY = 500  # writes between two checkpoints; the log stays at some 12 MB, and few writes meet a busy disk
BACKSTOP_PAGES = 16_000  # 64 MB: where the thread could not keep up, the next commit does it after all


class Checkpointer:
    """Checkpoints a database file now and then, once there has been something to write.

    Args:
        path: of the database file.
    """

    def __init__(self, path: str) -> None:
        self._path, self._writes, self._closed = path, 0, False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def wrote(self) -> None:
        """Count a write; every `_EVERY` of them wake the thread."""
        with self._changed:
            self._writes += 1
            if self._writes < _EVERY or self._closed:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="evenhand-checkpoint", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """End the thread, after the checkpoint that it may be at."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(10)

    def _work(self) -> None:
        while True:
            with self._changed:
                while self._writes < _EVERY and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                self._writes = 0
            try:
                connection = sqlite3.connect(self._path, timeout=1.0)
                try:
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                finally:
                    connection.close()
            except sqlite3.Error:
                continue  # busy, full or gone: the writers notice what matters, and the next round tries again
