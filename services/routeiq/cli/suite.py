"""A running suite over HTTP, for commands: where it is, the key, and its answers."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from routeiq.embedded.data_dir import master_key_path
from routeiq.kit import master_key
from routeiq.kit.errors import ConfigurationError, RouteIQError

URL, KEYS = "ROUTEIQ_URL", ("ROUTEIQ_KEY", "LITELLM_MASTER_KEY")
DEFAULT_URL = "http://127.0.0.1:4000"
TIMEOUT_S = 120.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024

Answer = dict[str, Any]  # JSON


class SuiteRefused(RouteIQError):
    """The suite answered with an error, or there is no suite. The message is for the user."""

    code = "suite_refused"

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.answered = status
        """The HTTP status; 0: no answer came."""


@dataclass(frozen=True, slots=True)
class SuiteClient:
    """One suite. Redirects are not followed: they would carry the key elsewhere."""

    url: str
    key: str = field(repr=False)

    def get(self, path: str) -> Answer:
        """Raises: SuiteRefused."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: bytes = b"{}", media_type: str = "application/json") -> Answer:
        """Raises: SuiteRefused."""
        return self._ask("POST", path, body, {"content-type": media_type})

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        sent = {**headers, "authorization": f"Bearer {self.key}", "accept": "application/json"}
        request = urllib.request.Request(self.url + path, body, sent, method=method)
        try:
            with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
                return _object(self.url, answer)
        except urllib.error.HTTPError as error:
            with error:
                raise SuiteRefused(_reason(error), error.code) from None
        except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise SuiteRefused(f"No suite answers at {self.url} ({reason}). `routeiq up` starts one.") from None


def find_suite(url: str | None, data_dir: Path, environ: Mapping[str, str] = os.environ) -> SuiteClient:
    """Args: url: else `ROUTEIQ_URL`, else where the suite in `data_dir` listens, else the default of `routeiq up`. The
    key is never on the command line, where others would see it.

    Raises: ConfigurationError: no URL, or there is no key."""
    found = (url or environ.get(URL) or _endpoint(data_dir) or DEFAULT_URL).rstrip("/")
    parts = urlsplit(found)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ConfigurationError(["--url is not http://HOST:PORT"])
    return SuiteClient(found, _key(data_dir, environ))


def _key(data_dir: Path, environ: Mapping[str, str]) -> str:
    for name in KEYS:
        if given := environ.get(name):
            return given
    path = master_key_path(data_dir)
    if not path.exists():
        raise ConfigurationError([f"There is no key: set {KEYS[0]}, or name the suite's --data-dir."])
    return master_key.load(path)


def _endpoint(data_dir: Path) -> str | None:
    try:
        found = json.loads((data_dir / "endpoints.json").read_bytes())["gateway"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(found)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _object(url: str, answer: IO[bytes]) -> Answer:
    try:
        found = json.loads(answer.read(MAX_ANSWER_BYTES))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SuiteRefused(f"What answers at {url} is no RouteIQ.")
    return found


def _reason(error: urllib.error.HTTPError) -> str:
    """What the suite says of it, on one line that a terminal can show."""
    try:
        said = json.loads(error.read(MAX_ANSWER_BYTES))
        message = said["error"]["message"] if "error" in said else said["detail"]
    except (ValueError, KeyError, TypeError, OSError):
        message = error.reason
    text = "".join(one if one.isprintable() else " " for one in str(message))
    return f"{text} (HTTP {error.code})"
