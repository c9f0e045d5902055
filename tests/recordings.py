"""Test videos and sounds, drawn and encoded at test time by PyAV; nothing here was filmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from io import BytesIO
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_ASS = (
    b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,Arial,16\n\n"
    b"[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)
_FIXED_RATE = frozenset({"mpeg2video", "mpeg1video"})  # know no other clock than their frames
Scene = Callable[[float], Image.Image]  # seconds -> picture


def landscape(moment: float, size: tuple[int, int] = (320, 180)) -> Image.Image:
    """Draw a hill and a sun that moves."""
    width, height = size
    image = Image.new("RGB", size, (120, 170, 230))
    draw = ImageDraw.Draw(image)
    x = int(width * (0.1 + 0.05 * (moment % 16)))
    draw.ellipse((x, 10, x + height // 5, 10 + height // 5), fill=(250, 220, 90))
    draw.polygon([(0, height), (width // 2, height // 2), (width, height)], fill=(60, 130, 60))
    return image


def written(words: str, size: tuple[int, int] = (640, 360)) -> Image.Image:
    """Draw words on a plain ground."""
    image = Image.new("RGB", size, (240, 240, 235))
    ImageDraw.Draw(image).text((30, size[1] // 3), words, fill=(20, 20, 20), font=ImageFont.load_default(size[1] // 10))
    return image


def qr(payload: str, size: tuple[int, int] = (640, 360)) -> Image.Image:
    """Draw a QR code on a plain ground."""
    import zxingcpp

    code = zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.QRCode)
    drawn = Image.fromarray(np.asarray(zxingcpp.write_barcode_to_image(code, scale=5)))
    image = Image.new("RGB", size, (235, 235, 225))
    image.paste(drawn.convert("RGB"), (40, 40))
    return image


def tone(seconds: float, *, rate: int = 16_000, hertz: float = 440.0, level: float = 0.3) -> NDArray[np.float32]:
    """Make a sine tone, float32[n]."""
    moments = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * moments)).astype(np.float32)


def video(
    scene: Scene | None = landscape,
    *,
    seconds: float = 4.0,
    fps: int = 10,
    fmt: str = "mp4",
    codec: str = "libx264",
    gop: int = 250,
    sounds: Sequence[NDArray[np.float32]] = (),
    rate: int = 16_000,
    sound_codec: str = "aac",
    subtitles: Sequence[tuple[float, float, str]] = (),
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    rotation: int = 0,
    times: Sequence[float] | None = None,
    colours: dict[str, int] | None = None,
    container_options: dict[str, str] | None = None,
) -> bytes:
    """Encode a video, a sound (`scene` None), or both, with subtitles.

    Args:
        scene: gives the picture of each moment; None: no pictures.
        seconds: how long.
        fps: frames a second.
        fmt: FFmpeg's name of the container.
        codec: of the pictures.
        gop: most frames from one keyframe to the next.
        sounds: one channel each, one track each.
        rate: samples a second.
        sound_codec: of the sounds.
        subtitles: start, end and words of each.
        pixels: pixel format.
        options: of the picture codec.
        rotation: degrees counter-clockwise by which a player turns the picture.
        times: seconds of each frame, for variable rates; None: even.
        colours: color_trc and the like, set on the codec.
        container_options: of the container's writer.
    """
    out = BytesIO()
    with av.open(out, "w", format=fmt, container_options=container_options or {}) as container:
        pictures: Any = None
        if scene is not None:
            first = scene(0.0)
            pictures = container.add_stream(codec, rate=fps, options=options or {})
            pictures.width, pictures.height, pictures.pix_fmt = first.width, first.height, pixels
            pictures.codec_context.gop_size = gop
            tick = Fraction(1, fps if codec in _FIXED_RATE else 1000)
            pictures.codec_context.time_base = tick
            for name, value in (colours or {}).items():
                setattr(pictures.codec_context, name, value)
            if rotation:
                pictures.set_display_rotation(rotation)
        tracks: list[Any] = []
        for _ in sounds:
            track: Any = container.add_stream(sound_codec, rate=rate)
            track.layout = "mono"
            tracks.append(track)
        words: Any = container.add_stream("mov_text" if fmt in {"mp4", "mov"} else "subrip") if subtitles else None
        if words is not None:
            words.time_base = words.codec_context.time_base = Fraction(1, 1000)
            words.codec_context.subtitle_header = _ASS
        packets: list[Any] = []
        if scene is not None:
            for moment in times if times is not None else np.arange(0, seconds, 1 / fps):
                frame = av.VideoFrame.from_ndarray(np.asarray(scene(float(moment))), format="rgb24")
                frame.pts, frame.time_base = round(float(moment) / tick), tick
                packets += pictures.encode(frame)
            packets += pictures.encode()
        for track, samples in zip(tracks, sounds, strict=True):
            packets += _encoded(track, samples, rate)
        for start, end, text in subtitles:
            body = text.encode()
            packet = av.Packet(len(body).to_bytes(2, "big") + body if fmt in {"mp4", "mov"} else body)
            packet.stream, packet.time_base = words, Fraction(1, 1000)
            packet.pts = packet.dts = round(start * 1000)
            packet.duration = round((end - start) * 1000)
            packets.append(packet)
        packets.sort(key=lambda packet: float((packet.dts or 0) * packet.time_base))
        for packet in packets:
            container.mux(packet)
    return out.getvalue()


def _encoded(track: Any, samples: NDArray[np.float32], rate: int) -> list[Any]:
    packets: list[Any] = []
    resampler = av.AudioResampler(
        format=track.codec_context.format, layout="mono", rate=rate, frame_size=track.codec_context.frame_size or 1024
    )
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    for out in [*resampler.resample(frame), *resampler.resample(None)]:
        packets += track.encode(out)
    packets += track.encode()
    return packets


def sound(samples: NDArray[np.float32], *, fmt: str = "wav", codec: str = "pcm_s16le", rate: int = 16_000) -> bytes:
    """Encode one channel of sound."""
    return video(None, sounds=[samples], fmt=fmt, sound_codec=codec, rate=rate)


def perceptual_quantizer(nits: float) -> int:
    """Give the 8-bit code value of a light in PQ (SMPTE ST 2084)."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    light = (nits / 10_000) ** m1
    return int(255 * ((c1 + c2 * light) / (1 + c3 * light)) ** m2 + 0.5)


def with_cover(samples: NDArray[np.float32], cover: Image.Image, *, rate: int = 44_100) -> bytes:
    """Encode an MP3 with a picture in its ID3 tag."""
    body = BytesIO()
    cover.save(body, "PNG")
    frame = b"\x00image/png\x00\x03\x00" + body.getvalue()
    apic = b"APIC" + len(frame).to_bytes(4, "big") + bytes(2) + frame
    size = len(apic)
    seven = bytes(size >> shift & 127 for shift in (21, 14, 7, 0))
    plain = sound(samples, fmt="mp3", codec="libmp3lame", rate=rate)
    if plain[:3] == b"ID3":  # one tag is enough
        own = plain[6] << 21 | plain[7] << 14 | plain[8] << 7 | plain[9]
        plain = plain[10 + own :]
    return b"ID3\x03\x00\x00" + seven + apic + plain
