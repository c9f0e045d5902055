"""audio.events: what is heard, when, and what a recording mostly is."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.detectors.sound import SoundDetector, stretches
from evenhand.domain import FACTS, TAXONOMY, Action, Finding
from evenhand.domain.facts import SOUNDS
from evenhand.policy import decide, default_policy
from evenhand.testing import DetectorContract
from tests.sounds import RATE, SHARED, gunfire, hostile, noise, samples_of, siren, sound, spoken

pytest.importorskip("faster_whisper")


@pytest.fixture(scope="module")
def detector() -> SoundDetector:
    return SoundDetector()


class TestContract(DetectorContract):
    def make(self) -> SoundDetector:
        return SoundDetector()


def found(detector: SoundDetector, samples: np.ndarray, *, start: float = 0.0) -> list[Finding]:
    return list(detector.detect([sound(samples, start=start)])[0].findings)


def strongest(findings: list[Finding]) -> Finding:
    return max(findings, key=lambda finding: finding.score)


def test_gunfire_is_heard_where_it_is(detector: SoundDetector) -> None:
    quiet = noise(5, level=0.003)
    best = strongest(found(detector, np.concatenate([quiet, gunfire(), quiet]), start=60.0))
    assert best.label == "violence.weapon"
    assert best.score > 0.85
    assert best.facts is not None
    assert best.facts["sound"] == "gunshot"
    assert best.location.time is not None
    begin, end = best.location.time
    # the shots fall from 5.5 to 7.1 seconds of the part, which begins at 60; a patch is 0.96 s
    assert 64.0 <= begin <= 65.8
    assert 66.5 <= end <= 68.7


def test_a_siren_is_a_mark_and_no_harm(detector: SoundDetector) -> None:
    best = strongest(found(detector, siren()))
    assert (best.label, dict(best.facts or {})["sound"]) == ("violence.distress", "siren")
    assert not TAXONOMY[best.label].harm


def test_the_policy_that_ships_marks_gunfire_and_lets_sirens_be(detector: SoundDetector) -> None:
    policy = default_policy()
    shots, alarm = found(detector, gunfire()), found(detector, siren())
    assert decide(policy, "default", findings=shots, kind="audio").action in (Action.MARK, Action.REVIEW)
    assert decide(policy, "default", findings=alarm, kind="audio").action is Action.PASS


def test_speech_is_no_event_and_is_told_as_speech(detector: SoundDetector) -> None:
    (answer,) = detector.detect([sound(spoken("harmless_en"))])
    assert [f for f in answer.findings if f.score >= 0.5] == []
    assert answer.notes == ("mostly speech",)


def test_silence_is_told(detector: SoundDetector) -> None:
    (answer,) = detector.detect([sound(np.zeros(3 * RATE, np.float32))])
    assert (answer.findings, answer.notes) == ((), ("mostly silence",))


def test_facts_are_of_the_list(detector: SoundDetector) -> None:
    for finding in found(detector, gunfire()) + found(detector, siren()):
        facts = dict(finding.facts or {})
        assert set(facts) <= set(FACTS)
        assert facts["sound"] in SOUNDS
        assert all(0 <= float(value) <= 1 for name, value in facts.items() if name.endswith("_share"))


def test_no_class_tells_who_is_heard(detector: SoundDetector) -> None:
    from evenhand.inference.cards import load_card

    names = load_card("evenhand_models_audio", "yamnet").raw["classes"]
    told = ("male", "female", "man", "woman", "child", "kid", "boy", "girl", "africa", "asia", "latin", "christian")
    words = {word for name in names for word in name.lower().replace(",", " ").split()}
    assert words.isdisjoint(told)


@pytest.mark.parametrize("name", hostile())
def test_hostile_sounds_are_answered(detector: SoundDetector, name: str) -> None:
    (answer,) = detector.detect([sound(hostile()[name])])
    assert all(0 <= score <= 1 for score in answer.scores.values())


def test_loudness_changes_little(detector: SoundDetector) -> None:
    scores = [strongest(found(detector, (gunfire() * level).astype(np.float32))).score for level in (0.02, 1.0, 30.0)]
    assert min(scores) > 0.5


@pytest.mark.parametrize(
    ("present", "runs"),
    [([], []), ([0, 0], []), ([1], [(0, 0)]), ([1, 1, 0, 1], [(0, 1), (3, 3)]), ([0, 1, 1], [(1, 2)])],
)
def test_stretches(present: list[int], runs: list[tuple[int, int]]) -> None:
    assert stretches(np.array(present, bool)) == runs


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the recordings of the development set")
def test_everyday_sounds_raise_no_alarm(detector: SoundDetector) -> None:
    files = sorted((SHARED / "esc10_fold1").glob("*/*.ogg"))
    harmless = [path for path in files if "Baby_cry" not in str(path) and "Fire_crackling" not in str(path)]
    alarms = [
        path.name
        for path in harmless
        if any(f.score >= 0.5 and f.label != "violence.distress" for f in found(detector, samples_of(path)))
    ]
    assert len(harmless) > 50
    assert len(alarms) <= 1, alarms


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the recordings of the development set")
def test_crying_is_heard(detector: SoundDetector) -> None:
    files = sorted((SHARED / "esc10_fold2").glob("*Baby_cry/*.ogg"))
    heard = [any(dict(f.facts or {}).get("sound") == "crying" for f in found(detector, samples_of(p))) for p in files]
    assert sum(heard) >= len(files) - 1
