"""A service's own database: PostgreSQL, or a SQLite file. One door to SQLAlchemy's engines.

`Database` has the transactions, `errors` says what goes wrong, `columns` has types that are alike on both."""

from routeiq.kit.db.columns import BigKey, JSONDocument, UTCDateTime
from routeiq.kit.db.database import Database
from routeiq.kit.db.errors import DatabaseUnavailable, WriteConflict
from routeiq.kit.db.limits import Limits
from routeiq.kit.db.url import DatabaseURL, sqlite_address

__all__ = [
    "BigKey",
    "Database",
    "DatabaseURL",
    "DatabaseUnavailable",
    "JSONDocument",
    "Limits",
    "UTCDateTime",
    "WriteConflict",
    "sqlite_address",
]
