"""The registry: builds the detectors that are wanted, once, and remembers why others cannot be had.

A detector that cannot be built is not an error of the whole: its contents come back `incomplete`, and say so.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from evenhand.detectors.base import AnyDetector, DetectorContext, DetectorFactory
from evenhand.detectors.builtin import BUILTINS, BuiltIn
from evenhand.domain import Library, PartKind, is_label, is_under
from evenhand.domain.labels import TAXONOMY
from evenhand.errors import DetectorError, ModelError, RefusedLabelError, SettingsError

ENTRY_POINTS = "evenhand.detectors"
_FIRST_OF = {"image": "PIL"}  # extra -> what its detectors import only when the first content comes


@dataclass(slots=True)
class Slot:
    """A place for one detector: built on first use, or the reason why it cannot be."""

    name: str
    reads: PartKind | None  # None: a plug-in that could not be loaded, so that nobody knows what it reads
    make: Callable[[], AnyDetector]
    extra: str | None = None
    detector: AnyDetector | None = None
    failure: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def get(self) -> AnyDetector | None:
        """Give the detector, built now if it was not; None when it cannot be, and then `failure` says why.

        Raises:
            RefusedLabelError: the detector declares a label that evenhand refuses.
        """
        if self.detector is None and self.failure is None:
            with self.lock:
                if self.detector is None and self.failure is None:
                    self._build()
        return self.detector

    def _build(self) -> None:
        try:
            detector = self.make()
            _check(self.name, detector)
            self.detector = detector
        except RefusedLabelError:
            raise
        except ImportError as error:
            hint = f"pip install 'evenhand[{self.extra}]'" if self.extra else "install what it needs"
            self.failure = f"not installed ({error}): {hint}"
        except (ModelError, DetectorError) as error:
            self.failure = error.message
        except (Exception, SystemExit) as error:  # (a plug-in may raise anything; it becomes `incomplete`)
            self.failure = f"could not be built: {type(error).__name__}: {error}"[:300]


class Registry:
    """All detectors of one process, in order: built in, of the models file, plug-ins by name, those given by hand.

    Args:
        context: what detectors are built from.
        extra: detectors made by the caller.
        builtins: the built-in list, without those whose setting is off; tests pass their own.

    Raises:
        RefusedLabelError: a plug-in, a declared model or a detector of `extra` has a label that evenhand refuses.
        SettingsError: `disabled_detectors` names one that does not exist, two detectors share a name, or the models
            file is wrong.
    """

    def __init__(
        self,
        context: DetectorContext,
        *,
        extra: Sequence[AnyDetector] = (),
        builtins: Sequence[BuiltIn] = BUILTINS,
    ) -> None:
        self._context = context
        off = {one.name for one in builtins if one.setting and not getattr(context.settings, one.setting)}
        slots = [_builtin_slot(builtin, lambda: self._context) for builtin in builtins if builtin.name not in off]
        if context.settings.models is not None:
            slots += _model_slots(context.settings.models, context)
        if context.settings.plugins:
            slots += _plugin_slots(context)
        slots += [_given_slot(detector) for detector in extra]
        names = [slot.name for slot in slots]
        if doubles := sorted({name for name in names if names.count(name) > 1}):
            raise SettingsError(f"Two detectors are named {', '.join(doubles)}; rename one.")
        disabled = frozenset(context.settings.disabled_detectors)
        if unknown := sorted(disabled - off - set(names)):
            raise SettingsError(f"disabled_detectors names {', '.join(unknown)}; there are {', '.join(names)}.")
        self._slots = tuple(slot for slot in slots if slot.name not in disabled)

    def slots(self, kinds: Iterable[PartKind] | None = None, *, skip: Iterable[str] = ()) -> list[Slot]:
        """Give the slots that read one of `kinds` (None: all), in order, without those named in `skip`."""
        wanted = None if kinds is None else {*kinds, None}
        left_out = frozenset(skip)
        return [slot for slot in self._slots if slot.name not in left_out and (wanted is None or slot.reads in wanted)]

    def use_libraries(self, libraries: tuple[Library, ...], names: Collection[str]) -> None:
        """Build these detectors, as far as they are here, anew from other libraries, with their indexes.

        Raises:
            RefusedLabelError: one declares a label that evenhand refuses.
        """
        self._context = replace(self._context, libraries=libraries)
        for slot in self._slots:
            if slot.name in names and (slot.detector is not None or slot.failure is not None):
                fresh = Slot(name=slot.name, reads=slot.reads, make=slot.make, extra=slot.extra)
                made = fresh.get()
                if made is not None:
                    made.detect([example.part() for example in made.info.examples[:1]])  # builds what is built lazily
                slot.detector, slot.failure = made, fresh.failure

    def renew(self, name: str) -> None:
        """Build a detector anew from what it is built of now; calls that have begun end with the old one.

        Raises:
            RefusedLabelError: it declares a label that evenhand refuses.
        """
        for slot in self._slots:
            if slot.name == name:
                fresh = Slot(name=slot.name, reads=slot.reads, make=slot.make, extra=slot.extra)
                slot.detector, slot.failure = fresh.get(), fresh.failure

    def close(self) -> None:
        """Let go of all detectors and what they hold; whoever asks for one from now on is told so."""
        for slot in self._slots:
            slot.detector, slot.failure = None, "evenhand is closing"


def _builtin_slot(builtin: BuiltIn, context: Callable[[], DetectorContext]) -> Slot:
    def make() -> AnyDetector:
        # A missing extra is told when detectors are listed, not at the first content.
        if (needed := _FIRST_OF.get(builtin.extra or "")) is not None:
            importlib.import_module(needed)
        module, _, function = builtin.factory.partition(":")
        factory: DetectorFactory = getattr(importlib.import_module(module), function)
        return factory(context())

    return Slot(name=builtin.name, reads=builtin.reads, make=make, extra=builtin.extra)


def _model_slots(path: Path, context: DetectorContext) -> list[Slot]:
    """Read the models file now, so that its mistakes stop the start; the models themselves are built when needed."""
    from evenhand.detectors.models_file import read_models
    from evenhand.detectors.models_make import make

    return [
        Slot(
            name=model.detector,
            reads=model.reads,
            make=partial(make, model, context),
            extra=model.extra,
        )
        for model in read_models(path)
    ]


def _plugin_slots(context: DetectorContext) -> list[Slot]:
    """Build the plug-ins now: only a built detector says what it reads, and refused labels must stop the start."""
    slots = []
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        slot = Slot(name=point.name, reads=None, make=partial(_load_plugin, point, context))
        detector = slot.get()
        if detector is not None:
            slot.name, slot.reads = detector.info.name, detector.info.reads
        slots.append(slot)
    return slots


def _load_plugin(point: EntryPoint, context: DetectorContext) -> AnyDetector:
    factory: DetectorFactory = point.load()
    return factory(context)


def _given_slot(detector: AnyDetector) -> Slot:
    slot = Slot(name=detector.info.name, reads=detector.info.reads, make=lambda: detector)
    if slot.get() is None:
        raise SettingsError(f"Detector {slot.name}: {slot.failure}")
    return slot


def _check(name: str, detector: AnyDetector) -> None:
    """Refuse labels that evenhand must not give, and those outside the taxonomy."""
    from evenhand.fairness import refuse_label

    for label in detector.info.labels:
        refuse_label(label)
        top = label.split(".")[0]
        if not is_label(label) and not (top in TAXONOMY and is_under(label, top)):
            raise DetectorError(f"Detector {name} declares {label}, which is outside the taxonomy.")
