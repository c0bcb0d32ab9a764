"""What records come to, by day: the same statements for a batch that has just come in and for a day that is made again.

`usage_days` has a row for each kind of thing and its name, also where that is '' (no customer was named): the rows of
each kind together are those of `all`. Only tags, and kinds by tags, are other: a request has as many as it bears.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sqlalchemy import TextClause, text

from routeiq.kit.db.url import Kind

KINDS = {
    "customer": "customer_id", "key": "key_hash", "model": "model", "provider": "provider",
    "service": "service", "team": "team_id", "user": "user_id", "endpoint": "endpoint", "all": "''",
}  # fmt: skip
"""Which column names the thing."""
TAGGED = {
    "tag": "each_tag.value", "tag_key": "key_hash", "tag_model": "model", "tag_provider": "provider",
    "tag_endpoint": "endpoint",
}  # fmt: skip
"""The same of requests that bear tags, each once for every tag: what all tags together come to by key, model, ..."""
DETAIL = ("day", "tag", "key_hash", "user_id", "team_id", "model", "provider", "endpoint")
SUMMED = (
    "requests", "failed", "cached", "unpriced", "input_tokens", "output_tokens", "cache_read_tokens",
    "cache_write_tokens", "reasoning_tokens", "cost_nano_usd", "timed", "latency_us",
)  # fmt: skip

_DAYS = ("day", "kind", "name", *SUMMED)
_FAILED = "error <> '' OR status >= 400"
_DAY = {"postgres": "CAST(ended_at AS DATE)", "sqlite": "substr(ended_at, 1, 10)"}
"""The session's time zone is UTC."""
_DETAIL = {
    "postgres": "COALESCE(CAST(details->>'{0}' AS BIGINT), 0)",
    "sqlite": "COALESCE(json_extract(details, '$.{0}'), 0)",
}
_US = "(CAST(strftime('%s', {0}) AS BIGINT) * 1000000 + CAST(substr({0}, 21, 6) AS BIGINT))"
_LATENCY = {
    "postgres": "CAST(EXTRACT(EPOCH FROM ended_at - started_at) * 1000000 AS BIGINT)",
    "sqlite": f"({_US.format('ended_at')} - {_US.format('started_at')})",
}
_TAGS = {
    "postgres": "CROSS JOIN LATERAL jsonb_array_elements_text(tags) AS each_tag(value)",
    "sqlite": "JOIN json_each(tags) AS each_tag",
}


@cache
def add_days(kind: Kind, source: str, where: str = "true") -> TextClause:
    """Add to `usage_days` what the records in `source` come to. Rows are locked in the order of their key."""
    each = _each_postgres if kind == "postgres" else _each_sqlite
    return text(
        f"WITH {_records(kind, source, where)}, summed AS ("
        f"{each(KINDS, 'records')} UNION ALL {each(TAGGED, f'records {_TAGS[kind]}')}) "
        + _insert("usage_days", ("day", "kind", "name"), f"SELECT {', '.join(_DAYS)} FROM summed WHERE true")
    )


def _each_postgres(columns: Mapping[str, str], source: str) -> str:
    """Sums by each of the columns in one reading: of the columns, a row has the one that it is by, and no other."""
    by = [column for kind, column in columns.items() if kind != "all"]
    rest = 2 ** len(by) - 1  # GROUPING has a bit for each column that a row is not by; the first one's is the highest
    numbers = " ".join(f"WHEN {rest ^ (rest + 1 >> at + 1)} THEN '{kind}'" for at, kind in enumerate(columns))
    sets = ", ".join([*(f"(day, {column})" for column in by), *(["(day)"] if "all" in columns else [])])
    names = ", ".join(by)
    return (
        f"SELECT day, CASE GROUPING({names}) {numbers} END AS kind, COALESCE({names}, '') AS name, {_sums('postgres')}"
        f" FROM {source} GROUP BY GROUPING SETS ({sets})"
    )


def _each_sqlite(columns: Mapping[str, str], source: str) -> str:
    """The same of every record once for each kind: it has no grouping sets."""
    names = " ".join(f"WHEN '{one}' THEN {column}" for one, column in columns.items())
    kinds = " UNION ALL ".join(f"SELECT '{one}' AS kind" for one in columns)
    return (
        f"SELECT day, kinds.kind AS kind, CASE kinds.kind {names} END AS name, {_sums('sqlite')}"
        f" FROM {source} CROSS JOIN ({kinds}) AS kinds GROUP BY 1, 2, 3"
    )


@cache
def add_details(kind: Kind, source: str, where: str = "true") -> TextClause:
    """Add to `usage_details` what the records in `source` come to; as above."""
    keys = ", ".join(DETAIL)
    return text(
        f"WITH {_records(kind, source, where)}, tagged AS (SELECT '' AS tag, records.* FROM records"
        f" UNION ALL SELECT each_tag.value, records.* FROM records {_TAGS[kind]}) "
        + _insert("usage_details", DETAIL, f"SELECT {keys}, {_sums(kind)} FROM tagged WHERE true GROUP BY {keys}")
    )


def _records(kind: Kind, source: str, where: str) -> str:
    """Each with what is summed up of it. An answer that is good, and an upstream's, has a time that means something."""
    good = f"NOT ({_FAILED}) AND NOT cached AND attempts > 0"
    parts = ", ".join(f"{_DETAIL[kind].format(name)} AS {name}" for name in SUMMED[6:9])
    return (
        f"records AS (SELECT {_DAY[kind]} AS day, key_hash, user_id, team_id, customer_id, service, model, provider,"
        f" endpoint, tags, {_one_if(_FAILED)} AS failed, {_one_if('cached')} AS cached,"
        f" {_one_if('cost_nano_usd IS NULL')} AS unpriced, input_tokens, output_tokens, {parts},"
        f" COALESCE(cost_nano_usd, 0) AS cost_nano_usd, {_one_if(good)} AS timed,"
        f" CASE WHEN {good} THEN {_LATENCY[kind]} ELSE 0 END AS latency_us FROM {source} WHERE {where})"
    )


def _one_if(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END"


def _sums(kind: Kind) -> str:
    form = {"postgres": "whole_sum({0})", "sqlite": "SUM({0})"}[kind]
    return ", ".join(["COUNT(*) AS requests", *(f"{form.format(name)} AS {name}" for name in SUMMED[1:])])


def _insert(table: str, key: tuple[str, ...], rows: str) -> str:
    keys = ", ".join(key)
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in SUMMED)
    return (
        f"INSERT INTO {table} ({keys}, {', '.join(SUMMED)}) {rows} ORDER BY {keys}"
        f" ON CONFLICT ({keys}) DO UPDATE SET {added}"
    )
