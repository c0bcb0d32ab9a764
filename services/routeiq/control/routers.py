"""What control's HTTP API offers, a line for each subject."""

from __future__ import annotations

from fastapi import APIRouter

from routeiq.control.office import Office
from routeiq.kit.crypto import Sealer


def routers(office: Office, sealer: Sealer) -> list[APIRouter]:
    """Args: sealer: for providers' keys."""
    return []
