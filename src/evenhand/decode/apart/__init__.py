"""Videos and sounds decoded in a process apart: what breaks FFmpeg ends that process, and never the one that asked.

    nursery.py  a process that has imported what decoding needs, and forks a fresh one for each file (`zygote.py`)
    child.py    one such process as its owner sees it: asked, waited for so long, ended
    serve.py    its other side: the same code of `decode.media`, its values passed on
    limits.py   what it may not do: memory, processor time, sockets, programs, files written
    wire.py     how values travel: JSON and raw samples, never pickles; frames through shared memory
    reading.py  plan, reader and segments with the interface of `decode.media`

A forked process costs milliseconds and knows one file: neither the owner's secrets nor another caller's content. It
gets that file as an open descriptor. It has no way back but its answers, which are read as numbers, text and pixels.

Needs Linux. Elsewhere, or with EVENHAND_MEDIA_ISOLATION=never, the same functions decode in the process itself.
"""

from evenhand.decode.apart.reading import Parts, Reader, check_whole, open_reader, plan_recording

__all__ = ["Parts", "Reader", "check_whole", "open_reader", "plan_recording"]
