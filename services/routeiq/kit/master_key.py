"""The administrator's key: refused when the world knows it, made once when there is none, kept with mode 600."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from routeiq.kit import private_files
from routeiq.kit.errors import ConfigurationError

MIN_LENGTH = 8
RANDOM_BYTES = 32
_NAMES = """
sk-1234 sk-12345 sk-123456 sk-12345678 sk-1234567890 sk-master-key sk-master sk-masterkey sk-proxy-key sk-key
sk-your-api-key sk-your-key sk-your-master-key sk-your-secret-key sk-litellm-master-key sk-litellm sk-change-me
sk-changeme sk-secret sk-test sk-example sk-admin sk-password your-master-key your-api-key dev-gateway-key  changeme
change-me password litellm-master-key
"""
WELL_KNOWN = frozenset(_NAMES.split())
"""Keys of LiteLLM's documents, of the specifications that RouteIQ follows, and of copied examples. Case is ignored."""
_REFERENCES = ("os.environ/", "env/", "$")


def weakness(key: str) -> str | None:
    """Why the key must not be used, without repeating it; None if it may."""
    if not key.strip():
        return "is empty; a key is needed because without one anybody may call"
    if key.startswith(_REFERENCES):
        return "is a reference that nobody resolved, not a key"
    if key.lower() in WELL_KNOWN or len(set(key.lower().removeprefix("sk-"))) <= 1:
        return "is a well-known example key; choose a random one"
    if len(key) < MIN_LENGTH:
        return f"is shorter than {MIN_LENGTH} characters; choose a random one"
    if not key.isascii() or not key.isprintable() or " " in key:
        return "holds characters that no HTTP header carries"
    return None


def refuse_well_known(key: str, *, source: str = "LITELLM_MASTER_KEY") -> str:
    """The key itself. Raises: ConfigurationError: empty, short or well known; it names `source`, never the key."""
    problem = weakness(key)
    if problem:
        raise ConfigurationError([f"{source} {problem}"])
    return key


def generate() -> str:
    """A fresh key of 256 random bits."""
    return f"sk-{secrets.token_urlsafe(RANDOM_BYTES)}"


@dataclass(frozen=True, slots=True)
class KeptKey:
    """`created`: it was made just now, so it has to be shown once."""

    key: str
    created: bool

    def __repr__(self) -> str:
        return f"KeptKey(created={self.created})"


def load(path: Path, *, what: str = "master key") -> str:
    """The key in `path`. Raises: ConfigurationError: missing, readable by others, or not a usable key."""
    try:
        key = private_files.read(path).decode("ascii").strip()
    except FileNotFoundError:
        raise ConfigurationError([f"{path}: there is no {what} yet; `routeiq up` makes one"]) from None
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot read the {what}: {error.strerror or error}"]) from None
    except UnicodeDecodeError:
        raise ConfigurationError([f"{path}: does not hold a {what}"]) from None
    return refuse_well_known(key, source=f"{path}: the {what}")


def load_or_create(path: Path, *, what: str = "master key") -> KeptKey:
    """The key in `path`, made now if there is none. Two processes that race end up with one. Raises as `load`."""
    key = generate()
    try:
        private_files.create(path, key.encode("ascii") + b"\n")
    except FileExistsError:
        return KeptKey(load(path, what=what), created=False)
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot keep the {what}: {error.strerror or error}"]) from None
    return KeptKey(key, created=True)
