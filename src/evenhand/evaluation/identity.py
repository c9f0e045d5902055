"""The identity audit over the real pipeline: detectors, policy and libraries as they will be used; nothing recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from evenhand.domain import Content, Library, LibraryKind, ListColour, Options, PartKind
from evenhand.facade import Moderator
from evenhand.fairness import AuditReport, Bounds, Judge, Judgement, WordProblem, audit, audit_data, audit_words
from evenhand.publishing.judging import judgement, neutral_rules
from evenhand.settings import Settings


def audit_everything(
    settings: Settings,
    *,
    line: str = "default",
    libraries: Sequence[Library] = (),
    languages: Sequence[str] | None = None,
    bounds: Bounds | None = None,
    progress: Callable[[int], None] = lambda sentences: None,
) -> AuditReport:
    """Audit detectors, the policy of the settings, and word lists, together as they will be used.

    Entries of the word lists that are only the name of a group stand in the report, and the sentences are then judged
    without them: with them no moderator would open.

    Args:
        settings: nothing is recorded, whatever they say.
        line: business line whose rules decide.
        libraries: besides those in the settings' folder.
        languages: of the sentences, out of `audit_languages()`; None: all.
        bounds: what the report is held against.
        progress: told of each sentence that was judged.

    Raises:
        ValueError: there are no sentences in a language.
        PolicyError: the policy is wrong, or has no such line.
        LibraryError: a library in the settings' folder would stop a group's mere name.
        RefusedLabelError: a label or a library's name asks for a protected attribute.
    """
    from evenhand import __version__

    data = audit_data(languages)
    problems, kept = _without_names(libraries)
    with Moderator(settings.model_copy(update={"database_url": None}), libraries=kept) as moderator:
        judge = audit_judge(moderator, line, progress=progress)
        report = audit(judge, data=data, bounds=bounds)
        policy = moderator.inner.policy
        models = {
            entry["name"]: entry["version"]
            for entry in moderator.inner.detectors()
            if entry["available"] and entry["reads"] == PartKind.TEXT.value
        }
    about = {
        "policy": f"{policy.name}@{policy.version}/{line}",
        "libraries": ", ".join(f"{library.name}@{library.version}" for library in libraries) or "none given",
        "evenhand": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "detectors": ", ".join(f"{name} {version}" for name, version in models.items()),
    }
    return replace(report, about=about, words=tuple(problems))


def _without_names(libraries: Sequence[Library]) -> tuple[list[WordProblem], list[Library]]:
    """Find the entries that stop a group's mere name, and give the libraries without them."""
    problems: list[WordProblem] = []
    kept: list[Library] = []
    for library in libraries:
        found: list[WordProblem] = []
        if library.kind is LibraryKind.WORDS and library.colour is not ListColour.WHITE:
            found = audit_words([item.value for item in library.items], where=library.name)
        wrong = {problem.index for problem in found}
        items = tuple(item for index, item in enumerate(library.items) if index not in wrong)
        problems += found
        kept.append(replace(library, items=items))
    return problems, kept


def audit_judge(
    moderator: Moderator, line: str = "default", *, progress: Callable[[int], None] = lambda sentences: None
) -> Judge:
    """Make what the audit asks out of a moderator.

    No language is handed on: most callers give none, and to take a sentence for another language because of the group
    that it names would be a fault like any other.

    Args:
        moderator: stays open while the judge works.
        line: business line whose rules decide.
        progress: told of each sentence that was judged.

    Raises:
        PolicyError: the policy has no such line.
    """
    rules = moderator.inner.policy.line(line)
    neutral = neutral_rules(rules)
    options = Options(line=line, all_scores=True, record=False)

    def judge(texts: Iterable[str]) -> Iterator[Judgement]:
        for answer in moderator.check_many((Content(text=text) for text in texts), options=options):
            progress(1)
            yield judgement(answer, rules, neutral)

    return judge
