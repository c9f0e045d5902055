"""Time encoder and detector on this machine: `python -m training.text.speed`. Texts are the project's own."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

from evenhand.detectors.harm import HarmDetector
from evenhand.inference.encoder import TextEncoder
from evenhand.testing import text_part
from training.text import generate

TWENTY = "This is a plain sentence of about twenty words so that we can see how fast it all runs today ok"
ROUNDS = 3


def best(call: Callable[[], object]) -> tuple[float, float]:
    """Give the least processor and wall seconds of a few calls."""
    found = []
    for _ in range(ROUNDS):
        wall, used = time.perf_counter(), time.process_time()
        call()
        found.append((time.process_time() - used, time.perf_counter() - wall))
    return min(f[0] for f in found), min(f[1] for f in found)


def measure(threads: int, written: list[str]) -> None:
    """Print the figures for one number of threads."""
    start = time.perf_counter()
    encoder = TextEncoder(threads=threads)
    encoder.load()
    print(f"{threads} thread(s): cold load of verified session and tokenizer {time.perf_counter() - start:.2f} s")
    detector = HarmDetector(threads=threads)
    detector.detect([text_part("warm")])

    def compare(name: str, texts: list[str]) -> None:
        parts = [text_part(text) for text in texts]
        bare, full = best(lambda: encoder.encode(texts)), best(lambda: detector.detect(parts))
        print(f"  {name}: encoder {len(texts) / bare[1]:.0f}, harm {len(texts) / full[1]:.0f} texts/s;", end=" ")
        print(f"processor time of harm / encoder {full[0] / bare[0]:.2f}")

    compare("20 words", [TWENTY] * 512)
    compare("written en and zh", written)
    one = sorted(best(lambda: detector.detect([text_part(TWENTY)]))[1] for _ in range(50))[25]
    large = best(lambda: detector.detect([text_part((TWENTY + ". ") * 10_400)]))[1]
    print(f"  one text {one * 1000:.2f} ms; 1 MB text {large:.2f} s")


def main() -> None:
    """Print the figures for one and two threads, and the memory used."""
    written = [row.text for row in generate.rows() if row.language in {"en", "zh"}][::20]
    for threads in (1, 2):
        measure(threads, written)
    print(f"most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
