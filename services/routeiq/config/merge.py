"""Two sources, one state: a document, and over it what was added by API. Pure but for reading LiteLLM's price file.

The document wins: nothing of the overlay changes or removes what it says. An entry of the overlay that does not build
is left out with a problem, and the rest is served. References to the environment are the document's alone: by API a
secret of this machine could be sent anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple
from pathlib import Path

import msgspec
from pydantic import ValidationError

from routeiq.config.added import Added
from routeiq.config.build import assemble
from routeiq.config.consistency import check_model
from routeiq.config.credentials import key_names
from routeiq.config.deployments import callable_base
from routeiq.config.document import Listed, ModelEntry
from routeiq.config.document.messages import report
from routeiq.config.document.providers import Provider
from routeiq.config.load import Loaded
from routeiq.config.overlay import OpenSecret, Overlay, OverlayModel, OverlayProvider
from routeiq.config.problems import Location, Problems
from routeiq.config.provider_entries import check_provider
from routeiq.config.references import PREFIX
from routeiq.config.scalars import JSONObject, JSONValue
from routeiq.config.state import State
from routeiq.kit.errors import RouteIQError
from routeiq.kit.outbound import Origin, OutboundPolicy

SEALED = "sealed"
_OURS = (PREFIX, "oidc/")
"""What litellm, too, reads of this machine: `oidc/env/NAME` is a variable, `oidc/file/PATH` a file."""


def merge(
    loaded: Loaded,
    overlay: Overlay,
    environ: Mapping[str, str],
    problems: Problems,
    *,
    open_secret: OpenSecret,
    price_file: Path | None = None,
) -> State:
    """The state of a document and an overlay; with an empty overlay that of `build`.

    Args: problems: collects what of the overlay is left out.  Raises: ConfigurationError: as `build`, of the document.
    """
    reader = _Reader(open_secret, OutboundPolicy.from_environ(environ), problems)
    added = Added(
        overlay.version,
        tuple(reader.models(overlay.models)),
        tuple(reader.providers(overlay.providers)),
        overlay.has_overrides,
        problems,
    )
    return assemble(loaded, environ, price_file, added)


class _Reader:
    """Takes the entries in an order of their own, so that the overlay's does not matter."""

    def __init__(self, open_secret: OpenSecret, policy: OutboundPolicy, problems: Problems) -> None:
        self._open, self._policy, self._problems = open_secret, policy, problems

    def models(self, given: tuple[OverlayModel, ...]) -> Iterator[Listed]:
        seen = set[str]()
        for model in sorted(given, key=astuple):
            if model.id in seen:
                self._problems.error(("models", model.id), "is left out: its id is another model's")
            elif not model.blocked:
                seen.add(model.id)
                yield from self._valid_model(model)

    def providers(self, given: tuple[OverlayProvider, ...]) -> Iterator[tuple[Location, Provider]]:
        seen = set[str]()
        for provider in sorted(given, key=lambda one: (one.name, astuple(one))):
            if provider.name in seen:
                self._problems.error(("providers", provider.id), "is left out: its name is another provider's")
            else:
                seen.add(provider.name)
                yield from self._valid_provider(provider)

    def _valid_model(self, model: OverlayModel) -> Iterator[Listed]:
        at, own = ("models", model.id), Problems(self._problems.file)
        raw = self._entry(model, at, own)
        if not own.errors:
            try:
                listed = Listed(model.id, ModelEntry.model_validate(raw), at[:1])
            except ValidationError as error:
                report(error, raw, at, (), own)
            else:
                self._check(listed, own)
        self._problems.take(own)
        if not own.errors:
            yield listed

    def _entry(self, model: OverlayModel, at: Location, own: Problems) -> JSONObject:
        """As it would stand in `model_list`."""
        params = _decoded(model.litellm_params, (*at, "litellm_params"), own)
        info = _decoded(model.model_info, (*at, "model_info"), own)
        section = (*at, "litellm_params")
        opened = {name: self._opened(value, model.id, (*section, name), own) for name, value in params.items()}
        kept: JSONObject = {
            name: value for name, value in opened.items() if value is not None and not _own_key(opened, name)
        }
        for name, value in kept.items():
            if _refers(value):
                own.error((*section, name), "refers to the environment, which only the document may")
        described: JSONObject = {name: value for name, value in info.items() if value is not None}
        return {"model_name": model.model_name, "litellm_params": kept, "model_info": described | {"id": model.id}}

    def _opened(self, value: JSONValue, entry: str, at: Location, own: Problems) -> JSONValue:
        """What is sealed of a value, at any depth."""
        if isinstance(value, list):
            return [self._opened(one, entry, (*at, position), own) for position, one in enumerate(value)]
        if not isinstance(value, dict):
            return value
        sealed = value.get(SEALED) if len(value) == 1 else None
        if not isinstance(sealed, str):
            return {name: self._opened(one, entry, (*at, name), own) for name, one in value.items()}
        try:
            return self._open(sealed, entry)
        except RouteIQError:
            own.error(at, "cannot be opened: it was sealed with another key")
            return None

    def _check(self, listed: Listed, own: Problems) -> None:
        check_model(listed, own)
        params = listed.entry.litellm_params
        for name in ("api_base", "base_url"):
            url = getattr(params, name)
            try:
                if url:
                    self._policy.check_url(callable_base(url), Origin.OPERATOR)
            except RouteIQError as refused:
                own.error((*listed.at, "litellm_params", name), refused.message)

    def _valid_provider(self, provider: OverlayProvider) -> Iterator[tuple[Location, Provider]]:
        at, own = ("providers", provider.id), Problems(self._problems.file)
        raw: JSONObject = {
            "name": provider.name,
            "models": list(provider.models),
            "is_enabled": provider.enabled,
            "rate_limit_rpm": provider.rate_limit_rpm,
            "rate_limit_tpm": provider.rate_limit_tpm,
            "priority": provider.priority,
        }
        given = {"display_name": provider.display_name, "base_url": provider.base_url}
        raw |= {name: value for name, value in given.items() if value}
        if provider.api_key:
            raw["api_key"] = self._opened({SEALED: provider.api_key}, provider.id, (*at, "api_key"), own)
        try:
            valid = Provider.model_validate(raw)
        except ValidationError as error:
            report(error, raw, at, (), own)
        else:
            check_provider(valid, at, self._policy, Origin.OPERATOR, own)
        self._problems.take(own)
        if not own.errors:
            yield at, valid


def _decoded(text: str, at: Location, own: Problems) -> JSONObject:
    try:
        data: JSONValue = msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        data = None
    if isinstance(data, dict):
        return data
    own.error(at, "is not a JSON object")
    return {}


def _own_key(params: JSONObject, name: str) -> bool:
    """Whether `api_key` refers to the provider's own variable, at its own address: there it is looked up anyway."""
    value, model = params.get(name), params.get("model")
    if name != "api_key" or not isinstance(value, str) or not isinstance(model, str) or not model:
        return False
    custom = params.get("custom_llm_provider")
    provider = custom if isinstance(custom, str) and custom else model.partition("/")[0] if "/" in model else "openai"
    elsewhere = params.get("api_base") or params.get("base_url")
    return not elsewhere and value.removeprefix(PREFIX) in key_names(provider) and value.startswith(PREFIX)


def _refers(value: JSONValue) -> bool:
    if isinstance(value, dict):
        return any(map(_refers, value.values()))
    if isinstance(value, list):
        return any(map(_refers, value))
    return isinstance(value, str) and value.startswith(_OURS)
