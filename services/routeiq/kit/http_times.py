"""How long a server waits for what a peer is to send, in seconds. What it is to take has `http_connection.TAKING_S`."""

from __future__ import annotations

IDLE_S = 75.0
"""For a first request."""
KEEP_ALIVE_S = 75.0
"""For another one."""
HEAD_S = 20.0
BODY_SILENCE_S = 60.0
BODY_S = 600.0
"""For a whole body, however steadily it drips."""
