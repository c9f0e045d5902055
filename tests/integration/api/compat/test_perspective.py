"""Perspective's protocol over a real server: answers, errors word for word, keys, records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand.errors import NotFoundError
from evenhand.store import open_store
from tests.compat import fifty_at_once, golden, keys, with_model
from tests.server import quick, serving

GOLDEN = Path(__file__).parent / "golden_perspective.json"
ANALYZE, SUGGEST = "/v1alpha1/comments:analyze", "/v1alpha1/comments:suggestscore"
SEVEN = ["TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT", "SEXUALLY_EXPLICIT"]
RUDE = "What kind of idiot name is foo? Sorry, I like your name."


def asking(text: str = RUDE, *attributes: str, **more: Any) -> dict[str, Any]:
    return {"comment": {"text": text}, "requestedAttributes": {name: {} for name in attributes or SEVEN}, **more}


def value(answer: httpx.Response, attribute: str) -> float:
    found: float = answer.json()["attributeScores"][attribute]["summaryScore"]["value"]
    return found


def test_all_seven_production_attributes_are_scored(model_client: httpx.Client) -> None:
    answer = model_client.post(ANALYZE, json=asking(clientToken="t-1"))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body["attributeScores"]) == set(SEVEN)
    for scores in body["attributeScores"].values():
        assert 0 <= scores["summaryScore"]["value"] <= 1
        assert scores["summaryScore"]["type"] == "PROBABILITY"
        assert [(span["begin"], span["end"]) for span in scores["spanScores"]] == [(0, len(RUDE))]
    assert (body["languages"], body["detectedLanguages"], body["clientToken"]) == (["en"], ["en"], "t-1")
    assert value(answer, "INSULT") > 0.5 > value(answer, "THREAT")
    kind = model_client.post(ANALYZE, json=asking("Thank you, that was a lovely answer."))
    assert all(value(kind, name) < 0.5 for name in SEVEN)


def test_the_decision_is_recorded_and_named_in_a_header(model_client: httpx.Client) -> None:
    answer = model_client.post(ANALYZE, json=asking())
    decision = model_client.get(f"/v1/decisions/{answer.headers['x-decision-id']}")
    assert decision.status_code == 200
    assert decision.json()["decision_id"] == answer.headers["x-decision-id"]
    assert answer.headers["x-score-map"]


def test_each_sentence_is_scored_by_itself(model_client: httpx.Client) -> None:
    text = "😀 You are an idiot. Have a nice day, my friend."
    answer = model_client.post(ANALYZE, json=asking(text, "INSULT", spanAnnotations=True))
    spans = answer.json()["attributeScores"]["INSULT"]["spanScores"]
    units = text.encode("utf-16-le")
    pieces = [units[2 * span["begin"] : 2 * span["end"]].decode("utf-16-le") for span in spans]
    assert pieces == ["😀 You are an idiot.", "Have a nice day, my friend."]
    assert spans[0]["score"]["value"] > 0.5 > spans[1]["score"]["value"]


def test_scores_below_the_threshold_are_not_told(model_client: httpx.Client) -> None:
    wanted = {"INSULT": {"scoreThreshold": 0.01, "scoreType": "PROBABILITY"}, "THREAT": {"scoreThreshold": 0.99}}
    answer = model_client.post(ANALYZE, json={"comment": {"text": RUDE}, "requestedAttributes": wanted})
    assert list(answer.json()["attributeScores"]) == ["INSULT"]


def test_experimental_attributes_are_mapped_or_refused(model_client: httpx.Client) -> None:
    names = ("TOXICITY_EXPERIMENTAL", "INSULT_EXPERIMENTAL", "TOXICITY_FAST", "TOXICITY@6", "OBSCENE", "SPAM")
    answer = model_client.post(ANALYZE, json=asking(RUDE, *names, "INCOHERENT"))
    assert set(answer.json()["attributeScores"]) == {*names, "INCOHERENT"}
    refused = model_client.post(ANALYZE, json=asking(RUDE, "TOXICITY", "FLIRTATION"))
    assert refused.json()["error"]["message"] == "Attribute FLIRTATION does not support request languages: en"


LANGUAGE_ERROR = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
ERRORS: list[tuple[str, Any, str, str | None]] = [
    ("empty", asking(""), "Comment must be non-empty.", "COMMENT_EMPTY"),
    ("no comment", {"requestedAttributes": {"TOXICITY": {}}}, "Comment must be non-empty.", "COMMENT_EMPTY"),
    ("too long", asking("é" * 10_241), "Comment text too long.", "COMMENT_TOO_LONG"),
    ("no attributes", {"comment": {"text": "a"}}, "Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES"),
    ("unknown attribute", asking("a", "FOO"), "Unknown requested attribute: FOO", "INVALID_REQUEST"),
    (
        "language",
        asking(languages=["tlh"]),
        "Attribute TOXICITY does not support request languages: tlh",
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
    ),
    (
        "detected language",
        asking("Góðan daginn, hvernig hefur þú það í dag vinur minn?", "INSULT"),
        "Attribute INSULT does not support request languages: is",
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
    ),
    (
        "score type",
        {"comment": {"text": "a"}, "requestedAttributes": {"TOXICITY": {"scoreType": "PERCENTILE"}}},
        "Requested score type PERCENTILE is not supported by attribute TOXICITY",
        "INVALID_REQUEST",
    ),
    (
        "html",
        {**asking(), "comment": {"text": "<b>a</b>", "type": "HTML"}},
        "Currently, only 'PLAIN_TEXT' comments are supported",
        "INVALID_REQUEST",
    ),
    ("text type", {**asking(), "comment": {"text": "a", "type": "PDF"}}, "Unknown text type", "INVALID_REQUEST"),
    (
        "both contexts",
        asking(context={"entries": [{"text": "a"}], "articleAndParentComment": {"article": {"text": "b"}}}),
        "Context can have either entries or article_and_parent_comment, but both fields were populated.",
        "INVALID_REQUEST",
    ),
    ("a number for a text", {**asking(), "comment": {"text": 7}}, "Invalid value at 'comment.text'", None),
    ("a word for a flag", asking(doNotStore="yes"), "Invalid value at 'do_not_store' (TYPE_BOOL)", None),
    ("no object", [1], "Invalid JSON payload received.", None),
]


@pytest.mark.parametrize(("name", "body", "message", "kind"), ERRORS, ids=[row[0] for row in ERRORS])
def test_errors_are_perspectives_own(
    model_client: httpx.Client, name: str, body: Any, message: str, kind: str | None
) -> None:
    answer = model_client.post(ANALYZE, json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert error["message"].startswith(message)
    assert [detail["errorType"] for detail in error.get("details", [])] == ([kind] if kind else [])
    golden(GOLDEN, f"error: {name}", {"request": body, "status": 400, "response": answer.json()})


def test_golden_pairs(model_client: httpx.Client) -> None:
    rows: dict[str, tuple[str, Any]] = {
        "quick start": (ANALYZE, asking(RUDE, "TOXICITY", languages=["en"])),
        "spans": (ANALYZE, asking(RUDE, "TOXICITY", "SPAM", spanAnnotations=True, clientToken="c", doNotStore=True)),
        "suggestion": (
            SUGGEST,
            {
                "comment": {"text": "Get busy living, or get busy dying."},
                "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0}}},
                "communityId": "/forum/movies",
                "clientToken": "comment-53922",
            },
        ),
        "discovery": ("/$discovery/rest", None),
    }
    for name, (path, body) in rows.items():
        answer = model_client.get(path) if body is None else model_client.post(path, json=body)
        shown = json.loads(answer.text.replace(str(model_client.base_url).rstrip("/"), "http://HOST"))
        golden(GOLDEN, name, {"path": path, "request": body, "status": answer.status_code, "response": shown})


def test_what_googles_parser_took_is_taken(model_client: httpx.Client) -> None:
    loose = (
        b"{comment: {text: \"you idiot\",}, languages: ['en'], requested_attributes: {INSULT:{}}, do_not_store: true}"
    )
    answer = model_client.post(ANALYZE, content=loose)
    assert value(answer, "INSULT") > 0.5
    assert model_client.post(ANALYZE, json=asking(unknown={"a": [1]}, suggestCommentScore=1)).status_code == 200


@pytest.mark.parametrize(
    "text", ["🖕🖕🖕", "\x00\x01", "\ud83d", "\u202eabc", "a" * 20_480, "é" * 10_240, "\n", "12 34", "ﷺ" * 50]
)
def test_any_text_is_answered(model_client: httpx.Client, text: str) -> None:
    answer = model_client.post(ANALYZE, content=json.dumps(asking(text, "TOXICITY", spanAnnotations=True)))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["detectedLanguages"]
    for span in body["attributeScores"]["TOXICITY"]["spanScores"]:
        units = len(text.encode("utf-16-le", "surrogatepass")) // 2
        assert 0 <= span["begin"] <= span["end"] <= units


def test_big_bodies(model_client: httpx.Client) -> None:
    context = {"entries": [{"text": "word " * 200_000}] * 10}
    answer = model_client.post(ANALYZE, json=asking(RUDE, "TOXICITY", context=context))
    assert answer.status_code == 200, answer.text
    answer = model_client.post(ANALYZE, json=asking("a " * 5_000_000, "TOXICITY"))
    assert answer.json()["error"]["details"][0]["errorType"] == "COMMENT_TOO_LONG"
    answer = model_client.post(ANALYZE, content=b"x" * (48 * 2**20 + 1))
    assert (answer.status_code, answer.json()["error"]["status"]) == (413, "INVALID_ARGUMENT")


def test_fifty_at_once_each_get_their_own_answer(model_client: httpx.Client) -> None:
    def one(number: int) -> tuple[str, float]:
        text = "You are an idiot." if number % 2 else "Have a nice day."
        with httpx.Client(base_url=model_client.base_url, timeout=60, trust_env=False) as client:
            answer = client.post(ANALYZE, json=asking(text, "INSULT", clientToken=str(number)))
        return answer.json()["clientToken"], value(answer, "INSULT")

    answers = fifty_at_once(one)
    assert [token for token, _ in answers] == [str(number) for number in range(100)]
    assert all((score > 0.5) == bool(number % 2) for number, (_, score) in enumerate(answers))


def test_context_moves_no_more_than_the_native_answer_does(model_client: httpx.Client) -> None:
    before = [{"text": "I will hurt you tomorrow."}]
    answer = model_client.post(ANALYZE, json=asking("Just you wait.", "THREAT", context={"entries": before}))
    native = {"text": "Just you wait.", "conversation": before, "all_scores": True}
    labels = model_client.post("/v1/check", json=native).json()["labels"]
    decided = model_client.get(f"/v1/decisions/{answer.headers['x-decision-id']}").json()["labels"]
    assert decided["violence.threat"] == pytest.approx(labels["violence.threat"], abs=0.001)


def test_unknown_calls_are_refused_in_the_same_shape(model_client: httpx.Client) -> None:
    for method, path in (("POST", "/v1alpha1/comments:delete"), ("GET", ANALYZE), ("GET", "/$discovery/other")):
        error = model_client.request(method, path).json()["error"]
        assert (error["code"], error["status"]) == (404, "NOT_FOUND")
    assert model_client.get("/$discovery/rest?version=v2").status_code == 404


def test_keys_are_sent_as_googles_clients_send_them(tmp_path: Path) -> None:
    settings = with_model(tmp_path, require_keys=True)
    good, reader, revoked = keys(settings)
    with serving(settings) as client:
        body = asking(RUDE, "TOXICITY")
        for way in ({"params": {"key": good}}, {"headers": {"X-Goog-Api-Key": good}},
                    {"headers": {"Authorization": f"Bearer {good}"}}):  # fmt: skip
            assert client.post(ANALYZE, json=body, **way).status_code == 200  # type: ignore[arg-type]
        error = client.post(ANALYZE, json=body).json()["error"]
        assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
        for bad in ("AIzaSy-not-ours", "eh_unknown", revoked):
            error = client.post(ANALYZE, json=body, params={"key": bad}).json()["error"]
            assert (error["code"], error["message"]) == (400, "API key not valid. Please pass a valid API key.")
            assert error["details"][0]["reason"] == "API_KEY_INVALID"
        error = client.post(ANALYZE, json=body, params={"key": reader}).json()["error"]
        assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
        assert client.get("/$discovery/rest").status_code == 200


def test_without_keys_the_vendors_own_key_is_overlooked(model_client: httpx.Client) -> None:
    answer = model_client.post(ANALYZE, json=asking(RUDE, "TOXICITY"), params={"key": "AIzaSy-theirs"})
    assert answer.status_code == 200
    assert model_client.post(ANALYZE, json=asking(), params={"key": "eh_unknown"}).status_code == 400


def test_the_rate_limit_is_the_native_one(tmp_path: Path) -> None:
    with serving(with_model(tmp_path, rate_limit=2)) as client:
        answers = [client.post(ANALYZE, json=asking("a", "TOXICITY")) for _ in range(3)]
    error = answers[-1].json()["error"]
    assert (answers[-1].status_code, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert int(answers[-1].headers["retry-after"]) > 0


def test_an_idempotency_key_gives_the_first_answer_with_its_decision(model_client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "perspective-1"}
    first, second = (model_client.post(ANALYZE, json=asking(), headers=headers) for _ in range(2))
    assert second.headers["idempotent-replayed"] == "true"
    assert second.json() == first.json()
    assert second.headers["x-decision-id"] == first.headers["x-decision-id"]
    other = model_client.post(ANALYZE, json=asking("other"), headers=headers)
    assert (other.status_code, other.json()["error"]["status"]) == (409, "ABORTED")


def test_do_not_store_keeps_the_decision_and_not_the_comment(tmp_path: Path) -> None:
    settings = with_model(tmp_path, keep_originals_days=1, keep_context_keys=("community_id", "conversation"))
    with serving(settings) as client:
        more = {"communityId": "movies", "context": {"entries": [{"text": "before"}]}}
        kept = client.post(ANALYZE, json=asking("Keep this.", "TOXICITY", **more))
        unkept = client.post(ANALYZE, json=asking("Not this.", "TOXICITY", doNotStore=True, **more))
        rows = [client.get(f"/v1/decisions/{each.headers['x-decision-id']}").json() for each in (kept, unkept)]
    store = open_store(settings=settings)
    assert store.original(rows[0]["content_hash"]).body == b"Keep this."
    assert store.context(rows[0]["decision_id"])["community_id"] == "movies"
    assert store.context(rows[1]["decision_id"]) == {}
    with pytest.raises(NotFoundError, match="not kept"):
        store.original(rows[1]["content_hash"])
    store.close()


def test_suggested_scores_are_kept_for_marking(tmp_path: Path) -> None:
    settings = with_model(tmp_path)
    with serving(settings) as client:
        decided = client.post(ANALYZE, json=asking("Get busy living.", "TOXICITY"))
        body = {
            "comment": {"text": "Get busy living."},
            "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0.0}}, "INSULT": {"summaryScore": {"value": 1}}},
            "communityId": "movies",
            "clientToken": "c",
        }
        answer = client.post(SUGGEST, json=body)
        assert answer.json() == {"clientToken": "c"}
        content_hash = client.get(f"/v1/decisions/{decided.headers['x-decision-id']}").json()["content_hash"]
        for bad in ({}, {"attributeScores": {"FOO": {"summaryScore": {"value": 1}}}}):
            refused = client.post(SUGGEST, json={"comment": {"text": "a"}, **bad})
            assert refused.json()["error"]["status"] == "INVALID_ARGUMENT"
    store = open_store(settings=settings)
    (kept,) = store.suggestions.list()
    store.close()
    assert (kept.dialect, kept.content_hash) == ("perspective", content_hash)
    assert kept.scores == {"TOXICITY": 0.0, "INSULT": 1.0}
    assert kept.labels == {"harassment": 0.0, "harassment.insult": 1.0}
    assert kept.details["community_id"] == "movies"


def test_a_detector_that_failed_never_reads_as_a_low_score(tmp_path: Path) -> None:
    with serving(quick(tmp_path)) as client:  # without the text model nothing gives these attributes
        answer = client.post(ANALYZE, json=asking(RUDE, "TOXICITY", "THREAT"))
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (503, "UNAVAILABLE")
    assert "could not be scored" in error["message"]


def test_a_list_that_stands_for_a_part_of_an_attribute_is_no_answer(tmp_path: Path) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "own.yaml").write_text(
        "name: own\nkind: words\nlist: black\nitems: [{value: rudeword, label: harassment}]\n", "utf-8"
    )
    with serving(quick(tmp_path, libraries=lists)) as client:  # what else abuse means, nothing looks for here
        answer = client.post(ANALYZE, json=asking("good morning", "TOXICITY", languages=["en"]))
    assert (answer.status_code, answer.json()["error"]["status"]) == (503, "UNAVAILABLE")
    assert "TOXICITY" in answer.json()["error"]["message"]


def test_a_detector_that_was_too_slow_gives_an_error_or_the_worst_score(tmp_path: Path) -> None:
    for worst in (False, True):
        more = {"dialect_incomplete": "worst"} if worst else {}
        with serving(with_model(tmp_path, detector_timeout_s=0.0001, **more)) as client:
            answer = client.post(ANALYZE, json=asking("hello there", "TOXICITY", languages=["en"]))
        if worst:
            assert value(answer, "TOXICITY") == 1.0
        else:
            assert (answer.status_code, answer.json()["error"]["status"]) == (503, "UNAVAILABLE")


def test_a_store_that_fails_is_told_in_shape_and_gives_no_scores(tmp_path: Path) -> None:
    with serving(with_model(tmp_path)) as client:
        for file in tmp_path.iterdir():
            file.write_bytes(b"not a database" * 1000)
        answer = client.post(ANALYZE, json=asking(RUDE, "TOXICITY"))
    assert (answer.status_code, answer.json()["error"]["status"]) == (503, "UNAVAILABLE")
