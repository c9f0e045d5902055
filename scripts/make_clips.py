"""Draw and speak the videos and sounds of examples/. Usage: python -m scripts.make_clips

Everything is made here: nothing was filmed, and nobody speaks. Needs espeak-ng (a Debian package) for the spoken parts; the
files are committed, so nothing else does.

clip.mp4   24 s: a landscape; a QR advert from 12 to 15 s; a caption with an offer from 17 to 19 s; an insult spoken at 20 s
walk.mp4   12 s: the landscape, subtitles and a friendly sentence; nothing to find
voice.ogg  a voice note with an insult in it
"""

from __future__ import annotations

import subprocess
import wave
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).parent.parent / "examples" / "recordings"
SIZE, FPS, RATE = (640, 360), 10, 16_000
_ASS = (
    b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,Arial,16\n\n"
    b"[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)


def landscape(moment: float) -> Image.Image:
    """Draw a hill, and a sun that moves over it."""
    image = Image.new("RGB", SIZE, (120, 170, 230))
    draw = ImageDraw.Draw(image)
    x = 40 + 22 * moment
    draw.ellipse((x, 30, x + 60, 90), fill=(250, 220, 90))
    draw.polygon([(0, 360), (320, 190), (640, 360)], fill=(60, 130, 60))
    draw.rectangle((470, 250, 540, 330), fill=(150, 90, 60))
    return image


def advert(_: float) -> Image.Image:
    """Draw a QR code."""
    code = zxingcpp.create_barcode("https://best-watches.example.com/sale", zxingcpp.BarcodeFormat.QRCode)
    image = Image.new("RGB", SIZE, (238, 236, 226))
    image.paste(Image.fromarray(np.asarray(zxingcpp.write_barcode_to_image(code, scale=7))).convert("RGB"), (190, 50))
    return image


def offer(moment: float) -> Image.Image:
    """Draw the landscape with an offer on it."""
    image = landscape(moment)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 280, 640, 360), fill=(20, 20, 24))
    draw.text((20, 300), "Cheap watches! WhatsApp +1 415 555 2671", fill="white", font=ImageFont.load_default(28))
    return image


def story(moment: float) -> Image.Image:
    """Draw what clip.mp4 shows."""
    return advert(moment) if 12 <= moment < 15 else offer(moment) if 17 <= moment < 19 else landscape(moment)


def speak(words: str) -> NDArray[np.float32]:
    """Speak a sentence: float32 [n] at 16 kHz."""
    done = subprocess.run(["espeak-ng", "-v", "en-us", "-s", "140", "--stdout", words], capture_output=True, check=True)
    with wave.open(BytesIO(done.stdout)) as spoken:
        raw, rate = spoken.readframes(spoken.getnframes()), spoken.getframerate()
    samples = np.frombuffer(raw, np.int16).astype(np.float32) / 32768
    moments = np.arange(0, len(samples), rate / RATE)
    return np.interp(moments, np.arange(len(samples)), samples).astype(np.float32)


def track(seconds: float, *sentences: tuple[float, str]) -> NDArray[np.float32]:
    """Lay sentences on a quiet track."""
    out = np.random.default_rng(0).normal(0, 0.0005, int(seconds * RATE)).astype(np.float32)
    for start, words in sentences:
        spoken = speak(words)
        begin = int(start * RATE)
        out[begin : begin + len(spoken)] += spoken[: len(out) - begin]
    return out


def write(path: Path, seconds: float, scene: Any, samples: NDArray[np.float32], words: list[tuple[float, str]]) -> None:
    """Encode a video or, without a scene, a sound."""
    with av.open(str(path), "w") as container:
        picture: Any = container.add_stream("libx264", rate=FPS, options={"crf": "30"}) if scene else None
        sound: Any = container.add_stream("libopus" if path.suffix == ".ogg" else "aac", rate=RATE if scene else 48_000)
        sound.layout, sound.bit_rate = "mono", 24_000
        titles: Any = container.add_stream("mov_text") if words else None
        if titles is not None:
            titles.time_base = titles.codec_context.time_base = Fraction(1, 1000)
            titles.codec_context.subtitle_header = _ASS
        packets: list[Any] = []
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = *SIZE, "yuv420p"
            for number in range(int(seconds * FPS)):
                frame = av.VideoFrame.from_ndarray(np.asarray(scene(number / FPS)), format="rgb24")
                frame.pts = number
                packets += picture.encode(frame)
            packets += picture.encode()
        context = sound.codec_context
        resampler = av.AudioResampler(
            format=context.format, layout="mono", rate=context.sample_rate, frame_size=context.frame_size or 960
        )
        whole = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        whole.sample_rate, whole.pts, whole.time_base = RATE, 0, Fraction(1, RATE)
        for piece in [*resampler.resample(whole), *resampler.resample(None)]:
            packets += sound.encode(piece)
        packets += sound.encode()
        for start, text in words:
            body = text.encode()
            packet = av.Packet(len(body).to_bytes(2, "big") + body)
            packet.stream, packet.time_base = titles, Fraction(1, 1000)
            packet.pts = packet.dts = int(start * 1000)
            packet.duration = 2500
            packets.append(packet)
        for packet in sorted(packets, key=lambda one: float((one.dts or 0) * one.time_base)):
            container.mux(packet)


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    insult = "You are a stupid idiot and nobody likes you."
    weather = "Good morning. The weather is very nice today, and we will walk over the hill."
    write(FOLDER / "clip.mp4", 24, story, track(24, (2, weather), (20, insult)), [])
    titles = [(1.0, "The sun rises over the hill."), (6.0, "A good day for a walk.")]
    write(FOLDER / "walk.mp4", 12, landscape, track(12, (2, weather)), titles)
    write(FOLDER / "voice.ogg", 12, None, track(12, (1, weather), (7.5, insult)), [])


if __name__ == "__main__":
    main()
