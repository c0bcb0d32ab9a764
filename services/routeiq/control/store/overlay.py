"""The overlay as a whole: what was added by API and is not looked up one by one; and its version.

The version's row is locked from `bump` to the end of the transaction: such changes come one after the other, and
whoever reads a version finds everything that it stands for. A version is the time of its change, in milliseconds, or
one more than the last: so it grows also past versions that were lost with a database, which gateways still hold.
"""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.control.store.tables import Model, OverlayVersion, Override, Provider

_BUMP = """
INSERT INTO overlay_version (id, version) VALUES (1, :at) ON CONFLICT (id) DO UPDATE
SET version = CASE WHEN overlay_version.version < :at THEN :at ELSE overlay_version.version + 1 END RETURNING version
"""
_LOCK = """
INSERT INTO overlay_version (id, version) VALUES (1, 0)
ON CONFLICT (id) DO UPDATE SET version = overlay_version.version RETURNING version
"""


async def bump(session: AsyncSession, at: datetime) -> int:
    """The overlay changes in this transaction. Returns: its new version, larger than any before."""
    milliseconds = int(at.timestamp() * 1000)
    return int((await session.execute(text(_BUMP), {"at": milliseconds})).scalar_one())


async def lock_overlay(session: AsyncSession) -> int:
    """Nobody else changes it until the end of this transaction. Returns: its version."""
    return int((await session.execute(text(_LOCK))).scalar_one())


async def read_version(session: AsyncSession) -> int:
    """0: nothing was ever added."""
    return await session.scalar(select(OverlayVersion.version)) or 0


async def read_overlay(session: AsyncSession) -> pb.Overlay:
    """Of one moment: the version is read first, so that what a change adds meanwhile comes again with its own."""
    version = await read_version(session)
    models = await session.scalars(select(Model).order_by(Model.created_at, Model.id))
    providers = await session.scalars(select(Provider).order_by(Provider.priority.desc(), Provider.name))
    return pb.Overlay(
        version=version,
        models=map(_model, models),
        providers=map(_provider, providers),
        has_overrides=await any_override(session),
    )


async def any_override(session: AsyncSession) -> bool:
    return await session.scalar(select(exists().where(Override.id.is_not(None)))) or False


def _model(row: Model) -> pb.Model:
    return pb.Model(
        id=row.id,
        model_name=row.model_name,
        litellm_params=json.dumps(row.litellm_params),
        model_info=json.dumps(row.model_info),
        blocked=row.blocked,
    )


def _provider(row: Provider) -> pb.Provider:
    return pb.Provider(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        base_url=row.base_url or "",
        api_key=row.api_key,
        models=row.models,
        enabled=row.is_enabled,
        rate_limit_rpm=row.rate_limit_rpm,
        rate_limit_tpm=row.rate_limit_tpm,
        priority=row.priority,
    )
