"""Matching: known content. Words and phrases, perceptual hashes, and the library documents they come from.

Words go through three steps, each a file or two:

    normalise*.py  texts -> one array of letter classes, and other readings of the disguised places only
    phrases*.py    readings -> candidate hits, by word hashes and Aho-Corasick -> checked letter by letter
    libraries.py   YAML library documents -> domain.Library

Import the modules themselves; nothing is loaded by importing this package.
"""
