"""Measure and calibrate the sound events: ``python -m training.audio.calibrate --games FOLDER --speech FOLDER``.

Positives are few and mostly from games, so two numbers an event are all that is fitted: the score is the logistic of
`slope * logit(p) + offset`, p the highest probability of the event's classes, weighted as if one sound in ten held the
event. An event without positives keeps the slope of 1 and is moved so that 0.5 stands where one harmless sound in
two hundred lies above. Writes ``training/audio/events.json``; `training.audio.build` puts it into the card.

Args of the command: `--media` the development media; `--games` Debian's packages openarena-data, hedgewars-data,
wesnoth-1.16-data and warzone2100-data unpacked, each into a folder of its name (archives inside them too); `--speech`
asterisk-core-sounds-{en,es,fr,it,ru}-wav unpacked.
"""

from __future__ import annotations

import argparse
import csv
import fnmatch
import json
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from evenhand.inference.sound_features import patches
from evenhand.inference.vad import RATE, levelled

HERE = Path(__file__).parent
MODEL = HERE.parents[1] / "models" / "audio" / "src" / "evenhand_models_audio" / "yamnet.onnx"
MEDIA = HERE.parents[2] / "shared" / "data" / "media" / "audio"
CLASSES = {
    "gunshot": ("Gunshot, gunfire", "Machine gun", "Fusillade"),
    "explosion": ("Explosion", "Boom"),
    "scream": ("Screaming",),
    "siren": (
        "Siren",
        "Police car (siren)",
        "Ambulance (siren)",
        "Fire engine, fire truck (siren)",
        "Civil defense siren",
    ),
    "crying": ("Crying, sobbing", "Baby cry, infant cry"),
    "breaking glass": ("Shatter", "Breaking"),
}
_PRIOR = 0.1
_LONGEST_S = 30
_ROUNDS = 1000


