"""Add, change and remove providers. Keys are sealed for their provider alone."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from routeiq.config.document.providers import Provider as Record
from routeiq.config.problems import Problems
from routeiq.config.provider_entries import check_provider
from routeiq.control.declared import Declared
from routeiq.control.errors import Detailed
from routeiq.control.gateway_api import Unprocessable
from routeiq.control.office import Write
from routeiq.control.providers.addresses import destination
from routeiq.control.providers.shapes import ChangedProvider, NewProvider
from routeiq.control.store.overlay import bump
from routeiq.control.store.providers import delete_provider, provider_named, provider_of
from routeiq.control.store.rows import add_if_free
from routeiq.control.store.tables import Provider
from routeiq.kit.crypto import Sealer
from routeiq.kit.outbound import Origin, OutboundPolicy

KEPT_AS_SENT = (
    "name",
    "display_name",
    "base_url",
    "models",
    "is_enabled",
    "rate_limit_rpm",
    "rate_limit_tpm",
    "priority",
)

ELSEWHERE = (
    "This change would send the stored api_key to another address. Send the api_key for the new address in the same "
    "request."
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a change is checked against, and what it is sealed with."""

    declared: Declared
    sealer: Sealer
    policy: OutboundPolicy


async def add_provider(work: Write, body: NewProvider, rules: Rules) -> Provider:
    """Raises: Detailed: 409; Unprocessable."""
    provider_id, by = str(uuid4()), work.actor.id
    row = Provider(
        id=provider_id,
        api_key=_sealed(body.api_key, provider_id, rules),
        created_at=work.now, created_by=by, updated_at=work.now, updated_by=by,
        **{name: getattr(body, name) for name in KEPT_AS_SENT},
    )  # fmt: skip
    await _changing(work)
    _check(row, rules)
    if row.name in rules.declared.providers or not await add_if_free(work.session, row):
        raise _taken(row.name)
    work.note("provider.create", "provider", provider_id, fields=sorted(body.model_fields_set))
    return row


async def change_provider(work: Write, row: Provider, body: ChangedProvider, rules: Rules) -> Provider:
    """Overrides go on naming the old name of a provider that gets a new one.

    Raises: Detailed: 409; 400: the key would go elsewhere; Unprocessable."""
    if "name" in body.model_fields_set:
        await _need_free(work, body.name, row, rules)
    before = destination(row.name, row.base_url)
    for name, value in body.given(*KEPT_AS_SENT).items():
        setattr(row, name, value)
    _check(row, rules)
    if "api_key" in body.model_fields_set:
        row.api_key = _sealed(body.api_key, row.id, rules)
    elif destination(row.name, row.base_url) != before:
        raise Detailed(400, ELSEWHERE)
    row.updated_at, row.updated_by = work.now, work.actor.id
    work.note("provider.update", "provider", row.id, fields=sorted(body.model_fields_set))
    return row


async def remove_provider(work: Write, row: Provider) -> None:
    """Overrides that name it stay, without effect until there is one of that name again."""
    await delete_provider(work.session, row)
    work.note("provider.delete", "provider", row.id)


async def stored(work: Write, id_or_name: str, declared: Declared) -> Provider:
    """The row, for the write that changes it; nobody else changes any until it ends.

    Raises: Detailed: 404; 409: it is the document's."""
    await _changing(work)
    if declared.provider(id_or_name) is not None:
        raise Detailed(409, f"Provider {id_or_name} stands in the configuration document, and is changed there")
    row = await provider_of(work.session, id_or_name)
    if row is None:
        raise not_found(id_or_name)
    return row


def not_found(id_or_name: str) -> Detailed:
    return Detailed(404, f"Provider {id_or_name} not found")


async def _changing(work: Write) -> None:
    work.changed.overlay_version = await bump(work.session, work.now)


async def _need_free(work: Write, name: str, row: Provider, rules: Rules) -> None:
    other = await provider_named(work.session, name)
    if name in rules.declared.providers or (other is not None and other.id != row.id):
        raise _taken(name)


def _taken(name: str) -> Detailed:
    return Detailed(409, f"Provider {name} already exists")


def _sealed(key: str, provider_id: str, rules: Rules) -> str:
    return rules.sealer.seal(key.encode(), provider_id)


def _check(row: Provider, rules: Rules) -> None:
    """By the document's own rules. Raises: Unprocessable."""
    problems = Problems("")
    record = Record(name=row.name, models=tuple(row.models), base_url=row.base_url)
    check_provider(record, (), rules.policy, Origin.OPERATOR, problems)
    if problems.errors:
        raise Unprocessable(*((one.path or "base_url", one.message) for one in problems.errors))
    if row.base_url is not None and any(one in row.base_url for one in "?#"):
        raise Unprocessable(
            ("base_url", "must have no query and no fragment: paths are appended to it, and it is shown")
        )
