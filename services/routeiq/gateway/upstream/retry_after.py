"""An upstream's `Retry-After`: what of it is believed, and what is passed on.

RFC 9110, 10.2.3: seconds, or an HTTP date. Fractions are taken, too, for providers send them, and rounded up for the
client. Anything else (`nan`, `1e9`, `-5`) says nothing. Nobody is told to wait for longer than a day.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil

LONGEST_S = 24 * 60 * 60
"""Of what is passed on; a longer time, or a later date, becomes this."""
_SECONDS = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)
_DATE = "%a, %d %b %Y %H:%M:%S GMT"


def seconds(value: str) -> float | None:
    """A number of seconds; None: it is none."""
    return float(value) if _SECONDS.fullmatch(value) else None


def passed_on(value: str, wall: Callable[[], float] = time.time) -> bytes:
    """What a client is told; empty: nothing."""
    asked = seconds(value)
    if asked is not None:
        return b"%d" % min(ceil(asked), LONGEST_S)
    try:
        until = datetime.strptime(value, _DATE).replace(tzinfo=UTC)
    except ValueError:
        return b""
    return b"%d" % LONGEST_S if until.timestamp() > wall() + LONGEST_S else value.encode()
