"""Google's own clients, by discovery document and by REST transport, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from evenhand.detectors import drawings
from tests.compat import fifty_at_once, keys
from tests.integration.api.compat.test_google import listed
from tests.integration.api.compat.test_openai import HEAVY
from tests.rekognition import png
from tests.server import serving

pytest.importorskip("googleapiclient", reason="google-api-python-client is a test dependency")
vision = pytest.importorskip("google.cloud.vision_v1", reason="google-cloud-vision is a test dependency")
language = pytest.importorskip("google.cloud.language_v2", reason="google-cloud-language is a test dependency")
from google.api_core import exceptions  # noqa: E402
from google.auth import credentials  # noqa: E402
from google.cloud import language_v1  # noqa: E402
from googleapiclient import discovery  # noqa: E402
from googleapiclient.errors import HttpError  # noqa: E402

Server = tuple[str, str, str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give the address of a server that asks for keys, a key, and one that may not check."""
    folder = tmp_path_factory.mktemp("clients")
    needed = tuple(name for name in HEAVY if name not in ("image.ocr", "image.face"))
    settings = listed(folder, require_keys=True).model_copy(update={"disabled_detectors": ("text.harm", *needed)})
    key, reader, _ = keys(settings)
    with serving(settings) as client:
        yield str(client.base_url).rstrip("/"), key, reader


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients go to loopback themselves."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def options(server: Server, key: str | None = None) -> dict[str, Any]:
    """Give what points a client here."""
    return {"api_endpoint": server[0], "api_key": key or server[1]}


def annotator(server: Server, key: str | None = None) -> Any:
    return vision.ImageAnnotatorClient(transport="rest", client_options=options(server, key))


def moderator(server: Server, key: str | None = None) -> Any:
    return language.LanguageServiceClient(transport="rest", client_options=options(server, key))


def spelled(whole: Any) -> str:
    """Put a text together from its symbols, as programs for document text do."""
    after = vision.TextAnnotation.DetectedBreak.BreakType
    text = ""
    for page in whole.pages:
        for word in (word for block in page.blocks for part in block.paragraphs for word in part.words):
            for symbol in word.symbols:
                kind = symbol.property.detected_break.type_
                text += symbol.text + {after.SPACE: " ", after.LINE_BREAK: "\n"}.get(kind, "")
    return text.removesuffix("\n")


def test_the_discovery_clients(server: Server) -> None:
    address, key, _ = server
    texts = discovery.build("language", "v2", developerKey=key, client_options={"api_endpoint": address})
    body = {"document": {"type": "PLAIN_TEXT", "content": "a slurword"}, "modelVersion": "MODEL_VERSION_2"}
    told = texts.documents().moderateText(body=body).execute()
    rows = {row["name"]: row for row in told["moderationCategories"]}
    assert (rows["Derogatory"]["severity"], rows["Insult"]["severity"]) == (0.9, 0.0)
    first = discovery.build("language", "v1", developerKey=key, client_options={"api_endpoint": address})
    assert first.documents().moderateText(body={"document": body["document"]}).execute()["moderationCategories"]
    with pytest.raises(HttpError) as raised:
        texts.documents().analyzeSentiment(body=body).execute()
    assert raised.value.status_code == 501
    pictures = discovery.build("vision", "v1", developerKey=key, client_options={"api_endpoint": address})
    import base64

    image = {"content": base64.b64encode(png(drawings.notice())).decode()}
    asked = {"requests": [{"image": image, "features": [{"type": "SAFE_SEARCH_DETECTION"}]}]}
    (answer,) = pictures.images().annotate(body=asked).execute()["responses"]
    assert answer["safeSearchAnnotation"]["adult"] in ("VERY_UNLIKELY", "UNLIKELY")
    below = pictures.projects().locations().images().annotate(parent="projects/p/locations/eu", body=asked).execute()
    assert below == {"responses": [answer]}
    with pytest.raises(HttpError, match="images:asyncBatchAnnotate is not answered here"):
        pictures.images().asyncBatchAnnotate(body=asked).execute()
    stranger = discovery.build("vision", "v1", developerKey="no", client_options={"api_endpoint": address})
    with pytest.raises(HttpError) as wrong:
        stranger.images().annotate(body=asked).execute()
    assert wrong.value.status_code == 400
    assert wrong.value.reason == "API key not valid. Please pass a valid API key."
    assert wrong.value.error_details[0]["reason"] == "API_KEY_INVALID"


