"""`/model_group/info`: models by their public name, with the most that any of a group can do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from routeiq.config.state import Deployment, Mode, State
from routeiq.control.models.shapes import ModelGroup
from routeiq.control.models.shown import Listed


def model_groups(found: Iterable[Listed], state: State) -> list[ModelGroup]:
    """Of the models that the caller may see; learned routing's group too if it may see some of its models."""
    groups: dict[str, list[Listed]] = {}
    for one in found:
        if one.deployment is not None:
            groups.setdefault(one.name, []).append(one)
    routing = state.routing
    chosen = [one for name in routing.auto_models for one in groups.get(name, ())]
    if chosen and routing.auto_name not in groups:
        groups[routing.auto_name] = chosen
    return [_group(name, members) for name, members in groups.items()]


def _group(name: str, members: Sequence[Listed]) -> ModelGroup:
    known = [one.deployment for one in members if one.deployment is not None]
    return ModelGroup(
        model_group=name,
        providers=sorted({one.provider for one in known}),
        max_input_tokens=_most(one.max_input_tokens for one in known),
        max_output_tokens=_most(_number(one.info.get("max_output_tokens")) for one in members),
        input_cost_per_token=_most(one.input_price for one in known),
        output_cost_per_token=_most(one.output_price for one in known),
        mode=_mode(known[0]),
        tpm=_sum(one.tpm for one in known),
        rpm=_sum(one.rpm for one in known),
        supports_function_calling=any(one.supports_tools for one in known),
        supports_parallel_function_calling=_said("supports_parallel_function_calling", members),
        supports_vision=any(one.supports_vision for one in known),
        supports_web_search=_said("supports_web_search", members),
        supports_reasoning=_said("supports_reasoning", members),
        supported_openai_params=[],
    )


def _mode(one: Deployment) -> str | None:
    return None if one.mode is Mode.OTHER else one.mode.value


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _said(name: str, members: Iterable[Listed]) -> bool:
    return any(one.info.get(name) is True for one in members)
