"""What a bank of known pictures costs: building, memory, queries a second, live changes; and that it misses nothing.

    python benchmarks/known_pictures.py FOLDER                 10 million hashes, about ten minutes; needs 3 GB of disk
    python benchmarks/known_pictures.py FOLDER --hashes 1e6    fewer

Half of the hashes are random, half lie in clusters: copies of a picture, up to 60 bits away from each other.
Queries are a quarter strangers, a quarter exact, a quarter 31 bits away from a hash of the bank, a quarter near a
cluster. Every answer of the queries that are compared is held against comparing with all hashes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import sys
import time
from importlib.util import find_spec
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from evenhand.matching.bank import HashBank
from evenhand.matching.bank_writer import BankWriter
from evenhand.matching.hashes_plan import cut, plan_for
from evenhand.matching.hashes_tables import SortedHashes, arrays_of, open_hashes, order_for

Hashes = NDArray[np.uint64]
if TYPE_CHECKING:
    Results = Queue[tuple[int, float, float]]
CLUSTER = 50  # hashes of one cluster


def flipped(rng: np.random.Generator, hashes: Hashes, bits: NDArray[np.int64]) -> Hashes:
    """Flip so many bits of each hash: a run of random places, each an odd step from the one before."""
    first, step = rng.integers(0, 256, len(hashes)), rng.integers(0, 128, len(hashes)) * 2 + 1
    changed = hashes.copy()
    for number in range(int(bits.max(initial=0))):
        rows = np.flatnonzero(bits > number)
        place = (first[rows] + number * step[rows]) % 256
        changed[rows, place >> 6] ^= np.uint64(1) << (place & 63).astype(np.uint64)
    return changed


def made(rng: np.random.Generator, count: int) -> Hashes:
    """Make hashes, half random, half in clusters."""
    loose = rng.integers(0, 2**64, (count // 2, 4), dtype=np.uint64)
    centres = rng.integers(0, 2**64, ((count - len(loose)) // CLUSTER + 1, 4), dtype=np.uint64)
    near = np.repeat(centres, CLUSTER, axis=0)[: count - len(loose)]
    return np.concatenate([loose, flipped(rng, near, rng.integers(4, 31, len(near)))])


def asked(rng: np.random.Generator, hashes: Hashes, count: int) -> Hashes:
    """Make queries of the four kinds, in turn."""
    queries = rng.integers(0, 2**64, (count, 4), dtype=np.uint64)
    loose, near = len(hashes) // 2, len(hashes) - len(hashes) // 2
    queries[1::4] = hashes[rng.integers(0, len(hashes), len(queries[1::4]))]
    exact = hashes[rng.integers(0, loose, len(queries[2::4]))]
    queries[2::4] = flipped(rng, exact, np.full(len(exact), 31))
    close = hashes[loose + rng.integers(0, near, len(queries[3::4]))]
    queries[3::4] = flipped(rng, close, rng.integers(0, 31, len(close)))
    return queries


def own_mb() -> float:
    """Give the memory of this process that is no file's, in MB."""
    text = Path("/proc/self/smaps_rollup").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("Anonymous:"))
    return int(line.split()[1]) / 1e3


def resident_mb() -> float:
    """Give all memory of this process, mapped files too, in MB."""
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def timed(bank: HashBank, queries: Hashes, batch: int) -> tuple[float, float]:
    """Give seconds by the clock and of processor time."""
    clock, cpu = time.perf_counter(), time.process_time()
    for begin in range(0, len(queries), batch):
        bank.search(queries[begin : begin + batch])
    return time.perf_counter() - clock, time.process_time() - cpu


def reader(folder: Path, queries: Hashes, ready: Barrier, seconds: float, out: Results) -> None:
    """Search for some seconds in a process of its own, together with others."""
    bank = HashBank(folder)
    timed(bank, queries[:1024], 128)
    ready.wait()
    done, cpu, start = 0, 0.0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        cpu += timed(bank, queries[done % (len(queries) - 512) :][:512], 128)[1]
        done += 512
    out.put((done, time.perf_counter() - start, cpu))


