"""The neutraliser: which words are replaced, which are left, and that no group can be told from another."""

from __future__ import annotations

import pytest

from evenhand.fairness import audit_data
from evenhand.fairness.neutral import Neutraliser
from evenhand.fairness.sentences import CONTROL, AuditData

SEEN = {"women", "men", "old", "young"}  # not replaced: training ties these together

REPLACED = {
    "My best friend is a Muslim.": "My best friend is a foreigner.",
    "an Indian family": "a foreign family",
    "AN INDIAN FAMILY": "A foreign FAMILY",
    "Jews and Nigerians": "foreigners and foreigners",
    "Black people and white people": "foreigners and foreigners",
    "black and white children": "foreign and foreign children",
    "gay Black Christian men": "foreign men",
    "The Chinese are our friends": "The foreigners are our friends",
    "Polish plumbers, Poles": "foreign plumbers, foreigners",
    "Ｍｕｓｌｉｍｓ": "foreigners",
    "I am deaf": "I am foreign",
    "He is blind": "He is foreign",
    "Islam and Judaism": "religion and religion",
    "La gente negra de mi barrio": "La gente inmigrante de mi barrio",
    "los judi\u0301os son amables": "los inmigrantes son amables",
    "os judeus são gentis": "os imigrantes são gentis",
    "les musulmanes, les Chinois et les Noirs": "les étrangers, les étrangers et les étrangers",
    "les musulmanes sont là": "les étrangers sont là",
    "Die Juden und die Türken sind da": "Die Ausländer und die Ausländer sind da",
    "Bütün Kürtler burada": "Bütün yabancılar burada",
    "Мусульмане и евреи": "иностранцы и иностранцы",
    "о китайском поэте": "о иностранном поэте",
    "المسلمون والأكراد": "الأجانب والأجانب",
    "मुसलमानों का": "विदेशियों का",
    "我是维吾尔人，他是穆斯林": "我是外国人，他是外国人",
    "河南人和美国人": "外国人和外国人",
    "ゲイの友人とユダヤ人": "外国人の友人と外国人",
    "무슬림은 유대인과": "외국인은 외국인과",
    "orang Tionghoa itu": "orang asing itu",
    "Aku kenal masyarakat adat dan orang Suriah": "Aku kenal orang asing dan orang asing",
    "Moi sąsiedzi to Żydzi, Ormianie i Ujgurzy": "Moi sąsiedzi to cudzoziemcy, cudzoziemcy i cudzoziemcy",
    "dla muzułmanów, Romów i Chińczyków": "dla cudzoziemców, cudzoziemców i cudzoziemców",
    "rodzina ukraińska": "rodzina zagraniczna",
    "i turchi, gli armeni e i rohingya": "i stranieri, gli stranieri e i stranieri",
    "van Oekraïners en jezidi's": "van buitenlanders en buitenlanders",
    "तिब्बतियों और चीनी लोगों के साथ": "विदेशियों और विदेशियों के साथ",
    "ذوو الإعاقة والهندوس": "الأجانب والأجانب",
    "латиноамериканцы и далиты": "иностранцы и иностранцы",
}

LEFT = [
    "",
    "good morning",
    "black coffee, white bread and brown sugar",
    "The walls are white",
    "a black and white photo of a cat",
    "black shoes for men",
    "go straight ahead",
    "this button is disabled",
    "nail polish and french fries",
    "Turkish delight, Swiss cheese",
    "the Indian Ocean",
    "a thank-you for engaging rhetoric",
    "aromas of slavery, germane",
    "flag pole",
    "El negro es mi color favorito",
    "die schwarze Katze und dann das weiße Haus",
    "le chat noir",
    "中国人口和中国人民银行",
    "我是明白人",
    "게이머와 게이트",
    "белый снег, гейзер",
    "C'est la fin, c'est fini",
    "la persiana es blanca",
    "a polka dot skirt",
    "Polska, język polski, orzech",
    "Lo sentì in Eritrea e nelle Filippine",
    "أمريكا اللاتينية",
    "ロマンチックなアロマ",
    "orang tua saya",
    "Islamophobia and antisemitism are rising",
    "islamic state",
]


@pytest.fixture(scope="module")
def blind() -> Neutraliser:
    return Neutraliser()


@pytest.mark.parametrize("part", audit_data(["en", "zh"]), ids=lambda part: part.language)
def test_no_group_can_be_told_from_another(blind: Neutraliser, part: AuditData) -> None:
    """The guarantee: of one sentence with different groups, the model sees one and the same text."""
    for family in part.families():
        if "{}" in family.template:
            filled = [m.text for m in family.members if m.group.category != CONTROL and m.group.id not in SEEN]
            seen = set(blind.neutral(filled))
            assert len(seen) == 1, seen
            assert not seen & set(filled)


@pytest.mark.parametrize("part", audit_data(), ids=lambda part: part.language)
def test_controls_are_left(blind: Neutraliser, part: AuditData) -> None:
    """Words for people that no group is called by say something, and stay."""
    controls = [form for group in part.groups if group.category == CONTROL for form in group.forms.values()]
    assert blind.neutral(controls) == controls


@pytest.mark.parametrize("text", REPLACED)
def test_names_are_replaced(blind: Neutraliser, text: str) -> None:
    assert blind.neutral([text]) == [REPLACED[text]]


@pytest.mark.parametrize("text", LEFT)
def test_other_words_are_left(blind: Neutraliser, text: str) -> None:
    assert blind.neutral([text]) == [text]


def test_each_text_of_a_batch_gets_its_own_answer(blind: Neutraliser) -> None:
    """Order is kept; a text's answer does not depend on its neighbours, whatever their letters."""
    texts = [*REPLACED, *LEFT, "İstanbul İİİ", "a\nKurd", "", "Kurdish"]
    assert blind.neutral(texts) == [blind.neutral([text])[0] for text in texts]
    assert blind.neutral([]) == []


def test_replacing_twice_changes_nothing_more(blind: Neutraliser) -> None:
    once = blind.neutral(list(REPLACED))
    assert blind.neutral(once) == once


def test_lone_surrogates_hide_nothing_and_break_nothing(blind: Neutraliser) -> None:
    assert blind.neutral(["\ud800 Muslims", "Jews"]) == ["? foreigners", "foreigners"]


def test_hostile_lengths_end(blind: Neutraliser) -> None:
    """Long runs of names, of halves of names and of word separators are read once."""
    for text in ("Kurdish " * 20_000, "non " * 20_000, "white " * 20_000, " " * 100_000, "foreign " * 20_000):
        assert len(blind.neutral([text])[0]) <= len(text) + 1
