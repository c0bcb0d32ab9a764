"""The routing protocol over the engine: messages in and out, nothing decided here."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from pathlib import Path

import grpc
import structlog

from routeiq import __version__
from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.api.routing.v1 import routing_pb2_grpc
from routeiq.kit.errors import InvalidRequest, RouteIQError
from routeiq.routing.artifact import ArtifactInvalid
from routeiq.routing.candidates import Candidate, Prices
from routeiq.routing.engine import Decision, Engine, Fallback, Question, Timings, Vector
from routeiq.routing.policy import Ranked
from routeiq.routing.prompt_text import routing_text
from routeiq.routing.supply import Supply

log = structlog.get_logger()

SERVICE = "routeiq.api.routing.v1.RoutingService"
MAX_ENTRIES = 256
MAX_TEXTS = 2048
OUTSIDE = "the directory is not below one of the service's artifact roots"
ALONE = "routing has no object store to fetch it from: ROUTEIQ_NATS_URL is not set, or the suite has an --artifact"

_FALLBACKS = {
    Fallback.NONE: pb.FALLBACK_UNSPECIFIED,
    Fallback.DEADLINE: pb.FALLBACK_DEADLINE,
    Fallback.OVERLOADED: pb.FALLBACK_OVERLOADED,
    Fallback.NO_PROMPT: pb.FALLBACK_NO_PROMPT,
    Fallback.NO_ARTIFACT: pb.FALLBACK_NO_ARTIFACT,
    Fallback.UNKNOWN_MODELS: pb.FALLBACK_UNKNOWN_MODELS,
}


class RoutingServicer(routing_pb2_grpc.RoutingServiceServicer):
    """Args: roots: resolved folders; ValidateArtifact looks at nothing outside them, and its answer for what is
    outside is the same whether or not it exists.  supply: of artifacts by id; None: there is no fleet."""

    def __init__(self, engine: Engine, roots: tuple[Path, ...], supply: Supply | None = None) -> None:
        self._engine, self._roots, self._supply = engine, roots, supply

    async def Route(self, request: pb.RouteRequest, context: grpc.aio.ServicerContext) -> pb.RouteResponse:
        candidates = _candidates(request.candidates)
        question = _question(request.prompt, candidates, request.objective, _deadline(context))
        return await self._route(question)

    async def RouteMany(self, request: pb.RouteManyRequest, context: grpc.aio.ServicerContext) -> pb.RouteManyResponse:
        if len(request.entries) > MAX_ENTRIES:
            raise InvalidRequest(f"more than {MAX_ENTRIES} entries in one call")
        sets = [_candidates(one.candidates) for one in request.candidate_sets]
        deadline = _deadline(context)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._entry(entry, sets, deadline)) for entry in request.entries]
        return pb.RouteManyResponse(results=[task.result() for task in tasks])

    async def Embed(self, request: pb.EmbedRequest, context: grpc.aio.ServicerContext) -> pb.EmbedResponse:
        if len(request.text) > MAX_TEXTS:
            raise InvalidRequest(f"more than {MAX_TEXTS} texts in one call")
        vectors = await self._engine.embed(request.text, _deadline(context))
        return pb.EmbedResponse(embeddings=map(_embedding, vectors), encoder=self._encoder_id())

    async def GetInfo(self, request: pb.GetInfoRequest, context: grpc.aio.ServicerContext) -> pb.GetInfoResponse:
        info = pb.GetInfoResponse(
            version=__version__, queue_length=self._engine.queue_length, decisions=self._engine.decisions
        )
        loaded = self._engine.loaded
        if loaded is not None:
            manifest = loaded.artifact.manifest
            info.artifact_id, info.strategy = manifest.artifact_id, manifest.strategy
            info.candidates.extend(loaded.artifact.candidates)
            info.encoder, info.dimensions = manifest.encoder.id, manifest.encoder.dim
            info.loaded_at = loaded.loaded_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            info.manifest_json = manifest.canonical().decode()
        return info

    async def ValidateArtifact(
        self, request: pb.ValidateArtifactRequest, context: grpc.aio.ServicerContext
    ) -> pb.ValidateArtifactResponse:
        if request.directory and request.artifact_id:
            raise InvalidRequest("name a directory or an artifact_id, not both")
        try:
            artifact_id = await self._check(request)
        except ArtifactInvalid as error:
            return pb.ValidateArtifactResponse(valid=False, errors=error.problems)
        return pb.ValidateArtifactResponse(valid=True, artifact_id=artifact_id)

    async def _check(self, request: pb.ValidateArtifactRequest) -> str:
        """Its id. Raises: ArtifactInvalid; NotFound: the store has no such artifact; Unavailable: the store is away."""
        if request.artifact_id:
            if self._supply is None:
                raise ArtifactInvalid(Path(request.artifact_id), [ALONE])
            await self._supply.check(request.artifact_id)
            return request.artifact_id
        directory = await asyncio.to_thread(_inside, request.directory, self._roots)
        if directory is None:
            raise ArtifactInvalid(Path(request.directory), [OUTSIDE])
        return (await self._engine.try_load(directory)).artifact.artifact_id

    async def _entry(
        self, entry: pb.RouteEntry, sets: list[tuple[Candidate, ...]], deadline: float | None
    ) -> pb.RouteResult:
        try:
            candidates = _chosen_set(entry, sets)
            response = await self._route(_question(entry.prompt, candidates, entry.objective, deadline))
        except RouteIQError as error:
            return pb.RouteResult(error=error.public_message)
        return pb.RouteResult(response=response)

    async def _route(self, question: Question) -> pb.RouteResponse:
        decision = await self._engine.route(question)
        if decision.fallback:  # a learned choice is no news
            log.info("route.fell_back", **facts(question, decision))
        return _response(decision)

    def _encoder_id(self) -> str:
        loaded = self._engine.loaded
        return loaded.artifact.manifest.encoder.id if loaded else ""


def _deadline(context: grpc.aio.ServicerContext) -> float | None:
    """When the caller gives up, on the loop's clock."""
    remaining = context.time_remaining()
    return None if remaining is None else asyncio.get_running_loop().time() + remaining


