"""Decide: a prompt to a choice, within the caller's deadline; and hold what is loaded.

No inference runs in the event loop. What cannot be learned in time, or at all, is chosen by the cheap policy and
says why: fail-open by decision, as any candidate is a valid answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import structlog

from routeiq.kit.errors import InvalidRequest, RouteIQError, Unavailable
from routeiq.routing.candidates import Slate
from routeiq.routing.engine.batching import Batcher, Shed
from routeiq.routing.engine.decision import Decision, Fallback, Question
from routeiq.routing.engine.loading import Loaded, load
from routeiq.routing.engine.metrics import EngineMetrics
from routeiq.routing.engine.prediction import means
from routeiq.routing.engine.predictor import Predicted, Predictor, Vector
from routeiq.routing.policy import choose
from routeiq.routing.settings import Settings

log = structlog.get_logger()

MEANS_STRATEGY = "model-means"
PRIOR_STRATEGY = "price-tier"
_CHARS_PER_TOKEN = 4
_RESERVED_SHARE = 0.2  # of a call's time, where that is less than the setting
_EMBEDS_AT_ONCE = 8


class NotLoaded(Unavailable):
    """Nothing is loaded that could answer."""

    code = "routing_not_loaded"


class EmbedShed(Unavailable):
    """The encoder has no time for this call."""

    code = "routing_overloaded"


class Engine:
    """Make it in the running loop, `start` it, `close` it. Everything else may run in many tasks at once."""

    def __init__(self, settings: Settings, metrics: EngineMetrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._batcher = Batcher(
            batch_size=settings.batch_size,
            queue_limit=settings.queue_limit,
            cache_size=settings.embedding_cache_size,
            metrics=metrics,
        )
        self._heavy = ThreadPoolExecutor(1, "routing-encode")
        self._light = ThreadPoolExecutor(2, "routing-score")
        self._predictor = Predictor(settings, self._batcher, self._light, metrics)
        self._pump: asyncio.Task[None] | None = None
        self._loading = asyncio.Lock()
        self.loaded: Loaded | None = None
        self.previous: Loaded | None = None
        self.decisions = 0
        self.failures = 0
        """Questions that were not answered, by no fault of theirs."""

    @property
    def queue_length(self) -> int:
        """Prompts that wait for the encoder."""
        return self._batcher.queue_length

    def start(self) -> None:
        """Begin to encode."""
        self._pump = asyncio.create_task(self._batcher.run(self._heavy), name="routing-encode")
        self._pump.add_done_callback(_report)

    async def close(self) -> None:
        """Fail what waits, and wait for what runs."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump])
        for threads in (self._heavy, self._light):
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)

    async def load(self, directory: Path) -> Loaded:
        """Verify and open an artifact in a thread, then serve it. What is served stays if that fails.

        Raises: ArtifactInvalid, EncoderInvalid."""
        return await self.serve(self.try_load(directory))

    async def serve(self, opening: Awaitable[Loaded]) -> Loaded:
        """Serve what `opening` gives, unless it is served already. What is served stays if that fails, which is counted
        and raised."""
        try:
            loaded = await opening
        except RouteIQError:
            self._metrics.loads.labels("refused").inc()
            raise
        if loaded is not self.loaded:
            self.swap(loaded)
        return loaded

    def swap(self, loaded: Loaded) -> None:
        """Serve `loaded` from the next request on; those that run keep theirs. The previous one is kept."""
        if self.loaded is None or self.loaded.encoder is not loaded.encoder:
            self._batcher.cost.reset(loaded.timing)
        self.previous, self.loaded = self.loaded, loaded
        self._metrics.loads.labels("loaded").inc()
        log.info("artifact.loaded", artifact_id=loaded.artifact.artifact_id, candidates=len(loaded.known))

    def restore(self) -> None:
        """Serve the previous artifact again. Raises: Unavailable: there is none."""
        if self.previous is None:
            raise Unavailable("there is no previous artifact")
        self.swap(self.previous)

    def totals(self) -> tuple[int, int]:
        """Questions since the start, and those of them that were not answered by no fault of theirs."""
        return self.decisions + self.failures, self.failures

    def kept(self, artifact_id: str) -> Loaded | None:
        """The served or the previous one, if it is that."""
        held = (self.loaded, self.previous)
        return next((one for one in held if one is not None and one.artifact.artifact_id == artifact_id), None)

    async def try_load(self, directory: Path, expected_id: str | None = None) -> Loaded:
        """Open an artifact in a thread as `load` does, but do not serve it. Raises: ArtifactInvalid, EncoderInvalid."""
        async with self._loading:  # one at a time: an encoder in the making takes 300 MB
            return await asyncio.to_thread(load, self._settings, directory, self.loaded, expected_id)

    async def route(self, question: Question) -> Decision:
        """Choose. Raises: InvalidRequest: the candidates or the weight make no sense.
        NotLoaded: there are neither candidates nor an artifact.  EncodeFailed."""
        started = time.perf_counter()  # uvloop's clock counts whole milliseconds
        try:
            decision = await self._decide(question, self.loaded)
        except Exception as error:
            self.failures += not isinstance(error, InvalidRequest | NotLoaded)
            raise
        seconds = time.perf_counter() - started
        self.decisions += 1
        self._metrics.seconds.observe(seconds)
        self._metrics.decisions.labels(decision.strategy, decision.fallback.value).inc()
        return replace(decision, timings=replace(decision.timings, total_ms=seconds * 1e3))

    async def embed(self, texts: Sequence[str], deadline: float | None) -> list[Vector]:
        """Vectors in the order of `texts`. Raises: NotLoaded, EmbedShed, EncodeFailed."""
        loaded = self.loaded
        if loaded is None:
            raise NotLoaded("no encoder is loaded yet")
        gate = asyncio.Semaphore(_EMBEDS_AT_ONCE)  # one call never fills the queue

        async def one(text: str) -> Vector:
            async with gate:
                return await self._predictor.embed(loaded, text, deadline)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(text)) for text in texts]
        except ExceptionGroup as errors:
            raise _one_error(errors) from None
        return [task.result() for task in tasks]

    async def _decide(self, question: Question, loaded: Loaded | None) -> Decision:
        if loaded is None and not question.candidates:
            raise NotLoaded("no artifact is loaded yet, and the request names no candidates")
        slate = Slate(question.candidates, loaded.known if loaded else ())
        if loaded is None:
            return _by_prior(question, slate, Fallback.NO_ARTIFACT)
        if not slate.knows_any:
            return replace(_by_prior(question, slate, Fallback.UNKNOWN_MODELS), artifact_id=loaded.artifact.artifact_id)
        if not question.text:
            return _by_means(question, slate, loaded, Fallback.NO_PROMPT)
        limit = self._limit(question.deadline)
        try:
            async with asyncio.timeout_at(limit):
                predicted = await self._predictor.predict(loaded, question.text, limit)
        except Shed as shed:
            return _by_means(question, slate, loaded, shed.fallback)
        except TimeoutError:
            return _by_means(question, slate, loaded, Fallback.DEADLINE)
        return _learned(question, slate, loaded, predicted)

    def _limit(self, deadline: float | None) -> float | None:
        """When an answer must be ready, so that it still arrives in time."""
        if deadline is None:
            return None
        remaining = deadline - asyncio.get_running_loop().time()
        return deadline - min(self._settings.reply_reserve_s, _RESERVED_SHARE * remaining)


