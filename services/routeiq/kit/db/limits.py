"""How long anything may wait for a database. Nothing waits for ever."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, and how many connections PostgreSQL is asked for at most.

    `connect_s`: until a connection is there and has answered, be the server away, frozen or out of connections.
    `write_s`: until a writer of SQLite has its turn. `transaction_s`: all of a transaction; its connection is cut
    then, whatever the server does. `statement_s` and `lock_s` are the server's own: one statement, one lock."""

    connect_s: float = 2.0
    write_s: float = 10.0
    statement_s: float = 10.0
    lock_s: float = 3.0
    transaction_s: float = 30.0
    connections: int = 10
