"""What a recording looks like on one page: a thumbnail for each incident, and frames from its whole length.

Pictures of what people should not have to see are blurred unless asked otherwise: those of and around sexual and
graphic findings and matches of an operator's libraries, and all of them where the detectors of such things gave no
answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from evenhand.actions.recorded import as_recording
from evenhand.decode.media import stills
from evenhand.domain import Content, Finding, Incident, Result, Source
from evenhand.domain.labels import is_under
from evenhand.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont
    from PIL.ImageFont import ImageFont as BitmapFont

WIDTH, HEIGHT = 320, 180  # px of a thumbnail; pictures are fitted into it
MOST = 96  # thumbnails of a sheet, of incidents and of the recording together
_COLUMNS = 4
_CAPTION, _EDGE, _GAP = 40, 4, 8
_GROUND, _INK, _DIM = (250, 250, 248), (25, 25, 25), (110, 110, 110)
_STRIPES = ((0.9, (190, 30, 30)), (0.5, (215, 130, 20)), (0.0, (120, 120, 120)))  # least score -> edge of a thumbnail
_HIDDEN = ("sexual", "violence.graphic", "known.black", "known.review")
_HIDERS = ("image.nudity", "image.hash", "video.known", "decode")  # unanswered: nobody knows what the pictures show
_HIDDEN_SCORE = 0.3
_ON_SCREEN = frozenset({Source.FRAME, Source.IMAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """What an incident looks like."""

    number: int  # of the incident in the result, from 0
    time: float  # seconds at which the frame is shown
    data: bytes  # JPEG, 320 x 180 px at most
    blurred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A page of thumbnails."""

    data: bytes  # JPEG
    size: tuple[int, int]  # px
    incidents: int  # shown on it
    frames: int  # of the rest of the recording
    blurred: int  # thumbnails that are blurred
    notes: tuple[str, ...] = ()  # what is not on it, and why


@dataclass(frozen=True, slots=True)
class _Tile:
    time: float
    words: tuple[str, str]
    colour: tuple[int, int, int]