def _report(pump: asyncio.Task[None]) -> None:
    """The queue ends when the engine closes; if it ends otherwise, every prompt will be late, and this says why."""
    if not pump.cancelled() and (error := pump.exception()) is not None:
        log.error("encoder.stopped", exc_info=error)


def _one_error(errors: ExceptionGroup[Exception]) -> Exception:
    """The one error that says what became of a call whose parts failed together."""
    if errors.subgroup(Shed) is not None:
        return EmbedShed("the encoder is too busy for this call")
    first = errors.exceptions[0]
    return _one_error(first) if isinstance(first, ExceptionGroup) else first


def _learned(question: Question, slate: Slate, loaded: Loaded, predicted: Predicted) -> Decision:
    made = predicted.prediction
    options = slate.options(made.quality, made.cost_usd, len(question.text) / _CHARS_PER_TOKEN)
    choice = choose(options, question.cost_weight, slate.mean_cost_usd)
    return Decision(
        choice=choice,
        strategy=loaded.artifact.manifest.strategy,
        reasons=choice.reasons,
        artifact_id=loaded.artifact.artifact_id,
        fallback=Fallback.NONE,
        confidence=None if choice.selected.prior else choice.selected.quality,
        timings=predicted.timings,
        prompt_tokens=made.tokens,
        embedding_cached=predicted.cached,
        domain=made.domain,
        novelty=made.novelty,
    )


def _by_means(question: Question, slate: Slate, loaded: Loaded, fallback: Fallback) -> Decision:
    """The cheap policy with an artifact: each model's means over the training prompts."""
    made = means(loaded.artifact)
    options = slate.options(made.quality, made.cost_usd, len(question.text) / _CHARS_PER_TOKEN)
    choice = choose(options, question.cost_weight, slate.mean_cost_usd)
    reasons = (f"fallback_{fallback.value}", *choice.reasons)
    return Decision(choice, MEANS_STRATEGY, reasons, loaded.artifact.artifact_id, fallback)


def _by_prior(question: Question, slate: Slate, fallback: Fallback) -> Decision:
    """The cheap policy without any knowledge of the candidates: their price tiers."""
    options = slate.options((), (), len(question.text) / _CHARS_PER_TOKEN)
    choice = choose(options, question.cost_weight, slate.mean_cost_usd)
    return Decision(choice, PRIOR_STRATEGY, (f"fallback_{fallback.value}", *choice.reasons), "", fallback)
