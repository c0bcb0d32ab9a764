"""A ledger of as many rows as one likes, made by PostgreSQL itself, the same each time.

Some are asked for much more than others: a tenth of keys and customers has half of the requests. A key has one user,
that has one team, and calls few models, of which each has one provider.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.usage_partitions import make_days
from routeiq.kit.db import Database

STARTED = datetime(2026, 1, 1, tzinfo=UTC)


class Shape(NamedTuple):
    """How many there are of each."""

    days: int = 90
    keys: int = 2_000
    users: int = 500
    teams: int = 100
    models: int = 30
    providers: int = 8
    services: int = 50
    customers: int = 20_000
    tags: int = 200

    def dates(self, last: date) -> Iterator[date]:
        """The oldest first."""
        yield from (last - timedelta(days=ago) for ago in reversed(range(self.days)))


_HASH = "encode(sha256(CAST('key' || {0} AS BYTEA)), 'hex')"
_MADE = "now(), 'bench', now(), 'bench'"
_DATED = "created_at, created_by, updated_at, updated_by"
_HOLDERS = (
    f"INSERT INTO teams (id, alias, models, model_aliases, blocked, metadata, extra, spend_nano_usd, {_DATED})"
    f" SELECT 'team-' || i, 'Team ' || i, '[]', '{{}}', false, '{{}}', '{{}}', 0, {_MADE}"
    " FROM generate_series(0, :teams - 1) AS i",
    f"INSERT INTO users (id, alias, role, models, metadata, extra, spend_nano_usd, {_DATED})"
    f" SELECT 'user-' || i, 'User ' || i, 'internal_user', '[]', '{{}}', '{{}}', 0, {_MADE}"
    " FROM generate_series(0, :users - 1) AS i",
    "INSERT INTO keys (hash, name, alias, user_id, team_id, models, aliases, allowed_routes, permissions,"
    f" model_max_budget, blocked, metadata, extra, spend_nano_usd, max_budget_nano_usd, {_DATED})"
    f" SELECT {_HASH.format('i')}, 'sk-...' || i, 'key-' || i, 'user-' || i % :users, 'team-' || i % :users % :teams,"
    f" '[]', '{{}}', '[]', '{{}}', '{{}}', false, '{{}}', '{{}}', 0, 1000000000000000, {_MADE}"
    " FROM generate_series(0, :keys - 1) AS i",
)
"""Of the tables as they are after all migrations."""
_RECORDS = text(
    f"""
    INSERT INTO usage_records (
        id, ended_at, started_at, request_id, journal, key_hash, user_id, team_id, customer_id, service, task_type,
        tags, endpoint, requested_model, model, deployment_id, provider, provider_model, status, error, stream, cached,
        attempts, bytes, input_tokens, output_tokens, details, metered, cost_nano_usd)
    SELECT
        lpad(to_hex(CAST(EXTRACT(EPOCH FROM at) * 1000 AS BIGINT)), 12, '0')
            || '-7000-8000-' || lpad(to_hex(i), 12, '0'),
        at, at - dice * INTERVAL '3 seconds', 'req-' || :day || '-' || i, 'bench-' || i % 4, hashes.hash,
        'user-' || key % :users, 'team-' || key % :users % :teams, 'customer-' || customer,
        'service-' || key % :services, 'chat',
        CASE WHEN key % 2 = 0 THEN jsonb_build_array('tag-' || key % :tags, 'tag-' || i % :tags) ELSE '[]' END,
        CASE WHEN i % 10 = 0 THEN 'embeddings' ELSE 'chat/completions' END, 'model-' || model, 'model-' || model,
        'deployment-' || model, 'provider-' || model % :providers, 'provider-model-' || model,
        CASE WHEN i % 50 = 0 THEN 429 ELSE 200 END, CASE WHEN i % 50 = 0 THEN 'rate_limited' ELSE '' END,
        i % 3 = 0, i % 20 = 1, 1, 2000, CAST(dice * 4000 AS INT), CAST(dice * 800 AS INT),
        jsonb_build_object('cache_read_tokens', i % 100, 'state_version', 'bench'), false,
        CASE WHEN i % 100 = 7 THEN NULL ELSE CAST(dice * 20000000 AS BIGINT) END
    FROM (
        SELECT i, random() AS dice, CAST(floor(:keys * power(random(), 3)) AS INT) AS key,
            CAST(floor(:customers * power(random(), 3)) AS INT) AS customer, random() AS choice,
            CAST(:day AS TIMESTAMPTZ) + random() * INTERVAL '86399 seconds' AS at
        FROM generate_series(1, :rows) AS i) AS thrown
    CROSS JOIN LATERAL (SELECT (key * 7 + CAST(floor(4 * power(choice, 2)) AS INT)) % :models AS model) AS served
    JOIN (SELECT n, {_HASH.format("n")} AS hash FROM generate_series(0, :keys - 1) AS n) AS hashes ON hashes.n = key
    """
)


async def add_holders(database: Database, shape: Shape) -> None:
    """Keys with a budget, users and teams."""
    async with database.transaction() as session:
        for statement in _HOLDERS:
            await session.execute(text(statement), shape._asdict())


async def add_day(session: AsyncSession, shape: Shape, day: date, rows: int) -> None:
    """Records alone: `rebuild` makes what they come to. PostgreSQL's."""
    await make_days(session, [day])
    await session.execute(text("SET LOCAL statement_timeout TO 0"))
    await session.execute(text("SELECT setseed(:seed)"), {"seed": day.toordinal() % 1000 / 1000})
    await session.execute(_RECORDS, {**shape._asdict(), "day": str(day), "rows": rows})