def test_the_vision_client(server: Server) -> None:
    client = annotator(server)
    image = vision.Image(content=png(drawings.notice()))
    safe = client.safe_search_detection(image=image, timeout=300).safe_search_annotation
    assert safe.adult in (vision.Likelihood.VERY_UNLIKELY, vision.Likelihood.UNLIKELY)
    assert safe.spoof == vision.Likelihood.UNKNOWN
    words = client.text_detection(image=image, timeout=300).text_annotations
    assert words[0].description.split() == [word.description for word in words[1:]]
    assert len(words[1].bounding_poly.vertices) == 4
    document = client.document_text_detection(image=image, timeout=300)
    assert not document.error.code
    whole = document.full_text_annotation
    assert spelled(whole) == whole.text == words[0].description
    assert document.text_annotations == words
    (page,) = whole.pages
    assert (page.width, page.height) == drawings.notice().image.size
    assert {block.block_type for block in page.blocks} == {vision.Block.BlockType.TEXT}
    assert all(0 < block.confidence <= 1 for block in page.blocks)
    (face,) = client.face_detection(image=vision.Image(content=png(drawings.face())), timeout=300).face_annotations
    assert face.detection_confidence > 0
    assert (face.joy_likelihood, face.headwear_likelihood) == (vision.Likelihood.UNKNOWN, vision.Likelihood.UNKNOWN)
    assert face.blurred_likelihood != vision.Likelihood.UNKNOWN
    refused = client.label_detection(image=image, timeout=300)
    assert (refused.error.code, len(refused.label_annotations)) == (12, 0)
    broken = client.safe_search_detection(image=vision.Image(content=b"no picture"), timeout=300)
    assert broken.error.code == 3
    assert broken.error.message.startswith("Bad image data.")
    requests = [vision.AnnotateImageRequest(image=image, features=[{"type_": vision.Feature.Type(6)}])] * 16
    batch = client.batch_annotate_images(requests=requests, timeout=300)
    assert len(batch.responses) == 16
    with pytest.raises(exceptions.BadRequest, match="Too many images"):
        client.batch_annotate_images(requests=requests * 2, timeout=300, retry=None)
    with pytest.raises(exceptions.MethodNotImplemented):
        client.async_batch_annotate_images(requests=requests[:1], output_config={}, timeout=300, retry=None)


def test_the_language_client(server: Server) -> None:
    client = moderator(server)
    document = language.Document(content="a rudeword", type_=language.Document.Type.PLAIN_TEXT)
    told = client.moderate_text(document=document)
    rows = {row.name: row.confidence for row in told.moderation_categories}
    assert rows["Insult"] > 0.5 > rows["Derogatory"]
    assert told.language_code
    old = language_v1.LanguageServiceClient(transport="rest", client_options=options(server))
    first = old.moderate_text(document=language_v1.Document(content="a rudeword", type_="PLAIN_TEXT"))
    assert {row.name: row.confidence for row in first.moderation_categories} == pytest.approx(rows)
    with pytest.raises(exceptions.BadRequest, match="Document type must be"):
        client.moderate_text(document=language.Document(content="a"), retry=None)
    with pytest.raises(exceptions.MethodNotImplemented):
        client.analyze_sentiment(document=document, retry=None)


def test_the_errors_that_the_clients_type(server: Server, tmp_path: Any) -> None:
    document = language.Document(content="a", type_=language.Document.Type.PLAIN_TEXT)
    with pytest.raises(exceptions.BadRequest, match="API key not valid"):
        moderator(server, "theirs").moderate_text(document=document, retry=None)
    with pytest.raises(exceptions.Forbidden):
        moderator(server, server[2]).moderate_text(document=document, retry=None)
    nobody: Any = credentials.AnonymousCredentials  # (has no types)
    without = language.LanguageServiceClient(
        transport="rest", client_options={"api_endpoint": server[0]}, credentials=nobody()
    )
    with pytest.raises(exceptions.Forbidden, match="unregistered callers"):
        without.moderate_text(document=document, retry=None)
    with serving(listed(tmp_path, rate_limit=1)) as limited:
        client = moderator((str(limited.base_url).rstrip("/"), "none", ""))
        client.moderate_text(document=document)
        with pytest.raises(exceptions.TooManyRequests):
            client.moderate_text(document=document, retry=None)
    off = ("text.harm", "text.words")
    with serving(listed(_made(tmp_path / "off")).model_copy(update={"disabled_detectors": off})) as blind:
        client = moderator((str(blind.base_url).rstrip("/"), "none", ""))
        with pytest.raises(exceptions.ServiceUnavailable):
            client.moderate_text(document=document, retry=None)


def test_an_oauth_token_is_refused_clearly(server: Server) -> None:
    from google.oauth2 import credentials as oauth

    token: Any = oauth.Credentials  # (has no types)
    client = language.LanguageServiceClient(
        transport="rest", client_options={"api_endpoint": server[0]}, credentials=token("ya29.theirs")
    )
    document = language.Document(content="a", type_=language.Document.Type.PLAIN_TEXT)
    with pytest.raises(exceptions.Forbidden, match="OAuth access tokens are not taken here"):
        client.moderate_text(document=document, retry=None)


def test_fifty_at_once_by_the_client(server: Server) -> None:
    def one(number: int) -> bool:
        text = f"a slurword {number}" if number % 2 else f"nothing {number} é🖕"
        document = language.Document(content=text, type_=language.Document.Type.PLAIN_TEXT)
        rows = moderator(server).moderate_text(document=document, timeout=120).moderation_categories
        return bool({row.name: row.confidence > 0.5 for row in rows}["Derogatory"])

    assert fifty_at_once(one, 50) == [number % 2 == 1 for number in range(50)]


def _made(folder: Any) -> Any:
    folder.mkdir()
    return folder
