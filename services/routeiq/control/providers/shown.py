"""Providers as the API shows them: the document's and those that were added. A name that is both is the document's."""

from __future__ import annotations

from collections.abc import Iterable

from routeiq.control.declared import Declared, DeclaredProvider
from routeiq.control.providers.shapes import ProviderShown
from routeiq.control.store.tables import Provider


def listed(rows: Iterable[Provider], declared: Declared) -> list[ProviderShown]:
    """The highest priority first, then by name."""
    added = [row_shown(row) for row in rows if row.name not in declared.providers]
    own = [declared_shown(one, declared) for one in declared.providers.values()]
    return sorted([*own, *added], key=lambda one: (-one.priority, one.name))


def row_shown(row: Provider) -> ProviderShown:
    return ProviderShown(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        base_url=row.base_url,
        models=row.models,
        is_enabled=row.is_enabled,
        rate_limit_rpm=row.rate_limit_rpm,
        rate_limit_tpm=row.rate_limit_tpm,
        priority=row.priority,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def declared_shown(one: DeclaredProvider, declared: Declared) -> ProviderShown:
    """Its times are when the document was read: it has none of its own."""
    record = one.record
    return ProviderShown(
        id=one.id,
        name=record.name,
        display_name=record.display_name or record.name,
        base_url=record.base_url,
        models=list(dict.fromkeys(record.models)),
        is_enabled=record.is_enabled,
        rate_limit_rpm=record.rate_limit_rpm,
        rate_limit_tpm=record.rate_limit_tpm,
        priority=record.priority,
        created_at=declared.read_at,
        updated_at=declared.read_at,
    )
