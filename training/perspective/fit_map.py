"""Fit the score map for the text model in use, measure it, and write it: python -m training.perspective.fit_map

Writes the curves of that model version into src/evenhand/api/compat/perspective_map.json (those of other versions stay)
and the report quality/perspective.md. Scores are kept in the cache, by model version: a second run takes seconds.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from evenhand.domain.attributes import perspective_attributes
from training.common.fetch import DEFAULT_CACHE
from training.perspective import report
from training.perspective.data import ATTRIBUTES, PROMPTS, Floats, Texts, prompts, wikipedia_texts, wikipedia_theirs
from training.perspective.fitting import fit, part

ROOT = Path(__file__).parents[2]
MAP = ROOT / "src" / "evenhand" / "api" / "compat" / "perspective_map.json"
REPORT = ROOT / "quality" / "perspective.md"
SEED = 7


def score(texts: dict[str, Texts]) -> tuple[str, dict[str, Floats]]:
    """Score texts with the text model in use.

    Returns:
        The model's version, and for each set rows x 7.

    Raises:
        RuntimeError: a detector gave no answer for a text.
    """
    from evenhand import Moderator
    from evenhand.domain import Content, Options, Result
    from evenhand.settings import Settings

    # A slow machine must not make a model late: nothing here is urgent.
    with Moderator(Settings(plugins=False, detector_timeout_s=900, batch_size=32)) as moderator:
        version = moderator.check("hello").models["text.harm"]
        out: dict[str, Floats] = {}
        for name, rows in texts.items():
            kept = DEFAULT_CACHE / f"perspective-{version}-{name}-{len(rows.texts)}.npy"
            if not kept.is_file():
                contents = [Content(text=text, language="en") for text in rows.texts]
                found = []
                for answer in moderator.check_many(contents, options=Options(all_scores=True)):
                    if not isinstance(answer, Result) or answer.incomplete:
                        raise RuntimeError(f"a text was not scored: {answer.as_dict()}")
                    scores = perspective_attributes(answer.labels)
                    found.append([scores[attribute] for attribute in ATTRIBUTES])
                kept.parent.mkdir(parents=True, exist_ok=True)
                np.save(kept, np.array(found))
            out[name] = np.load(kept)
    return version, out


def main() -> None:
    """Fit, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "text", help="public data sets")
    parser.add_argument("--map", type=Path, default=MAP, help="the map that ships")
    parser.add_argument("--report", type=Path, default=REPORT, help="the report")
    arguments = parser.parse_args()

    comments, (harsh, harsh_theirs), comments_theirs = wikipedia_texts(arguments.data), prompts(), wikipedia_theirs()
    version, ours = score({"wikipedia": comments, "prompts": harsh})

    curves: dict[str, tuple[Floats, Floats]] = {}
    measured: list[report.Measured] = []
    for column, attribute in enumerate(ATTRIBUTES):
        here = report.Side(ours["wikipedia"][:, column], comments.weights, comments.toxic.astype(np.float64))
        there = report.Side(comments_theirs.scores[:, column], comments_theirs.weights, comments_theirs.toxic)
        curves[attribute] = fit(part(here.scores, here.harmless), part(there.scores, there.harmless))
        prompt = (ours["prompts"][:, column], harsh_theirs.scores[:, column])
        measured.append(report.measure(attribute, here=here, there=there, prompts=prompt, seed=SEED))
    write_map(arguments.map, version, curves, measured)
    arguments.report.write_text(report.page(version, measured), "utf-8")


def write_map(
    path: Path, version: str, curves: dict[str, tuple[Floats, Floats]], measured: list[report.Measured]
) -> None:
    """Put the curves of one model version into the file that ships; those of other versions stay as they are."""
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    document["card"] = {
        "name": "Perspective score map",
        "method": "quantile matching on harmless comments, with isotonic smoothing; "
        "python -m training.perspective.fit_map",
        "data": [
            "conversationai/perspectiveapi a9b6479, example_data/perspective_wikipedia_2k_score_sample_20180829.csv "
            "(Apache-2.0): Perspective's scores only",
            "a 2,000-row sample of the Jigsaw toxic comment challenge (CC0): texts scored here",
            f"RealToxicityPrompts (Apache-2.0), {measured[0].prompts} rows as in {PROMPTS.package} "
            f"{PROMPTS.version} (Apache-2.0): texts and Perspective's scores",
        ],
        "limits": "English; Perspective's models of 2018 to 2020; quality/perspective.md says how well it fits",
    }
    document.setdefault("models", {})[version] = {
        "attributes": {
            row.attribute: {
                "ours": curves[row.attribute][0].tolist(),
                "theirs": curves[row.attribute][1].tolist(),
                "harmless": {f"{t:.1f}": [round(a, 4), round(b, 4)] for t, a, b in row.harmless},
                "toxic": {f"{t:.1f}": [round(a, 4), round(b, 4)] for t, a, b in row.toxic},
                "rank_correlation": round(row.correlation[0], 3),
            }
            for row in measured
        }
    }
    path.write_text(_compact(document), "utf-8")


def _compact(document: dict[str, Any]) -> str:
    """Write JSON with a curve on one line."""
    import re

    text = json.dumps(document, indent=1, ensure_ascii=False)
    return re.sub(r"\[[^\[\]{}\"]*\]", lambda match: " ".join(match.group().split()), text) + "\n"


if __name__ == "__main__":
    main()
