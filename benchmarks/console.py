"""Ten reviewers at once on one process: python -m benchmarks.console [STEPS] [postgresql://...]

Each has a key of their own, and does what the console's page does at a step: gives a verdict, gets the next item in the
same call, and fetches that item's page. A server in a process of its own, contents kept, one item in ten a picture.
At most 200 ms a step are wanted, while each looks two seconds at an item; flat out, without looking, shows what one
process has to give. Besides: what it costs the check path that a decision asks for a person.
"""

from __future__ import annotations

import random
import socket
import statistics
import sys
import tempfile
import threading
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from evenhand.domain import Action
from evenhand.settings import Settings
from evenhand.store import Record, Store, open_store
from tests.media import drawn, encode
from tests.reviewing import ask, found
from tests.server import quick
from tests.unit.store.factory import record

REVIEWERS = 10
LOOKS_S = 2.0  # seconds that somebody looks at an item: hardly anybody can
_TEXT = "Remark {n}: ring me at the number on my page, the price is the best in town. " * 4


def main() -> None:
    """Measure, and print a line each."""
    steps = next((int(word) for word in sys.argv[1:] if word.isdigit()), 50)
    url = next((word for word in sys.argv[1:] if word.startswith("postgresql")), None)
    with tempfile.TemporaryDirectory() as name:
        settings = quick(
            Path(name), keep_originals_days=30, require_keys=True, **({"database_url": url} if url else {})
        )
        store = open_store(settings=settings)
        store.migrate()
        passed, asked = _recording(store)
        print(f"recording, fifty together: {passed:.0f} us a decision, {asked:.0f} us where it asks for a person")
        tokens = [store.keys.create(f"reviewer-{n}", scopes=("review",)).token for n in range(REVIEWERS)]
        _fill(store, (2 * REVIEWERS + 1) * (steps + 2))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = get_context("spawn").Process(target=_serve, args=(settings.model_dump(), port), daemon=True)
        server.start()
        try:
            _await(port)
            for count, looks in ((1, 0.0), (REVIEWERS, LOOKS_S), (REVIEWERS, 0.0)):
                times = _review(port, tokens[:count], steps, looks)
                both = sorted(decided + shown for decided, shown in times)
                print(
                    f"{count} reviewer(s), {looks:.0f} s at an item, {len(both)} steps: "
                    f"median {statistics.median(both):.0f} ms, "
                    f"p95 {both[int(0.95 * len(both))]:.0f} ms, worst {both[-1]:.0f} ms "
                    f"(verdict with next: {statistics.median(one for one, _ in times):.0f} ms)"
                )
        finally:
            server.terminate()
            server.join(20)
            store.close()


def _recording(store: Store) -> tuple[float, float]:
    """Give the microseconds of recording a decision, and one that asks for a person, fifty together; medians."""
    took: dict[Action, list[float]] = {Action.PASS: [], Action.REVIEW: []}
    for _ in range(30):
        for action, spent in took.items():
            rows: list[Record] = [record(action=action) for _ in range(50)]
            began = time.perf_counter()
            store.record(rows)
            spent.append(time.perf_counter() - began)
    while (item := store.reviews.page(state="waiting", limit=1_000)) != []:  # they are in nobody's way
        store.delete_content(item[0].content_hash, decisions_too=True)
    passed, asked = (1e6 * statistics.median(took[action]) / 50 for action in (Action.PASS, Action.REVIEW))
    return passed, asked


def _fill(store: Store, count: int) -> None:
    for n in range(count + 60):
        if n % 10:
            ask(store, _TEXT.format(n=n), found("ads.contact", span=(10, 30)))
        else:
            picture = encode(drawn(640 + n % 50, 480), "JPEG")
            ask(store, picture, found("ads.qrcode"), kind="image", media_type="image/jpeg")


def _serve(values: dict[str, Any], port: int) -> None:
    from evenhand.api.application import create_app
    from evenhand.console import install

    settings = Settings(**values)
    app = create_app(settings, warm=False, extend=install)
    uvicorn.run(app, port=port, log_config=None, access_log=False)


def _await(port: int) -> None:
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not start")


def _review(port: int, tokens: list[str], steps: int, looks: float) -> list[tuple[float, float]]:
    """Give the milliseconds of each step: of the verdict, and of the next item's page."""
    times: list[tuple[float, float]] = []
    threads = [threading.Thread(target=_reviewer, args=(port, token, steps, looks, times)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _reviewer(port: int, token: str, steps: int, looks: float, times: list[tuple[float, float]]) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False) as client:
        item = client.post("/v1/review/claim", json={}).json()["item"]
        time.sleep(looks * random.random())  # people do not press keys in step
        for _ in range(steps):
            time.sleep(looks * random.uniform(0.5, 1.5))
            began = time.perf_counter()
            path = f"/v1/review/items/{item['decision_id']}"
            answer = client.post(f"{path}/decide", json={"verdict": "right", "next": {}}).json()
            decided = time.perf_counter()
            item = answer["next"]["item"]
            if item is None:
                raise SystemExit(f"no item is left: {answer['next']}")
            client.get(f"/console/review/items/{item['decision_id']}?work=1").raise_for_status()
            times.append((1_000 * (decided - began), 1_000 * (time.perf_counter() - decided)))
        client.post(f"/v1/review/items/{item['decision_id']}/release")


if __name__ == "__main__":
    main()
