"""The status: every key that clients of either published shape read (contract 1.3), and how the fleet stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from routeiq.config_sync.facts import Facts, PollFacts, SourceNames
from routeiq.config_sync.history import refused_now
from routeiq.config_sync.record import Record
from routeiq.config_sync.roster import Roster
from routeiq.config_sync.shown import (
    late_names,
    refused_shown,
    release_shown,
    replicas_shown,
    rollout_shown,
    services_shown,
)
from routeiq.kit.redaction import redacted

DISABLED = "Config sync is off: no document is named, or CONFIG_SYNC_ENABLED says so."


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say."""

    enabled: bool
    hot_reload: bool
    interval_s: float
    ha_mode: str
    election: bool


@dataclass(frozen=True, slots=True)
class Leading:
    """Who leads. `expires_at`: Unix time; None: not known, or it does not end."""

    is_leader: bool
    holder: str
    expires_at: float | None
    skipped: int = 0
    """Polls that this replica left to the leader."""


@dataclass(frozen=True, slots=True)
class View:
    """All that a status is made of. `bus`: whether NATS is there; without it the fleet's part is as last known."""

    rules: Rules
    leading: Leading
    facts: Facts
    record: Record
    roster: Roster
    bus: bool
    message: str = ""


def status_shown(view: View) -> dict[str, Any]:
    """The body."""
    facts, record = view.facts, view.record
    return {
        **_message(view),
        **_rules(view.rules),
        **_source(facts.source, facts.poll),
        **_poll(facts.poll, record),
        **_leading(view.rules, view.leading),
        **_fleet(record, view.roster),
        "validated_by": list(facts.validated_by),
        "not_validated_by": list(facts.not_validated_by),
        "nats": view.bus,
    }


def _message(view: View) -> dict[str, Any]:
    text = view.message or ("" if view.rules.enabled else DISABLED)
    return {"message": text} if text else {}


def _rules(rules: Rules) -> dict[str, Any]:
    return {
        "enabled": rules.enabled,
        "hot_reload_enabled": rules.hot_reload,
        "sync_interval_seconds": int(rules.interval_s) if rules.interval_s.is_integer() else rules.interval_s,
        "ha_mode": rules.ha_mode,
    }


def _source(source: SourceNames, poll: PollFacts) -> dict[str, Any]:
    kind = source.kind
    return {
        "source": source.name or None,
        "s3": {"enabled": kind == "s3", **_named(source.s3), "last_etag": poll.etag if kind == "s3" else None},
        "gcs": {
            "enabled": kind == "gcs",
            **_named(source.gcs),
            "last_generation": poll.etag if kind == "gcs" else None,
        },
        "appconfig": {"enabled": False},
        "configmap": {
            "enabled": kind == "configmap",
            "name": source.configmap or None,
            "last_resource_version": poll.etag if kind == "configmap" else None,
        },
        "local_config_path": source.file or None,
        "local_config_hash": poll.digest,
    }


def _named(place: tuple[str, str]) -> dict[str, Any]:
    bucket, key = place
    return {"bucket": bucket or None, "key": key or None}


def _poll(poll: PollFacts, record: Record) -> dict[str, Any]:
    """What was read and then refused is an error, too."""
    refused = None if _read_since(poll, record) else refused_now(record, poll.etag)
    error = poll.last_error or (redacted("; ".join((refused.reason, *refused.errors[:3]))) if refused else None)
    return {
        "reload_count": poll.reload_count,
        "last_sync_time": poll.last_sync_time,
        "running": poll.running,
        "last_error": error,
        "consecutive_failures": poll.consecutive_failures,
    }


def _read_since(poll: PollFacts, record: Record) -> bool:
    """Whether what is wanted now was read after these facts: they are told a moment later."""
    return record.desired is not None and record.desired.release.created_ms > (poll.last_sync_time or 0) * 1000


def _leading(rules: Rules, leading: Leading) -> dict[str, Any]:
    return {
        "leader_election": {
            "enabled": rules.election,
            "is_leader": leading.is_leader,
            "skipped_sync_count": leading.skipped,
            "holder_id": leading.holder or None,
            "lease_expires_at": leading.expires_at,
        }
    }


def _fleet(record: Record, roster: Roster) -> dict[str, Any]:
    wanted = record.desired.release if record.desired else None
    return {
        "version": wanted.config_version if wanted else None,
        "release": release_shown(wanted),
        "last_good": record.good.number if record.good else None,
        "rollout": rollout_shown(record),
        "replicas": replicas_shown(record, roster),
        "services": services_shown(record, roster),
        "laggards": late_names(record, roster),
        "refused": [refused_shown(one) for one in reversed(record.refused)],
    }
