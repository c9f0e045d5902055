"""Many processes write to one audit log on PostgreSQL, and it stays one chain."""

from __future__ import annotations

import subprocess
import sys

from evenhand.store import open_store

_WRITER = """
import sys
from evenhand.store import open_store
store = open_store(sys.argv[1])
for number in range(40):
    store.audit.note("test.step", f"thing:{number}", actor=sys.argv[2], after={"number": number})
store.close()
"""


def test_one_chain(postgres_url: str) -> None:
    store = open_store(postgres_url)
    store.migrate()
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, postgres_url, f"writer-{number}"]) for number in range(4)
    ]
    assert [writer.wait(180) for writer in writers] == [0, 0, 0, 0]
    found = store.audit.verify()
    assert (found.entries, found.problems) == (160, ())
    by_writer = [len(store.audit.page(actor=f"writer-{number}", limit=1_000)) for number in range(4)]
    assert by_writer == [40, 40, 40, 40]
    store.close()
