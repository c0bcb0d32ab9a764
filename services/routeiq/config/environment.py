"""The environment of a start: the process's variables over those of a `.env` file, and the contract's LITELLM_* names.

Precedence everywhere: command line, environment, document, default. Values are never printed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.master_key import weakness

PREFIX = "LITELLM_"
DEFAULT_CONFIG = Path("/app/config/config.yaml")


def read_environment(directory: Path, process: Mapping[str, str] | None = None) -> dict[str, str]:
    """Name -> value: `.env` of `directory`, and over it the process's own (None: `os.environ`). Nothing is exported.

    Raises: ConfigurationError: a `.env` that cannot be read.
    """
    path = directory / ".env"
    try:
        from_file = dotenv_values(path, interpolate=False) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            [f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8 text'}"]
        ) from None
    named = {name: value for name, value in from_file.items() if value is not None}
    return named | dict(os.environ if process is None else process)


class LaunchSettings(BaseModel):
    """`LITELLM_{MASTER_KEY,CONFIG_PATH,HOST,PORT}`. None: not set, so the document or the default decides."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    master_key: SecretStr | None = None
    config_path: Path | None = None
    host: str | None = None
    port: int | None = Field(default=None, ge=0, le=65535)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Empty means not set, but an empty key is refused. Raises: ConfigurationError: every bad value, by name."""
        names = {name: f"{PREFIX}{name.upper()}" for name in cls.model_fields}
        given = {name: environ[variable] for name, variable in names.items() if environ.get(variable)}
        key = environ.get(names["master_key"])
        weak = weakness(key) if key is not None else None
        problems = [f"{names['master_key']} {weak}"] if weak else []
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            problems += [
                f"{names[str(detail['loc'][0])]}: {detail['msg']}" for detail in error.errors(include_input=False)
            ]
        if problems:
            raise ConfigurationError(problems)
        return settings


def find_config(flag: Path | None, settings: LaunchSettings, default: Path = DEFAULT_CONFIG) -> Path | None:
    """`--config`, else LITELLM_CONFIG_PATH, else the container's place if it has a file (contract 2.1); None: none."""
    named = flag or settings.config_path
    if named is not None:
        return named
    return default if default.is_file() else None
