"""What the pipeline, the HTTP API and the start cost: ratios in one run on one machine.

    python benchmarks/spine.py [text|encoder|http|pictures|start ...] [--json FILE]

text      texts without the encoder through check_many, on one core: messages/s
encoder   texts with the encoder: cost over the bare encoder's
http      a batch over HTTP: cost over check_many's; single texts at half load: 99th percentile over the detectors'
pictures  the default set on decoded pictures: cost over the sum of the bare ONNX times
start     `evenhand check` on one short text, cold; memory of a loaded server
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

WORDS = [
    "good",
    "morning",
    "thanks",
    "for",
    "the",
    "help",
    "with",
    "my",
    "garden",
    "this",
    "weekend",
    "we",
    "should",
    "meet",
    "near",
    "old",
    "station",
    "and",
    "then",
    "walk",
    "along",
    "river",
    "until",
    "it",
    "gets",
    "dark",
    "because",
    "trains",
    "leave",
    "every",
    "hour",
    "bring",
    "your",
    "sister",
    "if",
    "she",
    "likes",
    "music",
    "I",
    "heard",
    "that",
    "new",
    "bakery",
    "has",
    "bread",
    "for",
    "three",
    "euros",
    "which",
    "seems",
    "fair",
    "considering",
    "how",
    "busy",
    "they",
    "always",
    "are",
    "on",
    "Sunday",
]


def messages(count: int, *, seed: int = 7) -> list[str]:
    """Make short messages of 40 to 120 characters; one in twenty has something to find."""
    chance = random.Random(seed)
    out = []
    for n in range(count):
        text = " ".join(chance.choices(WORDS, k=chance.randint(8, 20)))
        out.append(f"{text}, write to me at +1 415 555 {n % 10000:04d}" if n % 20 == 0 else text)
    return out


def best(work: Callable[[], Any], *, times: int = 5) -> float:
    """Give the shortest of several runs, in seconds: what the machine can do when nothing else disturbs it."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return min(took)


def moderator(**settings: Any) -> Any:
    """Make a moderator that keeps no record."""
    from evenhand import Moderator, Settings

    return Moderator(Settings(plugins=False, **settings))


