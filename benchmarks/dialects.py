"""What a dialect costs over the native endpoint: the same texts, interleaved, in one run on one machine.

    python benchmarks/dialects.py [DIALECT ...] [--texts N] [--rounds N] [--json FILE]

One real server on loopback with all text detectors, one client, one request at a time. Each text goes to
`POST /v1/check` with all scores and to the dialect in turn, in changing order; the ratio is of the medians of each
round, and the middle of the rounds counts. Limit: 1.10. On a busy machine go by the ratio of processor times, of client
and server together.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("EVENHAND_LOG_LEVEL", "error")

LIMIT = 1.10
SENTENCES = [
    "Thank you for the help with my garden this weekend.",
    "We should meet near the old station and walk along the river until it gets dark.",
    "What kind of idiot name is foo? Sorry, I like your name.",
    "This article needs more sources, and the second paragraph repeats the first.",
    "You are wrong about the date; the treaty was signed a year later.",
    "I do not think that anybody here wants to hear your opinion on that.",
]


def texts(amount: int) -> list[str]:
    """Make texts of one to four sentences, all different, so that nothing is answered from memory."""
    draw = random.Random(3)
    return [f"{' '.join(draw.choices(SENTENCES, k=draw.randint(1, 4)))} ({number})" for number in range(amount)]


def native(client: Any, text: str) -> None:
    """Ask the native endpoint."""
    client.post("/v1/check", json={"text": text, "lang": "en", "all_scores": True}).raise_for_status()


def perspective(client: Any, text: str) -> None:
    """Ask for the seven production attributes."""
    from evenhand.domain.attributes import PRODUCTION

    body = {"comment": {"text": text}, "languages": ["en"], "requestedAttributes": {name: {} for name in PRODUCTION}}
    client.post("/v1alpha1/comments:analyze?key=none", json=body).raise_for_status()


def openai(client: Any, text: str) -> None:
    """Ask for OpenAI's thirteen categories."""
    client.post("/v1/moderations", json={"input": text}).raise_for_status()


def azure(client: Any, text: str) -> None:
    """Ask for Azure's four categories."""
    address = "/contentsafety/text:analyze?api-version=2023-10-01"
    client.post(address, json={"text": text}, headers={"Ocp-Apim-Subscription-Key": "none"}).raise_for_status()


def alibaba(client: Any, text: str) -> None:
    """Ask for TextModerationPlus, signed; the time to sign counts too."""
    from urllib.parse import urlencode

    from tests.alibaba import Served, acs3

    parameters = json.dumps({"content": text, "dataId": "1"})
    body = urlencode({"Service": "comment_detection_pro", "ServiceParameters": parameters}).encode()
    served = Served(http=client, pair=PAIRS["alibaba"], settings=PAIRS["settings"])
    client.post("/", content=body, headers=acs3(served, "TextModerationPlus", body)).raise_for_status()


def google(client: Any, text: str) -> None:
    """Ask for the categories of moderateText."""
    body = {"document": {"type": "PLAIN_TEXT", "content": text, "languageCode": "en"}}
    client.post("/v2/documents:moderateText?key=none", json=body).raise_for_status()


def tencent(client: Any, text: str) -> None:
    """Ask for TextModeration, signed; the time to sign counts too."""
    from tests.tencent import Served, packed, sign

    body = json.dumps({"Content": packed(text), "SourceLanguage": "en"}).encode()
    address = str(client.base_url).rstrip("/")
    served = Served(address=address, pair=PAIRS["tencent"], http=client, settings=PAIRS["settings"])
    answer = client.post("/", content=body, headers=sign(served, body, action="TextModeration"))
    if "Error" in answer.json()["Response"]:
        raise RuntimeError(answer.text)


ASK: dict[str, Callable[[Any, str], None]] = {
    "perspective": perspective,
    "openai": openai,
    "azure": azure,
    "alibaba": alibaba,
    "google": google,
    "tencent": tencent,
}
PAIRS: dict[str, Any] = {}  # key pairs of dialects whose callers sign


def measure(
    client: Any, ask: Callable[[Any, str], None], wanted: list[str], rounds: int
) -> tuple[list[float], list[float]]:
    """Give the ratios of each round, by the clock and of processor time."""
    ratios, worked = [], []
    for turn in range(rounds):
        spent: tuple[list[float], list[float]] = ([], [])
        work: tuple[list[float], list[float]] = ([], [])
        for number, text in enumerate(wanted):
            pair = [(0, native), (1, ask)]
            for place, call in pair if (number + turn) % 2 else reversed(pair):
                # The two must not share a text's caches: each sees its own.
                started, began = time.perf_counter(), time.process_time()
                call(client, f"{text} {turn} {place}")
                spent[place].append(time.perf_counter() - started)
                work[place].append(time.process_time() - began)
        ratios.append(statistics.median(spent[1]) / statistics.median(spent[0]))
        worked.append(statistics.median(work[1]) / statistics.median(work[0]))
    return ratios, worked


def main() -> None:
    """Measure the dialects."""
    import structlog

    from evenhand.settings import Settings
    from evenhand.store import open_store
    from tests.server import serving

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dialects", nargs="*", choices=[[], *ASK], help="none: all")
    parser.add_argument("--texts", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        url, secret = f"sqlite:///{folder}/bench.db", "0123456789abcdef0123456789abcdef"
        settings = Settings(database_url=url, plugins=False, log_level="error", secret_key=secret)
        with serving(settings) as client:
            store = open_store(settings=settings)
            for name in ("alibaba", "tencent"):
                PAIRS[name] = store.dialect_keys.create("bench", dialect=name)
            PAIRS["settings"] = settings
            wanted = texts(arguments.texts)
            for name in arguments.dialects or ASK:
                ask = ASK[name]
                measure(client, ask, wanted[:20], 1)  # models are loaded, caches of the database are warm
                ratios, worked = measure(client, ask, wanted, arguments.rounds)
                report[name] = {
                    "ratio": round(statistics.median(ratios), 3),
                    "rounds": [round(r, 3) for r in ratios],
                    "processor": round(statistics.median(worked), 3),
                }
                print(
                    f"{name}: {report[name]['ratio']:.3f} of the native endpoint (limit {LIMIT}), "
                    f"{report[name]['processor']:.3f} of its processor time; {report[name]['rounds']}"
                )
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
