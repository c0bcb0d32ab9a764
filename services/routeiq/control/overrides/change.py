"""Add, change and remove overrides. Gateways look them up one by one; the overlay says only whether there are any."""

from __future__ import annotations

from uuid import uuid4

from routeiq.control.declared import Declared
from routeiq.control.errors import Detailed
from routeiq.control.office import Write
from routeiq.control.overrides.offers import Offers, check
from routeiq.control.overrides.shapes import OverrideBody
from routeiq.control.store.overlay import any_override, bump, lock_overlay
from routeiq.control.store.overrides import delete_override, override_for, override_of
from routeiq.control.store.rows import add_if_free
from routeiq.control.store.tables import Override


async def add_override(work: Write, body: OverrideBody, declared: Declared, offers: Offers) -> Override:
    """Raises: Detailed: 409; Unprocessable. The overlay is locked (`begin`)."""
    check(body, offers)
    by = work.actor.id
    is_first = not await any_override(work.session)
    row = Override(
        id=str(uuid4()), created_at=work.now, created_by=by, updated_at=work.now, updated_by=by, **body.model_dump()
    )
    if (body.user_id, body.service_name) in declared.overrides or not await add_if_free(work.session, row):
        raise _taken()
    await _changed(work, row, overlay=is_first)
    work.note("override.create", "override", row.id, fields=sorted(body.model_fields_set))
    return row


async def replace_override(
    work: Write, row: Override, body: OverrideBody, declared: Declared, offers: Offers
) -> Override:
    """Raises: Detailed: 409; Unprocessable. The overlay is locked (`begin`)."""
    check(body, offers)
    other = await override_for(work.session, body.user_id, body.service_name)
    if (body.user_id, body.service_name) in declared.overrides or (other is not None and other.id != row.id):
        raise _taken()
    await _changed(work, row, overlay=False)
    for name, value in body.model_dump().items():
        setattr(row, name, value)
    row.updated_at, row.updated_by = work.now, work.actor.id
    await work.session.flush()
    await _changed(work, row, overlay=False)
    work.note("override.update", "override", row.id, fields=sorted(body.model_fields_set))
    return row


async def remove_override(work: Write, row: Override) -> None:
    """The overlay is locked (`begin`)."""
    await delete_override(work.session, row)
    await _changed(work, row, overlay=not await any_override(work.session))
    work.note("override.delete", "override", row.id)


async def begin(work: Write) -> None:
    """Such writes come one after the other, so that each knows whether it is the first or the last override."""
    await lock_overlay(work.session)


async def stored(work: Write, override_id: str, declared: Declared) -> Override:
    """Raises: Detailed: 404; 409: it is the document's."""
    if declared.override(override_id) is not None:
        raise Detailed(409, f"Override {override_id} stands in the configuration document, and is changed there")
    row = await override_of(work.session, override_id)
    if row is None:
        raise Detailed(404, f"Override {override_id} not found")
    return row


async def _changed(work: Write, row: Override, *, overlay: bool) -> None:
    work.changed.customers.add(user_id=row.user_id, service=row.service_name or "")
    if overlay:
        work.changed.overlay_version = await bump(work.session, work.now)


def _taken() -> Detailed:
    return Detailed(409, "There is an override for this user_id and service_name already")
