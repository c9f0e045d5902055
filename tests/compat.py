"""What tests of dialects share: a server with the text model, keys, shadow mode, golden request and response pairs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from evenhand.settings import Settings
from evenhand.store import Store, open_store
from tests.server import serving

SECRET_KEY = "0123456789abcdef0123456789abcdef"
NODE = Path(__file__).parent / "node"
_NUMBERS = frozenset({"value", "score", "confidence", "Confidence"})
T = TypeVar("T")


def with_model(folder: Path, **overrides: object) -> Settings:
    """Give settings for a server with all text detectors, on a database of its own, that can keep key pairs."""
    values = {
        "database_url": f"sqlite:///{folder / 'test.db'}",
        "plugins": False,
        "secret_key": SECRET_KEY,
        "detector_timeout_s": 180.0,  # a model that is read for the first time, on a busy machine
        **overrides,
    }
    return Settings(**values)  # type: ignore[arg-type]


@contextmanager
def stored(settings: Settings) -> Iterator[Store]:
    """Open the migrated database of a server that is not running yet, to make its keys."""
    store = open_store(settings=settings)
    try:
        store.migrate()
        yield store
    finally:
        store.close()


def keys(settings: Settings) -> tuple[str, str, str]:
    """Make a key that may check, one that may not, and one that was revoked."""
    with stored(settings) as store:
        revoked = store.keys.create("old")
        store.keys.revoke(revoked.info.id)
        return store.keys.create("site").token, store.keys.create("reader", scopes=("read",)).token, revoked.token


def fifty_at_once(one: Callable[[int], T], count: int = 100) -> list[T]:
    """Call `one` with 0 to `count` - 1, fifty of them at a time; gives the answers in order."""
    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(one, range(count)))


def compared(file: Path, count: int) -> list[dict[str, Any]]:
    """Wait for rows of a shadow file; gives them all."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if file.exists() and file.read_bytes().count(b"\n") >= count:
            return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        time.sleep(0.05)
    raise AssertionError(f"fewer than {count} requests were compared")


def shadowed(
    folder: Path,
    listed: Callable[..., Settings],
    asked: tuple[str, str, Any],
    *,
    root: str = "",
    first: Callable[[httpx.Client, httpx.Client, str], object] = lambda old, new, key: None,
) -> dict[str, Any]:
    """Ask a server in shadow mode, where another server with keys stands for the old vendor.

    Checks what holds for every dialect: one row is written down, without an error, about the decision that was
    answered, and no word of the content.

    Args:
        folder: for both databases.
        listed: makes the settings of either.
        asked: name of the dialect, path and body; the content holds "word".
        root: of the old vendor's API, after the host.
        first: is called with both servers and the old one's key before.

    Returns:
        The row.
    """
    dialect, path, body = asked
    folders = [folder / name for name in ("old", "new")]
    for one in folders:
        one.mkdir()
    settings = listed(folders[0], require_keys=True)
    key, _, _ = keys(settings)
    with serving(settings) as old:
        urls = {dialect: f"{str(old.base_url).rstrip('/')}{root}"}
        more = {"data_dir": folder / "data", "shadow_urls": urls, "shadow_keys": {dialect: key}}
        with serving(listed(folders[1], **more)) as client:
            first(old, client, key)
            answer = client.post(path, json=body)
            assert answer.status_code == 200, answer.text
            file = folder / "data" / "shadow.jsonl"
            (row,) = compared(file, 1)
    assert row["dialect"] == dialect
    assert row["decision_id"] in answer.headers["x-decision-id"]
    assert "error" not in row, row
    assert "word" not in file.read_text("utf-8")
    return row


def golden(path: Path, name: str, pair: Mapping[str, Any]) -> None:
    """Compare a request and its response with the pair recorded under `name`; scores only by being there.

    With EVENHAND_RECORD_GOLDEN=1 the pair is recorded instead.
    """
    recorded: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    seen = json.loads(json.dumps(masked(pair)))
    if os.environ.get("EVENHAND_RECORD_GOLDEN"):
        recorded[name] = seen
        path.write_text(json.dumps(recorded, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    assert seen == recorded.get(name), f"{name} is not as recorded in {path.name}"


def masked(value: Any, numbers: frozenset[str] = _NUMBERS) -> Any:
    """Put 0.5 in the place of every score: they change with each model, their shape must not."""
    if isinstance(value, Mapping):
        return {
            key: 0.5 if key in numbers and isinstance(inner, int | float) else masked(inner, numbers)
            for key, inner in value.items()
        }
    return [masked(inner, numbers) for inner in value] if isinstance(value, list) else value
