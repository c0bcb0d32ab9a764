"""The model card of an artifact, `card.md`: what it was made from, how good it is, what it is not for."""

from collections.abc import Sequence

import numpy as np

from routeiq.routing.artifact.manifest import Candidate, EncoderRef, Interval, Metrics
from routeiq.routing.training.recipe import Router
from routeiq.routing.training.table import Table

PLOT_FILE = "cost_quality.png"


def card(table: Table, router: Router, candidates: Sequence[Candidate], encoder: EncoderRef, notes: str) -> str:
    """The card's Markdown. It is hashed with the artifact, so it holds no date and no path."""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in sorted(router.weights.items()))
    train, val = int(table.train.sum()), int((~table.train).sum())
    lines = [
        f"# Router artifact: {router.strategy}",
        "",
        f"Predicts quality and cost of {len(candidates)} models for a prompt. Quality is mixed from: {shares}.",
        "",
        f"- Data: {train} training and {val} validation prompts, {int(np.isfinite(table.quality).sum())} labels, "
        f"sha256 `{table.data_sha256}`.",
        f"- Encoder: {encoder.id}, {encoder.max_tokens} tokens (both ends of a longer text), "
        f"sha256 `{encoder.sha256}`.",
        f"- Domains: {', '.join(table.domains) or 'none given'}.",
        f"- Calibration: slope {router.calibration.slope:.3f}, offset {router.calibration.offset:.3f}.",
        *([] if table.priced else ["- No costs were given: every model is taken to cost the same."]),
        "",
        *_metrics(router.metrics),
        "## Candidates",
        "",
        "| model | mean quality | mean cost (USD) |",
        "|---|---|---|",
        *(f"| {one.name} | {one.mean_quality:.3f} | {one.mean_cost:.3g} |" for one in candidates),
        "",
        "## Limits",
        "",
        "A router knows the kind of prompts it was trained on. On another kind it is close to random: measure it on "
        "your own labelled traffic before you rely on it. The neighbours' bank holds projections of prompt "
        "embeddings, not prompts; treat it as confidential if the prompts were.",
        "",
        *([notes.strip(), ""] if notes.strip() else []),
    ]
    return "\n".join(lines)


def _metrics(metrics: Metrics) -> list[str]:
    if not metrics.val:
        return ["Not measured: there were too few fully labelled validation prompts.", ""]
    rows = [f"| {name} | {value:.4f} |" for name, value in metrics.val.items()]
    return ["## Validation", "", "| measure | value |", "|---|---|", *rows, *_interval(metrics.ci), ""]


def _interval(ci: Interval | None) -> list[str]:
    return [] if ci is None else [f"| gap, 90 % interval | {ci.low:.3f} .. {ci.high:.3f} |"]
