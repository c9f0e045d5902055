"""What the models file may say of each model, as frozen records with their limits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from evenhand.domain import TAXONOMY, PartKind, is_label, is_under
from evenhand.fairness import refuse_label

_NOT_OF_MODELS = ("face", "known")  # faces have a detector with limits of its own; libraries are matched
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class Entry(BaseModel):
    """What every part of the file has in common: unknown keys are mistakes, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ExampleText(Entry):
    """A text that shows what the model does. It is run when models are loaded at the start."""

    text: str = Field(min_length=1, max_length=10_000)
    labels: tuple[str, ...] = ()  # labels that it must be given; none: nothing at all


class Model(Entry):
    """What every declared model has."""

    reads: ClassVar[PartKind] = PartKind.TEXT
    extra: ClassVar[str | None] = None  # the optional extra it needs

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="Names the detector: text.KIND:NAME.")
    description: str = Field("", max_length=300, description="One sentence for people.")
    threshold: Score = Field(0.5, description="Score from which a finding is given, where its label has no other.")

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        refuse_label(name, where="model name")
        return name

    @property
    def detector(self) -> str:
        """The detector's name."""
        raise NotImplementedError


class TextModel(Model):
    """What every declared model of texts has."""

    examples: tuple[ExampleText, ...] = Field((), max_length=20)


