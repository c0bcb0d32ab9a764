"""What the configuration document says of models, providers and overrides: shown beside what was added by API, and
changed by nobody through it. It is the document that the gateways read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from routeiq.config.deployments import deployment_id
from routeiq.config.document import Listed
from routeiq.config.document.providers import Override, Provider
from routeiq.config.scalars import JSONObject
from routeiq.config.start import Start

_IDS = UUID("6f0c7d52-5d0c-4b0e-9d4e-0b8f6f1f3a10")
"""What the document declares has no id of its own; these are the same at every start."""


@dataclass(frozen=True, slots=True)
class DeclaredProvider:
    id: str
    record: Provider


@dataclass(frozen=True, slots=True)
class DeclaredOverride:
    id: str
    record: Override


class Declared:
    """Of the document in force, which `take` replaces as a whole. Args: read_at: when; nothing tells when its entries
    were written."""

    def __init__(self, start: Start, read_at: datetime) -> None:
        self._said = _Said(start, read_at)

    def take(self, start: Start, read_at: datetime) -> None:
        """Another document is in force."""
        self._said = _Said(start, read_at)

    @property
    def start(self) -> Start:
        return self._said.start

    @property
    def read_at(self) -> datetime:
        return self._said.read_at

    @property
    def models(self) -> Mapping[str, JSONObject]:
        """By id, as written: references to the environment are not resolved."""
        return self._said.models

    @property
    def providers(self) -> Mapping[str, DeclaredProvider]:
        """By name."""
        return self._said.providers

    @property
    def overrides(self) -> Mapping[tuple[str, str | None], DeclaredOverride]:
        """By customer and service."""
        return self._said.overrides

    def provider(self, id_or_name: str) -> DeclaredProvider | None:
        said = self._said
        return said.providers_by_id.get(id_or_name) or said.providers.get(id_or_name)

    def override(self, override_id: str) -> DeclaredOverride | None:
        return self._said.overrides_by_id.get(override_id)


class _Said:
    """One document."""

    def __init__(self, start: Start, read_at: datetime) -> None:
        self.start, self.read_at = start, read_at
        document = start.loaded.document
        self.models = {
            model_id: raw for listed in document.models for model_id, raw in [_as_written(listed, start.loaded.raw)]
        }
        self.providers = {
            one.name: DeclaredProvider(_id("provider", one.name), one) for one in document.routeiq.providers
        }
        self.overrides = {
            (one.user_id, one.service_name): DeclaredOverride(_override_id(one), one)
            for one in document.routeiq.overrides
        }
        self.providers_by_id = {one.id: one for one in self.providers.values()}
        self.overrides_by_id = {one.id: one for one in self.overrides.values()}


def _as_written(listed: Listed, document: JSONObject) -> tuple[str, JSONObject]:
    entries = document.get(str(listed.at[0]))
    position = listed.position
    raw = entries[position] if isinstance(entries, list) and isinstance(position, int) else None
    return listed.entry.model_info.id or deployment_id(raw), raw if isinstance(raw, dict) else {}


def _override_id(one: Override) -> str:
    return _id("override", one.user_id, *(() if one.service_name is None else (one.service_name,)))


def _id(*parts: str) -> str:
    return str(uuid5(_IDS, "\0".join(parts)))
