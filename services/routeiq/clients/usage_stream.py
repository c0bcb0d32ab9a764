"""Where usage records travel from gateways to control: the stream, its subjects, and how a message is read.

Who publishes and who consumes make the same stream where it lacks."""

from __future__ import annotations

from routeiq.kit.bus_sender import StreamSpec

NAME, SUBJECTS = "ROUTEIQ_USAGE", "routeiq.usage.>"
MAX_AGE_S = 7 * 24 * 3600.0
"""How long JetStream keeps a record. Gateways keep it until control has it, and send it again."""


def usage_stream(max_age_s: float = MAX_AGE_S) -> StreamSpec:
    return StreamSpec(NAME, (SUBJECTS,), max_age_s)


def subject_of(journal: str) -> str:
    """Of the messages of one journal."""
    return f"routeiq.usage.{journal}"
