"""Fills a fresh database: contents of simulated days, verdicts, marks, appeals, libraries, policy drafts, a class."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from evenhand.demo import pictures, texts
from evenhand.demo.people import Login, settle
from evenhand.detectors.classes_lesson import Lesson, Sample
from evenhand.domain import (
    Action,
    Content,
    LibraryItem,
    LibraryKind,
    Medium,
    Options,
    Result,
)
from evenhand.domain.ids import IdMaker
from evenhand.facade import Moderator
from evenhand.policy.template import template
from evenhand.review.verdicts import read_verdict
from evenhand.settings import Settings
from evenhand.store import Store, StoreRecorder
from evenhand.store.libraryrecords import Head
from evenhand.store.reviewrecords import NewMark, Person, ReviewItem, Verdict
from evenhand.store.schema import review_items

DAYS = 14
QUEUES = """queues:
  - {name: scams, labels: [spam, contraband], priority: 5, target_minutes: 240}
  - {name: harassment, labels: [harassment, hate, violence], priority: 10, target_minutes: 480, second_rate: 0.1}
  - {name: pictures, kinds: [image], target_minutes: 1440}
default: {target_minutes: 1440}
"""
POLICY = """name: demo
version: "1"
description: Of the demo. People see more than with the policy that ships.
lines:
  default:
    description: Comments and chat.
    extends: evenhand
    thresholds:
      harassment: {mark: 0.3, review: 0.5, block: 0.999}
      spam: {mark: 0.3, review: 0.5, block: 0.999}
      contraband: {mark: 0.3, review: 0.5}
  market:
    description: Things for sale; adverts are fine here, what leads elsewhere is looked at.
    extends: default
    thresholds:
      ads.contact: {mark: 0.5, review: 0.9}
