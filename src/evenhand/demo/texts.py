"""Texts of the demo: everyday ones that ship, and mild ones that ask for somebody's attention."""

from __future__ import annotations

import random
from collections.abc import Sequence
from importlib.resources import files

_WHO = ("you", "this seller", "that admin", "the guy above", "whoever wrote this")
_INSULT = (
    "{who} must be the dumbest person on this site, what an idiot",
    "shut up you stupid clown, nobody asked you",
    "{who} is a pathetic loser and everybody knows it",
    "what an absolute moron, go back to school",
    "You are a liar and a disgusting idiot",
    "你就是个白痴，闭嘴吧",
    "Halt die Klappe, du Idiot",
    "eres un imbécil y un mentiroso",
)
_SCAM = (
    "Congratulations! You have won ${n},000. Claim your prize at http://prize-{n}.example today",
    "URGENT: your parcel is held, pay the fee of ${n} at http://parcel-{n}.example or it goes back",
    "Earn ${n}00 a day from home, no experience needed, write to me on Telegram @fast_money_{n}",
    "Dear customer, your account is blocked. Confirm your password at http://bank-{n}.example",
    "I doubled my bitcoin in {n} days with this trader, message him on WhatsApp +1 555 01{n} 33",
    "恭喜您中奖{n}万元，请加微信 lucky{n}88 领取",
)
_ADVERT = (
    "Cheap sneakers, all brands, add me on WeChat: shoes{n}a for the price list",
    "Followers and likes, {n}00 for $5, DM me or write to boost{n}@example.com",
    "Best odds tonight! Casino bonus of ${n}00 for new players at http://spin-{n}.example",
    "兼职刷单，日赚{n}00元，加QQ {n}12345{n}",
    "Lowest prices on watches, visit http://watches-{n}.example, {n}0% off only today",
)
_THREAT = (
    "I know where you park, you will be sorry on Monday",
    "Say that again and I will break your nose",
    "Wait until I find you, you will regret it",
)
_TOPIC = (
    "The council votes on the new budget on {day}; the mayor speaks at seven",
    "Polling places open at eight on {day}, bring your card",
    "Which party do you vote for, and why? I am undecided about the election",
)
_HELLO = ("call me on +44 20 7946 0{n}00", "my mail is sam.{n}@example.org if you want the recipe")
_SMALL = (
    "FREE FREE FREE FREE FREE FREE FREE FREE FREE click now",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥",
)
_DAYS = ("Monday", "Wednesday", "Friday", "Saturday")

_OFFER = (
    ("We", "My team", "Our studio", "I", "Two of us"),
    ("write essays", "do your homework", "sit your online exam", "finish your term paper"),
    ("for a small fee", "overnight, paid by the page", "for students, message me for prices"),
)
_PUPILS = (
    "My essay is due on {day} and I have not begun",
    "Did anybody understand the homework of {day}?",
    "The exam on {day} was hard, but fair",
    "Our teacher moved the maths test to {day}",
    "Thanks for reading my term paper, see you on {day}",
    "I give maths lessons on {day} for a small fee, for students of all ages",
    "Two of us read your essay and talk about it on {day}, for free",
)


def everyday(rnd: random.Random, count: int) -> list[str]:
    """Give harmless texts in sixteen languages."""
    text = files("evenhand.detectors").joinpath("data", "ordinary.txt").read_text("utf-8")
    lines = [line.replace("\\n", "\n") for line in text.splitlines() if line]
    return rnd.sample(lines, count)


def of_note(rnd: random.Random) -> list[str]:
    """Give texts of which most should be found: insults, scams, adverts, mild threats, and topics that are marked."""
    made: list[str] = []
    for table, each in ((_INSULT, 3), (_SCAM, 5), (_ADVERT, 4), (_THREAT, 2), (_TOPIC, 3), (_HELLO, 3), (_SMALL, 1)):
        for template in table:
            made += [_filled(rnd, template) for _ in range(each)]
    return list(dict.fromkeys(made))


def offers(rnd: random.Random, count: int) -> list[str]:
    """Give offers to do somebody's homework: what the demo's custom class finds."""
    return rnd.sample([f"{a} {b} {c}." for a in _OFFER[0] for b in _OFFER[1] for c in _OFFER[2]], count)


def pupils(rnd: random.Random, count: int) -> list[str]:
    """Give talk of pupils, which the class should not be taken for."""
    return rnd.sample([text.format(day=day) for text in _PUPILS for day in _DAYS], count)


def _filled(rnd: random.Random, template: str) -> str:
    choices: dict[str, Sequence[object]] = {"who": _WHO, "n": range(2, 9), "day": _DAYS}
    return template.format(**{name: rnd.choice(values) for name, values in choices.items()})
