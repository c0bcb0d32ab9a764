"""The names that `routing_strategy` accepts (contract 2.2), and for the others what to use instead.

A strategy that cannot be loaded is an error: falling back to the first deployment in silence would bill for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from routeiq.config.nearest import did_you_mean

DEFAULT = "simple-shuffle"
LEARNED_PREFIX = "llmrouter-"

BALANCED: Mapping[str, str] = {
    DEFAULT: "a random deployment, by `weight`, else `rpm`, else `tpm`",
    "least-busy": "the deployment with the fewest requests in flight",
    "latency-based-routing": "the fastest: time to the first byte of streams, time per output token otherwise",
    "cost-based-routing": "the cheapest by its prices; unknown prices last",
    "usage-based-routing": "the one that used least of its `tpm` in this minute",
    "usage-based-routing-v2": "the same",
}
"""How a deployment is picked inside a group."""

ACCEPTED_AS_SHUFFLE = frozenset({"provider-budget-routing"})
"""LiteLLM's strategies that do not work yet: deployments are picked as by simple-shuffle, and `check` says so."""

LEARNED = frozenset({"llmrouter-knn", "llmrouter-mlp", "llmrouter-domain", "llmrouter-ensemble", "llmrouter-static"})
"""What our artifacts serve (routing.md, "The artifact")."""

KNOWN = ACCEPTED_AS_SHUFFLE | LEARNED | BALANCED.keys()

_PRICES = "llmrouter-ensemble with routeiq.auto.cost_weight, which weighs quality against cost"
_BANDIT = "llmrouter-ensemble trained on labels, which beat bandits (routing.md)"
NOT_LOADABLE: Mapping[str, str] = {
    "llmrouter-svm": "llmrouter-mlp",
    "llmrouter-mf": "llmrouter-ensemble",
    "llmrouter-elo": "llmrouter-static",
    "llmrouter-routerdc": "llmrouter-ensemble",
    "llmrouter-hybrid": "llmrouter-ensemble",
    "llmrouter-causallm": "llmrouter-mlp",
    "llmrouter-graph": "llmrouter-knn",
    "llmrouter-automix": _PRICES,
    "llmrouter-r1": "llmrouter-ensemble",
    "llmrouter-gmt": "llmrouter-knn",
    "llmrouter-knn-multiround": "llmrouter-knn",
    "llmrouter-llm-multiround": "llmrouter-ensemble",
    "llmrouter-smallest": "llmrouter-static with routeiq.auto.objective: cost",
    "llmrouter-largest": "llmrouter-static with routeiq.auto.objective: quality",
    "llmrouter-custom": "`routeiq train` on your own labels and routeiq.artifact",
    "llmrouter-cost-aware": _PRICES,
    "llmrouter-cost-cascade": _PRICES,
    "llmrouter-nadirclaw-centroid": "llmrouter-domain",
    "nadirclaw-centroid": "llmrouter-domain",
    "llmrouter-semantic-intent": "llmrouter-domain",
    "tag-regex-ua": DEFAULT,
    "latency-sla": "latency-based-routing",
    "usage-based": "usage-based-routing",
    "llmrouter-linucb": _BANDIT,
    "kumaraswamy-thompson": _BANDIT,
    "kv-cache-aware": "least-busy",
}
"""Names that other gateways' documents contain."""


def is_learned(strategy: str) -> bool:
    return strategy.startswith(LEARNED_PREFIX)


def balancing(strategy: str) -> str:
    """The strategy that picks a deployment inside a group: learned routing only chooses between models."""
    return strategy if strategy in BALANCED else DEFAULT


def accept(strategy: str) -> str:
    """The name itself. Raises: ValueError: unknown, or not loadable; the text says what to use."""
    if strategy in KNOWN:
        return strategy
    if strategy in NOT_LOADABLE:
        raise ValueError(f"strategy {strategy} cannot be loaded here; use {NOT_LOADABLE[strategy]}")
    hint = did_you_mean(strategy, KNOWN) or f"; known are {', '.join(sorted(KNOWN))}"
    raise ValueError(f"unknown strategy{hint}")
