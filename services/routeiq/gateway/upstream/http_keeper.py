"""What a connection asks of whom it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from routeiq.gateway.upstream.http_connection import Connection


class Keeper(Protocol):
    """Whom a connection belongs to."""

    def give_back(self, connection: Connection) -> None:
        """The answer is whole and the connection can carry another request."""
        ...

    def ended(self, connection: Connection) -> None:
        """It will not be used again; called once, when that is decided."""
        ...

    def lost(self, connection: Connection) -> None:
        """Its socket is closed; called once."""
        ...

    def spoke_unasked(self, connection: Connection) -> None:
        """It is about to end, because bytes came that answer nothing; called once."""
        ...
