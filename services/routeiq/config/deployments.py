"""One entry of `model_list` -> one `Deployment`: names split, prices and capabilities filled in, an id derived."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from types import MappingProxyType

from routeiq.config.credentials import KEYLESS, find_base, find_key, key_names
from routeiq.config.document import Listed, LitellmParams, ModelEntry
from routeiq.config.document.models import SENT_BY_US
from routeiq.config.http_client_kind import HTTPClientKind
from routeiq.config.price import Costs, costs_in, is_price, merged, price_of, unreadable
from routeiq.config.prices import ModelFacts, Wanted
from routeiq.config.problems import Problems
from routeiq.config.providers import OWN
from routeiq.config.scalars import JSONValue
from routeiq.config.state import ANY_PROVIDER, Deployment, DeploymentId, Mode, ModelName
from routeiq.config.words import words
from routeiq.kit.outbound import Origin

_PLACED = words(
    """
    model custom_llm_provider api_base base_url api_key litellm_credential_name timeout stream_timeout max_retries
    weight rpm tpm order max_parallel_requests cooldown_time input_cost_per_token output_cost_per_token
    """
)
"""Parameters that a Deployment holds as fields; the rest is its `params`."""
_LISTENING = re.compile(r"^(https?://)0\.0\.0\.0(?=[:/]|$)", re.IGNORECASE)
_NO_FACTS = ModelFacts()
_UNPRICED = words(
    """
    simulated routeiq ollama ollama_chat vllm hosted_vllm lm_studio llamafile openai_like custom_openai
    """
)
"""Providers in no price list, or whose models cost their owner's electricity."""


def split_model(params: LitellmParams) -> tuple[str, str]:
    """(provider, what the provider calls the model). Without a provider it is OpenAI's, as in LiteLLM."""
    first, slash, rest = params.model.partition("/")
    if params.custom_llm_provider:
        return params.custom_llm_provider, rest if first == params.custom_llm_provider else params.model
    return (first, rest) if slash and first and rest else ("openai", params.model)


def chooses_provider(params: LitellmParams) -> bool:
    """Whether `*` stands where the provider would: the requested name then says it."""
    return params.custom_llm_provider is None and params.model.startswith("*")


def price_key(entry: ModelEntry) -> Wanted | None:
    """What to look up, `base_model` first; None where no list can have it."""
    provider, model = split_model(entry.litellm_params)
    info = entry.model_info
    if provider in ("simulated", "routeiq") or "*" in entry.model_name:
        return None
    name = (info.base_model or model).removeprefix(f"{provider}/")
    return Wanted(provider, name, declared=info.base_model is not None)


def deployment_id(raw: JSONValue) -> DeploymentId:
    """sha256 over name and parameters as written, so that the id outlives a rotated key of the environment."""
    entry = raw if isinstance(raw, dict) else {}
    text = json.dumps([entry.get("model_name"), entry.get("litellm_params")], sort_keys=True, separators=(",", ":"))
    return DeploymentId(hashlib.sha256(text.encode()).hexdigest())


def build_deployment(
    listed: Listed,
    raw: JSONValue,
    candidate: str,
    weight: float,
    facts: ModelFacts | None,
    environ: Mapping[str, str],
    problems: Problems,
    *,
    stream_timeout_s: float | None = None,
    drop_params: bool = False,
    origin: Origin = Origin.DOCUMENT,
) -> Deployment:
    """Args: raw: the entry as written; candidate: its name in decisions; facts: of the price file;
    stream_timeout_s, drop_params: for entries without their own; origin: whose entry it is."""
    entry, params, info = listed.entry, listed.entry.litellm_params, listed.entry.model_info
    wild = "*" in entry.model_name
    provider, model = (ANY_PROVIDER, params.model) if wild and chooses_provider(params) else split_model(params)
    facts = facts or _NO_FACTS
    api_base, api_key = _access(listed, provider, environ, problems)
    deployment = Deployment(
        id=DeploymentId(info.id) if info.id else deployment_id(raw),
        group=ModelName(entry.model_name),
        provider=provider,
        model=model,
        candidate=candidate,
        mode=Mode.OTHER if wild and info.mode is None else mode_of(info.mode or facts.mode),
        api_base=api_base,
        api_key=api_key,
        timeout_s=params.timeout,
        stream_timeout_s=_first(params.stream_timeout, stream_timeout_s),
        max_retries=params.max_retries,
        weight=weight,
        order=params.order,
        rpm=params.rpm,
        tpm=params.tpm,
        max_parallel=params.max_parallel_requests,
        cooldown_s=params.cooldown_time,
        input_price=_first(params.input_cost_per_token, info.input_cost_per_token, facts.input_price),
        output_price=_first(params.output_cost_per_token, info.output_cost_per_token, facts.output_price),
        price=price_of(merged(_own_costs(listed, problems), facts.costs), provider),
        max_input_tokens=info.max_input_tokens or info.max_tokens or facts.max_input_tokens,
        supports_tools=_either(info.supports_function_calling, facts.supports_tools),
        supports_vision=_either(info.supports_vision, facts.supports_vision),
        like=info.routeiq.like,
        quality_offset=info.routeiq.quality_offset,
        http_client=HTTPClientKind(info.routeiq.http_client),
        origin=origin if _own_base(params) else Origin.DOCUMENT,
        access_groups=info.access_groups,
        params=MappingProxyType(({"drop_params": True} if drop_params else {}) | _provider_params(params)),
    )
    _warn_of_price(deployment, listed, problems)
    _warn_of_unsent(deployment, listed, problems)
    return deployment