def together(folder: Path, queries: Hashes, count: int, seconds: float) -> None:
    ready = multiprocessing.Barrier(count)
    out: Results = multiprocessing.Queue()
    started = [
        multiprocessing.Process(target=reader, args=(folder, queries, ready, seconds, out)) for _ in range(count)
    ]
    for process in started:
        process.start()
    results = [out.get() for _ in started]
    for process in started:
        process.join()
    by_clock, by_cpu = sum(done / took for done, took, _ in results), sum(done / cpu for done, _, cpu in results)
    print(
        f"{count} processes: {by_clock:,.0f} queries/s by the clock, {by_cpu:,.0f} by processor time "
        f"(load of the machine {os.getloadavg()[0]:.1f})",
        flush=True,
    )


def recall(bank: HashBank, hashes: Hashes, queries: Hashes) -> None:
    """Compare answers with those of comparing with all hashes."""
    whole = SortedHashes(hashes, ())
    start = time.process_time()
    query, row, bits = whole.scan(queries, 31)
    took = (time.process_time() - start) / len(queries)
    wanted = {(int(q), hashes[r].tobytes(), int(b)) for q, r, b in zip(query, row, bits, strict=True)}
    found = {(match.query, match.hash, match.bits) for match in bank.search(queries)}
    print(
        f"recall: {len(wanted & found)} of {len(wanted)} matches of {len(queries)} queries, "
        f"{len(found - wanted)} wrong; comparing with all takes {took * 1e3:.0f} ms a query",
        flush=True,
    )
    if wanted != found:
        sys.exit("the bank and comparing with all disagree")


def live(folder: Path, rng: np.random.Generator, queries: Hashes) -> None:
    """Change a bank while it is read."""
    bank = HashBank(folder)
    with BankWriter(folder) as writer:
        new = rng.integers(0, 2**64, (20_000, 4), dtype=np.uint64)
        waits, seen = [], []
        for number in range(200):
            one = new[number : number + 1]
            start = time.perf_counter()
            writer.add(one)
            waits.append(time.perf_counter() - start)
            seen.append(len(bank.search(one)))
        print(f"add one: median {np.median(waits) * 1e3:.1f} ms, on the disk and seen by a reader {sum(seen)} of 200")
        start = time.perf_counter()
        writer.add(new)
        took = time.perf_counter() - start
        print(f"add 20,000: {took:.2f} s; parts now {bank.segments}")
        _, cpu = timed(bank, queries[:2_048], 128)
        print(f"a query with these parts: {cpu / 2_048 * 1e6:.0f} microseconds of processor time")
        start = time.perf_counter()
        writer.remove(new)
        gone = len(bank.search(new[:1_000]))
        print(f"remove 20,000: {time.perf_counter() - start:.2f} s, {gone} of 1,000 still found", flush=True)


def peer(hashes: Hashes, queries: Hashes) -> None:
    """Measure threatexchange's index of PDQ (Meta; faiss below it) on fewer of the same hashes, and ours beside it."""
    if find_spec("threatexchange") is None:
        print("threatexchange is not installed (it is in no lock file): its index was not measured")
        return
    from threatexchange.signal_type.pdq.pdq_index import PDQIndex

    def words(row: NDArray[np.uint64]) -> str:
        return row.tobytes().hex()

    start = time.process_time()
    index = PDQIndex([(words(row), number) for number, row in enumerate(hashes)])
    built = time.process_time() - start
    texts = [words(row) for row in queries]
    start = time.process_time()
    theirs = {(number, hashes[match.metadata].tobytes()) for number, query in enumerate(texts)
              for match in index.query(query)}  # fmt: skip
    took = (time.process_time() - start) / len(texts)
    whole = SortedHashes(hashes, ())
    query, row, _ = whole.scan(queries, 31)
    wanted = {(int(q), hashes[r].tobytes()) for q, r in zip(query, row, strict=True)}
    plan = plan_for(len(hashes))
    tables = open_hashes(dict(arrays_of(hashes[order_for(hashes, plan)], plan)), plan)
    start = time.process_time()
    for begin in range(0, len(queries), 128):
        tables.search(queries[begin : begin + 128], 31)
    ours = (time.process_time() - start) / len(queries)
    print(
        f"threatexchange, {len(hashes):,} hashes: built in {built:.0f} s, {took * 1e3:.2f} ms a query, "
        f"found {len(theirs & wanted)} of {len(wanted)} matches; ours on the same, in memory: {ours * 1e3:.3f} ms a "
        f"query, {took / ours:.0f} times as fast",
        flush=True,
    )


