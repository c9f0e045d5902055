"""Measure what the conversation before a text does: python measure_context.py [VERSION]

Prints the table of docs/how-to/context.md. The pairs are written for this; no model is trained on them.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence

from evenhand.detectors.harm import HarmDetector
from evenhand.detectors.harm_models import LATEST, open_model
from evenhand.domain import Message, TextPart

THREATS = """i will kill you
i will find you and break your legs
you stupid idiot
i want to kill myself
you are a worthless piece of shit
people like you should be beaten up
watch your back tonight
kill yourself""".splitlines()
REPLIES = """please stop
that is not nice
i am calling the police
please don't, talk to someone
why would you say that to me?
ok see you tomorrow
leave me alone
no
you need help, call a doctor
what did i do?
i will tell the teacher
stop writing to me""".splitlines()
SMALL = """see you tomorrow at five
the train was late again
what did you have for lunch?
good morning all
thanks for the recipe, it was lovely
did you get my mail?
nice weather today
happy birthday!|thank you so much, it was a great party
i am at the station now|ok, five minutes
did the parcel come?|yes, it is on the table
my phone is nearly empty
how was the film?|it was fine, a bit long
do you know a good dentist?
we need milk and bread
the meeting is moved to ten""".splitlines()
PLAY = """gg nice round, respawn in five
boss fight on level 9, bring your healer
chess club tonight?
rehearsing scene two of the play
how do i stop this python process
playing minecraft with the kids
ok next match starts, new map|i take sniper this time
you got me twice in that game|rematch?
who has the ball?|last quarter, we lead by two
the villain enters with a sword, act three
dungeon run tonight, my wizard is level 12
i finally beat you at mario kart""".splitlines()
PLAIN = """thank you so much
what time is it?
see you at five
yes, on the table
i will bring bread
it was a bit long
haha that's great
my phone is nearly empty too
no idea, sorry
the second one on the left""".splitlines()
HARM = """i will kill you
you stupid bitch
you are a worthless idiot
kill yourself
shut up you moron
i am going to kill you
go back to your country, vermin
you're dead
nobody would miss you
i will find you and break your legs""".splitlines()
BANTER = """you're dead
i'll kill you next round
i will destroy you
i'll shoot you in the head
i will kill you, villain
just kill it
kill him, kill him now
i will crush you
die already
we are going to murder them""".splitlines()
HALVES = [
    ("i'm going to find you", "and then you die"),
    ("people like you should be", "beaten up"),
    ("kill", "yourself"),
    ("you are such a worthless", "piece of garbage"),
    ("i hope you", "die"),
    ("you deserve to be", "shot"),
    ("i will come to your house", "and burn it down with you inside"),
    ("go and", "hang yourself"),
    ("somebody should", "slit your throat"),
    ("nobody wants you here so", "go die"),
]


def flagged(detector: HarmDetector, pairs: Sequence[tuple[str, str]], *, alone: bool) -> int:
    """Count the texts in which harm is found; `|` parts the messages of a conversation."""
    parts = [
        TextPart(text=text, before=() if alone else tuple(Message(text=line) for line in said.split("|")))
        for said, text in pairs
    ]
    return sum(any(found.label != "politics" for found in answer.findings) for answer in detector.detect(parts))


def main() -> None:
    """Print the table."""
    detector = HarmDetector(open_model(sys.argv[1] if len(sys.argv) > 1 else LATEST))
    print(f"| before ({detector.info.version}) | then | texts | flagged alone | with the conversation |")
    print("| --- " * 5 + "|")
    rows: list[tuple[str, str, list[tuple[str, str]]]] = [
        ("threats and insults", "replies of whoever is meant", list(itertools.product(THREATS, REPLIES))),
        ("small talk", "harmless", list(itertools.product(SMALL, PLAIN))),
        ("games, sport, plays", "harmless", list(itertools.product(PLAY, PLAIN))),
        ("small talk", "threats and insults", list(itertools.product(SMALL, HARM))),
        ("games, sport, plays", "banter", list(itertools.product(PLAY, BANTER))),
        ("first half of a threat", "its second half", HALVES),
    ]
    for before, then, pairs in rows:
        alone, after = (flagged(detector, pairs, alone=how) for how in (True, False))
        print(f"| {before} | {then} | {len(pairs)} | {alone} | {after} |")


if __name__ == "__main__":
    main()
