"""From a prompt to its prediction, through two caches, the encoder's queue and threads.

The batcher keeps vectors by encoder and text, so that they outlive an artifact; predictions are kept here, by artifact
and text. Of texts only hashes are kept."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TypeVar

from routeiq.kit.lru import LRU
from routeiq.routing.engine.batching import Batcher, FloatArray, Key
from routeiq.routing.engine.decision import NO_TIME, Timings
from routeiq.routing.engine.loading import Loaded
from routeiq.routing.engine.metrics import EngineMetrics
from routeiq.routing.engine.prediction import Prediction, predict
from routeiq.routing.settings import Settings

T = TypeVar("T")

EMBED_CHARS = 65_536  # what an embedding may be read from; its 256 tokens are nearly always in the first 2,000


@dataclass(frozen=True, slots=True)
class Vector:
    """A unit vector, shape (d,), and the number of tokens that it was made from."""

    values: FloatArray
    tokens: int
    timings: Timings = NO_TIME
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Predicted:
    """A prediction and what it took. `cached`: the encoder was not needed."""

    prediction: Prediction
    timings: Timings
    cached: bool


class Predictor:
    """For one event loop. `light` runs what takes about a millisecond: tokenising and scoring."""

    def __init__(self, settings: Settings, batcher: Batcher, light: Executor, metrics: EngineMetrics) -> None:
        self._batcher, self._light, self._metrics = batcher, light, metrics
        self._predictions: LRU[Key, Prediction] = LRU(settings.prediction_cache_size)

    async def predict(self, loaded: Loaded, text: str, deadline: float | None) -> Predicted:
        """Args: text: from `routing_text`, not empty.  Raises: Shed, EncodeFailed."""
        key = (loaded.artifact.artifact_id, _digest(text))
        found = self._predictions.get(key)
        self._metrics.looked_up("prediction", hit=found is not None)
        if found is not None:
            return Predicted(found, NO_TIME, cached=True)
        vector = await self._vector(loaded, text, loaded.encoder.tokenize, deadline, "window")
        started = time.perf_counter()
        made = await self._in_thread(lambda: predict(loaded.artifact, text, vector.values, vector.tokens))
        self._predictions.put(key, made)
        score_ms = (time.perf_counter() - started) * 1e3
        return Predicted(made, replace(vector.timings, score_ms=score_ms), vector.cached)

    async def embed(self, loaded: Loaded, text: str, deadline: float | None) -> Vector:
        """The vector that sentence-transformers would give: of the first 256 tokens. Raises: Shed, EncodeFailed."""
        return await self._vector(loaded, text[:EMBED_CHARS], loaded.encoder.tokenize_head, deadline, "head")

    async def _vector(
        self, loaded: Loaded, text: str, tokenize: Callable[[str], list[int]], deadline: float | None, end: str
    ) -> Vector:
        key = (f"{loaded.encoder.sha256}/{end}", _digest(text))
        found = self._batcher.cached(key)
        self._metrics.looked_up("embedding", hit=found is not None)
        if found is not None:
            return Vector(found.vector, found.tokens, cached=True)
        ids = await self._in_thread(lambda: tokenize(text))
        encoded = await self._batcher.encode(key, ids, loaded.encoder, deadline)
        timings = Timings(queue_ms=encoded.queue_s * 1e3, encode_ms=encoded.encode_s * 1e3)
        return Vector(encoded.vector, encoded.tokens, timings)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._light, work)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
