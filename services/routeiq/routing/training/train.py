"""Train an artifact from labelled prompts: `train` is what `routeiq train` calls.

It fits on the training rows, chooses shares and calibration on rows that the heads did not see, measures on the
validation rows, and never reads the test rows. The same rows, seed and kind of machine give the same artifact_id:
rows are sorted, linear algebra runs on one thread and the encoder on a fixed number."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from routeiq.routing.artifact.loading import load_artifact
from routeiq.routing.artifact.manifest import Manifest
from routeiq.routing.embedders import (
    ENCODER_FILE,
    TOKENIZER_FILE,
    EncoderInvalid,
    OnnxEncoder,
    SentenceEncoder,
    default_encoder_dir,
)
from routeiq.routing.prompt_text import prompt_features
from routeiq.routing.training.assemble import Prices, artifact_files, artifact_pictures, build_manifest
from routeiq.routing.training.errors import TrainingFailed
from routeiq.routing.training.graph_writer import FloatArray
from routeiq.routing.training.packing import check_target, pack
from routeiq.routing.training.recipe import Progress, build_router
from routeiq.routing.training.repeats import repeat_warnings
from routeiq.routing.training.rows import read_labels
from routeiq.routing.training.table import Table, build_table

Strategy = Literal["auto", "knn", "mlp", "domain", "ensemble", "static"]

ENCODER_THREADS = 2  # fixed, so that nothing depends on the machine's size
_CHUNK = 128


@dataclass(frozen=True)
class TrainReport:
    """What came out. out: the artifact's folder; warnings: what the user should know, in sentences."""

    out: Path
    manifest: Manifest
    prompts: int
    labels: int
    warnings: tuple[str, ...]


def train(
    paths: Sequence[Path],
    out: Path,
    *,
    seed: int = 0,
    strategy: Strategy = "auto",
    encoder: SentenceEncoder | None = None,
    prices: Prices | None = None,
    notes: str = "",
    progress: Progress | None = None,
) -> TrainReport:
    """Make an artifact directory. Blocks for minutes: most of the time goes into embedding the prompts.

    Args: paths: parquet or jsonl, long or wide rows (see `rows`).  out: a new or empty folder, or an older artifact,
    which is replaced.  strategy: `auto` takes all heads that the data carries; a head's name takes only that one.
    encoder: by default the installed one.  prices: model -> (USD an input token, USD an output token).
    notes: Markdown for the card's end: sources and licences.  progress: called with a stage's name and its share done.
    Raises: TrainingDataInvalid: bad rows, all named.  TrainingFailed: no encoder, or `out` holds something else."""
    report = progress or _silent
    check_target(out)
    rows = read_labels(paths)
    table = build_table(rows, prices)
    report("reading", 1.0)
    used = encoder or _installed_encoder()
    embeddings = _embed(used, table.prompts, report)
    features = np.stack([prompt_features(prompt) for prompt in table.prompts])
    router = build_router(table, embeddings, features, strategy=strategy, seed=seed, progress=report)
    files = artifact_files(table, router, used, prices or {}, notes)
    manifest = build_manifest(table, router, used, files, prices or {}, seed)
    pack(out, files, manifest, artifact_pictures(table, router))
    load_artifact(out, used)  # what does not pass the service's own checks must not be left unnoticed
    report("writing", 1.0)
    labels = int(np.isfinite(table.quality).sum())
    return TrainReport(out, manifest, len(table.prompts), labels, (*repeat_warnings(rows), *_warnings(table, manifest)))


def _silent(stage: str, share: float) -> None:
    """Progress for callers that want none."""


def _installed_encoder() -> OnnxEncoder:
    folder = default_encoder_dir()
    try:
        return OnnxEncoder.load(folder / ENCODER_FILE, folder / TOKENIZER_FILE, ENCODER_THREADS)
    except EncoderInvalid as error:
        hint = "make it with: python -m routeiq.routing.training.encoder_export"
        raise TrainingFailed(f"{error.message}; {hint}") from error


def _embed(encoder: SentenceEncoder, prompts: Sequence[str], report: Progress) -> FloatArray:
    """Shape (n, dim). Prompts of like length share a chunk, so that little is spent on padding."""
    tokens = [encoder.tokenize(prompt) for prompt in prompts]
    order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
    total, done = sum(map(len, tokens)), 0
    vectors = np.empty((len(tokens), encoder.dim), np.float32)
    for start in range(0, len(order), _CHUNK):
        rows = order[start : start + _CHUNK]
        vectors[rows] = encoder.encode([tokens[row] for row in rows])
        done += sum(len(tokens[row]) for row in rows)
        report("embedding", done / total)
    return vectors


def _warnings(table: Table, manifest: Manifest) -> tuple[str, ...]:
    checks = [
        (len(table.models) == 1, "one candidate: nothing to route"),
        (not table.priced, "no costs and no prices were given: every model is taken to cost the same"),
        (not table.domains, "no domains were given: the domain head, the cheapest win, is missing"),
        (not manifest.metrics.val, "too few fully labelled validation prompts to measure the router"),
        (
            manifest.strategy == "static",
            "routing by prompt did not beat mixing fixed models: the artifact is static",
        ),
    ]
    return tuple(message for found, message in checks if found)
