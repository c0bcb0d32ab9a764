"""The `routeiq:` block: what LiteLLM's form has no place for."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from routeiq.config.artifact_names import accept
from routeiq.config.document.names import Name
from routeiq.config.document.providers import Override, Provider
from routeiq.config.document.section import Section
from routeiq.config.nearest import did_you_mean
from routeiq.config.words import words

OBJECTIVES = {"quality": 0.0, "balanced": 0.03, "cost": 0.1}
"""Name -> cost weight (routing.md, "The choice")."""


def _objective(value: object) -> object:
    if isinstance(value, str) and value.lower() in OBJECTIVES:
        return OBJECTIVES[value.lower()]
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise ValueError(
                f"must be one of {', '.join(OBJECTIVES)}, or a number{did_you_mean(value, OBJECTIVES)}"
            ) from None
    return value


LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"],
    BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
]
CostWeight = Annotated[float, Field(ge=0, le=1000)]


class Auto(Section):
    """The group that learned routing serves."""

    name: Name = Field(default="auto", description="The public name of the group.")
    models: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="Names of `model_list`. Default: every chat model."
    )
    objective: Annotated[CostWeight, BeforeValidator(_objective)] | None = Field(
        default=None,
        description="quality (0), balanced (0.03), cost (0.1), or the weight itself. A request may choose another.",
    )
    cost_weight: CostWeight | None = Field(
        default=None, description="The same as a number: what one mean request cost counts against quality."
    )
    deadline_ms: float = Field(
        default=250, gt=0, le=60_000, description="Milliseconds for the choice; then the fallback serves."
    )
    fallback: str | None = Field(
        default=None, min_length=1, description="The model that serves when routing cannot answer. Default: the first."
    )
    sticky: bool = Field(default=True, description="A conversation keeps its model unless a switch pays.")
    switch_margin: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="By how much quality a switch must pay, above what the provider's prompt cache saves.",
    )
    min_confidence: float = Field(
        default=0, ge=0, le=1, description="A choice of a lower predicted quality goes to the fallback. 0: never."
    )
    max_novelty: float = Field(
        default=1,
        ge=0,
        le=1,
        description="A prompt less like the training prompts goes to the fallback; 0 is alike. 1: never.",
    )

    @model_validator(mode="after")
    def _one_weight(self) -> Self:
        if self.objective is not None and self.cost_weight is not None:
            raise ValueError("give either objective or cost_weight")
        return self

    @property
    def weight(self) -> float:
        given = self.objective if self.objective is not None else self.cost_weight
        return OBJECTIVES["balanced"] if given is None else given


class Canary(Section):
    """Who goes first. Exactly one of `replicas` and `share`; of each service, and never all that it has."""

    replicas: int | None = Field(default=None, ge=1, le=1000, description="So many of each service.")
    share: float | None = Field(default=None, gt=0, lt=1, description="Such a part of each service, rounded up.")
    observe_s: float = Field(
        default=60, ge=0, le=86_400, description="Seconds that they serve and are watched before the others follow."
    )

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if (self.replicas is None) == (self.share is None):
            raise ValueError("needs either replicas or share")
        return self


class RolloutRules(Section):
    """How this document goes out to the fleet; config-sync reads it."""

    canary: Canary | None = Field(default=None, description="Who goes first. Default: all at once.")
    max_error_rate: float = Field(
        default=0.05,
        gt=0,
        le=1,
        description="Above this share of failed requests, and twice what it was before, the fleet goes back.",
    )
    min_requests: int = Field(
        default=20, ge=1, le=1_000_000, description="With fewer requests in ten seconds nothing is concluded from them."
    )
    settle_s: float = Field(
        default=10, ge=0, le=3600, description="Seconds that all are watched before the release counts as good."
    )


class RouteIQ(Section):
    """Our own additions."""

    auto: Auto = Field(default_factory=Auto, description="Learned routing over models.")
    artifact: Annotated[str, AfterValidator(accept)] | None = Field(
        default=None,
        min_length=1,
        description="The router artifact: a directory, relative to this file (only if this is a file), the id of one "
        "that was pushed (64 hex digits), or `s3://bucket/key.tar` or `gs://bucket/key.tar`. Default: the one that "
        "ships.",
    )
    body_limit_mb: float = Field(
        default=10, gt=0, le=1024, description="Largest request body, MiB; a larger one gets 413."
    )
    log_level: LogLevel | None = Field(
        default=None, description="From which level on is logged: debug, info, warning or error. Default: info."
    )
    embeddings: bool = Field(
        default=True,
        description="Serve `all-MiniLM-L6-v2` from the routing service, unless `model_list` has that name.",
    )
    rollout: RolloutRules = Field(default_factory=RolloutRules, description="How changes go out to the fleet.")
    providers: tuple[Provider, ...] = Field(default=(), description="Providers of the LLM Gateway API.")
    overrides: tuple[Override, ...] = Field(
        default=(), description="Which of their models serves a customer, whatever routing would say."
    )

    later: ClassVar[frozenset[str]] = words(
        """
        strategies policies quotas mcp_servers agents
        """
    )
