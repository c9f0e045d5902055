"""Train, export, calibrate, measure and describe the harm reader."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from evenhand.inference.reader import runs
from training.common.fetch import fetch, sha256_of
from training.text import develop, generate, measure, public, report, spans, targets
from training.text.corpus import Corpus, seen
from training.text.export_reader import export_lower, export_spans, export_upper, export_words, fit_quants
from training.text.finetune import Recipe, Tokenizer, Tokens, logits, steps_of, tokenise, train
from training.text.network import Network
from training.text.rows import LABELS, Row
from training.text.shipped import from_shipped
from training.text.small_e5 import SOURCE, PackedFile, write_tokenizer

NAME = VERSION = "text-2026.5"
WORDS, TOKENIZER = "reader.words", "reader.tokenizer.model"
LICENCES = ("LICENSE.apache-2.0.txt", "LICENSE.mit-e5.txt")
EVENING = 400  # texts that show how large the inputs of each layer become
HIDDEN = 0.0004  # share of all rows that the lower part may settle though the upper part would have doubts

F32 = NDArray[np.float32]


def build(data: Path, cache: Path, package: Path, past: Path, root: Path, *, state: Path | None = None) -> None:
    """Make everything of the reader.

    Args:
        data: folder of the public data sets.
        cache: folder for downloads and the trained state.
        package: folder of the data package.
        past: folder of the data package with the version that the training starts from.
        root: the repository.
        state: a trained state to export instead of training.
    """
    file = PackedFile(fetch(SOURCE, cache=cache))
    write_tokenizer(file, package / TOKENIZER)
    tokenizer = Tokenizer(package / TOKENIZER)
    corpus = Corpus(data, tokenizer)
    recipe = Recipe()
    torch.manual_seed(recipe.seed)  # the new heads start at random
    net = from_shipped(file, [past / f"{recipe.start}.{part}.onnx" for part in ("lower", "upper")])
    if state is None:
        state = cache / f"{NAME}.pt"
        fit(net, corpus, recipe, state)
    net.load_state_dict(torch.load(state, weights_only=True), strict=False)
    net.eval()
    sure = spans.fit(net, tokenizer, data)
    held = corpus.held("calibrate")
    quants = fit_quants(net, [held.ids[i] for i in np.random.default_rng(3).permutation(len(held))[:EVENING]])
    export_words(file, package / f"{WORDS}.onnx")
    export_lower(net, quants, package / f"{NAME}.lower.onnx")
    export_upper(net, quants, package / f"{NAME}.upper.onnx")
    export_spans(net, package / f"{NAME}.spans.onnx")
    describe(net, corpus, held, tokenizer, recipe, package, root, sure)


def fit(net: Network, corpus: Corpus, recipe: Recipe, state: Path) -> None:
    """Train and keep the state, without the embeddings, which do not change.

    The result is a weighed mean of the weights before and after (Wortsman et al. 2022, "Robust fine-tuning of zero-shot
    models"): it does better than either on kinds of text that the training does not have. The span head, which is new,
    is not mixed.
    """
    before = {name: value.clone() for name, value in net.state_dict().items()}
    epochs = [corpus.epoch(recipe.first + number) for number in range(recipe.epochs)]
    train(net, iter(epochs), recipe, steps_of(epochs, recipe))
    after = net.state_dict()
    mixed = {name: before[name].lerp(value, 1 - recipe.keep) for name, value in after.items() if name != "words.weight"}
    torch.save(mixed | {name: after[name] for name in mixed if name.startswith("span")}, state)


class Shipped:
    """The exported files, run as they will be."""

    def __init__(self, package: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 2
        self._words, self._lower, self._upper = (
            ort.InferenceSession(str(package / f"{name}.onnx"), options, providers=["CPUExecutionProvider"])
            for name in (WORDS, f"{NAME}.lower", f"{NAME}.upper")
        )

    def logits(self, data: Tokens) -> tuple[F32, F32]:
        """Logits float32[n, labels] of the lower and of the upper part."""
        early = np.zeros((len(data), len(LABELS)), np.float32)
        late = np.zeros_like(early)
        for at in runs([len(ids) for ids in data.ids], 512):
            ids = np.stack([data.ids[i] for i in at]).astype(np.int64)
            early[at], hidden = self._lower.run(["early", "hidden"], {"words": self._words.run(None, {"ids": ids})[0]})
            late[at] = self._upper.run(["logits"], {"hidden": hidden})[0]
        return early, late


def describe(
    net: Network,
    corpus: Corpus,
    held: Tokens,
    tokenizer: Tokenizer,
    recipe: Recipe,
    package: Path,
    root: Path,
    sure: float,
) -> None:
    """Calibrate on one held-out tenth, measure on another, write cards and report."""
    shipped = Shipped(package)
    test, rows = corpus.held("test"), corpus.counts()
    held_early, held_late = shipped.logits(held)
    test_early, test_late = shipped.logits(test)
    calibration = measure.calibrate(held, held_late)
    early = measure.calibrate(held, held_early)
    scores = measure.scores(calibration, test_late)
    rule = early_rule(held_early, early, (measure.scores(calibration, held_late) >= 0.5).any(1))
    settled = doubt(rule, test_early, early) < rule["limit"]
    shown = np.where(settled[:, None], measure.scores(early, test_early), scores)
    figures = measure.quality(test, shown, calibration)
    figures += cascade(settled, scores, shown, calibration)
    figures += targets.figures(test, shown)
    tests = develop.rows()

    def judged(rows: list[Row]) -> F32:
        return judged_as_seen(seen(rows))

    def judged_as_seen(rows: list[Row]) -> F32:
        first, last = shipped.logits(tokenise(rows, tokenizer, {}))
        done = (doubt(rule, first, early) < rule["limit"])[:, None]
        out: F32 = np.where(done, measure.scores(early, first), measure.scores(calibration, last))
        return out

    recommended = np.array([calibration[label]["recommended"] for label in LABELS], np.float32)
    developed = develop.figures(tests, {name: judged(own) for name, own in tests.items()}, recommended)
    disguised = develop.disguised(tests)
    harm = np.array([label not in measure.NEUTRAL for label in LABELS])
    developed += develop.robustness(
        disguised, {kind: (judged(own)[:, harm] >= 0.5).any(1) for kind, own in disguised.items()}
    )
    audited = seen(generate.audit())
    fairness = measure.fairness(audited, judged_as_seen(audited), calibration)
    exact = logits(net, test.ids[:2000])
    fields: dict[str, Any] = {
        "version": VERSION,
        "licence": "Apache-2.0 AND MIT",
        "licence_text": LICENCES[0],
        "training_data": sources(rows),
        "intended_use": "Finding texts that people or policies should look at. Not a judge of persons; not to act on "
        "alone where a mistake does harm: let a policy send doubtful scores to review.",
        "limits": LIMITS,
        "source": {"package": SOURCE.package, "version": SOURCE.version, "file": SOURCE.member,
                   "sha256": SOURCE.member_sha256},
        "files": {name: sha256_of(package / name) for name in LICENCES},
        "conversion": {
            "command": "python -m training.text.build --only reader",
            "changed": f"{recipe.start} trained on; dense weights int8 by column, their inputs uint8 by fixed ranges, "
            "evened out; the head that points at words is new",
            "mean difference of a logit from training": round(float(np.abs(exact - test_late[:2000]).mean()), 4),
            "recipe": dataclasses.asdict(recipe),
        },
    }  # fmt: skip
    card(package, f"{NAME}.lower", fields | {
        "task": "Reads an embedded text through three layers, and says early what it can.",
    })  # fmt: skip
    card(package, f"{NAME}.upper", fields | {
        "task": f"Scores a text for {len(LABELS)} labels of the taxonomy and says where each stands.",
        "labels": {label: j for j, label in enumerate(LABELS)},
        "calibration": calibration,
        "early": {"calibration": early, **rule},
        "quality": figures + developed + fairness,
    })  # fmt: skip
    card(package, f"{NAME}.spans", fields | {
        "task": "Points at the words that make a text toxic.", "sure": sure, "recipe": spans.__doc__,
    })  # fmt: skip
    card(package, WORDS, fields | {
        "task": "Embeds the ids of a text.", "version": "1", "limits": [], "training_data": [], "licence": "MIT",
        "licence_text": LICENCES[1],
        "conversion": {"command": "python -m training.text.build --only reader", "changed": "nothing: four bits"},
        "files": {name: sha256_of(package / name) for name in (TOKENIZER, *LICENCES)},
    })  # fmt: skip
    text = report.render(VERSION, calibration, figures, developed, fairness, rows, recipe)
    (root / "quality" / "text_model.md").write_text(text, "utf-8")


def early_rule(logits: F32, calibration: dict[str, dict[str, Any]], doubted: NDArray[np.bool_]) -> dict[str, Any]:
    """Fit a weighing of the early logits, and of the highest calibrated one, that says who should be read on.

    The limit: the largest below which at most HIDDEN of all rows are settled that the upper part doubts.
    """
    rule = LogisticRegression(max_iter=500, C=0.1).fit(np.c_[logits, highest(logits, calibration)], doubted)
    weights = np.round(rule.coef_[0], 5)
    out = {"weights": dict(zip(LABELS, weights[:-1].tolist(), strict=True)), "most": float(weights[-1])}
    said = doubt(out, logits, calibration)
    return out | {"limit": round(float(np.sort(said[doubted])[int(HIDDEN * len(logits))]), 5)}


def highest(logits: F32, calibration: dict[str, dict[str, Any]]) -> F32:
    """The highest calibrated logit of each row, float32[n]."""
    a, b = (np.array([calibration[label][name] for label in LABELS], np.float32) for name in "ab")
    return (logits * a + b).max(1)  # type: ignore[no-any-return]


def doubt(rule: dict[str, Any], logits: F32, calibration: dict[str, dict[str, Any]]) -> F32:
    """What the rule makes of early logits, float32[n]."""
    weights = np.array([rule["weights"][label] for label in LABELS], np.float32)
    return logits @ weights + rule["most"] * highest(logits, calibration)  # type: ignore[no-any-return]


def cascade(
    settled: NDArray[np.bool_], scores: F32, shown: F32, calibration: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """How often the lower part is enough, and how many decisions that changes."""
    changed = measure.any_alarm(scores, calibration) != measure.any_alarm(shown, calibration)
    n = len(settled)
    return [
        measure.entry("settled by the lower part", "all test rows", n, float(settled.mean()),
                      measure.wilson(int(settled.sum()), n)),
        measure.entry("decision at the recommended thresholds changed by that", "all test rows", n,
                      float(changed.mean()), measure.wilson(int(changed.sum()), n)),
    ]  # fmt: skip


def sources(rows: Counter[str]) -> list[dict[str, Any]]:
    """Every data set with its licence and the rows of one epoch."""
    out = [
        {"name": item.name, "source": source, "commit": commit, "licence": item.licence, "rows": rows[item.name]}
        for item in public.SOURCES
        for source, commit in [pinned(item.source)]
    ]  # fmt: skip
    own = {"source": "this repository", "commit": VERSION, "licence": "Apache-2.0"}
    out.append({"name": "written (training/text/generate.py, phrases/)", **own, "rows": rows["written"]})
    swap = "copies of public rows with the group of people swapped (training/text/swap.py)"
    out.append({"name": swap, **own, "licence": "that of each row's source", "rows": rows["swapped"]})
    return out


def pinned(source: str) -> tuple[str, str]:
    """A source without and with the commit or version that ends it, "" where it names none."""
    name, _, last = source.rpartition(" ")
    return (name, last) if any(c.isdigit() for c in last) and not last.startswith("v") else (source, "")


def card(package: Path, name: str, fields: dict[str, Any]) -> None:
    """Write the card of one file."""
    path = package / f"{name}.onnx"
    whole = {"name": name, "file": path.name, "sha256": sha256_of(path), "bytes": path.stat().st_size,
             "labels": {}, "quality": [], "calibration": {}} | fields  # fmt: skip
    (package / f"{name}.card.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", "utf-8")


LIMITS = [
    "Scores are calibrated on held-out rows weighed to a fixed share of positives, not to a platform's own.",
    "Sexual text, violence, extremism, self-harm, scams, contraband and politics rest mostly on sentences written for "
    "this project: expect lower recall on real text than on held-out written rows.",
    "Outside English, Chinese and German, nearly all training text was written for this project by few hands.",
    "Blind to which group is named only as far as the names stand in fairness/data/neutral.txt.",
    "Irony, quotation without marks, and context before the message are often beyond it.",
    "It reads 160 tokens at a time; longer texts in windows of whole sentences.",
]
