"""Detectors: parts in, findings out. One detector a file.

`base` is the seam that a detector implements, `registry` builds the ones that are wanted and remembers those that
cannot be, `builtin` lists what ships, in order. A detector never sees the store, the policy or another detector: what
it reads comes in as parts; what it saw, and any text that it read from a picture, goes out as a `Detection`.
"""