def sheet(
    content: Content, result: Result, settings: Settings, *, frames: int = 24, blur: bool = True, incidents: int = 48
) -> Sheet:
    """Draw a contact sheet. Called from a worker thread: it decodes a frame for each thumbnail.

    Memory does not grow with the recording: one segment, one frame and the sheet itself (20 MB at most) are held.

    Args:
        content: a video or sound, with `data` or `path`.
        result: of checking it.
        settings: limits.
        frames: thumbnails of the whole recording, evenly spread, 0 to 96.
        blur: blur what people should not have to see.
        incidents: most incidents that are shown, 0 to 96; the surest ones.

    Raises:
        InputError: it cannot be read, is no recording, or the result is of another content.
    """
    source, made = as_recording(content, result, settings)
    surest = sorted(result.incidents, key=lambda one: (-one.score, one.start))[: min(incidents, MOST)]
    surest.sort(key=lambda one: one.start)
    tiles = [_tile(one) for one in surest]
    even = max(0, min(frames, MOST - len(tiles))) if made.of("video") else 0
    step = made.duration / even if even else 0.0
    rest = [_Tile((n + 0.5) * step, (clock((n + 0.5) * step), ""), _DIM) for n in range(even)]
    hidden = _Hidden(result, settings.frame_interval_s, blur=blur)
    page, places = _page(result, made.duration, tiles, rest)
    blurred, drawn = 0, set[float]()
    asked = [tile.time for tile in (*tiles, *rest)]
    for moment, image in stills(source, made, settings, asked):
        drawn.add(moment)
        covered = hidden.at(moment)
        small = _small(image, blurred=covered)
        for tile, place in zip((*tiles, *rest), places, strict=True):
            if tile.time == moment:
                blurred += covered
                corner = (place[0] + (WIDTH - small.width) // 2, place[1] + (HEIGHT - small.height) // 2)
                page.paste(small, corner)
    missing = len(set(asked) - drawn) if made.of("video") else 0
    notes = [f"{missing} frames could not be decoded"] if missing else []
    if len(result.incidents) > len(surest):
        notes.append(f"{len(result.incidents) - len(surest)} less sure incidents are not shown")
    if blur and hidden.everything:
        notes.append("all pictures are blurred, since not everything could be looked at")
    return Sheet(
        data=_jpeg(page),
        size=page.size,
        incidents=len(tiles),
        frames=len(rest),
        blurred=blurred,
        notes=tuple(notes),
    )


def thumbnails(content: Content, result: Result, settings: Settings, *, blur: bool = True) -> list[Thumbnail]:
    """Give a thumbnail of each incident; of one that is only heard, the frame at its start.

    Args:
        content: a video, with `data` or `path`; a sound has no thumbnails.
        result: of checking it.
        settings: limits.
        blur: blur what people should not have to see.

    Raises:
        InputError: as `sheet`.
    """
    source, made = as_recording(content, result, settings)
    hidden = _Hidden(result, settings.frame_interval_s, blur=blur)
    times = [best_time(one) for one in result.incidents]
    out = []
    for moment, image in stills(source, made, settings, times):
        covered = hidden.at(moment)
        data = _jpeg(_small(image, blurred=covered))
        out += [
            Thumbnail(number=number, time=moment, data=data, blurred=covered)
            for number, time in enumerate(times)
            if time == moment
        ]
    return sorted(out, key=lambda thumbnail: thumbnail.number)


def best_time(incident: Incident) -> float:
    """Give the moment at which an incident shows best: its strongest finding on the screen, else its start."""
    seen = [finding for finding in incident.findings if finding.location.source in _ON_SCREEN]
    seen = seen or [one for one in incident.findings if one.location.source in {Source.OCR, Source.CODE}]
    place = next((finding.location.time for finding in seen if finding.location.time), None)
    return place[0] if place else incident.start


def clock(seconds: float) -> str:
    """Write seconds as people do: "1:02:03.4"."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:{minutes:02}" if hours else str(minutes)) + f":{rest / 10:04.1f}"


class _Hidden:
    """When a recording shows what is blurred."""

    def __init__(self, result: Result, interval: float, *, blur: bool) -> None:
        self.everything = any(
            name == one or name.startswith(one + ".") for name in result.incomplete for one in _HIDERS
        )
        self._blur = blur
        found = {id(f): f for f in (*result.findings, *(f for one in result.incidents for f in one.findings))}
        # Until the next look on either side, the pictures may show the same.
        self._times = [
            (time[0] - interval, time[1] + interval)
            for one in found.values()
            if (time := one.location.time) and _is(one)
        ]

    def at(self, moment: float) -> bool:
        return self._blur and (self.everything or any(start <= moment <= end for start, end in self._times))


def _is(finding: Finding) -> bool:
    hidden = any(is_under(finding.label, label) for label in _HIDDEN)
    return hidden and finding.score >= _HIDDEN_SCORE and finding.location.source in _ON_SCREEN


def _tile(incident: Incident) -> _Tile:
    colour = next(colour for least, colour in _STRIPES if incident.score >= least)
    ways = ", ".join(way.value for way in incident.modalities)
    return _Tile(
        best_time(incident),
        (f"{clock(incident.start)} - {clock(incident.end)}", f"{incident.label} {incident.score:.2f}, {ways}"),
        colour,
    )


def _page(
    result: Result, duration: float, tiles: Sequence[_Tile], rest: Sequence[_Tile]
) -> tuple[Image, list[tuple[int, int]]]:
    """Draw all but the pictures; give where each goes."""
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    across, down = WIDTH + 2 * _EDGE + _GAP, HEIGHT + 2 * _EDGE + _CAPTION + _GAP
    heading = 56
    rows = [-(-len(some) // _COLUMNS) for some in (tiles, rest)]
    title = 28
    height = heading + sum(title + count * down for count in rows if count) + _GAP
    page = Pillow.new("RGB", (_COLUMNS * across + _GAP, height), _GROUND)
    draw, places = ImageDraw.Draw(page), list[tuple[int, int]]()
    large, font = ImageFont.load_default(20), ImageFont.load_default(14)
    words = f"{result.action.value}    {clock(duration)}    {len(result.incidents)} incidents"
    words += f"    incomplete: {', '.join(result.incomplete)}" if result.incomplete else ""
    draw.text((_GAP, 14), _fitted(words, large, page.width - 2 * _GAP), _INK, large)
    top = heading
    for some, name, count in zip((tiles, rest), ("What happened when", "The whole recording"), rows, strict=True):
        if not some:
            continue
        draw.text((_GAP, top), name, _DIM, font)
        top += title
        for number, tile in enumerate(some):
            x, y = _GAP + number % _COLUMNS * across, top + number // _COLUMNS * down
            inner = (x + _EDGE, y + _EDGE)
            draw.rectangle((x, y, x + WIDTH + 2 * _EDGE - 1, y + HEIGHT + 2 * _EDGE - 1), fill=tile.colour)
            draw.rectangle((*inner, inner[0] + WIDTH - 1, inner[1] + HEIGHT - 1), fill=(60, 60, 60))
            for line, text in enumerate(tile.words):
                draw.text((x, inner[1] + HEIGHT + 6 + 17 * line), _fitted(text, font, WIDTH), _INK, font)
            places.append(inner)
        top += count * down
    return page, places


def _fitted(text: str, font: FreeTypeFont | BitmapFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."


def _small(image: Image, *, blurred: bool) -> Image:
    from PIL import ImageFilter
    from PIL.Image import Resampling

    scale = min(WIDTH / image.width, HEIGHT / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, Resampling.BILINEAR, reducing_gap=2.0)
    # Colours and large shapes stay, so that one sees that there is something; what it is cannot be made out.
    return small.filter(ImageFilter.GaussianBlur(max(size) / 14)) if blurred else small


def _jpeg(image: Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=82)
    return out.getvalue()
