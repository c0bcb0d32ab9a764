"""What of a document takes effect at a restart only: everything else is in force as soon as a service applies it.

Each of these is read once, by who is named beside it. A new reader of that kind is to be added here.
"""

from __future__ import annotations

from routeiq.config.bundle import Bundle
from routeiq.config.document.document import SECTIONS
from routeiq.config.load import Loaded, load_bundle
from routeiq.config.problems import dotted
from routeiq.config.scalars import JSONValue

AT_A_RESTART: tuple[tuple[str, ...], ...] = (
    ("general_settings", "master_key"),  # the gateway's settings
    ("general_settings", "maximum_spend_logs_retention_period"),  # control's housekeeping
    ("general_settings", "alerting"),  # control's delivery of alerts
    ("litellm_settings", "timezone"),  # control's calendar of budgets, on which all replicas that count money agree
    ("litellm_settings", "budget_reset_time"),  # as above
    (
        "router_settings",
        "routing_strategy_args",
        "model_path",
    ),  # whoever starts routing; `routeiq.artifact` is followed
)


def needs_restart(before: Loaded, after: Loaded) -> tuple[str, ...]:
    """The paths of what differs and takes effect at a restart only, as `general_settings.master_key`. What a document
    does not say has its default; references to the environment are compared as they are written."""
    return tuple(dotted(at) for at in AT_A_RESTART if _said(before, at) != _said(after, at))


def between(before: Bundle, after: Bundle) -> tuple[str, ...]:
    """The same of two documents as they were sent. Blocks. Raises: ConfigurationError: one of them is none."""
    return needs_restart(load_bundle(before, {}), load_bundle(after, {}))


def _said(loaded: Loaded, at: tuple[str, ...]) -> JSONValue:
    said: JSONValue = loaded.raw
    for name in at:
        said = said.get(name) if isinstance(said, dict) else None
    return _default(at) if said is None else said


def _default(at: tuple[str, ...]) -> JSONValue:
    """Of a setting; None for one in a section of a section: none of those in the list has another."""
    section, name = at[:2]
    return SECTIONS[section].model_fields[name].default if len(at) == 2 else None
