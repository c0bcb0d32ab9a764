"""Open an encoder and an artifact, and measure the encoder: all that blocks, for a thread.

What is loaded is one immutable `Loaded`, so that a swap is one assignment and a request sees one artifact."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from routeiq.routing.artifact import Artifact, Trust, load_artifact
from routeiq.routing.candidates import Known, Prices
from routeiq.routing.embedders import ENCODER_FILE, TOKENIZER_FILE, OnnxEncoder, default_encoder_dir
from routeiq.routing.engine.batching import Encodes
from routeiq.routing.engine.cost_model import EncodeTiming
from routeiq.routing.settings import Settings

_FEW, _MANY, _ROUNDS = 16, 256, 3
_USD_PER_MILLION = 1e6


class Encoder(Encodes, Protocol):
    """What the engine needs of an encoder; safe in many threads."""

    dim: int

    def tokenize(self, text: str) -> list[int]: ...

    def tokenize_head(self, text: str) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """An artifact with the encoder that it was trained on. `known`: its models, in the order of its columns."""

    artifact: Artifact
    encoder: Encoder
    timing: EncodeTiming
    known: tuple[Known, ...]
    loaded_at: datetime

    @classmethod
    def of(cls, artifact: Artifact, encoder: Encoder, timing: EncodeTiming) -> Loaded:
        return cls(artifact, encoder, timing, known_models(artifact), datetime.now(UTC))


def load(settings: Settings, directory: Path, present: Loaded | None, expected_id: str | None = None) -> Loaded:
    """Open everything that `directory` needs; the present encoder is kept, for there is one on a machine.

    Raises: ArtifactInvalid, EncoderInvalid, ConfigurationError: a public key cannot be read."""
    encoder, timing = _encoder(settings, present)
    trust = trust_in(settings, directory)
    return Loaded.of(load_artifact(directory, encoder, trust=trust, expected_id=expected_id), encoder, timing)


def trust_in(settings: Settings, directory: Path) -> Trust:
    """Whose artifacts may be loaded from there. Raises: ConfigurationError: a public key cannot be read."""
    keys = settings.public_keys()
    return Trust() if settings.is_trusted_place(directory) else Trust(keys, settings.may_be_unsigned)


def _encoder(settings: Settings, present: Loaded | None) -> tuple[OnnxEncoder, EncodeTiming]:
    if present is not None and isinstance(present.encoder, OnnxEncoder):
        return present.encoder, present.timing
    folder = settings.encoder_dir or default_encoder_dir()
    encoder = OnnxEncoder.load(folder / ENCODER_FILE, folder / TOKENIZER_FILE, settings.encoder_threads)
    return encoder, measure(encoder)


def measure(encoder: Encodes) -> EncodeTiming:
    """Warm the encoder up and take its time, the best of three at either length: noise only ever adds."""
    return EncodeTiming.fit((_FEW, _best(encoder, _FEW)), (_MANY, _best(encoder, _MANY)))


def _best(encoder: Encodes, tokens: int) -> float:
    batch: Sequence[Sequence[int]] = [[101, *[2000] * (tokens - 2), 102]]
    return min(_seconds(encoder, batch) for _ in range(_ROUNDS))


def _seconds(encoder: Encodes, batch: Sequence[Sequence[int]]) -> float:
    started = time.perf_counter()
    encoder.encode(batch)
    return time.perf_counter() - started


def known_models(artifact: Artifact) -> tuple[Known, ...]:
    """The artifact's models with their means; the manifest's prices are USD a token."""
    return tuple(
        Known(one.name, one.mean_quality, one.mean_cost, _prices(one.in_price, one.out_price))
        for one in artifact.manifest.candidates
    )


def _prices(input_price: float | None, output_price: float | None) -> Prices | None:
    if input_price is None or output_price is None:
        return None
    return Prices(input_price * _USD_PER_MILLION, output_price * _USD_PER_MILLION)
