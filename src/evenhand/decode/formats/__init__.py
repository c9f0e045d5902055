"""Scanners of picture formats: they read a file's structure, check it against the limits, and drop its metadata.

One file a format. A scanner decompresses nothing and makes at most one copy of the file. What it hands on holds only
what makes pixels: no EXIF, ICC, XMP or text blocks, whose parsers are where small files become gigabytes.
"""
