"""Measure what evenhand says of rendered adverts, hidden contacts, election papers and their harmless twins.

    python -m training.vision.adverts_measure read --out rows.jsonl --seed 7 --each 1 --share 0/2 --photos FOLDER ...
    python -m training.vision.adverts_measure read --out rows.jsonl --real FOLDER ...
    python -m training.vision.adverts_measure judge rows.jsonl ... --out figures.json

`read` runs image.ocr and image.code, which takes seconds a picture; `judge` runs the text detectors and the default
policy on what they read, as often as those change. `--share I/N` reads every N-th picture, to share the work;
`--real` reads files from folders instead of rendering, as harmless pictures; `--thorough` searches everywhere for
text, as the setting `ocr_thorough` does. `compare BEFORE AFTER` tells what two readings of the same pictures differ in.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from evenhand.decode import decode
from evenhand.detectors.base import DetectorContext
from evenhand.detectors.code import CodeDetector
from evenhand.detectors.ocr import OcrDetector
from evenhand.detectors.registry import Registry
from evenhand.domain import Action, Content, Finding, ImagePart, Location, PartKind, Source, TextPart
from evenhand.policy import decide, default_policy
from evenhand.settings import Settings
from training.vision.adverts import Renderer, Sample, Truth
from training.vision.adverts_papers import papers

ADVERT_LABELS = ("ads.promotion", "spam.scam", "spam.bulk")
ADVERT_RULES = ("ads", "spam", "scam", "contraband")


def read(samples: Iterator[Sample], out: Path, seconds: float, *, thorough: bool) -> None:
    """Read pictures, and write what was read, a row a picture, until the time is up."""
    settings, ocr, code = Settings(), OcrDetector(threads=1, thorough=thorough), CodeDetector()
    began = time.monotonic()
    with out.open("a", encoding="utf-8") as rows:
        for sample in samples:
            if time.monotonic() - began > seconds:
                break
            start = time.process_time()
            parts = [part for part in decode(Content(data=sample.data), settings).parts if isinstance(part, ImagePart)]
            decoded = time.process_time()
            letters = ocr.detect(parts)
            seen = time.process_time()
            codes = code.detect(parts)
            end = time.process_time()
            answers = [*letters, *codes]
            row = {
                "truth": asdict(sample.truth),
                "texts": [[p.origin.source.value, p.text] for a in answers for p in a.parts if isinstance(p, TextPart)],
                "findings": [[f.label, f.score, f.detector] for a in answers for f in a.findings],
                "ms": [round(1000 * t) for t in (decoded - start, seen - decoded, end - seen)],
                "pixels": parts[0].size[0] * parts[0].size[1],
            }
            rows.write(json.dumps(row, ensure_ascii=False) + "\n")
            rows.flush()


def judge(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Run the text detectors and the default policy over what was read; give the row with scores and action."""
    policy = default_policy()
    slots = Registry(DetectorContext(settings=Settings())).slots([PartKind.TEXT])
    detectors = [detector for slot in slots if (detector := slot.get()) is not None]
    for row in rows:
        parts = [TextPart(text=text, origin=Location(source=Source(source))) for source, text in row["texts"]]
        place = Location(source=Source.IMAGE)
        found = [
            Finding(label=label, score=score, location=place, detector=name, version="", reason="-")
            for label, score, name in row["findings"]
        ]
        scores: dict[str, float] = defaultdict(float)
        for detector in detectors:
            answers = detector.detect(parts)
            if detector.info.identifies_language:
                parts = [replace(part, language=answer.language) for part, answer in zip(parts, answers, strict=True)]
            for answer in answers:
                found += answer.findings
                for label, score in answer.scores.items():
                    scores[label] = max(scores[label], score)
        for finding in found:
            scores[finding.label] = max(scores[finding.label], finding.score)
        decision = decide(policy, "default", findings=found, context={}, kind="image", languages=(), incomplete={})
        findings = {f.label: max(g.score for g in found if g.label == f.label) for f in found}
        yield {**row, "scores": dict(scores), "found": findings, "action": decision.action.value, "rule": decision.rule}


def called_advert(row: dict[str, Any]) -> bool:
    """Say whether people or a block were called for, by a rule on advertising, spam or illegal goods."""
    strict = row["action"] in {Action.REVIEW.value, Action.BLOCK.value}
    return strict and str(row["rule"]).startswith(ADVERT_RULES)


def called_contact(row: dict[str, Any]) -> bool:
    """Say whether a contact or link was found among the words (or in a code)."""
    return max(row["found"].get("ads.contact", 0.0), row["found"].get("ads.link", 0.0)) >= 0.5


def tables(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, tuple[int, int]]]:
    """Count hits and pictures, by question and by condition."""
    counts: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)

    def count(table: str, keys: Sequence[str], hit: bool) -> None:
        for key in keys:
            hits, of = counts[table].get(key, (0, 0))
            counts[table][key] = (hits + hit, of + 1)

    for row in rows:
        truth, kind = row["truth"], row["truth"]["name"].split("-")[0]
        by = ["all", *(truth[key] for key in ("language", "scene", "condition") if truth[key])]
        if kind in {"advert", "twin", "real"}:
            count(
                f"{kind}: called an advert",
                [*by, *([truth["disguise"]] if truth["disguise"] else [])],
                called_advert(row),
            )
        if kind == "hidden":
            way = f"{truth['disguise']} | {truth['condition']}"
            count("hidden: contact found", ["all", truth["language"], truth["scene"], way], called_contact(row))
            if way != "plain | clean":
                count(
                    "hidden: contact found", [f"disguised, {truth['language']}", "disguised, all"], called_contact(row)
                )
        if kind in {"twin", "real"} and not truth["contact"]:
            count(f"{kind}: contact found", by, called_contact(row))
        if kind in {"paper", "twin", "real"}:
            count(f"{kind}: politics", by, row["found"].get("politics", 0.0) >= 0.5)
            layout = any(label == "politics" for label, _, _ in row["findings"])
            count(f"{kind}: politics by words and layout", by, layout)
        if truth["payload"] and not truth["payload"].isdigit():  # numbers of products are read, and not handed on
            right = any(text == truth["payload"] for source, text in row["texts"] if source == "code")
            count("code: payload read", [kind, truth["condition"]], right)
    return counts