def _own_costs(listed: Listed, problems: Problems) -> Costs:
    """Prices of the entry itself; `litellm_params` win over `model_info`."""
    said: dict[str, object] = {}
    for name, section in (("model_info", listed.entry.model_info), ("litellm_params", listed.entry.litellm_params)):
        own = section.model_dump(exclude_none=True)
        for wrong in unreadable(own):
            problems.warning((*listed.at, name, wrong), "is not a price in USD, and is passed over")
        said |= own
    return costs_in(said)


def mode_of(mode: str | None) -> Mode:
    """LiteLLM's mode as what we serve; unknown means chat."""
    return {None: Mode.CHAT, "chat": Mode.CHAT, "embedding": Mode.EMBEDDING}.get(mode, Mode.OTHER)


def _access(
    listed: Listed, provider: str, environ: Mapping[str, str], problems: Problems
) -> tuple[str | None, str | None]:
    """(api_base, api_key), from the entry, else from the environment as `credentials` says."""
    params = listed.entry.litellm_params
    given = callable_base(_own_base(params)) or None
    if provider == ANY_PROVIDER:
        return given, params.api_key if given else None
    key = params.api_key or (None if given else find_key(provider, environ))
    if not key and params.api_key is None and not given and provider not in KEYLESS:
        names = " or ".join(key_names(provider))
        problems.warning(
            (*listed.at, "litellm_params"), f"has no api_key, and {names} is not set; its calls will be refused"
        )
    return given or find_base(provider, environ), key


def _own_base(params: LitellmParams) -> str:
    """Of the entry itself. One of the environment, or a provider's usual one, is the operator's word in any case."""
    return params.api_base or params.base_url or ""


def _provider_params(params: LitellmParams) -> dict[str, object]:
    given = params.model_dump(exclude_unset=True, exclude_none=True)
    placed = _PLACED | params.later
    return {name: value for name, value in given.items() if name not in placed and not is_price(name)}


def callable_base(url: str) -> str:
    """0.0.0.0 is where a server listens. LiteLLM's examples call it, and mean this machine."""
    return _LISTENING.sub(r"\g<1>127.0.0.1", url)


def _warn_of_unsent(deployment: Deployment, listed: Listed, problems: Problems) -> None:
    """A parameter that nobody sends: the gateway calls these providers itself, and knows what it sends."""
    if deployment.provider not in OWN - {"simulated", "routeiq"}:
        return
    for name in sorted(deployment.params.keys() - SENT_BY_US):
        if "cost" not in name:
            message = f"is not sent to {deployment.provider}; extra_body sends what you like"
            problems.warning((*listed.at, "litellm_params", name), message)


def _warn_of_price(deployment: Deployment, listed: Listed, problems: Problems) -> None:
    unknown = deployment.input_price is None or deployment.output_price is None
    if (
        unknown
        and "*" not in deployment.group
        and deployment.mode is Mode.CHAT
        and deployment.provider not in _UNPRICED
    ):
        message = "its price is unknown; give input_cost_per_token and output_cost_per_token, or model_info.base_model"
        problems.warning((*listed.at, "litellm_params", "model"), message)


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _either(given: bool | None, known: bool | None) -> bool | None:
    return known if given is None else given
