"""What is told of a registry: its labels and its detectors, those that cannot be had too."""

from __future__ import annotations

from typing import Any

from evenhand.detectors.registry import Registry
from evenhand.domain import TAXONOMY


def label_list(registry: Registry) -> list[dict[str, Any]]:
    """List the taxonomy and the operator's own labels by name, each with the detectors that can give it here."""
    infos = {name: dict[str, Any](name=name, description=i.description, harm=i.harm) for name, i in TAXONOMY.items()}
    givers: dict[str, list[str]] = {}
    for slot in registry.slots():
        detector = slot.get()
        for label in detector.info.labels if detector else ():
            infos.setdefault(label, {"name": label, "description": "An operator's own label.", "harm": True})
            givers.setdefault(label, []).append(slot.name)
    return [{**infos[name], "detectors": givers.get(name, [])} for name in sorted(infos)]


def detector_list(registry: Registry) -> list[dict[str, Any]]:
    """List the detectors in the registry's order; one that cannot be had says why."""
    out = []
    for slot in registry.slots():
        detector = slot.get()
        entry: dict[str, Any] = {"name": slot.name, "available": detector is not None, "why": slot.failure}
        if detector is not None:
            info = detector.info
            entry |= {
                "version": info.version,
                "reads": info.reads.value,
                "emits": sorted(kind.value for kind in info.emits),
                "labels": list(info.labels),
                "cost": info.cost.name.lower(),
                "description": info.description,
            }
        out.append(entry)
    return out
