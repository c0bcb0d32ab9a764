"""Which database control's is, for commands that work on it while control may be away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from routeiq.config.environment import read_environment
from routeiq.control.settings import DATABASE_URL
from routeiq.kit.errors import ConfigurationError

DatabaseOption = Annotated[
    str | None,
    typer.Option("--database-url", help=f"postgresql:// or sqlite:/// ({', '.join(DATABASE_URL)})"),
]


def address_of(given: str | None) -> str:
    """Raises: ConfigurationError: nobody names one."""
    environ = {} if given else read_environment(Path.cwd())
    found = given or next((environ[name] for name in DATABASE_URL if environ.get(name)), None)
    if not found:
        raise ConfigurationError([f"no database is named; set {' or '.join(DATABASE_URL)}, or say --database-url"])
    return found
