"""What routing's answer comes to among a slate's candidates: the choice, and the order of the others.

Worked out once for an answer and a slate, however many requests it serves afterwards."""

from __future__ import annotations

from collections.abc import Mapping

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.config.state import Deployment, RoutingSettings, State
from routeiq.gateway.pipeline.eligible import Choice
from routeiq.gateway.pipeline.slates import Slate
from routeiq.gateway.plan import Decision
from routeiq.kit.ids import uuid7

Facts = tuple[str, str, str, float | None, str, str, bool, bool]
"""A decision without its id: model, strategy, reason, confidence, artifact, fallback, prior, cached."""


class Answer:
    """`fallback` is not empty where the service's choice is not to be followed, or there is none.

    `first` and `reason`: the choice for a request that stands alone. `scores`: by model, best utility first. It holds
    for the state that made `slate`, as another state makes other slates."""

    __slots__ = ("_alone", "_fixed", "cached", "fallback", "first", "reason", "response", "scores", "slate")

    def __init__(
        self,
        state: State,
        slate: Slate,
        response: pb.RouteResponse | None,
        unanswered: str = "",
        *,
        cached: bool = False,
    ) -> None:
        """Args: unanswered: why there is no response."""
        self.slate, self.response, self.cached = slate, response, cached
        self.fallback = unanswered
        self.scores: Mapping[str, pb.ModelScore] = {}
        if response is not None:
            self.scores = {score.model: score for score in response.scores}
            self.fallback = fallback_of(response) or doubt(response, state.routing)
        self.first, self.reason = self._standing_alone(state)
        self._alone = self._facts(self.first, self.reason)
        self._fixed = _only_deployments(self.order(self.first))

    def decision(self, model: str, reason: str) -> Decision:
        """Args: model, reason: the answer's own, or those of the conversation that the request continues."""
        facts = self._alone if model == self.first and reason == self.reason else self._facts(model, reason)
        return Decision(uuid7(), *facts)

    def order(self, model: str) -> tuple[Choice, ...]:
        """The chosen model, then the others by utility, then those without a score as they stand in the document."""
        by_name = self.slate.by_name
        names = dict.fromkeys((model, *self.scores, *by_name))
        return tuple([by_name[name] for name in names if name in by_name])

    def fixed(self, model: str) -> tuple[Deployment, ...] | None:
        """The deployments in that order, where there is nothing to balance: each candidate has but one."""
        return self._fixed if model == self.first else _only_deployments(self.order(model))

    def _standing_alone(self, state: State) -> tuple[str, str]:
        """The service's choice, be it its cheap one, else the documented model."""
        response = self.response
        if response is not None and self.fallback == fallback_of(response):
            return response.selected_model, ",".join(response.reasons)
        return _fallback_model(state, self.slate), self.fallback

    def _facts(self, model: str, reason: str) -> Facts:
        response = self.response
        if response is None:
            return model, "fallback", reason, None, "", self.fallback, False, False
        score = self.scores.get(model)
        learned = not self.fallback and score is not None and not score.prior
        confidence = _confidence(response, model, score) if learned else None
        prior = bool(score and score.prior)
        return model, response.strategy, reason, confidence, response.artifact_id, self.fallback, prior, self.cached


def fallback_of(response: pb.RouteResponse) -> str:
    """The service's own word for a choice that it did not learn; empty if it did."""
    if response.fallback == pb.FALLBACK_UNSPECIFIED:
        return ""
    return pb.Fallback.Name(response.fallback).removeprefix("FALLBACK_").lower()


def doubt(response: pb.RouteResponse, settings: RoutingSettings) -> str:
    """Why a learned choice is not trusted, by the limits of the document; empty if it is."""
    if response.HasField("confidence") and response.confidence < settings.min_confidence:
        return "low_confidence"
    if response.HasField("novelty") and min(response.novelty, 1.0) > settings.max_novelty:
        return "novel_prompt"
    return ""


def _confidence(response: pb.RouteResponse, model: str, score: pb.ModelScore | None) -> float | None:
    if model != response.selected_model:
        return score.quality if score is not None else None
    return response.confidence if response.HasField("confidence") else None


def _fallback_model(state: State, slate: Slate) -> str:
    """The documented model if it may serve, else the first."""
    named = (c.name for c in slate.choices if c.first.group == state.routing.fallback_model)
    return next(named, slate.choices[0].name)


def _only_deployments(choices: tuple[Choice, ...]) -> tuple[Deployment, ...] | None:
    if any(len(choice.deployments) != 1 for choice in choices):
        return None
    return tuple([choice.first for choice in choices])
