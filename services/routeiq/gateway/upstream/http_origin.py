"""What connections can be shared by. Interpreted, because it is referred to weakly (docs/adr/0013)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routeiq.gateway.upstream.http_connection import Connection


@dataclass(eq=False, slots=True, weakref_slot=True)
class Origin:
    """A scheme, host and port. `idle`: its free connections, the newest is last."""

    scheme: str
    host: str
    port: int
    idle: list[Connection] = field(default_factory=list)
