"""The configuration when none was given: the models that were discovered, else three simulated ones of different price.

It is a document like any other, so that what `routeiq up` offers can be written down and changed. Keys stay references.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from routeiq.config.build import build
from routeiq.config.discover import Discovery
from routeiq.config.load import Loaded, load_data
from routeiq.config.offers import Offer
from routeiq.config.references import PREFIX
from routeiq.config.scalars import JSONObject, JSONValue
from routeiq.config.state import State
from routeiq.config.tiers import LIKE, Tier

NAME = "default configuration"
STRATEGY = "llmrouter-ensemble"
PRICES: Mapping[Tier, float] = {Tier.SMALL: 0.1, Tier.MEDIUM: 0.6, Tier.LARGE: 2.5}
"""USD per million input tokens of the simulated models; output costs four times as much."""
_OUTPUT_FACTOR = 4


def default_state(environ: Mapping[str, str], discovery: Discovery) -> State:
    """What to serve without a document. Raises: ConfigurationError: a key of the environment cannot be used."""
    state = build(default_document_loaded(environ, discovery), environ)
    return replace(state, warnings=discovery.warnings + state.warnings)


def default_document_loaded(environ: Mapping[str, str], discovery: Discovery) -> Loaded:
    """The document, with what is wrong with it."""
    return load_data(default_document(discovery), NAME, environ)


def default_document(discovery: Discovery) -> JSONObject:
    """In LiteLLM's form. Simulated models only if there is nothing real to chat with."""
    models = _discovered(discovery)
    if not any(offer.mode == "chat" for offer in discovery.offers):
        models += [_simulated(tier) for tier in Tier]
    return {"model_list": models, "router_settings": {"routing_strategy": STRATEGY}}


def _discovered(discovery: Discovery) -> list[JSONValue]:
    """Two providers may know the same name: the later one's is then `provider/name`."""
    models: dict[str, JSONValue] = {}
    for offer in discovery.offers:
        name = f"{offer.provider}/{offer.name}" if offer.name in models else offer.name
        models[name] = _entry(name, offer)
    return list(models.values())


def _entry(name: str, offer: Offer) -> JSONObject:
    params: JSONObject = {"model": f"{offer.provider}/{offer.name}"}
    if offer.key_name:
        params["api_key"] = f"{PREFIX}{offer.key_name}"
    if offer.api_base:
        params["api_base"] = offer.api_base
    info: JSONObject = {"mode": offer.mode}
    if offer.mode == "chat":
        info["routeiq"] = {"like": LIKE[offer.tier]}
    return {"model_name": name, "litellm_params": params, "model_info": info}


def _simulated(tier: Tier) -> JSONObject:
    price = PRICES[tier]
    return {
        "model_name": f"sim-{tier}",
        "litellm_params": {
            "model": f"simulated/{tier}",
            "input_cost_per_token": _per_token(price),
            "output_cost_per_token": _per_token(price * _OUTPUT_FACTOR),
        },
        "model_info": {"mode": "chat", "routeiq": {"like": LIKE[tier]}},
    }


def _per_token(per_million: float) -> float:
    """Rounded, so that .1 USD is 1e-07 and not 1.0000000000000001e-07."""
    return round(per_million / 1_000_000, 12)
