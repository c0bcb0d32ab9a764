"""Where a database is, as settings say it. What comes out never shows the password."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from routeiq.kit.errors import ConfigurationError

Kind = Literal["postgres", "sqlite"]

_KINDS: dict[str, Kind] = {"postgres": "postgres", "postgresql": "postgres", "sqlite": "sqlite"}
_DRIVERS = {"postgres": "postgresql+psycopg", "sqlite": "sqlite"}
_ASYNC_DRIVERS = {"postgres": "postgresql+psycopg", "sqlite": "sqlite+aiosqlite"}


@dataclass(frozen=True, slots=True, repr=False)
class DatabaseURL:
    """`url` for a thread that waits, `async_url` for a loop."""

    kind: Kind
    url: URL
    async_url: URL

    @classmethod
    def parse(cls, text: str) -> DatabaseURL:
        """`postgresql://user:password@host/name`, also with a driver's name in it, or `sqlite:///path`.

        Raises: ConfigurationError: without the text, which may hold a password."""
        try:
            url = make_url(text)
            kind = _KINDS[url.get_backend_name()]
        except (ArgumentError, ValueError, KeyError):
            raise _refused() from None
        if not url.database or url.database == ":memory:":
            raise _refused()
        return cls(kind, url.set(drivername=_DRIVERS[kind]), url.set(drivername=_ASYNC_DRIVERS[kind]))

    @property
    def file(self) -> Path:
        """SQLite's."""
        assert self.kind == "sqlite", "a server keeps its files to itself"
        return Path(str(self.url.database))

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)

    __repr__ = __str__


def sqlite_address(file: Path) -> str:
    """Of a file anywhere, whatever is in its name."""
    return URL.create("sqlite", database=str(file)).render_as_string()


def _refused() -> ConfigurationError:
    return ConfigurationError(
        ["the database's address is neither postgresql://USER:PASSWORD@HOST/NAME nor sqlite:///FILE"]
    )
