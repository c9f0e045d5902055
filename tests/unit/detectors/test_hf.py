"""text.hf: a real small ONNX model and tokenizer, made here, loaded from a folder as an operator's would be."""

from __future__ import annotations

import hashlib
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenhand.detectors.base import Detection, DetectorContext
from evenhand.detectors.hf import HfDetector, make
from evenhand.detectors.models_schema import HfModel
from evenhand.domain import TextPart
from evenhand.errors import ModelError
from evenhand.settings import Settings
from evenhand.testing import DetectorContract
from tests.unit.detectors.tinymodel import LABELS, save_config, save_model, save_onnx, save_tokenizer

MAP = {"toxic": "harassment", "threat": {"label": "violence.threat", "threshold": 0.9}}
EXAMPLES = [{"text": "you are an idiot", "labels": ["harassment"]}, {"text": "a nice day"}]


def entry(folder: Path | None, **fields: Any) -> HfModel:
    given = {"kind": "hf", "name": "tiny", "path": folder, "labels": MAP, "examples": EXAMPLES, **fields}
    return HfModel.model_validate(given)


def made(folder: Path, *, settings: Settings | None = None, **fields: Any) -> HfDetector:
    return make(entry(folder, **fields), DetectorContext(settings=settings or Settings(plugins=False, threads=1)))


def look(detector: HfDetector, text: str) -> Detection:
    (answer,) = detector.detect([TextPart(text=text)])
    return answer


class TestTinyModel(DetectorContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = save_model(tmp_path / "tiny")

    def make(self) -> HfDetector:
        return made(self.folder)


def test_scores_are_those_of_the_model(tmp_path: Path) -> None:
    answer = look(made(save_model(tmp_path / "m")), "You are an IDIOT")
    assert answer.scores == pytest.approx({"harassment": 1 / (1 + np.exp(-4)), "violence.threat": 1 / (1 + np.exp(5))})
    assert [(f.label, f.location.span, f.detector) for f in answer.findings] == [
        ("harassment", (0, 16), "text.hf:tiny")
    ]


@pytest.mark.parametrize(
    ("fields", "want"),
    [
        ({"activation": "softmax"}, np.exp(4) / (np.exp(4) + np.exp(-5) + np.exp(2))),
        ({"temperature": 4.0}, 1 / (1 + np.exp(-1))),
        ({"labels": {"toxic": "harassment", "fine": "harassment"}}, 1 / (1 + np.exp(-4))),  # the highest of the two
        (  # outputs that exclude each other add up
            {"activation": "softmax", "labels": {"toxic": "harassment", "threat": "harassment"}},
            (np.exp(4) + np.exp(-5)) / (np.exp(4) + np.exp(-5) + np.exp(2)),
        ),
    ],
)
def test_activation_and_map(tmp_path: Path, fields: dict[str, Any], want: float) -> None:
    answer = look(made(save_model(tmp_path / "m"), **fields), "you are an idiot")
    assert answer.scores["harassment"] == pytest.approx(want, abs=1e-6)


def test_softmax_is_the_default_of_a_model_that_does_not_say_otherwise(tmp_path: Path) -> None:
    answer = look(made(save_model(tmp_path / "m", problem_type=None)), "you are an idiot")
    assert answer.scores["harassment"] == pytest.approx(np.exp(4) / (np.exp(4) + np.exp(-5) + np.exp(2)))


def test_a_label_has_its_own_threshold(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "m")
    assert "violence.threat" in {f.label for f in look(made(folder), "kill").findings}  # .98 is over .9
    strict = {"threat": {"label": "violence.threat", "threshold": 0.99}}
    assert not look(made(folder, labels=strict), "kill").findings


def test_one_harmful_sentence_in_a_long_text_is_found_and_placed(tmp_path: Path) -> None:
    plain = "A nice day. " * 200
    text = f"{plain}You are an idiot. {plain}"
    answer = look(made(save_model(tmp_path / "m"), window_bytes=100), text)
    (found,) = answer.findings
    start, end = found.location.span or (0, 0)
    assert "idiot" in text[start:end]
    assert end - start <= 110
    assert answer.partial is None


def test_nothing_is_lost_where_a_window_has_more_tokens_than_fit(tmp_path: Path) -> None:
    answer = look(made(save_model(tmp_path / "m"), max_tokens=8), "nice " * 100 + "idiot")
    assert [f.label for f in answer.findings] == ["harassment"]


def test_a_text_that_is_only_sampled_says_so(tmp_path: Path) -> None:
    answer = look(made(save_model(tmp_path / "m"), max_windows=3, window_bytes=100), "A nice day. " * 200)
    assert answer.partial is not None
    assert answer.partial.startswith("only 3 of ")


def test_the_model_does_not_see_which_group_is_named_unless_asked_to(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "m")
    assert not look(made(folder), "Muslims run fast").findings
    assert look(made(folder, blind=False), "Muslims run fast").findings


def test_the_version_names_the_file_and_changes_with_all_that_matters(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "m")
    first = made(folder).info.version
    assert hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest() in first
    assert made(save_model(tmp_path / "copy")).info.version == first
    assert made(folder, threshold=0.6).info.version != first
    save_config(folder, extra="changed")
    changed = made(folder).info.version
    save_onnx(folder / "model.onnx", weights={"day": (9.0, 0.0, 0.0)})
    assert len({first, changed, made(folder).info.version}) == 3


def test_a_file_that_changed_after_it_was_hashed_is_not_run(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "m")
    detector = made(folder)
    save_onnx(folder / "model.onnx", weights={})
    with pytest.raises(ModelError, match="changed while"):
        look(detector, "you are an idiot")


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("a pickle was loaded",))


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "m")
    (folder / "model.onnx").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelError, match="pickled weights"):
        made(folder)


