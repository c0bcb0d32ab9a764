"""Libraries import others where they find them. What a process does not need must not be found."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import NoReturn

_UVICORN = {
    "uvicorn.main": "Server main run",
    "logging.config": "dictConfig fileConfig",
    "configparser": "RawConfigParser",
}
_HTTP_SERVERS = {
    "http.server": "BaseHTTPRequestHandler",
    "socketserver": "ThreadingMixIn",
    "urllib.request": "BaseHandler HTTPHandler HTTPRedirectHandler HTTPSHandler Request build_opener",
    "wsgiref.simple_server": "WSGIRequestHandler WSGIServer make_server",
}
"""Of a process that has none for its metrics, and of one that pushes them to a gateway."""
_COMMAND_LINES = {
    "argparse": "Namespace",
    "pydantic_settings.sources.providers.cli": """
        CLI_SUPPRESS CliDualFlag CliExplicitFlag CliImplicitFlag CliMutuallyExclusiveGroup CliPositionalArg
        CliSettingsSource CliSubCommand CliSuppress CliToggleFlag CliUnknownArgs CliVariadicArg""",
}
_SSH_KEYS = {
    "cryptography.hazmat.primitives.serialization.ssh": """
        SSHCertPrivateKeyTypes SSHCertPublicKeyTypes SSHCertificate SSHCertificateBuilder SSHCertificateType
        SSHPrivateKeyTypes SSHPublicKeyTypes load_ssh_private_key load_ssh_public_identity load_ssh_public_key
        ssh_key_fingerprint"""
}


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Inside, these modules cannot be imported; one that is loaded already stays as it is. For one thread at a time."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # how Python spells "cannot be imported"
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def stood_in(parts: Mapping[str, str]) -> Iterator[None]:
    """Inside, who imports one of these modules gets a stand-in with the names that stand beside it, for libraries that
    import for good what few of their users call. Whoever calls one of those names later learns why he cannot.

    A module that is loaded already stays as it is. Afterwards all can be imported as ever. For one thread at a time."""
    made = [_stand_in(name, names.split()) for name, names in parts.items() if name not in sys.modules]
    sys.modules.update({one.__name__: one for one in made})
    try:
        yield
    finally:
        for one in made:
            del sys.modules[one.__name__]


def _stand_in(module: str, names: Sequence[str]) -> ModuleType:
    made = ModuleType(module)
    for name in names:
        setattr(made, name, type(name, (_Left,), {"__module__": module}))
    return made


class _Left:
    """Nobody has one: it may only stand as a base class, or in a type."""

    def __new__(cls, *_: object, **__: object) -> NoReturn:
        raise RuntimeError(f"{cls.__module__} is left out of this process: routeiq.kit.lean says why")


def import_uvicorn() -> None:
    """The server without its command line, its reloader and its log's configuration, which bring click, multiprocessing
    and others: 1.8 MB.

    Nobody may call `uvicorn.run` in such a process. Where uvicorn is loaded already, nothing changes."""
    if "uvicorn" in sys.modules:
        return
    with stood_in(_UVICORN):
        package = importlib.import_module("uvicorn")
    package.Server = importlib.import_module("uvicorn.server").Server  # type: ignore[attr-defined]  # it names itself here


def import_for_gateway() -> None:
    """Libraries of the gateway, without the parts of which it calls nothing: 2.7 MB. Where one is loaded already,
    nothing changes.

    Not for the other services: they are few, and joserfc asks cryptography for keys of SSH."""
    with stood_in(_HTTP_SERVERS):
        importlib.import_module("prometheus_client")
    with stood_in(_COMMAND_LINES):
        importlib.import_module("pydantic_settings")
    with stood_in(_SSH_KEYS):
        importlib.import_module("cryptography.hazmat.primitives.serialization")
    if importlib.import_module("google.protobuf.internal.api_implementation").Type() == "upb":  # no message is Python's
        with stood_in({"google.protobuf.internal.python_message": ""}):
            importlib.import_module("google.protobuf.internal.builder")
