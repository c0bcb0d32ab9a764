"""Where usage records travel from gateways to control: the one definition of the stream, and of its subjects.

Who publishes and who consumes make it where it lacks. What control has written leaves it. It is bounded in time and in
size, by giving up what is oldest: a control that is away for long must not stop gateways from publishing, nor fill the
server's disk, and nothing is lost with what is given up. Gateways keep their records until the ledger has them, and
publish all from its watermark on again.
"""

from __future__ import annotations

from routeiq.kit.bus_stream import StreamSpec

SUBJECTS = "routeiq.usage.>"
USAGE_STREAM = StreamSpec("ROUTEIQ_USAGE", (SUBJECTS,), max_age_s=7 * 24 * 3600.0, max_bytes=512 * 1024 * 1024)
"""Room for more than a million records. NATS sets so much of its disk aside."""
CONTROL = "control"
"""The name that control's replicas consume it by."""


def subject_of(journal: str) -> str:
    """Of the messages of one journal."""
    return f"routeiq.usage.{journal}"
