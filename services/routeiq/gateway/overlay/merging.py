"""Control's overlay in the words of the configuration, merged with the document. What of it does not build is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from routeiq.config.overlay import Overlay, OverlayModel, OverlayProvider
from routeiq.config.start import Start
from routeiq.config.state import State
from routeiq.gateway.overlay.in_force import Merge
from routeiq.kit.crypto import SealBroken, Sealer, master_keys

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb

log = structlog.get_logger()

PURPOSE = "provider-keys"
"""What control seals them for."""


def merging(encryption_key: str) -> Merge:
    """Args: encryption_key: as ROUTEIQ_ENCRYPTION_KEY has it; empty: what is sealed cannot be opened.
    Raises: ConfigurationError: it is no key."""
    sealer = Sealer(master_keys(encryption_key), PURPOSE) if encryption_key else None

    def open_secret(sealed: str, entry_id: str) -> str:
        if sealer is None:
            raise SealBroken("there is no key here to open it with")
        return sealer.open(sealed, entry_id).decode()

    def merge(start: Start, overlay: pb.Overlay) -> State:
        state, problems = start.with_overlay(_read(overlay), open_secret)
        for problem in problems.errors:
            log.warning("overlay.left_out", problem=str(problem))
        return state

    return merge


def _read(overlay: pb.Overlay) -> Overlay:
    return Overlay(
        overlay.version,
        tuple(map(_model, overlay.models)),
        tuple(map(_provider, overlay.providers)),
        overlay.has_overrides,
    )


def _model(model: pb.Model) -> OverlayModel:
    return OverlayModel(model.id, model.model_name, model.litellm_params, model.model_info, model.blocked)


def _provider(provider: pb.Provider) -> OverlayProvider:
    return OverlayProvider(
        id=provider.id,
        name=provider.name,
        models=tuple(provider.models),
        api_key=provider.api_key,
        display_name=provider.display_name,
        base_url=provider.base_url,
        enabled=provider.enabled,
        rate_limit_rpm=provider.rate_limit_rpm,
        rate_limit_tpm=provider.rate_limit_tpm,
        priority=provider.priority,
    )
