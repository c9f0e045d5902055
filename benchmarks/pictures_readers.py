"""What the readers of pictures cost: words (OCR), codes, PDQ hashes, and the index of hashes.

    python benchmarks/pictures_readers.py            everything, about two minutes
    python benchmarks/pictures_readers.py --quick    without the index of a million hashes

One thread for each model. Figures are processor time, the best of several runs, so that a busy machine spoils them
less; the cold start alone is by the clock. Pictures are drawn from a fixed seed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from evenhand.domain import ImagePart

SIZES = ((640, 480), (4000, 3000))
ADVERT = ("Cheap watches here", "WeChat: seller_8821", "Call +1 202 555 0147 today", "www.example.com/offer")


def scene(size: tuple[int, int], *, words: bool) -> Image.Image:
    """Draw a busy background, with four lines of an advert or without."""
    rng = np.random.default_rng(1)
    small = rng.integers(0, 255, (size[1] // 40, size[0] // 40, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)
    if words:
        draw, unit = ImageDraw.Draw(image), size[1] // 480
        draw.rectangle((20 * unit, 20 * unit, 560 * unit, 420 * unit), fill="white")
        for i, text in enumerate(ADVERT):
            draw.text((40 * unit, (40 + 90 * i) * unit), text, fill="black", font=ImageFont.load_default(28 * unit))
    return image


def best(run: Callable[[], object], times: int = 5) -> float:
    """Give the least processor time of several runs, in milliseconds; the first one, which loads, is left out."""
    run()
    took = []
    for _ in range(times):
        start = time.process_time()
        run()
        took.append(time.process_time() - start)
    return min(took) * 1e3


def rss() -> float:
    """Give the memory of this process, in MB."""
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Timed:
    """A session that adds up the time spent in it."""

    def __init__(self, session: Any) -> None:
        self._session, self.spent = session, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def run(self, *args: Any) -> Any:
        start = time.process_time()
        out = self._session.run(*args)
        self.spent += time.process_time() - start
        return out


def ocr() -> None:
    from rapidocr import RapidOCR

    from evenhand.detectors.ocr import OcrDetector

    before = rss()
    detector = OcrDetector(threads=1)
    detector.detect([ImagePart(image=scene((640, 480), words=True))])
    print(f"ocr: memory after loading and one picture {rss() - before:+.0f} MB")
    engine = detector._reader._engine
    stages = [engine.text_det, engine.text_cls, engine.text_rec]
    timed = [Timed(stage.session.session) for stage in stages]
    for stage, session in zip(stages, timed, strict=True):
        stage.session.session = session
    one = {"EngineConfig.onnxruntime.intra_op_num_threads": 1, "EngineConfig.onnxruntime.inter_op_num_threads": 1}
    facade = RapidOCR(params={"Global.log_level": "critical", **one})
    for size in SIZES:
        for words in (True, False):
            image = scene(size, words=words)
            bgr = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
            shared = ImagePart(image=image)
            own = best(partial(detector.detect, [shared]))
            for session in timed:
                session.spent = 0.0
            start = time.process_time()
            detector.detect([ImagePart(image=image)])
            took, inside = time.process_time() - start, sum(session.spent for session in timed)
            bare = best(partial(facade, bgr), 3)
            print(
                f"ocr {size[0]}x{size[1]} {'advert' if words else 'no words'}: {own:.0f} ms; with the working copy "
                f"{took * 1e3:.0f} ms, of it {inside * 1e3:.0f} ms in ONNX Runtime; rapidocr as it comes {bare:.0f} ms"
            )


def codes() -> None:
    import zxingcpp

    from evenhand.detectors.code import CodeDetector
    from evenhand.inference.pictures import working_grey

    detector = CodeDetector()
    code = zxingcpp.create_barcode("https://example.com/offer", zxingcpp.BarcodeFormat.QRCode)
    qr = Image.fromarray(np.asarray(code.to_image(scale=6))).convert("RGB")
    for size in SIZES:
        for present in (True, False):
            image = scene(size, words=False)
            if present:
                image.paste(qr, (100, 100))
            part = ImagePart(image=image)
            own, bare = (
                best(partial(detector.detect, [part])),
                best(partial(zxingcpp.read_barcodes, working_grey(part))),
            )
            print(
                f"code {size[0]}x{size[1]} {'one QR code' if present else 'no code'}: {own:.1f} ms; zxing-cpp alone on "
                f"the working copy {bare:.1f} ms"
            )


def _hash(image: Image.Image) -> None:
    from evenhand.detectors.imagehash import hash_part

    hash_part(ImagePart(image=image))


def hashes() -> None:
    for size in ((512, 512), *SIZES):
        image = scene(size, words=True)
        once = best(partial(_hash, image))
        print(f"pdq {size[0]}x{size[1]}: {once:.2f} ms for the eight orientations, making the working copy included")


def index(count: int) -> None:
    from evenhand.matching.hashes import HashIndex

    rng = np.random.default_rng(2)
    samples = rng.integers(0, 2**64, (count, 4), dtype=np.uint64)
    queries = rng.integers(0, 2**64, (200, 4), dtype=np.uint64)
    queries[::2] = samples[: len(queries[::2])]  # half of them are in the index
    before, start = rss(), time.process_time()
    built = HashIndex(samples)
    took, memory = time.process_time() - start, rss() - before
    each = best(lambda: [built.within(query) for query in queries], 3) / len(queries)
    compared = best(lambda: [np.flatnonzero(np.bitwise_count(samples ^ q).sum(axis=1) <= 31) for q in queries[:5]]) / 5
    print(
        f"index of {count:,}: built in {took:.2f} s, {memory:.0f} MB; {each:.3f} ms a query, {1e3 / each:,.0f} "
        f"queries/s; comparing all with numpy {compared:.2f} ms"
    )


def cold() -> None:
    """Time importing and the first picture, each in a fresh process."""
    for module, name in (("ocr", "OcrDetector"), ("code", "CodeDetector"), ("imagehash", "HashDetector")):
        script = (
            "import time; start = time.perf_counter()\n"
            f"from evenhand.detectors.{module} import {name}\n"
            "imported = time.perf_counter(); detector = {0}(); made = time.perf_counter()\n"
            "from PIL import Image; from evenhand.domain import ImagePart\n"
            "picture = ImagePart(image=Image.new('RGB', (64, 64))); ready = time.perf_counter()\n"
            "detector.detect([picture]); done = time.perf_counter()\n"
            "print(f'import {{imported - start:.2f}} s, construct {{(made - imported) * 1e3:.1f}} ms, "
            "first picture {{done - ready:.2f}} s')"
        ).format(name)
        out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        print(f"cold {module}: {out.strip()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave out the index of a million hashes")
    quick = parser.parse_args().quick
    cold()
    hashes()
    index(1_000)
    index(100_000)
    if not quick:
        index(1_000_000)
    codes()
    ocr()


if __name__ == "__main__":
    main()
