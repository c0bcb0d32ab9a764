"""Providers and overrides of the LLM Gateway API as plain records. Their models are deployments like any other's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from routeiq.config.credentials import KEYLESS, key_names
from routeiq.config.deployments import build_deployment, price_key
from routeiq.config.document import Document, Listed, LitellmParams, ModelEntry, ModelInfo
from routeiq.config.document.providers import Override, Provider
from routeiq.config.nearest import did_you_mean
from routeiq.config.prices import read_facts
from routeiq.config.problems import Location, Problems
from routeiq.config.providers import known_providers
from routeiq.config.quota import Quota
from routeiq.config.state import Deployment, OverrideEntry, ProviderEntry
from routeiq.kit.errors import RouteIQError
from routeiq.kit.outbound import Origin, OutboundPolicy

UNKNOWN_KIND = "openai_like"
"""Speaks OpenAI's API at its base_url."""
RESERVED = "routeiq"
AT: Location = ("routeiq", "providers")


def kind_of(name: str) -> str:
    """The provider kind behind a name of the LLM Gateway API."""
    return name if name != RESERVED and name in known_providers() else UNKNOWN_KIND


def check_provider(one: Provider, at: Location, policy: OutboundPolicy, origin: Origin, problems: Problems) -> None:
    """Errors that one provider's own fields show."""
    if one.base_url is None and kind_of(one.name) == UNKNOWN_KIND:
        problems.error(at, "needs a base_url, because its name is not a known provider's")
    if one.base_url is not None:
        try:
            policy.check_url(one.base_url, origin)
        except RouteIQError as refused:
            problems.error((*at, "base_url"), refused.message)


def build_provider(
    one: Provider, at: Location, environ: Mapping[str, str], price_file: Path | None, origin: Origin
) -> ProviderEntry:
    """`models` are grouped as `<provider>/<model>`. What is unknown of them is no warning: nobody can say it here."""
    quota = Quota(one.name, one.rate_limit_rpm, one.rate_limit_tpm)
    listed = tuple(_listed(one, model, position, at) for position, model in enumerate(dict.fromkeys(one.models)))
    return ProviderEntry(
        name=one.name,
        display_name=one.display_name or one.name,
        base_url=one.base_url,
        models=tuple(
            replace(built, quota=quota, like=_like(built.model))
            for built in _deployments(listed, environ, price_file, origin)
        ),
        is_enabled=one.is_enabled,
        rate_limit_rpm=one.rate_limit_rpm,
        rate_limit_tpm=one.rate_limit_tpm,
        priority=one.priority,
        origin=origin,
    )


def _like(model: str) -> str | None:
    """What the artifact calls it, if it knows it: the model's own name, whoever made or serves it."""
    return model.rpartition("/")[2].lower() or None


def _listed(one: Provider, model: str, position: int, at: Location) -> Listed:
    kind, name = kind_of(one.name), f"{one.name}/{model}"
    params = LitellmParams(model=model, custom_llm_provider=kind, api_base=one.base_url, api_key=one.api_key)
    return Listed(
        position,
        ModelEntry(model_name=name, litellm_params=params, model_info=ModelInfo(id=f"provider:{name}")),
        (*at, "models"),
    )


def _deployments(
    listed: Sequence[Listed], environ: Mapping[str, str], price_file: Path | None, origin: Origin
) -> Sequence[Deployment]:
    keys = {one.at: key for one in listed if (key := price_key(one.entry))}
    found, quiet = read_facts(keys.values(), price_file), Problems("")
    facts = {at: found[key] for at, key in keys.items() if key in found}
    return [
        build_deployment(one, None, one.entry.model_name, 1.0, facts.get(one.at), environ, quiet, origin=origin)
        for one in listed
    ]


def document_providers(
    document: Document, environ: Mapping[str, str], price_file: Path | None, problems: Problems
) -> tuple[ProviderEntry, ...]:
    """Those of `routeiq.providers`, in document order. One that lacks its key is a warning."""
    built = []
    for position, one in enumerate(document.routeiq.providers):
        at = (*AT, position)
        entry = build_provider(one, at, environ, price_file, Origin.DOCUMENT)
        if one.is_enabled and entry.models and not entry.models[0].api_key and kind_of(one.name) not in KEYLESS:
            names = " or ".join(key_names(kind_of(one.name)))
            problems.warning(at, f"has no api_key, and {names} is not set; its calls will be refused")
        built.append(entry)
    return tuple(built)


def document_overrides(document: Document) -> tuple[OverrideEntry, ...]:
    return tuple(
        OverrideEntry(one.user_id, one.service_name, one.provider_name, one.model_name)
        for one in document.routeiq.overrides
    )


def check_records(document: Document, problems: Problems) -> None:
    """Names must differ, and overrides name what is there."""
    first: dict[str, int] = {}
    for position, one in enumerate(document.routeiq.providers):
        at = (*AT, position)
        if one.name in first:
            problems.error((*at, "name"), f"is also the name of routeiq.providers[{first[one.name]}]")
        first.setdefault(one.name, position)
        check_provider(one, at, OutboundPolicy(), Origin.DOCUMENT, problems)
    known = {one.name: one.models for one in document.routeiq.providers}
    seen: dict[tuple[str, str | None], int] = {}
    for position, override in enumerate(document.routeiq.overrides):
        whom = (override.user_id, override.service_name)
        at = ("routeiq", "overrides", position)
        if whom in seen:
            problems.error(at, f"is for the same customer and service as routeiq.overrides[{seen[whom]}]")
        seen.setdefault(whom, position)
        _check_override(override, known, at, problems)


def _check_override(override: Override, known: Mapping[str, Sequence[str]], at: Location, problems: Problems) -> None:
    provider, model = override.provider_name, override.model_name
    if provider not in known:
        problems.error((*at, "provider_name"), f"there is no such provider{did_you_mean(provider, known)}")
    elif model not in known[provider]:
        problems.error(
            (*at, "model_name"), f"is not one of the provider's models{did_you_mean(model, known[provider])}"
        )
