"""Embeddings of contents, made where a mark or a setting asks for them; no model is read before that."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from evenhand.domain import Embedding, ImagePart, Part, Source, TextPart
from evenhand.matching.alike import pack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evenhand.detectors.classes_space import TextSpace
    from evenhand.detectors.face_share import FaceShare
    from evenhand.detectors.harm_models import HarmModels
    from evenhand.inference.general import GeneralEmbedder
    from evenhand.inference.space import PictureSpace
    from evenhand.settings import Settings

KINDS = frozenset({"text", "image"})
_REMEMBERED = 2_000  # contents whose embeddings, made for previews, are at hand: at most 20 MB
_TOGETHER = 64  # texts read in one call


class Embedder:
    """Makes embeddings: of texts by the harm reader, of pictures by the general model. Shared between threads.

    A text has one where its sketch could be told from others', a picture where it has points enough and is not mostly
    a face: a vector of a face could be compared as an identity.

    Args:
        settings: threads of the models.
        models: shared with the harm detector, whose reading of a text is then at hand; None: of its own.
    """

    def __init__(self, settings: Settings, models: HarmModels | None = None) -> None:
        self._settings, self._models = settings, models
        self._lock = threading.Lock()
        self._texts: TextSpace | None = None
        self._pictures: tuple[GeneralEmbedder, PictureSpace, FaceShare] | None = None
        self._made: OrderedDict[str, Embedding | None] = OrderedDict()

    def space(self, kind: str) -> str:
        """Name the space of a kind; what was made in another is not comparable.

        Raises:
            ModelError: the weights are missing.
        """
        if kind == "text":
            from evenhand.detectors.classes_space import Depth

            return Depth.WHOLE.space
        return self._picture_models()[1].version

    def queries(self, texts: Sequence[str]) -> list[NDArray[np.float32] | None]:
        """Give the vector of each text, of its first 2,000 bytes or so; None: it is too short.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        from evenhand.detectors.classes_space import Depth
        from evenhand.matching.textsketch import long_enough

        space = self._text_space()
        good = [place for place, text in enumerate(texts) if long_enough(text)]
        out: list[NDArray[np.float32] | None] = [None] * len(texts)
        for start in range(0, len(good), _TOGETHER):
            places = good[start : start + _TOGETHER]
            for place, row in zip(places, space.of([texts[place] for place in places], Depth.WHOLE), strict=True):
                out[place] = _unit(row)
        return out

    def texts(self, texts: Sequence[str]) -> list[Embedding | None]:
        """Give the embedding of each text; None: it is too short. Errors as `queries`."""
        space = self.space("text")
        return [
            None if row is None else Embedding(kind="text", space=space, vector=pack("text", row))
            for row in self.queries(texts)
        ]

    def looks(self, parts: Sequence[ImagePart]) -> NDArray[np.float32]:
        """Give the vectors of pictures that are looked up among others: float32 [n, 256].

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        embedder, space, _ = self._picture_models()
        return space.compact(embedder.of_many(parts))

    def picture(self, part: ImagePart) -> Embedding | None:
        """Give the embedding of a picture; None: it is too plain to be told from others, or mostly a face.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        from evenhand.detectors.likeness import landmarks_of
        from evenhand.matching import landmarks

        if len(landmarks_of(part)) < landmarks.LEAST or self.is_face(part):
            return None
        space = self._picture_models()[1].version
        vector = pack("image", self.looks([part])[0])
        return Embedding(kind="image", space=space, vector=vector, landmarks=landmarks.pack(landmarks_of(part)))

    def close(self) -> None:
        """Let go of the models."""
        with self._lock:
            self._texts = self._pictures = None
            self._made.clear()

    def is_face(self, part: ImagePart) -> bool:
        """Say whether a picture is mostly a face: such a one is never compared."""
        from evenhand.detectors.face_share import MOST_FACE

        return self._picture_models()[2].of(part) > MOST_FACE

    def of(self, parts: Sequence[Part], kind: str) -> Embedding | None:
        """Give the embedding of a decoded content; None: there is none, as for `texts` and `picture`."""
        if kind == "text":
            return self.texts([text_of(parts)])[0]
        picture = next((part for part in parts if isinstance(part, ImagePart)), None)
        return None if picture is None or kind != "image" else self.picture(picture)

    def remembered(self, content_hash: str, make: Callable[[], Embedding | None]) -> Embedding | None:
        """Give what was made of a content before, or make it now."""
        with self._lock:
            if content_hash in self._made:
                self._made.move_to_end(content_hash)
                return self._made[content_hash]
        made = make()
        with self._lock:
            self._made[content_hash] = made
            while len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
        return made

    def _text_space(self) -> TextSpace:
        from evenhand.detectors.classes_space import TextSpace

        with self._lock:
            if self._texts is None:
                self._texts = TextSpace(self._models, threads=self._settings.threads)
            return self._texts

    def _picture_models(self) -> tuple[GeneralEmbedder, PictureSpace, FaceShare]:
        from evenhand.detectors.face_share import FaceShare
        from evenhand.inference.general import GeneralEmbedder
        from evenhand.inference.space import PictureSpace

        with self._lock:
            if self._pictures is None:
                threads = self._settings.threads
                self._pictures = GeneralEmbedder(threads=threads), PictureSpace(), FaceShare(threads=threads)
            return self._pictures


def text_of(parts: Sequence[Part]) -> str:
    """Give what a caller wrote, without what was read out of pictures."""
    return "\n".join(part.text for part in parts if isinstance(part, TextPart) and part.origin.source is Source.TEXT)


def _unit(row: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring each part of a text's vector to length 1: embeddings and lower part of the reader, and its upper part."""
    from evenhand.matching.alike import PARTS

    parts = np.split(row, np.cumsum(PARTS["text"])[:-1])
    return np.concatenate([part / max(float(np.linalg.norm(part)), 1e-9) for part in parts])
