"""Places in a worker: live streams have their own, and of the rest the interactive go first."""

from __future__ import annotations

import threading
import time

from evenhand.jobs.gate import Gate


def _asking(gate: Gate, priority: str, order: list[str]) -> threading.Thread:
    def run() -> None:
        with gate.place(priority) as got:
            order.append(priority if got else f"{priority} refused")

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.1)
    return thread


def test_interactive_goes_before_bulk_that_asked_earlier() -> None:
    gate, order = Gate(1, 1), list[str]()
    with gate.place("bulk") as got:
        assert got
        threads = [_asking(gate, "bulk", order), _asking(gate, "interactive", order)]
        assert order == []
    for thread in threads:
        thread.join(30)
    assert order == ["interactive", "bulk"]


def test_live_needs_no_place_of_the_others() -> None:
    gate, order = Gate(1, 1), list[str]()
    with gate.place("bulk"):
        _asking(gate, "live", order).join(30)
    assert order == ["live"]


def test_a_closed_gate_lets_nobody_in_and_nobody_wait() -> None:
    gate, order = Gate(1, 1), list[str]()
    with gate.place("interactive"):
        waiting = _asking(gate, "interactive", order)
        gate.close()
        waiting.join(30)
    _asking(gate, "live", order).join(30)
    assert order == ["interactive refused", "live refused"]
