"""Pages of quality and appeals with much in them: nothing that people wrote runs, and nobody is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Row

from evenhand.domain import Action
from evenhand.store import Store, open_store
from evenhand.store.qualitytables import review_votes
from evenhand.store.reviewrecords import LOCAL, Judged, Person, Verdict
from tests.server import quick, serving
from tests.unit.store.factory import record

HOSTILE = "<script>window.ran=1</script>\"'><img src=x onerror=alert(1)>"
ANN, BOB = Person(id="secret-ann", name="Ann"), Person(id="secret-bob", name="Bob")
CHIEF = Person(id="secret-chief", name="Chief", senior=True)
ME = Person(id=LOCAL, name=LOCAL, senior=True)
BLOCK = Verdict(judged=Judged.RIGHT, action="block", reason=HOSTILE)
PASS = Verdict(judged=Judged.WRONG, action="pass", labels=(), reason=HOSTILE)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[tuple[httpx.Client, Store]]:
    """Give a server with the console, and its store."""
    (tmp_path / "q.yaml").write_text("default: {second_rate: 1, golden_rate: 0.5}")
    settings = quick(tmp_path, review_queues=tmp_path / "q.yaml")
    store = open_store(settings=settings)
    store.migrate()
    with serving(settings, console=True) as client:
        yield client, store
    store.close()


def _asked(store: Store, action: Action = Action.REVIEW) -> str:
    made = record(action=action, content_hash="sha256:" + f"{len(store.decisions().items):064x}")
    store.record([made])
    return made.result.decision_id


def _page(client: httpx.Client, path: str, *wanted: str, code: int = 200) -> str:
    text = ""
    for language in ("en", "zh"):
        answer = client.get(path, headers={"accept-language": language})
        assert answer.status_code == code, (path, answer.text[:500])
        text = answer.text
        assert "<script>window" not in text
        assert "<img src=x" not in text
        assert "secret-" not in text
    for one in wanted:
        assert one in text, (path, one)
    return text


def test_disagreements_and_agreement(pages: tuple[httpx.Client, Store]) -> None:
    client, store = pages
    for said in (BLOCK, PASS):
        decision_id = _asked(store)
        store.reviews.decide(decision_id, ANN, BLOCK)
        second = store.reviews.claim(BOB)
        assert second is not None
        store.reviews.decide(second.decision_id, BOB, said)
    (found,) = store.quality.disagreements()
    _page(client, "/console/quality/disagreements", found.item_id, "&lt;script&gt;")
    _page(client, f"/console/review/items/{found.item_id}")
    _page(client, "/console/quality/agreement", "ads.contact", "50.0 %")
    store.reviews.decide(found.item_id, CHIEF, PASS)
    _page(client, "/console/quality/disagreements?done=true", "&lt;script&gt;")
    assert found.item_id not in _page(client, "/console/quality/disagreements")


def test_own_results(pages: tuple[httpx.Client, Store]) -> None:
    client, store = pages
    source = _asked(store, Action.PASS)
    store.golden.make(CHIEF, source, PASS, note=HOSTILE)
    waiting = _asked(store)
    golden = store.reviews.claim(ME)
    while golden is not None and golden.decision_id == waiting:
        store.reviews.release(waiting, ME)
        golden = store.reviews.claim(ME)
    assert golden is not None
    store.reviews.decide(golden.decision_id, ME, BLOCK)
    (vote,) = [row for row in _votes(store) if row.item_id == golden.decision_id]
    _page(client, "/console/quality", "0 / 0")
    store.quality.advise(CHIEF, vote.id, HOSTILE)
    early = datetime.now(UTC) - timedelta(hours=2)
    store.database.write(lambda connection: connection.execute(review_votes.update().values(at=early)))
    shown = _page(client, "/console/quality", "0 / 1", "&lt;script&gt;", golden.decision_id)
    assert shown.count("&lt;script&gt;window.ran") >= 3  # the feedback, the verdict and the question's note
    _page(client, "/console/quality/golden", "&lt;script&gt;", source)


def test_a_session_of_hostile_words(pages: tuple[httpx.Client, Store]) -> None:
    client, store = pages
    ids = [_asked(store), _asked(store)]
    session = store.calibrations.make(CHIEF, HOSTILE, ids)
    for person, said in ((ANN, BLOCK), (ME, PASS)):
        store.calibrations.judge(person, session.id, ids[0], said)
    shown = _page(client, f"/console/quality/calibrations/{session.id}", "&lt;script&gt;")
    assert "您的裁定" in shown
    assert '<th scope="row">' not in shown  # nobody else's verdict
    store.calibrations.close(CHIEF, session.id)
    store.calibrations.note(ANN, session.id, ids[0], HOSTILE)
    store.delete_content(store.reviews.get(ids[1]).content_hash, decisions_too=True)
    _page(client, f"/console/quality/calibrations/{session.id}", "&lt;script&gt;")
    _page(client, "/console/quality/calibrations", "&lt;script&gt;")
    _page(client, "/console/quality/calibrations/none", code=404)


def test_appeals_of_every_state(pages: tuple[httpx.Client, Store]) -> None:
    client, store = pages
    partly = replace(BLOCK, judged=Judged.OVERRIDDEN, action="mark")
    for outcome, verdict in (("upheld", None), ("overturned", PASS), ("partly", partly)):
        appeal, _ = store.appeals.file(_asked(store, Action.BLOCK), HOSTILE)
        _page(client, f"/console/appeals/{appeal.id}", "&lt;script&gt;")
        store.appeals.decide(appeal.id, ANN, outcome, verdict, explanation=HOSTILE, reason=HOSTILE)
        _page(client, f"/console/appeals/{appeal.id}", "&lt;script&gt;")
    for state in ("", "open", "decided", "partly", "nonsense"):
        _page(client, f"/console/appeals?state={state}", "ads.contact")
    _page(client, "/console/appeals/none", code=404)


def _votes(store: Store) -> list[Row[Any]]:
    return list(store.database.read(lambda connection: connection.execute(review_votes.select()).all()))
