"""Twins and tiny artifacts for the routing service: an encoder that needs no file, heads that need no graph."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from routeiq.routing.artifact import Artifact, Candidate, Manifest
from routeiq.routing.artifact.manifest import Content, EncoderRef, Fallback, FileEntry, Training, seal
from routeiq.routing.embedders import OnnxEncoder
from routeiq.routing.engine.cost_model import EncodeTiming
from routeiq.routing.engine.loading import Encoder, Loaded
from routeiq.routing.prompt_text import FEATURE_NAMES, prompt_features, routing_text
from routeiq.routing.scorers import Estimate, StaticCost, StaticScorer
from tests.support.waiting import PATIENCE_S

FloatArray = NDArray[np.float32]

DIM = 8
MODELS = (
    Candidate(name="small", mean_quality=0.5, mean_cost=0.0001, in_price=1e-7, out_price=3e-7),
    Candidate(name="medium", mean_quality=0.6, mean_cost=0.001, in_price=1e-6, out_price=3e-6),
    Candidate(name="large", mean_quality=0.7, mean_cost=0.01, in_price=1e-5, out_price=3e-5),
)


class FakeEncoder:
    """A vector per text, from its hash. `gate` holds every run until it is set; `token_s` makes tokens take time."""

    def __init__(self, token_s: float = 0.0, name: str = "fake") -> None:
        self.sha256 = hashlib.sha256(name.encode()).hexdigest()
        self.tokenizer_sha256, self.dim, self.max_tokens = self.sha256, DIM, 256
        self.gate = threading.Event()
        self.gate.set()
        self.token_s = token_s
        self.batches: list[list[int]] = []
        """The lengths of every run."""

    def tokenize(self, text: str) -> list[int]:
        ids = [101, *(int.from_bytes(word.encode()[:3]) for word in text.split()), 102]
        return ids if len(ids) <= 256 else [*ids[:128], *ids[-128:]]

    def tokenize_head(self, text: str) -> list[int]:
        return self.tokenize(text)[:256]

    def encode(self, batch: Sequence[Sequence[int]]) -> FloatArray:
        self.batches.append([len(ids) for ids in batch])
        if not self.gate.wait(timeout=PATIENCE_S):
            raise TimeoutError("the test never opened the gate")
        time.sleep(self.token_s * max(map(len, batch)) * len(batch))
        return np.stack([_vector(ids) for ids in batch])


class BrokenEncoder(FakeEncoder):
    def encode(self, batch: Sequence[Sequence[int]]) -> FloatArray:
        raise RuntimeError("a fault inside the encoder")


def _vector(ids: Sequence[int]) -> FloatArray:
    seed = int.from_bytes(hashlib.sha256(repr(list(ids)).encode()).digest()[:4])
    vector = np.random.default_rng(seed).normal(size=DIM).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


class TwinScorer:
    """Quality that depends on the prompt; a domain and a similarity too."""

    def score(self, embeddings: FloatArray, features: FloatArray) -> Estimate:
        rows = len(embeddings)
        quality = 0.5 + 0.4 * embeddings[:, : len(MODELS)]
        share = np.tile(np.float32([0.25, 0.75]), (rows, 1))
        return Estimate(np.clip(quality, 0.0, 1.0), share, np.full(rows, 0.9, np.float32))


class BrokenScorer:
    def score(self, embeddings: FloatArray, features: FloatArray) -> Estimate:
        raise RuntimeError("a fault inside the scorer")


def manifest(
    *, files: Sequence[FileEntry] = (), encoder: EncoderRef | None = None, models: Sequence[Candidate] = MODELS
) -> Manifest:
    reference = EncoderRef(id="fake", sha256="0" * 64, dim=DIM, max_tokens=256, tokenizer_sha256="0" * 64)
    content = Content(
        strategy="static",
        encoder=encoder or reference,
        opset=20,
        features=FEATURE_NAMES,
        candidates=tuple(models),
        domains=("code", "talk"),
        weights={"mean": 1.0},
        training=Training(data_sha256="0" * 64, rows=0, prompts=0, seed=0, code_version="0"),
        fallback=Fallback(model=models[0].name),
        files=tuple(files),
    )
    return seal(content)


def twin_artifact(name: str = "one") -> Artifact:
    """An artifact whose id follows from `name`."""
    entry = FileEntry(path="golden.json", sha256=hashlib.sha256(name.encode()).hexdigest(), bytes=0)
    costs = np.array([one.mean_cost for one in MODELS], np.float32)
    return Artifact(manifest(files=[entry]), TwinScorer(), StaticCost(costs))


def twin_loaded(encoder: Encoder | None = None, name: str = "one", token_s: float = 1e-5) -> Loaded:
    """Args: token_s: what the calibration is said to have measured for a token."""
    return Loaded.of(twin_artifact(name), encoder or FakeEncoder(), EncodeTiming(0.0, token_s))


def write_static_artifact(
    directory: Path, encoder: OnnxEncoder, *, prompt: str = "How far is the moon?", models: Sequence[Candidate] = MODELS
) -> str:
    """A real artifact directory without graphs: every model's means. Returns: its id."""
    text = routing_text([prompt])
    vector = encoder.encode([encoder.tokenize(text)])
    static = _static(models).score(vector, prompt_features(text)[np.newaxis])
    row = {
        "prompt": prompt,
        "embedding": vector[0].tolist(),
        "quality": static.quality[0].tolist(),
        "cost_usd": static.cost_usd[0].tolist(),
        "confidence": static.quality[0].tolist(),
    }
    golden = json.dumps([row]).encode()
    entry = FileEntry(path="golden.json", sha256=hashlib.sha256(golden).hexdigest(), bytes=len(golden))
    reference = EncoderRef(
        id="all-MiniLM-L6-v2",
        sha256=encoder.sha256,
        dim=encoder.dim,
        max_tokens=encoder.max_tokens,
        tokenizer_sha256=encoder.tokenizer_sha256,
    )
    made = manifest(files=[entry], encoder=reference, models=models)
    directory.mkdir(parents=True)
    (directory / "golden.json").write_bytes(golden)
    (directory / "manifest.json").write_bytes(made.canonical())
    return made.artifact_id


def _static(models: Sequence[Candidate]) -> Artifact:
    quality = np.array([one.mean_quality for one in models], np.float32)
    cost = np.array([one.mean_cost for one in models], np.float32)
    reference = EncoderRef(id="x", sha256="0" * 64, dim=384, max_tokens=256, tokenizer_sha256="0" * 64)
    return Artifact(manifest(encoder=reference, models=models), StaticScorer(quality), StaticCost(cost))
