"""Turn the key of a request into its caller. Fails closed: no key, an unknown key or an odd header is a 401.

The master key asks nobody, ever. Service keys count on the LLM Gateway API alone, in a header of their own."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qs

from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.callers.directory import Callers
from routeiq.gateway.callers.refusals import NoKey, UnknownKey
from routeiq.kit.errors import AuthenticationError
from routeiq.kit.principal import Principal, Role

_BEARER_HEADERS: Final = (b"authorization", b"x-litellm-api-key")
_PLAIN_HEADERS: Final = (b"x-api-key", b"api-key", b"x-goog-api-key", b"ocp-apim-subscription-key")
SEARCH_ORDER: Final = (b"x-litellm-api-key", b"authorization", *_PLAIN_HEADERS)
"""LiteLLM's own header wins: its clients use it where `Authorization` means something else."""
SERVICE_HEADER: Final = b"x-service-key"
SERVICE_PATHS: Final = "/api/v1/"


_USUAL: Final = b"Bearer "
_equal: Final = hmac.compare_digest


class Authenticator:
    """Knows the master key and the service keys by their hashes alone. Virtual keys are `callers`' to know."""

    def __init__(self, master_key: str, callers: Callers | None = None, service_keys: Iterable[str] = ()) -> None:
        """Args: callers: None: there are no virtual keys."""
        salt, person = secrets.token_bytes(16), secrets.token_bytes(16)
        self._nothing = hashlib.blake2b(digest_size=32, salt=salt, person=person)
        self._mark = self._hashed(master_key.encode())
        self._master = Caller(Principal(_key_id(master_key.encode()), Role.ADMIN))
        self._callers = callers
        self._services = {
            self._hashed(key.encode()): Caller(Principal(_key_id(key.encode()), Role.SERVICE)) for key in service_keys
        }

    def at_once(self, headers: Mapping[bytes, bytes], query: bytes = b"") -> Caller | None:
        """None: it takes `caller`, which may have to wait for control.

        Raises: AuthenticationError: with a text that says what to send.  Args: headers: the first value of each."""
        key = presented_key(headers, query)
        if key is None:
            raise NoKey
        mark = self._hashed(key)
        if _equal(mark, self._mark):
            return self._master
        if self._callers is None:
            raise UnknownKey
        return self._callers.at_once(mark)

    async def caller(self, headers: Mapping[bytes, bytes], query: bytes = b"", path: str = "") -> Caller:
        """Raises: AuthenticationError.  KeyUnverified.  Args: path: where a service key may count."""
        service = headers.get(SERVICE_HEADER) if path.startswith(SERVICE_PATHS) else None
        if service is not None:
            return self._service(service)
        found = self.at_once(headers, query)
        if found is not None:
            return found
        key = presented_key(headers, query)
        assert key is not None, "it was there just now"
        assert self._callers is not None, "who else would not know"
        return await self._callers.get(self._hashed(key), key)

    def _service(self, key: bytes) -> Caller:
        found = self._services.get(self._hashed(key))
        if found is None:
            raise UnknownServiceKey("invalid key")
        return found

    def _hashed(self, key: bytes) -> bytes:
        """What a key is compared and found by: worthless outside of this process. BLAKE2 takes half the time of
        SHA-256, what it begins with costs nothing where a key of its own would be a second block, and a copy less than
        a new one."""
        found = self._nothing.copy()
        found.update(key)
        return found.digest()


class UnknownServiceKey(AuthenticationError):
    code = "invalid_service_key"


def _key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()


def presented_key(headers: Mapping[bytes, bytes], query: bytes = b"") -> bytes | None:
    """The key of a request, wherever its client puts it (architecture, section 3), or None."""
    for name in SEARCH_ORDER:
        value = headers.get(name)
        if value is not None:
            key = _key(name, value)
            if key:
                return key
    sent = parse_qs(query.decode("latin-1"), encoding="latin-1").get("key") if b"key=" in query else None
    return sent[0].encode("latin-1") if sent else None


def _key(name: bytes, value: bytes) -> bytes:
    """The key in one header. `Authorization` counts only with the Bearer scheme."""
    if name == b"authorization" and value.startswith(_USUAL):
        return value[len(_USUAL) :].strip()
    scheme, _, rest = value.strip().partition(b" ")
    if name in _BEARER_HEADERS and scheme.lower() == b"bearer":
        return rest.strip()
    return b"" if name == b"authorization" else value.strip()
