"""The parts that know callers, as the settings say. Nothing opens before the first virtual key."""

from __future__ import annotations

from functools import partial

import structlog
from prometheus_client import CollectorRegistry

from routeiq.gateway.callers.directory import Callers, Resolves
from routeiq.gateway.callers.lookup import Timing
from routeiq.gateway.callers.overrides import Overrides
from routeiq.gateway.callers.second_level import PURPOSE, SecondLevel
from routeiq.gateway.settings import Settings
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.master_key import weakness
from routeiq.kit.metrics import Counts
from routeiq.kit.redis import Redis

log = structlog.get_logger()

SERVICE_KEYS = "SERVICE_KEYS"


def build_callers(settings: Settings, control: Resolves, registry: CollectorRegistry) -> tuple[Callers, Overrides]:
    """Raises: ConfigurationError."""
    counts = Counts("gateway_control_lookups", "Keys and customers that were looked up", ["what", "outcome"], registry)

    def count(what: str, outcome: str) -> None:
        counts.by[what, outcome] += 1

    timing = Timing(settings.caller_ttl_s, settings.unknown_key_ttl_s, settings.caller_stale_s)
    callers = Callers(
        control, second=_second(settings), timing=timing, capacity=settings.callers, count=partial(count, "key")
    )
    return callers, Overrides(control, timing=timing, capacity=settings.callers, count=partial(count, "customer"))


def service_keys(settings: Settings) -> tuple[str, ...]:
    """Raises: ConfigurationError: one that is short or well known; it names the variable, never the key."""
    keys = tuple(key.strip() for key in settings.service_keys.get_secret_value().split(",") if key.strip())
    problems = [f"{SERVICE_KEYS}: one of them {problem}" for key in keys if (problem := weakness(key))]
    if problems:
        raise ConfigurationError(problems)
    return keys


def _second(settings: Settings) -> SecondLevel | None:
    url = settings.redis_url.get_secret_value()
    if not url:
        return None
    if not url.startswith(("redis://", "rediss://")):
        raise ConfigurationError(["ROUTEIQ_GATEWAY_REDIS_URL: not redis://HOST:PORT"])
    secret = settings.encryption_key.get_secret_value()
    if not secret:
        log.warning("callers.not_shared", reason="ROUTEIQ_ENCRYPTION_KEY is not set, so no key's data goes to Redis")
        return None
    from routeiq.kit.crypto import Sealer, master_keys  # noqa: PLC0415  # for who has Redis

    return SecondLevel(Redis(url), Sealer(master_keys(secret), PURPOSE), settings.caller_stale_s)
