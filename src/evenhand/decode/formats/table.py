"""The picture formats that are read, listed explicitly. Anything else is refused before a codec sees it."""

from __future__ import annotations

from evenhand.decode.formats import avif, bmp, gif, jpeg, png, tiff, webp
from evenhand.decode.formats.base import Format

FORMATS: tuple[Format, ...] = (
    Format(media="image/jpeg", name="JPEG", scan=jpeg.scan, open=jpeg.open_),
    Format(media="image/png", name="PNG", scan=png.scan, open=png.open_),
    Format(media="image/gif", name="GIF", scan=gif.scan, open=gif.open_),
    Format(media="image/webp", name="WebP", scan=webp.scan, open=webp.open_),
    Format(media="image/bmp", name="BMP", scan=bmp.scan, open=bmp.open_),
    Format(media="image/tiff", name="TIFF", scan=tiff.scan, open=tiff.open_),
    Format(media="image/avif", name="AVIF", scan=avif.scan, open=avif.open_),
)
