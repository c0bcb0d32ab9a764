"""The artifact that the repository ships."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import routeiq.routing
from routeiq.routing.artifact import load_artifact
from routeiq.routing.prompt_text import prompt_features, routing_text
from routeiq.routing.training.measures import Field, picks
from tests.support.trained import DATA, real_encoder

DEFAULT = Path(routeiq.routing.__file__).parent / "artifacts" / "default"


def test_it_loads_with_the_real_encoder_and_is_small():
    artifact = load_artifact(DEFAULT, real_encoder())
    assert len(artifact.candidates) == 9
    assert sum(entry.bytes for entry in artifact.manifest.files) < 5e6


def test_it_says_what_it_was_made_from():
    card = (DEFAULT / "card.md").read_text("utf-8")
    assert load_artifact(DEFAULT).manifest.training.data_sha256 in card


@pytest.mark.timeout(900)  # hundreds of real encodings, with coverage, beside another process
def test_it_routes_public_test_prompts_well():
    rows = [row for row in pq.read_table(DATA / "multi_tasks.parquet").to_pylist() if row["split"] == "test"]
    artifact, encoder = load_artifact(DEFAULT), real_encoder()
    texts = [routing_text([row["prompt"]]) for row in rows]
    scores = artifact.score(
        encoder.encode([encoder.tokenize(text) for text in texts]),
        np.stack([prompt_features(text) for text in texts]),
    )
    truth = np.array([[row[f"score:{name}"] for name in artifact.candidates] for row in rows], np.float64)
    cost = np.array([[row[f"cost:{name}"] for name in artifact.candidates] for row in rows], np.float64)
    chosen = picks(scores.quality.astype(np.float64), scores.cost_usd.astype(np.float64))
    assert Field(truth, cost).measure(chosen).gap >= 0.28
    assert len(set(chosen[0])) >= 3
    confidence = artifact.confidence(scores.quality[np.arange(len(rows)), chosen[0]])
    assert abs(float(confidence.mean()) - truth[np.arange(len(rows)), chosen[0]].mean()) <= 0.04
