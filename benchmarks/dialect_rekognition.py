"""What Rekognition's dialect costs over the native endpoint: the same pictures, interleaved, in one run on one machine.

    python benchmarks/dialect_rekognition.py [--pictures N] [--rounds N] [--json FILE]

The real server in a process of its own, one client, one request at a time. Each picture goes to `POST /v1/check` with
all scores and an API key, and signed to DetectModerationLabels, in changing order; the ratio is of the medians of
each round, and the middle of the rounds counts. Limit: 1.10. Signing on the client's side is not in the times.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import statistics
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

LIMIT = 1.10
TARGET = "RekognitionService.DetectModerationLabels"


def pictures(amount: int) -> list[str]:
    """Draw pictures of 1280 x 720, all different, as JPEG in base64."""
    from PIL import Image, ImageDraw, ImageFont

    out = []
    for number in range(amount):
        image = Image.radial_gradient("L").resize((1280, 720)).convert("RGB")
        draw = ImageDraw.Draw(image)
        draw.ellipse((40 * (number % 20), 80, 40 * (number % 20) + 300, 380), fill=(90, 150, 70))
        draw.text((60, 560), f"Opening hours 9 to 5, room {number}", fill="white", font=ImageFont.load_default(48))
        file = BytesIO()
        image.save(file, "JPEG", quality=85)
        out.append(base64.b64encode(file.getvalue()).decode())
    return out


def native(served: Any, picture: str, token: str) -> float:
    """Ask the native endpoint; give the seconds."""
    body = json.dumps({"data": picture, "all_scores": True}).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    started = time.perf_counter()
    served.http.post("/v1/check", content=body, headers=headers).raise_for_status()
    return time.perf_counter() - started


def dialect(served: Any, picture: str, _token: str) -> float:
    """Ask for moderation labels; give the seconds."""
    from tests.rekognition import sign

    body = json.dumps({"Image": {"Bytes": picture}}).encode()
    headers = {**sign(served, body, target=TARGET), "amz-sdk-invocation-id": os.urandom(8).hex()}
    started = time.perf_counter()
    served.http.post("/", content=body, headers=headers).raise_for_status()
    return time.perf_counter() - started


def measure(served: Any, token: str, wanted: list[str], rounds: int) -> tuple[list[float], list[float]]:
    """Give the ratio of each round, and the difference in milliseconds."""
    ratios, apart = [], []
    for turn in range(rounds):
        spent: tuple[list[float], list[float]] = ([], [])
        for number, picture in enumerate(wanted):
            pair = [(0, native), (1, dialect)]
            for place, ask in pair if (number + turn) % 2 else reversed(pair):
                spent[place].append(ask(served, picture, token))
        ours, theirs = statistics.median(spent[0]), statistics.median(spent[1])
        ratios.append(theirs / ours)
        apart.append(1000 * (theirs - ours))
    return ratios, apart


def main() -> None:
    """Measure with all detectors, and with the cheapest alone, which shows the dialect's own milliseconds."""
    from benchmarks.dialects import running

    from evenhand.store import open_store
    from tests.rekognition import HEAVY, Served

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    report: dict[str, Any] = {}
    for name, disabled in (("all detectors", ()), ("one cheap detector", HEAVY)):
        with tempfile.TemporaryDirectory() as folder:
            off = json.dumps(["text.harm", *disabled])
            with running(folder, DISABLED_DETECTORS=off) as (client, _, settings):
                store = open_store(settings=settings)
                pair = store.dialect_keys.create("bench", dialect="rekognition")
                token = store.keys.create("bench", scopes=("check",)).token
                store.close()
                address = str(client.base_url).rstrip("/")
                served = Served(address=address, pair=pair, http=client, bucket=Path(folder))
                wanted = pictures(arguments.pictures)
                measure(served, token, wanted[:2], 1)  # models are loaded
                ratios, apart = measure(served, token, wanted, arguments.rounds)
        report[name] = {"ratio": round(statistics.median(ratios), 3), "ms": round(statistics.median(apart), 2)}
        print(f"{name}: {report[name]['ratio']:.3f} of the native endpoint (limit {LIMIT}), "
              f"{report[name]['ms']} ms more; rounds {[round(r, 3) for r in ratios]}")  # fmt: skip
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
