"""Types that settings of any service share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port; 0 is any free one."""
