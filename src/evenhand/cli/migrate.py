"""`evenhand migrate`: from another vendor's thresholds to a policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.cli.common import read_settings

if TYPE_CHECKING:
    from evenhand.api.compat.perspective_map import ScoreMap
    from evenhand.cli.migrate_policy import Threshold
    from evenhand.settings import Settings

migrate = typer.Typer(help="Move here from another vendor.", no_args_is_help=True)


@migrate.callback()
def _group() -> None:
    """Move here from another vendor."""


@migrate.command()
def perspective(
    thresholds: Annotated[
        list[str],
        typer.Argument(
            metavar="THRESHOLDS...",
            help="ATTRIBUTE=SCORE, ATTRIBUTE=SCORE=ACTION, or a YAML or JSON file of attribute: score.",
        ),
    ],
    action: Annotated[str, typer.Option(help="What a threshold leads to: mark, review or block.")] = "review",
    line: Annotated[str, typer.Option(help="Business line of the rules.")] = "default",
    name: Annotated[str, typer.Option(help="Name of the policy.")] = "from-perspective",
    out: Annotated[Path | None, typer.Option(help="Write the policy there; otherwise it is printed.")] = None,
    texts: Annotated[
        Path | None,
        typer.Option(
            help='Your own comments, JSON lines of {"text": ..., "TOXICITY": 0.83}: both sides are counted on them.'
        ),
    ] = None,
) -> None:
    """Convert thresholds tuned on Perspective into a policy, and show the expected change.

    A threshold keeps its false-positive rate: it is read on the score map of the text model in use
    (quality/perspective.md says how well that holds). Clients that stay on Perspective's API need none of this: its
    scores are on that scale already.

    Exit code: 0 done, 2 user error, 3 system error.
    """
    from evenhand.api.compat.perspective_map import score_map
    from evenhand.cli.migrate_policy import policy_text, read_thresholds

    wanted = read_thresholds(thresholds, action=action)
    settings = read_settings()
    curves = score_map(settings.text_model)
    for told in _table(wanted, curves, _reported_from(settings)):
        typer.echo(told, err=out is None)
    if texts is not None:
        from evenhand.cli.migrate_texts import compare

        for told in compare(texts, wanted, settings):
            typer.echo(told, err=out is None)
    document = policy_text(wanted, curves, line=line, name=name)
    if out is None:
        typer.echo(document, nl=False)
    else:
        out.write_text(document, "utf-8")
        typer.echo(f"Policy written to {out}; check it with: evenhand policy check {out}")


@migrate.command()
def report(
    file: Annotated[
        Path | None, typer.Option(help="What shadow mode wrote; else shadow.jsonl in the data folder.")
    ] = None,
) -> None:
    """Tell how often the old vendor and this server agreed on live traffic, where shadow mode is on.

    Exit code: 0 done, 2 user error, 3 system error.
    """
    from evenhand.api.compat.shadow import FILE
    from evenhand.cli.migrate_report import report as told

    for line in told(file or read_settings().data_dir / FILE):
        typer.echo(line)


def _table(wanted: Sequence[Threshold], curves: ScoreMap, reported: Mapping[str, float]) -> Iterator[str]:
    from evenhand.domain import is_under
    from evenhand.domain.attributes import ATTRIBUTES, EXPERIMENTAL

    yield f"Score map: {curves.version}"
    if curves.version == "identity":
        yield "  No map was fitted for this text model: scores are compared as they are, and rates will change."
    for one in wanted:
        ours = curves.to_ours(one.attribute, one.score)
        yield f"{one.name} >= {one.score:g} -> {ours:.3f} here, {one.action}"
        labels = {**ATTRIBUTES, **EXPERIMENTAL}.get(one.attribute, ())
        if labels:
            yield f"  labels: {', '.join(labels)}"
        else:
            yield "  toxicity times the gravest of attack, threat and coarse insult: as a rule, both at its square root"
        for toxic, kind in ((False, "harmless"), (True, "toxic")):
            if (measured := curves.expected(one.attribute, one.score, toxic=toxic)) is not None:
                there, here = measured
                yield f"  of {kind} comments, {there:.1%} reached it there, {here:.1%} do here (on Wikipedia)"
        # A rule of SEVERE_TOXICITY asks its labels at the square root of the product.
        asked = ours if labels else sqrt(ours)
        tops = labels or ATTRIBUTES["TOXICITY"]
        late = {
            label: least
            for label, least in reported.items()
            if least > asked and any(is_under(label, top) for top in tops)
        }
        if late:
            told = ", ".join(f"{label} below {least:.2f}" for label, least in sorted(late.items()))
            yield f"  no rule sees {told}"
            yield "    so the policy acts on fewer comments than said above; to act on all of them, keep this threshold"
            yield "    in your code: the scores of Perspective's API here have no such limit"


def _reported_from(settings: Settings) -> dict[str, float]:
    """Give for each label of the text model the score from which on it makes a finding."""
    from evenhand.detectors.harm_models import open_model

    model = open_model(settings.text_model)
    return dict(zip(model.labels, model.thresholds(), strict=True))
