"""Where alerts go: `general_settings.alerting` says to whom, the environment where that is, as LiteLLM has it."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from routeiq.config.document import Document

log = structlog.get_logger()

SLACK, WEBHOOK = "slack", "webhook"
ADDRESSES: Mapping[str, tuple[str, ...]] = {
    SLACK: ("SLACK_WEBHOOK_URL", "ALERTING_WEBHOOK_URL"),
    WEBHOOK: ("WEBHOOK_URL",),
}
"""The variables, the first that is set counts. A URL is as good as a password: it is never shown."""


def destinations_of(document: Document, environ: Mapping[str, str]) -> dict[str, str]:
    """URLs by name. What has no address is left out, and said."""
    found: dict[str, str] = {}
    for name in document.general.alerting or ():
        variables = ADDRESSES.get(name, ())
        url = next((environ[one] for one in variables if environ.get(one)), "")
        if url:
            found[name] = url
        elif variables:
            log.warning("alerts.no_address", destination=name, advice=f"set {variables[0]}")
    return found