class Stored(Model):
    """A model whose files lie in a folder, or are fetched into one."""

    path: Path | None = Field(None, description="Its folder, relative to the models file.")
    hub: str | None = Field(None, pattern=r"^[\w.-]{1,96}/[\w.-]{1,96}$", description="Its id on the hub: owner/name.")
    revision: str | None = Field(None, pattern=r"^[0-9a-f]{40}$", description="Commit on the hub; required with hub.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.path is None) == (self.hub is None):
            raise ValueError("give either path (a folder) or hub (an id)")
        if self.hub is not None and self.revision is None:
            raise ValueError("hub needs revision, the 40 digits of a commit, so that the model cannot change")
        return self


class Target(Entry):
    """Where one output of a model leads."""

    label: str = Field(description="A label of the taxonomy, or one below a top-level label.")
    threshold: Score | None = None

    @field_validator("label")
    @classmethod
    def _is_ours(cls, label: str) -> str:
        return our_label(label)


class Classifier(Stored):
    """A classifier in the format of Hugging Face: outputs with names, in ONNX or safetensors."""

    runtime: Literal["auto", "onnx", "transformers"] = "auto"
    file: str | None = Field(None, description="ONNX file inside the folder, where there are several.")
    labels: dict[str, Target] = Field(min_length=1, max_length=200, description="The model's labels -> ours.")
    activation: Literal["auto", "softmax", "sigmoid"] = "auto"
    temperature: float = Field(1.0, gt=0, le=100, description="Logits are divided by it: calibrates the scores.")

    @field_validator("labels", mode="before")
    @classmethod
    def _short_form(cls, labels: Any) -> Any:
        return {k: {"label": v} if isinstance(v, str) else v for k, v in labels.items()} if _maps(labels) else labels

    @field_validator("labels")
    @classmethod
    def _asks_no_attribute(cls, labels: dict[str, Target]) -> dict[str, Target]:
        for theirs in labels:  # an output that reads an attribute stays one under whatever name of ours
            refuse_label(theirs, where="the model's label")
        return labels

    @field_validator("file")
    @classmethod
    def _stays_inside(cls, file: str | None) -> str | None:
        return inside(file)


class HfModel(TextModel, Classifier):
    """A Hugging Face text-classification model."""

    extra: ClassVar[str | None] = "hf"

    kind: Literal["hf"]
    max_tokens: int = Field(512, ge=8, le=8192, description="Most tokens read together.")
    window_bytes: int = Field(1000, ge=100, le=16_000, description="Most UTF-8 bytes of sentences read together.")
    max_windows: int = Field(64, ge=2, le=4096, description="Most windows of one text; of more, so many are sampled.")
    blind: bool = Field(True, description="Hide from the model which group of people a text names.")

    @property
    def detector(self) -> str:
        """The detector's name."""
        return f"text.hf:{self.name}"


class Ask(Entry):
    """How one label is asked for."""

    description: str | None = Field(None, max_length=2000, description="What it means; none: the taxonomy's words.")
    threshold: Score | None = None


class Limits(Entry):
    """Most that may be spent in one process; None: no limit."""

    requests_per_minute: Count | None = 600
    requests_per_day: Count | None = 20_000
    tokens_per_minute: Count | None = 500_000
    tokens_per_day: Count | None = 10_000_000


class Endpoint(Model):
    """A policy-reading model behind an OpenAI-compatible endpoint."""

    url: str = Field(description="Address up to /v1; /chat/completions is added.")
    plain_http: bool = Field(False, description="Allow http:// to another machine: contents travel unencrypted.")
    model: str = Field(min_length=1, max_length=200, description="The endpoint's name of the model.")
    api_key_env: str | None = Field(None, pattern=r"^[A-Za-z_]\w*$", description="Environment variable with the key.")
    policy: str | None = Field(None, min_length=1, max_length=100_000, description="What the model is to judge by.")
    policy_file: Path | None = Field(None, description="Or a text file with it, relative to the models file.")
    labels: dict[str, Ask] = Field(min_length=1, max_length=50, description="Labels asked for.")
    structured: Literal["auto", "schema", "plain"] = "auto"
    temperature: float | None = Field(0.0, ge=0, le=2, description="None: not sent.")
    max_output_tokens: int = Field(1000, ge=16, le=32_000)
    output_limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    connect_timeout_s: Seconds = 5.0
    read_timeout_s: Seconds = 20.0
    retries: int = Field(2, ge=0, le=8, description="Further tries after 408, 429, 5xx, and connections that fail.")
    concurrency: int = Field(4, ge=1, le=64, description="Requests at a time.")
    max_response_bytes: int = Field(256 * 1024, ge=1024, le=16 * 2**20)
    budget: Limits = Limits()

    @field_validator("labels", mode="before")
    @classmethod
    def _short_form(cls, labels: Any) -> Any:
        if isinstance(labels, list | tuple) and all(isinstance(label, str) for label in labels):
            return {label: {} for label in labels}
        return {k: v or {} for k, v in labels.items()} if _maps(labels) else labels

    @field_validator("labels")
    @classmethod
    def _are_ours(cls, labels: dict[str, Ask]) -> dict[str, Ask]:
        return {our_label(label): ask for label, ask in labels.items()}

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if (self.policy is None) == (self.policy_file is None):
            raise ValueError("give either policy (a text) or policy_file")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("url must be http:// or https:// with a host, such as https://llm.example/v1")
        if "@" in parts.netloc:
            raise ValueError("url must hold no user or password; name a variable in api_key_env")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not self.plain_http:
            raise ValueError("http:// sends contents unencrypted: use https://, or say plain_http: true")
        return self


class LlmModel(TextModel, Endpoint):
    """A language model that judges texts."""

    kind: Literal["llm"]
    window_bytes: int = Field(8000, ge=500, le=200_000, description="Most UTF-8 bytes of text in one request.")
    max_windows: int = Field(4, ge=2, le=256, description="Most requests for one text; of more, so many are sampled.")

    @property
    def detector(self) -> str:
        """The detector's name."""
        return f"text.llm:{self.name}"


def our_label(label: str) -> str:
    """Give back a label that a declared model may give.

    Raises:
        RefusedLabelError: it asks for a protected attribute or an identity.
        ValueError: it is outside the taxonomy, or not one that a declared model may give.
    """
    refuse_label(label)
    top = label.partition(".")[0]
    if top not in TAXONOMY or not (is_label(label) or re.fullmatch(r"[\w-]+(\.[\w-]+){1,5}", label)):
        raise ValueError(f"{label[:60]!r} is outside the taxonomy (docs/reference/labels.md)")
    if any(is_under(label, root) for root in _NOT_OF_MODELS):
        raise ValueError(f"{label!r} cannot be given by a declared model: it is measured or matched, not judged")
    return label


def inside(file: str | None) -> str | None:
    """Give back the name of an ONNX file inside a model's folder.

    Raises:
        ValueError: it is none, or leads out of the folder.
    """
    if file is not None and (Path(file).is_absolute() or ".." in Path(file).parts or not file.endswith(".onnx")):
        raise ValueError("must be an .onnx file inside the model's folder, without '..'")
    return file


def _maps(value: Any) -> bool:
    return isinstance(value, dict)