"""
_EVERYDAY, _PICTURES = 230, 10
_AUTHORS = ("u-1007", "u-2214", "u-3391", "u-4420", "u-5518", "u-6603", "u-7790", "u-8812")
_Say = Callable[[str], None]


def fill(settings: Settings, store: Store, say: _Say = lambda _: None) -> list[Login]:
    """Fill a store, and give who can sign in.

    Args:
        settings: of the demo; `database_url` is the store's.
        store: migrated, empty.
        say: is told what is being done.

    Raises:
        EvenhandError: something could not be done; the store is then half full.
    """
    rnd = random.Random(2026)  # noqa: S311  (what is drawn is no secret)
    logins = settle(store)
    people = {login.name: login.person for login in logins}
    with Moderator(settings, store=store) as moderator:
        say("checking texts and pictures with the real detectors")
        results = _checked(moderator, store, settings, rnd)
        say("reviewing, marking, appealing")
        _reviewed(store, people, rnd)
        _marked(store, people, results)
        _appealed(store, people, results)
        say("teaching a custom class, and auditing it")
        _taught(moderator, people["pia"], rnd)
        _listed(store, people["pia"])
        _drafted(store, people)
    return logins


def _checked(moderator: Moderator, store: Store, settings: Settings, rnd: random.Random) -> list[Result]:
    own = [*texts.everyday(rnd, _EVERYDAY), *texts.of_note(rnd), *texts.offers(rnd, 4)]
    rnd.shuffle(own)
    contents = [_content(rnd, text=text) for text in own]
    for name, data in pictures.drawn(rnd, _PICTURES):
        contents.append(_content(rnd, data=data, media_type="image/png", id=name))
    if (video := pictures.clip(rnd)) is not None:
        contents.append(_content(rnd, data=video, media_type="video/mp4", id="clip.mp4"))
    pairs: list[tuple[Content, Result]] = []
    for line in ("default", "market"):
        own_line = [one for one in contents if (one.context.get("channel") == "market") is (line == "market")]
        answers = moderator.check_many(own_line, options=Options(line=line, record=False))
        pairs += [pair for pair in zip(own_line, answers, strict=True) if isinstance(pair[1], Result)]  # type: ignore[misc]
    moments = _moments(rnd, len(pairs))
    rnd.shuffle(pairs)
    dated = [
        (content, replace(result, decision_id=IdMaker(clock=lambda at=at: int(at.timestamp() * 1e9))()))  # type: ignore[misc]
        for (content, result), at in zip(pairs, moments, strict=True)
    ]
    StoreRecorder(store, settings).record([content for content, _ in dated], [result for _, result in dated])
    return [result for _, result in dated]


def _content(rnd: random.Random, **fields: object) -> Content:
    context = {"author_id": rnd.choice(_AUTHORS), "channel": rnd.choice(("comments", "market", "chat"))}
    return Content(**{"id": f"item-{rnd.randrange(10**6):06}", "context": context, **fields})  # type: ignore[arg-type]


def _moments(rnd: random.Random, count: int) -> list[datetime]:
    """Give moments of the last fourteen days, more by day than by night, oldest first; the last ones are of today."""
    now = datetime.now(UTC)
    made = []
    for _ in range(count):
        back = rnd.random() ** 1.3 * DAYS
        at = now - timedelta(days=back)
        if at.hour < 6 and rnd.random() < 0.7:
            at += timedelta(hours=9)
        made.append(min(at, now - timedelta(minutes=rnd.uniform(1, 30))))
    return sorted(made)


def _reviewed(store: Store, people: dict[str, Person], rnd: random.Random) -> None:
    """Decide most items of past days, in time or late; leave those of today in several states."""
    now = datetime.now(UTC)
    waiting = sorted(_all_items(store), key=lambda item: item.created_at)
    reviewers = [people[name] for name in ("rosa", "ravi", "sam")]
    old = [item for item in waiting if item.created_at < now - timedelta(hours=20)]
    decided: list[tuple[str, datetime]] = []
    for number, item in enumerate(old):
        if number % 9 == 8:
            continue  # overdue
        person = reviewers[number % 3]
        store.reviews.decide(item.decision_id, person, _verdict(rnd, item))
        later = timedelta(minutes=rnd.lognormvariate(4.2, 1.0))
        decided.append((item.decision_id, min(item.created_at + later, now)))
    store.database.write(
        lambda connection: [
            connection.execute(review_items.update().where(review_items.c.decision_id == one).values(decided_at=at))
            for one, at in decided
        ]
    )
    rest = [item for item in waiting if item.created_at >= now - timedelta(hours=20)]
    steps: tuple[Callable[[ReviewItem], ReviewItem], ...] = (
        lambda item: store.reviews.escalate(item.decision_id, people["rosa"], "is this a threat or a joke?"),
        lambda item: store.reviews.hold(
            item.decision_id, people["ravi"], now + timedelta(hours=6), "waiting for the shop's answer"
        ),
        lambda item: store.reviews.skip(item.decision_id, people["rosa"], "I know the author"),
        lambda item: store.reviews.hand_over(item.decision_id, people["rosa"], people["sam"].id, "you know this scam"),
    )
    for step, item in zip(steps, rest, strict=False):
        who = people["ravi"] if step is steps[1] else people["rosa"]
        store.reviews.take(item.decision_id, who)
        step(item)


def _all_items(store: Store) -> Iterator[ReviewItem]:
    after = ""
    while found := store.reviews.page(state="waiting", after=after, limit=200):
        yield from found
        after = found[-1].decision_id


def _verdict(rnd: random.Random, item: ReviewItem) -> Verdict:
    draw = rnd.random()
    if draw < 0.68:
        return read_verdict("right", action="block", was="review")
    if draw < 0.9:
        return read_verdict("wrong", labels=[], reason=rnd.choice(("a joke among friends", "no harm meant", "a quote")))
    return read_verdict("overridden", action="mark", reason="rude, but let it stand")


def _marked(store: Store, people: dict[str, Person], results: Sequence[Result]) -> None:
    passed = [one for one in results if one.action is Action.PASS and one.kind == "text"][:3]
    blocked = [one for one in results if one.action is Action.BLOCK][:2]
    wrong = read_verdict("wrong", labels=["spam.scam"], action="block", reason="a scam that was missed")
    fine = read_verdict("wrong", labels=[], reason="harmless, taken for a scam")
    new = [NewMark(decision_id=one.decision_id, verdict=fine) for one in blocked]
    new += [NewMark(decision_id=one.decision_id, verdict=wrong) for one in passed]
    if new:
        made = store.marks.add(people["rosa"], new)
        store.marks.apply([made[0].id], people["sam"])


def _appealed(store: Store, people: dict[str, Person], results: Sequence[Result]) -> None:
    """Two authors appeal against blocked contents; one appeal is decided."""
    blocked = [one for one in results if one.action is Action.BLOCK][2:4]
    said = (
        "This was a quote of what the scammer wrote to me, please look again.",
        "I only wanted to sell my old watch.",
    )
    for number, (result, statement) in enumerate(zip(blocked, said, strict=False)):
        appeal, _ = store.appeals.file(result.decision_id, statement)
        if number == 0:
            verdict = read_verdict("wrong", labels=[], reason="quoted in order to warn")
            store.appeals.decide(
                appeal.id, people["sam"], "overturned", verdict, explanation="You quoted it to warn others. It is back."
            )


def _taught(moderator: Moderator, person: Person, rnd: random.Random) -> None:
    positives = [Sample(content=text) for text in texts.offers(rnd, 24)]
    against = [Sample(content=text) for text in texts.pupils(rnd, 16)]
    lesson = Lesson(
        name="essay_mill",
        medium=Medium.TEXT,
        positives=positives,
        against=against,
        label="spam.essay_mill",
        by=person.id,
    )
    moderator.inner.teaching.train(lesson)


def _listed(store: Store, person: Person) -> None:
    head = Head(colour="black", label="known.black", note="numbers and shops of known scams")
    store.shelf.create("known-scams", LibraryKind.WORDS, head, actor=person.id)
    words = ("lucky prize desk", "fast_money_7", "parcel fee office", "swift refund team")
    store.shelf.change(
        "known-scams", actor=person.id, add=[LibraryItem(value=word) for word in words], note="first list"
    )
    white = Head(colour="white", label="known.white", note="our own announcements")
    store.shelf.create("house-phrases", LibraryKind.WORDS, white, actor=person.id)
    store.shelf.change("house-phrases", actor=person.id, add=[LibraryItem(value="the weekly raffle of this forum")])


def _drafted(store: Store, people: dict[str, Person]) -> None:
    store.policy_versions.draft("demo", "1", POLICY, actor=people["pia"].id, note="judged the past days, from a file")
    start = template("forum")
    made = store.policy_versions.draft("forum", "1", start.document, actor=people["pia"].id, note="from the template")
    store.policy_versions.propose(made.id, actor=people["pia"].id)
    store.policy_versions.comment(
        made.id, "Four links look strict for the recipes corner?", actor=people["sam"].id, line=18
    )
    later = start.document.replace('version: "1"', 'version: "2"').replace("count: 4", "count: 6")
    store.policy_versions.draft("forum", "2", later, actor=people["pia"].id, note="six links instead of four")
