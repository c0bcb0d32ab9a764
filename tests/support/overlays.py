"""Overlays for tests, and a document that they are merged with."""

from __future__ import annotations

import json

from routeiq.config.build import build
from routeiq.config.merge import merge
from routeiq.config.overlay import Overlay, OverlayModel, OverlayProvider
from routeiq.config.problems import Problems
from routeiq.config.state import State
from routeiq.kit.errors import RouteIQError
from tests.support.config_documents import NO_PRICES, entry, loaded, models

DOCUMENT = (
    models(
        entry("a", "simulated/x", info="id: id-a"),
        entry("b", "simulated/y"),
        entry("'openai/*'", "'openai/*'", "api_key: k"),
    )
    + "router_settings: {routing_strategy: llmrouter-knn, model_group_alias: {fast: a}, "
    "fallbacks: [{a: [openai/mentioned]}, {'*': [b]}]}\n"
    + "routeiq: {providers: [{name: openai, models: [m], api_key: k}], "
    "overrides: [{user_id: u, provider_name: openai, model_name: m}]}\n"
)
EMPTY = "model_list: []\n"
SEALED = {"sealed": "box:secret"}


def open_secret(sealed: str, entry_id: str) -> str:
    """Seals are `box:` and the secret; those of the entry `stolen` are another's."""
    if not sealed.startswith("box:") or entry_id == "stolen":
        raise RouteIQError("no")
    return sealed.removeprefix("box:")


def model(identifier: str = "1", name: str = "new", info: str = "{}", **params: object) -> OverlayModel:
    return OverlayModel(identifier, name, json.dumps({"model": "simulated/z", **params}), info)


def provider(name: str = "own", **fields: object) -> OverlayProvider:
    base: dict[str, object] = {"id": f"p-{name}", "models": ("m",), "base_url": "https://own.example"}
    return OverlayProvider(name=name, **(base | fields))  # type: ignore[arg-type]  # test data


def merged(*added: OverlayModel | OverlayProvider, text: str = DOCUMENT, **environ: str) -> tuple[State, list[str]]:
    overlay = Overlay(
        7,
        tuple(one for one in added if isinstance(one, OverlayModel)),
        tuple(one for one in added if isinstance(one, OverlayProvider)),
    )
    problems = Problems("overlay")
    state = merge(loaded(text), overlay, environ, problems, open_secret=open_secret, price_file=NO_PRICES)
    return state, [str(problem) for problem in problems.all()]


def document_alone(text: str = DOCUMENT) -> State:
    return build(loaded(text), {}, price_file=NO_PRICES)
