"""Contact sheets and thumbnails of incidents, drawn of real recordings."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evenhand.actions.sheet import HEIGHT, WIDTH, best_time, clock, sheet, thumbnails
from evenhand.decode import decode
from evenhand.domain import Action, Content, Finding, Incident, Location, Modality, Result, Source
from evenhand.errors import InputError
from evenhand.settings import Settings
from tests.recordings import sound, tone, video

SETTINGS = Settings()


def stripes(moment: float) -> Image.Image:
    """Draw fine stripes, red from 2 s to 4 s and green else."""
    colours = ((230, 20, 20), (80, 0, 0)) if 2 <= moment < 4 else ((20, 200, 20), (0, 60, 0))
    rows = np.repeat(np.arange(180)[:, None] // 6 % 2, 320, axis=1)
    return Image.fromarray(np.asarray(colours, np.uint8)[rows])


def result_of(data: bytes, *incidents: Incident, incomplete: dict[str, str] | None = None) -> Result:
    found = tuple(finding for incident in incidents for finding in incident.findings)
    return Result(
        id=None,
        decision_id="d",
        action=Action.REVIEW,
        labels={},
        findings=found,
        rule=None,
        reason="r",
        incomplete=incomplete or {},
        policy="p@1/default",
        models={},
        content_hash=decode(Content(data=data), SETTINGS).content_hash,
        incidents=incidents,
    )


def incident(label: str, start: float, end: float, source: Source = Source.FRAME) -> Incident:
    place = Location(source=source, time=(start, end))
    one = Finding(label=label, score=0.9, location=place, detector="d", version="1", reason="seen")
    way = Modality.SEEN if source is Source.FRAME else Modality.HEARD
    return Incident(
        start=start, end=end, label=label, score=0.9, labels={label: 0.9}, modalities=(way,), count=1, findings=(one,)
    )


def sharpness(image: Image.Image) -> float:
    return float(np.abs(np.diff(np.asarray(image.convert("L"), np.float32), axis=0)).mean())


@pytest.fixture(scope="module")
def clip() -> bytes:
    return video(stripes, seconds=8, fps=5)


def test_an_incident_shows_the_frame_of_its_strongest_finding(clip: bytes) -> None:
    (one,) = thumbnails(Content(data=clip), result_of(clip, incident("violence.weapon", 3.0, 3.0)), SETTINGS)
    assert (one.number, one.time, one.blurred) == (0, 3.0, False)
    with Image.open(BytesIO(one.data)) as image:
        red, green, _ = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))  # type: ignore[misc]
        assert image.size == (WIDTH, HEIGHT)
        assert red > 3 * green
        assert sharpness(image) > 10


@pytest.mark.parametrize("label", ["sexual.nudity", "violence.graphic", "known.black"])
def test_what_people_should_not_see_is_blurred_unless_asked_otherwise(clip: bytes, label: str) -> None:
    result = result_of(clip, incident(label, 3.0, 3.0))
    (blurred,) = thumbnails(Content(data=clip), result, SETTINGS)
    (plain,) = thumbnails(Content(data=clip), result, SETTINGS, blur=False)
    assert (blurred.blurred, plain.blurred) == (True, False)
    with Image.open(BytesIO(blurred.data)) as covered, Image.open(BytesIO(plain.data)) as shown:
        assert sharpness(covered) < 2 < 10 < sharpness(shown)


def test_a_sheet_holds_incidents_and_the_whole_recording(clip: bytes) -> None:
    result = result_of(clip, incident("sexual.nudity", 3.0, 3.4), incident("violence.weapon", 7.0, 7.0))
    made = sheet(Content(data=clip), result, SETTINGS, frames=8)
    # Frames of the whole recording stand at 0.5, 1.5 ... 7.5 s; 1 s to 5.4 s may show the same as what was found.
    assert (made.incidents, made.frames, made.blurred, made.notes) == (2, 8, 1 + 4, ())
    with Image.open(BytesIO(made.data)) as page:
        assert (page.format, page.size) == ("JPEG", made.size)


def test_where_the_detector_of_such_things_failed_all_is_blurred(clip: bytes) -> None:
    result = result_of(clip, incident("violence.weapon", 7.0, 7.0), incomplete={"image.nudity": "crashed"})
    made = sheet(Content(data=clip), result, SETTINGS, frames=3)
    assert made.blurred == 4
    assert "not everything could be looked at" in made.notes[0]


def test_a_sound_has_a_page_without_pictures() -> None:
    heard = sound(tone(3.0))
    result = result_of(heard, incident("violence.weapon", 1.0, 2.0, Source.AUDIO))
    made = sheet(Content(data=heard), result, SETTINGS)
    assert (made.incidents, made.frames, made.blurred) == (1, 0, 0)
    assert thumbnails(Content(data=heard), result, SETTINGS) == []


def test_many_incidents_make_a_page_of_bounded_size(clip: bytes) -> None:
    many = [incident("violence.weapon", n / 100, n / 100) for n in range(300)]
    made = sheet(Content(data=clip), result_of(clip, *many), SETTINGS, frames=1_000)
    assert made.incidents + made.frames == 96
    assert made.size[1] < 8_000
    assert any("252 less sure incidents" in note for note in made.notes)


def test_refused(clip: bytes, tmp_path: Path) -> None:
    other = video(stripes, seconds=1, fps=5)
    with pytest.raises(InputError, match="another content"):
        sheet(Content(data=other), result_of(clip), SETTINGS)
    with pytest.raises(InputError, match="no video"):
        sheet(Content(text="words"), result_of(clip), SETTINGS)
    with pytest.raises(InputError, match="URL"):
        sheet(Content(url="http://localhost/x"), result_of(clip), SETTINGS)


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00.0"), (61.25, "1:01.2"), (3723.44, "1:02:03.4")])
def test_clock(seconds: float, said: str) -> None:
    assert clock(seconds) == said


def test_what_is_only_heard_shows_its_start() -> None:
    assert best_time(incident("violence.weapon", 4.0, 6.0, Source.AUDIO)) == 4.0
