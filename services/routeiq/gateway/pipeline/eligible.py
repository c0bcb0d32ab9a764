"""Hard filters before the choice: a model that cannot serve the request is never scored.

Unknown capabilities pass: a model is left out only for what its entry or the price file says it lacks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from routeiq.config.state import Deployment, Group, State
from routeiq.gateway.pipeline.prompt import PromptView
from routeiq.gateway.upstream.spoken import speaks
from routeiq.kit.errors import RouteIQError

NOT_SPOKEN = "no_such_endpoint"
BYTES_PER_TOKEN = 6
"""More than any usual text has, so that a prompt is never left out that might still fit."""


class NotSpoken(RouteIQError):
    """No deployment of the model speaks the endpoint's dialect, and there is no translation."""

    status, type, code, expose = 501, "not_implemented_error", "dialect_not_supported", True


@dataclass(frozen=True, slots=True)
class Choice:
    """One candidate: the name in decisions and the deployments that serve it."""

    name: str
    deployments: tuple[Deployment, ...]

    @property
    def first(self) -> Deployment:
        return self.deployments[0]


@dataclass(frozen=True, slots=True)
class Filtered:
    """`left_out`: (name, reason) pairs, in document order."""

    choices: tuple[Choice, ...]
    left_out: tuple[tuple[str, str], ...]


def choices_of(state: State, group: Group | None) -> tuple[Choice, ...]:
    """The candidates of a routed group, or of `auto` for None."""
    groups = [group] if group is not None else [state.groups[name] for name in state.routing.auto_models]
    return tuple(choice for one in groups for choice in _of_group(one))


def _of_group(group: Group) -> Iterable[Choice]:
    """Deployments of the same model are one candidate."""
    names = dict.fromkeys(d.candidate for d in group.deployments)
    return (Choice(name, tuple(d for d in group.deployments if d.candidate == name)) for name in names)


def eligible(choices: tuple[Choice, ...], view: PromptView) -> Filtered:
    """Split candidates into those that can serve the request and those that cannot."""
    reasons = {choice.name: _reason(choice.first, view) for choice in choices}
    return Filtered(
        tuple(choice for choice in choices if not reasons[choice.name]),
        tuple((name, reason) for name, reason in reasons.items() if reason),
    )


def _reason(deployment: Deployment, view: PromptView) -> str:
    if not speaks(deployment.provider, view.endpoint):
        return NOT_SPOKEN
    if view.has_tools and deployment.supports_tools is False:
        return "no_tools"
    if view.has_images and deployment.supports_vision is False:
        return "no_vision"
    limit = deployment.max_input_tokens
    if limit is not None and not view.has_images and view.input_bytes > limit * BYTES_PER_TOKEN:
        return "context_length"
    return ""
