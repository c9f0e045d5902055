"""image.llm against a real server on loopback: good answers, bad ones, what is sent, and what may be spent."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from evenhand.detectors.base import Detection, DetectorContext
from evenhand.detectors.llm_pictures import VisionLlmDetector, make
from evenhand.detectors.models_pictures import VisionLlmModel
from evenhand.domain import ImagePart, Location, Source
from evenhand.errors import DetectorError
from evenhand.settings import Settings
from evenhand.testing import DetectorContract, image_part
from tests.llm_server import Script, language_model
from tests.unit.detectors.tinypictures import BLUE, RED, plain

LABELS = ["violence.graphic", "ads.promotion"]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Script, str]]:
    script = Script()
    with language_model(script) as address:
        yield script, address


@pytest.fixture
def script(server: tuple[Script, str]) -> Script:
    server[0].__init__()  # type: ignore[misc]
    return server[0]


@pytest.fixture
def url(script: Script, server: tuple[Script, str]) -> str:
    return server[1]


def made(url: str, *, time_limit_s: float = 40.0, **fields: Any) -> VisionLlmDetector:
    given = {"kind": "vision-llm", "name": "eyes", "url": url, "model": "sees-1", "policy": "No blood.",
             "labels": LABELS, "read_timeout_s": 10, **fields}  # fmt: skip
    settings = Settings(plugins=False, detector_timeout_s=time_limit_s)
    return make(VisionLlmModel.model_validate(given), DetectorContext(settings=settings))


def look(detector: VisionLlmDetector, part: ImagePart | None = None) -> Detection:
    (answer,) = detector.detect([part or plain(RED)])
    return answer


def sent(body: dict[str, Any]) -> Image.Image:
    """Open the picture that was sent."""
    (said,) = body["messages"][1]["content"]
    head, _, data = said["image_url"]["url"].partition(",")
    assert (said["type"], head) == ("image_url", "data:image/jpeg;base64")
    image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
    image.load()
    return image


class TestContract(DetectorContract):
    @pytest.fixture(autouse=True)
    def _url(self, url: str, tmp_path: Path) -> None:
        self.url = url
        for name, colour in (("red", RED), ("blue", BLUE)):
            plain(colour).image.save(tmp_path / f"{name}.png")
        self.shown = [
            {"file": tmp_path / "red.png", "labels": ["violence.graphic"]},
            {"file": tmp_path / "blue.png"},
        ]

    def make(self) -> VisionLlmDetector:
        return made(self.url, examples=self.shown)


def test_a_good_answer_gives_scores_and_a_finding_with_its_box(url: str) -> None:
    image = Image.new("RGB", (2000, 1000), RED)
    answer = look(made(url), ImagePart(image=image, origin=Location(source=Source.FRAME, frame=4)))
    assert answer.scores == {"violence.graphic": 0.93, "ads.promotion": 0.02}
    (found,) = answer.findings
    assert found.location == Location(source=Source.FRAME, frame=4, box=(200.0, 200.0, 1000.0, 800.0))
    assert found.detector == "image.llm:eyes"
    assert answer.partial is None


def test_what_is_sent(script: Script, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", "k-123")
    look(made(url, api_key_env="OUR_KEY", detail="low"), image_part(3000, 1500, RED))
    (body,) = script.seen
    system, user = body["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert "No blood." in system["content"]
    assert user["content"][0]["image_url"]["detail"] == "low"
    assert sent(body).size == (1024, 512)
    assert body["response_format"]["json_schema"]["schema"]["required"] == LABELS
    assert script.headers[0]["authorization"] == "Bearer k-123"


def test_no_metadata_leaves_the_machine(script: Script, url: str) -> None:
    noted, file = PngImagePlugin.PngInfo(), io.BytesIO()
    noted.add_text("comment", "taken at home")
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    plain(RED).image.save(file, "PNG", pnginfo=noted, exif=exif, icc_profile=b"x" * 200, dpi=(99, 99))
    look(made(url), ImagePart(image=Image.open(file).convert("RGB")))
    image = sent(script.seen[0])
    assert not set(image.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert not image.getexif()


@pytest.mark.parametrize(("size", "side", "want"), [((50, 20), 1024, (50, 20)), ((2400, 1200), 2000, (2000, 1000)),
                                                    ((4000, 3000), 512, (512, 384)), ((9, 9), 64, (9, 9))])  # fmt: skip
def test_pictures_are_shrunk_and_never_blown_up(
    script: Script, url: str, size: tuple[int, int], side: int, want: tuple[int, int]
) -> None:
    look(made(url, max_side=side), image_part(*size))
    assert sent(script.seen[0]).size == want


def test_pictures_that_are_the_same_are_asked_about_once(script: Script, url: str) -> None:
    answers = made(url).detect([plain(RED), plain(BLUE), plain(RED)])
    assert [len(answer.findings) for answer in answers] == [1, 0, 1]
    assert len(script.seen) == 2


def test_a_long_picture_is_asked_about_in_pieces(script: Script, url: str) -> None:
    long = Image.new("RGB", (4000, 500), BLUE)
    long.paste(RED, (3000, 0, 4000, 500))
    answer = look(made(url, max_pieces=2), ImagePart(image=long))
    assert len(script.seen) == 2
    assert answer.partial is not None
    assert answer.partial.startswith("only 2 of ")
    (found,) = answer.findings
    assert found.location.box is not None
    assert found.location.box[0] > 2900


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("body not json", "not valid JSON"),
        ("says I think it is fine.", "not valid JSON"),
        ("says {}", "exactly the labels"),
        ('says {"violence.graphic": {"probability": 0, "box": null}}', "exactly the labels"),
        ('says {"violence.graphic": 0.1, "ads.promotion": 0.1}', "probability and box"),
        ('says {"violence.graphic": {"probability": 0, "quote": null}, "ads.promotion": {}}', "probability and box"),
        ('says {"violence.graphic": {"probability": 9, "box": null}, "ads.promotion": {}}', "from 0 to 1"),
        ("cut", "cut off"),
        ("refusal", "refused"),
        ("huge", "more than"),
        ("401", "answered 401; is the key right"),
        ("413", "answered 413"),
    ],
)
def test_a_bad_answer_never_reads_as_clean(script: Script, url: str, step: str, why: str) -> None:
    script.steps = [step]
    answer = look(made(url, retries=0))
    assert not answer.findings
    assert not answer.scores
    assert why in (answer.partial or "")


@pytest.mark.parametrize(
    "box", [[0, 0, 1], [0.5, 0, 0.2, 1], [0, 0, 512, 512], ["a", 0, 1, 1], "left", [None] * 4, [True, 0, 1, 1]]
)
def test_a_box_that_is_none_leaves_the_whole_picture(script: Script, url: str, box: object) -> None:
    judged = {"violence.graphic": {"probability": 0.9, "box": box}, "ads.promotion": {"probability": 0, "box": None}}
    script.steps = [f"says {json.dumps(judged)}"]
    (found,) = look(made(url)).findings
    assert found.location.box is None


def test_a_further_try_mends_what_passes(script: Script, url: str) -> None:
    script.steps = ["503", "after 0"]
    answer = look(made(url))
    assert answer.findings
    assert len(script.seen) == 3


def test_an_endpoint_without_structured_output_is_asked_in_plain_words(script: Script, url: str) -> None:
    script.knows_schema = False
    assert look(made(url)).findings
    assert ["response_format" in body for body in script.seen] == [True, False]


def test_time_runs_out_for_each_picture_by_itself(script: Script, url: str) -> None:
    script.steps = ["good", "slow"]
    first, second = made(url, concurrency=1, time_limit_s=4.0, retries=0).detect([plain(RED), plain(BLUE)])
    assert first.findings
    assert "not judged" in (second.partial or "")


def test_the_budget_counts_a_picture_by_its_size(script: Script, url: str) -> None:
    small = made(url, budget={"tokens_per_minute": 1800}, max_output_tokens=16)
    assert look(small, plain(RED)).findings
    large = made(url, budget={"tokens_per_minute": 1800}, max_output_tokens=16)
    assert "the budget of 1800 tokens a minute is spent" in (look(large, image_part(1024, 1024)).partial or "")
    told = made(url, budget={"tokens_per_minute": 1800}, max_output_tokens=16, tokens_per_picture=85)
    assert look(told, image_part(1024, 1024, RED)).findings
    assert len(script.seen) == 2


def test_no_endpoint_at_all() -> None:
    answer = look(made("http://127.0.0.1:9/v1", retries=0))
    assert "cannot be reached" in (answer.partial or "")


def test_a_missing_key_is_told(url: str) -> None:
    with pytest.raises(DetectorError, match="OUR_MISSING_KEY"):
        made(url, api_key_env="OUR_MISSING_KEY")


def test_the_version_changes_with_what_is_asked(url: str) -> None:
    versions = [
        made(url, **fields).info.version for fields in ({}, {"policy": "x"}, {"max_side": 512}, {"quality": 70})
    ]
    assert len(set(versions)) == 4
    assert all(version.startswith("sees-1+") for version in versions)