def alternatives(hashes: Hashes, queries: Hashes) -> None:
    """Compare ways of cutting a hash."""
    for pieces, width in ((16, 16), (13, 19), (12, 21), (11, 22), (11, 23)):
        plan = cut(pieces, width)
        start = time.process_time()
        arrays = dict(arrays_of(hashes[order_for(hashes, plan)], plan))
        built = time.process_time() - start
        tables = open_hashes(arrays, plan)
        best = np.inf
        for _ in range(3):
            start = time.process_time()
            for begin in range(0, 512, 128):
                tables.search(queries[begin : begin + 128], 31)
            best = min(best, (time.process_time() - start) / 512)
        size = sum(array.nbytes for array in arrays.values()) / 1e6
        print(
            f"{pieces} pieces, keys of {width} bits: {size:.0f} MB, built in {built:.0f} s, "
            f"{best * 1e6:.0f} microseconds a query",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the bank is made; it is deleted at the end")
    parser.add_argument("--hashes", type=float, default=10e6)
    parser.add_argument("--chunk", type=int, default=10_000_000, help="hashes added at a time")
    parser.add_argument("--compared", type=int, default=200, help="queries compared with all hashes")
    parser.add_argument("--seconds", type=float, default=10.0, help="of the test with several processes")
    parser.add_argument("--peer", type=float, default=1e6, help="hashes that threatexchange's index is given")
    parser.add_argument("--alternatives", action="store_true", help="measure other ways of cutting a hash, in memory")
    options = parser.parse_args()
    folder, count = options.folder / "known-pictures-bank", int(options.hashes)
    rng = np.random.default_rng(1)
    hashes = made(rng, count)
    queries = asked(rng, hashes, 16_384)
    if options.alternatives:
        alternatives(hashes, queries)
        return
    if folder.exists():
        shutil.rmtree(folder)
    clock, cpu = time.perf_counter(), time.process_time()
    with BankWriter(folder) as writer:
        for begin in range(0, count, options.chunk):
            writer.add(hashes[begin : begin + options.chunk])
        added = time.perf_counter() - clock
        writer.compact()
    took, cpu = time.perf_counter() - clock, time.process_time() - cpu
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    print(f"{count:,} hashes: added in {added:.0f} s, compact after {took:.0f} s ({cpu:.0f} s of processor time)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"files: {size:.0f} MB; writing needed at most {peak:.0f} MB, the hashes to add included")
    before = own_mb(), resident_mb()
    bank = HashBank(folder)
    for batch in (8, 128):
        timed(bank, queries[:2_048], batch)
        took, cpu = timed(bank, queries[:8_192], batch)
        print(
            f"one process, {batch} queries at a time: {8192 / took:,.0f} queries/s by the clock, "
            f"{cpu / 8192 * 1e6:.0f} microseconds of processor time each"
        )
    print(
        f"a reader: {own_mb() - before[0]:.0f} MB of its own, "
        f"{resident_mb() - before[1]:.0f} MB with the pages it shares",
        flush=True,
    )
    recall(bank, hashes, queries[: options.compared])
    together(folder, queries, 2, options.seconds)
    live(folder, rng, queries)
    peer(hashes[: int(options.peer)], queries[:256])
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