@pytest.mark.parametrize(
    ("spoil", "fields", "message"),
    [
        (lambda f: (f / "tokenizer.json").unlink(), {}, "no tokenizer.json"),
        (lambda f: (f / "config.json").unlink(), {}, "config.json is missing"),
        (lambda f: (f / "config.json").write_text("["), {}, "not JSON"),
        (lambda f: save_config(f, auto_map={"AutoModel": "x.Y"}), {}, "code of its own"),
        (lambda f: (f / "adapter_config.json").write_text("{}"), {}, "adapter"),
        (lambda f: (f / "model.onnx").unlink(), {}, "neither model.onnx nor model.safetensors"),
        (lambda f: None, {"file": "onnx/other.onnx"}, "no onnx/other.onnx"),
        (lambda f: None, {"labels": {"toxik": "harassment"}}, "maps toxik; the model has toxic, threat, fine"),
        (
            lambda f: save_config(f, id2label={"0": "toxic"}),
            {"activation": "softmax", "labels": {"toxic": "hate"}},
            "1",
        ),
    ],
)
def test_what_cannot_be_used_is_said_at_once(tmp_path: Path, spoil: Any, fields: dict[str, Any], message: str) -> None:
    folder = save_model(tmp_path / "m")
    spoil(folder)
    with pytest.raises(ModelError, match=message):
        made(folder, **fields)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "model.onnx").write_bytes(b"not a model"), "cannot be loaded"),
        (lambda f: (f / "tokenizer.json").write_text("{}"), "tokenizer.json"),
        (lambda f: save_onnx(f / "model.onnx", labels=2), "names other outputs"),
    ],
)
def test_what_cannot_be_loaded_fails_and_never_reads_as_clean(tmp_path: Path, spoil: Any, message: str) -> None:
    folder = save_model(tmp_path / "m")
    spoil(folder)
    detector = made(folder)
    with pytest.raises(ModelError, match=message):
        look(detector, "you are an idiot")


def test_one_onnx_file_of_several_can_be_chosen(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "m")
    save_onnx(folder / "onnx" / "model_other.onnx", weights={"day": (9.0, 0.0, 0.0)})
    assert look(made(folder, file="onnx/model_other.onnx"), "a nice day").findings


def test_a_hub_model_is_read_from_its_folder_and_never_fetched_unless_allowed(tmp_path: Path) -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    settings = Settings(plugins=False, data_dir=tmp_path, threads=1)
    hub = entry(None, hub="someone/tiny", revision=revision)
    with pytest.raises(ModelError, match="EVENHAND_MODELS_DOWNLOAD"):
        make(hub, DetectorContext(settings=settings))
    snapshots = tmp_path / "models" / "models--someone--tiny" / "snapshots"
    snapshots.mkdir(parents=True)
    save_model(snapshots / revision)
    assert look(make(hub, DetectorContext(settings=settings)), "you are an idiot").findings


def test_without_onnx_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_model(tmp_path / "m")
    (folder / "model.onnx").unlink()
    (folder / "model.safetensors").write_bytes(b"\0")
    monkeypatch.setitem(sys.modules, "transformers", None)  # as where it is not installed
    with pytest.raises(ModelError, match=r"evenhand\[transformers\]"):
        look(made(folder), "hello")


def test_safetensors_are_run_by_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="the extra 'transformers' is not installed")
    torch = pytest.importorskip("torch", reason="the extra 'transformers' is not installed")
    torch.manual_seed(7)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    names = {"id2label": dict(enumerate(LABELS)), "label2id": {label: i for i, label in enumerate(LABELS)}}
    config = transformers.BertConfig(vocab_size=32, **sizes, **names, problem_type="multi_label_classification")
    model = transformers.BertForSequenceClassification(config).eval()
    model.save_pretrained(tmp_path, safe_serialization=True)
    save_tokenizer(tmp_path)
    with torch.inference_mode():
        want = torch.sigmoid(model(input_ids=torch.tensor([[2, 3, 4, 5]])).logits)[0, 0].item()
    answer = look(made(tmp_path), "you are an idiot")
    assert answer.scores["harassment"] == pytest.approx(want, abs=1e-5)