def _question(
    prompt: pb.Prompt, candidates: tuple[Candidate, ...], objective: pb.Objective, deadline: float | None
) -> Question:
    return Question(routing_text(prompt.text), candidates, objective.cost_weight, deadline)


def _candidates(sent: Iterable[pb.Candidate]) -> tuple[Candidate, ...]:
    return tuple(Candidate(one.name, one.like, one.quality_offset, _prices(one)) for one in sent)


def _prices(sent: pb.Candidate) -> Prices | None:
    """Half a price list is none."""
    known = sent.HasField("input_price") and sent.HasField("output_price")
    return Prices(sent.input_price, sent.output_price) if known else None


def _chosen_set(entry: pb.RouteEntry, sets: list[tuple[Candidate, ...]]) -> tuple[Candidate, ...]:
    if not entry.HasField("candidate_set"):
        return ()
    if entry.candidate_set >= len(sets):
        raise InvalidRequest(f"there is no candidate set {entry.candidate_set}")
    return sets[entry.candidate_set]


def _inside(directory: str, roots: tuple[Path, ...]) -> Path | None:
    """The directory with its links followed, if it is below a root; None says nothing of what is elsewhere."""
    try:
        path = Path(directory)
        resolved = path.resolve() if path.is_absolute() else None
    except (OSError, ValueError, RuntimeError):  # a name too long, a NUL, a ring of links
        return None
    return resolved if resolved and any(resolved.is_relative_to(root) for root in roots) else None


def _response(decision: Decision) -> pb.RouteResponse:
    return pb.RouteResponse(
        selected_model=decision.choice.selected.model,
        strategy=decision.strategy,
        reasons=decision.reasons,
        confidence=decision.confidence,
        scores=[
            pb.ModelScore(
                model=one.model, quality=one.quality, cost_usd=one.cost_usd, utility=one.utility, prior=one.prior
            )
            for one in decision.choice.ranked
        ],
        artifact_id=decision.artifact_id,
        fallback=_FALLBACKS[decision.fallback],
        timings=_timings(decision.timings),
        prompt_tokens=decision.prompt_tokens,
        embedding_cached=decision.embedding_cached,
        domain=decision.domain,
        novelty=decision.novelty,
    )


def _score(one: Ranked) -> pb.ModelScore:
    return pb.ModelScore(
        model=one.model, quality=one.quality, cost_usd=one.cost_usd, utility=one.utility, prior=one.prior
    )


def _timings(one: Timings) -> pb.Timings:
    return pb.Timings(queue_ms=one.queue_ms, encode_ms=one.encode_ms, score_ms=one.score_ms, total_ms=one.total_ms)


def _embedding(vector: Vector) -> pb.Embedding:
    return pb.Embedding(values=vector.values.tolist(), tokens=vector.tokens)


def facts(question: Question, decision: Decision) -> dict[str, object]:
    """What the log says of a decision: of the prompt only its length and hash."""
    return {
        "prompt_chars": len(question.text),
        "prompt_sha256": hashlib.sha256(question.text.encode()).hexdigest()[:16],
        "model": decision.choice.selected.model,
        "strategy": decision.strategy,
        "fallback": decision.fallback.value,
        "total_ms": round(decision.timings.total_ms, 2),
    }
