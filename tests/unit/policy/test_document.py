"""Reading policy documents: what they can say, and what is wrong with which line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.domain import Action
from evenhand.errors import PolicyError, RefusedLabelError
from evenhand.policy import default_policy, default_policy_text, load_policy, policy_schema

GOOD = """\
name: house
version: 1.10
description: ours
incomplete: mark
lines:
  default:
    skip: [image.ocr]
    except: {label: known.white}
    rules:
      - name: links
        when: {label: ads.link}
        action: mark
      - name: hate
        when: {label: hate, score: 0.8}
        action: block
        except: null
  chat:
    extends: default
    skip: [image.code]
    remove: [hate]
    rules:
      - name: own
        when: {label: spam.crypto}
        action: review
      - name: links
        when: {label: ads.link}
        action: block
  strict:
    extends: evenhand
    incomplete: block
"""


def refuse(name: str) -> None:
    """Refuse one label, as the door above this package does."""
    if "refused" in name:
        raise RefusedLabelError(f"{name} is refused")


def problems(text: str) -> tuple[tuple[int, str], ...]:
    """Give the problems of a wrong document."""
    with pytest.raises(PolicyError) as caught:
        load_policy(text, check_label=refuse)
    return caught.value.problems


def test_a_good_document() -> None:
    """Inheritance, replacement, removal, defaults."""
    policy = load_policy(GOOD)
    assert (policy.name, policy.version, policy.description) == ("house", "1.10", "ours")
    assert list(policy.lines) == ["default", "chat", "strict"]
    default, chat, strict = policy.lines.values()
    assert [rule.name for rule in default.rules] == ["links", "hate"]
    assert [(rule.name, rule.action) for rule in chat.rules] == [("own", Action.REVIEW), ("links", Action.BLOCK)]
    assert chat.skip == {"image.ocr", "image.code"}
    assert (default.incomplete, chat.incomplete, strict.incomplete) == (Action.MARK, Action.MARK, Action.BLOCK)
    assert default.rules[0].excused is not None
    assert default.rules[1].excused is None
    assert [rule.name for rule in strict.rules] == [rule.name for rule in default_policy().line("default").rules]


HEAD = "name: p\nversion: 1\nlines:\n  default:\n"  # 4 lines; the rest of each row begins at line 5
RULE = "    rules:\n      - name: a\n        action: block\n        when:\n"  # 5 to 8; the condition begins at line 9

WRONG = [
    ("", 1, "null is not a mapping"),
    ("name: p\nversion: 1\n", 1, "lines is missing"),
    ("- a\n", 1, "a list is not a mapping"),
    ("name: p\nname: q\n", 2, "'name' is given twice"),
    ("name: p\nversion: [", 2, "not valid YAML"),
    ("name: p\n\tversion: 1", 2, "not valid YAML"),
    ("name: &a p\n", 1, "anchors and aliases"),
    ("name: p\nversion: *a\n", 2, "anchors and aliases"),
    ("name: p\nversion: !!int 3\n", 2, "tags"),
    ("? {a: b}\n: c\n", 1, "a key must be plain text"),
    ("name: p\n---\nname: q\n", 2, "a second document"),
    ("a: " + "[" * 40, 1, "nested deeper"),
    ("name: p\x01", 1, "characters that YAML does not allow"),
    ("name: p\nversion: 1\nlines: {chat: {}}\n", 3, "default is missing"),
    ("name: Big Name\nversion: 1\nlines: {default: {}}\n", 1, "is not a name"),
    ("name: p\nversion: 1\nlines:\n  default: {}\n  'no good': {}\n", 5, "is not a name"),
    ("name: p\nversion: 1\nincomplete: pass\nlines: {default: {}}\n", 3, "add incomplete_pass_acknowledged: true"),
    ("name: p\nversion: 1\nincomplete_pass_acknowledged: false\nlines: {default: {}}\n", 3, "is not true"),
    (HEAD + "    incomplete: pass\n", 5, "add incomplete_pass_acknowledged"),
    (HEAD + "    incomplete: nothing\n", 5, "is not one of pass, mark, review, block"),
    (HEAD + "    rulez: []\n", 5, "unknown key 'rulez'"),
    (HEAD + "    rules: {a: b}\n", 5, "a mapping is not a list"),
    (HEAD + "    extends: gone\n", 5, "extends an unknown line 'gone'; known are default, evenhand"),
    (HEAD + "    extends: default\n", 5, "in a circle: default -> default"),
    (HEAD + "    extends: b\n  b:\n    extends: default\n", 7, "in a circle"),
    (HEAD + "    remove:\n      - gone\n", 6, "no inherited rule 'gone'"),
    (HEAD + "    skip: []\n  evenhand: {}\n", 6, "stands for the policy that ships"),
    (HEAD + "    rules:\n      - name: a\n        action: block\n", 6, "when is missing"),
    (HEAD + "    rules:\n      - {name: a, when: {label: ads}, action: ban}\n", 6, '"ban" is not one of'),
    (HEAD + "    rules:\n      - {name: incomplete, when: {label: ads}, action: block}\n", 6, "another name"),
    (
        HEAD + "    rules:\n      - {name: a, when: {label: ads}, action: mark}\n"
        "      - name: b\n        when: {label: ads}\n        action: mark\n"
        "      - name: a\n        when: {label: ads}\n        action: mark\n",
        10,
        "two rules of this line are called 'a'",
    ),
    (HEAD + RULE + "          lable: ads\n", 9, "unknown key 'lable'; known are label"),
    (HEAD + RULE + "          {}\n", 8, "is empty"),
    (HEAD + RULE + "          label: adverts\n", 9, "unknown label 'adverts': labels begin with one of sexual"),
    (HEAD + RULE + "          label:\n            - ads\n            - adz.link\n", 11, "unknown label 'adz.link'"),
    (HEAD + RULE + "          label: ads.Link\n", 9, "not lower-case"),
    (HEAD + RULE + "          label: ads.\n", 9, "not lower-case"),
    (HEAD + RULE + "          label: spam.refused\n", 9, "spam.refused is refused"),
    (HEAD + RULE + "          label: known\n          library: [x, refused]\n", 10, "refused is refused"),
    (HEAD + RULE + "          label: []\n", 9, "is empty"),
    (HEAD + RULE + "          label: 3\n", 9, "3 does not fit here"),
    (HEAD + RULE + "          label: ads\n          score: 1.5\n", 10, "outside the range: at most 1"),
    (
        HEAD + RULE + "          label: ads\n          score:\n            min: -1\n",
        11,
        "outside the range: at least 0",
    ),
    (HEAD + RULE + "          label: ads\n          score: {min: 0.9, max: 0.1}\n", 10, "min 0.9 is above max 0.1"),
    (HEAD + RULE + "          label: ads\n          score: high\n", 10, '"high" does not fit here'),
    (HEAD + RULE + "          exact: true\n", 8, "exact needs a label"),
    (HEAD + RULE + "          kind: text\n          count: 2\n", 10, "count needs"),
    (HEAD + RULE + "          label: ads\n          count: 0\n", 10, "at least 1"),
    (HEAD + RULE + "          label: ads\n          source: sky\n", 10, "sky"),
    (HEAD + RULE + "          context:\n            a: {near: 3}\n", 10, "unknown key 'near'; known are eq"),
    (HEAD + RULE + "          context:\n            a: {lt: [3]}\n", 10, "a list is not text or a number"),
    (
        HEAD + RULE + "          " + "{all: [" * 6 + "{label: ads}" + "]}" * 6 + "\n",
        9,
        "nested deeper than 4 levels",
    ),
    (
        HEAD + "    except: {kind: text}\n    rules:\n      - {name: a, when: {label: ads}, action: mark}\n",
        5,
        "except takes only",
    ),
]


@pytest.mark.parametrize(("text", "line", "message"), WRONG)
def test_each_problem_has_its_line(text: str, line: int, message: str) -> None:
    """The line is that of the key or item that is wrong."""
    found = problems(text)
    assert [at for at, told in found if message in told] == [line], found


def test_all_problems_come_at_once() -> None:
    """In the order of lines, with a count in the message; never more than fifty."""
    text = HEAD + "    rules:\n" + "      - {name: a, action: ban}\n" * 60
    found = problems(text)
    assert len(found) == 50
    assert [line for line, _ in found] == sorted(line for line, _ in found)
    with pytest.raises(PolicyError, match=r"policy, line 6: .* \(and 119 more\)"):
        load_policy(text)


def test_files(tmp_path: Path) -> None:
    """A file is read with or without a byte order mark; one that cannot be read, is too large or no text is told."""
    file = tmp_path / "p.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_policy(file).name == "house"
    file.write_bytes(b"name: p\n\xff\xfe")
    with pytest.raises(PolicyError, match=r"p\.yaml, line 2: not UTF-8"):
        load_policy(file)
    file.write_text("a: " + "b" * 600_000)
    with pytest.raises(PolicyError, match="at most"):
        load_policy(file)
    with pytest.raises(PolicyError, match="cannot be read: No such file"):
        load_policy(tmp_path / "gone.yaml")


def test_the_schema_is_a_schema() -> None:
    """It is valid draft 2020-12, and the shipped policy fits it."""
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(policy_schema())
    assert load_policy(default_policy_text(), check_label=refuse) == default_policy()


_PIECES = st.sampled_from(
    [*re.findall(r"\w+|[^\w\s]|\n *", GOOD), "\n", "  ", "- ", "&a", "*a", "!!map", "\x00", "\ud800", "1e999", "?", "|"]
)


def outcome(text: str) -> tuple[tuple[int, str], ...] | None:
    """Give the problems of a document, or None where it is in order."""
    try:
        load_policy(text)
    except PolicyError as error:
        return error.problems
    return None


@settings(max_examples=300)
@given(st.lists(_PIECES, max_size=60).map(" ".join) | st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever comes in, a policy or a PolicyError with problems comes out."""
    assert outcome(text) != ()


@settings(max_examples=200)
@given(st.data())
def test_no_damage_breaks_the_reader(data: st.DataObject) -> None:
    """The same for a good document with a piece cut out, doubled or replaced; lines stay inside the text."""
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 40)))
    text = GOOD[:start] + data.draw(_PIECES | st.just(GOOD[start:end] * 2)) + GOOD[end:]
    found = outcome(text)
    assert found != ()
    assert all(0 <= line <= text.count("\n") + 1 for line, _ in found or ())
