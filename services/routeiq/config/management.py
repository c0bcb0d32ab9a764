"""What the document's settings of keys, users and teams say that cannot all be so."""

from __future__ import annotations

from routeiq.config.document import Document
from routeiq.config.document.management import KeyLimits
from routeiq.config.problems import Location, Problems

_LIBRARY: Location = ("litellm_settings",)
ALERTED = ("slack", "webhook")
_DEFAULTS, _LIMITS = "default_key_generate_params", "upperbound_key_generate_params"


def check_management(document: Document, problems: Problems) -> None:
    """Add what contradicts itself to `problems`."""
    defaults, limits = document.litellm.default_key_generate_params, document.litellm.upperbound_key_generate_params
    for name in KeyLimits.model_fields:
        if limits.exceeded_by(name, getattr(defaults, name)):
            text = f"is over {_LIMITS}.{name}; a key that is made without one is refused"
            problems.warning((*_LIBRARY, _DEFAULTS, name), text)
    for position, name in enumerate(document.general.alerting or ()):
        if name not in ALERTED:
            at: Location = ("general_settings", "alerting", position)
            problems.warning(at, "is accepted but has no effect yet; slack and webhook have")
    for position, team in enumerate(document.litellm.default_team_settings):
        if position and team.max_budget is not None:
            text = "has no effect; the first entry's is the default of every team"
            problems.warning((*_LIBRARY, "default_team_settings", position, "max_budget"), text)
