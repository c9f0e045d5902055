"""Libraries as people keep them: changed while servers run, brought in and taken out, fed by what people mark.

live.py        the libraries in force in this process
entries.py     one entry as callers write it -> an item that may stand in a library
refusing.py    what no library may hold: names of groups, identity
sharing.py     CSV, JSON and the lists of others (`stix.py`: STIX 2.1), both ways
samples.py     files and texts -> hashes, fingerprints and sketches
"""
