"""text.flood: floods and gibberish, and the exuberance that is neither."""

from __future__ import annotations

import pytest

from evenhand.detectors.flood import FloodDetector
from evenhand.detectors.repetition import ramp
from evenhand.testing import DetectorContract, text_part

FLOOD, GIBBERISH = "spam.flood", "spam.gibberish"

FOUND = [  # (label, text, lowest score)
    (FLOOD, "JOIN MY GROUP NOW\n" * 20, 0.9),
    (FLOOD, "buy gold cheap " * 30, 0.9),
    (FLOOD, "加群领红包" * 30, 0.9),
    (FLOOD, "A" * 300, 0.9),
    (FLOOD, "哈" * 300, 0.9),
    (FLOOD, "\U0001f525" * 120, 0.9),
    (FLOOD, "\U0001f525\U0001f4b0" * 60, 0.7),
    (FLOOD, "купи " * 100, 0.9),
    (FLOOD, "اشتر الآن " * 60, 0.9),
    (FLOOD, "buynow" * 60, 0.5),
    (FLOOD, " ".join(f"#tag{i}" for i in range(40)), 0.9),
    (FLOOD, "hello " + " ".join(f"@user{i}" for i in range(40)), 0.8),
    (FLOOD, "".join(f"{c}\u0335\u0321\u0352\u0350" for c in "he comes he comes again"), 0.9),
    (GIBBERISH, "sdkjfhskdjfh wqoeiruqwp zxmcnbvzx", 0.8),
    (GIBBERISH, "asdfghjkl", 0.45),
    (GIBBERISH, "xkcjvbwq rtpzlmfg qwzxvbnk hjklmnbv", 0.8),
    (GIBBERISH, "ывапдлорп жщфцхкзн вдлжэюбть", 0.6),
    (GIBBERISH, "齉龘靐麤灪鱻籱钃鸞驫麣纞虋讟", 0.8),
]

CLEAN = [
    "hahahahaha that is so funny hahaha",
    "jajajajaja qué bueno",
    "wwwwwww 笑った",
    "哈哈哈哈哈哈哈哈",
    "ㅋㅋㅋㅋㅋㅋㅋㅋ 진짜 웃기다",
    "5555555 ตลกมาก",
    "Nooooooo waaaay!!!!!! That is sooooo good!!!",
    "no no no no, please",
    "very very very very good",
    "\U0001f602\U0001f602\U0001f602\U0001f602\U0001f602\U0001f602",
    "Row, row, row your boat,\nGently down the stream.\nMerrily, merrily, merrily, merrily,\nLife is but a dream.",
    "Twinkle, twinkle, little star,\nHow I wonder what you are!\nUp above the world so high,\n"
    "Like a diamond in the sky.\nTwinkle, twinkle, little star,\nHow I wonder what you are!",
    "- milk\n- bread\n- eggs\n- butter\n- apples\n- pears",
    "| name | age |\n|------|-----|\n| Ann  | 31  |\n| Bob  | 27  |\n| Eve  | 45  |",
    "====================\n TITLE\n====================",
    "+--------+\n|  o  o  |\n|   __   |\n+--------+\n",
    "床前明月光，疑是地上霜。举头望明月，低头思故乡。",
    "@ann @bob @eve see you at seven?",
    "lovely day #sun #sea #sand",
    "Hyvää huomenta kaikille, nähdään torstaina järven rannalla",
    "Değerlendirilemeyebilecekler arasında mısınız?",
    "Szczęśliwego Nowego Roku, przyjdźcie jutro na śniadanie",
    "Strč prst skrz krk",
    "Selamat pagi, apa kabar kalian semua hari ini?",
    "Mujhe lagta hai ki yeh bahut achha hai yaar",
    "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
    "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogoch",
    "Đường Nguyễn Huệ rất đẹp vào buổi tối",
    "Grüße aus Schwäbisch Gmünd, tschüss",
    "NASA, HTTP, HTML, XKCD and RSVP",
    "lol omg brb idk tbh smh ngl fr fr",
    "def parse_xml(src): return ctypes.cdll.LoadLibrary(src)",
    "kubectl -n kube-system get pods | grep nginx",
    "the hash is d41d8cd98f00b204e9800998ecf8427e, ok?",
    "https://example.com/qwrtpsdfg/zxcvbnm?x=asdfgh",
    "Прывітанне, як справы? Здравствуйте, взгляд вскользь",
    "Добрий день, щасливого шляху",
    "我们明天一起去图书馆读书好吗？我觉得那里很安静，适合学习。",
    "東京都渋谷区神南一丁目十九番十一号",
    "",
]

LOW = [  # may be noticed, but below one half
    (GIBBERISH, "the payload dGhpcyBpcyBhIHRlc3Qgb2YgYmFzZTY0IGVuY29kaW5n decodes to text"),
    (GIBBERISH, "dGhpcyBpcyBhIHRlc3Qgb2YgYmFzZTY0IGVuY29kaW5n"),
    (FLOOD, "hahahahahahahahahahahahahahahahahahahaha"),
    (FLOOD, "!!!!!!!!!!!!!!!!!!!!!!!!!"),
]


@pytest.fixture(scope="module")
def detector() -> FloodDetector:
    return FloodDetector()


@pytest.mark.parametrize(("label", "text", "least"), FOUND, ids=range(len(FOUND)))
def test_found(detector: FloodDetector, label: str, text: str, least: float) -> None:
    (answer,) = detector.detect([text_part(text)])
    assert [f.label for f in answer.findings] == [label]
    assert answer.findings[0].score >= least


@pytest.mark.parametrize("text", CLEAN, ids=range(len(CLEAN)))
def test_clean(detector: FloodDetector, text: str) -> None:
    (answer,) = detector.detect([text_part(text)])
    assert [(f.label, f.score) for f in answer.findings] == []


@pytest.mark.parametrize(("label", "text"), LOW)
def test_low(detector: FloodDetector, label: str, text: str) -> None:
    (answer,) = detector.detect([text_part(text)])
    assert answer.scores.get(label, 0.0) < 0.5


def test_score_grows_with_length(detector: FloodDetector) -> None:
    answers = detector.detect([text_part("come and join my group " * n) for n in (4, 6, 8, 12, 20)])
    scores = [answer.scores.get(FLOOD, 0.0) for answer in answers]
    assert scores == sorted(scores)
    assert scores[0] < 0.5 < scores[-1]


def test_span_is_where_it_is(detector: FloodDetector) -> None:
    (answer,) = detector.detect([text_part("look: " + "z" * 200 + " end")])
    assert answer.findings[0].location.span == (6, 206)


@pytest.mark.parametrize(("amount", "want"), [(0, 0.0), (10, 0.0), (20, 0.5), (40, 1.0), (400, 1.0)])
def test_ramp(amount: float, want: float) -> None:
    assert ramp(amount, 10, 40) == pytest.approx(want)


class TestContract(DetectorContract):
    def make(self) -> FloodDetector:
        return FloodDetector()


def test_a_flood_far_into_a_long_text_is_found_where_it_stands() -> None:
    quiet = "".join(f"Sentence number {n} tells of something else again. " for n in range(4_500))
    flood = "join my group now! " * 4_000
    (answer,) = FloodDetector().detect([text_part(quiet + flood)])
    assert answer.scores.get("spam.flood", 0.0) > 0.5
    span = answer.findings[0].location.span
    assert span is not None
    assert span[0] >= len(quiet) - 100_000