def text() -> dict[str, Any]:
    """Texts without the encoder, on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from evenhand.domain import Library, LibraryItem, LibraryKind, ListColour

    chance = random.Random(3)
    letters = "abcdefghijklmnopqrstuvwxyz"
    items = tuple(LibraryItem(value="".join(chance.choices(letters, k=9))) for _ in range(10_000))
    library = Library(name="bench", kind=LibraryKind.WORDS, colour=ListColour.BLACK, items=items)
    from evenhand import Moderator, Settings

    opened = Moderator(Settings(plugins=False, disabled_detectors=("text.harm",)), libraries=[library])
    texts = messages(20_000)
    for _ in opened.check_many(texts[:2000]):
        pass
    took = best(lambda: sum(1 for _ in opened.check_many(texts)))
    opened.close()
    return {"messages_per_s_one_core": len(texts) / took, "target": 10_000, "patterns_in_list": len(items)}


def encoder() -> dict[str, Any]:
    """Texts with the encoder, over the bare encoder."""
    from evenhand.inference.encoder import TextEncoder

    texts = messages(2_000)
    bare = TextEncoder()
    bare.encode(texts[:256])
    chunks = [texts[start : start + 256] for start in range(0, len(texts), 256)]
    bare_s = best(lambda: [bare.encode(chunk) for chunk in chunks], times=3)
    opened = moderator(text_model="text-2026.2")  # the version that reads with this encoder
    list(opened.check_many(texts[:256]))
    whole_s = best(lambda: sum(1 for _ in opened.check_many(texts)), times=3)
    opened.close()
    return {
        "bare_texts_per_s": len(texts) / bare_s,
        "whole_texts_per_s": len(texts) / whole_s,
        "ratio": whole_s / bare_s,
        "target_ratio": 1.3,
    }


def http() -> dict[str, Any]:
    """A real server: batches over check_many, both recording into SQLite; and single texts at half of the full load."""
    from evenhand import Content, Settings
    from evenhand.facade import Moderator

    out: dict[str, Any] = {}
    items = [{"id": str(n), "text": text} for n, text in enumerate(messages(1_000))]
    contents = [Content(id=item["id"], text=item["text"]) for item in items]
    for name, off in (("without_encoder", ("text.harm",)), ("with_encoder", ())):
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/direct.db"
            with Moderator(Settings(plugins=False, disabled_detectors=off, database_url=url)) as opened:
                list(opened.check_many(contents))
                direct = best(lambda: list(opened.check_many(contents)))
            with _served(folder, off) as client:
                client.post("/v1/check:batch", json={"items": items}).raise_for_status()
                over = best(lambda: client.post("/v1/check:batch", json={"items": items}))
                out[f"batch_ratio_{name}"] = over / direct
                if name == "with_encoder":
                    out |= _half_load(client.base_url.port)
    return {**out, "target_batch_ratio": 1.5, "target_p99_over_detectors_ms": 10}


@contextmanager
def _served(folder: str, off: tuple[str, ...]) -> Iterator[Any]:
    """Run `evenhand serve` in a process of its own, and give a client once its models are loaded."""
    import httpx

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        **os.environ,
        "EVENHAND_DATABASE_URL": f"sqlite:///{folder}/served.db",
        "EVENHAND_DISABLED_DETECTORS": json.dumps(off),
        "EVENHAND_LOG_LEVEL": "error",
        "EVENHAND_PLUGINS": "false",
    }
    server = subprocess.Popen([sys.executable, "-m", "evenhand", "serve", "--port", str(port)], env=env)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            for _ in range(600):
                with suppress(httpx.TransportError):
                    if client.get("/readyz").status_code == 200:
                        break
                time.sleep(0.1)
            yield client
    finally:
        server.terminate()
        server.wait(30)


def _half_load(port: int) -> dict[str, Any]:
    """Send single texts at half the rate that one caller after another can reach, at random moments (Poisson)."""
    bodies = [json.dumps({"text": text}).encode() for text in messages(600, seed=11)]
    started = time.perf_counter()
    asyncio.run(_send(port, "/v1/check", bodies[:200], rate=None))
    rate = 200 / (time.perf_counter() - started) / 2
    seen = asyncio.run(_send(port, "/v1/check", bodies, rate=rate))
    idle = asyncio.run(_send(port, "/healthz", [b""] * 600, rate=rate))
    took = [milliseconds for milliseconds, _ in seen]
    above = [milliseconds - json.loads(answer)["timing_ms"]["detect"] for milliseconds, answer in seen]
    return {
        "single_rate_per_s": rate,
        "single_p50_ms": statistics.median(took),
        "single_p99_ms": statistics.quantiles(took, n=100)[98],
        "p50_over_detectors_ms": statistics.median(above),
        "p99_over_detectors_ms": statistics.quantiles(above, n=100)[98],
        "healthz_p99_ms": statistics.quantiles([milliseconds for milliseconds, _ in idle], n=100)[98],
    }


async def _send(port: int, path: str, bodies: list[bytes], *, rate: float | None) -> list[tuple[float, bytes]]:
    """Send requests over kept connections; give the milliseconds and the answer of each.

    Args:
        port: on loopback.
        path: of the request.
        bodies: JSON; empty for a GET.
        rate: requests a second at random moments; None: one after another.
    """
    chance, idle = random.Random(5), list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]]()

    async def one(body: bytes) -> tuple[float, bytes]:
        # A client that costs next to nothing: a full one would take more of the two cores than the server.
        sent = time.perf_counter()
        connection = None
        while idle and connection is None:
            reader, writer, since = idle.pop()
            connection = (reader, writer) if sent - since < 2 else None
        reader, writer = connection or await asyncio.open_connection("127.0.0.1", port)
        more = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n" if body else ""
        writer.write(f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nhost: x\r\n{more}\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        answer = await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        idle.append((reader, writer, time.perf_counter()))
        return 1000 * (time.perf_counter() - sent), answer

    if rate is None:
        return [await one(body) for body in bodies]
    tasks, at = [], time.perf_counter() + 0.1
    for body in bodies:
        at += chance.expovariate(rate)
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        tasks.append(asyncio.create_task(one(body)))
    return await asyncio.gather(*tasks)


def pictures() -> dict[str, Any]:
    """The default set on decoded pictures, over what ONNX Runtime alone takes for the very same runs; on one core.

    Every run of a session during a check is kept and then done again alone, one after another, so that neither side
    gains from running beside the other.
    """
    import onnxruntime as ort

    from evenhand.domain import Content

    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    kept: list[Callable[[], Any]] = []
    plain = ort.InferenceSession.run

    def keeping(self: Any, *arguments: Any, **keywords: Any) -> Any:
        kept.append(lambda: plain(self, *arguments, **keywords))
        return plain(self, *arguments, **keywords)

    out: dict[str, Any] = {}
    opened = moderator(threads=1)
    for name, data in _pictures().items():
        content = Content(data=data)
        opened.check(content)
        kept.clear()
        ort.InferenceSession.run = keeping
        try:
            opened.check(content)
        finally:
            ort.InferenceSession.run = plain
        runs = list(kept)
        bare = best(lambda: [run() for run in runs])  # noqa: B023
        whole = min(opened.check(content).timing_ms["detect"] for _ in range(5)) / 1000
        out[name] = {"whole_ms": 1000 * whole, "onnx_ms": 1000 * bare, "ratio": whole / bare}
    opened.close()
    return {**out, "median_ratio": statistics.median(row["ratio"] for row in out.values()), "target_ratio": 1.2}


def _pictures() -> dict[str, bytes]:
    """Give the examples, and an advert at 12 megapixels."""
    from PIL import Image

    folder = ROOT / "examples" / "pictures"
    found = {file.name: file.read_bytes() for file in sorted(folder.glob("*.[jp][pn]g"))}
    out = io.BytesIO()
    with Image.open(folder / "advert.png") as advert:
        advert.convert("RGB").resize((4000, 3000)).save(out, "JPEG")
    return {**found, "advert at 4000x3000": out.getvalue()}


def start() -> dict[str, Any]:
    """Cold start and memory."""
    command = [sys.executable, "-m", "evenhand", "check", "--text", "good morning to you all", "--json"]
    subprocess.run(command, capture_output=True, check=True)
    took = best(lambda: subprocess.run(command, capture_output=True, check=True), times=5)
    code = (
        "import resource; from evenhand import Moderator; m = Moderator(); f = m.inner.warm(); assert not f, f;"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    one = subprocess.run(
        [sys.executable, "-c", code.replace("f = m.inner.warm(); assert not f, f", "m.check('hello')")],
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        "cold_check_s": took,
        "target_s": 1.5,
        "rss_all_models_mb": int(loaded.stdout) / 1024,
        "rss_text_only_mb": int(one.stdout) / 1024,
    }


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "text": text,
    "encoder": encoder,
    "http": http,
    "pictures": pictures,
    "start": start,
}


def main() -> None:
    """Run the parts, each in a process of its own when there are several."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    parts = chosen.parts or list(PARTS)
    if len(parts) == 1:
        report = PARTS[parts[0]]()
        print(json.dumps(report))
    else:
        report = {}
        for part in parts:
            done = subprocess.run([sys.executable, __file__, part], capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{part}: {done.stderr}")
            report[part] = json.loads(done.stdout.splitlines()[-1])
            print(part, json.dumps(report[part], indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
