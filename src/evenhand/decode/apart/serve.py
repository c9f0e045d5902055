"""The process that decodes: it is asked for one thing after another of one file, and answers until nobody asks."""

from __future__ import annotations

import mmap
import socket
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from evenhand.decode.apart import wire
from evenhand.decode.apart.limits import allow_cpu, confine
from evenhand.decode.media import MediaPlan, MediaReader, SegmentParts, plan
from evenhand.domain import AudioPart, ImagePart, TextPart
from evenhand.errors import InputError
from evenhand.settings import Settings

Answer = tuple[dict[str, Any], list[bytes | memoryview]]


def serve(end: socket.socket, file: int, shared: int) -> None:
    """Answer until the owner goes.

    Args:
        end: of the connection to the owner.
        file: descriptor of what is decoded, open for reading.
        shared: descriptor of the memory in which frames are handed over, SHARED_BYTES long.
    """
    given, _ = wire.receive(end)
    settings = Settings.model_construct(**given["settings"])
    with mmap.mmap(shared, wire.SHARED_BYTES) as frames:
        confined = confine(memory=given["memory"])
        wire.send(end, {"confined": confined})
        one = _Served(Path(f"/proc/self/fd/{file}"), settings, frames, cpu_s=given["cpu_s"])
        while True:
            try:
                asked, _ = wire.receive(end)
            except wire.BrokenError:
                return
            wire.send(end, *one.answer(asked))


class _Served:
    def __init__(self, path: Path, settings: Settings, frames: mmap.mmap, *, cpu_s: float) -> None:
        self._path, self._settings, self._frames, self._cpu_s = path, settings, frames, cpu_s
        self._reader: MediaReader | None = None
        self._parts: SegmentParts | None = None
        self._pictures: Iterator[ImagePart] = iter(())

    def answer(self, asked: Mapping[str, Any]) -> Answer:
        """Do what is asked; what goes wrong is the answer."""
        allow_cpu(self._cpu_s)
        try:
            value, raw = self._do(str(asked["do"]), asked)
        except InputError as error:
            return {"error": type(error).__name__, "message": error.message}, []
        except MemoryError:
            return {"error": "TooLargeError", "message": _MEMORY}, []
        parts = self._parts
        if parts is not None:
            value["looked_at"] = parts.looked_at[int(asked.get("known", 0)) :]
            value |= {"repeated": parts.repeated, "heard": parts.heard, "notes": parts.notes}
            value |= {"incomplete": parts.incomplete}
        return value, raw

    def _do(self, what: str, asked: Mapping[str, Any]) -> Answer:
        if what == "plan":
            return {"plan": plan(self._path, asked["media"], self._settings).as_dict()}, []
        if what == "open":
            self._reader = MediaReader(self._path, MediaPlan.from_dict(asked["plan"]), self._settings)
            return {}, []
        if what == "segment" and self._reader is not None:
            self._parts, self._pictures = None, iter(())
            self._parts = self._reader.segment(int(asked["number"]))
            return {"packets": {str(track): count for track, count in self._parts.packets.items()}}, []
        parts = self._parts
        if parts is None:
            raise InputError("no segment is open")
        if what == "frames":
            self._pictures = parts.frames()
        elif what == "closer":
            self._pictures = parts.closer(asked["times"], most=int(asked["most"]), known=asked.get("seen", ()))
        elif what == "at":
            self._pictures = parts.at(asked["times"], told=asked["told"])
        elif what == "next":
            return self._next(int(asked["most"]))
        elif what == "sound":
            return _sounds(parts.sound())
        elif what == "texts":
            return {"texts": [_text(one) for one in parts.texts()]}, []
        elif what == "covers":
            return _covers(parts.covers())
        return {}, []

    def _next(self, most: int) -> Answer:
        """Put the next frames into shared memory."""
        heads = []
        for slot, part in enumerate(islice(self._pictures, min(most, wire.SLOTS))):
            pixels = part.image.tobytes()
            begin = slot * wire.SLOT_BYTES
            self._frames[begin : begin + len(pixels)] = pixels
            heads.append({"size": part.image.size, "place": wire.place_as(part.origin)})
        return {"frames": heads, "over": len(heads) < most}, []


_MEMORY = "decoding this takes more memory than there is; send a smaller file"


def _sounds(parts: list[AudioPart]) -> Answer:
    heads = [{"rate": part.rate, "place": wire.place_as(part.origin)} for part in parts]
    return {"sounds": heads}, [part.samples.astype("<f4", copy=False).tobytes() for part in parts]


def _covers(parts: list[ImagePart]) -> Answer:
    heads = [{"size": part.image.size, "place": wire.place_as(part.origin)} for part in parts]
    return {"covers": heads}, [part.image.tobytes() for part in parts]


def _text(part: TextPart) -> dict[str, Any]:
    marks = [(mark.start, mark.end, mark.time) for mark in part.marks]
    return {"text": part.text, "language": part.language, "place": wire.place_as(part.origin), "marks": marks}
