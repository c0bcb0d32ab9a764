"""The configuration document in LiteLLM's form: its sections, and what a valid one holds."""

from __future__ import annotations

from routeiq.config.document.document import Document, Listed, known_sections, validate
from routeiq.config.document.models import LitellmParams, ModelEntry, ModelInfo
from routeiq.config.document.routeiq import Auto, RouteIQ
from routeiq.config.document.router import RouterSettings
from routeiq.config.document.settings import GeneralSettings, LitellmSettings

__all__ = [
    "Auto",
    "Document",
    "GeneralSettings",
    "Listed",
    "LitellmParams",
    "LitellmSettings",
    "ModelEntry",
    "ModelInfo",
    "RouteIQ",
    "RouterSettings",
    "known_sections",
    "validate",
]
