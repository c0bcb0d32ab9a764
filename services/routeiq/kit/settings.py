"""Types that settings of any service share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port; 0 is any free one."""


def _paths(value: object) -> object:
    return tuple(Path(one) for one in value.split(os.pathsep) if one) if isinstance(value, str) else value


Paths = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_paths)]
"""One text with several paths, separated as in PATH."""