def at_one_percent(rows: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """Give the score of advertising that at most 1 % of the twins reach, and the share of adverts that does."""

    def score(row: dict[str, Any]) -> float:
        return max(row["scores"].get(label, 0.0) for label in ADVERT_LABELS)

    twins = sorted((score(row) for row in rows if row["truth"]["name"].startswith("twin")), reverse=True)
    adverts = [score(row) for row in rows if row["truth"]["advert"]]
    limit = twins[int(len(twins) * 0.01)] if twins else 1.0
    return limit, sum(one > limit for one in adverts) / max(1, len(adverts))


def interval(hits: int, of: int) -> tuple[float, float]:
    """Give the 95 % interval of a share (Wilson)."""
    z, p = 1.96, hits / of
    middle, half = p + z * z / (2 * of), z * ((p * (1 - p) + z * z / (4 * of)) / of) ** 0.5
    return max(0.0, (middle - half) / (1 + z * z / of)), min(1.0, (middle + half) / (1 + z * z / of))


def compare(before: Path, after: Path) -> None:
    """Print how many of the lines that were read before are read after, line by line, and what was lost."""
    old, new = ({(row := json.loads(line))["truth"]["name"]: row for line in file.read_text("utf-8").splitlines()}
                for file in (before, after))  # fmt: skip
    kinds: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for name, row in old.items():
        if name not in new:
            continue
        was, now = (_lines(one) for one in (row, new[name]))
        kind = name.split("-")[0]
        kept = sum(line in now for line in was)
        for i, more in enumerate((kept, len(was), len(now) - sum(line in was for line in now), 1)):
            kinds[kind][i] += more
        if kept < len(was):
            print(f"  {name}: lost {[line for line in was if line not in now]}, "
                  f"gained {[line for line in now if line not in was]}")  # fmt: skip
    for kind, (kept, of, gained, pictures) in kinds.items():
        low, high = interval(kept, max(of, 1))
        print(f"{kind}: {kept} of {of} lines as before ({low:.2%}-{high:.2%}), {gained} others, {pictures} pictures")
    for label, rows in (("before", old), ("after", new)):
        times = sorted(rows[name]["ms"][1] for name in old if name in new)
        mean, middle = sum(times) / len(times), times[len(times) // 2]
        print(f"{label}: image.ocr {mean:.0f} ms of processor time on average, {middle} median")


def _lines(row: dict[str, Any]) -> list[str]:
    return ["".join(line.split()) for source, text in row["texts"] if source == "ocr" for line in text.splitlines()]


def _real(folders: Sequence[Path]) -> Iterator[Sample]:
    for folder in folders:
        for file in sorted(f for f in folder.rglob("*") if f.suffix.lower() in {".jpg", ".jpeg", ".png"}):
            truth = Truth(
                name=f"real-{file.name}",
                advert=False,
                contact=False,
                language="",
                scene=folder.name,
                condition="",
                disguise="",
            )
            yield Sample(data=file.read_bytes(), truth=truth)


def main() -> None:
    """Read, or judge and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("read", "judge", "compare"))
    parser.add_argument("rows", type=Path, nargs="*")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--each", type=int, default=1)
    parser.add_argument("--share", default="0/1")
    parser.add_argument("--thorough", action="store_true", help="search all of every picture for text")
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--photos", type=Path, nargs="*", default=[])
    parser.add_argument("--real", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    if given.what == "read":
        mine, of = map(int, given.share.split("/"))
        samples: Iterator[Sample]
        if given.real:
            samples = islice(_real(given.real), mine, None, of)
        else:
            photos = [f for folder in given.photos for f in folder.rglob("*") if f.suffix in {".jpg", ".png"}]
            renderer = Renderer(given.seed, photos, share=(mine, of))
            kinds = (renderer.adverts(given.each), renderer.twins(given.each), renderer.hidden(given.each))
            samples = chain(*kinds, papers(renderer, given.each))
        read(samples, given.out, given.seconds, thorough=given.thorough)
        return
    if given.what == "compare":
        compare(*given.rows)
        return
    rows = [json.loads(line) for file in given.rows for line in file.read_text("utf-8").splitlines()]
    judged = list(judge(rows))
    if given.out:
        given.out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in judged), "utf-8")
    for table, counted in sorted(tables(judged).items()):
        print(f"\n{table}")
        for key, (hits, of) in counted.items():
            low, high = interval(hits, of)
            print(f"  {key:32} {hits:4} of {of:4}  {hits / of:6.1%}  ({low:.1%}-{high:.1%})")
    limit, recall = at_one_percent(judged)
    print(f"\nat 1% of twins: score over {limit:.3f}, recall of adverts {recall:.1%}")
    times = sorted(row["ms"][1] for row in judged)
    print(
        f"image.ocr: median {times[len(times) // 2]} ms of processor time, 95% under {times[int(len(times) * 0.95)]} ms"
    )


if __name__ == "__main__":
    main()
