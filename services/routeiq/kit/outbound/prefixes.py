"""URL prefixes that an operator allows. They match by parts, never as text: `http://a` is no prefix of `http://a.evil`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

from routeiq.kit.outbound.hosts import Target, parse_url


@dataclass(frozen=True, slots=True)
class URLPrefix:
    """Scheme, host and port must be equal; the path may go on at a `/`."""

    target: Target

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises: InvalidURL."""
        return cls(parse_url(text))

    def covers(self, target: Target) -> bool:
        """An empty scheme stands for any path at that host and port (see `OutboundPolicy.check_host`)."""
        mine = self.target
        if (mine.host, mine.port) != (target.host, target.port):
            return False
        return not target.scheme or (mine.scheme == target.scheme and self._covers_path(target.path))

    def _covers_path(self, path: str) -> bool:
        if ".." in unquote(unquote(path)).replace("\\", "/").split("/"):
            return False
        base = self.target.path.rstrip("/")
        return path == base or path.startswith(f"{base}/")
