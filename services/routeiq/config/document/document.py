"""The document as a whole. Each section is validated by itself, so that one fault does not hide the next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from routeiq.config.document.credential_list import NamedCredential, with_credentials
from routeiq.config.document.messages import report
from routeiq.config.document.models import ModelEntry
from routeiq.config.document.routeiq import RouteIQ
from routeiq.config.document.router import AliasTarget, RouterSettings
from routeiq.config.document.section import Section
from routeiq.config.document.settings import GeneralSettings, LitellmSettings
from routeiq.config.nearest import did_you_mean
from routeiq.config.problems import Location, Problems
from routeiq.config.scalars import JSONObject, JSONValue
from routeiq.config.words import words

SECTIONS: Mapping[str, type[Section]] = {
    "router_settings": RouterSettings,
    "general_settings": GeneralSettings,
    "litellm_settings": LitellmSettings,
    "routeiq": RouteIQ,
}
LATER = words(
    """
    mcp_servers mcp_tools mcp_aliases agents agent_list a2a_agents guardrails vector_store_registry search_tools
    prompts callback_settings files_settings finetune_settings assistant_settings policies
    policy_attachments worker_registry model_group_settings
    """
)
_MODELS, _ENVIRONMENT, _INCLUDE, _CREDENTIALS = "model_list", "environment_variables", "include", "credential_list"
S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class Listed:
    """A valid entry of `model_list`, or of another section of such entries, and its position there."""

    position: int | str
    entry: ModelEntry
    section: Location = (_MODELS,)

    @property
    def at(self) -> Location:
        return (*self.section, self.position)


@dataclass(frozen=True, slots=True)
class Document:
    """What of a document is valid: a faulty section is its default, a faulty entry is left out."""

    models: tuple[Listed, ...] = ()
    model_names: tuple[str, ...] = ()
    """Every name of `model_list`, of faulty entries too, so that references to them are not reported as well."""
    router: RouterSettings = field(default_factory=RouterSettings)
    general: GeneralSettings = field(default_factory=GeneralSettings)
    litellm: LitellmSettings = field(default_factory=LitellmSettings)
    routeiq: RouteIQ = field(default_factory=RouteIQ)
    aliases: Mapping[str, AliasTarget] = field(default_factory=dict)
    """Of both sections, without those that name themselves."""


def known_sections() -> frozenset[str]:
    """Every name that may stand at the top of a document."""
    return frozenset({*SECTIONS, *LATER, _MODELS, _ENVIRONMENT, _INCLUDE, _CREDENTIALS})


def validate(data: JSONObject, unresolved: Collection[Location], problems: Problems) -> Document:
    """The valid parts of a resolved document; whatever is wrong goes to `problems`.

    `unresolved`: locations that lack their environment variable, which is reported already.
    """
    data = {name: value for name, value in data.items() if value is not None}
    _warn_of_sections(data, problems)
    reader = _Reader(unresolved, problems)
    raw = with_credentials(data.get(_MODELS, []), reader.credentials(data.get(_CREDENTIALS)), problems)
    router = reader.section(RouterSettings, "router_settings", data)
    library = reader.section(LitellmSettings, "litellm_settings", data)
    return Document(
        reader.models(raw),
        _names(raw),
        router,
        reader.section(GeneralSettings, "general_settings", data),
        library,
        reader.section(RouteIQ, "routeiq", data),
        _aliases(router, library),
    )


def _aliases(router: RouterSettings, library: LitellmSettings) -> Mapping[str, AliasTarget]:
    """The router's win, and come first."""
    hidden = {alias: AliasTarget(model=model, hidden=True) for alias, model in library.model_alias_map.items()}
    given = {**router.model_group_alias, **hidden, **router.model_group_alias}
    return {alias: target for alias, target in given.items() if target.model != alias}


def _warn_of_sections(data: JSONObject, problems: Problems) -> None:
    for name in data:
        if name in LATER:
            problems.warning((name,), "is accepted but has no effect yet")
        elif name not in known_sections():
            problems.warning((name,), f"unknown key{did_you_mean(name, known_sections())}")
    if not isinstance(data.get(_ENVIRONMENT, {}), dict):
        problems.error((_ENVIRONMENT,), "must be a mapping of names to values")


@dataclass(frozen=True, slots=True)
class _Reader:
    unresolved: Collection[Location]
    problems: Problems

    def models(self, raw: JSONValue) -> tuple[Listed, ...]:
        if not isinstance(raw, list):
            self.problems.error((_MODELS,), "must be a list of models")
            return ()
        entries = ((at, self._validate(ModelEntry, item, (_MODELS, at))) for at, item in enumerate(raw))
        return tuple(Listed(at, entry) for at, entry in entries if entry is not None)

    def credentials(self, raw: JSONValue) -> Mapping[str, JSONObject]:
        """Name -> its values, for the valid ones; a faulty one has none, so that its use is not reported as well."""
        if raw is not None and not isinstance(raw, list):
            self.problems.error((_CREDENTIALS,), "must be a list of credentials")
            return {}
        found: dict[str, JSONObject] = {}
        for position, item in enumerate(raw or ()):
            at = (_CREDENTIALS, position)
            one = self._validate(NamedCredential, item, at)
            name = item.get("credential_name") if isinstance(item, dict) else None
            if isinstance(name, str) and name in found:
                self.problems.error((*at, "credential_name"), "is also the name of an earlier credential")
            elif isinstance(name, str):
                found[name] = one.credential_values if one else {}
        return found

    def section(self, kind: type[S], name: str, data: JSONObject) -> S:
        """The section; its faulty keys are reported and have their defaults."""
        raw = data.get(name, {})
        section = self._validate(kind, raw, (name,))
        if section is None and isinstance(raw, dict):
            section = self._salvage(kind, raw)
        return kind() if section is None else section

    def _validate(self, kind: type[S], raw: JSONValue, at: Location) -> S | None:
        kind.warn_of_keys(raw, at, self.problems)
        try:
            return kind.model_validate(_without_nulls(raw))
        except ValidationError as error:
            report(error, raw, at, self.unresolved, self.problems)
            return None

    def _salvage(self, kind: type[S], raw: JSONObject) -> S:
        """What of the section is valid key by key, so that checks across sections do not see a default for it."""
        valid: JSONObject = {}
        for name, value in raw.items():
            try:
                kind.model_validate(_without_nulls({name: value}))
            except ValidationError:
                continue
            valid[name] = value
        return kind.model_validate(_without_nulls(valid))


def _names(raw: JSONValue) -> tuple[str, ...]:
    entries = [item for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []
    return tuple(str(entry["model_name"]) for entry in entries if entry.get("model_name") is not None)


def _without_nulls(value: JSONValue) -> JSONValue:
    """`key:` with nothing behind it means the default."""
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return value