def main() -> None:
    """Measure all sounds, fit, write and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--media", type=Path, default=MEDIA)
    parser.add_argument("--games", type=Path, required=True)
    parser.add_argument("--speech", type=Path, required=True)
    given = parser.parse_args()
    names = json.loads(MODEL.with_suffix(".card.json").read_text("utf-8"))["classes"]
    session = onnxruntime.InferenceSession(str(MODEL))
    held: list[tuple[str, bool, NDArray[np.float32]]] = []  # event or "", recorded, highest probability of each class
    for event, real, samples in _sounds(given.media, given.games, given.speech):
        sound = levelled(samples[: _LONGEST_S * RATE])
        if len(sound):
            held.append((event, real, session.run(["scores"], {"patches": patches(sound)})[0].max(0)))
    fitted: dict[str, dict[str, object]] = {}
    print("| event | sounds with it | without | AUC | AP | found at 0.5 | false at 0.5 | false, recorded sounds only |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, classes in CLASSES.items():
        columns = [names.index(one) for one in classes]
        rows = [(event == name, real, float(top[columns].max())) for event, real, top in held if event in ("", name)]
        truth = np.array([row[0] for row in rows])
        real = np.array([row[1] for row in rows])
        logits = _logit(np.array([row[2] for row in rows]))
        slope, offset = _fit(logits, truth) if truth.any() else (1.0, -float(np.quantile(logits, 0.995)))
        scores = 1 / (1 + np.exp(-(slope * logits + offset)))
        fitted[name] = {"classes": list(classes), "slope": round(slope, 4), "offset": round(offset, 4)}
        fitted[name]["positives"] = int(truth.sum())
        print(_row(name, truth, real, scores))
    (HERE / "events.json").write_text(json.dumps(fitted, indent=2) + "\n", "utf-8")


def _sounds(media: Path, games: Path, speech: Path) -> Iterator[tuple[str, bool, NDArray[np.float32]]]:
    with (HERE / "sounds.csv").open(newline="") as stream:
        rules = [(row["event"], row["folder"], row["pattern"]) for row in csv.DictReader(stream)]
    for folder, root in (("media", media), ("games", games)):
        for path in sorted(root.rglob("*")):
            if path.suffix.lower() in {".wav", ".ogg", ".flac"}:
                said = (event for event, where, like in rules if where == folder and fnmatch.fnmatch(str(path), like))
                event = next(said, "")
                if event != "aside" and len(samples := _decoded(path)) > RATE // 10:
                    yield event, folder == "media" and "freedoom" not in str(path), samples
    for path in sorted(speech.rglob("*.wav"))[::14]:
        if len(samples := _decoded(path)) > RATE // 2:
            yield "", True, samples
    yield from (("siren", False, sound) for sound in sirens())


def sirens(count: int = 30) -> Iterator[NDArray[np.float32]]:
    """Make sirens: wailing, yelping and two-tone, through a horn, with hiss and echo."""
    rng = np.random.default_rng(11)
    for number in range(count):
        times = np.arange(6 * RATE) / RATE
        low, high = rng.uniform(400, 700), rng.uniform(900, 1600)
        period = (rng.uniform(3, 6), rng.uniform(0.25, 0.4), rng.uniform(0.8, 1.4))[number % 3]
        phase = (times / period) % 1
        sweep = np.where(phase < 0.5, 0.0, 1.0) if number % 3 == 2 else 1 - np.abs(2 * phase - 1)
        turn = 2 * np.pi * np.cumsum(low + (high - low) * sweep) / RATE
        tone = sum(np.sin(k * turn) / k**1.2 for k in range(1, 6))
        delay = int(rng.uniform(0.05, 0.2) * RATE)
        tone[delay:] += 0.4 * tone[:-delay]
        yield (0.2 * tone + rng.uniform(0.001, 0.03) * rng.standard_normal(len(times))).astype(np.float32)


def _decoded(path: Path) -> NDArray[np.float32]:
    try:
        with av.open(str(path)) as media:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            frames = [piece for frame in media.decode(audio=0) for piece in resampler.resample(frame)]
    except (av.FFmpegError, IndexError):
        return np.zeros(0, np.float32)
    return np.concatenate([f.to_ndarray()[0] for f in frames]) if frames else np.zeros(0, np.float32)


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(p / (1 - p)))


def _fit(logits: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Fit slope and offset by Newton's method, positives weighted to the prior; a slight pull of the slope to 1."""
    weight = np.where(truth, _PRIOR / truth.sum(), (1 - _PRIOR) / (~truth).sum()) * 100
    given = np.stack([logits, np.ones_like(logits)], 1)
    values, pull = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    for _ in range(200):
        p = 1 / (1 + np.exp(-np.clip(given @ values, -60, 60)))
        slant = given.T @ (weight * (p - truth)) + pull * (values - [1.0, 0.0])
        curve = (given * (weight * p * (1 - p))[:, None]).T @ given + np.diag(pull)
        step = np.linalg.solve(curve, slant)
        values -= step * min(1.0, 0.5 / max(float(np.abs(step).max()), 1e-12))  # small steps, or it runs away
    return float(values[0]), float(values[1])


def _row(name: str, truth: NDArray[np.bool_], real: NDArray[np.bool_], scores: NDArray[np.float64]) -> str:
    rng = np.random.default_rng(3)
    high = scores >= 0.5
    false = f"{int((high & ~truth).sum())} of {int((~truth).sum())}"
    false_real = f"{int((high & ~truth & real).sum())} of {int((~truth & real).sum())}"
    if not truth.any():
        return f"| {name} | 0 | {int((~truth).sum())} | | | | {false} | {false_real} |"
    figures = []
    for _ in range(_ROUNDS):
        pick = np.concatenate([rng.choice(np.flatnonzero(t), t.sum()) for t in (truth, ~truth)])
        figures.append(_ranking(truth[pick], scores[pick]))
    low, up = np.quantile(figures, (0.025, 0.975), axis=0)
    (auc, ap) = _ranking(truth, scores)
    found = f"{int((high & truth).sum())} of {int(truth.sum())}"
    spans = [f"{v:.3f} ({a:.3f} to {b:.3f})" for v, a, b in zip((auc, ap), low, up, strict=True)]
    counts = f"{int(truth.sum())} | {int((~truth).sum())}"
    return f"| {name} | {counts} | {spans[0]} | {spans[1]} | {found} | {false} | {false_real} |"


def _ranking(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> tuple[float, float]:
    order = np.argsort(-scores, kind="stable")
    hits = truth[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    above = np.searchsorted(np.sort(scores[~truth]), scores[truth], "left")
    level = np.searchsorted(np.sort(scores[~truth]), scores[truth], "right")
    return float((above + level).mean() / 2 / (~truth).sum()), float(precision[hits].mean())


if __name__ == "__main__":
    main()
