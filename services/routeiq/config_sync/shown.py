"""Releases, rollouts and refusals as the API shows them. No text of a document is among them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from routeiq.config_sync.record import Past, Record, Refused, Release, Wish
from routeiq.config_sync.roster import Roster, laggards, named
from routeiq.kit.redaction import redacted

Shown = dict[str, Any]


def time_of(at_ms: int) -> str | None:
    """ISO 8601, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds") if at_ms else None


def release_shown(release: Release | None) -> Shown | None:
    if release is None:
        return None
    return {
        "number": release.number,
        "config_version": release.config_version,
        "document": release.document,
        "artifact": release.artifact or None,
        "source": release.source,
        "etag": release.etag or None,
        "created_at": time_of(release.created_ms),
        "created_by": release.created_by,
        "needs_restart": list(release.needs_restart),
    }


def past_shown(past: Past, record: Record) -> Shown:
    """With its state and whether it is what is wanted of all."""
    serving = record.desired.release.number if record.desired else 0
    return {
        **(release_shown(past.release) or {}),
        "state": past.fate.value,
        "state_since": time_of(past.at_ms),
        "reason": redacted(past.reason) or None,
        "current": past.release.number == serving,
    }


def refused_shown(refused: Refused) -> Shown:
    return {
        "document": refused.document or None,
        "artifact": refused.artifact or None,
        "reason": redacted(refused.reason),
        "errors": [redacted(line) for line in refused.errors],
        "source": refused.source,
        "etag": refused.etag or None,
        "at": time_of(refused.at_ms),
    }


def rollout_shown(record: Record) -> Shown:
    """`phase` is `idle` where none is under way."""
    rollout = record.rollout
    if rollout is None:
        return {"phase": "idle", "release": None, "since": None, "started_at": None, "canaries": [], "reason": None}
    return {
        "phase": rollout.phase.value,
        "release": rollout.release.number,
        "since": time_of(rollout.since_ms),
        "started_at": time_of(rollout.started_ms),
        "canaries": list(record.canary.replicas) if record.canary else [],
        "reason": redacted(rollout.reason) or None,
    }


def wanted_of(record: Record, roster: Roster) -> Mapping[str, Wish]:
    """By replica: what it is to do. Empty: nothing is wanted."""
    canary, desired = record.canary, record.desired
    found = {one.name: desired for one in roster if desired}
    return found | {one.name: canary for one in named(roster, canary.replicas if canary else ()) if canary}


def services_shown(record: Record, roster: Roster) -> Shown:
    """By service: who lives, who has what is wanted of it, who has not, and whom something hinders."""
    wanted = wanted_of(record, roster)
    shown: Shown = {}
    for service in sorted({one.service for one in roster}):
        ours = [one for one in roster if one.service == service]
        late = [one for one in ours if one.name in wanted and laggards([one], wanted[one.name])]
        shown[service] = {
            "applied": len(ours) - len(late) if wanted else 0,
            "total": len(ours),
            "laggards": [one.name for one in late],
            "errors": {one.name: redacted(one.error) for one in ours if one.error},
        }
    return shown


def late_names(record: Record, roster: Roster) -> list[str]:
    """Of all services."""
    wanted = wanted_of(record, roster)
    return sorted(one.name for one in roster if one.name in wanted and laggards([one], wanted[one.name]))


def replicas_shown(record: Record, roster: Roster) -> Shown:
    """`{acked, total}` of all."""
    acked = len(roster) - len(late_names(record, roster)) if record.desired or record.canary else 0
    return {"acked": acked, "total": len(roster)}
